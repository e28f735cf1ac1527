"""Which means may leave the house: reports that are sent on ask before they show or draw one."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

import pandas as pd

from processing.datasets.study import Study
from processing.effects.effect_means import Beside, beside_of, coefficients_beside
from processing.effects.evaluation import Evaluation
from processing.measuring.disclosure_limits import DisclosureLimits
from processing.measuring.study_measures import StudyMeasures
from processing.measuring.study_terms import study_terms

from .answered import answered
from .effects_told import cohort_effects_of_few, cohort_effects_that_tell
from .told_before import ToldBefore, told_before
from .told_means import ToldMeans, told_means

EFFECT: Beside = ("effect", 0)
_CELL = ["scale", "level", "unit", "cohort", "wave"]


@dataclass(frozen=True)
class SmallCells:
    """The means of a study that are neither small nor give a small one away, with its effects.

    `withheld` are effects that would: scale, cohort and what is told ("effect", or as
    `coefficients_beside` names it).
    """

    shown: frozenset[tuple[str, str, str, str, int]]
    limits: DisclosureLimits = field(default_factory=DisclosureLimits)
    withheld: frozenset[tuple[str, str, Beside]] = frozenset()

    def may_tell(self, scale: object, cohort: str = "all", what: Beside = EFFECT) -> bool:
        """Whether an effect, or a number beside it, may be printed."""
        return (str(scale), cohort, what) not in self.withheld

    def may_show(self, means: pd.DataFrame) -> pd.Series:
        """Whether each row's mean may be shown; rows have scale, level, unit, cohort and wave."""
        cells = means[_CELL].itertuples(index=False, name=None)
        return pd.Series([cell in self.shown for cell in cells], means.index, dtype=bool)


def small_cells(
    study: Study,
    found: StudyMeasures,
    limits: DisclosureLimits | None = None,
    evaluation: Evaluation | None = None,
) -> SmallCells:
    """Look at all means together, as the feed does, by what the study laid down; `limits` make that only stricter.

    What was hidden in public before is not shown here either. With an `evaluation` the means and effects
    shown are those of the public feed, so that the two hold together: an effect is a sum of areas'
    means. Effects by exposure and two-way effects are shown where they give nothing away beside all
    of these; who reads the feed too would know what was hidden for them. Effects with persons'
    covariates are no sums of means and are not looked at.
    Takes seconds where there are small cells in many places. Raises StatisticsError.
    """
    laid_down = study_terms(study).limits
    limits = limits.stricter(laid_down) if limits else laid_down
    earlier = told_before(study)
    response = answered(study, found, limits, earlier) if evaluation else None
    told = told_means(
        study, found, limits, response=response, earlier=earlier, evaluation=evaluation
    )
    shown = told.means[told.means["hidden"] == 0]
    cells = frozenset(shown[_CELL].itertuples(index=False, name=None))
    if evaluation is None:
        return SmallCells(cells, limits)
    if evaluation.plan.covariates:
        few = cohort_effects_of_few(evaluation, limits.mean_n)
        return SmallCells(cells, limits, frozenset((*one, EFFECT) for one in few))
    return SmallCells(cells, limits, frozenset(_withheld(evaluation, told, earlier, limits)))


def _withheld(
    evaluation: Evaluation, told: ToldMeans, earlier: ToldBefore | None, limits: DisclosureLimits
) -> set[tuple[str, str, Beside]]:
    scales = set(evaluation.effects.loc[evaluation.effects["cohort"] == "all", "scale"])
    found = {(scale, "all", EFFECT) for scale in scales - told.effects}
    means = evaluation.measures.measures.means
    telling = cohort_effects_that_tell(means, evaluation, earlier, limits)
    telling |= cohort_effects_of_few(evaluation, limits.mean_n)
    found |= {(scale, cohort, EFFECT) for scale, cohort in telling}
    # What reports print of exposure and by two ways is of the primary measures.
    leading = sorted(scales & set(evaluation.plan.primary)) or sorted(scales)
    printed = {(scale, "all", what) for scale in leading for what in beside_of(evaluation, scale)}
    known: dict[Hashable, pd.Series] = {
        (scale, "all", what): made
        for scale in leading
        for what, made in coefficients_beside(evaluation, scale).items()
    }
    may = told.beside(known)
    return found | {one for one in printed if one not in may}
