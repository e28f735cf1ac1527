"""How alike scores are when the same people are asked again."""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import fdtrc, fdtri, ndtri

from processing.errors import Problem, StatisticsError, stop_if_any
from processing.options import no_level

from .reliability import Interval

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Icc:
    """Intraclass correlations of n people on k occasions, in the units of the scores."""

    agreement: float
    """ICC(2,1): of single scores, a shift between occasions counts as error."""
    agreement_interval: Interval
    consistency: float
    """ICC(3,1): of single scores, a shift that all share does not count."""
    consistency_interval: Interval
    f: float
    """Variance between people over residual variance."""
    p: float
    sem_agreement: float
    """Standard error of measurement: √(variance of occasions + residual variance)."""
    sem_consistency: float
    """√ of the residual variance."""
    sdc_agreement: float
    """Smallest detectable change of one person: z √2 · SEM."""
    sdc_consistency: float
    n: int
    k: int

    def sdc_of_group(self, people: int) -> float:
        """Smallest detectable change of the mean of so many people."""
        return float(self.sdc_agreement / np.sqrt(people))

    def to_frame(self) -> pd.DataFrame:
        """One row a kind of correlation."""
        return pd.DataFrame(
            {
                "icc": [self.agreement, self.consistency],
                "low": [self.agreement_interval.low, self.consistency_interval.low],
                "high": [self.agreement_interval.high, self.consistency_interval.high],
                "sem": [self.sem_agreement, self.sem_consistency],
                "sdc": [self.sdc_agreement, self.sdc_consistency],
                "n": self.n,
            },
            index=pd.Index(["ICC(2,1)", "ICC(3,1)"], name="kind"),
        )

    def __str__(self) -> str:
        return (
            f"ICC(2,1) = {self.agreement:.3f} {self.agreement_interval},"
            f" ICC(3,1) = {self.consistency:.3f} {self.consistency_interval},"
            f" SEM = {self.sem_agreement:.3g}, SDC = {self.sdc_agreement:.3g}, n = {self.n}"
        )


def icc(scores: pd.DataFrame, *, level: float = 0.95) -> Icc:
    """Intraclass correlation of scores from two or more occasions.

    From the mean squares between people (B), occasions (J) and the residual (E):
    ICC(2,1) = (B − E) / (B + (k − 1) E + k (J − E) / n), ICC(3,1) = (B − E) / (B + (k − 1) E).

    Parameters
    ----------
    scores
        One row a person, one column an occasion. Rows with NaN are left out; in columns that hold
        whole numbers only, so are rows with a negative code.
    level
        Coverage of the intervals and of the smallest detectable change.

    Returns
    -------
    Icc

    Raises
    ------
    StatisticsError
        For fewer than two columns or three complete rows, text, infinite scores, scores that do not
        vary, and a level that is not between 0 and 1.

    References
    ----------
    Shrout & Fleiss 1979, https://doi.org/10.1037/0033-2909.86.2.420; McGraw & Wong 1996,
    https://doi.org/10.1037/1082-989X.1.1.30; de Vet et al. 2006,
    https://doi.org/10.1016/j.jclinepi.2005.10.015

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"may": [10, 12, 15, 20, 22], "june": [11, 12, 14, 21, 21]})
    >>> print(icc(frame))
    ICC(2,1) = 0.984 [0.853; 0.998], ICC(3,1) = 0.980 [0.823; 0.998], SEM = 0.707, SDC = 1.96, n = 5

    """
    stop_if_any(no_level(level))
    values = _complete_scores(scores)
    n, k = values.shape
    between, occasions, residual = _mean_squares(values)
    if residual <= 0 or between <= 0:
        raise StatisticsError(
            Problem(
                f"occasions {list(scores.columns)}",
                "scores must vary between people and between occasions",
                "Check that the columns are different occasions",
            )
        )
    agreement = (between - residual) / (
        between + (k - 1) * residual + k * (occasions - residual) / n
    )
    tail = (1 + level) / 2
    shift = max((occasions - residual) / n, 0.0)
    z = float(ndtri(tail)) * np.sqrt(2)
    return Icc(
        agreement=float(agreement),
        agreement_interval=Interval(
            *_agreement_ends(between, occasions, residual, n, k, float(agreement), tail), level
        ),
        consistency=float((between - residual) / (between + (k - 1) * residual)),
        consistency_interval=Interval(*_consistency_ends(between / residual, n, k, tail), level),
        f=float(between / residual),
        p=float(fdtrc(n - 1, (n - 1) * (k - 1), between / residual)),
        sem_agreement=float(np.sqrt(shift + residual)),
        sem_consistency=float(np.sqrt(residual)),
        sdc_agreement=float(z * np.sqrt(shift + residual)),
        sdc_consistency=float(z * np.sqrt(residual)),
        n=n,
        k=k,
    )


