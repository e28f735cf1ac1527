"""A page laid flat and upright, at eight dots a millimetre, and the ink on it that was not printed.

The corner marks straighten a page as a plane. Paper bends, and feeders stretch: so the print itself
is compared with the blank page, tile by tile, and each tile is moved to where it belongs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from survey.printing.furniture import HEIGHT, MARKS, WIDTH
from survey.scanning.finding import Homography, Picture

DOTS = 8  # a millimetre
SIZE = (round(WIDTH * DOTS), round(HEIGHT * DOTS))

_ROUGH = 4  # dots a millimetre, to compare tiles
_TILES = (8, 11)  # across, down: 26 millimetres each
_REACH = 2.5  # millimetres that a tile may lie off
_PRINTED = 12.0  # spread of a tile's darkness that makes it worth comparing
_ALIKE = 0.45  # correlation below which a tile is not believed
_LEAST_ALIKE = 0.7  # share of the printed tiles, or the page is not the one that its code says
_AROUND_PRINT = 7  # dots across: print hides what lies within a third of a millimetre


@dataclass(frozen=True)
class Blank:
    """A printed page that nobody has written on, as the typesetter made it: 8-bit grey."""

    page: Picture

    @classmethod
    def of(cls, rendered: Picture) -> Blank:
        """From a page rendered at any number of dots."""
        return cls(_eight_bit(cv2.resize(rendered, SIZE, interpolation=cv2.INTER_AREA)))

    @cached_property
    def darkness(self) -> Picture:
        return darkness(self.page, 0)

    @cached_property
    def rough(self) -> Picture:
        return _rough_darkness(_smaller(self.page))

    @cached_property
    def hides(self) -> Picture:
        """Darkness of the print, and of a hair's breadth around it."""
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_AROUND_PRINT, _AROUND_PRINT))
        return _eight_bit(cv2.dilate(self.darkness, kernel))


@dataclass(frozen=True)
class Straight:
    """A page laid flat: as it looks, how dark, and what was added to the print; 8-bit each."""

    page: Picture
    darkness: Picture
    added: Picture
    noise: float  # spread of the darkness of plain paper
    alike: float  # 0..1, the median correlation with the blank page


class NotThatPageError(Exception):
    """The picture does not look like the blank page that its code names."""


def straighten(picture: Picture, to_picture: Homography, blank: Blank) -> Straight:
    """Lay a found page flat on its blank. Raises NotThatPageError."""
    moves, alike = _moves(picture, to_picture, blank)
    page = _laid_flat(picture, to_picture, moves)
    dark = darkness(page, _black(page))
    soft = cv2.blur(dark, (3, 3))
    added = _eight_bit(cv2.subtract(soft, blank.hides))
    plain = added[blank.hides == 0][::7]
    noise = float(np.percentile(plain, 84)) if plain.size else 0.0
    return Straight(page, dark, added, noise, alike)


def darkness(page: Picture, black: int) -> Picture:
    """How much darker than the paper around it, 0 to 255 for ink as black as the marks."""
    small = cv2.resize(page, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    wide = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (11, 11))
    paper = cv2.blur(cv2.morphologyEx(cv2.medianBlur(small, 3), cv2.MORPH_CLOSE, wide), (9, 9))
    light = cv2.resize(paper, page.shape[::-1], interpolation=cv2.INTER_LINEAR)
    fallen = cv2.subtract(light, page)
    room = cv2.max(cv2.subtract(light, np.full_like(light, black)), np.full_like(light, 40))
    return _eight_bit(cv2.divide(fallen, room, scale=255))


def _black(page: Picture) -> int:
    """How dark the marks are, their frames at least, in the middle of the four."""
    levels = []
    for mark in MARKS:
        x, y, size = (round(mark[name] * DOTS) for name in ("x", "y", "size"))
        levels.append(float(np.percentile(page[y : y + size, x : x + size], 20)))
    return round(float(np.median(levels)))


