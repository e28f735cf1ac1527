"""The map of an import: which column of a file holds which item, and which value means what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from instruments import MISSING, UNKNOWN_REASON, Form, Kind
from processing.datasets.folders import DatasetError
from processing.datasets.paradata import PARADATA

_NAMES = {name: code for code, name in MISSING.items()}
_KEYS = ("study", "wave", "year", "legal_basis", "encoding", "delimiter", "blank", "missing")
_SEVERAL = {
    Kind.MULTIPLE: "a multiple choice has one column an option",
    Kind.RANKING: "a ranking has one column an option, which holds its place",
    Kind.MONTH: "a month has two columns",
}
_ABOUT = tuple(variable.name for variable in PARADATA if variable.name != "wave")


class MapError(DatasetError):
    """A map that cannot be used; carries every problem."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("The map cannot be used:\n" + "\n".join(f"  {one}" for one in problems))


@dataclass(frozen=True)
class Source:
    """Where a variable's values come from, and how they are read."""

    column: str = ""
    """A column of the file; "" where `value` stands for every row."""
    value: str = ""
    recode: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ImportMap:
    study: str
    wave: int
    year: int | None
    """The wave's year: the latest that a year item without an upper end can be."""
    legal_basis: str
    encoding: str
    delimiter: str
    """One character, or "" to find it out from the header."""
    blank: int
    """What an empty cell means."""
    missing: Mapping[str, int]
    """Values that mean a missing code in every item."""
    items: Mapping[str, Source]
    """Variable of the dataset -> its source; of a multiple choice, one an option."""
    only: Mapping[str, str]
    """Column -> the value that the rows of this wave have."""
    about: Mapping[str, Source]
    """Paradata variable -> its source."""


def read_map(content: bytes, form: Form) -> ImportMap:
    """Read a map against the form it fills. Raises MapError with every problem."""
    try:
        # Strings only, so that `no` stays "no" and 010 does not become 8.
        loaded = yaml.load(content, Loader=yaml.CBaseLoader)  # noqa: S506 -- builds strings only
    # Brackets in brackets, thousands deep, are no map either.
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise MapError([f"it is not readable as YAML: {reason}. Correct the line."]) from error
    if not isinstance(loaded, dict):
        raise MapError(["it must be a mapping with the keys study, wave and items. Write them."])
    reader = _Reader(loaded, form)
    found = reader.read()
    if reader.problems:
        raise MapError(reader.problems)
    return found


