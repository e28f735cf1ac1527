"""What the margins explain of a score: the regression by which calibration lessens a variance.

Deville & Särndal (1992, DOI 10.1080/01621459.1992.10475217): the variance of a calibrated mean is that
of the residuals of its regression on the margins. All it needs of persons are sums by area, so that
it can be had of any number of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .calibration import Array, Ids, cross, local_places
from .spot_keys import SpotKeys
from .weighting_cells import ROWS
from .weights import Weights


@dataclass(frozen=True)
class MarginRegression:
    """Each weighting cell's place in its group's design, and the groups' inverses.

    `group` and `metric` have a value a cell, `places` a column of the design a cell and margin;
    `inverse` (groups + 1, width, width) is the pseudo-inverse of Σ m·xx'. The last cell, at -1, is of
    rows that no margin counts: it is in no group, its inverse is 0, and margins explain nothing.
    """

    group: Ids
    places: tuple[Ids, ...]
    width: int
    inverse: Array
    metric: Array

    @classmethod
    def of(cls, weights: Weights, *, equal: bool = False) -> MarginRegression:
        """`equal` regresses without base weights, as R's `rake` does; else as its `calibrate`."""
        constraints = weights.constraints
        places, width = local_places(constraints)
        metric = weights.cells["base_weight_of_row"].to_numpy(float)
        metric = np.ones(len(metric)) if equal else metric
        counted = weights.cells[ROWS].to_numpy(float)
        matrices = cross(constraints, places, width, metric * counted)
        inverse = np.linalg.pinv(matrices, rcond=1e-11, hermitian=True)
        return cls(
            np.append(constraints.group, len(inverse)),
            tuple(np.append(place, 0) for place in places),
            width,
            np.concatenate([inverse, np.zeros((1, width, width))]),
            np.append(metric, 0.0),
        )

    @property
    def groups(self) -> int:
        return len(self.inverse) - 1


class MarginSums:
    """Sums by area-wave (h) and scale of what the regression needs; they add up.

    Shapes, with p columns and C cohorts: `wx` (h, p), `wwxx` (h, p·p) of all rows with a weight;
    `by_scale` (scales, 4, h·C, p): Σ m·x·y, Σ m·x, Σ w²·x·y, Σ w²·x of rows with the score.
    """

    def __init__(self, regression: MarginRegression, keys: SpotKeys, scales: Sequence[str]) -> None:
        width, spots, cohorts = regression.width, keys.spots, len(keys.cohorts)
        self.regression = regression
        self.keys = keys
        self.scales = tuple(scales)
        self.group = np.full(spots, -1, np.intp)
        self.wx = np.zeros((spots, width))
        self.wwxx = np.zeros((spots, width * width))
        self.by_scale = np.zeros((len(scales), 4, spots * cohorts, width))

    def add_rows(self, cell: Ids, spot: Ids, w: Array) -> None:
        """All rows with a weight, whatever they answered."""
        known = self.regression
        # Each area-wave that no margin counts is a group of its own, beyond the others.
        self.group[spot] = np.where(cell < 0, known.groups + spot, known.group[cell])
        places = [place[cell] for place in known.places]
        for one in places:
            np.add.at(self.wx.reshape(-1), spot * known.width + one, w)
            for other in places:
                at = (spot * known.width + one) * known.width + other
                np.add.at(self.wwxx.reshape(-1), at, w * w)

    def add_scores(self, scale: int, cell: Ids, key: Ids, w: Array, y: Array) -> None:
        """The rows that have a score; `key` is spot and cohort together."""
        known = self.regression
        m, ww = known.metric[cell], w * w
        for place in known.places:
            at = key * known.width + place[cell]
            for row, value in enumerate((m * y, m, ww * y, ww)):
                np.add.at(self.by_scale[scale, row].reshape(-1), at, value)

    def take(self, other: MarginSums) -> None:
        """Take another part's sums in."""
        self.group = np.maximum(self.group, other.group)
        self.wx += other.wx
        self.wwxx += other.wwxx
        self.by_scale += other.by_scale

    def of_cohort(self, scale: str, cohort: str) -> Array:
        """(4, h, p) of one cohort, or of all together."""
        sums = self.by_scale[self.scales.index(scale)]
        apart = sums.reshape(4, len(self.group), len(self.keys.cohorts), -1)
        if cohort == "all":
            whole: Array = apart.sum(axis=2)
            return whole
        own: Array = apart[:, :, self.keys.cohorts.get_loc(cohort)]
        return own


