"""Did the plans move what residents say? A study's effects, as its plan said and beyond it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from functools import partial

import numpy as np
import pandas as pd
from scipy import stats

from processing.datasets.standing import standing_table
from processing.datasets.study import Study
from processing.errors import Problem, StatisticsError, stop_if_any
from processing.measuring.area_sums import Points
from processing.measuring.measures import Measures
from processing.measuring.study_measures import StudyMeasures, scored_rows, study_measures

from .analysis_plan import AnalysisPlan
from .covariates import as_categories, nobody_answered, shares_of_areas
from .headline import STAGGERED, Headline, by_start, headline
from .multiplicity import false_discovery_rate, holm
from .parted_trends import Restriction, parted_trends
from .plan_fit import misfits_of_plan
from .registration import Registration, registration
from .staggered import OVER_WAVES
from .told_effect import told_effect
from .treatment import Treatment, treatment

COHORTS = ("all", "stayer", "newcomer")
NAMES = {"all": "all residents", "stayer": "stayers", "newcomer": "newcomers"}
BOUNDS: tuple[Restriction, ...] = ("magnitudes", "smoothness")


@dataclass(frozen=True)
class Evaluation:
    """A study's effects. `effects` has a row a scale and cohort, with the columns of `told_effect`.

    `inferences` has a row for every estimator and method. `staggered` holds effects by start, by waves
    of exposure, by whole years that plans have run, and over all (`what`), `parted` what is left of the
    first effect where trends may have parted as much as they did before (see `parted_trends`), for all
    residents where there are two waves before. `trends` has the mean of treated and of other areas by
    wave: scale, treated (ever), wave, mean, low, high, areas. Every frame says of its rows whether
    they are confirmatory or exploratory (kind): confirmatory is what the plan names, by its estimator
    and its inference, and nothing beside it.
    """

    effects: pd.DataFrame
    inferences: pd.DataFrame
    staggered: pd.DataFrame
    parted: pd.DataFrame
    trends: pd.DataFrame
    measures: StudyMeasures
    plan: AnalysisPlan
    registered: bool
    registration: Registration
    treatment: Treatment
    reweighted: bool = False
    """Whether it was told to weight otherwise than the plan lays down, so that all is exploratory."""
    left_out: pd.DataFrame = field(default_factory=pd.DataFrame)
    """Starts of which nothing is told: scale, cohort, start, areas (keys), waves, whole and why."""

    def __str__(self) -> str:
        lines = [
            f"{row.scale}, {NAMES[str(row.cohort)]}: {row.estimate:+.1f} points "
            f"({row.low:.1f} to {row.high:.1f}, p {row.p_adjusted:.3f}), {row.kind}"
            for row in self.effects.itertuples()
        ]
        return "\n".join(lines)


def evaluate(
    study: Study,
    plan: AnalysisPlan,
    *,
    registered: bool | None = None,
    calibrated: bool | None = None,
) -> Evaluation:
    """Estimate a study's effects.

    Who is treated when is read by `treatment`: areas treated from the beginning and waves after a
    plan's end are left out and told. Weights are as `plan` lays down, whatever another plan of the
    study says: one that came after the data would else change what is confirmatory. On areas, the outcome is the unit's direct mean; on persons,
    everyone's own score with their weight, every area alike where the plan weights equally. Where
    plans start in different waves, the doubly robust mean over treated area-waves is told
    (`headline`). What `plan` names is confirmatory where the manifests tell that it was registered
    before data of treated areas were frozen (`registration`; `registered` says so of a plan that was
    registered elsewhere); all else is exploratory: other scales, cohorts apart, other estimators and
    methods. Primary scales are adjusted by Holm, secondary and other ones by false discovery rate,
    each apart, over all residents and over the cohorts. Weights are those that the plan lays down;
    with others (`calibrated`, as in `study_measures`) all is exploratory: whoever has seen both could
    choose.
    Raises StatisticsError.
    """
    # A margin that is not there joins nothing: no reason to stop what was registered.
    asked = replace(plan, ordered=())
    stop_if_any(
        misfits_of_plan(
            asked, [study.codebook], areas=set(study.table("areas")["area"].astype(str))
        )
    )
    points = Points(plan.below, plan.above)
    weighting, reweighted = _weighting(study, plan, calibrated)
    measured = study_measures(
        study, points=points, level=plan.level, calibrated=weighting,
        adults=plan.adults, ordered=plan.ordered,
    )  # fmt: skip
    compared = treatment(study, measured, plan)
    if not compared.frame["treated"].any():
        raise _nobody(study, plan)
    known = registration(study, plan.hash, compared.frame)
    before = known.before if registered is None else registered
    # Persons' rows are read where persons are compared, or covariates have to be known of them.
    people = (
        _people(study, measured, plan.covariates)
        if plan.units == "persons" or plan.covariates
        else None
    )
    if people is not None:
        stop_if_any(nobody_answered(people, plan.covariates))
    most = study.codebook.highest_scores
    found: list[dict[str, object]] = []
    inferences, staggered, parted = [], [], []
    left_out: list[dict[str, object]] = []
    for cohort in COHORTS:
        for scale in measured.scales:
            rows = _rows(study, measured, people, compared, scale, cohort, plan)
            if not len(rows.units):
                continue
            one = rows.headline(plan, _sd(measured.measures, scale))
            if one is None:
                continue
            told = told_effect(
                one,
                plan,
                scale,
                cohort,
                before=before and not reweighted,
                plans=known.plans,
                most=most[scale],
            )
            found.append(told | rows.told())
            about = {"scale": scale, "cohort": cohort}
            inferences.append(_inferences(one, told).assign(**about))
            left_out += [asdict(left) | about for left in one.left_out]
            if one.later is not None:
                staggered.append(_by_exposure(one, told).assign(**about))
                if cohort == "all" and np.isfinite(one.later.pretest):
                    parted += _parted(rows, scale, plan)
    if not found:
        raise _no_comparison(compared)
    effects = _adjusted(pd.DataFrame(found), plan)
    return Evaluation(
        effects=effects,
        inferences=pd.concat(inferences, ignore_index=True),
        staggered=pd.concat(staggered, ignore_index=True) if staggered else pd.DataFrame(),
        parted=pd.concat(parted, ignore_index=True) if parted else pd.DataFrame(),
        trends=_trends(measured.measures, compared, plan.level).assign(kind="exploratory"),
        measures=measured,
        plan=plan,
        registered=before,
        registration=known,
        treatment=compared,
        reweighted=reweighted,
        left_out=pd.DataFrame(left_out),
    )


def _weighting(study: Study, plan: AnalysisPlan, asked: bool | None) -> tuple[bool | None, bool]:
    """How rows are weighted (`calibrated`), and whether that is otherwise than the plan lays down."""
    base = plan.weights == "base"
    if asked is None:
        return (False if base else None), False
    counts = any(len(wave.table("margins")) for wave in study.waves)
    return asked, counts and asked == base


def _nobody(study: Study, plan: AnalysisPlan) -> StatisticsError:
    return StatisticsError(
        Problem(
            "plan, treatment",
            f"no area becomes treated by {', '.join(plan.treatment)} between the waves",
            f"The dataset's plans are of the kinds {', '.join(_kinds(study)) or 'none'}",
            "effects.nobody",
            {"kinds": ", ".join(plan.treatment), "known": ", ".join(_kinds(study))},
        )
    )


def _no_comparison(compared: Treatment) -> StatisticsError:
    """Areas do become treated, and nothing can be said of it."""
    by = compared.frame.groupby("unit")["treated"].max()
    treated, others = int((by == 1).sum()), int((by == 0).sum())
    return StatisticsError(
        Problem(
            "plan, treatment",
            f"{treated} areas become treated between the waves and {others} do not: where that leaves"
            " too few with answers before and after, in either arm, there is no comparison",
            "Compare with more areas, or tell changes with beboerpuls measures",
            "effects.no_comparison",
            {"treated": str(treated), "others": str(others)},
        )
    )


def _inferences(one: Headline, told: dict[str, object]) -> pd.DataFrame:
    """Every estimator and method; of the plan's kind is the one that is told.

    What is not had has a row too, that says why (`note`).
    """
    frames = [effect.to_frame() for effect in (one.told, one.beside) if effect is not None]
    without = {"outcome": "y", "estimator": one.told.estimator, "estimate": one.told.estimate}
    rows = [without | {"method": name, "note": why} for name, why in one.withheld.items()]
    whole = pd.concat([*frames, pd.DataFrame(rows)], ignore_index=True)
    whole = whole.assign(note=whole["note"].fillna("") if rows else "")
    mine = (whole["estimator"] == one.told.estimator) & (whole["method"] == told["method"])
    return whole.assign(trusted=mine, kind=np.where(mine, str(told["kind"]), "exploratory"))


def _by_exposure(one: Headline, told: dict[str, object]) -> pd.DataFrame:
    frame = (
        one.later.to_frame() if one.later is not None else pd.DataFrame(columns=["what", "over"])
    )
    # The mean over treated area-waves stands among the effects too, with its trusted interval.
    mine = (frame["what"] == "overall") & (frame["over"] == OVER_WAVES)
    mine &= one.told.estimator == STAGGERED
    for column in ("low", "high", "p", "method"):
        frame[column] = frame[column].where(~mine, told[column])  # by what is trusted there
    return frame.assign(kind=np.where(mine, str(told["kind"]), "exploratory"))


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


@dataclass(frozen=True)
class _Rows:
    """One scale's rows: `units` of the plan, and areas' `means`, with the names of their covariates."""

    units: pd.DataFrame
    covariates: list[str]
    means: pd.DataFrame
    shares: list[str]
    always: int
    ended: int

    def headline(self, plan: AnalysisPlan, sd: float) -> Headline | None:
        return headline(
            self.units, self.means, plan, covariates=self.covariates, shares=self.shares, sd=sd
        )

    def told(self) -> dict[str, object]:
        return {"n": int(self.means["n"].sum()), "always_treated": self.always, "ended": self.ended}


def _rows(
    study: Study,
    measured: StudyMeasures,
    people: pd.DataFrame | None,
    compared: Treatment,
    scale: str,
    cohort: str,
    plan: AnalysisPlan,
) -> _Rows:
    """Outcome and treatment of areas, and of persons where the plan compares them, with covariates."""
    means = measured.measures.means
    mine = means[
        (means["scale"] == scale) & (means["cohort"] == cohort) & (means["level"] == "afdeling")
    ]
    own = mine[["unit", "wave", "mean", "effective_n", "n"]].dropna(subset=["mean"])
    own = own.rename(columns={"mean": "y", "effective_n": "weight"})
    units = set(own["unit"])
    areas = own.merge(compared.frame, on=["unit", "wave"])
    # An area that was not seen before its start has no before, whatever the plan's dates.
    first = areas.sort_values("wave").groupby("unit")["treated"].transform("first")
    late = set(areas.loc[first == 1, "unit"])
    areas = areas[~areas["unit"].isin(late)]
    always = len(units & set(compared.always)) + len(late)
    ended = len(set(areas["unit"]) & set(compared.ended))
    if people is None or not len(areas):
        return _Rows(areas, [], areas, [], always, ended)
    theirs = people if cohort == "all" else people[people["cohort"] == cohort]
    shares: list[str] = []
    if plan.covariates:
        by, shares = shares_of_areas(theirs, study.codebook, plan.covariates)
        areas = areas.merge(by, on=["unit", "wave"])
    if plan.units == "areas":
        return _Rows(areas, shares, areas, shares, always, ended)
    persons = theirs[["unit", "wave", "weight", scale, *plan.covariates]]
    persons = persons.rename(columns={scale: "y"}).dropna(subset=["weight", "y"])
    persons = persons.merge(areas[["unit", "wave", "treated"]], on=["unit", "wave"])
    persons, columns = as_categories(persons, study.codebook, plan.covariates)
    return _Rows(persons, columns, areas, shares, always, ended)


def _parted(rows: _Rows, scale: str, plan: AnalysisPlan) -> list[pd.DataFrame]:
    """What is left of the first effect where trends may have parted as before, by both bounds."""
    try:
        effects = by_start(rows.means, plan, rows.shares, base="universal")
        # These intervals take estimates to be normal: with few areas they are no surer than CR2's.
        if not effects.by_exposure["method"].eq("CR2").all():
            return []
        study = effects.event_study()
        return [
            parted_trends(study, kind, level=plan.level, seed=plan.seed)
            .to_frame()
            .assign(scale=scale, kind="exploratory")
            for kind in BOUNDS
        ]
    except StatisticsError:
        # No two waves before, so many waves that the inequalities cannot be gone through, or areas
        # that cannot be compared from one base.
        return []


def _trends(found: Measures, compared: Treatment, level: float) -> pd.DataFrame:
    """Means of areas' means, each area alike, with t intervals over areas."""
    means = found.means
    mine = means[(means["cohort"] == "all") & (means["level"] == "afdeling")]
    joined = compared.arms(mine.dropna(subset=["mean"]))
    by = joined.groupby(["scale", "treated", "wave"], as_index=False)["mean"]
    told: pd.DataFrame = by.agg(["mean", "std", "count"]).rename(columns={"count": "areas"})
    reach = stats.t((told["areas"] - 1).clip(lower=1)).ppf((1 + level) / 2)
    reach = reach * told["std"] / np.sqrt(told["areas"])
    return told.assign(low=told["mean"] - reach, high=told["mean"] + reach).drop(columns="std")


def _adjusted(effects: pd.DataFrame, plan: AnalysisPlan) -> pd.DataFrame:
    """Each family of tests by itself: others' many p values would make secondary ones look surer."""
    effects = effects.assign(p_adjusted=np.nan)
    secondary = effects["scale"].isin(plan.secondary) & (effects["cohort"] == "all")
    primary = effects["primary"].astype(bool)
    # A primary scale without a p, or without an effect, was to be tested all the same.
    registered = partial(holm, of=len(plan.primary))
    for cohort in COHORTS:
        for family, adjust in (
            (primary, registered),
            (secondary, false_discovery_rate),
            (~primary & ~secondary, false_discovery_rate),
        ):
            known = family & (effects["cohort"] == cohort) & effects["p"].notna()
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
    return sorted(set(standing_table(study, "plans")["kind"].dropna()))
