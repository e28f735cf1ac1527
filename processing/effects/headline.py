"""A study's effect on one scale: the estimator that its starts call for, and what is beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from processing.errors import StatisticsError

from .analysis_plan import AnalysisPlan
from .cluster_variance import Variance
from .difference import Effect, by_randomisation, by_t, difference_in_differences, pre_period
from .left_out import LeftOut
from .staggered import StaggeredEffects, staggered_effects
from .start_cells import Base
from .trust import Trust, which_to_trust

STAGGERED = "doubly robust, staggered"
_ONE_REGRESSION = (
    "not for effects by start: it is of one regression, and these are means of many comparisons"
)
_NOT_DRAWN = (
    "not here: starts are not drawn anew where covariates are named, since other starts would leave areas"
    " that nobody resembles"
)
WITHHELD = {
    "CR1": _ONE_REGRESSION,
    "CR3": _ONE_REGRESSION,
    "wild bootstrap": _ONE_REGRESSION,
    "randomisation": _NOT_DRAWN,
    "randomisation of coefficients": _NOT_DRAWN,
}
"""What is not had of effects by start, and why."""


@dataclass(frozen=True)
class Headline:
    """`told` is the effect to report; `beside` that of another estimator, a check of robustness.

    Where areas start in different waves, two-way fixed effects compare late starters with early ones,
    whose effect may still grow (Goodman-Bacon 2021, DOI 10.1016/j.jeconom.2021.03.014), and are never
    what is told. `later` are effects by start and exposure, None where they cannot be had; two-way
    effects then stand in without a test (`stands_in`).
    """

    told: Effect
    beside: Effect | None
    later: StaggeredEffects | None
    stands_in: bool = False

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Starts that the effect that is told leaves out: a two-way one is not made by start."""
        return self.later.left_out if self.later and self.told.estimator == STAGGERED else ()

    @property
    def withheld(self) -> dict[str, str]:
        """Methods that `told` has no figures of, and why; of two-way effects all are there."""
        if self.told.estimator != STAGGERED:
            return {}
        there = {one.method for one in self.told.inferences}
        return {name: why for name, why in WITHHELD.items() if name not in there}


def headline(
    rows: pd.DataFrame,
    means: pd.DataFrame,
    plan: AnalysisPlan,
    *,
    covariates: Sequence[str],
    shares: Sequence[str],
    sd: float,
) -> Headline | None:
    """Choose by the starts. None where nothing changes, as with newcomers who were in no area before.

    `rows` are the plan's units with unit, wave, y, weight and treated, and `covariates`; `means` the
    areas' own, with start and years too, and `shares` of them where covariates are named.
    """
    treated = means.groupby("unit")["treated"]
    changing = treated.max() > treated.min()
    if means["unit"].nunique() < 3 or not changing.any() or means["wave"].nunique() < 2:
        return None
    plain = _two_way(rows, plan, covariates, sd)
    later, why = None, ""
    try:
        later = by_start(means, plan, shares)
    except StatisticsError as error:
        why = "; ".join(one.what for one in error.problems)
    starting = means[means["unit"].isin(changing.index[changing])]
    if starting["start"].nunique() < 2:
        return Headline(plain, None, later) if plain else None
    if later is not None:
        return Headline(_of_starts(means, later, plan, sd, drawn=not shares), plain, later)
    if plain is None:
        return None
    reason = (
        "No inference is trusted: plans start in different waves, two-way effects mix late starters "
        f"with early ones, and areas cannot be compared by start. {why}."
    )
    return Headline(replace(plain, trust=Trust("", reason)), None, None, stands_in=True)


def by_start(
    means: pd.DataFrame,
    plan: AnalysisPlan,
    shares: Sequence[str],
    *,
    base: Base = "varying",
    randomised: bool = True,
) -> StaggeredEffects:
    """Effects by start, exposure and years, of areas' means.

    Raises StatisticsError where areas cannot be compared.
    """
    never = (means.groupby("unit")["start"].max() == 0).any()
    return staggered_effects(
        means, "y", "start", area="unit", wave="wave", covariates=shares, years="years",
        weights="weight" if plan.weighting == "answers" else None,
        against="never" if never else "not yet",
        base=base, level=plan.level, seed=plan.seed,
        draws=plan.draws if base == "varying" and randomised else 0,
    )  # fmt: skip


def _two_way(
    rows: pd.DataFrame, plan: AnalysisPlan, covariates: Sequence[str], sd: float
) -> Effect | None:
    weights: str | None = "weight"
    if plan.weighting == "equal":
        # Every area alike in every wave: persons share their area's one.
        total = rows.groupby(["unit", "wave"])["weight"].transform("sum")
        rows = rows.assign(weight=rows["weight"] / total)
        weights = "weight" if plan.units == "persons" else None
    try:
        return difference_in_differences(
            rows, "y", "treated", area="unit", wave="wave", weights=weights,
            covariates=covariates, sd=sd, level=plan.level, draws=plan.draws, seed=plan.seed,
        )  # fmt: skip
    except StatisticsError:
        # All areas are treated at once, or none lasts over the waves: no comparison is left.
        return None


def _of_starts(
    means: pd.DataFrame, later: StaggeredEffects, plan: AnalysisPlan, sd: float, *, drawn: bool
) -> Effect:
    """The mean over treated area-waves, with CR2 and randomisation of starts."""
    row = later.overall.iloc[0]
    treated, comparison, df = int(row["treated"]), int(row["comparison"]), float(row["df"])
    estimate = float(row["estimate"])
    inferences = by_randomisation(later.randomised) if later.randomised else ()
    if df > 0 and row["standard_error"] > 0:
        variance = Variance("CR2", float(row["standard_error"]) ** 2, df)
        inferences = (by_t("CR2", estimate, variance, plan.level), *inferences)
    possible = later.randomised.assignments if later.randomised else 0
    trust = which_to_trust(treated, comparison, df, possible, varies=row["standard_error"] != 0)
    trust = _told_alone(trust, int(row["alone"]))
    if not (trust.method or drawn):
        said = (
            "Starts are not drawn anew where covariates are named: other starts would leave areas"
        )
        trust = replace(trust, reason=f"{trust.reason} {said} that nobody resembles.")
    waves = np.sort(means["wave"].unique())
    starts = np.searchsorted(waves, means.loc[means["start"] > 0, "start"])
    return Effect(
        outcome="y",
        estimate=estimate,
        inferences=inferences,
        trust=trust,
        rows=len(means),
        waves=len(waves),
        areas=means["unit"].nunique(),
        treated=treated,
        comparison=comparison,
        sd=sd,
        level=plan.level,
        pre_period=_before_starts(int(starts.max())),
        silent=means["unit"].nunique() - treated - comparison,
        estimator=STAGGERED,
    )


def _told_alone(trust: Trust, alone: int) -> Trust:
    """CR2 has no variance of an area that starts alone: say of how many it is that of others."""
    if trust.method != "CR2" or not alone:
        return trust
    said = "1 area starts alone, and how it varies"
    if alone > 1:
        said = f"{alone} areas each start alone, and how they vary"
    return replace(
        trust, reason=f"{trust.reason} {said} is taken from treated areas of other starts."
    )


def _before_starts(last: int) -> str:
    """Whether trends before can be checked, where the last areas start after so many waves."""
    if last < 2:
        return pre_period(np.array([last]))
    return (
        f"Areas that started last were seen in {last} waves before; how they and others moved then is "
        f"told beside the effects by exposure."
    )
