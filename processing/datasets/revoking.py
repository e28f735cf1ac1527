"""Datasets that a successor has replaced, as after a withdrawal."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .codebook import write_json
from .dataset import RESPONSES, REVOKED, TEXT_LANGUAGES, Dataset, read_wave
from .folders import DatasetError, read_manifest, replace_file
from .study import Study


@dataclass(frozen=True)
class Notice:
    """What a revoked dataset says."""

    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what}. {self.remedy}."


def revoke(folder: Path | str, superseded_by: str, reason: str) -> None:
    """Mark a wave's dataset as replaced: checks and exports say so from now on.

    Its rows stay until `erase_rows` takes them. Raises DatasetError where it is revoked already.
    """
    dataset = read_wave(folder)
    if dataset.revoked:
        raise DatasetError(
            f"{folder}: it is revoked already: {revocation_notice(dataset.folder).what}. Revoke what"
            " supersedes it, if that must go too."
        )
    content = {"hash": dataset.hash, "superseded_by": superseded_by, "reason": reason}
    replace_file(dataset.folder / REVOKED, write_json(content).encode())


def erase_rows(folder: Path | str) -> None:
    """Remove a revoked dataset's rows, and what was made of them beside it or its study.

    Codebook, tables and manifest stay, for figures that were published must remain explicable.
    """
    dataset = read_wave(folder)
    if not dataset.revoked:
        raise DatasetError(
            f"{folder}: it stands, and a standing dataset keeps its rows. Revoke it."
        )
    for derived in made_with(dataset):
        shutil.rmtree(derived)
    for rows in (TEXT_LANGUAGES, RESPONSES):
        if (dataset.folder / rows).exists():
            shutil.rmtree(dataset.folder / rows)


def made_with(dataset: Dataset) -> list[Path]:
    """The derived folders that hold a wave's rows, beside the wave and beside its study."""
    folder = dataset.folder.resolve()
    places = {folder.parent, *(above.parent for above in folder.parents if _is_study(above))}
    return [
        path
        for place in sorted(places)
        for path in sorted(place.iterdir())
        if path.is_dir() and dataset.hash in _manifest(path).get("waves_made_from", ())
    ]


def _is_study(folder: Path) -> bool:
    return _manifest(folder).get("kind") == "study"


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        return read_manifest(folder)
    except (DatasetError, PermissionError):
        return {}  # some other folder, as a disk's lost+found


def revocation_notice(folder: Path) -> Notice:
    told = json.loads((folder / REVOKED).read_bytes())
    by = told["superseded_by"] or "nothing yet"
    return Notice(
        f"this dataset is revoked ({told['reason']}) and superseded by {by}",
        "Use the dataset that supersedes it, and make again what was made from this one",
    )


def revocation_of(dataset: Dataset | Study) -> str:
    """What to tell whoever uses a dataset of which a part is revoked; "" where it stands."""
    waves = dataset.waves if isinstance(dataset, Study) else (dataset,)
    return " ".join(
        f"{wave.folder}: {revocation_notice(wave.folder)}" for wave in waves if wave.revoked
    )
