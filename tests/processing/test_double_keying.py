"""Error rates and agreement of keyings against survey 4.1-1, psych 2.2.9 and R's binom.test."""

import math

import numpy as np
import pytest

from processing import StatisticsError, error_rate, keying_agreement


def test_errors_in_heaps_widen_the_interval_as_survey_says(reference):
    told = reference("keying")["clustered"]
    found = error_rate(told["fields"], told["errors"])
    assert found.rate == pytest.approx(told["rate"], abs=1e-12)
    assert found.interval.low == pytest.approx(told["low"], abs=1e-7)
    assert found.interval.high == pytest.approx(told["high"], abs=1e-7)
    assert found.upper == pytest.approx(told["upper"], abs=1e-7)
    assert found.effective_fields < found.fields == sum(told["fields"])


@pytest.mark.parametrize("case", range(4))
def test_one_sheet_has_the_exact_interval(reference, case):
    told = reference("keying")["exact"][case]
    found = error_rate([told["fields"]], [told["errors"]])
    assert found.interval.low == pytest.approx(told["low"], abs=1e-9)
    assert found.interval.high == pytest.approx(told["high"], abs=1e-9)
    assert found.upper == pytest.approx(told["upper"], abs=1e-9)


def test_errors_spread_more_evenly_than_by_chance_do_not_narrow_the_interval():
    even, heaped = error_rate([50] * 40, [1] * 40), error_rate([2000], [40])
    assert even.interval == heaped.interval


def test_without_an_error_the_bound_is_that_of_so_many_fields():
    # The rule of three, exactly: 1 - .05 ** (1 / n).
    assert error_rate([60] * 50, [0] * 50).upper == pytest.approx(1 - 0.05 ** (1 / 3000))


def test_sheets_without_a_field_count_nothing():
    assert error_rate([60, 0, 60], [1, 0, 0]) == error_rate([60, 60], [1, 0])


@pytest.mark.parametrize("rate", [0.002, 0.02])
def test_the_interval_covers_the_truth_at_least_as_often_as_it_says(rate):
    rng = np.random.default_rng(11)
    fields = np.full(100, 60)
    covered = bounded = 0
    for _ in range(400):
        found = error_rate(fields, rng.binomial(fields, rate))
        covered += found.interval.low <= rate <= found.interval.high
        bounded += rate <= found.upper
    # Three standard errors of the simulation below 95 %.
    assert min(covered, bounded) / 400 > 0.95 - 3 * math.sqrt(0.95 * 0.05 / 400)


@pytest.mark.parametrize(
    ("fields", "errors", "says"),
    [
        ([], [], "no field"),
        ([0], [0], "no field"),
        ([5], [6], "none to all"),
        ([5], [-1], "none to all"),
        ([5, 5], [1], "one number of each"),
    ],
)
def test_counts_that_cannot_be_are_told(fields, errors, says):
    with pytest.raises(StatisticsError, match=says):
        error_rate(fields, errors)


def test_kappa_of_one_item_is_psychs(reference):
    told = reference("keying")["kappa"]
    pairs = {"item": list(zip(told["first"], told["second"], strict=True))}
    found = keying_agreement(pairs, sheets=200)
    assert found.kappa == pytest.approx(told["kappa"], abs=1e-9)


def test_kappa_is_pooled_item_by_item():
    # By hand: agreement 3/4 and 4/4, chance 1/2 and 3/8.
    twice = {"sex": [(1, 1), (2, 2), (1, 2), (2, 2)], "floor": [(0, 0), (3, 3), (1, 1), (1, 1)]}
    found = keying_agreement(twice, sheets=4)
    assert found.kappa == pytest.approx((0.25 + 0.625) / (0.5 + 0.625))


def test_where_all_always_said_the_same_kappa_says_nothing():
    found = keying_agreement({"item": [(1, 1)] * 5}, sheets=5)
    assert found.agreement == 1
    assert math.isnan(found.kappa)


def test_codes_texts_and_several_ticks_are_compared_alike():
    pairs = {"clubs": [((1, 3), (1, 3)), (-8, (1,))], "text": [("a", "a"), ("b", "c")]}
    assert keying_agreement(pairs, sheets=2).agreement == 0.5


def test_nothing_keyed_twice_is_told():
    with pytest.raises(StatisticsError, match="keyed twice"):
        keying_agreement({"item": []}, sheets=0)
