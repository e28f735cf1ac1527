"""`beboerpuls report`: a study's findings, or one area's, on a page and on paper."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import click

import processing
from survey.commands.datasets import (
    BadUse,
    bad_use,
    base_weights_option,
    folder_argument,
    unchanged,
)
from survey.commands.examples import Command
from survey.result_counts import shared_items

if TYPE_CHECKING:
    from processing import Document, Study

# By it an earlier report is told from any other page.
PAGE_MARK = b'<a class="wordmark" href="#main">'
# The author that PDFs of ours name among what is told of them.
PDF_MARK = b"<rdf:li>Beboerpuls</rdf:li>"
FONTS = Path(__file__).parents[1] / "printing" / "fonts"


@click.command(
    cls=Command,
    epilog="beboerpuls report data/bopuls --plan plan.yaml --pdf\n"
    "beboerpuls report data/bopuls --area 0667-012 --pdf",
)
@folder_argument
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="For researchers: the analysis plan, as for `beboerpuls effects`.",
)
@click.option("--area", help="For one area: its key, or that of a group.")
@click.option("--level", default="afdeling", show_default=True, help="What --area is a key of.")
@click.option("--language", type=click.Choice(["da", "en"]), default="da", show_default=True)
@base_weights_option
@click.option("--pdf", is_flag=True, help="Also as PDF (PDF/UA), beside the page.")
@click.option("--out", type=click.Path(path_type=Path), help="Default: FOLDER-report.html.")
def report(
    folder: Path,
    plan_file: Path | None,
    area: str | None,
    level: str,
    language: str,
    base_weights: bool,
    pdf: bool,
    out: Path | None,
) -> None:
    """Write a study's findings, or what may be told of one area, as a page to send and to print.

    With --plan, for researchers: effects, development, places, response, and what the figures do
    not show. With --area, in plain words: what was asked and of whom, response, how things stand
    beside all places, what changed and how sure that is; only what may be told in public. What
    was not shown before, in a report, a feed or on a page, stays hidden, so that no two of them give
    away what each hides.
    """
    if (plan_file is None) == (area is None):
        raise BadUse("Give either --plan, for researchers, or --area, for one area.")
    mark = f"-{area}" if area else ""
    safe = "".join(sign if sign.isalnum() or sign in "-_" else "_" for sign in mark)
    folder = folder.resolve()
    out = out or folder.with_name(f"{folder.name}{safe}-report.html")
    _refuse_taken(out, pdf=pdf)
    weighting = False if base_weights else None
    with bad_use():
        read = unchanged(folder)
        if isinstance(read, processing.Dataset):
            reason = "an effect is a change" if plan_file else "an area is told beside what it was"
            raise BadUse(f"{folder} is one wave, and {reason}. Give the study's folder.")
        document = (
            _of_study(read, plan_file, language, calibrated=weighting)
            if plan_file
            else _of_area(read, level, str(area), language, calibrated=weighting)
        )
        stylesheet = files("survey").joinpath("static", "survey.css").read_text("utf-8")
        warning = processing.revocation_of(read)
        # Both are whole before either takes the place of an earlier one.
        made = {out: processing.as_page(document, stylesheet).encode()}
        if pdf:
            made[out.with_suffix(".pdf")] = processing.as_pdf(document, FONTS)
        for path, content in made.items():
            processing.replace_file(path, content)
    if warning:
        click.echo(f"Warning: {warning}", err=True)
    beside = f" and {out.with_suffix('.pdf').name}" if pdf else ""
    click.echo(f"Report: {out}{beside}")


def _of_study(read: Study, plan_file: Path, language: str, *, calibrated: bool | None) -> Document:
    plan = processing.read_plan_for(plan_file, read)
    found = processing.evaluate(read, plan, calibrated=calibrated)
    return processing.report_document(
        read,
        found,
        language=language,
        validated=_validated(read),
        incomparable=processing.kept_incomparable(read),
        command=f"beboerpuls report {read.folder.name} --plan {plan_file.name} --language {language}"
        + _option(calibrated),
    )


def _of_area(
    read: Study, level: str, area: str, language: str, *, calibrated: bool | None
) -> Document:
    found = (
        processing.public_measures(read)
        if calibrated is None
        else processing.study_measures(read, calibrated=calibrated)
    )
    items = shared_items(read.codebook)
    earlier = processing.told_before(read)
    table = processing.area_results(
        read, found, items, earlier=earlier, planned=processing.planned_effects(read, found)
    )
    processing.remember(read, table, found, earlier=earlier)
    return processing.area_report_document(
        read,
        table,
        level,
        area,
        language=language,
        calibrated=found.weights is not None and max(found.days) not in found.weights.plain,
        kept=processing.kept_told(found, read.codebook, language),
        validated=_validated(read),
        incomparable=processing.kept_incomparable(read),
        command=f"beboerpuls report {read.folder.name} --area {area} --level {level}"
        + ("" if language == "da" else f" --language {language}")
        + _option(calibrated),
    )


def _option(calibrated: bool | None) -> str:
    return " --base-weights" if calibrated is False else ""


def _refuse_taken(out: Path, *, pdf: bool) -> None:
    """Only an earlier page is written over, and beside one an earlier PDF.

    Looked at before anything is made: what a report tells is remembered as told.
    """
    if not out.parent.is_dir():
        raise BadUse(f"{out.parent}: there is no such folder. Make it, or name another with --out.")
    if out.suffix != ".html":
        raise BadUse(f"{out}: a report is a page. Name a file that ends in .html with --out.")
    beside = out.with_suffix(".pdf")
    try:
        page = out.read_bytes() if out.exists() else b""
    except OSError as error:
        raise BadUse(f"{out}: {error.strerror}. Name another file with --out.") from None
    strange = out if page and PAGE_MARK not in page else None
    if strange is None and pdf and not (page and _made_by_us(beside)):
        strange = beside if beside.exists() else None
    if strange:
        raise BadUse(
            f"{strange}: it is no earlier report, and is not written over. Name another file with"
            " --out, or move it away."
        )


def _made_by_us(pdf: Path) -> bool:
    try:
        return PDF_MARK in pdf.read_bytes()
    except OSError:
        return False


def _validated(read: Study) -> list[str]:
    """Scales that passed all their tests in this dataset; one to be used with care did not."""
    kept = processing.kept_verdicts(read)
    return [scale for scale, verdict in kept.items() if verdict == "validated"]
