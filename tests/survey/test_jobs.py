import datetime as dt
import threading

import pytest
from sqlalchemy import func, select, update

from survey.jobs import (
    UNHEARD,
    JobError,
    LostJobError,
    expire_jobs,
    file_key,
    finish_job,
    stop_job,
    take_job,
    tell_progress,
)
from survey.models import Job
from survey.sealed_files import PIECE, SealedFile, make_file_key, open_pieces
from survey.secrets import NotOpenedError
from survey.worker import StoppingError, Worker

SECRET = b"Aase Holm, Birkevang 3, code AAAA BBBB CCCC"


@pytest.fixture
def study(make):
    return make.study(key="puls")


@pytest.fixture
def take(database):
    """A function by which a worker takes a job up, at a moment."""

    def take(worker="one", after=dt.timedelta()):
        with database.writing() as session:
            return take_job(session, worker, now=dt.datetime.now(dt.UTC) + after)

    return take


def write(work):
    with work.file("letters.txt", "text/plain") as file:
        for done in range(3):
            file.write(SECRET)
            work.tell(done + 1, 3)
    work.counts = {"letters": 3}


def test_a_job_is_done_and_its_file_can_be_read(study, order, do_jobs, job, shop, keys):
    number = order(study, "write")
    assert do_jobs({"write": write}) == 1
    done = job(number)
    assert (done.state, done.done, done.total, done.counts) == ("done", 3, 3, {"letters": 3})
    assert (done.file_name, done.size) == ("letters.txt", 3 * len(SECRET))
    sealed = shop.folder / done.place
    assert SECRET not in sealed.read_bytes()
    assert sealed.stat().st_mode & 0o077 == 0
    assert b"".join(open_pieces(sealed, file_key(keys, done))) == 3 * SECRET


def test_jobs_are_done_in_the_order_in_which_they_were_asked_for(study, order, do_jobs):
    did = []
    numbers = [order(study, "note") for _ in range(3)]
    do_jobs({"note": lambda work: did.append(work.job.id)})
    assert did == numbers


def test_what_a_job_cannot_do_is_told_in_words_and_leaves_no_file(study, order, do_jobs, job, shop):
    def refuse(work):
        write(work)
        raise JobError("job.error.said", said="no paper")

    number = order(study, "refuse")
    do_jobs({"refuse": refuse})
    assert job(number).state == "failed"
    assert job(number).error == {"key": "job.error.said", "values": {"said": "no paper"}}
    assert list(shop.folder.iterdir()) == []


@pytest.mark.parametrize("kind", ["break", "unknown"])
def test_a_fault_of_ours_is_told_as_one_and_the_next_job_is_done(
    study, order, do_jobs, job, kind, capsys
):
    def fault(work):
        raise ValueError(work.job.wanted["name"])

    broken, fine = order(study, kind, name="Aase Holm"), order(study, "write")
    do_jobs({"break": fault, "write": write})
    assert job(broken).error["key"] == "job.error.fault"
    assert job(fine).state == "done"
    assert "Aase" not in capsys.readouterr().out


