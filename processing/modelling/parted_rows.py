"""Factor models of rows that lie in parts: everything from sums that add up.

A first pass counts; a second sums what an estimator needs besides: the rows' products of second
with second moments (MLR), moments by missing pattern (FIML), or the rows' products of influences on
thresholds and polychoric correlations (WLSMV).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import pandas as pd

from processing.counting.answers import Codes
from processing.counting.counts import Counts, count_codes, count_patterns_of
from processing.counting.parts import Parts
from processing.counting.patterns import GroupedPatterns, Patterns
from processing.counting.products import RowSums, sums_and_products
from processing.counting.rows_used import group_name
from processing.errors import Problem, StatisticsError, stop_if_any
from processing.factoring.polychoric_covariance import Influence, casewise_products, influence
from processing.factoring.polychorics import polychoric_of

from .likelihood import complete_pattern
from .normal_theory import NormalData, expected_moments
from .ordinal_theory import OrdinalData, check_categories, ordinal_data
from .samples import (
    Label,
    Moments,
    Pattern,
    Sample,
    bare,
    check_moments,
    divided,
    fourth_moments,
    in_order,
    moments_of_sums,
    repeated_in,
    rows_by_pattern,
    too_few_rows,
    unanswered_in,
    unvarying_in,
)
from .structure import Array

Value = TypeVar("Value", bound=Any)


@dataclass(frozen=True)
class ByGroup(Generic[Value]):
    """Something that adds up, of each group."""

    of: Mapping[Label, Value]

    def __add__(self, other: "ByGroup[Value]") -> "ByGroup[Value]":
        return ByGroup(_merged(self.of, other.of))


def _merged(one: Mapping[Any, Value], other: Mapping[Any, Value]) -> dict[Any, Value]:
    merged = dict(one)
    for key, value in other.items():
        merged[key] = merged[key] + value if key in merged else value
    return merged


@dataclass(frozen=True)
class PatternSums:
    """Sums over the rows of each missing pattern, told by the positions of the items answered."""

    of: Mapping[tuple[int, ...], RowSums]

    def __add__(self, other: "PatternSums") -> "PatternSums":
        return PatternSums(_merged(self.of, other.of))

    def patterns(self) -> Iterator[Pattern]:
        for observed, rows in sorted(self.of.items()):
            yield Pattern(np.array(observed), moments_of_sums(rows.n, rows.sums, rows.products))


class Summable(Protocol):
    """Whatever sums over the rows of each group can be asked of."""

    @property
    def items(self) -> tuple[str, ...]: ...

    @property
    def group(self) -> str | None: ...

    def add_up(
        self, task: Callable[..., Any], **known: Mapping[Label, Any]
    ) -> Mapping[Label, Any]: ...


@dataclass(frozen=True)
class CountedRows:
    """Rows that were counted as patterns, by group."""

    items: tuple[str, ...]
    group: str | None
    of: Mapping[Label, Patterns]

    @classmethod
    def read(
        cls, answers: Patterns | GroupedPatterns, items: Sequence[str], group: str | None
    ) -> "CountedRows":
        """Raises StatisticsError for items that were not counted, and another group's name."""
        grouped = answers.group if isinstance(answers, GroupedPatterns) else None
        if grouped != group:
            raise StatisticsError(
                Problem(
                    f"group {group!r}",
                    f"these patterns were counted by {grouped or 'no group'}",
                    "Count them by the column that is to divide the rows",
                )
            )
        of = answers.of if isinstance(answers, GroupedPatterns) else {"": answers}
        return cls(tuple(items), group, {label: part.select(items) for label, part in of.items()})

    def add_up(self, task: Callable[..., Any], **known: Mapping[Label, Any]) -> Mapping[Label, Any]:
        return {
            label: task(
                Sample(group_name(label), part.items, part.answers, part.frequency),
                **{name: of[label] for name, of in known.items()},
            )
            for label, part in self.of.items()
        }


@dataclass(frozen=True)
class GroupedParts:
    """Rows in parts, the items of a model and the column that divides the rows."""

    parts: Parts
    items: tuple[str, ...]
    group: str | None

    def add_up(self, task: Callable[..., Any], **known: Mapping[Label, Any]) -> Mapping[Label, Any]:
        """The sums by group of `task(sample)`, to which what is known of the group is given too."""
        columns = self.items if self.group is None else (*self.items, self.group)
        one = partial(_by_group, task=task, items=self.items, group=self.group, known=known)
        return self.parts.add_up(one, columns).of


def counted(rows: Summable, estimator: str) -> dict[Label, Counts]:
    """The first pass: each group's counts, groups in ascending order."""
    found = rows.add_up(partial(_count, complete=estimator != "FIML"))
    counts = {label: found[label] for label in in_order(found, rows.group)}
    if not all(each.rows for each in counts.values()):
        given = rows.add_up(partial(_count, complete=False))
        stop_if_any(
            problem
            for label in counts
            for problem in unanswered_in(group_name(label), given[label])
        )
    return counts


