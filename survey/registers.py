"""What a study knows of its places, read from CSV: areas, their groups, plans, register counts.

A file loaded again brings what is new and corrects what changed; nothing is deleted but where that
is asked for: then what the file does not name is taken out, unless answers, invitations or sheets
hang on it. When anything in it is wrong, nothing of it is kept.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, or_, select
from sqlalchemy.orm import Session

from instruments import Form
from processing import Problem
from survey import audit
from survey.answering import hold_wave
from survey.csv_files import CsvFileError, Row
from survey.margins import contradicting
from survey.models import (
    Area,
    AreaGroup,
    AreaGroupMember,
    AreaPlan,
    AreaStatus,
    AreaSuccession,
    Base,
    Invitation,
    Margin,
    Plan,
    Response,
    Sheet,
    Study,
    Wave,
)
from survey.place_files import Known, overlapping, read_places
from survey.studies import StudyError, told

_Period = tuple[int, int, dt.date]
"""A plan's and an area's number, and the day from which the one covers the other."""


class ContradictingError(StudyError):
    """Register counts of a wave that cannot all be met; carries every reason."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(one) for one in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Loaded:
    """What a file brought."""

    rows: int
    added: int
    changed: int
    removed: int = 0


def load_areas(
    session: Session, study: Study, path: Path, *, replace: bool = False, actor: str
) -> Loaded:
    """Load areas. Raises CsvFileError, as all of these do."""
    file = read_places("areas", path, Known(), empty=replace)
    incoming = {
        (row["area"],): _taken(
            row, "name", "level", "dwellings", "residents", "valid_from", "valid_to"
        )
        | {"study_id": study.id, "key": row["area"]}
        for row in file.finish()
    }
    there = {(area.key,): area for area in _of(session, Area, study)}
    return _keep(session, "areas loaded", study.key, Area, there, incoming, actor, replace=replace)


def load_successions(
    session: Session, study: Study, path: Path, *, replace: bool = False, actor: str
) -> Loaded:
    """Load which afdeling became which."""
    areas = _areas(session, study)
    file = read_places("successions", path, Known(areas), empty=replace)
    incoming = {}
    for row in file.finish():
        key = (areas[row["from_area"]], areas[row["to_area"]])
        incoming[key] = {"from_area_id": key[0], "to_area_id": key[1], "date": row["date"]}
    there = {
        (found.from_area_id, found.to_area_id): found
        for found in session.scalars(
            select(AreaSuccession).where(AreaSuccession.from_area_id.in_(areas.values()))
        )
    }
    return _keep(
        session,
        "successions loaded",
        study.key,
        AreaSuccession,
        there,
        incoming,
        actor,
        replace=replace,
    )


def load_groups(
    session: Session, study: Study, path: Path, *, replace: bool = False, actor: str
) -> Loaded:
    """Load groups of areas, a row an area and period."""
    areas = _areas(session, study)
    file = read_places("groups", path, Known(areas), empty=replace)
    rows = file.finish()
    named = {
        (row["area_group"],): _taken(row, "name", "level")
        | {"study_id": study.id, "key": row["area_group"]}
        for row in rows
    }
    groups = {(group.key,): group for group in _of(session, AreaGroup, study)}
    _merge(session, AreaGroup, groups, named)
    ids = {group.key: group.id for group in _of(session, AreaGroup, study)}
    there = {
        (found.area_group_id, found.area_id, found.valid_from): found
        for found in session.scalars(
            select(AreaGroupMember).where(AreaGroupMember.area_group_id.in_(ids.values()))
        )
    }
    incoming = {}
    for row in rows:
        key = (ids[row["area_group"]], areas[row["area"]], row["valid_from"])
        incoming[key] = dict(zip(("area_group_id", "area_id", "valid_from"), key, strict=True))
        incoming[key]["valid_to"] = row["valid_to"]
    loaded = _keep(
        session,
        "groups loaded",
        study.key,
        AreaGroupMember,
        there,
        incoming,
        actor,
        replace=replace,
    )
    if replace:
        _take_out(session, [group for key, group in groups.items() if key not in named])
    return loaded


