"""Paper sheets at the keyer's desk: find one by its serial, keep what was keyed from it.

A sheet is keyed by one person or by the scanner, and by another person who does not see those
values where its batch demands it; each pass is a row of its own and is never overwritten. Where the
batch has no second keying at all, a pass goes on at once to the only writer of answers. Where two
passes agree, so do they; where they differ, the sheet waits to be settled. Where a sample is keyed
twice, a sheet keyed once waits until it is drawn, and outside the sample until the batch is accepted.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, contains_eager

from instruments import Form
from survey import answering
from survey.batches import handed_to, passes_demanded
from survey.keyed import Keyed, differing, opened, settle
from survey.models import Account, Batch, Keying, Sheet
from survey.secrets import Keys
from survey.sheet_states import (
    SCANNER,
    UNKEYED,
    SheetError,
    became,
    find_sheet,
    hold_sheet,
    refuse_unkeyable,
)


class KeyedByYouError(SheetError):
    """Keyed by the same person before; a second pass needs somebody else."""


class KeyedByOthersError(SheetError):
    """The sheet has been keyed as often as its batch demands, or as this person may key it."""


class NotDrawnError(SheetError):
    """Keyed once, in a batch whose sample is still to be drawn: nobody knows yet who keys it again."""


class NotHandedToYouError(SheetError):
    """The batch was handed to others for this pass."""


@dataclass(frozen=True)
class Pass:
    """One keying of one sheet, as a keyer's page or the scanner sends it."""

    id: uuid.UUID  # made by the sender: sent twice, it is stored once
    values: Mapping[str, object]  # column -> what stands on the paper; left out: nothing keyed
    finished: dt.datetime
    day: dt.date
    started: dt.datetime | None = None
    text_languages: Mapping[str, str] = field(default_factory=dict)  # column -> language written in


@dataclass(frozen=True)
class OwnSheet:
    """A line of somebody's list."""

    serial: str
    batch: str
    number: int
    finished: dt.datetime
    waits: bool  # for another person, for being settled, or for its batch


@dataclass(frozen=True)
class BatchProgress:
    keyed: int
    sheets: int


@dataclass(frozen=True)
class _By:
    """Whose pass it is."""

    keyed_by: str
    keyer_id: int | None
    by_person: tuple[str, ...] = ()  # of the scanner's fields, those that a person decided


def sheet_to_key(session: Session, typed: str, keyer_id: int, studies: Collection[int]) -> Sheet:
    """The sheet that somebody wants to key. Raises the SheetError that says why they cannot."""
    sheet = find_sheet(session, typed, studies)
    _refuse(session, sheet, _By("person", keyer_id))
    return sheet


def save_keying(
    session: Session,
    keys: Keys,
    form: Form,
    typed: str,
    keyer_id: int,
    studies: Collection[int],
    keyed: Pass,
) -> Keying:
    """Store one person's pass, and let the sheet go on where nothing is left to wait for.

    The same pass sent again changes nothing; the same id with other values is refused. Raises the SheetErrors, ValueError for an id that is
    not this pass's own, answering.InvalidAnswersError.
    """
    return _save(session, keys, form, typed, studies, keyed, _By("person", keyer_id))


def save_scanned(
    session: Session,
    keys: Keys,
    form: Form,
    typed: str,
    studies: Collection[int],
    scanned: Pass,
    *,
    decided_by: int | None = None,
    by_person: Collection[str] = (),
) -> Keying:
    """Store what the scanner read as the first pass of a sheet.

    `by_person` names the fields that it was not sure of and somebody decided: `decided_by`, who then
    cannot make the second pass. Raises as `save_keying` does.
    """
    by = _By(SCANNER, decided_by, tuple(by_person))
    return _save(session, keys, form, typed, studies, scanned, by)


def _save(
    session: Session,
    keys: Keys,
    form: Form,
    typed: str,
    studies: Collection[int],
    keyed: Pass,
    by: _By,
) -> Keying:
    if keyed.id.version != 4:
        raise ValueError(f"A keying's id is a UUID version 4, not {keyed.id}.")
    # Two people may save the same sheet at once: the second waits here, and sees the first's row.
    sheet = hold_sheet(session, typed, studies)
    stored = session.get(Keying, keyed.id)
    if stored is not None:
        if (stored.keyed_by, stored.keyer_id) != (by.keyed_by, by.keyer_id) or (
            stored.sheet_id != sheet.id
        ):
            raise ValueError(f"The id {keyed.id} names another keying.")
        # Gone on with after it was stored, on another page or device: not to be told as stored.
        by_person = by.keyed_by == "person"
        if by_person and opened(keys, stored).values != _own(form, keyed).values:
            raise KeyedByYouError(sheet.serial)
        return stored
    _refuse(session, sheet, by)
    own = _own(form, keyed)
    content: dict[str, Any] = {"values": own.values, "text_languages": own.text_languages}
    if by.by_person:
        content["by_person"] = [*by.by_person]
    key_id, sealed = keys.seal(content, keyed.id, table="keying")
    keying = Keying(
        id=keyed.id,
        sheet=sheet,
        number=len(sheet.keyings) + 1,
        keyed_by=by.keyed_by,
        keyer_id=by.keyer_id,
        started=keyed.started,
        finished=keyed.finished,
        key_id=key_id,
        sealed=sealed,
    )
    session.add(keying)
    session.flush()
    _go_on(session, keys, form, keying, own)
    session.flush()
    return keying


