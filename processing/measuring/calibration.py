"""Factors that bring cells to their margins, many groups at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .distances import Distance, cut_off, distance_of

Array = NDArray[np.float64]
Method = Literal["raking", "linear", "logit"]
Ids = NDArray[np.intp]

TOLERANCE = 1e-11
RAKING_ROUNDS = 5_000
NEWTON_ROUNDS = 200
_SWEEPS_BETWEEN_LOOKS = 8


def added(at: Ids, values: Array, size: int) -> Array:
    """(size,) the values that stand at each number, summed."""
    return np.bincount(at, values, size).astype(np.float64, copy=False)


@dataclass(frozen=True)
class Constraints:
    """What groups of cells are brought to.

    `group` names each cell's group, 0 … groups - 1. `ids[p]` gives each cell's category in margin
    p, numbered across groups in the order of the groups; `targets[p]` has a count for each and
    `owners[p]` its group. Every cell has a category in every margin, and the targets of a group's
    categories add up to the same total in each margin.
    """

    groups: int
    group: Ids
    ids: tuple[Ids, ...]
    targets: tuple[Array, ...]
    owners: tuple[Ids, ...]

    def totals(self) -> Array:
        return added(self.owners[0], self.targets[0], self.groups)

    def sums(self, margin: int, mass: Array) -> Array:
        """The mass of each category of a margin."""
        return added(self.ids[margin], mass, len(self.targets[margin]))

    def gaps(self, mass: Array) -> Array:
        """(groups,) the largest difference from a count, as a share of the group's total."""
        worst = np.zeros(self.groups)
        for margin, (target, owner) in enumerate(zip(self.targets, self.owners, strict=True)):
            np.maximum.at(worst, owner, np.abs(self.sums(margin, mass) - target))
        return worst / self.totals()

    def of(self, cells: NDArray[np.bool_]) -> tuple[Constraints, list[Ids]]:
        """The constraints of these cells alone, which are whole groups, and where they were."""
        keep = [np.unique(ids[cells]) for ids in self.ids]
        kept_groups, group = np.unique(self.group[cells], return_inverse=True)
        smaller = Constraints(
            len(kept_groups),
            group.astype(np.intp),
            tuple(np.searchsorted(k, i[cells]) for k, i in zip(keep, self.ids, strict=True)),
            tuple(t[k] for k, t in zip(keep, self.targets, strict=True)),
            tuple(
                np.searchsorted(kept_groups, o[k]) for k, o in zip(keep, self.owners, strict=True)
            ),
        )
        return smaller, keep


