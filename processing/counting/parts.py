"""One table that lies in parts: Parquet files or frames, in memory, on a disk or on a cluster."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial, reduce
from operator import add
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import pandas as pd
from pyarrow import ArrowInvalid
from pyarrow.parquet import ParquetFile

from processing.errors import Problem, StatisticsError, stop_if_any

ROWS_OF_A_FILE = 2**16
"""Rows of a Parquet file in memory at a time."""

Part: TypeAlias = str | Path | pd.DataFrame

Sums = TypeVar("Sums", bound=Any)
"""Anything that adds up: counts, patterns, arrays."""


@dataclass(frozen=True)
class Parts:
    """The parts of one table, which are gone through as often as a statistic needs.

    Wherever a statistic can be had from sums over rows, `Parts` stands for a frame: in `alpha`,
    `polychoric`, `efa`, `cfa`, `invariance` and their like. Only sums are kept, so that memory
    stays the same however many rows there are, and the result is that of the whole frame.

    Examples
    --------
    >>> import pandas as pd
    >>> from processing import alpha
    >>> frame = pd.DataFrame({"a": [1, 2, 3, 4, 5], "b": [2, 1, 3, 5, 4], "c": [1, 3, 2, 4, 5]})
    >>> print(alpha(Parts([frame.head(2), frame.tail(3)])))
    alpha = 0.908 [0.535; 0.990], n = 5, 3 items

    """

    parts: Iterable[Part]
    """Parquet files, or frames."""
    executor: Executor | None = None
    """Sums each part as a task of its own: a `concurrent.futures` pool, or a Dask cluster by
    `client.get_executor()`, whose workers must be able to read the files."""

    def __post_init__(self) -> None:
        if isinstance(self.parts, str | pd.DataFrame):
            raise _unusable("it must be a list", "Put brackets around the only part")
        if isinstance(self.parts, Mapping | pd.Series):
            raise _not_a_table(self.parts)
        if isinstance(self.parts, Iterator):
            raise _unusable(
                "a statistic may go through the parts twice, and a generator can be gone through"
                " once",
                "Give a list of frames, or Parquet files",
            )
        if not isinstance(self.parts, Iterable):
            raise _not_a_table(self.parts)

    @property
    def columns(self) -> tuple[str, ...]:
        """Of the first part."""
        for part in self.parts:
            if isinstance(part, pd.DataFrame):
                return tuple(part.columns)
            if not isinstance(part, str | Path):
                raise _not_a_table(part)
            with _opened(part) as table:
                return tuple(table.schema_arrow.names)
        raise StatisticsError(
            Problem("parts", "there is nothing to count", "Name at least one Parquet file or frame")
        )

    def add_up(self, task: Callable[[pd.DataFrame], Sums], columns: Sequence[str]) -> Sums:
        """The sum of what `task` makes of every stretch of rows; it sees only these columns."""
        if not self.columns:
            raise _unusable(
                "there is nothing to count", "Name a Parquet file or frame with columns"
            )
        one = partial(_sum_part, task=task, columns=tuple(columns))
        if self.executor is None:
            return reduce(add, map(one, self.parts))
        return reduce(add, self.executor.map(one, list(self.parts)))


Table: TypeAlias = pd.DataFrame | Parts | str | Path | Iterable[Part]
"""A table in one frame or in parts; a path is a Parquet file."""


def parts_of(table: Table) -> Parts:
    if isinstance(table, Parts):
        return table
    return Parts((table,) if isinstance(table, str | Path | pd.DataFrame) else table)


def column_of(weights: object) -> str | None:
    """Weights of rows that lie in parts can only be one of their columns."""
    if weights is None or isinstance(weights, str):
        return weights
    raise StatisticsError(
        Problem(
            "weights",
            "rows that lie in parts have their weights in a column, got numbers",
            "Name the column",
        )
    )


def _sum_part(part: Part, task: Callable[[pd.DataFrame], Sums], columns: Sequence[str]) -> Sums:
    return reduce(add, map(task, _stretches(part, list(columns))))


def _stretches(part: Part, columns: list[str]) -> Iterator[pd.DataFrame]:
    """Some rows at a time; always one stretch at least, if without rows."""
    if isinstance(part, pd.DataFrame):
        stop_if_any(_absent(columns, part.columns, "a frame"))
        yield part[columns]
    elif isinstance(part, str | Path):
        with _opened(part) as table:
            stop_if_any(_absent(columns, table.schema_arrow.names, f"the file {part}"))
            # The schema's empty table, of which only these columns.
            yield table.schema_arrow.empty_table().to_pandas()[columns]
            for batch in table.iter_batches(batch_size=ROWS_OF_A_FILE, columns=columns):
                yield batch.to_pandas()
    else:
        raise _not_a_table(part)


def _opened(path: str | Path) -> ParquetFile:
    """The file; text that looks like the name of a column is told from a file that is none."""
    try:
        return ParquetFile(path)
    except FileNotFoundError:
        what = "there is no such file"
    except ArrowInvalid:
        what = "it is not a Parquet file"
    except OSError as error:
        what = f"it cannot be read ({error.strerror or type(error).__name__})"
    raise StatisticsError(
        Problem(
            f"the file {str(path)!r}",
            what,
            "Give a Parquet file, or read other files into a frame first (pandas.read_csv)",
        )
    )


def _absent(columns: Sequence[str], known: Iterable[str], where: str) -> Iterator[Problem]:
    held = set(known)
    for name in columns:
        if name not in held:
            yield Problem(f"column {name!r}", f"{where} has none of this name", "Correct the name")


def _unusable(rule: str, remedy: str) -> StatisticsError:
    return StatisticsError(Problem("parts", rule, remedy))


def _not_a_table(found: object) -> StatisticsError:
    return StatisticsError(
        Problem(
            "frame",
            f"a data frame is needed, got {type(found).__name__}",
            "Give a frame, or Parquet files or frames that are its parts",
        )
    )
