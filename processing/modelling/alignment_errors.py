"""How surely alignment places groups: the delta method through the least loss."""

import numpy as np

from .structure import Array


def errors_of_places(
    loadings: Array,
    levels: Array,
    owner: Array,
    sign: float,
    places: tuple[Array, Array],
    weight: Array,
    smoothness: float,
    covariance: Array,
) -> tuple[Array, Array]:
    """(G,) standard errors of means and of deviations; the first group is the measure and has none.

    At the least loss its gradient by the places x is zero. As the configural parameters t move, so
    must the places: dx = −H⁻¹ M dt, with H the loss's second derivatives by x and M those by x and
    t. Not a number where H is not positive definite.

    Parameters
    ----------
    loadings, levels
        (G, k) and (G, c) configural loadings and intercepts or thresholds.
    owner
        (c,) which item each level belongs to.
    sign
        What a higher mean does to a level.
    places
        (G,) means and deviations.
    weight
        (G, G) of each pair of groups, zero on the diagonal.
    smoothness
        The rounding of the loss at its bottom.
    covariance
        (G (k + c), G (k + c)) of the configural parameters, group by group.

    """
    means, deviations = places
    groups, k = loadings.shape
    n = k + levels.shape[1]
    turned = loadings / deviations[:, None]
    own = turned[:, owner]
    slid = sign * means[:, None]
    moved = np.hstack([turned, levels + slid * own])

    by_place = np.zeros((groups, 2, n))
    by_place[:, 0, k:] = sign * own
    by_place[:, 1, :k] = -turned
    by_place[:, 1, k:] = -slid * own
    by_value = np.zeros((groups, n, n))
    mixed = np.zeros((groups, 2, n, n))
    each, at = np.arange(k), k + np.arange(len(owner))
    by_value[:, each, each] = 1 / deviations[:, None]
    by_value[:, at, at] = 1.0
    by_value[:, owner, at] = slid / deviations[:, None]
    mixed[:, 1, each, each] = -1 / deviations[:, None]
    mixed[:, 0, owner, at] = sign / deviations[:, None]
    mixed[:, 1, owner, at] = -slid / deviations[:, None]
    twice = np.zeros((groups, 2, 2, n))
    twice[:, 0, 1, k:] = twice[:, 1, 0, k:] = -sign * own
    twice[:, 1, 1, :k] = turned
    twice[:, 1, 1, k:] = slid * own

    slope, bend = _of_differences(moved, weight, smoothness)
    hessian = np.einsum("gaj,ghj,hbj->gahb", by_place, bend, by_place)
    crossed = np.einsum("gaj,ghj,hmj->gahm", by_place, bend, by_value)
    same = np.arange(groups)
    hessian[same, :, same, :] += np.einsum("gj,gabj->gab", slope, twice)
    crossed[same, :, same, :] += np.einsum("gj,gamj->gam", slope, mixed)
    free = 2 * (groups - 1)
    hessian = hessian[1:, :, 1:, :].reshape(free, free)
    crossed = crossed[1:].reshape(free, groups * n)
    if np.linalg.eigvalsh(hessian)[0] <= 0:
        unknown = np.append(0.0, np.full(groups - 1, np.nan))
        return unknown, unknown
    moves = np.linalg.solve(hessian, crossed)
    errors = np.sqrt(((moves @ covariance) * moves).sum(axis=1)).reshape(-1, 2)
    of_means, of_logs = np.vstack([np.zeros(2), errors]).T
    return of_means, of_logs * deviations


def _of_differences(moved: Array, weight: Array, smoothness: float) -> tuple[Array, Array]:
    """(G, n) slope and (G, G, n) bend of the loss in what is compared over groups."""
    apart = moved[:, None] - moved[None, :]
    rounded = apart**2 + smoothness
    slope = (weight[..., None] * apart / (2 * rounded**0.75)).sum(axis=1)
    curve = weight[..., None] * (1 / (2 * rounded**0.75) - 0.75 * apart**2 / rounded**1.75)
    bend = -curve
    same = np.arange(len(moved))
    bend[same, same] = curve.sum(axis=1) - curve[same, same]
    return slope, bend