def load_statuses(
    session: Session, study: Study, path: Path, *, replace: bool = False, actor: str
) -> Loaded:
    """Load what the state called an area, and from when."""
    areas = _areas(session, study)
    file = read_places("statuses", path, Known(areas), empty=replace)
    incoming = {}
    for row in file.finish():
        key = (areas[row["area"]], row["status"], row["valid_from"])
        incoming[key] = dict(zip(("area_id", "status", "valid_from"), key, strict=True))
        incoming[key]["valid_to"] = row["valid_to"]
    there = {
        (found.area_id, found.status, found.valid_from): found
        for found in session.scalars(
            select(AreaStatus).where(AreaStatus.area_id.in_(areas.values()))
        )
    }
    return _keep(
        session, "statuses loaded", study.key, AreaStatus, there, incoming, actor, replace=replace
    )


def load_plans(
    session: Session, study: Study, path: Path, *, replace: bool = False, actor: str
) -> Loaded:
    """Load what is being evaluated."""
    file = read_places("plans", path, Known(), empty=replace)
    incoming = {
        (row["plan"],): _taken(row, "name", "kind") | {"study_id": study.id, "key": row["plan"]}
        for row in file.finish()
    }
    there = {(plan.key,): plan for plan in _of(session, Plan, study)}
    return _keep(session, "plans loaded", study.key, Plan, there, incoming, actor, replace=replace)


def load_area_plans(
    session: Session, study: Study, path: Path, *, replace: bool = False, actor: str
) -> Loaded:
    """Load which plan covers which area, and from when."""
    areas = _areas(session, study)
    plans = {plan.key: plan.id for plan in _of(session, Plan, study)}
    file = read_places("area-plans", path, Known(areas, plans=plans), empty=replace)
    incoming = {}
    for row in file.finish():
        key = (plans[row["plan"]], areas[row["area"]], row["valid_from"])
        incoming[key] = dict(zip(("plan_id", "area_id", "valid_from"), key, strict=True))
        incoming[key]["valid_to"] = row["valid_to"]
    there = {
        (found.plan_id, found.area_id, found.valid_from): found
        for found in session.scalars(select(AreaPlan).where(AreaPlan.plan_id.in_(plans.values())))
    }
    _refuse_overlapping(path.name, there if not replace else {}, incoming, areas, plans)
    return _keep(
        session, "area plans loaded", study.key, AreaPlan, there, incoming, actor, replace=replace
    )


def _refuse_overlapping(
    name: str,
    there: Mapping[_Period, AreaPlan],
    incoming: Mapping[_Period, Mapping[str, Any]],
    areas: Mapping[str, int],
    plans: Mapping[str, int],
) -> None:
    """One plan covers an area once at a time: of two periods nobody knows which one was meant."""
    ends: dict[_Period, dt.date | None] = {key: row.valid_to for key, row in there.items()}
    ends |= {key: row["valid_to"] for key, row in incoming.items()}
    named_area = {number: key for key, number in areas.items()}
    named_plan = {number: key for key, number in plans.items()}
    problems = [
        *overlapping(
            name,
            {
                (named_plan[plan], named_area[area], since): end
                for (plan, area, since), end in ends.items()
            },
        )
    ]
    if problems:
        raise CsvFileError(problems)


def load_margins(
    session: Session,
    wave: Wave,
    path: Path,
    *,
    form: Form | None = None,
    replace: bool = False,
    actor: str,
) -> Loaded:
    """Load register counts of a wave that is not frozen yet. Raises StudyError too.

    Counts of what `form`, the wave's, does not ask are problems; counts that contradict each other,
    with those loaded before, are a ContradictingError, after which nothing may be committed. With `replace`, counts that the
    file does not name are taken out.
    """
    wave = hold_wave(session, wave.id)
    if wave.status == "frozen":
        raise StudyError(
            f"Wave {wave.number} is frozen, its register counts with it. Load them before."
        )
    study = wave.study
    areas = _areas(session, study)
    groups = {group.key: group.id for group in _of(session, AreaGroup, study)}
    file = read_places("margins", path, Known(areas, groups), form=form, empty=replace)
    incoming = {}
    for row in file.finish():
        place = (areas.get(row["area"]), groups.get(row["area_group"]))
        key = (*place, row["variable"], row["category"])
        columns = ("area_id", "area_group_id", "variable", "category")
        incoming[key] = dict(zip(columns, key, strict=True))
        incoming[key] |= {"wave_id": wave.id, "count": row["count"], "ordered": row["ordered"]}
    there = {
        (found.area_id, found.area_group_id, found.variable, found.category): found
        for found in session.scalars(select(Margin).where(Margin.wave_id == wave.id))
    }
    loaded = _keep(
        session, "margins loaded", told(wave), Margin, there, incoming, actor, replace=replace
    )
    if problems := contradicting(session, wave):
        raise ContradictingError(problems)
    return loaded


