"""How well paper was keyed: error rates of keyings, and how far two keyings agree."""

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, stdtrit

from processing.errors import Problem, StatisticsError, stop_if_any
from processing.options import no_level

from .reliability import Interval

# A keyer who slips by a line errs to the end of the block of questions: ten fields of a sheet.
LARGEST_HEAP = 10.0


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
    """Independent fields that would tell as much; fewer than `fields` where errors come in heaps, or
    where there is no error to tell of heaps."""

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
    heap: float = LARGEST_HEAP,
) -> ErrorRate:
    """Error rate of keyed fields with an interval that allows for errors in heaps, seen or not.

    A keyer who slips a line errs in many fields of one sheet, so fields are no independent draws. The
    lower bound is Korn and Graubard's: Clopper and Pearson's, with n fields replaced by n / d, where
    d ≥ 1 is the design effect: the linearised variance of the ratio Σ errors / Σ fields over m sheets
    to p(1 − p) / n, times (t(m − 1) / t(n − 1))² of the interval's tail.

    The upper bound is Fay and Feuer's for a weighted sum of counts. Sheets with k errors are counted,
    and each weighs k: the errors are the sum. Such a bound adds to what was found one more of the
    heaviest kind there is, of w errors: with x errors found, mean μ = x + w and variance v + w², the
    bound is the beta quantile of μ / u and (n − x) / u with u = (v + w²) / μ. v is the variance of the
    errors over sheets, at least that of single errors. The heaviest kind is `heap`, as far as a sheet
    holds so many fields, or what the sheets show where that is more: the most errors that one holds
    beyond what the rate lets expect of it. With v = x and w = 1 it is Clopper and Pearson's. With no error
    at all it is 1 − (1 − level)^(w / n), n fields telling as much as n / w. From ten sheets on one more
    error never lowers it.

    So it holds what it says where no sheet has more than `heap` errors beyond the expected, or such
    sheets are among those seen; of fewer sheets than show a slip too. Where errors fall one by one it
    says more than it need. No bound can do better: a sample in which no slip came up looks the same
    whether there are none, or slips on 3 in m sheets, so that it must allow for these in both cases.

    Parameters
    ----------
    fields
        One number a sheet: how many of its fields were looked over. Sheets without any count nothing.
    errors
        One number a sheet: how many of these were wrong.
    level
        Coverage of the interval, and confidence of the one-sided bound.
    heap
        The most errors beyond the expected that a sheet may hold without any such being seen; 1 where
        errors fall one by one. The default is a slipped line, an assumption and no measurement.

    Returns
    -------
    ErrorRate

    Raises
    ------
    StatisticsError
        For lists of unequal length, counts below zero, more errors than fields, no fields at all,
        a level that is not between 0 and 1, and a heap below 1.

    References
    ----------
    Clopper & Pearson 1934, https://doi.org/10.1093/biomet/26.4.404; Korn & Graubard 1998, Survey
    Methodology 24:193-201; Fay & Feuer 1997, Statistics in Medicine 16:791-801,
    https://doi.org/10.1002/(SICI)1097-0258(19970415)16:7<791::AID-SIM500>3.0.CO;2-#

    Examples
    --------
    >>> print(error_rate([60, 60, 60, 60], [0, 1, 0, 1]))
    2 of 240 fields = 0.0083 [0.000; 0.148], below 0.1246, n = 4 sheets

    """
    stop_if_any([*no_level(level), *_no_heap(heap)])
    n, x = _counted(fields, errors)
    total, wrong = float(n.sum()), float(x.sum())
    both = (1 + level) / 2
    wide = _design_effect(n, x, both)
    return ErrorRate(
        rate=wrong / total,
        interval=Interval(_lower(total, wrong, wide, 1 - both), _upper(n, x, heap, both), level),
        upper=_upper(n, x, heap, level),
        errors=int(wrong),
        fields=int(total),
        sheets=len(n),
        effective_fields=total / (wide if wrong else min(heap, float(n.max()))),
    )


def errorless_fields(limit: float, *, level: float = 0.95, heap: float = LARGEST_HEAP) -> int:
    """Say how many fields a sample needs to show an error rate within a limit, if it has no error.

    The smallest n with 1 − (1 − level)^(heap / n) ≤ limit, as `error_rate` bounds what has no error.

    Parameters
    ----------
    limit
        The highest error rate that is accepted, between 0 and 1.
    level
        Confidence of the bound.
    heap
        As for `error_rate`.

    Returns
    -------
    int
        Fields of the whole sample.

    Raises
    ------
    StatisticsError
        For a limit or level that is not between 0 and 1, and a heap below 1.

    Examples
    --------
    >>> errorless_fields(0.01)
    2981

    """
    stop_if_any([*no_level(level), *no_level(limit, "limit"), *_no_heap(heap)])
    return math.ceil(heap * math.log(1 - level) / math.log(1 - limit))


def _no_heap(heap: float) -> list[Problem]:
    if heap >= 1:
        return []
    return [
        Problem("heap", f"a sheet with an error holds at least one, got {heap}", "Give 1 or more")
    ]


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


def _design_effect(
    n: npt.NDArray[np.float64], x: npt.NDArray[np.float64], quantile: float
) -> float:
    """How much more the rate varies than that of so many independent fields; at least 1."""
    total, sheets = float(n.sum()), len(n)
    rate = float(x.sum()) / total
    if sheets < 2 or not 0 < rate < 1:
        return 1.0
    variance = sheets / (sheets - 1) * float(np.sum((x - rate * n) ** 2))
    wider = float(stdtrit(sheets - 1, quantile) / stdtrit(total - 1, quantile))
    return max(1.0, variance / (total * rate * (1 - rate)) * wider**2)


def _lower(total: float, wrong: float, effect: float, quantile: float) -> float:
    if wrong == 0:
        return 0.0
    return float(betaincinv(wrong / effect, (total - wrong) / effect + 1, quantile))


def _upper(
    n: npt.NDArray[np.float64], x: npt.NDArray[np.float64], heap: float, quantile: float
) -> float:
    total, wrong, sheets = float(n.sum()), float(x.sum()), len(n)
    if wrong == total:
        return 1.0
    residuals = x - wrong / total * n
    varies = wrong
    if sheets > 1:
        spread = sheets / (sheets - 1) * float(np.sum(residuals**2)) / (1 - wrong / total)
        varies = max(wrong, spread)
    room = float(n.max()) * (1 - wrong / total)
    more = min(max(min(heap, room), float(residuals.max())), total - wrong)
    size = (varies + more**2) / (wrong + more)
    return float(betaincinv((wrong + more) / size, (total - wrong) / size, quantile))


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
