"""How many of a dataset's responses were finished."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from .paradata import STATUSES

OPENED = "opened"
"""In a manifest's counts: forms that were opened and left before anything was answered. They stand
in the dispositions as started and have no row: there is nothing in them to score."""


@dataclass(frozen=True)
class Completion:
    """Responses by how far they came.

    >>> print(Completion(rows=12, complete=10, partial=2, opened=3))
    12 responses (10 complete, 2 partial; 3 more opened and left without an answer)
    >>> print(Completion(rows=1, complete=1, partial=0, opened=0))
    1 response (1 complete, 0 partial)
    """

    rows: int
    complete: int
    partial: int
    opened: int
    """Not among the rows."""

    def __add__(self, other: Completion) -> Completion:
        return Completion(
            self.rows + other.rows,
            self.complete + other.complete,
            self.partial + other.partial,
            self.opened + other.opened,
        )

    @property
    def unknown(self) -> int:
        """Rows that do not say, as of an import."""
        return self.rows - self.complete - self.partial

    def __str__(self) -> str:
        parts = [f"{self.complete} complete, {self.partial} partial"]
        if self.unknown:
            parts[0] += f", {self.unknown} not said"
        if self.opened:
            parts.append(f"{self.opened} more opened and left without an answer")
        noun = "response" if self.rows == 1 else "responses"
        return f"{self.rows} {noun} ({'; '.join(parts)})"


def completion_of(statuses: Iterable[pd.Series], opened: int) -> Completion:
    """Count the `status` column of responses, given in pieces."""
    rows = complete = partial = 0
    for piece in statuses:
        rows += len(piece)
        complete += int((piece == STATUSES["complete"]).sum())
        partial += int((piece == STATUSES["partial"]).sum())
    return Completion(rows, complete, partial, opened)
