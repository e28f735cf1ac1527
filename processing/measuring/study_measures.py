"""All measures of a study's dataset, read a stretch of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.datasets.codebook import ScaleEntry
from processing.datasets.dataset import Dataset
from processing.datasets.study import Study
from processing.errors import Problem, StatisticsError
from processing.scoring.scales import score

from .area_sums import AreaSums, Points, area_sums
from .dataset_weights import weigh_dataset
from .measures import Measures, measures
from .overlap import overlap
from .places import places

MODES = {1: "web", 2: "paper", 3: "interview"}
MOVED_IN = "background_moved_in"


@dataclass(frozen=True)
class StudyMeasures:
    """The measures with what they were read from: `units` and `days` of the waves."""

    measures: Measures
    units: pd.DataFrame
    days: Mapping[int, str]
    scales: tuple[str, ...]
    dataset: str
    weight: str
    """base_weight, or within what the weights were calibrated"""
    weights: pd.Series | None = field(default=None, repr=False)
    """Calibrated weights by row id"""


def study_measures(
    dataset: Dataset | Study,
    scales: Sequence[str] = (),
    *,
    points: Points | None = None,
    level: float = 0.95,
    calibrated: bool | None = None,
    leave_out: NDArray[np.bool_] | None = None,
) -> StudyMeasures:
    """Estimate every scale in every unit and wave of a dataset.

    Scores are the headline ones: high is favourable. Where the dataset has register counts, weights
    are calibrated to them within boligområder (afdelinger where there are none), unless
    `calibrated` is false; else they are the base weights. Rows of an open link have none and are
    left out. Standard errors do not take what calibration gains: they err on the safe side. Whoever moved in before the year of the first wave
    is a stayer, later a newcomer. A wave's day is the middle one of its answers. People are
    followed by the panel's pseudonym. `scales` are all by default. `leave_out` has a truth a row, as
    `careless_answers(dataset).suspected()` tells it, for a second run beside the first; weights are
    those of all rows. Raises StatisticsError.
    """
    chosen = _chosen(dataset, scales)
    weight, weights = _weights(dataset, calibrated)
    days = wave_days(dataset)
    first = int(min(days.values())[:4])
    sums: AreaSums | None = None
    kept = []
    seen = 0
    for rows in scored_rows(dataset, chosen, first, weights):
        seen += len(rows)
        if leave_out is not None:
            rows = rows[~leave_out[seen - len(rows) : seen]]  # noqa: PLW2901  # the rows that are kept
        part = area_sums(
            rows, chosen, weight="weight", points=dict.fromkeys(chosen, points or Points())
        )
        sums = part if sums is None else sums + part
        if len(days) > 1:
            kept.append(rows.loc[rows["panel"] != "", ["panel", "wave", "area", "weight", *chosen]])
    if leave_out is not None and len(leave_out) != seen:
        raise StatisticsError(
            Problem("leave_out", f"{len(leave_out)} truths for {seen} rows", "Give one a row")
        )
    if sums is None or not len(sums.frame):
        raise StatisticsError(
            Problem("dataset", "nobody has a score and a weight", "Measure a dataset with answers")
        )
    tables = _tables(dataset)
    units = places(tables, days)
    pairs = overlap(pd.concat(kept), chosen, person="panel", weight="weight") if kept else None
    found = measures(sums, units, overlap=pairs, dispositions=tables["dispositions"], level=level)
    return StudyMeasures(found, units, days, tuple(chosen), dataset.hash, weight, weights)


def scored_rows(
    dataset: Dataset | Study,
    scales: Sequence[str],
    first_year: int,
    weights: pd.Series | None = None,
) -> Iterator[pd.DataFrame]:
    """Rows with area, wave, cohort, mode, panel, weight and a column a scale, in pieces."""
    entries = [scale for scale in dataset.codebook.scales if _named(scale) & set(scales)]
    items = list(dict.fromkeys(column for scale in entries for column in scale.columns))
    about = ["wave", "area", "mode", "panel", "base_weight", "open_link"]
    if weights is not None:
        about.append("row_id")
    if MOVED_IN in dataset.codebook.names:
        about.append(MOVED_IN)
    for batch in dataset.batches([*about, *items]):
        scores = score(batch, entries)
        moved = batch[MOVED_IN] if MOVED_IN in batch else pd.Series(-9, batch.index)
        yield pd.DataFrame(
            {
                "wave": batch["wave"].astype(int),
                "area": batch["area"].fillna("").astype(str),
                "mode": batch["mode"].map(MODES).fillna(""),
                "panel": batch["panel"].fillna("").astype(str),
                "weight": _weight_of(batch, weights),
                "cohort": np.select(
                    [moved >= first_year, moved >= 0], ["newcomer", "stayer"], default=""
                ),
                **{name: scores[column] for name, column in _columns(entries, scales).items()},
            }
        )


def _weight_of(batch: pd.DataFrame, weights: pd.Series | None) -> pd.Series:
    if weights is None:
        return batch["base_weight"].where(batch["open_link"] != 1).astype(float)
    return batch["row_id"].map(weights).astype(float)


def _weights(dataset: Dataset | Study, calibrated: bool | None) -> tuple[str, pd.Series | None]:
    """How rows are weighted, and calibrated weights by row id."""
    counted = bool(len(dataset.table("margins")))
    if calibrated is False or (calibrated is None and not counted):
        return "base_weight", None
    if not counted:
        raise StatisticsError(
            Problem("margins", "the dataset has no register counts", "Load them before freezing")
        )
    groups = set(dataset.table("area_group")["level"].dropna())
    level = "boligområde" if "boligområde" in groups else "afdeling"
    rows, _ = weigh_dataset(dataset, level)
    return f"calibrated within {level}", rows.set_index("row_id")["weight"]


def wave_days(dataset: Dataset | Study) -> dict[int, str]:
    """Each wave's middle day, as ISO text."""
    pieces = [batch[["wave", "day"]] for batch in dataset.batches(["wave", "day"])]
    rows = pd.concat(pieces, ignore_index=True)
    rows = rows[rows["day"].fillna("") != ""]
    found = {}
    for wave in sorted(set(rows["wave"])):
        days = rows.loc[rows["wave"] == wave, "day"].sort_values()
        found[int(wave)] = str(days.iloc[len(days) // 2])
    return found


def _named(scale: ScaleEntry) -> set[str]:
    """A scale and its variants, as measures name them."""
    return {scale.name, *(f"{scale.name}_{variant}" for variant in scale.variants)}


def _columns(entries: Sequence[ScaleEntry], scales: Sequence[str]) -> dict[str, str]:
    """Measure -> column of its scores; a variant is kept in its scale's own direction."""
    every = {scale.name: f"{scale.name}_headline" for scale in entries} | {
        f"{scale.name}_{variant}": f"{scale.name}_{variant}_score"
        for scale in entries
        for variant in scale.variants
    }
    return {name: column for name, column in every.items() if name in scales}


def _chosen(dataset: Dataset | Study, scales: Sequence[str]) -> list[str]:
    known = [name for scale in dataset.codebook.scales for name in sorted(_named(scale))]
    unknown = [name for name in scales if name not in known]
    if unknown or not known:
        raise StatisticsError(
            Problem(
                f"scale {unknown[0]}" if unknown else "dataset",
                "the dataset has no such scale" if unknown else "it has no scales",
                f"Choose among {', '.join(known) or 'none'}",
            )
        )
    return list(scales) or known


def _tables(dataset: Dataset | Study) -> dict[str, pd.DataFrame]:
    """Tables of all waves; those that describe places are told once, as the last wave has them."""
    names = ("areas", "area_succession", "area_group", "area_plan", "plans", "dispositions")
    if isinstance(dataset, Study):
        found = {name: dataset.table(name) for name in names}
    else:
        found = {name: dataset.table(name).assign(wave=dataset.wave) for name in names}
    for name in names[:-1]:
        found[name] = found[name].drop(columns="wave").drop_duplicates(ignore_index=True)
    return found
