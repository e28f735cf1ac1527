"""A report as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .document import Block, Command, Document, Figure, Points, Section, Sentence, Table

STACKED = 3
"""Columns of figures beyond which a table is told row by row on a phone."""
_MARK = "M3 1h26v4H3zM3 7h26v4H3zM0 14h32v4H0zM5 18h3v6H5zM24 18h3v6h-3z"


def as_page(document: Document, stylesheet: str) -> str:
    """Return the page, with the stylesheet in it."""
    return (
        f'<!doctype html>\n<html lang="{document.language}" dir="ltr">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(document.title)}</title>\n<style>{stylesheet}</style>\n"
        f'</head>\n<body class="desk">\n<a class="skip" href="#main">{escape(document.skip)}</a>\n'
        '<header class="band"><a class="wordmark" href="#main"><svg viewBox="0 0 32 24" aria-hidden="true">'
        f'<path d="{_MARK}"/></svg>{escape(document.brand)}</a></header>\n<main id="main">\n'
        f'<p class="where">{escape(document.where)}</p><h1>{escape(document.heading)}</h1>'
        f"{as_parts(document)}</main>\n</body>\n</html>\n"
    )


def as_parts(document: Document) -> str:
    """Return all below the heading: for a page that has a frame of its own."""
    figures = "".join(
        f"<div><dt>{escape(one.name)}</dt><dd>{escape(one.value)}</dd>"
        f'<dd class="note">{escape(one.note)}</dd></div>'
        for one in document.key_figures
    )
    return (
        _verdict(document)
        + f'<p class="lead">{escape(document.lead)}</p>'
        + (f'<dl class="key-figures">{figures}</dl>' if figures else "")
        + "".join(_section(section) for section in document.sections)
    )


def _verdict(document: Document) -> str:
    if document.verdict is None:
        return ""
    options, chosen = document.verdict
    marks = [' aria-current="true"' if place == chosen else "" for place in range(len(options))]
    inside = "".join(
        f"<li{mark}>{escape(one)}</li>" for one, mark in zip(options, marks, strict=True)
    )
    return f'<ol class="verdict">{inside}</ol>'


def _section(section: Section) -> str:
    inside, about = "", section.heading
    for block in section.blocks:
        # A table is known by the drawing that it belongs to, so that no two regions have one name.
        about = block.caption if isinstance(block, Figure) else about
        inside += _block(block, about)
    return f'<section class="section"><h2>{escape(section.heading)}</h2><div>{inside}</div></section>\n'


def _block(block: Block, about: str) -> str:
    match block:
        case Sentence(text, quiet):
            return f'<p class="note">{escape(text)}</p>' if quiet else f"<p>{escape(text)}</p>"
        case Points(lines):
            return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"
        case Command(text):
            return f'<p><code class="code">{escape(text)}</code></p>'
        case Figure():
            return _figure(block)
        case Table():
            return _table(block, about)


def _figure(figure: Figure) -> str:
    return (
        f"<figure><figcaption>{escape(figure.caption)}<span>{escape(figure.note)}</span></figcaption>"
        f'<div class="plot" role="region" aria-label="{escape(figure.caption, quote=True)}" tabindex="0">'
        f"{_drawings(figure)}</div></figure>"
    )


def _drawings(figure: Figure) -> str:
    """One or two drawings, of which the stylesheet shows the one that fits."""
    if not figure.narrow:
        return figure.svg
    return f'<div class="wide">{figure.svg}</div><div class="narrow">{figure.narrow}</div>'


def _table(table: Table, about: str) -> str:
    first, *others = table.head
    name = f"{about}: {first}"
    cells = f'<th scope="col">{escape(first)}</th>' + "".join(
        f'<th scope="col" class="number">{escape(one)}</th>' for one in others
    )
    stacks = len(others) >= STACKED
    rows = "".join(_row(row, table.head if stacks else ()) for row in table.rows)
    # What is laid out as blocks on a phone is still told as a table.
    kind = '<table class="table stacks" role="table">' if stacks else '<table class="table">'
    inside = (
        f'<div class="scroll" role="region" aria-label="{escape(name, quote=True)}" tabindex="0">'
        f"{kind}<thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table></div>"
        + (f'<p class="note">{escape(table.note)}</p>' if table.note else "")
    )
    if not table.folded:
        return inside
    return f'<details class="folded"><summary>{escape(table.folded)}</summary>{inside}</details>'


def _row(row: Sequence[str], heads: Sequence[str]) -> str:
    """A row; with `heads`, of a table that stacks, each cell knows its column's name."""
    names = [f' data-name="{escape(one, quote=True)}"' for one in heads]
    cells = [f' role="cell"{name}' for name in names[1:]] or [""] * (len(row) - 1)
    of_row, of_name = (' role="row"', ' role="rowheader"') if heads else ("", "")
    if heads and row[0].isdigit():
        of_name += names[0]  # a number alone, as that of a wave, is no name
    return (
        f'<tr{of_row}><th scope="row"{of_name}>{escape(row[0])}</th>'
        + "".join(
            f'<td class="number"{name}>{escape(one)}</td>'
            for name, one in zip(cells, row[1:], strict=True)
        )
        + "</tr>"
    )
