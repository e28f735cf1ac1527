"""What calibration takes out of the variances of units' means, from sums by area."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .area_sums import AreaSums
from .calibration import Array
from .margin_regression import Domains, MarginSums

_NEEDED = ["w", "wy", "ww", "wwy", "wwyy"]


def calibrated_variances(
    found: pd.DataFrame, sums: AreaSums, units: pd.DataFrame, margins: MarginSums
) -> pd.Series:
    """The variance of each row of `found` (scale, level, unit, wave, cohort, mean, n, w).

    Definition: as `weighted_means.weighted_means` with calibrated weights and areas as strata.
    """
    keys = margins.keys
    spot = keys.spot_of(sums.drawn)
    drawn = np.zeros(keys.spots)
    drawn[spot] = sums.drawn["rows"]
    alone = drawn <= 1
    scale = np.where(alone, 1.0, drawn / np.maximum(drawn - 1, 1))
    centre = np.where(alone, 0.0, 1 / np.maximum(drawn, 1))
    placed = units[units["area"].isin(keys.areas)]
    placed = placed.assign(spot=keys.spot_of(placed))
    # Where nobody answered there is no group, and nothing to sum.
    placed = placed[margins.group[placed["spot"]] >= 0]
    variance = pd.Series(np.nan, found.index)
    dense = _Dense(sums, margins)
    for level, own in placed.groupby("level"):
        named = pd.MultiIndex.from_frame(own[["unit", "wave"]])
        domain, names = pd.factorize(named)
        domains = Domains(domain.astype(np.intp), own["spot"].to_numpy(), len(names), margins)
        there = found[found["level"] == level]
        for (score, cohort), rows in there.groupby(["scale", "cohort"]):
            at = pd.MultiIndex.from_tuples(names).get_indexer(
                pd.MultiIndex.from_frame(rows[["unit", "wave"]])
            )
            mean = np.zeros(len(names))
            mean[at] = rows["mean"]
            got = domains.variance(
                mean,
                dense.of(str(score), str(cohort)),
                margins.of_cohort(str(score), str(cohort)),
                scale,
                centre,
            )
            variance[rows.index] = np.maximum(got[at], 0) / rows["w"].to_numpy() ** 2
    return variance.where(found["n"] > 1)


class _Dense:
    """Sums of one score and cohort, (5, spots)."""

    def __init__(self, sums: AreaSums, margins: MarginSums) -> None:
        self.keys = margins.keys
        self.by = dict(iter(sums.frame.groupby("scale")))

    def of(self, scale: str, cohort: str) -> Array:
        frame = self.by[scale]
        mine = frame if cohort == "all" else frame[frame["cohort"] == cohort]
        dense = np.zeros((len(_NEEDED), self.keys.spots))
        spot = self.keys.spot_of(mine)
        for row, name in enumerate(_NEEDED):
            np.add.at(dense[row], spot, mine[name].to_numpy(float))
        return dense
