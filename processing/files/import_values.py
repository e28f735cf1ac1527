"""Columns of text become variables of a dataset, each distinct value looked at once."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from instruments import NOT_ASKED, UNKNOWN_REASON, AnswerError, Fault, Form, Kind
from processing.datasets.codebook import Codebook, Variable
from processing.datasets.columns import LARGEST
from processing.datasets.paradata import HELPERS, MODES, STATUSES

from .import_map import ImportMap, Source
from .import_problems import Refusals

_NAMED_CODES: Mapping[str, Mapping[str, int]] = {
    "mode": MODES,
    "helper": HELPERS,
    "status": STATUSES,
    "open_link": {"no": 0, "yes": 1},
}
_UNSAID: Mapping[str, int | float] = {"base_weight": 1.0, "status": 1, "duration_class": 0}
_CPR = re.compile(r"(0[1-9]|[12]\d|3[01])(0[1-9]|1[0-2])\d\d-?\d{4}")
_WHOLE = re.compile(r"(-?\d+)\.0+")


class NotAllowedError(ValueError):
    """A value breaks the rule that the words state."""


@dataclass(frozen=True)
class Values:
    """The distinct values of a column, and which of them each row holds."""

    column: str
    distinct: tuple[str, ...]
    places: NDArray[np.intp]
    rows: NDArray[np.int64]
    """The rows' numbers in the file."""

    def holding(self, place: int) -> list[int]:
        """The rows that hold the distinct value of that place."""
        rows: list[int] = self.rows[self.places == place].tolist()
        return rows

    def converted(
        self, convert: Callable[[str], Any], kind: type[Any], otherwise: Any, refusals: Refusals
    ) -> NDArray[Any]:
        """Each row's value after conversion; what is not allowed is told with its rows."""
        results = np.full(len(self.distinct), otherwise, dtype=kind)
        for place, value in enumerate(self.distinct):
            try:
                results[place] = convert(value)
            except NotAllowedError as error:
                refusals.add(self.holding(place), self.column, str(error), value)
        return results[self.places]


def values_of(table: pd.DataFrame, source: Source, variable: str) -> Values:
    rows = table.index.to_numpy(np.int64)
    if not source.column:
        return Values(
            f"the map's value of {variable}", (source.value,), np.zeros(len(table), np.intp), rows
        )
    places, distinct = pd.factorize(table[source.column].to_numpy(), use_na_sentinel=False)
    return Values(source.column, tuple(map(str, distinct)), places, rows)


def answers_frame(
    table: pd.DataFrame, plan: ImportMap, form: Form, codebook: Codebook, refusals: Refusals
) -> pd.DataFrame:
    """All of the codebook's columns; what does not fit is in `refusals`."""
    columns: dict[str, NDArray[Any]] = {}
    for variable in codebook.variables:
        if variable.kind == "paradata":
            columns[variable.name] = _about(variable, table, plan, refusals)
        elif variable.kind == "text":
            texts, reasons = _text_item(variable, table, plan, form, refusals)
            columns |= {variable.name: texts, f"{variable.name}_missing": reasons}
        elif variable.kind != "reason":
            columns[variable.name] = _coded_item(variable, table, plan, form, refusals)
    _refuse_shared_places(columns, table, codebook, refusals)
    return pd.DataFrame(columns, index=table.index)


def _refuse_shared_places(
    columns: Mapping[str, NDArray[Any]], table: pd.DataFrame, codebook: Codebook, refusals: Refusals
) -> None:
    rows = table.index.to_numpy(np.int64)
    rankings: dict[tuple[str, str], list[Variable]] = {}
    for variable in codebook.items:
        if variable.kind == Kind.RANKING:
            rankings.setdefault((variable.instrument, variable.item), []).append(variable)
    for options in rankings.values():
        places = np.column_stack([columns[option.name] for option in options])
        for place in options[0].codes[1:]:
            shared = (places == place).sum(axis=1) > 1
            if shared.any():
                names = ", ".join(option.name for option in options)
                rule = "one option has each place of a ranking"
                refusals.add(rows[shared].tolist(), names, rule, str(place))


def _coded_item(
    variable: Variable, table: pd.DataFrame, plan: ImportMap, form: Form, refusals: Refusals
) -> NDArray[np.int16]:
    source = plan.items.get(variable.name)
    if source is None:
        return np.full(len(table), NOT_ASKED, np.int16)

    def convert(value: str) -> int:
        text = _recoded(value, source)
        code = _reason(text, source, plan)
        if code is not None:
            return code
        if variable.kind == Kind.MULTIPLE:
            return _chosen(text)
        if variable.kind in {Kind.RANKING, Kind.MONTH}:
            return _part(text, variable)
        return int(_answer(text, variable, plan, form))

    return values_of(table, source, variable.name).converted(convert, np.int16, NOT_ASKED, refusals)


def _text_item(
    variable: Variable, table: pd.DataFrame, plan: ImportMap, form: Form, refusals: Refusals
) -> tuple[NDArray[Any], NDArray[np.int16]]:
    source = plan.items.get(variable.name)
    if source is None:
        empty = np.full(len(table), "", dtype=object)
        return empty, np.full(len(table), NOT_ASKED, np.int16)

    def convert(value: str) -> tuple[str, int]:
        text = _recoded(value, source)
        code = _reason(text, source, plan)
        if code is not None:
            return "", code
        stored = form.validate_answer(variable.name, text, year=plan.year or 0)
        return (stored, 0) if isinstance(stored, str) else ("", plan.blank)

    values = values_of(table, source, variable.name)
    pairs = np.empty(len(values.distinct), dtype=object)
    for place, value in enumerate(values.distinct):
        try:
            pairs[place] = convert(value)
        except AnswerError as error:
            refusals.add(values.holding(place), values.column, _rule(error, variable), value)
            pairs[place] = ("", UNKNOWN_REASON)
    texts = np.array([text for text, _ in pairs], dtype=object)
    reasons = np.array([code for _, code in pairs], dtype=np.int16)
    return texts[values.places], reasons[values.places]


