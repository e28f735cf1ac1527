"""The report for researchers: one page that holds all it needs, from a study's evaluation."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import pandas as pd

from processing.datasets.study import Study
from processing.effects.evaluation import Evaluation
from processing.effects.trust import ALL_ALIKE

from .document import Block, Document, KeyFigure, Points, Section, Sentence
from .effect_blocks import effects, power, trusted
from .effect_page import EffectPage, first
from .exposure_blocks import exposure, stayers
from .measured_blocks import each
from .mode_shift import STRONG
from .page_html import as_page
from .parted_blocks import parted
from .place_blocks import place_by_place
from .plan_blocks import plan
from .small_cells import SmallCells, small_cells
from .trend_blocks import trends
from .words import count

LEAST_SHIFT = 1
"""Points of a hundred by which the share on paper must move before it is told."""


def report(
    study: Study,
    found: Evaluation,
    *,
    stylesheet: str,
    language: str = "da",
    validated: Collection[str] = (),
    command: str = "",
) -> str:
    """Return `report_document` as one HTML page; `stylesheet` is the product's CSS."""
    document = report_document(
        study, found, language=language, validated=validated, command=command
    )
    return as_page(document, stylesheet)


def report_document(
    study: Study,
    found: Evaluation,
    *,
    language: str = "da",
    validated: Collection[str] = (),
    incomparable: Collection[str] = (),
    command: str = "",
    cells: SmallCells | None = None,
) -> Document:
    """Return what researchers are told: effects, how far to trust them, development, source.

    The first sentences tell every primary measure by its adjusted p. Places that may not be shown by
    the plan's limits are named and not drawn, nor is anything from which they could be worked out
    (`cells`, counted where not given). `validated` names the scales whose evidence in this dataset
    calls them validated, `incomparable` those whose means it warns to compare over waves
    (`kept_incomparable`), `command` makes the report again. Raises KeyError for a language there are no words in.
    """
    page = EffectPage(
        study,
        found.measures,
        language,
        cells or small_cells(study, found.measures, found.plan.limits, found),
        found,
        frozenset(validated),
        frozenset(incomparable),
    )
    waves = [str(wave) for wave in sorted(found.measures.days)]
    counted = any(page.is_count(scale) for scale in page.every["scale"])
    t = page.t
    return Document(
        language=language,
        title=t("title", study=study.study),
        where=f"{study.study}. {t('where_counts' if counted else 'where', waves=page.listed(waves), n=len(waves))}",
        heading=t("heading"),
        lead=lead(page),
        key_figures=_key_figures(page, first(page.leading)),
        sections=[
            Section(t("effects"), effects(page)),
            Section(t("trust"), trusted(page)),
            Section(t("exposure"), exposure(page)),
            Section(t("stayers"), stayers(page)),
            Section(t("parted"), [*parted(page)]),
            Section(t("power"), power(page)),
            Section(t("trends"), [*trends(page), *map(Sentence, _shift(page, STRONG))]),
            Section(t("places"), place_by_place(page, page.leading_scales)),
            Section(t("response"), page.response()),
            Section(t("limits"), _limits(page)),
            Section(t("plan"), plan(page)),
            Section(t("source"), page.source(command, found.plan.hash)),
        ],
        brand=t("brand"),
        skip=t("skip"),
    )


def lead(page: EffectPage) -> str:
    """What was found of every primary measure, decided by the adjusted p."""
    if not len(page.leading):
        return page.nothing
    told = [*page.untold, *(_found(page, row) for row in each(page.leading))]
    # Holm's correction is for as many as the plan names, also those of which nothing can be told.
    primary = len(page.found.plan.primary) if page.leading["primary"].any() else 0
    if primary > 1:
        every = all(page.adjusts(row) for row in each(page.leading))
        told.append(page.t("lead_many" if every else "lead_many_alone", count=primary))
    if not page.found.registered:
        told.append(page.t("lead_exploratory", wave=page.found.registration.follow_up))
    elif page.found.reweighted:
        told.append(page.t("lead_reweighted"))
    elif primary and (page.leading["kind"] != "confirmatory").any():
        told.append(page.t("lead_stands_in"))
    return " ".join(told)


def _found(page: EffectPage, row: Any) -> str:
    said = {
        "scale": page.name(row.scale),
        "change": page.amount(row.scale, abs(row.estimate)),
        "more": page.t("more" if row.estimate >= 0 else "less"),
        "treated": row.treated,
        "comparison": row.comparison,
    }
    if not math.isfinite(row.p_adjusted):
        alike = row.trust == ALL_ALIKE
        return page.t("lead_alike" if alike else "lead_untested", **said)
    low, high = page.adjusted(row)
    said |= {"interval": page.ends(row.scale, low, high), "p": page.p(row.p_adjusted)}
    if row.p_adjusted < page.alpha:
        return page.t("lead_moved", **said)
    said["change"] = page.amount(row.scale, row.estimate, signed=True)
    margin = page.amount(row.scale, page.margin(row.scale))
    small = page.t("lead_small", margin=margin) if row.equivalent else ""
    return " ".join([page.t("lead_unsure", **said), small]).strip()


