"""The evaluation's soft outcomes: every scale in every area, plan and wave, with how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from .area_sums import AreaSums
from .calibrated_means import calibrated_variances
from .direct import by_unit, with_intervals
from .fay_herriot import fay_herriot
from .margin_regression import MarginSums
from .panel_covariance import panel_covariance
from .places import must_know

FEWEST_TO_SHRINK = 5
"""Units of one level that a model of their means needs."""
EXPLORATORY = "exploratory"
AAPOR = "AAPOR RR1, everyone invited counted as eligible"


@dataclass(frozen=True)
class Measures:
    """Frames of estimates, for analysis: nothing is suppressed here, see `disclose`.

    `means`: a row a scale × level × unit × wave × cohort (all, or stayers and newcomers apart):
    n, effective_n, response_rate, mean, sd, standard_error, low, high, here_low and here_high (with
    the finite-population correction: of who lives there now, for no test), share_below and
    share_above with their intervals, reliability (λ), shrunk, shrunk_low, shrunk_high, mse. Scores on
    0–100.
    `changes`: a row a scale × level × unit × pair of waves × cohort: change, standard_error, low,
    high, p, pairs (people in both), covariance, and the change had modes, or languages, been mixed
    as at first.
    `composition`: a row a level × unit × wave × mode: n and weighted share; `languages` the same.
    `kind` is exploratory in every row: no plan tests them.
    """

    means: pd.DataFrame
    changes: pd.DataFrame
    composition: pd.DataFrame
    languages: pd.DataFrame
    level: float
    response_rate: str = AAPOR

    def __str__(self) -> str:
        units = self.means.groupby("level")["unit"].nunique()
        return (
            f"{self.means['scale'].nunique()} scales; "
            + ", ".join(f"{count} × {level}" for level, count in units.items())
            + f"; waves {', '.join(map(str, sorted(self.means['wave'].unique())))}"
        )


def measures(
    sums: AreaSums,
    units: pd.DataFrame,
    *,
    overlap: pd.DataFrame | None = None,
    dispositions: pd.DataFrame | None = None,
    margins: MarginSums | None = None,
    population: pd.DataFrame | None = None,
    level: float = 0.95,
) -> Measures:
    """Estimate means and changes of every unit from sums by area.

    Definition: direct estimates as in `direct.by_unit`, areas as strata and no finite-population
    correction; with `margins` their variances are those of residuals, as after calibration. The
    share of an observed mean's variance over units that is true, λ = A/(A + D),
    and the shrunk mean are Fay and Herriot's by REML over the units of one level and wave, with
    D = s²/effective n and s² pooled within units. A change's variance is V₁ + V₂ − 2C with C as in
    `panel_covariance`, over people in both waves, about the means of their areas as V₁ and V₂ are;
    where calibration has lessened these, C is lessened so that the correlation stays.

    Parameters: `sums` from `area_sums`; `units` from `places`; `overlap` from the function of that
    name; `dispositions` with wave, area, invited and finished, for the response rate (AAPOR RR1,
    everyone invited counted as eligible); `margins` as calibration summed them; `population` with
    area and population, the dwellings that answers were drawn from.

    Equal to R survey 4.1-1's svyby with areas as strata, calibrated too, and its changes where the
    same people answered both waves. Raises StatisticsError.
    """
    must_know(units, sums.frame["area"])
    drawn = sums.drawn
    if population is not None:
        drawn = drawn.merge(population[["area", "population"]], on="area", how="left")
    whole = sums.frame.assign(cohort="all")
    apart = sums.frame[sums.frame["cohort"] != ""]
    parts = [by_unit(part, units, drawn, ["cohort"]) for part in (whole, apart) if len(part)]
    found = pd.concat(parts, ignore_index=True).assign(gain=1.0)
    if margins is not None:
        found = _calibrated(found, calibrated_variances(found, sums, units, margins))
    found = with_intervals(found, level)
    found = _with_rates(found, units, dispositions)
    found = _shrunk(found, level)
    changes = _changes(found, overlap, sums, units, level)
    for what in ("mode", "language"):
        changes = _at_first_mix(changes, sums.mix, units, what)
    kept = [
        "scale", "level", "unit", "wave", "cohort", "n", "w", "effective_n", "response_rate", "mean",
        "sd", "standard_error", "low", "high", "here_low", "here_high", "df",
        *(f"share_{s}{e}" for s in ("below", "above") for e in ("", "_low", "_high")),
        "reliability", "shrunk", "shrunk_low", "shrunk_high", "mse",
    ]  # fmt: skip
    modes, languages = (_composition(sums.mix, units, what) for what in ("mode", "language"))
    # Whether a plan named what is tested is told of effects; whatever is described here explores.
    told = (one.assign(kind=EXPLORATORY) for one in (found[kept], changes, modes, languages))
    means, changes, modes, languages = told
    return Measures(means, changes, modes, languages, level)


def _calibrated(found: pd.DataFrame, variance: pd.Series) -> pd.DataFrame:
    """Calibrated variances in place of the others, and by how much they are smaller."""
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = (variance / found["variance"]).where(found["variance"] > 0, 1.0).fillna(1.0)
    changed = found.assign(variance=variance, gain=gain)
    if "here_variance" in changed:
        changed["here_variance"] = changed["here_variance"] * gain
    return changed


def _with_rates(
    found: pd.DataFrame, units: pd.DataFrame, dispositions: pd.DataFrame | None
) -> pd.DataFrame:
    if dispositions is None or not len(dispositions):
        return found.assign(response_rate=np.nan)
    counts = dispositions.groupby(["area", "wave"], as_index=False)[["invited", "finished"]].sum()
    by = counts.merge(units, on=["area", "wave"]).groupby(["level", "unit", "wave"])
    rate = (by["finished"].sum() / by["invited"].sum().replace(0, np.nan)).rename("response_rate")
    joined = found.merge(rate.reset_index(), on=["level", "unit", "wave"], how="left")
    # Who was invited is not known apart for stayers and newcomers.
    joined.loc[joined["cohort"] != "all", "response_rate"] = np.nan
    return joined


def _shrunk(found: pd.DataFrame, level: float) -> pd.DataFrame:
    """λ and shrunk means, over the units of one scale, level, wave and cohort."""
    parts = []
    z = float(stats.norm.ppf((1 + level) / 2))
    for _, group in found.groupby(["scale", "level", "wave", "cohort"], sort=False):
        usable = (group["n"] > 1) & group["mean"].notna()
        weights = (group["n"] - 1).where(usable, 0)
        pooled = (weights * group["sd"].fillna(0) ** 2).sum() / max(weights.sum(), 1)
        part = group.assign(reliability=np.nan, shrunk=np.nan, mse=np.nan)
        if usable.sum() >= FEWEST_TO_SHRINK and pooled > 0:
            model = fay_herriot(
                group.loc[usable, "mean"], pooled / group.loc[usable, "effective_n"]
            )
            part.loc[usable, ["reliability", "shrunk", "mse"]] = np.column_stack(
                [model.kept, model.shrunk, model.mse]
            )
        parts.append(part)
    whole = pd.concat(parts).sort_index()
    reach = z * np.sqrt(whole["mse"])
    return whole.assign(shrunk_low=whole["shrunk"] - reach, shrunk_high=whole["shrunk"] + reach)


def _changes(
    found: pd.DataFrame,
    overlap: pd.DataFrame | None,
    sums: AreaSums,
    units: pd.DataFrame,
    level: float,
) -> pd.DataFrame:
    keys = ["scale", "level", "unit", "cohort"]
    columns = [*keys, "wave", "mean", "variance", "gain", "df", "n", "w"]
    waves = sorted(found["wave"].unique())
    parts = []
    for place, one in enumerate(waves):
        for other in waves[place + 1 :]:
            both = found.loc[found["wave"] == one, columns].merge(
                found.loc[found["wave"] == other, columns], on=keys, suffixes=("_1", "_2")
            )
            parts.append(panel_covariance(both, overlap, sums, units))
    if not parts:
        return pd.DataFrame(columns=[*keys, "wave_1", "wave_2", "change"])
    whole = pd.concat(parts, ignore_index=True)
    variance = whole["variance_1"] + whole["variance_2"] - 2 * whole["covariance"]
    error = np.sqrt(variance.clip(lower=0))
    df = whole["df_1"] + whole["df_2"] - whole["pairs"]
    change = whole["mean_2"] - whole["mean_1"]
    reach = stats.t(df.clip(lower=1)).ppf((1 + level) / 2) * error
    # Where nobody's answers vary nothing tells what is chance.
    p = 2 * stats.t(df.clip(lower=1)).sf(np.abs(change) / np.where(error > 0, error, np.nan))
    kept = [*keys, "wave_1", "wave_2", "n_1", "n_2", "pairs", "covariance"]
    return whole[kept].assign(
        change=change, standard_error=error, low=change - reach, high=change + reach, p=p
    )


def _at_first_mix(
    changes: pd.DataFrame, mix: pd.DataFrame, units: pd.DataFrame, what: str
) -> pd.DataFrame:
    """The change had each mode (or language) kept its share: Σ_m share₁(m)·(ȳ₂(m) − ȳ₁(m))."""
    name = "change_at_first_mix" if what == "mode" else "change_at_first_languages"
    if not len(changes) or set(mix[what]) <= {""}:
        return changes.assign(**{name: np.nan})
    keys = ["scale", "level", "unit"]
    by = mix.merge(units, on=["area", "wave"])
    by = by.groupby([*keys, "wave", what], as_index=False)[["w", "wy"]].sum()
    by["mean"] = by["wy"] / by["w"]
    by["share"] = by["w"] / by.groupby([*keys, "wave"])["w"].transform("sum")
    parts = []
    for one, other in changes[["wave_1", "wave_2"]].drop_duplicates().itertuples(index=False):
        later = by.loc[by["wave"] == other, [*keys, what, "mean"]]
        pair = by[by["wave"] == one].merge(later, on=[*keys, what], how="left", suffixes=("", "_2"))
        pair = pair.assign(moved=pair["share"] * (pair["mean_2"] - pair["mean"]))
        # A mode that the later wave has not cannot be held at its share.
        pair["lost"] = pair["moved"].isna()
        held = pair.groupby(keys, as_index=False).agg(moved=("moved", "sum"), lost=("lost", "any"))
        held[name] = held["moved"].where(~held["lost"])
        parts.append(held[[*keys, name]].assign(wave_1=one, wave_2=other))
    joined = changes.merge(pd.concat(parts), on=[*keys, "wave_1", "wave_2"], how="left")
    joined.loc[joined["cohort"] != "all", name] = np.nan
    return joined


def _composition(mix: pd.DataFrame, units: pd.DataFrame, what: str) -> pd.DataFrame:
    # Whoever answered more scales counts once: the scale with most answers stands for the unit.
    joined = mix.merge(units, on=["area", "wave"])
    keys = ["level", "unit", "wave", what]
    by = joined.groupby(["scale", *keys], as_index=False)[["n", "w"]].sum()
    most = by.groupby(keys, as_index=False)[["n", "w"]].max()
    total = most.groupby(["level", "unit", "wave"])["w"].transform("sum")
    return most.assign(share=most["w"] / total).drop(columns="w")
