"""How sure an effect is when answers of one area go together: CR1, CR2, CR3 and their degrees of freedom.

With few areas the usual cluster-robust variance is too small and its t test rejects too often. CR2
(Bell & McCaffrey 2002) is unbiased where the working model, independent equal errors, holds; its
degrees of freedom are Satterthwaite's (Pustejovsky & Tipton 2018, DOI 10.1080/07350015.2016.1247004).
CR3 is the jackknife's, and errs on the safe side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .panel import Panel, without_rounding

Array = NDArray[np.float64]
Kind = Literal["CR0", "CR1", "CR2", "CR3"]


@dataclass(frozen=True)
class Fit:
    """A least squares fit with area effects taken out. Shapes: n rows, r coefficients."""

    panel: Panel
    coefficients: Array  # (r,), the treatment's first
    residuals: Array  # (n,)
    bread: Array  # (r, r), the inverse of X'WX


@dataclass(frozen=True)
class Variance:
    """The variance of the treatment's coefficient, and the degrees of freedom of its t test."""

    kind: Kind
    variance: float
    df: float


def least_squares(panel: Panel) -> Fit:
    """Weighted least squares of the response on the design."""
    weighted = panel.design * panel.weights[:, None]
    bread: Array = np.linalg.inv(panel.design.T @ weighted).astype(np.float64)
    coefficients = bread @ (weighted.T @ panel.response)
    residuals = without_rounding(panel.response - panel.design @ coefficients, panel.outcome)
    return Fit(panel, coefficients, residuals, bread)


def variance_of(fit: Fit, kind: Kind, *, count_area_effects: bool = False) -> Variance:
    """The variance of the treatment's coefficient, clustered.

    CR1 is G/(G−1) · (n−1)/(n−k), where k counts the waves and covariates alone: area effects lie
    within clusters and are not estimated anew (Cameron & Miller 2015, section III.B). With
    `count_area_effects` they count too, as in Stata's areg and estimatr's "stata".
    """
    panel = fit.panel
    if kind in {"CR2", "CR3"}:
        return _adjusted(fit, kind)
    loads = (panel.design * (panel.weights * fit.residuals)[:, None]) @ fit.bread[0]
    total = float((panel.sums(loads) ** 2).sum())
    factor = 1.0
    if kind == "CR1":
        counted = panel.design.shape[1] + (panel.areas if count_area_effects else 1)
        factor = panel.size / (panel.size - 1) * (panel.rows - 1) / (panel.rows - counted)
    return Variance(kind, factor * total, panel.size - 1.0)


def _adjusted(fit: Fit, kind: Kind) -> Variance:
    """CR2 or CR3, with Satterthwaite's degrees of freedom under the working model.

    With T the area dummies and R the design without them, the hat matrix is H = H_T + H_R, and H_T
    never leaves a cluster: all that is needed of other clusters is X'WX and X'W²X of R.
    """
    panel, bread = fit.panel, fit.bread
    squared = panel.design.T @ (panel.design * (panel.weights**2)[:, None])
    size, r = panel.size, panel.design.shape[1]
    scores, diagonal = np.empty(size), np.empty(size)
    p, f = np.empty((size, r)), np.empty((size, r))
    for index, rows in enumerate(panel.slices()):
        x, w, e = panel.design[rows], panel.weights[rows], fit.residuals[rows]
        own = _area_hat(panel.area[rows], w)  # T M T', before W
        hat = (own + x @ bread @ x.T) * w
        cross = (own * w**2) @ x @ bread @ x.T
        both = (own * w**2) @ own + cross + cross.T + x @ bread @ squared @ bread @ x.T
        working = np.eye(len(w)) - hat - hat.T + both
        if kind == "CR2":
            a = _inverse_root(working) @ (w * (x @ bread[0]))
        else:
            left = np.linalg.pinv(np.eye(len(w)) - hat, rcond=1e-8)
            a = left.T @ (w * (x @ bread[0]))
        scores[index] = a @ e
        diagonal[index] = a @ working @ a
        p[index] = x.T @ a
        f[index] = x.T @ (w**2 * (own @ a)) - x.T @ (w * a)
    return Variance(kind, float(scores @ scores), _satterthwaite(diagonal, p, f, bread, squared))


def _satterthwaite(diagonal: Array, p: Array, f: Array, bread: Array, squared: Array) -> float:
    """(tr Γ)² / tr Γ² of the quadratic form that the variance is, a stretch of clusters at a time."""
    middle = bread @ squared @ bread
    total = 0.0
    for start in range(0, len(p), 1024):
        part = slice(start, start + 1024)
        gamma = p[part] @ bread @ f.T + f[part] @ bread @ p.T + p[part] @ middle @ p.T
        own = np.arange(*part.indices(len(p)))
        gamma[own - start, own] = diagonal[part]
        total += float((gamma**2).sum())
    return float(diagonal.sum() ** 2 / total)


def _area_hat(areas: NDArray[np.intp], weights: Array) -> Array:
    """T (T'WT)⁻¹ T' of one cluster's rows."""
    same = areas[:, None] == areas[None, :]
    hat: Array = same / (same @ weights)[:, None]
    return hat


def _inverse_root(matrix: Array) -> Array:
    """The symmetric inverse square root, where the matrix has any extent."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    inside = values > 1e-10
    scale = np.where(inside, 1 / np.sqrt(np.where(inside, values, 1.0)), 0.0)
    root: Array = (vectors * scale) @ vectors.T
    return root
