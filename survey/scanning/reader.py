"""The process that opens and reads one file: `python -m survey.scanning.reader`, fed by `reading_room`.

It gets everything through its input and tells everything through its output, a line of JSON a page:
no picture touches the disk. It may use so much memory and no more; what it cannot do, it dies of.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
from typing import IO, Any

from survey.scanning.file_kinds import LARGEST

MOST_MEMORY = 1_500_000_000  # bytes of address space


def main() -> None:
    _bounded()
    source, told = sys.stdin.buffer, os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # libraries that print must not be taken for a page
    asked = json.loads(source.readline())
    from survey.scanning.pages import PrintedLayout, read_picture  # noqa: PLC0415 - after the bounds

    layouts = {
        one["id"]: PrintedLayout(
            one["layout"], source.read(one["size"]), frozenset(one["multiple"])
        )
        for one in asked["layouts"]
    }
    content = source.read(asked["size"])
    from survey.scanning.file_kinds import FileError  # noqa: PLC0415
    from survey.scanning.opening import open_pages  # noqa: PLC0415

    numbers = _told(told, itertools.count(asked["first"], asked["step"]))
    try:
        for opened in open_pages(content, numbers):
            _tell(told, {"number": opened.number, **read_picture(opened, layouts)})
    except FileError as failure:
        _tell(told, {"failed": failure.problem})
    _tell(told, {"end": True})


def _told(told: IO[str], numbers: Any) -> Any:
    """Tell of each page before it is opened: should it be the last, it is known which it was."""
    for number in numbers:
        _tell(told, {"begins": number})
        yield number


def _tell(told: IO[str], what: dict[str, Any]) -> None:
    told.write(json.dumps(what) + "\n")
    told.flush()


def _bounded() -> None:
    os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(LARGEST)
    os.environ["OPENCV_LOG_LEVEL"] = "SILENT"
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    if os.name == "posix":
        import resource  # noqa: PLC0415 - Windows has none

        for limit, most in (
            (resource.RLIMIT_AS, MOST_MEMORY),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_FSIZE, 0),
        ):
            resource.setrlimit(limit, (most, most))
    import cv2  # noqa: PLC0415 - reads its limits when it is first imported

    cv2.setNumThreads(1)


if __name__ == "__main__":
    main()
