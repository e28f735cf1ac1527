"""Joins a script with what it imports into one file.

To a phone on a bad line each file is a round trip, and files that were fetched before and after an
update would be mixed. Scripts are written as modules; what a page loads is one of them with all that
it imports put before it. The address then changes when any of them does.
"""

from __future__ import annotations

import re
from pathlib import Path

# The two forms our scripts use: names from a neighbour, and a declaration that is exported.
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w-]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?function |const |class )", re.MULTILINE)

# A third of a script argues why; the phone need not carry it.
_COMMENT = re.compile(r"^ *//.*\n", re.MULTILINE)
# Nor what makes it readable to us, where no text in backticks runs over lines.
_INDENT = re.compile(r"^ +|^\n", re.MULTILINE)
_NAME = re.compile(r"^(?:async function|function|const|let|class) (\w+)", re.MULTILINE)


class ScriptError(Exception):
    """A script that cannot be joined: says which, and why."""


def joined(path: Path) -> str:
    """A script after everything it imports, each once. Raises ScriptError."""
    parts: dict[Path, str] = {}
    _collect(path, parts, ())
    text = "".join(parts.values())
    names = _NAME.findall(text)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ScriptError(f"{path.name}: one file holds all, and two call something {twice[0]}.")
    return _INDENT.sub("", text)


def _collect(path: Path, parts: dict[Path, str], outer: tuple[Path, ...]) -> None:
    if path in outer:
        raise ScriptError(f"{path.name} imports itself, by way of {outer[-1].name}.")
    if path in parts:
        return
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ScriptError(f"{outer[-1].name} imports {path.name}, which is not there.") from None
    for name in _IMPORT.findall(text):
        _collect(path.parent / name, parts, (*outer, path))
    text = _EXPORT.sub("", _IMPORT.sub("", text))
    left = re.search(r"^(?:import|export)\b.*", text, re.MULTILINE)
    if left:
        raise ScriptError(f'{path.name}: "{left[0]}" is no import or export that can be joined.')
    text = _COMMENT.sub("", text)
    over_lines = next((line for line in text.splitlines() if line.count("`") % 2), None)
    if over_lines is not None:
        raise ScriptError(
            f'{path.name}: "{over_lines.strip()}" begins a text that runs over lines.'
        )
    parts[path] = text
