"""Rows of areas over waves as a regression sees them: what is asked about, and all else taken out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.errors import Problem, StatisticsError, stop_if_any

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
_ROUNDING = 1e-13  # of the largest outcome


@dataclass(frozen=True)
class Panel:
    """A weighted regression with area effects taken out of every column.

    Shapes: n rows, r columns, G clusters. `design[:, 0]` is the treatment; the others are waves and
    covariates. Rows are sorted by cluster, so that a cluster is a slice.
    """

    outcome: Array  # (n,), raw
    raw: Array  # (n, r), before area effects are taken out
    response: Array  # (n,), the outcome with area effects taken out
    design: Array  # (n, r), with area effects taken out
    weights: Array  # (n,)
    area: Codes  # (n,)
    wave: Codes  # (n,), 0 for the first
    bounds: Codes  # (G + 1,), where each cluster begins and ends
    clusters: tuple[object, ...]  # (G,), their names
    areas: int
    left_out: int = 0  # clusters of one row, or one wave without covariates, that say nothing

    @property
    def rows(self) -> int:
        return len(self.outcome)

    @property
    def size(self) -> int:
        """How many clusters there are."""
        return len(self.clusters)

    def slices(self) -> list[slice]:
        return [slice(a, b) for a, b in zip(self.bounds[:-1], self.bounds[1:], strict=True)]

    def sums(self, values: Array) -> Array:
        """Sums by cluster of rows, (n, …) → (G, …)."""
        return np.add.reduceat(values, self.bounds[:-1], axis=0)


def make_panel(
    frame: pd.DataFrame,
    outcome: str,
    treated: str,
    *,
    area: str,
    wave: str,
    covariates: Sequence[str] = (),
    weights: str | None = None,
    cluster: str | None = None,
) -> Panel:
    """Take area effects out of the outcome, the treatment, the waves and the covariates.

    Parameters as in `difference_in_differences`. Rows that lack any of them are left out. Raises
    StatisticsError with every problem found.
    """
    cluster = cluster or area
    columns = list(dict.fromkeys([outcome, treated, area, wave, *covariates, cluster]))
    columns += [weights] if weights else []
    _must_have(frame, columns)
    used = frame[columns].dropna()
    numbers = [outcome, treated, *covariates, *([weights] if weights else [])]
    problems = list(_not_numbers(used, numbers))
    stop_if_any(problems)
    used = used.sort_values([cluster, area, wave], kind="stable")
    weight = used[weights].to_numpy(float) if weights else np.ones(len(used))
    stop_if_any(list(_problems_of(used, area, wave, treated, cluster, weight, weights)))
    every = used[cluster].nunique()
    used = _that_change(used, area, wave, alone=not covariates)
    weight = used[weights].to_numpy(float) if weights else np.ones(len(used))
    if used[cluster].nunique() < 3:
        raise StatisticsError(
            Problem(cluster, "fewer than three clusters have two waves", "Inference needs more")
        )
    areas, _ = pd.factorize(used[area])
    waves = pd.get_dummies(used[wave], drop_first=True).to_numpy(float)
    raw = np.column_stack(
        [used[treated].to_numpy(float), waves, used[list(covariates)].to_numpy(float)]
    )
    within = _within(areas, weight)
    kept = _independent(raw, within(raw), weight)
    if kept[:1] != [0]:
        raise StatisticsError(
            Problem(
                treated,
                "it does not change within any area beside what the waves and covariates say",
                "An effect needs areas that become treated while others do not",
            )
        )
    raw = raw[:, kept]
    y = used[outcome].to_numpy(float)
    starts = np.flatnonzero(
        np.r_[True, used[cluster].to_numpy()[1:] != used[cluster].to_numpy()[:-1]]
    )
    return Panel(
        outcome=y,
        raw=raw,
        response=without_rounding(within(y[:, None])[:, 0], y),
        design=within(raw),
        weights=weight,
        area=areas.astype(np.intp),
        wave=np.unique(used[wave].to_numpy(), return_inverse=True)[1].astype(np.intp),
        bounds=np.r_[starts, len(used)].astype(np.intp),
        clusters=tuple(used[cluster].iloc[starts]),
        areas=int(areas.max()) + 1,
        left_out=every - used[cluster].nunique(),
    )


def without_rounding(left: Array, whole: Array) -> Array:
    """What is left when means were taken out, and nought where that is rounding alone."""
    told: Array = np.where(np.abs(left) > _ROUNDING * np.abs(whole).max(initial=0.0), left, 0.0)
    return told


def _that_change(used: pd.DataFrame, area: str, wave: str, *, alone: bool) -> pd.DataFrame:
    """Rows that say anything beside their area's effect.

    One row of an area says nothing, and one wave nothing where there are no covariates (Correia 2015,
    on singletons).
    """
    by = used.groupby(area)[wave]
    several = by.transform("max") != by.transform("min") if alone else by.transform("size") > 1
    return used[several]


class _Within:
    """Takes weighted area means out of columns."""

    def __init__(self, areas: Codes, weights: Array) -> None:
        self.areas, self.weights = areas, weights
        self.totals = np.bincount(areas, weights)

    def __call__(self, columns: Array) -> Array:
        means = np.column_stack(
            [np.bincount(self.areas, self.weights * one) / self.totals for one in columns.T]
        )
        left: Array = columns - means[self.areas]
        return left


def _within(areas: Codes, weights: Array) -> _Within:
    return _Within(areas, weights)


def _independent(raw: Array, within: Array, weights: Array) -> list[int]:
    """Columns that others do not already say; the treatment comes last, since it must stand alone."""
    root = np.sqrt(weights)[:, None]
    sizes = np.linalg.norm(raw * root, axis=0)
    basis = np.empty((len(raw), 0))
    kept: list[int] = []
    for index in [*range(1, raw.shape[1]), 0]:
        left = within[:, index] * root[:, 0]
        for _ in range(2):  # once more, against what rounding left
            left = left - basis @ (basis.T @ left)
        size = float(np.linalg.norm(left))
        if size > 1e-9 * sizes[index]:
            basis = np.column_stack([basis, left / size])
            kept.append(index)
    return sorted(kept)


def _must_have(frame: pd.DataFrame, columns: list[str]) -> None:
    stop_if_any(
        [
            Problem(
                name, "the frame has no such column", f"It has {', '.join(map(str, frame.columns))}"
            )
            for name in columns
            if name not in frame.columns
        ]
    )


def _not_numbers(frame: pd.DataFrame, columns: list[str]) -> list[Problem]:
    return [
        Problem(name, f"it holds {frame[name].dtype}, not numbers", "Give it as numbers")
        for name in columns
        if not pd.api.types.is_numeric_dtype(frame[name])
    ]


def _problems_of(
    frame: pd.DataFrame,
    area: str,
    wave: str,
    treated: str,
    cluster: str,
    weight: Array,
    weights: str | None,
) -> list[Problem]:
    problems = []
    if frame[wave].nunique() < 2:
        problems.append(Problem(wave, "there is one wave", "A change needs two waves or more"))
    if frame[cluster].nunique() < 3:
        problems.append(
            Problem(cluster, "there are fewer than three clusters", "Inference needs more areas")
        )
    if weights is not None and not (np.isfinite(weight).all() and (weight > 0).all()):
        problems.append(Problem(weights, "a weight is not above zero", "Leave out such rows"))
    pairs = frame[[area, cluster]].drop_duplicates() if area != cluster else frame[[area]][:0]
    if pairs.duplicated(area).any():
        first = pairs.loc[pairs.duplicated(area), area].iloc[0]
        problems.append(
            Problem(
                f"{area} {first}",
                f"it lies in more than one {cluster}",
                "Let clusters hold whole areas",
            )
        )
    if not frame[treated].between(0, 1).all():
        problems.append(Problem(treated, "it goes outside 0 to 1", "1 is treated now, 0 is not"))
    return problems
