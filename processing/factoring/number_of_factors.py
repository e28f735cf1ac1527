"""How many factors a set of items holds: parallel analysis and the minimum average partial."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.counting.answers import Codes, choose_items, read_rows
from processing.counting.counts import Counts, Points
from processing.counting.products import sums_and_products
from processing.counting.scale_counts import Answers, Missing
from processing.errors import Problem, StatisticsError, stop_if_any
from processing.options import no_level, too_few, unknown_word

from .correlations import Kind, correlate

Array = NDArray[np.float64]
Simulated: TypeAlias = Literal["normal", "permuted"]

LARGEST_COMMUNALITY = 0.995
SWEEPS = 500


@dataclass(frozen=True)
class Eigenvalues:
    """Eigenvalues of the answers beside those of answers without any factor; p items."""

    observed: Array
    """(p,), descending."""
    mean: Array
    """(p,) over the simulated matrices."""
    quantile: Array
    """(p,) over the simulated matrices."""

    @property
    def suggested(self) -> int:
        """Leading eigenvalues that exceed the simulated quantile."""
        below = np.flatnonzero(self.observed <= self.quantile)
        return int(below[0]) if below.size else len(self.observed)

    @property
    def suggested_by_mean(self) -> int:
        """Leading eigenvalues that exceed the simulated mean."""
        below = np.flatnonzero(self.observed <= self.mean)
        return int(below[0]) if below.size else len(self.observed)


@dataclass(frozen=True)
class ParallelAnalysis:
    """Horn's parallel analysis."""

    factors: Eigenvalues
    """Of the matrix with the communalities of one factor on its diagonal."""
    components: Eigenvalues
    """Of the correlation matrix itself."""
    simulated: Simulated
    level: float
    iterations: int
    n: int

    def to_frame(self) -> pd.DataFrame:
        """One row an eigenvalue."""
        columns = {
            f"{kind}_{name}": getattr(getattr(self, kind), name)
            for kind in ("factors", "components")
            for name in ("observed", "mean", "quantile")
        }
        frame = pd.DataFrame(columns)
        return frame.set_index(pd.RangeIndex(1, len(frame) + 1, name="number"))

    def __str__(self) -> str:
        return (
            f"parallel analysis: {_counted(self.factors.suggested, 'factor')},"
            f" {_counted(self.components.suggested, 'component')} (above the {self.level:.0%} quantile of"
            f" {self.iterations} {self.simulated} samples), n = {self.n}"
        )


@dataclass(frozen=True)
class MinimumAveragePartial:
    """Velicer's criterion."""

    partials: Array
    """Mean squared partial correlation without 0, 1, 2, … components."""
    suggested: int
    """The number of components where it is least."""
    n: int

    def to_frame(self) -> pd.DataFrame:
        """One row a number of components."""
        return pd.DataFrame({"mean_squared_partial": self.partials}).rename_axis("components")

    def __str__(self) -> str:
        return f"minimum average partial: {_counted(self.suggested, 'factor')}, n = {self.n}"


