"""Whether a frame's columns are what the codebook says, and the frame as typed columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from .codebook import Codebook, Variable
from .folders import DatasetError

TYPES = {"int16": pa.int16(), "string": pa.string(), "double": pa.float64()}
SMALLEST, LARGEST = -(2**15), 2**15 - 1
_SHOWN = 20


@dataclass(frozen=True)
class Misfit:
    """Values of a column that the codebook does not know."""

    column: str
    rule: str
    value: str
    """The first such value."""
    rows: int
    """How many rows hold such values."""

    def __str__(self) -> str:
        more = f" ({self.rows} rows)" if self.rows > 1 else ""
        return f"{self.column}: {self.rule}, found {self.value}{more}"


def answers_table(frame: pd.DataFrame, codebook: Codebook) -> pa.Table:
    """The frame as the codebook's columns, sorted by row id, each of its type and without nulls.

    Raises DatasetError with every misfit.
    """
    wrong = [*name_misfits([str(name) for name in frame.columns], codebook)]
    if not wrong:
        wrong = [*fit_misfits(frame, codebook)]
    if wrong:
        shown = "\n".join(f"  {misfit}" for misfit in wrong[:_SHOWN])
        more = f"\n  … and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise DatasetError(
            f"{len(wrong)} columns do not fit the codebook. Correct them and write again:\n"
            f"{shown}{more}"
        )
    ordered = frame.iloc[np.argsort(frame["row_id"].to_numpy(dtype=object), kind="stable")]
    return pa.table(
        {variable.name: _typed(ordered[variable.name], variable) for variable in codebook.variables}
    )


def _typed(column: pd.Series, variable: Variable) -> pa.Array:
    if variable.type == "string":
        return pa.array(column.to_numpy(dtype=object), TYPES["string"])
    # Arrow refuses a cast that would change a number; numpy would wrap it into another.
    return pa.array(column.to_numpy()).cast(TYPES[variable.type])


def name_misfits(names: list[str], codebook: Codebook) -> Iterator[Misfit]:
    """Columns that are missing, unknown or given twice."""
    for name in codebook.names:
        if name not in names:
            yield Misfit(name, "the codebook has this column", "none", 0)
    for name in dict.fromkeys(names):
        if name not in codebook.names:
            yield Misfit(name, "the codebook has no such column", "one", 0)
        elif names.count(name) > 1:
            yield Misfit(name, "each column stands once", str(names.count(name)), 0)


def fit_misfits(frame: pd.DataFrame, codebook: Codebook) -> Iterator[Misfit]:
    """Values that the codebook does not know, a misfit a column; the columns' names must fit."""
    for variable in codebook.variables:
        yield from _misfits(frame, variable)
        if variable.kind == "reason":
            yield from _companion_misfits(frame, variable.name)


def _misfits(frame: pd.DataFrame, variable: Variable) -> Iterator[Misfit]:
    column = frame[variable.name]
    empty = column.isna().to_numpy()
    if empty.any():
        yield Misfit(variable.name, "no cell is empty", "an empty cell", int(empty.sum()))
        return
    if variable.type == "string":
        yield from _text_misfits(column, variable)
    else:
        yield from _number_misfits(column, variable)


def _text_misfits(column: pd.Series, variable: Variable) -> Iterator[Misfit]:
    # Only a column of objects can hide a number among its texts.
    strange = np.zeros(len(column), bool)
    if not isinstance(column.dtype, pd.StringDtype):
        strange = ~column.map(lambda value: isinstance(value, str)).to_numpy(dtype=bool)
    if strange.any():
        value = column.to_numpy(dtype=object)[strange][0]
        yield Misfit(variable.name, "it holds text", repr(value), int(strange.sum()))
    elif variable.name == "row_id":
        repeated = column.duplicated().to_numpy() | (column == "").to_numpy()
        if repeated.any():
            value = repr(column.to_numpy(dtype=object)[repeated][0])
            yield Misfit("row_id", "each row has its own id", value, int(repeated.sum()))


def _companion_misfits(frame: pd.DataFrame, reason: str) -> Iterator[Misfit]:
    text = re.sub(r"_missing(_raw)?$", r"\1", reason)
    given = frame[reason].to_numpy() == 0
    wrong = (frame[text] != "").to_numpy() != given
    if wrong.any():
        rule = f"there is a text where {reason} is 0, and none elsewhere"
        found = "a text with a reason for none" if not given[wrong][0] else "an empty text"
        yield Misfit(text, rule, found, int(wrong.sum()))


def _number_misfits(column: pd.Series, variable: Variable) -> Iterator[Misfit]:
    if not len(column):
        return  # without rows a column has no type either
    if not pd.api.types.is_numeric_dtype(column):
        yield Misfit(variable.name, "it holds numbers", repr(column.iloc[0]), len(column))
        return
    values = column.to_numpy()
    if variable.type == "double":
        wrong = ~np.isfinite(values)
        rule = "numbers are finite"
    else:
        wrong = out_of_codebook(values, variable)
        rule = _rule(variable)
        if not wrong.any():
            wrong = (values < SMALLEST) | (values > LARGEST)
            rule = f"a dataset keeps whole numbers from {SMALLEST} to {LARGEST}"
    if wrong.any():
        yield Misfit(variable.name, rule, f"{values[wrong][0]:g}", int(wrong.sum()))


def out_of_codebook(values: NDArray[Any], variable: Variable) -> NDArray[np.bool_]:
    """Which values are neither a valid code nor one of the variable's missing codes."""
    allowed = np.isin(values, np.array([*variable.codes, *variable.missing]))
    if not variable.codes:
        lowest = -np.inf if variable.lowest is None else variable.lowest
        highest = np.inf if variable.highest is None else variable.highest
        allowed |= (values >= lowest) & (values <= highest) & (values == np.floor(values))
    return ~allowed


def _rule(variable: Variable) -> str:
    rule = f"codes are {', '.join(map(str, variable.codes))}"
    if not variable.codes:
        highest = "" if variable.highest is None else f" to {variable.highest}"
        rule = f"whole numbers from {variable.lowest}{highest}"
    missing = variable.missing
    return rule + (f" or a missing code from {max(missing)} to {min(missing)}" if missing else "")
