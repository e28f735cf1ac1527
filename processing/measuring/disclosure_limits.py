"""From how many answers on anything is published, and how uncertain the rest must stay."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class DisclosureLimits:
    """What a study publishes; the default is safe.

    No mean of fewer than `mean_n` and no count under `count`. A hidden count can be anything within
    an interval of `count_width`, a hidden mean within one of `mean_width` points, whatever is added
    to and subtracted from what is shown; a mean of k times `mean_n` answers, hidden to protect
    others, within a k-th of that. Means run from `lowest` to `highest`. Where `zeros` are
    published, an empty cell is shown as 0: only where all know that nobody was asked there.
    """

    mean_n: int = 10
    count: int = 5
    count_width: float = 5.0
    mean_width: float = 20.0
    lowest: float = 0.0
    highest: float = 100.0
    zeros: bool = False

    def stricter(self, other: DisclosureLimits) -> DisclosureLimits:
        """These limits, with the other's numbers of answers where those are higher."""
        return replace(
            self, mean_n=max(self.mean_n, other.mean_n), count=max(self.count, other.count)
        )
