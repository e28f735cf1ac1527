"""A real browser: Debian's chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil

import pytest
from playwright.sync_api import sync_playwright

OTHER = "CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
MISSING = (
    "No browser to test with. Install one (Debian, Ubuntu: apt install chromium), "
    f"or say where one is: {OTHER}=/path/to/chromium"
)
PHONE = {"width": 360, "height": 740}
# It runs as root on build machines, and must not call anywhere by itself.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-first-run",
)


def find_browser(environ=os.environ):
    """The browser's path; fails the test when there is none."""
    named = environ.get(OTHER)
    if named:
        if not os.access(named, os.X_OK):
            pytest.fail(f"{OTHER} names {named}, which is no program. {MISSING}", pytrace=False)
        return named
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.fail(MISSING, pytrace=False)
    return found


@pytest.fixture(scope="session")
def browser():
    path = find_browser()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def open_browser(browser, live_server):
    """A function that opens a fresh browser, as one more device: `open_browser(**options)`.

    A page that logs an error to its console, or fetches from elsewhere, fails the test.
    """
    contexts = []
    complaints = []

    def open_one(**options):
        context = browser.new_context(base_url=live_server, **options)
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((live_server, "data:", "blob:", "about:"))
                else complaints.append(f"fetched from elsewhere: {request.url}")
            ),
        )
        page.on(
            "console",
            lambda message: (
                complaints.append(f"blocked: {message.text}")
                if message.type == "error" and "Content Security Policy" in message.text
                else None
            ),
        )
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def phone(open_browser):
    """A page on a narrow phone, in Danish."""
    return open_browser(viewport=PHONE, device_scale_factor=2, has_touch=True, locale="da-DK")


@pytest.fixture
def phone_without_javascript(open_browser):
    return open_browser(viewport=PHONE, has_touch=True, locale="da-DK", java_script_enabled=False)


@pytest.fixture
def desk(open_browser):
    """A page on a desk's screen, in Danish."""
    return open_browser(viewport={"width": 1280, "height": 800}, locale="da-DK")
