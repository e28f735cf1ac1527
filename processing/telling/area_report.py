"""The report for one area: what was asked, who answered, how it stands, and what that does not show."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from processing.datasets.study import Study
from processing.errors import Problem, StatisticsError
from processing.measuring.study_terms import study_terms

from .area_blocks import changed, stands
from .area_page import AreaPage
from .document import Block, Command, Document, Points, Section, Sentence
from .how_asked import HowAsked, how_asked
from .place_results import place_results


def area_report_document(
    study: Study,
    table: pd.DataFrame,
    level: str,
    unit: str,
    *,
    wave: int | None = None,
    language: str = "da",
    calibrated: bool = False,
    kept: str = "",
    validated: Collection[str] = (),
    incomparable: Collection[str] = (),
    confidence: float = 0.95,
    command: str = "",
) -> Document:
    """Return a report on one place in plain words, made of what may be told in public of it.

    `table` is `area_results`, with all that was told before as its `earlier`; `level` and `unit` name
    the place, `wave` is the last one by default, `kept` says which waves keep earlier weights
    (`kept_told`), `validated` the scales whose evidence in this
    dataset calls them so, `incomparable` those whose means it warns to compare over waves, `confidence` the level of the table's intervals. Figures are in the order
    of the questionnaires. Raises StatisticsError where nothing of the place may be told: too few
    answered, or it would give away one where too few did.
    """
    wave = wave or max(one.wave for one in study.waves)
    counts = {scale.name for scale in study.codebook.scales if scale.score == "count"}
    told = place_results(table, level, unit, wave, counts=counts)
    if told.answered is None or not told.figures:
        raise StatisticsError(
            Problem(
                f"{level} {unit}, wave {wave}",
                "nothing of it may be told: too few answered, or it would give away a place where"
                " too few did, or there is no such place",
                "Name another place or level",
            )
        )
    page = AreaPage(
        study,
        table,
        told,
        language,
        calibrated,
        frozenset(validated),
        confidence,
        frozenset(incomparable),
        kept,
    )
    t = page.t
    return Document(
        language=language,
        title=t("area_title", place=page.place),
        where=t("area_where", study=study.study, wave=wave, year=told.year),
        heading=t("area_title", place=page.place),
        lead=t("area_lead", **page.response()),
        key_figures=page.key_figures(),
        sections=[
            Section(t("area_asked"), _asked(page)),
            Section(t("area_stands"), stands(page)),
            *([Section(t("area_changed"), changed(page))] if page.moved else []),
            Section(t("area_sure"), _sure(page)),
            Section(t("limits"), _limits(page)),
            Section(t("source"), _source(page, command)),
        ],
        brand=t("brand"),
        skip=t("skip"),
    )


def _asked(page: AreaPage) -> list[Block]:
    wave = next(one for one in page.study.waves if one.wave == page.told.wave)
    asked = how_asked(wave, study_terms(page.study).limits.count)
    measured = {scale.instrument for scale in page.codebook.scales}
    about = page.t(
        "area_questions",
        about=page.listed([page.about(one) for one in asked.instruments if one in measured]),
        count=asked.questions,
    )
    whom = page.t("area_whom_imported" if asked.imported else "area_whom", **page.response())
    return [
        Sentence(" ".join([about, *_languages(page, asked)])),
        Sentence(" ".join([whom, *_modes(page, asked)])),
        Sentence(page.t("area_scales")),
        Points([page.label(one.name) for one in page.means]),
    ]


def _languages(page: AreaPage, asked: HowAsked) -> list[str]:
    """Nothing where nobody said in which language they answered."""
    if not asked.languages:
        return []
    named = page.listed([page.language_called(code) for code in asked.languages])
    return [page.t("area_answered_in" if asked.imported else "area_offered", languages=named)]


def _modes(page: AreaPage, asked: HowAsked) -> list[str]:
    named = page.listed([page.t(f"area_mode_{mode}") for mode in asked.modes])
    return [page.t("area_modes", modes=named)] if named else []


def _sure(page: AreaPage) -> list[Block]:
    known = any(one.now.here for one in page.means)
    lines = [page.t("area_sure_here" if known else "area_sure_interval", level=page.level)]
    if known and page.moved:
        lines.append(page.t("area_sure_change"))
    lines.append(page.t("area_sure_small"))
    if page.calibrated:
        lines.append(page.t("area_sure_weights"))
    if page.kept:
        lines.append(page.kept)
    return [Points(lines)]


def _limits(page: AreaPage) -> list[Block]:
    unproven = any(one.name not in page.validated for one in page.means)
    keys = ["area_limit_causes", "area_limit_answer", "area_limit_persons"]
    if unproven:
        keys.insert(2, "area_limit_new")
    told = [page.t(key) for key in keys]
    if page.asked_otherwise:
        told.insert(1, page.t("area_limit_shift"))
    apart = [page.label(one.name) for one in page.moved if one.name in page.incomparable]
    if apart:
        told.append(page.t("area_limit_waves", scales=page.listed(apart)))
    return [Points(told)]


def _source(page: AreaPage, command: str) -> list[Block]:
    told = Sentence(page.t("area_source", dataset=page.study.hash[:12]))
    return [told, *([Command(command)] if command else [])]
