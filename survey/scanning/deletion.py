"""The day from which a study's scanned pictures are gone, and their going."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import Session

from survey import audit
from survey.models import Scan, ScanPage, ScanRules, Study


@dataclass(frozen=True)
class Deleted:
    """What went on its day."""

    study: str
    day: dt.date
    pages: int


def keep_until(session: Session, study: Study, day: dt.date, *, actor: str) -> ScanRules:
    """Say from which day a study's pictures, and what was read from them, are gone."""
    audit.note(session, actor, "scans kept until", study.key, day=day.isoformat())
    rules = session.get(ScanRules, study.id)
    if rules is None:
        rules = ScanRules(study_id=study.id, delete_on=day)
        session.add(rules)
    rules.delete_on = day
    session.flush()
    return rules


def something_due(session: Session, today: dt.date) -> bool:
    """Whether any study's day has come and there is still something to delete."""
    studies = select(ScanRules.study_id).where(ScanRules.delete_on <= today)
    sealed = or_(ScanPage.sealed_picture.is_not(None), ScanPage.sealed_readings.is_not(None))
    left = (
        exists()
        .where(Scan.study_id.in_(studies))
        .where(
            or_(Scan.state == "waiting", exists().where(ScanPage.scan_id == Scan.id).where(sealed))
        )
    )
    return bool(session.scalar(select(left)))


def delete_due(session: Session, today: dt.date) -> list[Deleted]:
    """Delete the pictures of every study whose day has come, and what was read from them.

    What became of each page stays; answers that came of it are answers, and stay as answers do. A
    sheet that still waits for somebody's decision is keyed from the paper from then on.
    """
    due = session.execute(
        select(Study, ScanRules.delete_on)
        .join(ScanRules, ScanRules.study_id == Study.id)
        .where(ScanRules.delete_on <= today)
        .order_by(Study.key)
    ).all()
    deleted = []
    for study, day in due:
        scans = select(Scan.id).where(Scan.study_id == study.id)
        emptied = session.execute(
            update(ScanPage)
            .where(ScanPage.scan_id.in_(scans))
            .where(or_(ScanPage.sealed_picture.is_not(None), ScanPage.sealed_readings.is_not(None)))
            .values(sealed_picture=None, sealed_readings=None, unsure=0)
            .execution_options(synchronize_session=False)
        )
        waiting = session.execute(
            update(Scan)
            .where(Scan.study_id == study.id, Scan.state == "waiting")
            .values(state="failed", problem="day_over", sealed=None)
            .execution_options(synchronize_session=False)
        )
        pages = emptied.rowcount + waiting.rowcount  # type: ignore[attr-defined]  # of an update
        if pages:
            deleted.append(Deleted(study.key, day, pages))
    # Rows before the chain of notes, as everywhere: else two who hold one wait for the other.
    for gone in deleted:
        audit.note(session, "retention", "scans deleted", gone.study, pages=gone.pages)
    session.expire_all()
    return deleted
