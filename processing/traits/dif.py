"""Differential item functioning: whether an item asks different groups for different things."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc

from processing.counting.answers import Codes, choose_items
from processing.counting.counts import Points, span_of
from processing.counting.oddities import opposed, strays
from processing.counting.patterns import GroupedPatterns, patterns_of
from processing.counting.rows_used import RowsUsed, group_name, rows_used
from processing.counting.turning import outside_points, unturnable, without_points
from processing.errors import Problem, StatisticsError, stop_if_any
from processing.modelling.samples import (
    Sample,
    in_order,
    read_samples,
    repeated,
    unanswered,
)

from .ordinal_logit import OrdinalLogit, fit_ordinal_logit, loglik_without_predictors

Array = NDArray[np.float64]
Size = Literal["negligible", "moderate", "large"]

ROUNDS = 10


@dataclass(frozen=True)
class DifLimits:
    """From where on a difference counts."""

    p: float = 0.01
    mcfadden: float = 0.02
    nagelkerke: float = 0.035
    large_nagelkerke: float = 0.070


USUAL_LIMITS = DifLimits()


@dataclass(frozen=True)
class DifItem:
    """One item. Model 1 knows the score, model 2 the group too, model 3 also their product."""

    item: str
    chi_uniform: float
    """2(l₂ − l₁), groups − 1 degrees of freedom."""
    p_uniform: float
    chi_nonuniform: float
    """2(l₃ − l₂), groups − 1 degrees of freedom."""
    p_nonuniform: float
    chi: float
    """2(l₃ − l₁), 2 (groups − 1) degrees of freedom."""
    p: float
    mcfadden: float
    """ΔR² from model 1 to 3."""
    mcfadden_uniform: float
    nagelkerke: float
    nagelkerke_uniform: float
    slope_change: float
    """|β₁ − β₂| / |β₁|: how much the score's slope moves when the group is known."""
    effects: dict[str, float]
    """Group -> log odds of a higher answer than in the first group at the same score (model 2)."""
    size: Size
    converged: bool


@dataclass(frozen=True)
class Dif:
    """All items of a scale."""

    groups: tuple[str, ...]
    """The first is the one that the others are compared with."""
    n: tuple[int, ...]
    """Rows of each group that answered every item."""
    rows: RowsUsed
    """Rows used of those given, and why the others were left out."""
    items: tuple[DifItem, ...]
    anchors: tuple[str, ...]
    """Items of the last score besides the item studied."""
    rounds: int
    settled: bool
    """Whether the last two rounds of purification agreed."""
    doubts: tuple[str, ...] = ()
    """Items that point the other way than the rest, and rare answers far from all others."""

    @property
    def flagged(self) -> tuple[str, ...]:
        return tuple(item.item for item in self.items if item.size != "negligible")

    def to_frame(self) -> pd.DataFrame:
        """One row an item; effects as `effect_<group>`."""
        rows = []
        for item in self.items:
            row = asdict(item)
            effects = row.pop("effects")
            rows.append(row | {f"effect_{group}": effect for group, effect in effects.items()})
        return pd.DataFrame(rows).set_index("item")

    def __str__(self) -> str:
        rows = " + ".join(f"{n} ({group})" for n, group in zip(self.n, self.groups, strict=True))
        columns = ["chi", "p", "mcfadden", "nagelkerke", "size"]
        table = self.to_frame()[columns].round(4).to_string()
        left_out = "".join(f"\n{line}" for line in self.rows.lines())
        unsettled = "" if self.settled else "\n! purification did not settle"
        unsettled += "".join(f"\n! {doubt}" for doubt in self.doubts)
        return f"DIF by ordinal logistic regression: n = {rows}{left_out}{unsettled}\n{table}"


