"""Jobs, and a worker that does them in the test's own time."""

from __future__ import annotations

import pytest

from survey.job_kinds import CHORES, KINDS
from survey.jobs import order_job
from survey.models import Job
from survey.worker import Worker, Workshop


@pytest.fixture
def shop(settings, database):
    """What jobs are made with."""
    return Workshop(settings, database)


@pytest.fixture
def do_jobs(shop):
    """A function that does all jobs that wait; returns how many those were."""

    def do_jobs(kinds=KINDS):
        return Worker(shop, kinds, CHORES).work(until_idle=True)

    return do_jobs


@pytest.fixture
def order(database):
    """A function that orders a job: `order(study, "count")`."""

    def order(study, kind, *, role="coordinator", wave=None, keeps_hours=1, **wanted):
        with database.writing() as session:
            return order_job(
                session,
                kind,
                study_id=study.id,
                wave_id=wave and wave.id,
                role=role,
                actor="Karen",
                wanted=wanted,
                keeps_hours=keeps_hours,
            ).id

    return order


@pytest.fixture
def job(database):
    """A function that finds a job as it stands now."""

    def job(number):
        with database.reading() as session:
            return session.get_one(Job, number)

    return job