def _own(form: Form, keyed: Pass) -> Keyed:
    """What a pass says, checked. Raises answering.InvalidAnswersError."""
    values, problems = answering.check(
        form, form.columns, keyed.values, year=keyed.day.year, paper=True
    )
    if problems:
        raise answering.InvalidAnswersError(problems)
    # What nobody keyed is not there: it stays apart from what was keyed as blank.
    return Keyed(
        {name: values[name] for name in form.columns if name in keyed.values},
        dict(keyed.text_languages),
    )


def _go_on(session: Session, keys: Keys, form: Form, keying: Keying, own: Keyed) -> None:
    """What a sheet becomes with this pass."""
    sheet, at = keying.sheet, keying.finished
    actor = _name(session, _By(keying.keyed_by, keying.keyer_id))
    if keying.number == 1:
        became(session, sheet, "keyed_once", actor=actor, at=at)
        if sheet.batch.second_keying_share == 0:
            settle(session, keys, form, sheet, own, actor=actor, at=at)
        return
    became(session, sheet, "keyed_twice", actor=actor, at=at)
    first = opened(keys, sheet.keyings[0])
    if not differing(form, first, own):
        settle(session, keys, form, sheet, first, actor=actor, at=at)


def _refuse(session: Session, sheet: Sheet, by: _By) -> None:
    refuse_unkeyable(sheet)
    session.refresh(sheet, ["keyings"])
    if by.keyer_id is not None and any(one.keyer_id == by.keyer_id for one in sheet.keyings):
        raise KeyedByYouError(sheet.serial)
    number = len(sheet.keyings) + 1
    demanded = 1 if by.keyed_by == SCANNER else passes_demanded(session, sheet)
    if sheet.state == "settled" or number > demanded:
        raise (NotDrawnError if sheet.batch.to_draw else KeyedByOthersError)(sheet.serial)
    if by.keyed_by == "person" and not _handed(session, sheet, number, by):
        # Whoever was to make the pass that somebody else has made meanwhile is told that, and no more.
        missed = number > 1 and _handed(session, sheet, number - 1, by)
        raise (KeyedByOthersError if missed else NotHandedToYouError)(sheet.serial)


def _handed(session: Session, sheet: Sheet, number: int, by: _By) -> bool:
    """Whether a pass was handed to somebody, or to nobody in particular."""
    named = handed_to(session, sheet.batch, number)
    return not named or by.keyer_id in named


def _name(session: Session, by: _By) -> str:
    if by.keyed_by == SCANNER or by.keyer_id is None:
        return SCANNER
    return session.get_one(Account, by.keyer_id).name


def own_sheets(session: Session, keyer_id: int, most: int = 100) -> list[OwnSheet]:
    """What somebody has keyed, the latest first."""
    rows = session.scalars(
        select(Keying)
        .join(Keying.sheet)
        .join(Sheet.batch)
        .options(contains_eager(Keying.sheet).contains_eager(Sheet.batch))
        .where(Keying.keyer_id == keyer_id, Keying.keyed_by == "person")
        .order_by(Keying.finished.desc(), Keying.id)
        .limit(most)
    )
    return [
        OwnSheet(
            serial=keying.sheet.serial,
            batch=keying.sheet.batch.name,
            number=keying.number,
            finished=keying.finished,
            waits=keying.sheet.state in {"keyed_once", "keyed_twice"},
        )
        for keying in rows
    ]


def batch_progress(session: Session, batch_id: int) -> BatchProgress:
    """How many sheets of a batch have been keyed at least once; void sheets do not count."""
    keyed = func.count().filter(Sheet.state.not_in(UNKEYED))
    row = session.execute(
        select(keyed, func.count()).where(Sheet.batch_id == batch_id, Sheet.state != "void")
    ).one()
    return BatchProgress(keyed=row[0], sheets=row[1])


def keyed_twice_by_rule(batch: Batch) -> bool:
    """Whether anybody else may key what one keys: a keyer is told, and not of which sheet."""
    return batch.second_keying_share > 0
