"""Plans that start in different years: effects by start and wave, and by years of exposure.

Callaway & Sant'Anna (2021, DOI 10.1016/j.jeconom.2020.12.001): each group of areas that start together is compared, from the wave before it starts, with areas not yet or never
treated. Two-way fixed effects would compare late starters with early ones, whose effect may still
be growing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from processing.errors import Problem, StatisticsError, stop_if_any

from .doubly_robust import doubly_robust
from .event_study import EventStudy

Array = NDArray[np.float64]
Against = Literal["never", "not yet"]
Base = Literal["varying", "universal"]


@dataclass(frozen=True)
class StaggeredEffects:
    """Frames of effects: each has estimate, standard_error, low, high, p and the areas behind it.

    `by_group` has a row a start and wave (waves before the start are checks), `by_exposure` a row
    for each number of waves since the start, `overall` one for the mean over treated area-waves
    and one for the mean over lengths of exposure. SEs are of influence functions over areas, with
    n − 1 in their variances as R's `did` has it with n; intervals are normal, one by one, and
    `band` is the multiple of the SE that holds all of `by_exposure` at once. `covariance` is that of
    `by_exposure`; `pretest` the p of no effect in any group and wave before its start (Wald; nan
    where there is no such wave).
    """

    by_group: pd.DataFrame
    by_exposure: pd.DataFrame
    overall: pd.DataFrame
    band: float
    areas: int
    never_treated: int
    against: Against
    level: float
    base: Base = "varying"
    covariance: Array = field(default_factory=lambda: np.zeros((0, 0)), repr=False)
    pretest: float = float("nan")

    def event_study(self) -> EventStudy:
        """Effects by exposure against the wave before the start, for `parted_trends`.

        Raises StatisticsError where they were made with another base, or no wave is left before.
        """
        if self.base != "universal":
            raise StatisticsError(
                Problem(
                    "base",
                    "effects before the start are changes from the wave before each",
                    'Make them with base="universal"',
                )
            )
        exposure = self.by_exposure["exposure"].to_numpy(int)
        # The stretch of waves without a gap around the start.
        waves = set(exposure.tolist()) | {-1}
        first, last = -1, -1
        while first - 1 in waves:
            first -= 1
        while last + 1 in waves:
            last += 1
        kept = (exposure >= first) & (exposure <= last)
        return EventStudy(
            self.by_exposure["estimate"].to_numpy(float)[kept],
            self.covariance[np.ix_(kept, kept)],
            before=int((exposure[kept] < 0).sum()),
        )

    def to_frame(self) -> pd.DataFrame:
        """All three, one above the other, told apart by the column `what`."""
        parts = {"group": self.by_group, "exposure": self.by_exposure, "overall": self.overall}
        return pd.concat(
            [part.assign(what=name) for name, part in parts.items()], ignore_index=True
        )

    def __str__(self) -> str:
        lines = [
            f"{row.what}: {row.estimate:.3g} ({row.low:.3g} to {row.high:.3g})"
            for row in self.overall.itertuples()
        ]
        lines += [
            f"exposure {row.exposure:+d}: {row.estimate:.3g} ({row.low:.3g} to {row.high:.3g})"
            for row in self.by_exposure.itertuples()
        ]
        return "\n".join(lines)


def staggered_effects(
    frame: pd.DataFrame,
    outcome: str,
    start: str,
    *,
    area: str,
    wave: str,
    weights: str | None = None,
    covariates: Sequence[str] = (),
    against: Against = "never",
    base: Base = "varying",
    level: float = 0.95,
    draws: int = 999,
    seed: int = 1,
) -> StaggeredEffects:
    """Effects of plans that start in different waves, from a row for each area and wave.

    Definition: ATT(g, t) = E[Y_t − Y_b | start g] − E[Y_t − Y_b | comparison], with b the wave
    before g, and before the start the wave before t (with a universal `base` the wave before g
    there too); means over areas, weighted by `weights` (one weight an area: its mean over waves).
    `start` is the wave of the start, missing or 0 for never.
    Areas that miss a wave are left out. With `covariates`, taken from the earlier of the two waves
    that are compared, each comparison is doubly robust (see `doubly_robust`). Raises StatisticsError
    with every problem.
    """
    wide, starts, sizes, times = _wide(frame, outcome, start, area, wave, weights)
    known = _covariates(frame, covariates, area, wave, outcome, start)
    never = ~np.isfinite(starts)
    groups = [g for g in np.unique(starts[~never]) if g > times[0]]
    stop_if_any(_problems(groups, never, times, start, against))
    cells = [
        cell
        for g in groups
        for t in range(len(times))
        if (cell := _cell(wide, starts, sizes, times, g, t, against, base, known)) is not None
    ]
    shares = {g: sizes[starts == g].sum() / sizes.sum() for g in groups}
    found = _Found(cells, starts, sizes, shares)
    z = float(stats.norm.ppf((1 + level) / 2))
    exposures = sorted({cell.exposure for cell in cells})
    rows = [found.mean(lambda c, e=e: c.exposure == e) for e in exposures]  # type: ignore[misc]
    by_exposure = _frame(rows, z, exposure=exposures)
    later = [row for row, e in zip(rows, exposures, strict=True) if e >= 0]
    dynamic = (
        float(np.mean([one for one, _ in later])),
        np.mean([influence for _, influence in later], axis=0),
    )
    overall = _frame(
        [found.mean(lambda c: c.exposure >= 0), dynamic],
        z,
        what=["mean over treated area-waves", "mean over lengths of exposure"],
    )
    by_group = _frame(
        [(c.estimate, c.influence) for c in cells],
        z,
        start=[c.start for c in cells],
        wave=[c.wave for c in cells],
        exposure=[c.exposure for c in cells],
        areas=[int((starts == c.start).sum()) for c in cells],
    )
    influences = np.array([influence for _, influence in rows])
    return StaggeredEffects(
        by_group,
        by_exposure,
        overall,
        _band(influences, draws, seed, level),
        len(starts),
        int(never.sum()),
        against,
        level,
        base,
        influences @ influences.T / len(starts) ** 2,
        _pretest([cell for cell in cells if cell.exposure < 0]),
    )


@dataclass(frozen=True)
class _Cell:
    """One group in one wave."""

    start: float
    wave: float
    exposure: int
    estimate: float
    influence: Array  # (areas,)


@dataclass(frozen=True)
class _Found:
    cells: list[_Cell]
    starts: Array
    sizes: Array
    shares: dict[float, float]

    def mean(self, wanted: Callable[[_Cell], bool]) -> tuple[float, Array]:
        """The mean of cells weighted by their groups' shares, which are estimated too."""
        chosen = [cell for cell in self.cells if wanted(cell)]
        share = np.array([self.shares[cell.start] for cell in chosen])
        weight = share / share.sum()
        estimates = np.array([cell.estimate for cell in chosen])
        influence = sum(w * cell.influence for w, cell in zip(weight, chosen, strict=True))
        relative = self.sizes / self.sizes.mean()
        moved = np.array(
            [
                relative * (self.starts == cell.start) - s
                for cell, s in zip(chosen, share, strict=True)
            ]
        )
        turned = moved / share.sum() - np.outer(weight, moved.sum(axis=0) / share.sum())
        return float(weight @ estimates), np.asarray(influence + estimates @ turned)


