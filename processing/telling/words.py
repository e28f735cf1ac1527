"""What reports say, in Danish and English: sentences with places for figures."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

LANGUAGES = ("da", "en")


@cache
def words(language: str) -> Mapping[str, str]:
    """A language's sentences by name. Raises KeyError for a language there is none of."""
    if language not in LANGUAGES:
        raise KeyError(language)
    file = Path(__file__).with_name(f"report.{language}.yaml")
    # As text: a sentence that begins with "no" or a figure stays what it is.
    found: dict[str, str] = yaml.load(file.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506  # it makes strings only
    return found


def number(value: float, language: str, digits: int = 1, *, signed: bool = False) -> str:
    """A number as it is written in a language, with a true minus.

    >>> number(-3.456, "da", signed=True), number(0.04, "en", 2)
    ('−3,5', '0.04')
    """
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    text = text.replace("-", "−")
    if text.strip("+−0.") == "":
        text = text.strip("+−")
    return text.replace(".", ",") if language == "da" else text


def percent(value: float, language: str) -> str:
    """A whole percentage; no line ends before its sign.

    >>> percent(42.4, "en")
    '42%'
    """
    gap = "\N{NO-BREAK SPACE}" if language == "da" else ""
    return f"{number(value, language, 0)}{gap}%"


def count(value: float, language: str) -> str:
    """A whole number with its thousands apart.

    >>> count(3127, "da")
    '3.127'
    """
    text = f"{round(value):,}"
    return text.replace(",", ".") if language == "da" else text
