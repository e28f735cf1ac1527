"""A closed wave becomes a frozen dataset; a withdrawal afterwards, a superseding one.

The folder is written whole before the database says that it stands, and what was before is revoked
and erased only after. A freeze that is cut off before the database's word leaves a folder nobody
refers to; the next one clears it away and writes the same bytes. One that is cut off after it
leaves marks to be made: `put_right` makes them, at the start of the next freeze or withdrawal.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from instruments import (
    NOT_ANSWERED,
    NOT_ASKED,
    NOT_REACHED,
    NOT_SHOWN,
    Form,
    Item,
    Kind,
)
from processing import (
    HELPERS,
    MODES,
    STATUSES,
    Codebook,
    Dataset,
    WaveFacts,
    build_codebook,
    erase_rows,
    read_wave,
    revoke,
    write_study,
    write_wave,
)
from survey import audit
from survey.analysis_plans import registered_days, registered_terms
from survey.forms import files_as_pinned
from survey.models import (
    Area,
    AuditEntry,
    Batch,
    Freeze,
    Invitation,
    Response,
    Sheet,
    Study,
    Superseded,
    Tombstone,
    Wave,
)
from survey.places import place_tables
from survey.sealed_answers import Content, read
from survey.secrets import Keys

FROZEN = "wave frozen"
_ROWS_A_FETCH = 1000


class NotFreezableError(Exception):
    """The wave cannot be frozen as it stands; says why and what to do."""


@dataclass(frozen=True)
class Frozen:
    """A dataset that was just written."""

    dataset: Dataset
    number: int


def freeze(
    session: Session, keys: Keys, form: Form, wave: Wave, data: Path, *, actor: str
) -> Frozen:
    """Write a closed wave's dataset below `data` and note it. Raises NotFreezableError."""
    hold_alone(session, wave)
    put_right(session, wave.study, data)
    if wave.status != "closed":
        raise NotFreezableError(
            f"Wave {wave.number} is {wave.status}; only a closed wave can be frozen. "
            f"Close it first: beboerpuls wave close {wave.study.key} {wave.number}"
        )
    _refuse_unsettled(session, wave)
    frozen = _write(session, keys, form, wave, data)
    wave.status = "frozen"
    audit.note(
        session,
        actor,
        FROZEN,
        f"{wave.study.key} wave {wave.number}",
        dataset=frozen.dataset.hash,
        rows=frozen.dataset.rows,
    )
    _afterwards(session, wave.study, data)
    return frozen


def supersede(
    session: Session, keys: Keys, form: Form, wave: Wave, data: Path, *, actor: str, reason: str
) -> Frozen:
    """Write a frozen wave anew, as it stands now, and revoke the dataset before it."""
    before = standing(session, wave)
    if before is None:
        raise NotFreezableError(
            f"Wave {wave.number} has no frozen dataset to supersede. "
            f"Freeze it: beboerpuls wave freeze {wave.study.key} {wave.number}"
        )
    frozen = _write(session, keys, form, wave, data, supersedes=before.content_hash)
    before.revoked = True
    audit.note(
        session,
        actor,
        "dataset superseded",
        f"{wave.study.key} wave {wave.number}",
        revoked=before.content_hash,
        dataset=frozen.dataset.hash,
        reason=reason,
    )
    _afterwards(session, wave.study, data)
    return frozen


def _frozen_first(session: Session, wave: Wave) -> int | None:
    """The audit's entry of the wave's first freeze: from then on anybody could look.

    A dataset that supersedes names the plans that the first one named, and none that came since.
    """
    return session.scalar(
        select(func.min(AuditEntry.number)).where(
            AuditEntry.act == FROZEN,
            AuditEntry.subject == f"{wave.study.key} wave {wave.number}",
        )
    )


def hold_alone(session: Session, wave: Wave) -> None:
    """Wait for every answer that is being stored in this wave, and let none in until the end."""
    session.refresh(wave, with_for_update=True)


@dataclass(frozen=True)
class _Marks:
    """What the folders of a study must say, once the database says it."""

    study: str
    standing: tuple[str, ...]
    revoked: tuple[tuple[str, str], ...]  # folder, hash of its successor

    def make(self, data: Path) -> None:
        for name, successor in self.revoked:
            folder = data / name
            if not folder.exists():
                continue  # moved away by an operator: there is nothing to mark
            if not read_wave(folder).revoked:
                revoke(folder, superseded_by=successor, reason="answers were withdrawn")
            erase_rows(folder)
        write_study(data.resolve() / self.study, self.study, [data / one for one in self.standing])


