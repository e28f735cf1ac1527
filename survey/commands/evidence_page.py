"""How evidence is told in a terminal: a verdict a scale, and under it the figures that decided."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from processing import (
        Codebook,
        Comparison,
        Evidence,
        Finding,
        QuestionnaireEvidence,
        ScaleEvidence,
    )

STYLES = {
    "validated": "green",
    "usable with care": "yellow",
    "not usable": "red",
    "not tested": "dim",
}
# Read in black and white too: a sign stands before each word.
UNTOLD = "too few to tell"
SIGNS = {"validated": "✓", "usable with care": "!", "not usable": "✗", "not tested": "–"}

COLUMNS = {
    "omega": ("omega", "{:.2f}"),
    "cfi": ("CFI", "{:.3f}"),
    "rmsea": ("RMSEA", "{:.3f}"),
    "srmr": ("SRMR", "{:.3f}"),
    "loading": ("load", "{:.2f}"),
    "item_rest": ("rest", "{:.2f}"),
    "floor": ("floor", "{:.0%}"),
    "ceiling": ("ceil", "{:.0%}"),
}


class EvidencePage:
    """Prints evidence, and numbers the sources that its limits come from."""

    def __init__(self, codebook: Codebook) -> None:
        self.codebook = codebook
        self.sources: dict[str, int] = {}
        # Into a file or pipe a line is never broken to fit a screen that is not there.
        width = None if sys.stdout.isatty() else 240
        self.console = Console(width=width, highlight=False, markup=False)

    def print(self, found: Evidence) -> None:
        self._say(
            "load: least standardised loading. rest: least correlation of an item with the others."
            " floor, ceil: share with the lowest and the highest score."
            f" {UNTOLD}: not usable, for too few answered to say more."
        )
        for entry in found.scales:
            self._scale(entry)
        for whole in found.questionnaires:
            self._questionnaire(whole)
        self._sources()

    def _say(self, text: str, style: str = "") -> None:
        if sys.stdout.isatty():
            inset = len(text.lstrip("\n")) - len(text.lstrip())
            text = "\n".join(
                textwrap.fill(line, self.console.width, subsequent_indent=" " * (inset + 2))
                for line in text.split("\n")
            )
        self.console.print(text, style=style, soft_wrap=True)

    def _scale(self, entry: ScaleEvidence) -> None:
        """Of loadings and item–rest correlations the least is shown."""
        label = self.codebook.scale(entry.scale).label("en")
        version = f", version {entry.version}" if entry.version else ""
        kind = "not tested" if entry.reason == "not tested" else entry.verdict
        self._say(f"\n{entry.scale}: {SIGNS[kind]} {entry.told}", f"bold {STYLES[kind]}")
        self._say(f"{label}{version}")
        self._groups(entry)
        for finding in _against(entry.everyone.findings):
            self._finding(finding)
        shown = {finding.text for finding in entry.everyone.findings}
        # What has lines of its own, above or below, is not told twice.
        elsewhere = (
            "do not compare",
            "not usable where",
            "not usable: too few",
            *(f"over {comparison.group}: " for comparison in entry.comparisons),
        )
        for care in entry.care:
            if care not in shown and not care.startswith(elsewhere):
                self._say(f"  ! {care}")
        for part in entry.groups:
            for finding in _against(part.findings):
                if (finding.name, finding.outcome) not in _decided(entry.everyone.findings):
                    where = f"where {part.group} is {self._group_name(part.group, part.value)}: "
                    self._finding(finding, where)
        for comparison in entry.comparisons:
            self._comparison(comparison)

    def _groups(self, entry: ScaleEvidence) -> None:
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
        table.add_column("", overflow="fold", min_width=12)
        table.add_column("n", justify="right")
        table.add_column("verdict", no_wrap=True)
        present = {
            _column(finding.name)
            for part in (entry.everyone, *entry.groups)
            for finding in part.findings
        }
        wanted = [name for name in COLUMNS if name in present]
        for name in wanted:
            table.add_column(COLUMNS[name][0], justify="right")
        for part in (entry.everyone, *entry.groups):
            name = "everyone"
            if part.group:
                name = f"{part.group} {self._group_name(part.group, part.value)}"
            figures = {_column(finding.name): finding.value for finding in part.findings}
            values = [figures.get(column) for column in wanted]
            cells = [
                "" if value is None or value != value else COLUMNS[column][1].format(value)  # noqa: PLR0124 - NaN
                for column, value in zip(wanted, values, strict=True)
            ]
            verdict = f"{SIGNS[part.verdict]} {part.verdict}"
            if part.reason == "not tested":
                verdict = f"{SIGNS['not tested']} {UNTOLD}"
            table.add_row(name, str(part.n), verdict, *cells)
        self.console.print(table)

    def _comparison(self, comparison: Comparison) -> None:
        names = ", ".join(self._group_name(comparison.group, one) for one in comparison.compared)
        if comparison.means_comparable:
            self._say(f"  ✓ means may be compared over {comparison.group} ({names})")
        else:
            self._say(f"  ✗ do not compare means over {comparison.group}")
        if comparison.left_out:
            left = ", ".join(self._group_name(comparison.group, one) for one in comparison.left_out)
            self._say(f"      not compared, too few: {left}")
        for finding in comparison.findings:
            if finding.outcome in {"blocks", "cautions"}:
                self._finding(finding, indent="    ")

    def _questionnaire(self, whole: QuestionnaireEvidence) -> None:
        verdict = {
            "validated": "its scales stand apart",
            "usable with care": "its scales stand apart, with care",
            "not usable": "its scales do not fit as separate things",
            "not tested": "whether its scales stand apart was not tested",
        }[whole.verdict]
        name = whole.instrument or "All scales"
        self._say(f"\n{name}: {SIGNS[whole.verdict]} {verdict}", f"bold {STYLES[whole.verdict]}")
        self._say(f"  {len(whole.scales)} correlated factors, {whole.items} items, n = {whole.n}")
        if not whole.tested:
            self._finding(whole.findings[0])
            return
        for finding in whole.findings:
            sign = "" if finding.outcome in {"blocks", "cautions"} else "· "
            self._finding(finding, sign)
        if not whole.correlations.empty:
            for scale, row in whole.correlations.iterrows():
                others = " ".join(f"{value:6.2f}" for value in row)
                self._say(f"    {scale!s:<{max(map(len, whole.scales))}} {others}")

    def _finding(self, finding: Finding, where: str = "", indent: str = "  ") -> None:
        sign = {"blocks": "✗ ", "cautions": "! "}.get(finding.outcome, "")
        source = ""
        if finding.source:
            source = f" [{self.sources.setdefault(finding.source, len(self.sources) + 1)}]"
        self._say(f"{indent}{sign}{where}{finding.text}{source}")

    def _group_name(self, group: str, value: str) -> str:
        if group not in self.codebook.names or not value.lstrip("-").isdigit():
            return value
        label = self.codebook.variable(group).value_labels("en").get(int(value))
        return f"{value} {label}" if label else value

    def _sources(self) -> None:
        if self.sources:
            self._say("\nSources of the limits", "bold")
            for source, number in self.sources.items():
                self._say(f"[{number}] {source}")


def _column(name: str) -> str:
    return "rmsea" if name == "rmsea_few_df" else name


def _against(findings: tuple[Finding, ...]) -> Iterator[Finding]:
    for outcome in ("blocks", "cautions"):
        yield from (finding for finding in findings if finding.outcome == outcome)


def _decided(findings: tuple[Finding, ...]) -> set[tuple[str, str]]:
    return {(finding.name, finding.outcome) for finding in findings}
