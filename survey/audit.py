"""Who did what, in a chain: each entry's hash covers the one before, so none can be taken out.

The hashes are made under a secret of the key file: whoever can write to the database alone can
neither change an entry nor forge one. Entries cut off at the end leave a whole chain; to find that
out, somebody must know the last hash from before.

Only deliberate acts of staff stand here (opening a wave, freezing, a download). Of what a resident
does only that answers were erased: an act here carries the time of day, which must stand beside no
answer, and there is none any more.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from survey.database import AUDIT_KEY
from survey.models import AuditEntry

# Any fixed number: PostgreSQL's advisory lock that lets one writer at a time lengthen the chain.
_CHAIN_LOCK = 710_223


def note(
    session: Session, actor: str, act: str, subject: str, *, by_day: bool = False, **detail: Any
) -> AuditEntry:
    """Add one entry to the chain, in the transaction of the act itself.

    `by_day` leaves the time of day out, for an act that happens beside answers.
    """
    hold_chain(session)
    last = last_entry(session)
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    entry = AuditEntry(
        number=last.number + 1 if last else 1,
        at=now.replace(hour=0, minute=0, second=0) if by_day else now,
        actor=actor,
        act=act,
        subject=subject,
        detail=detail,
    )
    entry.hash = _hash(session, entry, last.hash if last else "")
    session.add(entry)
    session.flush()
    return entry


def hold_chain(session: Session) -> None:
    """Wait for whoever is noting something, and be the next: two notes never get one number.

    Who will note something after rows are held that others hold after their note asks for it first.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CHAIN_LOCK})


def broken_at(session: Session) -> int | None:
    """The number of the first entry that is not as it was written, or None."""
    before = ""
    expected = 1
    for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.number)):
        if entry.number != expected or not hmac.compare_digest(
            entry.hash, _hash(session, entry, before)
        ):
            return expected
        before = entry.hash
        expected += 1
    return None


def knows(session: Session, known: str) -> bool:
    """Whether an entry whose hash somebody kept is still in the chain."""
    return session.scalar(select(AuditEntry.number).where(AuditEntry.hash == known)) is not None


def last_entry(session: Session) -> AuditEntry | None:
    """The newest entry; its hash stands for the whole chain before it."""
    return session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc()).limit(1)).first()


def _hash(session: Session, entry: AuditEntry, before: str) -> str:
    content = [
        before,
        entry.number,
        entry.at.isoformat(),
        entry.actor,
        entry.act,
        entry.subject,
        entry.detail,
    ]
    written = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    key: bytes = session.info[AUDIT_KEY]
    return hmac.digest(key, written.encode(), hashlib.sha256).hex()
