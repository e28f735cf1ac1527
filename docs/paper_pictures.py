"""Take the pictures of the paper desk: receiving, a batch, settling, quality.

    python docs/paper_pictures.py [FOLDER]

As docs/screenshots.py does, on a temporary database with invented people.
"""

from __future__ import annotations

import datetime as dt
import shutil
import sys
import tempfile
import uuid
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, sync_playwright
from screenshots import DESK, ENLARGED, OURS, PASSWORD, PHONE, PICTURES, Camera, Product

from instruments import Form, Kind
from survey.access import add_account
from survey.batches import Rules, batch_named, draw, passes_demanded, set_batch_rules
from survey.models import Account, Sheet, Wave
from survey.paper import Pass, save_keying
from survey.receiving import receive
from survey.settling import Decided, Decision, both_of, settle_differences, sheet_to_settle
from survey.sheet_stock import add_sheets

NOW = dt.datetime.now(dt.UTC)
SHEETS = 24
ERRORS = {"karen": 0.004, "bo": 0.006}


def fill(product: Product) -> tuple[int, str]:
    """A batch that was received and keyed; returns its id and the serial with most differences."""
    with product.database.writing() as session:
        wave = session.get_one(Wave, product.wave[0])
        for name, role in (
            ("karen", "fieldworker"),
            ("bo", "fieldworker"),
            ("gerda", "fieldworker"),
            ("bodil", "coordinator"),
        ):
            add_account(session, name, PASSWORD, [(wave.study, role)], actor="pictures")
        batch = batch_named(session, wave, "Toften, uge 47")
        set_batch_rules(session, batch, Rules(0.5, 0.02), actor="bodil")
        serials = add_sheets(
            session, wave, area="0667-012", batch="Udsendt", number=SHEETS + 6, actor="pictures"
        )
        for serial in serials[:SHEETS]:
            receive(session, serial, {wave.study_id}, batch, actor="karen", at=NOW)
        session.flush()
        draw(session, batch, actor="bodil", seed=14)
        batch_id, study_id = batch.id, wave.study_id
    form = product.form
    rng = np.random.default_rng(5)
    with product.database.reading() as session:
        drawn = {one.serial for one in session.query(Sheet).filter_by(second_keying=True)}
    many = next(place for place, serial in enumerate(serials) if serial in drawn)
    for place, serial in enumerate(serials[:SHEETS]):
        truth = answers(form, rng)
        for name in ("karen", "bo"):
            with product.database.writing() as session:
                sheet = session.query(Sheet).filter_by(serial=serial).one()
                if len(sheet.keyings) >= passes_demanded(session, sheet):
                    continue
                keyer = session.query(Account).filter_by(name=name).one()
                keyed = mistaken(form, truth, rng, 0.05 if place == many else ERRORS[name])
                begun = NOW - dt.timedelta(seconds=float(rng.uniform(50, 80)))
                save_keying(
                    session,
                    product.keys,
                    form,
                    serial,
                    keyer.id,
                    {study_id},
                    Pass(uuid.uuid4(), keyed, NOW, NOW.date(), begun),
                )
    with product.database.reading() as session:
        waiting = session.query(Sheet).filter_by(batch_id=batch_id, state="keyed_twice").all()
        first, *rest = sorted(one.serial for one in waiting)
    for serial in rest:
        decide(product, serial, study_id)
    return batch_id, first


def decide(product: Product, serial: str, study_id: int) -> None:
    """Let Gerda settle a sheet: what the second keyer keyed holds."""
    with product.database.writing() as session:
        gerda = session.query(Account).filter_by(name="gerda").one()
        sheet = sheet_to_settle(session, serial, gerda.id, {study_id})
        both = both_of(product.keys, product.form, sheet)
        values = {one: Decision(both.second.values[one], "slip") for one in both.differences}
        settle_differences(
            session,
            product.keys,
            product.form,
            serial,
            gerda.id,
            {study_id},
            Decided(uuid.uuid4(), values, NOW),
        )


def answers(form: Form, rng: np.random.Generator) -> dict[str, object]:
    found: dict[str, object] = {}
    for column in form.columns:
        responses = form.item_of(column).item.responses
        if responses.kind is Kind.SINGLE:
            found[column] = int(rng.choice(responses.codes))
        elif responses.kind is Kind.RATING:
            found[column] = int(rng.integers(0, 11))
    hidden = form.hidden(found)
    return {column: value for column, value in found.items() if column not in hidden}


def mistaken(
    form: Form, truth: dict[str, object], rng: np.random.Generator, rate: float
) -> dict[str, object]:
    keyed = dict(truth)
    for column, value in truth.items():
        codes = form.item_of(column).item.responses.codes
        if codes and rng.random() < rate:
            keyed[column] = int(rng.choice([one for one in codes if one != value]))
    return keyed


def pictures(browser: Browser, product: Product, folder: Path, where: tuple[int, str]) -> None:
    batch_id, serial = where
    wave_id = product.wave[0]
    devices = {
        "desk": DESK,
        "dark": DESK | {"color_scheme": "dark"},
        "phone": PHONE,
        "enlarged": ENLARGED,
    }
    for name, device in devices.items():
        for who, pages in {
            "gerda": {
                "receive": "/paper/receive",
                "settle-start": "/settling/",
                "settle": f"/settling/{serial}",
                "story": f"/paper/sheets/{serial}",
            },
            "bodil": {
                "paper": "/paper/",
                "batch": f"/paper/batches/{batch_id}",
                "missing": f"/paper/waves/{wave_id}/missing",
                "quality": f"/paper/waves/{wave_id}/quality",
                "printed": f"/paper/waves/{wave_id}/printed",
            },
        }.items():
            camera = Camera(browser, product, folder, **device)
            camera.page.goto("/staff/sign-in")
            camera.page.fill("#name", who)
            camera.page.fill("#password", PASSWORD)
            camera.press("main form button.button")
            for what, address in pages.items():
                camera.page.goto(address)
                if what == "settle":
                    labels = camera.page.locator(".difference").first.locator("label")
                    labels.nth(0).click()
                    others = camera.page.locator(".difference").last
                    others.locator("input[value=other]").check(force=True)
                camera.take(f"paper-{name}-{what}")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as work, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        product = Product(Path(work), OURS)
        pictures(browser, product, folder, fill(product))
        browser.close()
    PICTURES.mkdir(exist_ok=True)
    shutil.copyfile(folder / "paper-desk-settle.png", PICTURES / "settling.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp()))
