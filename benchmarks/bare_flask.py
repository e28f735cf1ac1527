"""The floor: what any server must do for a five-page session, with nothing else around it.

A code check, four pages of radio rows with one statement a save, a thank-you; Flask, a signed
cookie, a driver without an ORM. `BARE_DATABASE` names SQLite's file or PostgreSQL's address.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from typing import Any

import psycopg
from flask import Flask, redirect, request, session, url_for

PAGES = (10, 10, 10, 5)
DATABASE = os.environ.get("BARE_DATABASE", "")
MARK = "%s" if DATABASE.startswith("postgresql") else "?"

application = Flask(__name__)
application.secret_key = "only a floor"
_local = threading.local()


def connection() -> Any:
    """One connection a thread, as a pool would give."""
    if not hasattr(_local, "connection"):
        if MARK == "%s":
            _local.connection = psycopg.connect(DATABASE, autocommit=True)
        else:
            _local.connection = sqlite3.connect(DATABASE, isolation_level=None, timeout=20)
            _local.connection.execute("PRAGMA journal_mode = WAL")
            _local.connection.execute("PRAGMA synchronous = FULL")
    return _local.connection


def page(title: str, body: str) -> str:
    return (
        f"<!doctype html><html lang=da><title>{title}</title><form method=post>{body}"
        "<button>Videre</button></form></html>"
    )


def rows(number: int) -> str:
    first = sum(PAGES[: number - 1]) + 1
    return "".join(
        f"<fieldset><legend>Spørgsmål {item}</legend>"
        + "".join(
            f'<div><input type=radio name=i{item} id=i{item}_{code} value="{code}">'
            f"<label for=i{item}_{code}>Svar {code}</label></div>"
            for code in range(1, 6)
        )
        + "</fieldset>"
        for item in range(first, first + PAGES[number - 1])
    )


@application.get("/")
def front() -> str:
    return page("Kode", '<input type="text" name="code" id="code">')


@application.post("/")
def enter() -> Any:
    found = (
        connection()
        .execute(f"SELECT id FROM code WHERE code = {MARK}", (request.form["code"],))  # noqa: S608
        .fetchone()
    )
    if found is None:
        return "unknown", 404
    session["code"] = found[0]
    return redirect(url_for("show", number=1), 303)


@application.get("/page/<int:number>")
def show(number: int) -> str:
    return page(f"Side {number}", rows(number))


@application.post("/page/<int:number>")
def save(number: int) -> Any:
    connection().execute(
        f"INSERT INTO answer (code, page, answers) VALUES ({MARK}, {MARK}, {MARK})",  # noqa: S608
        (session["code"], number, json.dumps(request.form)),
    )
    following = number + 1
    if following > len(PAGES):
        return redirect(url_for("done"), 303)
    return redirect(url_for("show", number=following), 303)


@application.get("/done")
def done() -> str:
    session.clear()
    return '<!doctype html><html lang=da><title>Tak</title><p class="receipt">Tak.</html>'
