"""`beboerpuls response`."""

from __future__ import annotations

import click

from instruments import DefinitionError
from processing import DatasetError
from survey.commands.examples import Group
from survey.commands.installation import installation
from survey.commands.printing import as_json, print_json, refuses
from survey.forms import NoFormError
from survey.freezing import NotFreezableError
from survey.models import Wave
from survey.withdrawal import UnknownReceiptError, find_answers, wave_of, withdraw


@click.group(cls=Group)
def response() -> None:
    """Take somebody's answers back."""


@response.command("withdraw", epilog='beboerpuls response withdraw "ABCD EFGH JKMN"')
@click.argument("receipt")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@refuses(NoFormError, DefinitionError, NotFreezableError, DatasetError)
def withdraw_(receipt: str, yes: bool, as_json: bool) -> None:
    """Erase the answers that belong to a RECEIPT, to a letter's code or to a sheet's number.

    Who did not finish has no receipt; their code does as well. Who answered on paper has the
    number that stands on the sheet, also where it is keyed or scanned and not settled yet.

    Where their wave was frozen, a dataset without them is written, and the one before is revoked.
    """
    with installation() as here:
        keys = here.settings.keys
        try:
            with here.database.reading() as session:
                find_answers(session, keys, receipt)
            if not yes:
                click.confirm("Erase these answers for good?", abort=True)
            with here.database.writing() as session:
                found = find_answers(session, keys, receipt)
                form = here.form_of(session, session.get_one(Wave, wave_of(found)))
                done = withdraw(session, keys, form, found, here.settings.data, actor=here.actor)
        except UnknownReceiptError:
            raise click.ClickException(
                f"No answers belong to {receipt!r}: it is mistyped, or they were "
                "erased before. Compare it with the page or letter it stands on."
            ) from None
    superseding = done.superseding.dataset if done.superseding else None
    if as_json:
        folder = str(superseding.folder) if superseding else None
        print_json({"erased": 1, "number": done.number, "superseding_dataset": folder})
        return
    click.echo(f"The answers are erased. The erasure's number is {done.number}.")
    if superseding:
        click.echo(f"The dataset before is revoked; this one holds now: {superseding.folder}")
