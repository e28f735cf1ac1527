"""One pass over the rows: the Burt table, from which most statistics of a scale are read."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import accumulate
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.errors import Problem, StatisticsError

from .answers import Codes, Weights, choose_items, read_rows
from .burt import CodesFound, burt_table, categories, codes_found
from .parts import Parts, column_of

PATTERNS_AT_A_TIME = 2**14

Points = int | tuple[int, int]
"""The answers a scale offers: 5 means 1 to 5, (0, 3) means 0 to 3."""


@dataclass(frozen=True)
class Moments:
    """Means and covariances as far as pairs of items tell them (divisor n − 1)."""

    n: NDArray[np.float64]
    """(items, items): rows that answered both."""
    mean: NDArray[np.float64]
    """(items,): over all who answered the item."""
    covariance: NDArray[np.float64]
    """(items, items): each pair over the rows that answered both."""
    correlation: NDArray[np.float64]
    """(items, items): each pair over the rows that answered both, variances included."""


@dataclass(frozen=True)
class Counts:
    """How often every category of every item was answered together with every other.

    Tables of parts of the data add up to the table of the whole.
    """

    items: tuple[str, ...]
    codes: CodesFound
    """Per item, the codes that occurred, ascending; below zero they are reasons for no answer."""
    table: NDArray[np.float64]
    """(categories, categories): rows, or sums of weights, with both categories."""
    rows: int
    """Rows counted."""
    weights: float
    """Sum of weights; equals rows where none were given."""
    squared_weights: float
    """Sum of squared weights."""
    complete: bool
    """Whether rows with any missing answer were left out."""

    def __add__(self, other: "Counts") -> "Counts":
        if self.items != other.items or self.complete != other.complete:
            raise StatisticsError(
                Problem(
                    "counts",
                    f"only counts of the same items and the same missing rule add up, got"
                    f" {self.items} (complete={self.complete}) and"
                    f" {other.items} (complete={other.complete})",
                    "Count both parts in the same way",
                )
            )
        codes = tuple(
            tuple(sorted({*mine, *theirs}))
            for mine, theirs in zip(self.codes, other.codes, strict=True)
        )
        return replace(
            self,
            codes=codes,
            table=self._spread(codes) + other._spread(codes),
            rows=self.rows + other.rows,
            weights=self.weights + other.weights,
            squared_weights=self.squared_weights + other.squared_weights,
        )

    def _spread(self, codes: CodesFound) -> NDArray[np.float64]:
        if codes == self.codes:
            return self.table
        place = {category: row for row, category in enumerate(categories(codes))}
        rows = [place[category] for category in categories(self.codes)]
        spread = np.zeros((len(place), len(place)))
        spread[np.ix_(rows, rows)] = self.table
        return spread

    @property
    def weighted(self) -> bool:
        return self.squared_weights != self.rows or self.weights != self.rows

    @property
    def effective_rows(self) -> float:
        """Rows, or with weights Kish's effective number (Σw)² / Σw²."""
        return self.weights**2 / self.squared_weights if self.squared_weights else 0.0

    def select(self, items: Sequence[str]) -> "Counts":
        """The counts of some of the items, in the order given."""
        unknown = [item for item in items if item not in self.items]
        if unknown:
            raise StatisticsError(
                *(
                    Problem(f"item {item!r}", "it was not counted", f"Choose among {self.items}")
                    for item in unknown
                )
            )
        chosen = [self.items.index(item) for item in items]
        rows = np.concatenate([np.arange(len(self.table))[self.span(item)] for item in chosen])
        return replace(
            self,
            items=tuple(items),
            codes=tuple(self.codes[item] for item in chosen),
            table=self.table[np.ix_(rows, rows)],
        )

    def turn(self, items: Sequence[str], points: Points) -> "Counts":
        """Turn the answers of some items round, so that all items point in one direction."""
        low, high = span_of(points)
        self.select(items)
        turned = [
            tuple(low + high - code if code >= 0 else code for code in codes)
            if item in items
            else codes
            for item, codes in zip(self.items, self.codes, strict=True)
        ]
        order = np.concatenate(
            [self.span(item).start + np.argsort(codes) for item, codes in enumerate(turned)]
        )
        return replace(
            self,
            codes=tuple(tuple(sorted(codes)) for codes in turned),
            table=self.table[np.ix_(order, order)],
        )

    @cached_property
    def _starts(self) -> list[int]:
        """Where each item's categories begin in the table, and where the last ones end."""
        return [0, *accumulate(len(codes) for codes in self.codes)]

    @cached_property
    def _answered(self) -> list[slice]:
        """Per item, its categories that are answers; codes ascend, so reasons come before them."""
        return [
            slice(start + sum(code < 0 for code in codes), start + len(codes))
            for start, codes in zip(self._starts, self.codes, strict=False)
        ]

    def span(self, item: int) -> slice:
        """Where an item's categories lie in the table."""
        return slice(self._starts[item], self._starts[item + 1])

    def margin(self, item: int) -> dict[int, float]:
        """How often each code of an item occurred."""
        own = np.diag(self.table)[self.span(item)].tolist()
        return dict(zip(self.codes[item], own, strict=True))

    def margins(self) -> list[dict[int, float]]:
        """The same of every item."""
        return [self.margin(item) for item in range(len(self.items))]

    def answers(self, first: int, second: int) -> NDArray[np.float64]:
        """(answers of first, answers of second): the two items' cross-table without the missing."""
        return self.table[self._answered[first], self._answered[second]]

    def to_frame(self) -> pd.DataFrame:
        """One row an item and code: item, code, n (rows, or sum of weights) and share of all."""
        rows = [
            {"item": name, "code": code, "n": n, "share": n / self.weights}
            for item, name in enumerate(self.items)
            for code, n in self.margin(item).items()
        ]
        return pd.DataFrame(rows, columns=["item", "code", "n", "share"])

    def __str__(self) -> str:
        left_out = ", rows with any missing answer left out" if self.complete else ""
        weighted = f", sum of weights {self.weights:.1f}" if self.weighted else ""
        table = self.to_frame().pivot_table("n", "item", "code", aggfunc="sum")
        told = table.reindex(list(self.items)).to_string(
            float_format=lambda n: f"{n:.1f}" if self.weighted else f"{n:.0f}", na_rep="."
        )
        return f"Counts of {self.rows} rows{weighted}{left_out}\n{told}"

    def moments(self) -> Moments:
        """Means and covariances of the answers; weights are first scaled to the mean one."""
        return self._moments

    @cached_property
    def _moments(self) -> Moments:
        values = np.zeros((len(self.table), len(self.items)))
        given = np.zeros_like(values)
        for row, (item, code) in enumerate(categories(self.codes)):
            values[row, item], given[row, item] = max(code, 0), code >= 0
        table = self.table * (self.rows / self.weights if self.weights else 1.0)
        n = given.T @ table @ given
        with np.errstate(invalid="ignore", divide="ignore"):
            # mean[j, k] is the mean of item j among those who answered item k too.
            mean = (values.T @ table @ given) / n
            products = values.T @ table @ values
            covariance = (products - n * mean * mean.T) / (n - 1)
            variance = ((values**2).T @ table @ given - n * mean**2) / (n - 1)
            correlation = covariance / np.sqrt(variance * variance.T)
        return Moments(
            n=n, mean=np.diag(mean).copy(), covariance=covariance, correlation=correlation
        )


