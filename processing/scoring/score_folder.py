"""A dataset's scores, in a folder of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from processing.datasets.dataset import Dataset
from processing.datasets.derived import write_derived
from processing.datasets.study import Study

from .scales import score
from .summary import Summary


def write_scores(dataset: Dataset | Study, summary: Summary, folder: Path | str | None) -> Path:
    """Score every row into `<dataset>-scores`: `scores`, by row id, and `summary`, a row a scale."""
    return write_derived(
        dataset,
        "scores",
        {"scores": _scores(dataset), "summary": summary.to_frame()},
        folder,
    )


def _scores(dataset: Dataset | Study) -> Iterator[pd.DataFrame]:
    items = [column for scale in dataset.codebook.scales for column in scale.columns]
    names = list(dict.fromkeys(["row_id", "wave", *items]))
    empty = True
    for batch in dataset.batches(names):
        empty = False
        yield pd.concat([batch[["row_id", "wave"]], score(batch, dataset.codebook)], axis=1)
    if empty:
        nobody = dataset.responses(names)
        yield pd.concat([nobody[["row_id", "wave"]], score(nobody, dataset.codebook)], axis=1)
