"""How a place stands and what has changed: figures with their intervals, in words and drawn."""

from __future__ import annotations

from .area_page import AreaPage
from .area_results import favourable
from .beside_figures import Beside, besides
from .document import Block, Figure, Points, Sentence
from .forest_figures import Estimate, forests
from .words import count, number


def stands(page: AreaPage) -> list[Block]:
    """Single questions first, which need no scale; then the place's means beside those of all."""
    rows = [
        Beside(
            label=page.label(one.name),
            ours=(one.now.value, *page.here(one.now)),
            theirs=one.everywhere.value if one.everywhere else None,
            said=page.n(one.now.value),
            answers=page.t("area_answers", n=count(one.now.n, page.language)),
        )
        for one in page.means
    ]
    said = "; ".join(
        page.t(
            "area_stands_alt", scale=row.label, value=row.said, low=page.n(row.ours[1]),
            high=page.n(row.ours[2]),
        )
        + ("" if row.theirs is None else page.t("area_stands_alt_all", value=page.n(row.theirs)))
        for row in rows
    )  # fmt: skip
    cells = [
        (
            page.label(one.name), page.n(one.now.value), page.between(*page.here(one.now)),
            f"{page.n(one.everywhere.value)} {page.between(*page.here(one.everywhere))}"
            if one.everywhere else "",
            count(one.now.n, page.language),
        )
        for one in page.means
    ]  # fmt: skip
    head = ("scale", "area_points", "interval_head", "area_everywhere", "answers")
    return [
        *_shares(page),
        Figure(
            page.t("area_stands_caption", place=page.place),
            page.t("area_stands_note"),
            *besides(rows, said, page.n),
        ),
        page.rows(head, cells),
        *_counts(page),
        Sentence(page.t("area_no_ranking"), quiet=True),
    ]


def _counts(page: AreaPage) -> list[Block]:
    """Means of counts, of as many as can be counted; in fifths, as the feed tells them."""
    lines = []
    for one in page.counts:
        low, high = page.here(one.now)
        line = page.t(
            "area_count", scale=page.label(one.name), value=number(one.now.value, page.language),
            most=round(page.most(one.name)), low=number(low, page.language),
            high=number(high, page.language), n=count(one.now.n, page.language),
        )  # fmt: skip
        if one.before:
            before = number(one.before.value, page.language)
            line += " " + page.t("area_count_before", year=one.before.year, value=before)
        if one.everywhere:
            low, high = page.here(one.everywhere)
            line += " " + page.t(
                "area_count_all", value=number(one.everywhere.value, page.language),
                low=number(low, page.language), high=number(high, page.language),
            )  # fmt: skip
        lines.append(line)
    return [Points(lines)] if lines else []


def _shares(page: AreaPage) -> list[Block]:
    lines = []
    for one in page.shares:
        variable = page.codebook.variable(one.name)
        labels = variable.value_labels(page.language)
        first, second = (labels[code] for code in favourable(page.codebook, one.name))
        low, high = page.here(one.now)
        line = page.t(
            "area_share", question=variable.label(page.language), share=page.n(one.now.value),
            first=first, second=second, low=page.n(low), high=page.n(high),
            n=count(one.now.n, page.language),
        )  # fmt: skip
        if one.everywhere:
            line += " " + page.t(
                "area_share_all", share=page.n(one.everywhere.value),
                interval=page.between(*page.here(one.everywhere)),
            )  # fmt: skip
        lines.append(line)
    return [Points(lines)] if lines else []


def changed(page: AreaPage) -> list[Block]:
    """What moved since the wave before; only what is more than chance among all of them is named."""
    rows, cells = [], []
    for one in page.moved:
        if one.moved is None or one.before is None:
            continue
        moved = one.moved
        rows.append(
            Estimate(
                label=page.label(one.name), value=moved.value, low=moved.low, high=moved.high,
                painted=moved.surely != 0, strong=page.n(moved.value, signed=True),
                said=page.between(moved.low, moved.high),
            )
        )  # fmt: skip
        cells.append(
            (
                page.label(one.name), page.n(one.before.value), page.n(one.now.value),
                page.n(moved.value, signed=True), page.between(moved.low, moved.high),
                count(one.before.n, page.language), count(one.now.n, page.language),
            )
        )  # fmt: skip
    before = page.moved[0].before
    year = before.year if before else ""
    surely = [f"{row.label} ({row.strong})" for row in rows if row.painted]
    summary = page.t(
        "area_changed_some" if surely else "area_changed_none",
        scales=page.listed(surely), year=year, count=len(rows), changed=len(surely),
    )  # fmt: skip
    said = "; ".join(
        page.t("effects_alt", scale=row.label, value=row.strong, low=page.n(row.low), high=page.n(row.high))
        for row in rows
    )  # fmt: skip
    head = (
        "scale", "area_before", "area_now", "area_change", "interval_head", "area_n_before",
        "area_n_now",
    )  # fmt: skip
    return [
        Sentence(summary),
        *([Sentence(page.asked_otherwise)] if page.asked_otherwise else []),
        Figure(
            page.t("area_changed_caption", year=year),
            page.t("area_changed_note", level=page.level, count=len(rows)),
            *forests(rows, said, page.n),
        ),
        page.rows(head, cells),
        *([Sentence(page.t("area_rounded"), quiet=True)] if _rounded_apart(page) else []),
        *([Sentence(page.t("area_sure_rounded"), quiet=True)] if _sure_at_zero(page) else []),
    ]


def _sure_at_zero(page: AreaPage) -> bool:
    """Whether a change that is called sure has an interval that, as it is told, holds zero."""
    return any(
        one.moved.surely != 0 and one.moved.low <= 0 <= one.moved.high
        for one in page.moved
        if one.moved
    )


def _rounded_apart(page: AreaPage) -> bool:
    """Whether some change is not what its two figures, as they are written, leave."""
    return any(
        round(one.now.value) - round(one.before.value) != round(one.moved.value)
        for one in page.moved
        if one.before and one.moved
    )
