"""Effects by how long plans have run, and for those who lived there throughout."""

from __future__ import annotations

from typing import Any

import pandas as pd

from .document import Block, Figure, Sentence
from .effect_blocks import apart, estimate, told
from .effect_page import EffectPage
from .forest_figures import Estimate, forests
from .measured_blocks import each


def exposure(page: EffectPage) -> list[Block]:
    """A forest a primary measure: waves before the start as checks, then waves since."""
    found = page.found.staggered
    if not len(page.leading):
        return [Sentence(page.nothing)]
    if not len(found):
        return [Sentence(page.t("exposure_none"))]
    mine = found[(found["cohort"] == "all") & found["what"].isin(["exposure", "years"])]
    parts: list[Block] = [Sentence(page.t("exposure_words"))]
    for scale in page.leading["scale"]:
        rows = mine[mine["scale"] == scale].sort_values(["what", "exposure", "years"])
        may = [page.cells.may_tell(scale, "all", _length(row)) for row in each(rows)]
        if not all(may):
            parts.append(Sentence(page.t("exposure_withheld", scale=page.name(scale))))
        rows, called = _once(page, rows[may])
        if not len(rows):
            continue
        drawn = [
            estimate(page, row, label, painted=not row.exposure < 0)
            for row, label in zip(each(rows), called, strict=True)
        ]
        cells = [
            (one.label, one.strong, one.said, page.p(row.p), f"{row.treated:.0f} + {row.comparison:.0f}", page.planned(row.kind))
            for one, row in zip(drawn, each(rows), strict=True)
        ]  # fmt: skip
        parts += [
            Figure(
                page.t("exposure_caption", scale=page.name(scale), unit=page.unit(scale)),
                page.t("exposure_note", level=page.level),
                *forests(drawn, told(page, drawn, page.digits(scale)), page.tick),
            ),
            page.table(
                ("exposure", "effect", "interval_head", "p_alone", "areas"), cells, folded=True
            ),
        ]
    return parts


def _once(page: EffectPage, rows: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The rows and what each is called; a length in years that one in waves is, is told with it."""
    names = {place: _since(page, row) for place, row in zip(rows.index, each(rows), strict=True)}
    waves, years = rows[rows["what"] == "exposure"], rows[rows["what"] == "years"]
    same = ["estimate", "standard_error", "treated"]
    for place in years.index:
        alike = (waves["exposure"] >= 0) & waves[same].eq(years.loc[place, same]).all(axis=1)
        if alike.sum() == 1:
            del names[place]
            names[waves.index[alike][0]] += f" ({_years(page, int(years.loc[place, 'years']))})"
    return rows.loc[[*names]], [*names.values()]


def _years(page: EffectPage, years: int) -> str:
    key = {0: "exposure_within_year", 1: "exposure_of_year"}.get(years, "exposure_of_years")
    return page.t(key, years=page.n(years, 0))


def _length(row: Any) -> tuple[str, int]:
    return row.what, int(row.years if row.what == "years" else row.exposure)


def _since(page: EffectPage, row: Any) -> str:
    """Waves since the start, or whole years that plans have run."""
    if row.what == "years":
        key = {0: "exposure_year_none", 1: "exposure_year"}.get(int(row.years), "exposure_years")
        return page.t(key, years=page.n(row.years, 0))
    waves = int(row.exposure)
    if waves == 0:
        return page.t("exposure_first")
    key = f"exposure_{'before' if waves < 0 else 'after'}{'_one' if abs(waves) == 1 else ''}"
    return page.t(key, waves=abs(waves))


def stayers(page: EffectPage) -> list[Block]:
    """Stayers beside all residents: what is left where nobody moved in."""
    found = page.found.effects
    rows: list[Estimate] = []
    scales: list[str] = []
    cells = []
    for scale in page.leading["scale"]:
        mine = found[found["scale"] == scale]
        for cohort in ("all", "stayer", "newcomer"):
            if not page.cells.may_tell(scale, cohort):
                continue
            for row in each(mine[mine["cohort"] == cohort]):
                label = f"{page.name(scale)}: {page.t(f'cohort_{cohort}')}"
                rows.append(estimate(page, row, label, painted=cohort == "all"))
                scales.append(scale)
                cells.append(
                    (
                        label, rows[-1].strong, rows[-1].said, page.p(row.p),
                        page.p(row.p_adjusted), f"{row.treated} + {row.comparison}",
                        page.planned(row.kind),
                    )
                )  # fmt: skip
    if not (found["cohort"] == "stayer").any():
        return [Sentence(page.t("stayers_none"))]
    if not rows:
        return [Sentence(page.nothing)]
    head = ("scale", "effect", "interval_head", "p_alone", "p_adjusted", "areas")
    return [
        Sentence(page.t("stayers_words")),
        *apart(page, scales, rows, "stayers_caption", page.t("stayers_note", level=page.level)),
        page.table(head, cells, folded=True),
    ]
