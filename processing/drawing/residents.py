"""Who lives in the areas of a drawn study, as registers count it, and who of them answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.errors import Problem

from .known_model import ROUNDING

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ResidentsDrawn:
    """What registers know of people, each a variable's name and its codes.

    Residents of an area are counted once and stay as many; who is invited is drawn from them.
    """

    shares: Mapping[str, Mapping[int, float]] = field(
        default_factory=lambda: {
            "background_gender": {1: 0.5, 2: 0.5},
            "background_age_band": {
                1: 0.13, 2: 0.21, 3: 0.18, 4: 0.17, 5: 0.14, 6: 0.1, 7: 0.07,
            },
        }
    )  # fmt: skip
    """Variable -> code -> share of residents over all areas,"""
    concentration: float = 60.0
    """and how alike areas are: Dirichlet's, the higher the more alike."""
    answer: Mapping[str, Mapping[int, float]] = field(
        default_factory=lambda: {
            "background_gender": {2: -0.3},
            "background_age_band": {1: -0.7, 2: -0.4, 5: 0.3, 6: 0.6, 7: 0.4},
        }
    )
    """What a code adds to the log odds of answering; 0 where none is given."""
    effect: Mapping[str, Mapping[int, float]] = field(
        default_factory=lambda: {"background_gender": {2: 0.2}, "background_age_band": {7: -0.2}}
    )
    """What a code adds to every trait, in SD."""
    ordered: Collection[str] = ("background_age_band",)
    """Variables whose codes follow each other, as their counts say."""
    per_group: int = 3
    """Afdelinger in each boligområde."""

    def problems(self) -> list[Problem]:
        """All that could not be drawn, or would have no register count."""
        found = []
        for name, shares in self.shares.items():
            if abs(sum(shares.values()) - 1) > ROUNDING or min(shares.values(), default=0) <= 0:
                found.append(Problem(f"shares, {name}", "they do not make one", "Correct them"))
        for part, added in (("answer", self.answer), ("effect", self.effect)):
            for name, codes in added.items():
                unknown = sorted(set(codes) - set(self.shares.get(name, {})))
                if unknown:
                    what = f"code {unknown[0]} has no share"
                    found.append(Problem(f"{part}, {name}", what, "Name codes that have one"))
        if self.per_group < 1 or self.concentration <= 0:
            what = "per_group is 1 or more, concentration above 0"
            found.append(Problem("residents", what, "Correct them"))
        return found


class Population:
    """The residents of every area, counted, and the people drawn from them."""

    def __init__(
        self, known: ResidentsDrawn, keys: Sequence[str], residents: int, rng: np.random.Generator
    ) -> None:
        self.known, self.keys, self.rng = known, keys, rng
        self.counts: dict[str, NDArray[np.int64]] = {}
        for name, shares in known.shares.items():
            alike = known.concentration * np.array([*shares.values()])
            # One of each code at least: an area without would have nobody to weight.
            drawn = rng.multinomial(residents - len(shares), rng.dirichlet(alike, len(keys)))
            self.counts[name] = drawn + 1
        self.codes: dict[str, NDArray[np.int64]] = {}

    def invite(self, area: NDArray[np.intp], new: NDArray[np.bool_]) -> None:
        """Draw what those are who were not there before, by the counts of their area."""
        for name, counts in self.counts.items():
            codes = np.array([*self.known.shares[name]])
            shares = np.cumsum(counts / counts.sum(axis=1, keepdims=True), axis=1)
            picked = (self.rng.random(len(area))[:, None] > shares[area][:, :-1]).sum(axis=1)
            before = self.codes.get(name, codes[picked])
            self.codes[name] = np.where(new, codes[picked], before)

    def added(self, part: Mapping[str, Mapping[int, float]]) -> Array:
        """What each of the invited gets by `answer` or `effect`."""
        total = np.zeros(len(next(iter(self.codes.values()))))
        for name, codes in part.items():
            for code, amount in codes.items():
                total += amount * (self.codes[name] == code)
        return total

    def tables(self) -> dict[str, pd.DataFrame]:
        """Register counts and boligområder, as a dataset keeps them."""
        codes = {name: [*shares] for name, shares in self.known.shares.items()}
        group = [f"b{at // self.known.per_group + 1}" for at in range(len(self.keys))]
        return {
            "margins": pd.DataFrame(
                [
                    (key, None, name, str(code), int(count), name in self.known.ordered)
                    for name, counts in self.counts.items()
                    for key, row in zip(self.keys, counts, strict=True)
                    for code, count in zip(codes[name], row, strict=True)
                ],
                columns=["area", "area_group", "variable", "category", "count", "ordered"],
            ),
            "area_group": pd.DataFrame(
                {
                    "area_group": group, "name": [f"Boligområde {one[1:]}" for one in group],
                    "level": "boligområde", "area": self.keys, "valid_from": None, "valid_to": None,
                }
            ),
        }  # fmt: skip
