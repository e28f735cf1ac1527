"""E-mails of a round, each handed over once, however often the work is broken off and begun again.

What became of each stands in its row. `sending` is written before a message is handed over and
`sent` after the server's word, so that a power cut leaves one message at most of which nobody knows
whether it went: it is told as uncertain, and not sent again by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from smtplib import SMTP

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from survey.database import Database
from survey.languages import Languages
from survey.letters.mail import (
    AddressRefusedError,
    MailServerError,
    NotNowError,
    UncertainError,
    compose,
    connected,
    hand_over,
)
from survey.letters.merge_files import can_be_mailed
from survey.letters.orders import Written
from survey.letters.rounds import Recipient, still_asked
from survey.mail_settings import Mail
from survey.models import Addressee, Contact, Invitation
from survey.secrets import Keys

# Servers that ask to be tried later are tried so often, and that many seconds apart.
PASSES = 3
BETWEEN_PASSES = 60.0
_AT_ONCE = 500  # rows in one statement
_STALLED = 10  # not taken in a row: then it is not the addresses, and the server is left alone


@dataclass(frozen=True)
class Pace:
    """How the sending waits, and how it tells where it is."""

    pause: Callable[[float], None]  # raises where the work is to end
    tell: Callable[[int, int], None]
    between_passes: float = BETWEEN_PASSES


def send_mails(
    database: Database, keys: Keys, written: Written, mail: Mail, texts: Languages, pace: Pace
) -> Counter[str]:
    """Send what is not sent; returns how many e-mails of the round stand where.

    Whoever has answered, said no or moved since the round was drawn is passed over. Raises
    MailServerError with all that was sent kept; begun again, it goes on from there.
    """
    with database.writing() as session:
        _begin(session, written)
        waiting = _waiting(session, written.round_id)
    sending = _Sending(database, keys, written, mail, texts, pace, total=len(waiting))
    for number in range(PASSES):
        if number:
            pace.pause(pace.between_passes)
        waiting = sending.go_through(waiting)
        if not waiting:
            break
    with database.reading() as session:
        return standing(session, written.round_id)


def standing(session: Session, round_id: int) -> Counter[str]:
    """How many e-mails of a round stand where: waiting, sent, refused, uncertain, skipped."""
    rows = session.execute(
        select(Addressee.mail, func.count())
        .where(Addressee.round_id == round_id, Addressee.mail.is_not(None))
        .group_by(Addressee.mail)
    )
    return Counter({str(state): number for state, number in rows})


def as_told(states: Mapping[str, int]) -> dict[str, int]:
    """The same for a coordinator: sent, or passed over as nothing had to be written any more.

    Told apart, the two would say how many answered since the round was drawn, of a few perhaps who.
    """
    told = {
        state: states[state]
        for state in ("waiting", "sending", "refused", "uncertain")
        if states.get(state)
    }
    done = states.get("sent", 0) + states.get("skipped", 0)
    return {"done": done} | told if done else told


def send_uncertain_again(session: Session, round_id: int) -> int:
    """Let those be sent once more of which nobody knows whether they went; how many there are."""
    doubtful = session.scalars(
        select(Addressee)
        .where(Addressee.round_id == round_id, Addressee.mail == "uncertain")
        .with_for_update()
    ).all()
    for one in doubtful:
        one.mail = "waiting"
    session.flush()
    return len(doubtful)


def _begin(session: Session, written: Written) -> None:
    """Order an e-mail for each who has none; what was in the air when it broke off is uncertain."""
    mine = update(Addressee).where(Addressee.round_id == written.round_id)
    session.execute(mine.where(Addressee.mail == "sending").values(mail="uncertain"))
    reachable = [one.invitation_id for one in written.recipients if can_be_mailed(one)]
    for start in range(0, len(reachable), _AT_ONCE):
        some = reachable[start : start + _AT_ONCE]
        session.execute(
            mine.where(Addressee.mail.is_(None), Addressee.invitation_id.in_(some)).values(
                mail="waiting"
            )
        )


def _waiting(session: Session, round_id: int) -> list[int]:
    return list(
        session.scalars(
            select(Addressee.invitation_id)
            .where(Addressee.round_id == round_id, Addressee.mail == "waiting")
            .order_by(Addressee.invitation_id)
        )
    )


@dataclass
class _Sending:
    """One mailing under way."""

    database: Database
    keys: Keys
    written: Written
    mail: Mail
    texts: Languages
    pace: Pace
    total: int
    settled: int = 0  # sent, refused or passed over
    last_words: str = ""  # of a server that did not take something

    def __post_init__(self) -> None:
        self.by_id = {one.invitation_id: one for one in self.written.recipients}

    def go_through(self, waiting: Sequence[int]) -> list[int]:
        """Hand over what waits; returns what the server did not take now. Raises MailServerError."""
        later: list[int] = []
        stalled = 0
        with connected(self.mail) as server:
            for invitation_id in waiting:
                recipient = self.by_id.get(invitation_id)
                if recipient is None or not self._may_send(invitation_id):
                    self._say(invitation_id, "skipped")
                elif not self._claim(invitation_id):
                    continue  # another worker has it
                elif self._send(server, recipient) == "waiting":
                    later.append(invitation_id)
                    stalled += 1
                    if stalled >= _STALLED:
                        raise MailServerError(self.last_words)
                    continue
                else:
                    self.pace.pause(60 / self.mail.rate)
                stalled = 0
                self.settled += 1
                self.pace.tell(self.settled, self.total)
        return later

    def _send(self, server: SMTP, recipient: Recipient) -> str:
        """Hand one over, and keep what became of it. Raises MailServerError."""
        number = recipient.invitation_id
        identity = self.keys.of("codes", "mail", str(self.written.round_id), str(number))
        message_id = f"<{identity.hex()[:32]}@{self.mail.sender.rpartition('@')[2]}>"
        sender = self.mail.sender
        try:
            message = compose(recipient, self.written.asking, self.texts, sender, message_id)
            hand_over(server, message, sender, recipient.reached.email)
            state = "sent"
        except AddressRefusedError:
            self._mark_bounced(number)
            state = "refused"
        except ValueError:
            state = "refused"  # no e-mail can be made of it; the address may be right
        except NotNowError as failure:
            self.last_words = str(failure)
            state = "waiting"
        except UncertainError as failure:
            self._say(number, "uncertain")
            raise MailServerError(str(failure)) from None
        except MailServerError:
            self._say(number, "waiting")
            raise
        self._say(number, state)
        return state

    def _may_send(self, invitation_id: int) -> bool:
        with self.database.looking() as session:
            wanted = select(Invitation.id).where(Invitation.id == invitation_id, *still_asked())
            if self.written.asking.reminder:
                wanted = wanted.where(Invitation.no_reminder.is_(False))
            return session.scalar(wanted) is not None

    def _claim(self, invitation_id: int) -> bool:
        with self.database.writing() as session:
            claimed = session.execute(
                update(Addressee)
                .where(Addressee.round_id == self.written.round_id)
                .where(Addressee.invitation_id == invitation_id, Addressee.mail == "waiting")
                .values(mail="sending")
                .execution_options(synchronize_session=False)
                .returning(Addressee.invitation_id)
            )
            return claimed.first() is not None

    def _say(self, invitation_id: int, state: str) -> None:
        with self.database.writing() as session:
            session.get_one(Addressee, (self.written.round_id, invitation_id)).mail = state

    def _mark_bounced(self, invitation_id: int) -> None:
        with self.database.writing() as session:
            contact = session.get(Contact, invitation_id)
            if contact is not None:
                contact.mail_bounced = True
