"""The forms that waves have pinned, read once a process: a pinned form never changes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from instruments import Form, load_form
from survey.languages import unreviewed
from survey.models import WaveForm

_REVIEWS = "/reviews.yaml"


def pin_of(form: Form) -> dict[str, Any]:
    """What a wave pins when it opens: the form, and who had reviewed its texts by then."""
    reviews = {
        name: content.decode() for name, content in form.files().items() if name.endswith(_REVIEWS)
    }
    return {
        **form.pin(),
        "asks": form.asks,
        "unreviewed_languages": unreviewed_languages(form),
        "reviews": reviews,
    }


def unreviewed_languages(form: Form) -> list[str]:
    """The form's languages in which nobody has reviewed the questions, or the words around them."""
    neither = unreviewed().union(form.unreviewed_languages())
    return [language for language in form.languages if language in neither]


def files_as_pinned(form: Form, pin: Mapping[str, Any]) -> dict[str, bytes]:
    """The form's files by path, reviews as they stood when it was pinned.

    A library's reviews grow after a wave has asked; a dataset made from the same rows must not.
    """
    texts = {name: content for name, content in form.files().items() if not name.endswith(_REVIEWS)}
    return texts | {name: text.encode() for name, text in pin["reviews"].items()}


class NoFormError(LookupError):
    """The wave has not pinned a form; it was never opened."""


class Forms:
    """Pinned forms by wave, from one library of questionnaires."""

    def __init__(self, library: Path) -> None:
        self._library = library
        self._known: dict[int, Form] = {}

    def of(self, session: Session, wave_id: int) -> Form:
        """The form of a wave. Raises NoFormError, and PinMismatchError for changed files."""
        known = self._known.get(wave_id)
        if known is None:
            pinned = session.get(WaveForm, wave_id)
            if pinned is None:
                raise NoFormError(f"Wave {wave_id} has pinned no form; open it first.")
            # Two threads may read it at once; both read the same.
            known = self._known[wave_id] = load_form(pinned.pin, self._library)
        return known
