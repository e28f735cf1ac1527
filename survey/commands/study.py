"""`beboerpuls study`."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import click
from sqlalchemy import select

from instruments import DefinitionError
from processing import StatisticsError
from survey import invitations as inviting
from survey import place_files, registers, studies
from survey.analysis_plans import register_plan, unchecked, unmet
from survey.commands.examples import Group
from survey.commands.installation import installation
from survey.commands.printing import as_json, counted, print_json, print_table, refusal, refuses
from survey.csv_files import CsvFileError
from survey.forms import NoFormError
from survey.invitations import Invited
from survey.models import Study
from survey.registers import Loaded
from survey.secrets import shown_code
from survey.studies import StudyError

_file = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
# What an analysis plan names of a study: kinds of plans, and areas to compare with.
_NAMED = {"areas", "plans"}
_replace = click.option("--replace", is_flag=True, help="Take out what FILE does not name.")


@click.group(cls=Group)
def study() -> None:
    """Make a study and load what it knows.

    Every CSV file is checked whole first: either all of it is taken, or nothing and you are told
    every row, column and value that is wrong. A file loaded again adds and corrects; with --replace
    what it does not name is taken out, unless answers or invitations hang on it.
    """


@study.command(
    epilog="""
beboerpuls study create bopuls --title "Bopulsen 2026" --sender "Fonden" \\
  --contact "12 34 56 78"
