"""Which cells were told in public before: what was hidden once stays so, and what was shown is known.

It is kept beside the dataset and outlives its rows, for a withdrawal erases every table that was made
from them. It holds keys of cells, whether they were shown, and of shares that were how many had
answered: the interval of a share tells its count, and two counts what the few between them said.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.datasets.codebook import write_json
from processing.datasets.file_lock import alone_with
from processing.datasets.folders import DatasetError, replace_file
from processing.datasets.study import Study

KEYS = ("measure", "name", "level", "unit", "cohort", "wave")
# What every table hides again that hid it once; changes and effects follow from these.
_PROTECTED = ("mean", "share", "answered")
Mask = NDArray[np.bool_]


def told_before(study: Study) -> pd.DataFrame | None:
    """Read what was told in public of a study's datasets: `KEYS`, hidden (0 or 1), n; None at first.

    n is that of shares that were shown, as it was first told, and blank elsewhere.

    Raises DatasetError where the file cannot be read: without it, hidden cells could be given away.
    """
    path = _path(study)
    try:
        rows = json.loads(path.read_text("utf-8"))["cells"]
        types = {"wave": int, "hidden": int, "n": float}
        return pd.DataFrame(rows, columns=[*KEYS, "hidden", "n"]).astype(types)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            f"{path}: what was told before cannot be read ({error}). Put the file back from a copy: "
            "without it, cells that were hidden could be given away."
        ) from error


def remember(study: Study, table: pd.DataFrame) -> Path:
    """Keep which cells of a public table were shown, beside those of earlier tables.

    What was told first stands: a cell that was hidden then is to stay hidden, and one that was shown
    is known for good. The unit of an effect is the hash of its plan. `table` has `KEYS` (`scale` for name will do) and hidden. Returns the file.
    Call it when all is ready to be told, and before it is: one writer at a time.
    Raises DatasetError, also where the table shows what another one hid meanwhile.
    """
    now = table.rename(columns={"scale": "name"}) if "name" not in table else table
    now = now if "cohort" in now else now.assign(cohort="all")
    told = (now["measure"] == "share") & (now["hidden"] == 0)
    now = now.assign(n=now["n"].astype(float).where(told))
    if "analysis_plan" in now:
        effect = now["measure"] == "effect"
        now = now.assign(unit=now["unit"].where(~effect, now["analysis_plan"]))
    now = now[[*KEYS, "hidden", "n"]].astype({"wave": int})
    path = _path(study)
    with alone_with(path):
        before = told_before(study)
        _refuse_overtaken(path, now, before)
        whole = now if before is None else pd.concat([before, now])
        whole = whole.drop_duplicates([*KEYS]).sort_values([*KEYS])
        cells = [
            [
                *(str(one) for one in row[:5]),
                int(row[5]),
                int(row[6]),
                None if row[7] != row[7] else row[7],
            ]
            for row in whole.to_numpy().tolist()
        ]
        replace_file(path, write_json({"cells": cells}).encode())
    return path


def _refuse_overtaken(path: Path, now: pd.DataFrame, before: pd.DataFrame | None) -> None:
    """Two tables made at once know nothing of each other, and may hide different cells."""
    if before is None:
        return
    hidden = _index(before[before["hidden"] == 1], [*KEYS])
    shown = now[(now["hidden"] == 0) & now["measure"].isin(_PROTECTED)]
    if _index(shown, [*KEYS]).isin(hidden).any():
        raise DatasetError(
            f"{path}: this table shows cells that another one, told meanwhile, hides. Nothing was"
            " written. Make it again: it then hides them too."
        )


def masks(cells: pd.DataFrame, earlier: pd.DataFrame | None, measure: str) -> tuple[Mask, Mask]:
    """Of cells with `KEYS` but measure: which are to stay hidden, and which are known already.

    Of a wave and figure that was told before, a cell that was not shown stays hidden, also one that
    was not there: of areas that merged since, the whole less the half that was shown is the other.
    """
    nothing = np.zeros(len(cells), bool)
    if earlier is None or not len(earlier):
        return nothing, nothing
    mine = earlier[earlier["measure"] == measure]
    keys = list(KEYS[1:])
    told = ["name", "cohort", "wave"]
    again = _index(cells, told).isin(_index(mine, told))
    shown = _index(cells, keys).isin(_index(mine[mine["hidden"] == 0], keys))
    return again & ~shown, shown


def of_another_plan(effects: pd.DataFrame, earlier: pd.DataFrame | None, plan: str) -> Mask:
    """Effects whose scale and cohort were told by another plan than the one of this hash.

    Two plans that compare with other areas are two sums of areas' means: their difference can be the
    mean of the one area that only one of them has.
    """
    if earlier is None or not len(earlier):
        return np.zeros(len(effects), bool)
    others = earlier[(earlier["measure"] == "effect") & (earlier["hidden"] == 0)]
    others = others[others["unit"] != plan]
    mine = pd.MultiIndex.from_frame(effects[["scale", "cohort"]])
    return np.asarray(mine.isin(pd.MultiIndex.from_frame(others[["name", "cohort"]])))


def told_otherwise(cells: pd.DataFrame, earlier: pd.DataFrame | None, few: int) -> Mask:
    """Shares that were told of another n, fewer than `few` away: what those between said is known."""
    if earlier is None or not len(earlier):
        return np.zeros(len(cells), bool)
    first = earlier[(earlier["measure"] == "share") & earlier["n"].notna()]
    keys = list(KEYS[1:])
    before = pd.Series(first["n"].to_numpy(), _index(first, keys))
    moved = np.abs(before.reindex(_index(cells, keys)).to_numpy(float) - cells["n"].to_numpy(float))
    return np.asarray((moved > 0) & (moved < few))


def _index(frame: pd.DataFrame, keys: list[str]) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(frame[keys].astype({"wave": int}).astype(str))


def _path(study: Study) -> Path:
    return study.folder.with_name(f"{study.folder.name}-told.json")
