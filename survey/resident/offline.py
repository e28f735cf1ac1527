"""What lets a phone go on without a line: the whole questionnaire as one page, blank, and its worker.

The page is the same for everybody who answers one wave in one language, and holds nothing of anyone.
What is theirs comes with each page of questions, to whoever may see that page.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from werkzeug.exceptions import NotFound

from instruments import Condition, Form, Instrument, Kind
from survey.delivery import STATIC
from survey.fields import Question, filled, question_pages
from survey.kept_pages import kept_version
from survey.languages import SOURCE, Words
from survey.resident.page import NOT_A, OF_A_YEAR, in_order
from survey.resident.views import blueprint
from survey.resident.visitor import visitor
from survey.scripts import joined
from survey.sealed_box import PublicKey, public_key
from survey.secrets import Keys, shown_code
from survey.staff.handing_over import interviewing
from survey.walk import Asked, Walk, asked_by
from survey.web import language, parts, reading, words

LINES = ("waiting", "stay", "full", "sent", "closed", "late", "gone", "refused", "language")
"""What the page may say of what waits, as `offline.<line>`."""

# Whatever a place is filled with comes back as the place: the script fills it in.
_LEFT_OPEN = {name: f"{{{name}}}" for name in ("n", "of", "received", "length")}

# Rendering it costs as much as a whole visit; by form, since a pinned one never changes.
DOCUMENTS: dict[tuple[int, str, Asked, str, int], str] = {}


@blueprint.get("/offline/<int:wave_id>/<lang>")
def offline_document(wave_id: int, lang: str) -> ResponseReturnValue:
    somebody = visitor()
    if somebody is None or not somebody.begun or somebody.wave_id != wave_id:
        raise NotFound
    if lang != language():
        raise NotFound  # another tab has chosen another: the next page asks for that one
    with reading() as database:
        form = parts().forms.of(database, wave_id)
        asked = asked_by(database, wave_id)
    if asked is None or lang not in form.languages:
        raise NotFound
    year = dt.datetime.now(dt.UTC).year
    key = id(form), lang, asked, kept_version(), year
    if key not in DOCUMENTS:
        DOCUMENTS[key] = _document(form, wave_id, asked, year)
    return DOCUMENTS[key]


@blueprint.get("/worker.js")
def worker() -> Response:
    """The worker, at the root: it stands before every page of ours."""
    answer = Response(_worker(), mimetype="text/javascript")
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@blueprint.after_request
def tell_script_where_to_go(response: Response) -> Response:
    """Tell a script, which cannot see redirects, where the page that it sent leads to."""
    if response.status_code != 303 or request.headers.get("Accept") != "application/json":
        return response
    response.set_data(json.dumps({"to": response.location}))
    response.mimetype = "application/json"
    response.status_code = 200
    del response.headers["Location"]
    return response


@blueprint.app_context_processor
def _for_the_line() -> dict[str, Any]:
    return {"carried": carried, "line_words": line_words}


def carried(here: Walk, number: int) -> Mapping[str, Any]:
    """What a page of questions gives its script: whose it is, and all that was answered so far."""
    somebody, settings = visitor(), parts().settings
    wave_id = somebody.wave_id if somebody else 0
    key = _public_key(parts().keys, wave_id)
    minutes = somebody.minutes() if somebody else None
    pages = enumerate(here.form.pages(), start=1)
    return {
        "wave": wave_id,
        "key": key.id,
        "point": key.text,
        "language": language(),
        "document": url_for(
            "resident.offline_document",
            wave_id=wave_id,
            lang=language(),
            v=kept_version(),
            year=dt.datetime.now(dt.UTC).year,  # the latest that may be answered
        ),
        "response": str(here.response_id),
        "revision": here.revision,
        "receipt": shown_code(parts().keys.receipt(here.response_id)),
        "minutes": None if minutes is None else round(minutes, 1),
        "idle": settings.idle_minutes,
        "door": interviewing(),
        "page": number,
        "seen": [at for at, page in pages if page.key in here.content.seen],
        "answers": here.content.answers,
    }


def line_words() -> Mapping[str, Any]:
    """What the line may say, in this reader's language; a count in each of its plural forms."""
    t = words()
    return {line: _message(t, f"offline.{line}") for line in LINES}