def _moves(
    picture: Picture, to_picture: Homography, blank: Blank
) -> tuple[NDArray[np.float32], float]:
    """How far each tile lies off, in millimetres across and down; and how alike they are."""
    scale = np.diag([1 / _ROUGH, 1 / _ROUGH, 1.0])
    size = (round(WIDTH * _ROUGH), round(HEIGHT * _ROUGH))
    rough = cv2.warpPerspective(
        picture, to_picture @ scale, size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    dark = _rough_darkness(_eight_bit(rough))
    reach = round(_REACH * _ROUGH)
    framed = cv2.copyMakeBorder(dark, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=0)
    across, down = _TILES
    moves = np.zeros((down, across, 2), dtype=np.float32)
    weights = np.zeros((down, across), dtype=np.float32)
    compared = 0
    for row in range(down):
        for column in range(across):
            left, right = (size[0] * one // across for one in (column, column + 1))
            top, bottom = (size[1] * one // down for one in (row, row + 1))
            tile = blank.rough[top:bottom, left:right]
            if float(tile.std()) < _PRINTED:
                continue
            compared += 1
            window = framed[top : bottom + 2 * reach, left : right + 2 * reach]
            alike, move = _best(_eight_bit(window), tile, reach)
            if alike >= _ALIKE:
                moves[row, column], weights[row, column] = move, alike
    believed = weights > 0
    if int(believed.sum()) < max(_LEAST_ALIKE * compared, 1):
        raise NotThatPageError
    return _evened(moves, weights), float(np.median(weights[believed]))


def _best(window: Picture, tile: Picture, reach: int) -> tuple[float, tuple[float, float]]:
    """Where a tile fits best, to a fraction of a dot."""
    fit = np.asarray(cv2.matchTemplate(window, tile, cv2.TM_CCOEFF_NORMED), dtype=np.float32)
    _, best, _, (x, y) = cv2.minMaxLoc(fit)
    dx = _vertex(fit[y, x - 1 : x + 2]) if 0 < x < fit.shape[1] - 1 else 0.0
    dy = _vertex(fit[y - 1 : y + 2, x]) if 0 < y < fit.shape[0] - 1 else 0.0
    return float(best), ((x + dx - reach) / _ROUGH, (y + dy - reach) / _ROUGH)


def _vertex(three: NDArray[np.float32]) -> float:
    """The top of a parabola through three points at -1, 0, 1."""
    before, here, after = (float(one) for one in three)
    bend = before - 2 * here + after
    return 0.0 if bend >= 0 else float(np.clip((before - after) / (2 * bend), -0.5, 0.5))


def _evened(moves: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Moves without those that no neighbour shares, the gaps filled from around."""
    middle = np.median(moves[weights > 0], axis=0)
    for _ in range(2):
        near = _spread(moves, weights, 1.5, middle)
        off = np.abs(moves - near).max(axis=2)
        weights = np.where(off > 0.8, 0, weights).astype(np.float32)
    return _spread(moves, weights, 0.6, middle)


def _spread(
    moves: NDArray[np.float32],
    weights: NDArray[np.float32],
    sigma: float,
    middle: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Each tile's move as the mean around it; what all share where nothing is near."""
    faint = np.float32(1e-3)
    total = cv2.GaussianBlur(weights, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT) + faint
    summed = [
        cv2.GaussianBlur(moves[:, :, axis] * weights, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
        + faint * middle[axis]
        for axis in (0, 1)
    ]
    return np.stack([one / total for one in summed], axis=2).astype(np.float32)


def _laid_flat(picture: Picture, to_picture: Homography, moves: NDArray[np.float32]) -> Picture:
    """Each dot of the page from where it lies in the picture: by a grid, and straight between."""
    width, height = SIZE
    xs = (np.arange(width // 16) + 0.5) * 16 / DOTS
    ys = (np.arange(-(-height // 16)) + 0.5) * (height / -(-height // 16)) / DOTS
    grid = np.stack(np.meshgrid(xs, ys), axis=2).astype(np.float32)
    grid += cv2.resize(moves, (len(xs), len(ys)), interpolation=cv2.INTER_LINEAR)
    places = cv2.perspectiveTransform(grid.reshape(-1, 1, 2), to_picture).reshape(grid.shape)
    lookup = cv2.resize(places.astype(np.float32), SIZE, interpolation=cv2.INTER_LINEAR)
    across, down = cv2.split(lookup)
    return _eight_bit(
        cv2.remap(picture, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    )


def _rough_darkness(page: Picture) -> Picture:
    """Darkness of a page at four dots a millimetre, for comparing only."""
    wide = cv2.getStructuringElement(cv2.MORPH_RECT, (21, 21))
    return _eight_bit(cv2.morphologyEx(page, cv2.MORPH_BLACKHAT, wide))


def _smaller(page: Picture) -> Picture:
    return _eight_bit(
        cv2.resize(page, None, fx=_ROUGH / DOTS, fy=_ROUGH / DOTS, interpolation=cv2.INTER_AREA)
    )


def _eight_bit(picture: object) -> Picture:
    return np.asarray(picture, dtype=np.uint8)
