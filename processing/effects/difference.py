"""Difference-in-differences: how much more treated areas changed than others over the same waves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from .cluster_variance import Fit, Variance, least_squares, variance_of
from .panel import Panel, make_panel
from .randomisation import ALPHA_WITHIN, Randomisation, randomisation
from .trust import Trust, which_to_trust
from .wild_bootstrap import WildBootstrap, wild_bootstrap

TWO_WAY = "two-way fixed effects"


@dataclass(frozen=True)
class Inference:
    """One way to say how sure the effect is. `low` and `high` bound it at the level asked for.

    `within` is the 90 % interval: two one-sided tests at 5 % are whether it lies within a margin.
    """

    method: str
    standard_error: float  # nan where the method has none
    df: float
    p: float
    low: float
    high: float
    within: tuple[float, float] = (float("nan"), float("nan"))


@dataclass(frozen=True)
class Effect:
    """An effect in the outcome's unit, with every inference and the one that is trusted here.

    `treated` and `comparison` count clusters that become treated in these waves and that are never
    treated, as far as they tell something of the effect; `silent` counts the others: of one wave
    alone, treated in all their waves, or seen only where nobody's treatment changes.
    """

    outcome: str
    estimate: float
    inferences: tuple[Inference, ...]
    trust: Trust
    rows: int
    waves: int
    areas: int
    treated: int
    comparison: int
    sd: float | None  # the SD of persons' scores, for the effect in SD units
    level: float
    pre_period: str
    silent: int = 0
    estimator: str = TWO_WAY

    @property
    def trusted(self) -> Inference | None:
        """The inference to report; None where none can be trusted."""
        return next((one for one in self.inferences if one.method == self.trust.method), None)

    @property
    def in_sd(self) -> float | None:
        """The effect in SD of persons' scores; None where that is not known, or they do not vary."""
        return self.estimate / self.sd if self.sd else None

    def to_frame(self) -> pd.DataFrame:
        """A row a method: estimate, standard_error, df, p, low, high, trusted."""
        return pd.DataFrame(
            [
                {
                    "outcome": self.outcome,
                    "estimator": self.estimator,
                    "estimate": self.estimate,
                    "method": one.method,
                    "standard_error": one.standard_error,
                    "df": one.df,
                    "p": one.p,
                    "low": one.low,
                    "high": one.high,
                    "trusted": one.method == self.trust.method,
                }
                for one in self.inferences
            ]
        )

    def __str__(self) -> str:
        head = (
            f"{self.outcome}: effect {self.estimate:.3g} "
            f"({self.treated} treated and {self.comparison} other clusters, {self.rows} rows)"
        )
        lines = [
            f"  {'→' if one.method == self.trust.method else ' '} {one.method:22} "
            f"p {one.p:.3f}  {self.level:.0%} interval {one.low:.3g} to {one.high:.3g}"
            for one in self.inferences
        ]
        return "\n".join([head, *lines, f"  {self.trust.reason}", f"  {self.pre_period}"])


def difference_in_differences(
    frame: pd.DataFrame,
    outcome: str,
    treated: str,
    *,
    area: str,
    wave: str,
    covariates: Sequence[str] = (),
    weights: str | None = None,
    cluster: str | None = None,
    sd: float | None = None,
    level: float = 0.95,
    draws: int = 9_999,
    seed: int = 1,
) -> Effect:
    """The effect of treatment on an outcome, with area and wave effects.

    Definition: the coefficient τ of y_it = α_i + λ_t + τ·D_it + x_it'β + e_it, where D is 1 in an
    area's treated waves, by least squares, weighted where asked. With two waves this is the mean
    change of treated areas less that of the others. Where areas start in different waves and
    effects grow with exposure, τ mixes them with signs of their own (Goodman-Bacon 2021, DOI
    10.1016/j.jeconom.2021.03.014): use `staggered_effects` there.

    Parameters: `frame` has a row an area and wave, or a row a person; `treated` is 0 or 1 (shares
    between are allowed, and then nothing is randomised); `weights` are precision or survey weights,
    no finite-population correction; `cluster` holds whole areas (the area itself unless named);
    `sd` turns the effect into SD units. Rows that lack any of the columns are left out.

    Inference: CR1 with G − 1 degrees of freedom (area effects not counted), CR2 and CR3 with
    Satterthwaite's, the wild cluster bootstrap with the null imposed, and randomisation over
    clusters, of t and of coefficients. Which to trust, and why, is in `trust`: it goes by the clusters
    that tell something of the effect.

    Equal to R: coefficient, CR0 and CR2 with degrees of freedom to clubSandwich 0.5.8 and estimatr
    1.0.0, weighted too; CR1 by fixest's convention. Raises StatisticsError with every problem.

    >>> frame = pd.DataFrame({
    ...     "area": np.repeat(np.arange(16), 2), "wave": [1, 2] * 16,
    ...     "y": np.tile([50.0, 51.0], 16) + np.repeat(np.arange(16) % 5, 2),
    ... })
    >>> frame["helped"] = ((frame.area < 8) & (frame.wave == 2)).astype(int)
    >>> frame["y"] += 3 * frame.helped + np.random.default_rng(1).normal(0, 1, 32)
    >>> effect = difference_in_differences(frame, "y", "helped", area="area", wave="wave")
    >>> round(effect.estimate, 1), effect.trust.method
    (3.6, 'CR2')
    """
    panel = make_panel(
        frame,
        outcome,
        treated,
        area=area,
        wave=wave,
        covariates=covariates,
        weights=weights,
        cluster=cluster,
    )
    fit = least_squares(panel)
    starts = starts_of(panel)
    treated_there, others = _arms(panel)
    variances = {kind: variance_of(fit, kind) for kind in ("CR1", "CR2", "CR3")}
    wild = wild_bootstrap(fit, draws=draws, seed=seed, level=level)
    shuffled = (
        randomisation(panel, starts, draws=draws, seed=seed, level=level)
        if starts is not None and len(np.unique(starts)) > 1
        else None
    )

    return Effect(
        outcome=outcome,
        estimate=float(fit.coefficients[0]),
        inferences=_inferences(fit, variances, wild, shuffled, level),
        trust=which_to_trust(
            treated_there,
            others,
            variances["CR2"].df,
            shuffled.assignments if shuffled else 0,
            varies=variances["CR2"].variance > 0,
        ),
        rows=panel.rows,
        waves=int(panel.wave.max()) + 1,
        areas=panel.areas,
        treated=treated_there,
        comparison=others,
        sd=sd,
        level=level,
        pre_period=pre_period(starts),
        silent=panel.size + panel.left_out - treated_there - others,
    )


