"""One e-mail, and the server that takes it."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate

from markupsafe import Markup

from survey.languages import Languages
from survey.letters.merge_files import plain_text
from survey.letters.rounds import Recipient
from survey.letters.wording import Asking, MailPart, mail_parts, subject
from survey.mail_settings import Mail

_PATIENCE = 30.0  # seconds without a word from the server


class MailServerError(Exception):
    """The server cannot be used at all now; says why, in its words."""


class AddressRefusedError(Exception):
    """The server will not take mail for this address, now or later."""


class NotNowError(Exception):
    """The server did not take the message, and may take it later."""


class UncertainError(Exception):
    """The line broke after the message was handed over, before the server said that it had it."""


def compose(
    recipient: Recipient, asking: Asking, texts: Languages, sender: str, message_id: str
) -> EmailMessage:
    """An e-mail in a dwelling's languages, as plain text and as a page. Raises ValueError."""
    reached = recipient.reached
    parts = mail_parts(recipient, asking, texts)
    link = asking.link(reached.code)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(display_name=asking.sender, addr_spec=sender)
    message["To"] = Address(display_name=reached.name, addr_spec=reached.email)
    message["Subject"] = subject(asking, texts)
    # The server that takes it may know it by this, should it be handed over twice.
    message["Message-ID"] = message_id
    message["Date"] = formatdate()
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(plain_text(parts, link))
    message.add_alternative(_page(parts, link), subtype="html")
    return message


@contextmanager
def connected(mail: Mail) -> Iterator[smtplib.SMTP]:
    """A line to the mail server. Raises MailServerError."""
    try:
        server = _connect(mail)
    except (OSError, smtplib.SMTPException) as failure:
        raise MailServerError(_said(failure)) from None
    try:
        yield server
    finally:
        with suppress(OSError, smtplib.SMTPException):
            server.quit()


def hand_over(server: smtplib.SMTP, message: EmailMessage, sender: str, address: str) -> None:
    """Give one message to the server, which answers for it from then on.

    Raises AddressRefusedError, NotNowError, UncertainError, MailServerError.
    """
    content = message.as_bytes()
    try:
        _expect(server, *server.mail(sender), wanted=250)
        code, said = server.rcpt(address)
        _taken(server, code, said)
    except (OSError, smtplib.SMTPServerDisconnected) as failure:
        raise MailServerError(_said(failure)) from None
    # From the first byte of the message to the server's word, a broken line tells nothing.
    try:
        code, said = server.data(content)
    except smtplib.SMTPDataError as refused:
        _reset(server)
        raise NotNowError(str(refused.smtp_code)) from None
    except (OSError, smtplib.SMTPServerDisconnected) as failure:
        raise UncertainError(_said(failure)) from None
    _taken(server, code, said)


def _connect(mail: Mail) -> smtplib.SMTP:
    context = ssl.create_default_context()
    name = socket.gethostname() if mail.host in {"localhost", "127.0.0.1"} else None
    if mail.tls == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            mail.host, mail.port, name, timeout=_PATIENCE, context=context
        )
    else:
        server = smtplib.SMTP(mail.host, mail.port, name, timeout=_PATIENCE)
    try:
        if mail.tls == "starttls":
            server.starttls(context=context)
        server.ehlo_or_helo_if_needed()
        if mail.user:
            server.login(mail.user, mail.password)
    except BaseException:
        server.close()
        raise
    return server


def _expect(server: smtplib.SMTP, code: int, said: bytes, *, wanted: int) -> None:
    if code == wanted:
        return
    words = f"{code} {said.decode(errors='replace')}"
    if code == 421 or 500 <= code < 600:
        # The sender is refused, or the whole dialogue: no address is to blame.
        raise MailServerError(words)
    _reset(server)
    raise NotNowError(words)


def _taken(server: smtplib.SMTP, code: int, said: bytes) -> None:
    """Whether an address or a message was taken; whom to blame where it was not."""
    if code in {250, 251}:
        return
    words = f"{code} {said.decode(errors='replace')}"
    if code == 421:
        raise MailServerError(words)
    _reset(server)
    if _is_of_the_address(code, words):
        raise AddressRefusedError(words)
    raise NotNowError(words)


def _is_of_the_address(code: int, words: str) -> bool:
    """Whether a refusal is for good and about whom it was for, and not about us or the message.

    A server that does not relay for us, or takes us for a sender of spam, refuses every address
    alike. Enhanced codes (RFC 3463) tell: 5.1 is an address, 5.2 a mailbox.
    """
    enhanced = re.match(r"5\d\d[ -]5\.(\d{1,3})\.", words)
    if enhanced:
        return enhanced[1] in {"1", "2"}
    return code in {550, 551, 553}


def _reset(server: smtplib.SMTP) -> None:
    with suppress(OSError, smtplib.SMTPException):
        server.rset()


def _said(failure: Exception) -> str:
    if isinstance(failure, smtplib.SMTPResponseException):
        error = failure.smtp_error
        words = error.decode(errors="replace") if isinstance(error, bytes) else error
        return f"{failure.smtp_code} {words}"
    return getattr(failure, "strerror", None) or str(failure) or type(failure).__name__


def _page(parts: Sequence[MailPart], link: str) -> str:
    told = Markup("<hr>").join(
        Markup('<div lang="{}" dir="{}"><h1 style="font-size:1.3em">{}</h1>{}{}{}</div>').format(
            part.language,
            part.direction,
            part.title,
            Markup("").join(Markup("<p>{}</p>").format(one) for one in part.before),
            Markup('<p>{}<br><a dir="ltr" href="{}">{}</a></p>').format(part.way, link, link),
            Markup("").join(Markup("<p>{}</p>").format(one) for one in part.after),
        )
        for part in parts
    )
    return f'<!doctype html><html lang="da"><meta charset="utf-8"><body>{told}</body></html>'
