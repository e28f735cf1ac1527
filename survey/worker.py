"""The worker: takes jobs up one by one, and tells of itself while it works.

It runs as a thread of a server that was started with one command, or as a process of its own,
`beboerpuls jobs work`; any number of both may run beside each other.
"""

from __future__ import annotations

import datetime as dt
import secrets
import threading
import time
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from survey.database import Database
from survey.forms import Forms
from survey.jobs import (
    UNHEARD,
    JobError,
    LostJobError,
    MadeFile,
    Taken,
    expire_jobs,
    fail_job,
    finish_job,
    give_back,
    something_waits,
    take_job,
    tell_progress,
)
from survey.languages import Languages
from survey.sealed_files import SealedFile, make_file_key
from survey.secrets import Keys
from survey.settings import Settings

log = structlog.get_logger()

# How often a worker that has nothing to do looks whether there is something.
LOOKS_EVERY = 1.0
# Chores go by the day; looked at every hour, they are done soon after it begins.
CHORES_EVERY = 3600.0
_TELLS_EVERY = UNHEARD.total_seconds() / 6
# A step of less than this is not told: it would be one transaction a letter.
_TOLD_EVERY = dt.timedelta(milliseconds=400)


class StoppingError(Exception):
    """The worker is asked to end; the job is given back."""


@dataclass
class Workshop:
    """What jobs are made with."""

    settings: Settings
    database: Database
    languages: Languages = field(default_factory=Languages)

    def __post_init__(self) -> None:
        self.forms = Forms(self.settings.library)

    @property
    def keys(self) -> Keys:
        return self.settings.keys

    @property
    def folder(self) -> Path:
        """Where the sealed files of jobs lie."""
        return files_of(self.settings)


def files_of(settings: Settings) -> Path:
    return settings.data / ".jobs"  # no study can be called so


