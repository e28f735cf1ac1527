"""An effect as what it is made of: areas' means, each with its coefficient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.errors import StatisticsError

from .analysis_plan import AnalysisPlan
from .evaluation import Evaluation
from .headline import STAGGERED, by_start
from .staggered import StaggeredEffects

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Beside: TypeAlias = tuple[str, int]
"""What is printed beside an effect: exposure or years and how many, or two-way effects."""
TWO_WAY: Beside = ("two-way", 0)
_EQUAL = 1e-6
_ROUNDS = 10_000


def effect_coefficients(
    evaluation: Evaluation, scale: str, cohort: str = "all"
) -> pd.Series | None:
    """Return the coefficients of areas' means whose sum is the effect on all residents or a cohort.

    Definition: two-way effects are τ = Σ w·d̃·ȳ / Σ w·d̃·d by Frisch, Waugh and Lovell, with d̃ the
    treatment less its area and wave effects; effects of plans that start apart are sums over starts
    and waves, within which areas count by their weights.

    Parameters: `evaluation`, and the `scale` and `cohort` one of its effects is on. Returns coefficients by the
    index of `evaluation.measures.measures.means`; None where the effect is not made of means alone,
    as with covariates: what is returned adds up to the estimate. Raises nothing.

    Example: with two waves and equal weights they are 1/treated areas for these in the second
    wave, its negative in the first, and −1/other areas, 1/other areas for the others.
    """
    effects = evaluation.effects
    told = effects[(effects["scale"] == scale) & (effects["cohort"] == cohort)]
    rows = _rows(evaluation, scale, cohort)
    if not len(told) or not len(rows) or evaluation.plan.covariates:
        return None
    estimate = float(told["estimate"].iloc[0])
    staggered = told["estimator"].iloc[0] == STAGGERED
    found = _of_starts(rows, evaluation.plan) if staggered else _two_way(rows, evaluation.plan)
    if found is None:
        return None
    same = abs(float(found @ rows["y"].to_numpy(float)) - estimate)
    return pd.Series(found, rows.index) if same <= _EQUAL * (1 + abs(estimate)) else None


def coefficients_beside(evaluation: Evaluation, scale: str) -> dict[Beside, pd.Series]:
    """Return the coefficients of what reports print beside the effect on all residents.

    Definition: effects by waves since the start ("exposure") and by whole years that plans have run
    ("years") are sums over starts and waves as the effect is; so are two-way effects ("two-way") that
    stand beside it. Parameters as of `effect_coefficients`. Returns them by what they are and of which
    wave or year, without those that are not made of means alone. Raises nothing.
    """
    rows = _rows(evaluation, scale, "all")
    plan = evaluation.plan
    if not len(rows) or plan.covariates:
        return {}
    estimates = beside_of(evaluation, scale)
    found = {what: np.zeros(len(rows)) for what in estimates}
    for inside, share, effects in _one_by_one(rows, plan, ["start", "wave", "years"]):
        for what, value in _by_length(effects.to_frame()).items():
            if what in found:
                found[what][inside] = value * share
    two_way = _two_way(rows, plan)
    if TWO_WAY in found and two_way is not None:
        found[TWO_WAY] = two_way
    y = rows["y"].to_numpy(float)
    return {
        what: pd.Series(made, rows.index)
        for what, made in found.items()
        if abs(made @ y - estimates[what]) <= _EQUAL * (1 + abs(estimates[what]))
    }


def beside_of(evaluation: Evaluation, scale: str) -> dict[Beside, float]:
    """What stands beside the effect on all residents, as it was estimated."""
    later, every = evaluation.staggered, evaluation.inferences
    found: dict[Beside, float] = {}
    if len(later):
        found |= _by_length(later[(later["scale"] == scale) & (later["cohort"] == "all")])
    mine = every[(every["scale"] == scale) & (every["cohort"] == "all")]
    if (mine["estimator"] == STAGGERED).any():
        plain = mine.loc[mine["estimator"] != STAGGERED, "estimate"]
        found |= {TWO_WAY: float(plain.iloc[0])} if len(plain) else {}
    return found


def _by_length(frame: pd.DataFrame) -> dict[Beside, float]:
    return {
        (what, int(length)): float(estimate)
        for what in ("exposure", "years")
        if what in frame
        for length, estimate in frame.loc[frame["what"] == what, [what, "estimate"]].to_numpy()
        if np.isfinite(estimate)
    }


def _rows(evaluation: Evaluation, scale: str, cohort: str) -> pd.DataFrame:
    """The areas' means that were compared, as `evaluate` reads them, with their index."""
    means = evaluation.measures.measures.means
    mine = means[
        (means["scale"] == scale) & (means["cohort"] == cohort) & (means["level"] == "afdeling")
    ]
    own = mine[["unit", "wave", "mean", "effective_n", "w"]].dropna(subset=["mean"])
    own = own.rename(columns={"mean": "y", "effective_n": "weight"}).reset_index()
    rows = own.merge(evaluation.treatment.frame, on=["unit", "wave"]).set_index("index")
    first = rows.sort_values("wave").groupby("unit")["treated"].transform("first")
    return rows[~rows["unit"].isin(set(rows.loc[first == 1, "unit"]))]


def _two_way(rows: pd.DataFrame, plan: AnalysisPlan) -> Array | None:
    weight = np.ones(len(rows))
    if plan.weighting == "answers":
        weight = rows["w" if plan.units == "persons" else "weight"].to_numpy(float)
    given = rows["treated"].to_numpy(float)
    left = weight * _within(given, weight, [pd.factorize(rows[key])[0] for key in ("unit", "wave")])
    size = float(left @ given)
    return None if size <= _EQUAL else np.asarray(left / size)


def _of_starts(rows: pd.DataFrame, plan: AnalysisPlan) -> Array | None:
    """A start's and wave's coefficient is the effect where its means are 1 and all others 0."""
    found = np.zeros(len(rows))
    for inside, share, effects in _one_by_one(rows, plan, ["start", "wave"]):
        found[inside] = float(effects.overall["estimate"].iloc[0]) * share
    return found


def _one_by_one(
    rows: pd.DataFrame, plan: AnalysisPlan, keys: list[str]
) -> Iterator[tuple[Mask, Array, StaggeredEffects]]:
    """Set after set of areas in a wave: its rows, their shares of it, and effects where it alone is 1."""
    weight = np.ones(len(rows))
    if plan.weighting == "answers":
        # One weight an area: its mean over waves.
        weight = rows.groupby("unit")["weight"].transform("mean").to_numpy(float)
    for _, cell in rows.groupby(keys, dropna=False):
        inside = rows.index.isin(cell.index)
        try:
            effects = by_start(rows.assign(y=inside.astype(float)), plan, (), randomised=False)
        except StatisticsError:
            return
        yield inside, weight[inside] / weight[inside].sum(), effects


def _within(values: Array, weight: Array, groups: Sequence[NDArray[np.intp]]) -> Array:
    """Values less their area and wave effects, by taking weighted means out in turn."""
    left = values.copy()
    for _ in range(_ROUNDS):
        before = left
        for group in groups:
            mean = np.bincount(group, weight * left) / np.bincount(group, weight)
            left = left - mean[group]
        if np.abs(left - before).max() < _EQUAL**2:
            break
    return left
