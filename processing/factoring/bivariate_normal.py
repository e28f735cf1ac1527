"""Probabilities of two correlated normal variables, for arrays of any shape."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, owens_t

Array = NDArray[np.float64]

FAR = 38.0
"""Standard deviations beyond which nothing is left: stands for infinity, as exp(-38²/2) is zero."""

STEEP = 0.9
"""Correlations beyond which the integral over the angle needs more than its 20 nodes."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)


def density(x: Array, y: Array, r: Array) -> Array:
    """Density of two standard normal variables with correlation r; also ∂P(X<x, Y<y)/∂r."""
    rest = 1 - r * r
    return np.asarray(
        np.exp(-(x * x - 2 * r * x * y + y * y) / (2 * rest)) / (2 * np.pi * np.sqrt(rest))
    )


def probability(x: Array, y: Array, r: Array) -> Array:
    """P(X < x, Y < y) for |x|, |y| ≤ FAR and |r| < 1, to about 1e-15.

    Drezner & Wesolowsky 1990 integrate the density over the angle whose sine is the correlation;
    Owen 1956 serves where the correlation is steep.
    """
    x, y, r = np.broadcast_arrays(x, y, r)
    result = np.empty(x.shape)
    steep = np.abs(r) > STEEP
    result[steep] = _by_owen(x[steep], y[steep], r[steep])
    x, y, r = x[~steep], y[~steep], r[~steep]
    half, product, angle = (x * x + y * y) / 2, x * y, np.arcsin(r) / 2
    integral = np.zeros(x.shape)
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        sine = np.sin(angle * (node + 1))
        integral += weight * np.exp((sine * product - half) / (1 - sine * sine))
    result[~steep] = integral * angle / (2 * np.pi) + ndtr(x) * ndtr(y)
    return result


def _by_owen(x: Array, y: Array, r: Array) -> Array:
    # A threshold of exactly zero would divide by zero; so near to zero the result is the same.
    x, y = (np.where(z == 0, 1e-150, z) for z in (x, y))
    root = np.sqrt(1 - r * r)
    apart = np.where(x * y < 0, 0.5, 0.0)
    return np.asarray(
        (ndtr(x) + ndtr(y)) / 2
        - owens_t(x, (y / x - r) / root)
        - owens_t(y, (x / y - r) / root)
        - apart
    )