def _key_figures(page: EffectPage, row: Any) -> list[KeyFigure]:
    if row is None:
        return []
    low, high = page.adjusted(row)
    unit = row.in_sd / row.estimate if row.estimate else math.nan
    tested = math.isfinite(row.p_adjusted)
    alone = bool(row.primary) and len(page.found.plan.primary) == 1
    interval = (
        page.t(
            "interval" if page.adjusts(row) and not alone else "interval_alone",
            level=page.level,
            interval=page.interval(row.scale, low, high),
        )
        if tested
        else page.t("untested")
    )
    in_sd = page.bounds(low * unit, high * unit, 2) if tested and math.isfinite(unit) else ""
    planned = page.t("confirmatory" if row.kind == "confirmatory" else "exploratory")
    name = page.name(row.scale)
    return [
        KeyFigure(name, page.amount(row.scale, row.estimate, signed=True), interval),
        KeyFigure(page.t("in_sd"), page.n(row.in_sd, 2, signed=True), in_sd),
        KeyFigure(
            page.t("p"),
            page.p(row.p_adjusted),
            page.method(row) if alone else page.t("p_note", method=page.method(row)),
        ),
        KeyFigure(
            page.t("areas"),
            f"{row.treated} + {row.comparison}",
            page.t("areas_note", rows=count(row.rows, page.language), planned=planned),
        ),
    ]


def _limits(page: EffectPage) -> list[Block]:
    told = [_before(page), page.t("limit_causes"), page.t("limit_answer")]
    unproven = [page.name(s) for s in page.every["scale"] if s not in page.validated]
    if unproven:
        told.append(page.t("limit_status", scales=page.listed(unproven), n=len(unproven)))
    apart = [page.name(s) for s in page.every["scale"] if s in page.incomparable]
    if apart:
        told.append(page.t("limit_incomparable", scales=page.listed(apart)))
    return [Points([*told, *_left_out(page), *_shift(page, LEAST_SHIFT)])]


def _left_out(page: EffectPage) -> list[str]:
    """Areas and waves that tell nothing of the effect, and plans that were not shown."""
    compared, row = page.found.treatment, first(page.leading)
    told = []
    if compared.always:
        told.append(page.t("limit_always", areas=len(compared.always)))
    if compared.ended:
        told.append(page.t("limit_ended", areas=len(compared.ended)))
    if compared.corrected:
        told.append(page.t("limit_corrected", areas=page.listed(compared.corrected)))
    told += page.groups_corrected()
    told += _starts(page, row)
    seen = compared.frame["unit"].nunique()
    if row is not None and row.areas + row.silent < seen:
        told.append(
            page.t(
                "limit_unseen", areas=int(seen - row.areas - row.silent), scale=page.name(row.scale)
            )
        )
    if row is not None and row.silent:
        told.append(page.t("limit_silent", areas=row.silent))
    if page.found.registration.plans > 1:
        told.append(page.t("limit_plans", plans=page.found.registration.plans))
    return told


def _starts(page: EffectPage, row: Any) -> list[str]:
    """Areas that start together and are in no effect by start, or not in some waves."""
    found = page.found.left_out
    if row is None or not len(found):
        return []
    mine = found[(found["scale"] == row.scale) & (found["cohort"] == "all")]
    return [
        page.t(
            f"limit_start_{one.why}", start=f"{one.start:g}", areas=page.listed(one.areas),
            waves=""
            if one.whole
            else page.t("limit_start_waves", waves=page.listed([f"{wave:g}" for wave in one.waves]), n=len(one.waves)),
        )
        for one in each(mine)
    ]  # fmt: skip


def _before(page: EffectPage) -> str:
    """Whether it could be checked that areas moved alike before the start."""
    row = first(page.leading)
    if row is None or not math.isfinite(row.pretest):
        few = row is not None and page.seen_before(row.scale)
        return page.t("pre_few" if few else "pre_none")
    return page.t("pre_some", scale=page.name(row.scale), p=page.p(row.pretest))


def _shift(page: EffectPage, least: float) -> list[str]:
    """What a shift to paper would have moved by itself, between the waves of the latest change."""
    found = page.found.measures.measures
    row = first(page.leading)
    changes = found.changes
    if row is None or not len(changes):
        return []
    mine = (changes["level"] == "study") & (changes["cohort"] == "all")
    last = first(changes[mine & (changes["scale"] == row.scale)].tail(1))
    paper = _paper(found.composition)
    if last is None or not {last.wave_1, last.wave_2} <= set(paper.index):
        return []
    shift = 100 * (paper[last.wave_2] - paper[last.wave_1])
    if abs(shift) < least:
        return []
    said = {
        "before": last.wave_1,
        "after": last.wave_2,
        "scale": page.name(row.scale),
        "shift": page.n(shift, 0, signed=True),
        "change": page.amount(row.scale, last.change, signed=True),
    }
    if not math.isfinite(last.change_at_first_mix):
        return [page.t("limit_mode_lost", **said, shares=_shares(page, last))]
    fixed = page.amount(row.scale, last.change_at_first_mix, signed=True)
    return [
        page.t("limit_mode_alike" if fixed == said["change"] else "limit_mode", **said, fixed=fixed)
    ]


def _shares(page: EffectPage, change: Any) -> str:
    """From what share on paper to what, where nobody or enough answered in every way."""
    found = page.found.measures.measures.composition
    mine = found[(found["level"] == "study") & found["wave"].isin([change.wave_1, change.wave_2])]
    if ((mine["n"] > 0) & (mine["n"] < page.cells.limits.count)).any():
        return ""
    paper = _paper(found)
    before, after = (page.n(100 * paper[wave], 0) for wave in (change.wave_1, change.wave_2))
    return page.t("limit_mode_shares", before=before, after=after)


def _paper(composition: pd.DataFrame) -> pd.Series:
    """The share on paper by wave; none answered so where there is no row."""
    whole = composition[composition["level"] == "study"]
    of_paper = whole[whole["mode"] == "paper"].set_index("wave")["share"]
    share: pd.Series = of_paper.reindex(sorted(whole["wave"].unique()), fill_value=0.0)
    return share