def _cell(
    wide: Array,
    starts: Array,
    sizes: Array,
    times: Array,
    g: float,
    t: int,
    against: Against,
    kind: Base,
    known: Array | None = None,
) -> _Cell | None:
    first = int(np.searchsorted(times, g))
    base = first - 1 if t >= first or kind == "universal" else t - 1
    if base < 0 or t == base:
        return None
    treated = starts == g
    later = ~np.isfinite(starts)
    if against == "not yet":
        later = later | ((starts > times[max(t, base)]) & ~treated)
    if not later.any():
        return None
    change = wide[:, t] - wide[:, base]
    one, other = sizes * treated, sizes * later
    mean_1, mean_0 = (one @ change) / one.sum(), (other @ change) / other.sum()
    n = len(starts)
    if known is not None:
        among = np.flatnonzero(treated | later)
        x = np.column_stack([np.ones(len(among)), known[among, :, min(t, base)]])
        estimate, own = doubly_robust(change[among], treated[among].astype(float), x, sizes[among])
        influence = np.zeros(n)
        influence[among] = own * n / len(among)
        return _Cell(float(g), float(times[t]), t - first, estimate, influence)
    influence = n * (one / one.sum() * (change - mean_1) - other / other.sum() * (change - mean_0))
    return _Cell(float(g), float(times[t]), t - first, float(mean_1 - mean_0), influence)


