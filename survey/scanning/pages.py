"""One picture read: which page it is, what it says, and the picture that is kept of it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
import pypdfium2

from survey.scanning.finding import Found, Picture, find_page
from survey.scanning.kept_pictures import KEPT_DOTS
from survey.scanning.opening import Opened
from survey.scanning.reading import read_page
from survey.scanning.straightening import DOTS, Blank, NotThatPageError, straighten

_QUALITY = 55
_LONGEST_KEPT = 1600  # dots of a picture in which no page was found
_QUIET = 0.93  # of a page's middle light: nothing printed is as light
_DARK_SHARE = 0.0005


@dataclass(frozen=True)
class PrintedLayout:
    """A layout as sheets were printed by it, and its blank pages as PDF."""

    layout: Mapping[str, Any]
    blank: bytes
    multiple: frozenset[str]  # the questions that take several answers

    @cached_property
    def blanks(self) -> list[Blank]:
        with pypdfium2.PdfDocument(self.blank) as document:
            return [
                Blank.of(_grey(page.render(scale=DOTS * 25.4 / 72, grayscale=True).to_numpy()))
                for page in document
            ]


def read_picture(opened: Opened, layouts: Mapping[str, PrintedLayout]) -> dict[str, Any]:
    """What a page of a file turned out to be, as plain data.

    `outcome` is `read`, `blank`, `not_found`, `several`, `unknown_layout`, `not_straight` or
    `damaged`; where a code was read, it is there too, and where a person may have to look, a
    picture.
    """
    if opened.picture is None:
        return {"outcome": "damaged", "problem": opened.problem}
    found = find_page(opened.picture)
    if found.code is None:
        return _nothing(opened.picture, found)
    code = found.code
    told: dict[str, Any] = {
        "serial": code.serial, "page": code.page, "pages": code.pages, "layout": code.layout,
    }  # fmt: skip
    layout = layouts.get(code.layout)
    if layout is None or not 1 <= code.page <= len(layout.blanks):
        # Whose paper it is nobody knows yet: no picture of it is kept.
        return told | {"outcome": "unknown_layout"}
    if found.to_picture is None:
        return told | {"outcome": "not_straight", "picture": _kept(opened.picture)}
    try:
        straight = straighten(opened.picture, found.to_picture, layout.blanks[code.page - 1])
    except NotThatPageError:
        return told | {"outcome": "not_straight", "picture": _kept(opened.picture)}
    boxes = [box for box in layout.layout["boxes"] if box["page"] == code.page]
    readings = read_page(straight, boxes, layout.multiple)
    kept = cv2.resize(
        straight.page, None, fx=KEPT_DOTS / DOTS, fy=KEPT_DOTS / DOTS, interpolation=cv2.INTER_AREA
    )
    return told | {
        "outcome": "read",
        "alike": round(straight.alike, 3),
        "picture": _coded(kept),
        "readings": [
            {
                "column": one.column,
                "value": list(one.value) if isinstance(one.value, tuple) else one.value,
                "confidence": one.confidence,
                "why": one.why and one.why.value,
            }
            for one in readings
        ],
    }


def _nothing(picture: Picture, found: Found) -> dict[str, Any]:
    if found.several:
        return {"outcome": "several", "picture": _kept(picture)}
    if not found.marks and _is_blank(picture):
        return {"outcome": "blank"}
    return {"outcome": "not_found", "picture": _kept(picture)}


def _is_blank(picture: Picture) -> bool:
    """Whether hardly anything is darker than paper; its edge, and the scanner's, left out."""
    small = cv2.resize(picture, (210, 297), interpolation=cv2.INTER_AREA)[12:-12, 12:-12]
    light = cv2.GaussianBlur(small, (0, 0), 20)
    dark = small < light * _QUIET
    return bool(np.median(small) > 120 and dark.mean() < _DARK_SHARE)


def _kept(picture: Picture) -> str:
    factor = min(1.0, _LONGEST_KEPT / max(picture.shape))
    return _coded(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA))


def _coded(picture: cv2.typing.MatLike) -> str:
    _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return base64.b64encode(coded.tobytes()).decode()


def _grey(shown: Any) -> Picture:
    picture = np.array(shown, dtype=np.uint8)
    return picture.reshape(picture.shape[:2])