def test_two_workers_at_once_do_each_job_once(study, order, shop, database):
    did, lock = [], threading.Lock()

    def note(work):
        with lock:
            did.append(work.job.id)

    numbers = [order(study, "note") for _ in range(20)]
    workers = [Worker(shop, {"note": note}) for _ in range(2)]
    threads = [threading.Thread(target=one.work, kwargs={"until_idle": True}) for one in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(did) == numbers
    with database.reading() as session:
        assert session.scalar(select(func.count()).where(Job.state == "done")) == 20


def test_a_job_that_somebody_works_on_is_not_taken_up(study, order, take):
    order(study, "write")
    assert take("one") is not None
    assert take("two") is None


def test_the_job_of_a_worker_that_died_is_taken_up_again(study, order, take, database, job, keys):
    number = order(study, "write")
    first = take("one")
    again = take("two", after=UNHEARD * 2)
    assert (again.id, again.attempt) == (number, 2)
    # The first was only slow: what it says now changes nothing.
    with pytest.raises(LostJobError), database.writing() as session:
        tell_progress(session, first, 1, 3)
    with pytest.raises(LostJobError), database.writing() as session:
        finish_job(session, keys, first, counts={}, made=None)
    assert job(number).worker == "two"


def test_a_worker_that_is_heard_of_keeps_its_job_however_long_it_takes(
    study, order, take, database
):
    order(study, "write")
    taken = take("one")
    with database.writing() as session:
        long_ago = dt.datetime.now(dt.UTC) - UNHEARD * 3
        session.execute(update(Job).values(seen=long_ago))
    with database.writing() as session:
        tell_progress(session, taken)
    assert take("two") is None


def test_a_job_that_kills_its_workers_is_told_as_broken_off(study, order, take, job):
    number = order(study, "write")
    for attempt in range(3):
        assert take(f"worker{attempt}", after=UNHEARD * 2 * (attempt + 1)) is not None
    assert take("last", after=UNHEARD * 10) is None
    assert job(number).state == "failed"
    assert job(number).error == {"key": "job.error.broken_off", "values": {"times": 3}}


def test_a_worker_that_is_ended_gives_its_job_back(study, order, shop, job, do_jobs):
    number = order(study, "write")

    def end(work):
        worker.stop()
        work.tell(1, 3)

    worker = Worker(shop, {"write": end})
    worker.work()
    assert (job(number).state, job(number).attempts) == ("queued", 0)
    do_jobs({"write": write})
    assert job(number).state == "done"


def test_a_job_that_is_stopped_lets_go_and_leaves_no_file(study, order, shop, job, database):
    number = order(study, "write")
    let_go = []

    def stopped(work):
        write(work)
        with database.writing() as session:
            assert stop_job(session, session.get_one(Job, number), actor="Karen")
        try:
            work.tell(3, 3)
        except (LostJobError, StoppingError) as end:
            let_go.append(type(end))
            raise

    Worker(shop, {"write": stopped}).work(until_idle=True)
    assert let_go == [LostJobError]
    assert job(number).error == {"key": "job.error.stopped", "values": {"actor": "Karen"}}
    assert list(shop.folder.iterdir()) == []


def test_a_file_is_deleted_with_its_key_when_its_time_is_over(
    study, order, do_jobs, job, shop, database, keys
):
    number = order(study, "write", keeps_hours=2)
    do_jobs({"write": write})
    now = dt.datetime.now(dt.UTC)
    with database.writing() as session:
        assert expire_jobs(session, shop.folder, now=now + dt.timedelta(hours=1)) == 0
    assert file_key(keys, job(number)) is not None
    with database.writing() as session:
        assert expire_jobs(session, shop.folder, now=now + dt.timedelta(hours=3)) == 1
    assert (job(number).state, job(number).sealed_key, job(number).place) == ("expired", None, None)
    assert list(shop.folder.iterdir()) == []


def test_what_a_worker_that_died_left_behind_is_deleted(study, order, do_jobs, job, shop):
    first = order(study, "write")
    do_jobs({"write": write})
    for name in (f"{first}-gone.sealed", "99999-gone.sealed"):
        (shop.folder / name).write_bytes(b"half a file")
    order(study, "write")
    do_jobs({"write": write})
    kept = sorted(path.name for path in shop.folder.iterdir())
    assert kept == sorted([job(first).place, job(first + 1).place])


def test_a_file_whose_time_is_over_is_not_given_out_though_no_worker_deleted_it(
    study, order, do_jobs, job, database, keys
):
    number = order(study, "write")
    do_jobs({"write": write})
    with database.writing() as session:
        session.execute(update(Job).values(expires=dt.datetime.now(dt.UTC)))
    assert file_key(keys, job(number)) is None


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_a_sealed_file_opens_as_it_was_written(tmp_path, size):
    content = bytes(range(256)) * (size // 256 + 1)
    key = make_file_key()
    file = SealedFile(tmp_path / "sealed", key)
    for start in range(0, size, 1000):
        file.write(content[start : min(start + 1000, size)])
    file.close()
    assert b"".join(open_pieces(tmp_path / "sealed", key)) == content[:size]
    assert file.size == size


@pytest.mark.parametrize(
    "damage",
    [
        lambda sealed: sealed[: PIECE + 16],  # cut at a piece's end
        lambda sealed: sealed[:-1],
        lambda sealed: b"\0" + sealed[1:],
        lambda sealed: sealed[PIECE + 16 :],  # the first piece left out
        lambda _sealed: b"",
    ],
)
def test_a_sealed_file_that_was_changed_or_cut_does_not_open(tmp_path, damage):
    key, path = make_file_key(), tmp_path / "sealed"
    file = SealedFile(path, key)
    file.write(b"a" * (2 * PIECE + 5))
    file.close()
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(NotOpenedError):
        list(open_pieces(path, key))
