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
from processing.measuring.study_measures import StudyMeasures, study_measures
from processing.measuring.study_terms import study_terms
from processing.small_matrices import on_one_core

from .analysis_plan import AnalysisPlan
from .compared_rows import ComparedRows, compared_rows, people_of
from .covariates import nobody_answered
from .headline import STAGGERED, Headline, by_start
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


@on_one_core()
def evaluate(
    study: Study,
    plan: AnalysisPlan,
    *,
    registered: bool | None = None,
    calibrated: bool | None = None,
    measured: StudyMeasures | None = None,
) -> Evaluation:
    """Estimate a study's effects.

    Who is treated when is read by `treatment`: areas treated from the beginning and waves after a
    plan's end are left out and told. On areas, the outcome is the unit's direct mean; on persons,
    everyone's own score with their weight, every area alike where the plan weights equally. Where
    plans start in different waves, the doubly robust mean over treated area-waves is told
    (`headline`). What `plan` names is confirmatory where the manifests tell that it was registered
    before data of treated areas were frozen (`registration`; `registered` says so of a plan that was
    registered elsewhere); all else is exploratory: other scales, cohorts apart, other estimators and
    methods. Primary scales are adjusted by Holm, secondary and other ones by false discovery rate,
    each apart, over all residents and over the cohorts. Weights are those that the plan lays down, whatever another plan of the study says: one that came
    after the data would else change what is confirmatory. With others (`calibrated`, as in
    `study_measures`, or `measured`, as the public has them) all is exploratory: whoever has seen both
    could choose.
    Raises StatisticsError.
    """
    # A margin that is not there joins nothing: no reason to stop what was registered.
    asked = replace(plan, ordered=())
    stop_if_any(
        misfits_of_plan(
            asked, [study.codebook], areas=set(study.table("areas")["area"].astype(str))
        )
    )
    if measured is None:
        measured = study_measures(
            study, points=Points(plan.below, plan.above), level=plan.level, calibrated=calibrated,
            terms=replace(
                study_terms(study),
                adults=plan.adults, ordered=plan.ordered, weights=plan.weights,
            ),
        )  # fmt: skip
    reweighted = _otherwise(study, measured, plan)
    compared = treatment(study, measured, plan)
    if not compared.frame["treated"].any():
        raise _nobody(study, plan)
    known = registration(study, plan.hash, compared.frame)
    before = known.before if registered is None else registered
    people = _people_of(study, measured, plan)
    most = study.codebook.highest_scores
    found = _Found()
    for cohort in COHORTS:
        for scale in measured.scales:
            rows = compared_rows(study, measured, people, compared, scale, cohort, plan)
            one = rows.headline(plan, _sd(measured.measures, scale)) if len(rows.units) else None
            if one is not None:
                told = told_effect(
                    one, plan, scale, cohort,
                    before=before and not reweighted, plans=known.plans, most=most[scale],
                )  # fmt: skip
                found.add(one, told, rows, plan)
    if not found.effects:
        raise _no_comparison(compared)
    return Evaluation(
        effects=_adjusted(pd.DataFrame(found.effects), plan),
        inferences=pd.concat(found.inferences, ignore_index=True),
        staggered=_joined(found.staggered),
        parted=_joined(found.parted),
        trends=_trends(measured.measures, compared, plan.level).assign(kind="exploratory"),
        measures=measured,
        plan=plan,
        registered=before,
        registration=known,
        treatment=compared,
        reweighted=reweighted,
        left_out=pd.DataFrame(found.left_out),
    )


@dataclass
class _Found:
    """What is found of one scale and cohort after the other."""

    effects: list[dict[str, object]] = field(default_factory=list)
    inferences: list[pd.DataFrame] = field(default_factory=list)
    staggered: list[pd.DataFrame] = field(default_factory=list)
    parted: list[pd.DataFrame] = field(default_factory=list)
    left_out: list[dict[str, object]] = field(default_factory=list)

    def add(
        self, one: Headline, told: dict[str, object], rows: ComparedRows, plan: AnalysisPlan
    ) -> None:
        about = {name: str(told[name]) for name in ("scale", "cohort")}
        self.effects.append(told | rows.told())
        self.inferences.append(_inferences(one, told).assign(**about))
        self.left_out += [asdict(left) | about for left in one.left_out]
        if one.later is not None:
            self.staggered.append(_by_exposure(one, told).assign(**about))
            if about["cohort"] == "all" and np.isfinite(one.later.pretest):
                self.parted += _parted(rows, about["scale"], plan)


def _joined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _people_of(study: Study, measured: StudyMeasures, plan: AnalysisPlan) -> pd.DataFrame | None:
    """Persons' rows, where persons are compared or covariates have to be known of them."""
    if plan.units != "persons" and not plan.covariates:
        return None
    people = people_of(study, measured, plan.covariates)
    stop_if_any(nobody_answered(people, plan.covariates))
    return people


def _otherwise(study: Study, measured: StudyMeasures, plan: AnalysisPlan) -> bool:
    """Whether answers are weighted otherwise than the plan lays down."""
    asked = measured.terms
    if measured.weighed.kept or asked.adults != plan.adults:
        return True
    counted = {one for wave in study.waves for one in wave.table("margins")["variable"]}
    if not counted or asked.weights == plan.weights == "base":
        return False
    ordered = set(asked.ordered) & counted != set(plan.ordered) & counted
    return ordered or asked.weights != plan.weights


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


def _parted(rows: ComparedRows, scale: str, plan: AnalysisPlan) -> list[pd.DataFrame]:
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
