"""Scores of a dataset, each wave by the scales that it was asked with."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import pandas as pd

from processing.datasets.codebook import ScaleEntry
from processing.datasets.dataset import ROWS_A_BATCH, Dataset
from processing.datasets.study import Study

from .scales import score
from .score_variables import score_variables


def with_scales(
    dataset: Dataset | Study,
    columns: Sequence[str] | None = None,
    rows: int = ROWS_A_BATCH,
    scales: Sequence[ScaleEntry] | None = None,
    parts: Collection[Path] | None = None,
) -> Iterator[tuple[pd.DataFrame, tuple[ScaleEntry, ...]]]:
    """The dataset's rows in pieces, each with the scales (by default all) as its wave has them.

    `columns` are taken together with those that the scales of any wave need; with `parts` only the
    rows of these files.
    """
    asked = tuple(dataset.codebook.scales if scales is None else scales)
    if isinstance(dataset, Dataset):
        names = columns and _needed(columns, asked)
        for batch in dataset.batches(names, rows, parts):
            yield batch, asked
        return
    of_wave = {wave.folder: _as_in(wave, asked) for wave in dataset.waves}
    every = [scale for own in of_wave.values() for scale in own]
    for wave, batch in dataset.by_wave(columns and _needed(columns, every), rows, parts):
        yield batch, of_wave[wave.folder]


def scores_of(
    dataset: Dataset | Study, batch: pd.DataFrame, own: Sequence[ScaleEntry]
) -> pd.DataFrame:
    """Score a piece by its wave's own scales, in the columns that the whole dataset has.

    A variant that the wave's version does not know is empty there.
    """
    names = [v.name for scale in dataset.codebook.scales for v in score_variables(scale)]
    return score(batch, own).reindex(columns=names)


def measures_alike(one: ScaleEntry, other: ScaleEntry) -> bool:
    """Whether two versions of a scale ask and turn the same items on the same answers."""
    parts = ("columns", "reversed", "bounds")
    return all(getattr(one, part) == getattr(other, part) for part in parts)


def _as_in(wave: Dataset, asked: Sequence[ScaleEntry]) -> tuple[ScaleEntry, ...]:
    own = {scale.name: scale for scale in wave.codebook.scales}
    return tuple(own.get(scale.name, scale) for scale in asked)


def _needed(columns: Sequence[str], scales: Sequence[ScaleEntry]) -> list[str]:
    return list(dict.fromkeys([*columns, *(c for scale in scales for c in scale.columns)]))
