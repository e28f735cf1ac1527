"""Did the plans move what residents say? A study's effects, as its plan said and beyond it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import pandas as pd
from scipy import stats

from processing.datasets.study import Study
from processing.errors import Problem, StatisticsError, stop_if_any
from processing.measuring.area_sums import Points
from processing.measuring.measures import Measures
from processing.measuring.study_measures import StudyMeasures, scored_rows, study_measures

from .analysis_plan import AnalysisPlan
from .covariates import as_categories, problems_of_covariates, shares_of_areas
from .difference import Effect, difference_in_differences
from .multiplicity import false_discovery_rate, holm
from .parted_trends import Restriction, parted_trends
from .sensitivity import equivalence, sensitivity
from .staggered import Base, StaggeredEffects, staggered_effects
from .trust import trust_as_planned

COHORTS = ("all", "stayer", "newcomer")
NAMES = {"all": "all residents", "stayer": "stayers", "newcomer": "newcomers"}
Shared: TypeAlias = tuple[pd.DataFrame, list[str]]
BOUNDS: tuple[Restriction, ...] = ("magnitudes", "smoothness")
_KNOWN_TO_COLLECT = 2


@dataclass(frozen=True)
class Evaluation:
    """A study's effects. `effects` has a row a scale and cohort.

    Columns: scale, cohort, kind (confirmatory or exploratory), primary, estimate in points, in_sd,
    method trusted (empty: none), standard_error, df, low, high, p, p_adjusted, rows, areas,
    treated, comparison, waves, equivalence_p, equivalent, breakdown, trust
    and pre_period in words; pretest is the p of no difference in trends before. `inferences` has a
    row for every method. `staggered` holds effects by exposure where plans start in different waves,
    `parted` what is left of the first effect where trends may have parted as much as they did
    before (see `parted_trends`), for all residents where there are two waves before. `trends` has the mean of treated and of other
    areas by wave: scale, treated (ever), wave, mean, low, high, areas. Every frame says of its rows
    whether they are confirmatory or exploratory (kind).
    """

    effects: pd.DataFrame
    inferences: pd.DataFrame
    staggered: pd.DataFrame
    parted: pd.DataFrame
    trends: pd.DataFrame
    measures: StudyMeasures
    plan: AnalysisPlan
    registered: bool

    def __str__(self) -> str:
        lines = [
            f"{row.scale}, {NAMES[str(row.cohort)]}: {row.estimate:+.1f} points "
            f"({row.low:.1f} to {row.high:.1f}, p {row.p_adjusted:.3f}), {row.kind}"
            for row in self.effects.itertuples()
        ]
        return "\n".join(lines)


def evaluate(study: Study, plan: AnalysisPlan, *, registered: bool = False) -> Evaluation:
    """Estimate a study's effects.

    An afdeling is treated in a wave where a plan of one of the plan's kinds covers it on the wave's
    day; areas tied by merging or splitting are one, treated where any of them is. On areas, the
    outcome is the unit's direct mean; on persons, everyone's own score with their base weight,
    clustered by area. What `plan` names is confirmatory where it was `registered` before the
    data were frozen; all else is exploratory: other scales, cohorts apart. Primary scales are
    adjusted by Holm, the others by false discovery rate, each over all residents and apart over
    the cohorts. Raises StatisticsError.
    """
    points = Points(plan.below, plan.above)
    measured = study_measures(
        study, points=points, level=plan.level,
        adults=plan.adults or None, ordered=plan.ordered or None,
    )  # fmt: skip
    unknown = [name for name in plan.scales if name not in measured.scales]
    if unknown:
        raise StatisticsError(
            Problem(
                f"plan, scale {unknown[0]}",
                "the dataset has no such scale",
                f"Choose among {', '.join(measured.scales)}",
            )
        )
    stop_if_any(
        [*_two_primaries(study, plan), *problems_of_covariates(study.codebook, plan.covariates)]
    )
    treated = treated_units(study, measured, plan)
    people = (
        _people(study, measured, plan.covariates)
        if plan.units == "persons" or plan.covariates
        else None
    )
    found: list[dict[str, object]] = []
    inferences, staggered, parted = [], [], []
    for cohort in COHORTS:
        for scale in measured.scales:
            rows, columns = _with_covariates(study, measured, people, treated, scale, cohort, plan)
            effect = _effect(rows, columns, plan, scale, measured.measures) if len(rows) else None
            if effect is None:
                continue
            shared = (rows, columns) if plan.units == "areas" else None
            later = _staggered(measured.measures, treated, scale, cohort, plan, shared)
            found.append(
                _told(effect, plan, scale, cohort, registered=registered)
                | {"pretest": later.pretest if later else float("nan")}
            )
            inferences.append(effect.to_frame().assign(scale=scale, cohort=cohort))
            if later is not None:
                staggered.append(later.to_frame().assign(scale=scale, cohort=cohort))
                if cohort == "all" and np.isfinite(later.pretest):
                    parted += _parted(measured.measures, treated, scale, plan, shared)
    if not found:
        raise StatisticsError(
            Problem(
                "plan, treatment",
                f"no area becomes treated by {', '.join(plan.treatment)} between the waves",
                f"The dataset's plans are of the kinds {', '.join(_kinds(study)) or 'none'}",
            )
        )
    effects = _adjusted(pd.DataFrame(found))
    kinds = effects[["scale", "cohort", "kind"]]
    of_all = kinds[kinds["cohort"] == "all"].drop(columns="cohort")
    return Evaluation(
        effects=effects,
        inferences=pd.concat(inferences, ignore_index=True).merge(kinds, on=["scale", "cohort"]),
        staggered=pd.concat(staggered, ignore_index=True).merge(kinds, on=["scale", "cohort"])
        if staggered
        else pd.DataFrame(),
        parted=pd.concat(parted, ignore_index=True).merge(of_all, on="scale")
        if parted
        else pd.DataFrame(),
        trends=_trends(measured.measures, treated, plan.level).merge(
            of_all, on="scale", how="left"
        ),
        measures=measured,
        plan=plan,
        registered=registered,
    )


def treated_units(study: Study, measured: StudyMeasures, plan: AnalysisPlan) -> pd.DataFrame:
    """A row an afdeling (with what it is tied to) and wave: unit, wave, treated (0 or 1)."""
    kinds = study.table("plans")[["plan", "kind"]].drop_duplicates()
    wanted = set(kinds.loc[kinds["kind"].isin(plan.treatment), "plan"])
    units = measured.units
    covered = units[(units["level"] == "plan") & units["unit"].isin(wanted)][["wave", "area"]]
    covered = covered.drop_duplicates().assign(treated=1)
    areas = units[units["level"] == "afdeling"]
    joined = areas.merge(covered, on=["wave", "area"], how="left").fillna({"treated": 0})
    by: pd.DataFrame = joined.groupby(["unit", "wave"], as_index=False)[["treated"]].max()
    if plan.comparison:
        missing = sorted(set(plan.comparison) - set(areas["area"]))
        if missing:
            raise StatisticsError(
                Problem(
                    f"plan, comparison {missing[0]}",
                    "the dataset has no such area",
                    "Give areas by their keys",
                )
            )
        ever = by.groupby("unit")["treated"].transform("max") == 1
        compared = areas.loc[areas["area"].isin(plan.comparison), "unit"]
        by = by[ever | by["unit"].isin(compared)]
    return by.assign(treated=by["treated"].astype(int))


def _two_primaries(study: Study, plan: AnalysisPlan) -> list[Problem]:
    """Primary scales of one questionnaire: more than one would be more than one question."""
    instrument = {
        name: scale.instrument
        for scale in study.codebook.scales
        for name in (scale.name, *(f"{scale.name}_{variant}" for variant in scale.variants))
    }
    of: dict[str, list[str]] = {}
    for name in plan.primary:
        of.setdefault(instrument.get(name, name), []).append(name)
    return [
        Problem(
            "plan, primary",
            f"{' and '.join(names)} are both of the questionnaire {one}",
            "Name one a questionnaire, and the others as secondary",
        )
        for one, names in of.items()
        if len(names) > 1
    ]


def _people(
    study: Study, measured: StudyMeasures, covariates: tuple[str, ...] = ()
) -> pd.DataFrame:
    first = int(min(measured.days.values())[:4])
    rows = pd.concat(
        scored_rows(
            study, measured.scales, first, measured.weights, extra=covariates, base=measured.base
        ),
        ignore_index=True,
    )
    units = measured.units[measured.units["level"] == "afdeling"]
    return rows.merge(units[["wave", "area", "unit"]], on=["wave", "area"])


def _with_covariates(
    study: Study,
    measured: StudyMeasures,
    people: pd.DataFrame | None,
    treated: pd.DataFrame,
    scale: str,
    cohort: str,
    plan: AnalysisPlan,
) -> tuple[pd.DataFrame, list[str]]:
    """Rows of outcome and treatment, with the plan's covariates as columns."""
    persons = people if plan.units == "persons" else None
    rows = _rows(measured.measures, persons, treated, scale, cohort, plan.covariates)
    if not plan.covariates or people is None or not len(rows):
        return rows, []
    if persons is not None:
        return as_categories(rows, study.codebook, plan.covariates)
    mine = people if cohort == "all" else people[people["cohort"] == cohort]
    shares, columns = shares_of_areas(mine, study.codebook, plan.covariates)
    return rows.merge(shares, on=["unit", "wave"]), columns


