"""From a model's words to numbered parameters in the matrices of a factor model.

A group's answers (or, for ordinal items, the continuous responses behind them) follow

    y = nu + Lambda eta + epsilon,   eta = alpha + Beta eta + zeta,
    cov(zeta) = Psi,   cov(epsilon) = Theta,

Beta carrying the loadings of factors on factors of a higher order. For ordinal items a response
exceeds category c where delta (y - nu) passes delta (tau_c - nu); delta is the inverse of its
standard deviation.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

import numpy as np

from .model_language import Model, Term

Matrix: TypeAlias = Literal["lambda", "beta", "psi", "theta", "nu", "alpha", "tau", "delta"]
Key: TypeAlias = tuple[str, str, str]
"""A parameter as the model language names it: (left, operator, right)."""

FIXED = -1
DERIVED = -2
"""The residual variance of an ordinal item: what its scale and its factors leave over."""


@dataclass(frozen=True)
class Parameter:
    """One cell of one matrix of one group."""

    left: str
    operator: str
    right: str
    group: int
    matrix: Matrix
    row: int
    column: int
    index: int
    """Which free parameter stands in the cell; FIXED or DERIVED where none does."""
    value: float
    """The fixed value; nan where the cell is estimated."""
    label: str | None = None

    @property
    def key(self) -> Key:
        return self.left, self.operator, self.right


@dataclass(frozen=True)
class Design:
    """What surrounds a model: groups, identification, what is equal over groups."""

    groups: tuple[str, ...] = ("",)
    std_lv: bool = False
    means: bool = False
    thresholds: tuple[int, ...] = ()
    """How many thresholds each item has; empty for continuous items."""
    equal: frozenset[str] = frozenset()
    """Of thresholds, loadings, intercepts and residuals, those held equal over groups."""
    released: frozenset[Key] = frozenset()
    """Parameters left free over groups although their kind is held equal."""
    residual_scale: bool = False
    """Ordinal items are scaled by their residual variance (theta) instead of the whole (delta)."""

    @property
    def ordinal(self) -> bool:
        return bool(self.thresholds)


@dataclass(frozen=True)
class ParameterTable:
    """All cells that a model names, by group, in the order in which they are reported."""

    model: Model
    design: Design
    rows: tuple[Parameter, ...]
    count: int
    """How many different free parameters there are."""
    keys: tuple[tuple[Key, int], ...] = field(repr=False)
    """For each free parameter its first (key, group)."""

    def group_rows(self, group: int) -> tuple[Parameter, ...]:
        return tuple(row for row in self.rows if row.group == group)


def tabulate(model: Model, design: Design) -> ParameterTable:
    """Number the free parameters of a model; cells of one label or held equal share a number."""
    numbers: dict[object, int] = {}
    first: list[tuple[Key, int]] = []
    rows = []
    groups = range(len(design.groups))
    cells = [cell for group in groups for cell in _cells(model, design, group)]
    # Where one term of a label is fixed (a marker, say), all of them are.
    settled = {cell.label: cell.value for cell in cells if cell.label and cell.index == FIXED}
    for cell in cells:
        if cell.index in {FIXED, DERIVED}:
            rows.append(cell)
        elif cell.label in settled:
            rows.append(replace(cell, index=FIXED, value=settled[cell.label]))
        else:
            name = cell.label or (cell.key, None if _is_shared(cell, design) else cell.group)
            if name not in numbers:
                numbers[name] = len(numbers)
                first.append((cell.key, cell.group))
            rows.append(replace(cell, index=numbers[name]))
    return ParameterTable(model, design, tuple(rows), len(numbers), tuple(first))


_KIND: Mapping[Matrix, str] = {
    "lambda": "loadings",
    "beta": "loadings",
    "nu": "intercepts",
    "tau": "thresholds",
    "theta": "residuals",
}


def _is_shared(cell: Parameter, design: Design) -> bool:
    kind = _KIND.get(cell.matrix)
    if kind == "residuals" and cell.row != cell.column:
        return False
    return kind in design.equal and cell.key not in design.released


def _cells(model: Model, design: Design, group: int) -> Iterator[Parameter]:
    yield from _loadings(model, design, group)
    yield from _variances(model, design, group)
    if design.ordinal:
        yield from _thresholds(model, design, group)
    if design.means or design.ordinal:
        yield from _intercepts(model, design, group)
        yield from _factor_means(model, design, group)
    if design.ordinal and not design.residual_scale:
        yield from _scales(model, design, group)


def _cell(
    key: Key,
    group: int,
    place: tuple[Matrix, int, int],
    value: float | None,
    label: str | None = None,
) -> Parameter:
    """A cell that is free (numbered later) where it has no value."""
    index, number = (0, np.nan) if value is None else (FIXED, value)
    return Parameter(*key, group, *place, index, number, label)


def _loadings(model: Model, design: Design, group: int) -> Iterator[Parameter]:
    seen: set[str] = set()
    for term in model.loadings:
        is_marker = term.left not in seen and not design.std_lv
        seen.add(term.left)
        factor = model.factors.index(term.left)
        place: tuple[Matrix, int, int] = (
            ("beta", model.factors.index(term.right), factor)
            if term.right in model.factors
            else ("lambda", model.items.index(term.right), factor)
        )
        value = 1.0 if is_marker and term.fixed is None and not term.free else term.fixed
        yield _cell(term.key, group, place, value, term.label)


def _variances(model: Model, design: Design, group: int) -> Iterator[Parameter]:
    """Named variances and covariances first, then those that every model has."""
    named = {term.key: term for term in model.covariances}
    for term in model.covariances:
        yield _variance(model, design, group, (term.left, term.right), term)
    measured = {term.right for term in model.loadings}
    outer = [factor for factor in model.factors if factor not in measured]
    pairs = [
        *((name, name) for name in (*model.items, *model.factors)),
        *((a, b) for place, b in enumerate(outer) for a in outer[:place]),
    ]
    for left, right in pairs:
        first, second = sorted((left, right))
        if (first, "~~", second) not in named:
            yield _variance(model, design, group, (left, right), None)


def _variance(
    model: Model, design: Design, group: int, sides: tuple[str, str], term: Term | None
) -> Parameter:
    left, right = sides
    label = term.label if term else None
    value = term.fixed if term else None
    names = model.factors if left in model.factors else model.items
    row, column = names.index(left), names.index(right)
    if names is model.factors:
        freed = "loadings" in design.equal and group > 0
        if row == column and design.std_lv and not freed and not (term and term.free):
            value = 1.0 if value is None else value
        return _cell((left, "~~", right), group, ("psi", row, column), value, label)
    if row == column and design.ordinal:
        return _ordinal_residual(design, group, (left, row), value)
    return _cell((left, "~~", right), group, ("theta", row, column), value, label)


def _ordinal_residual(
    design: Design, group: int, item: tuple[str, int], value: float | None
) -> Parameter:
    name, row = item
    key: Key = (name, "~~", name)
    place: tuple[Matrix, int, int] = ("theta", row, row)
    cell = _cell(key, group, place, 1.0 if value is None else value)
    if not design.residual_scale:
        return replace(cell, index=DERIVED, value=np.nan)
    if _scale_is_free(design, group, row) and (
        "residuals" not in design.equal or key in design.released
    ):
        return _cell(key, group, place, None)
    return cell


def _scale_is_free(design: Design, group: int, item: int) -> bool:
    """Wu and Estabrook (2016): a later group's scale needs equal thresholds to be found.

    One threshold alone cannot tell scale from intercept; it must wait for equal intercepts.
    """
    if group == 0 or "thresholds" not in design.equal:
        return False
    return design.thresholds[item] > 1 or "intercepts" in design.equal


def _thresholds(model: Model, design: Design, group: int) -> Iterator[Parameter]:
    for row, item in enumerate(model.items):
        for column in range(design.thresholds[row]):
            key = (item, "|", f"t{column + 1}")
            yield _cell(key, group, ("tau", row, column), None)


def _intercepts(model: Model, design: Design, group: int) -> Iterator[Parameter]:
    for row, item in enumerate(model.items):
        key = (item, "~1", "")
        freed = (
            group > 0
            and "thresholds" in design.equal
            and ("intercepts" not in design.equal or key in design.released)
        )
        value = 0.0 if design.ordinal and not freed else None
        yield _cell(key, group, ("nu", row, 0), value)


def _factor_means(model: Model, design: Design, group: int) -> Iterator[Parameter]:
    """A later group's factor means are found where intercepts are equal.

    A factor of higher order takes the means of those that it measures upon itself.
    """
    measured = {term.right for term in model.loadings}
    for row, factor in enumerate(model.factors):
        freed = group > 0 and "intercepts" in design.equal and factor not in measured
        yield _cell((factor, "~1", ""), group, ("alpha", row, 0), None if freed else 0.0)


def _scales(model: Model, design: Design, group: int) -> Iterator[Parameter]:
    for row, item in enumerate(model.items):
        value = None if _scale_is_free(design, group, row) else 1.0
        yield _cell((item, "~*~", item), group, ("delta", row, 0), value)
