"""How often every combination of answers occurs: for statistics of a scale that need whole rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.errors import Problem, StatisticsError, stop_if_any

from .answers import Codes, Weights, choose_items, read_rows
from .counts import Counts, count_patterns_of
from .parts import Table, column_of, parts_of

Array = NDArray[np.float64]

CELLS = 2**22
"""As many possible combinations as are counted in one table rather than by sorting the rows."""


SHOWN = 10
"""Patterns that are printed, the most frequent ones."""


@dataclass(frozen=True)
class Patterns:
    """The different rows of a scale and how often each occurs; parts of the data add up."""

    items: tuple[str, ...]
    answers: Codes
    """(items, patterns): codes; below zero they are reasons for no answer."""
    frequency: Array
    """(patterns,): rows, or sums of weights."""
    squared: Array
    """(patterns,): rows, or sums of squared weights."""
    rows: int
    """Rows counted."""

    def __add__(self, other: "Patterns") -> "Patterns":
        if self.items != other.items:
            raise StatisticsError(
                Problem(
                    "patterns",
                    f"only patterns of the same items add up, got {self.items} and {other.items}",
                    "Count both parts with the same items",
                )
            )
        answers, (frequency, squared) = _group(
            np.concatenate([self.answers, other.answers], axis=1),
            np.concatenate([[self.frequency, self.squared], [other.frequency, other.squared]], 1),
        )
        return Patterns(self.items, answers, frequency, squared, self.rows + other.rows)

    def complete(self) -> "Patterns":
        """Only the rows that answered every item; `rows` stays what was counted."""
        kept = (self.answers >= 0).all(axis=0)
        return replace(
            self,
            answers=self.answers[:, kept],
            frequency=self.frequency[kept],
            squared=self.squared[kept],
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a pattern, the most frequent first: the items' codes and n (rows or weights)."""
        frame = pd.DataFrame(self.answers.T, columns=list(self.items)).assign(n=self.frequency)
        return frame.sort_values("n", ascending=False, kind="stable", ignore_index=True)

    def __str__(self) -> str:
        different = self.answers.shape[1]
        head = self.to_frame().head(SHOWN).to_string(index=False, float_format="{:g}".format)
        rest = f"\n… and {different - SHOWN} more" if different > SHOWN else ""
        return f"{different} different of {self.rows} rows, {len(self.items)} items\n{head}{rest}"

    def select(self, items: Sequence[str]) -> "Patterns":
        """Some of the items, in the order given; equal rows stay apart."""
        chosen = [self.items.index(item) for item in known_items(items, self.items)]
        return replace(self, items=tuple(items), answers=self.answers[chosen])

    def counts(self) -> Counts:
        """The Burt table of the rows that answered every item; of rows without weights."""
        whole = self.complete()
        return count_patterns_of(whole.items, whole.answers, whole.frequency, complete=True)

    def resampled_covariances(self, replicates: int, rng: np.random.Generator) -> Array:
        """(replicates, items, items): covariances of complete rows drawn anew (bootstrap)."""
        whole = self.complete()
        n = int(whole.frequency.sum())
        drawn = rng.multinomial(n, whole.frequency / n, size=replicates).astype(np.float64)
        values = whole.answers.T.astype(np.float64)
        k = len(self.items)
        products = (values[:, :, None] * values[:, None, :]).reshape(-1, k * k)
        mean = drawn @ values / n
        second = (drawn @ products / n).reshape(-1, k, k)
        return np.asarray((second - mean[:, :, None] * mean[:, None, :]) * n / (n - 1))


@dataclass(frozen=True)
class GroupedPatterns:
    """The patterns of each group, in place of the rows: `cfa`, `invariance` and `dif` take them.

    Count each group's rows by themselves:

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"a": [1, 2, 2], "b": [3, 3, 1], "mode": ["web", "web", "paper"]})
    >>> of = {mode: count_patterns(rows, ["a", "b"]) for mode, rows in frame.groupby("mode")}
    >>> print(GroupedPatterns("mode", of))
    Patterns of 2 items by mode
    paper: 1 different of 1 rows
    web: 2 different of 2 rows

    """

    group: str
    """What divides the rows."""
    of: Mapping[Any, Patterns]
    """Group -> its rows, without weights."""

    @property
    def items(self) -> tuple[str, ...]:
        return next((part.items for part in self.of.values()), ())

    def to_frame(self) -> pd.DataFrame:
        """One row a group and pattern: the group, the items' codes and n."""
        parts = [
            part.to_frame().assign(**{self.group: label})[[self.group, *part.items, "n"]]
            for label, part in self.of.items()
        ]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    def __str__(self) -> str:
        return "\n".join(
            [
                f"Patterns of {len(self.items)} items by {self.group}",
                *(
                    f"{label}: {part.answers.shape[1]} different of {part.rows} rows"
                    for label, part in self.of.items()
                ),
            ]
        )


