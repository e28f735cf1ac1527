"""Confirmatory factor analysis."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field

import numpy as np
import pandas as pd

from processing.counting.patterns import Rows
from processing.counting.rows_used import RowsUsed
from processing.counting.turning import Offered
from processing.errors import Problem, StatisticsError
from processing.small_matrices import on_one_core

from .doubts import doubts
from .estimates import Estimate, describe_loading, estimates, standardised_loadings
from .fit_measures import FitMeasures
from .gathering import Gathered, gather
from .model_language import Model, parse_model
from .model_reliability import ModelReliability, reliability_of
from .modification import ModificationIndices, modification_indices
from .parameters import Design, tabulate
from .solutions import Data, Solution, solve

EQUALITIES = ("thresholds", "loadings", "intercepts", "residuals")


@dataclass(frozen=True)
class Confirmatory:
    """A fitted measurement model. Printed, it reads like the paragraph of a paper."""

    model: Model
    estimator: str
    groups: tuple[str, ...]
    """Empty text where there is one group."""
    n: tuple[int, ...]
    """Rows used in each group."""
    rows: RowsUsed
    """Rows used of those given, and why the others were left out."""
    converged: bool
    iterations: int
    fit: FitMeasures
    estimates: tuple[Estimate, ...]
    doubts: tuple[str, ...]
    """What stands against believing the numbers, in plain words; empty where nothing does."""
    solution: Solution = field(repr=False, compare=False)
    """The numbers behind, for further questions."""

    def to_frame(self) -> pd.DataFrame:
        """One row a parameter and group: the fields of Estimate."""
        return pd.DataFrame([asdict(estimate) for estimate in self.estimates])

    def loadings(self, group: str | None = None) -> pd.DataFrame:
        """(items and lower factors, factors) standardised loadings of one group, or the first.

        Factors that load on a higher one are rows of their own, below the items.
        """
        chosen = self.groups[0] if group is None else group
        own = [estimate for estimate in self.estimates if estimate.group == chosen]
        return standardised_loadings(own, self.model.items)

    def residuals(self) -> tuple[pd.DataFrame, ...]:
        """Per group, the sample's correlations less the model's (polychoric for ordinal items).

        Like the other questions to a model, refused where the search did not converge.
        """
        self._stop_unless_converged()
        names = list(self.model.items)
        return tuple(
            pd.DataFrame(residual, index=names, columns=names)
            for residual in self.solution.data.residuals(self.solution.table, self.solution.optimum)
        )

    def reliability(self) -> ModelReliability:
        """Omega and average variance extracted of every factor and group.

        Divided by the variance of the sum that the model implies, as semTools'
        ``compRelSEM(obs.var = FALSE)``; its default divides by the observed variance.
        """
        self._stop_unless_converged()
        with on_one_core():
            return reliability_of(self.solution)

    def modification_indices(self, least: float = 3.84) -> ModificationIndices:
        """What freeing one further parameter would gain, largest first; see ModificationIndex."""
        self._stop_unless_converged()
        with on_one_core():
            return modification_indices(self.solution, least)

    def _stop_unless_converged(self) -> None:
        if not self.converged:
            raise StatisticsError(
                Problem(
                    "model",
                    "the search did not converge: its numbers are no estimates, and nothing follows"
                    " from them",
                    "Simplify the model or gather more answers",
                )
            )

    def __str__(self) -> str:
        return "\n".join(_describe(self))


def cfa(
    frame: Rows,
    model: str,
    estimator: str = "ML",
    group: str | None = None,
    *,
    std_lv: bool = False,
    equal: Iterable[str] = (),
    points: Offered = None,
) -> Confirmatory:
    """Fit a measurement model: y = nu + Lambda eta + epsilon.

    Parameters
    ----------
    frame
        One row a respondent. Codes below zero and NaN are missing; if any item has fractions, all
        items are measurements, which may be below zero, and only NaN is missing. Or rows that lie in parts: a
        Parquet file, several, a list of frames, or `Parts` for a pool or a Dask cluster. Or the
        different rows and how often each occurs: `Patterns`, with a group `GroupedPatterns`.
    model
        In the language of `parse_model`: ``tryg =~ hjemme + trappe + ude``.
    estimator
        ``"ML"``: normal maximum likelihood over complete rows, chi-square = N F.
        ``"MLR"``: the same estimates, with standard errors (Huber and White) and a test (Yuan and
        Bentler) for answers that are not normal.
        ``"FIML"``: maximum likelihood over all that was answered; right if answers are missing at
        random given those that were given.
        ``"WLSMV"``: for ordered categories. Thresholds and polychoric correlations over complete
        rows, diagonally weighted least squares, chi-square = (N - 1) F, test scaled and shifted
        by mean and variance (Asparouhov and Muthen 2010).
    group
        A column that divides the rows; the model is fitted to all groups at once.
    std_lv
        Fix factor variances at one instead of the first loading of each factor.
    equal
        What is held equal over groups: thresholds, loadings, intercepts, residuals.
    points
        The answers that every item offers (5 means 1 to 5), or item by item ``{"a": 5, "b": (0,
        3)}``; others are refused. Without it every code that occurs is an answer, and one far from
        all others is told among the doubts.

    Returns
    -------
    Confirmatory
        Estimates, fit and doubts. Fit measures follow lavaan; see FitMeasures.

    Raises
    ------
    StatisticsError
        Naming line and column of a model that cannot be read, items that do not exist or hold
        text, answers outside `points`, a constant item, items that are the same, too few rows, an empty category in one
        group, a model that is not identified.

    References
    ----------
    Joreskog (1969), https://doi.org/10.1007/BF02289343. Muthen (1984),
    https://doi.org/10.1007/BF02294210. Rosseel (2012), https://doi.org/10.18637/jss.v048.i02.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> calm = rng.normal(size=4000)
    >>> answers = {name: 0.8 * calm + 0.6 * rng.normal(size=4000) for name in "abcd"}
    >>> fitted = cfa(pd.DataFrame(answers), "calm =~ a + b + c + d")
    >>> fitted.converged, fitted.fit.df
    (True, 2)
    >>> fitted.loadings().round(1)["calm"].tolist()
    [0.8, 0.8, 0.8, 0.8]

    """
    parsed = parse_model(model)
    found = gather(frame, parsed, estimator, group, points)
    table = tabulate(parsed, _design(found.data, frozenset(equal), std_lv=std_lv))
    with on_one_core():
        return report(solve(found.data, table), found)


def _design(data: Data, equal: frozenset[str], *, std_lv: bool) -> Design:
    unknown = sorted(equal - set(EQUALITIES))
    if unknown:
        raise StatisticsError(
            Problem(
                "equal",
                f"it takes {', '.join(EQUALITIES)}, got {', '.join(unknown)}",
                "Correct the word",
            )
        )
    return Design(
        groups=data.names,
        std_lv=std_lv,
        means=data.needs_means(equal),
        thresholds=data.thresholds,
        equal=equal,
        residual_scale="residuals" in equal and bool(data.thresholds),
    )


def report(solution: Solution, found: Gathered) -> Confirmatory:
    """Everything that is told about a solution."""
    return Confirmatory(
        model=solution.table.model,
        estimator=solution.data.estimator,
        groups=solution.data.names,
        n=solution.data.counts,
        rows=found.rows,
        converged=solution.search.converged,
        iterations=solution.search.iterations,
        fit=solution.fit(),
        estimates=estimates(solution),
        doubts=(*doubts(solution), *found.doubts),
        solution=solution,
    )


def _describe(fitted: Confirmatory) -> Iterator[str]:
    rows = " + ".join(
        f"{n} ({group})" if group else str(n)
        for n, group in zip(fitted.n, fitted.groups, strict=True)
    )
    yield (
        f"Confirmatory factor analysis, {fitted.estimator}: n = {rows},"
        f" {len(fitted.model.items)} items, {_counted_factors(len(fitted.model.factors))}"
    )
    yield from fitted.rows.lines()
    yield from (f"! {doubt}" for doubt in fitted.doubts)
    if not fitted.converged:
        return
    yield describe_fit(fitted.fit)
    for group in fitted.groups:
        yield ""
        yield f"Standardised loadings{f', {group}' if group else ''}"
        loadings = fitted.loadings(group)
        yield loadings.to_string(float_format=describe_loading)
        yield from _describe_covariances(fitted, group)


def _counted_factors(number: int) -> str:
    return "1 factor" if number == 1 else f"{number} factors"


def describe_fit(fit: FitMeasures) -> str:
    """One line: the scaled test and indices where there are any."""
    scaled = np.isfinite(fit.chi_square_scaled)
    chi_square, p, cfi, tli = (
        (fit.chi_square_scaled, fit.p_scaled, fit.cfi_scaled, fit.tli_scaled)
        if scaled
        else (fit.chi_square, fit.p, fit.cfi, fit.tli)
    )
    rmsea = (
        (fit.rmsea_scaled, fit.rmsea_scaled_lower, fit.rmsea_scaled_upper)
        if scaled
        else (fit.rmsea, fit.rmsea_lower, fit.rmsea_upper)
    )
    tail = "" if np.isnan(p) else f", {describe_p(p)}"
    line = (
        f"chi-square {chi_square:.2f}, df {fit.df}{tail}; CFI {cfi:.3f}, TLI {tli:.3f},"
        f" RMSEA {rmsea[0]:.3f} [{rmsea[1]:.3f}, {rmsea[2]:.3f}], SRMR {fit.srmr:.3f}"
    )
    return f"{line} (scaled)" if scaled else line


def describe_p(p: float) -> str:
    """A p value as papers print it."""
    return "p < .001" if p < 0.001 else f"p = {p:.3f}"


def _describe_covariances(fitted: Confirmatory, group: str) -> Iterator[str]:
    """Correlations that the model estimates, of factors and of residuals."""
    for estimate in fitted.estimates:
        if (
            (estimate.operator, estimate.group) == ("~~", group)
            and estimate.left != estimate.right
            and estimate.estimate
        ):
            yield (
                f"r({estimate.left}, {estimate.right}) = {estimate.standardised:.3f}"
                f" (SE {estimate.standardised_se:.3f})"
            )
