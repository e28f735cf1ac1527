"""What 500 sheets cost to print, beside a bare typst page of the same number of boxes.

    python benchmarks/sheets.py [--sheets 500] [--language da] [--joined]

First the typesetter alone: prints the seconds on two threads, the most memory the process ever held,
and the ratio of CPU to the floor: a document with nothing on it but as many empty boxes, set as often
by one compiler, with no tags, text, codes or check. Holds it to 90 seconds of CPU a core, of two, for
500 sheets of the whole form, and to 400 MB.

Then the same as a job, as a coordinator orders it: a server is started as `beboerpuls serve` starts it,
somebody signs in, sends the form, and asks once a second how far it is, as the page does, until the
file can be taken. Holds that to 90 seconds by the clock for 500 sheets and to 400 MB of the whole
server; with --joined the job joins them for a print house. Run it on a quiet machine with two cores: on one that does other things at once the clock tells
of those. Prints the CPU too. Exits with 1 where one of the four is over.
"""

from __future__ import annotations

import argparse
import datetime as dt
import http.cookiejar
import json
import os
import re
import resource
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import typst

from instruments import make_form
from survey import studies
from survey.access import add_account
from survey.database import Database
from survey.languages import Languages
from survey.models import Area
from survey.printing.content import Asking, sheet_content
from survey.printing.typesetting import Typesetter
from survey.schema import upgrade
from survey.secrets import make_key_file
from survey.serials import make_serial
from survey.settings import DATA_FOLDER, DATABASE, HTTPS, KEY_FILE

FORM = ("tryghed", "trivsel", "beboerdemokrati", "background")
PASSWORD = "fire ord uden mening"
AREA = "0667-001"
MOST_SECONDS = 90
CORES = 2
MOST_MEGABYTES = 400


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sheets", type=int, default=500)
    parser.add_argument("--language", default="da")
    parser.add_argument("--joined", action="store_true")
    sheets, language = (parsed := parser.parse_args()).sheets, parsed.language
    asking = Asking("Boligforeningen", "70 20 30 40", "consent", dt.date(2026, 12, 18), 2026)
    content = sheet_content(make_form(FORM, [language]), Languages().words(language), asking)
    typesetter = Typesetter(content)
    boxes, pages = len(typesetter.layout["boxes"]), typesetter.layout["pages"]

    started, worked = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(2) as pool:
        bytes_ = sum(map(len, pool.map(typesetter.sheet, map(make_serial, range(1, sheets + 1)))))
    ours, worked = time.perf_counter() - started, time.process_time() - worked
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    page = f"#for _ in range({boxes // pages}) {{ box(width: 4mm, height: 4mm, stroke: 1pt) }}\n"
    bare = "#sys.inputs.serial\n" + "#pagebreak()\n".join([page] * pages)
    compiler = typst.Compiler()
    started = time.process_time()
    for number in range(sheets):
        compiler.compile(bare.encode(), sys_inputs={"serial": make_serial(number)}, pdf_tags=False)
    floor = time.process_time() - started

    print(f"{sheets} sheets of {pages} pages and {boxes} boxes ({language})")
    print(f"{ours:.1f} s on two threads, {bytes_ / sheets / 1024:.0f} kB a sheet")
    print(f"{megabytes:.0f} MB at most")
    print(f"CPU: ours {worked:.1f} s, bare typst {floor:.1f} s, ratio {worked / floor:.1f}")
    problems = []
    most = MOST_SECONDS * sheets / 500
    if worked / CORES > most or megabytes > MOST_MEGABYTES:
        problems.append(f"typesetting took more than {most:.0f} s a core, or {MOST_MEGABYTES} MB")
    job = as_a_job(sheets, language, joined=parsed.joined)
    print(f"as a job: {job.seconds:.1f} s by the clock from order to file ({job.cpu:.1f} s of CPU)")
    print(
        f"{job.megabytes:.0f} MB at most, the whole server ({job.before:.0f} MB before the order)"
    )
    if job.seconds > most:
        problems.append(f"the job took more than {most:.0f} s")
    if job.megabytes > MOST_MEGABYTES:
        problems.append(f"the server took more than {MOST_MEGABYTES} MB")
    if problems:
        sys.exit("Over its bound: " + "; ".join(problems) + ".")
    print(f"within {most:.0f} s and {MOST_MEGABYTES} MB")


