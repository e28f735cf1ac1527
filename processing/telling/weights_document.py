"""How well weights meet the register counts, as a document: before, after, and at what cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from processing.datasets.codebook import Codebook
from processing.datasets.dataset import Dataset
from processing.datasets.study import Study
from processing.measuring.dataset_weights import DatasetWeights

from .document import Block, Command, Document, Figure, KeyFigure, Points, Section, Sentence, Table
from .margin_figures import Brought, brought
from .measured_blocks import each
from .place_names import PlaceNames
from .weight_tables import WeightTables, weight_tables
from .words import count, listed, number, percent, sentence

_SHOWN = 20
_MET = 0.005
"""Percent of a group's count: less is none, at the decimals that are told."""


def weights_document(
    read: Dataset | Study,
    made: DatasetWeights,
    *,
    language: str = "da",
    command: str = "",
    told: WeightTables | None = None,
) -> Document:
    """Return how well weights meet the registers, for researchers.

    Each category's share among those who answered is drawn beside the registers', which weights
    bring it to; tables tell every wave and group, and which categories were counted as one. Counts so
    small that they tell of persons are not there: `told` says which (`weight_tables`, by the safe
    limits where not given). Raises KeyError for a language there are no words in.
    """
    page = _Page(read, made, language, told or weight_tables(made))
    t = page.t
    weights = made.weights
    return Document(
        language=language,
        title=t("weights_title"),
        where=f"{read.study}. {t('weights_where', level=t(f'level_{made.level}'))}",
        heading=t("weights_title"),
        lead=page.lead(),
        key_figures=[
            KeyFigure(t("answers"), count(weights.rows, language), t("weights_left", n=count(weights.left_out, language))),
            KeyFigure(t("weights_deff"), number(weights.deff, language, 2), t("weights_deff_note")),
            KeyFigure(t("effective"), count(weights.effective_n, language), t("weights_effective_note")),
        ],
        sections=[
            Section(t("weights_margins"), page.margins()),
            Section(t("weights_groups"), page.groups()),
            Section(t("weights_joined"), page.joined()),
            Section(t("source"), [Sentence(t("weights_kind")), Sentence(t("weights_source", dataset=read.hash[:12])), Command(command)]),
        ],
        brand=t("brand"),
        skip=t("skip"),
    )  # fmt: skip


