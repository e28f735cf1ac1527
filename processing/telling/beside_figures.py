"""Means of a place on 0–100, each beside that of all, for a page and for a phone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from .figures import (
    LINE,
    NARROW,
    SENTENCE,
    WIDE,
    Scale,
    label_above,
    label_at,
    label_width,
    line_across,
    mark,
    svg,
    upright,
)

_TICKS = (0, 25, 50, 75, 100)


@dataclass(frozen=True)
class Beside:
    """A mean of ours with its interval, and that of all, on 0–100."""

    label: str
    ours: tuple[float, float, float]
    theirs: float | None
    said: str
    n: str


def besides(rows: Sequence[Beside], said: str, write: Callable[[float], str]) -> tuple[str, str]:
    """The same drawing for a page and for a phone, rows in the order given."""
    return _wide(rows, said, write), _narrow(rows, said, write)


def _wide(rows: Sequence[Beside], said: str, write: Callable[[float], str]) -> str:
    left = label_width([row.label for row in rows])
    right = left + min(WIDE - left - 120, 400)
    bottom = LINE * len(rows) + 4
    scale = Scale(0, 100, left, right)
    parts = [upright(scale(t), bottom, write(t), dashed=False) for t in _TICKS]
    for index, row in enumerate(rows):
        y = 20 + LINE * index
        parts += [*label_at(row.label, y), *_means(row, y, scale)]
        parts.append(
            f'<text class="strong end" x="{right + 50:g}" y="{y + 5}">{escape(row.said)}</text>'
            f'<text class="quiet end" x="{right + 110:g}" y="{y + 5}">{escape(row.n)}</text>'
        )
    return svg(right + 120, bottom + 26, said, parts)


def _narrow(rows: Sequence[Beside], said: str, write: Callable[[float], str]) -> str:
    """Each label above its line; how many answered stands in the table."""
    scale = Scale(0, 100, 8, NARROW - 8)
    y, drawn = 16.0, []
    for row in rows:
        value = f'<tspan class="strong">{escape(row.said)}</tspan>'
        parts, height = label_above(row.label, value, row.said, y)
        drawn += [*parts, *_means(row, y + height + 3, scale)]
        y += height + 12 + SENTENCE + 5
    bottom = y - SENTENCE
    ruled = [upright(scale(t), bottom, write(t), dashed=False) for t in _TICKS]
    return svg(NARROW, bottom + 26, said, [*ruled, *drawn])


def _means(row: Beside, y: float, scale: Scale) -> list[str]:
    mean, low, high = row.ours
    parts = [
        line_across(scale(max(low, 0)), scale(min(high, 100)), y, "paint-line", 4),
        mark(scale(mean), y, painted=True),
    ]
    if row.theirs is not None:
        parts.append(mark(scale(row.theirs), y + 9, painted=False, size=8))
    return parts
