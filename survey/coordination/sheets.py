"""Paper sheets: the coordinator says for whom, in which language; a job prints them."""

from __future__ import annotations

from dataclasses import asdict

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from survey import audit
from survey.coordination.desk import blueprint
from survey.coordination.own_waves import own_wave
from survey.jobs import order_job
from survey.models import Area, Batch, Invitation, PrintedSheet, PrintRun, Sheet, Wave
from survey.printing.orders import Order
from survey.printing.runs import runs
from survey.sheet_stock import MOST_AT_ONCE
from survey.staff import me, needs_role
from survey.web import language, parts, reading, writing

WAYS = ("invitations", "stock", "batch")
# Long enough to fetch it after a weekend; it says which sheet is for which invitation.
_KEEPS_HOURS = 72


@blueprint.get("/waves/<int:wave_id>/sheets")
@needs_role("coordinator")
def sheets(wave_id: int) -> str:
    """What may be printed, and what was."""
    with reading() as database:
        return _page(database, own_wave(database, wave_id))


@blueprint.post("/waves/<int:wave_id>/sheets")
@needs_role("coordinator")
def print_sheets(wave_id: int) -> ResponseReturnValue:
    """Order the sheets; the page of the job tells how far they are."""
    with writing() as database:
        wave = own_wave(database, wave_id)
        order, problems = _order(database, wave)
        if problems:
            return _page(database, wave, problems), 422
        job = order_job(
            database,
            "sheets",
            study_id=wave.study_id,
            wave_id=wave.id,
            role="coordinator",
            actor=me().name,
            wanted={**asdict(order), "serials": []},
            keeps_hours=_KEEPS_HOURS,
        )
        subject = f"{wave.study.key} wave {wave.number}"
        audit.note(database, me().name, "sheets ordered", subject, job=job.id)
        number = job.id
    return redirect(url_for("staff.job", job_id=number), 303)


def _order(database: Session, wave: Wave) -> tuple[Order, list[str]]:
    """What is ordered, and the fields of the form that stand in its way."""
    sent = request.form
    way, area = sent.get("way", ""), sent.get("area", "")
    stock, batch = sent.get("stock", 0, type=int), sent.get("batch", "")
    problems = []
    if wave.status != "open" or way not in WAYS:
        problems.append("way")
    if sent.get("language") not in _languages(wave):
        problems.append("language")
    if way == "stock" and not 1 <= stock <= MOST_AT_ONCE:
        problems.append("stock")
    areas = {key for key, _ in _areas(database, wave)}
    if (way == "stock" and area not in areas) or (area and area not in areas):
        problems.append("area")
    if way == "batch" and batch not in _batches(database, wave):
        problems.append("batch")
    return Order(
        language=sent.get("language", ""),
        large="large" in sent,
        invitations=way == "invitations",
        area=(area or None) if way != "batch" else None,
        stock=stock if way == "stock" else None,
        batch=batch if way == "batch" else None,
        again="again" in sent and way != "stock",
        joined="joined" in sent,
    ), problems


def _page(database: Session, wave: Wave, problems: list[str] | None = None) -> str:
    waiting = select(func.count()).where(
        Invitation.wave_id == wave.id, Invitation.outcome.is_(None), Invitation.revoked.is_(False)
    )
    printed = waiting.where(
        exists().where(
            Sheet.invitation_id == Invitation.id,
            PrintedSheet.sheet_id == Sheet.id,
            PrintedSheet.print_run_id == PrintRun.id,
            PrintRun.finished.is_not(None),
        )
    )
    return render_template(
        "coordination/sheets.html",
        wave=wave,
        problems=problems or [],
        sent=request.form,
        ways=WAYS,
        languages=_languages(wave),
        chosen=request.form.get("language", language()),
        areas=_areas(database, wave),
        batches=_batches(database, wave),
        invitations=database.scalar(waiting) or 0,
        printed=database.scalar(printed) or 0,
        runs=len(runs(database, wave)),
        most=MOST_AT_ONCE,
    )


def _languages(wave: Wave) -> list[str]:
    offered: list[str] = wave.form.pin["languages"] if wave.form else []
    return [code for code in offered if code in parts().languages]


def _areas(database: Session, wave: Wave) -> list[tuple[str, str]]:
    rows = select(Area.key, Area.name).where(Area.study_id == wave.study_id).order_by(Area.key)
    return [(key, name) for key, name in database.execute(rows)]


def _batches(database: Session, wave: Wave) -> list[str]:
    """Batches that hold sheets which have not come back."""
    rows = (
        select(Batch.name)
        .join(Sheet, Sheet.batch_id == Batch.id)
        .where(Batch.wave_id == wave.id, Sheet.state.in_(("printed", "sent")))
    )
    return list(database.scalars(rows.distinct().order_by(Batch.name)))
