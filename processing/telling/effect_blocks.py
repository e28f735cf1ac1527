"""The effects themselves: scale by scale, why they are trusted, and what they could have shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from processing.effects.effect_means import TWO_WAY
from processing.effects.headline import STAGGERED
from processing.effects.staggered import OVER_WAVES
from processing.effects.trust import ALL_ALIKE

from .document import Block, Figure, Points, Sentence
from .effect_page import EffectPage
from .forest_figures import Estimate, forests
from .measured_blocks import each


def effects(page: EffectPage) -> list[Block]:
    """A forest of all scales with their intervals, and a table that tells p by itself and adjusted.

    Counts are drawn by themselves: their points are not those of 0–100.
    """
    if not len(page.every):
        return [Sentence(page.nothing)]
    rows = [estimate(page, row, page.name(row.scale)) for row in each(page.every)]
    note = page.t("effects_note", level=page.level)
    cells = [
        (
            page.name(row.scale), page.v(row.scale, row.estimate, signed=True),
            page.interval(row.scale, row.low, row.high), page.p(row.p), page.p(row.p_adjusted), page.n(row.in_sd, 2, signed=True),
            f"{row.treated} + {row.comparison}", page.planned(row.kind),
        )
        for row in each(page.every)
    ]  # fmt: skip
    head = ("scale", "effect", "interval_head", "p_alone", "p_adjusted", "in_sd", "areas")
    return [
        *apart(page, [*page.every["scale"]], rows, "effects_caption", note),
        page.table(head, cells),
        Sentence(_many(page), quiet=True),
    ]


def apart(
    page: EffectPage, scales: Sequence[str], rows: Sequence[Estimate], caption: str, note: str
) -> list[Block]:
    """A forest of points and one of counts, where there are any; `scales` has a name a row."""
    drawn: list[Block] = []
    for counted in (False, True):
        mine = [
            row for row, scale in zip(rows, scales, strict=True) if page.is_count(scale) == counted
        ]
        if mine:
            unit = page.t("unit_count" if counted else "unit_points")
            drawing = forests(mine, told(page, mine, 2 if counted else 1), page.tick)
            drawn.append(Figure(page.t(caption, unit=unit), note, *drawing))
    return drawn


def estimate(page: EffectPage, row: Any, label: str, *, painted: bool | None = None) -> Estimate:
    """A row of a forest, from a row of effects."""
    return Estimate(
        label=label,
        value=row.estimate,
        low=row.low,
        high=row.high,
        painted=bool(row.primary) if painted is None else painted,
        strong=page.v(row.scale, row.estimate, signed=True),
        said=page.interval(row.scale, row.low, row.high),
    )


def told(page: EffectPage, rows: Sequence[Estimate], digits: int = 1) -> str:
    """A forest in words."""
    return "; ".join(
        page.t("effects_alt_untested", scale=row.label, value=row.strong)
        if math.isnan(row.low)
        else page.t(
            "effects_alt", scale=row.label, value=row.strong, low=page.end(row.low, digits),
            high=page.end(row.high, digits),
        )
        for row in rows
    )  # fmt: skip


def _many(page: EffectPage) -> str:
    """How many were looked at, and how the p values allow for that."""
    primary = page.every["primary"].astype(bool)
    secondary = int((page.every["scale"].isin(page.found.plan.secondary) & ~primary).sum())
    others = len(page.every) - int(primary.sum()) - secondary
    told = []
    # Holm's correction is for as many as the plan names, also those of which nothing can be told.
    if primary.any():
        told.append(page.t("many_primary", n=len(page.found.plan.primary)))
    rest = {"many_secondary": secondary, "many_others": others}
    named = [page.t(key, n=n) for key, n in rest.items() if n]
    if named:
        told.append(page.t("many_fdr", measures=page.listed(named), families=len(named)))
    return " ".join([*told, page.t("many_decide", level=page.level)])


def trusted(page: EffectPage) -> list[Block]:
    """Which inference is trusted and why, beside those that are not, for the primary measures."""
    if not len(page.every):
        return [Sentence(page.nothing)]
    reasons = dict.fromkeys(_why(page, row) for row in each(page.every))
    found = page.found.inferences
    mine = found[found["cohort"] == "all"]
    told = [
        (row, one)
        for row in each(page.leading)
        for one in each(mine[mine["scale"] == row.scale])
        if one.estimator == row.estimator or page.cells.may_tell(row.scale, "all", TWO_WAY)
    ]
    head = ("method", "standard_error", "df", "interval_head", "p_alone", "trusted")
    trusted_ones = [_tested(page, row, one) for row, one in told if one.trusted]
    every = page.table(head, [_tested(page, row, one) for row, one in told])
    blocks: list[Block] = [Points([*reasons, *_withheld(page)])]
    if not trusted_ones:
        return [*blocks, every]
    return [*blocks, page.table(head, trusted_ones), replace(every, folded=page.t("trust_all"))]


def _tested(page: EffectPage, row: Any, one: Any) -> tuple[str, ...]:
    """What one method found of one primary measure."""
    return (
        f"{page.name(row.scale)}: {_method(page, one, row.estimator)}",
        page.n(one.standard_error, 2) if math.isfinite(one.standard_error) else "",
        page.n(one.df, 1) if math.isfinite(one.df) else "",
        page.interval(row.scale, one.low, one.high),
        page.t("withheld") if one.note else page.p(one.p),
        page.t("yes" if one.trusted else "no"),
        page.planned(one.kind),
    )


def _withheld(page: EffectPage) -> list[str]:
    """Why a method has no figures among the primary measures."""
    found = page.found.inferences
    mine = found[(found["cohort"] == "all") & found["scale"].isin(page.leading["scale"])]
    without = set(mine.loc[mine["note"] != "", "method"])
    told = [page.t("withheld_regression")] if "CR3" in without else []
    return [*told, page.t("withheld_drawn")] if "randomisation" in without else told


_WHY = {
    "CR2": "why_cr2",
    "CR3": "why_cr2",
    "randomisation": "why_randomisation",
    "randomisation of coefficients": "why_randomisation_one",
    "": "why_none",
}


def _method(page: EffectPage, one: Any, told: str) -> str:
    """A method's name; with its estimator where that is another than the one that is told."""
    name = page.test_of(one.method)
    return name if one.estimator == told else page.t("method_two_way", method=name)


