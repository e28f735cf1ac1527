"""`beboerpuls measures`: how areas and plans stand. Needs neither a database nor settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import processing
from survey.commands.datasets import (
    adults_option,
    bad_use,
    base_weights_option,
    folder_argument,
    unchanged,
)
from survey.commands.examples import Command
from survey.commands.printing import as_json, counted, print_json, print_table
from survey.commands.told_figures import (
    between,
    digits,
    each,
    p_value,
    points,
    print_corrected,
    records,
    share,
    signed,
    source_of,
)

if TYPE_CHECKING:
    from processing import Dataset, Study, StudyMeasures


@click.command(cls=Command, epilog="beboerpuls measures data/bopuls --level study")
@folder_argument
@click.option("--scale", "scales", multiple=True, help="Only this scale; may be repeated.")
@click.option("--level", "level", help="Print units of this level only, as afdeling or plan.")
@click.option(
    "--without-careless", is_flag=True, help="Leave out rows that show two signs of not reading."
)
@adults_option
@base_weights_option
@click.option("--out", type=click.Path(path_type=Path), help="Default: FOLDER-measures, beside it.")
@as_json
def measures(
    folder: Path,
    scales: tuple[str, ...],
    level: str | None,
    without_careless: bool,
    adults: str | None,
    base_weights: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Print each scale's mean in every unit and wave with its interval; write all measures.

    Scores are headlines, 0 to 100, high is favourable. Direct and shrunk means, their reliability,
    changes between waves and the composition by mode go to a folder that names the dataset.
    """
    with bad_use():
        read = unchanged(folder)
        left_out = (
            processing.careless_answers(read).suspected().to_numpy() if without_careless else None
        )
        found = processing.study_measures(
            read,
            scales,
            leave_out=left_out,
            adults=adults,
            calibrated=False if base_weights else None,
        )
        written = _write_measures(read, found, out, without_careless=without_careless)
        warning = processing.revocation_of(read)
    if warning:
        click.echo(f"Warning: {warning}", err=True)
    if as_json:
        left = {"left_out": int(left_out.sum()) if left_out is not None else 0}
        print_json(
            {**source_of(found), **left, "written": str(written), **_measures_content(found)}
        )
        return
    if left_out is not None:
        click.echo(
            f"Left out: {counted(int(left_out.sum()), 'row')} with two signs of not reading."
        )
    _print_measures(found, level, _counts(read))
    print_corrected(read)
    click.echo(f"Measures: {written}")


def _write_measures(
    read: Dataset | Study, found: StudyMeasures, out: Path | None, *, without_careless: bool
) -> Path:
    frames = {
        "means": found.measures.means,
        "changes": found.measures.changes,
        "composition": found.measures.composition,
        "languages": found.measures.languages,
    }
    name = "measures-without-careless" if without_careless else "measures"
    return processing.write_derived(read, name, frames, out, about={"weight": found.weight})


def _measures_content(found: StudyMeasures) -> dict[str, Any]:
    kept = found.measures
    return {
        "response_rate": kept.response_rate,
        "means": records(kept.means),
        "changes": records(kept.changes),
        "composition": records(kept.composition),
        "languages": records(kept.languages),
    }


def _counts(read: Dataset | Study) -> set[str]:
    """The scales whose score is a count and not a share of the most that can be had."""
    return {scale.name for scale in read.codebook.scales if scale.score == "count"}


def _print_measures(found: StudyMeasures, level: str | None, counts: set[str]) -> None:
    means = found.measures.means
    least = found.terms.mean_n
    shown = means[(means["cohort"] == "all") & (means["n"] >= least)]
    if level:
        shown = shown[shown["level"] == level]
    click.echo(
        f"Means 0–100, high is favourable, weighted by {found.weight}, 95 % intervals; units with "
        f"{least} answers or more. Dataset {found.dataset[:12]}"
    )
    if told := sorted(counts & set(shown["scale"])):
        click.echo(f"Counts, not 0–100: {', '.join(told)}.")
    print_table(
        ("scale", "level", "unit", "wave", "n", "response", "mean", "95 %", "λ", "shrunk", "95 %"),
        [
            (
                row.scale, row.level, row.unit, row.wave, int(row.n), share(row.response_rate),
                points(row.mean), between(row.low, row.high), digits(row.reliability),
                points(row.shrunk), between(row.shrunk_low, row.shrunk_high),
            )
            for row in each(shown)
        ],
    )  # fmt: skip
    changes = found.measures.changes
    if not len(changes):
        return
    enough = changes[["n_1", "n_2"]].min(axis=1) >= least
    shown = changes[(changes["cohort"] == "all") & enough]
    shown = shown[shown["level"] == (level or "study")]
    click.echo("Changes in points, with people who answered both waves counted as such:")
    print_table(
        ("scale", "level", "unit", "waves", "change", "95 %", "p", "in both", "modes as at first"),
        [
            (
                row.scale, row.level, row.unit, f"{row.wave_1}–{row.wave_2}", signed(row.change),
                between(row.low, row.high), p_value(row.p), int(row.pairs),
                signed(row.change_at_first_mix),
            )
            for row in each(shown)
        ],
    )  # fmt: skip
