"""What speaks for and against one scale, as a document: its answers, figures, comparisons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from processing.datasets.codebook import ScaleEntry
from processing.datasets.study import Study
from processing.judging.findings import Finding
from processing.judging.verdicts import Evidence, ScaleEvidence

from .document import Block, Command, Document, Figure, KeyFigure, Points, Section, Sentence, Table
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
            *([Section(t("evidence_care"), [Points(page.care())])] if page.care() else []),
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
        verdict=page.verdicts(),
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

    def verdicts(self) -> tuple[list[str], int] | None:
        if self.judged.reason == "not tested":
            return None
        every = ("not usable", "usable with care", "validated")
        names = [self.t(f"verdict_{one.replace(' ', '_')}") for one in every]
        return names, every.index(self.judged.verdict)

    def care(self) -> list[str]:
        """What stands against the scale or asks for care, in this language."""
        told = [
            self.t(
                f"care_{one.outcome}", figure=self.figure(one),
                value=self._found(one.value), limit=self._found(one.limit),
            )
            for one in self.judged.everyone.findings
            if one.outcome in {"blocks", "cautions"}
        ]  # fmt: skip
        told += [
            self.t("care_compare", group=self.group(one.group))
            for one in self.judged.comparisons
            if not one.means_comparable and len(one.compared) > 1
        ]
        told += [
            self.t("care_group", group=self.group(part.group), value=self.value(part.group, part.value), n=count(part.n, self.language))
            for part in self.judged.groups
            if part.verdict == "not usable"
        ]  # fmt: skip
        if self.judged.beside:
            told.append(self.t("care_beside"))
        told += [self.t("care_version", wave=wave) for wave in self.judged.other_versions]
        if self.judged.untested_languages:
            languages = [
                words(self.language).get(f"area_language_{code}", code)
                for code in self.judged.untested_languages
            ]
            told.append(self.t("care_languages", languages=", ".join(languages)))
        return told

    def figure(self, finding: Finding) -> str:
        """What a figure is called, with the items that it is about."""
        name = words(self.language).get(f"figure_{finding.name}", finding.name.replace("_", " "))
        known = self.study.codebook.names
        items = [
            self.study.codebook.variable(one).label(self.language) if one in known else one
            for one in finding.items
        ]
        return f"{name} ({', '.join(items)})" if items else name

    def group(self, name: str) -> str:
        return words(self.language).get(f"group_{name}", name)

    def value(self, group: str, value: str) -> str:
        """A group's value by its label, where it has one."""
        if group == "language":
            return words(self.language).get(f"area_language_{value}", value)
        known = group in self.study.codebook.names and value.lstrip("-").isdigit()
        labels = self.study.codebook.variable(group).value_labels(self.language) if known else {}
        return labels.get(int(value), value) if known else value

    def _found(self, value: float | None) -> str:
        if value is None or not math.isfinite(value):
            return ""
        return self.n(value, 0 if abs(value) >= 10 else 3)

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
        questions = [
            variable.questions.get(self.language) or variable.label(self.language)
            for variable in map(self.study.codebook.variable, self.entry.columns)
        ]
        about = self.t("evidence_what_words", count=len(questions), model=model)
        return [Sentence(about), Points(questions)]

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
                self.figure(one),
                self._found(one.value),
                self._found(one.limit),
                words(self.language).get(f"outcome_{one.outcome}", one.outcome),
            )
            for one in self.judged.everyone.findings
        ]
        head = ("evidence_figure", "evidence_value", "evidence_limit", "evidence_outcome")
        return [self._table(head, rows)]

    def comparisons(self) -> list[Block]:
        rows = [
            (
                self.group(one.group),
                ", ".join(self.value(one.group, value) for value in one.compared),
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
