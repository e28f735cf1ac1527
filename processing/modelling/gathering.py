"""What a factor model needs of the rows, whatever form they come in, and what is odd about them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from processing.counting.answers import REASON_UNKNOWN
from processing.counting.burt import codes_found
from processing.counting.oddities import far_codes, strays
from processing.counting.parts import parts_of
from processing.counting.patterns import GroupedPatterns, Patterns, Rows
from processing.counting.rows_used import RowsUsed, rows_used
from processing.counting.turning import Offered, ends_of, outside_points, unturnable
from processing.errors import Problem, StatisticsError, stop_if_any

from .likelihood import never_together
from .model_language import Model
from .normal_theory import NormalData, gather_normal
from .ordinal_theory import OrdinalData, gather_ordinal
from .parted_rows import CountedRows, GroupedParts, Summable, counted, gather_sums
from .samples import Sample, read_samples, unanswered

ESTIMATORS = ("ML", "MLR", "FIML", "WLSMV")


@dataclass(frozen=True)
class Gathered:
    """A sample as one estimator sees it."""

    data: NormalData | OrdinalData
    rows: RowsUsed
    """Rows used of those given, and why the others were left out."""
    doubts: tuple[str, ...]
    """What is odd in the answers themselves, in plain words."""


def gather(
    frame: Rows, model: Model, estimator: str, group: str | None, points: Offered = None
) -> Gathered:
    """Read what an estimator needs from the rows: once from a frame, by sums from parts."""
    if estimator not in ESTIMATORS:
        raise StatisticsError(
            Problem(
                "estimator",
                f"it must be one of {', '.join(ESTIMATORS)}, got {estimator!r}",
                "Take WLSMV for ordered categories, MLR for many-valued answers",
            )
        )
    stop_if_any(unturnable(model.items, (), points))
    if isinstance(frame, pd.DataFrame):
        data, odd = _of_frame(frame, model.items, estimator, group, points)
    else:
        data, odd = _of_sums(_summable(frame, model.items, group), estimator, points)
    lacking = "any answer" if estimator == "FIML" else "an answer to every item"
    rows = rows_used(frame, sum(data.counts), model.items, group, lacking=lacking)
    return Gathered(data, rows, (*odd, *_apart(data, model.items)))


def _of_frame(
    frame: pd.DataFrame,
    items: Sequence[str],
    estimator: str,
    group: str | None,
    points: Offered,
) -> tuple[NormalData | OrdinalData, tuple[str, ...]]:
    samples = read_samples(frame, items, group)
    stop_if_any(unanswered(samples))
    used = [s.answered() if estimator == "FIML" else s.complete() for s in samples]
    codes = [_codes_of(sample) for sample in used]
    _stop_if_outside(items, codes, points)
    data = gather_ordinal(used) if estimator == "WLSMV" else gather_normal(used, estimator)
    margins = {
        item: _margin(used, place)
        for place, item in enumerate(items)
        if ends_of(item, points) is None
        and far_codes([int(code) for code in _together(codes, place)])
    }
    odd = (*strays(list(margins), margins.values()), *_reasons_among_measurements(used))
    return data, odd


def _summable(frame: Rows, items: Sequence[str], group: str | None) -> CountedRows | GroupedParts:
    if isinstance(frame, Patterns | GroupedPatterns):
        return CountedRows.read(frame, items, group)
    return GroupedParts(parts_of(frame), tuple(items), group)


def _of_sums(
    rows: Summable, estimator: str, points: Offered
) -> tuple[NormalData | OrdinalData, tuple[str, ...]]:
    counts = counted(rows, estimator)
    _stop_if_outside(rows.items, [each.codes for each in counts.values()], points)
    data = gather_sums(rows, counts, estimator)
    free = [place for place, item in enumerate(rows.items) if ends_of(item, points) is None]
    margins = (_added(each.margin(place) for each in counts.values()) for place in free)
    return data, tuple(strays([rows.items[place] for place in free], margins))


def _added(margins: Iterable[Mapping[int, float]]) -> dict[int, float]:
    total: dict[int, float] = {}
    for margin in margins:
        for code, often in margin.items():
            total[code] = total.get(code, 0.0) + often
    return total


def _codes_of(sample: Sample) -> Sequence[Sequence[float]]:
    """Per item the codes that occur; of measurements the lowest and the highest."""
    if sample.answers.dtype == np.int8:
        return codes_found(sample.answers.astype(np.int8, copy=False))
    return [[np.nanmin(row), np.nanmax(row)] if row.size else [] for row in sample.answers]


def _together(codes: Iterable[Sequence[Sequence[float]]], place: int) -> list[float]:
    return sorted({code for of_group in codes for code in of_group[place]})


def _stop_if_outside(
    items: Sequence[str], codes: Sequence[Sequence[Sequence[float]]], points: Offered
) -> None:
    whole = (np.array(_together(codes, place)) for place in range(len(items)))
    stop_if_any(outside_points(items, whole, points))


def _margin(samples: Iterable[Sample], place: int) -> dict[int, float]:
    counts = np.zeros(128)
    for sample in samples:
        if sample.answers.dtype == np.int8:
            given = sample.answers[place]
            counts += np.bincount(given[given >= 0], minlength=len(counts))
    return {code: float(often) for code, often in enumerate(counts) if often}


def _reasons_among_measurements(samples: Sequence[Sample]) -> Iterator[str]:
    """Numbers that look like codes for a missing answer, where fractions make them measurements."""
    if samples[0].answers.dtype == np.int8:
        return
    for place, item in enumerate(samples[0].items):
        values = np.concatenate([sample.answers[place] for sample in samples])
        below = values[values < 0]
        like_codes = (below >= REASON_UNKNOWN).all() and (below == np.rint(below)).all()
        if below.size and like_codes and (values > 0).any():
            yield (
                f"{item} holds {below.size} whole numbers from {below.min():g} to {below.max():g}"
                " among measurements. As an item has fractions they count as measurements too; if"
                " they say why there is no answer, leave the cells empty"
            )


def _apart(data: NormalData | OrdinalData, items: Sequence[str]) -> Iterator[str]:
    """Pairs of items of which no row tells how they go together."""
    if not isinstance(data, NormalData):
        return
    for name, patterns in zip(data.names, data.patterns, strict=True):
        where = f" in group {name}" if name else ""
        for a, b in never_together(patterns, len(items)):
            yield (
                f"{items[a]} and {items[b]} were never answered by the same people{where}: the"
                " answers do not tell how they correlate, so that the test and the fit indices say"
                " nothing of this pair, and the robust ones are not defined"
            )