def dif(
    frame: pd.DataFrame | GroupedPatterns,
    items: Sequence[str],
    group: str,
    *,
    reversed_items: Sequence[str] = (),
    points: Points | None = None,
    purify: bool = True,
    limits: DifLimits = USUAL_LIMITS,
) -> Dif:
    """DIF of every item of a scale between groups, by ordinal logistic regression.

    Of the rows that answered every item, each item is regressed on the sum score s (model 1), on s
    and group (2), and on s, group and s × group (3), with P(X ≤ k) = logistic(αₖ − x'β). Model 2
    against 1 tells uniform, 3 against 2 non-uniform DIF; 3 against 1 tells either. An item is

    - negligible: p ≥ .01, or McFadden's ΔR² < .02 and Nagelkerke's < .035;
    - large: Nagelkerke's ΔR² > .070;
    - moderate: between the two.

    Purification: items that are not negligible leave the sum score of all others (an item stays in
    its own), and all is done again until the same items are flagged twice.

    Parameters
    ----------
    frame
        Whole numbers; negative codes and NaN are missing. Or `GroupedPatterns`.
    items
        Columns of one scale, at least three.
    group
        A column that divides the rows; rows without a group are left out. The group that comes
        first in order is the one compared with.
    reversed_items, points
        As in `alpha`.
    purify, limits
        See above.

    Returns
    -------
    Dif

    Raises
    ------
    StatisticsError
        Naming item and group: fewer than three items, fewer than two groups, a group without
        complete rows, an item or a sum score that is constant in a group, answers outside `points`,
        a reversed item that is none of the items.

    References
    ----------
    Swaminathan & Rogers 1990, https://doi.org/10.1111/j.1745-3984.1990.tb00754.x; Jodoin & Gierl
    2001, https://doi.org/10.1207/S15324818AME1404_2; Crane et al. 2004,
    https://doi.org/10.1002/sim.1713; Choi, Gibbons & Crane 2011,
    https://doi.org/10.18637/jss.v039.i08

    Examples
    --------
    >>> from processing import KnownGroup, KnownModel
    >>> from processing import simulate
    >>> known = KnownModel.simple({"calm": ["a", "b", "c", "d", "e"]})
    >>> groups = [KnownGroup("da", 0.5), KnownGroup("tr", 0.5, thresholds={"b": 1.0})]
    >>> frame = simulate(known, 2000, seed=1, groups=groups).frame
    >>> dif(frame, ["a", "b", "c", "d", "e"], "group").flagged
    ('b',)

    """
    stop_if_any(
        [*unturnable(items, reversed_items, points), *without_points(reversed_items, points)]
    )
    answered = _read(frame, items, group)
    stop_if_any(unanswered(answered))
    samples = _complete(answered, group)
    stop_if_any(_unfit(samples, group))
    stop_if_any(problem for sample in samples for problem in repeated(sample))
    rows = _alike(samples)
    stop_if_any(outside_points(items, rows.answers, points))
    if len(reversed_items) and points is not None:
        rows = replace(rows, answers=_turn(rows.answers, items, reversed_items, points))
    names = tuple(sample.name for sample in samples)
    flagged: frozenset[str] = frozenset()
    seen: set[frozenset[str]] = set()
    rounds, settled = 0, False
    while not settled and rounds < ROUNDS:
        rounds += 1
        kept = np.array([item not in flagged for item in items])
        found = tuple(
            _study(item, column, rows, _score(rows.answers, kept, column), names, limits)
            for column, item in enumerate(items)
        )
        again = frozenset(item.item for item in found if item.size != "negligible")
        settled = again == flagged or not purify
        if again in seen or len(again) >= len(items) - 1:
            break
        seen.add(flagged)
        flagged = again
    return Dif(
        groups=names,
        n=tuple(sample.rows for sample in samples),
        rows=rows_used(frame, sum(sample.rows for sample in samples), items, group),
        items=found,
        anchors=tuple(item for item, stays in zip(items, kept, strict=True) if stays),
        rounds=rounds,
        settled=settled,
        doubts=tuple(_doubts(items, rows, points)),
    )


