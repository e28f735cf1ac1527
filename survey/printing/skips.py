"""Routing in plain words: who may leave out which questions, and where they read on.

A phone hides what is not asked; paper has to say it. A condition that must not be surely false
becomes sentences that tell when it is: `If "No" to 12: go to 15`. Each is a list of facts that
all have to hold, so that nested conditions need no brackets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, TypeAlias

from instruments import MONTHS, Form, FormItem, Item, Kind

# The paths of a condition; more would fill a page, and nobody reads them.
MOST_PATHS = 12


class TooManyPathsError(Exception):
    """A condition with so many ways through that no words on paper can tell them."""

    def __init__(self, column: str) -> None:
        self.column = column
        super().__init__(
            f"The routing before {column} has more than {MOST_PATHS} ways through. Paper cannot "
            "tell them in words; simplify the question's show_if, or ask it of everybody."
        )


@dataclass(frozen=True)
class Fact:
    """Something that an answer says: `among`, `outside`, `below`, `from`, `with`, `without`."""

    column: str
    relation: str
    values: tuple[int, ...]


@dataclass(frozen=True)
class Skip:
    """When all facts hold, the questions from `first` on are left out until `target`."""

    facts: tuple[Fact, ...]
    first: int  # place of the first question left out, from 0
    target: int | None  # place of the question to read on with; None: there is none left


Paths: TypeAlias = tuple[tuple[Fact, ...], ...]


def skips(form: Form) -> tuple[Skip, ...]:
    """Every skip of a form, in the order of the questions. Raises TooManyPathsError."""
    placed = [form.item_of(column) for column in form.columns]
    paths = [_paths(one) for one in placed]
    found: list[Skip] = []
    for place, ways in enumerate(paths):
        for facts in ways:
            if place and facts in paths[place - 1]:
                continue  # said once, before the first of the questions that it closes
            target = place
            while target < len(paths) and facts in paths[target]:
                target += 1
            found.append(Skip(facts, place, target if target < len(paths) else None))
    return tuple(found)


def _paths(placed: FormItem) -> Paths:
    """All that lets somebody leave out an item."""
    conditions = [one for one in (placed.page.show_if, placed.item.show_if) if one is not None]
    ways = tuple(
        dict.fromkeys(
            way for one in conditions for way in _ways(one.to_data(), placed, surely=False)
        )
    )
    if len(ways) > MOST_PATHS:
        raise TooManyPathsError(placed.column)
    return ways


def _ways(data: dict[str, Any], placed: FormItem, *, surely: bool) -> Paths:
    """The ways in which a condition is surely true, or surely false, each a list of facts."""
    if "not" in data:
        return _ways(data["not"], placed, surely=not surely)
    for word, together in (("all", True), ("any", False)):
        if word in data:
            parts = [_ways(part, placed, surely=surely) for part in data[word]]
            if together is surely:
                return tuple(tuple(dict.fromkeys(sum(way, ()))) for way in product(*parts))
            return sum(parts, ())
    return tuple((fact,) for fact in _facts(data, placed, surely=surely))


def _facts(data: dict[str, Any], placed: FormItem, *, surely: bool) -> Iterator[Fact]:
    item = placed.instrument.item(str(data["item"]))
    column = placed.instrument.column(item)
    operator, given = next((key, value) for key, value in data.items() if key != "item")
    values = tuple(given) if isinstance(given, list) else (int(str(given)),)
    if operator == "includes":
        yield Fact(column, "with" if surely else "without", values)
    elif operator in {"in", "not_in"}:
        named = (operator == "in") is surely
        offered = (*item.responses.codes, *item.responses.apart)
        if item.kind is Kind.SINGLE:
            # Only answers count that are surely against it; a missing code that is not named
            # leaves the question open.
            kept = [
                code
                for code in offered
                if (code in values if named else code not in values and code >= 0)
            ]
            yield Fact(column, "among", tuple(kept))
        else:
            yield Fact(column, "among" if named else "outside", values)
    else:
        # Whole numbers: at most four is below five.
        bound = _following(item, values[0]) if operator == "at_most" else values[0]
        yield Fact(column, "from" if (operator == "at_least") is surely else "below", (bound,))


def _following(item: Item, value: int) -> int:
    """The next number; after December comes January."""
    year, month = divmod(value, 100)
    if item.kind is Kind.MONTH and month == MONTHS:
        return (year + 1) * 100 + 1
    return value + 1
