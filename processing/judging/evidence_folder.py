"""A dataset's evidence, in a folder of its own, and the shorter forms that it would allow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from processing.counting.patterns import GroupedPatterns, Patterns
from processing.datasets.codebook import ScaleEntry
from processing.datasets.dataset import Dataset
from processing.datasets.derived import write_derived
from processing.datasets.study import Study
from processing.errors import Problem, StatisticsError

from .reading import Kept
from .short_forms import ShortForms, short_forms
from .tally import tally
from .verdicts import Evidence


def write_evidence(
    dataset: Dataset | Study, found: Evidence, folder: Path | str | None = None
) -> Path:
    """Write `<dataset>-evidence`: `evidence.json`, and as Parquet verdicts, figures, comparisons.

    Evidence from which rows were left out goes to `<dataset>-evidence-without-careless`, so that
    neither takes the other's place.

    Parameters
    ----------
    dataset
        A dataset or a study.
    found
        What `evidence` said of it.
    folder
        Where to write, by default beside the dataset.

    Returns
    -------
    Path
        The folder written.

    Raises
    ------
    StatisticsError
        For evidence of another dataset.

    """
    if found.dataset != dataset.hash:
        raise StatisticsError(
            Problem(
                "evidence",
                f"it was made from dataset {found.dataset[:12] or 'none'}, not {dataset.hash[:12]}",
                "Give the evidence of this dataset",
            )
        )
    return write_derived(
        dataset,
        "evidence-without-careless" if found.left_out else "evidence",
        {
            "verdicts": found.verdicts(),
            "evidence": found.to_frame(),
            "comparisons": found.comparisons_frame(),
            "questionnaires": found.questionnaires_frame(),
        },
        folder,
        {"evidence.json": found.to_json()},
    )


def propose_short_forms(
    dataset: Dataset | Study,
    scale: ScaleEntry,
    groups: Sequence[str] = (),
    *,
    kept: Kept = None,
    least: int = 200,
) -> ShortForms:
    """Forms of two and three items of one of a dataset's scales; see `short_forms`.

    Items that work differently are looked for over the first of `groups` of which two groups or
    more have `least` complete rows, and over none where no column has.

    Parameters
    ----------
    dataset
        A dataset or a study.
    scale
        One of its reflective scales.
    groups
        Columns that divide the rows.
    kept
        Which rows, one truth a row in their order; by default all.
    least
        Complete rows that make a group large enough.

    Returns
    -------
    ShortForms

    Raises
    ------
    StatisticsError
        A formative scale, whose parts do not stand for each other; fewer than four items; items
        that offer different answers.

    """
    ends = set(scale.bounds.values())
    if scale.formative or len(ends) > 1:
        what = (
            "its items are parts of a count, none stands for another"
            if scale.formative
            else f"its items offer different answers, {sorted(ends)}"
        )
        raise StatisticsError(
            Problem(f"scale {scale.name}", what, "Shorten reflective scales of equal answers only")
        )
    rows = tally(dataset, scale, groups, kept=kept)
    chosen: Patterns | GroupedPatterns = rows.everyone
    for name in groups:
        sizes = {value: part.frequency.sum() for value, part in rows.groups[name].items()}
        large = {value: rows.groups[name][value] for value, n in sizes.items() if n >= least}
        if len(large) > 1:
            chosen = GroupedPatterns(name, large)
            break
    return short_forms(chosen, list(scale.columns), points=next(iter(ends)))
