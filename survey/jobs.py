"""Jobs as rows: ordered, taken up by exactly one worker, told how far they are, kept for a while.

A worker that takes a job up writes its own name into the row, and every later word of it holds only
while that name stands there. One that was not heard of for a while is taken to be gone: the job is
taken up again by another, and what the first still says is refused.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session, joinedload

from survey.models import Job
from survey.secrets import Keys

# A worker tells of itself more often than this, also in the middle of one long step.
UNHEARD = dt.timedelta(seconds=60)
# A job whose workers died so often is what kills them.
MOST_ATTEMPTS = 3
MOST_SHOWN = 20


class JobError(Exception):
    """A job that cannot go on: a message's key, and what is put into it."""

    def __init__(self, key: str, **values: Any) -> None:
        super().__init__(key)
        self.told: dict[str, Any] = {"key": key, "values": values}


def not_computed(said: str, problems: Sequence[Any] = ()) -> JobError:
    """What a job could not compute: each problem apart, so that a page tells it in its language.

    `problems` are `processing.Problem`s; without any, what was `said` is the reason.
    """
    told = [asdict(one) for one in problems]
    plain = [] if told else said.splitlines()
    return JobError("job.error.problems", n=len(told) or len(plain), problems=told, plain=plain)


class LostJobError(Exception):
    """The job is another worker's by now, or was stopped; whoever worked on it lets it be."""


@dataclass(frozen=True)
class Taken:
    """A job as its worker has it."""

    id: int
    kind: str
    study_id: int
    wave_id: int | None
    actor: str
    wanted: Mapping[str, Any]
    attempt: int  # from 1; above that, a worker before broke off
    worker: str


@dataclass(frozen=True)
class MadeFile:
    """What a job made: where it lies sealed, with which key, and how it is called."""

    name: str
    media_type: str
    size: int
    place: str
    key: bytes


def order_job(
    session: Session,
    kind: str,
    *,
    study_id: int,
    wave_id: int | None = None,
    role: str,
    actor: str,
    wanted: Mapping[str, Any],
    keeps_hours: int,
) -> Job:
    """Order a job; a worker takes it up when one is free.

    `role` is the role in the study of those who may see it and take its file. `wanted` is what the
    kind of job reads: plain values, nobody's name. What it makes is kept for `keeps_hours`.
    """
    job = Job(
        kind=kind,
        study_id=study_id,
        wave_id=wave_id,
        role=role,
        actor=actor,
        wanted=dict(wanted),
        counts={},
        keeps_hours=keeps_hours,
        ordered=_now(),
    )
    session.add(job)
    session.flush()
    return job


def take_job(session: Session, worker: str, *, now: dt.datetime | None = None) -> Taken | None:
    """The first job that waits, or whose worker is gone; it is this worker's from now on.

    One that was begun too often is told as broken off instead.
    """
    now = now or _now()
    gone = and_(Job.state == "running", Job.seen < now - UNHEARD)
    waiting = (
        select(Job)
        .where(or_(Job.state == "queued", gone))
        .order_by(Job.id)
        .limit(1)
        # Another that is just taking the first one up is not waited for.
        .with_for_update(skip_locked=True)
    )
    while (job := session.scalars(waiting).first()) is not None:
        if job.attempts >= MOST_ATTEMPTS:
            _end(job, "failed", now, JobError("job.error.broken_off", times=job.attempts).told)
            session.flush()
            continue
        job.state, job.worker, job.seen = "running", worker, now
        job.attempts += 1
        session.flush()
        return Taken(
            job.id,
            job.kind,
            job.study_id,
            job.wave_id,
            job.actor,
            job.wanted,
            job.attempts,
            worker,
        )
    return None


def tell_progress(
    session: Session, taken: Taken, done: int | None = None, total: int | None = None
) -> None:
    """Say that the worker is there, and how far it is. Raises LostJobError."""
    said: dict[str, Any] = {"seen": _now()}
    if done is not None:
        said |= {"done": done, "total": total}
    _mine(session, taken, **said)


def finish_job(
    session: Session,
    keys: Keys,
    taken: Taken,
    *,
    counts: Mapping[str, Any],
    made: MadeFile | None,
) -> None:
    """The job is done, with what it made. Raises LostJobError."""
    now = _now()
    job = _held(session, taken)
    _end(job, "done", now)
    job.counts = dict(counts)
    job.total = job.done if job.total is None else job.total
    job.done = job.total
    job.expires = now + dt.timedelta(hours=job.keeps_hours)
    if made is not None:
        job.file_name, job.media_type, job.size = made.name, made.media_type, made.size
        job.place = made.place
        sealed = {"key": made.key.hex()}
        job.key_id, job.sealed_key = keys.seal(sealed, job.id, table="job")
    session.flush()


