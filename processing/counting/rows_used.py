"""How many of the rows a result rests on, and why the others were left out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .answers import choose_items
from .parts import parts_of
from .patterns import GroupedPatterns, Patterns, Rows


@dataclass(frozen=True)
class RowsUsed:
    """Rows used of those given. Printed, it is empty where all were used."""

    used: int
    given: int
    missing: int
    """Left out since they miss what `lacking` says."""
    without_group: int = 0
    """Left out since nothing says to which group (or area) they belong."""
    group: str | None = None
    """The column that divides the rows."""
    lacking: str = "an answer to every item"
    """What a row needs; with full information one answer is enough."""

    @property
    def share(self) -> float:
        """Used, of those given; nan of no rows."""
        return self.used / self.given if self.given else float("nan")

    def __str__(self) -> str:
        if self.used == self.given:
            return ""
        return f"Used {self.used} of {self.given} rows; left out: {', '.join(self._reasons())}"

    def _reasons(self) -> Iterator[str]:
        if self.missing:
            yield f"{self.missing} without {self.lacking}"
        if self.without_group:
            yield f"{self.without_group} without a value of {self.group}"

    def lines(self) -> list[str]:
        """The printed form, if there is anything to tell."""
        return [str(self)] if str(self) else []


def rows_used(
    rows: Rows,
    used: int,
    items: Sequence[str],
    group: str | None = None,
    *,
    lacking: str = "an answer to every item",
) -> RowsUsed:
    """Tell why a statistic that used so many of the rows left the others out.

    Of rows that were counted as patterns those without a group are not known any more: what is told
    is told of the rows counted.
    """
    given, without = _given(rows, items, group)
    return RowsUsed(used, given, given - without - used, without, group, lacking)


def has_group(labels: pd.Series) -> NDArray[np.bool_]:
    """Which rows belong to a group: empty cells, empty text and numbers below zero are none."""
    if pd.api.types.is_numeric_dtype(labels):
        return np.asarray((labels.fillna(-1) >= 0).to_numpy())
    return np.asarray(labels.notna().to_numpy() & (labels != "").fillna(False).to_numpy(dtype=bool))


def group_name(value: object) -> str:
    """A group's value as text; a code that became a fraction, as some rows have none, is a code."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _given(rows: Rows, items: Sequence[str], group: str | None) -> tuple[int, int]:
    """Rows at hand, and how many of them have no group."""
    if isinstance(rows, Patterns):
        return rows.rows, 0
    if isinstance(rows, GroupedPatterns):
        return sum(part.rows for part in rows.of.values()), 0
    if isinstance(rows, pd.DataFrame):
        given, without = _count(rows, group=group)
    else:
        task: Callable[[pd.DataFrame], Any] = partial(_count, group=group)
        given, without = parts_of(rows).add_up(task, [items[0] if group is None else group])
    return int(given), int(without)


def _count(frame: pd.DataFrame, *, group: str | None) -> NDArray[np.int64]:
    if group is None:
        return np.array([len(frame), 0])
    choose_items(frame, [group], called="group")
    return np.array([len(frame), len(frame) - int(has_group(frame[group]).sum())])