class Work:
    """One job as whoever does it sees it."""

    def __init__(self, shop: Workshop, job: Taken, stopping: threading.Event) -> None:
        self.shop, self.job = shop, job
        self.counts: dict[str, Any] = {}
        self.made: MadeFile | None = None
        self._stopping = stopping
        self._lost = threading.Event()
        self._told = dt.datetime.min.replace(tzinfo=dt.UTC)

    def tell(self, done: int, total: int) -> None:
        """Say how far it is. Raises LostJobError, StoppingError: let go of everything, and go."""
        self.look()
        now = dt.datetime.now(dt.UTC)
        if done < total and now - self._told < _TOLD_EVERY:
            return
        self._told = now
        with self.shop.database.writing() as session:
            tell_progress(session, self.job, done, total)

    def look(self) -> None:
        """Whether to go on. Raises LostJobError, StoppingError."""
        if self._lost.is_set():
            raise LostJobError
        if self._stopping.is_set():
            raise StoppingError

    def pause(self, seconds: float) -> None:
        """Wait, unless the worker is to end meanwhile. Raises LostJobError, StoppingError."""
        self._stopping.wait(seconds)
        self.look()

    @contextmanager
    def file(self, name: str, media_type: str) -> Iterator[SealedFile]:
        """The file that the job makes: written here, sealed on the way to the disk."""
        folder = self.shop.folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = f"{self.job.id}-{self.job.worker}.sealed"
        key = make_file_key()
        file = SealedFile(folder / place, key)
        try:
            yield file
            file.close()
        except BaseException:
            file.abandon()
            (folder / place).unlink(missing_ok=True)
            raise
        self.made = MadeFile(name, media_type, file.size, place, key)

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Tell of the worker from beside it, however long one step of the job takes."""
        over = threading.Event()

        def tell() -> None:
            while not over.wait(_TELLS_EVERY):
                try:
                    with self.shop.database.writing() as session:
                        tell_progress(session, self.job)
                except LostJobError:
                    self._lost.set()
                    return
                except SQLAlchemyError as failure:  # a database that is away may come back
                    log.warning("job not told of", job=self.job.id, kind=type(failure).__name__)

        beside = threading.Thread(target=tell, name=f"job-{self.job.id}", daemon=True)
        beside.start()
        try:
            yield
        finally:
            over.set()
            beside.join()


Kind = Callable[[Work], None]
# What is due on a day, whether or not anybody ordered it; done again, it does nothing.
Chore = Callable[[Workshop, dt.date], None]


class Worker:
    """Does jobs until it is stopped, and chores on their day."""

    def __init__(
        self, shop: Workshop, kinds: Mapping[str, Kind], chores: Collection[Chore] = ()
    ) -> None:
        self.shop, self.kinds, self.chores = shop, kinds, chores
        self._chores_done: float | None = None
        self.name = secrets.token_hex(8)
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Ask it to end; a job that is being done is given back."""
        self._stopping.set()

    def work(self, *, until_idle: bool = False) -> int:
        """Do what there is to do; returns how many jobs that was."""
        number = 0
        while not self._stopping.is_set():
            try:
                self._do_chores()
                did = self.work_once()
            except SQLAlchemyError as failure:  # a database that is away may come back
                if until_idle:
                    raise
                _log_fault("worker", failure)
                did = False
            number += did
            if not did:
                if until_idle:
                    return number
                self._stopping.wait(LOOKS_EVERY)
        return number

    def work_once(self) -> bool:
        """Do one job, and delete files whose time is over; whether there was one."""
        if not self._something_to_do():
            return False
        with self.shop.database.writing() as session:
            expire_jobs(session, self.shop.folder)
            taken = take_job(session, self.name)
        if taken is None:
            return False
        self._do(taken)
        return True

    def _do_chores(self) -> None:
        if self._chores_done is not None and time.monotonic() - self._chores_done < CHORES_EVERY:
            return
        self._chores_done = time.monotonic()
        for chore in self.chores:
            try:
                chore(self.shop, dt.datetime.now(dt.UTC).date())
            except Exception as failure:  # noqa: BLE001 - jobs go on, and the chore is due again
                _log_fault("chore", failure)

    def _something_to_do(self) -> bool:
        # Looked at without the lock that writers wait for: residents write at the same time.
        now = dt.datetime.now(dt.UTC)
        with self.shop.database.looking() as session:
            return something_waits(session, now)

    def _do(self, taken: Taken) -> None:
        work = Work(self.shop, taken, self._stopping)
        database = self.shop.database
        kept = False
        try:
            with work.heard():
                work.look()
                self.kinds[taken.kind](work)
            with database.writing() as session:
                finish_job(session, self.shop.keys, taken, counts=work.counts, made=work.made)
            kept = True
        except LostJobError:
            log.info("job let go", job=taken.id)
        except StoppingError:
            with suppress(LostJobError), database.writing() as session:
                give_back(session, taken)
        except JobError as error:
            self._fail(taken, error, work.counts)
        except OSError as failure:
            _log_fault(taken.kind, failure)
            said = failure.strerror or type(failure).__name__
            self._fail(taken, JobError("job.error.disk", said=said), work.counts)
        except Exception as failure:  # noqa: BLE001 - a fault in one job must not end the others
            _log_fault(taken.kind, failure)
            self._fail(taken, JobError("job.error.fault"), work.counts)
        finally:
            if work.made is not None and not kept:
                (self.shop.folder / work.made.place).unlink(missing_ok=True)

    def _fail(self, taken: Taken, error: JobError, counts: Mapping[str, Any]) -> None:
        with suppress(LostJobError), self.shop.database.writing() as session:
            fail_job(session, taken, error, counts)


def _log_fault(kind: str, failure: Exception) -> None:
    # Where it happened, never with which values: they may be somebody's name.
    where = "".join(traceback.format_tb(failure.__traceback__))
    log.error("fault", job=kind, kind=type(failure).__name__, at=where)
