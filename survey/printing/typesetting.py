"""Sets sheets as PDF/UA-1, and tells where every box lies.

A sheet is compiled by itself: one document of five hundred needs 1.75 GB, five hundred documents
share one small memory. The layout is the same for all sheets of a form, language and size, since
only the serial differs, which has one width.
"""

from __future__ import annotations

import hashlib
import io
import json
import threading
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import segno
import typst

from survey.printing.furniture import CODE, HEIGHT, MARKS, WIDTH

TEMPLATES = Path(__file__).parent / "templates"
FONTS = Path(__file__).parent / "fonts"

# The typesetter forgets what ten compilations have not used, 30 MB a sheet. Empty ones in between
# make it forget the sheet before last; what sheets share is used by each and stays.
AGEING = 4
_MEASURED = "0000000"  # any serial of that width


class Typesetter:
    """Sets the sheets of one form, in one language and size; several threads may ask it."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.content = content
        self._mine = threading.local()

    @cached_property
    def layout(self) -> dict[str, Any]:
        """Where everything that scanning looks for lies, in millimetres from the upper left.

        `boxes` has a line a box: column, page from 1, x and y of its upper left corner, width,
        height, and what it is: `tick` with the answer's code, `digit` with its place from the
        left (of a month the month's two first), `place` with the code of the option that is ranked,
        `text`. `marks` are ArUco 4x4 markers, `code` is the QR code, the same on each page.
        """
        found = json.loads(self._new_compiler().query("<layout>", field="value", one=True))
        return {
            "paper": {"width": WIDTH, "height": HEIGHT},
            "language": self.content["language"],
            "large": self.content["large"],
            "pages": found["pages"],
            "marks": [dict(mark) for mark in MARKS],
            "code": dict(CODE),
            "boxes": [_rounded(box) for box in found["boxes"]],
        }

    @cached_property
    def layout_id(self) -> str:
        """Ten signs that name the layout and the words beside it, in the QR code of every page."""
        whole = json.dumps([self.layout, self.content], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(whole.encode()).hexdigest()[:10].upper()

    def sheet(self, serial: str) -> bytes:
        """One sheet as PDF, checked by the typesetter to be PDF/UA-1. Raises typst.TypstError."""
        pages = self.layout["pages"]
        codes = [
            _code(page_code(serial, page, pages, self.layout_id)) for page in range(1, pages + 1)
        ]
        pdf = self._compiler().compile(_source(serial, codes), pdf_standards=["ua-1"])
        for _ in range(AGEING):
            self._compiler().compile(b"", format="svg")
        return cast("bytes", pdf)

    def blank(self) -> bytes:
        """A sheet with nobody's number, by which scanning tells what was printed. Raises TypstError."""
        return self.sheet(_MEASURED)

    def _compiler(self) -> typst.Compiler:
        """The thread's own: a compiler holds the serial that it is setting."""
        if not hasattr(self._mine, "compiler"):
            self._mine.compiler = self._new_compiler()
        return cast("typst.Compiler", self._mine.compiler)

    def _new_compiler(self) -> typst.Compiler:
        fonts = typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)]
        )
        return typst.Compiler(
            _source(_MEASURED, []),
            root=str(TEMPLATES),
            font_paths=fonts,
            ignore_system_fonts=True,
            sys_inputs={"content": json.dumps(self.content, ensure_ascii=False)},
        )


def page_code(serial: str, page: int, pages: int, layout: str) -> str:
    """What a page's QR code says: the sheet, the page, how many, and the layout. Nothing else."""
    return f"BP:{serial}:{page}/{pages}:{layout}"


def _source(serial: str, codes: list[str]) -> bytes:
    """The document that puts a sheet's own into the template; JSON strings are typst's too."""
    drawn = "".join(f"{json.dumps(code)}," for code in codes)
    return f'#import "/sheet.typ": printed\n#printed({json.dumps(serial)}, ({drawn}))'.encode()


def _code(content: str) -> str:
    drawn = io.BytesIO()
    # A quarter may be lost to coffee. Capitals and digits alone keep the dots large.
    segno.make(content, error="q", micro=False).save(
        drawn, kind="svg", border=0, scale=4, xmldecl=False
    )
    return drawn.getvalue().decode()


def _rounded(box: Mapping[str, Any]) -> dict[str, Any]:
    sizes = {name: round(box[name], 2) for name in ("x", "y", "width", "height")}
    return {
        "column": box["column"],
        "kind": box["kind"],
        "code": box["code"],
        "page": box["page"],
    } | sizes
