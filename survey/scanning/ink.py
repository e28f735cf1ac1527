"""What is in and around one box: nothing, a mark, a box filled, a ring, or something to look at.

Each state comes with a confidence from 0 to 1: how far the ink is from what would be something
else. It is a distance, not a probability; what is below `SURE` goes to a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from survey.scanning.straightening import DOTS, Straight

SURE = 0.9

_FAINTEST = 0.11  # darkness below which nothing is ink
_NOISES = 4.0  # and no less than so many times the noise of plain paper
_FRAME = 0.55  # millimetres inside a box's edge that its frame may cover
_AROUND = (0.5, 2.4)  # millimetres outside a box's edge where a ring round it lies
_BESIDE = 1.7  # millimetres outside it where ink is its own matter, and not the next question's
_SECTORS = 24
_RING = 0.75  # share of the directions in which a ring has ink
_TOUCHED = 0.03  # share of a box's inside that is ink, where a line begins or ends in it
_SPECK_SPAN, _SPECK_COVER = 0.4, 0.1  # of a box's inside: less than the shortest line
_SPECK = 0.12  # square millimetres: dust, and the grain of pencil


class State(StrEnum):
    EMPTY = "empty"
    MARKED = "marked"  # a cross, a tick, a line
    FILLED = "filled"  # what the sheet asks for where a cross was wrong
    RINGED = "ringed"  # nothing in it, a ring around it
    RINGED_MARK = "ringed mark"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Box:
    """What one box of a layout holds."""

    state: State
    confidence: float  # 0..1
    darkness: float  # 0..1, of the ink in it
    beside: bool  # ink close to it that comes out of no box
    speck: bool = False  # what is in it is no more than a pen put down


@dataclass(frozen=True)
class _Ink:
    """What was measured in and around a box."""

    cover: float  # share of the inside that is ink
    span: float  # its reach, as a share of the side, in the direction where it is longer
    full: float  # share of the inside that is half as dark as its darkest: what blur adds apart
    darkness: float  # 0..1
    beyond: float  # how far, in box sides, its lines go on outside the box
    shared: bool  # its lines run into another box too
    ring: float  # share of the directions in which there is ink around the box
    beside: float  # square millimetres of ink around it that comes out of no box


class PageInk:
    """The ink of one straightened page, its lines told apart."""

    def __init__(
        self, straight: Straight, boxes: Sequence[Mapping[str, Any]], *, faintest: float = _FAINTEST
    ) -> None:
        self._added, self._boxes = straight.added, boxes
        self.threshold = max(faintest * 255, _NOISES * straight.noise)
        ink = (straight.added > self.threshold).astype(np.uint8)
        # What print hides of a line parts it: closed by a little more than a frame is wide.
        bridged = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
        _, self._lines, self._stats, _ = cv2.connectedComponentsWithStats(bridged, connectivity=8)
        # Where a line leaves by a corner the frame hides more, and closing does not reach across.
        joined = cv2.dilate(ink, np.ones((11, 11), np.uint8))
        _, self._joined = cv2.connectedComponents(joined, connectivity=8)
        self.ink = ink
        self._rings: dict[
            tuple[str, int],
            tuple[tuple[slice, slice], NDArray[np.bool_], float, NDArray[np.int32]],
        ] = {}

    def box(self, box: Mapping[str, Any]) -> Box:
        """What a box to be ticked holds."""
        return judged(self._measured(box))

    def amount(self, left: float, top: float, right: float, bottom: float) -> float:
        """Square millimetres of ink between such millimetres of the paper, specks left out."""
        area = self._area(left, top, right, bottom)
        lines = self._lines[area][self.ink[area] > 0]
        if not lines.size:
            return 0.0
        counted = np.bincount(lines)
        sizes = self._stats[: len(counted), cv2.CC_STAT_AREA] / DOTS**2
        return float(counted[sizes >= _SPECK].sum()) / DOTS**2

    @cached_property
    def _owned(self) -> NDArray[np.int32]:
        """The lines that some box explains: they come out of it, or are a ring around it."""
        inside = [self._ring(box)[3] for box in self._boxes]
        for box in self._boxes:
            area = self._inside(box)
            inked = self.ink[area] > 0
            if inked.mean() > _TOUCHED:
                inside.append(np.unique(self._joined[area][inked]))
        return np.unique(np.concatenate(inside)) if inside else np.zeros(0, dtype=np.int32)

    @cached_property
    def _owners(self) -> Mapping[int, set[int]]:
        """Which boxes each line runs into."""
        owners: dict[int, set[int]] = {}
        for place, box in enumerate(self._boxes):
            area = self._inside(box)
            for line in np.unique(self._lines[area][self.ink[area] > 0]):
                owners.setdefault(int(line), set()).add(place)
        return owners

    def _measured(self, box: Mapping[str, Any]) -> _Ink:
        area = self._inside(box)
        inside = self.ink[area].astype(bool)
        here = np.unique(self._lines[area][inside])
        ours = [int(line) for line in here if self._size(int(line)) >= _SPECK]
        inside &= np.isin(self._lines[area], ours)
        cover = float(inside.mean())
        added = self._added[area]
        half = float(np.percentile(added[inside], 85)) / 2 if cover else 0.0
        ring, beside = self._around(box)
        rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
        reach = max((np.ptp(one) + 1 for one in (rows, columns) if one.size), default=0)
        return _Ink(
            cover=cover,
            span=float(reach) / inside.shape[0],
            full=float((added > half).mean()) if cover else 0.0,
            darkness=half * 2 / 255 if cover else 0.0,
            beyond=max((self._beyond(box, line) for line in ours), default=0.0),
            shared=any(len(self._owners[line]) > 1 for line in ours),
            ring=ring,
            beside=beside,
        )

    def _around(self, box: Mapping[str, Any]) -> tuple[float, float]:
        """Share of the directions with ink around a box, and its ink that no box explains."""
        area, ring, touched, _ = self._ring(box)
        stray = ring & self._close(box, area) & ~np.isin(self._joined[area], self._owned)
        return touched, float(stray.sum()) / DOTS**2

    def _ring(
        self, box: Mapping[str, Any]
    ) -> tuple[tuple[slice, slice], NDArray[np.bool_], float, NDArray[np.int32]]:
        """The ink around a box: where, which, in how many directions, and of which lines if a ring."""
        named = (box["column"], box["code"])
        if named not in self._rings:
            x, y, width, height = (box[name] for name in ("x", "y", "width", "height"))
            near, far = _AROUND
            area = self._area(x - far, y - far, x + width + far, y + height + far)
            big = self._stats[:, cv2.CC_STAT_AREA] >= _SPECK * DOTS**2
            ink = self.ink[area].astype(bool) & big[self._lines[area]]
            dx, dy = _from_middle(box, area)
            ring = ink & (_outside(box, dx, dy) > near)
            touched, lines = 0.0, np.zeros(0, dtype=np.int32)
            if ring.any():
                turn = np.arctan2(dy, dx)[ring] / (2 * np.pi) + 0.5
                sectors = np.clip((turn * _SECTORS).astype(int), 0, _SECTORS - 1)
                touched = np.unique(sectors).size / _SECTORS
                if touched >= _RING:
                    lines = np.unique(self._joined[area][ring])
            self._rings[named] = (area, ring, touched, lines)
        return self._rings[named]

    @staticmethod
    def _close(box: Mapping[str, Any], area: tuple[slice, slice]) -> NDArray[np.bool_]:
        return np.asarray(_outside(box, *_from_middle(box, area)) < _BESIDE)

    def _beyond(self, box: Mapping[str, Any], line: int) -> float:
        left, top, width, height, _ = (int(one) for one in self._stats[line])
        side = box["width"] * DOTS
        over = max(
            box["x"] * DOTS - left,
            box["y"] * DOTS - top,
            left + width - (box["x"] + box["width"]) * DOTS,
            top + height - (box["y"] + box["height"]) * DOTS,
        )
        return float(max(over / side, 0.0))

    def _size(self, line: int) -> float:
        return float(self._stats[line, cv2.CC_STAT_AREA]) / DOTS**2

    def _inside(self, box: Mapping[str, Any]) -> tuple[slice, slice]:
        x, y = box["x"] + _FRAME, box["y"] + _FRAME
        width, height = box["width"] - 2 * _FRAME, box["height"] - 2 * _FRAME
        return self._area(x, y, x + width, y + height)

    @staticmethod
    def _area(left: float, top: float, right: float, bottom: float) -> tuple[slice, slice]:
        return (
            slice(max(round(top * DOTS), 0), round(bottom * DOTS)),
            slice(max(round(left * DOTS), 0), round(right * DOTS)),
        )


def _from_middle(
    box: Mapping[str, Any], area: tuple[slice, slice]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far each dot of an area lies from a box's middle, across and down, in millimetres."""
    rows, columns = area
    down = np.arange(rows.start, rows.stop)[:, None] / DOTS - (box["y"] + box["height"] / 2)
    across = np.arange(columns.start, columns.stop)[None, :] / DOTS - (box["x"] + box["width"] / 2)
    dx, dy = np.broadcast_arrays(across, down)
    return dx, dy


