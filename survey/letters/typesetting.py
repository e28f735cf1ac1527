"""Sets letters as PDF/UA-1, each a document of its own, with the fonts and ways of the sheets."""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import segno
import typst

from survey.printing.typesetting import AGEING, FONTS

TEMPLATES = Path(__file__).parent / "templates"


# How the typesetter says that no font has what stands there, which PDF/UA does not allow.
_LACKING = re.compile(r"the text `(.+?)` could not be displayed", re.DOTALL)


class UnprintableError(Exception):
    """A letter holds signs that we ship no font for."""

    def __init__(self, signs: str) -> None:
        super().__init__(f"No font of ours has {signs!r}.")
        self.signs = signs


class LetterSetter:
    """Sets letters; several threads may ask it."""

    def __init__(self) -> None:
        self._mine = threading.local()

    def letter(self, content: Mapping[str, Any], link: str) -> bytes:
        """One letter as PDF, checked by the typesetter to be PDF/UA-1. Raises UnprintableError."""
        compiler = self._compiler()
        try:
            pdf = compiler.compile(_source(content, link), pdf_standards=["ua-1"])
        except typst.TypstError as error:
            lacking = _LACKING.search(str(error))
            if lacking is None:
                raise
            raise UnprintableError(lacking[1].strip('"')) from None
        for _ in range(AGEING):
            compiler.compile(b"", format="svg")
        return cast("bytes", pdf)

    def pictures(self, content: Mapping[str, Any], link: str, *, dots: int) -> list[bytes]:
        """The letter's pages as PNG, so many dots an inch: to look at before anything is printed."""
        drawn = self._compiler().compile(_source(content, link), format="png", ppi=dots)
        return cast("list[bytes]", drawn if isinstance(drawn, list) else [drawn])

    def _compiler(self) -> typst.Compiler:
        """The thread's own: a compiler holds the letter that it is setting."""
        if not hasattr(self._mine, "compiler"):
            fonts = typst.Fonts(
                include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)]
            )
            self._mine.compiler = typst.Compiler(
                b"", root=str(TEMPLATES), font_paths=fonts, ignore_system_fonts=True
            )
        return cast("typst.Compiler", self._mine.compiler)


def _source(content: Mapping[str, Any], link: str) -> bytes:
    """The document that puts a letter's own into the template; JSON strings are typst's too."""
    written = json.dumps(json.dumps(content, ensure_ascii=False), ensure_ascii=False)
    drawn = json.dumps(_code(link))
    return f'#import "/letter.typ": printed\n#printed({written}, {drawn})'.encode()


def _code(link: str) -> str:
    drawn = io.BytesIO()
    # A quarter may be lost to a fold; a quiet edge is the template's.
    segno.make(link, error="q", micro=False).save(
        drawn, kind="svg", border=0, scale=4, xmldecl=False
    )
    return drawn.getvalue().decode()
