"""The version of the pages that devices keep: changes with scripts, styles, templates and words."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from flask import current_app

from survey.web import parts

_TEMPLATES = Path(__file__).parent / "templates"
_VERSION = "KEPT_PAGES_VERSION"


def kept_version() -> str:
    """A part of such a page's address.

    It does not change where only a program changed that puts something in; a questionnaire is told apart
    by its wave, whose form is pinned. Rather too much than too little: a page that is fetched once more
    costs less than one that goes on saying what is no longer so. Made once, when it is first asked for.
    """
    if _VERSION not in current_app.config:
        current_app.config[_VERSION] = _made()
    version: str = current_app.config[_VERSION]
    return version


def _made() -> str:
    digest = hashlib.sha256(current_app.config["STATIC_DIGEST"].encode())
    for path in sorted(_TEMPLATES.rglob("*.html")):
        digest.update(path.read_bytes())
    for language in parts().languages:
        digest.update(json.dumps([language.code, {**language.messages}]).encode())
    digest.update(str(parts().settings.idle_minutes).encode())
    return digest.hexdigest()[:12]
