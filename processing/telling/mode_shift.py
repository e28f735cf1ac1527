"""Whether people answered in another way than before, which by itself may move a figure."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from processing.datasets.paradata import MODES

STRONG = 10.0
"""Points of a hundred that a mode's share must have moved by before a place's report tells it."""


@dataclass(frozen=True)
class ModeShift:
    """The mode whose share moved most, in percent of those whose mode is known."""

    mode: str
    before: int | None
    """None, as `after`, where fewer than may be told answered in one of the ways."""
    after: int | None


def mode_shift(before: pd.Series, after: pd.Series, fewest: int) -> ModeShift | None:
    """What moved most between two waves of a study, or None where nothing moved by `STRONG`.

    Both are the `mode` of every answer. Shares are of the whole wave and never of one place, and are told only where each mode of both
    waves was taken by nobody or by at least `fewest`.
    """
    counts = pd.DataFrame({"before": _taken(before), "after": _taken(after)})
    if not counts.sum().all():
        return None
    share = 100 * counts / counts.sum()
    moved = (share["after"] - share["before"]).abs()
    # Paper before the others: between it and the web both have moved alike.
    mode = str(moved[["paper", *moved.index.drop("paper")]].round(9).idxmax())
    if moved[mode] < STRONG:
        return None
    if ((counts > 0) & (counts < fewest)).any(axis=None):
        return ModeShift(mode, None, None)
    return ModeShift(mode, round(share["before"][mode]), round(share["after"][mode]))


def _taken(modes: pd.Series) -> pd.Series:
    """How many answered in each mode."""
    found = modes.value_counts()
    return pd.Series({name: int(found.get(code, 0)) for name, code in MODES.items()})
