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
class Place:
    """A place with a measured and an estimated mean; `shown` is false for few answers."""

    label: str
    shown: bool
    measured: tuple[float, float, float] = (0.0, 0.0, 0.0)
    estimated: tuple[float, float, float] = (0.0, 0.0, 0.0)
    n: str = ""
    reliability: str = ""
    unreliable: bool = False


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
    scale = _Scale(low, high, left, left + 300)
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
    return _ticks(min([*ends, about]), max([*ends, about]))


def _axis(
    scale: _Scale,
    step: float,
    bottom: float,
    write: Callable[[float], str],
    about: float,
    about_said: str,
) -> list[str]:
    """Upright lines at round figures, the one that all is held against dashed."""
    parts = []
    for t in _range(scale.low, scale.high, step):
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
    scale = _Scale(low, high, 14, 306)
    parts = _axis(scale, step, bottom, write, about, about_said)
    for index, row in enumerate(rows):
        y = 16 + line * index
        # The ground behind the words: the lines of the scale would run through them.
        value = f'<tspan class="strong">{escape(row.strong)}</tspan> {escape(row.said)}'
        parts.append(f'<rect class="blank" x="0" y="{y - 14}" width="320" height="20"/>')
        parts.append(
            f'<text x="0" y="{y}">{escape(_shortened(row.label, row.strong + row.said))}</text>'
        )
        parts.append(f'<text class="end" x="320" y="{y}">{value}</text>')
        parts += _interval(row, y + 22, scale)
    return svg(320, bottom + 26, said, parts)


def _shortened(label: str, beside: str) -> str:
    """A label that leaves room for what stands beside it; all of it is in the drawing's words."""
    room = int((320 - (len(beside) + 2) * LABEL) / LABEL)
    return label if len(label) <= room else label[: room - 1].rstrip() + "…"


def _interval(row: Estimate, y: float, scale: _Scale) -> list[str]:
    """A row's line and mark; an end that is open runs out into an arrow at the edge."""
    parts = []
    if not (math.isnan(row.low) or math.isnan(row.high)):
        kind, weight = ("paint-line", 4) if row.painted else ("ink-line", 2)
        a, b = max(scale(row.low), scale.first), min(scale(row.high), scale.last)
        parts.append(_across(a, b, y, kind, weight))
        for end, x, way in ((row.low, a, 7), (row.high, b, -7)):
            if math.isinf(end):
                parts.append(
                    f'<path class="{kind}" d="M{x + way:.1f} {y - 5}L{x:.1f} {y}L{x + way:.1f} {y + 5}"/>'
                )
    if math.isfinite(row.value):
        parts.append(_mark(scale(row.value), y, painted=row.painted))
    return parts


def trend(
    lines: Sequence[Line], waves: Sequence[str], said: str, write: Callable[[float], str]
) -> str:
    """Groups' means over waves, with upright intervals and names at the end of the lines."""
    ends = [v for line in lines for point in line.points for v in point if math.isfinite(v)]
    low, high, step = _ticks(min(ends), max(ends))
    scale = _Scale(low, high, 200, 30)
    across = 380 / max(len(waves) - 1, 1)
    parts = [
        f'<path class="rule" d="M40 {scale(t):.1f}H470"/>'
        f'<text class="quiet end" x="32" y="{scale(t) + 5:.1f}">{write(t)}</text>'
        for t in _range(low, high, step)
    ]
    for shift, line in zip((-5, 5), lines, strict=False):
        places = [(66 + shift + across * i, scale(m)) for i, (m, _, _) in enumerate(line.points)]
        kind = "paint-line" if line.painted else "ink-line dashed"
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        parts.append(f'<path class="{kind}" stroke-width="2" d="M{path}"/>')
        for (x, _), (_, a, b) in zip(places, line.points, strict=True):
            if math.isfinite(a):
                solid = "paint-line" if line.painted else "ink-line"
                parts.append(
                    f'<path class="{solid}" stroke-width="2" d="M{x:.1f} {scale(a):.1f}V{scale(b):.1f}"/>'
                )
        parts += [_mark(x, y, painted=line.painted, size=12) for x, y in places]
    parts += _names(lines, scale)
    parts += [
        f'<text class="quiet middle" x="{66 + across * i:.1f}" y="226">{escape(wave)}</text>'
        for i, wave in enumerate(waves)
    ]
    return svg(600, 234, said, parts)


