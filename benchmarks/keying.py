"""How long a keyer waits from a key to the next field, beside a bare page that only echoes the key.

    python benchmarks/keying.py [--sheets 4] [--pace 100] [--busy 0] [--away]

A scripted keyboard keys whole sheets of every instrument with the number pad in a real browser.
Each wait is measured in the page, from the key's own time stamp to the frame that shows the next
field: at most 50 ms at the 99th percentile, and at least 60 answers a minute, saving included. A
frame alone takes up to 17 ms, and a busy machine is late by itself; both show in the bare page,
which is keyed before and after in the same run. A key comes every `--pace` milliseconds: 100 is
about twice as fast as the fastest people key, 0 as fast as the script can, which also measures how
many frames a second this browser can make without a graphics card. `--busy` starts so many processes that do nothing
but compute, to see the page on a machine that has more to do than it can. `--away` keys on the page
that a device keeps for when it has no network, where what is keyed is sealed field by field. The exit
code is 1 where a limit is broken.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import multiprocessing
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import waitress
from playwright.sync_api import Browser, Page, sync_playwright

from instruments import make_form
from survey import create_app
from survey.access import add_account
from survey.database import Database
from survey.forms import pin_of
from survey.models import Area, Study, Wave, WaveForm
from survey.schema import upgrade
from survey.secrets import make_key_file
from survey.settings import Settings
from survey.sheet_stock import add_sheets

MOST_MILLISECONDS = 50.0
LEAST_A_MINUTE = 60.0
PASSWORD = "hest batteri klamme"
INSTRUMENTS = ("tryghed", "trivsel", "beboerdemokrati", "background")

WATCH = """() => {
    window.waits = [];
    addEventListener("keydown", (event) => {
        requestAnimationFrame(() => setTimeout(
            () => window.waits.push(performance.now() - event.timeStamp)));
    }, true);
}"""
BARE = """<!doctype html><title>Bare</title><p id="echo"></p><script>
addEventListener("keydown", (event) => { echo.textContent = event.key; });
</script>"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sheets", type=int, default=4)
    parser.add_argument("--pace", type=int, default=100)
    parser.add_argument("--busy", type=int, default=0)
    parser.add_argument("--away", action="store_true")
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        busy(asked.busy),
    ):
        address, serials = start(Path(folder), asked.sheets)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(base_url=address, viewport={"width": 1280, "height": 900})
        sign_in(page)
        if asked.away:
            take_along(page)
        floor = bare(browser, asked.pace)
        began = time.monotonic()
        keyed = [key_sheet(page, serial, asked.pace) for serial in serials]
        minutes = (time.monotonic() - began) / 60
        ours = np.concatenate([waits for _, waits in keyed])
        floor = np.concatenate([floor, bare(browser, asked.pace)])
        browser.close()
    told("bare page", floor)
    told("keying", ours)
    answers = sum(fields for fields, _ in keyed)
    middle, late = (np.quantile(ours, q) / np.quantile(floor, q) for q in (0.5, 0.99))
    print(f"times the bare page: {middle:.1f} at p50, {late:.1f} at p99")
    print(f"{answers / minutes:.0f} answers a minute, signing in apart, saving included")
    kept = np.quantile(ours, 0.99) <= MOST_MILLISECONDS and answers / minutes >= LEAST_A_MINUTE
    print(
        f"{'kept' if kept else 'BROKEN'}: p99 at most {MOST_MILLISECONDS:.0f} ms, "
        f"at least {LEAST_A_MINUTE:.0f} answers a minute"
    )
    sys.exit(0 if kept else 1)


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """So many processes that only compute, for as long as the block lasts."""
    running = [multiprocessing.Process(target=compute, daemon=True) for _ in range(processes)]
    for one in running:
        one.start()
    yield
    for one in running:
        one.terminate()


def compute() -> None:
    while True:
        sum(range(10_000))


def told(name: str, waits: np.ndarray) -> None:
    p50, p95, p99, highest = np.quantile(waits, [0.5, 0.95, 0.99, 1])
    print(
        f"{name:10} {len(waits)} keys: p50 {p50:.1f} ms, p95 {p95:.1f}, p99 {p99:.1f}, "
        f"max {highest:.1f}"
    )


