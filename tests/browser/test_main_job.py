"""The whole way, as its users go it: a phone and a paper sheet become scores in a labelled file."""

import csv
import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pyreadstat
import pytest
from playwright.sync_api import expect
from processes import Command, run

COMMAND = Path(sys.executable).with_name("beboerpuls")
INSTRUMENTS = ("tryghed", "trivsel", "beboerdemokrati", "background")
PASSWORD = "korrekt hest batteri"
# What the person on the phone answers wherever the scale goes from 1 to 5, and what paper says.
ON_THE_PHONE, ON_PAPER = "4", "2"
YEARS = {"background_moved_in": "2014"}


class Installation:
    """A new installation, made and run with the commands that operators have.

    The first is the program as it is installed; the others begin where its loading ends.
    """

    def __init__(self, folder, database_url):
        self.folder = folder
        self.environ = {"BEBOERPULS_HTTPS": "no"}
        made = subprocess.run(
            [COMMAND, "init", folder / "installation", "--database", database_url],
            capture_output=True,
            text=True,
            check=True,
        )
        exports = re.findall(r"^export (BEBOERPULS_\w+)='?([^'\n]*)'?$", made.stdout, re.MULTILINE)
        self.environ |= dict(exports)

    def run(self, *words, typed=""):
        return run(words, self.environ, self.folder, typed)

    def write(self, name, *rows):
        with (self.folder / name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
        return self.folder / name


@pytest.fixture
def installation(tmp_path, empty_database):
    url = empty_database.engine.url.render_as_string(hide_password=False)
    made = Installation(tmp_path, url)
    made.run("study", "create", "puls", "--title", "Bopulsen", "--sender", "Fonden")
    areas = made.write("areas.csv", ("area", "name", "dwellings"), ("0667-012", "Ærtevej", 80))
    made.run("study", "areas", "puls", areas)
    made.run("wave", "plan", "puls")
    invited = made.write("invited.csv", ("reference", "area"), ("R1", "0667-012"))
    made.codes = tmp_path / "codes.csv"
    made.run("study", "invitations", "puls", 1, invited, "--codes", made.codes)
    asked = [word for name in INSTRUMENTS for word in ("--instrument", name)]
    made.run("wave", "open", "puls", 1, *asked, "--accept-unreviewed", "da")
    pile = ("--number", 1, "--batch", "Bundt 1", "--json")
    made.serials = json.loads(made.run("sheets", "add", "puls", 1, "0667-012", *pile))["serials"]
    made.run("account", "add", "bodil", "--role", "fieldworker:puls", typed=f"{PASSWORD}\n" * 2)
    return made


@pytest.fixture
def address(installation):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Command(("serve", "--port", port, "--workers", 1), installation.environ).start()
    # A whole answer: the socket is there before the worker behind it.
    for _ in range(600):
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as one:
                one.request("GET", "/help")
                one.getresponse().read()
            break
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    server.send_signal(signal.SIGTERM)
    server.wait(20)


def press(page, selector):
    """Press what leads to another page, and wait until that is there."""
    with page.expect_navigation():
        page.locator(selector).first.click()


def answer_on_the_phone(page, address, code):
    page.goto(f"{address}/c/{code}")
    expect(page).not_to_have_url(re.compile(code))
    while not page.locator("form fieldset, form .question").count():
        press(page, "main form button")
    while not page.locator(".receipt").count():
        for radio in page.locator(f"input[type=radio][value='{ON_THE_PHONE}']").all():
            radio.check()
        for name, value in YEARS.items():
            for entry in page.locator(f"input[type=text][name={name}]").all():
                entry.fill(value)
        # The page's own script sends the answers, and goes on when they have arrived.
        press(page, "main form .moves button")
    return page.locator(".receipt .code").inner_text()


def key_the_sheet(page, address, serial):
    page.goto(f"{address}/staff/sign-in")
    page.locator("input[name=name]").fill("bodil")
    page.locator("input[name=password]").fill(PASSWORD)
    press(page, "main form button")
    page.goto(f"{address}/keying/")
    page.locator("#serial").fill(serial)
    page.keyboard.press("Enter")
    expect(page.locator("#field-number")).to_be_visible()
    for _ in range(100):
        if not page.locator("#field").is_visible():
            break
        before = page.locator("#field-number").inner_text()
        codes = page.locator("#codes dt").all_inner_texts()
        lowest = re.findall(r"\d+", page.locator("#field-range").inner_text())[:1]
        page.keyboard.type(ON_PAPER if ON_PAPER in codes else (codes or lowest or ["Tak"])[0])
        for _ in range(3):
            still = page.locator("#field").is_visible()
            if still and page.locator("#field-number").inner_text() == before:
                page.keyboard.press("Enter")
    page.locator("#save").click()
    expect(page.get_by_role("status")).to_contain_text(f"Ark {serial} er gemt")


def test_a_phone_and_a_paper_sheet_come_out_as_scale_scores_in_a_labelled_file(
    installation, address, browser, tmp_path
):
    with installation.codes.open(encoding="utf-8-sig") as file:
        [invited] = csv.DictReader(file)
    code = re.sub(r"\W", "", invited["code"])
    # Without what is kept for a lost line: a slow machine would go on with that, within one page.
    phone = browser.new_context(
        viewport={"width": 360, "height": 740}, service_workers="block"
    ).new_page()
    receipt = answer_on_the_phone(phone, address, code)
    assert re.fullmatch(r"(\w{4} ){2}\w{4}", receipt)
    desk = browser.new_context(viewport={"width": 1280, "height": 800}, locale="da-DK").new_page()
    key_the_sheet(desk, address, installation.serials[0])
    phone.context.close()
    desk.context.close()

    installation.run("wave", "close", "puls", 1, "--yes")
    frozen = json.loads(installation.run("wave", "freeze", "puls", 1, "--json"))
    folder = frozen["folder"]
    installation.run("dataset", "check", folder)
    printed = json.loads(installation.run("score", folder, "--json"))
    assert {one["scale"]: one["n"] for one in printed["scales"]}["tryghed_t1"] == 2
    out = tmp_path / "files"
    installation.run("export", folder, "--format", "sav", "--language", "da", "--out", out)

    [file] = out.glob("*.sav")
    frame, labels = pyreadstat.read_sav(file, user_missing=True)
    by_mode = frame.set_index("mode")
    assert sorted(by_mode.index) == [1, 2]
    assert (by_mode.loc[1, "tryghed_t1_home_night"], by_mode.loc[2, "tryghed_t1_home_night"]) == (
        4,
        2,
    )
    # Four of five points is 75 per cent of the way, two of five is 25.
    assert [by_mode.loc[mode, "tryghed_t1_score"] for mode in (1, 2)] == [75, 25]
    assert labels.variable_value_labels["tryghed_t1_home_night"][5] == "Meget tryg"
    assert labels.column_names_to_labels["tryghed_t1_home_night"] == "Hjemme om natten"
    assert labels.missing_ranges["tryghed_t1_home_night"] == [{"lo": -10, "hi": -1}]
