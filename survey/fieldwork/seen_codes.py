"""Codes that a camera sees, found here for browsers that find none themselves. Nothing is kept."""

from __future__ import annotations

from flask import Blueprint, abort, jsonify, request
from werkzeug.wrappers import Response

from survey.scanning.seen import NoViewError, reads_codes, texts_seen
from survey.staff import needs_role


def register(blueprint: Blueprint) -> None:
    """Put it beside the page where sheets are received."""
    blueprint.add_url_rule("/receive/codes", "codes_seen", codes_seen, methods=["POST"])


@needs_role("fieldworker", "coordinator")
def codes_seen() -> Response:
    """The texts of the codes in one view of a camera."""
    if not reads_codes():
        abort(501)
    view = request.files.get("view")
    try:
        return jsonify(texts_seen(view.read() if view else b"", request.form.get("width", 0, int)))
    except NoViewError:
        abort(400)
