"""The one-factor model by maximum likelihood, for one covariance matrix or a whole stack of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

STEPS = 200
SMALL_STEP = 1e-8


@dataclass(frozen=True)
class OneFactor:
    """x = λη + ε with the variance of η fixed at one; leading axes are a stack of fits."""

    loadings: Array
    """(…, items): λ, in the units of the items; its sum is positive."""
    residuals: Array
    """(…, items): variances of ε; below zero in a Heywood case."""
    information: Array
    """(…, 2 × items, 2 × items): expected information of (λ, θ) for one respondent."""
    converged: NDArray[np.bool_]
    """(…,): whether the last step was below 1e-8 of a standard deviation."""


def fit_one_factor(covariance: Array) -> OneFactor:
    """Fit x = λη + ε to (…, items, items) covariances by Fisher scoring.

    Items are first brought to variance one, so that the same step size suits every scale. Residual
    variances are not bounded: a negative one is news about the scale, not a nuisance.
    """
    spread = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    correlation = covariance / spread[..., :, None] / spread[..., None, :]
    stack = correlation.reshape(-1, *correlation.shape[-2:])
    items = stack.shape[-1]
    parameters = _start(stack)
    misfit = _misfit(parameters, stack)
    converged = np.zeros(len(stack), dtype=bool)
    for _ in range(STEPS):
        moving = np.flatnonzero(~converged)
        if not moving.size:
            break
        step = _scoring_step(parameters[moving], stack[moving])
        parameters[moving], misfit[moving], length = _walk(
            parameters[moving], step, misfit[moving], stack[moving]
        )
        converged[moving] = length < SMALL_STEP
    loadings, residuals = parameters[:, :items], parameters[:, items:]
    loadings = loadings * np.where(loadings.sum(axis=1, keepdims=True) < 0, -1, 1)
    scale = np.concatenate([spread, spread**2], axis=-1).reshape(-1, 2 * items)
    information = _information(np.concatenate([loadings, residuals], axis=1))
    shape = covariance.shape[:-2]
    return OneFactor(
        loadings=(loadings * scale[:, :items]).reshape(*shape, items),
        residuals=(residuals * scale[:, items:]).reshape(*shape, items),
        information=(information / scale[:, :, None] / scale[:, None, :]).reshape(
            *shape, 2 * items, 2 * items
        ),
        converged=converged.reshape(shape),
    )


def _start(correlation: Array) -> Array:
    values, vectors = np.linalg.eigh(correlation)
    loadings = vectors[..., -1] * np.sqrt(np.maximum(values[..., -1:] - 0.5, 0.25))
    loadings = np.clip(loadings, -0.9, 0.9)
    return np.concatenate([loadings, 1 - loadings**2], axis=-1)


def _implied(parameters: Array) -> Array:
    items = parameters.shape[-1] // 2
    loadings, residuals = parameters[..., :items], parameters[..., items:]
    return loadings[..., :, None] * loadings[..., None, :] + residuals[..., None] * np.eye(items)


def _misfit(parameters: Array, correlation: Array) -> Array:
    """ln|Σ| + tr(SΣ⁻¹), infinite where Σ is not positive definite."""
    implied = _implied(parameters)
    values = np.linalg.eigvalsh(implied)
    possible = values[..., 0] > 1e-10
    safe = np.where(possible[..., None, None], implied, np.eye(implied.shape[-1]))
    trace = np.trace(np.linalg.solve(safe, correlation), axis1=-2, axis2=-1)
    return np.where(possible, np.linalg.slogdet(safe)[1] + trace, np.inf)


def _information(parameters: Array) -> Array:
    """½ tr(Σ⁻¹ ∂Σ Σ⁻¹ ∂Σ) for the pairs of (λ, θ)."""
    items = parameters.shape[-1] // 2
    loadings = parameters[..., :items]
    inverse = np.linalg.inv(_implied(parameters))
    weighted = np.einsum("...ij,...j->...i", inverse, loadings)
    common = np.einsum("...i,...i->...", loadings, weighted)[..., None, None]
    outer = weighted[..., :, None] * weighted[..., None, :]
    cross = weighted[..., None, :] * inverse
    return np.block(
        [
            [common * inverse + outer, cross],
            [np.swapaxes(cross, -1, -2), inverse**2 / 2],
        ]
    )


def _scoring_step(parameters: Array, correlation: Array) -> Array:
    items = parameters.shape[-1] // 2
    implied = _implied(parameters)
    inverse = np.linalg.inv(implied)
    slope = inverse @ (correlation - implied) @ inverse
    gradient = np.concatenate(
        [
            np.einsum("...ij,...j->...i", slope, parameters[..., :items]),
            np.diagonal(slope, axis1=-2, axis2=-1) / 2,
        ],
        axis=-1,
    )
    information = _information(parameters)
    # A ridge of rounding size keeps the step finite where three items leave a direction flat.
    ridge = 1e-12 * np.trace(information, axis1=-2, axis2=-1)[..., None, None]
    return np.linalg.solve(information + ridge * np.eye(2 * items), gradient[..., None])[..., 0]


def _walk(
    parameters: Array, step: Array, misfit: Array, correlation: Array
) -> tuple[Array, Array, Array]:
    """Take the step, halved until the misfit does not rise."""
    size = np.ones(len(parameters))
    for _ in range(30):
        moved = parameters + size[:, None] * step
        reached = _misfit(moved, correlation)
        worse = reached > misfit + 1e-12
        if not worse.any():
            break
        size = np.where(worse, size / 2, size)
    better = ~worse
    return (
        np.where(better[:, None], moved, parameters),
        np.where(better, reached, misfit),
        np.where(better, np.abs(size[:, None] * step).max(axis=1), 0),
    )
