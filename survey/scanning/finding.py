"""Which page of which sheet a picture shows, and how it lies there.

The four corner marks say how the page lies, whatever its rotation; the code is then read from where
it must be, enlarged and upright. Where marks are hidden the code is looked for in the whole picture,
and its corners stand in for what is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from survey.printing.furniture import CODE, MARKS

Picture = NDArray[np.uint8]
Points = NDArray[np.float32]  # n x 2
Homography = NDArray[np.float64]  # 3 x 3

_SAYS = re.compile(r"BP:(\d{2,18}):(\d{1,2})/(\d{1,2}):([0-9A-F]{10})")
_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_LOOKED_AT = 1800  # dots of the longer side: marks of 8 mm are then 30 to 48
_ENLARGED = 14  # dots a millimetre of the code that is read: 8 a module
_ROUND_CODE = 3.0  # millimetres of paper around it
_LEAST_SEEN = 2  # squares, of four corners each
_CLOSE = 6.0  # dots that a mark's corner may lie off where the other marks say


@dataclass(frozen=True)
class PageCode:
    """What a page's code says."""

    serial: str
    page: int
    pages: int
    layout: str


@dataclass(frozen=True)
class Found:
    """A picture, and how a page lies in it: millimetres of the paper to dots of the picture."""

    code: PageCode | None
    to_picture: Homography | None
    marks: int  # corner marks seen, 0 to 4
    several: bool = False  # marks of more than one page


def find_page(picture: Picture) -> Found:
    """Find the page in an 8-bit grey picture."""
    marks, several = _marks(picture)
    if several:
        return Found(None, None, len(marks), several=True)
    to_picture = _lies(marks)
    if to_picture is not None:
        for enlarged in _enlarged(picture, to_picture):
            upright = _said(zxingcpp.read_barcodes(enlarged, formats=_QR))
            if upright is not None:
                return Found(upright[0], to_picture, len(marks))
    read = _said(zxingcpp.read_barcodes(picture, formats=_QR))
    if read is None:
        return Found(None, to_picture, len(marks))
    code, corners = read
    if to_picture is None:
        to_picture = _lies(marks, corners)
    return Found(code, to_picture, len(marks))


def page_code(text: str) -> PageCode | None:
    """A code's text, where it is one of ours."""
    found = _SAYS.fullmatch(text)
    if found is None:
        return None
    serial, page, pages, layout = found.groups()
    return PageCode(serial, int(page), int(pages), layout)


def _marks(picture: Picture) -> tuple[Mapping[int, Points], bool]:
    """The corners of each mark seen, clockwise from its upper left; and whether any came twice."""
    factor = min(1.0, _LOOKED_AT / max(picture.shape))
    small = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    asked = cv2.aruco.DetectorParameters()
    asked.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    asked.adaptiveThreshWinSizeMin = asked.adaptiveThreshWinSizeMax = 33
    asked.minMarkerPerimeterRate = 0.03
    detector = cv2.aruco.ArucoDetector(
        cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50), asked
    )
    corners, ids, _ = detector.detectMarkers(small)
    seen = [] if ids is None else [int(one) for one in ids.ravel()]
    ours = [(number, at) for number, at in zip(seen, corners, strict=True) if number < len(MARKS)]
    marks = {number: at.reshape(4, 2).astype(np.float32) / factor for number, at in ours}
    return marks, len(ours) > len(marks)


def _lies(marks: Mapping[int, Points], code: Points | None = None) -> Homography | None:
    """How the page lies, from two marks, or from one and the code's corners.

    Two are few where a camera looks aslant; then the print is not where it should be, and told so.
    """
    paper = [_square(MARKS[number]) for number in marks]
    seen = list(marks.values())
    if code is not None:
        paper.append(_square(CODE))
        seen.append(code)
    if len(seen) < _LEAST_SEEN:
        return None
    found, _ = cv2.findHomography(np.concatenate(paper), np.concatenate(seen), cv2.RANSAC, _CLOSE)
    return None if found is None else np.asarray(found, dtype=np.float64)


def _square(place: Mapping[str, Any]) -> Points:
    x, y, size = place["x"], place["y"], place["size"]
    return np.array([(x, y), (x + size, y), (x + size, y + size), (x, y + size)], dtype=np.float32)


def _enlarged(picture: Picture, to_picture: Homography) -> Iterator[Picture]:
    """The code upright, as it is and then with what blur took put back."""
    side = round((CODE["size"] + 2 * _ROUND_CODE) * _ENLARGED)
    left, top = CODE["x"] - _ROUND_CODE, max(CODE["y"] - _ROUND_CODE, 0.0)
    from_dots = np.array([[1 / _ENLARGED, 0, left], [0, 1 / _ENLARGED, top], [0, 0, 1]])
    area = cv2.warpPerspective(
        picture, to_picture @ from_dots, (side, side),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, borderValue=255,
    )  # fmt: skip
    yield np.asarray(area, dtype=np.uint8)
    soft = cv2.GaussianBlur(area, (0, 0), _ENLARGED * 0.3)
    yield np.asarray(cv2.addWeighted(area, 2.5, soft, -1.5, 0), dtype=np.uint8)
    even = cv2.createCLAHE(3.0, (4, 4)).apply(soft)
    yield np.asarray(cv2.threshold(even, 0, 255, cv2.THRESH_OTSU)[1], dtype=np.uint8)


def _said(read: list[Any]) -> tuple[PageCode, Points] | None:
    """The one code that is ours, and its corners; nothing where there are two."""
    ours = [(page_code(one.text), one.position) for one in read]
    named = [(code, at) for code, at in ours if code is not None]
    if len({code for code, _ in named}) != 1:
        return None
    code, at = named[0]
    corners = [at.top_left, at.top_right, at.bottom_right, at.bottom_left]
    return code, np.array([(corner.x, corner.y) for corner in corners], dtype=np.float32)
