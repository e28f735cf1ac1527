"""Areas, plans, register counts and what became of invitations, as a dataset's tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import pandas as pd
from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from processing import TABLES
from survey.models import (
    Area,
    AreaGroup,
    AreaGroupMember,
    AreaPlan,
    AreaStatus,
    AreaSuccession,
    Invitation,
    Margin,
    Plan,
    Response,
    Wave,
)

UNINVITED = ("uninvited_started", "uninvited_finished")


def place_tables(session: Session, wave: Wave) -> dict[str, pd.DataFrame]:
    """All tables of a wave's dataset, by name, with the columns the dataset asks for."""
    study = wave.study_id
    before, after = aliased(Area), aliased(Area)
    queries: dict[str, Select[*tuple[Any, ...]]] = {
        "areas": select(
            Area.key,
            Area.name,
            Area.level,
            Area.dwellings,
            Area.residents,
            Area.valid_from,
            Area.valid_to,
        ).where(Area.study_id == study),
        "area_succession": select(before.key, after.key, AreaSuccession.date)
        .join(before, before.id == AreaSuccession.from_area_id)
        .join(after, after.id == AreaSuccession.to_area_id)
        .where(before.study_id == study),
        "area_group": select(
            AreaGroup.key,
            AreaGroup.name,
            AreaGroup.level,
            Area.key,
            AreaGroupMember.valid_from,
            AreaGroupMember.valid_to,
        )
        .join(AreaGroupMember, AreaGroupMember.area_group_id == AreaGroup.id)
        .join(Area, Area.id == AreaGroupMember.area_id)
        .where(AreaGroup.study_id == study),
        "area_status": select(
            Area.key, AreaStatus.status, AreaStatus.valid_from, AreaStatus.valid_to
        )
        .join(Area, Area.id == AreaStatus.area_id)
        .where(Area.study_id == study),
        "plans": select(Plan.key, Plan.name, Plan.kind).where(Plan.study_id == study),
        "area_plan": select(Area.key, Plan.key, AreaPlan.valid_from, AreaPlan.valid_to)
        .join(Area, Area.id == AreaPlan.area_id)
        .join(Plan, Plan.id == AreaPlan.plan_id)
        .where(Plan.study_id == study),
        "margins": select(Area.key, AreaGroup.key, Margin.variable, Margin.category, Margin.count)
        .outerjoin(Area, Area.id == Margin.area_id)
        .outerjoin(AreaGroup, AreaGroup.id == Margin.area_group_id)
        .where(Margin.wave_id == wave.id),
    }
    tables = {
        name: _frame(session.execute(query), TABLES[name].names) for name, query in queries.items()
    }
    ordered = _ordered(session, wave)
    if ordered:
        margins = tables["margins"]
        tables["margins"] = margins.assign(ordered=margins["variable"].isin(ordered).astype(bool))
    return tables | {"dispositions": dispositions(session, wave)}


def _ordered(session: Session, wave: Wave) -> set[str]:
    """Counted variables whose categories have an order."""
    wanted = select(Margin.variable).where(Margin.wave_id == wave.id, Margin.ordered)
    return set(session.scalars(wanted))


def dispositions(session: Session, wave: Wave) -> pd.DataFrame:
    """What became of everybody, by area, stratum and mode; the invited have no mode yet.

    `refused` and `unreachable` are what fieldwork reported of those who did not finish; `moved`,
    `not_eligible` and the rest stand in columns of their own. Whoever answered without an invitation,
    over the open link or on a sheet for nobody in particular, is no sampled case: they are counted as
    `uninvited_started` and `uninvited_finished`, outside response rates (AAPOR's are of the sample).
    """
    invited = select(
        Area.key, Invitation.stratum, Invitation.outcome, Response.mode, Response.status
    )
    invited = (
        invited.join(Area, Area.id == Invitation.area_id)
        .outerjoin(Response, Response.invitation_id == Invitation.id)
        .where(Invitation.wave_id == wave.id)
    )
    unassigned = (
        select(Area.key, Response.mode, Response.status)
        .outerjoin(Area, Area.id == Response.area_id)
        .where(Response.wave_id == wave.id, Response.invitation_id.is_(None))
    )
    columns = TABLES["dispositions"].names
    counted = [name for name in columns if name not in {"area", "stratum", "mode"}]
    extra = ("moved", "not_eligible", "deceased", "undeliverable", "withdrawn", *UNINVITED)
    rows: list[dict[str, Any]] = []

    def count(area: str | None, stratum: str, mode: str, what: str) -> None:
        rows.append({"area": area or "", "stratum": stratum, "mode": mode, what: 1})

    for area, stratum, outcome, mode, status in session.execute(invited):
        count(area, stratum, "", "invited")
        if mode:
            count(area, stratum, mode, "started")
        if status == "submitted":
            count(area, stratum, mode, "finished")
        elif outcome:
            count(area, stratum, "", outcome)
    for area, mode, status in session.execute(unassigned):
        count(area, "", mode, UNINVITED[0])
        if status == "submitted":
            count(area, "", mode, UNINVITED[1])
    frame = pd.DataFrame(rows, columns=[*columns, *extra])
    numbers = [*counted, *extra]
    frame[numbers] = frame[numbers].fillna(0).astype("int64")
    return frame.groupby(["area", "stratum", "mode"], as_index=False)[numbers].sum()


def _frame(rows: Iterable[tuple[Any, ...]], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        [[_plain(value) for value in row] for row in rows], columns=columns, dtype=object
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value
