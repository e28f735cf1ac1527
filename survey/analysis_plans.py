"""A study's analysis plans: that they were there, by their hash, before anybody could look."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from instruments import Form
from processing import (
    AnalysisPlan,
    Problem,
    StatisticsError,
    build_codebook,
    misfits_of_plan,
    sound_parts_of_plan,
)
from survey import audit
from survey.models import Area, AuditEntry, Plan, Study

REGISTERED = "registered an analysis plan"


def register_plan(
    session: Session, study: Study, content: bytes, *, forms: Iterable[Form] = (), actor: str
) -> AnalysisPlan:
    """Note a plan and its hash in the audit's chain, once; every wave frozen from now on names it.

    `forms` are those of the study's waves that have one. Raises processing.StatisticsError with every
    problem of the plan, and with all that it names and the study does not have: once a wave is
    frozen, a plan that is corrected explores.
    """
    plan, problems = sound_parts_of_plan(content, "the plan")
    misfits = misfits_of_plan(
        plan,
        [build_codebook(form) for form in forms],
        kinds=_kinds(session, study),
        areas=_areas(session, study),
    )
    if problems or misfits:
        raise StatisticsError(*problems, *misfits)
    if plan.hash not in registered_plans(session, study):
        audit.note(
            session, actor, REGISTERED, study.key,
            sha256=plan.hash, primary=list(plan.primary), terms=plan.laid_down(),
            treatment=list(plan.treatment), comparison=list(plan.comparison),
            text=content.decode(),
        )  # fmt: skip
    return plan


def unchecked(session: Session, study: Study, plan: AnalysisPlan) -> dict[str, str]:
    """What a plan names and the study cannot say yet whether it has, in words: kind of file -> why."""
    told = {}
    if not _kinds(session, study):
        kinds = ", ".join(plan.treatment)
        told["plans"] = (
            f"The study has no plans yet: whether any is of the kind {kinds} is told when they are"
            " loaded, with beboerpuls study plans"
        )
    if plan.comparison and not _areas(session, study):
        told["areas"] = (
            "The study has no areas yet: whether those to compare with are among them is told when they"
            " are loaded, with beboerpuls study areas"
        )
    return told


def unmet(session: Session, study: Study) -> list[Problem]:
    """What the plan that was registered last names and the study, as it is loaded now, does not have.

    A file may come in parts, so that this is no reason to refuse one.
    """
    entries = _registrations(session, study, None)
    if not entries:
        return []
    said = entries[-1].detail
    named = AnalysisPlan(
        (), tuple(said.get("treatment", ())), comparison=tuple(said.get("comparison", ()))
    )
    return misfits_of_plan(named, kinds=_kinds(session, study), areas=_areas(session, study))


def _kinds(session: Session, study: Study) -> set[str]:
    return set(session.scalars(select(Plan.kind).where(Plan.study_id == study.id)))


def _areas(session: Session, study: Study) -> set[str]:
    return set(session.scalars(select(Area.key).where(Area.study_id == study.id)))


def registered_plans(
    session: Session, study: Study, *, before: int | None = None
) -> tuple[str, ...]:
    """The hashes of a study's plans, in the order in which they were registered.

    `before` is an entry of the audit's chain: what was registered after it is left out.
    """
    return tuple(registered_days(session, study, before=before))


def registered_days(session: Session, study: Study, *, before: int | None = None) -> dict[str, str]:
    """The same plans with the day on which each was registered, as 2026-03-04 (UTC)."""
    entries = _registrations(session, study, before)
    return {str(entry.detail["sha256"]): entry.at.date().isoformat() for entry in entries}


@dataclass(frozen=True)
class Registered:
    """A plan that was registered: its hash, when (UTC) and by whom, and its text.

    Plans that were registered before their text was kept have none.
    """

    sha256: str
    at: dt.datetime
    actor: str
    text: str


def registrations(session: Session, study: Study) -> list[Registered]:
    """A study's plans as they were registered, the last one first."""
    return [
        Registered(entry.detail["sha256"], entry.at, entry.actor, entry.detail.get("text", ""))
        for entry in reversed(_registrations(session, study, None))
    ]


def registered_terms(
    session: Session, study: Study, *, before: int | None = None
) -> Mapping[str, Any]:
    """What the plan that was registered last lays down for all outputs; nothing without a plan."""
    entries = _registrations(session, study, before)
    return dict(entries[-1].detail.get("terms", {})) if entries else {}


def _registrations(session: Session, study: Study, before: int | None) -> Sequence[AuditEntry]:
    wanted = select(AuditEntry).where(AuditEntry.act == REGISTERED, AuditEntry.subject == study.key)
    if before is not None:
        wanted = wanted.where(AuditEntry.number < before)
    return session.scalars(wanted.order_by(AuditEntry.number)).all()
