"""How areas with a plan and without moved, drawn from areas whose figures may be shown."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from processing.datasets.codebook import PERCENT

from .document import Block, Figure, Sentence
from .effect_page import EffectPage
from .figures import Line
from .figures import trends as drawings
from .measured_blocks import each


def trends(page: EffectPage) -> list[Block]:
    """A drawing a primary measure.

    Areas that may not be shown in some wave are left out of all: the mean of an arm, less those
    that are shown, would else be theirs.
    """
    parts: list[Block] = [] if len(page.leading) else [Sentence(page.nothing)]
    for scale in page.leading["scale"]:
        drawn, left_out = _shown_areas(page, str(scale))
        waves = sorted(page.measured.days)
        lines = [
            Line(
                page.t("with_plan" if treated else "without")
                + f" {page.v(scale, part['mean'].iloc[-1])}",
                [(row.mean, row.low, row.high) for row in each(part)],
                painted=bool(treated),
            )
            for treated, part in sorted(drawn.groupby("treated"), reverse=True)
        ]
        if not lines:
            parts.append(Sentence(page.t("trends_hidden", scale=page.name(scale))))
            continue
        told = {
            key: ", ".join(
                page.v(scale, m) for line in lines if line.painted is own for m, _, _ in line.points
            )
            for key, own in (("treated", True), ("others", False))
        }
        areas = drawn.drop_duplicates("treated").set_index("treated")["areas"]
        note = page.t(
            "trends_note", level=page.level, treated=int(areas.get(1, 0)),
            comparison=int(areas.get(0, 0)),
        )  # fmt: skip
        if page.found.treatment.starts > 1:
            note += " " + _starts(page)
        if left_out:
            note += " " + page.t("trends_left_out", areas=left_out)
        days = [page.measured.days[int(wave)][:4] for wave in waves]
        said = page.t("trends_alt", **told)
        parts.append(Figure(page.name(scale), note, *drawings(lines, days, said, page.tick)))
    return parts


def _starts(page: EffectPage) -> str:
    """In which waves plans begin, and in how many areas: lines hold them all from the first wave on."""
    areas = page.found.treatment.frame.drop_duplicates("unit")
    by = areas.loc[areas["start"] > 0, "start"].astype(int).value_counts().sort_index()
    told = [page.t("trends_start", wave=wave, areas=count) for wave, count in by.items()]
    return page.t("trends_starts", waves=page.listed(told))


def _shown_areas(page: EffectPage, scale: str) -> tuple[pd.DataFrame, int]:
    """Means of areas' means by arm and wave, each area alike; and how many areas were left out."""
    means = page.measured.measures.means
    mine = means[
        (means["scale"] == scale) & (means["level"] == "afdeling") & (means["cohort"] == "all")
    ]
    mine = mine[mine["unit"].isin(page.found.treatment.frame["unit"])]
    # Seen and shown in every wave, those after a plan's end among them: else lines change their areas.
    may = mine[page.cells.may_show(mine)]
    waves = may.groupby("unit")["wave"].nunique()
    kept = waves.index[waves == len(page.measured.days)]
    shown = page.found.treatment.arms(may[may["unit"].isin(kept)])
    by = shown.groupby(["treated", "wave"], as_index=False)["mean"]
    told: pd.DataFrame = by.agg(["mean", "std", "count"]).rename(columns={"count": "areas"})
    reach = stats.t((told["areas"] - 1).clip(lower=1)).ppf((1 + page.found.plan.level) / 2)
    reach = reach * told["std"] / np.sqrt(told["areas"])
    # Two areas may leave an interval open beyond all that a score can be.
    low, high = (told["mean"] - reach).clip(lower=0), told["mean"] + reach
    high = high.clip(upper=page.most.get(scale, PERCENT))
    told = told.assign(low=low, high=high)
    return told.sort_values(["treated", "wave"]), mine["unit"].nunique() - len(kept)
