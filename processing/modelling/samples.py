"""The rows that a factor model is fitted to, and the sums that stand for them.

Rows are read once and held as bytes; everything else adds up over chunks of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg.blas import dsyrk

from processing.counting.answers import Codes, choose_items, read_codes
from processing.counting.counts import Counts
from processing.counting.products import sums_and_products
from processing.counting.rows_used import group_name, has_group
from processing.errors import Problem, StatisticsError, stop_if_any

Array: TypeAlias = NDArray[np.float64]

Label: TypeAlias = Any
"""A group's value in its column."""

ROUNDING = 1e-12
"""Times the number of items: a smaller root of a correlation matrix is none."""

HANGS = 1e-4
"""A greater weight in the direction that does not vary makes an item part of a sum."""

ROWS_AN_ITEM = 5
"""With fewer rows an item, a matrix without an inverse tells little of the items."""

CHUNK = 2**14
"""Rows widened to floating point at a time."""


@dataclass(frozen=True)
class Sample:
    """One group's answers."""

    name: str
    """The group's value as text; empty where there is one group."""
    items: tuple[str, ...]
    answers: Codes | Array
    """(items, rows): codes, negative where missing; or measurements, nan where missing."""
    frequency: Array | None = None
    """(columns,) rows that each column of the answers stands for; by default one."""

    @property
    def rows(self) -> int:
        if self.frequency is not None:
            return int(self.frequency.sum())
        return int(self.answers.shape[1])

    @property
    def missing(self) -> NDArray[np.bool_]:
        """(items, rows): where there is no answer."""
        return np.isnan(self.answers) if self.answers.dtype.kind == "f" else self.answers < 0

    @property
    def whole(self) -> bool:
        """Whether no answer is missing; that of all is told sooner than which."""
        if self.answers.dtype.kind == "f":
            return not np.isnan(self.answers).any()
        return bool(self.answers.min(initial=0) >= 0)

    def complete(self) -> "Sample":
        """Only the rows that answered every item."""
        if self.whole:
            return self
        return self._without(self.missing.any(axis=0))

    def answered(self) -> "Sample":
        """Only the rows that answered any item."""
        empty = self.missing.all(axis=0)
        return self if not empty.any() else self._without(empty)

    def _without(self, rows: Any) -> "Sample":
        frequency = None if self.frequency is None else self.frequency[~rows]
        return Sample(self.name, self.items, self.answers[:, ~rows], frequency)


@dataclass(frozen=True)
class Moments:
    """What complete rows amount to; p items."""

    n: int
    mean: Array
    """(p,)"""
    covariance: Array
    """(p, p), divisor n."""


@dataclass(frozen=True)
class Pattern:
    """The rows that answered exactly these items."""

    observed: NDArray[np.intp]
    """(k,) positions of the items answered."""
    moments: Moments
    """Of those k items."""


def read_samples(
    frame: pd.DataFrame, items: Sequence[str], group: str | None = None
) -> tuple[Sample, ...]:
    """Answers by group, groups in ascending order; rows without a group are left out.

    A column of whole numbers holds codes, of which negative ones (and NaN) are missing. If any
    column has fractions, all are taken as measurements, of which only NaN is missing.
    """
    found = divided(frame, items, group)
    return tuple(found[label] for label in in_order(found, group))


def divided(frame: pd.DataFrame, items: Sequence[str], group: str | None) -> dict[Label, Sample]:
    """Answers by the value of the group's column, as far as it has any."""
    chosen = choose_items(frame, items)
    try:
        values = _read_values(frame, chosen)
    except StatisticsError as error:
        raise StatisticsError(*_by_group(error, frame, chosen, group)) from None
    if group is None:
        return {"": Sample("", tuple(chosen), values)}
    choose_items(frame, [group], called="group")
    labels = frame[group]
    known = has_group(labels)
    place = labels.to_numpy()
    return {
        label: Sample(group_name(label), tuple(chosen), values[:, known & (place == label)])
        for label in labels[known].unique().tolist()
    }


def _by_group(
    error: StatisticsError, frame: pd.DataFrame, items: Sequence[str], group: str | None
) -> Iterator[Problem]:
    """What is wrong with the answers, told for each group in which it is."""
    if group is None or group not in frame.columns:
        yield from error.problems
        return
    found = []
    for label, part in frame.groupby(group, observed=True):
        try:
            _read_values(part, items)
        except StatisticsError as own:
            where = f"in group {group_name(label)!r}"
            found += [replace(each, where=f"{each.where} {where}") for each in own.problems]
    # Rows without a group are read too.
    yield from found or error.problems


def in_order(labels: Iterable[Label], group: str | None) -> list[Label]:
    """Groups in ascending order; fewer than two cannot be compared."""
    names = sorted(labels, key=lambda label: (str(type(label)), label))
    if group is not None and len(names) < 2:
        raise StatisticsError(
            Problem(
                f"group {group!r}",
                f"a comparison needs two groups or more, found {names}",
                "Name a column that divides the rows",
            )
        )
    return names


