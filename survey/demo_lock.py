"""One server a demo's folder: a lock that the operating system lets go when its holder ends.

However a server ends, killed outright included, nothing stays behind that would have to be
removed by hand; that the file is there says nothing, only that it is held.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from survey.demo import DemoError


class DemoRunningError(DemoError):
    """Another server uses the folder; says which and what to do."""


def hold_demo(folder: Path, port: int) -> int:
    """Hold a demo's folder until this process ends; returns the lock's descriptor.

    The file lies beside the folder, since the folder itself is deleted and made anew. A program
    that takes this process's place holds on. Raises DemoRunningError where another holds it.
    """
    path = folder.with_name(f".{folder.name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    if not _locked(descriptor):
        told = os.read(descriptor, 100).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise DemoRunningError(
            f"The demo in {folder} is in use by a server that runs already"
            f"{f' ({told})' if told else ''}. "
            "Stop that with Ctrl+C where it was started, or try another folder: "
            "beboerpuls demo --dir FOLDER"
        )
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"process {os.getpid()}, port {port}".encode("ascii"))
    os.set_inheritable(descriptor, True)
    return descriptor


if sys.platform == "win32":
    import msvcrt

    # Beyond what is written: on Windows nobody else can read a byte that is locked.
    _LOCKED_BYTE = 1024

    def _locked(descriptor: int) -> bool:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def _locked(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