def _why(page: EffectPage, row: Any) -> str:
    """The reason in this language; that of the evaluation where there is another method."""
    if row.method not in _WHY:
        return str(row.trust)
    if row.trust == ALL_ALIKE:
        return page.t("why_alike")
    found = page.found.inferences
    mine = (found["scale"] == row.scale) & (found["cohort"] == row.cohort)
    cr2 = found[mine & (found["method"] == "CR2") & (found["estimator"] == row.estimator)]
    df = page.n(cr2["df"].iloc[0], 1) if len(cr2) else page.t("df_unknown")
    said = page.t(
        _WHY[row.method], method=row.method, treated=row.treated, comparison=row.comparison, df=df
    )
    alone = _alone(page, row) if _WHY[row.method] == "why_cr2" else 0
    if alone:
        said += " " + page.t("why_alone", areas=alone)
    wished = page.found.plan.inference
    if wished in {"trusted", row.method} or not row.method:
        return said
    return f"{page.t('why_not_planned', planned=page.test_of(wished))} {said}"


def _alone(page: EffectPage, row: Any) -> int:
    """Areas that start alone, whose variance is that of others, in the mean that is told."""
    found = page.found.staggered
    if row.estimator != STAGGERED or not len(found):
        return 0
    mine = (found["scale"] == row.scale) & (found["cohort"] == row.cohort)
    return int(found.loc[mine & (found["over"] == OVER_WAVES), "alone"].iloc[0])


def power(page: EffectPage) -> list[Block]:
    """How small an effect the study could have found, and whether a real one can be ruled out."""
    if not len(page.every):
        return [Sentence(page.nothing)]
    rows = []
    for row in each(page.every):
        known = math.isfinite(row.equivalence_low) and math.isfinite(row.equivalence_high)
        margin = page.margin(row.scale)
        beyond = row.equivalence_low > margin or row.equivalence_high < -margin
        kind = "yes" if row.equivalent else "more" if beyond else "no"
        said = page.t(f"equivalent_{kind}", margin=page.amount(row.scale, margin))
        rows.append(
            (
                page.name(row.scale),
                page.v(row.scale, row.detectable)
                if math.isfinite(row.detectable)
                else page.t("untested"),
                page.interval(row.scale, row.equivalence_low, row.equivalence_high),
                said if known else page.t("untested"),
                page.planned(row.kind),
            )
        )
    words = page.t("power_words", margin=page.n(page.found.plan.margin), level=page.level)
    if any(page.is_count(scale) for scale in page.every["scale"]):
        words += " " + page.t("power_counts")
    head = ("scale", "detectable", "equivalence_interval", "equivalent")
    return [Sentence(words), page.table(head, rows)]
