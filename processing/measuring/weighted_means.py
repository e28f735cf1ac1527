"""Weighted means with linearised variances that know what calibration has taken out of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from processing.errors import Problem, stop_if_any

from .calibration import Array, Ids, added, cross, local_places
from .weighting_cells import ROWS
from .weights import Weights

Residuals = Literal["base", "equal"]
_PIECES_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class WeightedMeans:
    """Means of values in domains.

    `frame` has a row a value and domain: n, people (Σw), mean, standard_error, df, low, high,
    effective_n. `finite_population` tells whether the variance was lessened by it: such means
    describe who lives there now and serve no test or effect.
    """

    frame: pd.DataFrame
    level: float
    finite_population: bool

    def to_frame(self) -> pd.DataFrame:
        return self.frame.copy()

    def __str__(self) -> str:
        about = ", with finite-population correction" if self.finite_population else ""
        shown = self.frame.head(20).round(3).to_string(index=False)
        rest = f"\n… {len(self.frame) - 20:,} more" if len(self.frame) > 20 else ""
        return f"Weighted means, {self.level:.0%} intervals{about}\n{shown}{rest}"


@dataclass(frozen=True)
class _Units:
    """Who was drawn: rows or clusters in strata."""

    stratum: Ids  # a row
    cluster: Ids | None  # a row
    in_stratum: Array  # n_h
    scale: Array  # a_h = n_h / (n_h − 1), less the share drawn
    centre: Array  # 1 / n_h; 0 in strata of one

    def cluster_scale(self) -> Array:
        scale = np.zeros(int(self.cluster.max()) + 1 if self.cluster is not None else 0)
        if self.cluster is not None:
            scale[self.cluster] = self.scale[self.stratum]
        return scale


@dataclass(frozen=True)
class _Calibrated:
    """What calibration knows of the rows: weights, and designs x of the groups."""

    weight: Array
    group: Ids
    places: tuple[Ids, ...]
    width: int
    groups: int
    inverse: Array  # (groups, columns, columns) pseudo-inverse of Σ m·xx'
    metric: Array  # m


def weighted_means(
    frame: pd.DataFrame,
    values: Sequence[str],
    weights: Weights | str,
    *,
    by: Sequence[str] = (),
    strata: str | Sequence[str] = (),
    cluster: str | None = None,
    population: str | None = None,
    residuals: Residuals = "base",
    level: float = 0.95,
) -> WeightedMeans:
    """Means of each value in each domain, with their standard errors.

    Definition: ȳ = Σwy / Σw over the domain's rows that have the value. Its variance is
    Σ_h a_h Σ_k (e_hk − ē_h)², where e_hk sums e = w·(z − x'B) / Σw over the rows of unit k in stratum
    h, z is y − ȳ in the domain and 0 outside, x'B is z's regression on the margins within its
    calibration group, over the whole group, and a_h = n_h / (n_h − 1), times 1 − n_h / N_h where
    `population` is given (Deville & Särndal 1992, DOI 10.1080/01621459.1992.10475217). Linear
    calibration makes that exact to first order, and the other distances agree with it.

    Parameters: `weights` were made by `weigh`, or name a column of weights that were not calibrated.
    `by` makes the domains. Rows are drawn on their own, or in a `cluster`, within `strata` (a
    column, or several together); a stratum with one unit is taken about 0 and told by no correction (survey's "adjust").
    `population` is a column of the number of units in the stratum: the finite-population correction,
    for descriptive means only. `residuals` weights the regression by base weights, as R's
    `calibrate` does, or not at all, as its `rake` does. Intervals are of Student's t, with units less
    strata in the domain as degrees of freedom.

    Equal to R's survey 4.1-1 to 1e-6: `svymean` and `svyby` after `svydesign`, `calibrate`, `rake`.
    The work grows with rows × columns of the margins squared, not with the number of domains.
    Raises StatisticsError with every problem.

    >>> frame = pd.DataFrame({"y": [1.0, 2.0, 4.0], "w": [1.0, 1.0, 2.0]})
    >>> found = weighted_means(frame, ["y"], "w").frame
    >>> found[["mean", "standard_error"]].round(4).to_numpy().tolist()
    [[2.75, 0.9622]]
    """
    column = weights if isinstance(weights, str) else None
    strata = (strata,) if isinstance(strata, str) else tuple(strata)
    stop_if_any(_problems(frame, [*values, *by, *strata, cluster, population, column], level))
    weight = frame[column] if column else weights.of(frame)  # type: ignore[union-attr]
    known = (weight > 0).to_numpy()
    rows = frame[known]
    w = weight[known].to_numpy(float)
    units = _units(rows, strata, cluster, population)
    calibrated = None if column else _calibrated(rows, weights, w, residuals)  # type: ignore[arg-type]
    domains, names = _domains(rows, by)
    found = []
    for value in values:
        y = rows[value].to_numpy(float)
        told = _of_value(y, w, domains, len(names), units, calibrated)
        found.append(pd.concat([names, told], axis=1).assign(value=value))
    table = pd.concat(found, ignore_index=True).query("n > 0").reset_index(drop=True)
    reach = stats.t(table["df"].clip(lower=1)).ppf((1 + level) / 2) * table["standard_error"]
    table = table.assign(low=table["mean"] - reach, high=table["mean"] + reach)
    columns = ["n", "people", "mean", "standard_error", "df", "low", "high", "effective_n"]
    return WeightedMeans(table[["value", *by, *columns]], level, population is not None)


def _of_value(
    y: Array, w: Array, domain: Ids, count: int, units: _Units, calibrated: _Calibrated | None
) -> pd.DataFrame:
    has = np.flatnonzero(~np.isnan(y))
    y, inside, weight = y[has], domain[has], w[has]
    people = added(inside, weight, count)
    n = np.bincount(inside, minlength=count)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = added(inside, weight * y, count) / people
        effective = people**2 / added(inside, weight**2, count)
    z = weight * (y - mean[inside])
    sums = _Sums(has, inside, count, z)
    variance = _variance(sums, units, calibrated)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt(np.maximum(variance, 0.0)) / people
    return pd.DataFrame(
        {
            "n": n,
            "people": people,
            "mean": mean,
            "standard_error": error,
            "df": _df(sums, units),
            "effective_n": effective,
        }
    )


@dataclass(frozen=True)
class _Sums:
    """The rows of all domains: where they stand, whose they are, and z = w(y − ȳ)."""

    rows: Ids
    domain: Ids
    domains: int
    z: Array


def _variance(sums: _Sums, units: _Units, calibrated: _Calibrated | None) -> Array:
    """Each domain's e'Ae, A = diag(a) − Σ_h a_h / n_h · 1_h 1_h', multiplied out."""
    explained = _Explained.of(sums, calibrated) if calibrated else None
    stratum_scale = units.scale * units.centre
    strata = _squares(sums, units.stratum, stratum_scale, calibrated, explained)
    if units.cluster is not None:
        scale = units.cluster_scale()
        return _squares(sums, units.cluster, scale, calibrated, explained) - strata
    a = units.scale[units.stratum]
    own = added(sums.domain, a[sums.rows] * sums.z**2, sums.domains)
    if calibrated and explained:
        own += explained.quadratic(sums, calibrated, a)
    return own - strata


@dataclass(frozen=True)
class _Explained:
    """The regression B of each domain in each calibration group that it has rows in."""

    domain: Ids  # a pair of domain and group
    group: Ids
    pair: Ids  # the pair of each row of the sums
    slope: Array  # (pairs, columns)

    @classmethod
    def of(cls, sums: _Sums, calibrated: _Calibrated) -> _Explained:
        code = sums.domain * calibrated.groups + calibrated.group[sums.rows]
        pairs, pair = np.unique(code, return_inverse=True)
        domain, group = np.divmod(pairs, calibrated.groups)
        # z holds the weight, which the regression does not.
        values = calibrated.metric[sums.rows] * sums.z / calibrated.weight[sums.rows]
        right = _by_pair(sums, calibrated, pair, len(pairs), values)
        slope = np.einsum("pab,pb->pa", calibrated.inverse[group], right)
        return cls(domain, group, pair, slope)

    def quadratic(self, sums: _Sums, calibrated: _Calibrated, a: Array) -> Array:
        """−2 B'Σ a·w·x·z + B'(Σ a·w²·xx')B, summed over each domain's groups."""
        w = calibrated.weight
        values = a[sums.rows] * w[sums.rows] * sums.z
        mixed = _by_pair(sums, calibrated, self.pair, len(self.slope), values)
        every = _cross_of_rows(calibrated, a * w**2)
        told = -2 * (self.slope * mixed).sum(axis=1)
        told += np.einsum("pa,pab,pb->p", self.slope, every[self.group], self.slope)
        return added(self.domain, told, sums.domains)


def _by_pair(sums: _Sums, calibrated: _Calibrated, pair: Ids, pairs: int, values: Array) -> Array:
    total = np.zeros(pairs * calibrated.width)
    for place in calibrated.places:
        total += added(pair * calibrated.width + place[sums.rows], values, len(total))
    return total.reshape(pairs, calibrated.width)


def _cross_of_rows(calibrated: _Calibrated, values: Array) -> Array:
    size = calibrated.groups * calibrated.width**2
    total = np.zeros(size)
    for one in calibrated.places:
        row = (calibrated.group * calibrated.width + one) * calibrated.width
        for other in calibrated.places:
            total += added(row + other, values, size)
    return total.reshape(calibrated.groups, calibrated.width, calibrated.width)


def _squares(
    sums: _Sums,
    part: Ids,
    scale: Array,
    calibrated: _Calibrated | None,
    explained: _Explained | None,
) -> Array:
    """Σ scale·E² of each domain, E being e summed over a part (a stratum or a cluster)."""
    parts = len(scale)
    code = sums.domain * parts + part[sums.rows]
    present, at = np.unique(code, return_inverse=True)
    own = added(at, sums.z, len(present))
    if calibrated is None or explained is None:
        domain, where = np.divmod(present, parts)
        return added(domain, scale[where] * own**2, sums.domains)
    return _squares_less_explained(sums, part, scale, calibrated, explained, present, own)


def _squares_less_explained(
    sums: _Sums,
    part: Ids,
    scale: Array,
    calibrated: _Calibrated,
    explained: _Explained,
    present: NDArray[np.int64],
    own: Array,
) -> Array:
    """As `_squares`, where parts without a row of the domain still have −x'B in its groups."""
    parts, width = len(scale), calibrated.width
    pieces, piece = np.unique(calibrated.group * parts + part, return_inverse=True)
    piece_group, piece_part = np.divmod(pieces, parts)
    total = np.zeros(len(pieces) * width)
    for place in calibrated.places:
        total += added(piece * width + place, calibrated.weight, len(total))
    design = total.reshape(len(pieces), width)
    first = np.searchsorted(piece_group, np.arange(calibrated.groups))
    size = np.bincount(piece_group, minlength=calibrated.groups)

    found = np.zeros(sums.domains)
    for start, stop in _bundles(explained.domain, size[explained.group]):
        pairs = np.arange(start, stop)
        reach = size[explained.group[pairs]]
        of_pair = np.repeat(pairs, reach)
        step = np.arange(reach.sum()) - np.repeat(np.cumsum(reach) - reach, reach)
        which = first[explained.group[of_pair]] + step
        less = -(design[which] * explained.slope[of_pair]).sum(axis=1)
        code = explained.domain[of_pair] * parts + piece_part[which]
        low = np.searchsorted(present, explained.domain[start] * parts)
        high = np.searchsorted(present, (explained.domain[stop - 1] + 1) * parts)
        codes, at = np.unique(np.concatenate([code, present[low:high]]), return_inverse=True)
        sum_of = added(at, np.concatenate([less, own[low:high]]), len(codes))
        domain, where = np.divmod(codes, parts)
        found += added(domain, scale[where] * sum_of**2, sums.domains)
    return found


def _bundles(domain: Ids, size: Ids) -> list[tuple[int, int]]:
    """Runs of pairs, whole domains each, that are not too large to hold."""
    if not len(domain):
        return []
    ends = np.append(np.flatnonzero(np.diff(domain)) + 1, len(domain))
    filled = np.cumsum(size)
    bundles, start = [], 0
    while start < len(domain):
        before = filled[start - 1] if start else 0
        fits = ends[(ends > start) & (filled[ends - 1] - before <= _PIECES_AT_ONCE)]
        stop = int(fits[-1]) if len(fits) else int(ends[ends > start][0])
        bundles.append((start, stop))
        start = stop
    return bundles


def _df(sums: _Sums, units: _Units) -> Ids:
    strata = _distinct(sums, units.stratum)
    drawn = (
        np.bincount(sums.domain, minlength=sums.domains)
        if units.cluster is None
        else _distinct(sums, units.cluster)
    )
    return np.asarray(np.maximum(drawn - strata, 0), np.intp)


def _distinct(sums: _Sums, part: Ids) -> Ids:
    size = int(part.max(initial=0)) + 1
    present = np.unique(sums.domain * size + part[sums.rows])
    return np.bincount(present // size, minlength=sums.domains).astype(np.intp)


def _units(
    rows: pd.DataFrame, strata: Sequence[str], cluster: str | None, population: str | None
) -> _Units:
    stratum, _ = _domains(rows, strata)
    count = int(stratum.max(initial=0)) + 1
    if cluster is None:
        clusters, n = None, np.bincount(stratum, minlength=count).astype(float)
    else:
        both = stratum * (int(_numbers(rows[cluster]).max(initial=0)) + 1) + _numbers(rows[cluster])
        present, clusters = np.unique(both, return_inverse=True)
        owner = np.zeros(len(present), np.intp)
        owner[clusters] = stratum
        n = np.bincount(owner, minlength=count).astype(float)
    lonely = n <= 1
    scale = np.where(lonely, 1.0, n / np.maximum(n - 1, 1))
    if population is not None:
        drawn = np.zeros(count)
        drawn[stratum] = rows[population].to_numpy(float)
        scale *= np.maximum(1 - n / drawn, 0.0)
    return _Units(stratum, clusters, n, scale, np.where(lonely, 0.0, 1 / np.maximum(n, 1)))


def _calibrated(rows: pd.DataFrame, weights: Weights, w: Array, residuals: str) -> _Calibrated:
    constraints = weights.constraints
    cell = weights.cell_of(rows)
    places, width = local_places(constraints)
    metric = weights.cells["base_weight_of_row"].to_numpy(float)
    metric = metric if residuals == "base" else np.ones(len(metric))
    counted = weights.cells[ROWS].to_numpy(float)
    matrices = cross(constraints, places, width, metric * counted)
    return _Calibrated(
        w,
        constraints.group[cell],
        tuple(place[cell] for place in places),
        width,
        constraints.groups,
        np.asarray(np.linalg.pinv(matrices, rcond=1e-11, hermitian=True), np.float64),
        metric[cell],
    )


def _domains(rows: pd.DataFrame, by: Sequence[str]) -> tuple[Ids, pd.DataFrame]:
    if not by:
        return np.zeros(len(rows), np.intp), pd.DataFrame(index=range(1))
    grouped = rows.groupby([*by], sort=True, dropna=False)
    names = grouped.size().index.to_frame(index=False)
    return np.asarray(grouped.ngroup(), np.intp), names


def _numbers(values: pd.Series) -> Ids:
    codes, _ = pd.factorize(values, use_na_sentinel=False)
    return codes.astype(np.intp)


def _problems(frame: pd.DataFrame, columns: Sequence[str | None], level: float) -> list[Problem]:
    found = [
        Problem(name, "the rows have no such column", "Name a column of the rows")
        for name in columns
        if name is not None and name not in frame.columns
    ]
    if not 0 < level < 1:
        found.append(Problem("level", f"it must be between 0 and 1, received {level}", "Give .95"))
    return found
