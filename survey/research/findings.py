"""Pages of what a study's datasets say: measures, evidence and effects, with their files."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from flask import abort, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm import Session

from processing import read_csv_of
from survey import audit
from survey.access import studies_as
from survey.analysis_plans import registrations
from survey.findings import (
    KINDS,
    LANGUAGES,
    FindingsError,
    Found,
    findings_of,
    has_counts,
    page_of,
    paper_of,
    plan_is_named,
    problems_of_plan,
    tables_of,
    title_of,
)
from survey.jobs import jobs_of, order_job
from survey.models import Study
from survey.research.desk import blueprint
from survey.staff import MissingRoleError, me, needs_role
from survey.staff.told_problems import told
from survey.web import language, parts, reading, words, writing

_LONGEST_PLAN = 20_000
# What the job leaves behind are the pages themselves; it makes no file.
_KEEPS_HOURS = 1


@blueprint.get("/studies/<int:study_id>")
@needs_role("researcher")
def study(study_id: int) -> str:
    """What can be looked at of a study, and what must be counted first."""
    return _study_page(study_id)


@blueprint.post("/studies/<int:study_id>/count")
@needs_role("researcher")
def count(study_id: int) -> ResponseReturnValue:
    return _ordered(study_id, "findings", _weighting())


@blueprint.post("/studies/<int:study_id>/effects")
@needs_role("researcher")
def estimate(study_id: int) -> ResponseReturnValue:
    # As most files are written: a browser sends other line ends.
    plan = request.form.get("plan", "").replace("\r\n", "\n")
    with reading() as database:
        own = _own(database, study_id)
    problems = _problems(own, plan)
    if problems:
        return _study_page(study_id, plan, problems), 422
    if _is_strange(own, plan) and request.form.get("explores") != _mark(plan):
        return _study_page(study_id, plan, explores=_mark(plan)), 422
    return _ordered(study_id, "effects", {"plan": plan, **_weighting()})


def _problems(own: Study, plan: str) -> list[Markup]:
    """All that is wrong with a plan that was pasted in, while it still stands there."""
    if not plan.strip():
        return [words()("findings.no_plan")]
    if len(plan) > _LONGEST_PLAN:
        return [words()("findings.long_plan", most=_LONGEST_PLAN, n=len(plan))]
    try:
        return [*map(told, problems_of_plan(own.key, parts().settings.data, plan))]
    except FindingsError:
        return []  # without a dataset the job says why


def _is_strange(own: Study, plan: str) -> bool:
    """Whether plans are registered, and this text is none of theirs: then nothing is confirmatory."""
    try:
        return plan_is_named(own.key, parts().settings.data, plan) is False
    except FindingsError:
        return False


def _mark(plan: str) -> str:
    """What names the text that was told to explore; a corrected one is asked of anew."""
    return hashlib.sha256(plan.encode()).hexdigest()


def _weighting() -> dict[str, bool]:
    """What a job is to weight by; nothing where register counts are to be met as far as they are there."""
    return {"base_weights": True} if request.form.get("base_weights") else {}


def _study_page(
    study_id: int,
    plan: str | None = None,
    problems: Sequence[Markup] = (),
    *,
    explores: str = "",
) -> str:
    """The page of a study, with a plan in its form: that which was sent last, else was registered.

    `explores` marks a plan that is none of the registered ones.
    """
    with reading() as database:
        own = _own(database, study_id)
        jobs = jobs_of(database, [own.id], "researcher")
        registered = next((one.text for one in registrations(database, own) if one.text), "")
    found, missing = _found(own)
    sent = next((one.wanted for one in jobs if one.kind == "effects"), {})
    base = bool(request.form.get("base_weights")) if plan is not None else sent.get("base_weights")
    return render_template(
        "research/study.html", study=own, found=found, missing=missing, jobs=jobs,
        problems=problems, plan=sent.get("plan", registered) if plan is None else plan,
        registered=bool(registered),
        base_weights=base, counts=_has_counts(own), explores=explores,
    )  # fmt: skip


def _has_counts(own: Study) -> bool:
    try:
        return has_counts(own.key, parts().settings.data)
    except FindingsError:
        return False


@blueprint.get("/studies/<int:study_id>/<any(measures, evidence, effects, weights):kind>/<scale>")
@needs_role("researcher")
def finding(study_id: int, kind: str, scale: str) -> ResponseReturnValue:
    """One page: of a scale's measures or evidence, or of the study's effects."""
    with reading() as database:
        own = _own(database, study_id)
    data, spoken = parts().settings.data, _spoken()
    try:
        inside = page_of(own.key, data, kind, scale, spoken)
        heading = title_of(own.key, data, kind, scale, spoken)
    except FindingsError:
        abort(404)
    found, _ = _found(own)
    return render_template(
        "research/finding.html",
        study=own,
        kind=kind,
        kinds=KINDS,
        scale=scale,
        heading=heading,
        # Made by processing, which escapes all that it is given, and sealed with the folder.
        inside=Markup(inside),  # noqa: S704
        spoken=spoken,
        found=found,
        both=found is not None and any(one[0] == scale and len(one[2]) > 1 for one in found.scales),
        tables=tables_of(own.key, data, kind),
    )


@blueprint.post(
    "/studies/<int:study_id>/<any(measures, evidence, effects, weights):kind>/<scale>/file"
)
@needs_role("researcher")
def take(study_id: int, kind: str, scale: str) -> ResponseReturnValue:
    """The page as PDF, or a table behind it; who took it stands in the log."""
    wanted = request.form.get("file", "")
    with reading() as database:
        own = _own(database, study_id)
    name = f"{own.key}-{kind}-{scale}"
    answer: ResponseReturnValue
    try:
        if wanted == "pdf":
            paper = paper_of(own.key, parts().settings.data, kind, scale, _spoken())
            answer = send_file(
                io.BytesIO(paper),
                "application/pdf",
                as_attachment=True,
                download_name=f"{name}.pdf",
            )
        else:
            answer = _table(own, kind, wanted)
    except FindingsError:
        abort(404)
    with writing() as database:
        audit.note(
            database, me().name, "findings downloaded", own.key, kind=kind, scale=scale, file=wanted
        )
    return answer


def _table(own: Study, kind: str, wanted: str) -> ResponseReturnValue:
    table, _, ending = wanted.partition(".")
    path: Path | None = tables_of(own.key, parts().settings.data, kind).get(table)
    if path is None or ending not in {"csv", "parquet"}:
        abort(400)
    name = f"{own.key}-{table}.{ending}"
    content = path.read_bytes() if ending == "parquet" else read_csv_of(path)
    kind_of = "text/csv" if ending == "csv" else "application/octet-stream"
    return send_file(io.BytesIO(content), kind_of, as_attachment=True, download_name=name)


def _ordered(study_id: int, kind: str, wanted: Mapping[str, object]) -> ResponseReturnValue:
    with writing() as database:
        own = _own(database, study_id)
        job = order_job(
            database, kind, study_id=own.id, role="researcher", actor=me().name, wanted=wanted,
            keeps_hours=_KEEPS_HOURS,
        )  # fmt: skip
        return redirect(url_for("staff.job", job_id=job.id), 303)


def _own(database: Session, study_id: int) -> Study:
    found = database.get(Study, study_id)
    if found is None:
        abort(404)
    if found.id not in studies_as(me(), "researcher"):
        raise MissingRoleError(("researcher",))
    return found


def _found(own: Study) -> tuple[Found | None, str]:
    try:
        return findings_of(own.key, parts().settings.data, _spoken()), ""
    except FindingsError as error:
        return None, str(error)


def _spoken() -> str:
    return language() if language() in LANGUAGES else LANGUAGES[0]
