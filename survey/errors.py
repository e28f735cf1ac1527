"""What anybody is told when something does not go: one function a failure.

Kind words, what happened, what to do next. Never a code, an answer, or how the product is built.
"""

from __future__ import annotations

import datetime as dt
import traceback

import structlog
from flask import Flask, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, NotFound, RequestEntityTooLarge

from survey.admission import (
    MistypedCodeError,
    RevokedCodeError,
    UnknownCodeError,
    UsedCodeError,
    WaveNotOpenError,
    WaveOverError,
)
from survey.guessing import TooManyBegunError, TooManyTriesError
from survey.staff import MissingRoleError, at_a_desk, page_asked_for
from survey.web import words

log = structlog.get_logger()


def register(app: Flask) -> None:
    """Have the application turn its failures into these pages."""
    for failure, page in (
        (MistypedCodeError, mistyped),
        (UnknownCodeError, unknown),
        (RevokedCodeError, revoked),
        (UsedCodeError, used),
        (WaveNotOpenError, not_open),
        (WaveOverError, over),
        (TooManyTriesError, too_many_tries),
        (TooManyBegunError, too_many_begun),
        (MissingRoleError, missing_role),
        (CSRFError, forged),
        (RequestEntityTooLarge, too_big),
        (NotFound, not_found),
        (HTTPException, refused),
        (OperationalError, unavailable),
        (Exception, broken),
    ):
        app.register_error_handler(failure, page)


def mistyped(_failure: MistypedCodeError) -> ResponseReturnValue:
    return sorry("mistyped", 404)


def unknown(_failure: UnknownCodeError) -> ResponseReturnValue:
    return sorry("unknown", 404)


def revoked(_failure: RevokedCodeError) -> ResponseReturnValue:
    return sorry("revoked", 410, more="more")


def used(_failure: UsedCodeError) -> ResponseReturnValue:
    return sorry("used", 410, more="more")


def not_open(failure: WaveNotOpenError) -> ResponseReturnValue:
    if failure.opens is None:
        return sorry("not_open", 403)
    return sorry("not_open", 403, more="day", day=words().date(failure.opens))


def over(_failure: WaveOverError) -> ResponseReturnValue:
    return sorry("closed", 410)


def too_many_tries(_failure: TooManyTriesError) -> ResponseReturnValue:
    # Tries are counted by the clock's hour.
    minutes = 60 - dt.datetime.now(dt.UTC).minute
    page, status = sorry("guessing", 429, more="when", n=minutes)
    return page, status, {"Retry-After": str(minutes * 60)}


def too_many_begun(_failure: TooManyBegunError) -> ResponseReturnValue:
    page, status = sorry("crowded", 429)
    return page, status, {"Retry-After": "3600"}


def missing_role(failure: MissingRoleError) -> ResponseReturnValue:
    roles = [words().plain(f"staff.role.{role}") for role in failure.roles]
    return render_template("staff/missing_role.html", roles=roles), 403


def forged(_failure: CSRFError) -> ResponseReturnValue:
    if at_a_desk():
        back = page_asked_for() or url_for("staff.front")
        return render_template("staff/out_of_date.html", back=back), 400
    return sorry("session", 400, more="cookies")


def too_big(_failure: RequestEntityTooLarge) -> ResponseReturnValue:
    return sorry("too_big", 413)


def not_found(_failure: NotFound) -> ResponseReturnValue:
    return sorry("not_found", 404)


def refused(failure: HTTPException) -> ResponseReturnValue:
    """Whatever else HTTP has a number for: a wrong method, a damaged request."""
    status = failure.code or 500
    if status < 400:
        return failure  # a redirect is no failure
    return sorry("refused" if status < 500 else "broken", status)


def broken(failure: Exception) -> tuple[str, int]:
    """A fault of ours. The log says which, and nothing of what was answered."""
    # Where it happened, never with which values: an error's own words, and the variables of its
    # frames, may hold what somebody answered.
    log.error(
        "fault", kind=type(failure).__name__, at="".join(traceback.format_tb(failure.__traceback__))
    )
    return sorry("broken", 500)


def unavailable(failure: OperationalError) -> ResponseReturnValue:
    """A full disk, no database, or one that another writer holds too long: nothing was stored.

    Every write of ours may be sent again, so a reload is all it takes.
    """
    page, _ = broken(failure)
    return page, 503, {"Retry-After": "60"}


def sorry(name: str, status: int, more: str = "", **values: object) -> tuple[str, int]:
    """The page of one failure, from its messages `sorry.<name>.…`."""
    page = "errors/sorry_at_a_desk.html" if at_a_desk() else "errors/sorry.html"
    return render_template(page, name=name, more=more, values=values), status