def _rows(
    found: Measures,
    people: pd.DataFrame | None,
    treated: pd.DataFrame,
    scale: str,
    cohort: str,
    covariates: tuple[str, ...] = (),
) -> pd.DataFrame:
    if people is not None:
        mine = people if cohort == "all" else people[people["cohort"] == cohort]
        rows = mine[["unit", "wave", "weight", scale, *covariates]].rename(columns={scale: "y"})
        rows = rows.dropna(subset=["weight", "y"])
        return rows.merge(treated, on=["unit", "wave"])
    means = found.means
    mine = means[
        (means["scale"] == scale) & (means["cohort"] == cohort) & (means["level"] == "afdeling")
    ]
    rows = mine[["unit", "wave", "mean", "effective_n"]].rename(
        columns={"mean": "y", "effective_n": "weight"}
    )
    return rows.merge(treated, on=["unit", "wave"])


def _effect(
    rows: pd.DataFrame, covariates: list[str], plan: AnalysisPlan, scale: str, found: Measures
) -> Effect | None:
    """None where nothing changes: newcomers, who are in no area before, have no effect."""
    changing = rows.groupby("unit")["treated"].nunique()
    if rows["unit"].nunique() < 3 or not (changing > 1).any() or rows["wave"].nunique() < 2:
        return None
    weights = "weight" if plan.units == "persons" or plan.weighting == "answers" else None
    try:
        effect = difference_in_differences(
            rows, "y", "treated", area="unit", wave="wave", weights=weights,
            covariates=covariates, sd=_sd(found, scale), level=plan.level, draws=plan.draws, seed=plan.seed,
        )  # fmt: skip
    except StatisticsError:
        # All areas are treated at once, or none lasts over the waves: no comparison is left.
        return None
    return replace(effect, outcome=scale)


