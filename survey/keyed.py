"""What was keyed from a sheet: opened, compared, and handed to the only writer of answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from instruments import NOT_ANSWERED, Form, Value
from survey import answering
from survey.models import Invitation, Keying, KeyingCheck, Resolution, Sheet
from survey.secrets import Keys
from survey.sheet_states import SCANNER, became


@dataclass(frozen=True)
class Keyed:
    """The values of one pass, or of a resolution. A column left out was not keyed at all."""

    values: Mapping[str, Value]
    text_languages: Mapping[str, str] = field(default_factory=dict)
    by_person: frozenset[str] = frozenset()  # of a scanner's fields, those that a person decided


def opened(keys: Keys, row: Keying | Resolution) -> Keyed:
    """Open what is sealed in a keying or a resolution. Raises NotOpenedError."""
    content = keys.open(row.key_id, row.sealed, row.id, table=row.__tablename__)
    return Keyed(
        content["values"], content["text_languages"], frozenset(content.get("by_person", ()))
    )


def looked_at(form: Form, *keyed: Keyed) -> tuple[str, ...]:
    """The fields that somebody keyed: those that all passed over on the route tell nothing."""
    return tuple(column for column in form.columns if any(column in one.values for one in keyed))


def same(first: Keyed, second: Keyed, column: str) -> bool:
    """Whether two say the same of a field. A blank that was keyed equals one that was passed over."""
    return compared(first.values, column) == compared(second.values, column)


def differing(form: Form, first: Keyed, second: Keyed) -> tuple[str, ...]:
    """The fields of which two keyings say different things, in the order of the paper."""
    return tuple(
        column for column in looked_at(form, first, second) if not same(first, second, column)
    )


def settle(
    session: Session,
    keys: Keys,
    form: Form,
    sheet: Sheet,
    settled: Keyed,
    *,
    actor: str,
    at: dt.datetime,
    note: str = "",
) -> None:
    """Let settled values become the sheet's response. Raises answering.WaveClosedError.

    The response has the id of the first keying: it is what the sheet leads to, whoever settled it.
    """
    count_errors(session, keys, form, sheet, settled)
    first = sheet.keyings[0]
    invitation = session.get(Invitation, sheet.invitation_id) if sheet.invitation_id else None
    answering.submit_whole(
        session,
        keys,
        form,
        sheet.batch.wave,
        answering.WholeForm(
            id=first.id,
            answers=settled.values,
            mode="paper",
            language=sheet.language,
            day=first.finished.date(),
            text_languages=settled.text_languages,
        ),
        invitation=invitation,
        area_id=sheet.area_id,
    )
    became(session, sheet, "settled", actor=actor, at=at, note=note)


def count_errors(
    session: Session, keys: Keys, form: Form, sheet: Sheet, settled: Keyed | None = None
) -> None:
    """Keep how many fields of a sheet keyed twice each of its keyers keyed wrong, and the sample's.

    Where nothing is settled each difference counts as an error, of both. What was counted stays.
    """
    if len(sheet.keyings) < 2 or sheet.checks:
        return
    passes = [(keying, opened(keys, keying)) for keying in sheet.keyings]
    found = checked(form, passes, settled or settled_values(session, keys, sheet, passes[0][1]))
    sheet.checks = [
        KeyingCheck(
            number=one.number,
            by_person=one.keyer_id is not None,
            keyer_id=one.keyer_id,
            fields=len(one.fields),
            errors=len(one.wrong),
        )
        for one in found
    ]
    if sheet.second_keying and sheet.checked_fields is None:
        sheet.checked_fields = sum(len(one.fields) for one in found if one.number == 1)
        sheet.checked_errors = sum(len(one.wrong) for one in found if one.number == 1)


@dataclass(frozen=True)
class Checked:
    """The fields of a pass that one keyer answers for, held against what was settled."""

    number: int  # the pass
    keyer_id: int | None  # None: the scanner
    fields: tuple[str, ...]
    wrong: tuple[str, ...]


def checked(
    form: Form, passes: Sequence[tuple[Keying, Keyed]], settled: Keyed | None
) -> list[Checked]:
    """What two passes say beside what was settled, or beside each other where nothing was.

    What a person decided for the scanner is that person's.
    """
    columns = looked_at(form, *(keyed for _, keyed in passes))
    found = []
    for (keying, keyed), (_, other) in zip(passes, reversed(passes), strict=True):
        persons = set(columns)
        if keying.keyed_by == SCANNER:
            persons = set(keyed.by_person) if keying.keyer_id is not None else set()
        for keyer_id, is_theirs in ((None, False), (keying.keyer_id, True)):
            own = tuple(column for column in columns if (column in persons) == is_theirs)
            wrong = tuple(one for one in own if not same(keyed, settled or other, one))
            if own:
                found.append(Checked(keying.number, keyer_id, own, wrong))
    return found


def settled_values(session: Session, keys: Keys, sheet: Sheet, first: Keyed) -> Keyed | None:
    """What was settled of a sheet keyed twice: what somebody decided, or what both keyed."""
    if sheet.state != "settled":
        return None
    row = session.scalars(select(Resolution).where(Resolution.sheet_id == sheet.id)).first()
    return first if row is None else opened(keys, row)


def compared(values: Mapping[str, Value], column: str) -> Value:
    """What a keying says of a field, as two of them are held beside each other."""
    value = values.get(column, NOT_ANSWERED)
    # How many blanks stand between two words is nothing that anybody reads off paper.
    return " ".join(value.split()) if isinstance(value, str) else value
