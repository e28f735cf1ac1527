"""Which items are shown, given the answers so far.

Conditions are data, evaluated by Kleene's three-valued logic: True, False, or None for unknown.
An item is hidden only if one of its conditions is surely False; whoever is not sure is asked. The
rules are few and pure, because the phone, the offline page and the keying screen run them too.

- No answer yet, or any missing code: unknown. But a missing code that an `in` or `not_in` names
  is compared like any other code, so that a refusal can be spared the follow-up.
- An item that is itself hidden has surely not been given any answer: `in`, `at_least`, `at_most`
  and `includes` are False of it, and `not_in`, which is always the opposite of `in`, is True.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

HIDDEN = -2

Answer: TypeAlias = int | str | Sequence[int]
Answers: TypeAlias = Mapping[str, Answer | None]
Truth: TypeAlias = bool | None


class Operator(StrEnum):
    """How an item's answer is compared; `includes` is for multiple choice, the others for numbers."""

    IN = "in"
    NOT_IN = "not_in"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    INCLUDES = "includes"  # at least one of these options was chosen


@dataclass(frozen=True)
class Comparison:
    """One item's answer against codes, or against one bound."""

    item: str
    operator: Operator
    values: tuple[int, ...]

    def truth(self, answers: Answers) -> Truth:
        answer = answers.get(self.item)
        if self.operator is Operator.INCLUDES:
            return self._included(answer)
        if not isinstance(answer, int):
            return None
        if self.operator is Operator.NOT_IN:
            return _not(self._among(answer))
        if self.operator is Operator.IN:
            return self._among(answer)
        if answer < 0:
            return _surely_not_chosen(answer)
        bound = self.values[0]
        return answer >= bound if self.operator is Operator.AT_LEAST else answer <= bound

    def _among(self, answer: int) -> Truth:
        if answer >= 0 or answer in self.values:
            return answer in self.values
        return _surely_not_chosen(answer)

    def _included(self, answer: Answer | None) -> Truth:
        if isinstance(answer, int):
            return _surely_not_chosen(answer)
        if answer is None or isinstance(answer, str):
            return None
        return any(value in answer for value in self.values)

    def items(self) -> Iterator[str]:
        yield self.item

    def to_data(self) -> dict[str, Any]:
        bound = self.operator in {Operator.AT_LEAST, Operator.AT_MOST}
        return {
            "item": self.item,
            self.operator.value: self.values[0] if bound else list(self.values),
        }


@dataclass(frozen=True)
class All:
    """True if every part is; False if any part is."""

    parts: tuple[Condition, ...]

    def truth(self, answers: Answers) -> Truth:
        return _all(part.truth(answers) for part in self.parts)

    def items(self) -> Iterator[str]:
        for part in self.parts:
            yield from part.items()

    def to_data(self) -> dict[str, Any]:
        return {"all": [part.to_data() for part in self.parts]}


@dataclass(frozen=True)
class AnyOf:
    """True if any part is; False if every part is."""

    parts: tuple[Condition, ...]

    def truth(self, answers: Answers) -> Truth:
        return _not(_all(_not(part.truth(answers)) for part in self.parts))

    def items(self) -> Iterator[str]:
        for part in self.parts:
            yield from part.items()

    def to_data(self) -> dict[str, Any]:
        return {"any": [part.to_data() for part in self.parts]}


@dataclass(frozen=True)
class Not:
    """The opposite of its part; unknown stays unknown."""

    part: Condition

    def truth(self, answers: Answers) -> Truth:
        return _not(self.part.truth(answers))

    def items(self) -> Iterator[str]:
        yield from self.part.items()

    def to_data(self) -> dict[str, Any]:
        return {"not": self.part.to_data()}


Condition: TypeAlias = Comparison | All | AnyOf | Not

Routes: TypeAlias = Iterable[tuple[str, tuple[Condition, ...]]]
"""Items in the order asked, each with the conditions that must not be surely false."""


def hidden(routes: Routes, answers: Answers) -> frozenset[str]:
    """Return the items that are surely not shown.

    Walks the items once, in order: what was answered before a route hid the item no longer counts,
    so that one changed answer closes everything behind it.
    """
    effective: dict[str, Answer | None] = {}
    closed = set()
    for item, conditions in routes:
        if any(condition.truth(effective) is False for condition in conditions):
            closed.add(item)
            effective[item] = HIDDEN
        else:
            # A -2 that was stored under an earlier answer says nothing once the item is open again.
            answer = answers.get(item)
            effective[item] = None if answer == HIDDEN else answer
    return frozenset(closed)


def _surely_not_chosen(missing: int) -> Truth:
    return False if missing == HIDDEN else None


def _not(truth: Truth) -> Truth:
    return None if truth is None else not truth


def _all(truths: Iterable[Truth]) -> Truth:
    collected = set(truths)
    if False in collected:
        return False
    return None if None in collected else True
