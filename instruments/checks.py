"""What must hold between the pieces of a definition, once each piece is well formed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from instruments.answers import MONTHS
from instruments.definition import Kind, Responses
from instruments.document import Document, Steps
from instruments.errors import (
    Place,
    Problem,
    bounds_crossed,
    column_too_long,
    column_twice,
    duplicate_id,
    duplicate_value,
    needed_for_kind,
    no_responses,
    not_an_answer,
    not_countable,
    not_earlier,
    not_for_kind,
    not_in_scale,
    not_scalable,
    operator_not_for_kind,
    specifies_nothing,
    too_wide_for_a_scale,
    unknown_reference,
    wrong_value,
)
from instruments.routing import Operator
from instruments.shapes import (
    ConditionShape,
    DefinitionShape,
    ItemShape,
    PageShape,
    ResponsesShape,
    ScaleShape,
)

LARGEST_SCALED = 100
"""Scores and statistics keep an answer in one byte, and a larger number is no category."""

LONGEST_COLUMN = 32  # Stata's limit, the shortest of those we write for

_NEEDED: Mapping[Kind, frozenset[str]] = {
    Kind.SINGLE: frozenset({"codes"}),
    Kind.MULTIPLE: frozenset({"codes"}),
    Kind.NUMBER: frozenset({"lowest", "highest"}),
    Kind.YEAR: frozenset({"lowest"}),
    Kind.MONTH: frozenset({"lowest"}),
    Kind.RANKING: frozenset({"codes", "places"}),
    Kind.RATING: frozenset({"lowest", "highest"}),
    Kind.TEXT: frozenset({"longest"}),
}
_ALLOWED: Mapping[Kind, frozenset[str]] = {
    **_NEEDED,
    Kind.YEAR: frozenset({"lowest", "highest"}),
    Kind.MONTH: frozenset({"lowest", "highest"}),
}
_CHOSEN_AMONG = frozenset({Kind.MULTIPLE, Kind.RANKING})
"""Kinds whose answer is several codes, which `includes` asks about."""


@dataclass
class Pieces:
    """The well-formed pieces of a definition with where they stand; problems are collected here.

    `known_*` also hold the ids of pieces that were not well formed, lest one mistake be reported
    again wherever the piece is named.
    """

    document: Document
    head: DefinitionShape
    responses: dict[str, ResponsesShape] = field(default_factory=dict)
    pages: list[tuple[Steps, PageShape]] = field(default_factory=list)
    items: list[tuple[Steps, PageShape, ItemShape]] = field(default_factory=list)
    scales: list[tuple[Steps, ScaleShape]] = field(default_factory=list)
    known_items: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def place(self, steps: Steps) -> Place:
        return self.document.place(steps)

    def responses_of(self, page: PageShape, item: ItemShape) -> ResponsesShape | None:
        return self.responses.get(item.responses or page.responses or "")


def check(pieces: Pieces) -> None:
    """Add to `pieces.problems` whatever does not hold between the pieces."""
    for rule in (_responses, _ids, _item_responses, _columns, _routes, _specifying, _scales):
        pieces.problems.extend(rule(pieces))


def _responses(pieces: Pieces) -> Iterator[Problem]:
    for name, shape in pieces.responses.items():
        steps: Steps = ("responses", name)
        for key in ("codes", "lowest", "highest", "longest", "places"):
            given = getattr(shape, key) is not None
            if given and key not in _ALLOWED[shape.kind]:
                yield not_for_kind(pieces.place((*steps, key)), shape.kind)
            if not given and key in _NEEDED[shape.kind]:
                yield needed_for_kind(pieces.place((*steps, key)), shape.kind)
        if shape.lowest is not None and shape.highest is not None and shape.lowest >= shape.highest:
            yield bounds_crossed(pieces.place((*steps, "lowest")), shape.lowest, shape.highest)
        if shape.kind is Kind.SINGLE and shape.codes is not None and len(shape.codes) < 2:
            yield wrong_value(pieces.place((*steps, "codes")), shape.codes, "at least two codes")
        if shape.kind is Kind.RANKING and (shape.places or 0) > len(shape.codes or []):
            rule = f"no more places than the {len(shape.codes or [])} codes"
            yield wrong_value(pieces.place((*steps, "places")), shape.places, rule)
        for key, codes in (("codes", shape.codes or []), ("apart", shape.apart)):
            yield from _twice(pieces, (*steps, key), codes)


def _ids(pieces: Pieces) -> Iterator[Problem]:
    sorts: list[list[tuple[Steps, str]]] = [
        [(steps, page.id) for steps, page in pieces.pages],
        [(steps, item.id) for steps, _, item in pieces.items],
        [(steps, scale.id) for steps, scale in pieces.scales],
    ]
    for sort in sorts:
        first: dict[str, int] = {}
        for steps, received in sort:
            place = pieces.place((*steps, "id"))
            if received in first:
                yield duplicate_id(place, received, first[received])
            first.setdefault(received, place.line)


def _item_responses(pieces: Pieces) -> Iterator[Problem]:
    known = pieces.head.responses
    named = [(steps, page.responses) for steps, page in pieces.pages]
    named += [(steps, item.responses) for steps, _, item in pieces.items]
    for steps, received in named:
        if received is not None and received not in known:
            place = pieces.place((*steps, "responses"))
            yield unknown_reference(place, "response scale", received, known)
    for steps, page, item in pieces.items:
        if item.responses is None and page.responses is None:
            yield no_responses(pieces.place((*steps, "id")))


def _columns(pieces: Pieces) -> Iterator[Problem]:
    taken: set[str] = set()
    for steps, page, item in pieces.items:
        shape = pieces.responses_of(page, item)
        column = f"{pieces.head.name}_{item.id}"
        endings = Responses("", shape.kind, tuple(shape.codes or ())).endings if shape else ("",)
        # An item with several variables is itself none, but answers are stored under its name.
        options = [f"{column}{ending}" for ending in endings]
        # What paper says against the routing is kept in a _raw column beside each.
        written = [*options, *(f"{option}_raw" for option in options)]
        longest = max(written, key=len)
        place = pieces.place((*steps, "id"))
        if len(longest) > LONGEST_COLUMN:
            yield column_too_long(place, longest, LONGEST_COLUMN)
        yield from (column_twice(place, name) for name in written if name in taken)
        taken.update(written)


def _routes(pieces: Pieces) -> Iterator[Problem]:
    kinds = {item.id: pieces.responses_of(page, item) for _, page, item in pieces.items}
    earlier: set[str] = set()
    for page_steps, page in pieces.pages:
        if page.show_if is not None:
            steps = (*page_steps, "show_if")
            yield from _condition(pieces, steps, page.show_if, earlier, kinds)
        for steps, owner, item in pieces.items:
            if owner is not page:
                continue
            if item.show_if is not None:
                inner = (*steps, "show_if")
                yield from _condition(pieces, inner, item.show_if, earlier, kinds)
            earlier.add(item.id)


def _condition(
    pieces: Pieces,
    steps: Steps,
    shape: ConditionShape,
    earlier: set[str],
    kinds: Mapping[str, ResponsesShape | None],
) -> Iterator[Problem]:
    operators = shape.operators()
    combined = bool({"all", "any", "not"} & set(operators))
    if len(operators) != 1 or combined is not (shape.item is None):
        rule = "`item` with one of in, not_in, at_least, at_most, includes; or one of all, any, not"
        yield wrong_value(pieces.place(steps), ", ".join(operators) or "no operator", rule)
        return
    operator = operators[0]
    if shape.not_ is not None:
        yield from _condition(pieces, (*steps, "not"), shape.not_, earlier, kinds)
    for index, part in enumerate(shape.all or shape.any or []):
        yield from _condition(pieces, (*steps, operator, index), part, earlier, kinds)
    if shape.item is None:
        return
    if shape.item not in pieces.known_items:
        place = pieces.place((*steps, "item"))
        yield unknown_reference(place, "item", shape.item, pieces.known_items)
    elif shape.item in kinds and shape.item not in earlier:
        yield not_earlier(pieces.place((*steps, "item")), shape.item)
    asked = kinds.get(shape.item)
    if asked is not None:
        yield from _comparison(pieces, (*steps, operator), shape, asked)


def _comparison(
    pieces: Pieces, steps: Steps, shape: ConditionShape, asked: ResponsesShape
) -> Iterator[Problem]:
    operator, item = str(steps[-1]), shape.item or ""
    several = asked.kind in _CHOSEN_AMONG
    if asked.kind is Kind.TEXT or several is not (operator == Operator.INCLUDES):
        yield operator_not_for_kind(pieces.place(steps), operator, item, asked.kind)
        return
    may_be_missing = operator in {Operator.IN, Operator.NOT_IN}
    bounds = [bound for bound in (shape.at_least, shape.at_most) if bound is not None]
    for value in shape.in_ or shape.not_in or shape.includes or bounds:
        if value < 0 and may_be_missing and value in asked.apart:
            continue
        if not _offered(asked, value):
            yield not_an_answer(pieces.place(steps), value, item)


def _offered(asked: ResponsesShape, value: int) -> bool:
    if asked.codes is not None:
        return value in asked.codes
    if asked.kind is Kind.MONTH:
        value, month = divmod(value, 100)
        if not 1 <= month <= MONTHS:
            return False
    lowest = asked.lowest or 0
    return value >= lowest and (asked.highest is None or value <= asked.highest)


def _specifying(pieces: Pieces) -> Iterator[Problem]:
    """A text that says which "other" was meant stands right after its question, for that answer."""
    before: tuple[PageShape, ItemShape] | None = None
    for steps, page, item in pieces.items:
        asked = before[1] if before and before[0] is page else None
        before = page, item
        if item.specifies is None:
            continue
        shape, of = pieces.responses_of(page, item), item.specifies
        condition = item.show_if
        if (
            shape is None
            or shape.kind is not Kind.TEXT
            or asked is None
            or asked.id != of
            or condition is None
            or condition.item != of
            or not (condition.in_ or condition.includes)
        ):
            yield specifies_nothing(pieces.place((*steps, "specifies")), of)


def _scales(pieces: Pieces) -> Iterator[Problem]:
    for steps, scale in pieces.scales:
        lists: list[tuple[Steps, Sequence[str]]] = [
            ((*steps, "items"), scale.items),
            ((*steps, "reversed"), scale.reversed),
            *(((*steps, "variants", name), out) for name, out in scale.variants.items()),
        ]
        for inner, names in lists:
            yield from _twice(pieces, inner, names)
        for index, name in enumerate(scale.items):
            yield from _scaled(pieces, (*steps, "items", index), scale, name)
        for inner, names in lists[1:]:
            for index, name in enumerate(names):
                if name not in scale.items:
                    yield not_in_scale(pieces.place((*inner, index)), name)
        if scale.anchor is not None and scale.anchor not in pieces.known_items:
            place = pieces.place((*steps, "anchor"))
            yield unknown_reference(place, "item", scale.anchor, pieces.known_items)
        if scale.least_answered is not None and scale.least_answered > len(scale.items):
            place = pieces.place((*steps, "least_answered"))
            yield wrong_value(place, scale.least_answered, f"at most {len(scale.items)}")


def _scaled(pieces: Pieces, steps: Steps, scale: ScaleShape, name: str) -> Iterator[Problem]:
    place = pieces.place(steps)
    if name not in pieces.known_items:
        yield unknown_reference(place, "item", name, pieces.known_items)
        return
    for _, page, item in pieces.items:
        shape = pieces.responses_of(page, item)
        if item.id != name or shape is None:
            continue
        if shape.kind not in {Kind.SINGLE, Kind.RATING, Kind.NUMBER}:
            yield not_scalable(place, name, shape.kind)
        elif scale.score == "count" and set(shape.codes or []) != {0, 1}:
            yield not_countable(place, name)
        elif max(shape.codes or [shape.highest or 0]) > LARGEST_SCALED:
            yield too_wide_for_a_scale(
                place, name, max(shape.codes or [shape.highest or 0]), LARGEST_SCALED
            )


def _twice(pieces: Pieces, steps: Steps, values: Sequence[object]) -> Iterator[Problem]:
    for index, value in enumerate(values):
        if value in values[:index]:
            yield duplicate_value(pieces.place((*steps, index)), value)
