"""`beboerpuls import`: answers of another system, with what is known of their places."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

import processing
from instruments import LIBRARY
from survey.commands.datasets import bad_use
from survey.commands.examples import Command
from survey.commands.printing import as_json, print_json
from survey.place_files import COLUMNS

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_PLACES = {
    "areas": "Areas with names and dwellings. Default: the areas that answers name.",
    "groups": "Which areas make up a boligområde.",
    "plans": "What is evaluated.",
    "area-plans": "Which plan covers which area, and from when.",
    "successions": "Which area became which.",
    "statuses": "What the state called an area.",
    "margins": "The wave's register counts, to weight to.",
    "invited": "How many were invited in each area, for the response rate.",
}


def _places(command: Any) -> Any:
    """An option for each kind of file of places."""
    for kind, about in reversed(_PLACES.items()):
        columns = ", ".join(one.name if one.needed else f"[{one.name}]" for one in COLUMNS[kind])
        command = click.option(f"--{kind}", type=_FILE, help=f"{about} CSV: {columns}.")(command)
    return command


@click.command(
    "import",
    cls=Command,
    epilog="beboerpuls import 2019.csv --instrument tryghed --map 2019.yaml --out data/older/wave-1",
)
@click.argument("file", type=_FILE)
@click.option(
    "--instrument",
    "instruments",
    multiple=True,
    required=True,
    help="A questionnaire's name, name/version or folder; several are one form.",
)
@click.option(
    "--map",
    "map_file",
    type=_FILE,
    required=True,
    help="Which column holds which item, and which value means what (YAML).",
)
@_places
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The new dataset.")
@click.option(
    "--library",
    "root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=LIBRARY,
    help="A folder of questionnaires (default: those that come along).",
)
@as_json
def import_(
    file: Path,
    instruments: tuple[str, ...],
    map_file: Path,
    out: Path,
    root: Path,
    as_json: bool,
    **places: Path | None,
) -> None:
    """Turn FILE, a .csv or .sav of another system, into a wave's dataset, or refuse it whole.

    Files of places are those that `beboerpuls study` loads. What does not fit is told with file, row,
    column, rule and value, of all files at once; nothing is written then and the exit code is 1.
    Several waves, each imported into a folder of one and the same place, become a study by
    `beboerpuls dataset join`.
    """
    files = {name.replace("_", "-"): path for name, path in places.items() if path}
    with bad_use():
        done = _imported(file, instruments, map_file, out, root, files)
    if as_json:
        content = {"dataset": done.dataset.hash, "folder": str(out), "rows": done.dataset.rows}
        print_json({**content, "left_out": list(done.left_out)})
        return
    click.echo(f"{done.dataset.completion()}, dataset {done.dataset.hash[:12]}: {out}")
    if done.left_out:
        click.echo(f"Columns not imported: {', '.join(done.left_out)}")
    click.echo(f"With other waves of the study beside it: beboerpuls dataset join {out.parent}")


def _imported(
    file: Path,
    instruments: tuple[str, ...],
    map_file: Path,
    out: Path,
    root: Path,
    files: dict[str, Path],
) -> processing.Imported:
    """Read all files before any of them is refused: who corrects one wants to know of the others."""
    from survey.imported_places import tables_of  # noqa: PLC0415 - help must not wait for pandas

    read, refused = None, list[str]()
    try:
        read = processing.read_answers(file, instruments, map_file, root=root)
    except (processing.MapError, processing.ImportRefusedError) as error:
        refused.append(str(error))
    places = tables_of(files, read)
    if places.problems:
        files_of_places = "The files of places do not fit, and nothing was written. Correct them:"
        refused.append("\n  ".join([files_of_places, *places.problems]))
    if read is not None and refused:
        read.hold(places.tables)
        if read.refusals.found:
            refused.insert(0, str(read.refusals.error(read.file)))
    if read is None or refused:
        raise click.ClickException("\n".join(refused))
    return read.write(out, places.tables)
