"""From boxes to answers: what a page says question by question, and what a person must look at.

Nothing is guessed. A question is sure where each of its boxes is, and where they say one thing; else
it goes to a person with the reason. Handwriting always does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

from instruments import NOT_ANSWERED
from survey.scanning.ink import SURE, Box, PageInk, State
from survey.scanning.straightening import Straight

_FAINT = 0.45  # of the page's own pen: what is fainter was not written with it
_FAINTER = 0.6  # of it: what is fainter may have been
_WRITTEN = 0.35  # square millimetres of ink in a field to be written in
_FEW = 3  # boxes that one person fills and nothing else, to be taken for their way of answering


class Why(StrEnum):
    """Why a field goes to a person."""

    HANDWRITING = "handwriting"
    UNCLEAR = "unclear"
    SEVERAL = "several"
    BESIDE = "beside"
    FILLED = "filled"
    RINGED = "ringed"


@dataclass(frozen=True)
class Reading:
    """One question of a page. Not sure: `value` is None, and `why` says what to look at."""

    column: str
    value: int | tuple[int, ...] | None
    confidence: float  # 0..1, of the least sure of its boxes
    why: Why | None = None

    @property
    def sure(self) -> bool:
        return self.why is None


def read_page(
    straight: Straight, boxes: Sequence[Mapping[str, Any]], multiple: frozenset[str]
) -> list[Reading]:
    """Every question of a page, in its order; `multiple` names those with several answers."""
    ticks = [box for box in boxes if box["kind"] == "tick"]
    ink = PageInk(straight, ticks)
    fields: dict[str, list[Mapping[str, Any]]] = {}
    for box in boxes:
        fields.setdefault(box["column"], []).append(box)
    marks = {
        column: {box["code"]: ink.box(box) for box in own if box["kind"] == "tick"}
        for column, own in fields.items()
    }
    pen = _pen(marks)
    _look_again(straight, ticks, marks, pen)
    page = _Page(ink, pen, _fills(marks))
    return [
        page.reading(column, own, marks[column], column in multiple)
        for column, own in fields.items()
    ]


def _several(
    marked: Sequence[int], rings: Sequence[int]
) -> tuple[int | tuple[int, ...] | None, Why | None]:
    """Of a question with several answers: these, a reason for none, or nothing."""
    if rings:
        return None, Why.RINGED
    if not marked:
        return NOT_ANSWERED, None
    if min(marked) >= 0:
        return tuple(sorted(marked)), None
    return (marked[0], None) if len(marked) == 1 else (None, Why.SEVERAL)


def _look_again(
    straight: Straight,
    ticks: Sequence[Mapping[str, Any]],
    marks: dict[str, dict[int, Box]],
    pen: float,
) -> None:
    """Look again through the page's own pen: a mark in a stain is then a mark, and a stain nothing.

    Only beside a clear mark is a stain nothing: who left the rest empty may have changed pens.
    """
    doubted = [box for box in ticks if _doubted(marks[box["column"]][box["code"]])]
    if not doubted or not pen:
        return
    ink = PageInk(straight, ticks, faintest=_FAINT * pen)
    for box in doubted:
        own = marks[box["column"]]
        before, again = own[box["code"]], ink.box(box)
        if before.confidence < SURE:
            if again.state is State.MARKED and again.confidence >= SURE:
                own[box["code"]] = again
        elif any(one.state is State.MARKED and one.confidence >= SURE for one in own.values()):
            own[box["code"]] = replace(before, beside=again.beside)


def _doubted(box: Box) -> bool:
    return box.confidence < SURE or box.beside


def _pen(marks: Mapping[str, Mapping[int, Box]]) -> float:
    """How dark this page is written."""
    dark = [
        box.darkness
        for field in marks.values()
        for box in field.values()
        if box.state in {State.MARKED, State.FILLED} and box.confidence >= SURE
    ]
    return float(np.median(dark)) if dark else 0.0


def _fills(marks: Mapping[str, Mapping[int, Box]]) -> bool:
    """Whether whoever wrote this page fills boxes where others cross them."""
    states = [box.state for field in marks.values() for box in field.values()]
    return states.count(State.FILLED) >= _FEW and not states.count(State.MARKED)


@dataclass(frozen=True)
class _Page:
    ink: PageInk
    pen: float
    fills: bool

    def reading(
        self,
        column: str,
        boxes: Sequence[Mapping[str, Any]],
        marks: Mapping[int, Box],
        several: bool,
    ) -> Reading:
        written = [box for box in boxes if box["kind"] != "tick"]
        if written and self._written(written):
            return Reading(column, None, 0.0, Why.HANDWRITING)
        confidence = min((box.confidence for box in marks.values()), default=1.0)
        value, why = self._decided(marks, several)
        if why is None and value is not None:
            nothing = value == NOT_ANSWERED
            near = [box for box in marks.values() if box.beside]
            if (nothing and (near or self._beside(boxes))) or (
                any(box.state is State.EMPTY and box.beside for box in near) and not self.fills
            ):
                why = Why.BESIDE
        return Reading(column, value if why is None else None, confidence, why)

    def _decided(
        self, marks: Mapping[int, Box], several: bool
    ) -> tuple[int | tuple[int, ...] | None, Why | None]:
        named: dict[State, list[int]] = {state: [] for state in State}
        for code, box in marks.items():
            faint = box.state is State.MARKED and box.darkness < _FAINTER * self.pen
            sure = box.confidence >= SURE and not faint
            named[box.state if sure else State.UNCLEAR].append(code)
        marked, filled = named[State.MARKED], named[State.FILLED]
        rings = named[State.RINGED] + named[State.RINGED_MARK]
        unclear = named[State.UNCLEAR]
        if unclear and (several or not self._stains(unclear, marks, marked)):
            return None, Why.UNCLEAR
        if filled and not marked and not rings:
            if not self.fills:
                return None, Why.FILLED
            marked = filled
        if several:
            return _several(marked, rings)
        if rings:
            alone = len(rings) == 1 and not marked and not filled
            return (rings[0], None) if alone else (None, Why.RINGED)
        if len(marked) > 1:
            return None, Why.SEVERAL
        return (marked[0] if marked else NOT_ANSWERED), None

    def _stains(
        self, unclear: Sequence[int], marks: Mapping[int, Box], marked: Sequence[int]
    ) -> bool:
        """Whether what is unclear is a speck, or far fainter than the question's one clear mark."""
        if len(marked) != 1 or self.pen == 0:
            return False
        clear = min(marks[marked[0]].darkness, self.pen)
        return all(marks[code].speck or marks[code].darkness < _FAINT * clear for code in unclear)

    def _written(self, boxes: Sequence[Mapping[str, Any]]) -> bool:
        inset = 0.6
        return any(
            self.ink.amount(
                box["x"] + inset,
                box["y"] + inset,
                box["x"] + box["width"] - inset,
                box["y"] + box["height"] - inset,
            )
            > _WRITTEN
            for box in boxes
        )

    def _beside(self, boxes: Sequence[Mapping[str, Any]]) -> bool:
        """Whether there is ink anywhere in the rows that the question's boxes span."""
        left = min(box["x"] for box in boxes) - 3
        top = min(box["y"] for box in boxes) - 1
        right = max(box["x"] + box["width"] for box in boxes) + 12
        bottom = max(box["y"] + box["height"] for box in boxes) + 1
        return self.ink.amount(left, top, right, bottom) > 1.0
