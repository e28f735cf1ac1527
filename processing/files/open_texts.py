"""What people wrote in their own words, apart from the codes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from processing.datasets.codebook import Codebook
from processing.datasets.dataset import Dataset
from processing.datasets.study import Study

from .safe_text import safe_texts

COLUMNS = ("row_id", "variable", "language", "text")


def open_texts(dataset: Dataset | Study) -> pd.DataFrame:
    """Every open text of a dataset: row_id, variable, language, text.

    The language is the one noted when the text was keyed from paper; else the one that the person
    answered in. Texts stand apart from the codes, since they may name people and are read by others.
    """
    waves = dataset.waves if isinstance(dataset, Study) else (dataset,)
    frames = [frame for wave in waves for frame in _of_wave(wave)]
    if not frames:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in COLUMNS})
    return pd.concat(frames, ignore_index=True)


def write_open_texts(dataset: Dataset | Study, path: Path) -> int:
    """Write the open texts as CSV; returns how many."""
    texts = open_texts(dataset)
    safe_texts(texts, ["text"]).to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
    return len(texts)


def text_variables(codebook: Codebook) -> list[str]:
    """The variables that hold what people wrote."""
    return [v.name for v in codebook.variables if v.type == "string" and v.kind == "text"]


def _of_wave(wave: Dataset) -> Iterator[pd.DataFrame]:
    noted = wave.text_languages().set_index(["row_id", "variable"])["language"].to_dict()
    names = text_variables(wave.codebook)
    for batch in wave.batches() if wave.rows else ():
        for name in names:
            written = batch.loc[batch[name] != "", ["row_id", "language", name]]
            if not len(written):
                continue
            languages = [
                # An answer against the routing is the same text in a column of its own.
                noted.get((row_id, name.removesuffix("_raw")), language)
                for row_id, language in zip(written["row_id"], written["language"], strict=True)
            ]
            yield pd.DataFrame(
                {
                    "row_id": written["row_id"].to_numpy(),
                    "variable": name,
                    "language": languages,
                    "text": written[name].to_numpy(),
                }
            )
