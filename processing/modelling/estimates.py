"""The parameters of a fitted model with their standard errors, raw and standardised."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from scipy.special import ndtr

from .likelihood import complex_jacobian
from .parameters import DERIVED, Parameter, ParameterTable
from .solutions import Solution
from .structure import Array, Cells, GroupStructure, Matrices, cells_of, structure_of


@dataclass(frozen=True)
class Estimate:
    """One parameter of one group."""

    left: str
    operator: str
    right: str
    group: str
    label: str | None
    estimate: float
    se: float
    """Zero where the parameter is fixed; nan where the model did not converge."""
    z: float
    p: float
    standardised: float
    """With all variables at variance one."""
    standardised_se: float


def estimates(solution: Solution) -> tuple[Estimate, ...]:
    """Every parameter with its standard error, raw and standardised.

    Standard errors of what is computed from the parameters come by the delta method.
    """
    table, values = solution.table, solution.optimum
    groups = [
        (structure, cells_of(table.group_rows(group)))
        for group, structure in enumerate(structure_of(table))
    ]
    reported = _report(table, groups, values).real
    spread = np.full(len(reported), np.nan)
    if solution.search.converged:
        covariance = solution.data.estimate_covariance(table, values)
        jacobian = complex_jacobian(lambda moved: _report(table, groups, moved), values)
        with np.errstate(invalid="ignore"):
            spread = np.sqrt(((jacobian @ covariance) * jacobian).sum(axis=1))
        spread[~np.isfinite(reported)] = np.nan
    raw, standard = reported.reshape(2, -1)
    raw_se, standard_se = spread.reshape(2, -1)
    return tuple(
        _estimate(row, table, *numbers)
        for row, *numbers in zip(table.rows, raw, raw_se, standard, standard_se, strict=True)
    )


def _estimate(
    row: Parameter, table: ParameterTable, raw: float, raw_se: float, standard: float, se: float
) -> Estimate:
    z = raw / raw_se if raw_se > 0 else np.nan
    return Estimate(
        left=row.left,
        operator=row.operator,
        right=row.right,
        group=table.design.groups[row.group],
        label=row.label,
        estimate=float(raw),
        se=float(raw_se),
        z=float(z),
        p=float(2 * ndtr(-abs(z))),
        standardised=float(standard),
        standardised_se=float(se),
    )


def _report(
    table: ParameterTable, groups: Sequence[tuple[GroupStructure, Cells]], values: Array
) -> Array:
    """All rows' estimates, then all rows' standardised estimates; accepts complex values."""
    raw, standard = [], []
    for structure, cells in groups:
        matrices = structure.fill(values)
        scales = Scales.of(matrices, table)
        with np.errstate(invalid="ignore", divide="ignore"):
            found = scales.values(cells, matrices)
            raw.append(found)
            standard.append(found * scales.factors(cells))
    return np.concatenate([*raw, *standard], axis=-1)


@dataclass(frozen=True)
class Scales:
    """Variances that standardising divides by; complex where values are."""

    item: Array
    """(p,) variances of the items."""
    factor_variance: Array
    """(m,)"""
    residual: Array
    """(p,)"""
    disturbance: Array
    """(m,)"""

    @classmethod
    def of(cls, matrices: Matrices, table: ParameterTable) -> "Scales":
        phi = matrices.phi
        common = (matrices.lambda_ @ phi * matrices.lambda_).sum(axis=-1)
        residual = _diagonal(matrices.theta)
        if table.design.ordinal and not table.design.residual_scale:
            residual = matrices.delta**-2 - common
        return cls(common + residual, _diagonal(phi), residual, _diagonal(matrices.psi))

    def values(self, cells: Cells, matrices: Matrices) -> Array:
        """(k,) what stands in the cells of one group."""
        found = np.zeros((*self.item.shape[:-1], len(cells.index)), dtype=self.item.dtype)
        for name in np.unique(cells.matrix):
            chosen = cells.of(name)
            matrix = np.asarray(getattr(matrices, "lambda_" if name == "lambda" else name))
            wide = matrix[..., None] if name in {"nu", "alpha", "delta"} else matrix
            found[..., chosen] = wide[..., cells.row[chosen], cells.column[chosen]]
        derived = np.flatnonzero(cells.index == DERIVED)
        found[..., derived] = self.residual[..., cells.row[derived]]
        return found

    def factors(self, cells: Cells) -> Array:
        """(k,) what raw values are multiplied by.

        Covariances become correlations of what covaries; variances the share that is not explained.
        """
        item, factor = _root(self.item), _root(self.factor_variance)
        residual, disturbance = _root(self.residual), _root(self.disturbance)
        row, column = cells.row, cells.column
        found = np.zeros((*self.item.shape[:-1], len(cells.index)), dtype=self.item.dtype)
        for name, by_row, by_column in (
            ("lambda", 1 / item, factor),
            ("beta", 1 / factor, factor),
            ("theta", 1 / residual, 1 / residual),
            ("psi", 1 / disturbance, 1 / disturbance),
            ("nu", 1 / item, None),
            ("tau", 1 / item, None),
            ("delta", item, None),
            ("alpha", 1 / factor, None),
        ):
            chosen = cells.of(name)
            found[..., chosen] = by_row[..., row[chosen]]
            if by_column is not None:
                found[..., chosen] *= by_column[..., column[chosen]]
        for name, whole in (("theta", self.item), ("psi", self.factor_variance)):
            chosen = cells.of(name)
            own = chosen[row[chosen] == column[chosen]]
            found[..., own] = 1 / whole[..., row[own]]
        return found


def _diagonal(matrix: Array) -> Array:
    return np.diagonal(matrix, axis1=-2, axis2=-1)


def _root(variances: Array) -> Array:
    """Square roots, nan for what is no variance."""
    return np.asarray(np.sqrt(np.where(variances.real > 0, variances, np.nan)))


class Standardised(Protocol):
    """A parameter of one group or level."""

    @property
    def left(self) -> str: ...
    @property
    def operator(self) -> str: ...
    @property
    def right(self) -> str: ...
    @property
    def standardised(self) -> float: ...


def standardised_loadings(estimates: Iterable[Standardised], items: Sequence[str]) -> pd.DataFrame:
    """(items, then factors that load on higher ones; factors) of one group or level."""
    found = [estimate for estimate in estimates if estimate.operator == "=~"]
    factors = list(dict.fromkeys(estimate.left for estimate in found))
    lower = {estimate.right for estimate in found} & set(factors)
    rows = [*items, *(factor for factor in factors if factor in lower)]
    table = pd.DataFrame(0.0, index=rows, columns=factors)
    for estimate in found:
        table.loc[estimate.right, estimate.left] = estimate.standardised
    return table


def describe_loading(value: float) -> str:
    """Three decimals, and a dot where there is no loading."""
    return f"{value:.3f}" if value else "."
