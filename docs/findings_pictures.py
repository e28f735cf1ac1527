"""Take the pictures of what comes out: results, the evidence of a scale, effects, a report.

    python docs/findings_pictures.py [FOLDER]

As docs/screenshots.py does, on the demo and on a drawn study: all people and places are invented.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sys
import tempfile
import threading
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace

import waitress
from playwright.sync_api import Browser, sync_playwright
from screenshots import DESK, PHONE, PICTURES, Camera, our_fonts

from instruments import make_form
from processing import (
    AreasDrawn,
    KnownModel,
    as_page,
    build_codebook,
    draw_study,
    evaluate,
    plan_of,
    report_document,
    write_drawn_study,
)
from survey import create_app
from survey.demo import STUDY, Demo, open_demo
from survey.demo_evaluation import EVALUATION, PLAN
from survey.findings import count_effects, count_findings

NAMES = (
    "Agerhøj", "Birkehegn", "Blishønen", "Brombærgården", "Digesvalen", "Elletoften", "Enebærgården",
    "Fasanhegnet", "Gulspurven", "Hasselrækken", "Hejrebakken", "Humlehaven", "Kaprifolgården",
    "Kirsebærhegnet", "Klokkelyngen", "Kornblomsten", "Lærkereden", "Mirabellen", "Musvitten",
    "Regnspoven", "Rønnebærtoften", "Slåenhegnet", "Stærekassen", "Vibereden",
)  # fmt: skip


def results(browser: Browser, demo: SimpleNamespace, folder: Path) -> None:
    """What residents of a place get back, on a phone."""
    camera = Camera(browser, demo, folder, **PHONE)
    camera.page.goto("/results/1")
    camera.take("results", whole=False)
    camera.take("results-whole")


def findings(browser: Browser, demo: SimpleNamespace, made: Demo, folder: Path) -> None:
    """One scale's evidence, and a study's effects, as a researcher finds them."""
    count_findings(STUDY, made.settings.data)
    count_effects(EVALUATION, made.settings.data, PLAN.decode())
    researcher = next(one for one in made.staff if one.role == "researcher")
    camera = Camera(browser, demo, folder, **DESK)
    camera.page.goto("/staff/sign-in")
    camera.page.fill("#name", researcher.name)
    camera.page.fill("#password", researcher.password)
    camera.press("main form button.button")
    for study, kind, scale, height in (
        (1, "evidence", "tryghed_t1", 1000),
        (3, "effects", "study", 1400),
    ):
        camera.page.goto(f"/research/studies/{study}/{kind}/{scale}")
        camera.take(f"{kind}-whole")
        camera.page.set_viewport_size({"width": 1280, "height": height})
        camera.take(kind, whole=False)


def report(browser: Browser, folder: Path) -> None:
    """A report's first screen, on a study drawn from a known truth."""
    codebook = build_codebook(
        make_form(["tryghed", "trivsel", "background"], ["da"]), wave_year=2026
    )
    scales = {one.name: one.columns for one in codebook.scales if not one.formative}
    model = KnownModel.simple(scales, loading=0.75, correlation=0.3)
    drawn = draw_study(model, AreasDrawn(24, [2] * 12, effects=[0.35], invited=110), seed=4)
    for tables in drawn.tables.values():
        tables["areas"]["name"] = NAMES
    study = write_drawn_study(drawn, codebook, folder / "bopuls", "bopuls")
    document = report_document(
        study,
        evaluate(study, plan_of(PLAN), registered=True),
        command="beboerpuls report bopuls --plan plan.yaml",
    )
    stylesheet = files("survey").joinpath("static", "survey.css").read_text("utf-8")
    page_file = folder / "report.html"
    page_file.write_text(as_page(document, stylesheet), "utf-8")
    nowhere = SimpleNamespace(address="http://localhost")
    camera = Camera(browser, nowhere, folder, **DESK)
    camera.page.goto(page_file.as_uri())
    camera.take("report-whole")
    camera.take("report", whole=False)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as work, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path,
            args=["--no-sandbox"],
            env={**os.environ, "FONTCONFIG_FILE": str(our_fonts(Path(work)))},
        )
        made = open_demo(Path(work) / "demo", print, today=dt.datetime.now(dt.UTC).date())
        server = waitress.create_server(create_app(made.settings), host="127.0.0.1", port=0)
        threading.Thread(target=server.run, daemon=True).start()
        demo = SimpleNamespace(address=f"http://127.0.0.1:{server.effective_port}")
        results(browser, demo, folder)
        findings(browser, demo, made, folder)
        shutil.rmtree(folder / "bopuls", ignore_errors=True)
        report(browser, folder)
        browser.close()
    for name in ("results", "evidence", "effects", "report"):
        shutil.copyfile(folder / f"{name}.png", PICTURES / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp()))
