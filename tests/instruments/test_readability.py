from __future__ import annotations

import doctest

import pytest

from instruments import lix, readability, texts


@pytest.mark.parametrize(
    ("text", "figure"),
    [
        ("", 0.0),
        ("Bor du her?", 3.0),
        # Four words in two sentences, one of them long: 4/2 + 25.
        ("Du bor her. Beboermøde?", 27.0),
        # Six letters are short, seven are long.
        ("sidste", 1.0),
        ("seneste", 101.0),
        # A colon ends a sentence, an abbreviation's full stop inside a word does not.
        ("Svar nu: ja.", 1.5),
        ("kl.9 er nu", 4.0),
    ],
)
def test_lix_is_words_per_sentence_plus_the_share_of_long_words(text, figure):
    assert lix(text) == pytest.approx(figure)


@pytest.mark.parametrize("module", [readability, texts])
def test_the_examples_in_the_documentation_hold(module):
    result = doctest.testmod(module)

    assert result.attempted
    assert not result.failed
