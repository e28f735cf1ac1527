"""How far each respondent is on the trait of a graded response model, and how surely."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.counting.answers import Codes, choose_items, read_codes
from processing.errors import Problem, StatisticsError

from .graded_likelihood import Answered, Grid, normal_grid, posterior
from .graded_response import GradedResponse

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Respondents:
    """Rows of a frame as the different patterns among them."""

    answered: Answered
    """The patterns, and how often each occurs."""
    pattern: NDArray[np.intp]
    """(rows,): which pattern each row has."""
    index: pd.Index


def read_respondents(frame: pd.DataFrame, model: GradedResponse) -> Respondents:
    """Read the model's items; equal rows are kept once, for what is said of one holds for all."""
    items = choose_items(frame, model.items)
    codes: Codes = np.maximum(read_codes(frame, items), -1)
    order = np.lexsort(codes)
    ordered = codes[:, order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (ordered[:, 1:] != ordered[:, :-1]).any(axis=0)
    pattern = np.empty(len(order), dtype=np.intp)
    pattern[order] = np.cumsum(first) - 1
    frequency = np.bincount(pattern).astype(np.float64)
    return Respondents(Answered(model.places(ordered[:, first]), frequency), pattern, frame.index)


def trait_scores(
    frame: pd.DataFrame, model: GradedResponse, *, grid: Grid | None = None
) -> pd.DataFrame:
    """Expected a posteriori scores: θ̂ = E(θ | answers) and SE = SD(θ | answers), θ ~ N(0, 1).

    Missing rule: whatever was answered counts; a row without any answer has no score.

    Parameters
    ----------
    frame
        Answers to the model's items, whole numbers; negative codes and NaN are missing.
    model
        From `graded_response`, fitted to these rows or to others.
    grid
        Nodes and weights of the trait, by default 61 Gauss–Hermite nodes.

    Returns
    -------
    DataFrame
        On the frame's index: `eap`, `se` (in SDs of the trait) and `answered` (items).

    Raises
    ------
    StatisticsError
        An item of the model is missing or holds answers that the model has not seen.

    References
    ----------
    Bock & Mislevy 1982, https://doi.org/10.1177/014662168200600405

    Examples
    --------
    >>> from processing import graded_response
    >>> from processing import KnownModel
    >>> from processing import simulate
    >>> known = KnownModel.simple({"calm": ["a", "b", "c"]}, 0.8, (0.3, 0.4, 0.3))
    >>> frame = simulate(known, 3000, seed=1).frame[["a", "b", "c"]]
    >>> trait_scores(pd.DataFrame({"a": [1, 3], "b": [1, 3], "c": [1, -8]}), graded_response(frame)).round(1)
       eap   se  answered
    0 -1.4  0.6         3
    1  1.3  0.6         2

    """
    rows = read_respondents(frame, model)
    mean, spread = expected_traits(rows.answered, model, grid or normal_grid())
    answered = (rows.answered.place >= 0).sum(axis=1)
    return pd.DataFrame(
        {
            "eap": np.where(answered > 0, mean, np.nan)[rows.pattern],
            "se": np.where(answered > 0, spread, np.nan)[rows.pattern],
            "answered": answered.astype(np.int16)[rows.pattern],
        },
        index=rows.index,
    )


def expected_traits(answered: Answered, model: GradedResponse, grid: Grid) -> tuple[Array, Array]:
    """(patterns,) posterior means and SDs."""
    means, spreads = [np.zeros(0)], [np.zeros(0)]
    for part in answered.parts():
        weights, _ = posterior(part, model.curves, grid)
        mean = weights @ grid.theta
        means.append(mean)
        spreads.append(np.sqrt(np.maximum(weights @ grid.theta**2 - mean**2, 0)))
    return np.concatenate(means), np.concatenate(spreads)


def reliability_of_scores(scores: pd.DataFrame) -> float:
    """Empirical reliability: the share of the trait's variance that the scores hold.

    ρ = Var(EAP) / (Var(EAP) + mean SE²).

    Parameters
    ----------
    scores
        From `trait_scores`; rows without a score are left out.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    StatisticsError
        For a frame without the columns `eap` and `se`, and for fewer than two scores.

    References
    ----------
    Chalmers 2012, https://doi.org/10.18637/jss.v048.i06, of mirt, whose `empirical_rxx` it is

    Examples
    --------
    >>> reliability_of_scores(pd.DataFrame({"eap": [-1.0, 0.0, 1.0], "se": [0.5, 0.5, 0.5]}))
    0.7272727272727273

    """
    choose_items(scores, ["eap", "se"], called="column")
    if scores["eap"].notna().sum() < 2:
        raise StatisticsError(
            Problem(
                "scores",
                f"a variance needs two scores, found {int(scores['eap'].notna().sum())}",
                "Score more rows",
            )
        )
    known = scores.dropna(subset=["eap"])
    between = float(known["eap"].var(ddof=0))
    return between / (between + float((known["se"] ** 2).mean()))
