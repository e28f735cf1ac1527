"""How well a model fits: the indices that a paper reports, in lavaan's conventions."""

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import chdtr, chdtrc, chndtr

NAN = float("nan")


@dataclass(frozen=True)
class ModelTest:
    """A test of a model against the saturated one."""

    chi_square: float
    df: int
    scaling: float = NAN
    """By how much the scaled statistic is smaller; nan where none was asked for."""
    shift: float = 0.0
    """What is added after scaling (scaled and shifted tests)."""
    trace: float = NAN
    """tr(U Gamma): the mean that the unscaled statistic has under a true model."""

    @property
    def is_scaled(self) -> bool:
        return bool(np.isfinite(self.scaling))

    @property
    def scaled(self) -> float:
        return self.chi_square / self.scaling + self.shift


@dataclass(frozen=True)
class Misfit:
    """A statistic whose mean under a true model is factor times df: what CFI and RMSEA build on."""

    chi_square: float
    df: float
    factor: float = 1.0

    @property
    def excess(self) -> float:
        return self.chi_square - self.factor * self.df


@dataclass(frozen=True)
class Rmsea:
    """Root mean square error of approximation with its 90 % interval."""

    value: float = NAN
    lower: float = NAN
    upper: float = NAN
    p_close: float = NAN
    """Probability of so large a statistic if RMSEA were .05."""


@dataclass(frozen=True)
class FitMeasures:
    """Fit of one model. Values that the estimator does not give are nan."""

    chi_square: float
    df: int
    p: float
    chi_square_scaled: float
    """Yuan-Bentler (MLR) or scaled and shifted (WLSMV)."""
    p_scaled: float
    scaling_factor: float
    baseline_chi_square: float
    """Of the model in which no item has to do with any other."""
    baseline_df: int
    baseline_chi_square_scaled: float
    cfi: float
    tli: float
    cfi_scaled: float
    tli_scaled: float
    cfi_robust: float
    """CFI as it would be in the population under normality (Brosseau-Liard and Savalei 2014)."""
    tli_robust: float
    rmsea: float
    rmsea_lower: float
    rmsea_upper: float
    rmsea_p_close: float
    rmsea_scaled: float
    rmsea_scaled_lower: float
    rmsea_scaled_upper: float
    rmsea_scaled_p_close: float
    rmsea_robust: float
    rmsea_robust_lower: float
    rmsea_robust_upper: float
    srmr: float
    """Over covariances, and means where they are modelled; over correlations for ordinal items."""
    log_likelihood: float
    aic: float
    bic: float
    bic_adjusted: float
    """BIC with (n + 2) / 24 for n."""
    parameters: int
    n: int

    def to_frame(self) -> pd.DataFrame:
        """One row a measure: measure, value."""
        names = [part.name for part in fields(self)]
        return pd.DataFrame({"measure": names, "value": [getattr(self, name) for name in names]})


@dataclass(frozen=True)
class Likelihood:
    """What AIC and BIC need."""

    log_likelihood: float = NAN
    parameters: int = 0
    n: int = 0

    @property
    def aic(self) -> float:
        return 2 * self.parameters - 2 * self.log_likelihood

    def bic(self, n: float) -> float:
        return float(np.log(n)) * self.parameters - 2 * self.log_likelihood


@dataclass(frozen=True)
class Robust:
    """The statistics on which the robust CFI and RMSEA build; None where they are not defined."""

    model: Misfit
    baseline: Misfit
    scaled: float
    """The model's statistic with the mean df, from which RMSEA's interval is taken."""


