"""Keys, codes, and what is sealed with them.

One file, readable by its owner alone, holds one secret of 32 bytes for each purpose; losing one
purpose's secret does not open another's. Answers are sealed with AES-256-GCM; the id of the key
stands beside each row, so that keys can be rotated.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import os
import secrets
import stat
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

# Thirty-one symbols, so that a check over a prime can tell every single slip and every swap of
# neighbours. Nothing that looks like another: no 0 and O, no I and L, no U beside V.
ALPHABET = "123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 12  # eleven at random (54 bits) and one to check
_LOOKALIKES = str.maketrans({"I": "1", "L": "1", "U": "V"})
# Digits as Arabic, Persian and Urdu keyboards write them.
_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")

_PURPOSES = ("codes", "receipts", "rows", "persons", "web", "audit")
_NONCE = 12


class KeyFileError(Exception):
    """The key file cannot be used; says why and what to do."""


class NotOpenedError(Exception):
    """Something sealed could not be opened: wrong key, or changed since."""


@dataclass(frozen=True)
class Keys:
    """Every secret of an installation, by purpose; answer keys by id, the newest named."""

    purposes: Mapping[str, bytes]
    answers: Mapping[str, bytes]
    newest: str

    def of(self, purpose: str, *parts: str) -> bytes:
        """HMAC-SHA256 under one purpose's secret, 32 bytes."""
        message = "\x1f".join(parts).encode()
        return hmac.digest(self.purposes[purpose], message, hashlib.sha256)

    def code_hash(self, code: str) -> bytes:
        """What the database knows of an invitation's code."""
        return self.of("codes", normalise_code(code))

    def receipt(self, response_id: uuid.UUID) -> str:
        """The receipt of a response: the same whenever it is asked for, stored nowhere."""
        return _coded(self.of("receipts", "code", str(response_id)))

    def receipt_hash(self, receipt: str) -> bytes:
        return self.of("receipts", "hash", normalise_code(receipt))

    def row_id(self, study: str, response_id: uuid.UUID) -> str:
        """A row's name in every dataset of a study: 32 hexadecimal digits."""
        return self.of("rows", study, str(response_id)).hex()[:32]

    def pseudonym(self, study: str, person: str) -> bytes:
        """Follows a person through a study's waves without naming them."""
        return self.of("persons", study, person)

    def seal(
        self,
        content: Mapping[str, Any],
        bound_to: object,
        *,
        table: str = "",
        revision: int | None = None,
    ) -> tuple[str, bytes]:
        """Seal JSON to the row it belongs to; returns the key's id and nonce + ciphertext.

        Put in another row, another table, or back in place of a later revision, it does not open.
        """
        plain = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        return self.seal_bytes(plain, bound_to, table=table, revision=revision)

    def seal_bytes(
        self, plain: bytes, bound_to: object, *, table: str = "", revision: int | None = None
    ) -> tuple[str, bytes]:
        """Seal what is no JSON, as a picture, in the same way."""
        nonce = os.urandom(_NONCE)
        cipher = AESGCM(self.answers[self.newest])
        return self.newest, nonce + cipher.encrypt(nonce, plain, _place(bound_to, table, revision))

    def open(
        self,
        key_id: str,
        sealed: bytes,
        bound_to: object,
        *,
        table: str = "",
        revision: int | None = None,
    ) -> dict[str, Any]:
        """Open what `seal` sealed. Raises NotOpenedError."""
        plain = self.open_bytes(key_id, sealed, bound_to, table=table, revision=revision)
        content: dict[str, Any] = json.loads(plain)
        return content

    def open_bytes(
        self,
        key_id: str,
        sealed: bytes,
        bound_to: object,
        *,
        table: str = "",
        revision: int | None = None,
    ) -> bytes:
        """Open what `seal_bytes` sealed. Raises NotOpenedError."""
        if key_id not in self.answers:
            raise NotOpenedError(f"No key {key_id!r} in the key file; it may have been retired.")
        try:
            return AESGCM(self.answers[key_id]).decrypt(
                sealed[:_NONCE], sealed[_NONCE:], _place(bound_to, table, revision)
            )
        except InvalidTag:
            raise NotOpenedError(
                f"A row sealed with key {key_id!r} does not open: it was changed, or moved."
            ) from None


