"""Plans that start in different years: effects by start and wave, and by years of exposure.

Callaway & Sant'Anna (2021, DOI 10.1016/j.jeconom.2020.12.001): each group of areas that start together is compared, from the wave before it starts, with areas not yet or never
treated. Two-way fixed effects would compare late starters with early ones, whose effect may still
be growing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy import stats

from processing.errors import Problem, StatisticsError, stop_if_any

from .areas_by_start import Areas, Array, laid_out, lay_out
from .cluster_variance import Variance
from .difference import by_t
from .event_study import EventStudy
from .left_out import LeftOut, cells_and_left_out, unseen_starts
from .randomisation import Randomisation
from .randomised_starts import randomised_starts
from .start_cells import (
    Against,
    Base,
    Cell,
    Mean,
    alone_in,
    by_years,
    mean_of,
    mean_of_means,
)
from .trust import which_to_trust

OVER_WAVES = "treated area-waves"


@dataclass(frozen=True)
class StaggeredEffects:
    """Frames of effects: estimate, standard_error, df, low, high, p, method and the areas behind it.

    `by_group` has a row a start and wave (waves before the start are checks), `by_exposure` a row
    for each number of waves since the start, `by_years` one for each whole number of years that plans
    have run (where years are known), `overall` one for the mean over treated area-waves and one for
    the mean over lengths of exposure. `treated` and `comparison` count areas, `alone` those that start
    alone.

    Standard errors are CR2's, with starts as they are, and `df` Satterthwaite's, both of independent
    equal errors as in two-way effects: exact with weights and where areas miss waves
    (`working_model`); with covariates the standard errors are of influence functions, and the df are
    lessened for each, which is approximate. An area that starts alone has no variance that is its
    own, and is taken to vary as treated areas of other starts do over the same waves. `low`,
    `high` and `p` stand where these are to be trusted (`which_to_trust`), and then `method` is CR2;
    else it is empty. `asymptotic_error` is that of R's `did`, in which starts are drawn too and n stands for n − 1; `band` is the multiple
    of it that holds all of `by_exposure` at once. `covariance` is that of `by_exposure`; `pretest`
    the p of no effect in any group and wave before its start (Wald; nan where there is no such wave).
    """

    by_group: pd.DataFrame
    by_exposure: pd.DataFrame
    by_years: pd.DataFrame
    overall: pd.DataFrame
    band: float
    areas: int
    never_treated: int
    against: Against
    level: float
    base: Base = "varying"
    covariance: Array = field(default_factory=lambda: np.zeros((0, 0)), repr=False)
    pretest: float = float("nan")
    randomised: Randomisation | None = None
    left_out: tuple[LeftOut, ...] = ()
    """Starts of which nothing is told, or nothing in some waves, with the reason."""

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
        """All of them, one above the other, told apart by the column `what`."""
        parts = {
            "group": self.by_group,
            "exposure": self.by_exposure,
            "years": self.by_years,
            "overall": self.overall,
        }
        return pd.concat(
            [part.assign(what=name) for name, part in parts.items() if len(part)],
            ignore_index=True,
        )

    def __str__(self) -> str:
        lines = [
            f"mean over {row.over}: {row.estimate:.3g} (SE {row.standard_error:.3g})"
            for row in self.overall.itertuples()
        ]
        lines += [
            f"exposure {row.exposure:+d}: {row.estimate:.3g} (SE {row.standard_error:.3g})"
            for row in self.by_exposure.itertuples()
        ]
        return "\n".join([*lines, *map(str, self.left_out)])


def staggered_effects(
    frame: pd.DataFrame,
    outcome: str,
    start: str,
    *,
    area: str,
    wave: str,
    weights: str | None = None,
    covariates: Sequence[str] = (),
    years: str | None = None,
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
    Means of these weigh each by the areas it is of.

    `start` is the wave of the start, missing or 0 for never; areas that start in the first wave have
    no before and are left out. `years` are those since the plan began, in treated rows. An area that
    misses a wave is left out of the comparisons that need it: so are waves after a plan's end, where
    they are not in the frame. Starts that nothing can be told of, as the last one where every area is
    treated in the end, are named (`left_out`). With `covariates`, taken from the earlier of the two waves that are
    compared, each comparison is doubly robust (see `doubly_robust`). Without, the mean over treated
    area-waves is also held against what other assignments of starts would show (`randomised`; not
    with `draws` of 0, nor is the band).

    Equal to R: ATT(g, t) and asymptotic errors to `did`; standard errors and df of each and of their
    means, weighted too, to clubSandwich 0.5.8 where no area misses a wave. Raises StatisticsError with every problem.
    """
    panel = lay_out(frame, outcome, start, area, wave, weights)
    known = laid_out(frame, covariates, panel, area, wave)
    run = laid_out(frame, [years] if years else [], panel, area, wave, blank=True)
    groups = [g for g in np.unique(panel.starts[~panel.never]) if g > panel.times[0]]
    stop_if_any(_problems(groups, panel, start, against))
    cells, left_out = cells_and_left_out(panel, groups, against, base, known)
    left_out = [*unseen_starts(frame, panel, area, start), *left_out]
    later = [cell for cell in cells if cell.exposure >= 0]
    if not later:
        raise StatisticsError(
            *(
                Problem(start, str(one).rstrip("."), "There is no effect by start")
                for one in left_out
            )
        )
    parts = by_years(panel, later, run, known, against)
    # What the others add up to, as a category that nobody named, takes no degree of freedom.
    several = np.column_stack([np.ones(len(frame)), frame[[*covariates]].to_numpy(float)])
    telling = int(np.linalg.matrix_rank(several)) - 1
    told = _told(panel, cells, parts, telling, against, base, level, draws, seed)
    return replace(told, left_out=tuple(left_out))


