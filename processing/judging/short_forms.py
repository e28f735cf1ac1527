"""Shorter forms: which two or three items lose least of a scale, and what they lose."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import reduce
from itertools import combinations
from operator import add

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.consistency.one_factor import fit_one_factor
from processing.counting.counts import Counts, Points, span_of
from processing.counting.patterns import GroupedPatterns, Patterns, count_patterns, patterns_of
from processing.counting.scale_counts import name_of, scale_counts
from processing.errors import Problem, StatisticsError, stop_if_any
from processing.modelling.samples import divided, in_order
from processing.traits.dif import dif
from processing.traits.graded_likelihood import Grid, normal_grid
from processing.traits.graded_response import GradedResponse, graded_response

Array = NDArray[np.float64]

MOST_FORMS = 5000


@dataclass(frozen=True)
class ShortForm:
    """Some items of a scale, and what they keep of it."""

    items: tuple[str, ...]
    information: float
    """Share of the whole scale's information, averaged over the trait."""
    reliability: float
    """Omega of the short sum under the whole scale's one-factor model."""
    validity: float
    """Correlation with the whole scale's score, as if the two had been asked apart: the errors of
    shared items are taken out (Levy 1967)."""
    overlap: float
    """Correlation with the whole score as it is, shared errors included."""
    spread: float
    """SD of the difference from a person's whole score, in percent of the maximum possible."""
    shift: float
    """Mean difference from the whole score, in the same percent points."""
    group_shift: float
    """Largest change of a difference between two groups' means, in SDs; NaN without groups."""
    biased: tuple[str, ...]
    """Items of the form that work differently in the groups (DIF)."""


@dataclass(frozen=True)
class ShortForms:
    """All forms of the sizes asked for, the best of each size first."""

    items: tuple[str, ...]
    n: int
    reliability: float
    """Omega of the whole scale."""
    forms: tuple[ShortForm, ...]

    @property
    def proposed(self) -> dict[int, ShortForm]:
        """Per size the form that loses least: without biased items if there is one, then by validity.

        A proposal from these answers is flattered by them: try it on others before it is used.
        """
        best: dict[int, ShortForm] = {}
        for form in self.forms:
            best.setdefault(len(form.items), form)
        return best

    def to_frame(self) -> pd.DataFrame:
        """One row a form."""
        rows = []
        for form in self.forms:
            row = asdict(form)
            row["size"] = len(form.items)
            row["items"] = " ".join(form.items)
            row["biased"] = " ".join(form.biased)
            rows.append(row)
        return pd.DataFrame(rows).set_index("items")

    def __str__(self) -> str:
        lines = [f"{len(self.items)} items, omega {self.reliability:.3f}, n = {self.n}"]
        for size, form in sorted(self.proposed.items()):
            bias = f"; works differently in groups: {', '.join(form.biased)}" if form.biased else ""
            lines.append(
                f"{size} items, {', '.join(form.items)}: keeps {100 * form.information:.0f} % of the"
                f" information, r = {form.validity:.3f} with the whole, omega"
                f" {form.reliability:.3f}; a person's score moves by {form.spread:.1f} points{bias}"
            )
        return "\n".join(lines)


def short_forms(
    frame: pd.DataFrame | Patterns | GroupedPatterns,
    items: Sequence[str],
    *,
    points: Points,
    reversed_items: Sequence[str] = (),
    sizes: Sequence[int] = (2, 3),
    group: str | None = None,
) -> ShortForms:
    """Compare every form of two or three items with the whole scale.

    Information comes from the graded response model, Σ over items ∫ Iᵢ(θ) φ(θ) dθ; omega and
    validity from the one-factor model (ML): with loadings λ and residual variances θ,

        validity = Σ_{i in form} Σ_j λᵢλⱼ / (SD of the form's sum · SD of the whole sum).

    With `group`, items that show DIF are named, and what the form does to differences of means
    between groups is told.

    Parameters
    ----------
    frame, items, reversed_items
        As in `alpha`; rows that answered every item are used. At least four items. The different
        rows may stand for the frame (`Patterns`), by the group's column `GroupedPatterns`.
    points
        The answers that every item offers (5 means 1–5).
    sizes
        Numbers of items.
    group
        A column that divides the rows.

    Returns
    -------
    ShortForms
        Sorted: forms without biased items first, then by validity.

    Raises
    ------
    StatisticsError
        As `omega` and `graded_response`; sizes that are not below the number of items.

    References
    ----------
    Levy 1967, https://doi.org/10.1037/h0024610; Smith, McCarthy & Anderson 2000,
    https://doi.org/10.1037/1040-3590.12.1.102

    Examples
    --------
    >>> from processing import KnownModel, cut_points
    >>> from processing import simulate
    >>> loadings = {"a": 0.9, "b": 0.8, "c": 0.8, "d": 0.4, "e": 0.4}
    >>> cuts = dict.fromkeys(loadings, cut_points([0.1, 0.2, 0.4, 0.2, 0.1]))
    >>> frame = simulate(KnownModel({"calm": loadings}, cuts), 2000, seed=1).frame
    >>> short_forms(frame, list(loadings), points=5).proposed[3].items
    ('a', 'b', 'c')

    """
    stop_if_any(_unfit(items, sizes))
    rows, divided_rows = _counted(frame, items, group)
    counts = scale_counts(rows.counts(), items, "listwise", reversed_items, points, None)
    model = graded_response(_turned(rows, reversed_items, points))
    whole = _Whole.of(counts, model, normal_grid(), points)
    biased: tuple[str, ...] = ()
    if divided_rows is not None:
        found = dif(
            divided_rows, items, divided_rows.group, reversed_items=reversed_items, points=points
        )
        biased = found.flagged
    means = _group_means(divided_rows, items, reversed_items, points)
    forms = [
        whole.form(form, biased, means)
        for size in sizes
        for form in combinations(range(len(items)), size)
    ]
    forms.sort(key=lambda form: (len(form.items), len(form.biased), -form.validity))
    everything = tuple(range(len(items)))
    return ShortForms(tuple(items), counts.rows, whole.omega(everything), tuple(forms))


