"""What a scale must show, read from data: each limit with its source and what follows beyond it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from processing.errors import Problem, StatisticsError, stop_if_any

FILE = Path(__file__).with_name("thresholds.yaml")

Outcome = Literal["good", "fair", "cautions", "blocks"]

_NUMBERS = ("good", "cautions", "blocks")
_SIDES = ("least", "most", "below")
_TEXTS = ("side", "what", "source", "note")


@dataclass(frozen=True)
class Threshold:
    """One limit; a figure that is exactly at it has reached it, unless it must lie below."""

    name: str
    side: str
    """least, most, or below: the limit itself is too much"""
    what: str
    source: str
    good: float | None = None
    cautions: float | None = None
    blocks: float | None = None
    note: str = ""

    def judge(self, value: float) -> Outcome:
        """What follows from a figure; one that could not be had (NaN) reaches no limit."""
        if self.blocks is not None and not self._reaches(value, self.blocks):
            return "blocks"
        if self.cautions is not None and not self._reaches(value, self.cautions):
            return "cautions"
        if self.good is not None and not self._reaches(value, self.good):
            return "fair"
        return "good"

    def _reaches(self, value: float, limit: float) -> bool:
        if self.side == "below":
            return value < limit
        return value >= limit if self.side == "least" else value <= limit

    def limit(self, outcome: Outcome) -> float:
        """The limit that led to an outcome, or for a good one the first that was reached."""
        limits = {"blocks": self.blocks, "cautions": self.cautions, "fair": self.good}
        order = [limits.get(outcome), self.good, self.cautions, self.blocks]
        return next(limit for limit in order if limit is not None)


Thresholds = Mapping[str, Threshold]


@cache
def usual_thresholds() -> Thresholds:
    """The limits that come with the programme."""
    return _read(FILE, {})


def read_thresholds(file: str | Path) -> Thresholds:
    """The usual limits, with those that a study's own file names put in their place.

    An entry need only hold what it changes.

    Parameters
    ----------
    file
        YAML in the form of `processing/judging/thresholds.yaml`.

    Returns
    -------
    Mapping of str to Threshold
        For `evidence(thresholds=...)`.

    Raises
    ------
    StatisticsError
        Naming every entry that is unknown, holds unknown fields, or limits that are no numbers.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "ours.yaml").write_text("omega: {blocks: 0.8}")
    ...     ours = read_thresholds(f"{folder}/ours.yaml")
    >>> ours["omega"].blocks, ours["item_rest"].cautions
    (0.8, 0.3)

    """
    return _read(Path(file), usual_thresholds())


def _read(file: Path, known: Thresholds) -> Thresholds:
    stored = yaml.safe_load(file.read_text(encoding="utf-8"))
    if not isinstance(stored, dict):
        raise StatisticsError(
            Problem(
                str(file), "it must hold limits by name", "See processing/judging/thresholds.yaml"
            )
        )
    stop_if_any(
        problem for name, entry in stored.items() for problem in _problems(file, name, entry, known)
    )
    found = dict(known)
    for name, entry in stored.items():
        values: dict[str, Any] = {
            key: float(v) if key in _NUMBERS else str(v) for key, v in entry.items()
        }
        found[name] = replace(known[name], **values) if known else Threshold(name=name, **values)
    return found


def _problems(file: Path, name: str, entry: Any, known: Thresholds) -> list[Problem]:
    where = f"{file.name}, {name}"
    if known and name not in known:
        return [Problem(where, "no limit has this name", f"Choose among {', '.join(known)}")]
    if not isinstance(entry, dict):
        return [Problem(where, f"an entry holds fields, got {entry!r}", "Write blocks: 0.70")]
    problems = [
        Problem(where, f"no field is called {key!r}", f"Use {', '.join(_NUMBERS + _TEXTS)}")
        for key in entry
        if key not in _NUMBERS + _TEXTS
    ]
    problems += [
        Problem(where, f"{key} is a number, got {entry[key]!r}", "Write a number")
        for key in _NUMBERS
        if key in entry
        and (isinstance(entry[key], bool) or not isinstance(entry[key], int | float))
    ]
    if entry.get("side", "least") not in _SIDES:
        problems.append(
            Problem(where, f"side is least, most or below, got {entry['side']!r}", "Correct it")
        )
    return problems
