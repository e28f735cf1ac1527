"""What a model would gain by one further parameter (Sorbom 1989, DOI 10.1007/BF02294623)."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from .estimates import Scales
from .parameters import FIXED, Key, Matrix, Parameter, ParameterTable
from .solutions import Solution
from .structure import Array, cells_of

NOTHING = 1e-9
"""Share of a candidate's information left by the model's own parameters: less cannot be told from
rounding, and the candidate is one of them in other words."""


@dataclass(frozen=True)
class ModificationIndex:
    """The score test of one parameter that is fixed, or held equal over groups."""

    left: str
    operator: str
    right: str
    group: str
    chi_square: float
    """By about how much the model's chi-square would fall, with one degree of freedom."""
    p: float
    change: float
    """By about how much the parameter would move."""
    standardised_change: float
    """The same with all variables at variance one."""


@dataclass(frozen=True)
class ModificationIndices:
    """Largest first."""

    indices: tuple[ModificationIndex, ...]

    def __iter__(self) -> Iterator[ModificationIndex]:
        return iter(self.indices)

    def __len__(self) -> int:
        return len(self.indices)

    def to_frame(self) -> pd.DataFrame:
        """One row an index."""
        columns = [part.name for part in fields(ModificationIndex)]
        return pd.DataFrame([asdict(index) for index in self.indices], columns=columns)

    def __str__(self) -> str:
        if not self.indices:
            return "No further parameter would gain as much."
        return self.to_frame().round(3).to_string(index=False)


def modification_indices(solution: Solution, least: float) -> ModificationIndices:
    """Loadings and residual covariances that the model leaves out, those of `least` or more.

    Left out are also residual covariances of factors, and loadings of a factor that measures factors
    alone on items. MI = n g^2 / V, where g is the gradient of a row's log likelihood by the new parameter and V its
    expected information less what the model's own parameters share of it.
    """
    return ModificationIndices(_indices(solution, list(_left_out(solution.table)), least))


def equality_indices(solution: Solution, matrices: Sequence[str]) -> tuple[ModificationIndex, ...]:
    """What letting one parameter differ in one group would gain, of those in some matrices.

    Of two groups the second is let go; of more, each in turn.
    """
    table = solution.table
    groups = len(table.design.groups)
    held = [
        row
        for row in table.rows
        if row.matrix in matrices and (row.group > 0 or groups > 2) and _is_held(row, table)
    ]
    return _indices(solution, held, least=0.0)


def _is_held(row: Parameter, table: ParameterTable) -> bool:
    """Equal over groups: by one shared number, or by one fixed value that the model did not ask."""
    if row.index < 0:
        asked = any(term.key == row.key for term in table.model.terms if term.fixed is not None)
        return row.matrix in {"nu", "theta"} and row.index == FIXED and not asked
    return table.keys[row.index][0] == row.key and any(
        other.index == row.index and other.group != row.group for other in table.rows
    )


def _indices(
    solution: Solution, candidates: list[Parameter], least: float
) -> tuple[ModificationIndex, ...]:
    if not candidates or not solution.search.converged:
        return ()
    own = solution.table.count
    gradient, information = _expand(solution, candidates)
    inside, crossed = information[:own, :own], information[own:, :own]
    explained = (crossed * np.linalg.solve(inside, crossed.T).T).sum(axis=1)
    known = np.diag(information)[own:]
    variance = known - explained
    factors = _standardising(solution, candidates)
    found = []
    for row, slope, spread, whole, factor in zip(
        candidates, gradient[own:], variance, known, factors, strict=True
    ):
        # Information has the unit of the answers, so only a share of it is told from nothing.
        if spread <= NOTHING * whole:
            continue
        value = float(solution.data.n * slope**2 / spread)
        if value >= least:
            change = float(-slope / spread)
            name = solution.table.design.groups[row.group]
            found.append(
                ModificationIndex(
                    *row.key, name, value, float(chdtrc(1, value)), change, change * factor
                )
            )
    return tuple(sorted(found, key=lambda index: -index.chi_square))


def _standardising(solution: Solution, candidates: Sequence[Parameter]) -> list[float]:
    """What each candidate's change is multiplied by."""
    found = np.empty(len(candidates))
    for group, filled in enumerate(solution.matrices()):
        own = [place for place, row in enumerate(candidates) if row.group == group]
        cells = cells_of([candidates[place] for place in own])
        found[own] = Scales.of(filled, solution.table).factors(cells)
    return list(found.tolist())


def _expand(solution: Solution, candidates: list[Parameter]) -> tuple[Array, Array]:
    """Gradient and information of the model with all candidates set free where they stand.

    A candidate that is a parameter already (held equal over groups) is listed a second time: the
    shared parameter still moves it, and its own number moves it alone.
    """
    table = solution.table
    filled = solution.matrices()
    added = [
        replace(row, index=table.count + place, value=np.nan)
        for place, row in enumerate(candidates)
    ]
    standing = [filled[row.group].cell(row) for row in candidates]
    wider = ParameterTable(
        table.model,
        table.design,
        (*table.rows, *added),
        table.count + len(added),
        (*table.keys, *((row.key, row.group) for row in added)),
    )
    values = np.append(solution.optimum, np.array(standing, dtype=float))
    _, gradient, information = solution.data.discrepancy(wider).expand(values)
    return gradient, information


def _left_out(table: ParameterTable) -> Iterator[Parameter]:
    """Cross-loadings and residual covariances that no statement names."""
    model = table.model
    present = {term.key for term in model.terms}
    for group in range(len(table.design.groups)):
        for column, factor in enumerate(model.factors):
            if not set(model.indicators(factor)) & set(model.items):
                continue
            for row, item in enumerate(model.items):
                if (factor, "=~", item) not in present:
                    yield _candidate((factor, "=~", item), group, ("lambda", row, column))
        for a, b in combinations(range(len(model.items)), 2):
            first, second = model.items[a], model.items[b]
            if (min(first, second), "~~", max(first, second)) not in present:
                yield _candidate((first, "~~", second), group, ("theta", b, a))


def _candidate(key: Key, group: int, place: tuple[Matrix, int, int]) -> Parameter:
    return Parameter(*key, group, *place, FIXED, 0.0)
