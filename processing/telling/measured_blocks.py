"""Parts that reports and pages of measures share: places, response, and how it was made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from processing.datasets.study import Study
from processing.measuring.study_measures import StudyMeasures

from .document import Block, Command, Figure, Sentence, Table
from .figures import Place, places
from .words import count, number, words

SHOWN_FROM = 10
RELIABLE = 0.7


@dataclass(frozen=True)
class Measured:
    """A study's measures with the words to tell them in."""

    study: Study
    measured: StudyMeasures
    language: str

    def t(self, key: str, **values: object) -> str:
        return words(self.language)[key].format(**values)

    def n(self, value: float, digits: int = 1, *, signed: bool = False) -> str:
        return number(value, self.language, digits, signed=signed)

    def tick(self, value: float) -> str:
        return self.n(value, 0 if float(value).is_integer() else 1)

    @property
    def names(self) -> Mapping[str, str]:
        """What each measure is called, from the codebook."""
        found = {}
        for scale in self.study.codebook.scales:
            label = scale.label(self.language)
            # A scale of problems is told the other way round: high is favourable everywhere.
            found[scale.name] = self.t("turned", scale=label) if scale.headline_reversed else label
            for variant, left_out in scale.variants.items():
                items = ", ".join(
                    self.study.codebook.variable(one).label(self.language) for one in left_out
                )
                found[f"{scale.name}_{variant}"] = self.t("variant", scale=label, items=items)
        return found

    def name(self, scale: object) -> str:
        return self.names.get(str(scale), str(scale))

    def places(self, scale: str) -> list[Block]:
        """A scale's measured and shrunk means at the first level of which there are several units."""
        means = self.measured.measures.means
        levels = [one for one in ("boligområde", "plan", "afdeling") if one in set(means["level"])]
        last = means["wave"].max()
        mine = means[
            (means["scale"] == scale) & (means["wave"] == last) & (means["cohort"] == "all")
        ]
        level = next((one for one in levels if (mine["level"] == one).sum() > 1), "study")
        whole = float(mine.loc[mine["level"] == "study", "mean"].iloc[0])
        rows = [
            Place(
                label=self._place(row.unit),
                shown=row.n >= SHOWN_FROM,
                measured=(row.mean, row.low, row.high),
                estimated=(row.shrunk, row.shrunk_low, row.shrunk_high),
                n=count(row.n, self.language),
                reliability=self.n(row.reliability, 2) if math.isfinite(row.reliability) else "",
                unreliable=row.reliability < RELIABLE,
            )
            for row in each(mine[mine["level"] == level].sort_values("unit"))
        ]
        rows.sort(key=lambda row: row.label)
        drawing = places(
            rows,
            self.t("places_alt", scale=self.name(scale), count=len(rows)),
            self.tick,
            few=self.t("places_few"),
            overall=whole,
            overall_said=self.t("places_all", value=self.n(whole)),
            head=(self.t("estimated"), "n", "λ"),
        )
        caption = self.t("places_caption", scale=self.name(scale))
        return [
            Figure(caption, self.t("places_note"), drawing),
            Sentence(self.t("places_words"), quiet=True),
        ]

    def _place(self, unit: str) -> str:
        areas = self.study.table("areas").drop_duplicates("area", keep="last").set_index("area")
        return str(areas["name"].get(unit, unit))

    def response(self) -> list[Block]:
        """Answers, response and modes, wave by wave."""
        means = self.measured.measures.means
        whole = means[(means["level"] == "study") & (means["cohort"] == "all")]
        most = whole.sort_values("n", ascending=False).drop_duplicates("wave").sort_values("wave")
        composed = self.measured.measures.composition
        shares = composed[composed["level"] == "study"]
        rows = []
        for row in each(most):
            modes = shares[(shares["wave"] == row.wave) & (shares["mode"] != "")]
            told = ", ".join(
                f"{self.t(f'mode_{one.mode}')} {self.n(100 * one.share, 0)} %"
                for one in each(modes)
            )
            rate = f"{self.n(100 * row.response_rate, 0)} %" if row.response_rate > 0 else ""
            rows.append(
                (
                    str(row.wave), count(row.n, self.language), rate,
                    count(row.effective_n, self.language), told,
                )
            )  # fmt: skip
        head = [self.t(one) for one in ("wave", "answers", "rate", "effective", "mode")]
        return [Sentence(self.t("response_words")), Table(head, rows)]

    def source(self, command: str, plan: str = "") -> list[Block]:
        told = self.t(
            "source_words" if plan else "source_measures",
            dataset=self.measured.dataset[:12],
            plan=plan[:12],
            weight=self.measured.weight,
        )
        return [Sentence(told), *([Command(command)] if command else [])]


def each(frame: pd.DataFrame) -> Any:
    # pandas' stubs cannot know what a row holds.
    return frame.itertuples(index=False)
