"""Estimates with their intervals, one below the other, for a page and for a phone."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from .figures import (
    LABEL,
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
    steps,
    svg,
    ticks,
    upright,
)

ABOUT = 52  # half of what the name of a value takes below its line
VALUE, GAP = 62, 12  # what the value takes right of the scale, and from it to the interval


@dataclass(frozen=True)
class Estimate:
    """A row of a forest: NaN is what nothing is known of, an infinite end one that is open."""

    label: str
    value: float
    low: float
    high: float
    painted: bool
    said: str  # the value and interval in words
    strong: str = ""


def forests(
    rows: Sequence[Estimate],
    said: str,
    write: Callable[[float], str],
    *,
    about: float = 0.0,
    about_said: str = "",
) -> tuple[str, str]:
    """The same forest for a page and for a phone, about zero or another value that is named."""
    return (
        forest(rows, said, write, about=about, about_said=about_said),
        narrow_forest(rows, said, write, about=about, about_said=about_said),
    )


def forest(
    rows: Sequence[Estimate],
    said: str,
    write: Callable[[float], str],
    *,
    about: float = 0.0,
    about_said: str = "",
) -> str:
    """Labels, intervals and, in figures, the value and its interval; it fits a desk's column."""
    left = label_width([row.label for row in rows])
    words = VALUE + GAP + LABEL * max(len(row.said) for row in rows)
    right = left + min(max(WIDE - left - words, 160), 340)
    places, end = middles([row.label for row in rows])
    height = end + 27
    low, high, step = _reach(rows, about)
    scale = Scale(low, high, left, right)
    parts = _axis(scale, step, height - 26, write, about, about_said)
    for row, y in zip(rows, places, strict=True):
        parts += label_at(row.label, y)
        parts += _interval(row, y, scale)
        parts.append(
            f'<text class="strong end" x="{right + VALUE:g}" y="{y + 5}">{escape(row.strong)}</text>'
            f'<text class="quiet" x="{right + VALUE + GAP:g}" y="{y + 5}">{escape(row.said)}</text>'
        )
    return svg(right + words, height, said, parts)


def narrow_forest(
    rows: Sequence[Estimate],
    said: str,
    write: Callable[[float], str],
    *,
    about: float = 0.0,
    about_said: str = "",
) -> str:
    """A forest whose labels stand above their lines, so that it fits a phone."""
    low, high, step = _reach(rows, about)
    scale = Scale(low, high, 14, NARROW - 14)
    y, drawn = 16.0, []
    for row in rows:
        value = f'<tspan class="strong">{escape(row.strong)}</tspan> {escape(row.said)}'
        parts, height = label_above(row.label, value, row.strong + row.said, y)
        drawn += [*parts, *_interval(row, y + height + 5, scale)]
        y += height + 5 + 2 * SENTENCE
    bottom = y - SENTENCE
    return svg(
        NARROW, bottom + 26, said, [*_axis(scale, step, bottom, write, about, about_said), *drawn]
    )


def _reach(rows: Sequence[Estimate], about: float) -> tuple[float, float, float]:
    """Where the scale begins and ends, and its step: all ends that are known, and what they are about."""
    ends = [v for row in rows for v in (row.value, row.low, row.high) if math.isfinite(v)]
    return ticks(min([*ends, about]), max([*ends, about]))


def _axis(
    scale: Scale,
    step: float,
    bottom: float,
    write: Callable[[float], str],
    about: float,
    about_said: str,
) -> list[str]:
    """Upright lines at round figures, the one that all is held against dashed."""
    parts = []
    for t in steps(scale.low, scale.high, step):
        if math.isclose(t, about, abs_tol=1e-9):
            continue
        # Figures beside the named one would be written over it.
        near = about_said and abs(scale(t) - scale(about)) < ABOUT
        parts.append(upright(scale(t), bottom, "" if near else write(t), dashed=False))
    return [*parts, upright(scale(about), bottom, about_said or write(about), dashed=True)]


def _interval(row: Estimate, y: float, scale: Scale) -> list[str]:
    """A row's line and mark; an end that is open runs out into an arrow at the edge."""
    parts = []
    if not (math.isnan(row.low) or math.isnan(row.high)):
        kind, weight = ("paint-line", 4) if row.painted else ("ink-line", 2)
        a, b = max(scale(row.low), scale.first), min(scale(row.high), scale.last)
        parts.append(line_across(a, b, y, kind, weight))
        for end, x, way in ((row.low, a, 7), (row.high, b, -7)):
            if math.isinf(end):
                parts.append(
                    f'<path class="{kind}" d="M{x + way:.1f} {y - 5:g}L{x:.1f} {y:g}L{x + way:.1f} {y + 5:g}"/>'
                )
    if math.isfinite(row.value):
        parts.append(mark(scale(row.value), y, painted=row.painted))
    return parts
