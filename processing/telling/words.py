"""What reports say, in Danish and English: sentences with places for figures."""

from __future__ import annotations

import math
import string
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

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


class _Sentences(string.Formatter):
    """Puts figures into sentences; `{areas:area|areas}` is the word that goes with so many."""

    def format_field(self, value: Any, format_spec: str) -> Any:
        one, parted, many = format_spec.partition("|")
        if not parted:
            return super().format_field(value, format_spec)
        return one if str(value) == "1" else many


_SENTENCES = _Sentences()


def sentence(language: str, key: str, /, **values: object) -> str:
    """A sentence with its figures. Raises KeyError for a language or a key that there is none of.

    >>> sentence("en", "limit_always", areas=1)
    '1 area had a plan from the first wave on. It has no before and is left out.'
    """
    return _SENTENCES.vformat(words(language)[key], (), values)


def listed(names: Sequence[str], language: str) -> str:
    """Names as a sentence lists them; where some are lists themselves, parted by semicolons.

    >>> listed(["dansk", "arabisk", "somali"], "da"), listed(["Safety", "Home and yard"], "en")
    ('dansk, arabisk og somali', 'Safety; and Home and yard')
    """
    *others, last = names or [""]
    if not others:
        return last
    joined = words(language)["and"]
    long = any("," in one or f" {joined} " in one for one in names)
    return f"{('; ' if long else ', ').join(others)}{';' * long} {joined} {last}"


def number(value: float, language: str, digits: int = 1, *, signed: bool = False) -> str:
    """A number as it is written in a language, with a true minus; a dash where there is none.

    >>> number(-3.456, "da", signed=True), number(0.04, "en", 2)
    ('−3,5', '0.04')
    """
    if math.isnan(value):
        return "–"
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