def _told(
    effect: Effect, plan: AnalysisPlan, scale: str, cohort: str, *, registered: bool
) -> dict[str, object]:
    named = scale in plan.scales and cohort == "all"
    trust = trust_as_planned(effect.trust, plan.inference)
    trusted = next((one for one in effect.inferences if one.method == trust.method), None)
    nan = float("nan")
    by_cr2 = next(one for one in effect.inferences if one.method == "CR2")
    small = (
        equivalence(effect.estimate, by_cr2.standard_error, by_cr2.df, plan.margin)
        if by_cr2.standard_error > 0 and trusted is by_cr2
        else None
    )
    bounds = (
        sensitivity(effect.estimate, trusted.low, trusted.high)
        if trusted is not None
        and np.isfinite([trusted.low, trusted.high]).all()
        and trusted.low <= effect.estimate <= trusted.high
        else None
    )
    return {
        "scale": scale,
        "cohort": cohort,
        "kind": "confirmatory" if named and registered else "exploratory",
        "primary": scale in plan.primary and cohort == "all",
        "estimate": effect.estimate,
        "in_sd": effect.in_sd,
        "method": trust.method,
        "standard_error": trusted.standard_error if trusted else nan,
        "df": trusted.df if trusted else nan,
        "low": trusted.low if trusted else nan,
        "high": trusted.high if trusted else nan,
        "p": trusted.p if trusted else nan,
        "rows": effect.rows,
        "areas": effect.areas,
        "treated": effect.treated,
        "comparison": effect.comparison,
        "waves": effect.waves,
        "equivalence_p": small.p if small else nan,
        "equivalent": bool(small.equivalent) if small else False,
        "breakdown": bounds.breakdown if bounds else nan,
        "trust": trust.reason,
        "pre_period": effect.pre_period,
    }


