"""Counting what residents may be shown, as a job: minutes where there are thousands of areas."""

from __future__ import annotations

from survey.jobs import not_computed
from survey.models import Study
from survey.results import ResultsError, count_results
from survey.worker import Work


def count(work: Work) -> None:
    """Count a study's results. Raises JobError where its datasets cannot be counted."""
    with work.shop.database.reading() as session:
        key = session.get_one(Study, work.job.study_id).key
    try:
        count_results(key, work.shop.settings.data)
    except ResultsError as error:
        raise not_computed(str(error), error.problems) from error
    work.tell(1, 1)
