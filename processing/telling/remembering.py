"""Keeping what is told in public, before it stands: one writer at a time, each telling chained to the last."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from processing.datasets.file_lock import alone_with
from processing.datasets.folders import DatasetError
from processing.datasets.study import Study
from processing.datasets.told_file import mark, tellings_in, write_tellings
from processing.effects.evaluation import Evaluation
from processing.measuring.study_measures import StudyMeasures

from .effects_told import told_effects
from .told_before import KEYS, ToldBefore, index_of, memory_of, told_before
from .weighting_told import refuse_reweighted

# What every table hides again that hid it once; changes and effects follow from these.
_PROTECTED = ("mean", "share", "answered")


def remember(study: Study, table: pd.DataFrame, made_of: StudyMeasures | Evaluation) -> Path:
    """Keep which cells of a public table were shown, beside those of earlier tables.

    What was told first stands: a cell that was hidden then is to stay hidden, and one that was shown
    is known for good, of every n that it was told with. Parameters: `table` has `KEYS` (`scale` for name will do) and hidden; `made_of`
    are the measures it was made of, or the evaluation where it shows effects. Returns the file.
    Call it when all is ready to be told, and before it is: one writer at a time.
    Raises DatasetError, also where the table shows what another one hid meanwhile; StatisticsError
    where a wave was told by other weights.
    """
    measured = made_of if isinstance(made_of, StudyMeasures) else made_of.measures
    telling = _telling(table, made_of, measured)
    told = told_in(table, made_of)
    path = memory_of(study)
    with alone_with(path):
        before = told_before(study)
        refuse_reweighted(measured, before)
        _refuse_overtaken(path, telling["cells"], before)
        tellings = tellings_in(path) if before else []
        if told not in {one["told"] for one in tellings}:
            new = {"told": told, "dataset": measured.dataset, **_unknown(telling, tellings)}
            write_tellings(path, [*tellings, new])
        mark((wave.folder for wave in study.waves), path)
    return path


def told_in(table: pd.DataFrame, made_of: StudyMeasures | Evaluation) -> str:
    """The name of a telling: a hash of all that `remember` keeps of it, which its folder says too."""
    measured = made_of if isinstance(made_of, StudyMeasures) else made_of.measures
    said = [measured.dataset, _telling(table, made_of, measured)]
    written = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()


def _telling(
    table: pd.DataFrame, made_of: StudyMeasures | Evaluation, measured: StudyMeasures
) -> dict[str, Any]:
    now = table.rename(columns={"scale": "name"}) if "name" not in table else table
    now = now if "cohort" in now else now.assign(cohort="all")
    told = now["measure"].isin(_PROTECTED) & (now["hidden"] == 0)
    now = now.assign(n=now["n"].astype(float).where(told))
    shown = now[(now["measure"] == "effect") & (now["hidden"] == 0)]
    if len(shown) and isinstance(made_of, StudyMeasures):
        raise DatasetError(
            "The table shows effects, and of what they are sums is not said. Give their evaluation."
        )
    effects = told_effects(made_of, shown) if isinstance(made_of, Evaluation) else ()
    now = now[now["measure"] != "effect"]
    now = now[[*KEYS, "hidden", "n"]].astype({"wave": int}).drop_duplicates([*KEYS])
    waves = set(now["wave"])
    return {
        "cells": [
            [*(str(one) for one in row[:5]), *map(int, row[5:7]), None if row[7] != row[7] else row[7]]
            for row in now.sort_values([*KEYS]).to_numpy().tolist()
        ],
        "effects": [
            [one.scale, one.cohort, one.plan, one.wave, [[*at, c] for at, c in sorted(one.coefficients.items())]]
            for one in effects
        ],
        "weighted": {
            str(wave): one.to_dict()
            for wave, one in sorted(measured.weighed.weightings.items())
            if wave in waves
        },
    }  # fmt: skip


def _unknown(telling: dict[str, Any], tellings: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What earlier tellings do not say already."""
    known: dict[tuple[object, ...], set[object]] = {}
    for row in (row for one in tellings for row in one["cells"]):
        known.setdefault(tuple(row[: len(KEYS)]), set()).add(row[-1])
    waves = {wave for one in tellings for wave in one.get("weighted", ())}
    effects = [effect for one in tellings for effect in one["effects"]]
    return {
        "cells": [
            row
            for row in telling["cells"]
            if (told := known.get(tuple(row[: len(KEYS)]))) is None
            or (row[-1] is not None and row[-1] not in told)
        ],
        "effects": [effect for effect in telling["effects"] if effect not in effects],
        "weighted": {wave: said for wave, said in telling["weighted"].items() if wave not in waves},
    }


def _refuse_overtaken(
    path: Path, now: Sequence[Sequence[object]], before: ToldBefore | None
) -> None:
    """Two tables made at once know nothing of each other, and may hide different cells."""
    if before is None:
        return
    hidden = index_of(before.cells[before.cells["hidden"] == 1], KEYS)
    table = pd.DataFrame(now, columns=[*KEYS, "hidden", "n"])
    shown = table[(table["hidden"] == 0) & table["measure"].isin(_PROTECTED)]
    if index_of(shown, KEYS).isin(hidden).any():
        raise DatasetError(
            f"{path}: this table shows cells that another one, told meanwhile, hides. Nothing was"
            " written. Make it again: it then hides them too."
        )
