"""`beboerpuls wave`."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict

import click
from sqlalchemy.orm import Session

from instruments import DefinitionError, Form, UnknownInstrumentError, make_form
from processing import DatasetError
from survey import studies
from survey.commands.examples import Group
from survey.commands.installation import Installation, installation, today
from survey.commands.instruments import named
from survey.commands.printing import as_json, counted, print_json, refusal, refuses
from survey.forms import NoFormError
from survey.freezing import NotFreezableError, freeze
from survey.models import Wave
from survey.retention import delete_key
from survey.studies import LEGAL_BASES, StudyError, UnreviewedLanguagesError

_study = click.argument("study")
_number = click.argument("number", type=int)


def _day(_context: click.Context, _parameter: click.Parameter, value: str | None) -> dt.date | None:
    if value is None:
        return None
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} must be a day as 2026-12-01.") from None


_closes = click.option(
    "--closes",
    metavar="DAY",
    callback=_day,
    help="The last day of asking, as residents are told; `wave close` ends it, not the clock.",
)


@click.group(cls=Group)
def wave() -> None:
    """Plan, open, close and freeze a round of asking."""


@wave.command(epilog="beboerpuls wave plan bopuls --legal-basis consent --closes 2026-12-18")
@_study
@click.option(
    "--legal-basis",
    type=click.Choice(LEGAL_BASES),
    default="consent",
    show_default=True,
    help="Under consent, answers can be taken back; research rests on databeskyttelsesloven §10.",
)
@click.option("--opens", metavar="DAY", callback=_day, help="The first day, as residents are told.")
@_closes
@click.option(
    "--number",
    type=click.IntRange(1, 999),
    help="The wave's number, where earlier ones were imported; by default the next.",
)
@as_json
@refuses(StudyError)
def plan(
    study: str,
    legal_basis: str,
    opens: dt.date | None,
    closes: dt.date | None,
    number: int | None,
    as_json: bool,
) -> None:
    """Add a study's next wave, so that people can be invited to it."""
    with installation() as here, here.database.writing() as session:
        planned = studies.plan_wave(
            session,
            studies.find_study(session, study),
            legal_basis=legal_basis,
            opens=opens,
            closes=closes,
            today=today(),
            number=number,
            actor=here.actor,
        )
        number = planned.number
    if as_json:
        print_json({"study": study, "wave": number})
    else:
        click.echo(
            f"Planned wave {number}. "
            f"Next: beboerpuls study invitations {study} {number} FILE --codes FILE"
        )


@wave.command(
    "open",
    epilog="""
beboerpuls wave open bopuls 1 --instrument tryghed --instrument trivsel \\
  --instrument beboerdemokrati --instrument background \\
  --language da --language en --accept-unreviewed en
""",
)
@_study
@_number
@click.option(
    "--instrument",
    "names",
    metavar="NAME[/VERSION]",
    multiple=True,
    required=True,
    help="What is asked, in this order; without a version, the newest published.",
)
@click.option(
    "--language",
    "languages",
    multiple=True,
    default=("da",),
    show_default=True,
    help="A language to offer; as often as needed.",
)
@click.option("--open-link", is_flag=True, help="Let people answer without a code too, flagged.")
@_closes
@click.option(
    "--accept-unreviewed",
    "accepted",
    metavar="LANGUAGE",
    multiple=True,
    help="Ask in this language although nobody has reviewed it; who accepts is noted.",
)
@refuses(StudyError, DefinitionError, UnknownInstrumentError)
def open_(
    study: str,
    number: int,
    names: tuple[str, ...],
    languages: tuple[str, ...],
    open_link: bool,
    closes: dt.date | None,
    accepted: tuple[str, ...],
) -> None:
    """Pin the form of wave NUMBER and begin asking.

    From then on the form stands still: each instrument by its version, each text by its hash.
    """
    asked = [known if version is None else (known, version) for known, version in map(named, names)]
    with installation() as here:
        form = make_form(asked, languages, here.settings.library)

        def open_accepting(unreviewed: tuple[str, ...]) -> None:
            with here.database.writing() as session:
                found = studies.find_wave(session, study, number)
                if closes is not None:
                    found.closes = closes
                studies.open_wave(
                    session,
                    found,
                    form,
                    today=today(),
                    open_link=open_link,
                    accept_unreviewed=unreviewed,
                    actor=here.actor,
                )

        try:
            open_accepting(accepted)
        except UnreviewedLanguagesError as error:
            _ask_to_accept(error)
            open_accepting((*accepted, *error.languages))
        with here.database.reading() as session:
            wave_id = studies.find_wave(session, study, number).id
    click.echo(f"Wave {number} of {study} is open, in {', '.join(languages)}.")
    if open_link:
        click.echo(
            f"Without a code: /open/{wave_id} below your address; the front page links to it."
        )


