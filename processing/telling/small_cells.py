"""Which means may leave the house: reports that are sent on ask before they show or draw one."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from processing.datasets.study import Study
from processing.effects.evaluation import Evaluation
from processing.measuring.disclosure_limits import DisclosureLimits
from processing.measuring.study_measures import StudyMeasures
from processing.measuring.study_terms import study_terms

from .answered import answered
from .told_before import told_before
from .told_means import told_means

_CELL = ["scale", "level", "unit", "cohort", "wave"]


@dataclass(frozen=True)
class SmallCells:
    """The means of a study that are neither small nor give a small one away."""

    shown: frozenset[tuple[str, str, str, str, int]]
    limits: DisclosureLimits = field(default_factory=DisclosureLimits)

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

    What was hidden in public before is not shown here either. With an `evaluation` its effects stand
    beside the means, which are then shown as in the public feed: an effect is a sum of areas' means.
    Takes seconds where there are small cells in many places. Raises StatisticsError.
    """
    laid_down = study_terms(study).limits
    limits = limits.stricter(laid_down) if limits else laid_down
    earlier = told_before(study)
    response = answered(study, found, limits, earlier) if evaluation else None
    told = told_means(
        study, found, limits, response=response, earlier=earlier, evaluation=evaluation
    ).means
    shown = told[told["hidden"] == 0]
    return SmallCells(frozenset(shown[_CELL].itertuples(index=False, name=None)), limits)
