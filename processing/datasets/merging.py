"""One codebook for several waves, where one can be had."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import Any

from .codebook import Codebook, ScaleEntry, Variable
from .folders import DatasetError

_TOLD_ONLY = {"labels", "construct", "literature", "status"}
"""What a scale says of itself without a part in its scores."""
_OF_A_VERSION = {"version", "columns", "bounds", "reversed", "least_answered", "variants", "anchor"}
"""What a new version of a scale may change: each wave is scored by its own."""


def merged(codebooks: Sequence[Codebook], folder: Path) -> Codebook:
    """Every wave's variables and scales; what is told twice is told as the last wave tells it.

    Raises DatasetError where one name stands for two things: rows side by side would then be compared
    as if they were alike. A scale of another version is told as the last wave has it, and scored in
    each wave as that wave has it (`scored`); what its scores mean must be the same in all.
    """
    variables = [variable for codebook in codebooks for variable in codebook.variables]
    scales = [scale for codebook in codebooks for scale in codebook.scales]
    by_name = {variable.name: variable for variable in variables}
    wrong = [
        problem
        for name in by_name
        for one, other in pairwise(v for v in variables if v.name == name)
        for problem in _variable_problems(one, other)
    ]
    scales_by_name = {scale.name: scale for scale in scales}
    wrong += [
        problem
        for name in scales_by_name
        for one, other in pairwise(s for s in scales if s.name == name)
        for problem in _scale_problems(one, other)
    ]
    if wrong:
        raise DatasetError(
            f"{folder}: its waves cannot be read as one. Read each wave for itself, or recode a"
            " copy first:\n  " + "\n  ".join(dict.fromkeys(wrong))
        )
    languages = dict.fromkeys(name for codebook in codebooks for name in codebook.languages)
    return Codebook(tuple(languages), tuple(by_name.values()), tuple(scales_by_name.values()))


def _variable_problems(one: Variable, other: Variable) -> Iterator[str]:
    if _coding(one) != _coding(other):
        yield f"the waves code {one.name} differently"
        return
    for language in one.values:
        if language not in other.values:
            continue
        before, after = one.values[language], other.values[language]
        for code in sorted({*before, *after}):
            # Why an answer is missing has the same code everywhere, whatever words it is told in.
            if code >= 0 and before.get(code) != after.get(code):
                yield (
                    f"{one.name}: the code {code} means {before.get(code)!r} in one wave and"
                    f" {after.get(code)!r} in another ({language})"
                )
    if one.option is not None:
        for language in one.labels:
            if language in other.labels and one.labels[language] != other.labels[language]:
                yield (
                    f"{one.name}: it is {one.labels[language]!r} in one wave and"
                    f" {other.labels[language]!r} in another ({language})"
                )


def _coding(variable: Variable) -> tuple[Any, ...]:
    # A year without a bound of its own ends with the year of its wave.
    ends_with_wave = variable.kind in {"year", "month"}
    bounds = (variable.lowest, None if ends_with_wave else variable.highest)
    return (variable.type, variable.kind, frozenset(variable.codes), bounds)


def _scale_problems(one: ScaleEntry, other: ScaleEntry) -> Iterator[str]:
    may_differ = _TOLD_ONLY if one.version == other.version else _TOLD_ONLY | _OF_A_VERSION
    for part in fields(ScaleEntry):
        before, after = getattr(one, part.name), getattr(other, part.name)
        if part.name not in may_differ and before != after:
            yield (
                f"{one.name}: the scale's {part.name} is {_plain(before)} in one wave and"
                f" {_plain(after)} in another"
            )


def _plain(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value)
