"""One group of areas in one wave against those not treated, and means of such cells.

An area's part in a mean is its influence function; brought up to what it would be were the means known
that it is told about, the squares add up to CR2's variance (`working_model`). An area that starts alone has no
such mean: it is taken to vary, over the same waves, as treated areas of other starts do about theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from processing.errors import StatisticsError

from .areas_by_start import Areas, Array
from .doubly_robust import doubly_robust
from .panel import without_rounding
from .working_model import Arms, Parts

Mask = NDArray[np.bool_]
Against = Literal["never", "not yet"]
Base = Literal["varying", "universal"]


@dataclass(frozen=True)
class Cell:
    """One group in one wave: those of it who were seen in both waves, against the others who were."""

    start: float
    wave: float
    exposure: int
    estimate: float
    influence: Array  # (n,)
    treated: NDArray[np.bool_]  # (n,)
    others: NDArray[np.bool_]  # (n,)
    t: int
    base: int


@dataclass(frozen=True)
class Mean:
    """A mean of cells: its influence function as `did` has it, and CR2's parts over areas."""

    estimate: float
    influence: Array  # (n,)
    raised: (
        Array  # (n,), whose squares add up to CR2's variance, less that of areas that start alone
    )
    # Of an area that starts alone, by its place: what others show of it (n,), of which squares add up.
    borrowed: dict[int, Array]
    df: float
    of_never: float  # the share of the variance that areas never treated have, were all rows alike
    treated: Mask
    others: Mask
    weight: Array  # of each cell
    drawn: Array  # (n,), the part of `influence` that is there where starts are drawn

    def covariance(self, other: Mean) -> float:
        """CR2's covariance with another mean of the same areas."""
        own = float(self.raised @ other.raised)
        both = self.borrowed.keys() & other.borrowed.keys()
        return own + sum(float(self.borrowed[i] @ other.borrowed[i]) for i in sorted(both))


def cell_of(
    panel: Areas,
    g: float,
    t: int,
    against: Against,
    kind: Base,
    known: Array | None,
    among: NDArray[np.bool_] | None = None,
) -> Cell | None:
    first = int(np.searchsorted(panel.times, g))
    base = first - 1 if t >= first or kind == "universal" else t - 1
    if base < 0 or t == base:
        return None
    change = change_of(panel, t, base)
    seen = ~np.isnan(change)
    treated = (panel.starts == g) & seen
    treated = treated if among is None else treated & among
    others = panel.never.copy()
    if against == "not yet":
        others |= (panel.starts > panel.times[max(t, base)]) & (panel.starts != g)
    others &= seen
    if not (treated.any() and others.any()):
        return None
    estimate, influence = _compared(panel, change, treated, others, known, min(t, base))
    wave = float(panel.times[t])
    return Cell(float(g), wave, t - first, estimate, influence, treated, others, t, base)


def change_of(panel: Areas, t: int, base: int) -> Array:
    """Each area's change between two waves, nan where it was not seen in both."""
    change: Array = panel.wide[:, t] - panel.wide[:, base]
    return change


def _compared(
    panel: Areas,
    change: Array,
    treated: NDArray[np.bool_],
    others: NDArray[np.bool_],
    known: Array | None,
    earlier: int,
) -> tuple[float, Array]:
    n, influence = len(change), np.zeros(len(change))
    if known is not None:
        among = np.flatnonzero(treated | others)
        x = np.column_stack([np.ones(len(among)), known[among, :, earlier]])
        on = treated[among].astype(float)
        estimate, own = doubly_robust(change[among], on, x, panel.sizes[among])
        influence[among] = own * n / len(among)
        return estimate, influence
    means = []
    for arm, sign in ((treated, 1.0), (others, -1.0)):
        size = panel.sizes[arm]
        means.append(float(size @ change[arm] / size.sum()))
        influence[arm] = sign * n * size / size.sum() * (change[arm] - means[-1])
    return means[0] - means[1], influence


def by_years(
    panel: Areas, later: list[Cell], run: Array | None, known: Array | None, against: Against
) -> dict[int, list[Cell]]:
    """The treated cells by whole years that plans have run."""
    found: dict[int, list[Cell]] = {}
    if run is None:
        return found
    for cell in later:
        whole = np.floor(run[:, 0, cell.t])
        for year in np.unique(whole[cell.treated]):
            try:
                part = cell_of(panel, cell.start, cell.t, against, "varying", known, whole == year)
            except StatisticsError:
                continue  # so few have run so long that covariates tell them from all others
            if part is not None:
                found.setdefault(int(year), []).append(part)
    return dict(sorted(found.items()))


def alone_in(panel: Areas, cells: list[Cell]) -> NDArray[np.bool_]:
    """Treated areas that are the only one of their start in some cell, (n,)."""
    alone = np.zeros(len(panel.starts), bool)
    for cell in cells:
        if cell.treated.sum() == 1:
            alone |= cell.treated
    return alone


