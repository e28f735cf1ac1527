"""What the files must look like, key by key. pydantic stays at this edge of the package.

Files are read piece by piece (each page, item, response scale, scale of its own), so that one
broken piece hides no problem in another.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)
from pydantic_core import ErrorDetails

from instruments.definition import Kind
from instruments.document import Document, Steps
from instruments.errors import (
    Problem,
    control_character,
    missing_key,
    not_an_identifier,
    unknown_key,
    wrong_value,
)
from instruments.routing import All, AnyOf, Comparison, Condition, Not, Operator

IDENTIFIER = r"^[a-z][a-z0-9_]*$"
Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER, max_length=32)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$")]
Code = Annotated[int, Field(ge=0, le=999)]
# Datasets keep answers as 16-bit integers; a larger one would come back as another number.
Bound = Annotated[int, Field(ge=0, le=2**15 - 1)]


def _printable(text: str) -> str:
    if any(ord(character) < 32 and character != "\n" for character in text):
        raise ValueError("control character")
    return text.strip()


Words = Annotated[str, AfterValidator(_printable)]


class Shape(BaseModel):
    """A mapping in a file; unknown keys are refused."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)


class DefinitionShape(Shape):
    """definition.yaml, with its pieces still unread."""

    name: Identifier
    version: Annotated[int, Field(ge=1)]
    written_in: Language = "da"
    asks: Literal["residents", "partners"] = "residents"
    responses: dict[str, Any]
    pages: Annotated[list[Any], Field(min_length=1)]
    scales: list[Any] = []


class ResponsesShape(Shape):
    kind: Kind
    codes: list[Code] | None = None
    lowest: Bound | None = None
    highest: Bound | None = None
    longest: Annotated[int, Field(ge=1, le=10_000)] | None = None
    places: Annotated[int, Field(ge=2, le=9)] | None = None
    apart: list[Annotated[int, Field(ge=-5, le=-3)]] = []


class ConditionShape(Shape):
    """Exactly one operator; `item` beside it, unless it combines other conditions."""

    item: str | None = None
    in_: Annotated[list[int], Field(min_length=1)] | None = Field(None, alias="in")
    not_in: Annotated[list[int], Field(min_length=1)] | None = None
    at_least: int | None = None
    at_most: int | None = None
    includes: Annotated[list[int], Field(min_length=1)] | None = None
    all: Annotated[list[ConditionShape], Field(min_length=1)] | None = None
    any: Annotated[list[ConditionShape], Field(min_length=1)] | None = None
    not_: ConditionShape | None = Field(None, alias="not")

    def operators(self) -> list[str]:
        """Return the operators that are written, as the file spells them."""
        names = ("in_", "not_in", "at_least", "at_most", "includes", "all", "any", "not_")
        return [name.rstrip("_") for name in names if getattr(self, name) is not None]

    def condition(self) -> Condition:
        """Build the condition. Needs a shape whose operators were checked."""
        if self.all is not None:
            return All(tuple(part.condition() for part in self.all))
        if self.any is not None:
            return AnyOf(tuple(part.condition() for part in self.any))
        if self.not_ is not None:
            return Not(self.not_.condition())
        operator = Operator(self.operators()[0])
        values = getattr(self, "in_" if operator is Operator.IN else operator.value)
        listed = values if isinstance(values, list) else [values]
        return Comparison(self.item or "", operator, tuple(listed))


class PageShape(Shape):
    id: Identifier
    responses: str | None = None
    items: Annotated[list[Any], Field(min_length=1)]
    show_if: ConditionShape | None = None


class ItemShape(Shape):
    id: Identifier
    responses: str | None = None
    facet: Words = ""
    show_if: ConditionShape | None = None
    specifies: str | None = None


class ScaleShape(Shape):
    id: Identifier
    items: Annotated[list[str], Field(min_length=2)]
    reversed: list[str] = []
    model: Literal["reflective", "formative"] = "reflective"
    direction: Annotated[Words, Field(min_length=1)]
    headline_reversed: bool = False
    least_answered: Annotated[int, Field(ge=1)] | None = None
    score: Literal["percent", "count"] = "percent"
    # Only evidence makes a scale validated; a file cannot claim it.
    status: Literal["candidate"] = "candidate"
    construct_: Annotated[Words, Field(min_length=1, alias="construct")]
    literature: list[Words] = []
    variants: dict[Identifier, Annotated[list[str], Field(min_length=1)]] = {}
    anchor: str | None = None


class PageTextShape(Shape):
    heading: Words = ""
    lead: Words = ""


class ItemTextShape(Shape):
    question: Words = ""
    short: Annotated[Words, Field(max_length=60)] = ""
    hint: Words = ""


class EndsShape(Shape):
    lowest: Words = ""
    highest: Words = ""


class TextShape(Shape):
    """text.<language>.yaml. A text that is left out falls back to the first language, visibly."""

    language: Language
    title: Words = ""
    about: Words = ""
    pages: dict[str, PageTextShape] = {}
    items: dict[str, ItemTextShape] = {}
    answers: dict[str, dict[int, Words]] = {}
    ends: dict[str, EndsShape] = {}
    scales: dict[str, Words] = {}


class ReviewShape(Shape):
    by: Annotated[Words, Field(min_length=1)]
    date: date


class PublishedShape(Shape):
    """One version in published.yaml."""

    definition: str
    texts: dict[Language, str]
    recordings: dict[str, str] = {}


S = TypeVar("S", bound=BaseModel)


def read_shape(
    document: Document, shape: type[S], data: object, path: Steps, problems: list[Problem]
) -> S | None:
    """Read one piece; on failure add its problems to the list and return None."""
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        problems.extend(_problem(document, shape, path, details) for details in error.errors())
        return None


def _problem(
    document: Document, shape: type[BaseModel], path: Steps, details: ErrorDetails
) -> Problem:
    received = details["input"]
    steps = details["loc"]
    if steps[-1:] == ("[key]",):  # the key itself is wrong, not what it leads to
        steps = steps[:-1]
        received = steps[-1]
    place = document.place((*path, *steps))
    pattern = details.get("ctx", {}).get("pattern", "")
    match details["type"]:
        case "missing":
            return missing_key(place)
        case "extra_forbidden":
            return unknown_key(place, str(steps[-1]), _keys(shape, steps))
        case "string_pattern_mismatch" if pattern == IDENTIFIER:
            return not_an_identifier(place, received)
        case "value_error":
            return control_character(place)
        case kind:
            return wrong_value(place, received, _rule(kind, details["msg"]))


def _rule(kind: str, message: str) -> str:
    if kind in {"model_type", "dict_type"}:
        return "a mapping of keys and values"
    if kind == "string_pattern_mismatch":
        return "a language code such as da, en or ku-Arab"
    return message.split(", unable to", maxsplit=1)[0].removeprefix("Input should be ")


def _keys(shape: type[BaseModel], steps: tuple[int | str, ...]) -> list[str]:
    inner = _INNER.get(str(steps[0]), shape) if len(steps) > 1 else shape
    return [field.alias or name for name, field in inner.model_fields.items()]


_INNER: Mapping[str, type[BaseModel]] = {
    "pages": PageTextShape,
    "items": ItemTextShape,
    "ends": EndsShape,
    "show_if": ConditionShape,
}
