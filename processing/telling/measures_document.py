"""One scale's measures as a document for researchers: level, change, places, who answered."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from processing.datasets.study import Study
from processing.errors import Problem, StatisticsError
from processing.measuring.study_measures import StudyMeasures

from .document import Block, Document, Figure, KeyFigure, Section, Sentence
from .figures import Line, trends
from .measured_blocks import Measured, each
from .place_blocks import place_by_place
from .small_cells import SmallCells, small_cells
from .words import percent


def measures_document(
    study: Study,
    measured: StudyMeasures,
    scale: str,
    *,
    language: str = "da",
    command: str = "",
    cells: SmallCells | None = None,
) -> Document:
    """Return how one scale stands in the whole study and place by place.

    Places that may not be shown, or would give one away that may not, are named and not drawn:
    `cells` says which, and is counted where not given. Raises StatisticsError where nobody has a
    score of the scale, or none that may be shown; KeyError for a language there are no words in.
    """
    page = _Scale(study, measured, language, cells or small_cells(study, measured), scale)
    if not len(page.whole):
        raise StatisticsError(
            Problem(
                f"scale {scale}",
                "nobody has a score of it, or so few that none may be shown",
                "Name a scale that was asked",
            )
        )
    t, counted, most = page.t, page.is_count(scale), round(page.most[scale])
    waves = [str(wave) for wave in sorted(measured.days)]
    return Document(
        language=language,
        title=t("measures_title", scale=page.name(scale)),
        where=f"{study.study}. {t('where_count' if counted else 'where', waves=page.listed(waves), n=len(waves), most=most)}",
        heading=t("measures_title", scale=page.name(scale)),
        lead=page.lead(),
        key_figures=page.key_figures(),
        sections=[
            Section(t("trends"), page.trends()),
            Section(
                t("places"),
                [*place_by_place(page, [scale]), *map(Sentence, page.groups_corrected())],
            ),
            Section(t("measures_composition"), page.response()),
            Section(t("source"), [Sentence(t("measures_analysis")), *page.source(command)]),
        ],
        brand=t("brand"),
        skip=t("skip"),
    )


@dataclass(frozen=True)
class _Scale(Measured):
    scale: str

    @cached_property
    def whole(self) -> pd.DataFrame:
        """The study's means, wave by wave."""
        return self._of("all")

    @cached_property
    def stayers(self) -> pd.DataFrame:
        return self._of("stayer")

    def _of(self, cohort: str) -> pd.DataFrame:
        found = self._every(cohort)
        return found[self.cells.may_show(found)]

    def _every(self, cohort: str) -> pd.DataFrame:
        means = self.measured.measures.means
        mine = (means["scale"] == self.scale) & (means["level"] == "study")
        return means[mine & (means["cohort"] == cohort)].sort_values("wave")

    def hidden(self) -> str:
        """Waves whose figure is not shown, which is another thing than that there are none."""
        left_out = sorted(set(self._every("all")["wave"]) - set(self.whole["wave"]))
        if not left_out:
            return ""
        return self.t(
            "measures_hidden", waves=self.listed([str(wave) for wave in left_out]), n=len(left_out)
        )

    @cached_property
    def changes(self) -> pd.DataFrame:
        """The study's changes, the latest pair of waves last."""
        changes = self.measured.measures.changes
        if not len(changes):
            return changes
        mine = (changes["scale"] == self.scale) & (changes["level"] == "study")
        mine &= changes[["wave_1", "wave_2"]].isin([*self.whole["wave"]]).all(axis=1)
        return changes[mine & (changes["cohort"] == "all")].sort_values(["wave_2", "wave_1"])

    def lead(self) -> str:
        last = self.whole.iloc[-1]
        told = self.t(
            "measures_lead", wave=last["wave"], value=self.mine(last["mean"]),
            most=round(self.most[self.scale]), low=self.mine(last["low"]),
            high=self.mine(last["high"]),
        )  # fmt: skip
        if not len(self.changes):
            return told
        row = self.changes.iloc[-1]
        return f"{told} " + self.t(
            "measures_change", before=row["wave_1"],
            change=self.amount(self.scale, row["change"], signed=True),
            interval=self.ends(self.scale, row["low"], row["high"]),
        )  # fmt: skip

    def key_figures(self) -> list[KeyFigure]:
        last = self.whole.iloc[-1]
        found = [
            KeyFigure(
                self.t("measures_mean"),
                self.mine(last["mean"]),
                self._between(last["low"], last["high"]),
            )
        ]
        if len(self.changes):
            row = self.changes.iloc[-1]
            between = self._between(row["low"], row["high"])
            found.append(
                KeyFigure(
                    self.t("measures_changed"),
                    self.mine(row["change"], signed=True),
                    self.t("measures_since", before=row["wave_1"], interval=between),
                )
            )
        # The points at which shares are parted are of 0–100.
        for side in () if self.is_count(self.scale) else ("below", "above"):
            ends = (100 * last[f"share_{side}_low"], 100 * last[f"share_{side}_high"])
            few = self.cells.limits.count
            if not few <= last["n"] * last[f"share_{side}"] <= last["n"] - few:
                continue
            found.append(
                KeyFigure(
                    self.t(f"measures_{side}"),
                    percent(100 * last[f"share_{side}"], self.language),
                    self.t("measures_share", interval=self._between(*ends, digits=0)),
                )
            )
        return found

    def trends(self) -> list[Block]:
        waves = [*self.whole["wave"]]
        if len(waves) < 2:
            return [Sentence(self.hidden() or self.t("measures_one_wave", wave=waves[0]))]
        lines = [self._line("measures_all", self.whole, painted=True)]
        if [*self.stayers["wave"]] == waves:
            lines.append(self._line("measures_stayers", self.stayers, painted=False))
        told = [", ".join(self.mine(mean) for mean, _, _ in line.points) for line in lines]
        alone = "_alone" if len(lines) == 1 else ""
        said = self.t(f"measures_trend_alt{alone}", all=told[0], stayers=told[-1])
        days = [self.measured.days[int(wave)][:4] for wave in waves]
        note = self.t(f"measures_trend_note{alone}", level=self.percent)
        return [
            Figure(self.t(f"measures_trend{alone}"), note, *trends(lines, days, said, self.tick)),
            *([Sentence(self.hidden(), quiet=True)] if self.hidden() else []),
        ]

    def _line(self, key: str, rows: pd.DataFrame, *, painted: bool) -> Line:
        points = [(row.mean, row.low, row.high) for row in each(rows)]
        return Line(f"{self.t(key)} {self.mine(points[-1][0])}", points, painted=painted)

    def mine(self, value: float, *, signed: bool = False) -> str:
        return self.v(self.scale, value, signed=signed)

    def _between(self, low: float, high: float, digits: int | None = None) -> str:
        if not (math.isfinite(low) and math.isfinite(high)):
            return ""
        return self.bounds(low, high, self.digits(self.scale) if digits is None else digits)
