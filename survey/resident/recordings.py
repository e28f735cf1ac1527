"""Questions that somebody has read aloud, sent to whoever is asked them."""

from __future__ import annotations

from flask import abort, send_file
from flask.typing import ResponseReturnValue

from survey.resident.views import blueprint
from survey.resident.visitor import visitor
from survey.web import parts, reading


@blueprint.get("/audio/<language>/<column>")
def recording(language: str, column: str) -> ResponseReturnValue:
    """The recording of one item, in parts where the browser asks so."""
    somebody = visitor()
    if somebody is None:
        abort(404)
    with reading() as database:
        form = parts().forms.of(database, somebody.wave_id)
    try:
        asked = form.item_of(column)
        found = asked.instrument.recordings[language][asked.item.id]
    except KeyError:
        abort(404)
    response = send_file(found.path, mimetype=found.mimetype, conditional=True, etag=found.sha256)
    # On a shared device, that somebody heard a question may tell what they answered before it.
    response.headers["Cache-Control"] = "no-store"
    return response
