"""The groups of a column as small numbers, found as the rows are read."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.errors import Problem, StatisticsError

MOST_GROUPS = 50
"""More different values than this divide respondents too finely to be judged one by one."""

NONE = -1
"""No answer, or no group."""


@dataclass
class Labels:
    """Group -> number, in the order in which they were first seen."""

    column: str
    _number: dict[Any, int] = field(default_factory=dict)

    @property
    def groups(self) -> tuple[Any, ...]:
        """The groups by their numbers."""
        return tuple(self._number)

    def numbers(self, column: pd.Series) -> NDArray[np.int8]:
        """(rows,) the groups' numbers; −1 where a code below zero or nothing stands.

        Raises StatisticsError for a column that does not group: a text or number of each row's own.
        """
        place, found = pd.factorize(column)
        known = [_is_group(value) for value in found.tolist()]
        new = sum(
            is_group and value not in self._number
            for value, is_group in zip(found.tolist(), known, strict=True)
        )
        if len(self._number) + new > MOST_GROUPS:
            raise StatisticsError(
                Problem(
                    f"group {self.column!r}",
                    f"it has at least {len(self._number) + new} different values, and at most"
                    f" {MOST_GROUPS} groups are judged",
                    "Name a column with few values, as language, mode or wave",
                )
            )
        numbers = [
            self._number.setdefault(value, len(self._number)) if is_group else NONE
            for value, is_group in zip(found.tolist(), known, strict=True)
        ]
        return np.array([*numbers, NONE], dtype=np.int8)[place]


def _is_group(value: Any) -> bool:
    """Whether it names a group: no empty text, and no code that says why there is none."""
    return value >= 0 if isinstance(value, int | float) else value != ""
