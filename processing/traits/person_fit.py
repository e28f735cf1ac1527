"""Whether a respondent's answers are those of anyone at that level of the trait: lz and lz*."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .graded_curves import LEAST
from .graded_likelihood import Answered
from .graded_response import GradedResponse
from .trait_scores import read_respondents

Array = NDArray[np.float64]

STEPS = 50
SMALL_STEP = 1e-9
UNLIKELY = -1.645
"""Below it lies one in twenty of those who answer by the model."""


def person_fit(frame: pd.DataFrame, model: GradedResponse, flag: float = UNLIKELY) -> pd.DataFrame:
    """How likely each row's answers are, given the trait that they themselves suggest.

    l₀ = Σ log P(xᵢ | θ̂), lz = (l₀ − E l₀) / √Var l₀ with θ̂ the posterior mode under θ ~ N(0, 1).
    Because θ̂ is estimated, lz varies too little; lz* (Snijders 2001, for graded answers Sinharay
    2016) takes that out and is near to a standard normal variable. Far below zero: answers that
    contradict each other, given the scale.

    Parameters
    ----------
    frame
        Answers to the model's items, whole numbers; negative codes and NaN are missing.
    model
        From `graded_response`.
    flag
        Rows with lz* below it are flagged; nothing is removed.

    Returns
    -------
    DataFrame
        On the frame's index: `lz`, `lz_star`, `flagged`; NaN and False where fewer than two items
        were answered.

    Raises
    ------
    StatisticsError
        As `trait_scores`.

    References
    ----------
    Drasgow, Levine & Williams 1985, https://doi.org/10.1111/j.2044-8317.1985.tb00817.x; Snijders
    2001, https://doi.org/10.1007/BF02294437; Sinharay 2016, https://doi.org/10.1007/s11336-015-9465-x

    Examples
    --------
    >>> from processing import graded_response
    >>> from processing import KnownModel
    >>> from processing import simulate
    >>> known = KnownModel.simple({"calm": list("abcdef")}, 0.8)
    >>> model = graded_response(simulate(known, 2000, seed=1).frame[list("abcdef")])
    >>> odd = pd.DataFrame([[3, 3, 4, 3, 3, 3], [1, 5, 1, 5, 1, 5]], columns=list("abcdef"))
    >>> person_fit(odd, model)["flagged"].tolist()
    [False, True]

    """
    rows = read_respondents(frame, model)
    lz, star = fit_of_patterns(rows.answered, model)
    return pd.DataFrame(
        {
            "lz": lz[rows.pattern],
            "lz_star": star[rows.pattern],
            "flagged": (star < flag)[rows.pattern],
        },
        index=rows.index,
    )


def fit_of_patterns(answered: Answered, model: GradedResponse) -> tuple[Array, Array]:
    """(patterns,) lz and lz*."""
    found = [_fit_of_part(part, model) for part in answered.parts()]
    lz, star = (np.concatenate([np.zeros(0), *parts]) for parts in zip(*found, strict=True))
    return lz, star


def _fit_of_part(part: Answered, model: GradedResponse) -> tuple[Array, Array]:
    theta = _modes(part, model)
    given = part.place >= 0
    p = model.curves.probabilities(theta).transpose(2, 0, 1)
    slope = model.curves.by_trait(theta).transpose(2, 0, 1)
    logs = np.where(p > 0, np.log(np.maximum(p, LEAST)), 0.0)
    ratio = np.where(p > 0, slope / np.maximum(p, LEAST), 0.0)
    own = np.take_along_axis(logs, np.maximum(part.place, 0)[..., None], axis=2)[..., 0]
    mean = (p * logs).sum(axis=2)
    excess = ((own - mean) * given).sum(axis=1)
    variance = (((p * logs**2).sum(axis=2) - mean**2) * given).sum(axis=1)
    steepness = (slope * ratio).sum(axis=2) * given
    pull = ((slope * logs).sum(axis=2) * given).sum(axis=1) / np.maximum(
        steepness.sum(axis=1), LEAST
    )
    corrected = logs - pull[:, None, None] * ratio
    centre = (p * corrected).sum(axis=2)
    corrected_variance = (((p * corrected**2).sum(axis=2) - centre**2) * given).sum(axis=1)
    few = given.sum(axis=1) < 2
    with np.errstate(invalid="ignore", divide="ignore"):
        lz = np.where(few, np.nan, excess / np.sqrt(variance))
        # The mode solves Σ r(θ) − θ = 0, so the estimate's own pull is −θ.
        star = np.where(few, np.nan, (excess - pull * theta) / np.sqrt(corrected_variance))
    return lz, star


def _modes(part: Answered, model: GradedResponse) -> Array:
    """(patterns,) posterior modes by scoring; the information includes the prior's."""
    theta = np.zeros(len(part.place))
    given = part.place >= 0
    rows = np.arange(len(theta))[:, None]
    columns = np.arange(part.place.shape[1])
    for _ in range(STEPS):
        p = model.curves.probabilities(theta).transpose(2, 0, 1)
        slope = model.curves.by_trait(theta).transpose(2, 0, 1)
        chosen = np.maximum(part.place, 0)
        score = slope[rows, columns, chosen] / np.maximum(p[rows, columns, chosen], LEAST)
        gradient = (score * given).sum(axis=1) - theta
        information = (slope**2 / np.maximum(p, LEAST)).sum(axis=2)
        step = gradient / ((information * given).sum(axis=1) + 1)
        theta = theta + np.clip(step, -1, 1)
        if np.abs(step).max(initial=0) < SMALL_STEP:
            break
    return theta
