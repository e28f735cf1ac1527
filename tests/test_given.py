"""What the tests lean on must itself fail when it should."""

import pytest
from _pytest.outcomes import Failed
from browsers import find_browser
from flask import Flask
from inspection import InspectingClient
from profiles import kill
from sqlalchemy import func, select

from survey.models import Study
from survey.schema import is_current

GOOD = """<!doctype html>
<html lang="da" dir="ltr"><head><title>Side</title></head><body><main><h1>Side</h1>{}</main>
</body></html>"""


def test_a_database_comes_migrated_and_empty(database):
    with database.reading() as session:
        assert session.scalar(select(func.count(Study.id))) == 0
    assert is_current(database.engine)


@pytest.mark.parametrize("_once_and_again", [1, 2])
def test_a_database_counts_from_one_in_every_test(make, _once_and_again):
    assert make.study().id == 1


def test_to_kill_a_browser_that_is_not_there_is_no_kill(tmp_path):
    with pytest.raises(AssertionError, match="no browser runs"):
        kill(tmp_path)


def test_an_empty_database_has_no_tables(empty_database):
    assert not is_current(empty_database.engine)


@pytest.mark.parametrize(
    "body",
    [
        '<label for="a">Navn</label><input id="a">',
        "<label>Navn <input></label>",
        (
            '<label for="a">År</label><p id="e" class="error">Nej</p>'
            '<input id="a" aria-invalid="true" aria-describedby="e">'
        ),
        (
            '<fieldset><legend>Hvor?</legend><label><input type="radio" name="x">Her</label>'
            '<label><input type="radio" name="x">Der</label></fieldset>'
        ),
        '<svg aria-hidden="true"><path d="M3 1"/></svg>',
    ],
)
def test_a_sound_page_passes(inspected, body):
    assert inspected(GOOD.format(body)) == []


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("<input>", "<input> has no label"),
        ('<label for="a"></label><input id="a">', '<input id="a"> has no label'),
        ('<p id="a"></p><p id="a"></p>', 'id="a" stands 2 times'),
        ('<a href="#gone">Se</a>', '<a href="#gone"> leads to nothing on the page'),
        (
            '<label for="a">År</label><input id="a" aria-describedby="hint">',
            '<input id="a">: aria-describedby names "hint", which is not on the page',
        ),
        (
            '<label for="a">År</label><input id="a" aria-invalid="true">',
            '<input id="a"> is invalid and nothing says why',
        ),
        (
            '<p class="error" id="e">Nej</p>',
            '<p id="e" class="error"> is an error tied to no field',
        ),
        (
            (
                '<label><input type="radio" name="x">Her</label>'
                '<label><input type="radio" name="x">Der</label>'
            ),
            '<input name="x" type="radio"> is one of several and stands in no group with a name',
        ),
        ("<button></button>", "<button> has no words"),
        ('<img src="/x.png">', "<img> has no alt"),
        ("<div>", "<div> is never closed"),
        ('<p style="color: red">x</p>', "<p> carries its own style"),
        ("<script>alert(1)</script>", "<script> stands in the page, not in a file of its own"),
        ('<p onclick="x()">x</p>', "<p> carries a script in onclick"),
        ("<h1>En til</h1>", "has 2 <h1>, not one"),
    ],
)
def test_a_faulty_page_is_told(inspected, body, problem):
    assert problem in inspected(GOOD.format(body))


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        (GOOD.replace('lang="da"', ""), "<html> has no lang"),
        (GOOD.replace('dir="ltr"', 'dir="left"'), "<html> has no dir"),
        (GOOD.replace("Side</title>", "</title>"), "has no <title>"),
        (GOOD.replace("<!doctype html>", ""), "does not begin with <!doctype html>"),
    ],
)
def test_a_faulty_frame_is_told(inspected, html, problem):
    assert problem in inspected(html)


def test_a_client_fails_on_a_faulty_page_and_names_it():
    app = Flask("faulty")
    app.add_url_rule("/here", view_func=lambda: "<p>No page</p>")
    app.test_client_class = InspectingClient
    with app.test_client() as client, pytest.raises(Failed, match="The page of GET /here:"):
        client.get("/here")


def test_a_missing_browser_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Failed, match="apt install chromium"):
        find_browser({})


def test_a_browser_named_wrongly_is_told():
    with pytest.raises(Failed, match="names /nowhere/chromium, which is no program"):
        find_browser({"CHROMIUM": "/nowhere/chromium"})
