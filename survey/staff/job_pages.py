"""How far a job is, and its file: one page for all audiences, each job for its role in its study."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Blueprint, abort, jsonify, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from survey import audit
from survey.access import studies_as
from survey.jobs import file_key, stop_job, waiting_before
from survey.models import Job
from survey.sealed_files import open_pieces
from survey.staff.signed_in import MissingRoleError, me, needs_role
from survey.staff.told_problems import reasons_of
from survey.web import parts, reading, words, writing
from survey.worker import files_of


def register(blueprint: Blueprint) -> None:
    """Put the pages of jobs among those of the desk."""
    for rule, view, methods in (
        ("/jobs/<int:job_id>", job, ["GET"]),
        ("/jobs/<int:job_id>/state", job_state, ["GET"]),
        ("/jobs/<int:job_id>/file", job_file, ["POST"]),
        ("/jobs/<int:job_id>/stop", job_stop, ["POST"]),
    ):
        blueprint.add_url_rule(rule, view_func=view, methods=methods)
    blueprint.add_app_template_filter(how_far)
    blueprint.add_app_template_filter(reasons_of)


@needs_role()
def job(job_id: int) -> str:
    """Where a job stands; the page asks again by itself where it can, by a link where not."""
    with reading() as database:
        found = _mine(database, job_id)
        before = waiting_before(database, found) if found.state == "queued" else 0
        return render_template("staff/job.html", job=found, said=how_far(found, before))


@needs_role()
def job_state(job_id: int) -> Response:
    """The same for the page's script."""
    with reading() as database:
        found = _mine(database, job_id)
        before = waiting_before(database, found) if found.state == "queued" else 0
    answer: Response = jsonify(
        state=found.state, done=found.done, total=found.total, said=how_far(found, before)
    )
    return answer


@needs_role()
def job_file(job_id: int) -> Response | tuple[str, int]:
    """A job's file; who took it stands in the log."""
    with reading() as database:
        found = _mine(database, job_id)
        key = file_key(parts().keys, found)
        path = files_of(parts().settings) / str(found.place)
        subject = f"{found.study.key} wave {found.wave.number}" if found.wave else found.study.key
    if key is None or not path.is_file():
        return render_template("staff/job_gone.html", job=found), 410
    with writing() as database:
        audit.note(
            database, me().name, "file of a job taken", subject, job=found.id, kind=found.kind
        )
    answer = Response(_pieces(path, key), mimetype=found.media_type)
    answer.headers.set("Content-Disposition", "attachment", filename=found.file_name)
    answer.headers["Cache-Control"] = "no-store"
    answer.content_length = found.size or 0
    return answer


@needs_role()
def job_stop(job_id: int) -> Response:
    """Let a job be; what it has done so far stays done."""
    with writing() as database:
        found = _mine(database, job_id)
        if stop_job(database, found, actor=me().name):
            audit.note(database, me().name, "job stopped", found.study.key, job=found.id)
    return redirect(url_for("staff.job", job_id=job_id))


def how_far(job: Job, before: int = 0) -> str:
    """Where a job stands, in words."""
    if job.state == "queued":
        return words().plain("job.waits", n=before) if before else words().plain("job.next")
    if job.state == "running" and job.total:
        return words().plain("job.of", done=job.done, total=job.total)
    if job.error is not None:
        values: dict[str, Any] = job.error["values"]
        return words().plain(job.error["key"], **values)
    return words().plain(f"job.state.{job.state}")


def _mine(database: Session, job_id: int) -> Job:
    found = database.get(Job, job_id)
    if found is None:
        abort(404)
    if found.study_id not in studies_as(me(), found.role):
        raise MissingRoleError((found.role,))
    _ = found.study.key, found.wave  # loaded while there is a session
    return found


def _pieces(path: Path, key: bytes) -> Iterator[bytes]:
    yield from open_pieces(path, key)