@wave.command(epilog="beboerpuls wave close bopuls 1")
@_study
@_number
@click.option("--yes", is_flag=True, help="Do not ask.")
@refuses(StudyError)
def close(study: str, number: int, yes: bool) -> None:
    """Take no more answers from residents. A closed wave does not open again.

    Sheets that came in time can still be keyed.
    """
    with installation() as here:
        with here.database.reading() as session:
            studies.find_wave(session, study, number)
        if not yes:
            _ask_for_good(f"Close wave {number} of {study} for good?", "Not closed.")
        with here.database.writing() as session:
            found = studies.find_wave(session, study, number)
            studies.close_wave(session, found, today=today(), actor=here.actor)
    click.echo(f"Wave {number} of {study} is closed. Next: beboerpuls wave freeze {study} {number}")


@wave.command("freeze", epilog="beboerpuls wave freeze bopuls 1")
@_study
@_number
@as_json
@refuses(StudyError, NotFreezableError, NoFormError, DefinitionError, DatasetError)
def freeze_(study: str, number: int, as_json: bool) -> None:
    """Write a closed wave's dataset, which never changes."""
    with installation() as here, here.database.writing() as session:
        found = studies.find_wave(session, study, number)
        form = _pinned(here, session, found)
        frozen = freeze(
            session, here.settings.keys, form, found, here.settings.data, actor=here.actor
        )
    dataset = frozen.dataset
    if as_json:
        print_json(
            {
                "study": study,
                "wave": number,
                "freeze": frozen.number,
                **asdict(dataset.completion()),
                "hash": dataset.hash,
                "folder": str(dataset.folder),
            }
        )
    else:
        click.echo(f"{dataset.completion()} in {dataset.folder}\nHash: {dataset.hash}")


@wave.command("delete-key", epilog="beboerpuls wave delete-key bopuls 1")
@_study
@_number
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@refuses(StudyError)
def delete_key_(study: str, number: int, yes: bool, as_json: bool) -> None:
    """Delete the key of a frozen wave: the link between code and person.

    Names, addresses, codes and references go; nobody can tell any more whose answers are whose.
    Under consent, whoever holds a receipt or the number of a sheet can still have their answers
    erased. Under research they lead nowhere, and what was keyed from sheets is erased too.

    Delete with it what lies elsewhere: the codes file, the letters that were made, the list of who
    was invited, the paper, and backups from before.
    """
    with installation() as here:
        with here.database.reading() as session:
            studies.find_wave(session, study, number)
        if not yes:
            _ask_for_good(
                f"Delete the key of wave {number} of {study} for good?", "Nothing was deleted."
            )
        with here.database.writing() as session:
            found = studies.find_wave(session, study, number)
            form = here.form_of(session, found)
            done = delete_key(session, here.settings.keys, form, found, actor=here.actor)
    if as_json:
        print_json({"study": study, "wave": number, **asdict(done)})
        return
    click.echo(
        f"The key is deleted: {counted(done.invitations, 'invitation')} name nobody any more, "
        f"{counted(done.contacts, 'contact')} erased, {counted(done.receipts, 'receipt')} forgotten."
    )
    click.echo("Delete what lies elsewhere too: the codes file, letters, lists, backups.")


def _pinned(here: Installation, session: Session, found: Wave) -> Form:
    if found.status == "planned":
        raise StudyError(
            f"Wave {found.number} is planned; it has asked nobody yet. "
            f"Open it with: beboerpuls wave open {found.study.key} {found.number} --instrument NAME"
        )
    return here.form_of(session, found)


def _ask_for_good(question: str, otherwise: str) -> None:
    try:
        agreed = click.confirm(question)
    except click.Abort:
        click.echo(err=True)  # the question's line has no end
        agreed = False
    if not agreed:
        raise refusal(f"{otherwise} Where nobody can be asked, say --yes.")


def _ask_to_accept(error: UnreviewedLanguagesError) -> None:
    languages = ", ".join(error.languages)
    try:
        agreed = click.confirm(
            f"Nobody has reviewed the texts in: {languages}. Ask in them all the same?"
        )
    except click.Abort:
        click.echo(err=True)  # the question's line has no end
        agreed = False
    if not agreed:
        options = " ".join(f"--accept-unreviewed {language}" for language in error.languages)
        raise refusal(
            f"Not opened. Leave out {languages}, or accept what nobody has reviewed: {options}"
        )
