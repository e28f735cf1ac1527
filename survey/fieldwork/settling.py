"""The settling desk: which sheets wait, and one sheet's differences side by side."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, session, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from instruments import DOUBLE_MARK, ILLEGIBLE, NOT_ANSWERED, Form
from survey import sheet_states
from survey.access import studies_as
from survey.answering import check
from survey.fieldwork.crops import Crop, apart_said, crops_of
from survey.fieldwork.keying import keying_language
from survey.fieldwork.sheet_fields import SheetField, sheet_fields
from survey.models import Sheet
from survey.settling import (
    REASONS,
    Both,
    Decided,
    Decision,
    KeyedYourselfError,
    NotKeyedTwiceError,
    SettledBeforeError,
    both_of,
    settle_differences,
    sheet_to_settle,
    waiting,
)
from survey.sheet_states import SheetError
from survey.staff import me, needs_role
from survey.web import parts, reading, words, writing

blueprint = Blueprint("settling", __name__, url_prefix="/settling")

# Each failure's message is settling.<name>.
FAILURES: dict[type[SheetError], tuple[str, int]] = {
    sheet_states.MistypedSerialError: ("mistyped", 400),
    sheet_states.UnknownSheetError: ("unknown", 404),
    sheet_states.OtherStudyError: ("other_study", 403),
    sheet_states.VoidSheetError: ("void", 410),
    sheet_states.WaveNotKeyedError: ("wave", 409),
    NotKeyedTwiceError: ("not_twice", 409),
    SettledBeforeError: ("settled", 409),
    KeyedYourselfError: ("yourself", 403),
}
APART = (ILLEGIBLE, DOUBLE_MARK, NOT_ANSWERED)
_LONGEST_NOTE = 500


@dataclass(frozen=True)
class Difference:
    """One field that differs, as the page shows it."""

    field: SheetField
    first: str
    second: str
    first_language: str
    second_language: str
    apart: tuple[int, ...]  # reasons that neither keyed
    crop: Crop | None
    far_boxes: str  # what they say, where the crop does not


@blueprint.get("/")
@needs_role("fieldworker")
def start() -> str:
    """The sheets that wait, one's own to settle first."""
    with reading() as database:
        sheets = waiting(database, me().id, _studies())
    return render_template(
        "fieldwork/settle_start.html", sheets=sheets, settled=session.pop("settled", "")
    )


@blueprint.get("/<serial>")
@needs_role("fieldworker")
def sheet(serial: str) -> tuple[str, int] | str:
    """One sheet's differences."""
    try:
        with reading() as database:
            found = sheet_to_settle(database, serial, me().id, _studies())
            return _page(database, found, parts().forms.of(database, found.batch.wave_id))
    except SheetError as failure:
        return _refused(failure, serial)


@blueprint.post("/<serial>")
@needs_role("fieldworker")
def settle(serial: str) -> Response | tuple[str, int]:
    """Keep the decisions, once, however often they are sent."""
    try:
        with reading() as database:
            found = sheet_states.find_sheet(database, serial, _studies())
            form = parts().forms.of(database, found.batch.wave_id)
            if found.state == "keyed_twice":
                sheet_to_settle(database, serial, me().id, _studies())
                decided, problems = _decided(form, both_of(parts().keys, form, found))
                if problems:
                    return _page(database, found, form, request.form, problems), 422
            else:
                decided = Decided(_id(), {}, dt.datetime.now(dt.UTC))
        with writing() as database:
            settle_differences(database, parts().keys, form, serial, me().id, _studies(), decided)
    except SheetError as failure:
        return _refused(failure, serial)
    session["settled"] = found.serial
    return redirect(url_for("settling.start"), 303)


def _studies() -> frozenset[int]:
    return studies_as(me(), "fieldworker")


def _refused(failure: SheetError, typed: str) -> tuple[str, int]:
    problem, status = FAILURES[type(failure)]
    return render_template("fieldwork/settle_refused.html", problem=problem, typed=typed), status


def _page(
    database: Session,
    found: Sheet,
    form: Form,
    sent: Mapping[str, str] | None = None,
    problems: Mapping[str, str] | None = None,
) -> str:
    both = both_of(parts().keys, form, found)
    crops = crops_of(database, found, both.differences)
    fields = {one.column: one for one in sheet_fields(form, keying_language(form))}
    return render_template(
        "fieldwork/settle.html",
        sheet=found,
        both=both,
        differences=[_difference(fields[one], both, crops) for one in both.differences],
        reasons=REASONS,
        sent=sent or {},
        problems=problems or {},
        settling_id=uuid.uuid4(),
        second_may=found.batch.settle_rule == "second_keyer",
        year=found.keyings[0].finished.year,
    )


def _difference(field: SheetField, both: Both, crops: Mapping[str, Crop]) -> Difference:
    column = field.column
    values = [one.values.get(column, NOT_ANSWERED) for one in (both.first, both.second)]
    languages = [one.text_languages.get(column, "") for one in (both.first, both.second)]
    first, second = (
        (_shown(field, value), language if isinstance(value, str) else "")
        for value, language in zip(values, languages, strict=True)
    )
    return Difference(
        field,
        first=first[0],
        second=second[0],
        first_language=first[1],
        second_language=second[1],
        apart=tuple(code for code in APART if code not in values),
        crop=crops.get(column),
        far_boxes=apart_said(field) if column in crops and crops[column].row else "",
    )


def _shown(field: SheetField, value: Any) -> str:
    """A value as somebody reads it beside the paper: its code and what the code says."""
    labels = dict(field.codes)
    if isinstance(value, list):
        return ", ".join(_shown(field, one) for one in value)
    if isinstance(value, int) and value < 0:
        return words().plain(f"keying.js.reason{value}")
    if isinstance(value, int) and value in labels:
        return f"{value} {labels[value]}"
    return str(value)


def _decided(form: Form, both: Both) -> tuple[Decided, dict[str, str]]:
    """What the page sends, and what is wrong with it: a message's key by column."""
    decisions: dict[str, Decision] = {}
    problems: dict[str, str] = {}
    fields = {one.column: one for one in sheet_fields(form, keying_language(form))}
    now = dt.datetime.now(dt.UTC)
    for column in both.differences:
        chosen = request.form.get(f"choice-{column}", "")
        typed = request.form.get(f"other-{column}", "")
        if chosen in {"first", "second"}:
            keyed = both.first if chosen == "first" else both.second
            value: object = keyed.values.get(column, NOT_ANSWERED)
        elif chosen in {str(code) for code in APART}:
            value = int(chosen)
        elif chosen == "other":
            value = fields[column].read(typed)
        else:
            problems[column] = "undecided"
            continue
        _, wrong = check(form, [column], {column: value}, year=now.year, paper=True)
        if wrong or (chosen == "other" and value is None):
            problems[column] = "not_allowed" if typed.strip() else "nothing_typed"
            continue
        reason = request.form.get(f"reason-{column}", "")
        if reason not in REASONS:
            abort(400)
        decisions[column] = Decision(value, reason)
    note = request.form.get("note", "").strip()[:_LONGEST_NOTE]
    return Decided(_id(), decisions, now, note), problems


def _id() -> uuid.UUID:
    try:
        given = uuid.UUID(request.form.get("id", ""))
    except ValueError:
        abort(400)
    if given.version != 4:
        abort(400)
    return given
