"""One group of areas in one wave against those not treated, and means of such cells.

An area's part in a mean is its influence function; brought up by its leverage, the squares add up to
CR2's variance, since areas of one start vary about their own mean. An area that starts alone has no
such mean: it is taken to vary, over the same waves, as treated areas of other starts do about theirs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from processing.errors import StatisticsError

from .areas_by_start import Areas, Array
from .doubly_robust import doubly_robust

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
    working: Array  # (n,), each area's share of the variance were all rows alike
    treated: NDArray[np.bool_]
    others: NDArray[np.bool_]
    # Of an area that starts alone, by its place: what others show of it (n,), of which squares add up.
    borrowed: dict[int, Array] = field(default_factory=dict)

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


def mean_of(panel: Areas, cells: list[Cell], alone: NDArray[np.bool_] | None = None) -> Mean:
    """The mean of cells weighted by the sizes of their treated areas.

    `alone` are areas that start alone in one of several means whose covariance is wanted.
    """
    n = len(panel.starts)
    alone = alone_in(panel, cells) if alone is None else alone
    relative = panel.sizes / panel.sizes.mean()
    share = np.array([relative[cell.treated].sum() / n for cell in cells])
    weight = share / share.sum()
    estimates = np.array([cell.estimate for cell in cells])
    influence = np.zeros(n)
    loads, leverage = np.zeros((n, len(panel.times))), np.zeros(n)
    for w, cell in zip(weight, cells, strict=True):
        influence += w * cell.influence
        for arm, sign in ((cell.treated, 1.0), (cell.others, -1.0)):
            own = panel.sizes[arm] / panel.sizes[arm].sum()
            loads[arm, cell.t] += sign * w * own
            loads[arm, cell.base] -= sign * w * own
            if sign < 0 or len(own) > 1:
                leverage[arm] = np.maximum(leverage[arm], own)
    # Shares are estimated too, where starts are taken as drawn.
    moved = np.array([relative * c.treated - s for c, s in zip(cells, share, strict=True)])
    turned = moved / share.sum() - np.outer(weight, moved.sum(axis=0) / share.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        raised = np.where(leverage < 1, influence / n / np.sqrt(1 - leverage), np.nan)
    working, borrowed = (loads**2).sum(axis=1), {}
    for i in np.flatnonzero(alone & (leverage < 1) & (working > 0)):
        raised[i], borrowed[int(i)], lent = _borrowed(panel, loads[i], alone)
        if lent.any():
            working += working[i] * (lent - (np.arange(n) == i))
    return Mean(
        float(weight @ estimates),
        influence + estimates @ turned,
        raised,
        working,
        np.any([cell.treated for cell in cells], axis=0),
        np.any([cell.others for cell in cells], axis=0),
        borrowed,
    )


def _borrowed(panel: Areas, loads: Array, alone: NDArray[np.bool_]) -> tuple[float, Array, Array]:
    """What treated areas of other starts show of how one with these `loads` on waves (T,) varies.

    Returns 0 (nan where no two of one start were seen in its waves), residuals (n,) whose squares add
    up to its variance, and each area's share of the degrees of freedom (n,).
    """
    waves = loads != 0
    shown = panel.wide[:, waves] @ loads[waves]
    lenders = ~panel.never & ~alone & ~np.isnan(shown)
    residuals, free = np.zeros(len(shown)), np.zeros(len(shown))
    for start in np.unique(panel.starts[lenders]):
        mine = lenders & (panel.starts == start)
        residuals[mine] = shown[mine] - shown[mine].mean()
        free[mine] = 1 - 1 / mine.sum()
    if not free.any():
        return float("nan"), residuals, free
    return 0.0, residuals / np.sqrt(free.sum()), free / free.sum()


def mean_of_means(rows: list[Mean]) -> Mean:
    """The mean over lengths of exposure, each alike."""
    k = len(rows)
    areas = sorted(set().union(*(row.borrowed for row in rows)))
    borrowed = {
        i: np.sum([row.borrowed[i] for row in rows if i in row.borrowed], axis=0) / k for i in areas
    }
    return Mean(
        float(np.mean([row.estimate for row in rows])),
        np.mean([row.influence for row in rows], axis=0),
        np.sum([row.raised for row in rows], axis=0) / k,
        np.sum([row.working for row in rows], axis=0) / k**2,
        np.any([row.treated for row in rows], axis=0),
        np.any([row.others for row in rows], axis=0),
        borrowed,
    )
