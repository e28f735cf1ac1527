"""The forms that waves have pinned, read once a process: a pinned form never changes."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.orm import Session

from instruments import Form, load_form
from survey.models import WaveForm


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
