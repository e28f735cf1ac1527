"""What speaks for and against one scale, as a document: its answers, figures, comparisons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from processing.datasets.codebook import ScaleEntry
from processing.datasets.study import Study
from processing.judging.evidence import Evidence, ScaleEvidence

from .document import Block, Command, Document, Figure, KeyFigure, Section, Sentence, Table
from .figures import Spread, spread
from .words import count, number, words

_KEYS = {"omega": "omega", "cfi": "CFI", "rmsea": "RMSEA", "srmr": "SRMR"}
FEWEST = 5
"""Of fewer who gave one answer no share is told."""


def evidence_document(
    study: Study, found: Evidence, scale: str, *, language: str = "da", command: str = ""
) -> Document:
    """Return one scale's verdict, then all that decided it.

    Shares of answers that fewer than five people gave are not told apart. Raises KeyError for a
    scale that was not judged, or a language there are no words in.
    """
    page = _Page(study, found[scale], study.codebook.scale(scale), language)
    t = page.t
    label = page.entry.label(language)
    return Document(
        language=language,
        title=t("evidence_title", scale=label),
        where=f"{study.study}. {label}, {t('evidence_version').lower()} {page.entry.version or ''}.",
        heading=t("evidence_title", scale=label),
        lead=page.verdict(),
        key_figures=page.key_figures(),
        sections=[
            Section(t("evidence_what"), page.what()),
            Section(t("evidence_answers"), page.answers()),
            Section(t("evidence_figures"), page.figures()),
            Section(t("evidence_compare"), page.comparisons()),
            Section(
                t("source"),
                [
                    Sentence(t("source_measures", dataset=study.hash[:12], weight="1")),
                    *([Command(command)] if command else []),
                ],
            ),
        ],
        brand=t("brand"),
        skip=t("skip"),
    )


@dataclass(frozen=True)
class _Page:
    study: Study
    judged: ScaleEvidence
    entry: ScaleEntry
    language: str

    def t(self, key: str, **values: object) -> str:
        return words(self.language)[key].format(**values)

    def n(self, value: float, digits: int = 2) -> str:
        return number(value, self.language, digits)

    def verdict(self) -> str:
        untested = self.judged.reason == "not tested"
        verdict = "not tested" if untested else self.judged.verdict
        return self.t(f"evidence_{verdict.replace(' ', '_')}")

    def key_figures(self) -> list[KeyFigure]:
        everyone = self.judged.everyone
        found = [
            KeyFigure(
                self.t("evidence_n"), count(everyone.n, self.language), self.t("evidence_n_note")
            )
        ]
        values = {one.name: one for one in everyone.findings if one.value is not None}
        for name, label in _KEYS.items():
            if name in values and math.isfinite(values[name].value or 0):
                one = values[name]
                limit = (
                    "" if one.limit is None else f"{self.t('evidence_limit')} {self.n(one.limit)}"
                )
                found.append(KeyFigure(label, self.n(one.value or 0), limit))
        return found

    def what(self) -> list[Block]:
        model = self.t("evidence_formative" if self.entry.formative else "evidence_reflective")
        about = self.t(
            "evidence_what_words",
            count=len(self.entry.columns),
            direction=self.entry.direction or self.entry.construct,
            model=model,
        )
        return [Sentence(about)]

    def answers(self) -> list[Block]:
        codes: list[int] = []
        rows: list[Spread] = []
        cells = []
        for column in self.entry.columns:
            variable = self.study.codebook.variable(column)
            labels = variable.value_labels(self.language)
            codes = sorted(variable.codes)
            counts, missing = self._counts(column)
            shares = _shares([counts.get(code, 0) for code in codes])
            label = variable.label(self.language)
            rows.append(Spread(label, shares, count(missing, self.language)))
            told = [f"{self.n(100 * one, 0)}" if one is not None else "" for one in shares]
            named = ", ".join(
                f"{labels.get(code, code)} {value} %"
                for code, value in zip(codes, told, strict=True)
                if value
            )
            cells.append(
                (label, *told, count(missing, self.language), self.t("evidence_answers_alt", item=label, shares=named))
            )  # fmt: skip
        said = "; ".join(row[-1] for row in cells)
        labels = self.study.codebook.variable(self.entry.columns[-1]).value_labels(self.language)
        head = [
            self.t("evidence_item"),
            *(labels.get(code, str(code)) for code in codes),
            self.t("evidence_missing"),
        ]
        table = [row[:-1] for row in cells]
        alike = len({len(row) for row in table}) == 1
        return [
            Figure(
                self.t("evidence_answers_caption"),
                self.t("evidence_answers_note"),
                spread(rows, said),
            ),
            *([Table(head, table)] if alike else []),
        ]

    def _counts(self, column: str) -> tuple[dict[int, int], int]:
        counts = pd.Series(dtype=int)
        for batch in self.study.batches([column]):
            counts = counts.add(batch[column].value_counts(), fill_value=0)
        found = {int(code): int(n) for code, n in counts.items()}  # type: ignore[call-overload]  # an index of whole numbers
        missing = sum(n for code, n in found.items() if code < 0)
        return {code: n for code, n in found.items() if code >= 0}, missing

    def figures(self) -> list[Block]:
        rows = [
            (
                one.name.replace("_", " ") + (f" ({', '.join(one.items)})" if one.items else ""),
                self.n(one.value, 3) if one.value is not None and math.isfinite(one.value) else "",
                self.n(one.limit, 3) if one.limit is not None else "",
                words(self.language).get(f"outcome_{one.outcome}", one.outcome),
            )
            for one in self.judged.everyone.findings
        ]
        head = ("evidence_figure", "evidence_value", "evidence_limit", "evidence_outcome")
        return [self._table(head, rows)]

    def comparisons(self) -> list[Block]:
        rows = [
            (
                one.group,
                ", ".join(one.compared),
                self.t("yes" if one.means_comparable else "no"),
            )
            for one in self.judged.comparisons
            if len(one.compared) > 1
        ]
        if not rows:
            return [Sentence(self.t("evidence_compare_none"))]
        return [self._table(("evidence_over", "evidence_groups", "evidence_comparable"), rows)]

    def _table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
        return Table([self.t(one) for one in head], rows)


def _shares(counts: Sequence[int]) -> list[float | None]:
    """Shares; those of too few are left out, and a second one where it would be known as the rest."""
    whole = sum(counts)
    hidden = {place for place, n in enumerate(counts) if 0 < n < FEWEST}
    others = sorted((n, place) for place, n in enumerate(counts) if n >= FEWEST)
    if len(hidden) == 1 and others:
        hidden.add(others[0][1])
    return [None if place in hidden or not whole else n / whole for place, n in enumerate(counts)]
