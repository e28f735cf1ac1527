"""Closes a browser that nobody has touched for a while, so that whoever sits there next sees nothing.

Nothing is lost by it. What had been saved is saved, the code leads back to it; and a page that is
posted late is stored like any other, though what follows is then the way out.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from survey.resident.views import blueprint
from survey.resident.visitor import forget, minutes_untouched, touch, visitor
from survey.web import parts

# These store what was written before anybody is turned away.
_TAKEN = frozenset({"resident.save_page", "resident.send"})
# What is delivered may have waited since yesterday, and says nothing of who sits there now.
_NO_TOUCH = frozenset({"resident.deliver", "resident.worker"})


@blueprint.before_request
def close_what_nobody_touched() -> ResponseReturnValue | None:
    if request.endpoint in _NO_TOUCH or visitor() is None:
        return None
    if minutes_untouched() < parts().settings.idle_minutes:
        touch()
        return None
    if request.endpoint in _TAKEN and request.method == "POST":
        g.came_late = True
        touch()
        return None
    forget()
    if request.method == "GET" and request.endpoint != "resident.front":
        return redirect(url_for("resident.has_left"))
    return None


@blueprint.after_request
def lead_out(response: Response) -> Response:
    """Whoever posts a page that was left open has it stored, and is shown no other."""
    if not g.get("came_late") or response.status_code != 303:
        return response
    # To the thanks; or to what there is to say of this page, which nobody could be told else.
    told = {
        url_for("resident.done"),
        url_for("resident.refused", reason="other"),
        request.path,
    }
    if urlsplit(response.location or "").path in told:
        return response
    forget()
    response.location = url_for("resident.has_left")
    return response


@blueprint.app_context_processor
def _for_scripts() -> dict[str, int]:
    """After how long a page that shows answers closes itself, where there is a script."""
    return {"idle_minutes": parts().settings.idle_minutes}