def _read_values(frame: pd.DataFrame, items: Sequence[str]) -> Codes | Array:
    try:
        return read_codes(frame, items)
    except StatisticsError:
        columns = [frame[item] for item in items]
        if not all(pd.api.types.is_numeric_dtype(column) for column in columns):
            raise
        values = np.array([column.to_numpy(np.float64, na_value=np.nan) for column in columns])
        if np.isinf(values).any() or not (values % 1 > 0).any():
            raise
        return values


def _chunks(sample: Sample) -> Iterator[Array]:
    """(items, some rows) as floating point."""
    for start in range(0, sample.answers.shape[1], CHUNK):
        yield sample.answers[:, start : start + CHUNK].astype(np.float64)


def moments(sample: Sample) -> Moments:
    """Means and covariances of complete rows: of codes by exact sums, else in two passes."""
    if sample.answers.dtype == np.int8:
        codes = sample.answers.astype(np.int8, copy=False)
        return moments_of_sums(sample.rows, *sums_and_products(codes))
    mean = sum(
        (chunk.sum(axis=1) for chunk in _chunks(sample)), start=np.zeros(len(sample.items))
    ) / max(sample.rows, 1)
    products = np.zeros((len(mean), len(mean)), order="F")
    for chunk in _chunks(sample):
        centred = np.asfortranarray((chunk - mean[:, None]).T)
        products = dsyrk(1.0, centred, beta=1.0, c=products, trans=1, overwrite_c=1)
    return Moments(sample.rows, mean, _mirrored(products) / max(sample.rows, 1))


def moments_of_sums(n: int, sums: Array, products: Array) -> Moments:
    """Moments from the exact sums of whole numbers and of their products."""
    deviation = products - np.outer(sums, sums) / max(n, 1)
    return Moments(n, sums / max(n, 1), deviation / max(n, 1))


def _mirrored(upper: Array) -> Array:
    return np.triu(upper) + np.triu(upper, 1).T


def fourth_moments(sample: Sample, known: Moments) -> Array:
    """Mean products of z with z, where z = (y, vech y y') and y is centred on the sample's mean.

    (d, d) with d = p + p (p + 1) / 2; vech runs row by row through the lower triangle.
    """
    p = len(sample.items)
    row, column = np.tril_indices(p)
    size = p + len(row)
    products = np.zeros((size, size), order="F")
    for place, chunk in enumerate(_chunks(sample)):
        centred = chunk - known.mean[:, None]
        wide = np.empty((centred.shape[1], size), order="F")
        wide[:, :p] = centred.T
        np.multiply(centred[row].T, centred[column].T, out=wide[:, p:])
        if sample.frequency is not None:
            own = sample.frequency[place * CHUNK : (place + 1) * CHUNK]
            wide *= np.sqrt(own)[:, None]
        products = dsyrk(1.0, wide, beta=1.0, c=products, trans=1, overwrite_c=1)
    return _mirrored(products) / max(sample.rows, 1)


def patterns(sample: Sample) -> tuple[Pattern, ...]:
    """Moments by missing pattern; rows without any answer tell nothing and are left out."""
    return tuple(
        Pattern(
            np.array(observed),
            moments(Sample(sample.name, tuple(sample.items[k] for k in observed), answers)),
        )
        for observed, answers, _ in rows_by_pattern(sample)
    )


def rows_by_pattern(
    sample: Sample,
) -> Iterator[tuple[tuple[int, ...], Codes | Array, Array | None]]:
    """Positions of the items that some rows answered, just these answers (items, rows), frequency."""
    missing = sample.missing
    packed = np.ascontiguousarray(np.packbits(missing, axis=0).T)
    keys = packed.view(np.dtype((np.void, packed.shape[1])))[:, 0]
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    ends = np.cumsum(np.bincount(inverse)) if inverse.size else ()
    for pattern, end in enumerate(ends):
        rows = order[(ends[pattern - 1] if pattern else 0) : end]
        observed = np.flatnonzero(~missing[:, first[pattern]])
        if observed.size:
            frequency = None if sample.frequency is None else sample.frequency[rows]
            yield tuple(observed.tolist()), sample.answers[np.ix_(observed, rows)], frequency


def unvarying(sample: Sample) -> Iterator[Problem]:
    """Items that nobody answered, or all alike."""
    if sample.whole and (sample.answers.min(axis=1) < sample.answers.max(axis=1)).all():
        return
    missing = sample.missing
    for item, answers, absent in zip(sample.items, sample.answers, missing, strict=True):
        given = answers[~absent]
        if not given.size:
            yield Problem(f"item {item!r} in {_place(sample)}", "nobody answered it", _LEAVE)
        elif given.min() == given.max():
            said = f"every answer is {given[0]:g}"
            yield Problem(f"item {item!r} in {_place(sample)}", said, _LEAVE)


