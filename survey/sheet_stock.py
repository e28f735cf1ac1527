"""Adds paper sheets to a batch: each with the next serial, ready to be printed and keyed."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey import audit
from survey.batches import batch_named
from survey.models import Area, Sheet, Wave
from survey.serials import make_serial
from survey.studies import StudyError, told

MOST_AT_ONCE = 20_000


def add_sheets(
    session: Session,
    wave: Wave,
    *,
    area: str,
    batch: str,
    number: int,
    language: str = "da",
    actor: str,
) -> list[str]:
    """Add sheets to a batch, which is made where it is new; returns their serials.

    Raises StudyError.
    """
    problems = []
    if not 1 <= number <= MOST_AT_ONCE:
        problems.append(f"The number of sheets is {number}; it must be 1 to {MOST_AT_ONCE}.")
    if not batch.strip() or not batch.isprintable():
        problems.append(f"The batch is called {batch!r}; it needs a name that can be read.")
    if wave.status not in {"planned", "open"}:
        problems.append(f"Wave {wave.number} is {wave.status}; sheets are added until it closes.")
    if wave.form is not None and language not in wave.form.pin["languages"]:
        offered = ", ".join(wave.form.pin["languages"])
        problems.append(f"The wave is not asked in {language!r}. Its languages are: {offered}.")
    place = session.scalars(
        select(Area).where(Area.study_id == wave.study_id, Area.key == area)
    ).first()
    if place is None:
        problems.append(f"The study has no area {area!r}. Load it with: beboerpuls study areas")
    if problems or place is None:
        raise StudyError("\n".join(problems))
    pile = batch_named(session, wave, batch)
    # Noted first: the chain of notes lets one writer in at a time, so that no two count alike.
    audit.note(
        session, actor, "sheets added", told(wave), batch=pile.name, area=area, sheets=number
    )
    serials = next_serials(session, number)
    session.add_all(
        Sheet(serial=serial, batch=pile, area_id=place.id, language=language) for serial in serials
    )
    session.flush()
    return serials


def next_serials(session: Session, number: int) -> list[str]:
    """Serials that no sheet has; whoever takes them has noted it before, and adds the sheets."""
    first = _next_number(session)
    return [make_serial(one) for one in range(first, first + number)]


def _next_number(session: Session) -> int:
    # Serials have no gaps that matter, and one width until a million sheets were printed.
    longest = session.scalar(select(func.max(func.length(Sheet.serial))))
    last = session.scalar(
        select(func.max(Sheet.serial)).where(func.length(Sheet.serial) == longest)
    )
    return int(last[:-1]) + 1 if last else 1
