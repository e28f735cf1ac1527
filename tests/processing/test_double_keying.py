"""Error rates and agreement of keyings against survey 4.1-1, psych 2.2.9 and R's binom.test."""

import math

import numpy as np
import pytest
from scipy.stats import chi2

from processing import StatisticsError, error_rate, errorless_fields, keying_agreement


def test_errors_in_heaps_widen_the_interval_as_survey_says_and_one_more_heap_widens_it_further(
    reference,
):
    told = reference("keying")["clustered"]
    found = error_rate(told["fields"], told["errors"])
    assert found.rate == pytest.approx(told["rate"], abs=1e-12)
    assert found.interval.low == pytest.approx(told["low"], abs=1e-7)
    # Korn and Graubard's upper end adds a heap of mean size; the largest that was seen is larger.
    assert told["high"] < found.interval.high < 1.2 * told["high"]
    assert told["upper"] < found.upper < 1.2 * told["upper"]
    assert found.effective_fields < found.fields == sum(told["fields"])


@pytest.mark.parametrize("case", range(4))
def test_where_errors_fall_one_by_one_one_sheet_has_the_exact_interval(reference, case):
    told = reference("keying")["exact"][case]
    found = error_rate([told["fields"]], [told["errors"]], heap=1)
    assert found.interval.low == pytest.approx(told["low"], abs=1e-9)
    assert found.interval.high == pytest.approx(told["high"], abs=1e-9)
    assert found.upper == pytest.approx(told["upper"], abs=1e-9)


def test_errors_spread_more_evenly_than_by_chance_do_not_narrow_the_interval():
    even, heaped = error_rate([50] * 40, [1] * 40), error_rate([2000], [40])
    assert even.interval == heaped.interval


def test_without_an_error_fields_of_one_sheet_are_not_taken_for_independent():
    found = error_rate([60] * 50, [0] * 50)
    assert found.upper == pytest.approx(1 - 0.05 ** (10 / 3000))
    assert (found.interval.low, found.effective_fields) == (0, 300)
    # What sheets say exactly: none of 50 with an error, at most ten errors in each that has one.
    sheets = 1 - 0.05 ** (1 / 50)
    assert found.upper == pytest.approx(sheets * 10 / 60, rel=0.03)


def test_a_sample_of_as_many_errorless_fields_as_are_needed_is_just_large_enough():
    for limit, level in ((0.01, 0.95), (0.05, 0.9), (0.3, 0.99)):
        enough = errorless_fields(limit, level=level)
        bounds = [error_rate([n], [0], level=level).upper for n in (enough - 1, enough)]
        assert bounds[0] > limit >= bounds[1]
    with pytest.raises(StatisticsError, match="between 0 and 1"):
        errorless_fields(0)


def test_where_errors_are_rare_the_bound_is_fay_and_feuers_for_sheets_weighed_by_their_errors():
    # Of 4 000 sheets thirty hold one error, five two and two twelve: y = 64, v = 338, the heaviest 12.
    errors = [1] * 30 + [2] * 5 + [12] * 2 + [0] * 3963
    y, v = 64 + 12, 338 + 12**2
    published = v / (2 * y) * chi2.ppf(0.95, 2 * y**2 / v)
    assert error_rate([1000] * 4000, errors).upper * 4e6 == pytest.approx(published, rel=0.002)


@pytest.mark.parametrize("sheets", [10, 15, 60])
def test_one_more_error_never_betters_the_bound(sheets):
    rng = np.random.default_rng(12)
    for _ in range(300):
        errors = rng.binomial(60, rng.choice([0.001, 0.02]), sheets) + 10 * (
            rng.random(sheets) < 0.1
        )
        before = error_rate([73] * sheets, errors).upper
        errors[rng.integers(sheets)] += 1
        assert error_rate([73] * sheets, errors).upper >= before


def test_no_more_errors_are_assumed_of_a_sheet_than_it_has_fields():
    found = error_rate([2] * 200, [0] * 200)
    assert found.upper == pytest.approx(1 - 0.05 ** (2 / 400))
    assert found.effective_fields == 200


def test_sheets_without_a_field_count_nothing():
    assert error_rate([60, 0, 60], [1, 0, 0]) == error_rate([60, 60], [1, 0])


@pytest.mark.parametrize(
    ("sheets", "rate", "slips"),
    [
        (200, 0.005, 0),
        (200, 0.02, 0),
        (200, 0.002, 0.02),
        # Of the slips in these, 21, 36 and 13 % of samples show none.
        (15, 0.002, 0.1),
        (50, 0.002, 0.02),
        (100, 0.002, 0.02),
    ],
)
def test_the_interval_covers_the_truth_as_often_as_it_says(sheets, rate, slips):
    # Slips spoil ten fields of a sheet.
    rng = np.random.default_rng(11)
    fields = np.full(sheets, 60)
    truth = rate + slips * 10 * (1 - rate) / 60
    covered = bounded = 0
    high = []
    for _ in range(400):
        errors = rng.binomial(50, rate, sheets) + np.where(
            rng.random(sheets) < slips, 10, rng.binomial(10, rate, sheets)
        )
        found = error_rate(fields, errors)
        covered += found.interval.low <= truth <= found.interval.high
        bounded += truth <= found.upper
        high.append(found.interval.high / truth)
    # Three standard errors of the simulation.
    spread = 3 * math.sqrt(0.95 * 0.05 / 400)
    assert 0.95 - spread < min(covered, bounded) / 400
    # Needlessly wide is what is far above the rate where 200 sheets tell most of it.
    assert sheets < 200 or np.median(high) < {0.005: 1.65, 0.02: 1.25, 0.002: 2.2}[rate]


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


def test_a_heap_of_less_than_one_error_is_told():
    with pytest.raises(StatisticsError, match="at least one"):
        error_rate([60], [0], heap=0.5)


def test_nothing_keyed_twice_is_told():
    with pytest.raises(StatisticsError, match="keyed twice"):
        keying_agreement({"item": []}, sheets=0)
