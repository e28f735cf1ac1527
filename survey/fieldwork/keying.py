"""The keyer's desk: name a sheet, key it, save it, name the next."""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
import uuid
from collections.abc import Mapping
from itertools import groupby
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, session, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from instruments import AnswerError, Form
from survey import own_batches, paper, sheet_states
from survey.access import studies_as
from survey.answering import InvalidAnswersError, check
from survey.fieldwork.sheet_fields import SheetField, sheet_fields
from survey.languages import SOURCE, Language
from survey.models import Sheet
from survey.sheet_states import SheetError
from survey.staff import me, needs_role
from survey.web import parts, reading, words, writing

blueprint = Blueprint("fieldwork", __name__, url_prefix="/keying")

# Each failure's message is keying.serial.<name>.
FAILURES: dict[type[SheetError], tuple[str, int]] = {
    sheet_states.MistypedSerialError: ("mistyped", 400),
    sheet_states.UnknownSheetError: ("unknown", 404),
    sheet_states.OtherStudyError: ("other_study", 403),
    sheet_states.VoidSheetError: ("void", 410),
    paper.KeyedByYouError: ("keyed_by_you", 409),
    paper.KeyedByOthersError: ("keyed_by_others", 409),
    paper.NotDrawnError: ("not_drawn", 409),
    paper.NotHandedToYouError: ("not_handed_to_you", 403),
    sheet_states.WaveNotKeyedError: ("wave", 409),
}
# Keys for keyboards without a number pad, by command; each a message, since words differ.
COMMANDS = (
    "illegible",
    "double_mark",
    "not_answered",
    "back",
    "dont_know",
    "not_relevant",
    "refused",
    "jump",
    "aside",
)
_OLDEST_BEGINNING = dt.timedelta(days=14)


@blueprint.get("/")
@needs_role("fieldworker")
def start() -> Response | tuple[str, int] | str:
    """Ask for a serial, and show what this person has keyed."""
    typed = request.args.get("serial")
    if typed is None:
        return _start_page()
    try:
        with reading() as database:
            sheet = paper.sheet_to_key(database, typed, me().id, _studies())
    except SheetError as failure:
        return _start_page(failure, typed), FAILURES[type(failure)][1]
    return redirect(url_for("fieldwork.key", serial=sheet.serial))


@blueprint.get("/<serial>")
@needs_role("fieldworker")
def key(serial: str) -> tuple[str, int] | str:
    """The sheet to key."""
    try:
        with reading() as database:
            sheet = paper.sheet_to_key(database, serial, me().id, _studies())
            form = parts().forms.of(database, sheet.batch.wave_id)
            return _sheet_page(sheet, form, paper.batch_progress(database, sheet.batch_id))
    except SheetError as failure:
        return _start_page(failure, serial), FAILURES[type(failure)][1]


@blueprint.post("/<serial>")
@needs_role("fieldworker")
def save(serial: str) -> Response | tuple[str, int]:
    """Store what was keyed, once, however often it is sent."""
    try:
        with reading() as database:
            sheet = sheet_states.find_sheet(database, serial, _studies())
            form = parts().forms.of(database, sheet.batch.wave_id)
            progress = paper.batch_progress(database, sheet.batch_id)
            fields = sheet_fields(form, keying_language(form))
            keyed = _pass(request.form, form, fields)
            problems, empty = _told(request.form, form, keyed)
            if not problems and not empty:
                try:
                    with writing() as database_:
                        paper.save_keying(
                            database_, parts().keys, form, serial, me().id, _studies(), keyed
                        )
                except InvalidAnswersError as invalid:
                    problems = invalid.problems
            if problems or empty:
                return _sheet_page(sheet, form, progress, request.form, problems, empty), 422
    except SheetError as failure:
        return _start_page(failure, serial), FAILURES[type(failure)][1]
    session["saved"] = sheet.serial
    return redirect(url_for("fieldwork.start"))


def _studies() -> frozenset[int]:
    return studies_as(me(), "fieldworker")


def keying_language(form: Form) -> str:
    """The language in which a keyer reads a form: their own where the form has it."""
    spoken = words().language.code
    return spoken if spoken in form.languages else form.languages[0]


def _start_page(failure: SheetError | None = None, typed: str = "") -> str:
    with reading() as database:
        own = paper.own_sheets(database, me().id)
        batches = own_batches.own_batches(database, me().id, _studies())
    return render_template(
        "fieldwork/start.html",
        problem=FAILURES[type(failure)][0] if failure else "",
        typed=typed,
        refused=failure.serial if failure else "",
        saved=session.pop("saved", ""),
        keyer=me().id,
        batches=batches,
        days=[(day, list(sheets)) for day, sheets in groupby(own, lambda one: one.finished.date())],
    )


