"""How far trends must have parted to undo an effect, and whether an effect is as good as none.

With one wave before the start nothing bounds how trends may have parted, and all that can be told is
how much of it an effect withstands; with more see `parted_trends`. `no outside reference`: closed
forms.
"""

from __future__ import annotations

from dataclasses import dataclass

from scipy import stats


def breakdown(low: float, high: float) -> float:
    """The violation of parallel trends, in the outcome's unit, from which an interval holds zero.

    Definition: a bias of at most m moves an interval to [low − m, high + m]; 0 where it holds zero
    already. Raises ValueError where `low` is above `high`.

    >>> breakdown(0.5, 3.5), breakdown(-4.0, -1.5), breakdown(-1.0, 2.0)
    (0.5, 1.5, 0.0)
    """
    if not low <= high:
        raise ValueError(f"The interval begins at {low} and ends at {high}.")
    return max(low, -high, 0.0)


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
