"""Drawings that are read without colour and told in words: painted is ours, hollow is the other.

Each is SVG whose classes the product's stylesheet knows; text alternatives stand in `aria-label`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

LINE = 34
LABEL = 14 * 0.56  # the width of a sign, about
ABOUT = 52  # half of what the name of a value takes below its line


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


@dataclass(frozen=True)
class Beside:
    """A mean of ours with its interval, and that of all, on 0–100."""

    label: str
    ours: tuple[float, float, float]
    theirs: float | None
    said: str
    n: str


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


def forest(
    rows: Sequence[Estimate],
    said: str,
    write: Callable[[float], str],
    *,
    about: float = 0.0,
    about_said: str = "",
) -> str:
    """Estimates with their intervals about zero, or about another value that is named."""
    left = max(len(row.label) for row in rows) * LABEL + 16
    width, height = left + 420, LINE * len(rows) + 30
    low, high, step = _reach(rows, about)
    scale = Scale(low, high, left, left + 300)
    parts = _axis(scale, step, height - 26, write, about, about_said)
    for index, row in enumerate(rows):
        y = 20 + LINE * index
        parts.append(f'<text x="0" y="{y + 5}">{escape(row.label)}</text>')
        parts += _interval(row, y, scale)
        parts.append(
            f'<text class="strong end" x="{left + 360}" y="{y + 5}">{escape(row.strong)}</text>'
        )
        parts.append(f'<text class="quiet" x="{left + 372}" y="{y + 5}">{escape(row.said)}</text>')
    return svg(width + 40, height, said, parts)


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
        parts.append(_upright(scale(t), bottom, "" if near else write(t), dashed=False))
    return [*parts, _upright(scale(about), bottom, about_said or write(about), dashed=True)]


def forests(
    rows: Sequence[Estimate],
    said: str,
    write: Callable[[float], str],
    *,
    about: float = 0.0,
    about_said: str = "",
) -> tuple[str, str]:
    """The same forest for a page and for a phone."""
    return (
        forest(rows, said, write, about=about, about_said=about_said),
        narrow_forest(rows, said, write, about=about, about_said=about_said),
    )


def narrow_forest(
    rows: Sequence[Estimate],
    said: str,
    write: Callable[[float], str],
    *,
    about: float = 0.0,
    about_said: str = "",
) -> str:
    """A forest whose labels stand above their lines, so that it fits a phone."""
    line, bottom = 2 * LINE - 12, (2 * LINE - 12) * len(rows) + 4
    low, high, step = _reach(rows, about)
    scale = Scale(low, high, 14, 306)
    parts = _axis(scale, step, bottom, write, about, about_said)
    for index, row in enumerate(rows):
        y = 16 + line * index
        # The ground behind the words: the lines of the scale would run through them.
        value = f'<tspan class="strong">{escape(row.strong)}</tspan> {escape(row.said)}'
        parts.append(f'<rect class="blank" x="0" y="{y - 14}" width="320" height="20"/>')
        parts.append(
            f'<text x="0" y="{y}">{escape(shortened(row.label, row.strong + row.said))}</text>'
        )
        parts.append(f'<text class="end" x="320" y="{y}">{value}</text>')
        parts += _interval(row, y + 22, scale)
    return svg(320, bottom + 26, said, parts)


def shortened(label: str, beside: str) -> str:
    """A label that leaves room for what stands beside it; all of it is in the drawing's words."""
    room = int((320 - (len(beside) + 2) * LABEL) / LABEL)
    return label if len(label) <= room else label[: room - 1].rstrip() + "…"


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
                    f'<path class="{kind}" d="M{x + way:.1f} {y - 5}L{x:.1f} {y}L{x + way:.1f} {y + 5}"/>'
                )
    if math.isfinite(row.value):
        parts.append(mark(scale(row.value), y, painted=row.painted))
    return parts


def trends(
    lines: Sequence[Line], waves: Sequence[str], said: str, write: Callable[[float], str]
) -> tuple[str, str]:
    """Groups' means over waves, with upright intervals and their names: for a page and for a phone."""
    drawn, scale = _trend(lines, waves, write, 40, 470, 66, 380)
    wide = svg(600, 234, said, [*drawn, *_names(lines, scale)])
    drawn, scale = _trend(lines, waves, write, 36, 320, 62, 230)
    return wide, svg(320, 234, said, [*drawn, *_names_about(lines, scale)])


def _trend(
    lines: Sequence[Line], waves: Sequence[str], write: Callable[[float], str],
    left: float, right: float, first: float, room: float,
) -> tuple[list[str], Scale]:  # fmt: skip
    """All but the names; the first wave stands at `first`, the last `room` further."""
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
        f'<text class="quiet middle" x="{first + across * i:.1f}" y="226">{escape(wave)}</text>'
        for i, wave in enumerate(waves)
    ]
    return parts, scale


