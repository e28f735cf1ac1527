"""Paper sheets at the keyer's desk: find one by its serial, keep what was keyed from it.

A serial is digits and a check digit by Damm's scheme, which tells every single slip and every
swap of neighbours. A sheet is keyed by one person, or by two who do not see each other's values,
as its batch demands; each pass is a row of its own and is never overwritten. With no second
keying to wait for, the pass goes on at once to the only writer of answers.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session, contains_eager

from instruments import Form
from survey import answering
from survey.models import Batch, Invitation, Keying, Sheet
from survey.secrets import Keys
from survey.serials import could_be_serial, normalise_serial


class SheetError(Exception):
    """A sheet that this person cannot key now; nothing was stored."""

    def __init__(self, serial: str) -> None:
        super().__init__(serial)
        self.serial = serial


class MistypedSerialError(SheetError):
    """Not a serial: something else than digits, or the check digit does not agree."""


class UnknownSheetError(SheetError):
    """A serial that could be one, of a sheet that was never printed."""


class OtherStudyError(SheetError):
    """The sheet belongs to a study in which this person keys nothing."""


class VoidSheetError(SheetError):
    """The sheet was taken out of use."""


class KeyedByYouError(SheetError):
    """Keyed by the same person before; a second pass needs somebody else."""


class KeyedByOthersError(SheetError):
    """The sheet has been keyed as often as its batch demands."""


class WaveNotKeyedError(SheetError):
    """The sheet's wave is not open yet, or already frozen."""


@dataclass(frozen=True)
class Pass:
    """One person's keying of one sheet, as their page sends it."""

    id: uuid.UUID  # made by the page: sent twice, it is stored once
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
    waits_for_second: bool


@dataclass(frozen=True)
class BatchProgress:
    keyed: int
    sheets: int


def find_sheet(session: Session, typed: str, studies: Collection[int]) -> Sheet:
    """The sheet of a serial, whatever its state. Raises SheetErrors."""
    serial = normalise_serial(typed)
    if not could_be_serial(serial):
        raise MistypedSerialError(serial)
    sheet = session.scalars(select(Sheet).where(Sheet.serial == serial)).first()
    if sheet is None:
        raise UnknownSheetError(serial)
    if sheet.batch.wave.study_id not in studies:
        raise OtherStudyError(serial)
    return sheet


def sheet_to_key(session: Session, typed: str, keyer_id: int, studies: Collection[int]) -> Sheet:
    """The sheet that somebody wants to key. Raises the SheetError that says why they cannot."""
    sheet = find_sheet(session, typed, studies)
    if sheet.state == "void":
        raise VoidSheetError(sheet.serial)
    session.refresh(sheet, ["keyings"])
    if any(keying.keyer_id == keyer_id for keying in sheet.keyings):
        raise KeyedByYouError(sheet.serial)
    if sheet.state == "settled" or len(sheet.keyings) >= passes_demanded(sheet.batch):
        raise KeyedByOthersError(sheet.serial)
    if sheet.batch.wave.status not in {"open", "closed"}:
        raise WaveNotKeyedError(sheet.serial)
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
    """Store one pass; where no second is demanded, its values become a response.

    The same pass sent again changes nothing. Raises the SheetErrors, ValueError for an id that is
    not this pass's own, answering.InvalidAnswersError.
    """
    if keyed.id.version != 4:
        raise ValueError(f"A keying's id is a UUID version 4, not {keyed.id}.")
    serial = normalise_serial(typed)
    wave_id = session.scalar(
        select(Batch.wave_id).join(Sheet, Sheet.batch_id == Batch.id).where(Sheet.serial == serial)
    )
    if wave_id is not None:
        answering.hold_wave(session, wave_id)
    # Two people may save the same sheet at once: the second waits here, and sees the first's row.
    session.execute(select(Sheet.id).where(Sheet.serial == serial).with_for_update())
    stored = session.get(Keying, keyed.id)
    if stored is not None:
        if stored.keyer_id != keyer_id or stored.sheet.serial != serial:
            raise ValueError(f"The id {keyed.id} names another keying.")
        return stored
    sheet = sheet_to_key(session, serial, keyer_id, studies)
    values, problems = answering.check(
        form, form.columns, keyed.values, year=keyed.day.year, paper=True
    )
    if problems:
        raise answering.InvalidAnswersError(problems)
    key_id, sealed = keys.seal(
        {
            # What nobody keyed is not there: it stays apart from what was keyed as blank.
            "values": {name: values[name] for name in form.columns if name in keyed.values},
            "text_languages": dict(keyed.text_languages),
        },
        keyed.id,
        table="keying",
    )
    keying = Keying(
        id=keyed.id,
        sheet=sheet,
        number=len(sheet.keyings) + 1,
        keyer_id=keyer_id,
        started=keyed.started,
        finished=keyed.finished,
        key_id=key_id,
        sealed=sealed,
    )
    session.add(keying)
    if passes_demanded(sheet.batch) == 1:
        _submit(session, keys, form, sheet, keyed)
        sheet.state = "settled"
    else:
        sheet.state = "keyed_once" if keying.number == 1 else "keyed_twice"
    session.flush()
    return keying


def own_sheets(session: Session, keyer_id: int, most: int = 100) -> list[OwnSheet]:
    """What somebody has keyed, the latest first."""
    rows = session.scalars(
        select(Keying)
        .join(Keying.sheet)
        .join(Sheet.batch)
        .options(contains_eager(Keying.sheet).contains_eager(Sheet.batch))
        .where(Keying.keyer_id == keyer_id)
        .order_by(Keying.finished.desc(), Keying.id)
        .limit(most)
    )
    return [
        OwnSheet(
            serial=keying.sheet.serial,
            batch=keying.sheet.batch.name,
            number=keying.number,
            finished=keying.finished,
            waits_for_second=keying.sheet.state == "keyed_once",
        )
        for keying in rows
    ]


def passes_demanded(batch: Batch) -> int:
    """How many people key a sheet of this batch."""
    return 2 if batch.second_keying_share > 0 else 1


def batch_progress(session: Session, batch_id: int) -> BatchProgress:
    """How many sheets of a batch have been keyed at least once; void sheets do not count."""
    keyed = func.count().filter(Sheet.state != "printed")
    row = session.execute(
        select(keyed, func.count()).where(Sheet.batch_id == batch_id, Sheet.state != "void")
    ).one()
    return BatchProgress(keyed=row[0], sheets=row[1])


def _submit(session: Session, keys: Keys, form: Form, sheet: Sheet, keyed: Pass) -> None:
    invitation = session.get(Invitation, sheet.invitation_id) if sheet.invitation_id else None
    answering.submit_whole(
        session,
        keys,
        form,
        sheet.batch.wave,
        answering.WholeForm(
            id=keyed.id,
            answers=keyed.values,
            mode="paper",
            language=sheet.language,
            day=keyed.day,
        ),
        invitation=invitation,
        area_id=sheet.area_id,
    )