@dataclass(frozen=True)
class _Page:
    read: Dataset | Study
    made: DatasetWeights
    language: str
    told: WeightTables

    @property
    def codebook(self) -> Codebook:
        return self.read.codebook

    @cached_property
    def names(self) -> PlaceNames:
        return PlaceNames(self.read)

    def t(self, name: str, **figures: object) -> str:
        return sentence(self.language, name, **figures)

    def lead(self) -> str:
        """What weights do, by the category that lay furthest off, and whether every count is met."""
        groups = self.made.weights.groups
        last = self.shares[self.shares["wave"] == self.shares["wave"].max()]
        off = (last["base"] - last["register"]).abs().where(~last["hidden"].astype(bool))
        told = ""
        if off.notna().any():
            most = last.loc[off.idxmax()]
            told = self.t(
                "weights_lead",
                category=self._named(most["variable"], most["category"]),
                before=percent(most["base"], self.language),
                register=percent(most["register"], self.language),
            )
        gap = 100 * float(groups["gap"].max())
        met = "weights_met" if gap < _MET else "weights_unmet"
        told += " " * bool(told) + self.t(
            met, groups=count(len(groups), self.language), gap=number(gap, self.language, 2)
        )
        return " ".join([told, *self._limits()])

    def _limits(self) -> Iterator[str]:
        """Within what weights were kept, and where that was not possible."""
        weights = self.made.weights
        if weights.trim is None:
            return
        low, high = (number(limit, self.language) for limit in weights.trim)
        yield self.t("weights_limits", low=low, high=high)
        if wider := int(weights.widened.sum()):
            groups = weights.groups
            yield self.t(
                "weights_limits_wider",
                groups=count(wider, self.language),
                all=count(len(groups), self.language),
                low=number(float(groups["low_limit"].min()), self.language, 2),
                high=number(float(groups["high_limit"].max()), self.language, 2),
                n=count(int(groups["outside"].sum()), self.language),
            )

    @cached_property
    def shares(self) -> pd.DataFrame:
        """Shares of each category in percent, over all groups of a wave; blank where few answered."""
        by = self.told.whole.rename(columns={"rows": "answers", "count": "register"})
        shares = ["base", "register", "weighted"]
        margins = self.made.weights.margins.rename(columns={"count": "register"})
        whole = margins.groupby(["wave", "variable"])[shares].sum()
        index = pd.MultiIndex.from_frame(by[["wave", "variable"]])
        by[shares] = 100 * by[shares].to_numpy(float) / whole.reindex(index).to_numpy(float)
        return by

    def margins(self) -> list[Block]:
        """The latest wave drawn, and every wave in a table."""
        latest = self.shares["wave"].max()
        drawn = [
            Brought(
                self._named(row.variable, row.category),
                math.nan if row.hidden else row.base,
                row.register,
                self.t(
                    "weights_from_to",
                    before=self._few(row.hidden, percent, row.base),
                    register=percent(row.register, self.language),
                ),
            )
            for row in each(self.shares[self.shares["wave"] == latest])
        ]
        said = "; ".join(f"{row.label}: {row.said}" for row in drawn)
        rows = [
            (
                self._named(row.variable, row.category), str(row.wave),
                self._few(row.hidden, count, row.answers),
                self._few(row.hidden, number, row.base),
                number(row.register, self.language), number(row.weighted, self.language),
            )
            for row in each(self.shares)
        ]  # fmt: skip
        head = (
            "weights_category", "wave", "answers", "weights_base", "weights_register",
            "weights_weighted",
        )  # fmt: skip
        return [
            Figure(
                self.t("weights_margins_caption", wave=latest),
                self.t("weights_margins_note"),
                *brought(drawn, said, lambda value: percent(value, self.language)),
            ),
            Sentence(self.t("weights_margins_words"), quiet=True),
            self._table(head, rows, self.t("as_table")),
        ]

    def groups(self) -> list[Block]:
        groups = self.told.groups.sort_values("deff", ascending=False, kind="stable")
        rows = [
            (
                self._place(str(row.unit)), str(row.wave), self._few(row.hidden, count, row.rows),
                count(row.population, self.language), self._few(row.hidden, number, row.deff, 2),
                self._few(row.hidden, count, row.effective_n),
                self._few(row.hidden, self._reach, row.lowest, row.highest),
                self._few(row.hidden, count, row.outside),
            )
            for row in each(groups.head(_SHOWN))
        ]  # fmt: skip
        head = (
            "weights_group", "wave", "answers", "weights_population", "weights_deff", "effective",
            "weights_reach", "weights_outside",
        )  # fmt: skip
        rest = len(groups) - len(rows)
        note = [Sentence(self.t("weights_more", n=count(rest, self.language)), quiet=True)]
        known = [row for row in rows if row[4] != self.t("weights_few")]
        most = " ".join(
            self.t("weights_most_unlike", group=row[0], wave=row[1], deff=row[4])
            for row in known[:1]
        )
        return [
            Sentence(f"{most} {self.t('weights_groups_words')}".strip()),
            self._table(head, rows, self.t("as_table")),
            *note * (rest > 0),
        ]

    def joined(self) -> list[Block]:
        joined = [*each(self.told.collapsed)]
        if not joined:
            return [*self._uncounted(), Sentence(self.t("weights_none_joined"))]
        told: list[Block] = [
            *self._uncounted(),
            Points([self._joined(one) for one in joined[:_SHOWN]]),
        ]
        rest = len(joined) - _SHOWN
        if rest > 0:
            told.append(Sentence(self.t("weights_more", n=count(rest, self.language)), quiet=True))
        return told

    def _uncounted(self) -> list[Block]:
        """Waves and answers that no register counts."""
        plain = [str(wave) for wave in self.made.plain]
        waves = listed(plain, self.language)
        told = [self.t("weights_plain", waves=waves, n=len(plain))] if plain else []
        told += [
            self.t(
                "weights_unknowable",
                variable=self._label(name),
                category=self._category(name, "+".join(answers)),
            )
            for name, answers in self.made.unknowable.items()
        ]
        return [Sentence(one) for one in told]

    def _joined(self, one: Any) -> str:
        wave, unit = one.group.split(" ", 1)
        return self.t(
            "weights_joined_one",
            wave=wave,
            group=self._place(unit),
            variable=self._label(one.variable),
            categories=self._category(one.variable, "+".join(one.categories)),
            n=self._few(one.rows != one.rows, count, one.rows),
        )

    def _table(self, head: tuple[str, ...], rows: list[Any], folded: str) -> Table:
        return Table([self.t(name) for name in head], rows, folded=folded)

    def _place(self, unit: str) -> str:
        return self.names.of(self.made.level, unit)

    def _reach(self, lowest: float, language: str, highest: float) -> str:
        return f"{number(lowest, language, 2)}–{number(highest, language, 2)}"

    def _named(self, variable: str, category: str) -> str:
        return f"{self._label(variable)}: {self._category(variable, category)}"

    def _few(self, hidden: object, written: Callable[..., str], value: float, *more: Any) -> str:
        """A figure, or that it is of too few."""
        return self.t("weights_few") if hidden else written(value, self.language, *more)

    def _label(self, variable: str) -> str:
        return str(self.codebook.variable(variable).label(self.language))

    def _category(self, variable: str, category: str) -> str:
        if category == "":
            return self.t("weights_no_answer")
        named = self.codebook.variable(variable).value_labels(self.language)
        parts = [part.strip() for part in category.split("+")]
        return " + ".join(
            str(named.get(int(part), part))
            if part.lstrip("-").isdigit()
            else part or self.t("weights_no_answer")
            for part in parts
        )
