"""Take the pictures that the documentation shows, and more to look at while building.

    python docs/screenshots.py [FOLDER]

Starts the product on a temporary database with invented people, and drives Debian's chromium.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sys
import tempfile
import threading
from pathlib import Path

import waitress
from playwright.sync_api import Browser, Page, sync_playwright

from instruments import Form, make_form
from survey import create_app
from survey.access import add_account
from survey.contacts import Reached
from survey.database import Database
from survey.forms import pin_of
from survey.languages import TRANSLATIONS, Languages
from survey.letters.rounds import Recipient
from survey.letters.typesetting import LetterSetter
from survey.letters.wording import Asking, letter_content
from survey.models import Area, Invitation, Study, Wave, WaveForm
from survey.schema import upgrade
from survey.secrets import make_code, make_key_file
from survey.settings import Settings
from survey.sheet_stock import add_sheets

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
FIXTURES = ROOT / "tests" / "given"
PASSWORD = "hest batteri klamme"  # noqa: S105 -- of people who are made up for the pictures
OURS = ("tryghed", "trivsel", "beboerdemokrati", "background")
LANGUAGES = ("da", "ar", "bs", "en", "fa", "pl", "so", "tr", "uk", "ur")

PHONE = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2}
DESK = {"viewport": {"width": 1280, "height": 900}}
# As a browser shows a page of 360 pixels when it is enlarged to 200 %.
ENLARGED = {"viewport": {"width": 180, "height": 370}, "device_scale_factor": 4}
# A browser without a screen has no voices, and would show no button to read aloud; most phones have.
VOICES = """
speechSynthesis.getVoices = () => ["da", "ar", "ur"].map((lang) =>
  ({ lang, name: lang, voiceURI: lang, localService: true, default: false }));
"""
FONT_FILES = ROOT / "survey" / "printing" / "fonts"
FONTS = """<?xml version="1.0"?>
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>{fonts}</dir>
  <match target="pattern">
    <test name="family" compare="eq"><string>sans-serif</string></test>
    <edit name="family" mode="prepend" binding="strong">
      <string>Noto Sans</string><string>Noto Sans Arabic</string>
    </edit>
  </match>
  <match target="pattern">
    <test name="family" compare="eq"><string>system-ui</string></test>
    <edit name="family" mode="prepend" binding="strong">
      <string>Noto Sans</string><string>Noto Sans Arabic</string>
    </edit>
  </match>
