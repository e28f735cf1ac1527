"""Counting what residents may be shown, as a job: minutes where there are thousands of areas."""

from __future__ import annotations

from survey.jobs import not_computed
from survey.models import Study
from survey.result_counts import ResultsError, count_results, note_counted, told_last
from survey.worker import Work


def count(work: Work) -> None:
    """Count a study's results. Raises JobError where its datasets cannot be counted."""
    with work.shop.database.reading() as session:
        key = session.get_one(Study, work.job.study_id).key
        known = told_last(session, key)
    data = work.shop.settings.data
    try:
        count_results(key, data, known)
    except ResultsError as error:
        raise not_computed(str(error), error.problems) from error
    with work.shop.database.writing() as session:
        note_counted(session, key, data, actor=work.job.actor)
    work.tell(1, 1)
