"""Judges a page as WCAG 2.2 AA asks, by axe-core in a real browser, in the light and in the dark."""

from __future__ import annotations

import json

import pytest
from axe_playwright_python.sync_playwright import Axe

# Best practices too: they are few, and what they ask is what a screen reader's user hears.
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
RULES = {"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"]}
# Of all that axe looks at, colours alone change with the scheme.
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}

_AXE = Axe()


class Judge:
    """Collects what is wrong, with the page and the scheme it was seen in."""

    def __init__(self):
        self.pages = []
        self.found = []

    def look(self, page, name=""):
        """Judge the page a browser has open, light and dark."""
        name = name or page.url.partition("//")[2].partition("/")[2] or "front"
        language = page.evaluate("document.documentElement.lang")
        self.pages.append(f"{language} {name}")
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        page.evaluate(_AXE.axe_script)
        self._run(page, f"{language} {name}, light", RULES)
        page.emulate_media(color_scheme="dark")
        self._run(page, f"{language} {name}, dark", COLOURS)
        page.emulate_media(color_scheme="light")

    def _run(self, page, where, options):
        found = page.evaluate(f"axe.run({json.dumps(options)})")["violations"]
        self.found += [
            f"{where}: {one['id']} ({one['help']}): {node['html'][:200]}"
            for one in found
            for node in one["nodes"][:3]
        ]


@pytest.fixture
def judge():
    """Looks at pages; a test fails at its end when anything was wrong on any of them."""
    judge = Judge()
    yield judge
    assert judge.pages, "no page was looked at"
    assert judge.found == [], "\n".join(judge.found)
