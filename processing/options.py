"""The words and numbers that a statistic takes beside its answers, and those that it does not."""

from collections.abc import Iterator
from typing import Any, get_args

from .errors import Problem


def unknown_word(argument: str, received: object, allowed: Any) -> Iterator[Problem]:
    """A word that is none of those that a `Literal` (or of it and None) allows."""
    words = tuple(word for part in get_args(allowed) for word in (get_args(part) or (part,)))
    words = tuple(None if word is type(None) else word for word in words)
    if received not in words:
        yield Problem(
            argument, f"it is one of {', '.join(map(repr, words))}, got {received!r}", "Correct it"
        )


def no_level(level: float, argument: str = "level") -> Iterator[Problem]:
    """A share, such as an interval's coverage, that does not lie strictly between 0 and 1."""
    if not 0 < level < 1:
        yield Problem(
            argument,
            f"it lies between 0 and 1, got {level!r}",
            "Give a share, such as 0.95 for 95 %",
        )


def too_few(argument: str, received: int, least: int = 1) -> Iterator[Problem]:
    """A number of draws or rounds that leaves nothing to compute with."""
    if received < least:
        yield Problem(argument, f"it must be at least {least}, got {received!r}", "Ask for more")
