"""Place by place: means as measured and as estimated, drawn at one level and told at all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from processing.measuring.fay_herriot import fay_herriot

from .document import Block, Figure, Sentence, Table
from .measured_blocks import Measured, each
from .place_figures import Place, PlaceWords, places
from .words import count

RELIABLE = 0.7
FEWEST_TO_SHRINK = 5
MOST_IN_TABLE = 300
"""Places that a page's table names; the others stand in the files."""
_LEVELS = ("boligområde", "plan", "afdeling")


def place_by_place(page: Measured, scales: Sequence[str]) -> list[Block]:
    """Each scale's means in the latest wave, in alphabetical order.

    Drawn is the first level of which there are several units; a table a level says the same of it
    and of the others.
    """
    blocks: list[Block] = []
    shrunk = False
    for scale in scales:
        told = _Scale(page, scale)
        blocks += told.blocks()
        shrunk = shrunk or told.shrunk
    return [*blocks, Sentence(page.t("places_words" if shrunk else "places_plain"), quiet=True)]


@dataclass(frozen=True)
class _Scale:
    page: Measured
    scale: str

    def blocks(self) -> list[Block]:
        t = self.page.t
        if not self.page.cells.may_show(self.whole).all():
            return [Sentence(t("places_none_of", scale=self.page.name(self.scale)))]
        tables = [self._table(level) for level in self.levels]
        if not self.levels:
            return [Sentence(t("places_one", scale=self.page.name(self.scale)))]
        drawn = self.here(self.levels[0])
        return [self._figure(drawn), *self._notes(drawn), *tables]

    @property
    def latest(self) -> pd.DataFrame:
        means = self.page.measured.measures.means
        mine = (means["scale"] == self.scale) & (means["cohort"] == "all")
        found: pd.DataFrame = means[mine & (means["wave"] == means.loc[mine, "wave"].max())]
        return found

    @property
    def whole(self) -> pd.DataFrame:
        return self.latest[self.latest["level"] == "study"]

    @property
    def levels(self) -> list[str]:
        """Levels with several units, the largest places first."""
        units = self.latest["level"].value_counts()
        return [level for level in _LEVELS if units.get(level, 0) > 1]

    @property
    def shrunk(self) -> bool:
        return any(self.here(level)["shrunk"].notna().any() for level in self.levels)

    def here(self, level: str) -> pd.DataFrame:
        """A level's units by name, with `shown`; estimates are of the shown ones alone."""
        rows = self.latest[self.latest["level"] == level]
        names = [self.page.place(level, str(unit)) for unit in rows["unit"]]
        rows = rows.assign(shown=self.page.cells.may_show(rows), name=names)
        rows = rows.sort_values(["name", "unit"])
        return (
            rows if rows["shown"].all() else _shrunk_anew(rows, self.page.measured.measures.level)
        )

    def _figure(self, here: pd.DataFrame) -> Figure:
        page, t = self.page, self.page.t
        shrunk = bool(here["shrunk"].notna().any())
        rows = [
            Place(
                label=row.name,
                shown=row.shown,
                measured=(row.mean, row.low, row.high),
                estimated=(row.shrunk, row.shrunk_low, row.shrunk_high),
                n=count(row.n, page.language),
                reliability=self._reliability(row.reliability),
                unreliable=row.reliability < RELIABLE,
            )
            for row in each(here)
        ]
        overall = float(self.whole["mean"].iloc[0])
        said = t("places_alt", scale=page.name(self.scale), count=len(rows))
        head = (t("estimated" if shrunk else "measured"), "n", "λ" if shrunk else "")
        words = PlaceWords(
            said,
            page.tick,
            value=lambda mean: page.v(self.scale, mean),
            few=t("places_few"),
            overall=t("places_all", value=page.v(self.scale, overall)),
            head=head,
        )
        scale_ends = "" if page.is_count(self.scale) else ", 0–100"
        return Figure(
            t("places_caption", scale=page.name(self.scale), range=scale_ends),
            t("places_note" if shrunk else "places_note_measured", level=page.percent),
            *places(rows, overall, words),
        )

    def _notes(self, here: pd.DataFrame) -> list[Block]:
        t = self.page.t
        notes = []
        if not here["shown"].all():
            anew = f" {t('places_anew')}" if here["shrunk"].notna().any() else ""
            notes.append(t("places_hidden") + anew)
        if here["shown"].any() and (here.loc[here["shown"], "reliability"] == 0).all():
            notes.append(t("places_at_bound"))
        return [Sentence(note, quiet=True) for note in notes]

    def _table(self, level: str) -> Table:
        page, t = self.page, self.page.t
        here = self.here(level)
        shrunk = bool(here["shrunk"].notna().any())
        rows = []
        for row in each(here.head(MOST_IN_TABLE)):
            if not row.shown:
                cells = [row.name, t("places_few"), "", "", *[""] * (3 * shrunk)]
            else:
                cells = [
                    row.name,
                    count(row.n, page.language),
                    *self._pair(row.mean, row.low, row.high),
                ]
                if shrunk:
                    cells += self._pair(row.shrunk, row.shrunk_low, row.shrunk_high)
                    cells.append(self._reliability(row.reliability))
            rows.append(cells)
        head = [t(f"place_{level}"), t("answers"), t("measured_head"), t("interval_head")]
        head += [t("estimated_head"), t("interval_head"), "λ"] * shrunk
        rest = len(here) - len(rows)
        note = t("places_more", n=count(rest, page.language)) if rest else ""
        folded = t("places_as_table", level=t(f"level_{level}"), scale=page.name(self.scale))
        return Table(head, rows, note, folded)

    def _pair(self, value: float, low: float, high: float) -> list[str]:
        if not math.isfinite(value):
            return ["", ""]
        page = self.page
        known = math.isfinite(low) and math.isfinite(high)
        return [page.v(self.scale, value), page.interval(self.scale, low, high) if known else ""]

    def _reliability(self, value: float) -> str:
        return self.page.n(value, 2) if math.isfinite(value) else ""


def _shrunk_anew(rows: pd.DataFrame, level: float) -> pd.DataFrame:
    """Shrunk means and λ of the shown places from the shown ones alone.

    What others are drawn towards is a mean of all: with λ beside it, it would tell a hidden one.
    """
    usable = rows["shown"] & (rows["n"] > 1)
    anew = rows.assign(reliability=np.nan, shrunk=np.nan, shrunk_low=np.nan, shrunk_high=np.nan)
    mine = rows[usable]
    weights = mine["n"] - 1
    pooled = float((weights * mine["sd"] ** 2).sum() / max(weights.sum(), 1))
    if len(mine) < FEWEST_TO_SHRINK or not pooled > 0:
        return anew
    model = fay_herriot(mine["mean"], pooled / mine["effective_n"])
    reach = float(stats.norm.ppf((1 + level) / 2)) * np.sqrt(model.mse)
    names = ["reliability", "shrunk", "shrunk_low", "shrunk_high"]
    anew.loc[usable, names] = np.column_stack(
        [model.kept, model.shrunk, model.shrunk - reach, model.shrunk + reach]
    )
    return anew