def fail_job(
    session: Session, taken: Taken, error: JobError, counts: Mapping[str, Any] | None = None
) -> None:
    """The job cannot be done; says why. Raises LostJobError."""
    job = _held(session, taken)
    _end(job, "failed", _now(), error.told)
    job.counts = dict(counts or {})
    session.flush()


def give_back(session: Session, taken: Taken) -> None:
    """The worker stops before the job is done, and another may take it up. Raises LostJobError."""
    _mine(session, taken, state="queued", worker=None, attempts=Job.attempts - 1)


def stop_job(session: Session, job: Job, *, actor: str) -> bool:
    """Let a job that waits or runs be; whether there was anything to stop."""
    session.refresh(job, with_for_update=True)
    if job.state not in {"queued", "running"}:
        return False
    _end(job, "failed", _now(), JobError("job.error.stopped", actor=actor).told)
    session.flush()
    return True


def expire_jobs(session: Session, folder: Path, *, now: dt.datetime | None = None) -> int:
    """Delete the files whose time is over, and what broken-off work left; how many jobs are over.

    The key goes with the row's change: from then on nobody reads the file, wherever a copy lies.
    """
    _sweep(session, folder)
    over = session.scalars(
        select(Job)
        .where(Job.state == "done", Job.expires <= (now or _now()))
        .with_for_update(skip_locked=True)
    ).all()
    for job in over:
        if job.place:
            (folder / job.place).unlink(missing_ok=True)
        job.state = "expired"
        job.key_id = job.sealed_key = job.place = None
    session.flush()
    return len(over)


def _sweep(session: Session, folder: Path) -> None:
    """Files of workers that died: their keys were stored nowhere, and nobody can open them."""
    for path in folder.glob("*-*.sealed"):
        number = path.name.partition("-")[0]
        job = session.get(Job, int(number)) if number.isdecimal() else None
        if job is None or (job.state != "running" and job.place != path.name):
            path.unlink(missing_ok=True)


def file_key(keys: Keys, job: Job) -> bytes | None:
    """The key of a job's file, or None where there is no file, or its time is over."""
    if job.sealed_key is None or job.key_id is None:
        return None
    if job.expires is not None and job.expires <= _now():
        return None
    return bytes.fromhex(keys.open(job.key_id, job.sealed_key, job.id, table="job")["key"])


def jobs_of(
    session: Session,
    studies: Collection[int],
    role: str,
    *,
    wave_id: int | None = None,
    most: int = MOST_SHOWN,
) -> list[Job]:
    """The newest jobs of these studies that a role sees."""
    query = (
        select(Job)
        .where(Job.study_id.in_(studies), Job.role == role)
        .options(joinedload(Job.study), joinedload(Job.wave))
        .order_by(Job.id.desc())
        .limit(most)
    )
    return list(session.scalars(query if wave_id is None else query.where(Job.wave_id == wave_id)))


def something_waits(session: Session, now: dt.datetime) -> bool:
    """Whether a worker has anything to do: a job that waits or was left, a file to delete."""
    left = and_(Job.state == "running", Job.seen < now - UNHEARD)
    over = and_(Job.state == "done", Job.expires <= now)
    wanted = select(Job.id).where(or_(Job.state == "queued", left, over)).limit(1)
    return session.scalar(wanted) is not None


def waiting_before(session: Session, job: Job) -> int:
    """How many jobs a queued one waits for."""
    return (
        session.scalar(
            select(func.count()).where(Job.id < job.id, Job.state.in_(("queued", "running")))
        )
        or 0
    )


def _held(session: Session, taken: Taken) -> Job:
    job = session.scalars(
        select(Job).where(Job.id == taken.id, Job.worker == taken.worker).with_for_update()
    ).first()
    if job is None:
        raise LostJobError
    return job


def _mine(session: Session, taken: Taken, **said: Any) -> None:
    changed = session.execute(
        update(Job)
        .where(Job.id == taken.id, Job.worker == taken.worker, Job.state == "running")
        .values(**said)
        .execution_options(synchronize_session=False)
        .returning(Job.id)
    ).first()
    if changed is None:
        raise LostJobError


def _end(job: Job, state: str, now: dt.datetime, error: dict[str, Any] | None = None) -> None:
    job.state, job.error, job.finished = state, error, now
    job.worker = None


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
