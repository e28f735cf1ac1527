"""How pages and files are sent: headers that keep strangers out, compression, versioned files."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, request, url_for
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer

from survey.scripts import joined

STATIC = Path(__file__).parent / "static"
# What residents' pages load: one file each, since a phone pays for every round trip.
RESIDENTS = frozenset({"resident.js", "offline.js", "worker.js", "closing.js"})
# What keys without a line is kept by a device, and must not be mixed with what came after an update.
JOINED = RESIDENTS | {"away.js", "away-worker.js"}

_SMALLEST_TO_COMPRESS = 600
# Level 5 costs half of level 9 and sends two per cent more.
_LEVEL = 5
_COMPRESSED = {"text/html", "text/css", "text/javascript", "application/json", "image/svg+xml"}

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'; object-src 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


@dataclass(frozen=True)
class StaticFile:
    """One file of static/, read once at the start."""

    content: bytes
    compressed: bytes
    digest: str
    mimetype: str


class Cookies(SecureCookieSessionInterface):
    """Signs as Flask does, with a signer that is made once: no key changes while we run."""

    def __init__(self) -> None:
        self._signer: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        if self._signer is None:
            self._signer = super().get_signing_serializer(app)
        return self._signer


def remembered(url_for: Callable[..., str]) -> Callable[..., str]:
    """Addresses that depend on nothing but their names: a page asks for a dozen, always the same."""
    known: dict[tuple[str, str], str] = {}

    def address(endpoint: str, **values: Any) -> str:
        if values:
            return url_for(endpoint, **values)
        key = request.script_root, endpoint
        if key not in known:
            known[key] = url_for(endpoint)
        return known[key]

    return address


def register(app: Flask) -> None:
    """Serve static files by content, and put headers on everything that is sent."""
    app.session_interface = Cookies()
    app.jinja_env.globals["url_for"] = remembered(app.url_for)
    files = {path.relative_to(STATIC).as_posix(): _read(path) for path in _paths()}
    addresses: dict[tuple[str, str], str] = {}

    def static_file(name: str) -> Response:
        if name not in files:
            abort(404)
        return _sent(files[name])

    def static_url(name: str) -> str:
        """The address of a file, which changes when the file does."""
        key = request.script_root, name
        if key not in addresses:
            addresses[key] = url_for("static", name=name, v=files[name].digest)
        return addresses[key]

    app.add_url_rule("/static/<path:name>", "static", static_file)
    app.jinja_env.globals["static_url"] = static_url
    app.config["STATIC_DIGEST"] = _digest_of(files)
    app.after_request(_finish)


def _digest_of(files: dict[str, StaticFile]) -> str:
    """Changes when any file does."""
    digests = "".join(file.digest for file in files.values())
    return hashlib.sha256(digests.encode()).hexdigest()[:12]


def _paths() -> list[Path]:
    return sorted(path for path in STATIC.rglob("*") if path.is_file())


def _read(path: Path) -> StaticFile:
    content = joined(path).encode() if path.name in JOINED else path.read_bytes()
    return _made_ready(content, mimetypes.guess_type(path.name)[0] or "application/octet-stream")


@lru_cache(maxsize=256)
def _made_ready(content: bytes, mimetype: str) -> StaticFile:
    return StaticFile(
        content=content,
        compressed=gzip.compress(content, 9, mtime=0) if mimetype in _COMPRESSED else b"",
        digest=hashlib.sha256(content).hexdigest()[:12],
        mimetype=mimetype,
    )


def _sent(file: StaticFile) -> Response:
    compressed = bool(file.compressed) and _accepts_gzip()
    response = Response(file.compressed if compressed else file.content, mimetype=file.mimetype)
    if compressed:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    if request.args.get("v") == file.digest:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    else:
        # An address from an older version: the newest is right, but must not be kept under it.
        response.headers["Cache-Control"] = "no-cache"
    return response


def _finish(response: Response) -> Response:
    # Asked for one by one, each of them is looked for among all.
    own = {name for name, _ in response.headers}
    for name, value in HEADERS.items():
        if name not in own:
            response.headers.add(name, value)
    # Answers must not be found in the cache of a shared device.
    response.headers.setdefault("Cache-Control", "no-store")
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return _compress(response)


def _compress(response: Response) -> Response:
    """Compress what a page says.

    Compression beside a secret lets an attacker who can make the victim's browser ask again and
    again, with guesses of their own in the page, measure the secret out (BREACH). Our cookies are
    SameSite=Lax, so that pages asked for from elsewhere come without the session, and no page
    repeats what stood in its address.
    """
    if (
        response.direct_passthrough
        or response.is_streamed
        or response.mimetype not in _COMPRESSED
        or "Content-Encoding" in response.headers
    ):
        return response
    response.vary.add("Accept-Encoding")
    content = response.get_data()
    if len(content) >= _SMALLEST_TO_COMPRESS and _accepts_gzip():
        response.set_data(gzip.compress(content, _LEVEL))
        response.headers["Content-Encoding"] = "gzip"
    return response


def _accepts_gzip() -> bool:
    return request.accept_encodings.quality("gzip") > 0
