"""`beboerpuls evidence`: whether a dataset's scales may be used. Needs no database, no settings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

# What the names below stand for is loaded when they are used: help must not wait for pandas.
import processing
from survey.commands.datasets import bad_use, folder_argument, unchanged
from survey.commands.evidence_page import EvidencePage
from survey.commands.examples import Command
from survey.commands.printing import as_json, print_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from processing import Carelessness, Dataset, Evidence, ShortForms, Study

USUAL_GROUPS = ("language", "mode", "wave")


@click.command(cls=Command, epilog="beboerpuls evidence data/bopuls/wave-1-freeze-1 --by gender")
@folder_argument
@click.option(
    "--by",
    "more",
    multiple=True,
    metavar="VARIABLE",
    help="Judge the groups of this column too; may be given again.",
)
@click.option(
    "--without-careless",
    is_flag=True,
    help="Leave out rows with two signs of careless answering or more.",
)
@click.option("--short-forms", is_flag=True, help="Propose shorter forms, with what they lose.")
@click.option(
    "--thresholds",
    "own",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A study's own limits (YAML), in place of the usual ones.",
)
@click.option("--graded", is_flag=True, help="Fit graded response models too, for Q3.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The folder for the evidence (default: FOLDER-evidence, beside it).",
)
@as_json
def evidence(
    folder: Path,
    more: tuple[str, ...],
    without_careless: bool,
    short_forms: bool,
    own: Path | None,
    graded: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Tell of every scale of FOLDER whether it is validated, usable with care, or not usable.

    For everyone, and by language, mode and wave where there is more than one; with each figure
    that decided, its limit, and where the limit comes from. Figures are unweighted.
    """
    with bad_use():
        read = unchanged(folder)
        signs = processing.careless_answers(read) if _has_reflective(read) else None
        left_out = signs.suspected().to_numpy() if signs and without_careless else None
        found = processing.evidence(
            read,
            groups=_groups(read, more),
            area="area" if _areas(read) > 1 else None,
            thresholds=processing.read_thresholds(own) if own else None,
            graded=graded,
            leave_out=left_out,
        )
        forms = dict(_short_forms(read, more, left_out)) if short_forms else {}
        written = processing.write_evidence(read, found, out)
        warning = processing.revocation_of(read)
    if warning:
        click.echo(f"Warning: {warning}", err=True)
    if as_json:
        _print_json(read, found, signs, forms, written)
        return
    _print_head(read, found, signs)
    EvidencePage(read.codebook).print(found)
    _print_forms(forms)
    click.echo(f"\nEvidence: {written}")


def _has_reflective(read: Dataset | Study) -> bool:
    scales = read.codebook.scales
    return any(not scale.formative and len(scale.columns) > 1 for scale in scales)


def _values(read: Dataset | Study, column: str) -> dict[str, int]:
    """How many rows have which value, missing ones left out."""
    if column not in read.codebook.names:
        return {}
    found: dict[str, int] = {}
    for batch in read.batches([column]):
        for value, rows in batch[column].value_counts().items():
            if str(value) and not (isinstance(value, int) and value < 0):
                found[str(value)] = found.get(str(value), 0) + int(rows)
    return dict(sorted(found.items()))


def _areas(read: Dataset | Study) -> int:
    return len(_values(read, "area"))


def _groups(read: Dataset | Study, more: tuple[str, ...]) -> list[str]:
    """A column of one value divides nothing; one that was asked for is refused by name if unknown."""
    usual = [name for name in USUAL_GROUPS if len(_values(read, name)) > 1]
    return list(dict.fromkeys([*usual, *more]))


def _short_forms(
    read: Dataset | Study, more: tuple[str, ...], left_out: NDArray[np.bool_] | None
) -> Iterator[tuple[str, ShortForms | str]]:
    """What is proposed for each scale, or why nothing is."""
    kept = None if left_out is None else ~left_out
    groups = _groups(read, more)
    for scale in read.codebook.scales:
        try:
            yield scale.name, processing.propose_short_forms(read, scale, groups, kept=kept)
        except processing.StatisticsError as error:
            rules = "; ".join(problem.what for problem in error.problems)
            yield scale.name, f"no shorter form: {rules}"


def _print_head(read: Dataset | Study, found: Evidence, signs: Carelessness | None) -> None:
    click.echo(f"{read.study}: {read.rows} answers, unweighted. Dataset {read.hash[:12]}")
    tested = []
    for name in USUAL_GROUPS:
        labels = read.codebook.variable(name).value_labels("en") if _values(read, name) else {}
        told = ", ".join(
            f"{labels.get(int(value), value) if value.isdigit() else value} ({rows})"
            for value, rows in _values(read, name).items()
        )
        tested += [f"{name} {told}"] if told else []
    click.echo(f"Who answered: {'; '.join(tested)}")
    if signs is None:
        return
    flagged = int(signs.suspected().sum())
    told = f"{flagged} rows ({flagged / max(read.rows, 1):.1%}) have two or more signs of careless"
    if found.left_out:
        click.echo(f"{told} answering and are left out here.")
    else:
        click.echo(f"{told} answering; all are counted in (--without-careless leaves them out).")


def _print_forms(forms: dict[str, ShortForms | str]) -> None:
    if not forms:
        return
    click.echo("\nShorter forms, with what they lose (try them on other answers before use)")
    for scale, proposed in forms.items():
        click.echo(f"\n{scale}: {proposed}")


def _print_json(
    read: Dataset | Study,
    found: Evidence,
    signs: Carelessness | None,
    forms: dict[str, ShortForms | str],
    written: Path,
) -> None:
    flags = None
    if signs is not None:
        flags = {str(name): int(rows) for name, rows in signs.to_frame()["rows"].items()}
    about = {"study": read.study, "revoked": read.revoked, "weights": None, "careless": flags}
    told = {
        scale: proposed
        if isinstance(proposed, str)
        else json.loads(proposed.to_frame().reset_index().to_json(orient="records"))
        for scale, proposed in forms.items()
    }
    content = {**about, **json.loads(found.to_json()), "written": str(written)}
    print_json({**content, "short_forms": told} if forms else content)