def mean_of(panel: Areas, cells: list[Cell], alone: Mask | None = None) -> Mean:
    """The mean of cells weighted by the sizes of their treated areas.

    `alone` are areas that start alone in one of several means whose covariance is wanted.
    """
    n = len(panel.starts)
    relative = panel.sizes / panel.sizes.mean()
    share = np.array([relative[cell.treated].sum() / n for cell in cells])
    weight = share / share.sum()
    estimates = np.array([cell.estimate for cell in cells])
    # Shares are estimated too, where starts are taken as drawn.
    moved = np.array([relative * c.treated - s for c, s in zip(cells, share, strict=True)])
    turned = moved / share.sum() - np.outer(weight, moved.sum(axis=0) / share.sum())
    return _mean(panel, cells, weight, estimates @ turned, alone)


def mean_of_means(panel: Areas, groups: list[list[Cell]]) -> Mean:
    """The mean over lengths of exposure, each alike."""
    rows = [mean_of(panel, cells) for cells in groups]
    weight = np.concatenate([row.weight for row in rows]) / len(rows)
    drawn = np.mean([row.drawn for row in rows], axis=0)
    return _mean(panel, [cell for cells in groups for cell in cells], weight, drawn, None)


def _mean(panel: Areas, cells: list[Cell], weight: Array, drawn: Array, alone: Mask | None) -> Mean:
    alone = alone_in(panel, cells) if alone is None else alone
    influence = np.sum([w * c.influence for w, c in zip(weight, cells, strict=True)], axis=0)
    parts = _parts(panel, cells, weight)
    own, variance = (parts.load**2).sum(axis=1), parts.variances()
    # One area alone to compare with varies about nothing, and what others show is not of it.
    lonely = np.any([cell.others & (cell.others.sum() == 1) for cell in cells], axis=0)
    told = (own > 0) & (variance > 0) & ~lonely
    scale = np.where(own > 0, np.nan, 0.0)
    scale[told] = np.sqrt(own[told] / variance[told])
    lent = {}
    for i in np.flatnonzero(alone & (own > 0) & ~lonely):
        lent[int(i)] = _lent(panel, parts.load[i], alone)
        scale[i] = 0.0 if len(lent[int(i)].area) else np.nan
    every = parts.beside([*lent.values()])
    scales = np.append(scale, np.ones(len(every.area) - len(scale)))
    treated, others = (
        np.any([getattr(cell, arm) for cell in cells], axis=0) for arm in ("treated", "others")
    )
    return Mean(
        float(weight @ [cell.estimate for cell in cells]),
        influence + drawn,
        without_rounding(
            np.where(scale == 0, 0.0, influence / len(influence) * scale),
            panel.wide[~np.isnan(panel.wide)],
        ),
        {i: some.of(panel.wide) for i, some in lent.items()},
        every.degrees_of_freedom(scales),
        float(own[panel.never].sum() / own.sum()),
        treated,
        others,
        weight,
        drawn,
    )


def _parts(panel: Areas, cells: list[Cell], weight: Array) -> Parts:
    """What each area has in a mean of cells."""
    n, times = len(panel.starts), len(panel.times)
    share, way, sign = [], [], []
    for w, cell in zip(weight, cells, strict=True):
        change = np.zeros(times)
        change[cell.t], change[cell.base] = 1.0, -1.0
        for arm, s in ((cell.treated, w), (cell.others, -w)):
            size = np.where(arm, panel.sizes, 0.0)
            share.append(size / size.sum())
            way.append(change)
            sign.append(s)
    arms = Arms(np.array(share), np.array(way))
    taken = arms.share.T * np.array(sign)
    return Parts(np.arange(n), taken @ arms.way, taken, arms)


def _lent(panel: Areas, load: Array, alone: Mask) -> Parts:
    """What treated areas of other starts show of how one with this `load` on waves (T,) varies.

    They are what these areas are off the mean of their start; there are none where no two of one
    start were seen in its waves.
    """
    waves = load != 0
    lenders = ~panel.never & ~alone & ~np.isnan(panel.wide[:, waves]).any(axis=1)
    starts = [
        mine
        for start in np.unique(panel.starts[lenders])
        if (mine := lenders & (panel.starts == start)).sum() > 1
    ]
    if not starts:
        empty = np.zeros((0, len(load)))
        return Parts(
            np.zeros(0, np.intp),
            empty,
            np.zeros((0, 0)),
            Arms(np.zeros((0, len(panel.starts))), empty),
        )
    free = sum(mine.sum() - 1 for mine in starts)
    area = np.flatnonzero(np.any(starts, axis=0))
    own = np.tile(load / np.sqrt(free), (len(area), 1))
    members = np.array(starts)
    arms = Arms(members / members.sum(axis=1, keepdims=True), np.tile(load, (len(starts), 1)))
    return Parts(area, own, members[:, area].T / np.sqrt(free), arms)
