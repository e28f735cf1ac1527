"""Where the search for a model's parameters begins."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np

from .model_language import Model
from .parameters import Parameter, ParameterTable
from .structure import Array

Way: TypeAlias = Literal["axes", "markers"]
"""Begin from principal axes, or from small independent factors that the markers carry."""


def starting_values(
    table: ParameterTable,
    way: Way,
    covariances: Sequence[Array],
    means: Sequence[Array] | None = None,
    thresholds: Sequence[Sequence[Array]] | None = None,
) -> Array:
    """One value a free parameter: the mean of what its groups suggest.

    By axes, loadings come from the first principal axis of a factor's items, factor covariances
    from the items' covariances seen along these axes. By markers, each loading is the slope that
    the other items as instruments give (Hagglund 1982, https://doi.org/10.1007/BF02296276), of a
    factor with a twentieth of its marker's variance.
    """
    find = _axis if way == "axes" else _carried_by_marker
    total, counted = np.zeros(table.count), np.zeros(table.count)
    for group, covariance in enumerate(covariances):
        axes = {factor: find(table.model, factor, covariance) for factor in table.model.factors}
        for row in table.group_rows(group):
            if row.index < 0:
                continue
            total[row.index] += _suggest(
                table,
                row,
                axes,
                covariance,
                None if means is None else means[group],
                None if thresholds is None else thresholds[group],
            )
            counted[row.index] += 1
    return total / counted


def _axis(model: Model, factor: str, covariance: Array) -> Array:
    """(p,) loadings on a factor of variance one, zero for items that it does not reach."""
    reached = np.array([model.items.index(item) for item in sorted(_reach(model, factor))])
    block = covariance[np.ix_(reached, reached)]
    spread = np.sqrt(np.diag(block))
    correlation = block / np.outer(spread, spread)
    values, vectors = np.linalg.eigh(correlation - 0.5 * np.eye(len(reached)))
    loadings = np.clip(vectors[:, -1] * np.sqrt(max(values[-1], 0.3)), -0.9, 0.9)
    # A loading of nearly zero would make a marker of no use to start from.
    loadings = np.where(np.abs(loadings) < 0.2, np.where(loadings < 0, -0.2, 0.2), loadings)
    axis = np.zeros(len(covariance))
    axis[reached] = loadings * spread
    first = model.items.index(_first_item(model, factor))
    return axis * (1 if axis[first] > 0 else -1)


def _carried_by_marker(model: Model, factor: str, covariance: Array) -> Array:
    """(p,) the same, the factor's variance being a twentieth of its marker's."""
    reached = [model.items.index(item) for item in sorted(_reach(model, factor))]
    marker = model.items.index(_first_item(model, factor))
    axis = np.zeros(len(covariance))
    unit = np.sqrt(0.05 * covariance[marker, marker])
    for item in reached:
        others = [other for other in reached if other not in {item, marker}]
        bound = 3 * np.sqrt(covariance[item, item] / covariance[marker, marker])
        slope = 1.0
        if item != marker and others:
            instruments = covariance[marker, others]
            slope = float(covariance[item, others] @ instruments / (instruments @ instruments))
        axis[item] = np.clip(slope, -bound, bound) * unit
    return axis


def _reach(model: Model, factor: str) -> set[str]:
    """The items that a factor measures, itself or through lower factors."""
    found: set[str] = set()
    for name in model.indicators(factor):
        found |= {name} if name in model.items else _reach(model, name)
    return found


def _first_item(model: Model, factor: str) -> str:
    first = model.indicators(factor)[0]
    return first if first in model.items else _first_item(model, first)


def _size(table: ParameterTable, factor: str, axes: dict[str, Array]) -> float:
    """The standard deviation a factor has when its marker carries it, or one."""
    if table.design.std_lv:
        return 1.0
    marker = table.model.indicators(factor)[0]
    if marker in table.model.items:
        return float(axes[factor][table.model.items.index(marker)])
    return 0.8 * _size(table, marker, axes)


def _suggest(
    table: ParameterTable,
    row: Parameter,
    axes: dict[str, Array],
    covariance: Array,
    means: Array | None,
    thresholds: Sequence[Array] | None,
) -> float:
    if row.matrix == "lambda":
        return float(axes[row.left][row.row]) / _size(table, row.left, axes)
    if row.matrix == "beta":
        return 0.8 * _size(table, row.right, axes) / _size(table, row.left, axes)
    if row.matrix == "psi":
        return _factor_covariance(table, row, axes, covariance)
    if row.matrix == "theta":
        if row.row != row.column:
            return 0.0
        return 1.0 if table.design.ordinal else 0.5 * float(covariance[row.row, row.row])
    if row.matrix == "nu" and means is not None:
        return float(means[row.row])
    if row.matrix == "tau" and thresholds is not None:
        return float(thresholds[row.row][row.column])
    return 1.0 if row.matrix == "delta" else 0.0


def _factor_covariance(
    table: ParameterTable, row: Parameter, axes: dict[str, Array], covariance: Array
) -> float:
    sizes = _size(table, row.left, axes), _size(table, row.right, axes)
    if row.row == row.column:
        measured = any(term.right == row.left for term in table.model.loadings)
        return sizes[0] ** 2 * (0.36 if measured else 1.0)
    if any(term.right == row.left for term in table.model.loadings):
        return 0.0
    a, b = axes[row.left], axes[row.right]
    correlation = float(a @ covariance @ b) / float((a @ a) * (b @ b))
    return float(np.clip(correlation, -0.7, 0.7)) * sizes[0] * sizes[1]
