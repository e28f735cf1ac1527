"""One pass over the rows of a scale: its different answers by group, sums by area, and no row kept."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.counting.answers import Codes, choose_items, read_codes
from processing.counting.patterns import Patterns, patterns_of
from processing.datasets.codebook import ScaleEntry
from processing.levels.area_levels import area_sums, joined_areas
from processing.scoring.scales import score

from .labels import NONE, Labels
from .reading import Answers, Kept, pieces

Label = Any


@dataclass(frozen=True)
class Tally:
    """What is known of one scale's rows."""

    everyone: Patterns
    """Answers turned into one direction; −1 where there is none."""
    groups: Mapping[str, Mapping[Label, Patterns]]
    """Column -> group -> the same of its rows; a group that answered nothing has none."""
    areas: pd.DataFrame | None
    """Rows, mean and squares of the scale's score by area."""
    other_versions: tuple[int, ...]
    """Waves that asked the scale in other words or answers, and whose rows are not counted."""


def tally(
    answers: Answers,
    scale: ScaleEntry,
    groups: Sequence[str] = (),
    *,
    area: str | None = None,
    kept: Kept = None,
    incomplete: bool = False,
) -> Tally:
    """Count a scale's rows, a stretch at a time.

    Parameters
    ----------
    answers
        A dataset, a study, of which each wave is read by its own version of the scale, or a frame.
    scale
        The scale that is judged. Rows of waves that asked other items, or the same with other
        answers, were not asked it.
    groups
        Columns that divide the rows.
    area
        A column of areas.
    kept
        Which rows, in their order.
    incomplete
        Keep the patterns of rows that miss some answers too.

    Raises
    ------
    StatisticsError
        Columns that do not exist, answers that are no whole numbers or outside the scale's bounds,
        a column of more groups than can be judged.

    """
    counting = _Counting(scale, tuple(groups), area, incomplete=incomplete)
    columns = list(dict.fromkeys([*scale.columns, *groups, *([area] if area else [])]))
    for piece in pieces(answers, columns, [scale], kept):
        counting.add(piece.frame, piece.scales[0], piece.wave)
    return counting.told()


def orient(frame: pd.DataFrame, scale: ScaleEntry) -> Codes:
    """(items, rows) with reversed items turned; a missing answer is −1."""
    codes = read_codes(frame, choose_items(frame, scale.columns))
    for row, column in enumerate(scale.columns):
        if column in scale.reversed:
            low, high = scale.bounds[column]
            codes[row] = np.where(codes[row] >= 0, low + high - codes[row], codes[row])
    return np.maximum(codes, NONE)


@dataclass
class _Counting:
    """Sums so far."""

    scale: ScaleEntry
    columns: tuple[str, ...]
    area: str | None
    incomplete: bool
    everyone: list[Patterns] = field(default_factory=list)
    by_group: dict[str, list[Patterns]] = field(default_factory=dict)
    labels: dict[str, Labels] = field(default_factory=dict)
    areas: pd.DataFrame | None = None
    others: set[int] = field(default_factory=set)

    def add(self, frame: pd.DataFrame, own: ScaleEntry | None, wave: int) -> None:
        """Count a stretch of rows, by the scale as their wave has it; None: it asked another."""
        if own is None:
            self.others.add(wave)
            own, frame = self.scale, _not_asked(frame, self.scale)
        scores = score(frame, own)
        codes = orient(frame, own)
        used = slice(None) if self.incomplete else (codes >= 0).all(axis=0)
        _add(self.everyone, patterns_of(self.scale.columns, codes[:, used]))
        for column in self.columns:
            numbers = self.labels.setdefault(column, Labels(column)).numbers(frame[column])
            both = np.vstack([codes, numbers])[:, used]
            named = both[:, both[-1] >= 0]
            parts = self.by_group.setdefault(column, [])
            _add(parts, patterns_of((*self.scale.columns, column), named))
        if self.area is not None:
            self._add_areas(frame[self.area], scores[f"{self.scale.name}_score"])

    def _add_areas(self, area: pd.Series, scores: pd.Series) -> None:
        known = (
            area.where(area >= 0) if pd.api.types.is_numeric_dtype(area) else area.mask(area == "")
        )
        sums = area_sums(pd.DataFrame({"score": scores, "area": known}), "score", "area")
        self.areas = sums if self.areas is None else joined_areas(self.areas, sums)

    def told(self) -> Tally:
        none = patterns_of(self.scale.columns, np.empty((len(self.scale.columns), 0), np.int8))
        return Tally(
            everyone=_sum(self.everyone) or none,
            groups={column: dict(self._groups(column, none)) for column in self.columns},
            areas=self.areas,
            other_versions=tuple(sorted(self.others)),
        )

    def _groups(self, column: str, none: Patterns) -> Iterator[tuple[Label, Patterns]]:
        whole = _sum(self.by_group.get(column, []))
        for number, value in enumerate(self.labels[column].groups if column in self.labels else ()):
            if whole is None:
                yield value, none
                continue
            own = whole.answers[-1] == number
            frequency = whole.frequency[own]
            rows = int(frequency.sum())
            yield (
                value,
                Patterns(self.scale.columns, whole.answers[:-1, own], frequency, frequency, rows),
            )


def _add(parts: list[Patterns], one: Patterns) -> None:
    """Add one, joining only sums of like size: each pattern is then sorted anew seldom."""
    parts.append(one)
    while len(parts) > 1 and len(parts[-2].frequency) < 2 * len(parts[-1].frequency):
        last = parts.pop()
        parts[-1] = parts[-1] + last


def _sum(parts: Sequence[Patterns]) -> Patterns | None:
    total: Patterns | None = None
    for part in reversed(parts):
        total = part if total is None else part + total
    return total


def _not_asked(frame: pd.DataFrame, scale: ScaleEntry) -> pd.DataFrame:
    empty: NDArray[np.int8] = np.full(len(frame), NONE, dtype=np.int8)
    return frame.assign(**dict.fromkeys(scale.columns, empty))
