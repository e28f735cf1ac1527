"""`beboerpuls weights`: how well a dataset's weights meet its register counts."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import processing
from survey.commands.datasets import BadUse, bad_use, folder_argument, unchanged
from survey.commands.examples import Command
from survey.commands.printing import as_json, print_json

if TYPE_CHECKING:
    from processing import Dataset, DatasetWeights, Study, StudyTerms, Weights

PAGE = "weights.html"
BY_BASE = (
    "the study's registered plan lays down base weights (weights: base), by which all that leaves it is"
    " counted. These are what register counts would bring."
)


@click.command(cls=Command, epilog="beboerpuls weights data/bopuls --level boligområde")
@folder_argument
@click.option("--level", default="boligområde", show_default=True, help="Within what to weight.")
@click.option(
    "--adults",
    help="A column of adults in the dwelling, where base weights lack it. Default: as the study laid"
    " down.",
)
@click.option(
    "--ordered",
    multiple=True,
    help="A margin whose thin categories are joined to neighbours, as background_age_band, besides those "
    "of which the counts say so; may be repeated. Default: as the study laid down.",
)
@click.option("--language", type=click.Choice(["da", "en"]), default="da", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Default: FOLDER-weights, beside it.")
@as_json
def weights(
    folder: Path,
    level: str,
    adults: str | None,
    ordered: tuple[str, ...],
    language: str,
    out: Path | None,
    as_json: bool,
) -> None:
    """Tell how well weights meet the register counts, and what they cost.

    A page and its tables go to a folder that names the dataset: margins before and after, design
    effect and effective n of every group, and categories that were counted as one. Counts under the
    study's limit are hidden there, and what would give them away.
    """
    with bad_use():
        read = unchanged(folder)
        if not len(read.table("margins")):
            raise BadUse(
                f"{folder} holds no register counts. Load them before freezing, or import with --margins."
            )
        _refuse_uncounted(read, ordered)
        terms = processing.study_terms(read)
        adults, ordered = adults or terms.adults or None, ordered or terms.ordered
        made = processing.dataset_weights(read, level, adults=adults, ordered=ordered, lenient=True)
        command = _command(folder, level, adults, ordered, language)
        written = _written(read, made, terms, language, command, out)
        warning = processing.revocation_of(read)
    if warning:
        click.echo(f"Warning: {warning}", err=True)
    if terms.weights == "base":
        click.echo(f"Note: {BY_BASE}", err=True)
    if as_json:
        about = {"dataset": read.hash, "level": level, "adults": adults}
        print_json({**about, **_told(made.weights), "written": str(written)})
        return
    click.echo(made.weights.summary())
    click.echo(f"Weights are {made.told()}.")
    click.echo(f"Weights: {written / PAGE}")


def _refuse_uncounted(read: Dataset | Study, ordered: tuple[str, ...]) -> None:
    """A misspelt margin would be joined otherwise than was wanted, without a word."""
    counted = sorted(set(read.table("margins")["variable"]))
    if unknown := [name for name in ordered if name not in counted]:
        raise BadUse(
            f"--ordered {', '.join(unknown)}: the register counts have no such variable. They count"
            f" {', '.join(counted)}."
        )


def _written(
    read: Dataset | Study,
    made: DatasetWeights,
    terms: StudyTerms,
    language: str,
    command: str,
    out: Path | None,
) -> Path:
    """The page and its tables, small counts hidden."""
    shown = processing.weight_tables(made, terms.limits)
    document = processing.weights_document(
        read, made, language=language, command=command, told=shown
    )
    stylesheet = files("survey").joinpath("static", "survey.css").read_text("utf-8")
    page = {PAGE: processing.as_page(document, stylesheet)}
    return processing.write_derived(read, "weights", shown.frames(), out, page)


def _told(weights: Weights) -> dict[str, Any]:
    return {
        "rows": weights.rows,
        "left_out": weights.left_out,
        "groups": len(weights.groups),
        "design_effect": weights.deff,
        "effective_n": weights.effective_n,
        "largest_gap": float(weights.groups["gap"].max()),
        "beyond_limits": int(weights.groups["outside"].sum()),
        "groups_with_wider_limits": int(weights.widened.sum()),
        "counted_as_one": len(weights.collapsed),
    }


def _command(
    folder: Path, level: str, adults: str | None, ordered: tuple[str, ...], language: str
) -> str:
    """The command that makes the same page again."""
    said = [f"--adults {adults}"] if adults else []
    said += [f"--ordered {name}" for name in ordered]
    return " ".join(
        [f"beboerpuls weights {folder.name} --level {level}", *said, f"--language {language}"]
    )
