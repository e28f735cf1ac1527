"""Factor means of many groups without equal loadings and intercepts throughout: alignment."""

from collections.abc import Iterator
from dataclasses import astuple, dataclass, field, fields
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import ndtr, ndtri

from processing.counting.patterns import Rows
from processing.counting.rows_used import RowsUsed
from processing.counting.turning import Offered
from processing.errors import Problem, StatisticsError, stop_if_any
from processing.small_matrices import on_one_core

from .alignment_errors import errors_of_places
from .doubts import doubts
from .gathering import Gathered, gather
from .likelihood import complex_jacobian
from .model_language import Model, parse_model
from .parameters import Design, ParameterTable, tabulate
from .solutions import Solution, solve
from .structure import Array, Matrices, structure_of

SMOOTHNESS = (1.0, 0.1, 0.01, 0.001)
"""The rounding of the loss at its bottom, from one great bowl to nearly a point."""

STARTS = 12
DIFFERENT = 0.001
"""Below this p a group's parameter is told apart from that of the groups that agree."""


@dataclass(frozen=True)
class FactorPlace:
    """Where a group stands on a factor, the first group having mean zero and deviation one."""

    factor: str
    group: str
    mean: float
    mean_se: float
    """Zero for the first group, by which all are measured."""
    deviation: float
    deviation_se: float


@dataclass(frozen=True)
class AlignedParameter:
    """One loading, intercept or threshold in all groups, on the aligned factor."""

    kind: str
    """loading, intercept or threshold"""
    factor: str
    item: str
    name: str
    """The item, or for thresholds item and number (``trappe t2``)."""
    estimates: tuple[float, ...]
    """One a group."""
    errors: tuple[float, ...]
    """Standard errors, the places of the groups taken as known."""
    differs: tuple[str, ...]
    """Groups whose value is told apart from that of the others."""


@dataclass(frozen=True)
class Alignment:
    """Groups on a common factor, with as few large differences of items as there can be."""

    model: Model
    estimator: str
    group: str
    groups: tuple[str, ...]
    n: tuple[int, ...]
    rows: RowsUsed
    """Rows used of those given, and why the others were left out."""
    places: tuple[FactorPlace, ...]
    parameters: tuple[AlignedParameter, ...]
    share_differing: float
    """Of all parameters and groups. Above a quarter, do not trust the means (Muthen and
    Asparouhov 2014)."""
    doubts: tuple[str, ...]
    configural: Solution = field(repr=False, compare=False)

    def to_frame(self) -> pd.DataFrame:
        """One row a factor and group: factor, group, mean, mean_se, deviation, deviation_se."""
        columns = [part.name for part in fields(FactorPlace)]
        return pd.DataFrame([astuple(place) for place in self.places], columns=columns)

    def parameters_frame(self) -> pd.DataFrame:
        """One row a parameter and group: kind, factor, name, group, value, se, differs."""
        return pd.DataFrame(
            [
                {
                    "kind": parameter.kind,
                    "factor": parameter.factor,
                    "name": parameter.name,
                    "group": group,
                    "value": value,
                    "se": error,
                    "differs": group in parameter.differs,
                }
                for parameter in self.parameters
                for group, value, error in zip(
                    self.groups, parameter.estimates, parameter.errors, strict=True
                )
            ]
        )

    def __str__(self) -> str:
        return "\n".join(_describe(self))