def put_right(session: Session, study: Study, data: Path) -> None:
    """Make the marks that a command cut off after its commit has left unmade."""
    marks = _marks(session, study)
    if marks.standing:
        marks.make(data)


def _afterwards(session: Session, study: Study, data: Path) -> None:
    """Make the marks when the database has said its word, and only then."""
    marks = _marks(session, study)
    event.listen(session, "after_commit", lambda _: marks.make(data), once=True)


def _marks(session: Session, study: Study) -> _Marks:
    rows = session.execute(
        select(Wave.number, Freeze.folder, Freeze.revoked, Freeze.content_hash)
        .join(Wave, Wave.id == Freeze.wave_id)
        .where(Wave.study_id == study.id)
        .order_by(Wave.number, Freeze.number)
    ).all()
    successors = {
        one.folder: after.content_hash
        for one, after in pairwise(rows)
        if one.number == after.number
    }
    return _Marks(
        study.key,
        tuple(one.folder for one in rows if not one.revoked),
        tuple((one.folder, successors[one.folder]) for one in rows if one.revoked),
    )


def _refuse_unsettled(session: Session, wave: Wave) -> None:
    waiting = session.execute(
        select(Batch.name, Sheet.serial)
        .join(Batch, Batch.id == Sheet.batch_id)
        .where(Batch.wave_id == wave.id, Sheet.state.in_(("returned", "keyed_once", "keyed_twice")))
        .order_by(Sheet.serial)
    ).all()
    if waiting:
        some = ", ".join(f"{serial} ({batch})" for batch, serial in waiting[:5])
        more = f" and {len(waiting) - 5} more" if len(waiting) > 5 else ""
        raise NotFreezableError(
            f"Wave {wave.number}: sheets came back and are not settled: {some}{more}. Frozen now, their "
            "answers would be missing. Key and settle them, or take them out of use; Papir, Ark, der "
            "mangler lists them."
        )


def standing(session: Session, wave: Wave) -> Freeze | None:
    """The wave's dataset that holds now, or None before the first freeze."""
    return session.scalars(
        select(Freeze)
        .where(Freeze.wave_id == wave.id, Freeze.revoked.is_(False))
        .order_by(Freeze.number.desc())
    ).first()


def _write(
    session: Session, keys: Keys, form: Form, wave: Wave, data: Path, *, supersedes: str = ""
) -> Frozen:
    study = wave.study
    number = (
        session.scalar(select(func.max(Freeze.number)).where(Freeze.wave_id == wave.id)) or 0
    ) + 1
    name = f"{study.key}/wave-{wave.number}-freeze-{number}"
    folder = data.resolve() / name
    if folder.exists():
        shutil.rmtree(folder)  # left by a freeze that was cut off: no row refers to it
    folder.parent.mkdir(parents=True, exist_ok=True)
    codebook = build_codebook(form, wave_year=_latest_year(session, wave), raw=form.routed())
    noted: list[tuple[str, str, str]] = []
    given = [*_rows(session, keys, form, wave, codebook, noted)]
    # Opened and left before anything was answered: counted, in the dispositions too, and no row.
    answered = [row for row in given if row is not None]
    rows = pd.DataFrame(answered, columns=list(codebook.names))
    if wave.form is None:
        raise NotFreezableError(f"Wave {wave.number} has pinned no form; it was never opened.")
    pin = wave.form.pin
    first = _frozen_first(session, wave)
    plans = registered_days(session, study, before=first)
    dataset = write_wave(
        folder,
        responses=rows,
        tables=place_tables(session, wave),
        codebook=codebook,
        instrument_files=files_as_pinned(form, pin),
        facts=WaveFacts(
            study=study.key,
            wave=wave.number,
            legal_basis=wave.legal_basis,
            languages=tuple(form.languages),
            unreviewed_languages=tuple(pin["unreviewed_languages"]),
            form=tuple(pin["instruments"]),
            counts=_counts(session, wave) | {"opened": len(given) - len(answered)},
            supersedes=supersedes,
            analysis_plans=tuple(plans),
            analysis_plan_days=plans,
            terms=registered_terms(session, study, before=first),
        ),
        text_languages=noted,
    )
    session.add(
        Freeze(
            wave_id=wave.id,
            number=number,
            folder=name,
            content_hash=dataset.hash,
            rows=dataset.rows,
        )
    )
    session.flush()
    return Frozen(dataset, number)


def _latest_year(session: Session, wave: Wave) -> int:
    """The latest year that an answer can name: that of the last day anybody answered."""
    last = session.scalar(select(func.max(Response.day)).where(Response.wave_id == wave.id))
    day = last or wave.opens
    if day is None:
        raise NotFreezableError(f"Wave {wave.number} was never opened.")
    return day.year


