"""The studies and waves whose paper whoever is signed in handles, and no others."""

from __future__ import annotations

from flask import abort
from sqlalchemy.orm import Session, joinedload

from survey.access import studies_as
from survey.models import Wave
from survey.staff import MissingRoleError, me


def coordinated() -> frozenset[int]:
    """The studies in which one decides about batches."""
    return studies_as(me(), "coordinator")


def own_studies() -> frozenset[int]:
    """The studies in which one keys or coordinates."""
    return coordinated() | studies_as(me(), "fieldworker")


def own_wave(session: Session, wave_id: int) -> Wave:
    """A wave of one's studies. Raises MissingRoleError, NotFound."""
    found = session.get(Wave, wave_id, options=[joinedload(Wave.study)])
    if found is None:
        abort(404)
    if found.study_id not in own_studies():
        raise MissingRoleError(("fieldworker", "coordinator"))
    return found
