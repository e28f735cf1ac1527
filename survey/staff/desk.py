"""The way in, the way out, and the page between the rooms."""

from __future__ import annotations

import datetime as dt
from itertools import chain
from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, session, url_for
from flask_login import current_user, logout_user
from werkzeug.wrappers import Response

from survey import access
from survey.guessing import TooManyTriesError
from survey.models.people import ROLES
from survey.staff.signed_in import enter, me, needs_role
from survey.web import client_address, parts, words, writing

blueprint = Blueprint("staff", __name__, url_prefix="/staff")

# Where each role works.
ROOMS = {
    "fieldworker": "fieldwork.start",
    "researcher": "research.start",
    "coordinator": "coordination.start",
}
# Where a role works besides.
MORE_ROOMS = {
    "fieldworker": ("settling.start", "paper.start", "scans.start", "interview.start"),
    "coordinator": ("paper.start",),
}


def at_a_desk() -> bool:
    """Whether a page of the staff's was asked for, though perhaps one that there is not."""
    endpoints = (*ROOMS.values(), *chain.from_iterable(MORE_ROOMS.values()))
    rooms = {endpoint.partition(".")[0] for endpoint in endpoints}
    prefixes = (current_app.blueprints[room].url_prefix for room in (blueprint.name, *rooms))
    return any(request.path.startswith(f"{prefix}/") for prefix in prefixes)


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Response | tuple[str, int] | str:
    if request.method == "GET":
        return _sign_in_page()
    name = request.form.get("name", "")
    try:
        account = access.sign_in(
            parts().database,
            name,
            request.form.get("password", ""),
            address=client_address(),
            now=dt.datetime.now(dt.UTC),
        )
    except TooManyTriesError:
        return _sign_in_page(name, "slow"), 429
    if account is None:
        return _sign_in_page(name, "wrong"), 422
    enter(account)
    return redirect(local_path(request.args.get("next", "")) or url_for("staff.front"))


@blueprint.post("/sign-out")
def sign_out() -> Response:
    gone = me().id if current_user.is_authenticated else 0
    if gone:
        with writing() as database:
            access.sign_out(database, gone)
    logout_user()
    session.clear()
    session["signed_out"] = gone
    return redirect(url_for("staff.signed_out"))


@blueprint.get("/signed-out")
def signed_out() -> Response | str:
    # Whoever is still signed in must not lose what they have begun by following a link.
    if current_user.is_authenticated:
        return redirect(url_for("staff.front"))
    # Told once: what they have begun on this device is deleted there.
    return render_template("staff/signed_out.html", gone=session.pop("signed_out", 0))


@blueprint.get("/")
@needs_role()
def front() -> Response | str:
    """The one room that somebody works in, or the choice between several."""
    roles = [role for role in ROLES if role in access.roles_of(me())]
    if len(roles) == 1:
        return redirect(url_for(ROOMS[roles[0]]))
    return render_template("staff/front.html", roles=roles, rooms=ROOMS, account=me())


@blueprint.app_context_processor
def _desk() -> dict[str, Any]:
    """What the band across every desk page shows: the rooms that this person may enter."""

    def rooms() -> list[tuple[str, str]]:
        roles = access.roles_of(me()) if current_user.is_authenticated else frozenset()
        return [
            (words().plain(f"staff.room.{endpoint.partition('.')[0]}"), endpoint)
            for endpoint in dict.fromkeys(
                endpoint
                for role in ROOMS
                if role in roles
                for endpoint in (ROOMS[role], *MORE_ROOMS.get(role, ()))
            )
        ]

    def roles() -> frozenset[str]:
        return access.roles_of(me()) if current_user.is_authenticated else frozenset()

    return {"rooms_of_mine": rooms, "roles_of_mine": roles}


def local_path(wanted: str) -> str:
    """A path on this site, or nothing: a link must not send somebody who just signed in elsewhere."""
    # Browsers read a backslash as a slash, leave control signs out, and take two slashes for a host.
    elsewhere = wanted.startswith("//") or "\\" in wanted or not wanted.isprintable()
    return wanted if wanted.startswith("/") and not elsewhere else ""


def _sign_in_page(name: str = "", problem: str = "") -> str:
    return render_template("staff/sign_in.html", name=name, problem=problem)