def _counted(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"


def parallel_analysis(
    answers: Answers,
    items: Sequence[str] | None = None,
    missing: Missing = "listwise",
    *,
    simulated: Simulated = "normal",
    iterations: int = 100,
    level: float = 0.95,
    seed: int = 0,
    points: Points | None = None,
) -> ParallelAnalysis:
    """Horn's parallel analysis: eigenvalues against those of unrelated answers.

    Factors: eigenvalues of the correlation matrix whose diagonal holds the communalities of a
    one-factor minimum-residual solution (as R's psych does). Components: of the matrix itself.
    As many are kept as exceed the quantile of the simulated ones, without a gap.

    Parameters
    ----------
    answers, items, missing, points
        As in `alpha`.
    simulated
        "normal" draws correlation matrices of n independent normal rows, straight from their
        distribution (Wishart), so that its cost does not grow with n; "permuted" shuffles each
        item's answers, which keeps their distributions and needs a frame without pairwise missing.
    iterations, level, seed
        How many matrices, which quantile, and where the random numbers start.

    Returns
    -------
    ParallelAnalysis

    Raises
    ------
    StatisticsError
        As `kmo`, for "permuted" with counts or pairwise missing, no iterations, and a level that is
        not between 0 and 1.

    References
    ----------
    Horn 1965, https://doi.org/10.1007/BF02289447

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(2)
    >>> trait = rng.normal(3, 1, size=500)
    >>> frame = pd.DataFrame({item: np.rint(trait + rng.normal(size=500)) for item in "abcd"})
    >>> print(parallel_analysis(frame.clip(1, 5)))
    parallel analysis: 1 factor, 1 component (above the 95% quantile of 100 normal samples), n = 500

    """
    stop_if_any(
        [
            *unknown_word("simulated", simulated, Simulated),
            *too_few("iterations", iterations),
            *no_level(level),
        ]
    )
    found = correlate(answers, items, missing, points=points)
    rng = np.random.default_rng(seed)
    if simulated == "normal":
        drawn = _unrelated(found.n, len(found.items), iterations, rng)
    else:
        drawn = _shuffled(answers, found.items, missing, iterations, rng)
    return ParallelAnalysis(
        factors=_compare(_with_communalities(found.matrix), _with_communalities(drawn), level),
        components=_compare(found.matrix, drawn, level),
        simulated=simulated,
        level=level,
        iterations=iterations,
        n=found.n,
    )


def minimum_average_partial(
    answers: Answers,
    items: Sequence[str] | None = None,
    missing: Missing = "listwise",
    *,
    correlation: Kind = "pearson",
    points: Points | None = None,
) -> MinimumAveragePartial:
    """Velicer's minimum average partial: stop where components no longer take away what is shared.

    For m = 0, 1, … components, the mean squared partial correlation between items given those
    components.

    Parameters
    ----------
    answers, items, missing, correlation, points
        As in `kmo`.

    Returns
    -------
    MinimumAveragePartial

    Raises
    ------
    StatisticsError
        As `kmo`.

    References
    ----------
    Velicer 1976, https://doi.org/10.1007/BF02293557

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(2)
    >>> trait = rng.normal(3, 1, size=500)
    >>> frame = pd.DataFrame({item: np.rint(trait + rng.normal(size=500)) for item in "abcd"})
    >>> print(minimum_average_partial(frame.clip(1, 5)))
    minimum average partial: 1 factor, n = 500

    """
    found = correlate(answers, items, missing, correlation, points=points)
    p = len(found.items)
    values, vectors = np.linalg.eigh(found.matrix)
    loadings = (vectors * np.sqrt(values))[:, ::-1]
    means = []
    for components in range(p - 1):
        taken = loadings[:, :components]
        partial = found.matrix - taken @ taken.T
        spread = np.sqrt(np.diag(partial))
        partial /= np.outer(spread, spread)
        means.append((np.sum(partial**2) - p) / (p * (p - 1)))
    return MinimumAveragePartial(
        partials=np.array(means), suggested=int(np.argmin(means)), n=found.n
    )


def _compare(observed: Array, drawn: Array, level: float) -> Eigenvalues:
    simulated = np.linalg.eigvalsh(drawn)[:, ::-1]
    return Eigenvalues(
        observed=np.linalg.eigvalsh(observed)[::-1].astype(np.float64),
        mean=simulated.mean(axis=0),
        quantile=np.quantile(simulated, level, axis=0),
    )


def _unrelated(n: int, p: int, iterations: int, rng: np.random.Generator) -> Array:
    """(iterations, p, p) correlations of n independent normal rows, by Bartlett's decomposition."""
    root = np.tril(rng.normal(size=(iterations, p, p)), -1)
    place = np.arange(p)
    root[:, place, place] = np.sqrt(rng.chisquare(n - 1 - place, size=(iterations, p)))
    return _scaled(root @ np.swapaxes(root, 1, 2))


def _shuffled(
    answers: Answers,
    items: Sequence[str],
    missing: Missing,
    iterations: int,
    rng: np.random.Generator,
) -> Array:
    if isinstance(answers, Counts) or missing == "pairwise":
        raise StatisticsError(
            Problem(
                "simulated 'permuted'",
                "answers can be shuffled only in complete rows of a frame",
                "Give a frame with missing='listwise', or use simulated='normal'",
            )
        )
    if not isinstance(answers, pd.DataFrame):
        raise StatisticsError(
            Problem(
                "simulated 'permuted'",
                "answers can be shuffled only where all rows lie in one frame",
                "Give a frame, or use simulated='normal'",
            )
        )
    codes, _ = read_rows(answers, choose_items(answers, items), None, complete=True)
    sums = codes.sum(axis=1, dtype=np.int64)
    expected = np.outer(sums, sums) / codes.shape[1]
    drawn = np.empty((iterations, len(items), len(items)))
    for iteration in range(iterations):
        _, products = sums_and_products(_permuted(codes, rng))
        drawn[iteration] = products - expected
    return _scaled(drawn)


def _permuted(codes: Codes, rng: np.random.Generator) -> Codes:
    """Every item's answers in a random order of its own.

    Each answer rides in the last byte of a random number, and the numbers are sorted: several
    times quicker than exchanging places, for sorting runs through memory in order.
    """
    shuffled = np.empty_like(codes)
    for answers, row in zip(codes, shuffled, strict=True):
        keys = rng.integers(0, 2**64, answers.size, dtype=np.uint64)
        keys &= ~np.uint64(255)
        keys |= answers.view(np.uint8)
        keys.sort()
        row[:] = keys.astype(np.uint8).view(np.int8)
    return shuffled


def _scaled(covariances: Array) -> Array:
    spread = np.sqrt(np.diagonal(covariances, axis1=-2, axis2=-1))
    return np.asarray(covariances / spread[..., :, None] / spread[..., None, :])


def _with_communalities(correlations: Array) -> Array:
    """Correlation matrices whose diagonals hold the communalities of one minimum-residual factor.

    The residuals off the diagonal are least when λᵢ = Σ rᵢⱼ λⱼ / Σ λⱼ² over j ≠ i; item after item
    is brought there, for all matrices of the stack at once.
    """
    stack = correlations.reshape(-1, *correlations.shape[-2:])
    values, vectors = np.linalg.eigh(stack)
    loadings = vectors[:, :, -1] * np.sqrt(values[:, -1:])
    largest = np.sqrt(LARGEST_COMMUNALITY)
    loadings = np.clip(loadings, -largest, largest)
    for _ in range(SWEEPS):
        before = loadings.copy()
        for item in range(stack.shape[1]):
            own = loadings[:, item]
            shared = np.einsum("sj,sj->s", stack[:, item], loadings) - own
            rest = np.einsum("sj,sj->s", loadings, loadings) - own**2
            loadings[:, item] = np.clip(shared / rest, -largest, largest)
        if np.abs(loadings - before).max() < 1e-9:
            break
    reduced = stack.copy()
    place = np.arange(stack.shape[1])
    reduced[:, place, place] = loadings**2
    return reduced.reshape(correlations.shape)
