"""CFI and RMSEA as normal, complete answers would have given them.

Under missing answers: Zhang and Savalei (2023), https://doi.org/10.1037/met0000445. For ordered
categories: Savalei (2021), https://doi.org/10.1080/00273171.2020.1717922. Both put the estimates
into the discrepancy of normal complete data, whose mean under a true model is then no longer df.
"""

from collections.abc import Sequence

import numpy as np

from .fit_measures import Misfit, Robust
from .least_squares import LeastSquares, Statistics, square
from .likelihood import NormalLikelihood, available_moments, never_together
from .samples import Moments, Pattern
from .structure import Array, Matrices, MomentDerivatives, by_number, moment_derivatives


def correct_for_missing(
    likelihood: NormalLikelihood, fitted: Sequence[Moments], values: Array, df: tuple[int, int]
) -> Robust | None:
    """From the observed and the complete information about saturated moments.

    `df` are the model's and the baseline's degrees of freedom. Not defined where two items were
    never answered together, since nothing then tells their covariance.
    """
    if any(never_together(group, len(fitted[0].mean)) for group in likelihood.patterns):
        return None
    rows = likelihood.rows
    p = len(fitted[0].mean)
    derivatives = saturated_derivatives(p)
    misfit = baseline = kept = 0.0
    inside: list[tuple[Array, Array, Array]] = []
    for structure, group, best in zip(
        likelihood.structures, likelihood.patterns, fitted, strict=True
    ):
        share = sum(part.moments.n for part in group) / rows
        seen = likelihood.moment_curvature(_as_matrices(best), group, derivatives)
        whole = _complete_information(best, derivatives) * share
        kept += float(np.trace(np.linalg.solve(seen, whole)))
        matrices = structure.fill(values)
        misfit += share * rows * _normal_discrepancy(best, matrices.mu, matrices.sigma)
        alone = _independent(group, p)
        baseline += share * rows * _normal_discrepancy(best, *alone)
        moved = moment_derivatives(matrices, structure.cells)
        jacobian = by_number(_stacked(moved).T, structure.cells.index, len(values))
        inside.append((jacobian, seen, whole))
    model = kept - _used(inside)
    diagonal = _diagonal_jacobian(p)
    null = kept - sum(_used([(diagonal, seen, whole)]) for _, seen, whole in inside)
    factor = model / df[0] if df[0] else 1.0
    return Robust(
        Misfit(misfit, df[0], factor), Misfit(baseline, df[1], null / df[1]), misfit / factor
    )


def saturated_derivatives(p: int) -> MomentDerivatives:
    """Of means and covariances by themselves: p means, then the lower triangle row by row."""
    row, column = np.tril_indices(p)
    units, none = np.eye(p), np.zeros((p, p))
    left = units[row] * np.where(row == column, 0.5, 1.0)[:, None]
    return MomentDerivatives(
        left=np.vstack([none, left]),
        right=np.vstack([none, units[column]]),
        mu=np.vstack([units, np.zeros((len(row), p))]),
    )


def _stacked(moved: MomentDerivatives) -> Array:
    """(k, p + p (p + 1) / 2) derivatives of means and covariances by k cells."""
    row, column = np.tril_indices(moved.mu.shape[1])
    return np.hstack([moved.mu, moved.sigma()[:, row, column]])


def _diagonal_jacobian(p: int) -> Array:
    """Of the baseline model: means and variances are free."""
    size = p + p * (p + 1) // 2
    chosen = [*range(p), *(p + np.cumsum(np.arange(1, p + 1)) - 1).tolist()]
    return np.eye(size)[:, chosen]


def _used(inside: Sequence[tuple[Array, Array, Array]]) -> float:
    """tr(E Delta' Wc Delta): the share of the complete information that the model uses up."""
    seen = sum((j.T @ part @ j for j, part, _ in inside), start=np.zeros(()))
    whole = sum((j.T @ part @ j for j, _, part in inside), start=np.zeros(()))
    return float(np.trace(np.linalg.solve(seen, whole)))


