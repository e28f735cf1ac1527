"""The answers that a scale offers, and which of its items are turned round."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from processing.errors import Problem

from .answers import LARGEST_CODE
from .counts import Points, span_of

Offered: TypeAlias = Points | Mapping[str, Points] | None
"""The answers that items offer: all items the same, or each its own; nothing is said of the others."""


def ends_of(item: str, points: Offered) -> tuple[int, int] | None:
    """The lowest and the highest answer that an item offers, as far as that was told."""
    own = points.get(item) if isinstance(points, Mapping) else points
    return None if own is None else span_of(own)


def unturnable(
    items: Sequence[str], reversed_items: Sequence[str], points: Offered
) -> Iterator[Problem]:
    """Reversed items that the scale has not, and points that offer nothing to turn within."""
    for item in reversed_items:
        if item not in items:
            yield Problem(
                f"reversed item {item!r}",
                f"it is none of the items {', '.join(map(str, items))}",
                "Correct its name",
            )
    for where, own in _each(points):
        if where is not None and where not in items:
            yield Problem(
                f"points of item {where!r}",
                f"it is none of the items {', '.join(map(str, items))}",
                "Correct its name",
            )
        if not _offers_answers(own):
            yield Problem(
                "points" if where is None else f"points of item {where!r}",
                f"a scale offers two answers or more between 0 and {LARGEST_CODE}, got {own!r}",
                "Give the lowest and the highest, for instance (0, 4), or points=5 for 1 to 5",
            )


def _each(points: Offered) -> Iterator[tuple[str | None, Points]]:
    if isinstance(points, Mapping):
        yield from points.items()
    elif points is not None:
        yield None, points


def _offers_answers(points: Points) -> bool:
    try:
        low, high = span_of(points)
    except (TypeError, ValueError):
        return False
    return isinstance(low, int | np.integer) and 0 <= low < high <= LARGEST_CODE


def without_points(reversed_items: Sequence[str], points: Offered) -> Iterator[Problem]:
    """Turning an item x into lowest + highest − x needs both ends."""
    lacking = [item for item in reversed_items if ends_of(item, points) is None]
    if lacking:
        yield Problem(
            "reversed_items" if points is None else f"reversed item {lacking[0]!r}",
            "turning an item round needs the answers that it offers",
            "Give points, for instance points=5 for 1 to 5",
        )


def outside_points(
    items: Sequence[str],
    codes: Iterable[Sequence[int] | NDArray[Any]],
    points: Offered,
) -> Iterator[Problem]:
    """Answers that the scale does not offer; `codes` are those that occur, per item."""
    if points is None:
        return
    for item, seen in zip(items, codes, strict=True):
        ends = ends_of(item, points)
        if ends is None:
            continue
        low, high = ends
        given = np.asarray(seen)
        outside = given[(given >= 0) & ((given < low) | (given > high))]
        if outside.size:
            yield Problem(
                f"item {item!r}",
                f"answers must lie between {low} and {high}, found {np.unique(outside).tolist()}",
                "Correct the codes, or give missing answers a negative code",
            )
