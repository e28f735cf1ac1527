"""Uploaded files opened page by page: PDF, TIFF, JPEG, PNG, each known by its content, not its name.

A file may be hostile: it is opened in a process of its own (`reader`), with bounded memory, and no
picture is made larger than reading needs.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import pypdfium2

from survey.scanning.file_kinds import LARGEST, FileError, kind_of, scattered
from survey.scanning.finding import Picture

MOST_PAGES = 2000  # a file
_LONGEST = 2800  # dots of the longer side that reading needs: 240 an inch of A4
_DEEPEST_PICTURE = 8  # forms within forms in which a page's pictures are looked for
_STEEPEST = 8  # a page so many times longer than wide is no paper


@dataclass(frozen=True)
class Opened:
    """One page of a file: its picture, or why there is none."""

    number: int
    picture: Picture | None
    problem: str = ""


def open_pages(content: bytes, numbers: Iterator[int]) -> Iterator[Opened]:
    """The pages that `numbers` asks for, until the file has no more. Raises FileError."""
    kind = kind_of(content)
    if kind == "pdf":
        yield from _pdf(content, numbers)
    elif kind == "tiff":
        yield from _tiff(content, numbers)
    else:
        pictures = scattered(content) if kind == "pictures" else [content]
        for number in numbers:
            if number > len(pictures):
                return
            yield _one(number, pictures[number - 1])


def _pdf(content: bytes, numbers: Iterator[int]) -> Iterator[Opened]:
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as failure:
        raise FileError("password" if "password" in str(failure).lower() else "damaged") from None
    with document:
        if len(document) > MOST_PAGES:
            raise FileError("pages_too_many")
        for number in numbers:
            if number > len(document):
                return
            yield _pdf_page(document, number)


def _pdf_page(document: pypdfium2.PdfDocument, number: int) -> Opened:
    try:
        page = document[number - 1]
        width, height = page.get_size()
        if min(width, height) <= 0 or max(width, height) > _STEEPEST * min(width, height):
            return Opened(number, None, "no_paper")
        if _dots(page) > LARGEST:
            # The library leaves out what it has no memory for, and the page would look empty.
            return Opened(number, None, "too_large")
        shown = page.render(scale=_LONGEST / max(width, height), grayscale=True)
        picture = np.array(shown.to_numpy(), dtype=np.uint8)
        page.close()
    except (pypdfium2.PdfiumError, MemoryError):
        return Opened(number, None, "damaged")
    return Opened(number, picture.reshape(picture.shape[:2]))


def _dots(page: pypdfium2.PdfPage) -> int:
    """How many dots the pictures of a page have together, before they are made smaller."""
    pictures = page.get_objects(
        filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE], max_depth=_DEEPEST_PICTURE
    )
    sizes = [one.get_px_size() for one in pictures if isinstance(one, pypdfium2.PdfImage)]
    return sum(width * height for width, height in sizes)


def _tiff(content: bytes, numbers: Iterator[int]) -> Iterator[Opened]:
    data = np.frombuffer(content, dtype=np.uint8)
    known = _tiff_pages(content)
    if known > MOST_PAGES:
        raise FileError("pages_too_many")
    for number in numbers:
        if number > known:
            return
        try:
            there, pages = cv2.imdecodemulti(
                data, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION,
                range=(number - 1, number),
            )  # fmt: skip
        except (cv2.error, MemoryError) as failure:
            yield Opened(number, None, _said(failure))
            continue
        if there and pages:
            yield Opened(number, _small_enough(pages[0]))
        else:
            yield Opened(number, None, "damaged")


def _tiff_pages(content: bytes) -> int:
    """How many pages a TIFF says it has; where their chain is broken, what is lost counts as one.

    The library stops at the first page that it cannot read, and says nothing of those after it.
    """
    order = "<" if content.startswith(b"II") else ">"
    seen: set[int] = set()
    at = _number(content, f"{order}I", 4)
    while at and at not in seen and len(seen) <= MOST_PAGES:
        seen.add(at)
        entries = _number(content, f"{order}H", at)
        if entries is None:
            break  # this page itself is cut off
        at = _number(content, f"{order}I", at + 2 + 12 * entries)
        if at is None:
            return len(seen) + 1
    return max(1, len(seen))


def _number(content: bytes, form: str, at: int) -> int | None:
    """A number that stands in a file, or None beyond its end."""
    if at + struct.calcsize(form) > len(content):
        return None
    return int(struct.unpack_from(form, content, at)[0])


def _one(number: int, content: bytes) -> Opened:
    data = np.frombuffer(content, dtype=np.uint8)
    try:
        # Whichever way up it was held: the marks tell, and some cameras do not.
        picture = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION)
    except (cv2.error, MemoryError) as failure:
        return Opened(number, None, _said(failure))
    if picture is None:
        return Opened(number, None, "damaged")
    return Opened(number, _small_enough(picture))


def _said(failure: Exception) -> str:
    return "too_large" if "PIXELS" in str(failure) or "pixels" in str(failure) else "damaged"


def _small_enough(picture: cv2.typing.MatLike) -> Picture:
    grey = picture if picture.dtype == np.uint8 else cv2.convertScaleAbs(picture, alpha=1 / 257)
    factor = _LONGEST / max(grey.shape)
    if factor < 1:
        grey = cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(grey, dtype=np.uint8)