def measure_fit(
    test: ModelTest,
    baseline: ModelTest,
    likelihood: Likelihood,
    *,
    rows: int,
    groups: int,
    srmr: float,
    robust: Robust | None,
) -> FitMeasures:
    """All indices of a model.

    `rows` is N as the statistic counts it: N for maximum likelihood, N minus the number of groups
    for least squares.
    """
    model, null = Misfit(test.chi_square, test.df), Misfit(baseline.chi_square, baseline.df)
    scaled_model, scaled_null = Misfit(test.scaled, test.df), Misfit(baseline.scaled, baseline.df)
    plain = _rmsea(model, rows, groups)
    # A shifted statistic has its df for its mean; a merely scaled one is compared in the raw.
    scaled = (
        scaled_model if test.shift or not test.is_scaled else Misfit(test.chi_square, test.trace)
    )
    rmsea_scaled = _rmsea(scaled, rows, groups) if test.is_scaled else Rmsea()
    rmsea_robust = _robust_rmsea(robust, rows, groups) if robust else Rmsea()
    return FitMeasures(
        chi_square=test.chi_square,
        df=test.df,
        p=_tail(test.chi_square, test.df),
        chi_square_scaled=test.scaled,
        p_scaled=_tail(test.scaled, test.df),
        scaling_factor=test.scaling,
        baseline_chi_square=baseline.chi_square,
        baseline_df=baseline.df,
        baseline_chi_square_scaled=baseline.scaled,
        cfi=_cfi(model, null),
        tli=_tli(model, null),
        cfi_scaled=_cfi(scaled_model, scaled_null),
        tli_scaled=_tli(scaled_model, scaled_null),
        cfi_robust=_cfi(robust.model, robust.baseline) if robust else NAN,
        tli_robust=_tli(robust.model, robust.baseline) if robust else NAN,
        rmsea=plain.value,
        rmsea_lower=plain.lower,
        rmsea_upper=plain.upper,
        rmsea_p_close=plain.p_close,
        rmsea_scaled=rmsea_scaled.value,
        rmsea_scaled_lower=rmsea_scaled.lower,
        rmsea_scaled_upper=rmsea_scaled.upper,
        rmsea_scaled_p_close=rmsea_scaled.p_close,
        rmsea_robust=rmsea_robust.value,
        rmsea_robust_lower=rmsea_robust.lower,
        rmsea_robust_upper=rmsea_robust.upper,
        srmr=srmr,
        log_likelihood=likelihood.log_likelihood,
        aic=likelihood.aic,
        bic=likelihood.bic(likelihood.n),
        bic_adjusted=likelihood.bic((likelihood.n + 2) / 24),
        parameters=likelihood.parameters,
        n=likelihood.n,
    )


def _tail(statistic: float, df: float) -> float:
    """The p value; a saturated model has nothing to test."""
    return float(chdtrc(df, statistic)) if df > 0 and np.isfinite(statistic) else NAN


def _cfi(model: Misfit, null: Misfit) -> float:
    if not np.isfinite(model.chi_square + null.chi_square):
        return NAN
    worst = max(model.excess, null.excess, 0.0)
    return 1.0 if worst == 0 else 1 - max(model.excess, 0.0) / worst


def _tli(model: Misfit, null: Misfit) -> float:
    if not np.isfinite(model.chi_square + null.chi_square):
        return NAN
    if model.df == 0 or null.excess == 0:
        return 1.0
    return 1 - (model.excess * null.df) / (null.excess * model.df)


def _rmsea(misfit: Misfit, rows: int, groups: int) -> Rmsea:
    """sqrt(G max(chi2 / df - factor, 0) / N); the interval by inverting the noncentral chi-square."""
    if not np.isfinite(misfit.chi_square) or not np.isfinite(misfit.df):
        return Rmsea()
    if misfit.df <= 0:
        return Rmsea(0.0, 0.0, 0.0, NAN)
    value = np.sqrt(groups * max(misfit.chi_square / misfit.df - misfit.factor, 0.0) / rows)
    lower, upper = _rmsea_interval(misfit.chi_square, misfit.df, rows, groups)
    close = rows * misfit.df * 0.05**2 / groups
    return Rmsea(float(value), lower, upper, 1 - float(chndtr(misfit.chi_square, misfit.df, close)))


def _robust_rmsea(robust: Robust, rows: int, groups: int) -> Rmsea:
    value = _rmsea(robust.model, rows, groups).value
    lower, upper = _rmsea_interval(robust.scaled, robust.model.df, rows, groups)
    stretch = float(np.sqrt(robust.model.factor))
    return Rmsea(value, lower * stretch, upper * stretch)


def _rmsea_interval(chi_square: float, df: float, rows: int, groups: int) -> tuple[float, float]:
    if df <= 0 or not np.isfinite(chi_square):
        return NAN, NAN
    ends = (_noncentrality(chi_square, df, share) for share in (0.95, 0.05))
    lower, upper = (float(np.sqrt(groups * end / (rows * df))) for end in ends)
    return lower, upper


def _noncentrality(chi_square: float, df: float, share: float) -> float:
    """The noncentrality under which a share of all statistics is smaller than this one."""

    def above(noncentrality: float) -> float:
        return float(chndtr(chi_square, df, noncentrality)) - share

    if chdtr(df, chi_square) <= share:
        return 0.0
    return float(brentq(above, 1e-12, chi_square * 4 + 100, xtol=1e-10, rtol=1e-12))
