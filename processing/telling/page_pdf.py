"""A report as PDF: tagged, with words for every drawing, readable in black and white."""

from __future__ import annotations

import html
import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typst

from .document import Block, Document, Figure

TEMPLATE = Path(__file__).with_name("report.typ")
_ALT = re.compile(r'aria-label="([^"]*)"')
_WIDTH = re.compile(r'viewBox="0 0 (\d+)')
# What the product's stylesheet says of drawings, for paper.
_STYLE = """
.rule{stroke:#999;stroke-width:.6;fill:none}.ink-line{stroke:#1a211d;fill:none}
.ink-fill{fill:#1a211d}.blank{fill:#fff}
.paint{fill:#1b5940}.paint-line{stroke:#1b5940;fill:none}.unsure{fill:#1b5940;fill-opacity:.45}
.hollow{fill:#fff;stroke:#1a211d;stroke-width:1.4}.dashed{stroke-dasharray:5 4}
.thin{stroke-width:1}.thick{stroke-width:4}
.shade-1{fill:#fff;stroke:#6b756e}.shade-2{fill:#1b5940;fill-opacity:.2}
.shade-3{fill:#1b5940;fill-opacity:.45}.shade-4{fill:#1b5940;fill-opacity:.8}.shade-5{fill:#1b5940}
text{font-family:"Noto Sans","Noto Sans Arabic";font-size:14px;fill:#1a211d}.quiet{fill:#4d5851}
.strong,.reserve{font-weight:700}.end{text-anchor:end}.middle{text-anchor:middle}
"""


def as_pdf(document: Document, fonts: Path) -> bytes:
    """Return the document as PDF/UA-1; `fonts` is a folder with Noto Sans.

    Raises typst.TypstError where the typesetter finds that it is not accessible.
    """
    content = json.dumps(_plain(document), ensure_ascii=False)
    faces = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(fonts)]
    )
    pdf: bytes = typst.compile(
        str(TEMPLATE),
        root=str(TEMPLATE.parent),
        font_paths=faces,
        ignore_system_fonts=True,
        sys_inputs={"content": content},
        pdf_standards=["ua-1"],
    )
    return pdf


def _plain(document: Document) -> dict[str, Any]:
    plain: dict[str, Any] = _in_font(asdict(document))
    plain["sections"] = [
        {
            "heading": _in_font(section.heading),
            "blocks": [_block(block) for block in section.blocks],
        }
        for section in document.sections
    ]
    return plain


def _in_font(told: Any) -> Any:
    """The same with the dash that the font has for a minus; words for a reader keep theirs."""
    if isinstance(told, str):
        return told.replace("−", "–")
    if isinstance(told, dict):
        return {name: _in_font(value) for name, value in told.items()}
    return [_in_font(one) for one in told] if isinstance(told, list | tuple) else told


def _block(block: Block) -> dict[str, Any]:
    plain: dict[str, Any] = {"kind": type(block).__name__, **_in_font(asdict(block))}
    if isinstance(block, Figure):
        plain["alt"] = html.unescape(_found(_ALT, block.svg))
        plain["width"] = int(_found(_WIDTH, block.svg))
        plain["svg"] = (
            plain["svg"]
            .replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
            .replace(">", f"><style>{_STYLE}</style>", 1)
        )
    return plain


def _found(pattern: re.Pattern[str], svg: str) -> str:
    match = pattern.search(svg)
    if match is None:
        raise ValueError(f"a drawing without {pattern.pattern}: {svg[:80]}")
    return match[1]
