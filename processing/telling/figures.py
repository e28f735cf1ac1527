"""Drawings that are read without colour and told in words: painted is ours, hollow is the other.

Each is SVG whose classes the product's stylesheet knows; text alternatives stand in `aria-label`.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

LINE = 34
LABEL = 14 * 0.56  # the width of a sign, about
SENTENCE = 17  # from one line of words to the next
WIDE = 688  # the column of a desk page on the narrowest screen that is no phone
NARROW = 320
LABEL_SIGNS = 30  # on a line of a label beside a wide drawing; longer ones take two or three


@dataclass(frozen=True)
class Spread:
    """How one item's answers are spread over its codes, lowest first; None is not told."""

    label: str
    shares: Sequence[float | None]
    missing: str


@dataclass(frozen=True)
class Line:
    """One group's means over waves."""

    label: str
    points: Sequence[tuple[float, float, float]]  # mean, low, high by wave
    painted: bool


def label_width(labels: Sequence[str]) -> float:
    """The room that labels take beside a wide drawing."""
    longest = max((len(one) for label in labels for one in wrapped(label)), default=0)
    return longest * LABEL + 16


def wrapped(label: str, signs: int = LABEL_SIGNS, lines: int = 3) -> list[str]:
    """A label on lines of so many signs; what does not fit the last is in the drawing's words."""
    found = textwrap.wrap(label, signs, break_long_words=True) or [""]
    if len(found) <= lines:
        return found
    return [
        *found[: lines - 1],
        textwrap.shorten(" ".join(found[lines - 1 :]), signs, placeholder="…"),
    ]


def middles(labels: Sequence[str], top: float = 3.0) -> tuple[list[float], float]:
    """Where the rows of a wide drawing have their middles, and where the last one ends.

    A label of several lines takes more room, so that it does not run into the next.
    """
    found, end = [], top
    for label in labels:
        height = max(LINE, SENTENCE * len(wrapped(label)) + 10)
        found.append(end + height / 2)
        end += height
    return found, end


def label_at(label: str, y: float) -> list[str]:
    """A label whose middle stands at `y`, left of a wide drawing."""
    lines = wrapped(label)
    top = y + 5 - SENTENCE / 2 * (len(lines) - 1)
    return [
        f'<text x="0" y="{top + SENTENCE * place:g}">{escape(line)}</text>'
        for place, line in enumerate(lines)
    ]


def label_above(label: str, beside: str, words: str, y: float) -> tuple[list[str], float]:
    """A label above a narrow drawing's line and at its end `beside`, of which `words` are the signs.

    Returns the parts and the height of the lines they take. The ground is behind the words: the lines
    of the scale would run through them.
    """
    room = int(NARROW / LABEL) - len(words) - 2
    lines = wrapped(label, int(NARROW / LABEL))
    if len(lines[-1]) > room:
        lines.append("")
    height = SENTENCE * len(lines)
    parts = [f'<rect class="blank" x="0" y="{y - 14:g}" width="{NARROW}" height="{height + 3}"/>']
    parts += [
        f'<text x="0" y="{y + SENTENCE * place:g}">{escape(line)}</text>'
        for place, line in enumerate(lines)
        if line
    ]
    parts.append(f'<text class="end" x="{NARROW}" y="{y + height - SENTENCE:g}">{beside}</text>')
    return parts, height


def trends(
    lines: Sequence[Line], waves: Sequence[str], said: str, write: Callable[[float], str]
) -> tuple[str, str]:
    """Groups' means over waves, with upright intervals and their names: for a page and for a phone."""
    drawn, scale = _trend(lines, waves, write, 40, 470, 66, 380, 226)
    wide = svg(600, 234, said, [*drawn, *_names(lines, scale)])
    drawn, scale = _trend(lines, waves, write, 36, 320, 62, 230, 242)
    return wide, svg(320, 250, said, [*drawn, *_names_about(lines, scale)])


def _trend(
    lines: Sequence[Line], waves: Sequence[str], write: Callable[[float], str],
    left: float, right: float, first: float, room: float, foot: float,
) -> tuple[list[str], Scale]:  # fmt: skip
    """All but the names; the first wave stands at `first`, the last `room` further; `foot` is where waves are named."""
    ends = [v for line in lines for point in line.points for v in point if math.isfinite(v)]
    low, high, step = ticks(min(ends), max(ends))
    scale = Scale(low, high, 200, 30)
    across = room / max(len(waves) - 1, 1)
    parts = [
        f'<path class="rule" d="M{left} {scale(t):.1f}H{right}"/>'
        f'<text class="quiet end" x="{left - 8}" y="{scale(t) + 5:.1f}">{write(t)}</text>'
        for t in steps(low, high, step)
    ]
    for shift, line in zip((-5, 5), lines, strict=False):
        places = [(first + shift + across * i, scale(m)) for i, (m, _, _) in enumerate(line.points)]
        kind = "paint-line" if line.painted else "ink-line dashed"
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        parts.append(f'<path class="{kind}" stroke-width="2" d="M{path}"/>')
        for (x, _), (_, a, b) in zip(places, line.points, strict=True):
            if math.isfinite(a):
                solid = "paint-line" if line.painted else "ink-line"
                parts.append(
                    f'<path class="{solid}" stroke-width="2" d="M{x:.1f} {scale(a):.1f}V{scale(b):.1f}"/>'
                )
        parts += [mark(x, y, painted=line.painted, size=12) for x, y in places]
    parts += [
        f'<text class="quiet middle" x="{first + across * i:.1f}" y="{foot:g}">{escape(wave)}</text>'
        for i, wave in enumerate(waves)
    ]
    return parts, scale


