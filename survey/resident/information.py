"""Pages to read: how answers are looked after, whom to call, how accessible the pages are."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from survey.resident.views import blueprint
from survey.resident.visitor import visitor
from survey.walk import Asked, asked_by
from survey.web import parts, reading


@blueprint.get("/privacy")
def privacy() -> str:
    return render_template("resident/privacy.html", asked=_asked())


@blueprint.get("/help")
def help_page() -> str:
    return render_template("resident/help.html", asked=_asked())


@blueprint.get("/accessibility")
def accessibility() -> str:
    return render_template(
        "resident/accessibility.html",
        asked=_asked(),
        statement=parts().settings.statement,
        site=request.host,
    )


@blueprint.get("/was")
def statement() -> ResponseReturnValue:
    """The short address that the agency asks of every public body's site."""
    return redirect(parts().settings.statement.official or url_for("resident.accessibility"))


def _asked() -> Asked | None:
    """Who asks this visitor; None before the code is known, when it could be anyone."""
    somebody = visitor()
    if somebody is None:
        return None
    with reading() as database:
        return asked_by(database, somebody.wave_id)