def _as_matrices(best: Moments) -> Matrices:
    """Saturated moments in the guise of a model without factors."""
    p = len(best.mean)
    none = np.zeros((p, 1))
    return Matrices(
        lambda_=none,
        beta=np.zeros((1, 1)),
        psi=np.zeros((1, 1)),
        theta=best.covariance,
        nu=best.mean,
        alpha=np.zeros(1),
        tau=none,
        delta=np.ones(p),
    )


def _complete_information(best: Moments, derivatives: MomentDerivatives) -> Array:
    inverse = np.linalg.inv(best.covariance)
    about_means = derivatives.mu @ inverse @ derivatives.mu.T
    return np.asarray(derivatives.traces(inverse, inverse) / 2 + about_means)


def _normal_discrepancy(best: Moments, mu: Array, sigma: Array) -> float:
    distance = best.mean - mu
    spread = best.covariance + np.outer(distance, distance)
    logs = np.linalg.slogdet(sigma)[1] - np.linalg.slogdet(best.covariance)[1]
    return float(logs + np.trace(np.linalg.solve(sigma, spread)) - len(mu))


def _independent(group: Sequence[Pattern], p: int) -> tuple[Array, Array]:
    _, mean, variance = available_moments(group, p)
    return mean, np.diag(variance)


def correct_for_categories(
    discrepancy: LeastSquares, values: Array, df: tuple[int, int]
) -> Robust | None:
    """From the polychoric correlations put into the normal discrepancy.

    Not defined where a correlation matrix is not positive definite.
    """
    total = sum(group.n for group in discrepancy.groups)
    cut = len(discrepancy.layout.item)
    p = len(discrepancy.structures[0].fixed["delta"])
    jacobians = discrepancy.jacobians(values)
    bread = np.linalg.inv(
        sum(
            (
                group.n / total * (jacobian.T @ (group.weights[:, None] * jacobian))
                for group, jacobian in zip(discrepancy.groups, jacobians, strict=True)
            ),
            start=np.zeros(()),
        )
    )
    misfit = baseline = null = 0.0
    parts = []
    for group, implied, jacobian in zip(
        discrepancy.groups, discrepancy.implied(values), jacobians, strict=True
    ):
        sample, model = (square(part[cut:], p) for part in (group.observed, implied))
        if min(np.linalg.eigvalsh(matrix)[0] for matrix in (sample, model)) < 1e-8:
            return None
        means = np.zeros(p)
        misfit += group.n * _normal_discrepancy(Moments(group.n, means, sample), means, model)
        baseline -= group.n * float(np.linalg.slogdet(sample)[1])
        null += total / group.n * float(np.trace(group.covariance[cut:, cut:]))
        parts.append((group.n / total, _pair_information(model), group, jacobian[cut:]))
    factor = _categories_trace(parts, bread, cut) / df[0] if df[0] else 1.0
    return Robust(
        Misfit(misfit, df[0], factor), Misfit(baseline, df[1], null / df[1]), misfit / factor
    )


def _pair_information(model: Array) -> Array:
    """Normal information about correlations: s^ik s^jl + s^il s^jk."""
    inverse = np.linalg.inv(model)
    i, j = np.triu_indices(len(model), 1)
    straight = inverse[np.ix_(i, i)] * inverse[np.ix_(j, j)]
    return np.asarray(straight + inverse[np.ix_(i, j)] * inverse[np.ix_(j, i)])


def _categories_trace(
    parts: Sequence[tuple[float, Array, Statistics, Array]], bread: Array, cut: int
) -> float:
    """tr((I - Delta E Delta' W)' V (I - Delta E Delta' W) Gamma), over the correlations."""
    size = sum(len(information) for _, information, _, _ in parts)
    weight, gamma, known = np.zeros(size), np.zeros((size, size)), np.zeros((size, size))
    start = 0
    for share, information, group, _ in parts:
        here = slice(start, start + len(information))
        weight[here] = share * group.weights[cut:]
        gamma[here, here] = group.covariance[cut:, cut:] / share
        known[here, here] = share * information
        start = here.stop
    delta = np.vstack([jacobian for _, _, _, jacobian in parts])
    left_over = np.eye(size) - delta @ bread @ (delta.T * weight)
    return float(np.trace(left_over.T @ known @ left_over @ gamma))