def align(
    frame: Rows,
    model: str,
    group: str,
    estimator: str = "WLSMV",
    *,
    points: Offered = None,
    seed: int = 1,
) -> Alignment:
    """Place many groups on common factors by alignment.

    The configural model gives loadings lambda and intercepts nu of each group on a factor of mean
    zero and variance one. Means alpha and deviations s of the groups turn them into lambda / s and
    nu - alpha lambda / s without changing the fit. They are chosen so that
    sum over pairs of groups of sqrt(n n') (x^2 + .001)^(1/4), x being the differences of loadings
    and of intercepts, is least: a loss that rather has few large differences than many small ones.
    For ordinal items thresholds, in units of the residual's deviation, stand for intercepts.

    Standard errors of means and deviations are those of the configural parameters, carried through
    the least loss by the delta method; they say nothing of items that differ in truth and were
    taken as alike.

    Parameters
    ----------
    frame, model, group, estimator, points
        As for `invariance`; every item belongs to one factor.
    seed
        Of the random places from which the search starts.

    Returns
    -------
    Alignment
        Means and deviations of each factor and group, and which parameters differ where.

    Raises
    ------
    StatisticsError
        As `invariance`, and for an item of two factors or a factor of higher order.

    References
    ----------
    Asparouhov and Muthen (2014), https://doi.org/10.1080/10705511.2014.919210. Muthen and
    Asparouhov (2014), https://doi.org/10.3389/fpsyg.2014.00978.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> area = np.repeat(["north", "south", "west"], 2000)
    >>> calm = rng.normal(size=6000) + 0.5 * (area == "west")
    >>> answers = {name: 0.8 * calm + 0.6 * rng.normal(size=6000) for name in "abcd"}
    >>> answers["d"] += 0.6 * (area == "south")
    >>> result = align(pd.DataFrame(answers).assign(area=area), "calm =~ a+b+c+d", "area", "ML")
    >>> result.to_frame()["mean"].round(1).tolist()
    [0.0, 0.0, 0.5]
    >>> [(row.name, row.differs) for row in result.parameters if row.differs]
    [('d', ('south',))]

    """
    parsed = parse_model(model)
    _stop_unless_simple(parsed)
    found = gather(frame, parsed, estimator, group, points)
    data = found.data
    design = Design(groups=data.names, std_lv=True, means=True, thresholds=data.thresholds)
    with on_one_core():
        configural = solve(data, tabulate(parsed, design))
        return _align(configural, group, seed, found)


def _explained_whole(configural: Solution) -> Iterator[Problem]:
    """Items of which a factor explains all variance, so that no residual is left to measure by."""
    if not configural.table.design.ordinal:
        return
    for name, matrices in zip(configural.data.names, configural.matrices(), strict=True):
        loadings = matrices.lambda_[: len(configural.table.model.items)]
        explained = np.einsum("if,fg,ig->i", loadings, matrices.psi, loadings)
        for item, share in zip(configural.table.model.items, explained.tolist(), strict=True):
            if share >= 1:
                yield Problem(
                    f"item {item!r} in group {name!r}",
                    f"its factor explains {share:.2f} of its variance, and 1 is all (Heywood case)",
                    "Leave the item out, or one that it resembles",
                )


def _align(configural: Solution, group: str, seed: int, found: Gathered) -> Alignment:
    data, model = configural.data, configural.table.model
    if not configural.search.converged:
        raise StatisticsError(
            Problem("model", "the configural model did not converge", "Look at `invariance` first")
        )
    stop_if_any(_explained_whole(configural))
    rng = np.random.default_rng(seed)
    covariance = data.estimate_covariance(configural.table, configural.optimum)
    places: list[FactorPlace] = []
    parameters: list[AlignedParameter] = []
    for factor in model.factors:
        question = _Question.of(configural, factor)
        means, deviations = _search(question, rng)
        errors = _errors(configural, covariance, question, means, deviations)
        places += [
            FactorPlace(factor, name, *map(float, numbers))
            for name, *numbers in zip(
                data.names, means, errors[0], deviations, errors[1], strict=True
            )
        ]
        parameters += _aligned(configural, covariance, question, means, deviations)
    told_apart = sum(len(parameter.differs) for parameter in parameters)
    return Alignment(
        model=model,
        estimator=data.estimator,
        group=group,
        groups=data.names,
        n=data.counts,
        rows=found.rows,
        places=tuple(places),
        parameters=tuple(parameters),
        share_differing=told_apart / (len(parameters) * len(data.names)),
        doubts=(*doubts(configural), *found.doubts),
        configural=configural,
    )


def _stop_unless_simple(model: Model) -> None:
    crossed = {item for item in model.items if sum(t.right == item for t in model.loadings) > 1}
    if crossed or model.is_hierarchical:
        what = f"{', '.join(sorted(crossed))} of two factors" if crossed else "a higher factor"
        raise StatisticsError(
            Problem(
                "model",
                f"alignment takes items of one factor each, found {what}",
                "Leave the further loadings or the higher factor out",
            )
        )


