"""Careless answering: signs that someone did not read, and never a silent removal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc

from processing.counting.answers import Codes, choose_items, read_codes
from processing.counting.products import RowSums, sums_and_products
from processing.counting.turning import (
    Offered,
    ends_of,
    outside_points,
    unturnable,
    without_points,
)
from processing.datasets.codebook import ScaleEntry
from processing.datasets.dataset import Dataset
from processing.datasets.study import Study
from processing.errors import Problem, StatisticsError, stop_if_any

from .careless_signs import (
    antonyms,
    distances,
    even_odd,
    longest_runs,
    moments,
    opposites,
    spreads,
)
from .labels import NONE
from .reading import Piece, pieces

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ends = Mapping[str, tuple[int, int]]
"""Item -> its lowest and highest answer."""

SCALES_OF_A_LINE = 3
"""So many different things are hardly all answered by one middle answer."""


@dataclass(frozen=True)
class CarelessLimits:
    """From where on a sign counts. Rules of thumb, each to be weighed against the questionnaire."""

    run: int | None = None
    """Identical answers in a row; by default half of the items, at least six (Curran 2016)."""
    line: int = 10
    """Items of a form that got one and the same answer throughout, where that cannot be meant."""
    even_odd: float = 0.30
    """Consistency below it (Jackson 1976)."""
    outlier: float = 0.001
    """Probability of a Mahalanobis distance so large."""
    antonym: float = 0.0
    """Correlation of opposite answers above it."""
    opposite: float = -0.60
    """Pairs of items that correlate below it over all rows are opposites (Meade & Craig 2012)."""
    fastest: int = 1
    """The highest duration class that is too fast for this questionnaire."""


USUAL_LIMITS = CarelessLimits()


@dataclass(frozen=True)
class Carelessness:
    """Signs and flags of every row; the rows themselves stay where they are."""

    signs: pd.DataFrame
    """On the frame's index (of a dataset none is kept): `run`, `line`, `spread`, `even_odd`,
    `distance`, `distance_p`, `antonym`, `duration`; NaN where a sign cannot be read."""
    flags: pd.DataFrame
    """On the frame's index, true where a sign passes its limit: straight, unvaried, inconsistent,
    outlying, contradictory, fast."""
    opposites: tuple[tuple[str, str], ...]
    unread: Mapping[str, str]
    """Sign -> why it could not be read at all."""

    def suspected(self, least: int = 2) -> pd.Series:
        """Rows with at least so many flags, and those that are unvaried whatever their number.

        One sign alone is weak: honest people have it too. Not so one answer to a whole form that
        points both ways, or a middle answer to all of several scales. It also hides all other
        signs: without spread there is no consistency and no contradiction to read, and who answers
        in the middle lies near the mean of all.
        """
        return (self.flags.sum(axis=1) >= least) | self.flags["unvaried"]

    def kept(self, frame: pd.DataFrame, least: int = 2) -> pd.DataFrame:
        """The rows that are not suspected: for a second run of any figure, beside the first."""
        return frame[~self.suspected(least).to_numpy()]

    def to_frame(self) -> pd.DataFrame:
        """One row a flag: how many rows have it, and their share."""
        counts = self.flags.sum()
        rows = [
            {
                "flag": name,
                "rows": int(counts[name]),
                "share": counts[name] / max(len(self.flags), 1),
            }
            for name in self.flags.columns
        ]
        two = int(self.suspected().sum())
        rows.append({"flag": "two or more", "rows": two, "share": two / max(len(self.flags), 1)})
        return pd.DataFrame(rows).set_index("flag")

    def __str__(self) -> str:
        notes = [f"! {sign}: {why}" for sign, why in self.unread.items()]
        return "\n".join([self.to_frame().round(4).to_string(), *notes])


def careless(
    frame: pd.DataFrame,
    scales: Mapping[str, Sequence[str]],
    *,
    reversed_items: Sequence[str] = (),
    points: Offered = None,
    duration: str | None = None,
    limits: CarelessLimits = USUAL_LIMITS,
) -> Carelessness:
    """Signs of careless answering, row by row.

    - run: longest run of identical answers, in the order of the items, before anything is turned;
      a missing answer ends it. spread: SD of a row's answers (told, not flagged).
    - line: how many items a row answered, if all alike (a spread of zero, Dunn et al. 2018) though
      some are turned and some not, or both of a pair are opposites, or though the answer is an end
      of none of them and they are of three scales or more; else 0. Such a row is straight and
      unvaried, and suspected for that alone. The lowest or highest answer throughout may be meant
      where nothing is reversed: who is content with everything has no higher one to give.
    - even_odd: correlation over scales of the mean of a scale's 1st, 3rd … and its 2nd, 4th …
      items, turned to one direction, stepped up by Spearman and Brown. Needs three scales.
    - distance: squared Mahalanobis distance of what was answered, with mean and covariance of
      complete rows; χ² with as many degrees of freedom as answers.
    - antonym: correlation over pairs of opposite items, found in these answers, of a row's answers
      to the one and to the other. Needs three pairs.
    - duration: the class of time taken, where one is kept; 0 is not known.

    Parameters
    ----------
    frame
        Whole numbers; negative codes and NaN are missing.
    scales
        Scale -> its items, in the order in which they were asked.
    reversed_items, points
        As in `alpha`; where items offer different answers, each item's own.
    duration
        A column of duration classes.
    limits
        See `CarelessLimits`.

    Returns
    -------
    Carelessness

    Raises
    ------
    StatisticsError
        Fewer than two items, unknown items, text where numbers belong, answers outside `points`,
        reversed items without points or in no scale.

    References
    ----------
    Curran 2016, https://doi.org/10.1016/j.jesp.2015.07.006; Meade & Craig 2012,
    https://doi.org/10.1037/a0028085; Dunn, Heggestad, Shanock & Theilgard 2018,
    https://doi.org/10.1007/s10869-016-9479-0

    Examples
    --------
    >>> from processing import KnownModel
    >>> from processing import Careless, simulate
    >>> scales = {name: [f"{name}{k}" for k in range(5)] for name in "abc"}
    >>> known = KnownModel.simple(scales)
    >>> frame = simulate(known, 1000, seed=1, careless=Careless(straight=0.05)).frame
    >>> careless(frame, scales, duration="duration_class").to_frame()["rows"].to_dict()
    {'straight': 80, 'unvaried': 38, 'inconsistent': 164, 'outlying': 1, 'contradictory': 0, 'fast': 52, 'two or more': 58}

    """
    items = choose_items(frame, list(dict.fromkeys(i for part in scales.values() for i in part)))
    stop_if_any(_unfit(items, reversed_items, points))
    codes = read_codes(frame, items)
    stop_if_any(outside_points(items, codes, points))
    reading = _Reading.of(items, scales, duration, _complete_sums(codes), limits, reversed_items)
    turned = _turned(codes, items, reversed_items, points)
    ends = _ends(codes, items, points)
    signs = reading.signs(codes, turned, _durations(frame, duration), reversed_items, ends)
    return Carelessness(
        signs=pd.DataFrame(signs, index=frame.index),
        flags=pd.DataFrame(reading.flags(signs), index=frame.index),
        opposites=reading.opposites,
        unread=reading.unread,
    )


@dataclass(frozen=True)
class _Reading:
    """How signs are read from any stretch of rows, once all rows' moments are known."""

    items: tuple[str, ...]
    scales: Mapping[str, Sequence[str]]
    mean: Array
    covariance: Array
    pairs: tuple[tuple[int, int], ...]
    unread: Mapping[str, str]
    limits: CarelessLimits

    @classmethod
    def of(
        cls,
        items: Sequence[str],
        scales: Mapping[str, Sequence[str]],
        duration: str | None,
        sums: RowSums,
        limits: CarelessLimits,
        reversed_items: Sequence[str],
    ) -> "_Reading":
        mean, covariance = moments(sums)
        pairs = opposites(covariance, limits.opposite)
        unread: dict[str, str] = {}
        usable = sum(len(part) >= 2 for part in scales.values())
        if usable < 3:
            unread["even_odd"] = f"it needs three scales of two items or more, got {usable}"
        if sums.n <= len(items) or np.linalg.cond(covariance) > 1e12:
            unread["distance"] = (
                f"the covariance matrix of {sums.n} complete rows and {len(items)} items is"
                " singular"
            )
        if len(pairs) < 3:
            unread["antonym"] = (
                f"it needs three pairs of opposite items, these answers hold {len(pairs)}"
            )
        if not reversed_items and not pairs and len(scales) < SCALES_OF_A_LINE:
            unread["line"] = (
                "no item is reversed or opposite to another and there are fewer than three scales,"
                " so that one answer throughout may be meant"
            )
        if duration is None:
            unread["duration"] = "no column of duration classes was named"
        return cls(tuple(items), scales, mean, covariance, tuple(pairs), unread, limits)

    @property
    def opposites(self) -> tuple[tuple[str, str], ...]:
        return tuple((self.items[a], self.items[b]) for a, b in self.pairs)

    def signs(
        self,
        codes: Codes,
        turned: Codes,
        time: Array,
        reversed_items: Sequence[str],
        ends: Ends,
    ) -> dict[str, Any]:
        """Of (items, rows) codes as they were crossed and as they point in one direction."""
        nothing = np.full(codes.shape[1], np.nan)
        distance, df = nothing, np.zeros(codes.shape[1], dtype=np.intp)
        if "distance" not in self.unread:
            distance, df = distances(codes, self.mean, self.covariance)
        readable = "even_odd" not in self.unread
        return {
            "run": longest_runs(codes),
            "line": nothing
            if "line" in self.unread
            else self._lines(codes, np.isin(self.items, reversed_items), ends),
            "spread": spreads(codes),
            "even_odd": even_odd(turned, self.items, self.scales) if readable else nothing,
            "distance": distance,
            "distance_p": np.where(df > 0, chdtrc(np.maximum(df, 1), distance), np.nan),
            "antonym": nothing if "antonym" in self.unread else antonyms(codes, self.pairs),
            "duration": time,
        }

    def _lines(self, codes: Codes, turned: Flags, ends: Ends) -> Array:
        """(rows,) items answered where all are alike and that cannot be meant, else 0."""
        given = codes >= 0
        highest = codes.max(axis=0)
        alike = (~given | (codes == highest)).all(axis=0)
        unmeant = given[turned].any(axis=0) & given[~turned].any(axis=0)
        for first, second in self.pairs:
            unmeant |= given[first] & given[second]
        low, high = np.array([ends.get(item, (0, 0)) for item in self.items]).T[:, :, None]
        inside = (~given | ((codes > low) & (codes < high))).all(axis=0)
        scales = sum(
            (
                given[np.isin(self.items, part)].any(axis=0).astype(int)
                for part in self.scales.values()
            ),
            start=np.zeros(codes.shape[1], dtype=int),
        )
        unmeant |= inside & (scales >= SCALES_OF_A_LINE)
        return np.where(alike & unmeant, given.sum(axis=0), 0).astype(np.float64)

    def flags(self, signs: Mapping[str, Any]) -> dict[str, Flags]:
        """Which signs pass their limits."""
        limits = self.limits
        longest = max(6, len(self.items) // 2) if limits.run is None else limits.run
        time = signs["duration"]
        unvaried = signs["line"] >= limits.line
        with np.errstate(invalid="ignore"):
            return {
                "straight": (signs["run"] >= longest) | unvaried,
                "unvaried": unvaried,
                "inconsistent": signs["even_odd"] < limits.even_odd,
                "outlying": signs["distance_p"] < limits.outlier,
                "contradictory": signs["antonym"] > limits.antonym,
                "fast": (time >= 1) & (time <= limits.fastest),
            }


FLAGS = ("straight", "unvaried", "inconsistent", "outlying", "contradictory", "fast")


def careless_answers(answers: Dataset | Study) -> Carelessness:
    """Signs of careless answering over all reflective scales of a dataset; see `careless`.

    The rows are gone through twice, batch by batch, and only the flags are kept of them: `signs`
    is without columns. Each wave's items are turned as its own version of the scale says. Counts
    of what somebody did (formative scales) are left out: a row of noes is no straight line.

    Parameters
    ----------
    answers
        A dataset or a study.

    Returns
    -------
    Carelessness
        Flags in the order of the rows.

    Raises
    ------
    DatasetError
        Where the rows are erased.
    StatisticsError
        Where there is no reflective scale to read signs from.

    """
    scales = tuple(scale for scale in answers.codebook.scales if not scale.formative)
    own = {scale.name: scale.columns for scale in scales}
    items = list(dict.fromkeys(item for scale in scales for item in scale.columns))
    stop_if_any(_unfit(items, (), None))
    duration = "duration_class" if "duration_class" in answers.codebook.names else None
    columns = [*items, *([duration] if duration else [])]
    sums = reduce(
        add,
        (
            _complete_sums(_as_asked(piece, items, scales))
            for piece in pieces(answers, columns, scales)
        ),
    )
    ever_turned = [item for scale in scales for item in scale.reversed]
    reading = _Reading.of(items, own, duration, sums, USUAL_LIMITS, ever_turned)
    flags = np.zeros((len(FLAGS), answers.rows), dtype=bool)
    start = 0
    for piece in pieces(answers, columns, scales):
        rows = slice(start, start + len(piece.frame))
        start = rows.stop
        codes = _as_asked(piece, items, scales)
        known = [scale for scale in piece.scales if scale is not None]
        turned = [item for scale in known for item in scale.reversed]
        ends = {item: ends for scale in known for item, ends in scale.bounds.items()}
        signs = reading.signs(
            codes,
            _turned(codes, items, turned, ends),
            _durations(piece.frame, duration),
            turned,
            ends,
        )
        flags[:, rows] = np.array(list(reading.flags(signs).values()))
    return Carelessness(
        signs=pd.DataFrame(index=pd.RangeIndex(answers.rows)),
        flags=pd.DataFrame(flags.T, columns=list(FLAGS), copy=False),
        opposites=reading.opposites,
        unread=reading.unread,
    )


def _as_asked(piece: Piece, items: Sequence[str], scales: Sequence[ScaleEntry]) -> Codes:
    """(items, rows); a scale that the wave asked in another version has no answers."""
    codes = read_codes(piece.frame, items)
    for scale, own in zip(scales, piece.scales, strict=True):
        if own is None:
            codes[np.isin(items, scale.columns)] = NONE
    return codes


def _unfit(items: list[str], turned: Sequence[str], points: Offered) -> list[Problem]:
    problems = []
    if len(items) < 2:
        problems.append(
            Problem("scales", f"signs are read from two items or more, got {items}", "Name items")
        )
    return [*problems, *unturnable(items, turned, points), *without_points(turned, points)]


def _turned(codes: Codes, items: list[str], turned: Sequence[str], points: Offered) -> Codes:
    result = codes.copy() if turned else codes
    for row, item in enumerate(items):
        ends = ends_of(item, points)
        if item in turned and ends is not None:
            result[row] = np.where(codes[row] >= 0, sum(ends) - codes[row], codes[row])
    return result


def _ends(codes: Codes, items: Sequence[str], points: Offered) -> Ends:
    """What was offered, or as far as that is not told what was answered."""
    lowest = np.where(codes >= 0, codes, np.iinfo(codes.dtype).max).min(axis=1, initial=127)
    highest = codes.max(axis=1, initial=NONE)
    seen = zip(lowest.tolist(), highest.tolist(), strict=True)
    return {item: ends_of(item, points) or ends for item, ends in zip(items, seen, strict=True)}


def _complete_sums(codes: Codes) -> RowSums:
    """Exact sums over the rows that answered every item."""
    complete = codes[:, (codes >= 0).all(axis=0)]
    return RowSums(complete.shape[1], *sums_and_products(complete))


def _durations(frame: pd.DataFrame, duration: str | None) -> Array:
    if duration is None:
        return np.full(len(frame), np.nan)
    choose_items(frame, [duration], called="duration")
    if not pd.api.types.is_numeric_dtype(frame[duration]):
        raise StatisticsError(
            Problem(
                f"duration {duration!r}",
                f"classes are whole numbers, found {frame[duration].iloc[0]!r}",
                "Give the classes' codes",
            )
        )
    return np.asarray(frame[duration].to_numpy(np.float64, na_value=np.nan))
