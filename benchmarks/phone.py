"""What answering costs a phone: bytes, requests, and the time to a page of questions on a bad line.

    python benchmarks/phone.py [--lighthouse PATH] [--languages da,ar]

In every language a real browser opens the front page and a page of questions with nothing kept, and
counts what comes over the line, headers included; what scripts fetch afterwards is the copy for a
lost line and is told apart. The bad line is a relay that every connection runs through: 400 ms a
round trip, two of them to connect (TCP, TLS 1.3), 400 kbit/s for all connections together, both
ways. Peers' figures are of a first visit, gzip, and were taken once before: they are printed for
comparison, not measured here. Lighthouse (`npm install lighthouse`) judges the page of questions as a phone; where
it is missing, the script says so and ends with 1. The exit code is 1 where a limit is broken.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import waitress
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, sync_playwright

from instruments import make_form
from survey import create_app
from survey.database import Database
from survey.forms import pin_of
from survey.models import Area, Invitation, Study, Wave, WaveForm
from survey.schema import upgrade
from survey.secrets import Keys, make_code, make_key_file
from survey.settings import Settings

INSTRUMENTS = ("tryghed", "trivsel", "beboerdemokrati", "background")
LANGUAGES = ("da", "en", "ar", "tr", "so", "fa", "ur", "bs", "pl", "uk")
LARGEST_VISIT, MOST_REQUESTS, LARGEST_COPY = 30_000, 4, 60_000
MOST_SECONDS, LEAST_ACCESSIBLE, LEAST_FAST = 2.5, 100, 98
ROUND_TRIP, BYTES_A_SECOND, TO_CONNECT = 0.4, 50_000, 2
PHONE = {"viewport": {"width": 360, "height": 740}, "locale": "da-DK"}
# First visits, gzip, as taken once before: kB and requests.
PEERS = {"LimeSurvey": (1218, 28), "UK census runner": (553, 7), "SurveyJS": (451, 5)}

# When the first answers can be seen and pressed, by the browser's own clock, from the press that
# asked for the page.
ANSWERABLE = """() => new Promise((resolve) => {
    const seen = () => {
        const painted = performance.getEntriesByName("first-contentful-paint")[0];
        const { domInteractive } = performance.getEntriesByType("navigation")[0];
        if (!painted || !domInteractive) return setTimeout(seen, 10);
        resolve(Math.max(painted.startTime, domInteractive) / 1000);
    };
    seen();
})"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lighthouse", default=shutil.which("lighthouse"))
    parser.add_argument("--languages", default=",".join(LANGUAGES))
    asked = parser.parse_args()
    languages = tuple(asked.languages.split(","))
    broken: list[str] = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        address, codes = start(Path(folder), 2 * len(languages) + 1)
        slow = Line(int(address.rpartition(":")[2])).address
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        print(f"{'':9}{'front page':>18}{'questions':>18}{'offline copy':>15}{'on a bad line':>15}")
        for language in languages:
            row = visit(browser, address, codes.pop(), language)
            row["seconds"] = wait(browser, address, slow, codes.pop(), language)
            broken += judged(language, row)
            print(
                f"{language:9}{shown(*row['front']):>18}{shown(*row['page']):>18}"
                f"{row['copy'] / 1000:>12.1f} kB{row['seconds']:>13.2f} s"
            )
        print("\nA first visit, beside")
        for name, (size, requests) in PEERS.items():
            print(f"{name:18}{size:>6} kB in {requests} requests")
        if asked.lighthouse:
            broken += lighthouse(asked.lighthouse, browser, address, codes.pop())
        else:
            broken.append("Lighthouse is not here: npm install lighthouse, or name it")
        browser.close()
    print("\n" + ("\n".join(f"BROKEN: {one}" for one in broken) or "kept: every limit"))
    sys.exit(1 if broken else 0)