@dataclass(frozen=True)
class _Question:
    """The configural parameters of one factor; G groups, k items, c intercepts or thresholds."""

    factor: str
    column: int
    items: tuple[str, ...]
    item_rows: NDArray[np.intp]
    names: tuple[str, ...]
    """(c,)"""
    owner: NDArray[np.intp]
    """(c,) which of the k items each intercept or threshold belongs to."""
    category: NDArray[np.intp]
    """(c,)"""
    sign: float
    """What a higher factor mean does: lowers an intercept, raises a threshold."""
    loadings: Array
    """(G, k)"""
    levels: Array
    """(G, c)"""
    rows: Array
    """(G,)"""

    @classmethod
    def of(cls, solution: Solution, factor: str) -> "_Question":
        table = solution.table
        items = table.model.indicators(factor)
        item_rows = np.array([table.model.items.index(item) for item in items])
        counts = [table.design.thresholds[row] if table.design.ordinal else 1 for row in item_rows]
        owner = np.repeat(np.arange(len(items)), counts)
        category = np.concatenate([np.arange(count) for count in counts])
        names = tuple(
            f"{items[item]} t{place + 1}" if table.design.ordinal else items[item]
            for item, place in zip(owner, category, strict=True)
        )
        question = cls(
            factor=factor,
            column=table.model.factors.index(factor),
            items=items,
            item_rows=item_rows,
            names=names,
            owner=owner,
            category=category,
            sign=1.0 if table.design.ordinal else -1.0,
            loadings=np.zeros(0),
            levels=np.zeros(0),
            rows=np.array(solution.data.counts, dtype=float),
        )
        parts = [question.read(table, matrices) for matrices in solution.matrices()]
        loadings, levels = (np.array(part) for part in zip(*parts, strict=True))
        return cls(**{**vars(question), "loadings": loadings, "levels": levels})

    def read(self, table: ParameterTable, matrices: Matrices) -> tuple[Array, Array]:
        """(k,) loadings and (c,) levels of one group; complex where the matrices are."""
        loadings = matrices.lambda_[..., self.item_rows, self.column]
        if not table.design.ordinal:
            return loadings, matrices.nu[..., self.item_rows]
        variance = matrices.psi[..., self.column, self.column, None]
        unit = np.sqrt(1 - loadings**2 * variance)
        levels = matrices.tau[..., self.item_rows[self.owner], self.category]
        return loadings / unit, levels / unit[..., self.owner]

    def turn(self, loadings: Array, levels: Array, mean: Array, deviation: Array) -> Array:
        """(..., k + c) on a factor with this mean and deviation."""
        turned = loadings / deviation
        moved = levels + self.sign * mean * turned[..., self.owner]
        return np.concatenate([turned, moved], axis=-1)


def _search(question: _Question, rng: np.random.Generator) -> tuple[Array, Array]:
    """(G,) means and deviations of least loss, the best of several starts."""
    groups = len(question.rows)
    starts = [np.zeros(2 * (groups - 1))]
    starts += [0.4 * rng.normal(size=2 * (groups - 1)) for _ in range(STARTS - 1)]
    best, least = starts[0], np.inf
    for start in starts:
        point, value = start, np.inf
        for smoothness in SMOOTHNESS:
            found = minimize(_loss, point, args=(question, smoothness), jac=True, method="L-BFGS-B")
            point, value = found.x, float(found.fun)
        if value < least:
            best, least = point, value
    means, logs = _places(best)
    return means, np.exp(logs)


def _places(point: Array) -> tuple[Array, Array]:
    means, logs = np.split(point, 2)
    return np.append(0.0, means), np.append(0.0, logs)


def _loss(point: Array, question: _Question, smoothness: float) -> tuple[float, Array]:
    """The loss and its gradient by means and logarithms of deviations of all groups but one."""
    means, logs = _places(point)
    deviations = np.exp(logs)[:, None]
    turned = question.turn(question.loadings, question.levels, means[:, None], deviations)
    first, second = np.array(list(combinations(range(len(means)), 2))).T
    weight = np.sqrt(question.rows[first] * question.rows[second])
    weight = weight / weight.sum()
    apart = turned[first] - turned[second]
    rounded = apart**2 + smoothness
    slope = weight[:, None] * apart / (2 * rounded**0.75)
    by_turned = np.zeros_like(turned)
    np.add.at(by_turned, first, slope)
    np.add.at(by_turned, second, -slope)
    k = question.loadings.shape[1]
    loadings = turned[:, :k]
    by_levels = question.sign * by_turned[:, k:]
    by_mean = (by_levels * loadings[:, question.owner]).sum(axis=1)
    by_log = -(by_turned[:, :k] * loadings).sum(axis=1) - means * by_mean
    value = float((weight[:, None] * rounded**0.25).sum())
    return value, np.concatenate([by_mean[1:], by_log[1:]])


