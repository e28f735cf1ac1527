"""Puts one installation together: settings, database, keys, languages, and every page."""

from __future__ import annotations

from io import BytesIO
from typing import IO, Any

from flask import Flask, Request, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import NotFound
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from survey import coordination, delivery, errors, fieldwork, research, resident, staff
from survey.database import Database
from survey.forms import Forms
from survey.guessing import EarlierDays
from survey.key_binding import bind_keys
from survey.languages import Languages
from survey.settings import Settings, read_settings
from survey.web import NAME, Parts, language, over_plain_http_from_afar, parts, said, today, words

# A page of questions with every text filled in is a tenth of this.
LARGEST_POST = 256 * 1024
# Browsers forget what stood on a page that may not be stored. So whoever pastes a book into a line
# gets it back, with what is wrong said and the other answers kept; a million Arabic letters fit.
LARGEST_PAGE = 8 * 1024 * 1024
# PostgreSQL counts rows so far; asked for a higher one, databases fail instead of finding none.
LARGEST_ID = 2**31 - 1

COOKIE = "beboerpuls"
# Browsers take a cookie of such a name from this very site alone. Whoever has another name of the
# same domain could else seat a resident in a session of their own, and read what was answered there.
COOKIE_HERE_ALONE = "__Host-beboerpuls"


class _InMemory(Request):
    """A request whose files stay in memory: unsealed, a scan must not reach the disk."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        del total_content_length, content_type, filename, content_length
        return BytesIO()


class _RowNumber(IntegerConverter):
    """A number in an address; one larger than any row can have leads nowhere."""

    def to_python(self, value: str) -> int:
        # Refused by the converter, a number would lead to a wrong method, not to a missing page.
        number = int(super().to_python(value))
        if number > LARGEST_ID:
            raise NotFound
        return number


def create_app(settings: Settings | None = None, languages: Languages | None = None) -> Flask:
    """Put the application together. Raises SettingsError when the environment is not as it must be."""
    settings = settings or read_settings()
    app = Flask("survey", static_folder=None)
    app.request_class = _InMemory
    app.config.update(
        SECRET_KEY=settings.keys.of("web", "cookies"),
        MAX_CONTENT_LENGTH=LARGEST_POST,
        MAX_FORM_MEMORY_SIZE=LARGEST_POST,
        SESSION_COOKIE_NAME=COOKIE_HERE_ALONE if settings.https else COOKIE,
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        # A page may stand open over night, and what was written on it must still be taken.
        WTF_CSRF_TIME_LIMIT=None,
        # It would compare the Referer, which our own policy keeps browsers from sending.
        WTF_CSRF_SSL_STRICT=False,
    )
    database = Database(settings.database, settings.keys.purposes["audit"])
    bind_keys(database, settings.keys)
    _forget_earlier_days(app, database)
    app.extensions[NAME] = Parts(
        settings=settings,
        database=database,
        keys=settings.keys,
        forms=Forms(settings.library),
        languages=languages or Languages(),
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.context_processor(_page_words)
    app.add_template_filter(said)
    app.before_request(_make_room_for_words)  # before anything reads what was sent
    # What waited on a phone names its response in a sealed box; no cookie speaks for it.
    protect = CSRFProtect(app)
    protect.exempt(resident.deliver.deliver)
    # It checks the token itself, once it has said how much may be sent.
    protect.exempt(fieldwork.upload_scans)
    delivery.register(app)
    errors.register(app)
    staff.login.init_app(app)
    app.url_map.converters["int"] = _RowNumber
    for audience in (resident, staff, coordination, research):
        app.register_blueprint(audience.blueprint)
    for blueprint in fieldwork.BLUEPRINTS:
        app.register_blueprint(blueprint)
    if settings.proxies:
        count = settings.proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # Flask's own documented way
            app.wsgi_app, x_for=count, x_proto=count, x_host=count
        )
    return app


def _forget_earlier_days(app: Flask, database: Database) -> None:
    """Now, and with the first request of every day from now on."""
    earlier_days = EarlierDays(database)
    earlier_days.forget(today())
    app.before_request(lambda: earlier_days.forget(today()))


def _make_room_for_words() -> None:
    if request.endpoint == "resident.save_page":
        request.max_content_length = LARGEST_PAGE
        request.max_form_memory_size = LARGEST_PAGE


def _page_words() -> dict[str, Any]:
    """What every page may use: its words, its language, and all the others there are."""
    t = words()
    return {
        "t": t,
        "lang": language(),
        "direction": t.language.direction,
        "interface_languages": list(parts().languages),
        "language_name": lambda code: parts().languages.words(code).language.name,
        "language_direction": lambda code: parts().languages.words(code).language.direction,
        "plain_http_warning": over_plain_http_from_afar(),
    }