def unanswered(samples: Iterable[Sample]) -> Iterator[Problem]:
    """Items that nobody in some group answered."""
    for sample in samples:
        if sample.rows and sample.whole:
            continue
        for item, absent in zip(sample.items, sample.missing, strict=True):
            if absent.all():
                yield Problem(f"item {item!r} in {_place(sample)}", "nobody answered it", _LEAVE)


def unanswered_in(name: str, counts: Counts) -> Iterator[Problem]:
    """The same of rows that were counted."""
    for problem in unvarying_in(name, counts):
        if problem.what == "nobody answered it":
            yield problem


def unvarying_in(name: str, counts: Counts) -> Iterator[Problem]:
    """The same of rows that were counted."""
    for item, codes in zip(counts.items, counts.codes, strict=True):
        given = [code for code in codes if code >= 0]
        if len(given) < 2:
            said = f"every answer is {given[0]}" if given else "nobody answered it"
            yield Problem(f"item {item!r} in {_place(bare(name, counts))}", said, _LEAVE)


def repeated_in(name: str, counts: Counts) -> Iterator[Problem]:
    """Items that are one and the same, of rows that were counted."""
    given = [np.array([code for code in codes if code >= 0]) for codes in counts.codes]
    for a, b in combinations(range(len(given)), 2):
        both = counts.answers(a, b)
        if both.any() and not both[given[a][:, None] != given[b]].any():
            yield _same(bare(name, counts), a, b)


def bare(name: str, counts: Counts) -> Sample:
    """The name and items of a group whose rows were counted and are no longer at hand."""
    return Sample(name, counts.items, np.empty((len(counts.items), 0), dtype=np.int8))


_LEAVE = "Leave the item out or join groups"


def _place(sample: Sample) -> str:
    return f"group {sample.name!r}" if sample.name else "the answers"


def repeated(sample: Sample) -> Iterator[Problem]:
    """Items that are one and the same wherever both were answered."""
    missing = sample.missing
    for a, b in combinations(range(len(sample.items)), 2):
        both = ~(missing[a] | missing[b])
        if both.any() and (sample.answers[a, both] == sample.answers[b, both]).all():
            yield _same(sample, a, b)


def _same(sample: Sample, a: int, b: int) -> Problem:
    return Problem(
        f"items {sample.items[a]!r} and {sample.items[b]!r} in {_place(sample)}",
        "they are the same answer twice",
        "Leave one of them out",
    )


def singular(sample: Sample, correlation: Array | None = None, rows: int | None = None) -> Problem:
    """What is said of a covariance matrix that has no inverse: which items hang together."""
    where, p = _place(sample), len(sample.items)
    if rows is not None and rows < ROWS_AN_ITEM * p:
        return Problem(
            where,
            f"the covariance matrix is singular: {rows} rows are likely too few for {p} items, or"
            " some item is a sum of others",
            "Take more rows or fewer items, and leave sums and scores out of the model",
        )
    if correlation is not None:
        weights = np.abs(np.linalg.eigh(correlation)[1][:, 0])
        names = [repr(sample.items[item]) for item in np.flatnonzero(weights > HANGS)]
        where = f"items {', '.join(names)} in {where}"
    return Problem(
        where,
        "the covariance matrix is singular: some item is a sum of others",
        "Leave sums and scores out of the model",
    )


def summed_in(name: str, counts: Counts) -> Iterator[Problem]:
    """Items of which one is a sum of others, of rows that were counted."""
    correlation = counts.moments().correlation
    if not np.isfinite(correlation).all():
        return
    if np.linalg.eigvalsh(correlation)[0] < len(counts.items) * ROUNDING:
        yield singular(bare(name, counts), correlation, counts.rows)


FULL_INFORMATION = ", or the estimator FIML if answers are missing"


def too_few_rows(sample: Sample, rows: int, or_else: str = "") -> Iterator[Problem]:
    """To be told before anything else, since of few rows items are alike by chance."""
    p = len(sample.items)
    if rows <= p:
        yield Problem(
            _place(sample),
            f"{p} items need more than {p} rows that can be used, found {rows}",
            f"Take fewer items or more rows{or_else}",
        )


def check_moments(
    sample: Sample, known: Moments, constant: Iterable[Problem] | None = None
) -> None:
    """Stop where a covariance matrix cannot carry a factor model, naming items and group.

    `constant` names items that do not vary, where others than the sample's own rows tell it.
    """
    p = len(sample.items)
    stop_if_any(too_few_rows(sample, known.n, or_else=FULL_INFORMATION))
    stop_if_any(unvarying(sample) if constant is None else constant)
    spread = np.sqrt(np.diag(known.covariance))
    correlation = known.covariance / spread[:, None] / spread
    twins = zip(*np.nonzero(np.triu(np.abs(correlation) > 1 - 1e-10, 1)), strict=True)
    stop_if_any(_same(sample, int(a), int(b)) for a, b in twins)
    if np.linalg.eigvalsh(correlation)[0] < p * ROUNDING:
        raise StatisticsError(singular(sample, correlation, known.n))
