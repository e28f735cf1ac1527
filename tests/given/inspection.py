"""Every page that a test fetches is also inspected, as a screen reader would meet it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from html.parser import HTMLParser

import pytest
from flask.testing import FlaskClient

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
UNLABELLED_INPUTS = {"hidden", "submit", "button", "reset", "image"}
REFERRING = ("aria-describedby", "aria-labelledby", "aria-controls", "aria-errormessage", "for")


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    parent: Element | None
    text: list[str] = field(default_factory=list)

    def inside(self, *tags):
        """The nearest element around this one that has one of these tags."""
        around = self.parent
        while around is not None and around.tag not in tags:
            around = around.parent
        return around

    def words(self):
        return " ".join("".join(self.text).split())

    def __str__(self):
        names = ("id", "name", "type", "class", "href")
        shown = (f'{name}="{self.attributes[name]}"' for name in names if name in self.attributes)
        return f"<{' '.join((self.tag, *shown))}>"


class Page(HTMLParser):
    """The elements of a page in order, and what is wrong with how they are nested."""

    def __init__(self, html):
        super().__init__()
        self.elements = []
        self.problems = []
        self.doctype = ""
        self._open = []
        self.feed(html)
        self.close()
        self.problems += [f"{element} is never closed" for element in self._open]

    def handle_decl(self, decl):
        self.doctype = decl.lower()

    def handle_starttag(self, tag, attrs):
        names = Counter(name for name, _ in attrs)
        self.problems += [f"<{tag}> has {name} twice" for name, n in names.items() if n > 1]
        attributes = {name: value or "" for name, value in attrs}
        element = Element(tag, attributes, self._open[-1] if self._open else None)
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag):
        if self._open and self._open[-1].tag == tag:
            self._open.pop()
        else:
            inside = self._open[-1] if self._open else "nothing"
            self.problems.append(f"</{tag}> closes {inside}")

    def handle_data(self, data):
        for element in self._open:
            element.text.append(data)

    def all(self, *tags):
        return [element for element in self.elements if element.tag in tags]


# A page is inspected as it comes, and then read by the test.
page_of = lru_cache(maxsize=8)(Page)


def inspect(html):
    """What is wrong with a page; empty when all is well."""
    page = page_of(html)
    ids = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
    return [
        *page.problems,
        *_frame(page),
        *(f'id="{name}" stands {n} times' for name, n in Counter(ids).items() if n > 1),
        *_references(page, set(ids)),
        *_labels(page),
        *_errors(page),
        *_policy(page),
    ]


def _frame(page):
    if page.doctype != "doctype html":
        yield "does not begin with <!doctype html>"
    roots = page.all("html")
    if len(roots) != 1 or not roots[0].attributes.get("lang"):
        yield "<html> has no lang"
    if len(roots) != 1 or roots[0].attributes.get("dir") not in {"ltr", "rtl"}:
        yield "<html> has no dir"
    titles = [title for title in page.all("title") if title.inside("svg") is None]
    if len(titles) != 1 or not titles[0].words():
        yield "has no <title>"
    if len(page.all("main")) != 1:
        yield f"has {len(page.all('main'))} <main>, not one"
    if len(page.all("h1")) != 1:
        yield f"has {len(page.all('h1'))} <h1>, not one"


def _references(page, ids):
    for element in page.elements:
        for name in REFERRING:
            for target in element.attributes.get(name, "").split():
                if target not in ids:
                    yield f'{element}: {name} names "{target}", which is not on the page'
        href = element.attributes.get("href", "")
        if href.startswith("#") and href[1:] not in ids and href != "#":
            yield f"{element} leads to nothing on the page"


def _labels(page):
    labelled = {label.attributes.get("for") for label in page.all("label") if label.words()}
    groups = Counter()
    for element in page.all("input", "select", "textarea"):
        kind = element.attributes.get("type", "text")
        if element.tag == "input" and kind in UNLABELLED_INPUTS:
            continue
        wrapped = element.inside("label")
        named = (
            element.attributes.get("id") in labelled
            or (wrapped is not None and wrapped.words())
            or element.attributes.get("aria-label")
            or element.attributes.get("aria-labelledby")
        )
        if not named:
            yield f"{element} has no label"
        if kind in {"radio", "checkbox"}:
            groups[element.attributes.get("name")] += 1
            if groups[element.attributes.get("name")] == 2 and not _in_named_group(page, element):
                yield f"{element} is one of several and stands in no group with a name"
    for element in page.all("button", "a"):
        has_image = any(
            image.attributes.get("alt") and _within(image, element) for image in page.all("img")
        )
        if not (element.words() or element.attributes.get("aria-label") or has_image):
            yield f"{element} has no words"
    for image in page.all("img"):
        if "alt" not in image.attributes:
            yield f"{image} has no alt"


def _in_named_group(page, element):
    fieldset = element.inside("fieldset")
    if fieldset is not None:
        return any(
            legend.words() and legend.parent is fieldset for legend in page.all("legend")
        ) or fieldset.attributes.get("aria-labelledby")
    around = element.parent
    while around is not None:
        if around.attributes.get("role") in {"radiogroup", "group"}:
            return around.attributes.get("aria-labelledby") or around.attributes.get("aria-label")
        around = around.parent
    return False


def _within(element, outer):
    while element is not None and element is not outer:
        element = element.parent
    return element is outer


def _errors(page):
    """A field in error says so, and its words are tied to it; no error's words stand alone."""
    described = {
        target
        for element in page.elements
        for name in ("aria-describedby", "aria-errormessage")
        for target in element.attributes.get(name, "").split()
    }
    for element in page.elements:
        if element.attributes.get("aria-invalid") == "true" and not (
            element.attributes.get("aria-describedby")
            or element.attributes.get("aria-errormessage")
        ):
            yield f"{element} is invalid and nothing says why"
        classes = element.attributes.get("class", "").split()
        if "error" in classes and element.attributes.get("id") not in described:
            yield f"{element} is an error tied to no field"


def _policy(page):
    """What the content security policy would block, a test's client would not notice."""
    for element in page.elements:
        if "style" in element.attributes:
            yield f"{element} carries its own style"
        for name in element.attributes:
            if name.startswith("on"):
                yield f"{element} carries a script in {name}"
        if element.tag == "style" or (
            element.tag == "script" and "src" not in element.attributes and element.words()
        ):
            yield f"{element} stands in the page, not in a file of its own"
        if element.tag in {"script", "img", "link"}:
            source = element.attributes.get("src") or element.attributes.get("href", "")
            if source.startswith(("http:", "https:", "//")):
                yield f"{element} is fetched from elsewhere"


class InspectingClient(FlaskClient):
    """A test client that looks at each page it is handed, error pages too."""

    def open(self, *args, **kwargs):
        response = super().open(*args, **kwargs)
        for step in (*response.history, response):
            # A redirect's page is for machines that do not follow it; nobody reads it.
            if step.mimetype == "text/html" and not 300 <= step.status_code < 400:
                problems = inspect(step.get_data(as_text=True))
                if problems:
                    where = f"{step.request.method} {step.request.path}"
                    pytest.fail("\n  ".join((f"The page of {where}:", *problems)), pytrace=False)
        return response


@pytest.fixture
def client(app):
    """Fetches pages without a browser, and inspects every one."""
    app.test_client_class = InspectingClient
    with app.test_client() as client:
        yield client


@pytest.fixture
def inspected():
    """A function that says what is wrong with a page's HTML."""
    return inspect
