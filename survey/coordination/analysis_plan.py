"""A study's analysis plan: registered, with its hash and the time, before anybody can look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import abort, render_template
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm import Session

from processing import AnalysisPlan, StatisticsError, as_registered
from survey.access import studies_as
from survey.analysis_plans import (
    Registered,
    register_plan,
    registered_plans,
    registrations,
    unchecked,
)
from survey.coordination.desk import blueprint
from survey.coordination.sent_text import SentText, sent_text
from survey.models import Study
from survey.staff import MissingRoleError, me, needs_role
from survey.staff.told_problems import told
from survey.web import parts, reading, words, writing

NAME = "plan.yaml"
LONGEST = 20_000


@blueprint.get("/studies/<int:study_id>/analysis-plan")
@needs_role("coordinator")
def analysis_plan(study_id: int) -> str:
    """The plans that are registered, and a form to register one."""
    with reading() as database:
        return _page(database, _own(database, study_id))


@blueprint.post("/studies/<int:study_id>/analysis-plan")
@needs_role("coordinator")
def register_analysis_plan(study_id: int) -> ResponseReturnValue:
    """Register a plan, or say all that is wrong with it."""
    sent = sent_text(NAME)
    problems = _unreadable(sent)
    if not problems:
        try:
            with writing() as database:
                study = _own(database, study_id)
                plan, lacking, new = _register(database, study, sent.content)
        except StatisticsError as refusal:
            problems = [told(one) for one in refusal.problems]
    with reading() as database:
        study = _own(database, study_id)
        if problems:
            return _page(database, study, sent, problems), 422
        return _page(database, study, plan=plan, lacking=lacking, new=new)


def _register(
    database: Session, study: Study, content: bytes
) -> tuple[AnalysisPlan, Mapping[str, str], bool]:
    """The plan, what cannot be looked at yet, and whether it was not registered before."""
    before = registered_plans(database, study)
    # The same text with other line ends is the same plan, and is not registered twice.
    content = as_registered(content, before) or content
    forms = [
        parts().forms.of(database, wave.id) for wave in study.waves if wave.status != "planned"
    ]
    plan = register_plan(database, study, content, forms=forms, actor=me().name)
    return plan, unchecked(database, study, plan), plan.hash not in before


def _unreadable(sent: SentText) -> list[Markup]:
    if sent.problem:
        return [words()(f"sent.{sent.problem}")]
    if len(sent.content) > LONGEST:
        return [words()("findings.long_plan", most=LONGEST, n=len(sent.content))]
    return []


def _page(
    database: Session,
    study: Study,
    sent: SentText | None = None,
    problems: Sequence[Markup] = (),
    *,
    plan: AnalysisPlan | None = None,
    lacking: Mapping[str, str] | None = None,
    new: bool = False,
) -> str:
    known: list[Registered] = registrations(database, study)
    return render_template(
        "coordination/analysis_plan.html",
        study=study,
        known=known,
        problems=problems,
        text=sent.shown if sent else "",
        plan=plan,
        lacking=lacking or {},
        new=new,
        frozen=[wave.number for wave in study.waves if wave.status == "frozen"],
    )


def _own(database: Session, study_id: int) -> Study:
    found = database.get(Study, study_id)
    if found is None:
        abort(404)
    if found.id not in studies_as(me(), "coordinator"):
        raise MissingRoleError(("coordinator",))
    return found
