"""The answers that a scale offers, and which of its items are turned round."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from processing.errors import Problem

from .answers import LARGEST_CODE
from .counts import Points, span_of


def unturnable(
    items: Sequence[str], reversed_items: Sequence[str], points: Points | None
) -> Iterator[Problem]:
    """Reversed items that the scale has not, and points that offer nothing to turn within."""
    for item in reversed_items:
        if item not in items:
            yield Problem(
                f"reversed item {item!r}",
                f"it is none of the items {', '.join(map(str, items))}",
                "Correct its name",
            )
    if points is not None and not _offers_answers(points):
        yield Problem(
            "points",
            f"a scale offers two answers or more between 0 and {LARGEST_CODE}, got {points!r}",
            "Give the lowest and the highest, for instance (0, 4), or points=5 for 1 to 5",
        )


def _offers_answers(points: Points) -> bool:
    try:
        low, high = span_of(points)
    except (TypeError, ValueError):
        return False
    return isinstance(low, int | np.integer) and 0 <= low < high <= LARGEST_CODE


def without_points(reversed_items: Sequence[str], points: Points | None) -> Iterator[Problem]:
    """Turning an item x into lowest + highest − x needs both ends."""
    if len(reversed_items) and points is None:
        yield Problem(
            "reversed_items",
            "turning an item round needs the answers that it offers",
            "Give points, for instance points=5 for 1 to 5",
        )


def outside_points(
    items: Sequence[str],
    codes: Iterable[Sequence[int] | NDArray[np.integer]],
    points: Points | None,
) -> Iterator[Problem]:
    """Answers that the scale does not offer; `codes` are those that occur, per item."""
    if points is None:
        return
    low, high = span_of(points)
    for item, seen in zip(items, codes, strict=True):
        given = np.asarray(seen)
        outside = given[(given >= 0) & ((given < low) | (given > high))]
        if outside.size:
            yield Problem(
                f"item {item!r}",
                f"answers must lie between {low} and {high}, found {np.unique(outside).tolist()}",
                "Correct the codes, or give missing answers a negative code",
            )
