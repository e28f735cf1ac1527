"""Files read in processes of their own, two at once: what one of them dies of is one page's matter."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, cast

from survey.scanning.file_kinds import most_readers
from survey.scanning.libraries import needs_libraries

AT_ONCE = 2
_LONGEST_PAGE = 60.0  # seconds; half a second is usual
_MOST_DEATHS = 5  # of one reader, before a file is given up

Looks = Callable[[], None]


@dataclass(frozen=True)
class Layout:
    """What a reader needs to know of one layout."""

    id: str
    layout: Mapping[str, Any]
    blank: bytes
    multiple: frozenset[str]


class UnreadableFileError(Exception):
    """A file of which no page can be read; `problem` names why."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def read_file(
    content: bytes, layouts: list[Layout], *, at_once: int = AT_ONCE, look: Looks = lambda: None
) -> Iterator[dict[str, Any]]:
    """Each page of a file as `pages.read_picture` tells of it, in no order; `number` counts from 1.

    `look` is called between pages, and may raise to stop. Raises UnreadableFileError,
    MissingLibrariesError.
    """
    needs_libraries()
    told: queue.Queue[dict[str, Any]] = queue.Queue()
    at_once = most_readers(content, at_once)
    readers = [_Reader(content, layouts, first, at_once, told) for first in range(1, at_once + 1)]
    for reader in readers:
        reader.start()
    failed, reading = "", len(readers)
    try:
        while reading:
            look()
            try:
                what = told.get(timeout=1.0)
            except queue.Empty:
                continue
            if "over" in what:
                reading -= 1
                failed = failed or what["over"]
            else:
                yield what
    finally:
        for reader in readers:
            reader.stop()
    if failed:
        raise UnreadableFileError(failed)


class _Reader(threading.Thread):
    """Feeds one process, listens to it, and starts another after the page it died of."""

    def __init__(
        self,
        content: bytes,
        layouts: list[Layout],
        first: int,
        step: int,
        told: queue.Queue[dict[str, Any]],
    ) -> None:
        super().__init__(daemon=True)
        self._content, self._layouts, self._told = content, layouts, told
        self._next, self._step = first, step
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def run(self) -> None:
        # Whatever ends this unforeseen has not read the file to its end.
        over = "too_much"
        try:
            over = self._read()
        finally:
            self._told.put({"over": over})

    def stop(self) -> None:
        self._stopped = True
        if self._process is not None:
            self._process.kill()
        self.join()

    def _read(self) -> str:
        """Read to the file's end; returns why it was given up, or nothing."""
        for _ in range(_MOST_DEATHS):
            begun = self._next
            ended, failed = self._one_process()
            if ended or self._stopped:
                return failed
            dead = {"number": self._next, "outcome": "damaged", "problem": "too_much"}
            self._told.put(dead)
            self._next = max(self._next, begun) + self._step
        return "too_much"

    def _one_process(self) -> tuple[bool, str]:
        with subprocess.Popen(
            [sys.executable, "-m", "survey.scanning.reader"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            self._process = process
            feeding = threading.Thread(target=self._feed, args=(process,), daemon=True)
            feeding.start()
            try:
                return self._listen(process, cast("IO[bytes]", process.stdout))
            finally:
                process.kill()
                feeding.join()

    def _feed(self, process: subprocess.Popen[bytes]) -> None:
        to = cast("IO[bytes]", process.stdin)
        asked = {
            "first": self._next,
            "step": self._step,
            "size": len(self._content),
            "layouts": [
                {"id": one.id, "layout": one.layout, "size": len(one.blank),
                 "multiple": sorted(one.multiple)}
                for one in self._layouts
            ],
        }  # fmt: skip
        try:
            to.write(json.dumps(asked).encode() + b"\n")
            for one in self._layouts:
                to.write(one.blank)
            to.write(self._content)
            to.close()
        except OSError:
            pass  # it died; what it died of is told by the page it was at

    def _listen(self, process: subprocess.Popen[bytes], said: IO[bytes]) -> tuple[bool, str]:
        """Whether the file was read to its end, and why it cannot be read at all."""
        failed = ""
        while True:
            late = threading.Timer(_LONGEST_PAGE, process.kill)
            late.start()
            line = said.readline()
            late.cancel()
            if not line:
                return False, failed
            try:
                what = json.loads(line)
            except ValueError:  # killed in the middle of a line
                return False, failed
            if "begins" in what:
                self._next = what["begins"]
            elif "failed" in what:
                failed = what["failed"]
            elif "end" in what:
                return True, failed
            else:
                self._told.put(what)
