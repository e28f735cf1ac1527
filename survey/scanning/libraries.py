"""What scanning needs beyond the rest, and what to do where it is missing.

The three weigh 165 MB, a fifth of all that `requirements.lock` installs, the demo's environment among
others. Whoever installs the project without the lock and wants to scan asks for its extra `scanning`.
"""

from __future__ import annotations

import threading
from importlib.machinery import PathFinder
from typing import Any

# Module -> what pip installs. The extra `scanning` in setup.cfg names the same.
LIBRARIES = {
    "cv2": "opencv-python-headless>=5",
    "pypdfium2": "pypdfium2>=5.15",
    "zxingcpp": "zxing-cpp>=3.1",
}


class MissingLibrariesError(Exception):
    """Scanning is not installed here; says what is missing, and how to install it."""

    def __init__(self, missing: list[str]) -> None:
        self.missing = missing
        self.command = "python -m pip install " + " ".join(
            f"'{wanted}'" for wanted in LIBRARIES.values()
        )
        super().__init__(
            f"Scanning needs {', '.join(missing)}, which this installation lacks. In its "
            f"environment run: {self.command}"
        )


_IMPORTING = threading.Lock()


def is_installed(module: str) -> bool:
    """Whether there is such a library, also while another thread is importing it.

    A module that is half imported has no spec yet, and to ask the import system for it is an error.
    """
    return PathFinder.find_spec(module) is not None


def picture_library() -> Any:
    """OpenCV. Raises MissingLibrariesError.

    It replaces itself while it is imported: of two threads that ask first, one would get a half.
    """
    needs_libraries()
    with _IMPORTING:
        import cv2  # noqa: PLC0415 - not needed by an installation that scans nothing
    return cv2


def needs_libraries() -> None:
    """Raises MissingLibrariesError."""
    missing = [wanted for module, wanted in LIBRARIES.items() if not is_installed(module)]
    if missing:
        raise MissingLibrariesError(missing)
