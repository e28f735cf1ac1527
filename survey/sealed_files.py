"""Files sealed piece by piece, so that one of any size fits into a small memory.

Each file has a key of its own, used for nothing else. Pieces of 64 KiB are sealed with AES-256-GCM
under a counter; the last is marked, so that a file cut short does not open (the STREAM construction
of Hoang, Reyhanitabar, Rogaway and Vizár 2015).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from survey.secrets import NotOpenedError

PIECE = 64 * 1024
_TAG = 16


def make_file_key() -> bytes:
    return os.urandom(32)


class SealedFile:
    """A file being written; what is written is sealed before it reaches the disk.

    Nobody but the owner may read it. `close` makes it whole and sure to be on the disk; a file that
    was left without does not open.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self.size = 0  # bytes written, unsealed
        self._cipher = AESGCM(key)
        self._waiting = bytearray()
        self._number = 0
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file: BinaryIO = os.fdopen(descriptor, "wb")

    def write(self, content: bytes) -> int:
        self._waiting += content
        self.size += len(content)
        while len(self._waiting) > PIECE:
            self._seal(bytes(self._waiting[:PIECE]), last=False)
            del self._waiting[:PIECE]
        return len(content)

    def flush(self) -> None:
        """Does nothing: a piece is sealed when it is full."""

    def close(self) -> None:
        self._seal(bytes(self._waiting), last=True)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def abandon(self) -> None:
        """Stop writing; what is there stays unreadable."""
        self._file.close()

    def _seal(self, piece: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last=last), piece, None))
        self._number += 1


def open_pieces(path: Path, key: bytes) -> Iterator[bytes]:
    """A sealed file, piece by piece. Raises NotOpenedError, OSError."""
    cipher = AESGCM(key)
    number = 0
    with path.open("rb") as file:
        sealed = file.read(PIECE + _TAG)
        while True:
            following = file.read(PIECE + _TAG)
            try:
                yield cipher.decrypt(_nonce(number, last=not following), sealed, None)
            except InvalidTag:
                raise NotOpenedError(
                    "A file of a job does not open: it was changed, or cut short."
                ) from None
            if not following:
                return
            sealed, number = following, number + 1


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
