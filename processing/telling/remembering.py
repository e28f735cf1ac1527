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

from .answered import asked
from .effects_told import told_effects
from .told_before import KEYS, ToldBefore, index_of, memory_of, told_before
from .weighting_told import refuse_reweighted

# What every table hides again that hid it once; changes and effects follow from these.
_PROTECTED = ("mean", "share", "answered")
_COEFFICIENTS = 4


def remember(
    study: Study,
    table: pd.DataFrame,
    made_of: StudyMeasures | Evaluation,
    *,
    earlier: ToldBefore | None = None,
) -> Path:
    """Keep which cells of a public table were shown, beside those of earlier tables.

    What was told first stands: a cell that was hidden then is to stay hidden, and one that was shown
    is known for good, of every n that it was told with. Parameters: `table` has `KEYS` (`scale` for name will do) and hidden; `made_of`
    are the measures it was made of, or the evaluation where it shows effects; `earlier` is what had been
    told when it was made, None for nothing. Returns the file.
    Call it when all is ready to be told, and before it is: one writer at a time.
    Raises DatasetError, also where anything was told since it was made, but for this very table;
    StatisticsError where a wave was told by other weights.
    """
    measured = made_of if isinstance(made_of, StudyMeasures) else made_of.measures
    told = told_in(table, made_of)
    telling = {**_telling(table, made_of, measured), "cells": _sized(table, study, measured)}
    path = memory_of(study)
    with alone_with(path):
        before = told_before(study)
        refuse_reweighted(measured, before)
        tellings = tellings_in(path) if before else []
        if told not in {one["told"] for one in tellings}:
            _refuse_overtaken(path, earlier, before)
            new = {"told": told, "dataset": measured.dataset, **_unknown(telling, tellings)}
            write_tellings(path, [*tellings, new])
        mark((wave.folder for wave in study.waves), path)
    return path


def told_in(table: pd.DataFrame, made_of: StudyMeasures | Evaluation) -> str:
    """The name of a telling, which its folder says too: a hash of what its table shows and of no more.

    How many answered in hidden cells, or in the areas of an effect, is in no hash that anybody sees: who
    knows all else could try each number.
    """
    measured = made_of if isinstance(made_of, StudyMeasures) else made_of.measures
    telling = _telling(table, made_of, measured)
    public = {**telling, "effects": [effect[:_COEFFICIENTS] for effect in telling["effects"]]}
    said = [measured.dataset, public]
    written = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()


def _telling(
    table: pd.DataFrame, made_of: StudyMeasures | Evaluation, measured: StudyMeasures
) -> dict[str, Any]:
    now = _named(table)
    shown = now[(now["measure"] == "effect") & (now["hidden"] == 0)]
    if len(shown) and isinstance(made_of, StudyMeasures):
        raise DatasetError(
            "The table shows effects, and of what they are sums is not said. Give their evaluation."
        )
    effects = told_effects(made_of, shown) if isinstance(made_of, Evaluation) else ()
    told = now["measure"].isin(_PROTECTED) & (now["hidden"] == 0)
    cells = now.assign(n=now["n"].astype(float).where(told))[now["measure"] != "effect"]
    waves = set(cells["wave"].astype(int))
    return {
        "cells": _rows(cells),
        "effects": [
            [
                one.scale, one.cohort, one.plan, one.wave,
                [[*at, c, *one.sizes[at]] for at, c in sorted(one.coefficients.items())],
            ]
            for one in effects
        ],
        "weighted": {
            str(wave): one.to_dict()
            for wave, one in sorted(measured.weighed.weightings.items())
            if wave in waves
        },
    }  # fmt: skip


def _named(table: pd.DataFrame) -> pd.DataFrame:
    now = table.rename(columns={"scale": "name"}) if "name" not in table else table
    return now if "cohort" in now else now.assign(cohort="all")


def _rows(cells: pd.DataFrame) -> list[list[object]]:
    now = cells[[*KEYS, "hidden", "n"]].astype({"wave": int}).drop_duplicates([*KEYS])
    return [
        [*(str(one) for one in row[:5]), *map(int, row[5:7]), None if row[7] != row[7] else row[7]]
        for row in now.sort_values([*KEYS]).to_numpy().tolist()
    ]


def _sized(table: pd.DataFrame, study: Study, measured: StudyMeasures) -> list[list[object]]:
    """The cells of a table, and the response of places where it has none, each with how many answered.

    A feed tells beside every mean how many of the invited answered, and of no place without one.
    """
    cells = _named(table)
    cells = cells[cells["measure"] != "effect"]
    counted = asked(study, measured).assign(measure="answered", name="", cohort="all")
    if "answered" not in set(cells["measure"]):
        by = ["level", "unit", "wave"]
        means = cells[(cells["measure"] == "mean") & (cells["cohort"] == "all")]
        hidden = means.groupby(by)["hidden"].min().reset_index().astype({"wave": int})
        cells = pd.concat([cells, counted.merge(hidden, on=by)], ignore_index=True)
    means = measured.measures.means
    sizes = pd.concat(
        [
            means.assign(measure="mean", name=means["scale"])[[*KEYS, "n"]],
            counted.assign(n=counted["finished"])[[*KEYS, "n"]],
        ]
    )
    known = pd.Series(sizes["n"].to_numpy(float), index_of(sizes, KEYS))
    of = known.reindex(index_of(cells, KEYS)).to_numpy()
    told = cells["measure"].isin(_PROTECTED)
    n = cells["n"].astype(float).where(cells["hidden"] == 0).fillna(pd.Series(of, cells.index))
    return _rows(cells.assign(n=n.where(told)))


def _unknown(telling: dict[str, Any], tellings: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What earlier tellings do not say already: of cells, what was not the last that was said of them."""
    shown: set[tuple[object, ...]] = set()
    last: dict[tuple[object, ...], object] = {}
    for row in (row for one in tellings for row in one["cells"]):
        last[tuple(row[: len(KEYS)])] = row[len(KEYS) :]
        if not row[len(KEYS)]:
            shown.add((*row[: len(KEYS)], row[-1]))
    waves = {wave for one in tellings for wave in one.get("weighted", ())}
    effects = [effect for one in tellings for effect in one["effects"]]
    return {
        "cells": [
            row
            for row in telling["cells"]
            if last.get(tuple(row[: len(KEYS)])) != row[len(KEYS) :]
            and (*row[: len(KEYS)], row[-1]) not in shown
        ],
        "effects": [effect for effect in telling["effects"] if effect not in effects],
        "weighted": {wave: said for wave, said in telling["weighted"].items() if wave not in waves},
    }


def _refuse_overtaken(path: Path, made_with: ToldBefore | None, before: ToldBefore | None) -> None:
    """Two tables made at once know nothing of each other: of what either hides, or of its effects."""
    then, now = (one.chain[-1:] if one else () for one in (made_with, before))
    if then != now:
        raise DatasetError(
            f"{path}: something was told since this table was made, and together they could give away"
            " what each hides. Nothing was written. Make it again."
        )