def _unfit(items: Sequence[str], sizes: Sequence[int]) -> Iterator[Problem]:
    if len(items) < 4:
        yield Problem(
            f"scale of {', '.join(items)}",
            f"a scale of four items or more can be shortened, got {len(items)}",
            "Keep it as it is",
        )
        return
    wrong = [size for size in sizes if not 1 < size < len(items)]
    if wrong or not sizes:
        yield Problem(
            "sizes",
            f"a short form has from 2 to {len(items) - 1} items, got {list(sizes)}",
            "Give other sizes",
        )
        return
    forms = sum(_binomial(len(items), size) for size in sizes)
    if forms > MOST_FORMS:
        yield Problem(
            "sizes",
            f"{forms} forms are too many to compare, at most {MOST_FORMS} are",
            "Ask for fewer or smaller forms",
        )


def _binomial(n: int, k: int) -> int:
    return int(np.prod([(n - j) / (j + 1) for j in range(k)]).round())


def _turned(patterns: Patterns, turned: Sequence[str], points: Points) -> Patterns:
    low, high = span_of(points)
    which = np.isin(patterns.items, list(turned))[:, None]
    answers = np.where(which, low + high - patterns.answers, patterns.answers).astype(np.int8)
    return Patterns(patterns.items, answers, patterns.frequency, patterns.squared, patterns.rows)


def _counted(
    frame: pd.DataFrame | Patterns | GroupedPatterns, items: Sequence[str], group: str | None
) -> tuple[Patterns, GroupedPatterns | None]:
    """The different complete rows of everyone and of each group."""
    if isinstance(frame, Patterns):
        return frame.select(items).complete(), None
    if isinstance(frame, GroupedPatterns):
        of = {label: part.select(items).complete() for label, part in frame.of.items()}
        return reduce(add, of.values()), GroupedPatterns(frame.group, of)
    rows = count_patterns(frame, items, complete=True)
    if group is None:
        return rows, None
    found = divided(frame, items, group)
    return rows, GroupedPatterns(
        group,
        {
            label: patterns_of(items, found[label].complete().answers.astype(np.int8, copy=False))
            for label in in_order(found, group)
        },
    )


def _group_means(
    groups: GroupedPatterns | None, items: Sequence[str], turned: Sequence[str], points: Points
) -> Array:
    """(groups, items): means, turned to one direction."""
    low, high = span_of(points)
    of = () if groups is None else groups.of.values()
    means = np.array([part.answers @ part.frequency / part.frequency.sum() for part in of])
    means = means.reshape(-1, len(items))
    return np.where(np.isin(items, list(turned)), low + high - means, means)


@dataclass(frozen=True)
class _Whole:
    """What every form is held against."""

    items: tuple[str, ...]
    loadings: Array
    residuals: Array
    covariance: Array
    mean: Array
    information: Array
    """(items,): averaged over the trait."""
    span: int
    lowest: int

    @classmethod
    def of(cls, counts: Counts, model: GradedResponse, grid: Grid, points: Points) -> "_Whole":
        moments = counts.moments()
        fit = fit_one_factor(moments.covariance)
        if not fit.converged:
            raise StatisticsError(
                Problem(
                    name_of(counts.items),
                    "the one-factor model did not converge",
                    "Look at the correlations: some items may not belong together",
                )
            )
        low, high = span_of(points)
        return cls(
            items=counts.items,
            loadings=fit.loadings,
            residuals=fit.residuals,
            covariance=moments.covariance,
            mean=moments.mean,
            information=model.curves.information(grid.theta) @ grid.weight,
            span=high - low,
            lowest=low,
        )

    def omega(self, form: tuple[int, ...]) -> float:
        chosen = list(form)
        common = float(self.loadings[chosen].sum() ** 2)
        return common / (common + float(self.residuals[chosen].sum()))

    def form(self, form: tuple[int, ...], biased: Sequence[str], means: Array) -> ShortForm:
        chosen = list(form)
        part = np.zeros(len(self.items))
        part[chosen] = 1 / len(form)
        every = np.full(len(self.items), 1 / len(self.items))
        sd_part, sd_every = (
            float(np.sqrt(weight @ self.covariance @ weight)) for weight in (part, every)
        )
        apart = part - every
        share = 100 / self.span
        names = tuple(self.items[item] for item in form)
        return ShortForm(
            items=names,
            information=float(self.information[chosen].sum() / self.information.sum()),
            reliability=self.omega(form),
            validity=float((part @ self.loadings) * (every @ self.loadings) / (sd_part * sd_every)),
            overlap=float(part @ self.covariance @ every / (sd_part * sd_every)),
            spread=share * float(np.sqrt(apart @ self.covariance @ apart)),
            shift=share * float(apart @ self.mean),
            group_shift=_group_shift(means, part / sd_part, every / sd_every),
            biased=tuple(name for name in names if name in biased),
        )


def _group_shift(means: Array, part: Array, every: Array) -> float:
    """Largest change of any difference between two groups, both scores in SDs."""
    if len(means) < 2:
        return float("nan")
    return float(np.ptp(means @ part - means @ every))
