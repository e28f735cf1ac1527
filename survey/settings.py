"""What the environment says, checked once at the start, every problem told at once."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from instruments import LIBRARY
from survey.mail_settings import MAIL_KNOWN, Mail, read_mail
from survey.secrets import KeyFileError, Keys, read_key_file

DATABASE = "BEBOERPULS_DATABASE"
KEY_FILE = "BEBOERPULS_KEYS"
DATA_FOLDER = "BEBOERPULS_DATA"
LIBRARY_FOLDER = "BEBOERPULS_LIBRARY"
PROXIES = "BEBOERPULS_PROXIES"
HTTPS = "BEBOERPULS_HTTPS"
IDLE = "BEBOERPULS_IDLE"

KNOWN = {
    DATABASE: "where answers are kept: sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME",
    KEY_FILE: "the key file made by `beboerpuls init`; only its owner may read it",
    DATA_FOLDER: "the folder that frozen datasets are written to",
    LIBRARY_FOLDER: "a folder of questionnaires of your own (default: those that come along)",
    PROXIES: "how many reverse proxies stand in front and tell who asks (default 0)",
    HTTPS: "yes (default) or no: whether cookies are kept to https; no is for trying out",
    IDLE: "minutes without a touch until a resident's page, or a keyer's without a network, is closed (default 20)",
}


# Where residents reach the site, as letters say it; and the mail server.
ADDRESS = "BEBOERPULS_ADDRESS"

KNOWN |= {
    ADDRESS: "where residents reach the site, as letters and e-mails say it: https://svar.example.dk",
} | MAIL_KNOWN


# The accessibility statement that the law asks for: what only the operator knows of it.
STATEMENT_DAY = "BEBOERPULS_STATEMENT_DAY"
STATEMENT_BY = "BEBOERPULS_STATEMENT_BY"
STATEMENT_CONTACT = "BEBOERPULS_STATEMENT_CONTACT"
STATEMENT_URL = "BEBOERPULS_STATEMENT_URL"

KNOWN |= {
    STATEMENT_DAY: "the day the pages were last assessed for accessibility, as 2026-11-20",
    STATEMENT_BY: "who assessed them, where it was not the sender",
    STATEMENT_CONTACT: "where faults of the pages are told, by telephone and in writing",
    STATEMENT_URL: "the official statement: https://was.digst.dk/…",
}


class SettingsError(Exception):
    """The environment is not as it must be; carries every problem, a line each."""


@dataclass(frozen=True)
class Statement:
    """What the accessibility statement says of this installation; nothing where nobody has said it."""

    day: dt.date | None = None
    by: str = ""
    contact: str = ""
    official: str = ""


@dataclass(frozen=True)
class Settings:
    database: str
    keys: Keys
    data: Path
    library: Path = LIBRARY
    proxies: int = 0
    https: bool = True
    idle_minutes: int = 20
    demo: bool = False
    statement: Statement = Statement()
    address: str = ""  # without a slash at the end
    mail: Mail | None = None

    def doubts(self) -> tuple[str, ...]:
        """What may be meant so, and seldom is."""
        if not self.https or self.proxies:
            return ()
        alone = (
            f"{PROXIES} is 0 and {HTTPS} is yes: whoever speaks https in front then counts as the "
            "only visitor, and one who guesses codes slows all. "
            f"Set {PROXIES}=1 where one proxy stands in front."
        )
        return (alone,)


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read and check all settings. Raises SettingsError with every problem found."""
    problems = [
        f"{name} is not a setting. Settings are: {', '.join(KNOWN)}."
        for name in environ
        if name.startswith("BEBOERPULS_") and name not in KNOWN
    ]
    problems += [
        f"{name} is not set. It says {KNOWN[name]}."
        for name in (DATABASE, KEY_FILE, DATA_FOLDER)
        if not environ.get(name)
    ]
    if environ.get(DATABASE):
        problems += _database_problems(environ[DATABASE])
    library = environ.get(LIBRARY_FOLDER)
    if library and not Path(library).is_dir():
        problems.append(f"{LIBRARY_FOLDER} is {library!r}, which is not a folder.")
    proxies = environ.get(PROXIES, "0")
    if not proxies.isdecimal():
        problems.append(f"{PROXIES} is {proxies!r}; it must be a whole number, 0 or more.")
    https = environ.get(HTTPS, "yes")
    if https not in {"yes", "no"}:
        problems.append(f"{HTTPS} is {https!r}; it must be yes or no.")
    idle = environ.get(IDLE, "20")
    if not idle.isdecimal() or not 1 <= int(idle) <= 24 * 60:
        problems.append(f"{IDLE} is {idle!r}; it must be minutes, a whole number from 1 to 1440.")
    problems += _statement_problems(environ)
    if (site := environ.get(ADDRESS, "")) and not _is_site(site):
        problems.append(f"{ADDRESS} is {site!r}; it must look like https://svar.example.dk.")
    mail, wrong = read_mail(environ)
    problems += wrong
    keys = None
    if environ.get(KEY_FILE):
        try:
            keys = read_key_file(Path(environ[KEY_FILE]))
        except KeyFileError as error:
            problems.append(str(error))
    if problems or keys is None:
        raise SettingsError("\n".join(problems))
    return Settings(
        database=environ[DATABASE],
        keys=keys,
        data=Path(environ[DATA_FOLDER]),
        library=Path(environ.get(LIBRARY_FOLDER) or LIBRARY),
        proxies=int(proxies),
        https=https == "yes",
        statement=_statement(environ),
        address=environ.get(ADDRESS, "").rstrip("/"),
        mail=mail,
        idle_minutes=int(idle),
    )


def _is_site(address: str) -> bool:
    parts = urlsplit(address)
    return (
        parts.scheme in {"http", "https"}
        and bool(parts.netloc)
        and not (parts.query or parts.fragment)
        and address.isprintable()
        and " " not in address
    )


def _statement(environ: Mapping[str, str]) -> Statement:
    day = environ.get(STATEMENT_DAY)
    return Statement(
        day=dt.date.fromisoformat(day) if day else None,
        by=environ.get(STATEMENT_BY, ""),
        contact=environ.get(STATEMENT_CONTACT, ""),
        official=environ.get(STATEMENT_URL, ""),
    )


def _statement_problems(environ: Mapping[str, str]) -> list[str]:
    problems = []
    day, official = environ.get(STATEMENT_DAY), environ.get(STATEMENT_URL)
    if day:
        try:
            dt.date.fromisoformat(day)
        except ValueError:
            problems.append(f"{STATEMENT_DAY} is {day!r}; it must be a day, as 2026-11-20.")
    if official and not official.startswith("https://"):
        problems.append(f"{STATEMENT_URL} is {official!r}; it must begin with https://.")
    return problems


def _database_problems(url: str) -> list[str]:
    try:
        driver = make_url(url).drivername
    except ArgumentError:
        return [f"{DATABASE} is {url!r}; it must look like sqlite:///answers.db"]
    if driver not in {"sqlite", "postgresql+psycopg"}:
        known = "sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"
        return [f"{DATABASE} names {driver!r}; this can be kept in {known}."]
    return []
