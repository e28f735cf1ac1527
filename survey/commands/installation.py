"""What the commands work on: the settings of the environment, checked, and their database."""

from __future__ import annotations

import datetime as dt
import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import Session

from instruments import Form
from survey.commands.printing import refusal
from survey.database import Database
from survey.forms import Forms
from survey.key_binding import bind_keys
from survey.models import Wave
from survey.schema import is_current
from survey.secrets import KeyFileError
from survey.settings import Settings, SettingsError, read_settings


def operator() -> str:
    """Who runs a command, as it is noted; the machine's account, since no other is known."""
    try:
        return f"operator {getpass.getuser()}"
    except (KeyError, OSError):
        return "operator"  # a container's user may have no name


@dataclass
class Installation:
    """Settings and database of one installation, for the length of a command."""

    settings: Settings
    database: Database
    actor: str = field(default_factory=operator)

    def form_of(self, session: Session, wave: Wave) -> Form:
        """The form that a wave has pinned. Raises NoFormError, PinMismatchError."""
        return Forms(self.settings.library).of(session, wave.id)


@contextmanager
def installation() -> Iterator[Installation]:
    """Open the installation that the environment names; refuse where it cannot be used."""
    settings = checked_settings()
    database = Database(settings.database, settings.keys.purposes["audit"])
    try:
        if not (_is_there(settings.database) and is_current(database.engine)):
            raise refusal(
                f"The database {shown(settings.database)} has not the tables that this version "
                "needs. Make or renew them with: beboerpuls init"
            )
        try:
            bind_keys(database, settings.keys)
        except KeyFileError as error:
            raise refusal(str(error)) from None
        yield Installation(settings, database)
    except DatabaseError as error:
        raise unreachable(settings.database, error) from None
    finally:
        database.engine.dispose()


def _is_there(url: str) -> bool:
    # To look into an SQLite file that is not there would make one.
    parsed = make_url(url)
    return parsed.get_backend_name() != "sqlite" or Path(parsed.database or "").is_file()


def checked_settings() -> Settings:
    """The environment's settings, or a refusal with every problem."""
    try:
        return read_settings()
    except SettingsError as error:
        raise refusal(*str(error).splitlines()) from None


def unreachable(url: str, error: DatabaseError) -> Exception:
    """The refusal where a database cannot be used; a fault of our own stays what it is."""
    # Below these two stand broken constraints and SQL that is wrong. A file that is no database
    # is told by the first itself, a server that is away or a full disk by the second.
    if type(error) not in {DatabaseError, OperationalError}:
        return error
    said = str(error.orig).strip().splitlines()[0]
    return refusal(f"The database {shown(url)} cannot be used: {said}")


def shown(url: str) -> str:
    """A database's address without its password."""
    return make_url(url).render_as_string(hide_password=True)


def today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()
