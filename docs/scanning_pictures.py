"""Take the pictures of scanning: files added, what became of them, deciding, settling with strips.

    python docs/scanning_pictures.py [FOLDER]

As docs/screenshots.py does, on a temporary database with invented people, whose sheets are filled in
and scanned by the generator that scanning is measured by (tests/given/scanned_sheets.py).
"""

from __future__ import annotations

import datetime as dt
import shutil
import sys
import tempfile
import uuid
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from screenshots import DESK, ENLARGED, PASSWORD, PHONE, PICTURES, ROOT, Camera, Product

from survey.access import add_account
from survey.batches import Rules, batch_named, set_batch_rules
from survey.job_kinds import CHORES, KINDS
from survey.keyed import opened
from survey.languages import Languages
from survey.models import Account, Sheet, Wave
from survey.paper import Pass, save_keying
from survey.printing.content import Asking, sheet_content
from survey.printing.orders import Order
from survey.printing.runs import print_sheets
from survey.printing.typesetting import Typesetter
from survey.scanning.deletion import keep_until
from survey.worker import Worker, Workshop

sys.path.insert(0, str(ROOT / "tests" / "given"))
from scanned_sheets import Stock
from scans import as_pdf

NOW = dt.datetime.now(dt.UTC)
DEVICES = {
    "desk": DESK,
    "dark": DESK | {"color_scheme": "dark"},
    "phone": PHONE,
    "enlarged": ENLARGED,
}


def printed(product: Product, folder: Path) -> tuple[list[str], Stock]:
    """Sheets in a batch that is keyed twice, and the stock that they are of."""
    with product.database.writing() as session:
        wave = session.get_one(Wave, product.wave[0])
        study = wave.study
        for name, role in (
            ("karen", "fieldworker"), ("bo", "fieldworker"), ("gerda", "fieldworker"),
            ("bodil", "coordinator"),
        ):  # fmt: skip
            add_account(session, name, PASSWORD, [(study, role)], actor="pictures")
        keep_until(session, study, dt.date(NOW.year + 1, 6, 30), actor="pictures")
        batch = batch_named(session, wave, "Toften, uge 47")
        set_batch_rules(session, batch, Rules(1.0, 0.02), actor="bodil")
        closes, sender, contact = wave.closes, study.sender, study.contact
        asking = Asking(sender, contact, wave.legal_basis, closes, (closes or NOW.date()).year)
    words = Languages().words("da")
    order = Order(stock=6, area="0667-012", batch="Toften, uge 47")
    run = print_sheets(
        product.database, product.wave[0], product.form, words, order, folder, actor="pictures"
    )
    typesetter = Typesetter(sheet_content(product.form, words, asking, large=False))
    if typesetter.layout_id != run.layout:
        raise SystemExit("The stock is not what was printed.")
    return list(run.serials), Stock(typesetter, product.form)


def files(serials: list[str], stock: Stock, folder: Path) -> list[Path]:
    """A bundle as a scanner makes it, with a doubled, a blank and a torn-off page; and photographs."""
    pages = {
        serial: [one.jpeg for one in stock.filled(serial, 20 + place).scanned(photo=False)]
        for place, serial in enumerate(serials)
    }
    whole = [page for serial in serials[:3] for page in pages[serial]]
    (folder / "bundt.pdf").write_bytes(as_pdf([*whole, whole[0], pages[serials[3]][0]]))
    for place, page in enumerate(pages[serials[4]]):
        (folder / f"IMG_{place}.jpg").write_bytes(page)
    (folder / "noter.docx").write_bytes(b"PK\x03\x04 no picture")
    (folder / "ødelagt.pdf").write_bytes(b"%PDF-1.7 cut")
    return [folder / name for name in ("bundt.pdf", "IMG_0.jpg", "IMG_1.jpg")]


def sign_in(camera: Camera, who: str) -> None:
    camera.page.goto("/staff/sign-in")
    camera.page.fill("#name", who)
    camera.page.fill("#password", PASSWORD)
    camera.press("main form button.button")


def add(camera: Camera, paths: list[Path]) -> None:
    camera.page.goto("/scans/")
    camera.page.set_input_files("#files", paths)
    camera.press("form[enctype] .button")


def decide_all(camera: Camera) -> None:
    """Decide every sheet that waits, as somebody does who has only a keyboard."""
    page = camera.page
    page.goto("/scans/")
    while page.locator("#waiting ~ div a").count():
        camera.press("#waiting ~ div a")
        while page.url.rstrip("/").rpartition("/")[0].endswith("/sheet"):
            for field in page.locator("input.entry").all():
                field.fill("/")
            camera.press("#decide .button")


def key_again(product: Product, keyer: str) -> None:
    """A second pass that differs from the scanner's in two fields."""
    with product.database.writing() as session:
        who = session.query(Account).filter_by(name=keyer).one()
        sheets = session.query(Sheet).filter_by(state="keyed_once").all()
        for sheet in sheets:
            values = dict(opened(product.keys, sheet.keyings[0]).values)
            changed = [
                (column, next(code for code in codes if code != values[column]))
                for column in values
                if (codes := product.form.item_of(column).item.responses.codes)
                and isinstance(values[column], int)
                and values[column] > 0
            ][:2]
            save_keying(
                session, product.keys, product.form, sheet.serial, who.id,
                {sheet.batch.wave.study_id},
                Pass(uuid.uuid4(), values | dict(changed), NOW, NOW.date(),
                     NOW - dt.timedelta(seconds=70)),
            )  # fmt: skip


def walk(browser: Browser, product: Product, work: Path, folder: Path) -> None:
    serials, stock = printed(product, work / "prints")
    paths = files(serials, stock, work)
    worker = Worker(Workshop(product.settings, product.database), KINDS, CHORES)
    cameras = {name: Camera(browser, product, folder, **one) for name, one in DEVICES.items()}
    for camera in cameras.values():
        sign_in(camera, "karen")

    def take(what: str, path: str) -> None:
        for name, camera in cameras.items():
            camera.page.goto(path)
            camera.take(f"scanning-{name}-{what}")

    desk = cameras["desk"]
    take("empty", "/scans/")
    add(desk, paths)
    desk.take("scanning-desk-added")
    worker.work(until_idle=True)
    add(desk, [work / "noter.docx", work / "bundt.pdf"])
    desk.take("scanning-desk-refused")
    add(desk, [work / "ødelagt.pdf"])
    worker.work(until_idle=True)
    take("start", "/scans/")
    take("file", "/scans/1")
    take("failed", "/scans/3")
    desk.page.goto("/scans/")
    first = desk.page.locator("#waiting ~ div a").first.get_attribute("href")
    take("decide", str(first))
    for name, camera in cameras.items():
        camera.press("#decide .button")
        camera.take(f"scanning-{name}-wrong")
    decide_all(desk)
    desk.take("scanning-desk-decided")
    key_again(product, "bo")
    for who in ("gerda", "bodil"):
        for camera in cameras.values():
            camera.page.context.clear_cookies()
            sign_in(camera, who)
        if who == "gerda":
            take("settle", f"/settling/{serials[0]}")
        else:
            take("quality", f"/paper/waves/{product.wave[0]}/quality")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as work, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        product = Product(Path(work), ("background",))
        walk(browser, product, Path(work), folder)
        browser.close()
    PICTURES.mkdir(exist_ok=True)
    shutil.copyfile(folder / "scanning-desk-decide.png", PICTURES / "scanning.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp()))
