"""The picture that is kept of a page, and the strip of it that shows one question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from survey.printing.furniture import WIDTH
from survey.scanning.libraries import needs_libraries

KEPT_DOTS = 6  # a millimetre
_SIDE = 12.0  # millimetres at the left and right that hold no question
_ABOVE, _BELOW = 4.0, 3.0
_LEAST = 12.0  # millimetres: a strip lower than this shows too little of its question


def strip(picture: bytes, boxes: Sequence[Mapping[str, Any]]) -> bytes:
    """The strip of a straightened page on which these boxes lie, as JPEG.

    Across the whole page, since the question stands beside its boxes. Raises
    MissingLibrariesError.
    """
    needs_libraries()
    import cv2  # noqa: PLC0415 - not needed by an installation that scans nothing
    import numpy as np  # noqa: PLC0415

    page = cv2.imdecode(np.frombuffer(picture, dtype=np.uint8), cv2.IMREAD_GRAYSCALE)
    if page is None:
        raise ValueError("The picture kept of a page is no JPEG.")
    top = min(box["y"] for box in boxes) - _ABOVE
    bottom = max(box["y"] + box["height"] for box in boxes) + _BELOW
    lacking = max(_LEAST - (bottom - top), 0.0)
    rows = slice(
        max(round((top - lacking / 2) * KEPT_DOTS), 0), round((bottom + lacking / 2) * KEPT_DOTS)
    )
    columns = slice(round(_SIDE * KEPT_DOTS), round((WIDTH - _SIDE) * KEPT_DOTS))
    _, coded = cv2.imencode(".jpg", page[rows, columns], [cv2.IMWRITE_JPEG_QUALITY, 80])
    return coded.tobytes()
