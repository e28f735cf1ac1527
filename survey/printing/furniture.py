"""What lies in the same place on every page of every sheet, in millimetres from the upper left.

The template draws it; scanning finds a page by it before it knows which page it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WIDTH, HEIGHT = 210.0, 297.0
MARK_SIZE = 8.0
_NEAR, _FAR_X, _FAR_Y = 7.0, 195.0, 282.0

# ArUco 4x4 numbers 0 to 3, clockwise from the upper left corner.
MARKS: tuple[Mapping[str, Any], ...] = tuple(
    {"id": number, "x": x, "y": y, "size": MARK_SIZE}
    for number, (x, y) in enumerate(
        [(_NEAR, _NEAR), (_FAR_X, _NEAR), (_FAR_X, _FAR_Y), (_NEAR, _FAR_Y)]
    )
)
CODE: Mapping[str, float] = {"x": 177.0, "y": 4.5, "size": 14.0}
