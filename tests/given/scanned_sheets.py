"""Sheets filled in by invented people and scanned by invented scanners: every answer is known.

The pages are those that the typesetter prints; the pens are in `pens`, the scanners' faults in
`scanners`. A seed makes the same sheet again. Thresholds were set on seeds below 100 000; tests read
a few from 100 000, which had been seen before the last two rules were set. Figures are told of seeds
that nobody had seen (benchmarks/scanning.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np
import pypdfium2
import segno
from pens import DOTS, PENS, Hand
from scanners import Taken, scanned

from instruments import DOUBLE_MARK, NOT_ANSWERED, Form, Kind
from survey.printing.typesetting import Typesetter, page_code

FIRST_JUDGING_SEED = 100_000
# What people do, and how often: of sheets, then of questions.
STYLES = {"cross": 0.8, "tick": 0.12, "fill": 0.04, "slash": 0.04}
WAYS = {
    "plain": 0.914,
    "blank": 0.05,
    "corrected": 0.015,  # filled as the sheet asks, and a new cross
    "circled cross": 0.002,  # two crosses, the right one with a ring round it
    "circle": 0.003,  # a ring instead of a cross
    "double": 0.003,
    "beside": 0.004,  # a tick next to its box
    "dot": 0.006,  # a cross, and a speck in another box
    "outside": 0.003,  # a cross, and words beside the question
}


@dataclass(frozen=True)
class Truth:
    """What somebody meant, and how they showed it."""

    value: object  # a code; several codes, sorted; a number; text
    way: str


@dataclass
class Filled:
    """A sheet with its answers, before it is scanned: 8-bit grey at 300 dots an inch."""

    serial: str
    truth: dict[str, Truth]
    pages: list[np.ndarray]
    pen: str
    style: str
    random: np.random.Generator = field(repr=False)

    def scanned(self, **how: bool) -> list[Taken]:
        return [scanned(page, self.random, **how) for page in self.pages]


class Stock:
    """Sheets of one typesetter: printed once, and filled in as often as asked."""

    def __init__(self, typesetter: Typesetter, form: Form) -> None:
        self.typesetter, self.form = typesetter, form
        self.layout = typesetter.layout

    @cached_property
    def blank(self) -> list[np.ndarray]:
        """Its pages without a number."""
        pages = rendered(self.typesetter.sheet("0000000"))
        for page in pages:
            _code_area(page, self.layout)[:] = 255
        return pages

    def numbered(self, serial: str, page: int) -> np.ndarray:
        """A page with its sheet's code, and nobody's ink."""
        shown = self.blank[page - 1].copy()
        code = page_code(serial, page, self.layout["pages"], self.typesetter.layout_id)
        _draw_code(_code_area(shown, self.layout), code)
        return shown

    def filled(self, serial: str, seed: int) -> Filled:
        random = np.random.default_rng(seed)
        pen = _chosen({name: often for name, (_, often) in PENS.items()}, random)
        style = _chosen(STYLES, random)
        inks = [np.zeros_like(page) for page in self.blank]
        truth = {}
        for column, boxes in self._fields.items():
            hand = Hand(inks[boxes[0]["page"] - 1], PENS[pen][0], random)
            kind = self.form.item_of(column).item.kind
            truth[column] = _Person(hand, style, kind, boxes).answers()
        pages = []
        for number, ink in enumerate(inks, 1):
            pages.append(cv2.multiply(self.numbered(serial, number), 255 - ink, scale=1 / 255))
        return Filled(serial, truth, pages, pen, style, random)

    @cached_property
    def _fields(self) -> Mapping[str, list[dict]]:
        fields: dict[str, list[dict]] = {}
        for box in self.layout["boxes"]:
            fields.setdefault(box["column"], []).append(box)
        return fields


@dataclass
class _Person:
    """One question put to somebody who holds a pen."""

    hand: Hand
    style: str
    kind: Kind
    boxes: list[dict]

    @property
    def random(self) -> np.random.Generator:
        return self.hand.random

    def answers(self) -> Truth:
        way = _chosen(WAYS, self.random)
        ticks = [box for box in self.boxes if box["kind"] == "tick"]
        if way == "blank":
            return Truth(NOT_ANSWERED, way)
        if self.kind in {Kind.NUMBER, Kind.YEAR, Kind.TEXT} and (
            not ticks or self.random.random() < 0.9
        ):
            return self._written()
        if self.kind is Kind.MULTIPLE:
            return self._several(ticks)
        box, other = self._two(ticks)
        if other is None:
            way = "plain"
        return self._marked(way, box, other)

    def _marked(self, way: str, box: dict, other: dict | None) -> Truth:
        value: object = box["code"]
        if way == "circle":
            self.hand.circle(box)
            return Truth(value, way)
        if way == "beside":
            self.hand.tick_beside(box)
            return Truth(value, way)
        self._mark(box)
        if way == "corrected":
            self._mark(other)
            self.hand.fill(other)
        elif way == "circled cross":
            self._mark(other)
            self.hand.circle(box)
        elif way == "double":
            self._mark(other)
            value = DOUBLE_MARK
        elif way == "dot":
            self.hand.dot(other)
        elif way == "outside":
            line = {"x": 25, "y": box["y"] - 1, "width": 50, "height": 5}
            self.hand.words(line, lines=1)
        return Truth(value, way)

    def _several(self, ticks: list[dict]) -> Truth:
        codes = [box for box in ticks if box["code"] >= 0]
        chosen = [box for box in codes if self.random.random() < 0.3] or codes[:1]
        for box in chosen:
            self._mark(box)
        return Truth(tuple(sorted(box["code"] for box in chosen)), "plain")

    def _written(self) -> Truth:
        if self.kind is Kind.TEXT:
            box = next(box for box in self.boxes if box["kind"] == "text")
            self.hand.words(box)
            return Truth("words", "written")
        cells = [box for box in self.boxes if box["kind"] == "digit"]
        digits = [int(digit) for digit in str(self.random.integers(1, 10 ** len(cells)))]
        for box, digit in zip(cells, digits, strict=False):
            self.hand.digit(box, digit)
        return Truth(int("".join(map(str, digits))), "written")

    def _mark(self, box: dict) -> None:
        getattr(self.hand, self.style)(box)

    def _two(self, ticks: list[dict]) -> tuple[dict, dict | None]:
        order = self.random.permutation(len(ticks))
        return ticks[order[0]], ticks[order[1]] if len(ticks) > 1 else None


def rendered(pdf: bytes, dots: float = DOTS) -> list[np.ndarray]:
    """A PDF's pages as 8-bit grey, at so many dots a millimetre."""
    document = pypdfium2.PdfDocument(pdf)
    scale = dots * 25.4 / 72
    pages = [page.render(scale=scale, grayscale=True).to_numpy().copy() for page in document]
    document.close()
    return [page[:, :, 0] if page.ndim == 3 else page for page in pages]


def _code_area(page: np.ndarray, layout: dict) -> np.ndarray:
    x, y, size = (round(layout["code"][name] * DOTS) for name in ("x", "y", "size"))
    return page[y : y + size, x : x + size]


def _draw_code(area: np.ndarray, content: str) -> None:
    matrix = np.array(segno.make(content, error="q", micro=False).matrix, dtype=np.uint8)
    area[:] = cv2.resize(255 * (1 - matrix), area.shape[::-1], interpolation=cv2.INTER_NEAREST)


def _chosen(often: Mapping[str, float], random: np.random.Generator) -> str:
    names = list(often)
    weights = np.array(list(often.values()))
    return names[int(random.choice(len(names), p=weights / weights.sum()))]