def places(
    rows: Sequence[Place], said: str, write: Callable[[float], str], *,
    value: Callable[[float], str], few: str, overall: float, overall_said: str, head: tuple[str, str, str],
) -> str:  # fmt: skip
    """Measured and estimated means of places, one above the other, in the order given."""
    line = 27
    left = max(len(row.label) for row in rows) * LABEL + 16
    bottom = 34 + line * len(rows) + 10
    shown = [v for row in rows if row.shown for v in (*row.measured, *row.estimated)]
    low, high, step = _ticks(min([*shown, overall]), max([*shown, overall]))
    scale = _Scale(low, high, left, left + 460)
    parts = [
        f'<path class="rule" d="M{scale(t):.1f} 34V{bottom}"/>'
        f'<text class="quiet middle" x="{scale(t):.1f}" y="26">{write(t)}</text>'
        for t in _range(low, high, step)
    ]
    parts.append(
        f'<path class="ink-line dashed" d="M{scale(overall):.1f} 34V{bottom}"/>'
        f'<text class="middle" x="{scale(overall):.1f}" y="{bottom + 18}">{escape(overall_said)}</text>'
    )
    parts += [
        f'<text class="quiet end" x="{left + x}" y="26">{escape(word)}</text>'
        for x, word in zip((550, 606, 662), head, strict=True)
    ]
    for index, row in enumerate(rows):
        y = 49 + line * index
        parts.append(f'<text x="0" y="{y + 10}">{escape(row.label)}</text>')
        if not row.shown:
            parts.append(f'<text class="quiet" x="{left + 4}" y="{y + 10}">{escape(few)}</text>')
            continue
        (m, a, b), (e, c, d) = row.measured, row.estimated
        if math.isfinite(a):
            parts.append(_across(scale(a), scale(b), y, "ink-line thin", 0))
        parts.append(f'<circle class="hollow" cx="{scale(m):.1f}" cy="{y}" r="4"/>')
        if math.isfinite(e):
            parts.append(_across(scale(c), scale(d), y + 10, "paint-line thick", 0))
            parts.append(_mark(scale(e), y + 10, painted=True))
        told = value(e) if math.isfinite(e) else value(m)
        kind = "reserve strong end" if row.unreliable else "quiet end"
        parts.append(f'<text class="strong end" x="{left + 550}" y="{y + 10}">{told}</text>')
        parts.append(
            f'<text class="quiet end" x="{left + 606}" y="{y + 10}">{escape(row.n)}</text>'
        )
        parts.append(
            f'<text class="{kind}" x="{left + 662}" y="{y + 10}">{escape(row.reliability)}</text>'
        )
    return svg(left + 670, bottom + 26, said, parts)


def beside(rows: Sequence[Beside], said: str, write: Callable[[float], str]) -> str:
    """Means on 0–100, each beside that of all, in the order given."""
    left = max(len(row.label) for row in rows) * LABEL + 16
    bottom = LINE * len(rows) + 4
    scale = _Scale(0, 100, left, left + 400)
    parts = [_upright(scale(t), bottom, write(t), dashed=False) for t in (0, 25, 50, 75, 100)]
    for index, row in enumerate(rows):
        y = 20 + LINE * index
        mean, low, high = row.ours
        parts.append(f'<text x="0" y="{y + 5}">{escape(row.label)}</text>')
        parts.append(_across(scale(max(low, 0)), scale(min(high, 100)), y, "paint-line", 4))
        parts.append(_mark(scale(mean), y, painted=True))
        if row.theirs is not None:
            parts.append(_mark(scale(row.theirs), y + 9, painted=False, size=8))
        parts.append(
            f'<text class="strong end" x="{left + 450}" y="{y + 5}">{escape(row.said)}</text>'
        )
        parts.append(f'<text class="quiet end" x="{left + 510}" y="{y + 5}">{escape(row.n)}</text>')
    return svg(left + 520, bottom + 26, said, parts)


