"""What scanning needs beyond the rest, and what to do where it is missing.

The three weigh 165 MB, a fifth of all that `requirements.lock` installs, the demo's environment among
others. Whoever installs the project without the lock and wants to scan asks for its extra `scanning`.
"""

from __future__ import annotations

from importlib.util import find_spec

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


def needs_libraries() -> None:
    """Raises MissingLibrariesError."""
    missing = [wanted for module, wanted in LIBRARIES.items() if find_spec(module) is None]
    if missing:
        raise MissingLibrariesError(missing)
