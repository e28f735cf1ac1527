"""What was keyed from a sheet: opened, compared, and handed to the only writer of answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from instruments import NOT_ANSWERED, Form, Value
from survey import answering
from survey.models import Invitation, Keying, Resolution, Sheet
from survey.secrets import Keys
from survey.sheet_states import became


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
    count_errors(keys, form, sheet, settled)
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


def count_errors(keys: Keys, form: Form, sheet: Sheet, settled: Keyed | None = None) -> None:
    """Keep how many fields of a sample's sheet were keyed wrong at first, for its batch's rate.

    Where nothing is settled each difference counts as an error. What was counted stays.
    """
    if not sheet.second_keying or sheet.checked_fields is not None or len(sheet.keyings) < 2:
        return
    first, second = (opened(keys, keying) for keying in sheet.keyings)
    fields = looked_at(form, first, second)
    sheet.checked_fields = len(fields)
    sheet.checked_errors = sum(not same(first, settled or second, column) for column in fields)


def compared(values: Mapping[str, Value], column: str) -> Value:
    """What a keying says of a field, as two of them are held beside each other."""
    value = values.get(column, NOT_ANSWERED)
    # How many blanks stand between two words is nothing that anybody reads off paper.
    return " ".join(value.split()) if isinstance(value, str) else value
