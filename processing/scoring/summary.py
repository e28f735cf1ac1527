"""What a dataset's scales look like: n, missing by reason, mean, SD, and how reliable they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from instruments import MISSING
from processing.consistency.omega_total import Omega, omega
from processing.consistency.reliability import Alpha, Interval, alpha
from processing.counting.answers import read_codes
from processing.counting.counts import Counts, count
from processing.counting.scale_counts import name_of
from processing.datasets.codebook import ScaleEntry
from processing.datasets.dataset import Dataset
from processing.datasets.study import Study
from processing.errors import Problem, StatisticsError

from .by_wave import measures_alike, with_scales
from .scales import Scales, scale_entries, score

_REASONS = np.array([*MISSING], np.int8)


@dataclass(frozen=True)
class ScaleSummary:
    """One scale over all rows, unweighted."""

    scale: str
    version: int | None
    status: str
    rows: int
    n: int
    """Rows with a score."""
    missing: Mapping[int, int]
    """Rows without a score by their main reason: the code that most of the row's missing items
    carry, the first in the codebook's order among equals. Adds up to rows − n."""
    mean: float
    sd: float
    """In the native direction; 0-100, or for a count 0 to the number of items. NaN below n = 2."""
    alpha: Alpha | None
    omega: Omega | None
    """Of the rows that answered every item."""
    without: str
    """Why there is no alpha or omega; "" where both are there."""

    def to_frame(self) -> pd.DataFrame:
        """One row; missing by reason as `missing_-1`, `missing_-2` and so on."""
        return pd.DataFrame(
            [
                {
                    "scale": self.scale,
                    "version": self.version,
                    "status": self.status,
                    "rows": self.rows,
                    "n": self.n,
                    "missing": self.rows - self.n,
                    "mean": self.mean,
                    "sd": self.sd,
                    "alpha": self.alpha.raw if self.alpha else np.nan,
                    **_ends("alpha", self.alpha.interval if self.alpha else None),
                    "omega": self.omega.total if self.omega else np.nan,
                    **_ends("omega", self.omega.interval if self.omega else None),
                    "without": self.without,
                    **{f"missing_{code}": self.missing.get(code, 0) for code in MISSING},
                }
            ]
        )


def _ends(name: str, interval: Interval | None) -> dict[str, float]:
    return {
        f"{name}_low": interval.low if interval else np.nan,
        f"{name}_high": interval.high if interval else np.nan,
    }


@dataclass(frozen=True)
class Summary:
    """All scales of a dataset."""

    scales: tuple[ScaleSummary, ...]
    dataset: str
    """The hash of the dataset; "" for a plain frame."""

    def to_frame(self) -> pd.DataFrame:
        """One row a scale."""
        if not self.scales:
            return pd.DataFrame()
        return pd.concat([scale.to_frame() for scale in self.scales], ignore_index=True)

    def __str__(self) -> str:
        return self.to_frame().round(3).to_string(index=False)


def summarise(answers: Dataset | Study | pd.DataFrame, scales: Scales | None = None) -> Summary:
    """Describe every scale over all rows, in one pass with memory that does not grow with them.

    Parameters
    ----------
    answers
        A dataset, read in batches, or a frame of whole numbers (negative or NaN = missing).
    scales
        A codebook or scales; by default all of the dataset's.

    Returns
    -------
    Summary
        Alpha (Feldt interval) and omega total (delta interval) come from the rows that answered
        every item of the scale. A formative scale has neither, for its items need not agree.

    Raises
    ------
    StatisticsError
        As `score`, and for a plain frame without scales.

    References
    ----------
    As `alpha` and `omega`.

    Examples
    --------
    >>> from processing import KnownModel, ScaleEntry, simulate
    >>> items = ("a", "b", "c", "d")
    >>> frame = simulate(KnownModel.simple({"calm": items}), 400, seed=1).frame
    >>> calm = ScaleEntry("", "calm", items, dict.fromkeys(items, (1, 5)))
    >>> summarise(frame, calm).to_frame()[["scale", "n", "mean", "alpha"]].round(2)
      scale    n   mean  alpha
    0  calm  400  48.28   0.73

    """
    if isinstance(answers, pd.DataFrame):
        if scales is None:
            raise StatisticsError(
                Problem(
                    "scales", "a plain frame says nothing of scales", "Give a codebook or scales"
                )
            )
        entries, source = scale_entries(scales), ""
        pieces = iter([(answers, entries)])
    else:
        entries = scale_entries(answers.codebook if scales is None else scales)
        # Scales that somebody gives are theirs; a dataset's own are each wave's.
        source = answers.hash
        pieces = _pieces(answers, entries, own=scales is None)
    tallies = [_Tally(scale) for scale in entries]
    for batch, own in pieces:
        for tally, scale in zip(tallies, own, strict=True):
            tally.add(batch, scale)
    return Summary(tuple(tally.summary() for tally in tallies), source)


