"""What is ordered for a round, and what everything that is made of it needs to know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from survey.forms import Forms
from survey.jobs import order_job
from survey.letters.rounds import Recipient, RoundError, recipients
from survey.letters.wording import Asking
from survey.models import Job, Round, Wave
from survey.secrets import Keys

# What can be made of a round; each is a kind of job.
KINDS = ("letters", "letter_file", "sms_file", "mail_file", "mailing")
# A list of who has not answered lies about for as short a time as it takes to fetch it.
_KEPT = {"invitation": 14 * 24, "reminder": 48}


@dataclass(frozen=True)
class Written:
    """A round with everybody in it, and the words they are asked with."""

    round_id: int
    number: int
    wave: str  # as files name it
    asking: Asking
    recipients: tuple[Recipient, ...]


def order_for_round(
    session: Session, drawn: Round, kind: str, *, address: str, actor: str, form: str = "csv"
) -> Job:
    """Have letters, a file or a mailing made of a round; `form` is a file's: csv or xlsx."""
    wave = session.get_one(Wave, drawn.wave_id)
    return order_job(
        session,
        kind,
        study_id=wave.study_id,
        wave_id=wave.id,
        role="coordinator",
        actor=actor,
        wanted={"round": drawn.id, "address": address, "form": form},
        keeps_hours=_KEPT[drawn.kind],
    )


def written(session: Session, keys: Keys, forms: Forms, round_id: int, *, address: str) -> Written:
    """Read a round for what is made of it. Raises RoundError, NoFormError, PinMismatchError."""
    drawn = session.get_one(Round, round_id)
    wave = session.get_one(Wave, drawn.wave_id)
    if wave.status != "open":
        raise RoundError("not_open", f"Wave {wave.number} is {wave.status}; nobody can answer now.")
    form = forms.of(session, wave.id)
    asking = Asking(
        sender=wave.study.sender,
        contact=wave.study.contact,
        legal_basis=wave.legal_basis,
        closes=wave.closes,
        minutes=form.estimated_minutes(),
        languages=tuple(form.languages),
        address=address,
        reminder=drawn.kind == "reminder",
    )
    return Written(
        drawn.id,
        drawn.number,
        f"{wave.study.key}-{wave.number}",
        asking,
        tuple(recipients(session, keys, drawn)),
    )


Tell = Callable[[int, int], None]
