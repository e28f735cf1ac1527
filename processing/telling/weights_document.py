"""How well weights meet the register counts, as a document: before, after, and at what cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from processing.datasets.codebook import Codebook
from processing.measuring.dataset_weights import DatasetWeights

from .document import Block, Command, Document, KeyFigure, Points, Section, Sentence, Table
from .measured_blocks import each
from .weight_tables import WeightTables, weight_tables
from .words import count, number, words

_SHOWN = 20


def weights_document(
    study: str,
    codebook: Codebook,
    made: DatasetWeights,
    *,
    language: str = "da",
    command: str = "",
    dataset: str = "",
    told: WeightTables | None = None,
) -> Document:
    """Return how well weights meet the registers, for researchers.

    Each variable's shares stand beside the registers', then the design effect of every group, and
    which categories were counted as one. Counts so small that they tell of persons are not there: `told`
    says which (`weight_tables`, by the safe limits where not given). Groups are told by their design effect, the heaviest first. Raises KeyError for a language there
    are no words in.
    """
    page = _Page(codebook, made, language, told or weight_tables(made))
    t = page.t
    weights = made.weights
    return Document(
        language=language,
        title=t("weights_title"),
        where=f"{study}. {t('weights_where', level=made.level)}",
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
            Section(t("source"), [Sentence(t("weights_kind")), Sentence(t("weights_source", dataset=dataset[:12])), Command(command)]),
        ],
        brand=t("brand"),
        skip=t("skip"),
    )  # fmt: skip


@dataclass(frozen=True)
class _Page:
    codebook: Codebook
    made: DatasetWeights
    language: str
    told: WeightTables

    def t(self, name: str, **figures: str) -> str:
        return words(self.language)[name].format(**figures)

    def lead(self) -> str:
        groups = self.made.weights.groups
        return self.t(
            "weights_lead",
            groups=count(len(groups), self.language),
            gap=number(100 * float(groups["gap"].max()), self.language, 4),
            outside=count(float(groups["outside"].sum()), self.language),
        )

    def margins(self) -> list[Block]:
        """Shares of each category, over all groups of a wave: of answers, of registers, weighted."""
        by = self.told.whole
        whole = self.made.weights.margins.groupby(["wave", "variable"])[
            ["base", "count", "weighted"]
        ].sum()
        index = pd.MultiIndex.from_frame(by[["wave", "variable"]])
        shares = 100 * by[["base", "count", "weighted"]] / whole.reindex(index).to_numpy()
        by = by.assign(**{name: shares[name] for name in shares})
        rows = [
            (
                f"{self._label(row.variable)}: {self._category(row.variable, row.category)}",
                str(row.wave), self._few(row.hidden, count, row.answers), self._few(row.hidden, number, row.base),
                number(row.register, self.language), number(row.weighted, self.language),
            )
            for row in each(by.rename(columns={"rows": "answers", "count": "register"}))
        ]  # fmt: skip
        head = (
            "weights_category",
            "wave",
            "answers",
            "weights_base",
            "weights_register",
            "weights_weighted",
        )
        return [Sentence(self.t("weights_margins_words")), self._table(head, rows)]

    def groups(self) -> list[Block]:
        groups = self.told.groups.sort_values("deff", ascending=False, kind="stable")
        rows = [
            (
                str(row.unit), str(row.wave), self._few(row.hidden, count, row.rows),
                count(row.population, self.language), self._few(row.hidden, number, row.deff, 2),
                self._few(row.hidden, count, row.effective_n),
                self._few(row.hidden, number, row.lowest, 2),
                self._few(row.hidden, number, row.highest, 2),
                self._few(row.hidden, count, row.outside),
            )
            for row in each(groups.head(_SHOWN))
        ]  # fmt: skip
        head = (
            "weights_group", "wave", "answers", "weights_population", "weights_deff", "effective",
            "weights_lowest", "weights_highest", "weights_outside",
        )  # fmt: skip
        rest = len(groups) - len(rows)
        note = [Sentence(self.t("weights_more", n=count(rest, self.language)), quiet=True)]
        return [
            Sentence(self.t("weights_groups_words")),
            self._table(head, rows),
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
        waves = ", ".join(map(str, self.made.plain))
        told = [self.t("weights_plain", waves=waves)] if waves else []
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
            group=unit,
            variable=self._label(one.variable),
            categories=self._category(one.variable, "+".join(one.categories)),
            n=self._few(one.rows != one.rows, count, one.rows),
        )

    def _table(self, head: tuple[str, ...], rows: list[Any]) -> Table:
        return Table([self.t(name) for name in head], rows)

    def _few(self, hidden: object, written: Callable[..., str], value: float, *digits: int) -> str:
        """A figure, or that it is of too few."""
        return self.t("weights_few") if hidden else written(value, self.language, *digits)

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
