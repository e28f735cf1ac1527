"""How well paper was keyed: error rates of keyings, and how far two keyings agree."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, stdtrit

from processing.errors import Problem, StatisticsError, stop_if_any
from processing.options import no_level

from .reliability import Interval


@dataclass(frozen=True)
class ErrorRate:
    """The share of fields that were keyed wrong, of sheets looked over field by field."""

    rate: float
    """Errors a field."""
    interval: Interval
    """Two-sided, at `level`."""
    upper: float
    """One-sided: the rate lies below it with confidence `level`."""
    errors: int
    fields: int
    sheets: int
    effective_fields: float
    """Independent fields that would tell as much; fewer than `fields` where errors come in heaps."""

    def __str__(self) -> str:
        return (
            f"{self.errors} of {self.fields} fields = {self.rate:.4f} {self.interval}, "
            f"below {self.upper:.4f}, n = {self.sheets} sheets"
        )


def error_rate(
    fields: Sequence[int] | npt.NDArray[np.int64],
    errors: Sequence[int] | npt.NDArray[np.int64],
    *,
    level: float = 0.95,
) -> ErrorRate:
    """Error rate of keyed fields with an exact interval that allows for errors in heaps.

    A keyer who slips a line errs in many fields of one sheet, so fields are no independent draws. The
    interval is Korn and Graubard's: Clopper and Pearson's, with n fields replaced by
    n* = p(1 − p) / v · (t(n − 1) / t(m − 1))², where v is the linearised variance of the ratio
    Σ errors / Σ fields over m sheets and t are Student quantiles of the interval's tail. n* never
    exceeds n: the interval is never narrower than Clopper and Pearson's. With one sheet, or no error
    at all, n* = n.

    Parameters
    ----------
    fields
        One number a sheet: how many of its fields were looked over. Sheets without any count nothing.
    errors
        One number a sheet: how many of these were wrong.
    level
        Coverage of the interval, and confidence of the one-sided bound.

    Returns
    -------
    ErrorRate

    Raises
    ------
    StatisticsError
        For lists of unequal length, counts below zero, more errors than fields, no fields at all,
        and a level that is not between 0 and 1.

    References
    ----------
    Clopper & Pearson 1934, https://doi.org/10.1093/biomet/26.4.404; Korn & Graubard 1998, Survey
    Methodology 24:193-201

    Examples
    --------
    >>> print(error_rate([60, 60, 60, 60], [0, 1, 0, 1]))
    2 of 240 fields = 0.0083 [0.000; 0.042], below 0.0308, n = 4 sheets

    """
    stop_if_any(no_level(level))
    n, x = _counted(fields, errors)
    total, wrong = int(n.sum()), int(x.sum())
    rate = wrong / total
    both, one = (1 + level) / 2, level
    wide = _effective(n, x, rate, both)
    return ErrorRate(
        rate=rate,
        interval=Interval(
            float(_bound(rate, wide, 1 - both, low=True)), float(_bound(rate, wide, both)), level
        ),
        upper=float(_bound(rate, _effective(n, x, rate, one), one)),
        errors=wrong,
        fields=total,
        sheets=len(n),
        effective_fields=wide,
    )


def _counted(
    fields: Sequence[int] | npt.NDArray[np.int64], errors: Sequence[int] | npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    n, x = np.asarray(fields, dtype=float), np.asarray(errors, dtype=float)
    if n.shape != x.shape or n.ndim != 1:
        raise StatisticsError(
            Problem(
                "fields and errors",
                f"there is one number of each a sheet, got {n.shape} and {x.shape}",
                "Give both for the same sheets",
            )
        )
    if (n < 0).any() or (x < 0).any() or (x > n).any():
        raise StatisticsError(
            Problem(
                "errors",
                "a sheet has from none to all of its fields wrong",
                "Count fields and errors of the same sheets, in the same order",
            )
        )
    if not n.sum():
        raise StatisticsError(
            Problem("fields", "no field was looked over", "Look over at least one sheet")
        )
    return n[n > 0], x[n > 0]


def _effective(
    n: npt.NDArray[np.float64], x: npt.NDArray[np.float64], rate: float, quantile: float
) -> float:
    total, sheets = float(n.sum()), len(n)
    if sheets < 2 or not 0 < rate < 1:
        return total
    residuals = (x - rate * n) / total
    variance = sheets / (sheets - 1) * float(np.sum(residuals**2))
    if variance == 0:
        return total
    narrower = float(stdtrit(total - 1, quantile) / stdtrit(sheets - 1, quantile))
    return min(total, rate * (1 - rate) / variance * narrower**2)


def _bound(rate: float, n: float, quantile: float, *, low: bool = False) -> float:
    """A Clopper-Pearson bound; `quantile` is of the beta distribution."""
    wrong = rate * n
    if low:
        return 0.0 if wrong == 0 else float(betaincinv(wrong, n - wrong + 1, quantile))
    return 1.0 if wrong == n else float(betaincinv(wrong + 1, n - wrong, quantile))


@dataclass(frozen=True)
class KeyingAgreement:
    """How far two keyings of the same sheets agree."""

    agreement: float
    """Share of fields in which both keyed the same."""
    kappa: float
    """Cohen's kappa pooled over items; NaN where chance alone would make them agree everywhere."""
    fields: int
    sheets: int

    def __str__(self) -> str:
        return (
            f"agreement = {self.agreement:.4f}, kappa = {self.kappa:.4f}, "
            f"{self.fields} fields of {self.sheets} sheets"
        )


def keying_agreement(
    pairs: Mapping[str, Sequence[tuple[Hashable, Hashable]]], *, sheets: int
) -> KeyingAgreement:
    """Agreement of two keyings and Cohen's kappa, pooled over the items of a form.

    Items have answers of their own, so chance agreement is computed item by item and pooled by the
    number of fields: κ = Σ n(pₒ − pₑ) / Σ n(1 − pₑ), with pₑ = Σ p₁ₖ p₂ₖ over an item's categories.
    With one item it is Cohen's kappa.

    Parameters
    ----------
    pairs
        For each item the two keyings of every sheet that has it, as anything that can be compared.
    sheets
        How many sheets that are.

    Returns
    -------
    KeyingAgreement

    Raises
    ------
    StatisticsError
        Where no field was keyed twice.

    References
    ----------
    Cohen 1960, https://doi.org/10.1177/001316446002000104; De Vries, Elliott, Kanouse & Teleki 2008,
    https://doi.org/10.1177/1525822X08317166

    Examples
    --------
    >>> twice = {"sex": [(1, 1), (2, 2), (1, 2), (2, 2)], "floor": [(0, 0), (3, 3), (1, 1), (1, 1)]}
    >>> print(keying_agreement(twice, sheets=4))
    agreement = 0.8750, kappa = 0.7778, 8 fields of 4 sheets

    """
    agreed = beyond = possible = 0.0
    fields = 0
    for both in pairs.values():
        if not both:
            continue
        first, second = (Counter(pair[turn] for pair in both) for turn in (0, 1))
        n, same = len(both), sum(one == other for one, other in both)
        chance = sum(count * second[category] for category, count in first.items()) / n**2
        fields += n
        agreed += same
        beyond += same - n * chance
        possible += n * (1 - chance)
    if not fields:
        raise StatisticsError(
            Problem("pairs", "no field was keyed twice", "Give sheets with two keyings")
        )
    kappa = beyond / possible if possible > 1e-12 else float("nan")
    return KeyingAgreement(agreed / fields, kappa, fields, sheets)
