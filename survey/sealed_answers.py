"""What stands sealed in a response, and which of two answers to one item stands.

The last answer received wins, item by item. A writer who had not seen the answer that theirs
replaced is told of both; a blank sent in ignorance takes nothing away; and what comes late from a
phone that has answered since changes nothing. Nothing here is stored: that is survey/answering.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from instruments import NOT_ANSWERED, Value
from survey.models import Response, Superseded
from survey.secrets import Keys

# A replay comes soon after its write; older ones are caught by the revision.
_REMEMBERED_WRITES = 40


@dataclass(frozen=True)
class Conflict:
    """Two answers to one item; `kept` came last and is stored."""

    column: str
    kept: Value
    replaced: Value


@dataclass(frozen=True)
class PageWrite:
    """One page as a client sends it."""

    id: uuid.UUID
    page: str
    answers: Mapping[str, object]  # column -> what was received; a column left out was blank
    based_on: int  # the revision the client had seen
    # A phone that goes on without a line counts its writes: it knows its own, seen or not.
    writer: str = ""
    turn: int = 0


@dataclass
class Content:
    """What stands sealed in a response."""

    answers: dict[str, Value] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)  # column -> revision of its last change
    seen: list[str] = field(default_factory=list)  # pages saved, in the order first saved
    writes: list[list[str]] = field(default_factory=list)  # [id, page], the latest last
    told: dict[str, list[list[Any]]] = field(default_factory=dict)  # page -> conflicts of its last
    by: dict[str, list[Any]] = field(default_factory=dict)  # column -> [writer, turn] of its last
    text_languages: dict[str, str] = field(default_factory=dict)  # column -> language written in

    def to_data(self) -> dict[str, Any]:
        return {
            "answers": self.answers,
            "changed": self.changed,
            "seen": self.seen,
            "writes": self.writes[-_REMEMBERED_WRITES:],
            "told": self.told,
            "by": self.by,
            # Only paper says it: on a phone one writes in the language that one reads.
            **({"text_languages": self.text_languages} if self.text_languages else {}),
        }

    def knows(self, write_id: uuid.UUID) -> bool:
        """Whether a write was stored before."""
        return any(known == str(write_id) for known, _ in self.writes)

    def turn_of(self, column: str, writer: str) -> int | None:
        """The turn at which a writer answered; None where somebody else did so last."""
        last = self.by.get(column)
        return last[1] if writer and last and last[0] == writer else None

    def is_latest(self, write_id: uuid.UUID, page: str) -> bool:
        """Whether a write is the last that its page had."""
        of_page = [known for known, its_page in self.writes if its_page == page]
        return of_page[-1:] == [str(write_id)]


def read(keys: Keys, response: Response) -> Content:
    """Open what is sealed in a response. Raises NotOpenedError."""
    return opened(keys, response.id, response.revision, response.key_id, response.sealed)


def opened(
    keys: Keys, response_id: uuid.UUID, revision: int, key_id: str, sealed: bytes
) -> Content:
    """What stands sealed in a response's row at a revision. Raises NotOpenedError."""
    content = keys.open(key_id, sealed, response_id, table="response", revision=revision)
    return Content(**content)


def read_superseded(keys: Keys, copy: Superseded) -> Content:
    """Open a later or replaced copy. Raises NotOpenedError."""
    return Content(**keys.open(copy.key_id, copy.sealed, copy.id, table="superseded"))


def conflicts_of_replay(
    content: Content, write: PageWrite, accepted: Mapping[str, Value]
) -> list[Conflict]:
    """What a write that was stored before is told: what it was told then, or what came after it."""
    if content.is_latest(write.id, write.page):
        return [Conflict(*one) for one in content.told.get(write.page, [])]
    # It comes again after a later one. Whether it was delayed or meant, nobody knows: the later one
    # stays, and whoever sees the answer is told of both.
    return [
        Conflict(column, kept=content.answers[column], replaced=answer)
        for column, answer in accepted.items()
        if answer != NOT_ANSWERED and content.answers.get(column, answer) != answer
    ]


def merge(
    content: Content, accepted: Mapping[str, Value], write: PageWrite, *, revision: int
) -> list[Conflict]:
    """Put a write's answers in their places in `content`; returns those its writer is to be told of."""
    conflicts = []
    for column, answer in accepted.items():
        own = content.turn_of(column, write.writer)
        if own is not None and own > write.turn:
            continue  # the same phone has answered since; this came late
        before = content.answers.get(column)
        unseen = content.changed.get(column, 0) > write.based_on and own is None
        if unseen and answer == NOT_ANSWERED:
            continue  # a page left blank in ignorance takes nothing away
        if write.writer:
            content.by[column] = [write.writer, write.turn]
        else:
            content.by.pop(column, None)
        if before == answer:
            continue
        if unseen and before is not None and before != NOT_ANSWERED:
            conflicts.append(Conflict(column, kept=answer, replaced=before))
        content.answers[column] = answer
        content.changed[column] = revision
    return conflicts
