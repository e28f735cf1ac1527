"""What a scale's evidence shows drawn: reliability by group, loadings, and invariance step by step."""

from __future__ import annotations

import math

from processing.judging.comparisons import Comparison

from .document import Block, Figure, Points, Sentence, Table
from .evidence_page import EvidencePage
from .forest_figures import Estimate, forests
from .structure_figures import loadings, narrow_loadings


def reliability(page: EvidencePage) -> list[Block]:
    """Omega of everyone and of each language, mode and wave, against what is demanded."""
    rows, demand = [], 0.0
    for label, found, everyone in page.omegas():
        low, high = found.interval or (math.nan, math.nan)
        value = float(found.value or 0)
        demand = found.limit or demand
        rows.append(
            Estimate(
                label=label, value=value, low=low, high=high, painted=everyone,
                strong=page.n(value), said=f"[{page.n(low)}; {page.n(high)}]",
            )
        )  # fmt: skip
    said = "; ".join(
        page.t("effects_alt", scale=row.label, value=row.strong, low=page.n(row.low), high=page.n(row.high))
        for row in rows
    )  # fmt: skip
    at = page.t("evidence_demand", limit=page.n(demand))
    return [
        Figure(
            page.t("evidence_reliability_caption"),
            page.t("evidence_reliability_note"),
            *forests(rows, said, page.n, about=demand, about_said=at),
        )
    ]


def structure(page: EvidencePage) -> list[Block]:
    """One factor with its loadings, and by which figures it holds."""
    found = page.loadings()
    items = [(label, page.n(value), page.n(1 - value**2)) for label, value in found]
    said = "; ".join(f"{label}: {loading}" for label, loading, _ in items)
    fit = {one.name: one for one in page.judged.everyone.findings if one.value is not None}
    told = ", ".join(
        f"{label} {page.n(fit[name].value or 0, 3)}"
        for name, label in (
            ("cfi", "CFI"), ("rmsea", "RMSEA"), ("rmsea_few_df", "RMSEA"), ("srmr", "SRMR"),
        )
        if name in fit
    )  # fmt: skip
    note = page.t("evidence_structure_note")
    return [
        Figure(
            page.t("evidence_structure_caption"),
            f"{told}. {note}" if told else note,
            loadings(page.entry.label(page.language), items, said),
            narrow_loadings(items, [value for _, value in found], said),
        )
    ]


def comparable(page: EvidencePage) -> list[Block]:
    """Whether means may be compared over groups: what CFI loses at each step, and the decision."""
    compared = [one for one in page.judged.comparisons if len(one.compared) > 1]
    if not compared:
        return [Sentence(page.t("evidence_compare_none"))]
    rows = [
        (
            f"{page.group(one.group)}: {', '.join(page.value(one.group, v) for v in one.compared)}",
            _smallest(page, one), _step(page, one, "configural", "cfi"),
            _step(page, one, "metric", "cfi"), _step(page, one, "scalar", "cfi"),
            _largest(page, one, "rmsea"),
            page.t("evidence_holds" if one.means_comparable else "evidence_breaks"),
        )
        for one in compared
    ]  # fmt: skip
    head = (
        "evidence_groups", "evidence_smallest", "evidence_same_form", "evidence_delta_loadings",
        "evidence_delta_intercepts", "evidence_delta_rmsea", "evidence_outcome",
    )  # fmt: skip
    table = Table([page.t(one) for one in head], rows, page.t("evidence_compare_note"))
    broken = [
        page.t(
            "evidence_broken", group=page.group(one.group), figure=page.figure(found),
            value=page.n(found.value or 0, 3), limit=page.n(found.limit or 0, 3),
        )
        for one in compared
        for found in one.findings
        if found.outcome == "blocks" and found.value is not None
    ]  # fmt: skip
    return [table, *([Points(broken)] if broken else [])]


def _smallest(page: EvidencePage, one: Comparison) -> str:
    sizes = [
        part.n
        for part in page.judged.groups
        if part.group == one.group and part.value in one.compared
    ]
    return page.few(min(sizes)) if sizes else ""


def _step(page: EvidencePage, one: Comparison, step: str, index: str) -> str:
    found = _found(one, index, (step,))
    return page.n(found[0], 3) if found else ""


def _largest(page: EvidencePage, one: Comparison, index: str) -> str:
    """The largest change over the two steps: either may break it."""
    found = _found(one, index, ("metric", "scalar"))
    return page.n(max(found), 3) if found else ""


def _found(one: Comparison, index: str, steps: tuple[str, ...]) -> list[float]:
    return [
        found.value
        for found in one.findings
        if found.step in steps and found.name.endswith(index)
        if found.value is not None and math.isfinite(found.value)
    ]
