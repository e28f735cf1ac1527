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

from instruments import Form, Kind
from processing import Problem, margin_contradictions
from survey.models import Area, AreaGroup, AreaGroupMember, Margin, Wave


def misfit(form: Form, variable: str, category: str) -> tuple[str, str]:
    """The column of a count that answers cannot be weighted to, and the rule it breaks.

    Two empty texts where there is nothing to say.
    """
    option, _, code = variable.rpartition("_")
    if option in form.columns and form.item_of(option).item.kind is Kind.MULTIPLE:
        codes = form.item_of(option).item.responses.codes
        fits = code in {str(one) for one in codes}
        allowed = ["0", "1"]
    elif variable in form.columns:
        item = form.item_of(variable).item
        fits = item.kind not in {Kind.MULTIPLE, Kind.TEXT, Kind.RANKING}
        allowed = [str(one) for one in item.responses.codes] if item.kind is Kind.SINGLE else []
    else:
        fits, allowed = False, []
    if not fits:
        return "variable", "is not asked in this wave so that it could be counted by category."
    if allowed and category not in allowed:
        return "category", f"is no code of {variable}; codes are {', '.join(allowed)}."
    return "", ""


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
