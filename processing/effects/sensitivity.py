"""What an effect would be if treated areas had not moved as the others did, and whether it is none.

After Rambachan & Roth (2023, DOI 10.1093/restud/rdad018): the violation after treatment is bounded
by a multiple of the largest one seen before it. Their conditional tests are not here; the interval
adds the bias at its worst to the usual one, which errs on the safe side.
`no outside reference`: the bounds are a closed form.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from scipy import stats


@dataclass(frozen=True)
class Sensitivity:
    """`frame` has a row a multiple m: bias, and the interval that allows for it.

    `breakdown` is the multiple at which the interval first holds zero: 0 where it does so without
    any violation. `largest_before` is the largest change between waves before the start, in the
    outcome's unit, that treated areas showed beside others; None where there were too few waves,
    and then `m` is in the outcome's unit itself.
    """

    frame: pd.DataFrame
    breakdown: float
    largest_before: float | None

    def __str__(self) -> str:
        unit = (
            "points of violation"
            if self.largest_before is None
            else f"times the largest violation before ({self.largest_before:.3g})"
        )
        return f"The interval holds zero from {self.breakdown:.2f} {unit} on."


def sensitivity(
    estimate: float,
    low: float,
    high: float,
    *,
    before: tuple[float, ...] = (),
    waves_since: int = 1,
    multiples: tuple[float, ...] = (0.0, 0.5, 1.0, 1.5, 2.0),
) -> Sensitivity:
    """Bounds of an effect when trends may have parted.

    Definition: with δ the largest |change| in `before` (effects at waves before the start, each
    against the wave before it), the bias after k waves is at most k·m·δ; the interval is
    [low − kmδ, high + kmδ]. With nothing in `before`, δ is one unit of the outcome. Raises
    ValueError where the interval does not hold the estimate.
    """
    if not low <= estimate <= high:
        raise ValueError(f"The interval {low} to {high} does not hold the estimate {estimate}.")
    largest = max(map(abs, before)) if before else None
    unit = waves_since * (1.0 if largest is None else largest)
    rows = pd.DataFrame({"m": multiples})
    rows["bias"] = rows.m * unit
    rows["low"], rows["high"] = low - rows.bias, high + rows.bias
    nearest = max(low, -high, 0.0)
    breakdown = nearest / unit if unit > 0 else (float("inf") if nearest > 0 else 0.0)
    return Sensitivity(rows, breakdown, largest)


@dataclass(frozen=True)
class Equivalence:
    """Two one-sided tests: whether the effect is smaller than what would matter, either way."""

    p: float
    equivalent: bool
    margin: float
    low: (
        float  # the interval at 1 − 2·alpha, which lies within ±margin where effects are equivalent
    )
    high: float

    def __str__(self) -> str:
        verdict = "smaller than" if self.equivalent else "not shown to be smaller than"
        return f"The effect is {verdict} {self.margin:g} either way (p {self.p:.3f})."


def equivalence(
    estimate: float, standard_error: float, df: float, margin: float, *, alpha: float = 0.05
) -> Equivalence:
    """Schuirmann's two one-sided t tests (1987, DOI 10.1007/BF01068419).

    Raises ValueError for a margin or an SE that is not above zero.
    """
    if margin <= 0 or standard_error <= 0:
        raise ValueError("The margin and the standard error are above zero.")
    t = stats.t(df)
    p = max(
        float(t.sf((estimate + margin) / standard_error)),
        float(t.cdf((estimate - margin) / standard_error)),
    )
    reach = float(t.ppf(1 - alpha)) * standard_error
    return Equivalence(p, p < alpha, margin, estimate - reach, estimate + reach)