def calibrate(
    mass: Array,
    constraints: Constraints,
    method: Method,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> tuple[Array, Ids]:
    """Factors (a cell each) on `mass`, and the rounds that each group took.

    Definition: g minimises Σ d·D(g) with Σ d·g·x = T in every group (Deville & Särndal 1992, DOI
    10.1080/01621459.1992.10475217), D being that of raking (g = exp x'λ), of linear calibration
    (g = 1 + x'λ, cut off at the bounds) or of the logit, which stays between the bounds by itself.
    Masses should already have their group's total. Groups that do not meet their margins have the
    nearest factors found; `Constraints.gaps` tells them.
    """
    if method == "raking":
        return _rake(mass, constraints)
    low, high = (np.full(len(mass), bound) for bound in bounds)
    return _newton(mass, constraints, distance_of(method, bounds), low, high)


def calibrate_within(
    mass: Array,
    constraints: Constraints,
    method: Method,
    bounds: tuple[float, float],
    low: Array,
    high: Array,
) -> Array:
    """As `calibrate`, each cell's factor kept from `low` to `high`, which stand over `bounds`.

    The factors are those of `calibrate` cut off there. Where the limits and margins of a group
    contradict each other there are none, and its gap tells so.
    """
    lowest, highest = (np.clip(bound, low, high) for bound in bounds)
    return _newton(mass, constraints, distance_of(method, bounds), lowest, highest)[0]


def _rake(mass: Array, whole: Constraints) -> tuple[Array, NDArray[np.intp]]:
    factors = np.ones(len(mass))
    rounds = np.zeros(whole.groups, np.intp)
    cells, names = np.arange(len(mass)), np.arange(whole.groups)
    now, weight = whole, mass.copy()
    for sweep in range(1, RAKING_ROUNDS + 1):
        last = np.zeros(now.groups)
        for margin, target in enumerate(now.targets):
            there = now.sums(margin, weight)
            ratio = np.divide(target, there, out=np.ones_like(target), where=there > 0)
            weight *= ratio[now.ids[margin]]
            np.maximum.at(last, now.owners[margin], np.abs(ratio - 1))
        if sweep > 1 and sweep % _SWEEPS_BETWEEN_LOOKS and last.max() > TOLERANCE:
            continue
        done = last <= TOLERANCE
        rounds[names] = sweep
        factors[cells] = weight / mass[cells]
        if done.all():
            break
        if done.any():
            left = ~done[now.group]
            cells, weight, names = cells[left], weight[left], names[~done]
            now, _ = now.of(left)
    factors[cells] = weight / mass[cells]
    return factors, rounds


def _newton(
    mass: Array, whole: Constraints, distance: Distance, low: Array, high: Array
) -> tuple[Array, Ids]:
    factors = np.ones(len(mass))
    rounds = np.zeros(whole.groups, np.intp)
    cells, names = np.arange(len(mass)), np.arange(whole.groups)
    now = whole
    places, width = local_places(now)
    goal = _goal(now, places, width)
    slope = np.zeros((now.groups, width))
    for step in range(1, NEWTON_ROUNDS + 1):
        here, limits = mass[cells], (low[cells], high[cells])
        within = cut_off(distance, *limits)
        g, derivative = within(_along(slope, now.group, places))
        miss = goal - moments(now, places, width, here * g)
        move = solve(cross(now, places, width, here * derivative), miss)
        slope = _damped(slope, move, miss, goal, here, now, places, within)
        along = _along(slope, now.group, places)
        g, _ = within(along)
        factors[cells] = g
        rounds[names] = step
        done = now.gaps(here * g) <= TOLERANCE
        done |= _out_of_reach(along, here, now, (goal * slope).sum(axis=1), limits)
        if done.all():
            break
        if done.any():
            left = ~done[now.group]
            cells, names, slope, goal = cells[left], names[~done], slope[~done], goal[~done]
            places = [place[left] for place in places]
            now, _ = now.of(left)
    return factors, rounds


def _damped(
    slope: Array,
    move: Array,
    miss: Array,
    goal: Array,
    mass: Array,
    now: Constraints,
    places: Sequence[Ids],
    distance: Distance,
) -> Array:
    """A step down the dual, which is convex, in each group; halved where it climbs again."""
    before = (miss * move).sum(axis=1)
    stride = np.ones(now.groups)
    for _ in range(40):
        g, _ = distance(_along(slope + stride[:, None] * move, now.group, places))
        ahead = goal - moments(now, places, goal.shape[1], mass * g)
        too_far = (ahead * move).sum(axis=1) < -0.1 * before
        if not too_far.any():
            break
        stride = np.where(too_far, stride / 2, stride)
    return slope + stride[:, None] * move


def _out_of_reach(
    along: Array, mass: Array, now: Constraints, goal: Array, limits: tuple[Array, Array]
) -> NDArray[np.bool_]:
    """Groups of which no factors within the limits meet the margins.

    Σ d·g·x'λ = T'λ then holds for any λ, also for the one reached; where the largest that the left
    side can be is less than the right, there are no such factors (Farkas).
    """
    low, high = limits
    with np.errstate(invalid="ignore"):
        most = np.where(along > 0, high * along, np.where(along < 0, low * along, 0.0))
    reach = added(now.group, mass * most, now.groups)
    size = added(now.group, mass * np.abs(along), now.groups)
    return np.asarray(reach < goal - 1e-9 * size, np.bool_)


def local_places(constraints: Constraints) -> tuple[list[Ids], int]:
    """Each cell's column in its group's design, margin by margin, and the number of columns."""
    places: list[Ids] = []
    start = 0
    for ids, owner in zip(constraints.ids, constraints.owners, strict=True):
        first = np.searchsorted(owner, np.arange(constraints.groups))
        place = np.arange(len(owner)) - first[owner]
        places.append(start + place[ids])
        start += int(place.max(initial=0)) + 1
    return places, start


def moments(constraints: Constraints, places: Sequence[Ids], width: int, values: Array) -> Array:
    """(groups, columns): Σ values·x."""
    size = constraints.groups * width
    total = np.zeros(size)
    for place in places:
        total += np.bincount(constraints.group * width + place, values, size)
    return total.reshape(constraints.groups, width)


def cross(constraints: Constraints, places: Sequence[Ids], width: int, values: Array) -> Array:
    """(groups, columns, columns): Σ values·xx'."""
    size = constraints.groups * width * width
    total = np.zeros(size)
    for one in places:
        row = (constraints.group * width + one) * width
        for other in places:
            total += np.bincount(row + other, values, size)
    return total.reshape(constraints.groups, width, width)


def solve(matrices: Array, right: Array) -> Array:
    """Least-norm solutions: the columns of each margin add up to one, so that matrices are singular."""
    inverse = np.linalg.pinv(matrices, rcond=1e-11, hermitian=True)
    solution: Array = np.einsum("gab,gb->ga", inverse, right)
    return solution


def _goal(constraints: Constraints, places: Sequence[Ids], width: int) -> Array:
    goal = np.zeros((constraints.groups, width))
    for ids, owner, target, place in zip(
        constraints.ids, constraints.owners, constraints.targets, places, strict=True
    ):
        column = np.zeros(len(target), np.intp)
        column[ids] = place
        goal[owner, column] += target
    return goal


def _along(slope: Array, group: Ids, places: Sequence[Ids]) -> Array:
    total = np.zeros(len(group))
    for place in places:
        total += slope[group, place]
    return total
