"""definition.yaml → Instrument (still without its texts)."""

from __future__ import annotations

from instruments.checks import Pieces, check
from instruments.definition import Instrument, Item, Page, Responses, Scale
from instruments.document import Data, Document
from instruments.errors import Problem
from instruments.routing import Condition
from instruments.shapes import (
    ConditionShape,
    DefinitionShape,
    ItemShape,
    PageShape,
    ResponsesShape,
    ScaleShape,
    read_shape,
)


def read_definition(document: Document, sha256: str, problems: list[Problem]) -> Instrument | None:
    """Read a definition; add its problems to the list, and return None if there is any."""
    found = list(document.problems)
    if document.lines:
        head = read_shape(document, DefinitionShape, document.data, (), found)
        pieces = _pieces(document, head or _salvaged(document.data))
        check(pieces)
        found.extend(pieces.problems)
        if head is not None and not found:
            return _built(pieces, sha256)
    problems.extend(found)
    return None


def _salvaged(data: Data) -> DefinitionShape:
    """Return what can be read on with, though the head has problems, to find the others at once."""
    given = data if isinstance(data, dict) else {}
    name, responses = given.get("name"), given.get("responses")
    pages, scales = given.get("pages"), given.get("scales")
    return DefinitionShape.model_construct(
        name=name if isinstance(name, str) else "",
        version=1,
        responses=responses if isinstance(responses, dict) else {},
        pages=pages if isinstance(pages, list) else [],
        scales=scales if isinstance(scales, list) else [],
    )


def _pieces(document: Document, head: DefinitionShape) -> Pieces:
    pieces = Pieces(document, head)
    problems = pieces.problems
    for name, data in head.responses.items():
        responses = read_shape(document, ResponsesShape, data, ("responses", name), problems)
        if responses is not None:
            pieces.responses[name] = responses
    for number, data in enumerate(head.pages):
        _page(pieces, number, data)
    for number, data in enumerate(head.scales):
        scale = read_shape(document, ScaleShape, data, ("scales", number), problems)
        if scale is not None:
            pieces.scales.append((("scales", number), scale))
    return pieces


def _page(pieces: Pieces, number: int, data: object) -> None:
    steps = ("pages", number)
    document = pieces.document
    page = read_shape(document, PageShape, data, steps, pieces.problems)
    items = data.get("items") if isinstance(data, dict) else None
    if page is not None:
        pieces.pages.append((steps, page))
    for place, one in enumerate(items if isinstance(items, list) else []):
        if isinstance(one, dict) and isinstance(one.get("id"), str):
            pieces.known_items.add(one["id"])
        item = read_shape(document, ItemShape, one, (*steps, "items", place), pieces.problems)
        if item is not None and page is not None:
            pieces.items.append(((*steps, "items", place), page, item))


def _built(pieces: Pieces, sha256: str) -> Instrument:
    responses = {name: _responses(name, shape) for name, shape in pieces.responses.items()}
    return Instrument(
        name=pieces.head.name,
        version=pieces.head.version,
        pages=tuple(
            Page(
                page.id,
                tuple(
                    _item(item, responses[item.responses or page.responses or ""])
                    for _, owner, item in pieces.items
                    if owner is page
                ),
                _condition(page.show_if),
            )
            for _, page in pieces.pages
        ),
        scales=tuple(_scale(scale) for _, scale in pieces.scales),
        responses=responses,
        texts={},
        sha256=sha256,
        written_in=pieces.head.written_in,
        asks=pieces.head.asks,
    )


def _responses(name: str, shape: ResponsesShape) -> Responses:
    return Responses(
        id=name,
        kind=shape.kind,
        codes=tuple(shape.codes or ()),
        lowest=shape.lowest,
        highest=shape.highest,
        longest=shape.longest,
        places=shape.places,
        apart=tuple(shape.apart),
    )


def _item(shape: ItemShape, responses: Responses) -> Item:
    condition = _condition(shape.show_if)
    return Item(shape.id, responses, shape.facet, condition, shape.specifies or "")


def _condition(shape: ConditionShape | None) -> Condition | None:
    return None if shape is None else shape.condition()


def _scale(shape: ScaleShape) -> Scale:
    return Scale(
        id=shape.id,
        items=tuple(shape.items),
        reversed=tuple(shape.reversed),
        model=shape.model,
        direction=shape.direction,
        headline_reversed=shape.headline_reversed,
        least_answered=shape.least_answered,
        score=shape.score,
        status=shape.status,
        construct=shape.construct_,
        literature=tuple(shape.literature),
        variants={name: tuple(out) for name, out in shape.variants.items()},
        anchor=shape.anchor,
    )
