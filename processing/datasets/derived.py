"""What is made from a dataset, in a folder of its own that names what it was made from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from .dataset import Dataset
from .folders import DatasetError, appearing, read_manifest, seal, write_file
from .study import Study
from .tables import parquet_writer


def write_derived(
    dataset: Dataset | Study,
    name: str,
    frames: Mapping[str, pd.DataFrame | Iterable[pd.DataFrame]],
    folder: Path | str | None = None,
    texts: Mapping[str, str | bytes] | None = None,
    *,
    about: Mapping[str, str] | None = None,
    before_it_stands: Callable[[], object] | None = None,
) -> Path:
    """Write frames as Parquet into `<dataset>-<name>` beside the dataset, in place of an earlier one.

    Another `folder` is written over where it is empty or holds the same, made from this dataset.

    The manifest names the dataset's hash, and each wave's, so that whatever holds a wave's rows is
    found when they must be erased, even when the study lists other waves by then. A frame may come
    in pieces, of which there must be one at least; each becomes a row group. `texts` are further
    files by their names; `about` is said in the manifest too. `before_it_stands` is called when all is
    written, just before the folder gets its name: where it fails, nothing was told. Raises
    DatasetError where the folder holds anything else, or lies in what is being read.
    """
    waves = dataset.waves if isinstance(dataset, Study) else (dataset,)
    place = Path(folder) if folder else dataset.folder.with_name(f"{dataset.folder.name}-{name}")
    _refuse_within(place, waves)

    def earlier(manifest: Mapping[str, Any]) -> bool:
        if manifest["kind"] != "derived" or manifest.get("name") != name:
            return False
        made_from = {manifest["made_from"], *manifest.get("waves_made_from", ())}
        # The name beside the dataset is the dataset's, whatever it held when that was made.
        return not folder or bool(made_from & {dataset.hash, *(wave.hash for wave in waves)})

    with appearing(place, earlier) as partial:
        rows = {
            frame_name: _write(frame, partial / f"{frame_name}.parquet")
            for frame_name, frame in frames.items()
        }
        for file, text in (texts or {}).items():
            write_file(partial, file, text if isinstance(text, bytes) else text.encode())
        seal(
            partial,
            {
                "kind": "derived",
                "name": name,
                "made_from": dataset.hash,
                "waves_made_from": [wave.hash for wave in waves],
                "rows": rows,
                **(about or {}),
            },
        )
        if before_it_stands:
            before_it_stands()
    return place


def _refuse_within(place: Path, waves: tuple[Dataset, ...]) -> None:
    """What is put into a wave's folder makes it another than was sealed."""
    above = {place.resolve(), *place.resolve().parents}
    for wave in waves:
        if wave.folder.resolve() in above:
            raise DatasetError(
                f"{place}: it is, or lies in, the frozen dataset {wave.folder}, which stays as it"
                " was sealed. Name a folder outside it."
            )


def _write(frame: pd.DataFrame | Iterable[pd.DataFrame], path: Path) -> int:
    pieces = iter([frame] if isinstance(frame, pd.DataFrame) else frame)
    first = _table(next(pieces))
    with parquet_writer(path, first.schema) as writer:
        writer.write_table(first)
        rows: int = first.num_rows
        for piece in pieces:
            writer.write_table(_table(piece).cast(first.schema))
            rows += len(piece)
    return rows


def _table(frame: pd.DataFrame) -> pa.Table:
    # A frame's notes to pandas would tie the bytes to its version.
    return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)


def made_from(folder: Path | str) -> str:
    """The hash of the dataset that a derived folder was made from."""
    return str(read_manifest(Path(folder))["made_from"])