def beside(rows: Sequence[Beside], said: str, write: Callable[[float], str]) -> str:
    """Means on 0–100, each beside that of all, in the order given."""
    left = max(len(row.label) for row in rows) * LABEL + 16
    bottom = LINE * len(rows) + 4
    scale = Scale(0, 100, left, left + 400)
    parts = [_upright(scale(t), bottom, write(t), dashed=False) for t in (0, 25, 50, 75, 100)]
    for index, row in enumerate(rows):
        y = 20 + LINE * index
        mean, low, high = row.ours
        parts.append(f'<text x="0" y="{y + 5}">{escape(row.label)}</text>')
        parts.append(line_across(scale(max(low, 0)), scale(min(high, 100)), y, "paint-line", 4))
        parts.append(mark(scale(mean), y, painted=True))
        if row.theirs is not None:
            parts.append(mark(scale(row.theirs), y + 9, painted=False, size=8))
        parts.append(
            f'<text class="strong end" x="{left + 450}" y="{y + 5}">{escape(row.said)}</text>'
        )
        parts.append(f'<text class="quiet end" x="{left + 510}" y="{y + 5}">{escape(row.n)}</text>')
    return svg(left + 520, bottom + 26, said, parts)


def narrow_beside(rows: Sequence[Beside], said: str, write: Callable[[float], str]) -> str:
    """The same with each label above its line, so that it fits a phone."""
    line = 2 * LINE - 12
    bottom = line * len(rows) + 4
    scale = Scale(0, 100, 8, 312)
    parts = [_upright(scale(t), bottom, write(t), dashed=False) for t in (0, 25, 50, 75, 100)]
    for index, row in enumerate(rows):
        y = 16 + line * index
        mean, low, high = row.ours
        parts.append(f'<rect class="blank" x="0" y="{y - 14}" width="320" height="20"/>')
        parts.append(f'<text x="0" y="{y}">{escape(shortened(row.label, row.said))}</text>')
        parts.append(f'<text class="strong end" x="320" y="{y}">{escape(row.said)}</text>')
        parts.append(
            line_across(scale(max(low, 0)), scale(min(high, 100)), y + 20, "paint-line", 4)
        )
        parts.append(mark(scale(mean), y + 20, painted=True))
        if row.theirs is not None:
            parts.append(mark(scale(row.theirs), y + 29, painted=False, size=8))
    return svg(320, bottom + 26, said, parts)


def spread(rows: Sequence[Spread], said: str) -> str:
    """Bars of shares, each darker than the one before; what is not told is left open."""
    left = max(len(row.label) for row in rows) * LABEL + 16
    parts = []
    for index, row in enumerate(rows):
        y = 6 + LINE * index
        parts.append(f'<text x="0" y="{y + 15}">{escape(row.label)}</text>')
        untold = [place for place, share in enumerate(row.shares) if share is None]
        rest = (1 - sum(share or 0 for share in row.shares)) / max(len(untold), 1)
        x = left
        for place, share in enumerate(row.shares):
            wide = 400 * (rest if share is None else share)
            shade = 1 + round(4 * place / max(len(row.shares) - 1, 1))
            kind = "hollow dashed" if share is None else f"shade-{shade}"
            parts.append(
                f'<rect class="{kind}" x="{x:.1f}" y="{y}" width="{wide:.1f}" height="22"/>'
            )
            x += wide
        parts.append(f'<path class="ink-line thin" d="M{left:.1f} {y}h400v22h-400z"/>')
        parts.append(
            f'<text class="quiet end" x="{left + 450:.1f}" y="{y + 15}">{escape(row.missing)}</text>'
        )
    return svg(left + 460, LINE * len(rows) + 6, said, parts)


@dataclass(frozen=True)
class Scale:
    low: float
    high: float
    first: float
    last: float

    def __call__(self, value: float) -> float:
        return self.first + (value - self.low) / (self.high - self.low) * (self.last - self.first)


def ticks(low: float, high: float) -> tuple[float, float, float]:
    """Round ends and a step that give three to seven lines."""
    room = max(high - low, 1e-9)
    raw = room / 5
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * m for m in (1, 2, 5, 10) if size * m >= raw)
    return math.floor(low / step) * step, math.ceil(high / step) * step, step


def steps(low: float, high: float, step: float) -> list[float]:
    return [round(low + step * i, 9) + 0.0 for i in range(round((high - low) / step) + 1)]


def _upright(x: float, bottom: float, text: str, *, dashed: bool) -> str:
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
        parts.append(f'<text class="{kind}" x="462" y="{y:.1f}">{escape(line.label)}</text>')
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
