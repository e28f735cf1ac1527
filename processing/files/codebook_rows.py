"""The codebook as rows that anybody can read: one a code, or one a variable that has none."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from processing.datasets.codebook import Codebook, Variable, in_language

from .safe_text import safe_cell

CODEBOOK_COLUMNS = (
    "variable",
    "label",
    "question",
    "kind",
    "measure",
    "instrument",
    "version",
    "item",
    "lowest",
    "highest",
    "code",
    "code_label",
    "code_is_missing",
)
SCALE_COLUMNS = (
    "scale",
    "label",
    "version",
    "status",
    "model",
    "direction",
    "columns",
    "reversed",
)


def write_codebook_csv(variables: Sequence[Variable], language: str, path: Path) -> list[str]:
    """Write the rows beside a file that has no room for labels; nothing is changed for it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(CODEBOOK_COLUMNS)
        writer.writerows(codebook_rows(variables, language))
    return []


def codebook_rows(variables: Sequence[Variable], language: str) -> Iterator[list[str]]:
    for variable in variables:
        described = [safe_cell(cell) for cell in _described(variable, language)]
        labels = variable.value_labels(language)
        for code, label in labels.items():
            is_missing = str(int(code in variable.missing))
            yield [*described, str(code), safe_cell(label), is_missing]
        if not labels:
            yield [*described, "", "", ""]


def _described(variable: Variable, language: str) -> list[str]:
    numbers = (variable.version, variable.lowest, variable.highest)
    version, lowest, highest = ("" if number is None else str(number) for number in numbers)
    return [
        variable.name,
        variable.label(language),
        str(in_language(variable.questions, language)),
        variable.kind,
        variable.measure,
        variable.instrument,
        version,
        variable.item,
        lowest,
        highest,
    ]


def scale_rows(codebook: Codebook, language: str) -> Iterator[list[str]]:
    for scale in codebook.scales:
        cells = (
            scale.name,
            scale.label(language),
            "" if scale.version is None else str(scale.version),
            scale.status,
            scale.model,
            scale.direction,
            ", ".join(scale.columns),
            ", ".join(scale.reversed),
        )
        yield [safe_cell(cell) for cell in cells]
