"""What was told in public before: what was hidden once stays so, and what was shown is known.

It is kept beside the dataset and outlives its rows, for a withdrawal erases every table that was made
from them. It holds keys of cells, whether they were shown, and how many had answered each time, for a
cell that some left since is another one; of effects, of which areas' means they are sums, with which
coefficients and of how many; and by which weights each wave was told. That is no answer, and more than
is public: it is kept as the dataset is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.datasets.folders import MANIFEST, DatasetError
from processing.datasets.study import Study
from processing.datasets.told_file import checked_tellings, memory_beside, missed
from processing.measuring.weighting import Weighting

KEYS = ("measure", "name", "level", "unit", "cohort", "wave")
_TYPES = {"wave": int, "hidden": int, "n": float, "telling": int}
_SIZED = 5
Mask = NDArray[np.bool_]
Array = NDArray[np.float64]


@dataclass(frozen=True)
class ToldEffect:
    """A public effect as the sum of areas' means that it is: `coefficients` by unit and wave."""

    scale: str
    cohort: str
    plan: str
    """The hash of its plan"""
    wave: int
    """The last of its waves"""
    coefficients: Mapping[tuple[str, int], float] = field(repr=False)
    sizes: Mapping[tuple[str, int], tuple[float, float]] = field(default_factory=dict, repr=False)
    """How many had answered there then, and what they weighed, by unit and wave"""


@dataclass(frozen=True)
class ToldBefore:
    """All that was told: `cells` has `KEYS`, hidden (0 or 1), n, and the number of the telling.

    A cell has a row for each time that n or hidden was another than before; n is blank where it was
    hidden and nobody noted it.

    `chain` has a hash for each telling, which covers all before it.
    """

    cells: pd.DataFrame
    effects: tuple[ToldEffect, ...] = ()
    weightings: Mapping[int, Weighting] = field(default_factory=dict)
    chain: tuple[str, ...] = ()


def told_before(study: Study) -> ToldBefore | None:
    """Read what was told in public of a study's datasets; None where nothing was.

    Raises DatasetError where the file cannot be read, was changed, or lacks a telling of which the
    table still lies beside the dataset or a wave's folder is marked: without it, hidden cells could be
    given away.
    """
    path = memory_of(study)
    tellings = checked_tellings(path, _PUT_BACK)
    try:
        found = _read(tellings) if tellings else None
    except (ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            f"{path}: what was told before cannot be read ({error}). {_PUT_BACK}"
        ) from error
    known = {one["told"] for one in tellings}
    for folder, told in _public_beside(study):
        if told not in known:
            raise DatasetError(
                f"{path}: it does not hold what was told in {folder.name}, which lies beside it."
                f" {_PUT_BACK}"
            )
    if wrong := missed(study.folder, (wave.folder for wave in study.waves), known):
        raise DatasetError("\n".join(wrong))
    return found


_PUT_BACK = (
    "Put the file back as it was when something was told last, from a copy or from the machine where"
    " that was: without it, cells that were hidden could be given away."
)


def memory_of(study: Study) -> Path:
    """The file that remembers what was told of a study."""
    return memory_beside(study.folder)


def masks(cells: pd.DataFrame, earlier: ToldBefore | None, measure: str) -> tuple[Mask, Mask]:
    """Of cells with `KEYS` but measure, and n: which are to stay hidden, and which are known already.

    One that some left since it was told is neither (`moved`): what it is now is as secret as any.

    Of a wave and figure that was told before, a cell that was not shown stays hidden. So do those that
    were not there where afdelinger are others than they were: of areas that merged since, the whole less
    the half that was shown is the other. A new total of the same ones, as of a plan that began later, is
    free: it is added up of what is there.
    """
    nothing = np.zeros(len(cells), bool)
    if earlier is None or not len(earlier.cells):
        return nothing, nothing
    mine = earlier.cells[earlier.cells["measure"] == measure]
    keys = list(KEYS[1:])
    told = ["name", "cohort", "wave"]
    again = index_of(cells, told).isin(index_of(mine, told))
    shown = index_of(cells, keys).isin(index_of(mine[mine["hidden"] == 0], keys))
    new = ~index_of(cells, keys).isin(index_of(mine, keys))
    others = index_of(cells[new & again & (cells["level"] == "afdeling")], told)
    free = new & ~index_of(cells, told).isin(others)
    return again & ~shown & ~free, shown & (moved(cells, earlier, measure) == 0)


def told_of(cells: pd.DataFrame, earlier: ToldBefore | None, measure: str) -> pd.DataFrame | None:
    """What was told of cells with `KEYS` but measure: `at` (their index), telling, hidden and n, in turn."""
    if earlier is None or not len(earlier.cells):
        return None
    mine = earlier.cells[earlier.cells["measure"] == measure]
    mine = mine if "telling" in mine else mine.assign(telling=0)
    keys = list(KEYS[1:])
    now = pd.Series(cells.index, index_of(cells, keys))
    at = now.reindex(index_of(mine, keys)).to_numpy()
    there = pd.notna(at)
    found = mine.loc[there, ["telling", "hidden", "n"]]
    return found.assign(at=at[there])


