"""Means of a place on 0–100, each beside that of all, for a page and for a phone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from .figures import (
    NARROW,
    SENTENCE,
    WIDE,
    Scale,
    label_above,
    label_at,
    label_width,
    line_across,
    mark,
    middles,
    svg,
    upright,
)

_TICKS = (0, 25, 50, 75, 100)
_COLUMNS = 134  # of the mean and its answers, to the right of the drawing


@dataclass(frozen=True)
class Beside:
    """A mean of ours with its interval, and that of all, on 0–100."""

    label: str
    ours: tuple[float, float, float]
    theirs: float | None
    said: str
    answers: str
    """How many, with the word for it."""


def besides(rows: Sequence[Beside], said: str, write: Callable[[float], str]) -> tuple[str, str]:
    """The same drawing for a page and for a phone, rows in the order given."""
    return _wide(rows, said, write), _narrow(rows, said, write)


def _wide(rows: Sequence[Beside], said: str, write: Callable[[float], str]) -> str:
    left = label_width([row.label for row in rows])
    right = left + min(WIDE - left - _COLUMNS, 400)
    places, end = middles([row.label for row in rows])
    bottom = end + 1
    scale = Scale(0, 100, left, right)
    parts = [upright(scale(t), bottom, write(t), dashed=False) for t in _TICKS]
    for row, y in zip(rows, places, strict=True):
        parts += [*label_at(row.label, y), *_means(row, y, scale)]
        parts.append(
            f'<text class="strong end" x="{right + 50:g}" y="{y + 5}">{escape(row.said)}</text>'
            f'<text class="quiet end" x="{right + _COLUMNS - 6:g}" y="{y + 5}">{escape(row.answers)}</text>'
        )
    return svg(right + _COLUMNS, bottom + 26, said, parts)


def _narrow(rows: Sequence[Beside], said: str, write: Callable[[float], str]) -> str:
    """Each label above its line, with the mean and how many answered at its end."""
    scale = Scale(0, 100, 8, NARROW - 8)
    y, drawn = 16.0, []
    for row in rows:
        value = (
            f'<tspan class="strong">{escape(row.said)}</tspan>'
            f'<tspan class="quiet" dx="8">{escape(row.answers)}</tspan>'
        )
        parts, height = label_above(row.label, value, f"{row.said}  {row.answers}", y)
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