def _read(
    frame: pd.DataFrame | GroupedPatterns, items: Sequence[str], group: str
) -> tuple[Sample, ...]:
    if not isinstance(frame, GroupedPatterns):
        return read_samples(frame, choose_items(frame, items), group)
    of = frame.of
    return tuple(
        Sample(group_name(label), tuple(items), part.answers, part.frequency)
        for label in in_order(of, group)
        for part in (of[label].select(items),)
    )


@dataclass(frozen=True)
class _Rows:
    """Respondents of one group with the same answers are one column."""

    answers: NDArray[np.int64]
    """(items, columns)"""
    group: NDArray[np.intp]
    frequency: Array


def _alike(samples: Sequence[Sample]) -> _Rows:
    patterns = [_different(sample) for sample in samples]
    return _Rows(
        np.concatenate([answers for answers, _ in patterns], axis=1).astype(np.int64),
        np.repeat(np.arange(len(patterns)), [len(frequency) for _, frequency in patterns]),
        np.concatenate([frequency for _, frequency in patterns]),
    )


def _different(sample: Sample) -> tuple[Codes, Array]:
    """Different rows, and how often each occurs."""
    codes = sample.answers.astype(np.int8, copy=False)
    if sample.frequency is not None:
        return codes, sample.frequency
    found = patterns_of(sample.items, codes)
    return found.answers, found.frequency


def _doubts(items: Sequence[str], rows: _Rows, points: Points | None) -> Iterator[str]:
    spread = np.cov(rows.answers, aweights=rows.frequency)
    sd = np.sqrt(np.diag(spread))
    yield from opposed(items, spread / np.outer(sd, sd))
    if points is not None:
        return
    margins = (np.bincount(answers, rows.frequency).tolist() for answers in rows.answers)
    yield from strays(
        items,
        ({code: often for code, often in enumerate(margin) if often} for margin in margins),
    )


def _complete(samples: Iterable[Sample], group: str) -> list[Sample]:
    complete = [sample.complete() for sample in samples]
    if complete[0].answers.dtype != np.int8:
        raise StatisticsError(
            Problem(
                f"items compared by {group!r}",
                "answers must be whole numbers, found fractions",
                "Give the answers themselves, not means or scores",
            )
        )
    return complete


def _unfit(samples: Sequence[Sample], group: str) -> list[Problem]:
    items = samples[0].items
    if len(items) < 3:
        return [
            Problem(
                f"scale of {', '.join(items)}",
                f"DIF needs three items, for the others tell the score, got {len(items)}",
                "Name all items of the scale",
            )
        ]
    empty = [sample.name for sample in samples if not sample.rows]
    if empty:
        return [
            Problem(
                f"group {name!r} of {group!r}",
                "no row answered every item",
                "Leave the group out, or the items that it was not asked",
            )
            for name in empty
        ]
    return [
        Problem(
            f"item {item!r} in group {sample.name!r}",
            f"an item must vary in each group, all answers are {values[0]}",
            "Leave the item or the group out",
        )
        for sample in samples
        for item, values in zip(items, sample.answers, strict=True)
        if (values == values[0]).all()
    ]


def _turn(
    values: NDArray[np.int64], items: Sequence[str], turned: Sequence[str], points: Points
) -> NDArray[np.int64]:
    low, high = span_of(points)
    which = np.isin(items, list(turned))
    return np.where(which[:, None], low + high - values, values)


def _score(values: NDArray[np.int64], kept: NDArray[np.bool_], column: int) -> NDArray[np.int64]:
    chosen = kept.copy()
    chosen[column] = True
    return np.asarray(values[chosen].sum(axis=0))


