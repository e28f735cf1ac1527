"""Parts that reports and pages of measures share: places, response, and how it was made."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from processing.datasets.codebook import PERCENT, Codebook
from processing.datasets.standing import groups_corrected
from processing.datasets.study import Study
from processing.measuring.study_measures import StudyMeasures

from .document import Block, Command, Sentence, Table
from .place_names import PlaceNames
from .small_cells import SmallCells
from .weights_told import weights_told
from .words import count, listed, number, percent, sentence


def measure_names(codebook: Codebook, language: str) -> dict[str, str]:
    """What scales and their variants are called, by name, in the order of the codebook.

    Raises KeyError for a language there are no words in.
    """
    found: dict[str, str] = {}
    for scale in codebook.scales:
        label = scale.label(language)
        # A scale of problems is told the other way round: high is favourable everywhere.
        turned = scale.headline_reversed
        label = sentence(language, "turned", scale=label) if turned else label
        most = codebook.highest_scores
        found[scale.name] = _with_range(label, most[scale.name], language)
        for variant, left_out in scale.variants.items():
            items = listed([codebook.variable(one).label(language) for one in left_out], language)
            name = f"{scale.name}_{variant}"
            label_of = sentence(language, "variant", scale=scale.label(language), items=items)
            found[name] = _with_range(label_of, most[name], language)
    return found


def _with_range(label: str, most: float, language: str) -> str:
    """A count's label with its range: beside scales of 0–100 it would be read as one of them."""
    if most == PERCENT:
        return label
    return sentence(language, "counted", scale=label, most=round(most))


@dataclass(frozen=True)
class Measured:
    """A study's measures with the words to tell them in."""

    study: Study
    measured: StudyMeasures
    language: str
    cells: SmallCells

    def t(self, key: str, **values: object) -> str:
        return sentence(self.language, key, **values)

    def n(self, value: float, digits: int = 1, *, signed: bool = False) -> str:
        return number(value, self.language, digits, signed=signed)

    def listed(self, names: Sequence[str]) -> str:
        """Names as a sentence lists them."""
        return listed(names, self.language)

    @cached_property
    def most(self) -> Mapping[str, float]:
        """Each measure's highest score: 100, or of a count how many things are counted."""
        return self.study.codebook.highest_scores

    def is_count(self, scale: object) -> bool:
        return self.most.get(str(scale), PERCENT) != PERCENT

    def digits(self, scale: object) -> int:
        """One decimal of 100, two of a handful."""
        return 2 if self.is_count(scale) else 1

    def v(self, scale: object, value: float, *, signed: bool = False) -> str:
        """A figure on a measure's own scale."""
        return self.n(value, self.digits(scale), signed=signed)

    def amount(self, scale: object, value: float, *, signed: bool = False) -> str:
        """The same in words: points are of 0–100, and of a count there are none."""
        told = self.v(scale, value, signed=signed)
        return told if self.is_count(scale) else self.t("points", value=told)

    def unit(self, scale: object) -> str:
        return self.t("unit_count" if self.is_count(scale) else "unit_points")

    def bounds(self, low: float, high: float, digits: int = 1) -> str:
        if math.isnan(low) or math.isnan(high):
            return self.t("no_interval")
        return f"[{self.end(low, digits)}; {self.end(high, digits)}]"

    def interval(self, scale: object, low: float, high: float) -> str:
        """An interval on a measure's own scale."""
        return self.bounds(low, high, self.digits(scale))

    def ends(self, scale: object, low: float, high: float) -> str:
        """The same in a sentence."""
        digits = self.digits(scale)
        ends = self.t("from_to", low=self.end(low, digits), high=self.end(high, digits))
        return ends if self.is_count(scale) else self.t("points", value=ends)

    def end(self, value: float, digits: int = 1) -> str:
        """An end of an interval; the search for it stops at a bound, and then it is told as open."""
        return self.n(value, digits) if math.isfinite(value) else "−∞" if value < 0 else "∞"

    def tick(self, value: float) -> str:
        digits = next((d for d in (0, 1) if float(value) == round(float(value), d)), 2)
        return self.n(value, digits)

    @property
    def names(self) -> Mapping[str, str]:
        """What each measure is called, from the codebook."""
        return measure_names(self.study.codebook, self.language)

    def name(self, scale: object) -> str:
        return self.names.get(str(scale), str(scale))

    @property
    def percent(self) -> str:
        """The level of all intervals of measures, as 95."""
        return self.n(100 * self.measured.measures.level, 0)

    def place(self, level: str, unit: str) -> str:
        return self.place_names.of(level, unit)

    @cached_property
    def place_names(self) -> PlaceNames:
        return PlaceNames(self.study)

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
                f"{self.t(f'mode_{one.mode}')} {percent(100 * one.share, self.language)}"
                for one in each(modes[_enough(modes["n"], self.cells.limits.count)])
            )
            rate = percent(100 * row.response_rate, self.language) if row.response_rate > 0 else ""
            rows.append(
                (
                    f"{self.t('wave')} {row.wave}", count(row.n, self.language), rate,
                    count(row.effective_n, self.language), told,
                )
            )  # fmt: skip
        head = [self.t(one) for one in ("wave", "answers", "rate", "effective", "mode")]
        return [Sentence(self.t("response_words")), Table(head, rows)]

    def groups_corrected(self) -> list[str]:
        """That areas lie in other groups than when an earlier wave was frozen, as a sentence."""
        areas = groups_corrected(self.study) if isinstance(self.study, Study) else []
        return [self.t("groups_corrected", areas=self.listed(areas))] if areas else []

    def source(self, command: str, plan: str = "") -> list[Block]:
        told = self.t(
            "source_words" if plan else "source_measures",
            dataset=self.measured.dataset[:12],
            plan=plan[:12],
            weight=weights_told(self.measured, self.study.codebook, self.language),
        )
        return [Sentence(told), *([Command(command)] if command else [])]


def _enough(n: pd.Series, fewest: int) -> pd.Series:
    """Whether each share may be told: not of too few, nor the one that would tell them as the rest."""
    few = (n > 0) & (n < fewest)
    if few.sum() == 1 and (~few).any():
        few = few | (n.index == n[~few].idxmin())
    return ~few


def each(frame: pd.DataFrame) -> Any:
    # pandas' stubs cannot know what a row holds.
    return frame.itertuples(index=False)
