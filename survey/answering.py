"""The only writer of answers: phone pages, keyed sheets, and whatever comes later.

Rules it keeps
- A write is named by a UUID its client made: sent twice, it is stored once and answered alike.
- One response an invitation. Until it is submitted the last answer received wins, item by item;
  a writer who had not seen the answer it replaced is told of both.
- The first submission stands. A later one is kept sealed as superseded and never merged.
- No answer is stored that its item does not allow; the others of the same page are.
- No time of day and no address is stored with an answer.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from instruments import NOT_ANSWERED, AnswerError, Fault, Form, Value
from survey.models import Invitation, Response, Superseded, Wave, table_of
from survey.sealed_answers import (
    Conflict,
    Content,
    PageWrite,
    conflicts_of_replay,
    merge,
    opened,
    read,
)
from survey.secrets import Keys

_WHOLE = ""  # the page of a write that holds the whole form


class NotAcceptedError(Exception):
    """A write that cannot be taken; nothing was stored."""


class WaveClosedError(NotAcceptedError):
    """The wave no longer takes answers, or does not yet."""


class AlreadySubmittedError(NotAcceptedError):
    """The response was submitted before; the first submission stands."""


class NoSuchResponseError(NotAcceptedError):
    """There is no such response: withdrawn, or never begun here."""


def asks(status: str, closes: dt.date | None, day: dt.date) -> bool:
    """Whether a wave asks residents on a day: it is open, and its last day has not gone by.

    Sheets that came in time may be keyed until it is frozen, whatever its last day.
    """
    return status == "open" and (closes is None or day <= closes)


@dataclass(frozen=True)
class Held:
    """A response as it stands, and its wave, held until the transaction ends."""

    id: uuid.UUID
    status: str
    revision: int
    mode: str
    day: dt.date
    key_id: str
    sealed: bytes
    wave_status: str
    wave_closes: dt.date | None

    def asked(self, day: dt.date) -> bool:
        """Whether its wave still asks residents."""
        return asks(self.wave_status, self.wave_closes, day)


@dataclass(frozen=True)
class Recorded:
    """What became of a page."""

    revision: int
    content: Content  # all that stands now
    held: Held  # as it stood before
    problems: tuple[AnswerError, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


def begin(
    session: Session,
    keys: Keys,
    response_id: uuid.UUID,
    wave: Wave,
    *,
    invitation: Invitation | None,
    language: str,
    day: dt.date,
    mode: str = "web",
) -> Response:
    """Begin a response, or return the one that this invitation or id already has.

    Raises WaveClosedError, NoSuchResponseError for a code that was taken back meanwhile, and
    ValueError for an id that is not UUID version 4.
    """
    if response_id.version != 4:
        raise ValueError(f"A response's id is a UUID version 4, not {response_id}.")
    wave = hold_wave(session, wave.id)
    if invitation is not None:
        found = _of_invitation(session, invitation.id)
        if found is None and session.get_one(Invitation, invitation.id).revoked:
            raise NoSuchResponseError
    else:
        found = session.get(Response, response_id)
    if found is not None:
        return found
    if not asks(wave.status, wave.closes, day):
        raise WaveClosedError
    key_id, sealed = keys.seal(Content().to_data(), response_id, table="response", revision=0)
    response = Response(
        id=response_id,
        wave_id=wave.id,
        area_id=invitation.area_id if invitation else None,
        invitation_id=invitation.id if invitation else None,
        open_link=invitation is None,
        mode=mode,
        language=language,
        day=day,
        consent_version=wave.consent_version if wave.legal_basis == "consent" else None,
        revision=0,
        key_id=key_id,
        sealed=sealed,
    )
    if invitation is not None:
        session.add(response)  # the invitation is held: nobody else begins it
        session.flush()
        return response
    try:
        with session.begin_nested():
            session.add(response)
    except IntegrityError:
        # Begin was pressed twice on an open link, which no invitation holds back: the first stands.
        first = session.get(Response, response_id)
        if first is None:
            raise
        return first
    return response


def record(
    session: Session,
    keys: Keys,
    form: Form,
    response_id: uuid.UUID,
    write: PageWrite,
    *,
    day: dt.date,
    language: str,
) -> Recorded:
    """Store one page. What its items do not allow is told back; all else is stored.

    Raises NoSuchResponseError, WaveClosedError, AlreadySubmittedError; KeyError for a page that
    the form has not.
    """
    response = _held(session, response_id)
    content = _content(keys, response)
    accepted, problems = check(form, form.page(write.page).columns, write.answers, year=day.year)
    if content.knows(write.id):
        conflicts = conflicts_of_replay(content, write, accepted)
        return Recorded(response.revision, content, response, tuple(problems), tuple(conflicts))
    if response.status == "submitted":
        raise AlreadySubmittedError
    if not response.asked(day):
        raise WaveClosedError
    # What cannot be stored is blank, unless something stood there before.
    accepted |= {
        problem.column: NOT_ANSWERED
        for problem in problems
        if problem.fault is not Fault.NOT_ON_FORM and problem.column not in content.answers
    }
    # What was not shown was not left blank: an answer that a route now hides is kept as given.
    hidden = form.hidden(content.answers | accepted)
    accepted = {
        column: answer
        for column, answer in accepted.items()
        if answer != NOT_ANSWERED or column not in hidden
    }
    revision = response.revision + 1
    conflicts = merge(content, accepted, write, revision=revision)
    if write.page not in content.seen:
        content.seen.append(write.page)
    content.writes.append([str(write.id), write.page])
    content.told[write.page] = [[one.column, one.kept, one.replaced] for one in conflicts]
    key_id, sealed = keys.seal(content.to_data(), response.id, table="response", revision=revision)
    session.execute(
        _SAVE,
        {
            "response_id": response.id,
            "key_id": key_id,
            "sealed": sealed,
            "revision": revision,
            "language": language,
            "day": day,
        },
    )
    return Recorded(revision, content, response, tuple(problems), tuple(conflicts))


def submit(
    session: Session,
    keys: Keys,
    response_id: uuid.UUID,
    *,
    day: dt.date,
    duration_class: int = 0,
    helper: str = "not_asked",
    held: Held | None = None,
) -> str:
    """Finish a response and return its receipt; asked again, the same receipt.

    `held` is what `record` found in this same transaction, so that the rows are not asked for again.
    Raises NoSuchResponseError, WaveClosedError.
    """
    response = held or _held(session, response_id)
    receipt = keys.receipt(response.id)
    if response.status == "submitted":
        return receipt
    if not response.asked(day):
        raise WaveClosedError
    session.execute(
        _SUBMIT,
        {
            "response_id": response.id,
            "status": "submitted",
            "day": day,
            "duration_class": duration_class,
            "helper": helper,
            "receipt_hash": keys.receipt_hash(receipt),
        },
    )
    return receipt


@dataclass(frozen=True)
class WholeForm:
    """A form that was filled in elsewhere, as a keyed sheet."""

    id: uuid.UUID
    answers: Mapping[str, object]
    mode: str
    language: str
    day: dt.date
    text_languages: Mapping[str, str] = field(default_factory=dict)  # column -> language written in


def submit_whole(
    session: Session,
    keys: Keys,
    form: Form,
    wave: Wave,
    whole: WholeForm,
    *,
    invitation: Invitation | None,
    area_id: int,
) -> Response:
    """Store a whole form at once; a closed wave still takes the paper that was sent in time.

    An unfinished response of the same invitation is replaced item by item, which on paper is all
    items, and kept as superseded; a submitted one stands, and this one is kept as superseded.
    Raises WaveClosedError when the wave is planned or frozen, InvalidAnswersError.
    """
    wave = hold_wave(session, wave.id)
    if wave.status not in {"open", "closed"}:
        raise WaveClosedError
    accepted, problems = check(form, form.columns, whole.answers, year=whole.day.year, paper=True)
    if problems:
        raise InvalidAnswersError(problems)
    content = Content(
        answers=accepted,
        changed=dict.fromkeys(accepted, 1),
        seen=[page.key for page in form.pages()],
        writes=[[str(whole.id), _WHOLE]],
        text_languages=dict(whole.text_languages),
    )
    found = _found(session, whole.id, invitation)
    if found is not None and read(keys, found).knows(whole.id):
        return found
    if found is not None and found.status == "submitted":
        _keep_superseded(session, keys, found, content, whole, reason="already_submitted")
        return found
    response = found or Response(
        id=whole.id, wave_id=wave.id, invitation_id=invitation.id if invitation else None
    )
    if found is not None:
        _keep_superseded(session, keys, found, read(keys, found), whole, reason="replaced_by_paper")
    response.area_id = area_id
    response.mode = whole.mode
    response.language = whole.language
    response.day = whole.day
    response.duration_class = 0
    response.consent_version = wave.consent_version if wave.legal_basis == "consent" else None
    response.status = "submitted"
    response.revision = (response.revision or 0) + 1
    response.receipt_hash = keys.receipt_hash(keys.receipt(response.id))
    response.key_id, response.sealed = keys.seal(
        content.to_data(), response.id, table="response", revision=response.revision
    )
    session.add(response)
    session.flush()
    return response


def keep_later(
    session: Session, keys: Keys, form: Form, response_id: uuid.UUID, later: WholeForm
) -> bool:
    """Keep a whole form that came after the response was submitted, as superseded.

    What its items do not allow is left out. Returns whether it says anything else than what stands;
    the same answers again are no second copy. Raises NoSuchResponseError, WaveClosedError.
    """
    response = _held(session, response_id)
    if response.status != "submitted" or response.wave_status not in {"open", "closed"}:
        raise WaveClosedError
    accepted, _ = check(form, form.columns, later.answers, year=later.day.year)
    standing = _content(keys, response).answers
    if all(standing.get(column, NOT_ANSWERED) == answer for column, answer in accepted.items()):
        return False
    content = Content(answers=accepted, changed=dict.fromkeys(accepted, 1))
    _keep_superseded(session, keys, response, content, later, reason="already_submitted")
    session.flush()
    return True


class InvalidAnswersError(NotAcceptedError):
    """A whole form held answers that its items do not allow; carries each of them."""

    def __init__(self, problems: list[AnswerError]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def check(
    form: Form,
    columns: Collection[str],
    received: Mapping[str, object],
    *,
    year: int,
    paper: bool = False,
) -> tuple[dict[str, Value], list[AnswerError]]:
    """Sort what was received into answers and problems. What was left blank is an answer too."""
    accepted: dict[str, Value] = {}
    problems = [
        AnswerError(column, Fault.NOT_ON_FORM, value, {})
        for column, value in received.items()
        if column not in columns
    ]
    for column in columns:
        try:
            accepted[column] = form.validate_answer(
                column, received.get(column), year=year, paper=paper
            )
        except AnswerError as problem:
            problems.append(problem)
    return accepted, problems


def hold_wave(session: Session, wave_id: int) -> Wave:
    """The wave as it stands now, and held so until this transaction ends.

    Writers hold it together; closing, freezing and withdrawing hold it alone, so that nothing is
    acknowledged that a dataset has missed. Whoever holds rows of a wave holds the wave first.
    """
    return session.get_one(Wave, wave_id, with_for_update={"read": True}, populate_existing=True)


# Put together once, and of tables: every page that is saved asks these, and needs no objects.
_response, _wave = table_of(Response), table_of(Wave)
_WAVE_OF = (
    select(_wave.c.status, _wave.c.closes)
    .join_from(_wave, _response, _response.c.wave_id == _wave.c.id)
    .where(_response.c.id == bindparam("response_id"))
    .with_for_update(read=True, of=_wave)
)
_HELD = (
    select(
        *(
            _response.c[name]
            for name in ("id", "status", "revision", "mode", "day", "key_id", "sealed")
        )
    )
    .where(_response.c.id == bindparam("response_id"))
    .with_for_update()
)
_OF_ONE = update(_response).where(_response.c.id == bindparam("response_id"))
_SAVE = _OF_ONE.values(
    {name: bindparam(name) for name in ("key_id", "sealed", "revision", "language", "day")}
)
_SUBMIT = _OF_ONE.values(
    {
        name: bindparam(name)
        for name in ("status", "day", "duration_class", "helper", "receipt_hash")
    }
)


def _held(session: Session, response_id: uuid.UUID) -> Held:
    """A response and its wave as they stand now, held until this transaction ends.

    The wave is held first, by a statement of its own: who holds it alone may want the response.
    """
    named = {"response_id": response_id}
    wave = session.execute(_WAVE_OF, named).first()
    response = session.execute(_HELD, named).first()
    if wave is None or response is None:
        raise NoSuchResponseError
    return Held(
        id=response.id,
        status=response.status,
        revision=response.revision,
        mode=response.mode,
        day=response.day,
        key_id=response.key_id,
        sealed=response.sealed,
        wave_status=wave.status,
        wave_closes=wave.closes,
    )


def _content(keys: Keys, held: Held) -> Content:
    return opened(keys, held.id, held.revision, held.key_id, held.sealed)


def _of_invitation(session: Session, invitation_id: int) -> Response | None:
    """The response of an invitation; both as they stand now.

    Two devices may begin at once: the second waits here and then finds the first's row.
    """
    session.get_one(Invitation, invitation_id, with_for_update=True, populate_existing=True)
    return session.scalars(
        select(Response).where(Response.invitation_id == invitation_id).with_for_update()
    ).first()


def _found(session: Session, whole_id: uuid.UUID, invitation: Invitation | None) -> Response | None:
    if invitation is None:
        return session.get(Response, whole_id)
    return _of_invitation(session, invitation.id)


def _keep_superseded(
    session: Session,
    keys: Keys,
    response: Response | Held,
    content: Content,
    whole: WholeForm,
    *,
    reason: str,
) -> None:
    later = reason == "already_submitted"
    # A replayed sheet is the same copy: its id is made of the sheet's own.
    copy_id = whole.id if later else uuid.uuid5(whole.id, reason)
    if session.get(Superseded, copy_id) is not None:
        return
    key_id, sealed = keys.seal(content.to_data(), copy_id, table="superseded")
    session.add(
        Superseded(
            id=copy_id,
            response_id=response.id,
            mode=whole.mode if later else response.mode,
            reason=reason,
            day=whole.day if later else response.day,
            key_id=key_id,
            sealed=sealed,
        )
    )