def _outside(
    box: Mapping[str, Any], dx: NDArray[np.float64], dy: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How far outside a box's edge, in millimetres; below zero inside."""
    return np.asarray(np.maximum(np.abs(dx) - box["width"] / 2, np.abs(dy) - box["height"] / 2))


def judged(ink: _Ink) -> Box:
    """What the ink in and around a box means."""
    beside = ink.beside > 0.3
    state, confidence = _state(ink)
    speck = 0 < ink.span < _SPECK_SPAN and ink.cover < _SPECK_COVER and not ink.beyond
    return Box(state, round(confidence, 3), round(ink.darkness, 3), beside, speck)


def _state(ink: _Ink) -> tuple[State, float]:
    empty = 1 - _ramp(ink.cover, 0.004, 0.05)
    ringed = _ramp(ink.ring, 0.5, 0.8)
    if empty >= SURE:
        if ringed > 0.2:
            return (State.RINGED, ringed) if ringed >= SURE else (State.UNCLEAR, ringed)
        return State.EMPTY, empty
    whole = _ramp(ink.full, 0.8, 0.92)
    own = (1 - _ramp(ink.beyond, 1.0, 2.0)) * (0.5 if ink.shared else 1.0)
    if whole >= SURE:
        return State.FILLED, min(whole, own) if own < SURE else whole
    mark = min(
        _ramp(ink.span, 0.25, 0.62),
        _ramp(ink.cover, 0.02, 0.075),
        1 - _ramp(ink.full, 0.8, 0.92),
        own,
    )
    if mark < SURE:
        return State.UNCLEAR, mark
    if ringed > 0.5:
        return (State.RINGED_MARK, ringed) if ringed >= SURE else (State.UNCLEAR, ringed)
    return State.MARKED, mark


def _ramp(value: float, low: float, high: float) -> float:
    return float(np.clip((value - low) / (high - low), 0, 1))
