"""Counting what researchers look at, as jobs: evidence alone may take minutes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from survey.findings import FindingsError, count_effects, count_findings
from survey.jobs import JobError
from survey.models import Study
from survey.worker import Work


def findings(work: Work) -> None:
    """Measures and evidence of a study. Raises JobError."""
    _counted(work, lambda key: count_findings(key, work.shop.settings.data, work.tell))


def effects(work: Work) -> None:
    """Effects by the plan that was sent along. Raises JobError."""
    plan = str(work.job.wanted["plan"])
    _counted(work, lambda key: count_effects(key, work.shop.settings.data, plan))


def _counted(work: Work, count: Callable[[str], Path]) -> None:
    with work.shop.database.reading() as session:
        key = session.get_one(Study, work.job.study_id).key
    try:
        count(key)
    except FindingsError as error:
        raise JobError("job.error.said", said=str(error)) from error
    work.tell(1, 1)
