"""`beboerpuls audit`."""

from __future__ import annotations

import click

from survey.audit import broken_at, knows, last_entry
from survey.commands.examples import Group
from survey.commands.installation import installation
from survey.commands.printing import as_json, print_json


@click.group(cls=Group)
def audit() -> None:
    """Check who did what."""


@audit.command("check", epilog="beboerpuls audit check")
@click.option(
    "--known",
    metavar="HASH",
    help="The last hash that an earlier check printed: tells whether later entries were cut off.",
)
@as_json
def check_(known: str | None, as_json: bool) -> None:
    """Tell whether the log of what staff did is as it was written.

    Every entry's hash covers the one before, under a secret of the key file. Keep the last hash
    elsewhere and give it next time: entries cut off at the end are found by it alone. Exit code 1
    where anything is wrong.
    """
    with installation() as here, here.database.reading() as session:
        broken = broken_at(session)
        cut_off = known is not None and not knows(session, known)
        last = last_entry(session)
        entries, newest = (last.number, last.hash) if last else (0, "")
    if as_json:
        sound = broken is None and not cut_off
        print_json(
            {
                "sound": sound,
                "entries": entries,
                "broken_at": broken,
                "cut_off": cut_off,
                "last": newest,
            }
        )
    elif broken is not None:
        click.echo(
            f"Entry {broken} is not as it was written: it, or one before it, was changed, added or "
            "taken out. Compare the log with a backup."
        )
    elif cut_off:
        click.echo(
            f"No entry has the hash {known}: it is mistyped, or entries were cut off at the end. "
            "Compare the log with a backup."
        )
    else:
        click.echo(f"Whole: {entries} entries. The last hash, to be kept elsewhere:\n{newest}")
    if broken is not None or cut_off:
        raise SystemExit(1)
