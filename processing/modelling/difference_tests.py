"""Tests of one model against a less restricted one."""

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from .ordinal_theory import OrdinalData, weighted
from .solutions import Solution
from .structure import Array


@dataclass(frozen=True)
class DifferenceTest:
    """Whether restrictions make a model worse than chance would."""

    chi_square: float
    df: int
    p: float


def compare(less: Solution, more: Solution) -> DifferenceTest:
    """Test the restrictions that `more` adds to `less`.

    ML and FIML: the difference of the chi-squares. MLR: scaled by Satorra and Bentler (2001),
    https://doi.org/10.1007/BF02296192; nan where their factor is negative, as it can be in small
    samples. WLSMV: scaled and shifted after Satorra (2000).
    """
    df = more.df - less.df
    plain = more.test.chi_square - less.test.chi_square
    if df <= 0 or not np.isfinite(plain):
        return DifferenceTest(float("nan"), df, float("nan"))
    if less.data.estimator == "MLR":
        factor = (more.test.trace - np.nan_to_num(less.test.trace)) / df
        return _tested(plain / factor if factor > 0 else float("nan"), df)
    if isinstance(less.data, OrdinalData):
        first, second = _restriction_traces(less.data, less, more)
        stretch = np.sqrt(df / second)
        return _tested(float(plain * stretch + df - stretch * first), df)
    return _tested(plain, df)


def _tested(chi_square: float, df: int) -> DifferenceTest:
    return DifferenceTest(chi_square, df, float(chdtrc(df, chi_square)))


def _restriction_traces(data: OrdinalData, less: Solution, more: Solution) -> tuple[float, float]:
    """Sum and sum of squares of the weights of the chi-squares that the difference is made of.

    The restrictions A are the directions of the free parameters that the restricted model cannot
    follow, seen through the statistics that both imply.
    """
    wide = data.discrepancy(less.table).jacobians(less.optimum)
    narrow = data.discrepancy(more.table).jacobians(more.optimum)
    followed = np.linalg.pinv(np.vstack(wide)) @ np.vstack(narrow)
    directions, _ = np.linalg.qr(followed, mode="complete")
    restriction = directions[:, followed.shape[1] :].T
    information, middle = _bread_and_middle(data, wide)
    inverse = np.linalg.inv(information)
    across = restriction @ inverse
    kept = across.T @ np.linalg.pinv(across @ restriction.T) @ across
    product = kept @ middle
    return float(np.trace(product)), float((product * product.T).sum())


def _bread_and_middle(data: OrdinalData, jacobians: tuple[Array, ...]) -> tuple[Array, Array]:
    """Delta' W Delta and Delta' W Gamma W Delta over groups, each by its share of the rows."""
    size = jacobians[0].shape[1]
    bread, middle = np.zeros((size, size)), np.zeros((size, size))
    for group, jacobian in zip(data.groups, jacobians, strict=True):
        pull = np.sqrt(group.weights)[:, None] * jacobian
        bread += group.n / data.n * (pull.T @ pull)
        middle += group.n / data.n * (pull.T @ weighted(group) @ pull)
    return bread, middle
