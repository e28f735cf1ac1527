"""The mail server that e-mails go out through, as the environment names it."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from pathlib import Path

SMTP_HOST = "BEBOERPULS_SMTP_HOST"
SMTP_PORT = "BEBOERPULS_SMTP_PORT"
SMTP_TLS = "BEBOERPULS_SMTP_TLS"
SMTP_USER = "BEBOERPULS_SMTP_USER"
SMTP_PASSWORD_FILE = "BEBOERPULS_SMTP_PASSWORD_FILE"  # noqa: S105 - a setting's name
SMTP_SENDER = "BEBOERPULS_SMTP_SENDER"
SMTP_RATE = "BEBOERPULS_SMTP_RATE"

MAIL_KNOWN = {
    SMTP_HOST: "the mail server that e-mails go out through (default: none are sent)",
    SMTP_PORT: "its port (default 587, or 465 with tls)",
    SMTP_TLS: "starttls (default), tls, or none; none is for a server on this machine",
    SMTP_USER: "the name to sign in to it with, where it asks for one",
    SMTP_PASSWORD_FILE: "a file with the password alone; only its owner may read it",
    SMTP_SENDER: "whom e-mails come from, as puls@example.dk",
    SMTP_RATE: "e-mails a minute at most (default 60)",
}
_TLS = ("starttls", "tls", "none")


@dataclass(frozen=True)
class Mail:
    """The server that e-mails go out through."""

    host: str
    port: int
    tls: str  # starttls, tls or none
    sender: str
    rate: int  # a minute
    user: str = ""
    password: str = field(default="", repr=False)


def read_mail(environ: Mapping[str, str]) -> tuple[Mail | None, list[str]]:
    """The mail server, or None where none is named; and every problem."""
    host = environ.get(SMTP_HOST, "")
    if not host:
        without = [name for name in MAIL_KNOWN if environ.get(name)]
        return None, [f"{name} is set, but {SMTP_HOST} is not." for name in without]
    problems = []
    tls = environ.get(SMTP_TLS, "starttls")
    if tls not in _TLS:
        problems.append(f"{SMTP_TLS} is {tls!r}; it must be {', '.join(_TLS[:-1])} or {_TLS[-1]}.")
    port = environ.get(SMTP_PORT, "465" if tls == "tls" else "587")
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        problems.append(f"{SMTP_PORT} is {port!r}; it must be a port, from 1 to 65535.")
    rate = environ.get(SMTP_RATE, "60")
    if not rate.isdecimal() or not 1 <= int(rate) <= 10_000:
        problems.append(f"{SMTP_RATE} is {rate!r}; it must be a whole number from 1 to 10000.")
    sender = environ.get(SMTP_SENDER, "")
    if parseaddr(sender)[1] != sender or "@" not in sender or not sender.isascii():
        problems.append(f"{SMTP_SENDER} is {sender!r}; it must be an address, as puls@example.dk.")
    password, wrong = _password(environ.get(SMTP_PASSWORD_FILE, ""))
    problems += wrong
    user = environ.get(SMTP_USER, "")
    if bool(user) != bool(password) and not wrong:
        problems.append(f"{SMTP_USER} and {SMTP_PASSWORD_FILE} belong together; one is missing.")
    if user and tls == "none" and host not in {"localhost", "127.0.0.1", "::1"}:
        problems.append(f"{SMTP_TLS} is none: the password would cross the network in clear.")
    if problems:
        return None, problems
    return Mail(host, int(port), tls, sender, int(rate), user, password), []


def _password(name: str) -> tuple[str, list[str]]:
    if not name:
        return "", []
    path = Path(name)
    try:
        mode = path.stat().st_mode
        password = path.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "it is not UTF-8"
        return "", [f"{SMTP_PASSWORD_FILE} is {name!r}: {said}."]
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        wrong = f"{SMTP_PASSWORD_FILE} is {name!r}: others on this machine may read it "
        wrong += f"(mode {stat.filemode(mode)}). Close it with: chmod 600 {name}"
        return "", [wrong]
    return password, [] if password else [f"{SMTP_PASSWORD_FILE} is {name!r}: it is empty."]
