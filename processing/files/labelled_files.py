"""Files for SPSS and Stata: labels, missing codes and levels of measurement travel with the numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat

from instruments import MISSING
from processing.datasets.codebook import Variable

from .safe_text import cut, printable

LETTERS = {code: chr(ord("a") + place) for place, code in enumerate(MISSING)}
"""Stata's extended missing values in the codebook's order: -1 is .a, -2 is .b, … -10 is .j."""


@dataclass(frozen=True)
class Limits:
    """What a program's file can hold."""

    program: str
    name: int
    label: int
    value_label: int
    file_label: int
    text: int
    """Bytes of a text."""
    in_bytes: bool
    """Whether labels are counted in bytes rather than characters."""


SPSS = Limits("SPSS", 64, 256, 120, 64, 32_767, in_bytes=True)
STATA = Limits("Stata", 32, 80, 32_000, 80, 2_000_000, in_bytes=False)


@dataclass
class Fitted:
    """Names and labels as a program can take them, and what had to be changed for it."""

    names: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str | None] = field(default_factory=dict)
    # Codes are numbers for SPSS, and for Stata letters too; the writer's own types know no letters.
    value_labels: dict[str, dict[Any, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def fit(variables: Sequence[Variable], language: str, limits: Limits) -> Fitted:
    """Shorten what is too long, keep names and value labels unique, and tell each change."""
    fitted = Fitted()
    for variable in variables:
        name = _name(variable.name, limits, fitted)
        full = variable.label(language)
        label = cut(full, limits.label, in_bytes=limits.in_bytes)
        if label != full:
            fitted.notes.append(
                f"{name}: its label is longer than the {limits.label} that {limits.program} allows,"
                f" and ends as “{label[-20:]}”. The codebook holds it whole."
            )
        fitted.names[variable.name] = name
        fitted.labels[name] = label
        values = variable.value_labels(language)
        if values and variable.type == "int16":
            fitted.value_labels[name] = _value_labels(name, values, limits, fitted)
    return fitted


def _name(name: str, limits: Limits, fitted: Fitted) -> str:
    taken = {other.casefold() for other in fitted.names.values()}
    if len(name.encode()) <= limits.name and name.casefold() not in taken:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:4]
    short = f"{name[: limits.name - 5]}_{digest}"
    fitted.notes.append(
        f"{name}: this {limits.program} file has room for names of {limits.name} characters, each"
        f" once; it is written as {short}."
    )
    return short


def _value_labels(
    name: str, values: dict[int, str], limits: Limits, fitted: Fitted
) -> dict[int, str]:
    kept: dict[int, str] = {}
    for code, full in values.items():
        label = cut(full, limits.value_label, in_bytes=limits.in_bytes)
        if label in kept.values():  # archives ask for unique labels
            tail = f" ({code})"
            room = limits.value_label - len(tail)
            label = cut(full, room, in_bytes=limits.in_bytes) + tail
        if label != full:
            fitted.notes.append(f"{name}: the label of {code} is written as “{label}”.")
        kept[code] = label
    return kept


def write_sav(
    frame: pd.DataFrame,
    variables: Sequence[Variable],
    language: str,
    path: Path,
    title: str,
) -> list[str]:
    """Write for SPSS and return what had to be changed; missing codes are a user-missing range."""
    fitted = fit(variables, language, SPSS)
    texts, notes = _texts(frame, variables, SPSS)
    _write(
        pyreadstat.write_sav,
        frame.assign(**texts).rename(columns=fitted.names),
        path,
        file_label=cut(title, SPSS.file_label, in_bytes=True),
        column_labels=fitted.labels,
        variable_value_labels=fitted.value_labels,
        missing_ranges={
            fitted.names[v.name]: [{"lo": min(v.missing), "hi": max(v.missing)}]
            for v in variables
            if v.missing and v.type == "int16"
        },
        variable_measure={fitted.names[v.name]: v.measure for v in variables},
        variable_format={
            fitted.names[v.name]: "F6.0" if v.type == "int16" else "F10.4"
            for v in variables
            if v.type != "string"
        },
    )
    return fitted.notes + notes


def write_dta(
    frame: pd.DataFrame,
    variables: Sequence[Variable],
    language: str,
    path: Path,
    title: str,
) -> list[str]:
    """Write for Stata and return what had to be changed; missing codes are .a to .j."""
    # The writer names a set of value labels by its variable and a running number, within 32 too.
    room = STATA.name - len(str(len(variables)))
    fitted = fit(variables, language, replace(STATA, name=room))
    texts, notes = _texts(frame, variables, STATA)
    lettered = {v.name: _with_letters(frame[v.name]) for v in variables if v.missing}
    columns = {v.name: frame[v.name] for v in variables} | texts | lettered
    _write(
        pyreadstat.write_dta,
        pd.DataFrame(columns).rename(columns=fitted.names),
        path,
        file_label=cut(title, STATA.file_label),
        column_labels=fitted.labels,
        variable_value_labels={
            name: {LETTERS.get(code, code): label for code, label in labels.items()}
            for name, labels in fitted.value_labels.items()
        },
        missing_user_values={fitted.names[name]: [*LETTERS.values()] for name in lettered},
        variable_format={
            fitted.names[v.name]: "%8.0g" if v.type == "int16" else "%10.4f"
            for v in variables
            if v.type != "string"
        },
    )
    return fitted.notes + notes


def _write(writer: Callable[..., None], frame: pd.DataFrame, path: Path, **about: Any) -> None:
    """Call the writer, and see that the file is whole: on a full disk it does not always fail."""
    try:
        writer(frame, path, **about)
        reader = pyreadstat.read_sav if path.suffix == ".sav" else pyreadstat.read_dta
        _, found = reader(path, metadataonly=True)
        if found.number_rows != len(frame):
            raise OSError(f"{found.number_rows} of {len(frame)} rows were written")
    except pyreadstat.ReadstatError as error:
        raise OSError(str(error)) from error


def _with_letters(column: pd.Series) -> pd.Series:
    values, where = np.unique(column.to_numpy(), return_inverse=True)
    lettered = np.array([LETTERS.get(value, value) for value in values.tolist()], dtype=object)
    return pd.Series(lettered[where], index=column.index, dtype=object)


def _texts(
    frame: pd.DataFrame, variables: Sequence[Variable], limits: Limits
) -> tuple[dict[str, pd.Series], list[str]]:
    texts, notes = {}, []
    for name in (v.name for v in variables if v.type == "string"):
        clean = printable(frame[name])
        # A character has at most four bytes: only a text that may be too long is measured.
        long = clean.str.len() > limits.text // 4
        if long.any():
            fitting = clean[long].map(lambda text: cut(text, limits.text, in_bytes=True))
            changed = int((fitting != clean[long]).sum())
            clean = clean.where(~long, fitting.reindex(clean.index))
            if changed:
                notes.append(
                    f"{name}: {changed} texts are longer than the {limits.text} bytes that"
                    f" {limits.program} allows, and end in “…”."
                )
        texts[name] = clean
    return texts, notes
