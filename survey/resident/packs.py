"""What waited on a phone, opened: one page as its form would have sent it, and whose it is.

The format has a number of its own. A phone may keep a pack for weeks, while we are updated: a format
that was once given out is read for as long as its waves are open.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from werkzeug.datastructures import MultiDict

from instruments import Form
from survey.fields import question_pages, sent
from survey.sealed_answers import PageWrite
from survey.sealed_box import Box, BoxError, open_box
from survey.secrets import Keys

# What a page sends besides answers.
CONTROLS = frozenset(
    {"csrf_token", "write", "revision", "response", "move", "writer", "turn", "late", "helper"}
)
MOST_MINUTES = 60 * 24 * 365

Text = Annotated[str, Field(max_length=20_000)]
Name = Annotated[str, Field(max_length=200)]


class PackError(Exception):
    """A pack that no page of ours has made."""


class Pack(BaseModel):
    """Format 1. Page 0 is the page after the last, where one sends or leaves."""

    model_config = ConfigDict(strict=True, extra="ignore")

    format: Literal[1]
    page: Annotated[int, Field(ge=0, lt=1000)]
    language: Annotated[str, Field(max_length=20)]
    fields: Annotated[list[tuple[Name, Text]], Field(max_length=1000)]
    minutes: Annotated[float, Field(ge=0, lt=MOST_MINUTES)] | None = None
    # With the last page: all that was answered, should another phone have sent before.
    whole: dict[Name, int | Text | list[int]] | None = None

    @field_validator("fields", mode="before")
    @classmethod
    def _pairs(cls, value: object) -> object:
        # JSON knows no tuples.
        return [tuple(one) for one in value] if isinstance(value, list) else value

    @property
    def sent(self) -> MultiDict[str, str]:
        return MultiDict(self.fields)

    @property
    def move(self) -> str:
        return self.sent.get("move", "next")

    @property
    def response_id(self) -> uuid.UUID:
        """Whose it is: to know this is the right to write. Raises PackError."""
        return _uuid(self.sent.get("response", ""))


def open_pack(keys: Keys, box: Box) -> Pack:
    """Open and read a pack. Raises BoxError, PackError."""
    content = open_box(keys, box.wave, box.key, box.box)
    try:
        return Pack.model_validate(json.loads(content))
    except (ValidationError, ValueError, TypeError):
        raise PackError("What the box holds is no page of ours.") from None


def page_write(form: Form, number: int, language: str, fields: MultiDict[str, str]) -> PageWrite:
    """A page that came back, as the one writer wants it. Raises PackError, IndexError."""
    questions = question_pages(form, language)[form.pages()[number - 1].key]
    foreign = set(fields) - CONTROLS - set(questions.by_column)
    answers = sent(questions, fields).received()
    answers |= {name: fields[name] for name in foreign}
    return PageWrite(
        id=write_id(_uuid(fields.get("write", "")), answers),
        page=questions.key,
        answers=answers,
        based_on=_number(fields, "revision"),
        writer=fields.get("writer", "")[:40],
        turn=_number(fields, "turn") if "turn" in fields else 0,
    )


def helper_said(fields: Mapping[str, str]) -> str:
    """Who helped, as the last page says: a field of its own, and no answer to an item."""
    told = fields.get("helper", "")
    return told if told in {"none", "present", "helped"} else "not_answered"


def write_id(shown: uuid.UUID, answers: Mapping[str, object]) -> uuid.UUID:
    """The name of a write: of what its page was called, and what was answered.

    A browser may bring a page back as it was sent, to be changed and sent once more: the same
    answers are the same write, others are another.
    """
    return uuid.uuid5(shown, json.dumps(answers, sort_keys=True))


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise PackError("An id is a UUID.") from None


def _number(fields: Mapping[str, str], name: str) -> int:
    text = fields.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise PackError(f"{name} is a whole number.")
    return int(text)


__all__ = [
    "CONTROLS",
    "Box",
    "BoxError",
    "Pack",
    "PackError",
    "helper_said",
    "open_pack",
    "page_write",
]
