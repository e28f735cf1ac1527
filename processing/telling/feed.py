"""The feed: one tidy table of soft outcomes, for everybody or under an agreement, row by row with its provenance."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from processing.datasets.codebook import PERCENT
from processing.datasets.standing import standing_table
from processing.datasets.study import Study
from processing.effects.evaluation import Evaluation
from processing.measuring.disclosure_limits import DisclosureLimits
from processing.measuring.places import plans_in_force
from processing.measuring.study_measures import StudyMeasures, study_measures
from processing.measuring.study_terms import study_terms

from .answered import answered
from .effects_told import cohort_effects_of_few, cohort_effects_that_tell
from .moderators import as_moderators
from .places_told import silent_in
from .rounding import rounded
from .told_before import ToldBefore
from .told_means import change_rows, mean_rows, told_means
from .weighting_told import refuse_reweighted

COLUMNS = (
    "study", "measure", "scale", "scale_version", "highest_score", "status", "level", "unit", "cohort", "wave",
    "wave_before", "year", "plan", "estimate", "standard_error", "low", "high", "p", "n",
    "response_rate", "weight", "method", "kind", "hidden", "audience", "dataset", "analysis_plan",
    "analysis_plans",
)  # fmt: skip
"""`measure` is mean, change, effect or moderator; estimates are points of 0–100, or of a
count how many: `highest_score` says of what; high is favourable.
`unit` is the area's key where the level is afdeling, `plan` the keys of the plans that cover the
unit in the wave, with a semicolon between. `hidden` is 1 where n, estimate and all made from it are
blank, so that no small cell can be worked out. `audience` is public or evaluator. `analysis_plans`
counts, of effects, the plans that were registered in time, of which this one may be the one that found
something."""

Audience: TypeAlias = Literal["public", "evaluator"]
"""Who may have the table: everybody, or an evaluation that has signed for it."""
_FIGURES = ["estimate", "standard_error", "low", "high", "p", "n", "response_rate"]


def feed(
    study: Study,
    found: StudyMeasures,
    evaluation: Evaluation | None = None,
    *,
    statuses: Mapping[str, str] | None = None,
    limits: DisclosureLimits | None = None,
    cooperation: Study | None = None,
    audience: Audience = "public",
    earlier: ToldBefore | None = None,
    partners_earlier: ToldBefore | None = None,
    planned: Evaluation | None = None,
) -> pd.DataFrame:
    """Return a row a mean, change and effect, with small cells hidden and what would give them away.

    Means of every unit and wave pass `disclose` together, so that levels cannot be subtracted from
    one another; a change is hidden where either of its means is. Stayers and newcomers are told
    apart for the study alone: by afdeling nearly all of them would have to be hidden, and much
    beside to protect them.

    For the public all points are whole and an interval lies about the rounded estimate (`rounded`), so that two tables, one
    before and one after somebody took their answers back, do not tell what that one said. An effect
    is a sum of areas' means: it passes `disclose` with them, and one that is not made of means alone
    (persons' covariates) is hidden, on cohorts too. What was told before (`earlier`, see `told_before`) is attacked with
    it: a second effect, after one more wave or by another plan, is a second sum of the same means. A wave
    is told by the weights it was told by before. Where the response of a place is not told, for few answered or
    nearly everyone did, nothing of it is. For the
    evaluator nothing is rounded, every effect is told, and small cells are hidden all the same: such
    a table is not to be published.

    Without an `evaluation` places are chosen beside the effects that the study is for all the same
    (`planned`, see `planned_effects`).

    `limits` are those that the study laid down (`study_terms`) unless given. `cooperation` is the
    study of its own in which project staff and municipal partners answered `samarbejde`, its areas
    being this study's plans: its means are rows of their own, measure "moderator" and level "plan",
    with small cells hidden by the same limits and by what was told of that study before
    (`partners_earlier`), and nobody's answers are merged. `statuses` gives each
    scale's verdict, "candidate" where none was made, as of a variant. Raises StatisticsError.
    """
    limits = limits or study_terms(study).limits
    public = audience == "public"
    if public:
        refuse_reweighted(found, earlier)
    beside = (evaluation or planned) if public else None
    whole = _rows(study, found, evaluation, beside, limits, earlier, public=public)
    whole = _with_provenance(whole, study, found, evaluation, statuses or {}).assign(
        audience=audience
    )
    if public:
        whole = rounded(whole, _counts(study))
    if cooperation is not None:
        theirs = feed(
            cooperation,
            study_measures(cooperation, kept=partners_earlier.weightings if public and partners_earlier else None),
            limits=limits, audience=audience, earlier=partners_earlier,
        )  # fmt: skip
        whole = pd.concat([whole, as_moderators(theirs, study)], ignore_index=True)
    order = ["measure", "scale", "level", "unit", "cohort", "wave"]
    return whole[list(COLUMNS)].sort_values(order, ignore_index=True)


def _counts(study: Study) -> list[str]:
    """Scales that are counts of a few things."""
    return [name for name, most in study.codebook.highest_scores.items() if most < PERCENT]


def _rows(
    study: Study,
    found: StudyMeasures,
    evaluation: Evaluation | None,
    beside: Evaluation | None,
    limits: DisclosureLimits,
    earlier: ToldBefore | None,
    *,
    public: bool,
) -> pd.DataFrame:
    """Means, changes and effects, with blanks where they are hidden; places are chosen `beside` effects."""
    response = answered(study, found, limits, earlier)
    told = told_means(
        study, found, limits, response=response if public else None, earlier=earlier,
        evaluation=beside,
    )  # fmt: skip
    means = _with_response(told.means, response)
    parts = [mean_rows(means), change_rows(found, means)]
    if evaluation is not None:
        effects = _effects(evaluation)
        if public:
            effects = _as_may_be_told(effects, told.effects, means)
            telling = cohort_effects_that_tell(found.measures.means, evaluation, earlier, limits)
            telling |= cohort_effects_of_few(evaluation, limits.mean_n)
            again = pd.MultiIndex.from_frame(effects[["scale", "cohort"]]).isin([*telling])
            effects = effects.assign(hidden=np.maximum(effects["hidden"], again))
        parts.append(effects)
    whole = pd.concat([part for part in parts if len(part)], ignore_index=True)
    if evaluation is None:
        whole["analysis_plans"] = np.nan
    whole.loc[whole["hidden"] == 1, _FIGURES] = np.nan
    return whole


def _with_provenance(
    whole: pd.DataFrame,
    study: Study,
    found: StudyMeasures,
    evaluation: Evaluation | None,
    statuses: Mapping[str, str],
) -> pd.DataFrame:
    """The rows with what each was made from."""
    plans = _plans(study, found)
    versions = _versions(study)
    instruments = {
        name: scale.instrument
        for scale in study.codebook.scales
        for name in (scale.name, *(f"{scale.name}_{variant}" for variant in scale.variants))
    }
    return whole.assign(
        study=study.study,
        scale_version=[
            _versions_of(versions, instruments[name], before, wave)
            for name, before, wave in zip(
                whole["scale"], whole["wave_before"], whole["wave"], strict=True
            )
        ],
        # What was found of a whole scale was not found of the scale without one of its items.
        status=whole["scale"].map(lambda name: statuses.get(name, "candidate")),
        year=whole["wave"].map(lambda wave: int(found.days[int(wave)][:4])),
        highest_score=whole["scale"].map(study.codebook.highest_scores),
        plan=[
            plans.get((level, unit, wave), "")
            for level, unit, wave in zip(whole["level"], whole["unit"], whole["wave"], strict=True)
        ],
        weight=found.weight,
        dataset=found.dataset,
        analysis_plan=evaluation.plan.hash if evaluation else "",
    )


def _with_response(means: pd.DataFrame, response: pd.DataFrame) -> pd.DataFrame:
    """The means with response rates that may be told."""
    return means.assign(response_rate=means["response_rate"].mask(silent_in(means, response)))


def _effects(evaluation: Evaluation) -> pd.DataFrame:
    effects = evaluation.effects
    waves = sorted(evaluation.measures.days)
    return effects.assign(
        measure="effect", level="study", unit="study", wave=waves[-1], wave_before=waves[0],
        response_rate=np.nan, hidden=0, p=effects["p_adjusted"], analysis_plans=effects["plans"],
        method="difference in differences, " + effects["estimator"] + ", "
        + effects["method"].replace("", "no test trusted"),
    )  # fmt: skip


def _as_may_be_told(
    effects: pd.DataFrame, told: Collection[str], means: pd.DataFrame
) -> pd.DataFrame:
    """Effects without those on all residents that would give a mean away: of `told` they do not.

    Effects on stayers and newcomers are of means that are told of no area, and are looked at apart.
    Of n those are kept that the study's own tell already: where areas are left out, the difference
    is how many answered there.
    """
    shown = means[(means["level"] == "study") & (means["hidden"] == 0)]
    known = shown.groupby(["scale", "cohort"])["n"].sum()
    index = pd.MultiIndex.from_frame(effects[["scale", "cohort"]])
    same = known.reindex(index).to_numpy() == effects["n"].to_numpy()
    hidden = (effects["cohort"] == "all") & ~effects["scale"].isin(told)
    return effects.assign(n=effects["n"].where(same), hidden=hidden.astype(int))


def _versions(study: Study) -> dict[int, dict[str, str]]:
    """Wave -> instrument -> its version there."""
    return {
        wave.wave: {
            str(one.get("name")): str(one.get("version", ""))
            for one in wave.manifest.get("form", ())
        }
        for wave in study.waves
    }


def _versions_of(
    versions: Mapping[int, Mapping[str, str]], instrument: str, before: float, wave: int
) -> str:
    """The version in a wave, or the versions in the waves that a change or effect spans."""
    first = wave if np.isnan(before) else int(before)
    told = [of.get(instrument, "") for at, of in sorted(versions.items()) if first <= at <= wave]
    return ";".join(dict.fromkeys(one for one in told if one))


def _plans(study: Study, found: StudyMeasures) -> dict[tuple[str, str, int], str]:
    """Level, unit and wave -> the keys of the plans that cover any area of it; not of the study."""
    covered = plans_in_force(standing_table(study, "area_plan"), found.days)
    others = found.units[~found.units["level"].isin(["study"])]
    pairs = others.merge(covered, on=["wave", "area"])
    by = pairs.groupby(["level", "unit", "wave"])["plan"]
    joined = by.agg(lambda plans: ";".join(sorted(set(plans)))).reset_index()
    keys = zip(joined["level"], joined["unit"], joined["wave"], strict=True)
    return dict(zip(keys, joined["plan"], strict=True))
