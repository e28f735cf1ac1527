"""Register counts: the coordinator brings the file that a wave is weighted to, or pastes its cells."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flask import render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from instruments import Form
from processing import build_codebook
from survey.coordination.desk import blueprint
from survey.coordination.own_waves import own_wave
from survey.coordination.sent_text import SentText, sent_text
from survey.csv_files import CsvFileError
from survey.forms import Forms
from survey.margins import counted, rows_to_fill
from survey.models import Wave
from survey.registers import ContradictingError, Loaded, load_margins
from survey.staff import me, needs_role
from survey.staff.told_problems import fault_told, told
from survey.studies import StudyError
from survey.web import language, parts, reading, words, writing

NAME = "margins.csv"
# Told one by one; a file of the wrong kind has a fault in every row.
_MOST_TOLD = 100


@dataclass(frozen=True)
class _Asked:
    """A question that registers can count by: its column, its words, and its codes with theirs."""

    column: str
    question: str
    codes: tuple[tuple[int, str], ...]


@blueprint.get("/waves/<int:wave_id>/counts")
@needs_role("coordinator")
def register_counts(wave_id: int) -> str:
    """What is counted already, and a form to bring more."""
    with reading() as database:
        return _page(database, own_wave(database, wave_id))


@blueprint.get("/waves/<int:wave_id>/counts.csv")
@needs_role("coordinator")
def counts_file(wave_id: int) -> Response:
    """The counts as they are, to be corrected, or rows to be filled in."""
    target = io.StringIO()
    with reading() as database:
        wave = own_wave(database, wave_id)
        csv.writer(target).writerows(rows_to_fill(database, wave, _form(database, wave)))
    # With a mark at the start, without which spreadsheets read æ, ø and å as something else.
    answer = Response(target.getvalue().encode("utf-8-sig"), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=NAME)
    return answer


@blueprint.post("/waves/<int:wave_id>/counts")
@needs_role("coordinator")
def load_counts(wave_id: int) -> ResponseReturnValue:
    """Take a whole file or nothing of it."""
    sent = sent_text(NAME)
    if sent.problem:
        with reading() as database:
            wave = own_wave(database, wave_id)
            return _page(database, wave, sent, [words()(f"sent.{sent.problem}")]), 422
    try:
        with writing() as database:
            wave = own_wave(database, wave_id)
            loaded = _load(database, wave, sent)
    except CsvFileError as refusal:
        problems = [fault_told(one) for one in sorted(refusal.problems, key=_row)]
    except ContradictingError as refusal:
        problems = [told(one) for one in refusal.problems]
    except StudyError:
        problems = []  # frozen meanwhile: the page says so where its form was
    else:
        with reading() as database:
            return _page(database, own_wave(database, wave_id), loaded=loaded)
    with reading() as database:
        return _page(database, own_wave(database, wave_id), sent, problems), 422


def _row(fault: str) -> int:
    """Where a fault stands, so that they are told from the top; those of the whole file first."""
    return int(getattr(fault, "values", {}).get("row", 0))


def _load(database: Session, wave: Wave, sent: SentText) -> Loaded:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / sent.name
        path.write_bytes(sent.content)
        return load_margins(
            database,
            wave,
            path,
            form=_form(database, wave),
            replace="replace" in request.form,
            actor=me().name,
        )


def _form(database: Session, wave: Wave) -> Form | None:
    """What the wave asks, once it is open; before, its counts are looked at when it opens."""
    forms: Forms = parts().forms
    return forms.of(database, wave.id) if wave.form is not None else None


def _page(
    database: Session,
    wave: Wave,
    sent: SentText | None = None,
    problems: Sequence[Markup] = (),
    loaded: Loaded | None = None,
) -> str:
    form = _form(database, wave)
    return render_template(
        "coordination/counts.html",
        wave=wave,
        counted=counted(database, wave),
        asked=_asked(form) if form else {},
        problems=problems[:_MOST_TOLD],
        untold=max(0, len(problems) - _MOST_TOLD),
        text=sent.shown if sent else "",
        replace="replace" in request.form and bool(problems),
        loaded=loaded,
        any_rows=len(rows_to_fill(database, wave, form)) > 1,
    )


def _asked(form: Form) -> dict[str, _Asked]:
    """What the background questions ask that has categories, by column."""
    return {
        variable.name: _Asked(
            variable.name,
            variable.label(language()),
            tuple(
                (code, variable.value_labels(language()).get(code, "")) for code in variable.codes
            ),
        )
        for variable in build_codebook(form).variables
        if variable.kind == "single" and variable.instrument == "background"
    }
