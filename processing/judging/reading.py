"""Reading answers for a verdict a stretch at a time, so that ten million rows need no more memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from processing.datasets.codebook import ScaleEntry
from processing.datasets.dataset import Dataset
from processing.datasets.study import Study
from processing.errors import Problem, stop_if_any

ROWS_OF_A_FRAME = 2**17

Answers = Dataset | Study | pd.DataFrame
Kept = NDArray[np.bool_] | None


@dataclass(frozen=True)
class Piece:
    """Some rows, of one wave."""

    frame: pd.DataFrame
    scales: tuple[ScaleEntry | None, ...]
    """The scales asked about as the wave has them; none where it asked other items or answers."""
    wave: int
    """Its number; 0 of a frame."""


def names_of(answers: Answers) -> Sequence[str]:
    """The columns that there are."""
    return list(answers.columns) if isinstance(answers, pd.DataFrame) else answers.codebook.names


def pieces(
    answers: Answers, columns: Sequence[str], scales: Sequence[ScaleEntry] = (), kept: Kept = None
) -> Iterator[Piece]:
    """The rows with these columns; `kept` tells which, in their order.

    Raises StatisticsError naming every column that does not exist.
    """
    known = set(names_of(answers))
    stop_if_any(
        Problem(f"column {name!r}", "no column has this name", "Correct the name")
        for name in columns
        if name not in known
    )
    start = 0
    for piece in _some(_every(answers, columns, tuple(scales)), columns, tuple(scales)):
        rows = slice(start, start + len(piece.frame))
        start = rows.stop
        yield piece if kept is None else replace(piece, frame=piece.frame[kept[rows]])


def _some(
    found: Iterator[Piece], columns: Sequence[str], scales: tuple[ScaleEntry, ...]
) -> Iterator[Piece]:
    """The pieces, of a wave that nobody answered one without rows."""
    none = Piece(pd.DataFrame(columns=list(columns), dtype=np.int16), scales, 0)
    yield next(found, none)
    yield from found


def _every(
    answers: Answers, columns: Sequence[str], scales: tuple[ScaleEntry, ...]
) -> Iterator[Piece]:
    if isinstance(answers, pd.DataFrame):
        for start in range(0, max(len(answers), 1), ROWS_OF_A_FRAME):
            part = answers.iloc[start : start + ROWS_OF_A_FRAME]
            yield Piece(part[list(columns)], scales, 0)
    elif isinstance(answers, Dataset):
        for batch in answers.batches(columns):
            yield Piece(batch, scales, answers.wave)
    else:
        own = {
            wave.folder: tuple(_as_in(wave, scale) for scale in scales) for wave in answers.waves
        }
        for wave, batch in answers.by_wave(columns):
            yield Piece(batch, own[wave.folder], wave.wave)


def _as_in(wave: Dataset, scale: ScaleEntry) -> ScaleEntry | None:
    """The scale as a wave's own version turns its items, if it asks the same ones."""
    known = {entry.name: entry for entry in wave.codebook.scales}
    own = known.get(scale.name, scale)
    if set(own.columns) != set(scale.columns) or own.bounds != scale.bounds:
        return None
    return replace(own, columns=scale.columns)
