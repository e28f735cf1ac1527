"""`beboerpuls dataset`, `score` and `export`: commands on a dataset's folder.

They need neither a database nor settings: a folder that somebody mailed is enough.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

# What the names below stand for is loaded when they are used: help must not wait for pandas.
import processing
from instruments import MISSING, DefinitionError, UnknownInstrumentError
from survey.commands.examples import Command, Group
from survey.commands.printing import as_json, counted, print_json, print_table

if TYPE_CHECKING:
    from processing import Alpha, Dataset, Omega, ScaleSummary, Study, Summary

FORMATS = ("csv", "sav", "dta", "parquet", "xlsx")


class BadUse(click.ClickException):
    """A folder, language or option with which the command cannot work."""

    exit_code = 2


folder_argument = click.argument(
    "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="FOLDER"
)
adults_option = click.option(
    "--adults",
    help="A column of adults in the dwelling, where base weights lack it. Default: as the study laid"
    " down.",
)
base_weights_option = click.option(
    "--base-weights", is_flag=True, help="Take base weights, though there are register counts."
)
REWEIGHTED = (
    "These are other weights than the plan lays down, so every effect is exploratory. Leave out"
    " --base-weights for what it confirms; a plan to be registered may say weights: base."
)


@click.group(cls=Group)
def dataset() -> None:
    """Verify a dataset's folder, or join waves to a study. Needs no database and no settings."""


@dataset.command(epilog="beboerpuls dataset check data/bopuls/wave-1-freeze-1")
@folder_argument
@as_json
def check(folder: Path, as_json: bool) -> None:
    """Tell how FOLDER, a wave's or a study's dataset, differs from what was sealed.

    Files changed, missing or added, numbers of rows, codes that the codebook does not know, and
    whether a successor has replaced it. Exit code 1 where anything differs.
    """
    with bad_use():
        differences = processing.check(folder)
    if as_json:
        found = [{"file": d.file, "what": d.what, "remedy": d.remedy} for d in differences]
        print_json({"folder": str(folder), "sound": not differences, "differences": found})
    elif differences:
        for difference in differences:
            click.echo(str(difference))
    else:
        click.echo(_sound(folder))
    if differences:
        raise SystemExit(1)


@dataset.command(epilog="beboerpuls dataset join data/older")
@folder_argument
@as_json
def join(folder: Path, as_json: bool) -> None:
    """Make one study of the waves that lie in FOLDER, imported ones for example.

    Measures, effects and reports then take FOLDER. The waves must name one study, each a number of
    its own, in the order in which people answered; what they ask alike must be coded alike. Done
    again, it lists the waves that lie there then.
    """
    with bad_use():
        joined = processing.join_waves(folder)
    if as_json:
        waves = [{"wave": one.wave, "dataset": one.hash, "rows": one.rows} for one in joined.waves]
        print_json({"study": joined.study, "dataset": joined.hash, "waves": waves})
        return
    for one in joined.waves:
        click.echo(f"Wave {one.wave}: {one.completion()}, dataset {one.hash[:12]}")
    click.echo(f"{joined.study}: {counted(len(joined.waves), 'wave')}, dataset {joined.hash[:12]}")
    click.echo(f"Next: beboerpuls measures {folder}")


def unchanged(folder: Path) -> Dataset | Study:
    """The dataset of a folder as it was sealed: no figure is made from anything else."""
    differences = [one for one in processing.check(folder) if one.file != "revoked.json"]
    if differences:
        told = "\n".join(str(one) for one in differences[:5])
        more = f"\n… and {len(differences) - 5} more" if len(differences) > 5 else ""
        raise BadUse(f"{folder} is not as it was sealed:\n{told}{more}")
    return processing.read_dataset(folder)


def _sound(folder: Path) -> str:
    manifest = processing.read_manifest(folder)
    if manifest["kind"] == "derived":
        return f"Sound: {manifest['name']} made from dataset {manifest['made_from']}."
    read = processing.read_dataset(folder)
    return f"Sound: {read.completion()}, dataset {read.hash}."


@click.command(cls=Command, epilog="beboerpuls score data/bopuls/wave-1-freeze-1")
@folder_argument
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The folder for the scores (default: FOLDER-scores, beside it).",
)
@as_json
def score(folder: Path, out: Path | None, as_json: bool) -> None:
    """Print each scale's n, missing, mean, SD, alpha and omega; write every row's scores.

    Figures are unweighted. Scores and this table go to a folder of their own that names the
    dataset they were made from.
    """
    with bad_use():
        read = unchanged(folder)
        summary = processing.summarise(read)
        written = processing.write_scores(read, summary, out)
        warning = processing.revocation_of(read)
    if warning:
        click.echo(f"Warning: {warning}", err=True)
    if as_json:
        about = {"study": read.study, **asdict(read.completion()), "revoked": read.revoked}
        print_json({**about, **_summary_content(summary), "written": str(written)})
        return
    click.echo(f"{read.study}: {read.completion()}, unweighted. Dataset {read.hash[:12]}")
    print_table(
        ("scale", "n", "missing", "mean", "SD", "alpha", "95 %", "omega", "95 %", "status"),
        [_line(scale) for scale in summary.scales],
    )
    for scale in summary.scales:
        if scale.missing:
            click.echo(f"{scale.scale}: {_without_score(scale)}")
    for sentence, names in _without_reliability(summary).items():
        click.echo(f"{', '.join(names)}: {sentence}")
    click.echo(f"Scores: {written}")


