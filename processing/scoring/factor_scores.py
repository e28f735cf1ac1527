"""Where each respondent stands on the factors of a fitted model."""

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.counting.answers import choose_items
from processing.counting.rows_used import group_name
from processing.errors import Problem, StatisticsError, stop_if_any
from processing.modelling.confirmatory import Confirmatory
from processing.modelling.doubts import impossible
from processing.modelling.normal_theory import NormalData
from processing.modelling.samples import read_samples
from processing.modelling.structure import Matrices

Array = NDArray[np.float64]
Method = Literal["regression", "bartlett"]

METHODS = ("regression", "bartlett")


def factor_scores(
    fitted: Confirmatory, frame: pd.DataFrame, method: Method = "regression", *, group: str = ""
) -> pd.DataFrame:
    """Factor scores with their standard errors.

    With μ and Σ the model's mean and covariance of the items, of which a row answered some:

        regression   η̂ = α + ΦΛ'Σ⁻¹(y − μ),             SE² = diag(Φ − ΦΛ'Σ⁻¹ΛΦ)
        bartlett     η̂ = α + (Λ'Θ⁻¹Λ)⁻¹Λ'Θ⁻¹(y − μ),    SE² = diag((Λ'Θ⁻¹Λ)⁻¹)

    Regression scores come nearest to the factor and shrink towards the mean; Bartlett's are unbiased
    and spread more. Neither serves for comparing areas: use plausible values. A model without means
    (one group) takes the sample's and has factors of mean 0.

    Missing rule: a row is scored by the items that it answered. Without any, or for Bartlett without
    one for each factor, there is no score.

    Parameters
    ----------
    fitted
        From `cfa` by ML, MLR or FIML.
    frame
        Answers to the model's items: codes (negative = missing) or measurements.
    method
        See above.
    group
        The column that divided the rows, where the model has groups.

    Returns
    -------
    DataFrame
        On the frame's index, per factor `f` the columns `f` and `f_se`, in the factor's own unit.

    Raises
    ------
    StatisticsError
        A model of ordinal items (score these by `graded_response` and `trait_scores`), one that did
        not converge or has a variance below zero, of which no standard error can come, an unknown
        method, a group that the model does not know.

    References
    ----------
    Thurstone 1935; Bartlett 1937, https://doi.org/10.1111/j.2044-8295.1937.tb00863.x

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from processing import cfa
    >>> rng = np.random.default_rng(1)
    >>> calm = rng.normal(size=500)
    >>> frame = pd.DataFrame({name: 0.8 * calm + 0.6 * rng.normal(size=500) for name in "abcd"})
    >>> scores = factor_scores(cfa(frame, "calm =~ a + b + c + d"), frame)
    >>> bool(np.corrcoef(scores["calm"], calm)[0, 1] > 0.9)
    True

    """
    stop_if_any(_unfit(fitted, method, group))
    data = fitted.solution.data
    if not isinstance(data, NormalData):
        raise _ordinal(fitted.estimator)
    stop_if_any(
        Problem("model", doubt, "Leave the item out or simplify the model before scoring by it")
        for doubt in impossible(fitted.solution)
    )
    (sample,) = read_samples(frame, fitted.model.items)
    answers = np.where(sample.missing, np.nan, sample.answers.astype(np.float64))
    place = _groups(fitted, frame, group)
    factors = len(fitted.model.factors)
    scores, errors = np.full((2, len(frame), factors), np.nan)
    for number, matrices in enumerate(fitted.solution.matrices()):
        means = fitted.solution.table.design.means
        mean = matrices.mu if means else data.fitted[number].mean
        for rows, observed in _patterns(answers, np.flatnonzero(place == number)):
            weights, error = _weights(matrices, observed, method)
            apart = answers[np.ix_(observed, rows)] - mean[observed, None]
            start = matrices.spread @ matrices.alpha
            scores[rows] = start + (weights @ apart).T
            errors[rows] = error
    names = fitted.model.factors
    columns = {name: scores[:, k] for k, name in enumerate(names)}
    columns |= {f"{name}_se": errors[:, k] for k, name in enumerate(names)}
    order = [column for name in names for column in (name, f"{name}_se")]
    return pd.DataFrame(columns, index=frame.index)[order]


def _ordinal(estimator: str) -> StatisticsError:
    return StatisticsError(
        Problem(
            f"a model fitted by {estimator}",
            "factor scores here suppose normal answers, these are ordered",
            "Score them by graded_response and trait_scores",
        )
    )


def _unfit(fitted: Confirmatory, method: str, group: str) -> list[Problem]:
    problems = []
    if method not in METHODS:
        problems.append(
            Problem("method", f"it is one of {', '.join(METHODS)}, got {method!r}", "Correct it")
        )
    if not fitted.converged:
        problems.append(Problem("model", "it did not converge", "Mend the model first"))
    if len(fitted.groups) > 1 and not group:
        problems.append(
            Problem("group", f"the model has groups {fitted.groups}", "Name the column of groups")
        )
    return problems


def _groups(fitted: Confirmatory, frame: pd.DataFrame, group: str) -> NDArray[np.intp]:
    """(rows,): which of the model's groups each row is of; −1 where it has none."""
    if len(fitted.groups) == 1:
        return np.zeros(len(frame), dtype=np.intp)
    choose_items(frame, [group], called="group")
    labels = frame[group].map(group_name, na_action="ignore")
    known = set(fitted.groups)
    strange = sorted(set(labels.dropna()) - known)
    stop_if_any(
        Problem(f"group {name!r}", f"the model knows {fitted.groups}", "Leave these rows out")
        for name in strange
    )
    return np.asarray(pd.Categorical(labels, categories=list(fitted.groups)).codes, dtype=np.intp)


def _patterns(
    answers: Array, rows: NDArray[np.intp]
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Rows that answered the same items, and those items."""
    if not rows.size:
        return []
    given = np.isfinite(answers[:, rows])
    packed = np.packbits(given, axis=0)
    order = np.lexsort(packed)
    changes = (packed[:, order[1:]] != packed[:, order[:-1]]).any(axis=0)
    alike = np.split(order, np.flatnonzero(changes) + 1)
    found = [(rows[part], np.flatnonzero(given[:, part[0]])) for part in alike]
    return [(part, observed) for part, observed in found if observed.size]


def _weights(matrices: Matrices, observed: NDArray[np.intp], method: Method) -> tuple[Array, Array]:
    """(factors, answered) weights and (factors,) standard errors."""
    loadings = matrices.lambda_[observed]
    within = np.ix_(observed, observed)
    if method == "regression":
        weights = np.linalg.solve(matrices.sigma[within], loadings @ matrices.phi).T
        left = np.diag(matrices.phi - weights @ loadings @ matrices.phi)
        return weights, np.sqrt(np.maximum(left, 0))
    weighted = np.linalg.solve(matrices.theta[within], loadings)
    information = loadings.T @ weighted
    if np.linalg.matrix_rank(information) < len(information):
        nothing = np.full((len(information), len(observed)), np.nan)
        return nothing, np.full(len(information), np.nan)
    covariance = np.linalg.inv(information)
    return covariance @ weighted.T, np.sqrt(np.diag(covariance))
