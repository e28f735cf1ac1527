"""Ordinal logistic regression (proportional odds) from counts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Array = NDArray[np.float64]

STEPS = 100
GAIN = 1e-11
"""Of log-likelihood to be had by a further step, below which the search ends."""
LEAST = 1e-300
HALVINGS = 30


@dataclass(frozen=True)
class OrdinalLogit:
    """P(Y ≤ k) = logistic(αₖ − x'β)."""

    thresholds: Array
    """(answers − 1,): α, ascending."""
    slopes: Array
    """(predictors,): β"""
    slope_se: Array
    loglik: float
    converged: bool


def fit_ordinal_logit(predictors: Array, counts: Array) -> OrdinalLogit:
    """Maximum likelihood by Fisher scoring.

    Parameters
    ----------
    predictors
        (cells, predictors): one row for all respondents who share their predictors.
    counts
        (cells, answers): how many of them gave each answer; every answer was given by someone.

    """
    share = np.cumsum(counts.sum(axis=0))[:-1] / counts.sum()
    values = np.concatenate([np.log(share / (1 - share)), np.zeros(predictors.shape[1])])
    cuts, n = len(share), counts.sum(axis=1)
    loglik, gradient, information = _slope(values, predictors, counts, n)
    converged = False
    for _ in range(STEPS):
        step = np.linalg.solve(information, gradient)
        if gradient @ step < GAIN:
            converged = True
            break
        size = 1.0
        for _ in range(HALVINGS):
            moved = values + size * step
            reached = _loglik(moved, predictors, counts)
            if reached > loglik:
                break
            size /= 2
        else:
            # No step of any size gains more than rounding takes away.
            converged = bool(gradient @ step < np.sqrt(GAIN))
            break
        values = moved
        loglik, gradient, information = _slope(values, predictors, counts, n)
    covariance = np.linalg.inv(information)
    return OrdinalLogit(
        thresholds=values[:cuts],
        slopes=values[cuts:],
        slope_se=np.sqrt(np.diag(covariance)[cuts:]),
        loglik=loglik,
        converged=converged,
    )


def loglik_without_predictors(counts: Array) -> float:
    """Of the model that knows only how often each answer was given."""
    margin = counts.sum(axis=0)
    given = margin[margin > 0]
    return float(given @ np.log(given / given.sum()))


def _cumulative(values: Array, predictors: Array) -> Array:
    """(cells, answers + 1): P(Y < k) from 0 to 1."""
    cuts = len(values) - predictors.shape[1]
    inner = expit(values[:cuts] - (predictors @ values[cuts:])[:, None])
    zeros, ones = np.zeros((len(inner), 1)), np.ones((len(inner), 1))
    return np.concatenate([zeros, inner, ones], axis=1)


def _loglik(values: Array, predictors: Array, counts: Array) -> float:
    p = np.diff(_cumulative(values, predictors), axis=1)
    if (p <= 0).any() and (p[counts > 0] <= 0).any():
        return -np.inf
    return float((counts * np.log(np.maximum(p, LEAST))).sum())


def _slope(values: Array, predictors: Array, counts: Array, n: Array) -> tuple[float, Array, Array]:
    """Log-likelihood, gradient and expected information."""
    cumulative = _cumulative(values, predictors)
    p = np.maximum(np.diff(cumulative, axis=1), LEAST)
    steep = cumulative * (1 - cumulative)
    cuts = len(values) - predictors.shape[1]
    # How each answer's probability moves with the linear predictor of its two thresholds.
    by_cut = np.zeros((*p.shape, cuts))
    each = np.arange(cuts)
    by_cut[:, each, each] = steep[:, 1:-1]
    by_cut[:, each + 1, each] = -steep[:, 1:-1]
    by_line = -np.diff(steep, axis=1)
    share = counts / p
    gradient = np.concatenate(
        [np.einsum("ck,ckj->j", share, by_cut), predictors.T @ (share * by_line).sum(axis=1)]
    )
    weighted = by_cut * (n[:, None] / p)[..., None]
    cut_cut = np.einsum("ckj,ckl->jl", weighted, by_cut)
    cut_line = np.einsum("ckj,ck->cj", weighted, by_line).T @ predictors
    line = (by_line**2 / p).sum(axis=1) * n
    line_line = predictors.T @ (predictors * line[:, None])
    information = np.block([[cut_cut, cut_line], [cut_line.T, line_line]])
    return float((counts * np.log(p)).sum()), gradient, information
