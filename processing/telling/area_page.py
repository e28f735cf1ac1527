"""What the parts of one area's report share: the place, its figures, and the words for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from processing.datasets.codebook import PERCENT, Codebook
from processing.datasets.study import Study
from processing.measuring.study_terms import study_terms

from .document import KeyFigure, Table
from .mode_shift import mode_shift
from .place_names import PlaceNames
from .place_results import Estimated, PlaceFigure, PlaceResults
from .words import count, listed, number, percent, sentence, words


@dataclass(frozen=True)
class AreaPage:
    """One place of `table`; `validated` are scales whose evidence says so, `confidence` a share."""

    study: Study
    table: pd.DataFrame
    told: PlaceResults
    language: str
    calibrated: bool
    validated: frozenset[str]
    confidence: float
    incomparable: frozenset[str] = frozenset()
    kept: str = ""
    """Which waves keep the weights that they were told by first, as a sentence"""

    def t(self, key: str, **values: object) -> str:
        return sentence(self.language, key, **values)

    def listed(self, names: Sequence[str]) -> str:
        """Names as a sentence lists them."""
        return listed(names, self.language)

    def n(self, value: float, *, signed: bool = False) -> str:
        return number(value, self.language, 0, signed=signed)

    @property
    def level(self) -> str:
        """Of how many surveys in 100 the intervals hold."""
        return self.n(100 * self.confidence)

    @property
    def codebook(self) -> Codebook:
        return self.study.codebook

    @property
    def place(self) -> str:
        return PlaceNames(self.study).of(self.told.level, self.told.unit)

    @property
    def means(self) -> list[PlaceFigure]:
        """Scales of 0–100 in the order of the codebook; a variant says little by itself."""
        return [one for one in self._scales if self.most(one.name) == PERCENT]

    @property
    def counts(self) -> list[PlaceFigure]:
        """Scales that count a few things, which no drawing of 0–100 has room for."""
        return [one for one in self._scales if self.most(one.name) != PERCENT]

    @property
    def _scales(self) -> list[PlaceFigure]:
        found = {one.name: one for one in self.told.figures if one.kind == "mean"}
        return [found[scale.name] for scale in self.codebook.scales if scale.name in found]

    def most(self, name: str) -> float:
        """The highest score of a scale."""
        return self.codebook.scale(name).highest_score

    @property
    def shares(self) -> list[PlaceFigure]:
        """Single questions, in the order of the questionnaires."""
        found = {one.name: one for one in self.told.figures if one.kind == "share"}
        return [found[name] for name in self.codebook.names if name in found]

    @property
    def moved(self) -> list[PlaceFigure]:
        return [one for one in self.means if one.moved and one.before]

    @cached_property
    def asked_otherwise(self) -> str:
        """That people answered in another way than in the wave that changes are from; or nothing."""
        waves = {one.wave: one for one in self.study.waves}
        changes = self.table[
            (self.table["measure"] == "change")
            & (self.table["level"] == self.told.level)
            & (self.table["unit"] == self.told.unit)
            & (self.table["wave"] == self.told.wave)
            & (self.table["hidden"] == 0)
        ]
        if not self.moved or not len(changes):
            return ""
        before, now = (
            waves[wave].responses(["mode"])["mode"]
            for wave in (int(changes["wave_before"].max()), self.told.wave)
        )
        shift = mode_shift(before, now, study_terms(self.study).limits.count)
        if shift is None:
            return ""
        if shift.before is None or shift.after is None:
            return self.t("area_shift")
        year = next(one.before.year for one in self.moved if one.before)
        return self.t(
            "area_shift_shares", mode=self.t(f"area_mode_{shift.mode}"), year=year,
            year_now=self.told.year, before=shift.before, after=shift.after,
        )  # fmt: skip

    def about(self, instrument: str) -> str:
        """What a questionnaire is about; one's own is called by its name."""
        return words(self.language).get(f"instrument_{instrument}", instrument)

    def language_called(self, code: str) -> str:
        """A language's name; its code where there is none, as of an import's own."""
        return words(self.language).get(f"area_language_{code}", code)

    def label(self, name: str) -> str:
        scale = self.codebook.scale(name)
        label = scale.label(self.language)
        return self.t("area_turned", scale=label) if scale.headline_reversed else label

    def response(self) -> Mapping[str, str]:
        answered, invited = self.told.answered or 0, self.told.invited or 0
        return {
            "answered": count(answered, self.language),
            "invited": count(invited, self.language),
            "share": self.n(100 * answered / invited),
        }

    def key_figures(self) -> list[KeyFigure]:
        told = self.response()
        whole = self.table[
            (self.table["measure"] == "answered")
            & (self.table["level"] == "study")
            & (self.table["wave"] == self.told.wave)
            & (self.table["hidden"] == 0)
        ]
        everywhere = (
            self.t("area_everywhere_rate", share=percent(whole["estimate"].iloc[0], self.language))
            if len(whole)
            else ""
        )
        return [
            KeyFigure(self.t("answers"), told["answered"], self.t("area_of", **told)),
            KeyFigure(self.t("rate"), percent(float(told["share"]), self.language), everywhere),
        ]

    def here(self, one: Estimated) -> tuple[float, float]:
        """The interval of who lives there now, where the place's dwellings are known."""
        return one.here or (one.low, one.high)

    def between(self, low: float, high: float) -> str:
        # No line ends within an interval.
        return f"[{self.n(low)};\N{NO-BREAK SPACE}{self.n(high)}]"

    def rows(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
        return Table([self.t(one) for one in head], rows)