def _parted(
    found: Measures, treated: pd.DataFrame, scale: str, plan: AnalysisPlan, shared: Shared | None
) -> list[pd.DataFrame]:
    """What is left of the first effect where trends may have parted as before, by both bounds."""
    effects = _staggered(found, treated, scale, "all", plan, shared, base="universal")
    if effects is None:
        return []
    try:
        study = effects.event_study()
        return [
            parted_trends(study, kind, level=plan.level, seed=plan.seed)
            .to_frame()
            .assign(scale=scale)
            for kind in BOUNDS
        ]
    except StatisticsError:
        # No two waves before, or so many waves that the inequalities cannot be gone through.
        return []


def _staggered(
    found: Measures,
    treated: pd.DataFrame,
    scale: str,
    cohort: str,
    plan: AnalysisPlan,
    shared: Shared | None,
    *,
    base: Base = "varying",
) -> StaggeredEffects | None:
    """Effects by exposure, where plans start in different waves and each wave knows each area.

    They are of areas' means; covariates are taken where the plan's units are areas too.
    """
    rows, covariates = shared or (_rows(found, None, treated, scale, cohort), [])
    on = rows[rows["treated"] == 1].groupby("unit")["wave"].min()
    if on.nunique() < _KNOWN_TO_COLLECT and rows["wave"].nunique() < 3:
        return None
    rows = rows.assign(start=rows["unit"].map(on).fillna(0))
    try:
        return staggered_effects(
            rows, "y", "start", area="unit", wave="wave", covariates=covariates,
            base=base, level=plan.level, seed=plan.seed,
        )  # fmt: skip
    except StatisticsError:
        return None


def _trends(found: Measures, treated: pd.DataFrame, level: float) -> pd.DataFrame:
    """Means of areas' means, each area alike, with t intervals over areas."""
    means = found.means
    mine = means[(means["cohort"] == "all") & (means["level"] == "afdeling")]
    ever = treated.groupby("unit")["treated"].max().rename("treated")
    joined = mine.merge(ever.reset_index(), on="unit")
    by = joined.groupby(["scale", "treated", "wave"], as_index=False)["mean"]
    told: pd.DataFrame = by.agg(["mean", "std", "count"]).rename(columns={"count": "areas"})
    reach = stats.t((told["areas"] - 1).clip(lower=1)).ppf((1 + level) / 2)
    reach = reach * told["std"] / np.sqrt(told["areas"])
    return told.assign(low=told["mean"] - reach, high=told["mean"] + reach).drop(columns="std")


def _adjusted(effects: pd.DataFrame) -> pd.DataFrame:
    effects = effects.assign(p_adjusted=np.nan)
    for cohort in COHORTS:
        for primary, adjust in ((True, holm), (False, false_discovery_rate)):
            mine = (effects["cohort"] == cohort) & (effects["primary"] == primary)
            known = mine & effects["p"].notna()
            if known.any():
                effects.loc[known, "p_adjusted"] = adjust(effects.loc[known, "p"].tolist())
    return effects


def _sd(found: Measures, scale: str) -> float:
    """The SD of persons' scores in the first wave."""
    means = found.means
    whole = means[
        (means["scale"] == scale) & (means["level"] == "study") & (means["cohort"] == "all")
    ].sort_values("wave")
    return float(whole["sd"].iloc[0])


def _kinds(study: Study) -> list[str]:
    return sorted(set(study.table("plans")["kind"].dropna()))