def _frame(rows: list[tuple[float, Array]], z: float, **keys: list) -> pd.DataFrame:  # type: ignore[type-arg]
    estimates = np.array([one for one, _ in rows])
    errors = np.array([np.sqrt((influence**2).mean() / len(influence)) for _, influence in rows])
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * stats.norm.sf(np.abs(estimates) / errors)
    return pd.DataFrame(
        {
            **keys,
            "estimate": estimates,
            "standard_error": errors,
            "low": estimates - z * errors,
            "high": estimates + z * errors,
            "p": p,
        }
    )


def _pretest(cells: list[_Cell]) -> float:
    """Wald's test of all cells before their start, as R's `did` has it."""
    if not cells:
        return float("nan")
    influence = np.array([cell.influence for cell in cells])
    covariance = influence @ influence.T / influence.shape[1] ** 2
    estimates = np.array([cell.estimate for cell in cells])
    if np.linalg.matrix_rank(covariance) < len(cells):
        return float("nan")
    return float(stats.chi2(len(cells)).sf(estimates @ np.linalg.solve(covariance, estimates)))


def _band(influences: Array, draws: int, seed: int, level: float) -> float:
    """The quantile of the largest |t| over exposures, by multiplier bootstrap."""
    errors = np.sqrt((influences**2).mean(axis=1) / influences.shape[1])
    usable = errors > 0
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (draws, influences.shape[1]))
    t = np.abs(signs @ influences[usable].T / influences.shape[1]) / errors[usable]
    return float(np.quantile(t.max(axis=1), level))


def _wide(
    frame: pd.DataFrame, outcome: str, start: str, area: str, wave: str, weights: str | None
) -> tuple[Array, Array, Array, Array]:
    columns = list(dict.fromkeys([outcome, start, area, wave, *([weights] if weights else [])]))
    stop_if_any(
        [
            Problem(name, "the frame has no such column", "Name one that it has")
            for name in columns
            if name not in frame.columns
        ]
    )
    twice = frame.duplicated([area, wave])
    if twice.any():
        first = frame.loc[twice, [area, wave]].iloc[0]
        raise StatisticsError(
            Problem(
                f"{area} {first.iloc[0]}, {wave} {first.iloc[1]}",
                "there is more than one row",
                "Give one row an area and wave: the area's mean",
            )
        )
    wide = frame.set_index([area, wave])[outcome].unstack().sort_index(axis=1).dropna()  # noqa: PD010  # wanted: a row twice is refused above
    by_area = frame.groupby(area)
    pairs = frame[[area, start]].drop_duplicates()
    if pairs.duplicated(area).any():
        raise StatisticsError(
            Problem(
                f"{area} {pairs.loc[pairs.duplicated(area), area].iloc[0]}",
                f"{start} changes over waves",
                "An area starts once",
            )
        )
    starts = by_area[start].first().reindex(wide.index).astype(float).to_numpy()
    starts = np.where(np.isnan(starts) | (starts <= 0), np.inf, starts)
    times = wide.columns.to_numpy(float)
    starts = np.where(starts > times[-1], np.inf, starts)
    kept = starts > times[0]
    sizes = (
        by_area[weights].mean().reindex(wide.index).to_numpy(float)
        if weights
        else np.ones(len(wide))
    )
    return wide.to_numpy(float)[kept], starts[kept], sizes[kept], times


def _covariates(
    frame: pd.DataFrame, names: Sequence[str], area: str, wave: str, outcome: str, start: str
) -> Array | None:
    """(areas, covariates, waves) in the order of `_wide`; None where there are none."""
    if not names:
        return None
    stop_if_any(
        Problem(name, "the frame has no such column, or it is empty in places", "Fill it")
        for name in names
        if name not in frame.columns or frame[name].isna().any()
    )
    indexed = frame.set_index([area, wave])
    wide = indexed[outcome].unstack().sort_index(axis=1).dropna()  # noqa: PD010  # as in _wide
    first = frame.groupby(area)[start].first().reindex(wide.index).astype(float).to_numpy()
    before = np.isnan(first) | (first <= 0) | (first > float(wide.columns.to_numpy(float)[0]))
    return np.stack(
        [
            indexed[name].unstack().reindex(wide.index)[wide.columns].to_numpy(float)[before]  # noqa: PD010
            for name in names
        ],
        axis=1,
    )


def _problems(
    groups: list[float], never: NDArray[np.bool_], times: Array, start: str, against: Against
) -> list[Problem]:
    found = []
    if not groups:
        found.append(
            Problem(
                start, f"no area starts after the first wave, {times[0]:g}", "There is no before"
            )
        )
    if against == "never" and not never.any():
        found.append(
            Problem(start, "every area is treated in the end", 'Compare with `against="not yet"`')
        )
    return found
