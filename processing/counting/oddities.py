"""What is odd in the answers to a scale although every statistic can be had of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from .counts import Counts, Points

RARE = 0.01
"""Share of the answers from which on a code is taken as one that the item offers, if more than one
row gave it."""


def odd_counts(
    counts: Counts, correlation: NDArray[np.float64], points: Points | None
) -> tuple[str, ...]:
    """Items that point the other way; and, unless `points` say what is offered, far answers."""
    found = opposed(counts.items, correlation)
    if points is not None:
        return found
    return (*found, *strays(counts.items, counts.margins()))


def opposed(items: Sequence[str], correlation: NDArray[np.float64]) -> tuple[str, ...]:
    """Of each item that points the other way a sentence, by psych's rule.

    An item points the other way where its loading on the first principal component is negative,
    with the component's sign such that the loadings' sum is positive.
    """
    first = np.linalg.eigh(correlation)[1][:, -1]
    first = first if first.sum() >= 0 else -first
    return tuple(
        f"{item} points the other way than what the items have in common. If it was asked so, name"
        " it in reversed_items"
        for item, loading in zip(items, first.tolist(), strict=True)
        if loading < 0
    )


def far_codes(codes: Sequence[int]) -> list[int]:
    """Answers that lie farther from the nearest other than all others, two at least, span."""
    found = []
    for code in codes:
        others = [other for other in codes if other != code and other >= 0]
        if code >= 0 and len(others) > 1:
            away = min(abs(code - other) for other in others)
            if away > max(max(others) - min(others), 1):
                found.append(code)
    return found


def strays(items: Sequence[str], margins: Iterable[Mapping[int, float]]) -> Iterator[str]:
    """Of each rare code that lies farther off than all others span, such as 99, a sentence.

    `margins` tell per item how often each code was answered; a negative code is no answer.
    """
    for item, margin in zip(items, margins, strict=True):
        given = {code: often for code, often in margin.items() if code >= 0}
        total = sum(given.values())
        for code in far_codes(list(given)):
            often = given[code]
            if often <= max(RARE * total, 1):
                yield (
                    f"the answer {code} of {item} is far from all others and was given {often:g}"
                    f" time{'s' * (often != 1)}. If the item does not offer it, correct it, or give"
                    " it a negative code; points refuses such codes"
                )
