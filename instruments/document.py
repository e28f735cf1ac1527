"""A YAML file as plain strings, lists and mappings, with the line of every value.

Only strings: `no` stays "no" and `010` stays "010" until somebody says what they ought to be. The
tree is built from the parser's events, which keeps the lines and lets a duplicate key, an alias
(the door of YAML bombs) or endless nesting be refused before anything is built from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

from instruments.errors import (
    Place,
    Problem,
    alias,
    duplicate_key,
    empty_file,
    key_not_text,
    not_readable,
    not_utf8,
    too_big,
    too_deep,
)

MOST_BYTES = 1_000_000
MOST_LEVELS = 20

Data: TypeAlias = "str | list[Data] | dict[str, Data]"
Steps: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """What a file says, and where it says it."""

    file: str
    data: Data
    lines: Mapping[Steps, int]
    problems: tuple[Problem, ...] = ()

    def place(self, path: Steps = ()) -> Place:
        """Return the line of what stands at `path`, or of the nearest thing around it."""
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        return Place(self.file, self.lines.get(known, 0), key_of(path))


def key_of(path: Steps) -> str:
    """Write a path as people do: `pages[0].items[1].id`."""
    key = ""
    for step in path:
        key += f"[{step}]" if isinstance(step, int) else f".{step}" if key else step
    return key


def parse(content: bytes, shown_as: str) -> Document:
    """Parse a file's bytes. What cannot be read at all has no data, no lines and one problem."""
    whole = Place(shown_as)
    if len(content) > MOST_BYTES:
        return Document(shown_as, {}, {}, (too_big(whole, len(content), MOST_BYTES),))
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return Document(shown_as, {}, {}, (not_utf8(whole),))
    builder = _Builder(shown_as)
    try:
        data = builder.build(text)
    except yaml.YAMLError as error:
        return Document(shown_as, {}, {}, (not_readable(*_reason(error, shown_as)),))
    except _RefusedError as refused:
        return Document(shown_as, {}, {}, (*builder.problems, refused.problem))
    if not builder.lines:
        return Document(shown_as, {}, {}, (empty_file(whole),))
    return Document(shown_as, data, builder.lines, tuple(builder.problems))


class _RefusedError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass
class _Builder:
    file: str
    lines: dict[Steps, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def build(self, text: str) -> Data:
        events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.CBaseLoader)
        data: Data = {}
        for event in events:
            if isinstance(event, yaml.NodeEvent):
                if self.lines:
                    raise _RefusedError(
                        not_readable(self._place((), event), "a second document begins")
                    )
                data = self._value(event, events, ())
        return data

    def _place(self, path: Steps, event: yaml.Event) -> Place:
        return Place(self.file, _line(event), key_of(path))

    def _value(self, event: yaml.Event, events: Iterator[yaml.Event], path: Steps) -> Data:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _RefusedError(alias(self._place(path, event)))
        if len(path) > MOST_LEVELS:
            raise _RefusedError(too_deep(self._place(path, event), MOST_LEVELS))
        self.lines.setdefault(path, _line(event))
        if isinstance(event, yaml.ScalarEvent):
            return str(event.value)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(events, path)
        return self._mapping(events, path)

    def _sequence(self, events: Iterator[yaml.Event], path: Steps) -> list[Data]:
        values: list[Data] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            values.append(self._value(event, events, (*path, len(values))))
        return values

    def _mapping(self, events: Iterator[yaml.Event], path: Steps) -> dict[str, Data]:
        values: dict[str, Data] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            if not isinstance(event, yaml.ScalarEvent):
                raise _RefusedError(key_not_text(self._place(path, event)))
            inner = (*path, str(event.value))
            if event.value in values:
                self.problems.append(duplicate_key(self._place(inner, event), self.lines[inner]))
            self.lines.setdefault(inner, _line(event))
            values[event.value] = self._value(next(events), events, inner)
        return values


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


def _reason(error: yaml.YAMLError, shown_as: str) -> tuple[Place, str]:
    mark = getattr(error, "problem_mark", None)
    reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "unknown"
    return Place(shown_as, mark.line + 1 if mark else 0), str(reason)
