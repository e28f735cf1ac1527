"""`beboerpuls scans`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from survey.commands.examples import Group
from survey.commands.installation import Installation, installation
from survey.commands.printing import as_json, counted, print_json, print_table, refusal, refuses
from survey.forms import Forms
from survey.languages import Languages
from survey.models import Scan, ScanPage
from survey.scanning.deciding import open_sheets
from survey.scanning.deletion import delete_due, keep_until
from survey.scanning.files import ScanError, Upload, pile, read_scan, receive
from survey.scanning.libraries import MissingLibrariesError, needs_libraries
from survey.studies import StudyError, find_study


@click.group(cls=Group)
def scans() -> None:
    """Read scanned sheets, see what became of each page, and delete pictures on their day."""


@scans.command(epilog="beboerpuls scans keep bopuls --until 2027-06-30")
@click.argument("study")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Gone that day.")
@click.option("--yes", is_flag=True, help="Do not ask, where the day has come already.")
@refuses(StudyError)
def keep(study: str, until: dt.datetime, yes: bool) -> None:
    """Say from which day a study's scanned pictures are gone. Nothing is scanned before that."""
    with installation() as here, here.database.writing() as session:
        find_study(session, study)
        if until.date() <= dt.datetime.now(dt.UTC).date() and not yes:
            click.confirm(
                f"{until:%Y-%m-%d} has come: all pictures of {study} are deleted at once, and "
                "nothing more is scanned. Delete them?",
                abort=True,
            )
        keep_until(session, find_study(session, study), until.date(), actor=here.actor)
    if until.date() <= dt.datetime.now(dt.UTC).date():
        click.echo(
            f"The day of the pictures of {study}, {until:%Y-%m-%d}, has come: they are shown to nobody "
            "any more. A running server deletes them within the hour; beboerpuls scans delete does now."
        )
    else:
        click.echo(f"Pictures of {study} are kept until {until:%Y-%m-%d}, and are gone that day.")


@scans.command(epilog="beboerpuls scans read bopuls scans/*.pdf photos/*.jpg")
@click.argument("study")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@as_json
@refuses(StudyError, MissingLibrariesError)
def read(study: str, files: tuple[Path, ...], as_json: bool) -> None:
    """Read scanned sheets: PDF, TIFF, JPEG or PNG, many pages a file, in any order and rotation.

    What is sure becomes the scanner's keying; what is not waits for a person at the desk.
    """
    needs_libraries()
    with installation() as here:
        uploads, refused = pile(_opened(file) for file in files)
        told = [_told(failure) for failure in refused]
        told += [_read_one(here, study, upload) for upload in uploads]
        with here.database.reading() as session:
            waiting = open_sheets(session, {find_study(session, study).id})
    if as_json:
        print_json({"files": told, "waiting": [vars(one) for one in waiting]})
        return
    for one in told:
        click.echo(one["problem"] or f"{one['file']}: file {one['number']}")
        if one["pages"]:
            print_table(
                ["Page", "Became", "Sheet", "Its page", "To decide"],
                [[*page.values()] for page in one["pages"]],
            )
    for sheet in waiting:
        lacks = "" if sheet.whole else f"{sheet.pages} of {counted(sheet.of, 'page')} came. "
        asks = f"{counted(sheet.unsure, 'field')} to decide." if sheet.unsure else ""
        click.echo(f"Sheet {sheet.serial}: {lacks}{asks}".rstrip())


@scans.command("list", epilog="beboerpuls scans list bopuls")
@click.argument("study")
@as_json
@refuses(StudyError)
def list_(study: str, as_json: bool) -> None:
    """Show the files that came, and what became of their pages."""
    with installation() as here, here.database.reading() as session:
        found = find_study(session, study)
        rows = session.scalars(select(Scan).where(Scan.study_id == found.id).order_by(Scan.id))
        told: list[dict[str, Any]] = [
            {"file": scan.id, "by": scan.actor, "at": f"{scan.at:%Y-%m-%d %H:%M}"}
            | {"state": scan.state, "problem": scan.problem}
            | {"pages": [_page(page) for page in scan.pages]}
            for scan in rows
        ]
    if as_json:
        print_json(told)
    else:
        print_table(
            ["File", "By", "At", "State", "Problem", "Pages"],
            [[*list(one.values())[:-1], len(one["pages"])] for one in told],
        )


@scans.command(epilog="beboerpuls scans delete")
@as_json
def delete(as_json: bool) -> None:
    """Delete the pictures whose day has come, of every study. A worker does it by itself."""
    with installation() as here, here.database.writing() as session:
        deleted = delete_due(session, dt.datetime.now(dt.UTC).date())
    if as_json:
        print_json([vars(one) | {"day": one.day.isoformat()} for one in deleted])
    elif not deleted:
        click.echo("No study's day has come, or its pictures are gone already.")
    for one in () if as_json else deleted:
        click.echo(f"{one.study}: {counted(one.pages, 'page')} deleted, as said for {one.day}.")


def _opened(file: Path) -> Upload:
    try:
        return Upload(file.name, file.read_bytes())
    except OSError as failure:
        raise refusal(f"{file} could not be read: {failure.strerror}.") from None


def _read_one(here: Installation, study: str, upload: Upload) -> dict[str, Any]:
    try:
        with here.database.writing() as session:
            found = find_study(session, study)
            now = dt.datetime.now(dt.UTC)
            scan = receive(session, here.settings.keys, found, upload, actor=here.actor, now=now)
    except ScanError as failure:
        return _told(failure)
    scan = read_scan(here.database, here.settings.keys, Forms(here.settings.library), scan.id)
    with here.database.reading() as session:
        pages = session.scalars(
            select(ScanPage).where(ScanPage.scan_id == scan.id).order_by(ScanPage.number)
        )
        told = [_page(page) for page in pages]
    problem = _said(f"scans.file.{scan.problem}") if scan.problem else ""
    return {"file": upload.name, "number": scan.id, "problem": problem, "pages": told}


def _told(failure: ScanError) -> dict[str, Any]:
    values = {
        name: f"{value:%Y-%m-%d}" if isinstance(value, dt.date) else value
        for name, value in failure.values.items()
    }
    if failure.key == "file":
        values["problem"] = _said(f"scans.file.{values['problem']}")
    problem = _said(f"scans.error.{failure.key}", **values)
    return {"file": values.get("name", ""), "number": None, "problem": problem, "pages": []}


def _said(key: str, **values: object) -> str:
    return Languages().words("en").plain(key, **values)


def _page(page: ScanPage) -> dict[str, Any]:
    return {
        "page": page.number,
        "became": page.outcome,
        "sheet": page.serial,
        "its_page": page.page,
        "to_decide": page.unsure,
    }
