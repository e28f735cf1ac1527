"""What a file is by its first bytes, and photographs that came together as one file.

A process that reads costs more to start than a page costs to read: photographs of one page each are
read by as few processes as a file of as many pages. No library is needed to tell.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

LARGEST = 80_000_000  # dots of a picture as it comes; A4 at 600 dots an inch has 35 million
PICTURES = b"BPPICS1\n"  # then how many, how large each, and one after the other
_MOST_PICTURES = 2000

_SIGNS = (
    ("pdf", b"%PDF-"),
    ("jpeg", b"\xff\xd8\xff"),
    ("png", b"\x89PNG\r\n\x1a\n"),
    ("tiff", b"II*\x00"),
    ("tiff", b"MM\x00*"),
    ("pictures", PICTURES),
)
OF_ONE_PAGE = frozenset({"jpeg", "png"})


class FileError(Exception):
    """A file that cannot be opened at all; `problem` names why."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def kind_of(content: bytes) -> str:
    """What a file is, by its first bytes. Raises FileError."""
    for kind, sign in _SIGNS:
        if content.startswith(sign):
            return kind
    if b"%PDF-" in content[:1024]:
        return "pdf"
    if content[4:8] == b"ftyp":
        raise FileError("heic")
    if content[:4] in {b"PK\x03\x04", b"PK\x05\x06"}:
        raise FileError("packed")
    raise FileError("no_picture" if content else "empty")


def gathered(pictures: Sequence[bytes]) -> bytes:
    """Photographs of a page each as one file; a single one stays what it is."""
    if len(pictures) == 1:
        return pictures[0]
    sizes = struct.pack(f"<I{len(pictures)}I", len(pictures), *map(len, pictures))
    return PICTURES + sizes + b"".join(pictures)


def scattered(content: bytes) -> list[bytes]:
    """The photographs of such a file again. Raises FileError."""
    at = len(PICTURES) + 4
    (number,) = struct.unpack_from("<I", content, len(PICTURES)) if len(content) >= at else (0,)
    if number > _MOST_PICTURES:
        raise FileError("pages_too_many")
    if not number or len(content) < at + 4 * number:
        raise FileError("damaged")
    sizes = struct.unpack_from(f"<{number}I", content, at)
    at += 4 * number
    if len(content) != at + sum(sizes):
        raise FileError("damaged")
    pictures = []
    for size in sizes:
        pictures.append(content[at : at + size])
        at += size
    return pictures


def most_readers(content: bytes, at_once: int) -> int:
    """How many processes are worth starting for a file: none for a page that is not there."""
    try:
        return 1 if kind_of(content) in OF_ONE_PAGE else at_once
    except FileError:
        return 1
