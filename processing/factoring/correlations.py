"""The correlation matrix that a factor analysis starts from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.counting.answers import Codes, choose_items, read_rows
from processing.counting.burt import CodesFound, codes_found
from processing.counting.counts import Counts, Points
from processing.counting.oddities import far_codes, strays
from processing.counting.products import sums_and_products
from processing.counting.scale_counts import Answers, Missing, name_of, scale_counts
from processing.counting.turning import outside_points, unturnable
from processing.errors import Problem, stop_if_any
from processing.options import unknown_word

from .polychorics import polychoric_of

Array = NDArray[np.float64]
Kind: TypeAlias = Literal["pearson", "polychoric"]


@dataclass(frozen=True)
class Correlations:
    """Correlations of p items that can be inverted."""

    items: tuple[str, ...]
    matrix: Array
    """(p, p)"""
    n: int
    """Rows that answered every item; with missing="pairwise" all rows."""
    doubts: tuple[str, ...] = ()
    """Rare answers far from all others, where nothing says that they are offered."""

    def to_frame(self) -> pd.DataFrame:
        """Items by items."""
        return pd.DataFrame(self.matrix, index=list(self.items), columns=list(self.items))

    def __str__(self) -> str:
        told = f"{self.to_frame().round(3).to_string()}\nn = {self.n}"
        return "\n! ".join([told, *self.doubts])


def correlate(
    answers: Answers,
    items: Sequence[str] | None = None,
    missing: Missing = "listwise",
    kind: Kind = "pearson",
    *,
    points: Points | None = None,
) -> Correlations:
    """Pearson or polychoric correlations of answers; refuses a singular matrix by its reason.

    Parameters
    ----------
    answers, items, missing, points
        As in `alpha`.
    kind
        "pearson" or "polychoric".

    Returns
    -------
    Correlations

    Raises
    ------
    StatisticsError
        For constant or identical items, fewer rows than items, answers outside `points` and a
        matrix that is not positive definite.

    References
    ----------
    Olsson 1979, https://doi.org/10.1007/BF02296207, for polychoric correlations

    Examples
    --------
    >>> import pandas as pd
    >>> print(correlate(pd.DataFrame({"a": [1, 2, 3, 4, 5], "b": [2, 1, 3, 5, 4]})))
         a    b
    a  1.0  0.8
    b  0.8  1.0
    n = 5

    """
    stop_if_any(
        [*unknown_word("correlation", kind, Kind), *unknown_word("missing", missing, Missing)]
    )
    if kind == "pearson" and missing == "listwise" and isinstance(answers, pd.DataFrame):
        chosen = choose_items(answers, items)
        codes, _ = read_rows(answers, chosen, None, complete=True)
        stop_if_any(unturnable(chosen, (), points))
        seen = codes_found(codes)
        stop_if_any(outside_points(chosen, seen, points))
        odd = () if points else tuple(strays(chosen, _margins(codes, seen)))
        found = Correlations(tuple(chosen), _pearson(chosen, codes), codes.shape[1], odd)
    else:
        counts = scale_counts(answers, items, missing, (), points, None)
        odd = () if points else tuple(strays(counts.items, counts.margins()))
        found = Correlations(counts.items, _of_counts(counts, kind), counts.rows, odd)
    stop_if_any(_singular(found))
    return found


def _margins(codes: Codes, seen: CodesFound) -> Iterator[dict[int, float]]:
    """How often each code was answered, of items with a code far from all others."""
    for row, own in zip(codes, seen, strict=True):
        often = {code: float(np.count_nonzero(row == code)) for code in own}
        yield often if far_codes(own) else {}


def _of_counts(counts: Counts, kind: Kind) -> Array:
    if kind == "polychoric":
        return polychoric_of(counts).correlation
    return counts.moments().correlation


def _pearson(items: Sequence[str], codes: Codes) -> Array:
    """From sums and products of whole numbers, which are exact; no table of categories is needed."""
    rows = codes.shape[1]
    stop_if_any(_too_little(items, rows))
    sums, products = sums_and_products(codes)
    deviation = products - np.outer(sums, sums) / rows
    own = np.diag(deviation)
    # Sums of whole numbers are exact, so only the division by rows rounds.
    stop_if_any(
        Problem(f"item {item!r}", "an item must vary, all answers are the same", "Leave it out")
        for item, variance in zip(items, own, strict=True)
        if variance < 1e-9
    )
    spread = np.sqrt(own)
    matrix = deviation / np.outer(spread, spread)
    stop_if_any(_alike(items, matrix))
    return np.asarray(matrix)


def _too_little(items: Sequence[str], rows: int) -> list[Problem]:
    if len(items) < 2:
        return [
            Problem(
                name_of(items),
                f"correlations need two items, got {len(items)}",
                "Name at least two items",
            )
        ]
    if rows < len(items):
        return [
            Problem(
                name_of(items),
                f"there must be at least as many rows as items, got {rows} for {len(items)} items"
                " after rows with a missing answer were left out",
                "Gather more answers or use fewer items",
            )
        ]
    return []


def _alike(items: Sequence[str], matrix: Array) -> list[Problem]:
    first, second = np.nonzero(np.triu(np.abs(matrix) > 1 - 1e-12, 1))
    return [
        Problem(
            f"items {items[i]!r} and {items[j]!r}",
            "two items must differ, these tell the same in every row",
            "Leave one of them out, or correct the column",
        )
        for i, j in zip(first.tolist(), second.tolist(), strict=True)
    ]


def _singular(found: Correlations) -> list[Problem]:
    smallest = float(np.linalg.eigvalsh(found.matrix)[0])
    if smallest > 1e-10:
        return []
    return [
        Problem(
            name_of(found.items),
            f"the correlation matrix of {found.n} rows is singular or not positive definite"
            f" (smallest eigenvalue {smallest:.1e})",
            "Leave out items that follow from others, use missing='listwise', or gather more rows",
        )
    ]
