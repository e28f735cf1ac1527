"""The words of a letter, an e-mail and a text message, in each of a dwelling's languages."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from survey.contacts import MOST_LANGUAGES
from survey.languages import SOURCE, Languages, Words
from survey.letters.rounds import Recipient
from survey.secrets import shown_code


@dataclass(frozen=True)
class Asking:
    """Who asks in a wave, how long it takes, and where one answers."""

    sender: str
    contact: str
    legal_basis: str
    closes: dt.date | None
    minutes: int
    languages: tuple[str, ...]  # that the wave is asked in
    address: str  # of the site, as https://svar.example.dk
    reminder: bool

    @property
    def shown_address(self) -> str:
        """The site as people type it."""
        parts = urlsplit(self.address)
        return f"{parts.netloc}{parts.path}".rstrip("/")

    def link(self, code: str) -> str:
        return f"{self.address.rstrip('/')}/c/{code}"


def languages_of(recipient: Recipient, asking: Asking) -> tuple[str, ...]:
    """The languages a letter is written in: Danish, and what the dwelling reads."""
    wanted = [code for code in recipient.reached.languages if code in asking.languages]
    return tuple(dict.fromkeys((SOURCE, *wanted)))[:MOST_LANGUAGES]


def letter_content(recipient: Recipient, asking: Asking, texts: Languages) -> dict[str, Any]:
    """Everything on a letter, as the template reads it.

    Where nobody knows what a dwelling reads, every language of the wave has a line of its own.
    """
    told = languages_of(recipient, asking)
    others: Iterable[str] = ()
    if not recipient.reached.languages:
        others = (code for code in asking.languages if code not in told)
    reached, danish = recipient.reached, texts.words(SOURCE)
    return {
        "address": [reached.name or danish.plain("letter.to"), *reached.address_lines()],
        "sender": asking.sender,
        "contact": asking.contact,
        "reference": recipient.reference,
        "code": shown_code(reached.code),
        "site": asking.shown_address,
        "brand": danish.plain("brand"),
        "alternative": f"{danish.plain('code.label')}: {shown_code(reached.code)}",
        "parts": [_part(recipient, asking, texts.words(code)) for code in told],
        "lines": [_line(texts.words(code)) for code in others if code in texts],
    }


@dataclass(frozen=True)
class MailPart:
    """An e-mail's text in one language; the link stands between `before` and `after`."""

    language: str
    direction: str
    title: str
    before: tuple[str, ...]
    way: str  # what stands before the link
    after: tuple[str, ...]


def mail_parts(recipient: Recipient, asking: Asking, texts: Languages) -> list[MailPart]:
    """An e-mail's text, in each of the dwelling's languages."""
    parts = []
    for code in languages_of(recipient, asking):
        words = texts.words(code)
        part = _part(recipient, asking, words)
        shown = words.plain(
            "letter.mail.code",
            address=_apart(asking.shown_address, words),
            code=_apart(shown_code(recipient.reached.code), words),
        )
        parts.append(
            MailPart(
                code,
                words.language.direction,
                part["title"],
                (*part["before"], part["who"]),
                words.plain("letter.mail.link"),
                (shown, *part["after"]),
            )
        )
    return parts


def subject(asking: Asking, texts: Languages) -> str:
    """An e-mail's subject, in Danish: the same for all, since it is read over shoulders."""
    title = "letter.reminder.title" if asking.reminder else "front.title"
    return f"{asking.sender}: {texts.words(SOURCE).plain(title)}"


def text_message(recipient: Recipient, asking: Asking, texts: Languages) -> str:
    """A text message, in the first of the dwelling's languages."""
    spoken = [code for code in recipient.reached.languages if code in asking.languages]
    words = texts.words(spoken[0] if spoken else SOURCE)
    key = "letter.sms.reminder" if asking.reminder else "letter.sms"
    link = asking.link(recipient.reached.code)
    said = words.plain(key, sender=_apart(asking.sender, words), link=_apart(link, words))
    if asking.contact:
        help_ = words.plain("letter.sms.help", contact=_apart(asking.contact, words))
        return f"{said} {help_}"
    return said


def _part(recipient: Recipient, asking: Asking, words: Words) -> dict[str, Any]:
    """A letter's text in one language: a title, and paragraphs before and after the code."""
    sender = _apart(asking.sender, words)
    before = [words.plain("letter.reminder")] if asking.reminder else []
    before.append(words.plain("about.lead", sender=sender, n=asking.minutes))
    before.append(words.plain("about.why"))
    basis = f"about.basis.{asking.legal_basis}"
    how = words.plain("letter.how", address=_apart(asking.shown_address, words))
    if asking.closes is not None:
        how += " " + words.plain("letter.until", day=words.date(asking.closes))
    return {
        "language": words.language.code,
        "direction": words.language.direction,
        "title": words.plain("letter.reminder.title" if asking.reminder else "front.title"),
        "before": before,
        "who": _who(recipient, words),
        "how": how,
        "code": words.plain("code.label"),
        "after": [
            f"{words.plain('know.confidential')} {words.plain(basis)}",
            _help(asking, words),
            f"{words.plain('know.voluntary')} {words.plain('letter.no')}",
        ],
    }


def _who(recipient: Recipient, words: Words) -> str:
    if recipient.person and recipient.reached.name:
        return words.plain("letter.who.person", name=_apart(recipient.reached.name, words))
    return words.plain("letter.who.dwelling")


def _help(asking: Asking, words: Words) -> str:
    if asking.contact:
        return words.plain("letter.help", contact=_apart(asking.contact, words))
    return words.plain("letter.help.unknown", sender=_apart(asking.sender, words))


def _line(words: Words) -> dict[str, str]:
    language = words.language
    return {
        "language": language.code,
        "direction": language.direction,
        "text": words.plain("letter.short"),
    }


def _apart(put_in: str, words: Words) -> str:
    """A name or a number kept together among words that run the other way."""
    if words.language.direction == "ltr" and not _runs_from_the_right(put_in):
        return put_in
    return f"\u2068{put_in}\u2069"


def _runs_from_the_right(text: str) -> bool:
    return any(unicodedata.bidirectional(sign) in {"R", "AL"} for sign in text)