def _counts(session: Session, wave: Wave) -> dict[str, int]:
    superseded = (
        select(func.count())
        .select_from(Superseded)
        .join(Response, Response.id == Superseded.response_id)
        .where(Response.wave_id == wave.id)
    )
    withdrawn = select(func.count()).where(Tombstone.wave_id == wave.id)
    return {
        "superseded": session.scalar(superseded) or 0,
        "withdrawn": session.scalar(withdrawn) or 0,
    }


def _rows(
    session: Session,
    keys: Keys,
    form: Form,
    wave: Wave,
    codebook: Codebook,
    noted: list[tuple[str, str, str]],
) -> Iterator[dict[str, Any] | None]:
    """Each response as a row, or None for one that was opened and left without an answer.

    The languages that were noted of texts on paper are added to `noted`.
    """
    found = session.execute(
        select(Response, Invitation, Area.key)
        .outerjoin(Invitation, Invitation.id == Response.invitation_id)
        .outerjoin(Area, Area.id == Response.area_id)
        .where(Response.wave_id == wave.id)
        .execution_options(yield_per=_ROWS_A_FETCH)
    )
    for response, invitation, area in found:
        content = read(keys, response)
        if response.status != "submitted" and not content.answers:
            yield None
            continue
        about = _about(keys, wave, response, invitation, area or "")
        row_id = str(about["row_id"])
        noted += [(row_id, name, said) for name, said in content.text_languages.items()]
        yield about | answer_row(form, content, codebook)


def _about(
    keys: Keys, wave: Wave, response: Response, invitation: Invitation | None, area: str
) -> dict[str, Any]:
    return {
        "row_id": keys.row_id(wave.study.key, response.id),
        "wave": wave.number,
        "area": area,
        "stratum": invitation.stratum if invitation else "",
        # Without an invitation nobody knows how likely this person was to be asked.
        "base_weight": invitation.base_weight if invitation else 0.0,
        "panel": invitation.pseudonym.hex()[:32] if invitation and invitation.pseudonym else "",
        "mode": MODES[response.mode],
        "helper": _helper(response),
        "language": response.language,
        "day": response.day.isoformat(),
        "duration_class": response.duration_class,
        "status": STATUSES["complete" if response.status == "submitted" else "partial"],
        "open_link": int(response.open_link),
        "consent_version": response.consent_version or NOT_ASKED,
    }


def _helper(response: Response) -> int:
    """Who helped, or why nobody knows: it is asked at the very end."""
    if response.helper in HELPERS:
        return HELPERS[response.helper]
    if response.status != "submitted":
        return NOT_REACHED
    return NOT_ANSWERED if response.helper == "not_answered" else NOT_ASKED


def answer_row(form: Form, content: Content, codebook: Codebook) -> dict[str, Any]:
    """One response's answers as the codebook's columns, each with a value or the reason for none.

    What was given against the routing is -2 in its column and stands as given in its `_raw`. An
    item that was shown has an answer or a blank of its own; without either it was not reached.
    """
    hidden = form.hidden(content.answers)
    row: dict[str, Any] = {}
    for column in form.columns:
        item = form.item_of(column).item
        without = NOT_SHOWN if column in hidden else NOT_REACHED
        given = content.answers.get(column, without)
        row |= _spread(item, column, NOT_SHOWN if column in hidden else given)
        raw = _spread(item, column, given)
        row |= {f"{name}_raw": value for name, value in raw.items()}
    return {name: row[name] for name in codebook.names if name in row}


def _spread(item: Item, column: str, answer: Any) -> dict[str, Any]:
    """An answer as columns: one an option; year and month; a text and its reason; or one."""
    names = [f"{column}{ending}" for ending in item.responses.endings]
    if item.kind in {Kind.MULTIPLE, Kind.RANKING}:
        ranked = item.kind is Kind.RANKING
        return {
            name: _placed(answer, code, ranked=ranked) if isinstance(answer, list) else answer
            for name, code in zip(names, item.responses.codes, strict=True)
        }
    if item.kind is Kind.MONTH:
        return dict(zip(names, divmod(answer, 100) if answer >= 0 else (answer,) * 2, strict=True))
    if item.kind is Kind.TEXT:
        given = isinstance(answer, str)
        return {column: answer if given else "", f"{column}_missing": 0 if given else answer}
    return {column: answer}


def _placed(chosen: list[int], code: int, *, ranked: bool) -> int:
    """0 for what was not chosen; else 1, or its place from 1."""
    if code not in chosen:
        return 0
    return chosen.index(code) + 1 if ranked else 1
