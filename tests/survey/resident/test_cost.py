"""What a visit costs the resident's phone and our database, and what is sent along with a page."""

import dataclasses
import gzip
import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

import survey
from survey.resident.page import LOOKS

PAGES = 5
LARGEST_VISIT = 30_000
MOST_REQUESTS = 4
MOST_STATEMENTS = 40


@pytest.fixture
def statements(app):
    """All that the product sends to its database: BEGIN and COMMIT too, whoever's driver says them."""
    engine = app.extensions["beboerpuls"].database.engine
    seen = []

    def stands_alone(connection):
        options = connection.get_execution_options()
        return options.get("isolation_level") == "AUTOCOMMIT" or not options.get("begins", True)

    def begins(connection):
        # psycopg sends its BEGIN unasked, where no cursor sees it; SQLite's is ours, seen below.
        if engine.dialect.name == "postgresql" and not stands_alone(connection):
            seen.append("BEGIN")

    def ends(how):
        def end(connection):
            # Where nothing was begun, neither driver sends anything to end it.
            if not stands_alone(connection):
                seen.append(how)

        return end

    def executes(_connection, _cursor, statement, *_):
        seen.append(statement)

    event.listen(engine, "begin", begins)
    event.listen(engine, "commit", ends("COMMIT"))
    event.listen(engine, "rollback", ends("ROLLBACK"))
    event.listen(engine, "before_cursor_execute", executes)
    return seen


def test_a_whole_session_costs_few_statements(resident, code, statements):
    resident.begin(code)
    pages = 0
    while resident.path != "/done":
        pages += 1
        member = {"mini_member": "1"} if resident.path == "/page/2" else {}
        resident.send("send" if resident.path == "/page/4" else "next", **member)
    assert pages == PAGES - 1, "with the page of the code they are five"
    assert len(statements) <= MOST_STATEMENTS, "\n".join(statements)


def test_showing_a_page_of_questions_takes_one_statement(resident, code, statements):
    resident.begin(code)
    statements.clear()
    resident.get("/page/1")
    assert len(statements) == 1


def test_what_a_stranger_invents_is_kept_in_no_memory(resident, code):
    def kept():
        return sum(len(look) for looks in LOOKS.values() for look in looks.values())

    form = resident.begin(code).filled()
    resident.post("/page/1", {**form, "csrf_token": "forged", "mini_home": "4"})
    before = kept()
    for number in range(3):
        invented = f"{number}" + "x" * 10_000
        resident.post("/page/1", {**form, "csrf_token": "forged", "mini_home": invented})
        assert resident.status == 400
    assert kept() == before


@pytest.mark.parametrize("language", ["da", "en", "ar"])
def test_a_first_visit_is_small(resident, code, language):
    answer = resident.client.get(f"/?language={language}", follow_redirects=True)
    files = re.findall(r'(?:href|src)="(/static/[^"]+)"', answer.text)
    packed = {"Accept-Encoding": "gzip"}
    sizes = [len(gzip.compress(answer.data, 5))]
    sizes += [len(resident.client.get(file, headers=packed).data) for file in files]
    assert sum(sizes) <= LARGEST_VISIT
    assert len(sizes) <= MOST_REQUESTS


def test_the_script_stays_small(client):
    assert len(gzip.compress(client.get("/static/resident.js").data, 9)) <= 9_000


def test_pages_are_compressed_for_browsers_that_say_so(app):
    client = FlaskClient(app, app.response_class)  # the inspecting one cannot read what is packed
    plain = client.get("/")
    packed = client.get("/", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert b"Beboerpuls" in gzip.decompress(packed.data)


def test_static_files_are_kept_for_ever_under_an_address_that_changes_with_them(client):
    address = re.search(r'"(/static/survey\.css\?v=\w+)"', client.get("/").text)[1]
    assert "immutable" in client.get(address).headers["Cache-Control"]
    assert client.get("/static/survey.css?v=older").headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["/", "/help", "/nowhere", "/static/survey.css"])
def test_what_is_sent_keeps_strangers_out(client, path):
    headers = client.get(path).headers
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_pages_are_kept_in_no_cache_and_the_cookie_ends_with_the_browser(client):
    answer = client.get("/")
    assert answer.headers["Cache-Control"] == "no-store"
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Expires" not in cookie
    assert "Max-Age" not in cookie


def test_over_https_no_neighbour_of_the_domain_can_set_the_cookie(settings):
    app = survey.create_app(dataclasses.replace(settings, https=True))
    answer = app.test_client().get("/", base_url="https://puls.example.dk")
    app.extensions["beboerpuls"].database.engine.dispose()
    (cookie,) = answer.headers.getlist("Set-Cookie")
    # What browsers demand of such a name: https, the whole site, and no domain.
    assert cookie.startswith("__Host-beboerpuls=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