def moved(cells: pd.DataFrame, earlier: ToldBefore | None, measure: str) -> Array:
    """By how many answers each cell is away from what was told of it; 0 where it is as it was told.

    Answers of a wave are taken back and none is added, so that as many answers are the same answers.
    """
    far = apart(cells, earlier, measure)
    least = np.min(np.nan_to_num(far, nan=np.inf), axis=1, initial=np.inf)
    return np.where(np.isinf(least), 0.0, least)


def apart(cells: pd.DataFrame, earlier: ToldBefore | None, measure: str) -> Array:
    """A row a cell, a column an n it was shown with: how far n is from that, NaN where there are no more."""
    nothing = np.full((len(cells), 0), np.nan)
    if earlier is None or "n" not in cells:
        return nothing
    of = earlier.cells
    mine = of[(of["measure"] == measure) & (of["hidden"] == 0) & of["n"].notna()]
    if not len(mine):
        return nothing
    keys = list(KEYS[1:])
    mine = mine[[*keys, "n"]].astype(dict.fromkeys(keys, str))
    numbered = mine.assign(telling=mine.groupby(keys).cumcount())
    told = numbered.pivot_table("n", keys, "telling")
    now = cells["n"].to_numpy(float)[:, None]
    return np.asarray(np.abs(told.reindex(index_of(cells, keys)).to_numpy(float) - now))


def index_of(frame: pd.DataFrame, keys: Sequence[str]) -> pd.MultiIndex:
    """A row's key as text, whatever types tables have."""
    return pd.MultiIndex.from_frame(frame[[*keys]].astype({"wave": int}).astype(str))


def _read(tellings: Sequence[Mapping[str, Any]]) -> ToldBefore:
    rows = [[*row, at] for at, one in enumerate(tellings) for row in one["cells"]]
    effects = [
        ToldEffect(
            scale,
            cohort,
            plan,
            int(wave),
            {(str(u), int(w)): float(c) for u, w, c, *_ in coefficients},
            {
                (str(u), int(w)): (float(n), float(m))
                for u, w, _, *(n, m) in filter(_sized, coefficients)
            },
        )
        for one in tellings
        for scale, cohort, plan, wave, coefficients in one["effects"]
    ]
    # Of tellings of before their units were kept, what the plan ordered is known and no more.
    weightings = {
        int(wave): Weighting(
            str(within), str(adults), None if within else (), None if within else {}
        )
        for one in tellings
        for wave, within, adults, _ in one.get("weightings", ())
    }
    weightings |= {
        int(wave): Weighting.of(said)
        for one in tellings
        for wave, said in one.get("weighted", {}).items()
    }
    cells = pd.DataFrame(rows, columns=[*KEYS, "hidden", "n", "telling"]).astype(_TYPES)
    cells = pd.concat([cells, _response_told(cells)], ignore_index=True)
    return ToldBefore(cells, tuple(effects), weightings, tuple(one["chain"] for one in tellings))


def _sized(coefficient: Sequence[object]) -> bool:
    """Whether it was noted how many it is of."""
    return len(coefficient) == _SIZED


def _response_told(cells: pd.DataFrame) -> pd.DataFrame:
    """How many answered, where the table of it was not kept: the feed tells it beside every mean.

    It is told of a place with a mean that is shown, and of no other.
    """
    means = cells[(cells["measure"] == "mean") & (cells["cohort"] == "all")]
    by = means.groupby(["level", "unit", "wave"], as_index=False)["hidden"].min()
    by = by.assign(measure="answered", name="", cohort="all", n=np.nan, telling=0)
    own = cells[cells["measure"] == "answered"]
    kept, shown = (index_of(one, KEYS) for one in (own, own[own["hidden"] == 0]))
    told: pd.DataFrame = by[
        ~index_of(by, KEYS).isin(kept) | ((by["hidden"] == 0) & ~index_of(by, KEYS).isin(shown))
    ]
    return told[[*KEYS, "hidden", "n", "telling"]]


def _public_beside(study: Study) -> Iterable[tuple[Path, str]]:
    """Folders beside the dataset that hold something public, with what each says was told in it."""
    for path in sorted(study.folder.parent.glob(f"{study.folder.name}-*/{MANIFEST}")):
        try:
            said = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            continue
        # A study's name may begin as another's does.
        mine = path.parent.name == f"{study.folder.name}-{said.get('name')}"
        if mine and said.get("told"):
            yield path.parent, str(said["told"])
