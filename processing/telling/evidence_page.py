"""One scale's evidence in words and figures: its verdict, answers, and what asks for care."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from processing.datasets.codebook import ScaleEntry
from processing.datasets.study import Study
from processing.judging.findings import Finding
from processing.judging.verdicts import ScaleEvidence

from .document import Block, Figure, KeyFigure, Points, Sentence, Table
from .figures import Spread, spreads
from .words import count, listed, number, sentence, words

_KEYS = {"omega": "omega", "cfi": "CFI", "rmsea": "RMSEA", "srmr": "SRMR"}
FEWEST = 5
"""Of fewer who gave one answer no share is told, nor any number of people."""


@dataclass(frozen=True)
class EvidencePage:
    """One scale's evidence with the words to tell it in."""

    study: Study
    judged: ScaleEvidence
    entry: ScaleEntry
    language: str

    def t(self, key: str, **values: object) -> str:
        return sentence(self.language, key, **values)

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
            self.t("care_compare", group=self.group(one.group).lower())
            for one in self.judged.comparisons
            if not one.means_comparable and len(one.compared) > 1
        ]
        told += [
            self.t("care_group" if part.reason == "failed" else "care_group_untested", group=self.group(part.group).lower(), value=self.value(part.group, part.value), n=self.few(part.n))
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
            told.append(self.t("care_languages", languages=listed(languages, self.language)))
        return told

    def figure(self, finding: Finding) -> str:
        """What a figure is called, with the items that it is about."""
        name = words(self.language).get(f"figure_{finding.name}", finding.name.replace("_", " "))
        known = self.study.codebook.names
        items = [
            self.study.codebook.variable(one).label(self.language) if one in known else one
            for one in finding.items
        ]
        return f"{name} ({listed(items, self.language)})" if items else name

    def group(self, name: str) -> str:
        return words(self.language).get(f"group_{name}", name)

    def value(self, group: str, value: str) -> str:
        """A group's value by its label, where it has one."""
        if group == "language":
            return words(self.language).get(f"area_language_{value}", value)
        known = group in self.study.codebook.names and value.lstrip("-").isdigit()
        labels = self.study.codebook.variable(group).value_labels(self.language) if known else {}
        return labels.get(int(value), value) if known else value

    def few(self, n: float) -> str:
        """A number of people, not told where it is small."""
        return f"< {FEWEST}" if 0 < n < FEWEST else count(n, self.language)

    def _found(self, value: float | None) -> str:
        if value is None or not math.isfinite(value):
            return ""
        return self.n(value, 0 if abs(value) >= 10 else 3)

    def _demanded(self, limit: float | None) -> str:
        """A limit that counts people is whole: 7,000 would be read as thousands in half the world."""
        return (
            self.n(limit, 0)
            if limit and limit > 1 and limit == round(limit)
            else self._found(limit)
        )

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
            rows.append(Spread(label, shares, self.few(missing)))
            told = [f"{self.n(100 * one, 0)}" if one is not None else "" for one in shares]
            named = ", ".join(
                f"{labels.get(code, code)} {value} %"
                for code, value in zip(codes, told, strict=True)
                if value
            )
            cells.append(
                (label, *told, self.few(missing), self.t("evidence_answers_alt", item=label, shares=named))
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
                *spreads(rows, said),
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
                self._demanded(one.limit),
                words(self.language).get(f"outcome_{one.outcome}", one.outcome),
            )
            for one in self.judged.everyone.findings
        ]
        head = ("evidence_figure", "evidence_value", "evidence_limit", "evidence_outcome")
        return [self._table(head, rows)]

    def omegas(self) -> list[tuple[str, Finding, bool]]:
        """Omega of everyone, then of every group in which it could be found, with its name and n."""
        found = []
        for part in (self.judged.everyone, *self.judged.groups):
            told = next((f for f in part.findings if f.name == "omega" and f.interval), None)
            if told is None:
                continue
            name = f"{self.group(part.group)}: {self.value(part.group, part.value)}"
            label = name if part.group else self.t("evidence_everyone")
            found.append((f"{label} (n {count(part.n, self.language)})", told, not part.group))
        return found

    def loadings(self) -> tuple[tuple[str, float], ...]:
        """Each item's label and its standardised loading on the one factor."""
        told = next((f for f in self.judged.everyone.findings if f.by_item), None)
        if told is None:
            return ()
        label = self.study.codebook.variable
        return tuple((label(item).label(self.language), value) for item, value in told.by_item)

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
