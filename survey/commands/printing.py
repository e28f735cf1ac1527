"""How commands answer: tables for people, JSON for programs, refusals that say what to do."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
from rich.console import Console
from rich.table import Table

P = ParamSpec("P")
R = TypeVar("R")

_MOST_LINES = 60

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def refuses(*errors: type[Exception]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Turn a domain's named failures into an error message and exit code 1."""

    def decorate(command: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(command)
        def wrapped(*args: P.args, **options: P.kwargs) -> R:
            try:
                return command(*args, **options)
            except errors as error:
                # Some failures carry their problems one by one, others as lines.
                problems = getattr(error, "problems", None) or str(error).splitlines()
                raise refusal(*map(str, problems)) from None

        return wrapped

    return decorate


def refusal(*problems: str) -> click.ClickException:
    """The failure that a command ends with; a very long list is cut, and says so."""
    told = [_as_called(problem) for problem in problems[:_MOST_LINES]]
    if len(problems) > _MOST_LINES:
        told.append(f"… and {len(problems) - _MOST_LINES} more.")
    head = "" if len(problems) < 2 else f"{len(problems)} problems; nothing was changed.\n  "
    return click.ClickException(head + "\n  ".join(told))


def _as_called(advice: str) -> str:
    """Advice whose commands work where they are read: by their path, where PATH has them not."""
    if shutil.which("beboerpuls") or Path(sys.argv[0]).stem != "beboerpuls":
        return advice
    program = os.path.relpath(sys.argv[0])
    return re.sub(r"(?<=: )beboerpuls (?=[a-z])", lambda _: f"{program} ", advice)


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun, as `1 row` and `2 rows`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def print_json(content: Any) -> None:
    click.echo(json.dumps(content, ensure_ascii=False, indent=2))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table; numbers are set to the right."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    cells = [list(row) for row in rows]
    for place, column in enumerate(columns):
        numbers = bool(cells) and all(isinstance(row[place], int | float) for row in cells)
        table.add_column(column, justify="right" if numbers else "left", overflow="fold")
    for row in cells:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    # Into a file or pipe a line is never broken to fit a screen that is not there.
    Console(width=None if sys.stdout.isatty() else 240, highlight=False, markup=False).print(table)