def gather_sums(
    rows: Summable, counts: Mapping[Label, Counts], estimator: str
) -> NormalData | OrdinalData:
    """What an estimator needs of rows that were counted; the same as of one frame."""
    if estimator == "WLSMV":
        return _ordinal(rows, counts)
    return _missing(rows, counts) if estimator == "FIML" else _normal(rows, counts, estimator)


def _by_group(
    frame: pd.DataFrame,
    task: Callable[..., Any],
    items: Sequence[str],
    group: str | None,
    known: Mapping[str, Mapping[Label, Any]],
) -> ByGroup[Any]:
    samples = divided(frame, items, group)
    stop_if_any(
        Problem(
            "the answers",
            "rows that lie in parts must hold codes, and an item has fractions",
            "Give measurements in one frame",
        )
        for sample in samples.values()
        if sample.answers.dtype.kind == "f"
    )
    return ByGroup(
        {
            label: task(sample, **{name: of[label] for name, of in known.items()})
            for label, sample in samples.items()
        }
    )


def _count(sample: Sample, *, complete: bool) -> Counts:
    used = sample.complete() if complete else sample
    if used.frequency is not None:
        return count_patterns_of(sample.items, _codes(used), used.frequency, complete=complete)
    return count_codes(sample.items, _codes(used), complete=complete)


def _codes(sample: Sample) -> Codes:
    return sample.answers.astype(np.int8, copy=False)


def _normal(rows: Summable, counts: Mapping[Label, Counts], estimator: str) -> NormalData:
    known = {label: moments_of_counts(counted) for label, counted in counts.items()}
    for label, counted in counts.items():
        name = group_name(label)
        check_moments(bare(name, counted), known[label], unvarying_in(name, counted))
    fourth: tuple[Array, ...] = ()
    if estimator == "MLR":
        products = rows.add_up(_fourth_products, moments=known)
        fourth = tuple(products[label] / known[label].n for label in counts)
    fitted = tuple(known.values())
    names = tuple(group_name(label) for label in counts)
    whole = tuple((complete_pattern(one),) for one in fitted)
    return NormalData(estimator, names, fitted, whole, fourth)


def moments_of_counts(counts: Counts) -> Moments:
    """Of counts of complete rows; sums of whole numbers, hence exact."""
    n, told = counts.rows, counts.moments()
    return Moments(n, told.mean, told.covariance * ((n - 1) / max(n, 1)))


def _fourth_products(sample: Sample, *, moments: Moments) -> Array:
    used = sample.complete()
    return fourth_moments(used, moments) * used.rows


def _ordinal(rows: Summable, counts: Mapping[Label, Counts]) -> OrdinalData:
    names = tuple(group_name(label) for label in counts)
    check_categories(names, list(counts.values()))
    found = {label: polychoric_of(counted) for label, counted in counts.items()}
    moved = {label: influence(found[label], counted) for label, counted in counts.items()}
    codes = {label: one.codes for label, one in found.items()}
    products = rows.add_up(_influence_products, moved=moved, codes=codes)
    covariances = [products[label] / one.n for label, one in found.items()]
    return ordinal_data(names, list(found.values()), covariances)


def _influence_products(
    sample: Sample, *, moved: Influence, codes: tuple[tuple[int, ...], ...]
) -> Array:
    used = sample.complete()
    return casewise_products(moved, codes, _codes(used), used.frequency)


def _missing(rows: Summable, counts: Mapping[Label, Counts]) -> NormalData:
    sums = rows.add_up(_pattern_sums)
    patterns = {label: tuple(sums[label].patterns()) for label in counts}
    for label, counted in counts.items():
        name = group_name(label)
        answered = sum(part.moments.n for part in patterns[label])
        stop_if_any(too_few_rows(bare(name, counted), answered))
        stop_if_any([*unvarying_in(name, counted), *repeated_in(name, counted)])
    fitted = {
        label: expected_moments(patterns[label], bare(group_name(label), counted))
        for label, counted in counts.items()
    }
    for label, counted in counts.items():
        check_moments(bare(group_name(label), counted), fitted[label], ())
    names = tuple(group_name(label) for label in counts)
    return NormalData("FIML", names, tuple(fitted.values()), tuple(patterns.values()), ())


def _pattern_sums(sample: Sample) -> PatternSums:
    of = {}
    for observed, answers, frequency in rows_by_pattern(sample):
        codes = answers.astype(np.int8, copy=False)
        n = codes.shape[1] if frequency is None else int(frequency.sum())
        of[observed] = RowSums(n, *sums_and_products(codes, frequency))
    return PatternSums(of)
