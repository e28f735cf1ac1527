"""What every view needs of the running application; the only place that knows where it hangs."""

from __future__ import annotations

import datetime as dt
import ipaddress
from contextlib import AbstractContextManager
from dataclasses import dataclass

from flask import current_app, g, request, session
from markupsafe import Markup, escape
from sqlalchemy.orm import Session

from instruments import Said
from survey.database import Database
from survey.forms import Forms
from survey.languages import Languages, Words
from survey.secrets import Keys
from survey.settings import Settings

NAME = "beboerpuls"


@dataclass(frozen=True)
class Parts:
    """What one installation is made of."""

    settings: Settings
    database: Database
    keys: Keys
    forms: Forms
    languages: Languages


def parts() -> Parts:
    found: Parts = current_app.extensions[NAME]
    return found


def reading() -> AbstractContextManager[Session]:
    """A session that changes nothing."""
    return parts().database.reading()


def looking() -> AbstractContextManager[Session]:
    """A session for statements that each stand alone, as a page that is only shown needs."""
    return parts().database.looking()


def writing() -> AbstractContextManager[Session]:
    """A session that commits when its block ends."""
    return parts().database.writing()


def words() -> Words:
    """What the product says, in this reader's language."""
    if "words" not in g:
        g.words = parts().languages.words(language())
    found: Words = g.words
    return found


def speak(code: str) -> None:
    """Show this one page in a language, whatever the browser asks for or somebody chose before."""
    g.page_language = code
    g.pop("words", None)


def language() -> str:
    """The page's own language, else the one chosen, else the first that the browser asks for and we have."""
    chosen = g.get("page_language") or session.get("language")
    if isinstance(chosen, str):
        return chosen
    accepted = [code for code, _ in request.accept_languages]
    return parts().languages.best(accepted)


def said(text: Said) -> Markup:
    """A questionnaire's text, marked with its language where that is not the page's."""
    if text.language == language():
        return escape(text.text)
    direction = parts().languages.words(text.language).language.direction
    return Markup('<span lang="{}" dir="{}">{}</span>').format(text.language, direction, text.text)


def client_address() -> str:
    """Who asks, for slowing guesses and nothing else; one household's IPv6 addresses are one."""
    # ProxyFix has put the address there that the configured number of proxies vouches for.
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        # How a server that listens for both writes IPv4; all of it lies in one /64.
        return str(address.ipv4_mapped)
    if address.version == 6:
        # A subscriber is given at least a /64, and could guess anew from each of its addresses.
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def today() -> dt.date:
    """The day on which somebody answers, in UTC: where Danes are, it lasts an hour or two longer."""
    return dt.datetime.now(dt.UTC).date()


def over_plain_http_from_afar() -> bool:
    """Whether this is a trial reached from another device without https."""
    if request.is_secure or not parts().settings.demo:
        return False
    host = request.host.rsplit(":", 1)[0].strip("[]")
    return host not in {"localhost", "127.0.0.1", "::1"}
