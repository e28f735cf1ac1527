"""How many people a scale cannot tell apart because they stand at its lowest or highest score."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.counting.answers import Codes, Weights, choose_items, read_rows
from processing.counting.patterns import Patterns
from processing.counting.turning import Offered, ends_of, outside_points, unturnable
from processing.errors import Problem, StatisticsError, stop_if_any


@dataclass(frozen=True)
class Ends:
    """Shares of people at the ends of a scale."""

    floor: float
    """With the lowest answer to every item."""
    ceiling: float
    """With the highest answer to every item."""
    n: int
    """Rows that answered every item."""

    def to_frame(self) -> pd.DataFrame:
        """One row."""
        return pd.DataFrame([{"floor": self.floor, "ceiling": self.ceiling, "n": self.n}])

    def __str__(self) -> str:
        return f"floor {self.floor:.1%}, ceiling {self.ceiling:.1%}, n = {self.n}"


def floor_and_ceiling(
    answers: pd.DataFrame | Patterns,
    items: Sequence[str] | None = None,
    *,
    reversed_items: Sequence[str] = (),
    points: Offered = None,
    weights: Weights = None,
) -> Ends:
    """Shares of people with the lowest and the highest score that a scale offers.

    Parameters
    ----------
    answers, items, reversed_items, weights
        As in `alpha`; rows that answered every item are used. Or `Patterns`.
    points
        The answers that every item offers, or item by item; of an item that it does not name, the
        lowest and highest answer seen.

    Returns
    -------
    Ends

    Raises
    ------
    StatisticsError
        For unknown items, answers that are no whole numbers or lie outside `points`, weights that
        are not above zero, and no row that answered every item.

    References
    ----------
    Terwee et al. 2007, https://doi.org/10.1016/j.jclinepi.2006.03.012

    Examples
    --------
    >>> import pandas as pd
    >>> print(floor_and_ceiling(pd.DataFrame({"a": [1, 1, 3, 5], "b": [1, 2, 3, 5]}), points=5))
    floor 25.0%, ceiling 25.0%, n = 4

    """
    chosen, codes, weight, n = _complete(answers, items, weights)
    if not codes.shape[1]:
        raise StatisticsError(
            Problem(
                f"scale of {', '.join(chosen)}",
                "no row answered every item",
                "Use fewer items or gather more answers",
            )
        )
    stop_if_any(unturnable(chosen, reversed_items, points))
    stop_if_any(outside_points(chosen, codes, points))
    low, high = _ends(chosen, codes, points)
    turned = np.isin(chosen, list(reversed_items))[:, None]
    bottom = (codes == np.where(turned, high, low)).all(axis=0)
    top = (codes == np.where(turned, low, high)).all(axis=0)
    return Ends(
        floor=float(np.average(bottom, weights=weight)),
        ceiling=float(np.average(top, weights=weight)),
        n=n,
    )


def _complete(
    answers: pd.DataFrame | Patterns, items: Sequence[str] | None, weights: Weights
) -> tuple[list[str], Codes, NDArray[np.float64] | None, int]:
    """Items, codes of complete rows, what each column of them weighs, and rows."""
    if isinstance(answers, Patterns):
        found = answers.select(answers.items if items is None else items).complete()
        return list(found.items), found.answers, found.frequency, int(found.frequency.sum())
    chosen = choose_items(answers, items, weights)
    codes, weight = read_rows(answers, chosen, weights, complete=True)
    return chosen, codes, weight, codes.shape[1]


def _ends(
    items: Sequence[str], codes: Codes, points: Offered
) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """(items, 1) lowest and highest answers."""
    ends = np.array(
        [
            ends_of(item, points) or (seen.min(), seen.max())
            for item, seen in zip(items, codes, strict=True)
        ],
        dtype=np.int8,
    )
    return ends[:, :1], ends[:, 1:]
