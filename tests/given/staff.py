"""People who work with a study, signed in."""

from __future__ import annotations

import re

import pytest
from inspection import InspectingClient

from survey.access import add_account

PASSWORD = "fire ord uden mening"


@pytest.fixture
def employ(database):
    """A function that gives somebody an account and roles: `employ("Karen", (study, role))`."""

    def employ(name, *roles):
        with database.writing() as session:
            return add_account(session, name, PASSWORD, roles, actor="operator")

    return employ


@pytest.fixture
def token():
    """A function that finds the token that a page's form carries."""

    def token(page):
        return re.search(r'name="csrf_token" value="([^"]+)"', page.get_data(as_text=True))[1]

    return token


@pytest.fixture
def signed_in(app, token):
    """A function that gives a client, in which somebody has signed in; pages are inspected."""
    app.test_client_class = InspectingClient

    def signed_in(name, password=PASSWORD):
        client = app.test_client()
        sent = {
            "csrf_token": token(client.get("/staff/sign-in")),
            "name": name,
            "password": password,
        }
        answer = client.post("/staff/sign-in", data=sent)
        assert answer.status_code == 302, answer.get_data(as_text=True)
        return client

    return signed_in


@pytest.fixture
def signs_in():
    """A function that signs somebody in on a browser's page."""

    def signs_in(page, name, password=PASSWORD):
        page.goto("/staff/sign-in")
        page.fill("#name", name)
        page.fill("#password", password)
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/(keying|research|staff|coordination)/$"))
        return page

    return signs_in
