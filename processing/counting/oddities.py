"""What is odd in the answers to a scale although every statistic can be had of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

RARE = 0.01
"""Share of the answers from which on a code is taken as one that the item offers."""


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


def strays(items: Sequence[str], margins: Iterable[Mapping[int, float]]) -> Iterator[str]:
    """Of each rare code that lies farther off than all others span, such as 99, a sentence.

    `margins` tell per item how often each code was answered; a negative code is no answer.
    """
    for item, margin in zip(items, margins, strict=True):
        given = {code: often for code, often in margin.items() if code >= 0}
        total = sum(given.values())
        for code, often in given.items():
            others = [other for other in given if other != code]
            away = min((abs(code - other) for other in others), default=0)
            span = max(others, default=0) - min(others, default=0)
            if len(others) > 1 and often < RARE * total and away > max(span, 1):
                yield (
                    f"the answer {code} of {item} is far from all others and was given {often:g}"
                    f" time{'s' * (often != 1)}. If the item does not offer it, correct it, or give"
                    " it a negative code; points refuses such codes"
                )
