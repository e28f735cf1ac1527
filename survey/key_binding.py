"""One database, one key file: codes hashed and answers sealed with another would be lost."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from survey.database import Database
from survey.models import KeyBinding
from survey.secrets import KeyFileError, Keys


def bind_keys(database: Database, keys: Keys) -> None:
    """Bind a new database to these keys, or refuse it with others. Raises KeyFileError."""
    fingerprint = keys.of("codes", "fingerprint")
    with database.reading() as session:
        bound = session.get(KeyBinding, 1)
    if bound is None:
        try:
            with database.writing() as session:
                session.add(KeyBinding(id=1, fingerprint=fingerprint))
        except IntegrityError:
            pass  # another worker that started at the same moment was first; what it wrote counts
        with database.reading() as session:
            bound = session.get_one(KeyBinding, 1)
    if bound.fingerprint != fingerprint:
        raise KeyFileError(
            "The key file is not the one that this database was begun with: codes made with it "
            "would open nothing, and answers could not be read. Name the right one in "
            "BEBOERPULS_KEYS."
        )
