"""A scale's structure drawn: one trait, its items, and how strongly each hangs on it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .figures import LABEL, svg

_ROW = 44
_BOX = 30


def loadings(trait: str, items: Sequence[tuple[str, str, str]], said: str) -> str:
    """An ellipse with an arrow to each item: label, loading and residual variance, as text."""
    # Room for the widest of the fonts that a reader may have.
    wide = max(len(label) for label, _, _ in items) * LABEL * 1.12 + 26
    height = _ROW * len(items) + 8
    middle, left = height / 2, 380.0
    words = trait.split(" ", 1)
    parts = [f'<ellipse class="hollow" cx="90" cy="{middle:.1f}" rx="88" ry="34"/>']
    for line, word in enumerate(words):
        y = middle + 5 + (line - (len(words) - 1) / 2) * 18
        parts.append(f'<text class="strong middle" x="90" y="{y:.1f}">{escape(word)}</text>')
    for index, (label, loading, residual) in enumerate(items):
        y = _ROW * index + _ROW / 2 + 4
        x, at = 178.0, 178 + (left - 178) * 0.55
        start = middle + (y - middle) * 0.12
        on = start + (y - start) * 0.55
        parts.append(f'<path class="ink-line" d="M{x} {start:.1f}L{left - 8} {y:.1f}"/>')
        parts.append(f'<path class="ink-fill" d="M{left} {y:.1f}l-10 -4v8z"/>')
        parts.append(
            f'<rect class="blank" x="{at - 20:.1f}" y="{on - 10:.1f}" width="40" height="20"/>'
        )
        parts.append(
            f'<text class="strong middle" x="{at:.1f}" y="{on + 5:.1f}">{escape(loading)}</text>'
        )
        parts.append(
            f'<rect class="hollow" x="{left}" y="{y - _BOX / 2:.1f}" width="{wide:.0f}" height="{_BOX}"/>'
        )
        parts.append(f'<text x="{left + 12}" y="{y + 5:.1f}">{escape(label)}</text>')
        parts.append(f'<path class="ink-line thin" d="M{left + wide:.0f} {y:.1f}h14"/>')
        parts.append(
            f'<text class="quiet" x="{left + wide + 20:.0f}" y="{y + 5:.1f}">{escape(residual)}</text>'
        )
    return svg(left + wide + 64, height, said, parts)


def narrow_loadings(
    items: Sequence[tuple[str, str, str]], values: Sequence[float], said: str
) -> str:
    """The same for a phone: each item with a bar from 0 to 1 as long as its loading."""
    parts = []
    for index, ((label, loading, _), value) in enumerate(zip(items, values, strict=True)):
        y = 16 + 52 * index
        room = int((320 - (len(loading) + 2) * LABEL) / LABEL)
        short = label if len(label) <= room else label[: room - 1].rstrip() + "…"
        parts.append(f'<text x="0" y="{y}">{escape(short)}</text>')
        parts.append(f'<text class="strong end" x="320" y="{y}">{escape(loading)}</text>')
        parts.append(f'<rect class="hollow" x="1" y="{y + 8}" width="318" height="14"/>')
        long = 318 * min(max(value, 0.0), 1.0)
        parts.append(f'<rect class="paint" x="1" y="{y + 8}" width="{long:.1f}" height="14"/>')
    return svg(320, 52 * len(items), said, parts)
