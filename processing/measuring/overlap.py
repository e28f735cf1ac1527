"""How two waves' means move together because some of the same people answered both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from .calibration import Array, Ids
from .spot_keys import COHORTS, SpotKeys

OVERLAP = ("pairs", "s11", "s10", "s01", "s00", "matched", "u1", "u1y", "u2", "u2y")
"""How many people with both scores, and with w₁w₂ = v: Σv·y₁y₂, Σv·y₁, Σv·y₂, Σv. Then how many people
with a score or none, and Σw, Σwy of those among them who have one in the first wave, and in the second:
what a stratum's mean takes out of their products."""
_NOBODY = np.uint64(0)


def overlap(
    rows: pd.DataFrame, scores: Sequence[str], *, person: str, weight: str | None = None
) -> pd.DataFrame:
    """Sums over people who answered two waves: scale, wave_1, area_1, wave_2, area_2, cohort, `OVERLAP`.

    `person` names the column with the person's pseudonym over waves, empty where there is none;
    `cohort`, where the rows have it, is told of pairs that are of one in both waves, and of sums of
    one wave alone by that wave's. Whoever
    answered one wave twice, which a pseudonym of a dwelling can make happen, is left out.
    """
    known = rows[rows[person].notna() & (rows[person] != "")]
    if weight:
        known = known[known[weight].notna()]
    keys = SpotKeys(
        pd.Index(sorted(known["area"].unique())),
        pd.Index(sorted(known["wave"].unique())),
        pd.Index([""]),
    )
    answered = Answered(keys, scores)
    cohort = (
        COHORTS.get_indexer(pd.Index(known["cohort"].fillna(""))) if "cohort" in known else None
    )
    answered.add(
        pseudonyms(known[person]),
        keys.spot_of(known),
        np.zeros(len(known), np.intp) if cohort is None else np.maximum(cohort, 0),
        known[weight].to_numpy(float) if weight else np.ones(len(known)),
        known[[*scores]].to_numpy(float).T,
    )
    return answered.pairs()


def pseudonyms(names: pd.Series) -> np.ndarray:
    """Numbers of 64 bits in place of names, 0 for none.

    Two of ten million people share a number with a chance of three in a million; they would then
    count as having answered a wave twice, and be left out.
    """
    text = names.fillna("").astype(str)
    numbers = pd.util.hash_array(text.to_numpy(object), categorize=False)
    return np.where((text == "").to_numpy(), _NOBODY, np.maximum(numbers, np.uint64(1)))


class Answered:
    """Who answered when and where, kept until all are known: 9 bytes and a number a score each."""

    def __init__(self, keys: SpotKeys, scales: Sequence[str]) -> None:
        self.keys, self.scales = keys, tuple(scales)
        self.person: list[np.ndarray] = []
        self.spot: list[np.ndarray] = []
        self.cohort: list[np.ndarray] = []
        self.w: list[Array] = []
        self.scores: list[list[Array]] = [[] for _ in self.scales]

    def add(self, person: np.ndarray, spot: Ids, cohort: Ids, w: Array, scores: Array) -> None:
        known = person != _NOBODY
        self.person.append(person[known])
        self.spot.append(spot[known].astype(np.int32))
        self.cohort.append(cohort[known].astype(np.int8))
        self.w.append(w[known])
        for kept, own in zip(self.scores, scores, strict=True):
            kept.append(own[known])

    def take(self, other: Answered) -> None:
        self.person += other.person
        self.spot += other.spot
        self.cohort += other.cohort
        self.w += other.w
        for kept, own in zip(self.scores, other.scores, strict=True):
            kept.extend(own)

    def pairs(self) -> pd.DataFrame:
        """As `overlap`; a row for each pair of area-waves, cohort and score."""
        names = ["scale", "wave_1", "area_1", "wave_2", "area_2", "cohort", *OVERLAP]
        if not self.person:
            return pd.DataFrame(columns=names)
        person, spot = np.concatenate(self.person), np.concatenate(self.spot)
        cohort, w = np.concatenate(self.cohort), np.concatenate(self.w)
        waves = len(self.keys.waves)
        wave = spot % waves
        matched = [
            (one, other, *_matched(person, wave, one, other))
            for one in range(waves)
            for other in range(one + 1, waves)
        ]
        parts = []
        for name, pieces in zip(self.scales, self.scores, strict=True):
            y = np.concatenate(pieces)
            for _, _, first, second in matched:
                told = _sums(spot, cohort, w, y, first, second)
                parts.append(self._named(told).assign(scale=name))
        return pd.concat(parts, ignore_index=True)[names]

    def _named(self, told: pd.DataFrame) -> pd.DataFrame:
        names = self.keys.names()
        for side in (1, 2):
            at = told.pop(f"spot_{side}").to_numpy()
            told[f"area_{side}"] = names["area"].to_numpy()[at]
            told[f"wave_{side}"] = names["wave"].to_numpy()[at]
        told["cohort"] = self.keys.cohorts.to_numpy()[told["cohort"].to_numpy()]
        return told


def _matched(person: np.ndarray, wave: np.ndarray, one: int, other: int) -> tuple[Ids, Ids]:
    """Where people who answered both waves once stand, in each."""
    rows = [_once(person, np.flatnonzero(wave == at)) for at in (one, other)]
    _, first, second = np.intersect1d(
        person[rows[0]], person[rows[1]], assume_unique=True, return_indices=True
    )
    return rows[0][first], rows[1][second]


def _once(person: np.ndarray, rows: Ids) -> Ids:
    _, first, count = np.unique(person[rows], return_index=True, return_counts=True)
    return np.asarray(rows[first[count == 1]], np.intp)


def _sums(
    spot: np.ndarray, cohort: np.ndarray, w: Array, y: Array, first: Ids, second: Ids
) -> pd.DataFrame:
    """A row a pair of spots and a cohort, of `OVERLAP`."""
    spots = int(spot.max(initial=0)) + 1
    places = spot[first].astype(np.int64) * spots + spot[second]
    pair, at = np.unique(places, return_inverse=True)
    size = len(pair) * len(COHORTS)
    has_1, has_2 = ~np.isnan(y[first]), ~np.isnan(y[second])
    both = has_1 & has_2
    one, other = first[both], second[both]
    same = np.where(cohort[one] == cohort[other], cohort[one], 0)
    v, y1, y2 = w[one] * w[other], y[one], y[other]
    sums = [
        np.bincount(at[both] * len(COHORTS) + same, value, size)
        for value in (np.ones(len(v)), v * y1 * y2, v * y1, v * y2, v)
    ]
    # Whoever is matched is counted once, in the row of no cohort.
    sums.append(np.bincount(at * len(COHORTS), minlength=size).astype(float))
    for rows, has in ((first, has_1), (second, has_2)):
        mine = rows[has]
        key = at[has] * len(COHORTS) + cohort[mine]
        sums += [np.bincount(key, value, size) for value in (w[mine], w[mine] * y[mine])]
    table = np.array(sums)
    used = np.flatnonzero(table[[0, 5, 6, 8]].any(axis=0))
    place, cohorts = np.divmod(used, len(COHORTS))
    return pd.DataFrame(
        {
            "spot_1": pair[place] // spots,
            "spot_2": pair[place] % spots,
            "cohort": cohorts,
            **dict(zip(OVERLAP, table[:, used], strict=True)),
        }
    )