def make_code() -> str:
    """A fresh code: 54 random bits and a check character."""
    return _checked("".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH - 1)))


def normalise_code(typed: str) -> str:
    """What a person typed, as the code was made: case, blanks, dashes and lookalikes aside."""
    kept = "".join(sign for sign in typed.translate(_DIGITS).upper() if sign.isalnum())
    return kept.translate(_LOOKALIKES)


def could_be_code(typed: str) -> bool:
    """Whether the check character agrees: a slip of the finger does not, a guess may."""
    code = normalise_code(typed)
    if len(code) != CODE_LENGTH or not set(code) <= set(ALPHABET):
        return False
    return _checked(code[:-1]) == code


def shown_code(code: str) -> str:
    """In groups of four, as people read it."""
    return " ".join(code[start : start + 4] for start in range(0, len(code), 4))


def make_key_file(path: Path) -> Keys:
    """Make new secrets and write them where only the owner can read. Never overwrites."""

    def fresh() -> str:
        return base64.b64encode(os.urandom(32)).decode()

    first = dt.datetime.now(dt.UTC).strftime("k%Y%m%d")
    content = {
        "newest": first,
        "answers": {first: fresh()},
        "purposes": {name: fresh() for name in _PURPOSES},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    return read_key_file(path)


def read_key_file(path: Path) -> Keys:
    """Read the secrets. Raises KeyFileError when others could read them too, or they are damaged."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise KeyFileError(
            f"Key file {path}: {error.strerror}. Make one with: beboerpuls init"
        ) from None
    # Windows keeps permissions elsewhere; st_mode says nothing there.
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileError(
            f"Key file {path}: others on this machine may read it "
            f"(mode {stat.filemode(mode)}). Close it with: chmod 600 {path}"
        )
    try:
        content = json.loads(text)
        _refuse_earlier(path, content["purposes"])
        purposes = {name: _secret(content["purposes"][name]) for name in _PURPOSES}
        answers = {name: _secret(value) for name, value in content["answers"].items()}
        newest = content["newest"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise KeyFileError(
            f"Key file {path}: not as it was written ({error}). Put back the copy you keep "
            "elsewhere; without it the answers in the database cannot be opened."
        ) from None
    if newest not in answers:
        raise KeyFileError(f"Key file {path}: the newest key {newest!r} is not among the answers.")
    return Keys(purposes, answers, newest)


def _place(bound_to: object, table: str, revision: int | None) -> bytes:
    """Where something sealed belongs: what AES-GCM binds it to."""
    return "\x1f".join((table, str(bound_to), "" if revision is None else str(revision))).encode()


def _refuse_earlier(path: Path, purposes: Mapping[str, str]) -> None:
    missing = [name for name in _PURPOSES if name not in purposes]
    if missing and len(missing) < len(_PURPOSES):
        raise KeyFileError(
            f"Key file {path}: an earlier version made it, without a secret for "
            f"{', '.join(missing)}. This version cannot use that version's database either. Begin "
            "anew in another folder: beboerpuls init FOLDER (a demo: beboerpuls demo --fresh)"
        )


def _secret(text: str) -> bytes:
    value = base64.b64decode(text, validate=True)
    if len(value) != 32:
        raise ValueError(f"a secret has 32 bytes, this one {len(value)}")
    return value


def _coded(digest: bytes) -> str:
    number = int.from_bytes(digest, "big")
    signs = []
    for _ in range(CODE_LENGTH - 1):
        number, rest = divmod(number, len(ALPHABET))
        signs.append(ALPHABET[rest])
    return _checked("".join(signs))


def _checked(body: str) -> str:
    total = sum(place * ALPHABET.index(sign) for place, sign in enumerate(body, start=1))
    return body + ALPHABET[total % len(ALPHABET)]
