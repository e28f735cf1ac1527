"""The codebook: what every column of a dataset is, so that its numbers need no one to explain them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

from instruments import MISSING

FALLBACK_LANGUAGES = ("en", "da")
"""Where a chosen language lacks a text, an explained column is better than a bare one."""


def in_language(texts: Mapping[str, Any], language: str, otherwise: Any = "") -> Any:
    """The text in this language, else in English, else in Danish, else in any."""
    for wanted in (language, *FALLBACK_LANGUAGES, *texts):
        if wanted in texts:
            return texts[wanted]
    return otherwise


@dataclass(frozen=True)
class Variable:
    """One column of the responses."""

    name: str
    kind: str
    """single, multiple, ranking, number, year, month, rating, text, reason (why a text is missing),
    score; or paradata: what is known about the answering itself."""
    type: str
    """int16, string or double."""
    measure: str
    """nominal, ordinal or scale."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Language -> the variable's label, short enough for a table."""
    questions: Mapping[str, str] = field(default_factory=dict)
    """Language -> the question as it was asked."""
    values: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    """Language -> code -> label, missing codes included."""
    codes: tuple[int, ...] = ()
    """The valid codes, in the order shown; empty where bounds rule or anything may stand."""
    lowest: int | None = None
    highest: int | None = None
    missing: tuple[int, ...] = ()
    """The codes that say why there is no answer, in the order -1, -2, …"""
    instrument: str = ""
    version: int | None = None
    item: str = ""
    option: int | None = None

    def label(self, language: str) -> str:
        return str(in_language(self.labels, language, self.name))

    def value_labels(self, language: str) -> dict[int, str]:
        return dict(in_language(self.values, language, {}))


PERCENT = 100.0
"""The highest score of all scales but counts."""


@dataclass(frozen=True)
class ScaleEntry:
    """How columns make a score; everything that scoring needs and nothing else."""

    instrument: str
    id: str
    columns: tuple[str, ...]
    bounds: Mapping[str, tuple[int, int]]
    """Column -> its lowest and highest code."""
    reversed: tuple[str, ...] = ()
    """Columns turned before scoring."""
    version: int | None = None
    model: str = "reflective"
    """reflective or formative"""
    direction: str = ""
    headline_reversed: bool = False
    least_answered: int | None = None
    """None: max(3, ceil(2k/3)) of the k items that apply; a formative scale needs all."""
    score: str = "percent"
    """percent (of the maximum possible, 0-100) or count"""
    variants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Name -> columns left out."""
    status: str = "candidate"
    construct: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    literature: tuple[str, ...] = ()
    anchor: str | None = None
    """The column of the single item it is compared with."""

    @property
    def name(self) -> str:
        """The stem of its score columns: `instrument_scale`."""
        return f"{self.instrument}_{self.id}" if self.instrument else self.id

    @property
    def formative(self) -> bool:
        return self.model == "formative"

    @property
    def highest_score(self) -> float:
        """100, or of a count how many things are counted."""
        return float(len(self.columns)) if self.score == "count" else PERCENT

    def label(self, language: str) -> str:
        return str(in_language(self.labels, language, self.name))


@dataclass(frozen=True)
class Codebook:
    """All columns in their order, and the scales made of them."""

    languages: tuple[str, ...]
    variables: tuple[Variable, ...]
    scales: tuple[ScaleEntry, ...] = ()

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(variable.name for variable in self.variables)

    @cached_property
    def _by_name(self) -> dict[str, Variable]:
        return {variable.name: variable for variable in self.variables}

    @cached_property
    def items(self) -> tuple[Variable, ...]:
        """The variables that hold answers, not paradata."""
        return tuple(variable for variable in self.variables if variable.instrument)

    @cached_property
    def highest_scores(self) -> Mapping[str, float]:
        """Scale or variant, as its measure is named -> the highest score there is."""
        found = {}
        for scale in self.scales:
            found[scale.name] = scale.highest_score
            for variant, left_out in scale.variants.items():
                kept = tuple(one for one in scale.columns if one not in left_out)
                found[f"{scale.name}_{variant}"] = replace(scale, columns=kept).highest_score
        return found

    def variable(self, name: str) -> Variable:
        """Return the variable of that name. Raises KeyError."""
        return self._by_name[name]

    def scale(self, name: str) -> ScaleEntry:
        """Return the scale of that name (`instrument_scale`). Raises KeyError."""
        for scale in self.scales:
            if scale.name == name:
                return scale
        raise KeyError(name)

    def to_json(self) -> str:
        """Text that depends on the content alone: equal codebooks give equal bytes."""
        return write_json(
            {
                "languages": list(self.languages),
                "missing_codes": {str(code): name for code, name in MISSING.items()},
                "variables": [_plain(variable) for variable in self.variables],
                "scales": [_plain(scale) for scale in self.scales],
            }
        )

    @classmethod
    def from_json(cls, text: str | bytes) -> Codebook:
        stored = json.loads(text)
        return cls(
            languages=tuple(stored["languages"]),
            variables=tuple(_variable(entry) for entry in stored["variables"]),
            scales=tuple(_scale(entry) for entry in stored["scales"]),
        )


def write_json(content: Any) -> str:
    """JSON as datasets keep it: the caller's order, readable letters, a last line end."""
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _plain(entry: Variable | ScaleEntry) -> dict[str, Any]:
    """What is at its default is left out: a codebook is read by people too."""
    stored = {part.name: getattr(entry, part.name) for part in fields(entry)}
    return {
        name: value
        for name, value in stored.items()
        if value is not None and value is not False and value not in ("", (), {})
    }


def _variable(entry: dict[str, Any]) -> Variable:
    values = {
        language: {int(code): label for code, label in labels.items()}
        for language, labels in entry.get("values", {}).items()
    }
    return Variable(**{**entry, **_tuples(entry, "codes", "missing"), "values": values})


def _scale(entry: dict[str, Any]) -> ScaleEntry:
    return ScaleEntry(
        **{
            **entry,
            # A scale that a researcher names by hand belongs to no instrument.
            "instrument": entry.get("instrument", ""),
            **_tuples(entry, "columns", "reversed", "literature"),
            "bounds": {column: tuple(ends) for column, ends in entry.get("bounds", {}).items()},
            "variants": {name: tuple(out) for name, out in entry.get("variants", {}).items()},
        }
    )


def _tuples(entry: Mapping[str, Iterable[Any]], *names: str) -> dict[str, tuple[Any, ...]]:
    return {name: tuple(entry.get(name, ())) for name in names}
