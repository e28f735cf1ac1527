"""The studies and waves that whoever is signed in coordinates, and no others."""

from __future__ import annotations

from collections.abc import Collection

from flask import abort
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from survey.access import studies_as
from survey.models import Study, Wave
from survey.staff import MissingRoleError, me


def studies_of(session: Session, studies: Collection[int]) -> list[Study]:
    """These studies, by title, their waves loaded."""
    return list(
        session.scalars(
            select(Study)
            .where(Study.id.in_(studies))
            .options(selectinload(Study.waves).joinedload(Wave.study))
            .order_by(Study.title, Study.id)
        )
    )


def own_wave(session: Session, wave_id: int) -> Wave:
    """A wave of a study that one coordinates. Raises MissingRoleError, NotFound."""
    found = session.get(Wave, wave_id, options=[joinedload(Wave.study), joinedload(Wave.form)])
    if found is None:
        abort(404)
    if found.study_id not in studies_as(me(), "coordinator"):
        raise MissingRoleError(("coordinator",))
    return found