def narrow_beside(rows: Sequence[Beside], said: str, write: Callable[[float], str]) -> str:
    """The same with each label above its line, so that it fits a phone."""
    line = 2 * LINE - 12
    bottom = line * len(rows) + 4
    scale = _Scale(0, 100, 8, 312)
    parts = [_upright(scale(t), bottom, write(t), dashed=False) for t in (0, 25, 50, 75, 100)]
    for index, row in enumerate(rows):
        y = 16 + line * index
        mean, low, high = row.ours
        parts.append(f'<rect class="blank" x="0" y="{y - 14}" width="320" height="20"/>')
        parts.append(f'<text x="0" y="{y}">{escape(_shortened(row.label, row.said))}</text>')
        parts.append(f'<text class="strong end" x="320" y="{y}">{escape(row.said)}</text>')
        parts.append(_across(scale(max(low, 0)), scale(min(high, 100)), y + 20, "paint-line", 4))
        parts.append(_mark(scale(mean), y + 20, painted=True))
        if row.theirs is not None:
            parts.append(_mark(scale(row.theirs), y + 29, painted=False, size=8))
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
class _Scale:
    low: float
    high: float
    first: float
    last: float

    def __call__(self, value: float) -> float:
        return self.first + (value - self.low) / (self.high - self.low) * (self.last - self.first)


def _ticks(low: float, high: float) -> tuple[float, float, float]:
    """Round ends and a step that give three to seven lines."""
    room = max(high - low, 1e-9)
    raw = room / 5
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * m for m in (1, 2, 5, 10) if size * m >= raw)
    return math.floor(low / step) * step, math.ceil(high / step) * step, step


def _range(low: float, high: float, step: float) -> list[float]:
    return [round(low + step * i, 9) + 0.0 for i in range(round((high - low) / step) + 1)]


def _upright(x: float, bottom: float, text: str, *, dashed: bool) -> str:
    kind = "ink-line dashed" if dashed else "rule"
    return (
        f'<path class="{kind}" d="M{x:.1f} 0V{bottom}"/>'
        f'<text class="quiet middle" x="{x:.1f}" y="{bottom + 20}">{text}</text>'
    )


def _across(a: float, b: float, y: float, kind: str, weight: int) -> str:
    width = f' stroke-width="{weight}"' if weight else ""
    return f'<path class="{kind}"{width} d="M{a:.1f} {y}H{b:.1f}"/>'


def _mark(x: float, y: float, *, painted: bool, size: int = 10) -> str:
    if painted:
        half = size / 2
        return f'<rect class="paint" x="{x - half:.1f}" y="{y - half:.1f}" width="{size}" height="{size}"/>'
    return f'<circle class="hollow" cx="{x:.1f}" cy="{y:.1f}" r="{size / 2:g}"/>'


def _names(lines: Sequence[Line], scale: _Scale) -> list[str]:
    """Each line's name at its end, moved apart where they would stand on one another."""
    ends = sorted(lines, key=lambda line: -line.points[-1][0])
    y, parts = -math.inf, []
    for line in ends:
        y = max(scale(line.points[-1][0]) + 5, y + 18)
        kind = "strong" if line.painted else ""
        parts.append(f'<text class="{kind}" x="462" y="{y:.1f}">{escape(line.label)}</text>')
    return parts


def svg(width: float, height: float, said: str, parts: Sequence[str]) -> str:
    w, h = round(width), round(height)
    return (
        f'<svg width="{w}" height="{h}" viewBox="0 0 {w} {h}" role="img" '
        f'aria-label="{escape(said, quote=True)}">{"".join(parts)}</svg>'
    )