def _line(scale: ScaleSummary) -> tuple[object, ...]:
    alpha, omega = scale.alpha, scale.omega
    return (
        scale.scale,
        scale.n,
        scale.rows - scale.n,
        _rounded(scale.mean, 1),
        _rounded(scale.sd, 1),
        _rounded(alpha.raw, 3) if alpha else "",
        str(alpha.interval) if alpha else "",
        _rounded(omega.total, 3) if omega else "",
        str(omega.interval) if omega else "",
        scale.status,
    )


def _rounded(number: float, digits: int) -> str:
    return "" if math.isnan(number) else f"{number:.{digits}f}"


def _without_score(scale: ScaleSummary) -> str:
    reasons = [f"{MISSING[code].replace('_', ' ')} {n}" for code, n in scale.missing.items()]
    return f"without a score, by main reason: {', '.join(reasons)}"


def _without_reliability(summary: Summary) -> dict[str, list[str]]:
    """Why a coefficient is not there, once for all scales where it is the same."""
    found: dict[str, list[str]] = {}
    for scale in summary.scales:
        if scale.without:
            missing = "no alpha or omega" if scale.alpha is None else "no omega"
            found.setdefault(f"{missing}: {scale.without}", []).append(scale.scale)
    return found


def _summary_content(summary: Summary) -> dict[str, Any]:
    return {
        "dataset": summary.dataset,
        "weights": None,
        "scales": [
            {
                "scale": scale.scale,
                "version": scale.version,
                "status": scale.status,
                "rows": scale.rows,
                "n": scale.n,
                "missing": {MISSING[code]: n for code, n in scale.missing.items()},
                "mean": _number(scale.mean),
                "sd": _number(scale.sd),
                "alpha": _coefficient(scale.alpha, scale.alpha.raw if scale.alpha else math.nan),
                "omega": _coefficient(scale.omega, scale.omega.total if scale.omega else math.nan),
                "without": scale.without,
            }
            for scale in summary.scales
        ],
    }


def _coefficient(found: Alpha | Omega | None, value: float) -> dict[str, Any] | None:
    if found is None:
        return None
    ends = found.interval
    return {
        "value": _number(value),
        "low": _number(ends.low),
        "high": _number(ends.high),
        "level": ends.level,
        "n": found.n,
    }


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


@click.command(
    cls=Command,
    epilog="beboerpuls export data/bopuls/wave-1-freeze-1 --format sav --language da --out files",
)
@folder_argument
@click.option("--format", "format_", type=click.Choice(FORMATS), required=True)
@click.option("--language", default="da", show_default=True, help="The language of the labels.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path(),
    help="A folder, or a file's name that ends in the format (default: here).",
)
@click.option("--scores/--no-scores", default=True, help="Put scores after the answers, or not.")
@click.option(
    "--texts-apart/--texts-among",
    default=True,
    show_default=True,
    help="What people wrote goes into a file of its own with its language, as CSV, or among the codes.",
)
@as_json
def export(
    folder: Path,
    format_: str,
    language: str,
    out: Path,
    scores: bool,
    texts_apart: bool,
    as_json: bool,
) -> None:
    """Write FOLDER's answers and scores as one labelled file for another program.

    Variable labels, value labels, missing codes and levels of measurement go into .sav and .dta;
    csv and parquet get a codebook beside them, xlsx a sheet.
    """
    with bad_use():
        read = unchanged(folder)
        written = processing.export(
            read, format_, out, language=language, scores=scores, texts_apart=texts_apart
        )
    files = [str(path) for path in written.files]
    if as_json:
        content = {"dataset": read.hash, "rows": written.rows, "revoked": read.revoked}
        print_json({**content, "files": files, "notes": list(written.notes)})
        return
    for note in written.notes:
        click.echo(f"Note: {note}", err=True)
    click.echo(f"{counted(written.rows, 'response')}, dataset {read.hash[:12]}:")
    for path in files:
        click.echo(path)


@contextmanager
def bad_use() -> Iterator[None]:
    """Say failures without a traceback: exit code 1 for what a file holds, 2 for the rest."""
    try:
        yield
    except (processing.ImportRefusedError, processing.MapError) as error:
        raise click.ClickException(str(error)) from None
    except (
        processing.DatasetError,
        processing.StatisticsError,
        DefinitionError,
        UnknownInstrumentError,
    ) as error:
        raise BadUse(str(error)) from None
