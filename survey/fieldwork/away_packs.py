"""A sheet that was keyed without a line, opened: what was keyed, of which sheet, and by whom.

The format has a number of its own, since a device may hold a keying for weeks, while we are updated.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from instruments import Form
from survey.paper import Pass
from survey.sealed_box import Box, open_box
from survey.secrets import Keys

# A sheet laid aside for longer, or a clock that was put right meanwhile, tells nothing of the work.
LONGEST_AT_A_SHEET = dt.timedelta(days=14)
LONGEST_WAIT = dt.timedelta(days=90)

Text = Annotated[str, Field(max_length=20_000)]
Name = Annotated[str, Field(max_length=200)]
Seconds = Annotated[float, Field(ge=0, lt=2**40, allow_inf_nan=False)]


class NoKeyingError(Exception):
    """A box that holds something else than a keying."""


class KeyedAway(BaseModel):
    """Format 1. Times are the device's own, in seconds; they are told by how far they lie back.

    `started` lies before `finished` by as long as the sheet was worked on; None where nobody knows.
    """

    model_config = ConfigDict(strict=True, extra="ignore")

    format: Literal[1]
    kind: Literal["keying"]
    keyer: int
    serial: Annotated[str, Field(max_length=30)]
    id: Annotated[str, Field(max_length=40)]
    values: Annotated[dict[Name, int | Text | list[int]], Field(max_length=1000)]
    languages: dict[Name, Name]
    started: Seconds | None
    finished: Seconds

    def as_pass(self, form: Form, *, device_now: float, now: dt.datetime) -> Pass:
        """What the one writer of keyings takes; `device_now` is the device's clock at sending.

        Raises NoKeyingError.
        """
        waited = _span(device_now - self.finished, LONGEST_WAIT) or dt.timedelta()
        worked = (
            None
            if self.started is None
            else _span(self.finished - self.started, LONGEST_AT_A_SHEET)
        )
        finished = now - waited
        return Pass(
            id=_version_4(self.id),
            values=self.values,
            started=None if worked is None else finished - worked,
            finished=finished,
            day=finished.date(),
            text_languages={
                column: language
                for column, language in self.languages.items()
                if language in form.languages and isinstance(self.values.get(column), str)
            },
        )


def open_keying(keys: Keys, box: Box) -> KeyedAway:
    """Open and read a keying. Raises BoxError, NoKeyingError."""
    content = open_box(keys, box.wave, box.key, box.box)
    try:
        return KeyedAway.model_validate(json.loads(content))
    except (ValidationError, ValueError, TypeError, RecursionError):
        raise NoKeyingError("What the box holds is no keying of ours.") from None


def _span(seconds: float, longest: dt.timedelta) -> dt.timedelta | None:
    return dt.timedelta(seconds=seconds) if 0 <= seconds <= longest.total_seconds() else None


def _version_4(text: str) -> uuid.UUID:
    try:
        found = uuid.UUID(text)
    except ValueError:
        raise NoKeyingError("A keying's id is a UUID.") from None
    if found.version != 4:
        raise NoKeyingError("A keying's id is a UUID of version 4.")
    return found
