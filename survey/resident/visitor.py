"""What the cookie remembers of somebody who answers: whose answers, which wave, since when."""

from __future__ import annotations

import time
import uuid
from dataclasses import asdict, dataclass, replace

from flask import session
from flask_login import current_user

from survey.admission import Admitted
from survey.staff.handing_over import end_interview

_KNOWN = ("wave", "invitation", "response", "begun", "started")
_WAVE, _INVITATION, _RESPONSE, _BEGUN, _STARTED = _KNOWN
_WAITING = "waiting"
_TOUCHED = "touched"
# One's own answers that a receipt has opened, and the receipt of their erasure.
OWN_DATA, OWN_ERASED = "mine", "erased"
_OWN = (*_KNOWN, _WAITING, _TOUCHED, "opens", OWN_DATA, OWN_ERASED)
# A cookie is written anew no oftener than this, in seconds.
_OFTEN_ENOUGH = 60


@dataclass(frozen=True)
class Visitor:
    """Somebody whose code, or whose open link, was good."""

    wave_id: int
    invitation_id: int | None
    # Made before Begin is pressed, so that pressing it twice begins one response.
    response_id: uuid.UUID
    begun: bool
    # Seconds; only for the class of duration, and never stored with the answers.
    started: int | None = None

    def begin(self, response_id: uuid.UUID) -> Visitor:
        return replace(self, response_id=response_id, begun=True, started=int(time.time()))

    def minutes(self) -> float | None:
        """How long it took; None for somebody who began on another device."""
        return None if self.started is None else (time.time() - self.started) / 60


def visitor() -> Visitor | None:
    """Whoever this browser was opened for last."""
    if _RESPONSE not in session:  # they come and go together
        return None
    return Visitor(
        wave_id=session[_WAVE],
        invitation_id=session[_INVITATION],
        response_id=uuid.UUID(session[_RESPONSE]),
        begun=session[_BEGUN],
        started=session[_STARTED],
    )


def remember(visitor: Visitor) -> None:
    session[_WAVE] = visitor.wave_id
    session[_INVITATION] = visitor.invitation_id
    session[_RESPONSE] = str(visitor.response_id)
    session[_BEGUN] = visitor.begun
    session[_STARTED] = visitor.started


def minutes_untouched() -> float:
    """How long nobody has asked for anything here; never stored with the answers."""
    touched = float(session.get(_TOUCHED, time.time()))
    return max(0.0, time.time() - touched) / 60


def touch() -> None:
    """Note that somebody is there."""
    now = int(time.time())
    if now - session.get(_TOUCHED, 0) >= _OFTEN_ENOUGH:
        session[_TOUCHED] = now


def welcome(admitted: Admitted) -> Visitor:
    """Open this browser for somebody, and forget whoever was there before."""
    forget()
    if admitted.language:
        session.setdefault("language", admitted.language)
    newcomer = Visitor(
        wave_id=admitted.wave_id,
        invitation_id=admitted.invitation_id,
        response_id=admitted.response_id or uuid.uuid4(),
        begun=admitted.response_id is not None,
    )
    remember(newcomer)
    touch()
    return newcomer


def would_replace(admitted: Admitted) -> bool:
    """Whether somebody else has begun in this browser, and would be closed out."""
    somebody = visitor()
    if somebody is None or not somebody.begun:
        return False
    return admitted.invitation_id is None or admitted.invitation_id != somebody.invitation_id


def would_resume(admitted: Admitted) -> bool:
    """Whether they are the one who has begun in this browser."""
    somebody = visitor()
    return somebody is not None and somebody.begun and somebody.response_id == admitted.response_id


def keep_waiting(admitted: Admitted) -> None:
    """Remember who may come next, until whoever sits here has said so."""
    session[_WAITING] = asdict(admitted) | {
        "response_id": admitted.response_id and str(admitted.response_id)
    }


def waiting() -> Admitted | None:
    """Who may come next."""
    found = session.get(_WAITING)
    if found is None:
        return None
    response_id = found["response_id"] and uuid.UUID(found["response_id"])
    return Admitted(**found | {"response_id": response_id})


def forget() -> None:
    """Close this browser for whoever answers; the language stays, and staff who are signed in."""
    for name in _OWN:
        session.pop(name, None)
    end_interview()
    if not current_user.is_authenticated:
        # Pages that stand open for the one before can then no longer be posted. What a keyer has
        # begun must be: a link that anybody can send them must not cost them a sheet.
        session.pop("csrf_token", None)
