"""A row of effects: what is told of one scale and cohort, by the inference that is trusted."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from scipy import stats

from .analysis_plan import AnalysisPlan
from .difference import Effect, Inference
from .drawn_power import DrawnStudies
from .headline import Headline
from .sensitivity import breakdown, equivalence
from .trust import trust_as_planned

POWER = 0.8


def told_effect(
    one: Headline,
    plan: AnalysisPlan,
    scale: str,
    cohort: str,
    *,
    before: bool,
    plans: int,
    most: float = 100.0,
) -> dict[str, object]:
    """Return the row, by column name.

    Columns: scale, cohort, kind, plans (how many were registered in time), primary, estimator,
    estimate in points, in_sd, method (empty: none is trusted), standard_error, df, low, high, p, rows,
    areas, treated, comparison, silent (areas that tell nothing), waves, equivalence_low and
    equivalence_high (the 90 % interval), equivalent (it lies within `margin_of` the plan),
    equivalence_p (of two one-sided t tests), detectable (points found with 80 % power), breakdown
    (points by which trends must have parted for the interval to hold zero), trust and pre_period in
    words, pretest (p of no difference in trends before, where areas are enough), left_out (starts that
    nothing is told of, in words).

    Confirmatory is what the plan names, of all residents, registered in time, and by the plan's own
    inference: another that stands in for it is exploratory, and so is a mean without starts that its
    covariates leave nobody to compare with.
    """
    effect = one.told
    margin = margin_of(plan, most)
    there = [inference.method for inference in effect.inferences]
    trust = trust_as_planned(effect.trust, plan.inference, there)
    trusted = next((i for i in effect.inferences if i.method == trust.method), None)
    as_planned = plan.inference in {"trusted", trust.method} and not one.stands_in
    as_planned = as_planned and all(left.why != "covariates" for left in one.left_out)
    named = scale in plan.scales and cohort == "all"
    nan = float("nan")
    within = trusted.within if trusted else (nan, nan)
    low, high = (trusted.low, trusted.high) if trusted else (nan, nan)
    return {
        "scale": scale,
        "cohort": cohort,
        "kind": "confirmatory" if named and before and as_planned else "exploratory",
        "plans": plans,
        "primary": scale in plan.primary and cohort == "all",
        "estimator": effect.estimator,
        "estimate": effect.estimate,
        "in_sd": math.nan if effect.in_sd is None else effect.in_sd,
        "method": trust.method,
        "standard_error": trusted.standard_error if trusted else nan,
        "df": trusted.df if trusted else nan,
        "low": low,
        "high": high,
        "p": trusted.p if trusted else nan,
        "rows": effect.rows,
        "areas": effect.areas,
        "treated": effect.treated,
        "comparison": effect.comparison,
        "silent": effect.silent,
        "waves": effect.waves,
        "equivalence_low": within[0],
        "equivalence_high": within[1],
        "equivalent": bool(-margin < within[0] and within[1] < margin),
        "equivalence_p": _equivalence_p(effect, trusted, margin),
        "detectable": _detectable(effect, trusted, plan),
        "breakdown": breakdown(low, high) if low <= effect.estimate <= high else nan,
        "trust": trust.reason,
        "pre_period": effect.pre_period,
        "pretest": _pretest(one),
        "left_out": " ".join(map(str, one.left_out)),
    }


def margin_of(plan: AnalysisPlan, most: float) -> float:
    """What counts as none on a scale that goes to `most`.

    A plan's margin is in points of 0–100. Of a count of six acts two points would be a third of all
    there is, and every effect equivalent to none: the same part of its range is taken.
    """
    return plan.margin * most / 100


def _pretest(one: Headline) -> float:
    """The Wald test of trends before, where each of them is of areas enough for its own variance."""
    if one.later is None:
        return float("nan")
    before = one.later.by_group[one.later.by_group["exposure"] < 0]
    return one.later.pretest if before["method"].eq("CR2").all() else float("nan")


def _equivalence_p(effect: Effect, trusted: Inference | None, margin: float) -> float:
    if trusted is None or not trusted.standard_error > 0:
        return float("nan")
    return equivalence(effect.estimate, trusted.standard_error, trusted.df, margin).p


def _detectable(effect: Effect, trusted: Inference | None, plan: AnalysisPlan) -> float:
    """The smallest effect that this study finds with 80 % power, by the inference that is trusted.

    Of t tests by their standard error (Bloom 1995); of randomisation by drawn studies with as many
    areas, whose changes vary as CR2 tells.
    """
    if trusted is None:
        return float("nan")
    if trusted.standard_error > 0:
        t = stats.t(trusted.df)
        return float((t.ppf((1 + plan.level) / 2) + t.ppf(POWER)) * trusted.standard_error)
    cr2 = next((one for one in effect.inferences if one.method == "CR2"), None)
    if trusted.method != "randomisation" or cr2 is None:
        return float("nan")
    areas = np.sqrt(1 / effect.treated + 1 / effect.comparison)
    return _drawn(effect.treated, effect.comparison, plan.level) * cr2.standard_error / float(areas)


@lru_cache(maxsize=32)
def _drawn(treated: int, comparison: int, level: float) -> float:
    return DrawnStudies(treated, comparison, level=level, seed=1).smallest_effect(POWER)
