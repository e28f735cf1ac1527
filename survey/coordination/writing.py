"""Writing to people of a wave: a round is drawn, and letters, files or e-mails are made of it."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from survey import audit
from survey.contacts import ask_no_reminder, mark_bounces, read_bounces
from survey.coordination.own_waves import own_wave
from survey.csv_files import CsvFileError
from survey.letters.mailing import as_told, send_uncertain_again, standing
from survey.letters.merge_files import FORMATS
from survey.letters.orders import KINDS, order_for_round
from survey.letters.rounds import RoundError, draw_round, find_round, rounds_of, sizes
from survey.models import Area, Round, Wave
from survey.staff import me, needs_role
from survey.studies import StudyError, told
from survey.web import parts, reading, words, writing


def register(blueprint: Blueprint) -> None:
    """Put these pages among the coordinator's."""
    for rule, view, methods in (
        ("/waves/<int:wave_id>/writing", start, ["GET"]),
        ("/waves/<int:wave_id>/writing", draw, ["POST"]),
        ("/waves/<int:wave_id>/rounds/<int:number>", again, ["POST"]),
        ("/waves/<int:wave_id>/bounces", bounces, ["POST"]),
        ("/waves/<int:wave_id>/no-reminder", no_reminder, ["POST"]),
    ):
        name = f"writing_{view.__name__}"
        blueprint.add_url_rule(rule, name, view, methods=methods)


@needs_role("coordinator")
def start(wave_id: int) -> str:
    """What may be written to whom, and every round so far."""
    return _page(wave_id)


@needs_role("coordinator")
def draw(wave_id: int) -> Response | tuple[str, int]:
    """Draw a round and have something made of it."""
    asked = request.form.get("who", ""), request.form.get("made", "")
    if asked[0] not in {"invitation", "reminder"} or asked[1] not in KINDS:
        return _page(wave_id, {"draw": words().plain("writing.choose")}), 422
    try:
        with writing() as database:
            wave = own_wave(database, wave_id)
            area = _area_key(database, wave, request.form.get("area", ""))
            drawn = draw_round(
                database,
                wave,
                asked[0],
                area=area,
                today=dt.datetime.now(dt.UTC).date(),
                actor=me().name,
            )
            return _ordered(database, drawn, asked[1])
    except RoundError as refusal:
        return _page(wave_id, {"draw": _said(refusal)}), 422


@needs_role("coordinator")
def again(wave_id: int, number: int) -> Response | tuple[str, int]:
    """Have something made of a round that was drawn before: to the same people."""
    made = request.form.get("made", "")
    if made not in KINDS:
        abort(400)
    try:
        with writing() as database:
            drawn = find_round(database, own_wave(database, wave_id), number)
            if made == "mailing" and request.form.get("uncertain"):
                wave = database.get_one(Wave, wave_id)
                count = send_uncertain_again(database, drawn.id)
                audit.note(
                    database, me().name, "uncertain e-mails sent again", told(wave), mails=count
                )
            return _ordered(database, drawn, made)
    except RoundError:
        abort(404)


@needs_role("coordinator")
def bounces(wave_id: int) -> str | tuple[str, int]:
    """Take in a list of e-mails that came back."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _page(wave_id, {"bounces": words().plain("writing.bounces.none")}), 422
    with tempfile.TemporaryDirectory() as folder:
        # Under the name it came with, which problems name; never under a path of somebody's making.
        path = Path(folder) / (Path(sent.filename.replace("\\", "/")).name or "bounces.csv")
        try:
            path.write_bytes(sent.stream.read())
            addresses, references = read_bounces(path)
        except CsvFileError as refusal:
            return _page(wave_id, {"bounces": "\n".join(refusal.problems[:10])}), 422
    with writing() as database:
        wave = own_wave(database, wave_id)
        actor = me().name
        found = mark_bounces(database, parts().keys, wave, addresses, references, actor=actor)
    counts = {"marked": found.marked, "before": found.before, "unknown": found.unknown}
    return _page(wave_id, done=words().plain("writing.bounces.done", **counts))


@needs_role("coordinator")
def no_reminder(wave_id: int) -> str | tuple[str, int]:
    """Remind somebody no more, who asked for that."""
    references = request.form.get("references", "").replace(",", " ").split()
    if not references:
        return _page(wave_id, {"no_reminder": words().plain("writing.no_reminder.none")}), 422
    try:
        with writing() as database:
            wave = own_wave(database, wave_id)
            number = ask_no_reminder(database, wave, references, actor=me().name)
    except StudyError:
        shown = ", ".join(references[:10])
        problem = words().plain("writing.no_reminder.unknown", received=shown)
        return _page(wave_id, {"no_reminder": problem}), 422
    return _page(wave_id, done=words().plain("writing.no_reminder.done", n=number))


def _ordered(database: Session, drawn: Round, made: str) -> Response:
    form = request.form.get("form", "csv")
    job = order_for_round(
        database,
        drawn,
        made,
        # What residents reach it by; where nobody said, what the coordinator does.
        address=parts().settings.address or request.url_root.rstrip("/"),
        actor=me().name,
        form=form if form in FORMATS else "csv",
    )
    return redirect(url_for("staff.job", job_id=job.id))


def _page(wave_id: int, problems: Mapping[str, str] | None = None, done: str = "") -> str:
    with reading() as database:
        wave = own_wave(database, wave_id)
        rounds = rounds_of(database, wave)
        counted = sizes(database, rounds)
        mails = {one.id: as_told(standing(database, one.id)) for one in rounds}
        areas = database.scalars(
            select(Area).where(Area.study_id == wave.study_id).order_by(Area.key)
        ).all()
    return render_template(
        "coordination/writing.html",
        wave=wave,
        rounds=[(one, counted.get(one.id, 0), mails[one.id]) for one in reversed(rounds)],
        areas=areas,
        kinds=[kind for kind in KINDS if kind != "mailing" or parts().settings.mail],
        can_mail=parts().settings.mail is not None,
        formats=FORMATS,
        problems=problems or {},
        done=done,
        entered=request.form,
    )


def _area_key(database: Session, wave: Wave, number: str) -> str | None:
    if not number.isdecimal():
        return None
    area = database.get(Area, int(number[:9]))
    return area.key if area is not None and area.study_id == wave.study_id else None


def _said(refusal: RoundError) -> str:
    values: dict[str, Any] = {
        name: words().date(value) if isinstance(value, dt.date) else value
        for name, value in refusal.values.items()
    }
    return words().plain(f"rounds.error.{refusal.reason}", **values)
