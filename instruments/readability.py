"""How hard a Danish text is to read."""

from __future__ import annotations

import re

MOST_LIX = 35.0
_LONG_WORD = 7

_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*|\d+")
_SENTENCE_END = re.compile(r"[.:!?…]+(?=\s|$)")


def lix(text: str) -> float:
    """Return the LIX of a text: words per sentence plus the percentage of long words.

    A word is long with more than six letters; a full stop, colon, question or exclamation mark or
    an ellipsis ends a sentence. Below 25 is very easy, 25-34 easy, 35-44 medium. The figure was
    made for running text; of a single question it is a rough hint, which is why it only warns.

    Reference: Björnsson, C. H. (1968). *Läsbarhet*. Stockholm: Liber.

    >>> lix("Jeg bor her. Du bor der.")
    3.0
    >>> round(lix("Beboerdemokratiet fungerer."), 1)
    102.0
    """
    words = _WORD.findall(text)
    if not words:
        return 0.0
    sentences = max(1, len(_SENTENCE_END.findall(text.strip())))
    long_words = sum(len(word) >= _LONG_WORD for word in words)
    return len(words) / sentences + 100 * long_words / len(words)
