"""Studies, and the waves in which they ask: planned, opened with a pinned form, closed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from instruments import Form
from survey import audit
from survey.forms import pin_of, unreviewed_languages
from survey.margins import misfits
from survey.models import Study, Wave, WaveForm

LEGAL_BASES = ("consent", "research")


class StudyError(Exception):
    """A study or wave is not there, or cannot be changed so; says why and what to do."""


class UnreviewedLanguagesError(StudyError):
    """A form offers languages that no native speaker has read; somebody must answer for that."""

    def __init__(self, languages: Collection[str]) -> None:
        super().__init__(
            f"Nobody has reviewed these languages: {', '.join(sorted(languages))}. Open the wave "
            "without them, or say that you accept them as they are."
        )
        self.languages = tuple(sorted(languages))


def create_study(
    session: Session, key: str, title: str, sender: str, contact: str = "", *, actor: str
) -> Study:
    """Add a study. Raises StudyError with every reason."""
    problems = [
        f"The {name} is empty."
        for name, value in (("title", title), ("sender", sender))
        if not value.strip()
    ]
    if re.fullmatch(r"[a-z][a-z0-9-]{1,29}", key) is None:
        problems.append(
            f"The key is {key!r}; it must be 2 to 30 small letters a-z, digits and dashes, "
            "beginning with a letter. It stands in commands and folder names."
        )
    elif session.scalar(select(Study.id).where(Study.key == key)) is not None:
        problems.append(f"There is a study {key!r} already. Choose another key.")
    if problems:
        raise StudyError("\n".join(problems))
    study = Study(key=key, title=title.strip(), sender=sender.strip(), contact=contact.strip())
    session.add(study)
    session.flush()
    audit.note(session, actor, "study created", key, title=study.title, sender=study.sender)
    return study


def find_study(session: Session, key: str) -> Study:
    """The study of that key. Raises StudyError, naming those that are there."""
    study = session.scalars(select(Study).where(Study.key == key)).first()
    if study is None:
        known = ", ".join(session.scalars(select(Study.key).order_by(Study.key)))
        raise StudyError(f"There is no study {key!r}. Studies are: {known or 'none yet'}.")
    return study


def find_wave(session: Session, key: str, number: int) -> Wave:
    """A study's wave. Raises StudyError, naming those that are there."""
    study = find_study(session, key)
    for wave in study.waves:
        if wave.number == number:
            return wave
    known = ", ".join(str(wave.number) for wave in study.waves) or "none yet"
    raise StudyError(
        f"Study {key} has no wave {number}. Waves are: {known}. "
        f"Plan the next with: beboerpuls wave plan {key}"
    )


def plan_wave(
    session: Session,
    study: Study,
    *,
    legal_basis: str = "consent",
    opens: dt.date | None = None,
    closes: dt.date | None = None,
    today: dt.date | None = None,
    number: int | None = None,
    actor: str,
) -> Wave:
    """Add the study's next wave, so that people can be invited to it. Raises StudyError.

    With `today` a last day that has gone by is refused. A `number` leaves room before the first wave
    asked here for those that were imported.
    """
    problems = []
    following = max((wave.number for wave in study.waves), default=0) + 1
    if number is not None and number < following:
        problems.append(
            f"The wave's number is {number}; the next one is {following}. Give that or a higher one."
        )
    if legal_basis not in LEGAL_BASES:
        problems.append(
            f"The legal basis is {legal_basis!r}; it must be {' or '.join(LEGAL_BASES)}."
        )
    if opens and closes and closes < opens:
        problems.append(f"The wave closes on {closes}, before it opens on {opens}.")
    elif closes and today and closes < today:
        problems.append(f"The wave closes on {closes}, which has gone by. Give a day to come.")
    if problems:
        raise StudyError("\n".join(problems))
    wave = Wave(
        study=study, number=number or following, legal_basis=legal_basis, opens=opens, closes=closes
    )
    session.add(wave)
    session.flush()
    audit.note(session, actor, "wave planned", told(wave), legal_basis=legal_basis)
    return wave


def open_wave(
    session: Session,
    wave: Wave,
    form: Form,
    *,
    today: dt.date,
    open_link: bool = False,
    accept_unreviewed: Collection[str] = (),
    actor: str,
) -> Wave:
    """Pin the form and begin asking. Raises StudyError.

    Languages that nobody has reviewed must be accepted by name, and whoever accepts them is noted.
    """
    if wave.status != "planned":
        raise StudyError(
            f"Wave {wave.number} is {wave.status}; only a planned wave can be opened. "
            f"Plan the next with: beboerpuls wave plan {wave.study.key}"
        )
    if wave.closes is not None and wave.closes < today:
        raise StudyError(
            f"Wave {wave.number} was planned to close on {wave.closes}, which has gone by. "
            f"Open it with a new last day: beboerpuls wave open {wave.study.key} {wave.number} "
            "--closes DAY and the other options"
        )
    drafts = [
        one.key
        for one in form.instruments
        if not (one.published and all(one.texts[text].published for text in form.languages))
    ]
    if drafts:
        raise StudyError(
            f"Not published yet, and so not yet safe from change: {', '.join(drafts)}. "
            "Publish with: beboerpuls instruments publish NAME VERSION"
        )
    others = {
        (other.form.pin.get("asks", "residents"), other.number)
        for other in wave.study.waves
        if other.form is not None and other.form.pin.get("asks", "residents") != form.asks
    }
    if others:
        asked, number = min(others)
        raise StudyError(
            f"Wave {number} of {wave.study.key} asks {asked}, and this form asks {form.asks}. Their "
            "answers are never one dataset: make a study of its own with beboerpuls study create"
        )
    uncountable = [*misfits(session, wave, form)]
    if uncountable:
        told_first = f"Wave {wave.number} has register counts that answers cannot be weighted to:"
        remedy = f"beboerpuls study margins {wave.study.key} {wave.number} FILE --replace"
        raise StudyError("\n".join((told_first, *uncountable, f"Load them anew: {remedy}")))
    unreviewed = set(unreviewed_languages(form))
    if not unreviewed <= set(accept_unreviewed):
        raise UnreviewedLanguagesError(unreviewed - set(accept_unreviewed))
    wave.status = "open"
    wave.opens = today
    wave.open_link = open_link
    wave.form = WaveForm(pin=pin_of(form))
    session.flush()
    audit.note(
        session,
        actor,
        "wave opened",
        told(wave),
        instruments=[f"{one.name}/{one.version}" for one in form.instruments],
        languages=list(form.languages),
        unreviewed_accepted=sorted(unreviewed),
        open_link=open_link,
    )
    return wave


def close_wave(session: Session, wave: Wave, *, today: dt.date, actor: str) -> Wave:
    """Take no more answers from residents; sheets that came in time may still be keyed.

    Raises StudyError.
    """
    # Waits for every answer that is being stored; none is taken after this.
    session.refresh(wave, with_for_update=True)
    if wave.status != "open":
        raise StudyError(f"Wave {wave.number} is {wave.status}; only an open wave can be closed.")
    wave.status = "closed"
    wave.closes = min(wave.closes or today, today)
    session.flush()
    audit.note(session, actor, "wave closed", told(wave))
    return wave


def told(wave: Wave) -> str:
    """A wave as the audit names it."""
    return f"{wave.study.key} wave {wave.number}"
