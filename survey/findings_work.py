"""Counting what researchers look at, as jobs: evidence alone may take minutes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from survey.findings import FindingsError, count_effects, count_findings
from survey.jobs import not_computed
from survey.models import Study
from survey.worker import Work


def findings(work: Work) -> None:
    """Measures and evidence of a study. Raises JobError."""
    base = bool(work.job.wanted.get("base_weights"))
    data = work.shop.settings.data
    _counted(work, lambda key: count_findings(key, data, work.tell, base_weights=base))


def effects(work: Work) -> None:
    """Effects by the plan that was sent along. Raises JobError."""
    plan = str(work.job.wanted["plan"])
    base = bool(work.job.wanted.get("base_weights"))
    data = work.shop.settings.data
    _counted(work, lambda key: count_effects(key, data, plan, base_weights=base))


def _counted(work: Work, count: Callable[[str], Path]) -> None:
    with work.shop.database.reading() as session:
        key = session.get_one(Study, work.job.study_id).key
    try:
        count(key)
    except FindingsError as error:
        raise not_computed(str(error), error.problems) from error
    work.tell(1, 1)