def starts_of(panel: Panel) -> NDArray[np.int64] | None:
    """The wave in which each cluster is first treated; one above all where it never is.

    None where treatment comes in shares, ends again, or differs within a cluster's wave.
    """
    treated, waves = panel.raw[:, 0], panel.wave
    if not np.isin(treated, (0.0, 1.0)).all():
        return None
    never = int(waves.max()) + 1
    starts = np.full(panel.size, never, np.int64)
    for index, rows in enumerate(panel.slices()):
        on = waves[rows][treated[rows] == 1]
        if len(on):
            starts[index] = on.min()
    clusters = np.repeat(np.arange(panel.size), np.diff(panel.bounds))
    return starts if (treated == (waves >= starts[clusters])).all() else None


def _arms(panel: Panel) -> tuple[int, int]:
    """Clusters that become treated, and that never are, of those that tell something of the effect.

    What a cluster tells is what is left of its treatment when areas, waves and covariates are taken
    out: nothing of one wave alone. Persons' covariates leave a trace even there, hence two waves.
    """
    others = panel.design[:, 1:]
    root = np.sqrt(panel.weights)
    left = panel.design[:, 0] * root
    if others.shape[1]:
        basis = np.linalg.qr(others * root[:, None])[0]
        left = left - basis @ (basis.T @ left)
    told = panel.sums(left**2)
    tells = told > 1e-9 * told.mean()
    first = panel.bounds[:-1]
    span = np.maximum.reduceat(panel.wave, first) - np.minimum.reduceat(panel.wave, first)
    most, least = (f.reduceat(panel.raw[:, 0], first) for f in (np.maximum, np.minimum))
    tells = tells & (span > 0)
    return int((tells & (most > least)).sum()), int((tells & (most == 0)).sum())


def _inferences(
    fit: Fit,
    variances: dict[str, Variance],
    wild: WildBootstrap,
    shuffled: Randomisation | None,
    level: float,
) -> tuple[Inference, ...]:
    estimate = float(fit.coefficients[0])
    found = [by_t(name, estimate, one, level) for name, one in variances.items()]
    nan = float("nan")
    found.append(Inference("wild bootstrap", nan, nan, wild.p, wild.low, wild.high, wild.within))
    return (*found, *(by_randomisation(shuffled) if shuffled else ()))


def by_randomisation(found: Randomisation) -> tuple[Inference, Inference]:
    """The tests of t and of coefficients, with their intervals."""
    nan = float("nan")
    return (
        Inference("randomisation", nan, nan, found.p_t, found.low, found.high, found.within),
        Inference(
            "randomisation of coefficients",
            nan,
            nan,
            found.p_beta,
            found.beta_low,
            found.beta_high,
            found.beta_within,
        ),
    )


def by_t(method: str, estimate: float, variance: Variance, level: float) -> Inference:
    """The t test and interval of a variance."""
    error = float(np.sqrt(variance.variance))
    t = stats.t(variance.df)
    p = float(2 * t.sf(abs(estimate) / error)) if error > 0 else float("nan")
    reach, less = (float(t.ppf(1 - alpha / 2)) * error for alpha in (1 - level, ALPHA_WITHIN))
    within = (estimate - less, estimate + less)
    return Inference(method, error, variance.df, p, estimate - reach, estimate + reach, within)


def pre_period(starts: NDArray[np.int64] | None) -> str:
    """Whether trends before can be checked, by the places of the waves in which clusters start."""
    if starts is None:
        return "Whether areas moved alike before cannot be checked: treatment does not begin once."
    first = int(starts.min())
    if first < 2:
        return (
            "Whether treated and other areas would have moved alike cannot be checked: "
            "there is one wave before treatment, and a check needs two."
        )
    return f"There are {first} waves before the first treatment: `staggered_effects` shows how they moved."