@dataclass(frozen=True)
class Job:
    """What an order of sheets took."""

    seconds: float
    cpu: float
    before: float  # MB
    megabytes: float  # at most


def as_a_job(sheets: int, language: str, *, joined: bool) -> Job:
    """Order sheets at a server of their own, and wait for the file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environ = _prepared(folder, language)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        program = Path(sys.executable).with_name("beboerpuls")
        server = subprocess.Popen(
            [program, "serve", "--server", "waitress", "--port", str(port)],
            env=os.environ | environ,
            stdout=subprocess.DEVNULL,
        )
        try:
            return _ordered(f"http://127.0.0.1:{port}", server.pid, sheets, language, joined=joined)
        finally:
            server.terminate()
            server.wait()


def _prepared(folder: Path, language: str) -> dict[str, str]:
    """An open wave, an area and a coordinator; the settings to serve them."""
    environ = {
        DATABASE: f"sqlite:///{folder / 'answers.db'}",
        KEY_FILE: str(folder / "keys.json"),
        DATA_FOLDER: str(folder / "data"),
        HTTPS: "no",
    }
    keys = make_key_file(folder / "keys.json")
    database = Database(environ[DATABASE], keys.purposes["audit"])
    upgrade(database.engine)
    form = make_form(FORM, ["da"] if language == "da" else ["da", language])
    today = dt.datetime.now(dt.UTC).date()
    with database.writing() as session:
        study = studies.create_study(
            session, "puls", "Bopulsen", "Fonden", "70 20 30 40", actor="benchmark"
        )
        session.add(Area(study_id=study.id, key=AREA, name="Birkevang", level="afdeling"))
        wave = studies.plan_wave(
            session, study, closes=today + dt.timedelta(days=30), actor="benchmark"
        )
        studies.open_wave(
            session, wave, form, today=today, accept_unreviewed=form.languages, actor="benchmark"
        )
        add_account(session, "jonas", PASSWORD, [(study, "coordinator")], actor="benchmark")
    database.engine.dispose()
    return environ


def _ordered(site: str, pid: int, sheets: int, language: str, *, joined: bool) -> Job:
    web = urllib.request.build_opener(
        urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    )

    def sent(path: str, **values: str) -> str:
        token = re.search(r'name="csrf_token" value="([^"]+)"', _page(web, site + path))
        values["csrf_token"] = token[1] if token else ""
        with web.open(site + path, urlencode(values).encode(), timeout=60) as answer:
            return answer.url

    sent("/staff/sign-in", name="jonas", password=PASSWORD)
    before = _megabytes(pid, "VmRSS")
    started, worked = time.perf_counter(), _cpu(pid)
    job = sent(
        "/coordination/waves/1/sheets",
        way="stock", stock=str(sheets), area=AREA, language=language,
        **({"joined": "1"} if joined else {}),
    )  # fmt: skip
    while (state := json.loads(_page(web, f"{job}/state")))["state"] in {"queued", "running"}:
        time.sleep(1)
    if state["state"] != "done":
        sys.exit(f"The job ended as {state}.")
    seconds = time.perf_counter() - started
    return Job(seconds, _cpu(pid) - worked, before, _megabytes(pid, "VmHWM"))


def _page(web: urllib.request.OpenerDirector, address: str) -> str:
    """A page; tried again while the server is starting."""
    for _ in range(120):
        try:
            with web.open(address, timeout=60) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError:
            raise
        except OSError:
            time.sleep(0.5)
    sys.exit("The server did not start.")


def _megabytes(pid: int, what: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(rf"{what}:\s+(\d+)", status)[1]) / 1024


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
