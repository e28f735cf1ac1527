"""The job that reads an uploaded file, and how it is ordered."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey.jobs import JobError, order_job
from survey.models import Job, Scan
from survey.scanning.deletion import delete_due, something_due
from survey.scanning.files import read_scan
from survey.scanning.libraries import MissingLibrariesError
from survey.worker import Work, Workshop

_KEPT_HOURS = 24


def order_reading(session: Session, scan: Scan, *, actor: str) -> bool:
    """Order that a file be read; False where somebody has, and it has not come to an end."""
    if scan.id in being_read(session, scan.study_id):
        return False
    order_job(
        session,
        "scan",
        study_id=scan.study_id,
        role="fieldworker",
        actor=actor,
        wanted={"scan": scan.id},
        keeps_hours=_KEPT_HOURS,
    )
    return True


def being_read(session: Session, study_id: int) -> frozenset[int]:
    """The files of a study that a worker reads, or will."""
    jobs = session.scalars(
        select(Job).where(
            Job.study_id == study_id, Job.kind == "scan", Job.state.in_(("queued", "running"))
        )
    )
    return frozenset(job.wanted["scan"] for job in jobs)


def read_upload(work: Work) -> None:
    """Read the file that `wanted` names, page by page. A worker that is asked to end stops between two."""
    shop = work.shop
    with shop.database.writing() as session:
        delete_due(session, dt.datetime.now(dt.UTC).date())
        if session.get(Scan, work.job.wanted["scan"]) is None:
            return

    def tell(pages: int) -> None:
        # How many there are is known at the end; a count that grows says enough until then.
        work.tell(pages, pages + 1)

    try:
        scan = read_scan(
            shop.database, shop.keys, shop.forms, work.job.wanted["scan"], tell=tell, look=work.look
        )
    except MissingLibrariesError as missing:
        raise JobError("job.error.scanning", command=missing.command) from None
    if scan.state == "failed":
        raise JobError(f"scans.file.{scan.problem}")


def delete_on_their_day(shop: Workshop, today: dt.date) -> None:
    """Delete what scanning keeps of studies whose day has come. Looks without the writers' lock."""
    with shop.database.looking() as session:
        if not something_due(session, today):
            return
    with shop.database.writing() as session:
        delete_due(session, today)
