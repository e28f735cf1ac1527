"""A dataset's rows gone through in pieces: on one core, in many processes, or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from processing.datasets.dataset import Dataset
from processing.datasets.study import Study, read_dataset

ROWS_AT_A_TIME = 2**17

Sums = TypeVar("Sums", bound=Any)


@dataclass(frozen=True)
class Workers:
    """Who goes through the rows: this process, or `tasks` tasks of an executor.

    `executor` is a `concurrent.futures` pool, or a Dask cluster's by `client.get_executor()`, whose
    workers must be able to read the dataset's folder.
    """

    executor: Executor | None = None
    tasks: int = 2

    def add_up(
        self,
        dataset: Dataset | Study,
        task: Callable[[Dataset | Study, Collection[Path]], Sums],
    ) -> Sums:
        """The sum of what `task` makes of each bundle of the dataset's files."""
        parts = dataset.parts
        if self.executor is None:
            return task(dataset, parts)
        bundles = [parts[at :: self.tasks] for at in range(min(self.tasks, len(parts)))]
        folder = dataset.folder.resolve()
        whole = [[folder / part.relative_to(dataset.folder) for part in one] for one in bundles]
        done = self.executor.map(_go_through, [folder] * len(whole), whole, [task] * len(whole))
        total: Sums = reduce(add, done)
        return total


def _go_through(
    folder: Path, parts: Sequence[Path], task: Callable[[Dataset | Study, Collection[Path]], Sums]
) -> Sums:
    return task(read_dataset(folder), parts)


def pieces(
    dataset: Dataset | Study, columns: Sequence[str], parts: Collection[Path] | None = None
) -> Iterator[pd.DataFrame]:
    """Rows with these columns and their wave."""
    for batch in dataset.batches(columns, ROWS_AT_A_TIME, parts):
        yield with_wave(dataset, batch)


def with_wave(dataset: Dataset | Study, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with their wave's number as whole numbers of one type."""
    if isinstance(dataset, Dataset):
        return rows.assign(wave=np.int64(dataset.wave))
    return rows.assign(wave=rows["wave"].astype("int64"))
