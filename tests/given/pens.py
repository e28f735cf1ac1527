"""How people mark paper, drawn: crosses, ticks, fills, corrections, and what goes beside the box.

Everything is drawn on a layer of ink, 0 where the paper shows and 255 where the pen is black, in
dots of a page at `DOTS` a millimetre. All of it is invented: no resident's hand was looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

DOTS = 300 / 25.4  # a millimetre, at 300 dots an inch


@dataclass(frozen=True)
class Pen:
    width: float  # millimetres
    black: float  # 0..1, how much of the light it takes
    grain: float = 0.0  # 0..1, how much of the paper shows through, as pencil does


BALLPOINT = Pen(0.45, 0.8)
FELT = Pen(0.8, 0.92)
FAINT_BALLPOINT = Pen(0.35, 0.55)
PENCIL = Pen(0.5, 0.55, 0.3)
LIGHT_PENCIL = Pen(0.45, 0.36, 0.35)
PENS = {
    "ballpoint": (BALLPOINT, 0.6),
    "felt": (FELT, 0.1),
    "faint ballpoint": (FAINT_BALLPOINT, 0.1),
    "pencil": (PENCIL, 0.14),
    "light pencil": (LIGHT_PENCIL, 0.06),
}


class Hand:
    """One person's hand on one page of ink."""

    def __init__(self, ink: np.ndarray, pen: Pen, random: np.random.Generator) -> None:
        self.ink, self.pen, self.random = ink, pen, random

    def cross(self, box: dict) -> None:
        left, top, right, bottom = self._sides(box, shaky=0.13, reach=self._reach())
        self.stroke([(left, top), (right, bottom)])
        left, top, right, bottom = self._sides(box, shaky=0.13, reach=self._reach())
        self.stroke([(left, bottom), (right, top)])

    def slash(self, box: dict) -> None:
        left, top, right, bottom = self._sides(box, shaky=0.1, reach=0.05)
        self.stroke([(left, bottom), (right, top)])

    def tick(self, box: dict) -> None:
        x, y, width, height = (box[name] for name in ("x", "y", "width", "height"))
        wobble = self.random.normal(0, 0.06, 6) * width
        out = self.random.uniform(-0.15, 0.5) * width
        self.stroke(
            [
                (x + 0.12 * width + wobble[0], y + 0.5 * height + wobble[1]),
                (x + 0.42 * width + wobble[2], y + 0.86 * height + wobble[3]),
                (x + width + out + wobble[4], y - 0.6 * out + 0.05 * height + wobble[5]),
            ]
        )

    def tick_beside(self, box: dict) -> None:
        """A tick that begins in no box: to the upper right of it, over whatever stands there."""
        aside = self.random.uniform(1.05, 1.3) * box["width"]
        self.tick(box | {"x": box["x"] + aside, "y": box["y"] - 0.3 * box["height"]})

    def fill(self, box: dict) -> None:
        """Scribbled full, as the sheet asks it for a wrong cross: from edge to edge, line on line."""
        x, y, width, height = (box[name] for name in ("x", "y", "width", "height"))
        lines = int(np.ceil(height / (self.pen.width * 0.75))) + 1
        points = []
        for line in range(lines):
            level = y + height * (0.03 + 0.94 * line / (lines - 1))
            side = x + width * (0.03 if line % 2 else 0.97)
            points.append((side + self.random.normal(0, 0.15), level + self.random.normal(0, 0.08)))
        self.stroke(points)
        self.stroke([(px, py + self.pen.width / 2) for px, py in reversed(points)])

    def circle(self, box: dict) -> None:
        centre = np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])
        across = box["width"] * self.random.uniform(0.85, 1.05)
        down = across * self.random.uniform(0.85, 1.0)
        begin = self.random.uniform(0, 2 * np.pi)
        angles = begin + np.linspace(0, 2 * np.pi * self.random.uniform(0.97, 1.1), 40)
        drift = np.linspace(1, self.random.uniform(0.93, 1.07), 40)
        ring = np.stack([across * np.cos(angles) * drift, down * np.sin(angles) * drift], axis=1)
        self.stroke(list(centre + ring))

    def dot(self, box: dict) -> None:
        """The pen put down and lifted again: a speck, no answer."""
        x = box["x"] + self.random.uniform(0.2, 0.8) * box["width"]
        y = box["y"] + self.random.uniform(0.2, 0.8) * box["height"]
        self.stroke([(x, y), (x + 0.05, y + 0.05)])

    def digit(self, box: dict, digit: int) -> None:
        size = box["height"] * DOTS * self.random.uniform(0.55, 0.75)
        scale = size / 22
        at = (
            int((box["x"] + box["width"] * self.random.uniform(0.15, 0.35)) * DOTS),
            int((box["y"] + box["height"] * self.random.uniform(0.78, 0.9)) * DOTS),
        )
        layer = np.zeros_like(self.ink)
        width = max(1, round(self.pen.width * DOTS))
        cv2.putText(layer, str(digit), at, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, width, cv2.LINE_AA)
        self._put(layer, (at[0] - 40, at[1] - 120, at[0] + 120, at[1] + 40))

    def words(self, box: dict, lines: int = 2) -> None:
        """Loops that look like writing."""
        for line in range(lines):
            level = box["y"] + box["height"] * (line + 0.6) / (lines + 0.3)
            reach = box["width"] * self.random.uniform(0.3, 0.85)
            along = np.linspace(0, reach, int(reach * 4))
            height = (
                1.1
                * np.sin(along * 2.6 + self.random.uniform(0, 6))
                * self.random.uniform(0.5, 1.3, len(along))
            )
            xs = box["x"] + 2 + along + 0.8 * np.cos(along * 2.6)
            self.stroke(list(zip(xs, level + height, strict=True)))

    def stroke(self, points: list[tuple[float, float]]) -> None:
        """A line through points in millimetres."""
        dots = np.round(np.array(points) * DOTS * 16).astype(np.int32)
        width = max(1, round(self.pen.width * DOTS * self.random.uniform(0.85, 1.15)))
        low, high = dots.min(axis=0) // 16 - width - 2, dots.max(axis=0) // 16 + width + 3
        low = np.clip(low, 0, None)
        window = self.ink[low[1] : high[1], low[0] : high[0]]
        if not window.size:
            return
        layer = np.zeros_like(window)
        shifted = (dots - low * 16).reshape(-1, 1, 2)
        cv2.polylines(layer, [shifted], isClosed=False, color=255, thickness=width,
                      lineType=cv2.LINE_AA, shift=4)  # fmt: skip
        self._press(window, layer)

    def _put(self, layer: np.ndarray, area: tuple[int, int, int, int]) -> None:
        left, top, right, bottom = np.clip(area, 0, None)
        self._press(self.ink[top:bottom, left:right], layer[top:bottom, left:right])

    def _press(self, window: np.ndarray, layer: np.ndarray) -> None:
        taken = layer.astype(np.float32) * self.pen.black
        if self.pen.grain:
            coarse = self.random.random(((window.shape[0] + 2) // 3, (window.shape[1] + 2) // 3))
            grain = cv2.resize(coarse.astype(np.float32), window.shape[::-1])
            taken *= 1 - self.pen.grain * 2 * np.clip(grain - 0.25, 0, 1)
        np.maximum(window, taken.astype(np.uint8), out=window)

    def _reach(self) -> float:
        """How far a stroke ends inside (below zero) or outside the box, in box sides."""
        return float(np.clip(self.random.normal(-0.02, 0.12), -0.2, 0.35))

    def _sides(self, box: dict, shaky: float, reach: float) -> tuple[float, float, float, float]:
        x, y, width, height = (box[name] for name in ("x", "y", "width", "height"))
        wobble = np.clip(self.random.normal(0, shaky / 2, 4), -shaky, shaky) * width
        return (
            x - reach * width + wobble[0],
            y - reach * height + wobble[1],
            x + (1 + reach) * width + wobble[2],
            y + (1 + reach) * height + wobble[3],
        )
