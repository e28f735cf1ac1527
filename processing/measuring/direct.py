"""Direct estimates of units: weighted means with linearised variances, from sums by area."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from .area_sums import SUMS

Array = NDArray[np.float64]


def by_unit(
    sums: pd.DataFrame, units: pd.DataFrame, drawn: pd.DataFrame, over: Sequence[str]
) -> pd.DataFrame:
    """A row a scale, unit and wave (and what `over` names), with means and their variances.

    Areas are strata: the variance of a mean ȳ = Σwy/Σw is
    Σ_h n_h/(n_h − 1) · Σ_i (z_i − z̄_h)² over all n_h rows of the area that have a weight (`drawn`:
    area, wave, rows), z = w(y − ȳ)/Σw, and 0 of who has no score or is of another cohort, as R's
    survey has it without a finite population; an area with one answer is taken about the unit's
    mean (`lonely.psu = "adjust"`). `here_variance` is that with the finite-population correction,
    where `drawn` knows the `population` an area's answers were drawn from.
    """
    strata = sums.groupby(["scale", "area", "wave", *over], as_index=False)[list(SUMS)].sum()
    joined = strata.merge(drawn, on=["area", "wave"]).merge(units, on=["area", "wave"])
    keys = ["scale", "level", "unit", "wave", *over]
    group = joined.groupby(keys, sort=True)
    found = group[list(SUMS)].sum()
    place = group.ngroup().to_numpy().astype(np.intp)
    found["areas"] = group.size()
    w = found["w"].to_numpy()
    found["mean"] = found["wy"] / w
    found["sd"] = np.sqrt(np.maximum(found["wyy"] / w - found["mean"] ** 2, 0.0) * _less_one(found))
    found["variance"] = _variance(joined, place, found, "mean")
    if "population" in joined:
        left = (1 - joined["rows"] / joined["population"]).clip(lower=0).to_numpy(float)
        found["here_variance"] = _variance(joined, place, found, "mean", left)
    for side in ("below", "above"):
        share = joined.assign(wy=joined[side], wwy=joined[f"ww{side}"], wwyy=joined[f"ww{side}"])
        found[f"share_{side}"] = found[side] / w
        found[f"share_{side}_variance"] = _variance(share, place, found, f"share_{side}")
    found["effective_n"] = found["w"] ** 2 / found["ww"]
    found["df"] = (found["n"] - found["areas"]).clip(lower=1)
    return found.reset_index()


def with_intervals(frame: pd.DataFrame, level: float) -> pd.DataFrame:
    """`standard_error`, `low` and `high` of means by t; of shares on the logit, within 0 and 1."""
    reach = stats.t(frame["df"]).ppf((1 + level) / 2)
    error = np.sqrt(frame["variance"])
    done = frame.assign(
        standard_error=error, low=frame["mean"] - reach * error, high=frame["mean"] + reach * error
    )
    here = np.sqrt(frame["here_variance"]) if "here_variance" in frame else np.nan
    done = done.assign(
        here_low=frame["mean"] - reach * here, here_high=frame["mean"] + reach * here
    )
    for side in ("below", "above"):
        share = frame[f"share_{side}"].to_numpy()
        inside = (share > 0) & (share < 1)
        safe = np.where(inside, share, 0.5)
        moved = reach * np.sqrt(frame[f"share_{side}_variance"]) / (safe * (1 - safe))
        logit = np.log(safe / (1 - safe))
        for name, way in (("low", -1), ("high", 1)):
            edge = 1 / (1 + np.exp(-(logit + way * moved)))
            done[f"share_{side}_{name}"] = np.where(inside, edge, np.nan)
    return done


def _variance(
    joined: pd.DataFrame,
    place: NDArray[np.intp],
    found: pd.DataFrame,
    mean: str,
    left: Array | float = 1.0,
) -> Array:
    """Variances by unit; `left` is the share of each stratum's population that was not drawn."""
    centre = found[mean].to_numpy()[place]
    n = joined["rows"].to_numpy()
    squares = (joined["wwyy"] - 2 * centre * joined["wwy"] + centre**2 * joined["ww"]).to_numpy()
    total = (joined["wy"] - centre * joined["w"]).to_numpy()
    lonely = n <= 1
    safe = np.where(lonely, 2.0, n)
    stratum = np.where(lonely, squares, safe / (safe - 1) * (squares - total**2 / safe))
    parts = np.maximum(stratum, 0) * left
    variance: Array = np.bincount(place, parts, len(found)) / found["w"] ** 2
    # One answer in all says nothing of how answers differ.
    return np.where(found["n"].to_numpy() > 1, variance, np.nan)


def _less_one(found: pd.DataFrame) -> Array:
    n = found["n"].to_numpy()
    factor: Array = np.where(n > 1, n / np.maximum(n - 1, 1), np.nan)
    return factor
