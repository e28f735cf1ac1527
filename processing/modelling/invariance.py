"""Whether a scale measures the same in every group."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from processing.counting.patterns import Rows
from processing.counting.rows_used import RowsUsed
from processing.counting.turning import Offered
from processing.errors import Problem, stop_if_any
from processing.small_matrices import on_one_core

from .confirmatory import describe_fit, describe_p
from .difference_tests import DifferenceTest, compare
from .doubts import doubts
from .estimates import Estimate, estimates
from .fit_measures import FitMeasures
from .gathering import Gathered, gather
from .model_language import Model, parse_model
from .modification import ModificationIndex, equality_indices
from .parameters import Design, Key, ParameterTable, tabulate
from .solutions import Data, Solution, solve
from .structure import Array

STEPS = {
    "configural": frozenset[str](),
    "thresholds": frozenset({"thresholds"}),
    "metric": frozenset({"thresholds", "loadings"}),
    "scalar": frozenset({"thresholds", "loadings", "intercepts"}),
    "strict": frozenset({"thresholds", "loadings", "intercepts", "residuals"}),
}
"""What is equal over groups at each step; thresholds only for ordinal items."""

_NEW = {
    "thresholds": ("tau",),
    "metric": ("lambda", "beta"),
    "scalar": ("nu",),
    "strict": ("theta",),
}
"""The matrices whose equality a step adds."""

NAN = float("nan")


@dataclass(frozen=True)
class InvarianceStep:
    """One model of the sequence, next to the one before it."""

    name: str
    converged: bool
    fit: FitMeasures
    test: DifferenceTest | None
    """Against the step before; None for the first."""
    delta_cfi: float
    """CFI less that of the step before (both scaled where the test is); nan for the first."""
    delta_rmsea: float
    delta_srmr: float
    doubts: tuple[str, ...]


@dataclass(frozen=True)
class Suggestion:
    """A parameter whose equality costs most; whether to free it is for people to judge."""

    step: str
    index: ModificationIndex

    @property
    def parameter(self) -> str:
        """In the form that `invariance(free=...)` takes."""
        parts = (self.index.left, self.index.operator, self.index.right)
        return " ".join(part for part in parts if part)


@dataclass(frozen=True)
class Invariance:
    """The sequence of ever more equal models."""

    model: Model
    estimator: str
    group: str
    """The column that divides the rows."""
    groups: tuple[str, ...]
    n: tuple[int, ...]
    rows: RowsUsed
    """Rows used of those given, and why the others were left out."""
    doubts: tuple[str, ...]
    """What is odd in the answers themselves; each step has doubts of its own."""
    free: tuple[str, ...]
    """Parameters that the caller let differ over groups (partial invariance)."""
    steps: tuple[InvarianceStep, ...]
    suggestions: tuple[Suggestion, ...]
    """Largest first within each step; p below .05 shared among all that were tried."""
    factor_means: tuple[Estimate, ...]
    """Of later groups, in standard deviations of the first, from the scalar step."""
    solutions: tuple[Solution, ...] = field(repr=False, compare=False)

    def to_frame(self) -> pd.DataFrame:
        """One row a step: fit, changes and the test against the step before."""
        return pd.DataFrame([_row(step) for step in self.steps])

    def suggestions_frame(self) -> pd.DataFrame:
        """One row a suggestion."""
        return pd.DataFrame(
            [
                {
                    "step": suggestion.step,
                    "parameter": suggestion.parameter,
                    "group": suggestion.index.group,
                    "chi_square": suggestion.index.chi_square,
                    "p": suggestion.index.p,
                    "change": suggestion.index.change,
                }
                for suggestion in self.suggestions
            ],
            columns=["step", "parameter", "group", "chi_square", "p", "change"],
        )

    def __str__(self) -> str:
        return "\n".join(_describe(self))


def invariance(
    frame: Rows,
    model: str,
    group: str,
    estimator: str = "WLSMV",
    *,
    free: Iterable[str] = (),
    points: Offered = None,
) -> Invariance:
    """Fit a model to all groups with ever more held equal.

    ==========  ===========================================================================
    configural  the same items measure the same factors
    thresholds  ordinal items only: answers are cut at the same places
    metric      and loadings are equal: relations may be compared
    scalar      and intercepts: means may be compared
    strict      and residual variances: raw scores may be compared throughout
    ==========  ===========================================================================

    Ordinal items follow Wu and Estabrook (2016): thresholds first, since only equal thresholds
    give responses of different groups one scale; intercepts are zero in the first group. An item
    of two answers has one threshold, which cannot tell its scale from its intercept, so that its
    scale is freed with the equal intercepts only. Factors have mean zero and variance one in the
    first group. Groups go by ascending value, the first being the one compared with.

    Parameters
    ----------
    frame, model, estimator, points
        As for `cfa`.
    group
        The column that divides the rows; those without a value are left out.
    free
        Parameters to let differ over groups, as suggestions write them: ``"tryg =~ trappe"``,
        ``"trappe ~1"``, ``"trappe | t2"``, ``"trappe ~~ trappe"``. Nothing is freed unasked.

    Returns
    -------
    Invariance
        Differences are tested by `compare`; changes of CFI and RMSEA are those of the scaled
        indices where there are any. Chen's (2007) limits for them were found under maximum
        likelihood and hold for WLSMV provisionally.

    Raises
    ------
    StatisticsError
        As `cfa`; an empty category in one group is named with item and group.

    References
    ----------
    Wu and Estabrook (2016), https://doi.org/10.1007/s11336-016-9506-0. Chen (2007),
    https://doi.org/10.1080/10705510701301834.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> calm = rng.normal(size=800)
    >>> answers = {name: 0.8 * calm + 0.6 * rng.normal(size=800) for name in "abcd"}
    >>> frame = pd.DataFrame(answers).assign(mode=np.repeat(["paper", "web"], 400))
    >>> result = invariance(frame, "calm =~ a + b + c + d", "mode", "ML")
    >>> result.to_frame()[["step", "df"]].to_dict("list")
    {'step': ['configural', 'metric', 'scalar', 'strict'], 'df': [4, 7, 10, 14]}

    """
    parsed = parse_model(model)
    named = (free,) if isinstance(free, str) else tuple(free)
    found = gather(frame, parsed, estimator, group, points)
    with on_one_core():
        return _sequence(found, parsed, group, named)


def _sequence(found: Gathered, model: Model, group: str, free: tuple[str, ...]) -> Invariance:
    data = found.data
    names = [name for name in STEPS if data.thresholds or name != "thresholds"]
    released = _read_free(free, data, model)
    solutions: list[Solution] = []
    for name in names:
        table = tabulate(model, _design(data, STEPS[name], released))
        solutions.append(solve(data, table, _carried(solutions[-1:], table)))
    fits = [solution.fit() for solution in solutions]
    steps = tuple(
        _step(name, solutions[max(place - 1, 0) : place + 1], fits[max(place - 1, 0) : place + 1])
        for place, name in enumerate(names)
    )
    return Invariance(
        model=model,
        estimator=data.estimator,
        group=group,
        groups=data.names,
        n=data.counts,
        rows=found.rows,
        doubts=found.doubts,
        free=free,
        steps=steps,
        suggestions=tuple(
            suggestion
            for name, solution in zip(names, solutions, strict=True)
            for suggestion in _suggest(name, solution)
        ),
        factor_means=_factor_means(solutions[names.index("scalar")]),
        solutions=tuple(solutions),
    )


def _design(data: Data, equal: frozenset[str], released: frozenset[Key]) -> Design:
    ordinal = bool(data.thresholds)
    return Design(
        groups=data.names,
        std_lv=True,
        means=True,
        thresholds=data.thresholds,
        equal=equal if ordinal else equal - {"thresholds"},
        released=released,
        # Equal residual variances are said in their own scale, theta.
        residual_scale=ordinal and "residuals" in equal,
    )


def _read_free(free: Iterable[str], data: Data, model: Model) -> frozenset[Key]:
    known = {
        row.key
        for row in tabulate(model, _design(data, STEPS["strict"], frozenset())).rows
        if any(row.matrix in matrices for matrices in _NEW.values())
    }
    asked: dict[str, Key] = {}
    for word in free:
        left, operator, right = (*word.split(maxsplit=2), "", "", "")[:3]
        asked[word] = (left, operator, right)
    stop_if_any(
        Problem(
            "free",
            f"{word!r} is no parameter that is held equal",
            "Write it as in 'tryg =~ trappe', 'trappe ~1', 'trappe | t2' or 'trappe ~~ trappe'",
        )
        for word, key in asked.items()
        if key not in known
    )
    return frozenset(asked.values())


def _carried(before: Sequence[Solution], table: ParameterTable) -> Array | None:
    """Where the last step ended: the mean over the cells that are now one parameter."""
    if not before or before[0].table.design.residual_scale != table.design.residual_scale:
        return None
    (last,) = before
    filled = last.matrices()
    total, counted = np.zeros(table.count), np.zeros(table.count)
    for row in table.rows:
        if row.index >= 0:
            total[row.index] += float(np.real(filled[row.group].cell(row)))
            counted[row.index] += 1
    return total / counted if last.search.converged else None


def _step(name: str, pair: Sequence[Solution], fits: Sequence[FitMeasures]) -> InvarianceStep:
    fit, solution = fits[-1], pair[-1]
    change = [NAN, NAN, NAN]
    if len(pair) == 2:
        change = [after - before for before, after in zip(*map(_indices, fits), strict=True)]
    return InvarianceStep(
        name=name,
        converged=solution.search.converged,
        fit=fit,
        test=compare(*pair) if len(pair) == 2 else None,
        delta_cfi=change[0],
        delta_rmsea=change[1],
        delta_srmr=change[2],
        doubts=tuple(doubts(solution)),
    )


def _indices(fit: FitMeasures) -> tuple[float, float, float]:
    if np.isfinite(fit.cfi_scaled):
        return fit.cfi_scaled, fit.rmsea_scaled, fit.srmr
    return fit.cfi, fit.rmsea, fit.srmr


def _suggest(name: str, solution: Solution) -> Iterator[Suggestion]:
    tried = equality_indices(solution, _NEW.get(name, ()))
    for index in tried:
        if index.p < 0.05 / len(tried):
            yield Suggestion(name, index)


def _factor_means(scalar: Solution) -> tuple[Estimate, ...]:
    reference = scalar.table.design.groups[0]
    return tuple(
        row
        for row in estimates(scalar)
        if row.operator == "~1"
        and row.left in scalar.table.model.factors
        and row.group != reference
    )


def _row(step: InvarianceStep) -> dict[str, object]:
    cfi, rmsea, srmr = _indices(step.fit)
    scaled = np.isfinite(step.fit.chi_square_scaled)
    return {
        "step": step.name,
        "chi_square": step.fit.chi_square_scaled if scaled else step.fit.chi_square,
        "df": step.fit.df,
        "p": step.fit.p_scaled if scaled else step.fit.p,
        "cfi": cfi,
        "rmsea": rmsea,
        "srmr": srmr,
        "delta_cfi": step.delta_cfi,
        "delta_rmsea": step.delta_rmsea,
        "delta_srmr": step.delta_srmr,
        "delta_chi_square": step.test.chi_square if step.test else NAN,
        "delta_df": step.test.df if step.test else 0,
        "delta_p": step.test.p if step.test else NAN,
        "converged": step.converged,
    }


def _describe(result: Invariance) -> Iterator[str]:
    rows = " + ".join(f"{n} ({name})" for n, name in zip(result.n, result.groups, strict=True))
    yield f"Invariance over {result.group}, {result.estimator}: n = {rows}"
    yield from result.rows.lines()
    yield from (f"! {doubt}" for doubt in result.doubts)
    if result.free:
        yield f"Let differ: {', '.join(result.free)}"
    for step in result.steps:
        yield f"{step.name:<11}{describe_fit(step.fit)}"
        if step.test and step.test.df <= 0:
            yield f"{'':<11}no test: {_why_untested(result, step)}"
        elif step.test:
            yield (
                f"{'':<11}change: chi-square {step.test.chi_square:.2f}, df {step.test.df},"
                f" {describe_p(step.test.p)}; CFI {step.delta_cfi:+.3f},"
                f" RMSEA {step.delta_rmsea:+.3f}, SRMR {step.delta_srmr:+.3f}"
            )
        yield from (f"! {doubt}" for doubt in step.doubts)
    if result.suggestions:
        yield "What equality costs most (to be judged, nothing was freed):"
        yield from (
            f"  {suggestion.step}: {suggestion.parameter} in group {suggestion.index.group},"
            f" chi-square {suggestion.index.chi_square:.1f}"
            for suggestion in result.suggestions
        )


def _why_untested(result: Invariance, step: InvarianceStep) -> str:
    """What the numbers of categories have to do with a step that restricts nothing."""
    few = {
        answers: [
            item
            for item, cuts in zip(
                result.model.items, result.solutions[0].data.thresholds, strict=False
            )
            if cuts == answers - 1
        ]
        for answers in (2, 3)
    }
    if step.test and step.test.df == 0 and step.name == "thresholds":
        told = [
            f"{', '.join(items)} ({answers} answers)" for answers, items in few.items() if items
        ]
        return (
            "this is the model before in other words, for with two or three answers the thresholds"
            f" of an item only set its mean and scale: {'; '.join(told)}"
        )
    if few[2]:
        return (
            "this model does not lie within the one before, for an item of two answers has its"
            f" scale freed as its intercept is tied: {', '.join(few[2])}"
        )
    return "this step ties nothing that was free"
