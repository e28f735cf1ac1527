"""The verification record of a wave's keying, as a page and as files."""

from __future__ import annotations

from flask import Blueprint, abort, render_template
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from survey import audit
from survey.fieldwork.keying import keying_language
from survey.fieldwork.own_studies import coordinated, own_wave
from survey.fieldwork.sheet_fields import sheet_fields
from survey.keying_quality import Quality, quality_of
from survey.models import Wave
from survey.staff import MissingRoleError, me, needs_role
from survey.verification_record import batches_csv, keyers_csv
from survey.web import parts, reading, writing

_FILES = {"keyers": keyers_csv, "batches": batches_csv}


def register(blueprint: Blueprint) -> None:
    """Put the pages among those of the paper desk."""
    blueprint.add_url_rule("/waves/<int:wave_id>/quality", "quality", page)
    blueprint.add_url_rule("/waves/<int:wave_id>/quality/<name>.csv", "quality_file", file)


@needs_role("coordinator")
def page(wave_id: int) -> str:
    """How well a wave was keyed: by keyer, by the scanner, by batch."""
    with reading() as database:
        wave, quality = _found(database, wave_id)
        form = parts().forms.of(database, wave_id)
    fields = {one.column: one for one in sheet_fields(form, keying_language(form))}
    return render_template("fieldwork/quality.html", wave=wave, quality=quality, fields=fields)


@needs_role("coordinator")
def file(wave_id: int, name: str) -> Response:
    """The record as CSV; who took it stands in the log."""
    if name not in _FILES:
        abort(404)
    with reading() as database:
        wave, quality = _found(database, wave_id)
        subject = f"{wave.study.key} wave {wave.number}"
        called = f"{wave.study.key}_wave{wave.number}_keying_{name}.csv"
    with writing() as database:
        audit.note(database, me().name, "verification record taken", subject, file=name)
    answer = Response(_FILES[name](quality), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=called)
    return answer


def _found(database: Session, wave_id: int) -> tuple[Wave, Quality]:
    wave = own_wave(database, wave_id)
    if wave.study_id not in coordinated():
        raise MissingRoleError(("coordinator",))
    if wave.form is None:
        abort(404)
    form = parts().forms.of(database, wave_id)
    return wave, quality_of(database, parts().keys, form, wave)
