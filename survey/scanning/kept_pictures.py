"""The picture that is kept of a page, and the strip of it that shows one question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from survey.printing.furniture import WIDTH
from survey.scanning.libraries import picture_library

KEPT_DOTS = 6  # a millimetre
_SIDE = 12.0  # millimetres at the left and right that hold no question
_ABOVE, _BELOW = 4.0, 3.0
_CODES = 5.0  # millimetres above a grid's row, for its codes
_MOST_IN_WORDS = 4  # boxes in one row whose answers may stand beside them
_LEAST = 12.0  # millimetres: a strip lower than this shows too little of its question


def strip(
    picture: bytes,
    boxes: Sequence[Mapping[str, Any]],
    *,
    answers_alone: bool = False,
    from_right: bool = False,
) -> bytes:
    """The strip of a straightened page on which these boxes lie, as JPEG.

    Across the whole page, since the question stands beside its boxes; `answers_alone` leaves the
    question out, for a narrow screen; `from_right` says that it stands at the right. In a row of boxes of a grid, whose heads are out of sight, the
    codes are written above them: sheets that run from the right count from there. Raises
    MissingLibrariesError.
    """
    cv2 = picture_library()
    import numpy as np  # noqa: PLC0415 - as little needed without

    page = cv2.imdecode(np.frombuffer(picture, dtype=np.uint8), cv2.IMREAD_GRAYSCALE)
    if page is None:
        raise ValueError("The picture kept of a page is no JPEG.")
    top = min(box["y"] for box in boxes) - _ABOVE
    bottom = max(box["y"] + box["height"] for box in boxes) + _BELOW
    lacking = max(_LEAST - (bottom - top), 0.0)
    rows = slice(
        max(round((top - lacking / 2) * KEPT_DOTS), 0), round((bottom + lacking / 2) * KEPT_DOTS)
    )
    left, right = _across(boxes, from_right) if answers_alone else (_SIDE, WIDTH - _SIDE)
    shown = page[rows, round(left * KEPT_DOTS) : round(right * KEPT_DOTS)]
    if row := _row_of_codes(boxes):
        shown = cv2.copyMakeBorder(
            shown, round(_CODES * KEPT_DOTS), 0, 0, 0, cv2.BORDER_CONSTANT, value=255
        )
        for box in row:
            middle = box["x"] + box["width"] / 2 - left
            at = (round((middle - 1.0) * KEPT_DOTS), round((_CODES - 0.8) * KEPT_DOTS))
            font = cv2.FONT_HERSHEY_SIMPLEX
            cv2.putText(shown, str(box["code"]), at, font, 0.6, 0, 2, cv2.LINE_AA)
    _, coded = cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, 80])
    return bytes(coded.tobytes())


def _row_of_codes(boxes: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The boxes of a grid's row that answer; none where answers stand in words beside their boxes."""
    coded = [box for box in boxes if box["kind"] == "tick" and box["code"] >= 0]
    return coded if _is_row(coded) else []


def heads_out_of_sight(boxes: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the strip of these boxes is a grid's row: of the answers apart, nothing says which is which."""
    return bool(_row_of_codes(boxes)) and any(
        box["kind"] == "tick" and box["code"] < 0 for box in boxes
    )


def _is_row(boxes: Sequence[Mapping[str, Any]]) -> bool:
    return len(boxes) > _MOST_IN_WORDS and len({box["y"] for box in boxes}) == 1


def _across(boxes: Sequence[Mapping[str, Any]], from_right: bool) -> tuple[float, float]:
    """From where to where the answers reach: boxes in words run on to the page's far side."""
    left = min(box["x"] for box in boxes) - _ABOVE
    right = max(box["x"] + box["width"] for box in boxes) + _ABOVE
    if _is_row(boxes):
        return left, right
    return (_SIDE, right) if from_right else (left, WIDTH - _SIDE)
