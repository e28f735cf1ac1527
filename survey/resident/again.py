"""Leads a page that has something to be told of back to its own address.

A browser that is answered on a POST asks at every Back and reload whether to send once more. So what
was sent goes along in a cookie of that one address: sealed as answers are, to whoever sent it and to
the address, shown once, and dropped. Nothing of it is kept here, and nobody who sits there next can
have it shown.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Iterable, Mapping
from typing import Any

from flask import Response, redirect, request
from werkzeug import Response as Sent
from werkzeug.datastructures import MultiDict

from survey.resident.views import blueprint
from survey.resident.visitor import visitor
from survey.secrets import NotOpenedError
from survey.web import parts

SECONDS = 60
LARGEST = 3500  # browsers keep a cookie of 4096 bytes, its name and attributes included
_NAME = "beboerpuls-again"
# A token is made anew, and is the longest of what a page sends.
_LEFT_OUT = frozenset({"csrf_token"})

Fields = MultiDict[str, str]


def shown_again(said: Mapping[str, Any], fields: Fields) -> Sent | None:
    """To the address that was sent to, with what was sent and what is said of it.

    None where that is more than a cookie holds: nobody's browser sends so much of our pages, whose
    lines end where answers do.
    """
    until = int(time.time()) + SECONDS
    sent = [(name, value) for name, value in _pairs(fields) if name not in _LEFT_OUT]
    sealed = _sealed({"said": said, "sent": sent, "until": until})
    if len(sealed) > LARGEST:
        return None
    answer = redirect(request.path, 303)
    answer.set_cookie(
        _name(),
        sealed,
        max_age=SECONDS,
        path=request.path,
        secure=parts().settings.https,
        httponly=True,
        samesite="Lax",
    )
    return answer


def came_back() -> tuple[dict[str, Any], Fields] | None:
    """What is said of what was sent here a moment ago, and what it was."""
    sealed = request.cookies.get(_name(), "")
    content = _opened(sealed) if sealed and request.method == "GET" else None
    # The browser is trusted to drop the cookie in time no more than to leave it unchanged.
    if content is None or content["until"] < time.time():
        return None
    return content["said"], MultiDict((name, value) for name, value in content["sent"])


@blueprint.after_request
def drop(answer: Response) -> Response:
    """What was shown is not shown again."""
    if request.method == "GET" and _name() in request.cookies:
        answer.delete_cookie(_name(), path=request.path)
    return answer


def _pairs(fields: Fields) -> Iterable[tuple[str, str]]:
    return fields.items(multi=True)


def _sealed(content: Mapping[str, Any]) -> str:
    key_id, sealed = parts().keys.seal(content, _bound_to(), table="again")
    return f"{key_id}.{base64.urlsafe_b64encode(sealed).decode()}"


def _opened(text: str) -> dict[str, Any] | None:
    key_id, _, sealed = text.partition(".")
    try:
        return parts().keys.open(
            key_id, base64.urlsafe_b64decode(sealed), _bound_to(), table="again"
        )
    except (NotOpenedError, binascii.Error, ValueError):
        return None


def _bound_to() -> str:
    somebody = visitor()
    return f"{request.path} {somebody.response_id if somebody else 'nobody'}"


def _name() -> str:
    """One for each address: the front page's cookie is sent along with every other."""
    return _NAME + request.path.replace("/", "-")
