"""A measurement model of people and of their areas at once, and how reliable it is on each level."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.counting.answers import choose_items, read_codes
from processing.counting.rows_used import RowsUsed, has_group
from processing.errors import Problem, StatisticsError, stop_if_any
from processing.modelling.confirmatory import describe_fit
from processing.modelling.estimates import describe_loading, standardised_loadings
from processing.modelling.fit_measures import FitMeasures, Likelihood, ModelTest, measure_fit
from processing.modelling.likelihood import complex_jacobian
from processing.modelling.model_language import Model, parse_model
from processing.modelling.parameters import Design, ParameterTable, tabulate
from processing.modelling.starting import starting_values
from processing.modelling.structure import Matrices, structure_of

from .two_level_likelihood import (
    Level,
    Peak,
    Sums,
    independent,
    maximise,
    saturated,
    sum_up,
)

Array = NDArray[np.float64]

LEVELS = ("within", "between")


@dataclass(frozen=True)
class LevelEstimate:
    """One parameter of one level."""

    level: str
    left: str
    operator: str
    right: str
    estimate: float
    se: float
    """Zero where the parameter is fixed."""
    standardised: float
    """With the variance on this level at one; NaN where that variance is below zero."""


@dataclass(frozen=True)
class LevelReliability:
    """How reliable the sum of all items is on one level, free of what lies on the other."""

    level: str
    alpha: float
    omega: float
    """Σ over factors; between areas it says how alike the items rank true area means."""


@dataclass(frozen=True)
class TwoLevels:
    """A fitted model of two levels."""

    n: int
    rows: RowsUsed
    """Rows used of those given, and why the others were left out."""
    areas: int
    items: tuple[str, ...]
    icc: dict[str, float]
    """Item -> share of its variance between areas."""
    fit: FitMeasures
    """srmr is the mean of the two levels'."""
    srmr: dict[str, float]
    """Level -> SRMR."""
    estimates: tuple[LevelEstimate, ...]
    reliability: tuple[LevelReliability, ...]
    converged: bool
    doubts: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row a parameter and level."""
        return pd.DataFrame([asdict(estimate) for estimate in self.estimates])

    def __str__(self) -> str:
        lines = [f"Two-level factor analysis, ML: n = {self.n} in {self.areas} areas"]
        lines += self.rows.lines()
        lines += [f"! {doubt}" for doubt in self.doubts]
        lines.append(describe_fit(self.fit))
        lines += [
            f"{part.level}: alpha {part.alpha:.3f}, omega {part.omega:.3f},"
            f" SRMR {self.srmr[part.level]:.3f}"
            for part in self.reliability
        ]
        for level in LEVELS:
            lines += ["", f"Standardised loadings, {level}"]
            lines.append(self.loadings(level).to_string(float_format=describe_loading))
        return "\n".join(lines)

    def loadings(self, level: str = "within") -> pd.DataFrame:
        """(items and lower factors, factors) standardised loadings of one level."""
        own = [estimate for estimate in self.estimates if estimate.level == level]
        return standardised_loadings(own, self.items)


def two_levels(
    frame: pd.DataFrame, model: str, area: str, *, between: str | None = None
) -> TwoLevels:
    """Fit one measurement model to people within areas and one to the areas.

    y = μ + u + e, cov(e) = Σw(model), cov(u) = Σb(between). Of complete rows the likelihood needs
    only the pooled products within areas, and, by size of area, the mean and products of the areas'
    means; it is maximised as it is, for areas of any sizes (no MUML). Answers are taken as numbers.

    Standard errors come from the observed information; χ² is against free covariances on both
    levels, and the baseline has none on either.

    Parameters
    ----------
    frame
        Whole numbers; negative codes and NaN are missing, and rows that miss any are left out.
    model
        The model within areas, as in `cfa`.
    area
        A column that names the area; rows without one (empty, or a code below zero) are left out.
    between
        The model between areas, of the same items; by default the same.

    Returns
    -------
    TwoLevels
        Reliability of the sum of items on each level: alpha from the free covariance matrices,
        omega from the model's (Geldhof, Preacher & Zyphur 2014).

    Raises
    ------
    StatisticsError
        Unknown items, an item that does not vary within areas, no more areas than items, areas of
        one row each, models of different items, a model that finds no maximum.

    References
    ----------
    Muthén 1994, https://doi.org/10.1177/0049124194022003006; Geldhof, Preacher & Zyphur 2014,
    https://doi.org/10.1037/a0032138

    Examples
    --------
    >>> from processing import KnownModel
    >>> from processing import simulate
    >>> known = KnownModel.simple({"calm": ["a", "b", "c", "d"]}, 0.8, area_share=0.2)
    >>> frame = simulate(known, 2000, seed=1, areas=80).frame
    >>> fitted = two_levels(frame, "calm =~ a + b + c + d", "area")
    >>> fitted.fit.df, fitted.converged
    (4, True)

    """
    models = parse_model(model), parse_model(model if between is None else between)
    sums, rows = _read(frame, models, area)
    covariances = sums.pooled_within, _made_possible(sums)
    tables = tuple(tabulate(part, Design()) for part in models)
    levels = tuple(_level(table) for table in tables)
    mean = sums.of_means()[0]
    start = [
        starting_values(table, "axes", [covariance])
        for table, covariance in zip(tables, covariances, strict=True)
    ]
    peak = maximise(sums, levels[0], levels[1], (start[0], start[1], mean))
    p = len(models[0].items)
    row, column = np.tril_indices(p)
    free = maximise(
        sums,
        saturated(p),
        saturated(p),
        (covariances[0][row, column], covariances[1][row, column], mean),
    )
    none = maximise(
        sums,
        independent(p),
        independent(p),
        (np.diag(covariances[0]), np.diag(covariances[1]), mean),
    )
    if not (peak.converged and free.converged):
        raise StatisticsError(
            Problem(
                "model",
                "the two-level model finds no maximum: some variance between areas may be zero",
                "Simplify the model between areas, or use more areas",
            )
        )
    return _report(sums, rows, tables, peak, free, none)


def _read(frame: pd.DataFrame, models: tuple[Model, Model], area: str) -> tuple[Sums, RowsUsed]:
    items = choose_items(frame, models[0].items)
    choose_items(frame, [area], called="column of areas")
    if sorted(models[0].items) != sorted(models[1].items):
        raise StatisticsError(
            Problem(
                "between",
                f"both levels have the same items, got {models[0].items} and {models[1].items}",
                "Name the same items in both models",
            )
        )
    if models[0].items != models[1].items:
        raise StatisticsError(
            Problem(
                "between",
                "both levels name their items in one order",
                f"Write them as {', '.join(models[0].items)}",
            )
        )
    codes = read_codes(frame, items)
    placed = has_group(frame[area])
    kept = (codes >= 0).all(axis=0) & placed
    place, names = pd.factorize(frame[area][kept])
    stop_if_any(_few_areas(len(names), int(kept.sum()), items, area))
    sums = sum_up(codes[:, kept].T.astype(np.float64), np.asarray(place, dtype=np.intp))
    stop_if_any(
        Problem(f"item {item!r}", "it does not vary within areas", "Leave the item out")
        for item, variance in zip(items, np.diag(sums.within), strict=True)
        if not variance > 0
    )
    if np.linalg.cond(sums.pooled_within) > 1e12:
        raise StatisticsError(
            Problem(
                f"items {', '.join(items)}",
                "their covariance matrix within areas is singular",
                "Leave out items that repeat or sum up others",
            )
        )
    used, without = int(kept.sum()), int((~placed).sum())
    return sums, RowsUsed(used, len(frame), len(frame) - used - without, without, area)


def _few_areas(areas: int, n: int, items: Sequence[str], area: str) -> Iterator[Problem]:
    if areas <= len(items):
        yield Problem(
            f"areas {area!r}",
            f"{len(items)} items need more than {len(items)} areas, found {areas}",
            "Use smaller areas, or fewer items",
        )
    elif n - areas <= len(items):
        yield Problem(
            f"areas {area!r}",
            f"{n} rows in {areas} areas say too little of differences within areas",
            "Use larger areas",
        )


def _made_possible(sums: Sums) -> Array:
    """The covariance between areas, with its smallest variances lifted above zero."""
    covariance = sums.between()
    values, vectors = np.linalg.eigh(covariance)
    least = 0.02 * np.trace(sums.pooled_within) / len(covariance)
    return np.asarray(vectors @ np.diag(np.maximum(values, least)) @ vectors.T)


def _level(table: ParameterTable) -> Level:
    (structure,) = structure_of(table)

    def sigma(values: Array) -> Array:
        return structure.fill(values).sigma

    def slopes(values: Array) -> Array:
        def stack(moved: Array) -> Array:
            return np.array([sigma(one).ravel() for one in moved])

        side = len(table.model.items)
        return complex_jacobian(stack, values).T.reshape(-1, side, side)

    return Level(table.count, sigma, slopes)


def _report(
    sums: Sums,
    rows: RowsUsed,
    tables: tuple[ParameterTable, ...],
    peak: Peak,
    free: Peak,
    none: Peak,
) -> TwoLevels:
    p = len(tables[0].model.items)
    values = peak.within, peak.between
    filled = [structure_of(table)[0].fill(own) for table, own in zip(tables, values, strict=True)]
    observed = [saturated(p).sigma(own) for own in (free.within, free.between)]
    srmr = {
        level: _srmr(found, part.sigma)
        for level, found, part in zip(LEVELS, observed, filled, strict=True)
    }
    count = len(peak.within) + len(peak.between) + p
    df = p * (p + 1) + p - count
    fit = measure_fit(
        ModelTest(2 * (free.loglik - peak.loglik), df),
        ModelTest(2 * (free.loglik - none.loglik), p * (p - 1)),
        Likelihood(peak.loglik, count, sums.n),
        rows=sums.n,
        groups=1,
        srmr=float(np.mean([*srmr.values()])),
        robust=None,
    )
    items = tables[0].model.items
    total = np.diag(observed[0]) + np.diag(observed[1])
    estimates = tuple(_estimates(tables, filled, values, peak))
    return TwoLevels(
        n=sums.n,
        rows=rows,
        areas=sums.areas,
        items=items,
        icc=dict(zip(items, (np.diag(observed[1]) / total).tolist(), strict=True)),
        fit=fit,
        srmr=srmr,
        estimates=estimates,
        reliability=tuple(
            LevelReliability(level, _alpha(found), _omega(part))
            for level, found, part in zip(LEVELS, observed, filled, strict=True)
        ),
        converged=peak.converged,
        doubts=tuple(_doubts(estimates)),
    )


def _estimates(
    tables: Sequence[ParameterTable],
    filled: Sequence[Matrices],
    values: Sequence[Array],
    peak: Peak,
) -> Iterator[LevelEstimate]:
    with np.errstate(invalid="ignore"):
        errors = np.sqrt(np.diag(peak.covariance))
    start = 0
    for level, table, matrices, own in zip(LEVELS, tables, filled, values, strict=True):
        for row in table.rows:
            if row.matrix in {"nu", "alpha"}:
                continue
            raw = float(matrices.cell(row))
            yield LevelEstimate(
                level=level,
                left=row.left,
                operator=row.operator,
                right=row.right,
                estimate=raw,
                se=float(errors[start + row.index]) if row.index >= 0 else 0.0,
                standardised=_standardised(raw, row.matrix, row.row, row.column, matrices),
            )
        start += len(own)


def _standardised(raw: float, matrix: str, row: int, column: int, matrices: Matrices) -> float:
    # A variance below zero between areas leaves nothing to standardise by.
    with np.errstate(invalid="ignore"):
        items, factors = np.sqrt(np.diag(matrices.sigma)), np.sqrt(np.diag(matrices.phi))
    scale = {
        "lambda": lambda: factors[column] / items[row],
        "beta": lambda: factors[column] / factors[row],
        "psi": lambda: 1 / (factors[row] * factors[column]),
        "theta": lambda: 1 / (items[row] * items[column]),
    }
    return float(raw * scale[matrix]())


def _srmr(observed: Array, implied: Array) -> float:
    with np.errstate(invalid="ignore"):
        spread = np.sqrt(np.diag(observed))
    left = (observed - implied) / np.outer(spread, spread)
    return float(np.sqrt((left[np.tril_indices(len(left))] ** 2).mean()))


def _alpha(covariance: Array) -> float:
    k = len(covariance)
    return float(k / (k - 1) * (1 - np.trace(covariance) / covariance.sum()))


def _omega(matrices: Matrices) -> float:
    common = float((matrices.lambda_ @ matrices.phi @ matrices.lambda_.T).sum())
    return common / (common + float(matrices.theta.sum()))


def _doubts(estimates: Sequence[LevelEstimate]) -> Iterator[str]:
    for found in estimates:
        if found.operator == "~~" and found.left == found.right and found.estimate < 0:
            yield f"variance of {found.left} {found.level} areas is below zero: {found.estimate:.3f}"
