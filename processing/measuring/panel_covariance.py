"""How far two waves' means of a unit move together, because some of the same people answered both.

Each wave's variance takes areas as strata: it is of people about their area's mean. So is this. About
the unit's mean, what lasts of the differences between areas would be counted as people's own, and a
change would look surer than it is.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .area_sums import AreaSums

_KEYS = ["scale", "level", "unit", "cohort"]


def panel_covariance(
    both: pd.DataFrame, overlap: pd.DataFrame | None, sums: AreaSums, units: pd.DataFrame
) -> pd.DataFrame:
    """`both` with the pairs of people and the covariance of the means of its two waves.

    Definition: with z = w(y − ȳ)/Σw, 0 of who has no score or is of another cohort, and z̄ its mean
    over all n rows of an area with a weight, C = Σ f·Σ (z₁ − z̄₁)(z₂ − z̄₂) over the m people who were
    in one area in the first wave and in one (the same, or another) in the second, with
    f = 1/(1 − 1/n₁ − 1/n₂ + m/(n₁n₂)), which makes each product unbiased for simple samples within
    areas (an area of one answer is taken about the unit's mean). Where the same people answered both
    waves f is n/(n − 1), and C equals R survey's. It is lessened by what calibration gained
    (`gain`), and never beyond a correlation of one.

    Parameters: `both` has a row a scale, level, unit and cohort with wave, mean, variance, gain and w
    of two waves, told apart by _1 and _2; `overlap` as the function of that name has it.
    """
    both = both.assign(pairs=0.0, covariance=0.0)
    if overlap is None or not len(overlap) or not len(both):
        return both
    one, other = both["wave_1"].iloc[0], both["wave_2"].iloc[0]
    pairs = overlap[(overlap["wave_1"] == one) & (overlap["wave_2"] == other)]
    placed = _by_cohort(_placed(pairs, units))
    if not len(placed):
        return both
    about = placed.merge(both[[*_KEYS, "mean_1", "mean_2", "w_1", "w_2"]], on=_KEYS)
    for side, wave in ((1, one), (2, other)):
        about = _with_stratum(about, sums, side, wave)
    about["covariance"] = _products(about)
    by = about.groupby(_KEYS, as_index=False)[["pairs", "covariance"]].sum()
    joined = both[_KEYS].merge(by, on=_KEYS, how="left")
    most = np.sqrt((both["variance_1"] * both["variance_2"]).fillna(np.inf).to_numpy(float))
    gain = np.sqrt((both["gain_1"] * both["gain_2"]).to_numpy(float))
    covariance = joined["covariance"].fillna(0).to_numpy() * gain
    return both.assign(
        pairs=joined["pairs"].fillna(0).to_numpy(), covariance=np.clip(covariance, -most, most)
    )


def _placed(pairs: pd.DataFrame, units: pd.DataFrame) -> pd.DataFrame:
    """Pairs of areas in the units that hold the one in the first wave and the other in the second."""
    first = units.rename(columns={"area": "area_1", "wave": "wave_1"})
    second = units.rename(columns={"area": "area_2", "wave": "wave_2"})
    return pairs.merge(first, on=["area_1", "wave_1"]).merge(
        second, on=["area_2", "wave_2", "level", "unit"]
    )


def _by_cohort(placed: pd.DataFrame) -> pd.DataFrame:
    """Sums of all residents, and of each cohort; `matched` counts everyone in both."""
    numbers = ["pairs", "s11", "s10", "s01", "s00", "u1", "u1y", "u2", "u2y"]
    keys = ["scale", "level", "unit", "area_1", "area_2"]
    whole = placed.groupby(keys, as_index=False)[[*numbers, "matched"]].sum()
    apart = placed.loc[placed["cohort"] != "", [*keys, "cohort", *numbers]]
    if not len(apart):
        return whole.assign(cohort="all")
    apart = apart.merge(whole[[*keys, "matched"]], on=keys)
    return pd.concat([whole.assign(cohort="all"), apart], ignore_index=True)


def _with_stratum(about: pd.DataFrame, sums: AreaSums, side: int, wave: int) -> pd.DataFrame:
    """The rows of each area in its wave, and z̄."""
    keys = ["scale", "area", "cohort"]
    frame = sums.frame.loc[sums.frame["wave"] == wave, [*keys, "w", "wy"]]
    whole = frame.groupby(["scale", "area"], as_index=False)[["w", "wy"]].sum()
    frame = pd.concat([whole.assign(cohort="all"), frame[frame["cohort"] != ""]])
    drawn = sums.drawn.loc[sums.drawn["wave"] == wave, ["area", "rows"]]
    area = f"area_{side}"
    joined = about.merge(drawn.rename(columns={"area": area}), on=area).merge(
        frame.rename(columns={"area": area, "w": "area_w", "wy": "area_wy"}),
        on=["scale", area, "cohort"],
        how="left",
    )
    total = joined["area_wy"].fillna(0) - joined[f"mean_{side}"] * joined["area_w"].fillna(0)
    centre = total / joined[f"w_{side}"] / joined["rows"]
    return joined.drop(columns=["area_w", "area_wy"]).rename(columns={"rows": f"rows_{side}"}).assign(
        # A stratum of one has no mean of its own, as survey's "adjust" has it.
        **{f"centre_{side}": centre.where(joined["rows"] > 1, 0.0)}
    )  # fmt: skip


def _products(about: pd.DataFrame) -> pd.Series:
    """f·Σ (z₁ − z̄₁)(z₂ − z̄₂) of each pair of areas."""
    mean_1, mean_2 = about["mean_1"], about["mean_2"]
    crossed = about["s11"] - mean_1 * about["s01"] - mean_2 * about["s10"]
    crossed = (crossed + mean_1 * mean_2 * about["s00"]) / (about["w_1"] * about["w_2"])
    own_1 = (about["u1y"] - mean_1 * about["u1"]) / about["w_1"]
    own_2 = (about["u2y"] - mean_2 * about["u2"]) / about["w_2"]
    c_1, c_2, m = about["centre_1"], about["centre_2"], about["matched"]
    centred = crossed - c_1 * own_2 - c_2 * own_1 + m * c_1 * c_2
    n_1, n_2 = (about[name].where(about[name] > 1, np.inf) for name in ("rows_1", "rows_2"))
    left: pd.Series = 1 - 1 / n_1 - 1 / n_2 + m / (n_1 * n_2)
    return centred / left