class _Reader:
    def __init__(self, loaded: Mapping[str, Any], form: Form) -> None:
        self.loaded = loaded
        self.form = form
        self.problems: list[str] = []

    def read(self) -> ImportMap:
        allowed = (*_KEYS, "only", "items", "about")
        for key in self.loaded:
            if key not in allowed:
                self._tell(
                    key, f"there is no such key; there are {', '.join(allowed)}", "Remove it"
                )
        study = self._text("study", "")
        if not study:
            self._tell("study", "a dataset names its study", "Write study: and a short name")
        return ImportMap(
            study=study,
            wave=self._number("wave", 1) or 1,
            year=self._number("year", None),
            legal_basis=self._one_of("legal_basis", ("", "consent", "research")),
            encoding=self._text("encoding", "utf-8-sig"),
            delimiter=self._text("delimiter", ""),
            blank=self._code("blank", self.loaded.get("blank", str(UNKNOWN_REASON))),
            missing=self._codes("missing", self.loaded.get("missing", {})),
            only=self._only(),
            items=dict(self._items()),
            about=dict(self._about()),
        )

    def _tell(self, key: str, rule: str, remedy: str) -> None:
        self.problems.append(f"{key}: {rule}. {remedy}.")

    def _text(self, key: str, otherwise: str) -> str:
        value = self.loaded.get(key, otherwise)
        if not isinstance(value, str):
            self._tell(key, f"it must be one text, found {value!r}", "Write one value")
            return otherwise
        return value

    def _one_of(self, key: str, choices: tuple[str, ...]) -> str:
        value = self._text(key, choices[0])
        if value not in choices:
            self._tell(key, f"it must be {' or '.join(choices[1:])}, found {value!r}", "Correct it")
        return value

    def _number(self, key: str, otherwise: int | None) -> int | None:
        value = self._text(key, "")
        if not value:
            return otherwise
        if not (value.isdecimal() and 1 <= int(value) <= 9999):
            self._tell(
                key, f"it must be a whole number from 1 to 9999, found {value!r}", "Correct it"
            )
            return otherwise
        return int(value)

    def _code(self, key: str, value: Any) -> int:
        text = str(value)
        code = _NAMES.get(text)
        if code is None and text.lstrip("-").isdecimal() and int(text) in MISSING:
            code = int(text)
        if code is None:
            names = ", ".join(f"{name} ({number})" for name, number in _NAMES.items())
            self._tell(key, f"a reason is one of {names}; found {text!r}", "Choose one")
            return UNKNOWN_REASON
        return code

    def _codes(self, key: str, values: Any) -> dict[str, int]:
        if not isinstance(values, dict):
            self._tell(
                key, f"it must map values to reasons, found {values!r}", 'Write {"99": refused}'
            )
            return {}
        return {value: self._code(f"{key}.{value}", reason) for value, reason in values.items()}

    def _only(self) -> dict[str, str]:
        asked = self.loaded.get("only", {})
        if isinstance(asked, dict) and all(isinstance(value, str) for value in asked.values()):
            return asked
        self._tell("only", f"it must map columns to one value each, found {asked!r}", "Correct it")
        return {}

    def _items(self) -> Iterator[tuple[str, Source]]:
        asked = self.loaded.get("items")
        if not isinstance(asked, dict) or not asked:
            self._tell("items", "it must map items to columns of the file", "Write at least one")
            return
        for name, given in asked.items():
            key = f"items.{name}"
            column = self._column(name)
            if column is None:
                known = ", ".join(
                    placed.item.id for placed in map(self.form.item_of, self.form.columns)
                )
                self._tell(key, f"the form has no such item; it has {known}", "Correct the name")
            elif len(self.form.item_of(column).item.responses.endings) > 1:
                yield from self._several(key, column, given)
            elif (source := self._source(key, given)) is not None:
                yield column, source

    def _column(self, name: str) -> str | None:
        """The item of that name; alone it will do where no other instrument has one."""
        matching = [
            column
            for column in self.form.columns
            if name in {column, self.form.item_of(column).item.id}
        ]
        return matching[0] if len(matching) == 1 else None

    def _several(self, key: str, column: str, given: Any) -> Iterator[tuple[str, Source]]:
        item = self.form.item_of(column).item
        parts = [ending.removeprefix("_") for ending in item.responses.endings]
        columns = given.get("columns") if isinstance(given, dict) else None
        if not isinstance(columns, dict):
            rule = f"{_SEVERAL[item.kind]}, {', '.join(parts)}"
            self._tell(key, rule, f'Write {{columns: {{"{parts[0]}": name, "{parts[1]}": name}}}}')
            return
        shared = {name: value for name, value in given.items() if name != "columns"}
        for part, name in columns.items():
            place = f"{key}.columns.{part}"
            if part not in parts:
                sort = "part" if item.kind is Kind.MONTH else "option"
                self._tell(
                    place, f"there is no such {sort}; there are {', '.join(parts)}", "Correct it"
                )
            elif (source := self._source(place, {"column": name, **shared})) is not None:
                yield f"{column}_{part}", source

    def _about(self) -> Iterator[tuple[str, Source]]:
        asked = self.loaded.get("about", {})
        if not isinstance(asked, dict):
            self._tell("about", f"it must be a mapping, found {asked!r}", "Write area: column")
            return
        for name, given in asked.items():
            if name not in _ABOUT:
                rule = f"there is no such variable; there are {', '.join(_ABOUT)}"
                self._tell(f"about.{name}", rule, "Correct the name")
            elif (source := self._source(f"about.{name}", given)) is not None:
                yield name, source

    def _source(self, key: str, given: Any) -> Source | None:
        if isinstance(given, str):
            return Source(column=given)
        if not isinstance(given, dict) or ("column" in given) == ("value" in given):
            rule = "it must be a column's name, or have either column or value"
            self._tell(key, f"{rule}, found {given!r}", "Write one of them")
            return None
        for name in given:
            if name not in {"column", "value", "recode", "missing"}:
                rule = "there is no such key; there are column, value, recode, missing"
                self._tell(f"{key}.{name}", rule, "Remove it")
        recode = given.get("recode", {})
        if not isinstance(recode, dict):
            self._tell(
                f"{key}.recode", f"it must map values to values, found {recode!r}", "Correct it"
            )
            recode = {}
        return Source(
            column=str(given.get("column", "")),
            value=str(given.get("value", "")),
            recode={str(old): str(new) for old, new in recode.items()},
            missing=self._codes(f"{key}.missing", given.get("missing", {})),
        )
