"""What is left of an effect where areas would not have moved alike, in words and as a drawing."""

from __future__ import annotations

import math
from typing import Any

from .document import Block, Figure, Sentence
from .effect_blocks import told
from .effect_page import EffectPage
from .forest_figures import Estimate, forests
from .measured_blocks import each

_VIOLATIONS = (0.0, 0.5, 1.0, 1.5, 2.0)


def parted(page: EffectPage) -> list[Block]:
    """By the trends before the start where there were two waves, else by points of violation."""
    parts: list[Block] = []
    for row in each(page.leading):
        mine = page.found.parted
        mine = mine[mine["scale"] == row.scale] if len(mine) else mine
        # What is left of the first effect is made of all lengths of exposure.
        withheld = {what[0] for scale, _, what in page.cells.withheld if scale == row.scale}
        if len(mine) and "exposure" in withheld:
            parts.append(Sentence(page.t("exposure_withheld", scale=page.name(row.scale))))
            continue
        parts += _as_before(page, row, mine) if len(mine) else _by_points(page, row)
    return parts or [Sentence(page.nothing)]


def _by_points(page: EffectPage, row: Any) -> list[Block]:
    """With one wave before the start nothing bounds a violation but what readers hold possible."""
    name = page.name(row.scale)
    if not math.isfinite(row.breakdown):
        return [Sentence(page.t("parted_untested", scale=name))]
    if not row.breakdown > 0:
        return [Sentence(page.t("parted_nothing", scale=name))]
    rows = [
        _row(page, row.scale, page.t("parted_points", points=page.amount(row.scale, share * row.breakdown)) if share else page.t("parted_alike"), row.estimate,
             row.low - share * row.breakdown, row.high + share * row.breakdown, painted=share == 0)
        for share in _VIOLATIONS
    ]  # fmt: skip
    key = "parted_breakdown_few" if page.seen_before(row.scale) else "parted_breakdown"
    said = page.t(key, scale=name, points=page.amount(row.scale, row.breakdown))
    cells = [(one.label, one.said, page.planned(row.kind)) for one in rows]
    return [
        Sentence(said),
        Figure(
            page.t("parted_caption", scale=name),
            page.t("parted_points_note", level=page.level),
            *forests(rows, told(page, rows, page.digits(row.scale)), page.tick),
        ),
        page.table(("parted_bound", "interval_head"), cells, folded=True),
    ]


def _as_before(page: EffectPage, row: Any, mine: Any) -> list[Block]:
    name = page.name(row.scale)
    rows, cells = (
        [
            _row(
                page,
                row.scale,
                page.t("parted_alike"),
                row.estimate,
                row.low,
                row.high,
                painted=True,
            )
        ],
        [],
    )
    cells.append((rows[0].label, rows[0].said, page.planned(row.kind)))
    for kind in ("magnitudes", "smoothness"):
        for one in each(mine[mine["restriction"] == kind].sort_values("m")):
            label = page.t(f"parted_{kind}", m=_bound(page, row.scale, kind, one.m))
            rows.append(_row(page, row.scale, label, math.nan, one.low, one.high, painted=False))
            cells.append((label, rows[-1].said, page.planned(one.kind)))
    reach = mine.drop_duplicates("restriction").set_index("restriction")["breakdown"]
    said = [page.t("parted_pretest", scale=name, p=page.p(row.pretest))]
    for kind, m in reach.items():
        key = "none" if m == 0 else "all" if math.isinf(m) else "from"
        bound = _bound(page, row.scale, str(kind), m) if key == "from" else ""
        said.append(page.t(f"parted_{kind}_{key}", m=bound))
    opened = [page.t("parted_open")] * bool(
        mine[["low", "high"]].isin([math.inf, -math.inf]).any(axis=None)
    )
    return [
        Sentence(" ".join([*said, *opened])),
        Figure(
            page.t("parted_caption", scale=name),
            page.t("parted_note", level=page.level),
            *forests(rows, told(page, rows, page.digits(row.scale)), page.tick),
        ),
        page.table(("parted_bound", "interval_head"), cells, folded=True),
    ]


def _bound(page: EffectPage, scale: str, kind: str, m: float) -> str:
    """How far trends may part: times the largest before, or so much a wave."""
    if kind != "smoothness":
        return page.n(m)
    told = page.n(m, 2)
    return told if page.is_count(scale) else page.t("points", value=told)


def _row(
    page: EffectPage,
    scale: str,
    label: str,
    value: float,
    low: float,
    high: float,
    *,
    painted: bool,
) -> Estimate:
    known = math.isfinite(value)
    strong = page.v(scale, value, signed=True) if known and painted else ""
    return Estimate(
        label, value if painted else math.nan, low, high, painted,
        page.interval(scale, low, high), strong,
    )  # fmt: skip