</fontconfig>
"""


class Product:
    """The product on a folder of its own, with one open wave and codes for it."""

    def __init__(self, folder: Path, questionnaires: tuple[str, ...], **settings: object) -> None:
        self.keys = make_key_file(folder / "keys.json")
        self.settings = Settings(
            database=f"sqlite:///{folder / 'answers.db'}",
            keys=self.keys,
            data=folder / "data",
            https=False,
            **settings,
        )
        migrated = Database(self.settings.database)
        upgrade(migrated.engine)
        migrated.engine.dispose()
        small = "mini" in questionnaires
        folders = [FIXTURES / "translations"] if small else []
        app = create_app(self.settings, Languages(TRANSLATIONS, *folders))
        self.database = app.extensions["beboerpuls"].database
        languages = ["da", "ar"] if small else LANGUAGES
        self.form = make_form(questionnaires, languages, self.settings.library)
        self.wave = self._wave(self.form)
        self._server = waitress.create_server(app, host="127.0.0.1", port=0, threads=4)
        threading.Thread(target=self._server.run, daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.effective_port}"

    def code(self, **values: object) -> str:
        code = make_code()
        with self.database.writing() as session:
            wave_id, area_id = self.wave
            invitation = Invitation(
                wave_id=wave_id,
                area_id=area_id,
                reference=code,
                code_hash=self.keys.code_hash(code),
                **values,
            )
            session.add(invitation)
        return code

    def keyer(self, name: str) -> tuple[str, str]:
        """Somebody who keys, and the serial of a sheet that waits."""
        with self.database.writing() as session:
            wave = session.get_one(Wave, self.wave[0])
            add_account(session, name, PASSWORD, [(wave.study, "fieldworker")], actor="pictures")
            serials = add_sheets(
                session,
                wave,
                area="0667-012",
                batch="Toften" if name == "karen" else name,
                number=25,
                actor="pictures",
            )
        return name, serials[8]

    def close_wave(self) -> None:
        with self.database.writing() as session:
            session.get_one(Wave, self.wave[0]).status = "closed"

    def _wave(self, form: Form) -> tuple[int, int]:
        with self.database.writing() as session:
            study = Study(
                key="demo",
                title="Bopulsen",
                sender="Fonden for Gode Naboer",
                contact="ring 12 34 56 78, hverdage fra 9 til 15",
            )
            session.add(study)
            session.flush()
            wave = Wave(
                study_id=study.id,
                number=1,
                status="open",
                opens=dt.date(2026, 11, 1),
                # Kept: a day that has gone by would leave nothing to picture.
                closes=dt.datetime.now(dt.UTC).date() + dt.timedelta(days=21),
            )
            area = Area(study_id=study.id, key="0667-012", name="Toften", dwellings=80)
            session.add_all([wave, area])
            session.flush()
            session.add(WaveForm(wave_id=wave.id, pin=pin_of(form)))
            return wave.id, area.id


class Camera:
    """One device, and the pictures it takes."""

    def __init__(self, browser: Browser, product: Product, folder: Path, **device: object) -> None:
        # A slat that is halfway to being painted is no picture of anything.
        still = {"locale": "da-DK", "reduced_motion": "reduce"}
        context = browser.new_context(base_url=product.address, **still, **device)
        context.set_default_timeout(20_000)
        context.add_init_script(VOICES)
        self.page: Page = context.new_page()
        self._folder = folder

    def take(self, name: str, *, whole: bool = True) -> None:
        # Nothing has the focus, and the page stands at its top.
        self.page.evaluate("document.activeElement.blur(), scrollTo(0, 0)")
        self.page.screenshot(path=self._folder / f"{name}.png", full_page=whole)

    def begin(self, code: str, language: str = "da") -> None:
        self.page.goto(f"/c/{code}")
        self.press(f"button[value={language}]")
        self.press("main form button.button")

    def choose(self, *answers: int) -> None:
        """Choose the nth answer of each question of the page."""
        for question, answer in zip(self.page.locator("fieldset").all(), answers, strict=False):
            labels = question.locator(".answers label")
            if labels.count():
                labels.nth(min(answer, labels.count() - 1)).click()

    def next(self) -> None:
        self.press(".moves .button")

    def press(self, selector: str) -> None:
        # What is sent by a script comes with a page only when it has been answered.
        with self.page.expect_navigation():
            self.page.locator(selector).first.click()


def resident(browser: Browser, product: Product, folder: Path, name: str, **device: object) -> None:
    """The whole way of one resident."""
    camera = Camera(browser, product, folder, **device)
    page = camera.page
    page.goto("/")
    camera.take(f"{name}-1-front")
    page.fill("#code", "K7M4 RW2P 9XQ1")
    camera.press("main form button.button")
    camera.take(f"{name}-2-mistyped")
    page.goto(f"/c/{product.code()}")
    camera.take(f"{name}-3-language")
    camera.press("button[value=da]")
    camera.take(f"{name}-4-about")
    camera.press("main form button.button")
    camera.choose(3)
    camera.take(f"{name}-5-question")
    camera.take(f"{name}-5-question-screen", whole=False)
    while page.locator(".question").count():
        if page.locator("input[inputmode=numeric]").count():
            page.locator("input[inputmode=numeric]").first.fill("2206")
            camera.next()
            camera.take(f"{name}-6-error")
            camera.press("button[value=skip]")
            continue
        if page.locator(".line").count() and page.locator("textarea").count() == 0:
            camera.take(f"{name}-7-line")
        if page.locator("button[value=send]").count():
            camera.take(f"{name}-8-last")
        camera.choose(2, 3, 2, 1, 2, 7)
        camera.next()
    camera.take(f"{name}-9-done")
    for address in ("help", "privacy", "accessibility", "sorry/used"):
        page.goto(f"/{address}")
        camera.take(f"{name}-{address.replace('/', '-')}")


def two_tabs(browser: Browser, product: Product, folder: Path) -> None:
    """Two tabs that answer alike and differently, and a wave that closes in the middle."""
    camera = Camera(browser, product, folder, **PHONE)
    camera.begin(product.code())
    other = camera.page.context.new_page()
    other.goto(camera.page.url)
    other.locator("fieldset").first.locator(".answer label").nth(0).click()
    other.locator(".moves .button").first.click()
    other.wait_for_load_state()
    camera.choose(4, 3, 2, 1)
    camera.next()
    camera.take("two-tabs")
    product.close_wave()
    camera.next()
    camera.take("closed-in-the-middle")


def right_to_left(
    browser: Browser, product: Product, folder: Path, name: str, **more: object
) -> None:
    """A language from right to left, with Danish where it says nothing itself."""
    camera = Camera(browser, product, folder, **PHONE, **more)
    camera.begin(product.code(), "ar")
    camera.choose(3, 1)
    camera.take(f"{name}-question")
    camera.next()
    camera.take(f"{name}-kinds")


def first_question(browser: Browser, product: Product, folder: Path) -> None:
    """The first page of questions in a language of each script that residents read, light and dark."""
    for language in ("da", "ar", "ur"):
        for scheme, name in (("light", ""), ("dark", "-dark")):
            camera = Camera(browser, product, folder, **PHONE, color_scheme=scheme)
            camera.begin(product.code(), language)
            camera.choose(3)
            camera.take(f"question-{language}{name}", whole=False)


def keyer(browser: Browser, product: Product, folder: Path, name: str, **device: object) -> None:
    """A fieldworker signs in and keys a sheet with the number pad."""
    who, serial = product.keyer(name.replace("keying", "karen"))
    camera = Camera(browser, product, folder, **device)
    page = camera.page

    def press(signs: str) -> None:
        pad = {"/": "Divide", ",": "Decimal", "+": "Add", "\n": "Enter"}
        for sign in signs:
            page.keyboard.press(f"Numpad{pad.get(sign, sign)}")

    def take(what: str) -> None:
        # The field keeps the focus, as it has for the keyer.
        page.screenshot(path=folder / f"{name}-{what}.png")

    page.goto("/staff/sign-in")
    camera.take(f"{name}-1-sign-in")
    page.fill("#name", who)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.fill("#serial", serial)
    page.keyboard.press("Enter")
    page.locator("#field").wait_for()
    press("4/433" + "2" + "3333")
    take("2-warning")
    press("\n6")
    take("3-error")
    press(",")
    take("4-reasons")
    press("+")
    page.keyboard.press("Escape")
    press(",+79\n\n")
    page.locator("#review").wait_for()
    take("5-review")


def letter() -> None:
    """The front of a letter, and the back in Arabic and Somali."""
    texts = Languages()
    asking = Asking(
        "Boligsocial Fond",
        "Ring 70 20 30 40, hverdage 9-15",
        "consent",
        dt.date(2026, 12, 13),
        12,
        LANGUAGES,
        "https://svar.example.dk",
        reminder=False,
    )
    where = {"address": "Birkevang 3, 2. tv.", "postcode": "9000", "city": "Aalborg"}
    reached = Reached("AB12CD34EF56", languages=("ar", "so"), **where)
    content = letter_content(
        Recipient(1, "R0017", "0667-001", "Birkevang", False, reached, False), asking, texts
    )
    pages = LetterSetter().pictures(content, asking.link(reached.code), dots=90)
    for name, page in zip(("letter", "letter-back"), pages, strict=True):
        (PICTURES / f"{name}.png").write_bytes(page)


def our_fonts(folder: Path) -> Path:
    """Have the browser draw with the fonts of our letters, whatever this computer has.

    A picture of Urdu without Nastaliq, or without its letters, shows a page that no phone shows.
    """
    settings = folder / "fonts.conf"
    settings.write_text(FONTS.format(fonts=FONT_FILES), encoding="utf-8")
    return settings


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    PICTURES.mkdir(exist_ok=True)
    letter()
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as work, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path,
            args=["--no-sandbox"],
            env={**os.environ, "FONTCONFIG_FILE": str(our_fonts(Path(work)))},
        )
        places = [Path(work) / name for name in ("ours", "mini")]
        for place in places:
            place.mkdir()
        product = Product(places[0], OURS)
        first_question(browser, product, folder)
        resident(browser, product, folder, "phone", **PHONE)
        resident(browser, product, folder, "dark", **PHONE, color_scheme="dark")
        resident(browser, product, folder, "desk", **DESK)
        resident(browser, product, folder, "enlarged", **ENLARGED)
        keyer(browser, product, folder, "keying", **DESK)
        keyer(browser, product, folder, "keying-dark", **DESK, color_scheme="dark")
        keyer(browser, product, folder, "keying-phone", **PHONE)
        two_tabs(browser, product, folder)
        mini = Product(places[1], ("mini",), library=FIXTURES / "questionnaires")
        right_to_left(browser, mini, folder, "arabic")
        right_to_left(browser, mini, folder, "arabic-dark", color_scheme="dark")
        browser.close()
    shutil.copyfile(folder / "phone-5-question-screen.png", PICTURES / "phone.png")
    for picture in folder.glob("question-*.png"):
        shutil.copyfile(picture, PICTURES / picture.name)
    shutil.copyfile(folder / "keying-2-warning.png", PICTURES / "keying.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp()))