def start(folder: Path, people: int) -> tuple[str, list[str]]:
    """The product on SQLite with one open wave in all languages; its address and letters' codes."""
    keys = make_key_file(folder / "keys.json")
    database = f"sqlite:///{folder / 'answers.db'}"
    settings = Settings(database=database, keys=keys, data=folder / "data", https=False)
    migrated = Database(database)
    upgrade(migrated.engine)
    migrated.engine.dispose()
    app = create_app(settings)
    with app.extensions["beboerpuls"].database.writing() as session:
        study = Study(key="bench", title="Bench", sender="Fonden for Gode Naboer")
        session.add(study)
        session.flush()
        wave = Wave(study_id=study.id, number=1, status="open", opens=dt.date(2026, 11, 1))
        area = Area(study_id=study.id, key="a", name="A")
        session.add_all([wave, area])
        session.flush()
        form = make_form(INSTRUMENTS, LANGUAGES, settings.library)
        session.add(WaveForm(wave_id=wave.id, pin=pin_of(form)))
        codes = [invite(session.add, keys, wave, area, at) for at in range(people)]
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=8)
    threading.Thread(target=server.run, daemon=True).start()
    return f"http://127.0.0.1:{server.effective_port}", codes


def invite(add: Callable[[Any], None], keys: Keys, wave: Wave, area: Area, at: int) -> str:
    code = make_code()
    add(
        Invitation(
            wave_id=wave.id, area_id=area.id, code_hash=keys.code_hash(code), reference=str(at)
        )
    )
    return code


def visit(browser: Browser, address: str, code: str, language: str) -> dict[str, Any]:
    """What comes over the line for the front page, a page of questions and the offline copy."""
    context = browser.new_context(base_url=address, **PHONE, service_workers="block")
    page = context.new_page()
    line = Counted(context.new_cdp_session(page))
    page.goto(f"/?language={language}", wait_until="networkidle")
    front = line.cost
    begin(page, code, language)
    page.wait_for_load_state("networkidle")
    line.forget()
    page.goto("/page/1", wait_until="networkidle")
    carried = json.loads(page.locator("#sending").get_attribute("data-carried") or "{}")
    copy = len(gzip.compress(fetched(context, address + carried["document"]), 6))
    context.close()
    return {"front": front, "page": line.cost, "copy": copy}


def wait(browser: Browser, address: str, slow: str, code: str, language: str) -> float:
    """Seconds to a page of questions on the bad line, with nothing kept: the median of three."""
    context = browser.new_context(**PHONE, service_workers="block")
    page = context.new_page()
    page.goto(f"{address}/")
    begin(page, code, language, address)
    session = context.new_cdp_session(page)
    taken = []
    for _ in range(3):
        session.send("Network.clearBrowserCache")
        page.goto(f"{slow}/page/1")
        taken.append(float(page.evaluate(ANSWERABLE)))
        page.locator(".answer label").first.click()
        page.goto("about:blank")
    context.close()
    return sorted(taken)[1]


def begin(page: Page, code: str, language: str, address: str = "") -> None:
    page.context.clear_cookies()  # a language that was chosen before is not asked for again
    page.goto(f"{address}/c/{code}")
    page.locator(f"button[value={language}]").click()
    page.wait_for_url("**/about")
    page.locator("main form button.button").first.click()
    page.wait_for_url("**/page/1")


def fetched(context: BrowserContext, url: str) -> bytes:
    return context.request.get(url).body()


class Counted:
    """Requests of a page, and their bytes as they came, headers included."""

    def __init__(self, session: CDPSession) -> None:
        self.seen: dict[str, int] = {}
        self.session = session
        session.send("Network.enable")
        session.on("Network.requestWillBeSent", self._asked)
        session.on("Network.loadingFinished", self._came)

    def _asked(self, event: dict[str, Any]) -> None:
        if event["request"]["url"].startswith("http") and event["type"] != "Fetch":
            self.seen.setdefault(event["requestId"], 0)

    def _came(self, event: dict[str, Any]) -> None:
        if event["requestId"] in self.seen:
            self.seen[event["requestId"]] = int(event["encodedDataLength"])

    def forget(self) -> None:
        self.session.send("Network.clearBrowserCache")
        self.seen.clear()

    @property
    def cost(self) -> tuple[int, int]:
        return len(self.seen), sum(self.seen.values())


