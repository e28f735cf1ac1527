"""The dataset of a study as it stands, for what is computed of it here; why there is none, as problems."""

from __future__ import annotations

from pathlib import Path

from processing import DatasetError, Problem, StatisticsError, Study, read_study


def standing_dataset(study: str, data: Path) -> Study:
    """Open a study's dataset. Raises StatisticsError where none stands, or it cannot be read."""
    folder = data.resolve() / study
    if not folder.is_dir():
        raise StatisticsError(
            Problem(
                f"study {study}",
                "no wave of it is frozen",
                "Freeze one first, then compute again",
                "dataset.none",
            )
        )
    try:
        read = read_study(folder)
    except DatasetError as error:
        raise StatisticsError(unreadable(study, error)) from error
    if read.revoked:
        raise StatisticsError(
            Problem(
                f"study {study}",
                "a wave of it is being replaced",
                "Try again in a moment",
                "dataset.replaced",
            )
        )
    return read


def unreadable(study: str, error: DatasetError) -> Problem:
    """What a dataset's folder says against being read, in English words of its own."""
    return Problem(
        f"study {study}",
        f"its dataset cannot be used: {error}".rstrip("."),
        "Tell whoever runs the server",
        "dataset.unreadable",
        {"said": str(error)},
    )
