"""A tablet between its fieldworker and whoever is asked: who comes next, and who asks.

The desk and the residents' pages know nothing of each other; what one hands the other lies in the
cookie of the one browser that both are shown in.
"""

from __future__ import annotations

import uuid
from dataclasses import asdict

from flask import session
from flask_login import current_user

from survey.admission import Admitted

_HANDED, _INTERVIEWER, _DESK_LANGUAGE = "handed", "interviewer", "desk_language"


def hand_over(admitted: Admitted) -> None:
    """Say who is asked next; the residents' pages take it from here."""
    session[_HANDED] = asdict(admitted) | {
        "response_id": admitted.response_id and str(admitted.response_id)
    }


def take_over() -> Admitted | None:
    """Who is asked next, once; from then on this is an interview, in a language of their own."""
    found = session.pop(_HANDED, None)
    if found is None or not current_user.is_authenticated:
        return None
    response_id = found["response_id"] and uuid.UUID(found["response_id"])
    session[_DESK_LANGUAGE] = session.pop("language", None)
    return Admitted(**found | {"response_id": response_id})


def begin_interview() -> None:
    session[_INTERVIEWER] = current_user.account.id


def interviewing() -> bool:
    """Whether whoever is signed in here asks, and somebody else answers."""
    asks = session.get(_INTERVIEWER)
    return bool(
        asks is not None and current_user.is_authenticated and current_user.account.id == asks
    )


def end_interview() -> None:
    session.pop(_INTERVIEWER, None)


def back_at_desk() -> None:
    """Give the desk its own language back."""
    end_interview()
    if _DESK_LANGUAGE in session:
        before = session.pop(_DESK_LANGUAGE)
        session.pop("language", None)
        if before:
            session["language"] = before