def span_of(points: Points) -> tuple[int, int]:
    """The lowest and the highest answer of a scale with so many points."""
    return (1, int(points)) if isinstance(points, int | np.integer) else points


def count(
    frame: pd.DataFrame,
    items: Sequence[str] | None = None,
    *,
    weights: Weights = None,
    complete: bool = False,
) -> Counts:
    """Count every category of every item by every other, missing ones included.

    Parameters
    ----------
    frame
        Answers as whole numbers; negative codes and NaN are missing.
    items
        Columns to count; by default all but the weights.
    weights
        A column's name or one number a row, above zero; the table then holds sums of weights.
    complete
        Leave out rows that miss any of the items (listwise deletion).

    Returns
    -------
    Counts
        The Burt table: (categories, categories) of all items, missing codes being categories.

    Raises
    ------
    StatisticsError
        Naming every item that is unknown or holds text, fractions or codes beyond ±100, and
        weights that are zero, negative or missing.

    References
    ----------
    Burt 1950, https://doi.org/10.1111/j.2044-8317.1950.tb00296.x; Greenacre 2017,
    ISBN 978-1-4987-3177-5

    Examples
    --------
    >>> import pandas as pd
    >>> counts = count(pd.DataFrame({"a": [1, 2, 2], "b": [3, 3, -8]}))
    >>> counts.codes
    ((1, 2), (-8, 3))
    >>> counts.margin(0)
    {1: 1.0, 2: 2.0}

    """
    chosen = choose_items(frame, items, weights)
    codes, weight = read_rows(frame, chosen, weights, complete=complete)
    return count_codes(chosen, codes, weight, complete=complete)


