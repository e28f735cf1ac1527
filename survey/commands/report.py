"""`beboerpuls report`: a study's findings on one page."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

import processing
from survey.commands.datasets import BadUse, bad_use, folder_argument, unchanged
from survey.commands.evaluation import registered
from survey.commands.examples import Command


@click.command(cls=Command, epilog="beboerpuls report data/bopuls --plan plan.yaml")
@folder_argument
@click.option(
    "--plan",
    "plan_file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The analysis plan, as for `beboerpuls effects`.",
)
@click.option("--language", type=click.Choice(["da", "en"]), default="da", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Default: FOLDER-report.html.")
def report(folder: Path, plan_file: Path, language: str, out: Path | None) -> None:
    """Write a study's findings as one page that needs nothing else: a file to send and to print.

    Effects, development, places, response, and what the figures do not show. Places with fewer than
    ten answers are named and not shown.
    """
    out = out or folder.with_name(f"{folder.name}-report.html")
    with bad_use():
        read = unchanged(folder)
        if isinstance(read, processing.Dataset):
            raise BadUse(
                f"{folder} is one wave, and an effect is a change. Give the study's folder."
            )
        plan = processing.read_plan(plan_file)
        found = processing.evaluate(read, plan, registered=registered(read, plan.hash))
        page = processing.report(
            read,
            found,
            stylesheet=files("survey").joinpath("static", "survey.css").read_text("utf-8"),
            language=language,
            validated=[
                scale
                for scale, verdict in processing.kept_verdicts(read).items()
                if verdict != "not usable"
            ],
            command=f"beboerpuls report {folder.name} --plan {plan_file.name} --language {language}",
        )
        warning = processing.revocation_of(read)
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise BadUse(
            f"{out} cannot be written: {error.strerror}. Name another with --out."
        ) from None
    if warning:
        click.echo(f"Warning: {warning}", err=True)
    click.echo(f"Report: {out}")
