"""Shares of those who answered beside those of the registers, before and after weighting."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from .figures import (
    NARROW,
    WIDE,
    Scale,
    label_above,
    label_at,
    label_width,
    line_across,
    mark,
    middles,
    steps,
    svg,
    ticks,
)

_COLUMNS = 130  # of what is said to the right


@dataclass(frozen=True)
class Brought:
    """A category: its share before (NaN: too few answered) and in the registers, in percent, and in words."""

    label: str
    before: float
    register: float
    said: str


def brought(rows: Sequence[Brought], said: str, write: Callable[[float], str]) -> tuple[str, str]:
    """The drawing for a page and for a phone: from a hollow ring to a painted square."""
    known = [v for row in rows for v in (row.before, row.register) if math.isfinite(v)]
    low, high, step = ticks(0.0, max(known))
    return (
        _wide(rows, said, write, (low, high, step)),
        _narrow(rows, said, write, (low, high, step)),
    )


def _wide(
    rows: Sequence[Brought], said: str, write: Callable[[float], str],
    reach: tuple[float, float, float],
) -> str:  # fmt: skip
    scale = Scale(*reach[:2], label_width([row.label for row in rows]), WIDE - _COLUMNS)
    places, end = middles([row.label for row in rows])
    bottom = end + 1
    parts = _lines(scale, reach[2], bottom, write)
    for row, y in zip(rows, places, strict=True):
        parts += label_at(row.label, y)
        parts += _moved(row, y, scale)
        parts.append(f'<text class="quiet end" x="{WIDE}" y="{y + 5}">{escape(row.said)}</text>')
    return svg(WIDE, bottom + 26, said, parts)


def _narrow(
    rows: Sequence[Brought], said: str, write: Callable[[float], str],
    reach: tuple[float, float, float],
) -> str:  # fmt: skip
    scale = Scale(*reach[:2], 16, NARROW - 16)
    drawn: list[str] = []
    y = 16.0
    for row in rows:
        beside = f'<tspan class="quiet">{escape(row.said)}</tspan>'
        label, height = label_above(row.label, beside, row.said, y)
        drawn += [*label, *_moved(row, y + height, scale)]
        y += height + 28
    bottom = y - 12
    return svg(NARROW, bottom + 26, said, [*_lines(scale, reach[2], bottom, write), *drawn])


def _lines(scale: Scale, step: float, bottom: float, write: Callable[[float], str]) -> list[str]:
    return [
        f'<path class="rule" d="M{scale(t):.1f} 0V{bottom}"/>'
        f'<text class="quiet middle" x="{scale(t):.1f}" y="{bottom + 20}">{write(t)}</text>'
        for t in steps(scale.low, scale.high, step)
    ]


def _moved(row: Brought, y: float, scale: Scale) -> list[str]:
    register = scale(row.register)
    if not math.isfinite(row.before):
        return [mark(register, y, painted=True)]
    before = scale(row.before)
    return [
        line_across(before, register, y, "ink-line thin", 0),
        mark(register, y, painted=True),
        mark(before, y, painted=False, size=9),
    ]