def count_codes(
    items: Sequence[str],
    codes: Codes,
    weight: NDArray[np.float64] | None = None,
    *,
    complete: bool = False,
) -> Counts:
    """Count rows that were read, (items, rows)."""
    found = codes_found(codes)
    rows = codes.shape[1]
    return Counts(
        items=tuple(items),
        codes=found,
        table=burt_table(codes, found, weight),
        rows=rows,
        weights=float(rows if weight is None else weight.sum()),
        squared_weights=float(rows if weight is None else weight @ weight),
        complete=complete,
    )


def count_patterns_of(
    items: Sequence[str], codes: Codes, frequency: NDArray[np.float64], *, complete: bool
) -> Counts:
    """Count (items, patterns) of which each stands for so many rows: exact, as whole numbers are."""
    found = codes_found(codes)
    lines = categories(found)
    table = np.zeros((len(lines), len(lines)))
    for start in range(0, codes.shape[1], PATTERNS_AT_A_TIME):
        part = slice(start, start + PATTERNS_AT_A_TIME)
        has = np.array([codes[item, part] == code for item, code in lines], dtype=np.float64)
        table += (has * frequency[part]) @ has.T
    rows = int(frequency.sum())
    return Counts(tuple(items), found, table, rows, float(rows), float(rows), complete)


def count_parquet(
    files: Sequence[str | Path],
    items: Sequence[str],
    *,
    weights: str | None = None,
    complete: bool = False,
    executor: Executor | None = None,
) -> Counts:
    """Count Parquet files of any length in constant memory; see `count`.

    Parameters
    ----------
    files
        The parts of one table.
    items, weights, complete
        As in `count`.
    executor
        Counts each file as a task of its own: a `concurrent.futures` pool, or a Dask cluster by
        `client.get_executor()`, whose workers must be able to read the files.

    Returns
    -------
    Counts
        Equal to those of the whole table in one frame.

    Raises
    ------
    StatisticsError
        As `count`; for no files, and a file that is not there, is no Parquet or lacks a column.

    Examples
    --------
    >>> import pandas as pd
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     pd.DataFrame({"a": [1, 2, 2], "b": [3, 3, -8]}).to_parquet(f"{folder}/part.parquet")
    ...     count_parquet([f"{folder}/part.parquet"], ["a", "b"]).margin(1)
    {-8: 1.0, 3: 2.0}

    """
    if not files:
        raise StatisticsError(
            Problem("files", "there is nothing to count", "Name at least one Parquet file")
        )
    return count_parts(Parts(tuple(files), executor), items, weights=weights, complete=complete)


def count_parts(
    parts: Parts,
    items: Sequence[str] | None = None,
    *,
    weights: Weights = None,
    complete: bool = False,
) -> Counts:
    """Count a table that lies in parts; see `count`."""
    named = column_of(weights)
    chosen = [name for name in parts.columns if name != named] if items is None else list(items)
    task = partial(count, items=tuple(chosen), weights=named, complete=complete)
    return parts.add_up(task, [*chosen, named] if named else chosen)
