"""Read answers from a plain frame: small whole numbers, where a negative one says why there is none."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.errors import Problem, StatisticsError, stop_if_any

REASON_UNKNOWN = -10
"""What an empty cell (NaN) becomes: missing, reason unknown."""

LARGEST_CODE = 100
"""Answers are categories. A larger number is a measurement, an identifier or a slip of the keyer."""

ROWS_AT_A_TIME = 2**13

Codes: TypeAlias = NDArray[np.int8]
"""(items, rows), so that each item lies in one piece of memory."""

Weights: TypeAlias = str | Sequence[float] | NDArray[np.float64] | None
"""A column's name, or one number a row."""


def choose_items(
    frame: pd.DataFrame,
    items: Sequence[str] | None,
    weights: Weights = None,
    *,
    called: str = "item",
) -> list[str]:
    """The items asked for, or every column but the weights; unknown and repeated are refused.

    `called` says what the columns are to whoever named them: group, area, weights.
    """
    if not isinstance(frame, pd.DataFrame):
        raise StatisticsError(
            Problem(
                "frame",
                f"a data frame is needed, got {type(frame).__name__}",
                "Read the file into a frame first, for instance by pandas.read_csv",
            )
        )
    if items is None:
        chosen = [
            name for name in frame.columns if not (isinstance(weights, str) and name == weights)
        ]
    else:
        chosen = list(items)
    unknown = [name for name in chosen if name not in frame.columns]
    columns = list(frame.columns)
    repeated = sorted(
        {name for name in chosen if chosen.count(name) > 1 or columns.count(name) > 1}
    )
    stop_if_any(
        [
            *(
                Problem(
                    f"{called} {name!r}",
                    "no column has this name",
                    f"Correct the name of the {called}",
                )
                for name in unknown
            ),
            *(
                Problem(
                    f"{called} {name!r}", "it is named more than once", f"Name each {called} once"
                )
                for name in repeated
            ),
        ]
    )
    return chosen


def read_codes(frame: pd.DataFrame, items: Sequence[str]) -> Codes:
    """Answers as bytes, items in rows; an empty cell becomes REASON_UNKNOWN.

    Raises StatisticsError naming every item that holds text, fractions or codes outside
    −LARGEST_CODE … LARGEST_CODE.
    """
    codes = np.empty((len(items), len(frame)), dtype=np.int8)
    columns = {item: frame[item] for item in items}
    problems = [p for item, column in columns.items() for p in _not_numeric(column, item)]
    stop_if_any(problems)
    values = [_plain(column) for column in columns.values()]
    wrong: dict[str, Problem] = {}
    # Frames often keep their columns interleaved in memory. Reading a few rows of all columns at a
    # time touches each stretch of memory once instead of once a column.
    apart = any(column.strides[0] != column.itemsize for column in values)
    at_a_time = ROWS_AT_A_TIME if apart else max(len(frame), 1)
    for start in range(0, len(frame), at_a_time):
        rows = slice(start, start + at_a_time)
        for row, item in enumerate(items):
            if not _fill(codes[row, rows], values[row][rows]):
                wrong.setdefault(item, _rule_broken(values[row][rows], item))
    stop_if_any(wrong[item] for item in items if item in wrong)
    return codes


def _not_numeric(column: pd.Series, item: str) -> Iterator[Problem]:
    if not pd.api.types.is_numeric_dtype(column):
        example = next((value for value in column if isinstance(value, str)), str(column.dtype))
        yield Problem(
            f"item {item!r}",
            f"answers must be whole numbers, found {example!r}",
            "Replace texts by their codes first",
        )


def _plain(column: pd.Series) -> NDArray[np.generic]:
    if isinstance(column.dtype, np.dtype):
        return column.to_numpy()
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _fill(codes: NDArray[np.int8], values: NDArray[np.generic]) -> bool:
    """Write values as bytes; whether all follow the rule."""
    if values.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            codes[:] = values.astype(np.int8)
        changed = codes != values
        if changed.any():
            empty = np.isnan(values)
            codes[empty] = REASON_UNKNOWN
            if (changed & ~empty).any():
                return False
        return bool(codes.min() >= -LARGEST_CODE and codes.max() <= LARGEST_CODE)
    codes[:] = values
    return bool(values.min() >= -LARGEST_CODE and values.max() <= LARGEST_CODE)


def _rule_broken(values: NDArray[np.generic], item: str) -> Problem:
    numbers = values.astype(np.float64)
    fractions = numbers[np.isfinite(numbers) & (numbers != np.rint(numbers))]
    if fractions.size:
        return Problem(
            f"item {item!r}",
            f"answers must be whole numbers, found {fractions[0]:g}",
            "Give the answers themselves, not means or scores",
        )
    return Problem(
        f"item {item!r}",
        f"codes must lie between -{LARGEST_CODE} and {LARGEST_CODE},"
        f" found {np.nanmin(numbers):g} to {np.nanmax(numbers):g}",
        "Correct the codes or leave the column out",
    )


def read_rows(
    frame: pd.DataFrame, items: Sequence[str], weights: Weights, *, complete: bool
) -> tuple[Codes, NDArray[np.float64] | None]:
    """Codes and weights, where asked only of the rows that answered every item."""
    codes, weight = read_codes(frame, items), read_weights(frame, weights)
    if complete:
        kept = (codes >= 0).all(axis=0)
        if not kept.all():
            codes = codes[:, kept]
            weight = None if weight is None else weight[kept]
    return codes, weight


def read_weights(frame: pd.DataFrame, weights: Weights) -> NDArray[np.float64] | None:
    """One weight a row, given as a column's name or as numbers; every weight must be above zero."""
    if weights is None:
        return None
    if isinstance(weights, str):
        (name,) = choose_items(frame, [weights], called="column of weights")
        values = pd.to_numeric(frame[name], errors="coerce").to_numpy(np.float64, na_value=np.nan)
    else:
        name, values = "weights", np.asarray(weights, dtype=np.float64)
    if values.shape != (len(frame),):
        raise StatisticsError(
            Problem(
                f"weights {name!r}",
                f"each row needs one weight, got {values.shape} for {len(frame)} rows",
                "Give as many weights as rows",
            )
        )
    unusable = np.flatnonzero(~(values > 0) | np.isinf(values))
    if unusable.size:
        raise StatisticsError(
            Problem(
                f"weights {name!r}",
                f"weights must be above zero, found {values[unusable[0]]:g} in row"
                f" {frame.index[unusable[0]]!r} ({unusable.size} such rows)",
                "Leave rows without a weight out, or correct the weights",
            )
        )
    return values
