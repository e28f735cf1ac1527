"""A dataset's scores, in a folder of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from processing.datasets.dataset import Dataset
from processing.datasets.derived import write_derived
from processing.datasets.study import Study

from .by_wave import scores_of, with_scales
from .scales import score
from .summary import Summary


def write_scores(dataset: Dataset | Study, summary: Summary, folder: Path | str | None) -> Path:
    """Score every row into `<dataset>-scores`: `scores`, by row id, and `summary`, a row a scale.

    Parameters
    ----------
    dataset
        A dataset or a study; each wave is scored by its own version of a scale.
    summary
        What `summarise` said of it.
    folder
        Where to write, by default beside the dataset.

    Returns
    -------
    Path
        The folder written.

    Raises
    ------
    StatisticsError
        As `score`.

    """
    return write_derived(
        dataset,
        "scores",
        {"scores": _scores(dataset), "summary": summary.to_frame()},
        folder,
    )


def _scores(dataset: Dataset | Study) -> Iterator[pd.DataFrame]:
    about = ["row_id", "wave"]
    empty = True
    for batch, own in with_scales(dataset, about):
        empty = False
        yield pd.concat([batch[about], scores_of(dataset, batch, own)], axis=1)
    if empty:
        nobody = dataset.responses()
        yield pd.concat([nobody[about], score(nobody, dataset.codebook)], axis=1)
