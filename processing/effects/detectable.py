"""The smallest effect that a study of so many areas and answers finds, by a closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from processing.errors import Problem, stop_if_any


@dataclass(frozen=True)
class Detectable:
    """The smallest effect that a study finds with the power asked for, in SD of persons' scores."""

    effect: float
    standard_error: float
    df: float
    power: float
    level: float

    def __str__(self) -> str:
        return (
            f"An effect of {self.effect:.2f} SD is found with {self.power:.0%} power "
            f"(two-sided test at {1 - self.level:.0%}, SE {self.standard_error:.3f} SD)."
        )


def minimum_detectable_effect(
    treated: int,
    comparison: int,
    answers: float,
    *,
    icc: float,
    stability: float = 0.7,
    overlap: float = 0.0,
    power: float = 0.8,
    level: float = 0.95,
    design_effect: float = 1.0,
    normal: bool = False,
) -> Detectable:
    """The effect on area means over two waves that a difference-in-differences finds.

    Definition: SE² = V·(1/treated + 1/comparison) with V = `variance_of_change`, that of one area's
    change; effect = SE times the sum of the t quantiles of the test and of the power (Bloom 1995,
    DOI 10.1177/0193841X9501900504), with CR2's degrees of freedom: Satterthwaite's of two arms of
    equal variance, which are treated + comparison − 2 where the arms are equal and fewer where they
    are not. With `normal` the quantiles are normal.

    Parameters: numbers of areas in each arm; `answers` a mean number of answers per area and wave;
    `icc` the share of variance that lies between areas; `stability` the correlation of areas' true
    means over the waves; `overlap` the share of the persons' own variance that a panel takes out of
    the change; `design_effect` of the weights. Raises StatisticsError with all that cannot be.

    >>> print(minimum_detectable_effect(30, 30, 60, icc=0.03))
    An effect of 0.17 SD is found with 80% power (two-sided test at 5%, SE 0.058 SD).
    """
    stop_if_any(
        Problem(name, f"{rule}, got {value:g}", "Correct it")
        for name, value, rule, holds in (
            ("treated", treated, "each arm needs two areas at least", treated >= 2),
            ("comparison", comparison, "each arm needs two areas at least", comparison >= 2),
            ("answers", answers, "there are some in each area and wave", answers > 0),
            ("icc", icc, "a share, from 0 to 1", 0 <= icc < 1),
            ("stability", stability, "a share, from 0 to 1", 0 <= stability <= 1),
            ("overlap", overlap, "a share, from 0 to 1", 0 <= overlap < 1),
            ("design_effect", design_effect, "it is 1 or more", design_effect >= 1),
            ("power", power, "from 0.5 to 1", 0.5 <= power < 1),
            ("level", level, "a share, from 0 to 1", 0 < level < 1),
        )
        if not holds
    )
    change = variance_of_change(icc, stability, answers, overlap, design_effect)
    error = float(np.sqrt(change * (1 / treated + 1 / comparison)))
    df = float("inf") if normal else df_of_arms(treated, comparison)
    reach = stats.t(df).ppf((1 + level) / 2) + stats.t(df).ppf(power)
    return Detectable(float(reach * error), error, df, power, level)


def variance_of_change(
    icc: float, stability: float, answers: float, overlap: float, design_effect: float
) -> float:
    """One area's change, in persons' variances: 2·[ICC(1 − stability) + (1 − ICC)·deff·(1 − overlap)/answers]."""
    return 2 * (icc * (1 - stability) + (1 - icc) * design_effect * (1 - overlap) / answers)


def df_of_arms(treated: int, comparison: int) -> float:
    """Satterthwaite's degrees of freedom of a difference of two means, areas of one variance.

    >>> round(df_of_arms(12, 12), 2), round(df_of_arms(3, 21), 2)
    (22.0, 2.61)
    """
    a, b = 1 / treated, 1 / comparison
    return (a + b) ** 2 / (a**2 / (treated - 1) + b**2 / (comparison - 1))
