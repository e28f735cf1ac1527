"""An interview on a tablet: the same pages, with a line that says who writes."""

from __future__ import annotations

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from survey.doorstep import ask_in_person
from survey.resident.entry import onwards
from survey.resident.views import blueprint
from survey.resident.visitor import visitor, welcome
from survey.staff.handing_over import begin_interview, interviewing, take_over
from survey.web import writing


@blueprint.get("/door")
def at_the_door() -> ResponseReturnValue:
    """Take over from the desk, which has checked who may be asked; a reload goes on."""
    admitted = take_over()
    if admitted is None:
        return redirect(url_for("resident.resume" if visitor() else "resident.front"))
    newcomer = welcome(admitted)
    begin_interview()
    if newcomer.begun:
        with writing() as database:
            ask_in_person(database, newcomer.response_id)
    return onwards(newcomer)


@blueprint.app_context_processor
def _interviewing() -> dict[str, bool]:
    return {"at_the_door": interviewing() and visitor() is not None}
