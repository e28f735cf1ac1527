"""The way out: nobody who sits here next sees what was answered, or sent.

The thanks are shown once, and the cookie is emptied with them. What they are shown with lives a
few seconds longer, in a cookie of their own: a button pressed twice is followed there twice, and
must end in the same receipt.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from flask import Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, URLSafeTimedSerializer

from survey.resident.views import blueprint
from survey.resident.visitor import Visitor, forget, visitor
from survey.web import parts

THANKS = "beboerpuls-thanks"
THANKS_SECONDS = 10


@dataclass(frozen=True)
class Thanked:
    """Somebody who has sent their answers and is being shown the receipt."""

    wave_id: int
    response_id: uuid.UUID
    open_link: bool


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


def thank(answer: Response, somebody: Visitor) -> Response:
    """Have the page of thanks carry what shows it once more to a button pressed twice."""
    seen = (somebody.wave_id, str(somebody.response_id), somebody.invitation_id is None)
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
    wave_id, response_id, open_link = found
    return Thanked(wave_id, uuid.UUID(response_id), open_link)


def _seal() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt=THANKS)


@blueprint.app_context_processor
def _somebody_here() -> dict[str, bool]:
    """Whether there is anybody to forget, for the button that every page then carries."""
    return {"somebody_here": visitor() is not None}
