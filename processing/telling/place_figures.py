"""Places one above the other, each with its mean as measured and, where there is one, as estimated."""

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

_COLUMNS = 200  # of the value, n and λ, to the right of the drawing


@dataclass(frozen=True)
class Place:
    """A place with a measured and an estimated mean; `shown` is false for few answers."""

    label: str
    shown: bool
    measured: tuple[float, float, float] = (0.0, 0.0, 0.0)
    estimated: tuple[float, float, float] = (0.0, 0.0, 0.0)
    n: str = ""
    reliability: str = ""
    unreliable: bool = False

    @property
    def told(self) -> float:
        """The estimate, or what was measured where there is none."""
        return self.estimated[0] if math.isfinite(self.estimated[0]) else self.measured[0]


@dataclass(frozen=True)
class PlaceWords:
    """What a drawing of places says: `write` for its scale, `value` for means, `head` for columns."""

    said: str
    write: Callable[[float], str]
    value: Callable[[float], str]
    few: str
    overall: str
    head: tuple[str, str, str]


def places(rows: Sequence[Place], overall: float, words: PlaceWords) -> tuple[str, str]:
    """The drawing for a page and for a phone, in the order given; `overall` is the mean of all."""
    return _wide(rows, overall, words), _narrow(rows, overall, words)


def _wide(rows: Sequence[Place], overall: float, words: PlaceWords) -> str:
    left = label_width([row.label for row in rows])
    middle, end = middles([row.label for row in rows], top=37)
    right, top, bottom = WIDE - _COLUMNS, 34, end + 7
    scale, step = _scale(rows, overall, left, right)
    parts = _lines(scale, step, overall, words, top, bottom)
    ends = (right + 84, right + 140, right + 196)
    parts += [
        f'<text class="quiet end" x="{x}" y="26">{escape(word)}</text>'
        for x, word in zip(ends, words.head, strict=True)
    ]
    for row, at in zip(rows, middle, strict=True):
        y = at - 5
        parts += label_at(row.label, at)
        if not row.shown:
            parts.append(
                f'<text class="quiet" x="{left + 4}" y="{y + 10}">{escape(words.few)}</text>'
            )
            continue
        parts += _drawn(row, y, scale)
        kind = "reserve strong end" if row.unreliable else "quiet end"
        value = words.value(row.told)
        parts += [
            f'<text class="{kind_of}" x="{x}" y="{y + 10}">{escape(text)}</text>'
            for kind_of, x, text in zip(
                ("strong end", "quiet end", kind),
                ends,
                (value, row.n, row.reliability),
                strict=True,
            )
        ]
    return svg(WIDE, bottom + 26, words.said, parts)


def _narrow(rows: Sequence[Place], overall: float, words: PlaceWords) -> str:
    """Each label above its lines, with the value, n and λ at its end."""
    top, drawn = 26, list[str]()
    scale, step = _scale(rows, overall, 14, NARROW - 14)
    y = top + 18.0
    for row in rows:
        beside, said = _beside(row, words)
        label, height = label_above(row.label, beside, said, y)
        drawn += label
        if row.shown:
            drawn += _drawn(row, y + height - 3, scale)
        y += height + 29
    bottom = y - 14
    parts = [*_lines(scale, step, overall, words, top, bottom), *drawn]
    return svg(NARROW, bottom + 26, words.said, parts)


def _beside(row: Place, words: PlaceWords) -> tuple[str, str]:
    """What stands at the end of a place's label on a phone, and the signs of it."""
    if not row.shown:
        return f'<tspan class="quiet">{escape(words.few)}</tspan>', words.few
    parts = [("strong", words.value(row.told)), ("quiet", f"{words.head[1]} {row.n}")]
    if words.head[2] and row.reliability:
        kind = "reserve strong" if row.unreliable else "quiet"
        parts.append((kind, f"{words.head[2]} {row.reliability}"))
    drawn = "".join(
        f'<tspan class="{kind}" dx="{8 * min(place, 1)}">{escape(text)}</tspan>'
        for place, (kind, text) in enumerate(parts)
    )
    return drawn, "  ".join(text for _, text in parts)


def _scale(rows: Sequence[Place], overall: float, left: float, right: float) -> tuple[Scale, float]:
    known = [v for row in rows if row.shown for v in (*row.measured, *row.estimated)]
    known = [v for v in (*known, overall) if math.isfinite(v)]
    low, high, step = ticks(min(known), max(known))
    return Scale(low, high, left, right), step


def _lines(
    scale: Scale, step: float, overall: float, words: PlaceWords, top: float, bottom: float
) -> list[str]:
    """Upright lines at round figures, that of all places dashed and named below."""
    parts = [
        f'<path class="rule" d="M{scale(t):.1f} {top}V{bottom}"/>'
        f'<text class="quiet middle" x="{scale(t):.1f}" y="{top - 8}">{words.write(t)}</text>'
        for t in steps(scale.low, scale.high, step)
    ]
    parts.append(
        f'<path class="ink-line dashed" d="M{scale(overall):.1f} {top}V{bottom}"/>'
        f'<text class="middle" x="{scale(overall):.1f}" y="{bottom + 18}">{escape(words.overall)}</text>'
    )
    return parts


def _drawn(row: Place, y: float, scale: Scale) -> list[str]:
    """A place's measured mean, and its estimate below where there is one."""
    (m, a, b), (e, c, d) = row.measured, row.estimated
    alone = 0 if math.isfinite(e) else 5
    parts = []
    if math.isfinite(a):
        parts.append(line_across(scale(a), scale(b), y + alone, "ink-line thin", 0))
    parts.append(f'<circle class="hollow" cx="{scale(m):.1f}" cy="{y + alone}" r="4"/>')
    if math.isfinite(e):
        parts.append(line_across(scale(c), scale(d), y + 10, "paint-line thick", 0))
        parts.append(mark(scale(e), y + 10, painted=True))
    return parts