def _of(session: Session, model: Any, study: Study) -> Iterable[Any]:
    return session.scalars(select(model).where(model.study_id == study.id))


def _areas(session: Session, study: Study) -> dict[str, int]:
    return {area.key: area.id for area in _of(session, Area, study)}


def _taken(row: Row, *columns: str) -> dict[str, Any]:
    return {column: row[column] for column in columns}


def _keep(
    session: Session,
    act: str,
    subject: str,
    model: type[Base],
    there: Mapping[Any, Base],
    incoming: Mapping[Any, dict[str, Any]],
    actor: str,
    *,
    replace: bool = False,
) -> Loaded:
    gone = [row for key, row in there.items() if key not in incoming] if replace else []
    _take_out(session, gone)
    loaded = _merge(session, model, there, incoming)
    audit.note(
        session, actor, act, subject,
        added=loaded.added, changed=loaded.changed, removed=len(gone),
    )  # fmt: skip
    return Loaded(loaded.rows, loaded.added, loaded.changed, len(gone))


def _take_out(session: Session, gone: Collection[Base]) -> None:
    """Delete rows, with the memberships and periods that are theirs alone. Raises StudyError."""
    areas = [row.id for row in gone if isinstance(row, Area)]
    used = session.scalars(select(Area.key).where(Area.id.in_(areas), _is_used())).all()
    counted = session.scalars(
        select(AreaGroup.key)
        .join(Margin, Margin.area_group_id == AreaGroup.id)
        .where(AreaGroup.id.in_([row.id for row in gone if isinstance(row, AreaGroup)]))
        .distinct()
    ).all()
    problems = [
        f"Area {key}: people were invited there, sheets printed or register counts loaded, so it "
        "stays. Keep its row in the file."
        for key in sorted(used)
    ] + [
        f"Group {key}: register counts are loaded for it. Take them out first with: beboerpuls "
        "study margins STUDY WAVE FILE --replace"
        for key in sorted(counted)
    ]
    if problems:
        raise StudyError("\n".join(problems))
    for row in gone:
        _take_out_of(session, row)
    session.flush()


def _take_out_of(session: Session, row: Base) -> None:
    owned: tuple[tuple[Any, Any], ...] = ()
    if isinstance(row, Area):
        owned = (
            (AreaGroupMember, AreaGroupMember.area_id == row.id),
            (AreaPlan, AreaPlan.area_id == row.id),
            (AreaStatus, AreaStatus.area_id == row.id),
            (
                AreaSuccession,
                or_(AreaSuccession.from_area_id == row.id, AreaSuccession.to_area_id == row.id),
            ),
        )
    elif isinstance(row, Plan):
        owned = ((AreaPlan, AreaPlan.plan_id == row.id),)
    elif isinstance(row, AreaGroup):
        owned = ((AreaGroupMember, AreaGroupMember.area_group_id == row.id),)
    for model, mine in owned:
        session.execute(delete(model).where(mine))
    session.delete(row)


def _is_used() -> ColumnElement[bool]:
    """Whether anything hangs on an area that a file of places did not bring."""
    return or_(
        *(
            exists().where(model.area_id == Area.id)
            for model in (Invitation, Response, Sheet, Margin)
        )
    )


def _merge(
    session: Session,
    model: type[Base],
    there: Mapping[Any, Base],
    incoming: Mapping[Any, dict[str, Any]],
) -> Loaded:
    """Add what is new, correct what differs, by key."""
    added = changed = 0
    for key, values in incoming.items():
        row = there.get(key)
        if row is None:
            session.add(model(**values))
            added += 1
            continue
        differing = {name: value for name, value in values.items() if getattr(row, name) != value}
        for name, value in differing.items():
            setattr(row, name, value)
        changed += bool(differing)
    session.flush()
    return Loaded(len(incoming), added, changed)
