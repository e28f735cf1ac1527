"""`beboerpuls init`."""

from __future__ import annotations

import os
import shlex
from contextlib import ExitStack, suppress
from pathlib import Path

import click
from sqlalchemy.exc import DatabaseError

from survey.commands.examples import Command
from survey.commands.installation import shown, unreachable
from survey.commands.printing import refusal, refuses
from survey.database import Database
from survey.schema import DanglingRowsError, upgrade
from survey.secrets import KeyFileError, make_key_file, read_key_file
from survey.settings import DATA_FOLDER, DATABASE, KEY_FILE, SettingsError, read_settings


@click.command(
    epilog="beboerpuls init /srv/beboerpuls --database postgresql+psycopg://puls@localhost/puls",
    cls=Command,
)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default="beboerpuls")
@click.option("--database", help="Where answers are kept (default: an SQLite file in the folder).")
@refuses(KeyFileError, SettingsError, DanglingRowsError)
def init(folder: Path, database: str | None) -> None:
    """Make the keys and tables of an installation in FOLDER, and say what to export.

    Run again after an update: keys are kept, tables are brought up to date. What the environment
    already names is used where it lies. Keep a copy of the key file elsewhere: without it nobody
    can read the answers.
    """
    folder = folder.resolve()
    keys = Path(os.environ.get(KEY_FILE) or folder / "keys.json")
    data = Path(os.environ.get(DATA_FOLDER) or folder / "datasets")
    url = database or os.environ.get(DATABASE) or f"sqlite:///{folder / 'answers.db'}"
    exports = {DATABASE: url, KEY_FILE: str(keys), DATA_FOLDER: str(data)}
    with ExitStack() as undo:
        for place in (folder, data, keys.parent):
            _make_folder(place, undo)
        known = keys.exists()
        if known:
            read_key_file(keys)
        else:
            _make_keys(keys, undo)
        if not (folder / "answers.db").exists():
            undo.callback((folder / "answers.db").unlink, missing_ok=True)
        # An address that is wrong shows here, and then nothing is left of what was made above.
        read_settings(exports)
        _migrate(url)
        undo.pop_all()
    if known:
        click.echo(f"Kept the key file {keys}")
    else:
        click.echo(f"Made the key file {keys}; only you can read it. Keep a copy elsewhere.")
    click.echo(f"The database {shown(url)} is ready.\n\nPut these where the server starts:")
    for name, value in exports.items():
        click.echo(f"export {name}={shlex.quote(value)}")


def _make_folder(folder: Path, undo: ExitStack) -> None:
    for path in reversed([folder, *folder.parents]):
        if path.exists():
            continue
        try:
            path.mkdir(mode=0o700)
        except OSError as error:
            raise refusal(f"{error.filename}: {error.strerror}.") from None
        undo.callback(_remove_if_empty, path)


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _make_keys(path: Path, undo: ExitStack) -> None:
    try:
        make_key_file(path)
    except OSError as error:
        raise refusal(f"{error.filename}: {error.strerror}.") from None
    undo.callback(path.unlink, missing_ok=True)


def _migrate(url: str) -> None:
    engine = Database(url).engine
    try:
        upgrade(engine)
    except DatabaseError as error:
        raise unreachable(url, error) from None
    finally:
        engine.dispose()
