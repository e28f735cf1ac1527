"""By which weights waves are told in public: always the same ones, for two weightings are two sums."""

from __future__ import annotations

from processing.datasets.study import Study
from processing.errors import Problem, stop_if_any
from processing.measuring.study_measures import StudyMeasures, study_measures

from .told_before import ToldBefore, Weighting, told_before


def weightings(found: StudyMeasures) -> dict[int, Weighting]:
    """How each wave's answers are weighted in these measures."""
    adults = found.base.adults or ""
    plain = Weighting("", adults)
    if found.weights is None:
        return dict.fromkeys(found.days, plain)
    within = Weighting(found.weights.level, adults, tuple(found.terms.ordered))
    return {wave: plain if wave in found.weights.plain else within for wave in found.days}


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
            "Weight as before (--adults, --base-weights, the plan's adults and ordered say how), or"
            " make a table that is not for the public: --for-evaluator",
        )
        for wave, before, now in _reweighted(found, earlier)
    )


def public_measures(study: Study) -> StudyMeasures:
    """Measure a study for the public: as it lays down, or by the weights it was told by before.

    A plan that is registered between two tellings may weight otherwise, and what was told first
    stands. Raises StatisticsError; DatasetError where what was told cannot be read.
    """
    found = study_measures(study)
    earlier = told_before(study)
    if earlier is None or not _reweighted(found, earlier):
        return found
    said = earlier.weightings[max(earlier.weightings)]
    return study_measures(
        study, adults=said.adults, ordered=said.ordered, calibrated=None if said.within else False
    )


def _reweighted(
    found: StudyMeasures, earlier: ToldBefore | None
) -> list[tuple[int, Weighting, Weighting]]:
    before = earlier.weightings if earlier else {}
    return [
        (wave, before[wave], now)
        for wave, now in sorted(weightings(found).items())
        if wave in before and before[wave] != now
    ]