def _study(
    item: str,
    column: int,
    rows: _Rows,
    scores: NDArray[np.int64],
    groups: tuple[str, ...],
    limits: DifLimits,
) -> DifItem:
    score, member, counts = _cells(rows.answers[column], scores, rows, len(groups))
    stop_if_any(_untold(item, score, member, groups))
    n = counts.sum()
    null = loglik_without_predictors(counts)
    models = [
        fit_ordinal_logit(predictors, counts)
        for predictors in (
            score,
            np.hstack([score, member]),
            np.hstack([score, member, score * member]),
        )
    ]
    one, two, three = (model.loglik for model in models)
    mcfadden = [1 - value / null for value in (one, two, three)]
    nagelkerke = [
        (1 - np.exp(2 * (null - value) / n)) / (1 - np.exp(2 * null / n))
        for value in (one, two, three)
    ]
    df = len(groups) - 1
    p = float(chdtrc(2 * df, max(2 * (three - one), 0)))
    gained = mcfadden[2] - mcfadden[0], nagelkerke[2] - nagelkerke[0]
    return DifItem(
        item=item,
        chi_uniform=2 * (two - one),
        p_uniform=float(chdtrc(df, max(2 * (two - one), 0))),
        chi_nonuniform=2 * (three - two),
        p_nonuniform=float(chdtrc(df, max(2 * (three - two), 0))),
        chi=2 * (three - one),
        p=p,
        mcfadden=float(gained[0]),
        mcfadden_uniform=float(mcfadden[1] - mcfadden[0]),
        nagelkerke=float(gained[1]),
        nagelkerke_uniform=float(nagelkerke[1] - nagelkerke[0]),
        slope_change=_slope_change(models),
        effects=dict(zip(groups[1:], models[1].slopes[1:].tolist(), strict=True)),
        size=_size(p, *gained, limits),
        converged=all(model.converged for model in models),
    )


def _untold(item: str, score: Array, member: Array, groups: tuple[str, ...]) -> Iterator[Problem]:
    """Groups in which all have one score: whether it counts there as elsewhere cannot be told."""
    first = 1 - member.sum(axis=1, keepdims=True)
    for name, own in zip(groups, np.hstack([first, member]).T, strict=True):
        if np.ptp(score[own > 0]) == 0:
            yield Problem(
                f"item {item!r} in group {name!r}",
                "all rows of the group have the same sum score, by which DIF is told",
                "Leave the group out, or join it with another",
            )


def _cells(
    answers: NDArray[np.int64], scores: NDArray[np.int64], rows: _Rows, groups: int
) -> tuple[Array, Array, Array]:
    """Standardised score (cells, 1), membership (cells, groups − 1) and counts (cells, answers)."""
    seen, answer = np.unique(answers, return_inverse=True)
    low, span = scores.min(), int(np.ptp(scores)) + 1
    key = ((scores - low) * groups + rows.group) * len(seen) + answer
    size = span * groups * len(seen)
    counts = np.bincount(key, weights=rows.frequency, minlength=size).reshape(-1, len(seen))
    occurring = np.flatnonzero(counts.any(axis=1))
    given = counts[occurring].astype(np.float64)
    score = (low + occurring // groups).astype(np.float64)
    n = given.sum(axis=1)
    centred = score - n @ score / n.sum()
    standardised = centred / np.sqrt(n @ centred**2 / n.sum())
    member = (occurring[:, None] % groups == np.arange(1, groups)).astype(np.float64)
    return standardised[:, None], member, given


def _slope_change(models: Sequence[OrdinalLogit]) -> float:
    before, after = models[0].slopes[0], models[1].slopes[0]
    return float(abs((before - after) / before))


def _size(p: float, mcfadden: float, nagelkerke: float, limits: DifLimits) -> Size:
    if p >= limits.p:
        return "negligible"
    if nagelkerke > limits.large_nagelkerke:
        return "large"
    if mcfadden >= limits.mcfadden or nagelkerke >= limits.nagelkerke:
        return "moderate"
    return "negligible"