"""
)
@click.argument("key")
@click.option("--title", required=True, help="What the study is called.")
@click.option("--sender", required=True, help="Who asks: the name that residents meet.")
@click.option(
    "--contact", default="", help="A number or an address alone: it stands in every language."
)
@refuses(StudyError)
def create(key: str, title: str, sender: str, contact: str) -> None:
    """Make a study. KEY is 2 to 30 small letters, digits and dashes; it stands in commands and folder names."""
    with installation() as here, here.database.writing() as session:
        studies.create_study(session, key, title, sender, contact, actor=here.actor)
    click.echo(f"Made the study {key}. Next: beboerpuls study areas {key} areas.csv")


@study.command("list", epilog="beboerpuls study list")
@as_json
def list_(as_json: bool) -> None:
    """List all studies and where their waves stand."""
    with installation() as here, here.database.reading() as session:
        found = [
            (one.key, one.title, {wave.number: wave.status for wave in one.waves})
            for one in session.scalars(select(Study).order_by(Study.key))
        ]
    if as_json:
        print_json([{"study": key, "title": title, "waves": waves} for key, title, waves in found])
        return
    print_table(
        ("study", "title", "waves"),
        [
            (key, title, ", ".join(f"{number} {status}" for number, status in waves.items()))
            for key, title, waves in found
        ],
    )


def _loader(
    name: str, load: Callable[..., Loaded], about: str, columns: Sequence[str], example: str
) -> None:
    """Add a command that loads one kind of file into a study."""

    @study.command(name)
    @click.argument("study_key", metavar="STUDY")
    @_file
    @_replace
    @as_json
    @refuses(CsvFileError, StudyError)
    def command(study_key: str, file: Path, *, replace: bool, as_json: bool) -> None:
        with installation() as here, here.database.writing() as session:
            found = studies.find_study(session, study_key)
            loaded = load(session, found, file, replace=replace, actor=here.actor)
            # A misspelt kind is told while the file can be corrected, not when effects are computed.
            notes = [f"{one}" for one in unmet(session, found)] if name in _NAMED else []
        _print_loaded(loaded, as_json, notes)

    command.help = f"{about}\n\nColumns: {', '.join(columns)}."
    command.epilog = f"beboerpuls study {name} bopuls {example}"


def _print_loaded(loaded: Loaded, as_json: bool, notes: Sequence[str] = ()) -> None:
    """What came of a file; `notes` are what the analysis plan names and the study lacks now."""
    if as_json:
        print_json({**asdict(loaded), **({"notes": [*notes]} if notes else {})})
    else:
        same = loaded.rows - loaded.added - loaded.changed
        out = f", {loaded.removed} taken out" if loaded.removed else ""
        click.echo(
            f"{counted(loaded.rows, 'row')}: {loaded.added} added, {loaded.changed} changed, "
            f"{same} as before{out}."
        )
        for note in notes:
            click.echo(f"Note, the registered analysis {note}", err=True)


def _names(kind: str) -> list[str]:
    return [
        column.name if column.needed else f"[{column.name}]" for column in place_files.COLUMNS[kind]
    ]


_loader(
    "areas",
    registers.load_areas,
    "Load areas; an area's key is text, and its zeros are kept.",
    _names("areas"),
    "areas.csv",
)
_loader(
    "successions",
    registers.load_successions,
    "Load which afdeling became which, by merger or split.",
    _names("successions"),
    "successions.csv",
)
_loader(
    "groups",
    registers.load_groups,
    "Load groups of areas (boligområder, plan areas), a row an area and period.",
    _names("groups"),
    "groups.csv",
)
_loader(
    "statuses",
    registers.load_statuses,
    "Load what the state called an area, and from when.",
    _names("statuses"),
    "statuses.csv",
)
_loader(
    "plans",
    registers.load_plans,
    "Load what is being evaluated: helhedsplaner, huslejestøtte, anvisning.",
    _names("plans"),
    "plans.csv",
)
_loader(
    "area-plans",
    registers.load_area_plans,
    "Load which plan covers which area, and from when.",
    _names("area-plans"),
    "area-plans.csv",
)


@study.command(epilog="beboerpuls study margins bopuls 1 margins.csv")
@click.argument("study_key", metavar="STUDY")
@click.argument("wave", type=int)
@_file
@_replace
@as_json
@refuses(CsvFileError, StudyError, NoFormError, DefinitionError)
def margins(study_key: str, wave: int, file: Path, *, replace: bool, as_json: bool) -> None:
    """Load the register counts that a wave is weighted to.

    Columns: [area], [area_group], variable, category, count, [ordered]; a row fills one of the
    first two. A variable is a column of the dataset, as background_gender; a category one of its
    codes. With yes in ordered, thin categories are joined to their neighbours, as bands of age.
    """
    with installation() as here, here.database.writing() as session:
        found = studies.find_wave(session, study_key, wave)
        form = here.form_of(session, found) if found.status in {"open", "closed"} else None
        loaded = registers.load_margins(
            session, found, file, form=form, replace=replace, actor=here.actor
        )
    _print_loaded(loaded, as_json)


@study.command(epilog="beboerpuls study invitations bopuls 1 invitations.csv --codes codes.csv")
@click.argument("study_key", metavar="STUDY")
@click.argument("wave", type=int)
@_file
@click.option(
    "--codes",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The file to make, with reference, area and code.",
)
@click.option("--address", default="", help="Where residents answer, for a column with links.")
@as_json
@refuses(CsvFileError, StudyError)
def invitations(
    study_key: str, wave: int, file: Path, codes: Path, address: str, as_json: bool
) -> None:
    """Invite people to a wave, and write their codes once to a new file that only you can read.

    The database keeps no code in clear. Contact data are kept apart, sealed; `person` is your own
    key of a person and becomes a pseudonym, base_weight is how many each one stands for.

    A row with `person` invites that person; one without invites a dwelling, in which the adult who
    has the next birthday answers. Languages are codes with a blank between them, as `ar so`.

    Columns: reference, area, [stratum], [base_weight], [person], [name], [address], [postcode],
    [city], [email], [phone], [languages].
    """
    with installation() as here, ExitStack() as undo:
        with here.database.writing() as session:
            found = studies.find_wave(session, study_key, wave)
            invited = inviting.invite(session, here.settings.keys, found, file, actor=here.actor)
            # On disk before the database says that they were invited: no code can be lost.
            _write_codes(codes, invited, address.rstrip("/"))
            undo.callback(codes.unlink)
        undo.pop_all()
    if as_json:
        print_json({"invited": len(invited), "codes": str(codes)})
    else:
        click.echo(f"{counted(len(invited), 'person', 'people')} invited; codes in {codes}.")


def _write_codes(path: Path, invited: Sequence[Invited], address: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise refusal(
            f"{path}: {error.strerror}. Nobody was invited; name a file that is not there yet."
        ) from None
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["reference", "area", "code", *(["link"] if address else [])])
        for one in invited:
            link = [f"{address}/c/{one.code}"] if address else []
            lines.writerow([one.reference, one.area, shown_code(one.code), *link])
        file.flush()
        os.fsync(file.fileno())


@study.command("analysis-plan", epilog="beboerpuls study analysis-plan bopuls plan.yaml")
@click.argument("study_key", metavar="STUDY")
@_file
@as_json
@refuses(StatisticsError, StudyError, NoFormError, DefinitionError)
def analysis_plan(study_key: str, file: Path, as_json: bool) -> None:
    """Register what will be looked at, before anybody can look.

    The plan's hash goes into the audit's chain with the time, and every wave frozen from then on
    names it. What it names is reported as confirmatory where it was there before data of any area
    whose plan had begun were frozen; a baseline may be known. Its text is kept with it. A scale that
    no wave asks, a kind of plan or an area that the study does not have is refused.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise refusal(f"{file} cannot be read: {error.strerror}.") from None
    with installation() as here, here.database.writing() as session:
        found = studies.find_study(session, study_key)
        forms = [here.form_of(session, wave) for wave in found.waves if wave.status != "planned"]
        plan = register_plan(session, found, content, forms=forms, actor=here.actor)
        frozen = [wave.number for wave in found.waves if wave.status == "frozen"]
        notes = [*unchecked(session, found, plan).values()]
    if as_json:
        told = {"study": study_key, "sha256": plan.hash, "waves_frozen_before": frozen}
        print_json({**told, **({"notes": notes} if notes else {})})
        return
    click.echo(f"Registered plan {plan.hash}")
    click.echo(f"Primary: {', '.join(plan.primary)}")
    for note in notes:
        click.echo(f"Note: {note}.", err=True)
    if frozen:
        waves = ", ".join(map(str, frozen))
        click.echo(
            f"Frozen before it: wave {waves}. Where areas had begun their plans by then, all stays "
            "exploratory."
        )
