"""How many have answered, by area, without telling on the few."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from survey.models import Area, Invitation, Response, Wave

LEAST_SHOWN = 5


@dataclass(frozen=True)
class Place:
    """An area's line; `finished` is None where it is not told."""

    name: str
    invited: int
    finished: int | None

    @property
    def share(self) -> float | None:
        """Percent of the invited who finished; open links can make it pass 100."""
        known = self.finished is not None and self.invited > 0
        return 100 * self.finished / self.invited if known and self.finished is not None else None


@dataclass(frozen=True)
class Progress:
    """Where a wave stands; a count is None where it is not told."""

    invited: int
    finished: int | None
    begun: int | None
    modes: tuple[tuple[str, int | None], ...]
    places: tuple[Place, ...]


def waves_of(session: Session, studies: Collection[int]) -> list[Wave]:
    """Every wave of these studies that has begun, the latest first."""
    return list(
        session.scalars(
            select(Wave)
            .where(Wave.study_id.in_(studies), Wave.status != "planned")
            .options(joinedload(Wave.study))
            .order_by(Wave.study_id, Wave.number.desc())
        )
    )


def progress_of(session: Session, wave: Wave, today: date) -> Progress:
    """Count a wave's invitations, and its responses of the days before today.

    Small counts, and what would give them away, go. A count that rose as one looked would tell the
    moment somebody answered.
    """
    areas_named = (
        select(Area.id, Area.name).where(Area.study_id == wave.study_id).order_by(Area.key)
    )
    # Answers over an open link are in no area.
    names: dict[int | None, str] = {**dict(session.execute(areas_named).all()), None: ""}
    invited = _by(session, Invitation.area_id, Invitation.wave_id == wave.id)
    counted = (Response.wave_id == wave.id, Response.day < today)
    submitted = (*counted, Response.status == "submitted")
    finished = _by(session, Response.area_id, *submitted)
    modes = _by(session, Response.mode, *submitted)
    begun = session.scalar(select(func.count()).where(*counted, Response.status == "started"))
    areas = [area for area in names if invited.get(area) or finished.get(area)]
    told = without_small([finished.get(area, 0) for area in areas])
    return Progress(
        invited=sum(invited.values()),
        finished=without_small([sum(finished.values())])[0],
        begun=without_small([begun or 0])[0],
        modes=tuple(zip(modes, without_small(list(modes.values())), strict=True)),
        places=tuple(
            Place(names[area], invited.get(area, 0), count)
            for area, count in zip(areas, told, strict=True)
        ),
    )


def without_small(counts: Sequence[int], least: int = LEAST_SHOWN) -> list[int | None]:
    """Leave out counts below `least`, then the smallest of the others while those few can be known.

    What is left out together is known too: it is the total less what is shown. So it is two counts
    at the least, and `least` or more in all. Zero is small: it says of everybody that they have not
    answered.
    """
    left_out = {place for place, count in enumerate(counts) if count < least}
    others = sorted(set(range(len(counts))) - left_out, key=lambda place: counts[place])
    for place in others if left_out else ():
        if len(left_out) > 1 and sum(counts[one] for one in left_out) >= least:
            break
        left_out.add(place)
    return [None if place in left_out else count for place, count in enumerate(counts)]


def _by(
    session: Session, column: InstrumentedAttribute[Any], *conditions: ColumnElement[bool]
) -> dict[Any, int]:
    """Rows counted by the values of a column."""
    query = select(column, func.count()).where(*conditions).group_by(column).order_by(column)
    return dict(session.execute(query).all())