class Domains:
    """Which area-waves make up each domain (pairs of `domain` and `spot`), for one design of groups.

    What lies in a domain and what lies beside it in its calibration groups is found once, for all
    scores: every pair of domain and group is held against all area-waves of the group.
    """

    def __init__(self, domain: Ids, spot: Ids, count: int, margins: MarginSums) -> None:
        self.domain, self.spot, self.count = domain, spot, count
        self.margins = margins
        spots = len(margins.group)
        groups = margins.regression.groups + spots
        code, self.pair = np.unique(domain * groups + margins.group[spot], return_inverse=True)
        self.of_domain, self.of_group = np.divmod(code, groups)
        self.known = np.minimum(self.of_group, margins.regression.groups)
        order, first, size = _by_group(margins.group, groups)
        reach = size[self.of_group]
        self.of_pair = np.repeat(np.arange(len(code)), reach)
        step = np.arange(reach.sum()) - np.repeat(np.cumsum(reach) - reach, reach)
        self.met = order[first[self.of_group[self.of_pair]] + step]
        self.meets = self.of_domain[self.of_pair]
        inside = np.isin(self.meets * spots + self.met, domain * spots + spot)
        self.inside = inside.astype(float)

    def variance(
        self, mean: Array, sums: Array, x_sums: Array, scale: Array, centre: Array
    ) -> Array:
        """(count,) Σ_h a_h [Σ e² − (Σ e)²/n_h], e = w(z − x'B); divided by (Σw)² it is the variance.

        Rows of a calibration group that lie outside the domain have z = 0 and still their x'B.
        Parameters: each domain's `mean`; `sums` (5, h) w, wy, ww, wwy, wwyy; `x_sums` (4, h, p);
        `scale` a_h = n_h/(n_h − 1), 1 where n_h is 1, and `centre` 1/n_h, 0 there.
        """
        margins, met = self.margins, self.met
        mxy, mx, wwxy, wwx = x_sums
        explained = np.zeros((len(self.of_domain), margins.regression.width))
        own = mean[self.domain][:, None]
        np.add.at(explained, self.pair, mxy[self.spot] - own * mx[self.spot])
        slope = np.einsum("gab,gb->ga", margins.regression.inverse[self.known], explained)
        b, y = slope[self.of_pair], mean[self.meets]
        w, wy, ww, wwy, wwyy = sums[:, met] * self.inside
        crossed = ((wwxy[met] - y[:, None] * wwx[met]) * b).sum(axis=1) * self.inside
        outer = margins.wwxx[met].reshape(len(met), b.shape[1], -1)
        squares = wwyy - 2 * y * wwy + y**2 * ww - 2 * crossed
        squares += (np.einsum("kab,kb->ka", outer, b) * b).sum(axis=1)
        total = wy - y * w - (margins.wx[met] * b).sum(axis=1)
        parts = scale[met] * (squares - centre[met] * total**2)
        return np.asarray(np.bincount(self.meets, parts, self.count), np.float64)


def _by_group(group: Ids, groups: int) -> tuple[Ids, Ids, Ids]:
    """Area-waves in the order of their groups, where each group begins, and how many it has."""
    order = np.argsort(group, kind="stable").astype(np.intp)
    size = np.bincount(group[group >= 0], minlength=groups).astype(np.intp)
    first = int((group < 0).sum()) + np.cumsum(size) - size
    return order, first.astype(np.intp), size
