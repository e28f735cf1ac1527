"""By which weights waves are told in public: always the same ones, for two weightings are two sums."""

from __future__ import annotations

from dataclasses import replace

from processing.datasets.study import Study
from processing.effects.analysis_plan import AnalysisPlan
from processing.errors import Problem, stop_if_any
from processing.measuring.area_sums import Points
from processing.measuring.study_measures import StudyMeasures, study_measures
from processing.measuring.study_terms import laid_down, study_terms
from processing.measuring.weighting import Weighting

from .told_before import ToldBefore, told_before


def refuse_reweighted(found: StudyMeasures, earlier: ToldBefore | None) -> None:
    """Raise StatisticsError, with every wave, where it was told by other weights before.

    Of the same answers another weighting is another sum of the same hidden places: a place and its
    partner, of which one sum was known, would be known both.
    """
    stop_if_any(
        Problem(
            f"wave {wave}",
            f"it was told in public by {before}, and this is by {now}: two weightings of the same"
            " answers are two sums, and together they can tell a place that each hides",
            "Ask for no weights (--adults, --base-weights), and it is weighted as before; or make a"
            " table that is not for the public: --for-evaluator",
        )
        for wave, before, now in _reweighted(found, earlier)
    )


def public_measures(study: Study, plan: AnalysisPlan | None = None) -> StudyMeasures:
    """Measure a study for the public: as it lays down, and what was told before by its weights of then.

    What is told first of a wave stands, whatever groups, counts or plans come after. Other waves are
    weighted by the plan that was registered before they were frozen (`study_terms`). Where none was,
    `plan` says how, and sets points and level too; without it the default holds. Raises StatisticsError;
    DatasetError where what was told cannot be read.
    """
    earlier = told_before(study)
    kept = earlier.weightings if earlier else {}
    if plan is None:
        return study_measures(study, kept=kept)
    terms = study_terms(study)
    if not laid_down(study):
        terms = replace(terms, adults=plan.adults, ordered=plan.ordered, weights=plan.weights)
    points = Points(plan.below, plan.above)
    return study_measures(study, points=points, level=plan.level, terms=terms, kept=kept)


def _reweighted(
    found: StudyMeasures, earlier: ToldBefore | None
) -> list[tuple[int, Weighting, Weighting]]:
    before = earlier.weightings if earlier else {}
    return [
        (wave, before[wave], now)
        for wave, now in sorted(found.weighed.weightings.items())
        if wave in before and not before[wave].like(now)
    ]