def _pieces(
    answers: Dataset | Study, entries: tuple[ScaleEntry, ...], *, own: bool
) -> Iterator[tuple[pd.DataFrame, tuple[ScaleEntry, ...]]]:
    if own:
        return with_scales(answers, ["row_id"])
    columns = list(dict.fromkeys(column for scale in entries for column in scale.columns))
    return ((batch, entries) for batch in answers.batches(columns))


@dataclass
class _Tally:
    """What one pass over the rows adds up for a scale."""

    scale: ScaleEntry
    rows: int = 0
    n: int = 0
    total: float = 0.0
    squares: float = 0.0
    missing: dict[int, int] = field(default_factory=dict)
    counts: Counts | None = None
    versions_differ: bool = False

    def add(self, batch: pd.DataFrame, scale: ScaleEntry) -> None:
        """Add rows, scored by the scale as their wave has it."""
        values = score(batch, scale)[f"{scale.name}_score"].to_numpy()
        scored = ~np.isnan(values)
        given = values[scored]
        self.rows += len(batch)
        self.n += len(given)
        self.total += float(given.sum())
        self.squares += float(given @ given)
        for code, rows in _main_reasons(batch[~scored], scale).items():
            self.missing[code] = self.missing.get(code, 0) + rows
        if not measures_alike(scale, self.scale):
            self.versions_differ = True
        elif not scale.formative:
            counts = count(batch, scale.columns, complete=True)
            self.counts = counts if self.counts is None else self.counts + counts

    def summary(self) -> ScaleSummary:
        mean = self.total / self.n if self.n else np.nan
        spread = (self.squares - self.n * mean**2) / (self.n - 1) if self.n > 1 else np.nan
        found, omega_found, without = _reliability(self.scale, self.counts)
        if self.versions_differ:
            found, omega_found = None, None
            without = "its versions ask or turn different items; read each wave for itself"
        return ScaleSummary(
            scale=self.scale.name,
            version=self.scale.version,
            status=self.scale.status,
            rows=self.rows,
            n=self.n,
            missing={code: self.missing[code] for code in MISSING if code in self.missing},
            mean=mean,
            sd=float(np.sqrt(max(spread, 0.0))) if self.n > 1 else np.nan,
            alpha=found,
            omega=omega_found,
            without=without,
        )


def _main_reasons(frame: pd.DataFrame, scale: ScaleEntry) -> dict[int, int]:
    codes = read_codes(frame, list(scale.columns))
    often = np.array([(codes == reason).sum(axis=0) for reason in _REASONS])
    main, rows = np.unique(_REASONS[often.argmax(axis=0)], return_counts=True)
    return dict(zip(main.tolist(), rows.tolist(), strict=True))


def _reliability(
    scale: ScaleEntry, counts: Counts | None
) -> tuple[Alpha | None, Omega | None, str]:
    if scale.formative:
        return None, None, "formative: its items are parts, and need not agree with one another"
    if counts is None:
        return None, None, "there are no rows"
    ends = set(scale.bounds.values())
    if len(ends) > 1:
        return None, None, "its items are answered on scales of different length"
    (points,) = ends
    found: Alpha | None = None
    try:
        found = alpha(counts, reversed_items=scale.reversed, points=points)
        return found, omega(counts, reversed_items=scale.reversed, points=points), ""
    except StatisticsError as error:
        return found, None, " ".join(_told_of_a_scale(one, counts) for one in error.problems)


def _told_of_a_scale(problem: Problem, counts: Counts) -> str:
    """A problem in words; the scale as a whole is what the summary's row is about anyway."""
    if problem.where == name_of(counts.items):
        return f"{problem.what}. {problem.remedy}."
    return str(problem)
