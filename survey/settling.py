"""Two keyings of one sheet that differ: shown side by side, decided field by field, and kept.

Both keyings stay as they are; the decision is a third row. Who may decide is the batch's rule: a
third person, or the second keyer too.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from instruments import Form, Value
from survey import answering
from survey.keyed import Keyed, differing, looked_at, opened, settle
from survey.models import Account, Batch, Keying, Resolution, Sheet, Wave
from survey.secrets import Keys
from survey.sheet_states import SheetError, find_sheet, hold_sheet, refuse_unkeyable

REASONS = ("unsaid", "slip", "unclear", "corrected", "line", "other")


class NotKeyedTwiceError(SheetError):
    """Nothing to settle: the sheet is not keyed twice, or its keyings agree."""


class SettledBeforeError(SheetError):
    """The sheet is settled; a decision is made once."""


class KeyedYourselfError(SheetError):
    """Whoever keyed the sheet does not decide about it, as the batch's rule says."""


class UndecidedError(ValueError):
    """Fields that differ and are not decided."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        super().__init__(", ".join(columns))
        self.columns = columns


@dataclass(frozen=True)
class Decision:
    """What holds of one field, and why the keyings differed."""

    value: object
    reason: str


@dataclass(frozen=True)
class Decided:
    """A person's decisions about one sheet, as their page sends them."""

    id: uuid.UUID  # made by the page: sent twice, it is stored once
    decisions: Mapping[str, Decision]
    at: dt.datetime
    note: str = ""


@dataclass(frozen=True)
class Both:
    """The two keyings of a sheet, and where they differ."""

    first: Keyed
    second: Keyed
    differences: tuple[str, ...]
    looked_at: int  # fields that at least one keyed


@dataclass(frozen=True)
class Waiting:
    """A sheet that waits to be settled."""

    serial: str
    batch: str
    since: dt.datetime
    mine: bool  # whether this person may settle it


@dataclass
class _Settled:
    values: dict[str, Value] = field(default_factory=dict)
    languages: dict[str, str] = field(default_factory=dict)


def waiting(session: Session, account_id: int, studies: Collection[int]) -> list[Waiting]:
    """The sheets of one's studies that wait to be settled, the longest first."""
    sheets = session.scalars(
        select(Sheet)
        .join(Sheet.batch)
        .join(Batch.wave)
        .where(Sheet.state == "keyed_twice", Wave.study_id.in_(studies))
        .options(selectinload(Sheet.keyings))
    ).all()
    found = [
        Waiting(
            sheet.serial,
            sheet.batch.name,
            sheet.keyings[-1].finished,
            _may_settle(sheet, account_id),
        )
        for sheet in sheets
    ]
    return sorted(found, key=lambda one: (not one.mine, one.since, one.serial))


def how_many_wait(session: Session, batch_id: int) -> int:
    """How many sheets of a batch wait to be settled."""
    counted = select(func.count()).where(Sheet.batch_id == batch_id, Sheet.state == "keyed_twice")
    return session.scalar(counted) or 0


def sheet_to_settle(
    session: Session, typed: str, account_id: int, studies: Collection[int]
) -> Sheet:
    """The sheet that somebody wants to settle. Raises the SheetError that says why they cannot."""
    sheet = find_sheet(session, typed, studies)
    session.refresh(sheet, ["keyings"])
    _refuse(sheet, account_id)
    return sheet


def both_of(keys: Keys, form: Form, sheet: Sheet) -> Both:
    """The two keyings of a sheet, opened and compared."""
    first, second = (opened(keys, keying) for keying in sheet.keyings)
    return Both(first, second, differing(form, first, second), len(looked_at(form, first, second)))


def settle_differences(
    session: Session,
    keys: Keys,
    form: Form,
    typed: str,
    account_id: int,
    studies: Collection[int],
    decided: Decided,
) -> Resolution:
    """Keep the decisions as the sheet's third row, and let the settled values become its response.

    The same decisions sent again change nothing. Raises SheetErrors, UndecidedError,
    answering.InvalidAnswersError, ValueError for a reason that is none or an id of another row.
    """
    sheet = hold_sheet(session, typed, studies)
    stored = session.get(Resolution, decided.id)
    if stored is not None:
        if (stored.sheet_id, stored.decided_by) != (sheet.id, account_id):
            raise ValueError(f"The id {decided.id} names another sheet's settling.")
        return stored
    session.refresh(sheet, ["keyings"])
    _refuse(sheet, account_id)
    both = both_of(keys, form, sheet)
    settled = _settled(form, both, decided, sheet.keyings[0])
    key_id, sealed = keys.seal(
        {
            "values": settled.values,
            "text_languages": settled.languages,
            "note": decided.note,
            "fields": {
                column: {
                    "first": both.first.values.get(column),
                    "second": both.second.values.get(column),
                    "settled": settled.values[column],
                    "reason": decided.decisions[column].reason,
                }
                for column in both.differences
            },
        },
        decided.id,
        table="resolution",
    )
    resolution = Resolution(
        id=decided.id,
        sheet_id=sheet.id,
        decided_by=account_id,
        at=decided.at,
        differences=len(both.differences),
        key_id=key_id,
        sealed=sealed,
    )
    session.add(resolution)
    settle(
        session,
        keys,
        form,
        sheet,
        Keyed(settled.values, settled.languages),
        actor=session.get_one(Account, account_id).name,
        at=decided.at,
    )
    session.flush()
    return resolution


def _settled(form: Form, both: Both, decided: Decided, first: Keying) -> _Settled:
    undecided = tuple(one for one in both.differences if one not in decided.decisions)
    if undecided:
        raise UndecidedError(undecided)
    if wrong := [one.reason for one in decided.decisions.values() if one.reason not in REASONS]:
        raise ValueError(f"Reasons are {', '.join(REASONS)}; received {wrong[0]!r}.")
    wanted = {column: decided.decisions[column].value for column in both.differences}
    checked, problems = answering.check(
        form, both.differences, wanted, year=first.finished.year, paper=True
    )
    if problems:
        raise answering.InvalidAnswersError(problems)
    settled = _Settled(dict(both.first.values), dict(both.first.text_languages))
    for column in both.differences:
        settled.values[column] = checked[column]
        if checked[column] == both.second.values.get(column):
            settled.languages.pop(column, None)
            if column in both.second.text_languages:
                settled.languages[column] = both.second.text_languages[column]
    return settled


def _refuse(sheet: Sheet, account_id: int) -> None:
    refuse_unkeyable(sheet)
    if sheet.state == "settled":
        raise SettledBeforeError(sheet.serial)
    if sheet.state != "keyed_twice":
        raise NotKeyedTwiceError(sheet.serial)
    if not _may_settle(sheet, account_id):
        raise KeyedYourselfError(sheet.serial)


def _may_settle(sheet: Sheet, account_id: int) -> bool:
    keyers = {keying.number: keying.keyer_id for keying in sheet.keyings}
    if sheet.batch.settle_rule == "second_keyer":
        return keyers.get(1) != account_id
    return account_id not in keyers.values()
