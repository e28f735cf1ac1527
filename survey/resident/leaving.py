"""The way out: nobody who sits here next sees what was answered, or sent.

The thanks are shown once, and the cookie is emptied with them. What they are shown with lives a
few seconds longer, in a cookie of their own: a button pressed twice is followed there twice, and
must end in the same receipt.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from flask import Response, current_app, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, URLSafeTimedSerializer

from survey.resident.views import blueprint
from survey.resident.visitor import OWN_DATA, OWN_ERASED, forget, visitor
from survey.web import parts

THANKS = "beboerpuls-thanks"
THANKS_SECONDS = 10


@dataclass(frozen=True)
class Thanked:
    """Somebody who has sent their answers and is being shown the receipt."""

    wave_id: int
    response_id: uuid.UUID
    open_link: bool
    interview: bool = False  # a fieldworker's tablet, which goes back to their desk


@blueprint.post("/leave")
def leave() -> ResponseReturnValue:
    return left()


@blueprint.get("/left")
def has_left() -> ResponseReturnValue:
    return render_template("resident/left.html")


def left() -> ResponseReturnValue:
    """Close this browser, and say so."""
    forget()
    answer = redirect(url_for("resident.has_left"), 303)
    answer.delete_cookie(THANKS)
    return answer


def thank(answer: Response, one: Thanked) -> Response:
    """Have the page of thanks carry what shows it once more to a button pressed twice."""
    seen = (one.wave_id, str(one.response_id), one.open_link, one.interview)
    answer.set_cookie(
        THANKS,
        _seal().dumps(seen),
        max_age=THANKS_SECONDS,
        secure=parts().settings.https,
        httponly=True,
        samesite="Lax",
    )
    return answer


def thanked() -> Thanked | None:
    """Whoever was thanked here a moment ago."""
    try:
        # The browser is trusted to drop the cookie in time no more than to leave it unchanged.
        found = _seal().loads(request.cookies.get(THANKS, ""), max_age=THANKS_SECONDS)
    except BadSignature:
        return None
    wave_id, response_id, *how = found
    return Thanked(wave_id, uuid.UUID(response_id), *how)


def _seal() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt=THANKS)


@blueprint.app_context_processor
def _somebody_here() -> dict[str, bool]:
    """Whether there is anybody to forget, for the button that every page then carries."""
    own = OWN_DATA in session or OWN_ERASED in session
    return {"somebody_here": own or visitor() is not None}