@dataclass(frozen=True)
class MeasurementError:
    """What one person's score may be off by, in the units of the score."""

    sem: float
    """Standard error of measurement: sd √(1 − reliability)."""
    sdc: float
    """Smallest detectable change between two scores of one person: z √2 · SEM."""
    level: float

    def to_frame(self) -> pd.DataFrame:
        """One row."""
        return pd.DataFrame([asdict(self)])

    def __str__(self) -> str:
        return f"SEM = {self.sem:.3f}, smallest detectable change {self.sdc:.3f} ({self.level:.0%} sure)"


def measurement_error(sd: float, reliability: float, *, level: float = 0.95) -> MeasurementError:
    """Standard error of measurement and smallest detectable change from a reliability.

    Parameters
    ----------
    sd
        Standard deviation of the score, in whose units the result is.
    reliability
        Alpha, omega or an intraclass correlation, from 0 to 1.
    level
        How sure a change is to be.

    Returns
    -------
    MeasurementError

    Raises
    ------
    StatisticsError
        For a reliability outside 0 to 1 or a standard deviation below zero.

    References
    ----------
    de Vet et al. 2006, https://doi.org/10.1016/j.jclinepi.2005.10.015

    Examples
    --------
    >>> error = measurement_error(20, 0.84)
    >>> round(error.sem, 6), round(error.sdc, 1)
    (8.0, 22.2)

    """
    wrong = [
        Problem(name, f"must lie {rule}, got {value}", "Correct the number")
        for name, rule, value, right in (
            ("sd", "at or above 0", sd, 0 <= sd < np.inf),
            ("reliability", "between 0 and 1", reliability, 0 <= reliability <= 1),
        )
        if not right
    ]
    stop_if_any([*wrong, *no_level(level)])
    sem = float(sd * np.sqrt(1 - reliability))
    return MeasurementError(sem, float(ndtri((1 + level) / 2) * np.sqrt(2) * sem), level)


def _complete_scores(scores: pd.DataFrame) -> Array:
    """(people, occasions) of the people who have a score on each."""
    if not isinstance(scores, pd.DataFrame):
        raise StatisticsError(
            Problem(
                "scores",
                f"a data frame is needed, got {type(scores).__name__}",
                "Give one column an occasion, one row a person",
            )
        )
    stop_if_any(
        Problem(
            f"occasion {name!r}",
            f"scores must be numbers, found {column.dtype}",
            "Replace texts by scores first",
        )
        for name, column in scores.items()
        if not pd.api.types.is_numeric_dtype(column)
    )
    values = scores.to_numpy(dtype=np.float64, na_value=np.nan)
    stop_if_any(
        Problem(
            f"occasion {name!r}",
            f"scores must be finite, found {column[beyond][0]}"
            f" in row {scores.index[int(np.argmax(beyond))]!r}",
            "Correct the score, or leave the cell empty",
        )
        for name, column in zip(scores.columns, values.T, strict=True)
        if (beyond := np.isinf(column)).any()
    )
    known = values[~np.isnan(values)]
    if (known == np.rint(known)).all():
        values = np.where(values < 0, np.nan, values)
    values = values[~np.isnan(values).any(axis=1)]
    if values.shape[0] < 3 or values.shape[1] < 2:
        raise StatisticsError(
            Problem(
                f"occasions {list(scores.columns)}",
                "an intraclass correlation needs two occasions and three people who answered all,"
                f" got {values.shape[1]} and {values.shape[0]}",
                "Give one column an occasion, one row a person",
            )
        )
    return np.asarray(values)


def _mean_squares(values: Array) -> tuple[float, float, float]:
    """Between people, between occasions, residual."""
    n, k = values.shape
    grand = values.mean()
    people, occasions = values.mean(axis=1) - grand, values.mean(axis=0) - grand
    rest = values - grand - people[:, None] - occasions
    return (
        float(k * (people @ people) / (n - 1)),
        float(n * (occasions @ occasions) / (k - 1)),
        float((rest**2).sum() / ((n - 1) * (k - 1))),
    )


def _consistency_ends(f: float, n: int, k: int, tail: float) -> tuple[float, float]:
    low = f / fdtri(n - 1, (n - 1) * (k - 1), tail)
    high = f * fdtri((n - 1) * (k - 1), n - 1, tail)
    return float((low - 1) / (low + k - 1)), float((high - 1) / (high + k - 1))


def _agreement_ends(
    between: float, occasions: float, residual: float, n: int, k: int, r: float, tail: float
) -> tuple[float, float]:
    """McGraw & Wong's interval with Satterthwaite's degrees of freedom."""
    ratio = occasions / residual
    rest = n * (1 + (k - 1) * r) - k * r
    freedom = (
        (k - 1) * (n - 1) * (k * r * ratio + rest) ** 2 / ((n - 1) * (k * r * ratio) ** 2 + rest**2)
    )
    upper, lower = fdtri(n - 1, freedom, tail), fdtri(freedom, n - 1, tail)
    common = k * occasions + (k * n - k - n) * residual
    return (
        float(n * (between - upper * residual) / (upper * common + n * between)),
        float(n * (lower * between - residual) / (common + n * lower * between)),
    )
