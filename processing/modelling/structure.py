"""Moments that a factor model implies, and their derivatives.

Matrices are filled by plain algebra without conjugates or absolute values, so that they accept
complex numbers: a derivative by a step of 1e-20 i is exact to the last digit. They may also be
filled by a stack of parameter vectors at once; leading axes then run over the stack.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .parameters import Parameter, ParameterTable

Array: TypeAlias = NDArray[Any]
"""Floating point, or complex where a derivative is taken."""

_NOWHERE = np.empty(0, dtype=np.intp)

_SYMMETRIC = {"psi", "theta"}


@dataclass(frozen=True)
class Matrices:
    """The filled matrices of one group; p items, m factors."""

    lambda_: Array
    """(p, m) loadings of items."""
    beta: Array
    """(m, m) loadings of factors on higher factors."""
    psi: Array
    """(m, m) covariances of what is left of the factors."""
    theta: Array
    """(p, p) covariances of residuals."""
    nu: Array
    """(p,) intercepts."""
    alpha: Array
    """(m,) factor means."""
    tau: Array
    """(p, most thresholds) thresholds; unused cells are zero."""
    delta: Array
    """(p,) scales of ordinal items."""

    @cached_property
    def spread(self) -> Array:
        """(m, m) (I - Beta)^-1: what a disturbance of one factor does to all."""
        return np.linalg.inv(np.eye(self.beta.shape[-1]) - self.beta)

    @cached_property
    def phi(self) -> Array:
        """(m, m) covariances of the factors."""
        spread = self.spread
        return spread @ self.psi @ spread.mT

    @cached_property
    def sigma(self) -> Array:
        """(p, p) covariances of the items."""
        return self.lambda_ @ self.phi @ self.lambda_.mT + self.theta

    @property
    def mu(self) -> Array:
        """(p,) means of the items."""
        return np.asarray(self.nu + (self.lambda_ @ self.level[..., None])[..., 0])

    @cached_property
    def level(self) -> Array:
        """(m,) means of the factors."""
        return np.asarray((self.spread @ self.alpha[..., None])[..., 0])

    def cell(self, row: Parameter) -> np.generic:
        """The value that stands where a parameter stands."""
        matrix = np.asarray(getattr(self, "lambda_" if row.matrix == "lambda" else row.matrix))
        value: np.generic = matrix[row.row] if matrix.ndim == 1 else matrix[row.row, row.column]
        return value


@dataclass(frozen=True)
class Cells:
    """Where the parameters of one group stand: flat positions by matrix."""

    matrix: NDArray[np.str_]
    row: NDArray[np.intp]
    column: NDArray[np.intp]
    index: NDArray[np.intp]
    """Which free parameter stands in the cell."""

    def of(self, name: str) -> NDArray[np.intp]:
        """Which cells are of one matrix."""
        return self._places.get(name, _NOWHERE)

    @cached_property
    def _places(self) -> dict[str, NDArray[np.intp]]:
        return {str(name): np.flatnonzero(self.matrix == name) for name in np.unique(self.matrix)}


@dataclass(frozen=True)
class GroupStructure:
    """One group of a table, ready to be filled again and again."""

    fixed: dict[str, Array]
    cells: Cells
    by_matrix: dict[str, NDArray[np.intp]]

    def fill(self, values: Array) -> Matrices:
        """Matrices of (..., q) parameter values."""
        filled = {}
        for name, base in self.fixed.items():
            chosen = self.by_matrix[name]
            matrix = np.empty((*values.shape[:-1], *base.shape), dtype=values.dtype)
            matrix[:] = base
            row, column = self.cells.row[chosen], self.cells.column[chosen]
            matrix[..., row, column] = values[..., self.cells.index[chosen]]
            if name in _SYMMETRIC:
                matrix[..., column, row] = matrix[..., row, column]
            filled[name] = matrix
        return Matrices(
            lambda_=filled["lambda"],
            beta=filled["beta"],
            psi=filled["psi"],
            theta=filled["theta"],
            nu=filled["nu"][..., 0],
            alpha=filled["alpha"][..., 0],
            tau=filled["tau"],
            delta=filled["delta"][..., 0],
        )


def cells_of(rows: Sequence[Parameter]) -> Cells:
    return Cells(
        matrix=np.array([row.matrix for row in rows], np.str_),
        row=np.array([row.row for row in rows], np.intp),
        column=np.array([row.column for row in rows], np.intp),
        index=np.array([row.index for row in rows], np.intp),
    )


def by_number(by_cell: Array, index: NDArray[np.intp], count: int) -> Array:
    """Sum the last axis, (..., k) over cells, by the free parameter that stands in each: (..., q)."""
    summed = np.zeros((*by_cell.shape[:-1], count), dtype=by_cell.dtype)
    if len(np.unique(index)) == len(index):
        summed[..., index] = by_cell
    else:
        np.add.at(summed.T, index, by_cell.T)
    return summed


def by_numbers(by_cells: Array, index: NDArray[np.intp], count: int) -> Array:
    """The same for both axes of a (k, k) matrix."""
    return by_number(by_number(by_cells, index, count).T, index, count).T


def structure_of(table: ParameterTable) -> tuple[GroupStructure, ...]:
    """One structure a group."""
    # A table never changes, and its structures are asked for some twenty times a model.
    kept: tuple[GroupStructure, ...] | None = vars(table).get("structures")
    if kept is None:
        kept = _structures(table)
        object.__setattr__(table, "structures", kept)
    return kept


def _structures(table: ParameterTable) -> tuple[GroupStructure, ...]:
    p, m = len(table.model.items), len(table.model.factors)
    thresholds = max(table.design.thresholds, default=0)
    shapes = {
        "lambda": (p, m),
        "beta": (m, m),
        "psi": (m, m),
        "theta": (p, p),
        "nu": (p, 1),
        "alpha": (m, 1),
        "tau": (p, thresholds),
        "delta": (p, 1),
    }
    return tuple(
        _group_structure(table.group_rows(group), shapes)
        for group in range(len(table.design.groups))
    )


def _group_structure(
    rows: Sequence[Parameter], shapes: dict[str, tuple[int, int]]
) -> GroupStructure:
    fixed = {name: np.zeros(shape) for name, shape in shapes.items()}
    fixed["delta"][:] = 1.0
    for row in rows:
        if row.index < 0 and np.isfinite(row.value):
            fixed[row.matrix][row.row, row.column] = row.value
            if row.matrix in _SYMMETRIC:
                fixed[row.matrix][row.column, row.row] = row.value
    cells = cells_of([row for row in rows if row.index >= 0])
    return GroupStructure(fixed, cells, {name: cells.of(name) for name in shapes})


@dataclass(frozen=True)
class MomentDerivatives:
    """How the implied moments move with each of k cells.

    Each cell moves Sigma by a matrix of rank two, left right' + right left', so that products with
    p x p matrices never need the (k, p, p) derivatives themselves.
    """

    left: Array
    """(k, p)"""
    right: Array
    """(k, p)"""
    mu: Array
    """(k, p)"""

    def sigma(self) -> Array:
        """(k, p, p) in full."""
        half = self.left[:, :, None] * self.right[:, None, :]
        return np.asarray(half + half.transpose(0, 2, 1))

    def traces(self, first: Array, second: Array) -> Array:
        """(k, k) tr(dSigma_a first dSigma_b second), both matrices symmetric."""
        left, right = self.left, self.right
        if first is second:
            crossed = right @ first @ left.T
            both = (right @ first @ right.T) * (left @ first @ left.T)
            return np.asarray(2 * (crossed * crossed.T + both))
        crossed = (right @ first @ left.T) * (left @ second @ right.T)
        outer = (right @ first @ right.T) * (left @ second @ left.T)
        inner = (left @ first @ left.T) * (right @ second @ right.T)
        back = (left @ first @ right.T) * (right @ second @ left.T)
        return np.asarray(crossed + outer + inner + back)

    def seen(self, observed: NDArray[np.intp]) -> "MomentDerivatives":
        """Of the moments of some items only."""
        return MomentDerivatives(
            self.left[:, observed], self.right[:, observed], self.mu[:, observed]
        )


def moment_derivatives(matrices: Matrices, cells: Cells) -> MomentDerivatives:
    """How the implied covariances and means move with each cell."""
    p = len(matrices.lambda_)
    spread = matrices.spread
    reach = matrices.lambda_ @ spread
    shared = reach @ matrices.psi @ spread.T
    level = matrices.level
    units = np.eye(p)
    shape = (len(cells.matrix), p)
    left, right, mu = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for name, from_row, from_column, pull in (
        ("lambda", units, shared.T, level),
        ("beta", reach.T, shared.T, level),
        ("psi", reach.T, reach.T, None),
        ("theta", units, units, None),
    ):
        chosen = cells.of(name)
        row, column = cells.row[chosen], cells.column[chosen]
        left[chosen], right[chosen] = from_row[row], from_column[column]
        if pull is None:
            left[chosen[row == column]] /= 2
        else:
            mu[chosen] = from_row[row] * pull[column, None]
    for name, from_row in (("nu", units), ("alpha", reach.T)):
        chosen = cells.of(name)
        mu[chosen] = from_row[cells.row[chosen]]
    return MomentDerivatives(left, right, mu)


def pull_back(
    structure: GroupStructure, matrices: Matrices, by_sigma: Array, by_mu: Array
) -> Array:
    """The gradient by each free cell, from the gradients by the implied moments.

    `by_sigma` is symmetric, each of its cells counting for itself. Costs a few products of p x p
    matrices, whatever the number of parameters.
    """
    spread = matrices.spread
    reach = matrices.lambda_ @ spread
    shared = reach @ matrices.psi @ spread.mT
    level = matrices.level[..., None, :]
    by_phi = reach.mT @ by_sigma @ reach
    by_reach = reach.mT @ by_mu[..., None]
    gradients = {
        "lambda": 2 * by_sigma @ shared + by_mu[..., None] * level,
        "beta": 2 * reach.mT @ by_sigma @ shared + by_reach * level,
        "psi": by_phi * (2 - np.eye(by_phi.shape[-1])),
        "theta": by_sigma * (2 - np.eye(by_sigma.shape[-1])),
        "nu": by_mu[..., None],
        "alpha": by_reach,
    }
    cells = structure.cells
    shape = (*matrices.nu.shape[:-1], len(cells.matrix))
    by_cell = np.zeros(shape, dtype=np.result_type(*gradients.values()))
    for name, gradient in gradients.items():
        chosen = structure.by_matrix[name]
        by_cell[..., chosen] = gradient[..., cells.row[chosen], cells.column[chosen]]
    return by_cell
