"""A wave's register counts: what they count, and whether its form asks that and they agree.

Weighting finds that out only from a frozen dataset, where nothing can be corrected any more; the same
holds of counts that contradict each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, distinct, func, or_, select
from sqlalchemy.orm import Session

from instruments import Form
from processing import Problem, margin_contradictions
from survey.models import Area, AreaGroup, AreaGroupMember, Margin, Wave
from survey.place_files import COLUMNS, misfit

# What registers count nearly everywhere, and whether its categories have an order.
_USUAL: Mapping[str, str] = {"background_gender": "no", "background_age_band": "yes"}


@dataclass(frozen=True)
class Counted:
    """What registers count by one variable in a wave; places are areas, or groups of them."""

    variable: str
    places: int
    categories: int
    people: int


def counted(session: Session, wave: Wave) -> list[Counted]:
    """Sum a wave's register counts up, a variable at a time."""
    places = func.count(distinct(Margin.area_id)) + func.count(distinct(Margin.area_group_id))
    rows = session.execute(
        select(
            Margin.variable, places, func.count(distinct(Margin.category)), func.sum(Margin.count)
        )
        .where(Margin.wave_id == wave.id)
        .group_by(Margin.variable)
        .order_by(Margin.variable)
    )
    return [Counted(*row) for row in rows]


def rows_to_fill(session: Session, wave: Wave, form: Form | None) -> list[tuple[str, ...]]:
    """A wave's register counts as their file has them; where there are none, rows to be filled in.

    Those count sex and age in every area, as far as `form` asks for them. The first row is the
    header.
    """
    header = tuple(column.name for column in COLUMNS["margins"])
    there = session.execute(
        select(
            Area.key, AreaGroup.key, Margin.variable, Margin.category, Margin.count, Margin.ordered
        )
        .outerjoin(Area, Area.id == Margin.area_id)
        .outerjoin(AreaGroup, AreaGroup.id == Margin.area_group_id)
        .where(Margin.wave_id == wave.id)
        .order_by(Area.key, AreaGroup.key, Margin.variable, Margin.id)
    ).all()
    if there:
        return [header] + [
            (area or "", group or "", variable, category, str(count), "yes" if ordered else "no")
            for area, group, variable, category, count, ordered in there
        ]
    areas = session.scalars(
        select(Area.key)
        .where(Area.study_id == wave.study_id, Area.valid_to.is_(None))
        .order_by(Area.key)
    ).all()
    asked = [name for name in _USUAL if form is not None and name in form.columns]
    return [header] + [
        (area, "", name, str(code), "", _USUAL[name])
        for area in areas
        for name in asked
        for code in (form.item_of(name).item.responses.codes if form else ())
    ]


def misfits(session: Session, wave: Wave, form: Form) -> Iterator[str]:
    """Each register count of a wave that does not fit a form, in words."""
    there = select(Margin.variable, Margin.category).where(Margin.wave_id == wave.id).distinct()
    for variable, category in session.execute(there.order_by(Margin.variable, Margin.category)):
        found = misfit(form, variable, category)
        if found:
            said = category if found.column == "category" else variable
            yield f"{variable} = {category}: {said} {found.told}"


def contradicting(session: Session, wave: Wave) -> list[Problem]:
    """The counts of a wave that cannot all be met. Groups are as on its last day."""
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
    return _problems(wave.number, counted, members)


def _problems(wave: int, counted: Sequence[Any], members: Sequence[Any]) -> list[Problem]:
    columns = ["area", "area_group", "variable", "category", "count"]
    table = pd.DataFrame([tuple(row) for row in counted], columns=columns)
    groups = pd.DataFrame([tuple(row) for row in members], columns=["area_group", "area"])
    return margin_contradictions(table.assign(wave=wave), groups)
