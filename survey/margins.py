"""Whether a wave's register counts name what its form asks, and agree with each other.

Weighting finds that out only from a frozen dataset, where nothing can be corrected any more; the same
holds of counts that contradict each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from instruments import Form
from processing import Problem, margin_contradictions
from survey.models import Area, AreaGroup, AreaGroupMember, Margin, Wave
from survey.place_files import misfit


def misfits(session: Session, wave: Wave, form: Form) -> Iterator[str]:
    """Each register count of a wave that does not fit a form, in words."""
    there = select(Margin.variable, Margin.category).where(Margin.wave_id == wave.id).distinct()
    for variable, category in session.execute(there.order_by(Margin.variable, Margin.category)):
        column, rule = misfit(form, variable, category)
        if rule:
            yield f"{variable} = {category}: {category if column == 'category' else variable} {rule}"


def contradicting(session: Session, wave: Wave) -> list[str]:
    """The counts of a wave that cannot all be met, in words. Groups are as on its last day."""
    lasting: ColumnElement[bool] = AreaGroupMember.valid_to.is_(None)
    if wave.closes:
        lasting = (AreaGroupMember.valid_from <= wave.closes) & or_(
            lasting, AreaGroupMember.valid_to >= wave.closes
        )
    counted = session.execute(
        select(Area.key, AreaGroup.key, Margin.variable, Margin.category, Margin.count)
        .outerjoin(Area, Area.id == Margin.area_id)
        .outerjoin(AreaGroup, AreaGroup.id == Margin.area_group_id)
        .where(Margin.wave_id == wave.id)
    ).all()
    members = session.execute(
        select(AreaGroup.key, Area.key)
        .join(AreaGroupMember, AreaGroupMember.area_group_id == AreaGroup.id)
        .join(Area, Area.id == AreaGroupMember.area_id)
        .where(AreaGroup.study_id == wave.study_id, lasting)
    ).all()
    if not counted:
        return []
    return [str(one) for one in _problems(wave.number, counted, members)]


def _problems(wave: int, counted: Sequence[Any], members: Sequence[Any]) -> list[Problem]:
    columns = ["area", "area_group", "variable", "category", "count"]
    table = pd.DataFrame([tuple(row) for row in counted], columns=columns)
    groups = pd.DataFrame([tuple(row) for row in members], columns=["area_group", "area"])
    return margin_contradictions(table.assign(wave=wave), groups)
