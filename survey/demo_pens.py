"""The demo's scanned sheets: a printed sheet filled in by an invented hand, and scanned a little askew.

Needs what scanning needs; who lacks it has a demo without scanned sheets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pypdfium2
from numpy.typing import NDArray

from instruments import Value

Picture = NDArray[np.uint8]

_DOTS = 150 / 25.4  # a millimetre
_INK, _PAPER = 70, 252
_ASKEW = 0.5  # degrees
_SHARP = 16  # parts of a dot that lines are drawn to
_LETTER = 0.9  # millimetres a unit of the pen's alphabet


def scanned(
    pdf: bytes,
    layout: Mapping[str, Any],
    answers: Mapping[str, Value],
    also: Mapping[str, Value],
    corrected: Mapping[str, Value],
    rng: np.random.Generator,
) -> list[bytes]:
    """A sheet's pages as JPEG, crossed and written on as somebody answers.

    `also` names codes that are crossed beside the answer, so that nobody can say which was meant;
    `corrected` those that were crossed first and then filled, as the sheet asks.
    """
    pages = [_rendered(page) for page in pypdfium2.PdfDocument(pdf)]
    for column, value in answers.items():
        boxes = [box for box in layout["boxes"] if box["column"] == column]
        for page, box in ((pages[box["page"] - 1], box) for box in boxes):
            if box["kind"] == "tick" and box["code"] in (
                value if isinstance(value, list) else [value]
            ):
                _cross(page, box, rng)
            if box["kind"] == "tick" and box["code"] == also.get(column):
                _cross(page, box, rng)
            if box["kind"] == "tick" and box["code"] == corrected.get(column):
                _cross(page, box, rng)
                _fill(page, box, rng)
            if box["kind"] == "digit" and isinstance(value, int) and value >= 0:
                _digit(page, box, value, sum(one["kind"] == "digit" for one in boxes), rng)
            if box["kind"] == "text" and isinstance(value, str):
                _write(page, value, box["x"] + 3, box["y"] + 7)
    return [_taken(page, rng) for page in pages]


def _rendered(page: pypdfium2.PdfPage) -> Picture:
    shown: Picture = page.render(scale=_DOTS * 25.4 / 72, grayscale=True).to_numpy().copy()
    return shown[:, :, 0] if shown.ndim == 3 else shown


def _cross(page: Picture, box: Mapping[str, Any], rng: np.random.Generator) -> None:
    x, y, w, h = (box[name] for name in ("x", "y", "width", "height"))
    for rising in (False, True):
        shaken = rng.normal(0, 0.35, 4)
        over = rng.uniform(0.2, 1.0)
        begin = (x - over + shaken[0], (y + h + over if rising else y - over) + shaken[1])
        end = (x + w + over + shaken[2], (y - over if rising else y + h + over) + shaken[3])
        _stroke(page, [begin, end], rng)


def _fill(page: Picture, box: Mapping[str, Any], rng: np.random.Generator) -> None:
    x, y, w, h = (box[name] for name in ("x", "y", "width", "height"))
    down = np.linspace(y, y + h, 12)
    points = [(x + (w if turn % 2 else 0) + rng.normal(0, 0.2), at) for turn, at in enumerate(down)]
    _stroke(page, points, rng)


def _stroke(page: Picture, points: Sequence[tuple[float, float]], rng: np.random.Generator) -> None:
    """A pen's line through points in millimetres, bent a little between them."""
    bent = list(_bent(points, rng))
    dots = np.round(np.array(bent) * _DOTS * _SHARP).astype(np.int32)
    cv2.polylines(page, [dots], False, _INK, 3, cv2.LINE_AA, shift=4)


def _bent(
    points: Sequence[tuple[float, float]], rng: np.random.Generator
) -> Iterator[tuple[float, float]]:
    for (x0, y0), (x1, y1) in pairwise(points):
        yield x0, y0
        yield (x0 + x1) / 2 + rng.normal(0, 0.15), (y0 + y1) / 2 + rng.normal(0, 0.15)
    yield points[-1]


def _digit(
    page: Picture, box: Mapping[str, Any], value: int, places: int, rng: np.random.Generator
) -> None:
    shown = str(value).rjust(places)[box["code"]]
    down = box["y"] + box["height"] - 1.4 + rng.normal(0, 0.2)
    _write(page, shown, box["x"] + 1.6 + rng.normal(0, 0.2), down)


def _write(page: Picture, words: str, x: float, y: float) -> None:
    at = (round(x * _DOTS), round(y * _DOTS))
    # This alphabet has no letters beyond ASCII: the demo's words have none either.
    cv2.putText(page, words, at, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, _LETTER, _INK, 2, cv2.LINE_AA)


def _taken(page: Picture, rng: np.random.Generator) -> bytes:
    """A page as a scanner takes it: turned a little, grey, with noise."""
    height, width = page.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-_ASKEW, _ASKEW), 1)
    turned = cv2.warpAffine(page, turn, (width, height), borderValue=(255,))
    noisy = turned * (_PAPER / 255) + rng.normal(0, 2.5, turned.shape)
    _, jpeg = cv2.imencode(".jpg", np.clip(noisy, 0, 255).astype(np.uint8))
    return jpeg.tobytes()
