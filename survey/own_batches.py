"""What waits for one keyer, batch by batch: sheets to key first, and sheets to key after another.

The numbers are of what this person may key now. Of the sheets that they keyed themselves nothing is
told: who makes the first pass does not learn which sheets are in the sample.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session, joinedload

from survey.batches import find_batch
from survey.models import Batch, BatchKeyer, BatchVerdict, Keying, Sheet, Wave
from survey.sheet_states import UNKEYED


@dataclass(frozen=True)
class OwnBatch:
    """A batch as one keyer sees it: how many sheets wait for them."""

    batch: Batch
    first: int  # came back, and nobody has keyed them
    second: int  # keyed once, by somebody else
    away: int  # not noted as back; their paper may lie here all the same


@dataclass(frozen=True)
class ToKey:
    """A sheet that waits for one keyer, and which pass theirs would be."""

    serial: str
    number: int
    language: str


def own_batches(session: Session, keyer_id: int, studies: Collection[int]) -> list[OwnBatch]:
    """The batches that were handed to somebody or hold sheets for them, by study, wave and name."""
    first, second = _first(keyer_id), _second(keyer_id)
    rows = session.execute(
        select(
            Sheet.batch_id,
            func.count().filter(first, Sheet.state == "returned"),
            func.count().filter(second),
            func.count().filter(first, Sheet.state != "returned"),
        )
        .join(Sheet.batch)
        .join(Batch.wave)
        .where(Wave.study_id.in_(studies), Wave.status.in_(("open", "closed")))
        .group_by(Sheet.batch_id)
        .having(or_(func.count().filter(or_(first, second)) > 0, func.max(_named(keyer_id)) > 0))
    ).all()
    batches = {
        one.id: one
        for one in session.scalars(
            select(Batch)
            .where(Batch.id.in_([row[0] for row in rows]))
            .options(joinedload(Batch.wave).joinedload(Wave.study))
        )
    }
    found = [OwnBatch(batches[row[0]], *row[1:]) for row in rows]
    return sorted(found, key=lambda one: _place(one.batch))


def sheets_to_key(
    session: Session, batch_id: int, keyer_id: int, studies: Collection[int]
) -> tuple[Batch, list[ToKey]]:
    """A batch and all its sheets that somebody may key now, by serial. Raises NoSuchBatchError."""
    batch = find_batch(session, batch_id, studies)
    if batch.wave.status not in {"open", "closed"}:
        return batch, []
    waiting = or_(_first(keyer_id), _second(keyer_id))
    rows = session.execute(
        select(Sheet.serial, Sheet.state, Sheet.language)
        .join(Sheet.batch)
        .where(Sheet.batch_id == batch.id, waiting)
        .order_by(func.length(Sheet.serial), Sheet.serial)
    )
    return batch, [
        ToKey(
            serial=row.serial,
            number=2 - (row.state in UNKEYED),
            language=row.language,
        )
        for row in rows
    ]


def _first(keyer_id: int) -> ColumnElement[bool]:
    return and_(Sheet.state.in_(UNKEYED), _may_make(1, keyer_id))


def _second(keyer_id: int) -> ColumnElement[bool]:
    """As batches.passes_demanded says it of one sheet."""
    full = exists().where(BatchVerdict.batch_id == Batch.id, BatchVerdict.verdict == "full")
    share = Batch.second_keying_share
    drawn = and_(Batch.drawn.is_not(None), or_(Sheet.second_keying.is_not(False), full))
    demanded = or_(share == 1, and_(share > 0, drawn))
    own = exists().where(Keying.sheet_id == Sheet.id, Keying.keyer_id == keyer_id)
    return and_(Sheet.state == "keyed_once", demanded, ~own, _may_make(2, keyer_id))


def _may_make(number: int, keyer_id: int) -> ColumnElement[bool]:
    """Whether a pass was handed to nobody, or to this person among others."""
    handed = and_(BatchKeyer.batch_id == Batch.id, BatchKeyer.number == number)
    return or_(~exists().where(handed), exists().where(handed, BatchKeyer.account_id == keyer_id))


def _named(keyer_id: int) -> ColumnElement[int]:
    """How often a batch was handed to somebody by name."""
    return (
        select(func.count())
        .select_from(BatchKeyer)
        .where(BatchKeyer.batch_id == Batch.id, BatchKeyer.account_id == keyer_id)
        .correlate(Batch)
        .scalar_subquery()
    )


def _place(batch: Batch) -> tuple[str, int, str]:
    return batch.wave.study.title, batch.wave.number, batch.name
