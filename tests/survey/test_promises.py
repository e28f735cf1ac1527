"""An answer that was acknowledged is on disk: the product is killed, and its disk is filled."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from survey.models import Response
from survey.sealed_answers import read

ROOT = Path(__file__).parents[2]
PEOPLE = 4
# No file may grow beyond this many bytes: the system itself refuses, as on a full disk.
LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
os.execv(sys.argv[2], sys.argv[2:])
"""


class Server:
    """The product as it is deployed, in processes of its own."""

    def __init__(self, environ, limit=None):
        self.environ, self.limit = environ, limit
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        serve = ["-m", "gunicorn", "wsgi:application", "--workers", "2", "--threads", "4"]
        serve += ["--bind", f"127.0.0.1:{self.port}", "--log-level", "critical"]
        command = [sys.executable, *serve]
        if self.limit:
            command = [sys.executable, "-c", LIMITED, str(self.limit), *command]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | self.environ,
            start_new_session=True,
            stderr=subprocess.DEVNULL,
        )
        # A whole answer: the socket of a worker that was just killed still takes connections.
        for _ in range(300):
            try:
                with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)) as one:
                    one.request("GET", "/")
                    one.getresponse().read()
            except (OSError, http.client.HTTPException):
                time.sleep(0.1)
            else:
                return self
        raise AssertionError("the server did not start")

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def environ(database_url, key_file, tmp_path):
    return {
        "BEBOERPULS_DATABASE": database_url,
        "BEBOERPULS_KEYS": str(key_file),
        "BEBOERPULS_DATA": str(tmp_path / "data"),
        "BEBOERPULS_LIBRARY": str(ROOT / "tests" / "given" / "questionnaires"),
        "BEBOERPULS_HTTPS": "no",
    }


@pytest.fixture
def serve(environ):
    """A function that starts the product; what it started is killed at the end."""
    started = []

    def start(limit=None):
        started.append(Server(environ, limit).start())
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.kill()


@pytest.fixture
def codes(make, mini):
    study = make.study()
    wave = make.open_wave(study, mini)
    area = make.area(study)
    return [make.invitation(wave, area)[1] for _ in range(PEOPLE)]


def stored(database, keys, response_id):
    with database.reading() as session:
        response = session.get_one(Response, uuid.UUID(response_id))
        return response, read(keys, response)


def save_until_killed(somebody, log):
    """Write one answer after another; the log holds each write, and whether it was answered."""
    first = somebody.hidden()
    for number in range(10_000):
        write = first | {
            "write": str(uuid.uuid4()),
            "revision": str(number),
            "mini_home": str(number % 5 + 1),
            "mini_stairs": str(number // 5 % 5 + 1),
            "mini_outside": str(number // 25 % 5 + 1),
            "move": "next",
        }
        log.append([write, False])
        try:
            somebody.path = "/page/1"
            somebody.post(write)
        except (OSError, http.client.HTTPException):
            return
        assert somebody.status == 200, somebody.page
        log[-1][1] = True


def answers_of(write):
    return {name: int(write[name]) for name in ("mini_home", "mini_stairs", "mini_outside")}


def test_killed_between_receiving_and_answering_nothing_is_lost_and_nothing_doubled(
    database, keys, codes, serve, person
):
    server = serve()
    people = [person(server.address).begin(code) for code in codes]
    logs = [[] for _ in people]
    threads = [
        threading.Thread(target=save_until_killed, args=pair)
        for pair in zip(people, logs, strict=True)
    ]
    for thread in threads:
        thread.start()
    time.sleep(1.5)
    server.kill()
    for thread in threads:
        thread.join()
    server.start()
    for somebody, log in zip(people, logs, strict=True):
        assert len(log) > 5, "it was killed before it had work"
        last, answered = log[-1]
        assert not answered
        response, content = stored(database, keys, last["response"])
        # What was acknowledged is there; the last may have been stored without a word.
        reached = {response.revision: content.answers}
        [revision] = reached
        assert revision in {len(log) - 1, len(log)}
        assert answers_of(log[revision - 1][0]).items() <= content.answers.items()
        # The browser sends the last one again, as it would after a lost line: stored once.
        somebody.post(last, "/page/1")
        somebody.post(last, "/page/1")
        response, content = stored(database, keys, last["response"])
        assert response.revision == len(log)
        assert answers_of(last).items() <= content.answers.items()
    with database.reading() as session:
        assert len(session.scalars(select(Response)).all()) == PEOPLE


@pytest.mark.sqlite_file
def test_on_a_full_disk_the_words_come_back_and_what_was_saved_stays(
    database, keys, codes, serve, person, tmp_path
):
    size = max(path.stat().st_size for path in tmp_path.glob("answers.db*"))
    server = serve(limit=size + 150_000)
    somebody = person(server.address).begin(codes[0])
    somebody.post({"mini_home": "5"})
    somebody.get("/page/1")
    saved = 0
    for number in range(500):
        somebody.post({"mini_home": str(number % 5 + 1), "move": "next"}, "/page/1")
        if somebody.status != 200:
            break
        saved = number
        somebody.get("/page/1")
    assert somebody.status == 503, "the disk never filled"
    refused = str((saved + 1) % 5 + 1)
    assert f'value="{refused}" checked' in somebody.page
    response, content = stored(database, keys, somebody.hidden()["response"])
    assert content.answers["mini_home"] == saved % 5 + 1
    assert response.status == "started"
    # Room is made, and the same page is sent again.
    server.kill()
    server.limit = None
    server.start()
    somebody.post({"mini_home": refused, "move": "next"}, "/page/1")
    assert somebody.status == 200
    assert stored(database, keys, str(response.id))[1].answers["mini_home"] == int(refused)
