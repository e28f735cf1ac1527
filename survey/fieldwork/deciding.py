"""A scanned sheet whose unsure fields somebody decides: the strip of each, and a place to key it."""

from __future__ import annotations

import datetime as dt

from flask import redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from instruments import AnswerError, Kind
from survey.answering import InvalidAnswersError, check
from survey.fieldwork.crops import apart_said
from survey.fieldwork.keying import FAILURES, keying_language
from survey.fieldwork.scans import blueprint, studies
from survey.fieldwork.sheet_fields import SheetField, sheet_fields
from survey.scanning.crops import rows_of_grids, with_pictures
from survey.scanning.deciding import NothingToDecideError, StillOpenError, decide, to_decide
from survey.sheet_states import SheetError
from survey.staff import me, needs_role
from survey.web import parts, reading, today, words, writing


@blueprint.get("/sheet/<serial>")
@needs_role("fieldworker")
def sheet(serial: str) -> Response | str | tuple[str, int]:
    """The fields of a sheet that the scanner was not sure of."""
    try:
        return _page(serial)
    except SheetError as failure:
        return _over(failure, serial)


@blueprint.post("/sheet/<serial>")
@needs_role("fieldworker")
def keep(serial: str) -> Response | str | tuple[str, int]:
    """Keep what was decided; with what was sure it is the sheet's first keying."""
    try:
        with reading() as database:
            found, unsure = to_decide(database, parts().keys, serial, studies(), today=today())
            form = parts().forms.of(database, found.batch.wave_id)
        columns = {one["column"] for one in unsure}
        fields = [one for one in sheet_fields(form, keying_language(form)) if one.column in columns]
        now = dt.datetime.now(dt.UTC)
        decided = {field.column: field.read(request.form.get(field.column, "")) for field in fields}
        given = {column: value for column, value in decided.items() if value is not None}
        _, problems = check(form, [*given], given, year=now.year, paper=True)
        if problems:
            return _page(serial, problems, sent=True), 422
        language = request.form.get("text_language", "")
        texts = [column for column, value in given.items() if isinstance(value, str)]
        with writing() as database:
            decide(
                database,
                parts().keys,
                parts().forms,
                serial,
                studies(),
                given,
                decided_by=me().id,
                text_languages={
                    column: language
                    for column in texts
                    if language in form.languages and form.item_of(column).item.kind is Kind.TEXT
                },
                now=now,
            )
    except InvalidAnswersError as invalid:
        return _page(serial, invalid.problems, sent=True), 422
    except StillOpenError:
        return _page(serial, sent=True), 422
    except SheetError as failure:
        return _over(failure, serial)
    session["scan_decided"] = serial
    return redirect(url_for("scans.start"))


def _page(serial: str, problems: list[AnswerError] | None = None, *, sent: bool = False) -> str:
    with reading() as database:
        found, unsure = to_decide(database, parts().keys, serial, studies(), today=today())
        form = parts().forms.of(database, found.batch.wave_id)
        why = {one["column"]: one["why"] for one in unsure}
        rows = rows_of_grids(database, found)
        fields: list[SheetField] = [
            one for one in sheet_fields(form, keying_language(form)) if one.column in why
        ]
        return render_template(
            "fieldwork/scan_sheet.html",
            sheet=found,
            fields=fields,
            why=why,
            pictures=with_pictures(database, found, today=today()),
            far_boxes={field.column: apart_said(field) for field in fields if field.column in rows},
            sent=request.form if sent else {},
            wrong={problem.column: problem for problem in problems or []},
            missing={
                field.column
                for field in fields
                if sent and field.read(request.form.get(field.column, "")) is None
            },
            year=dt.datetime.now(dt.UTC).year,
            languages=[parts().languages.words(code).language for code in form.languages],
            with_text=any(field.kind is Kind.TEXT for field in fields),
        )


def _over(failure: SheetError, serial: str) -> tuple[str, int]:
    if isinstance(failure, NothingToDecideError):
        said, code = words().plain("scans.decide.over", serial=serial), 409
    else:
        name, code = FAILURES[type(failure)]
        said = words().plain(f"keying.serial.{name}", received=serial)
    return render_template("fieldwork/scan_over.html", said=said), code