def _recoded(value: str, source: Source) -> str:
    text = value.strip()
    return source.recode.get(text, text)


def _reason(text: str, source: Source, plan: ImportMap) -> int | None:
    """The missing code that the map gives a value, or None where it is an answer."""
    for known in (source.missing, plan.missing):
        if text in known:
            return known[text]
    return plan.blank if text == "" else None


def _chosen(text: str) -> int:
    whole = _WHOLE.sub(r"\1", text)
    if whole not in {"0", "1"}:
        raise NotAllowedError("an option is 1 where it was chosen and 0 where not; recode others")
    return int(whole)


def _part(text: str, variable: Variable) -> int:
    """The place of an option, or the year or month of a month."""
    whole = _WHOLE.sub(r"\1", text)
    number = int(whole) if whole.isdecimal() and len(whole) < 6 else -1
    lowest, highest = variable.lowest or 0, variable.highest
    if variable.codes:
        lowest, highest = min(variable.codes), max(variable.codes)
    if number < lowest or (highest is not None and number > highest):
        raise NotAllowedError(f"numbers go from {lowest} to {highest}")
    return number


def _answer(text: str, variable: Variable, plan: ImportMap, form: Form) -> Any:
    whole = _WHOLE.sub(r"\1", text)
    if whole.startswith("-"):
        raise NotAllowedError("a value below zero needs a meaning; list it under missing")
    try:
        return form.validate_answer(variable.name, whole, year=plan.year or LARGEST)
    except AnswerError as error:
        raise NotAllowedError(_rule(error, variable)) from error


def _rule(error: AnswerError, variable: Variable) -> str:
    match error.fault:
        case Fault.NOT_AN_OPTION:
            return f"codes are {', '.join(map(str, variable.codes))}; recode others"
        case Fault.OUT_OF_RANGE:
            return f"numbers go from {error.rule['lowest']} to {error.rule['highest']}"
        case Fault.TOO_LONG:
            return f"a text has at most {error.rule['longest']} characters"
        case _:
            return "an answer is a whole number; recode texts"


def _about(
    variable: Variable, table: pd.DataFrame, plan: ImportMap, refusals: Refusals
) -> NDArray[Any]:
    source = plan.about.get(variable.name)
    if variable.name == "wave":
        return np.full(len(table), plan.wave, np.int16)
    if source is None:
        return _unsaid(variable, len(table))
    values = values_of(table, source, variable.name)

    def text(value: str) -> str:
        return _checked_text(variable.name, _recoded(value, source))

    def number(value: str) -> float:
        return _weight(_recoded(value, source))

    def code(value: str) -> int:
        said = _recoded(value, source)
        known = _reason(said, source, plan)
        return _named_code(variable, said) if known is None else known

    if variable.type == "double":
        return values.converted(number, np.float64, 1.0, refusals)
    if variable.type == "int16":
        return values.converted(code, np.int16, UNKNOWN_REASON, refusals)
    texts = values.converted(text, object, "", refusals)
    if variable.name == "row_id":
        _refuse_repeated(texts, values, refusals)
    return texts


def _unsaid(variable: Variable, rows: int) -> NDArray[Any]:
    if variable.name == "row_id":
        width = len(str(rows))
        return np.array([f"{number:0{width}}" for number in range(1, rows + 1)], dtype=object)
    if variable.type == "string":
        return np.full(rows, "", dtype=object)
    kind = np.float64 if variable.type == "double" else np.int16
    return np.full(rows, _UNSAID.get(variable.name, UNKNOWN_REASON), kind)


def _checked_text(name: str, text: str) -> str:
    if name in {"row_id", "panel"} and _CPR.fullmatch(text):
        raise NotAllowedError(
            "it looks like a CPR number, which no dataset holds; take another column"
        )
    if name == "row_id" and not text:
        raise NotAllowedError(
            "each row has an id of its own; fill it, or leave row_id out of the map"
        )
    if name == "day" and text:
        try:
            return dt.date.fromisoformat(text[:10]).isoformat()
        except ValueError:
            raise NotAllowedError("a day is written as 2026-05-31; recode or correct it") from None
    return text


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = -1.0
    if not 0 <= weight < np.inf:
        raise NotAllowedError("a base weight is a number from 0 up, with a decimal point")
    return weight


def _named_code(variable: Variable, text: str) -> int:
    names = _NAMED_CODES.get(variable.name, {})
    if text in names:
        return names[text]
    whole = _WHOLE.sub(r"\1", text)
    number = int(whole) if whole.isdecimal() and len(whole) < 6 else -1
    if variable.codes and number in variable.codes:
        return number
    if not variable.codes and 0 <= number <= LARGEST:
        return number
    allowed = ", ".join(f"{name} ({code})" for name, code in names.items())
    raise NotAllowedError(
        f"it is {allowed}; recode others" if names else "it is a whole number from 0; recode others"
    )


def _refuse_repeated(ids: NDArray[Any], values: Values, refusals: Refusals) -> None:
    places, distinct = pd.factorize(ids)
    counts = np.bincount(places, minlength=len(distinct))
    for place in np.flatnonzero(counts > 1):
        rows = values.rows[places == place].tolist()
        refusals.add(rows, values.column, "each row has an id of its own", str(distinct[place]))