def _document(form: Form, wave_id: int, asked: Asked, year: int) -> str:
    pages = question_pages(form, language())
    shown = [
        {
            "number": number,
            "page": pages[page.key],
            "questions": _blank(pages[page.key]),
        }
        for number, page in enumerate(form.pages(), start=1)
    ]
    data = {
        "wave": wave_id,
        "idle": parts().settings.idle_minutes,
        "pages": [one["number"] for one in shown],
        "fields": list(_routes(form)),
        "rules": {
            question.column: _rules(words(), question, year)
            for page in form.pages()
            for question in pages[page.key].questions
            if question.written or question.kind is Kind.RANKING
        },
    }
    return render_template(
        "resident/offline.html",
        pages=shown,
        form=form,
        data=data,
        asked=asked,
        # Whoever asks for it first, it is everybody's; at the door the script says so.
        at_the_door=False,
        plain_http_warning=False,
        **_script_words(),
    )


def _blank(page: Any) -> list[Markup]:
    return [one.html() for one in in_order(filled(page, {}).answer_fields())]


def _script_words() -> dict[str, Any]:
    t = words()
    said = {
        "progress": "page.progress",
        "number": "question.number",
        "next": "page.next",
        "send": "page.send",
        "skip": "page.skip",
        "sendAnyway": "page.send_anyway",
        "saved": "page.saved_on_next",
        "final": "page.sent_on_send",
    }
    plain = {name: t.plain(key, **_LEFT_OPEN) for name, key in said.items()}
    return {"script_words": {**line_words(), **plain}}


def _routes(form: Form) -> Iterator[dict[str, Any]]:
    for number, page in enumerate(form.pages(), start=1):
        routes = dict(page.instrument.routes())
        for item in page.page.items:
            yield {
                "column": page.instrument.column(item),
                "page": number,
                "routes": [_by_column(page.instrument, one) for one in routes[item.id]],
            }


def _by_column(instrument: Instrument, condition: Condition) -> Any:
    """A condition as data, its items named by their columns: one page holds several instruments."""

    def renamed(data: Any) -> Any:
        if isinstance(data, list):
            return [renamed(part) for part in data]
        if not isinstance(data, dict):
            return data
        return {
            key: instrument.column(instrument.item(value)) if key == "item" else renamed(value)
            for key, value in data.items()
        }

    return renamed(condition.to_data())


def _rules(t: Words, question: Question, year: int) -> dict[str, Any]:
    """What may be typed, and what is said of anything else."""
    responses = question.item.responses
    if question.kind is Kind.TEXT:
        long = t.plain("problem.too_long", length="{length}", longest=responses.longest)
        return {"longest": responses.longest, "long": long}
    if question.kind is Kind.RANKING:
        return {"twice": t.plain("problem.twice")}
    is_year = question.kind in OF_A_YEAR
    lowest, highest = responses.lowest, responses.highest
    if is_year and highest is None:
        highest = year
    bounds = {"lowest": str(lowest), "highest": str(highest)}
    if lowest is not None and highest is not None:
        outside = "problem.year_between" if is_year else "problem.number_between"
    else:
        outside = "problem.number_at_least" if highest is None else "problem.number_at_most"
    return {
        "month": question.kind is Kind.MONTH,
        "lowest": lowest,
        "highest": highest,
        "malformed": t.plain(NOT_A[question.kind], **_LEFT_OPEN),
        "outside": t.plain(outside, **_LEFT_OPEN, **bounds),
    }


def _message(t: Words, key: str) -> Any:
    own = t.language.messages.get(key)
    return own if own is not None else parts().languages.words(SOURCE).language.messages[key]


@lru_cache(maxsize=1)
def _worker() -> str:
    return joined(STATIC / "worker.js")


_KEYS: dict[tuple[int, int], PublicKey] = {}


def _public_key(keys: Keys, wave_id: int) -> PublicKey:
    """Half a millisecond, which every page would pay."""
    known = _KEYS.get((id(keys), wave_id))
    if known is None:
        known = _KEYS[id(keys), wave_id] = public_key(keys, wave_id)
    return known
