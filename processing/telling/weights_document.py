"""How well weights meet the register counts, as a document: before, after, and at what cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from processing.datasets.codebook import Codebook
from processing.measuring.collapsing import Collapse
from processing.measuring.dataset_weights import DatasetWeights

from .document import Block, Command, Document, KeyFigure, Points, Section, Sentence, Table
from .measured_blocks import each
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
) -> Document:
    """Return how well weights meet the registers, for researchers.

    Each variable's shares stand beside the registers', then the design effect of every group, and
    which categories were counted as one. Groups are told by their design effect, the heaviest first. Raises KeyError for a language there
    are no words in.
    """
    page = _Page(codebook, made, language)
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
            Section(t("source"), [Sentence(t("weights_source", dataset=dataset[:12])), Command(command)]),
        ],
        brand=t("brand"),
        skip=t("skip"),
    )  # fmt: skip


@dataclass(frozen=True)
class _Page:
    codebook: Codebook
    made: DatasetWeights
    language: str

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
        margins = self.made.weights.margins
        keys = ["wave", "variable", "category"]
        by = margins.groupby(keys, as_index=False)[["rows", "base", "count", "weighted"]].sum()
        whole = by.groupby(["wave", "variable"])[["base", "count", "weighted"]].transform("sum")
        by[["base", "count", "weighted"]] *= 100 / whole
        rows = [
            (
                f"{self._label(row.variable)}: {self._category(row.variable, row.category)}",
                str(row.wave), count(row.answers, self.language), number(row.base, self.language),
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
        groups = self.made.weights.groups.sort_values("deff", ascending=False, kind="stable")
        rows = [
            (
                str(row.unit), str(row.wave), count(row.rows, self.language),
                count(row.population, self.language), number(row.deff, self.language, 2),
                count(row.effective_n, self.language), number(row.lowest, self.language, 2),
                number(row.highest, self.language, 2), count(row.outside, self.language),
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
        joined = self.made.weights.collapsed
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

    def _joined(self, one: Collapse) -> str:
        wave, unit = one.group.split(" ", 1)
        return self.t(
            "weights_joined_one",
            wave=wave,
            group=unit,
            variable=self._label(one.variable),
            categories=self._category(one.variable, "+".join(one.categories)),
            n=count(one.rows, self.language),
        )

    def _table(self, head: tuple[str, ...], rows: list[Any]) -> Table:
        return Table([self.t(name) for name in head], rows)

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
