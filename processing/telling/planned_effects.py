"""The effects that a study's registered plan is for, before anybody tells them."""

from __future__ import annotations

from dataclasses import replace

from processing.datasets.study import Study
from processing.effects.analysis_plan import plan_laid_down
from processing.effects.evaluation import Evaluation, evaluate
from processing.errors import StatisticsError
from processing.measuring.study_measures import StudyMeasures

_FEWEST_DRAWS = 99


def planned_effects(study: Study, found: StudyMeasures) -> Evaluation | None:
    """Estimate the effects of the plan that was registered, so that places can be chosen beside them.

    A table of means alone hides some places for others. Chosen without the effects, these could be such
    that an effect beside what all have seen by then gives one away: whoever told first would decide
    whether the figure that the study was made for can be told at all. Of effects nothing is needed here
    but of which means they are sums, so that few assignments are drawn.

    Parameters
    ----------
    study
        The study's dataset, whose manifests say what its plan laid down.
    found
        Its measures, as the table has them.

    Returns
    -------
    Evaluation or None
        None where no plan was registered, and where nothing can be compared yet.

    Raises
    ------
    Nothing.

    Examples
    --------
    >>> planned_effects(read_study("data/bopuls"), found)  # doctest: +SKIP

    """
    plan = plan_laid_down(study)
    if plan is None:
        return None
    try:
        return evaluate(study, replace(plan, draws=_FEWEST_DRAWS), measured=found)
    except StatisticsError:
        return None
