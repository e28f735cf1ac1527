"""A file that somebody brings to a page, or its text pasted in: what was sent, and shown again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from flask import request

# Excel's files: a zip, or the older kind.
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
# What a browser can still scroll through; more is corrected where it was made.
_MOST_SHOWN = 400_000


@dataclass(frozen=True)
class SentText:
    """What came, under the name that problems call it by.

    `problem` is why nothing can be read of it: none, both, workbook.
    """

    name: str
    content: bytes = b""
    problem: str = ""

    @property
    def shown(self) -> str:
        """The text to stand in the form again, so that nothing is lost; a file's too."""
        if len(self.content) > _MOST_SHOWN or self.problem == "workbook":
            return ""
        try:
            return self.content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return ""


def sent_text(otherwise: str) -> SentText:
    """What a form with the fields `file` and `text` brought; pasted text is called `otherwise`."""
    file = request.files.get("file")
    # As most files are written: a browser sends other line ends.
    text = request.form.get("text", "").replace("\r\n", "\n")
    if file is None or not file.filename:
        found = SentText(otherwise, text.encode())
        return found if text.strip() else SentText(otherwise, problem="none")
    if text.strip():
        return SentText(otherwise, text.encode(), "both")
    # Under the name it came with, which problems name; never under a path of somebody's making.
    name = PurePosixPath(file.filename.replace("\\", "/")).name or otherwise
    content = file.stream.read()
    return SentText(name, content, "workbook" if content.startswith(_WORKBOOKS) else "")