def _told(
    panel: Areas,
    cells: list[Cell],
    parts: dict[int, list[Cell]],
    covariates: int,
    against: Against,
    base: Base,
    level: float,
    draws: int,
    seed: int,
) -> StaggeredEffects:
    tell = _Teller(panel, covariates, level)
    exposures = sorted({cell.exposure for cell in cells})
    by_exposure = [[c for c in cells if c.exposure == e] for e in exposures]
    later = [cell for cell in cells if cell.exposure >= 0]
    since = [one for one, e in zip(by_exposure, exposures, strict=True) if e >= 0]
    alone = alone_in(panel, cells)
    rows = [mean_of(panel, one, alone) for one in by_exposure]
    influences = np.array([row.influence for row in rows])
    return StaggeredEffects(
        by_group=tell.frame(
            [mean_of(panel, [c]) for c in cells],
            start=[c.start for c in cells],
            wave=[c.wave for c in cells],
            exposure=[c.exposure for c in cells],
            areas=[int(c.treated.sum()) for c in cells],
        ),
        by_exposure=tell.frame(rows, exposure=exposures),
        by_years=tell.frame([mean_of(panel, one) for one in parts.values()], years=[*parts]),
        overall=tell.frame(
            [mean_of(panel, later), mean_of_means(panel, since)],
            over=[OVER_WAVES, "lengths of exposure"],
        ),
        band=_band(influences, draws, seed, level) if draws else float("nan"),
        areas=len(panel.starts),
        never_treated=int(panel.never.sum()),
        against=against,
        level=level,
        base=base,
        covariance=np.array([[one.covariance(other) for other in rows] for one in rows]),
        pretest=_pretest([cell for cell in cells if cell.exposure < 0]),
        randomised=None
        if covariates or not draws
        else randomised_starts(panel, against, draws, seed, level),
    )


@dataclass(frozen=True)
class _Teller:
    panel: Areas
    covariates: int
    level: float

    def frame(self, rows: list[Mean], **keys: Sequence[object]) -> pd.DataFrame:
        told = [self._row(one) for one in rows]
        columns = {name: [row[name] for row in told] for name in told[0]} if told else {}
        return pd.DataFrame({**keys, **columns})

    def _row(self, one: Mean) -> dict[str, object]:
        asymptotic = float(np.sqrt((one.influence**2).mean() / len(one.influence)))
        variance = Variance("CR2", one.covariance(one), self._df(one))
        treated, others = int(one.treated.sum()), int((one.others & ~one.treated).sum())
        trust = which_to_trust(treated, others, variance.df, 0)
        trusted = trust.method == "CR2" and variance.variance > 0
        nan = float("nan")
        test = by_t("CR2", one.estimate, variance, self.level) if trusted else None
        return {
            "estimate": one.estimate,
            "standard_error": float(np.sqrt(variance.variance)),
            "df": variance.df,
            "low": test.low if test else nan,
            "high": test.high if test else nan,
            "p": test.p if test else nan,
            "method": "CR2" if trusted else "",
            "treated": treated,
            "comparison": others,
            "alone": len(one.borrowed),
            "asymptotic_error": asymptotic,
        }

    def _df(self, one: Mean) -> float:
        """Satterthwaite's, less what covariates take of the areas that are never treated."""
        if not self.covariates or one.df <= 0:
            return one.df
        size = self.panel.sizes[self.panel.never & one.others]
        free = float(size.sum() ** 2 / (size**2).sum()) - 1 if len(size) else 0.0
        left = free - self.covariates
        if left <= 1e-9:
            return 0.0
        return 1 / (1 / one.df + one.of_never**2 * (1 / left - 1 / free))


def _pretest(cells: list[Cell]) -> float:
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
    if not usable.any():
        return float("nan")
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (draws, influences.shape[1]))
    t = np.abs(signs @ influences[usable].T / influences.shape[1]) / errors[usable]
    return float(np.quantile(t.max(axis=1), level))


def _problems(groups: list[float], panel: Areas, start: str, against: Against) -> list[Problem]:
    found = []
    if not groups:
        found.append(
            Problem(
                start,
                f"no area starts after the first wave, {panel.times[0]:g}",
                "There is no before",
            )
        )
    if against == "never" and not panel.never.any():
        found.append(
            Problem(start, "every area is treated in the end", 'Compare with `against="not yet"`')
        )
    return found