def _errors(
    solution: Solution, covariance: Array, question: _Question, means: Array, deviations: Array
) -> tuple[Array, Array]:
    """(G,) standard errors of the places."""
    table = solution.table
    structures = structure_of(table)

    def read(values: Array) -> Array:
        parts = [question.read(table, structure.fill(values)) for structure in structures]
        return np.concatenate([part for pair in parts for part in pair], axis=-1)

    jacobian = complex_jacobian(read, solution.optimum)
    weight = np.sqrt(np.outer(question.rows, question.rows))
    np.fill_diagonal(weight, 0.0)
    return errors_of_places(
        question.loadings,
        question.levels,
        question.owner,
        question.sign,
        (means, deviations),
        weight,
        SMOOTHNESS[-1],
        jacobian @ covariance @ jacobian.T,
    )


def _aligned(
    solution: Solution,
    covariance: Array,
    question: _Question,
    means: Array,
    deviations: Array,
) -> Iterator[AlignedParameter]:
    table = solution.table
    structures = structure_of(table)

    def turned(values: Array) -> Array:
        parts = [
            question.turn(*question.read(table, structure.fill(values)), mean, deviation)
            for structure, mean, deviation in zip(structures, means, deviations, strict=True)
        ]
        return np.concatenate(parts, axis=-1)

    jacobian = complex_jacobian(turned, solution.optimum)
    shape = (len(means), -1)
    errors = np.sqrt(((jacobian @ covariance) * jacobian).sum(axis=1)).reshape(shape)
    values = turned(solution.optimum).reshape(shape)
    level = "threshold" if table.design.ordinal else "intercept"
    owners = [*range(len(question.items)), *question.owner]
    for place, owner in enumerate(owners):
        is_loading = place < len(question.items)
        item = question.items[owner]
        agree = _agreeing(values[:, place], errors[:, place], question.rows)
        yield AlignedParameter(
            kind="loading" if is_loading else level,
            factor=question.factor,
            item=item,
            name=item if is_loading else question.names[place - len(question.items)],
            estimates=tuple(values[:, place].tolist()),
            errors=tuple(errors[:, place].tolist()),
            differs=tuple(
                name for name, same in zip(table.design.groups, agree, strict=True) if not same
            ),
        )


def _agreeing(values: Array, errors: Array, rows: Array) -> NDArray[np.bool_]:
    """Which groups belong to the largest set that no test tells apart.

    Beginning with the groups that do not differ from the weighted median, groups leave the set that
    differ from its mean and enter that do not, until none does.
    """
    order = np.argsort(values)
    half = np.searchsorted(np.cumsum(rows[order]), rows.sum() / 2)
    centre = values[order[half]]
    agree = np.abs(values - centre) <= errors * -ndtri(DIFFERENT / 2)
    for _ in range(len(values)):
        if not agree.any():
            agree = values == centre
        weights = rows * agree
        share = weights / weights.sum()
        mean = float(share @ values)
        # A group of the set is compared with a mean of which it is a part.
        own = np.where(agree, 1 - 2 * share, 1.0)
        spread = np.sqrt(own * errors**2 + float(share**2 @ errors**2))
        # A set of one is its own mean.
        spread = np.where(spread > 0, spread, 1.0)
        now = 2 * ndtr(-np.abs(values - mean) / spread) >= DIFFERENT
        if (now == agree).all():
            break
        agree = now
    return np.asarray(agree)


def _describe(result: Alignment) -> Iterator[str]:
    rows = " + ".join(f"{n} ({name})" for n, name in zip(result.n, result.groups, strict=True))
    yield f"Alignment over {result.group}, {result.estimator}: n = {rows}"
    yield from result.rows.lines()
    yield from (f"! {doubt}" for doubt in result.doubts)
    yield result.to_frame().round(3).to_string(index=False)
    yield f"{result.share_differing:.0%} of the loadings and intercepts differ"
    for parameter in result.parameters:
        if parameter.differs:
            yield f"  {parameter.kind} of {parameter.name}: {', '.join(parameter.differs)}"
    if result.share_differing > 0.25:
        yield "! More than a quarter differ: the means are not to be trusted."