class Line:
    """A relay before the product that is as slow as a bad mobile line."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._free = {"up": 0.0, "down": 0.0}  # when each way has passed on what it was given
        ready = threading.Event()
        threading.Thread(target=asyncio.run, args=(self._serve(ready),), daemon=True).start()
        ready.wait()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.own}"

    async def _serve(self, ready: threading.Event) -> None:
        server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        self.own = server.sockets[0].getsockname()[1]
        ready.set()
        await server.serve_forever()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(TO_CONNECT * ROUND_TRIP)
        product, to_product = await asyncio.open_connection("127.0.0.1", self.port)
        await asyncio.gather(
            self._carry(reader, to_product, "up"), self._carry(product, writer, "down")
        )

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: str
    ) -> None:
        loop = asyncio.get_running_loop()
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def arrive() -> None:
            while True:
                due, piece = await under_way.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                if not piece:
                    writer.close()
                    return
                if not writer.is_closing():
                    writer.write(piece)

        arriving = asyncio.create_task(arrive())
        while True:
            piece = await reader.read(1400)
            sent = max(loop.time(), self._free[way]) + len(piece) / BYTES_A_SECOND
            self._free[way] = sent
            under_way.put_nowait((sent + ROUND_TRIP / 2, piece))
            if not piece:
                break
        await arriving


def judged(language: str, row: dict[str, Any]) -> list[str]:
    broken = []
    for name in ("front", "page"):
        requests, size = row[name]
        if size > LARGEST_VISIT or requests > MOST_REQUESTS:
            broken.append(f"{language}, {name}: {shown(requests, size)}")
    if row["copy"] > LARGEST_COPY:
        broken.append(f"{language}: the offline copy has {row['copy'] / 1000:.1f} kB")
    if row["seconds"] > MOST_SECONDS:
        broken.append(f"{language}: {row['seconds']:.2f} s to a page of questions")
    return broken


def shown(requests: int, size: int) -> str:
    return f"{size / 1000:.1f} kB in {requests}"


def lighthouse(program: str, browser: Browser, address: str, code: str) -> list[str]:
    """Judge the page of questions as a phone; what falls short."""
    context = browser.new_context(base_url=address, **PHONE, service_workers="block")
    page = context.new_page()
    begin(page, code, "da")
    cookies = "; ".join(f"{one['name']}={one['value']}" for one in context.cookies())
    context.close()
    told = subprocess.run(
        [
            program,
            f"{address}/page/1",
            "--only-categories=accessibility,performance",
            "--output=json",
            "--quiet",
            "--chrome-flags=--headless --no-sandbox",
            f"--extra-headers={json.dumps({'Cookie': cookies})}",
        ],
        env=os.environ | {"CHROME_PATH": shutil.which("chromium") or ""},
        capture_output=True,
        text=True,
        check=False,
    )
    if told.returncode != 0:
        return [f"Lighthouse failed: {told.stderr.strip()[-300:]}"]
    report = json.loads(told.stdout)
    if not report["finalDisplayedUrl"].endswith("/page/1"):
        return [f"Lighthouse saw {report['finalDisplayedUrl']}, not the page of questions"]
    scores = {name: round(100 * one["score"]) for name, one in report["categories"].items()}
    print(f"\nLighthouse {report['lighthouseVersion']}, page of questions: {scores}")
    least = {"accessibility": LEAST_ACCESSIBLE, "performance": LEAST_FAST}
    return [
        f"Lighthouse {name} {scores[name]}, not {wanted}"
        for name, wanted in least.items()
        if scores[name] < wanted
    ]


if __name__ == "__main__":
    main()