def spreads(rows: Sequence[Spread], said: str) -> tuple[str, str]:
    """Bars of shares, each darker than the one before: for a page and for a phone.

    What is not told is left open.
    """
    left = max(len(row.label) for row in rows) * LABEL + 16
    wide = []
    for index, row in enumerate(rows):
        y = 6 + LINE * index
        wide.append(f'<text x="0" y="{y + 15}">{escape(row.label)}</text>')
        wide += _bar(row, left, y, 400)
        wide.append(
            f'<text class="quiet end" x="{left + 450:.1f}" y="{y + 15}">{escape(row.missing)}</text>'
        )
    narrow, top = [], 16.0
    for row in rows:
        words = f'<tspan class="quiet">{escape(row.missing)}</tspan>'
        above, height = label_above(row.label, words, row.missing, top)
        narrow += above
        narrow += _bar(row, 1, top + height - 10, NARROW - 2)
        top += height + 32
    return (
        svg(left + 460, LINE * len(rows) + 6, said, wide),
        svg(NARROW, top - 16, said, narrow),
    )


def _bar(row: Spread, left: float, y: float, across: float) -> list[str]:
    """One item's shares side by side."""
    untold = [place for place, share in enumerate(row.shares) if share is None]
    rest = (1 - sum(share or 0 for share in row.shares)) / max(len(untold), 1)
    parts, x = [], left
    for place, share in enumerate(row.shares):
        wide = across * (rest if share is None else share)
        shade = 1 + round(4 * place / max(len(row.shares) - 1, 1))
        kind = "hollow dashed" if share is None else f"shade-{shade}"
        parts.append(f'<rect class="{kind}" x="{x:.1f}" y="{y:g}" width="{wide:.1f}" height="22"/>')
        x += wide
    return [*parts, f'<path class="ink-line thin" d="M{left:.1f} {y:g}h{across}v22h-{across}z"/>']


@dataclass(frozen=True)
class Scale:
    low: float
    high: float
    first: float
    last: float

    def __call__(self, value: float) -> float:
        return self.first + (value - self.low) / (self.high - self.low) * (self.last - self.first)


def ticks(low: float, high: float) -> tuple[float, float, float]:
    """Round ends and a step that give three to seven lines; one about a single number."""
    if high - low < 1e-9:
        low, high = low - 1, high + 1
    room = high - low
    raw = room / 5
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * m for m in (1, 2, 5, 10) if size * m >= raw)
    return math.floor(low / step) * step, math.ceil(high / step) * step, step


def steps(low: float, high: float, step: float) -> list[float]:
    return [round(low + step * i, 9) + 0.0 for i in range(round((high - low) / step) + 1)]


def upright(x: float, bottom: float, text: str, *, dashed: bool) -> str:
    kind = "ink-line dashed" if dashed else "rule"
    return (
        f'<path class="{kind}" d="M{x:.1f} 0V{bottom}"/>'
        f'<text class="quiet middle" x="{x:.1f}" y="{bottom + 20}">{text}</text>'
    )


def line_across(a: float, b: float, y: float, kind: str, weight: int) -> str:
    width = f' stroke-width="{weight}"' if weight else ""
    return f'<path class="{kind}"{width} d="M{a:.1f} {y}H{b:.1f}"/>'


def mark(x: float, y: float, *, painted: bool, size: int = 10) -> str:
    if painted:
        half = size / 2
        return f'<rect class="paint" x="{x - half:.1f}" y="{y - half:.1f}" width="{size}" height="{size}"/>'
    return f'<circle class="hollow" cx="{x:.1f}" cy="{y:.1f}" r="{size / 2:g}"/>'


def _names(lines: Sequence[Line], scale: Scale) -> list[str]:
    """Each line's name at its end, moved apart where they would stand on one another."""
    ends = sorted(lines, key=lambda line: -line.points[-1][0])
    y, parts = -math.inf, []
    for line in ends:
        y = max(scale(line.points[-1][0]) + 5, y + 18)
        kind = "strong" if line.painted else ""
        parts.append(f'<text class="{kind}" x="474" y="{y:.1f}">{escape(line.label)}</text>')
    return parts


def _names_about(lines: Sequence[Line], scale: Scale) -> list[str]:
    """Where nothing fits beside a line's end: the highest line's name above it, the lowest's below."""
    ends = sorted(lines, key=lambda line: -line.points[-1][0])
    reach = [v for line in lines for v in line.points[-1] if math.isfinite(v)]
    at = (scale(max(reach)) - 9, scale(min(reach)) + 19)
    return [
        f'<text class="{"strong end" if line.painted else "end"}" x="320" y="{y:.1f}">'
        f"{escape(line.label)}</text>"
        for line, y in zip(ends, at, strict=False)
    ]


def svg(width: float, height: float, said: str, parts: Sequence[str]) -> str:
    w, h = round(width), round(height)
    return (
        f'<svg width="{w}" height="{h}" viewBox="0 0 {w} {h}" role="img" '
        f'aria-label="{escape(said, quote=True)}">{"".join(parts)}</svg>'
    )