def start(folder: Path, sheets: int) -> tuple[str, list[str]]:
    """The product on SQLite, with a keyer and sheets; its address and the serials."""
    settings = Settings(
        database=f"sqlite:///{folder / 'answers.db'}",
        keys=make_key_file(folder / "keys.json"),
        data=folder / "data",
        https=False,
    )
    migrated = Database(settings.database)
    upgrade(migrated.engine)
    migrated.engine.dispose()
    app = create_app(settings)
    database = app.extensions["beboerpuls"].database
    with database.writing() as session:
        study = Study(key="bench", title="Bench", sender="Bench")
        session.add(study)
        session.flush()
        wave = Wave(study_id=study.id, number=1, status="open", opens=dt.date(2026, 11, 1))
        session.add_all([wave, Area(study_id=study.id, key="a", name="A")])
        session.flush()
        form = make_form(INSTRUMENTS, ["da"], settings.library)
        session.add(WaveForm(wave_id=wave.id, pin=pin_of(form)))
        session.flush()
        add_account(session, "karen", PASSWORD, [(study, "fieldworker")], actor="bench")
        serials = add_sheets(session, wave, area="a", batch="b", number=sheets, actor="bench")
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=4)
    threading.Thread(target=server.run, daemon=True).start()
    return f"http://127.0.0.1:{server.effective_port}", serials


def sign_in(page: Page) -> None:
    page.goto("/staff/sign-in")
    page.fill("#name", "karen")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.locator("#serial").wait_for()


def take_along(page: Page) -> None:
    page.click("[data-batch]")
    page.fill("#lock-password", PASSWORD)
    page.keyboard.press("Enter")
    page.locator("#leave-here").wait_for()
    page.goto("/keying/away")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.locator("#serial").wait_for()


def key_sheet(page: Page, serial: str, pace: int) -> tuple[int, np.ndarray]:
    """Key one sheet to its end and save it; the number of fields keyed, and every wait."""
    page.fill("#serial", serial)
    page.keyboard.press("Enter")
    page.locator("#field").wait_for()
    told = json.loads(page.get_attribute("#keying", "data-sheet"))["fields"]
    fields = told or page.request.get("/keying/batches/1/along").json()["form"]["fields"]
    page.evaluate(WATCH)
    keyed = 0
    while page.locator("#field").is_visible():
        number = int(page.locator("#field-number").inner_text().split()[-1])
        for key in keys_for(fields[number - 1]):
            page.keyboard.press(key)
            page.wait_for_timeout(pace)
        keyed += 1
    page.wait_for_timeout(400)  # the page takes no Enter just after the last field
    waits = page.evaluate("window.waits")
    page.keyboard.press("NumpadEnter")
    page.locator("#serial").wait_for()
    return keyed, np.array(waits)


def keys_for(field: dict) -> list[str]:
    """An answer that is allowed and never the fourth alike."""
    if field["kind"] == "text":
        return ["o", "k", "Enter"]
    if field["kind"] in {"single", "multiple"}:
        signs = str(field["codes"][field["number"] % min(2, len(field["codes"]))]["code"])
        # A code that another begins with, as 1 and 12, waits for Enter.
        longer = any(str(one["code"]).startswith(signs) for one in field["codes"][9:])
        enter = field["kind"] == "multiple" or longer
    else:
        signs, enter = str(field["highest"] if field["kind"] == "year" else field["lowest"]), True
    return [f"Numpad{sign}" for sign in signs] + (["NumpadEnter"] if enter else [])


def bare(browser: Browser, pace: int) -> np.ndarray:
    page = browser.new_page()
    page.set_content(BARE)
    page.evaluate(WATCH)
    for _ in range(200):
        page.keyboard.press("Numpad1")
        page.wait_for_timeout(pace)
    page.wait_for_timeout(100)
    waits = np.array(page.evaluate("window.waits"))
    page.close()
    return waits


if __name__ == "__main__":
    main()