Rows: TypeAlias = Table | Patterns | GroupedPatterns
"""Rows themselves, in one frame or in parts, or the different ones and how often each occurs."""


def known_items(items: Sequence[str], known: Sequence[str]) -> Sequence[str]:
    """The items, if all of them were counted."""
    stop_if_any(
        Problem(f"item {item!r}", "it was not counted", f"Choose among {', '.join(known)}")
        for item in items
        if item not in known
    )
    return items


def patterns_of(items: Sequence[str], codes: Codes) -> Patterns:
    """The different columns of (items, rows) codes, each row counting once."""
    one = np.ones((1, codes.shape[1]))
    answers, (frequency,) = _group(codes, one)
    return Patterns(tuple(items), answers, frequency, frequency, codes.shape[1])


def count_patterns(
    frame: Table,
    items: Sequence[str] | None = None,
    *,
    weights: Weights = None,
    complete: bool = False,
) -> Patterns:
    """Count the different rows of a scale.

    Parameters
    ----------
    frame, items, weights, complete
        As in `count`.

    Returns
    -------
    Patterns
        In ascending order of the first item, then the second, and so on.

    Raises
    ------
    StatisticsError
        As `count`.

    Examples
    --------
    >>> import pandas as pd
    >>> patterns = count_patterns(pd.DataFrame({"a": [2, 1, 2], "b": [3, -8, 3]}))
    >>> patterns.answers
    array([[ 1,  2],
           [-8,  3]], dtype=int8)
    >>> patterns.frequency
    array([1., 2.])

    """
    if not isinstance(frame, pd.DataFrame):
        parts, named = parts_of(frame), column_of(weights)
        names = [name for name in parts.columns if name != named] if items is None else [*items]
        task = partial(count_patterns, items=tuple(names), weights=weights, complete=complete)
        return parts.add_up(task, [*names, named] if named else names)
    chosen = choose_items(frame, items, weights)
    codes, weight = read_rows(frame, chosen, weights, complete=complete)
    one = np.ones(codes.shape[1]) if weight is None else weight
    answers, (frequency, squared) = _group(codes, np.array([one, one**2]))
    return Patterns(tuple(chosen), answers, frequency, squared, codes.shape[1])


def _group(codes: Codes, amounts: Array) -> tuple[Codes, Array]:
    """Different columns of codes in ascending order, and the amounts summed over equal ones."""
    if not codes.size:
        return codes, amounts
    low = codes.min(axis=1).astype(np.int64)
    base = codes.max(axis=1) - low + 1
    if np.prod(base.astype(np.float64)) > np.iinfo(np.int64).max:
        shifted = np.ascontiguousarray((codes.T.astype(np.int16) - low).astype(np.uint8))
        keys = shifted.view(np.dtype((np.void, shifted.shape[1]))).ravel()
        _, first, place = np.unique(keys, return_index=True, return_inverse=True)
        return codes[:, first], _sums(place, amounts, first.size)
    key = np.zeros(codes.shape[1], dtype=np.int64)
    for answers, lowest, width in zip(codes, low, base, strict=True):
        key *= width
        key += answers
        key -= lowest
    # A table much larger than the rows takes longer to clear than the rows to sort.
    if np.prod(base.astype(np.float64)) <= min(CELLS, 8 * key.size):
        cells = int(np.prod(base))
        occurring = np.flatnonzero(np.bincount(key, minlength=cells))
        return _unkey(occurring, low, base), _sums(key, amounts, cells)[:, occurring]
    occurring, place = np.unique(key, return_inverse=True)
    return _unkey(occurring, low, base), _sums(place, amounts, occurring.size)


def _sums(place: NDArray[np.int64], amounts: Array, size: int) -> Array:
    return np.array([np.bincount(place, weights=row, minlength=size) for row in amounts])


def _unkey(keys: NDArray[np.int64], low: NDArray[np.int64], base: NDArray[np.int64]) -> Codes:
    codes = np.empty((len(base), keys.size), dtype=np.int8)
    rest = keys
    for row in range(len(base) - 1, -1, -1):
        codes[row] = rest % base[row] + low[row]
        rest = rest // base[row]
    return codes