def _sheet_page(
    sheet: Sheet,
    form: Form,
    progress: paper.BatchProgress,
    sent: Mapping[str, str] | None = None,
    problems: list[AnswerError] | None = None,
    empty: tuple[str, ...] = (),
) -> str:
    now = dt.datetime.now(dt.UTC)
    fields = sheet_fields(form, keying_language(form))
    wrong = {problem.column: problem for problem in problems or []}
    return render_template(
        "fieldwork/sheet.html",
        sheet=sheet,
        progress=progress,
        second=bool(sheet.keyings),
        blind=paper.keyed_twice_by_rule(sheet.batch),
        fields=fields,
        wrong=wrong,
        empty=empty,
        year=now.year,
        sent=sent or {},
        keying_id=uuid.uuid4(),
        now=int(now.timestamp()),
        languages=languages_of(form),
        for_script={
            "serial": sheet.serial,
            "language": sheet.language,
            "keyer": me().id,
            "draft_key": _draft_key(),
            "now": int(now.timestamp()),
            "desk": url_for("fieldwork.start"),
            **said_by_script(),
            **asked_by(form, now.year),
        },
    )


def _draft_key() -> str:
    """What seals a keyer's begun sheets on a device: only this person's own pages are told it."""
    return base64.b64encode(parts().keys.of("web", "drafts", str(me().id))).decode()


def said_by_script() -> dict[str, dict[str, str]]:
    """What the script says itself while a sheet is keyed, and its letters for commands."""
    return {
        "letters": {name: words().plain(f"keying.letter.{name}") for name in COMMANDS},
        "words": words_for_script("keying.js."),
    }


def asked_by(form: Form, year: int) -> dict[str, Any]:
    """What the script is told of a form: its fields, and the languages that paper may be written in."""
    fields = sheet_fields(form, keying_language(form))
    languages = [{"code": one.code, "name": one.name} for one in languages_of(form)]
    return {"fields": [one.to_data(year) for one in fields], "languages": languages}


def languages_of(form: Form) -> list[Language]:
    """The languages that a form is asked in."""
    return [parts().languages.words(code).language for code in form.languages]


def words_for_script(prefix: str) -> dict[str, str]:
    """The messages that a script fills in itself, their places left open, by what follows the prefix."""
    source = parts().languages.words(SOURCE).language.messages
    return {
        key.removeprefix(prefix): words().plain(
            key, **{place: f"{{{place}}}" for place in re.findall(r"\{(\w+)\}", str(message))}
        )
        for key, message in source.items()
        if key.startswith(prefix)
    }


def _pass(sent: MultiDict[str, str], form: Form, fields: tuple[SheetField, ...]) -> paper.Pass:
    """What the page sends: as the script collected it, or field by field without it."""
    now = dt.datetime.now(dt.UTC)
    try:
        keying_id = uuid.UUID(sent.get("id", ""))
        collected: Any = (
            json.loads(sent["keyed"]) if "keyed" in sent else _field_by_field(sent, fields)
        )
        values, languages = dict(collected["values"]), dict(collected["languages"])
    except (ValueError, KeyError, TypeError, RecursionError):
        abort(400)
    if keying_id.version != 4:
        abort(400)
    return paper.Pass(
        id=keying_id,
        values=values,
        started=_beginning(sent.get("started", ""), now),
        finished=now,
        day=now.date(),
        text_languages={
            column: language
            for column, language in languages.items()
            if language in form.languages and isinstance(values.get(column), str)
        },
    )


def _told(
    sent: Mapping[str, str], form: Form, keyed: paper.Pass
) -> tuple[list[AnswerError], tuple[str, ...]]:
    """What is to be put right on the page without the script; the script asks by itself.

    Besides the problems these are the fields left empty that no route closes, and of which nobody
    has said that they are empty on the sheet.
    """
    if "keyed" in sent:
        return [], ()
    given = [column for column in form.columns if column in keyed.values]
    accepted, problems = check(form, given, keyed.values, year=keyed.day.year, paper=True)
    explained = {*given, *sent.get("left_blank", "").split(), *form.hidden(accepted)}
    return problems, tuple(column for column in form.columns if column not in explained)


def _field_by_field(sent: Mapping[str, str], fields: tuple[SheetField, ...]) -> dict[str, Any]:
    values = {field.column: field.read(sent.get(field.column, "")) for field in fields}
    language = sent.get("text_language", "")
    return {
        "values": {column: value for column, value in values.items() if value is not None},
        "languages": dict.fromkeys(values, language),
    }


def _beginning(sent: str, now: dt.datetime) -> dt.datetime | None:
    """When the sheet was begun, by the browser's word; a clock that is wrong tells nothing."""
    if not (sent.isascii() and sent.isdecimal() and len(sent) < 12):
        return None
    beginning = dt.datetime.fromtimestamp(int(sent), dt.UTC)
    return beginning if now - _OLDEST_BEGINNING <= beginning <= now else None
