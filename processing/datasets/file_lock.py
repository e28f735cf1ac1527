"""One writer at a time of a file that is read, changed and written: others wait.

The operating system lets the lock go when its holder ends, however it ends.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .folders import DatasetError


@contextmanager
def alone_with(path: Path) -> Iterator[None]:
    """Hold a lock that lies beside `path` until the block ends. Raises DatasetError."""
    beside = path.with_name(f".{path.name}.lock")
    try:
        descriptor = os.open(beside, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise DatasetError(
            f"{beside}: it cannot be opened ({error.strerror}). Correct the folder's permissions,"
            " then try again."
        ) from error
    try:
        _wait_for(descriptor)
        yield
    finally:
        os.close(descriptor)  # which lets go of it


if sys.platform == "win32":
    import msvcrt

    def _wait_for(descriptor: int) -> None:
        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)  # gives up after ten tries
            except OSError:
                continue
            return

else:
    import fcntl

    def _wait_for(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
