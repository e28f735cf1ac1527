"""Split halves against psych 2.2.9 and what theory says of them."""

import doctest
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from processing.consistency import halves
from processing.consistency.halves import split_half
from processing.consistency.reliability import alpha


def test_the_mean_over_all_halves_is_alpha_when_items_are_even(bfi_oriented, bfi_items):
    """Cronbach 1951 proved it; ten items have 126 halves."""
    for items in (bfi_items[:4], bfi_items[:10]):
        found = split_half(bfi_oriented, items)
        assert found.mean == pytest.approx(alpha(bfi_oriented, items).raw, abs=1e-12)
        assert found.minimum <= found.odd_even <= found.maximum


def test_the_best_and_the_worst_half_are_found_by_hand(bfi_oriented, bfi_scales):
    items = bfi_scales["neuroticism"]
    rows = bfi_oriented[items].dropna()
    by_hand = []
    for half in combinations(items, 2):
        first = rows[list(half)].sum(axis=1)
        second = rows.drop(columns=list(half)).sum(axis=1)
        by_hand.append(4 * first.cov(second) / (first + second).var())
    found = split_half(bfi_oriented, items)
    assert found.splits == 10
    assert found.maximum == pytest.approx(max(by_hand))
    assert found.minimum == pytest.approx(min(by_hand))
    assert found.mean == pytest.approx(np.mean(by_hand))


def test_eight_items_equal_psych(reference, reference_data):
    """Of an odd number psych splits unlike, so that only its best split can be compared."""
    told = reference("reliability")["split_half"]
    found = split_half(reference_data("phq9_gad7_t2").iloc[:, :8])
    assert found.maximum == pytest.approx(told["phq_8"]["max"], abs=1e-9)
    assert found.minimum == pytest.approx(told["phq_8"]["min"], abs=1e-9)
    assert found.mean == pytest.approx(told["phq_8"]["mean"], abs=1e-9)
    odd = split_half(reference_data("phq9_gad7_t2").iloc[:, 9:16])
    assert odd.maximum == pytest.approx(told["gad7_t2"]["max"], abs=1e-9)


def test_long_scales_are_cut_at_random_but_repeatably(bfi_oriented, bfi_items):
    found = split_half(bfi_oriented, bfi_items, seed=3)
    assert (found.splits, found.all_splits) == (10_000, False)
    assert found == split_half(bfi_oriented, bfi_items, seed=3)
    assert found.mean == pytest.approx(alpha(bfi_oriented, bfi_items).raw, abs=0.005)


def test_two_items_have_one_split():
    frame = pd.DataFrame({"a": [1, 2, 3, 4], "b": [1, 3, 2, 4]})
    found = split_half(frame)
    assert (found.splits, found.all_splits) == (1, True)
    assert found.mean == pytest.approx(alpha(frame).raw)
    assert str(found).startswith("split-half")
    assert found.to_frame().loc[0, "splits"] == 1


def test_the_examples_in_the_documentation_run():
    assert doctest.testmod(halves).failed == 0
