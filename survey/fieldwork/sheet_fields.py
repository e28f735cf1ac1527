"""The fields of a sheet as a keyer meets them: numbered, with their codes and their routing.

What a keyer types is the same with and without the script: a code, or a sign for why there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from instruments import (
    DONT_KNOW,
    DOUBLE_MARK,
    ILLEGIBLE,
    NOT_ANSWERED,
    NOT_RELEVANT,
    REFUSED,
    Condition,
    Form,
    Instrument,
    InstrumentTexts,
    Item,
    Kind,
)

# Never digits where digits are answers: a comma first keeps 7, 8 and 9 apart from codes.
SIGNS = {
    "/": ILLEGIBLE,
    "*": DOUBLE_MARK,
    "-": NOT_ANSWERED,
    ",8": DONT_KNOW,
    ",9": NOT_RELEVANT,
    ",7": REFUSED,
}


@dataclass(frozen=True)
class SheetField:
    """One question of a sheet, in the keyer's language; `number` is the one on the paper."""

    number: int
    page: int
    column: str
    item: Item
    question: str
    short: str
    hint: str
    codes: tuple[tuple[int, str], ...]
    ends: tuple[str, str] | None
    routes: tuple[dict[str, Any], ...]

    @property
    def kind(self) -> Kind:
        return self.item.kind

    def to_data(self, year: int) -> dict[str, Any]:
        """What the script is told; `year` is the highest a year can be."""
        responses = self.item.responses
        lowest, highest = self.bounds(year) or (None, None)
        return {
            "number": self.number,
            "page": self.page,
            "column": self.column,
            "kind": self.kind.value,
            "scale": f"{self.column.split('_')[0]}.{responses.id}",
            "question": self.question,
            "short": self.short,
            "hint": self.hint,
            "codes": [{"code": code, "label": label} for code, label in self.codes],
            "apart": list(responses.apart),
            "lowest": lowest,
            "highest": highest,
            "longest": responses.longest,
            "places": responses.places,
            "ends": self.ends,
            "routes": list(self.routes),
        }

    def bounds(self, year: int) -> tuple[int, int] | None:
        """Lowest and highest of a number that is no code, of a month's year; `year` ends years."""
        responses = self.item.responses
        if self.kind not in {Kind.NUMBER, Kind.YEAR, Kind.MONTH, Kind.RATING}:
            return None
        highest = year if responses.highest is None else responses.highest
        return responses.lowest or 0, highest

    def read(self, typed: str) -> object:
        """What somebody typed without the script, as the one writer checks it; None for a blank."""
        typed = typed.strip()
        if typed.replace(".", ",", 1) in SIGNS:
            return SIGNS[typed.replace(".", ",", 1)]
        if self.kind in {Kind.MULTIPLE, Kind.RANKING}:
            return typed.replace(",", " ").replace(".", " ").split() or None
        return typed or None


def sheet_fields(form: Form, language: str) -> tuple[SheetField, ...]:
    """Every field of a form, in the order of the paper."""
    fields: list[SheetField] = []
    for place, page in enumerate(form.pages()):
        texts = InstrumentTexts(page.instrument, language)
        routes = dict(page.instrument.routes())
        for item in page.page.items:
            responses = item.responses
            ends = texts.ends(responses) if item.kind is Kind.RATING else None
            fields.append(
                SheetField(
                    number=len(fields) + 1,
                    page=place,
                    column=page.instrument.column(item),
                    item=item,
                    question=str(texts.full_question(item)),
                    short=str(texts.short(item)),
                    hint=str(texts.hint(item)),
                    codes=tuple(
                        (code, str(texts.answer(responses, code))) for code in responses.codes
                    ),
                    ends=(str(ends[0]), str(ends[1])) if ends else None,
                    routes=tuple(_by_column(page.instrument, one) for one in routes[item.id]),
                )
            )
    return tuple(fields)


def _by_column(instrument: Instrument, condition: Condition) -> dict[str, Any]:
    """A condition as data, its items named by their columns: one sheet holds several instruments."""

    def renamed(data: Any) -> Any:
        if isinstance(data, list):
            return [renamed(part) for part in data]
        if not isinstance(data, dict):
            return data
        return {
            key: instrument.column(instrument.item(value)) if key == "item" else renamed(value)
            for key, value in data.items()
        }

    named: dict[str, Any] = renamed(condition.to_data())
    return named
