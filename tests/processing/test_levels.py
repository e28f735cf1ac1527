"""Levels against lme4 1.1-31 and multilevel 2.7, closed forms and a known truth."""

import doctest

import numpy as np
import pandas as pd
import pytest

from processing.errors import StatisticsError
from processing.levels import area_levels as levels
from processing.levels.area_levels import area_reliability

EXTRAVERSION = [f"E{k}" for k in range(1, 6)]


@pytest.fixture
def by_age(bfi_oriented):
    """Areas of unlike size, made of ages, for these answers have no areas."""
    known = bfi_oriented.dropna(subset=[*EXTRAVERSION, "age"])
    return pd.DataFrame({"score": known[EXTRAVERSION].mean(axis=1), "area": known["age"]})


def drawn(rng, areas, size, icc):
    between = np.sqrt(icc) * rng.normal(size=(areas, 1))
    values = between + np.sqrt(1 - icc) * rng.normal(size=(areas, size))
    return pd.DataFrame({"score": values.ravel(), "area": np.repeat(np.arange(areas), size)})


def test_restricted_maximum_likelihood_equals_lme4(by_age, reference):
    told = reference("levels_bfi")["reml"]
    found = area_reliability(by_age, "score", "area")
    assert found.icc == pytest.approx(told["icc"], rel=1e-5)
    assert found.between == pytest.approx(told["between"], rel=1e-5)
    assert found.within == pytest.approx(told["within"], rel=1e-6)
    assert found.mean == pytest.approx(told["mean"], abs=1e-7)
    areas = found.areas.rename(index=lambda age: str(int(age)))
    assert areas["shrunk"].to_dict() == pytest.approx(told["shrunk"], abs=1e-6)
    assert areas["lambda"].to_dict() == pytest.approx(told["lambda"], rel=1e-5)


def test_mean_squares_equal_multilevel(by_age, reference):
    told = reference("levels_bfi")
    found = area_reliability(by_age, "score", "area")
    assert (found.n, len(found.areas)) == (told["n"], told["areas"])
    assert found.f == pytest.approx(told["F"], rel=1e-8)
    assert found.p == pytest.approx(told["p"], rel=1e-8)
    assert found.icc2_anova == pytest.approx(told["icc2_anova"], rel=1e-8)


def test_areas_of_one_size_have_a_closed_form():
    """Then both estimates of the ICC are one, and λ is ICC(2)."""
    found = area_reliability(drawn(np.random.default_rng(1), 80, 25, 0.1), "score", "area")
    assert found.icc == pytest.approx(found.icc_anova, abs=1e-7)
    assert found.reliability == pytest.approx(found.icc2_anova, abs=1e-6)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(400):
        interval = area_reliability(drawn(rng, 40, 20, 0.08), "score", "area").interval
        held += interval.low <= 0.08 <= interval.high
    assert 0.92 <= held / 400 <= 0.98


def test_an_icc_of_a_fiftieth_takes_115_answers_for_a_reliability_of_seventy():
    rng = np.random.default_rng(3)
    found = area_reliability(drawn(rng, 3000, 60, 0.02), "score", "area")
    assert found.needed(0.70) == pytest.approx(114.3, rel=0.1)


def test_areas_that_do_not_differ_have_no_reliability():
    rng = np.random.default_rng(4)
    frame = drawn(rng, 30, 10, 0.0)
    frame["score"] -= frame.groupby("area")["score"].transform("mean")
    found = area_reliability(frame, "score", "area")
    assert (found.icc, found.interval.low, found.reliability) == (0, 0, 0)
    assert found.needed() == np.inf
    assert found.icc_anova < 0


def test_equal_weights_change_nothing_and_unlike_ones_cost_respondents():
    frame = drawn(np.random.default_rng(5), 20, 30, 0.1)
    plain = area_reliability(frame, "score", "area")
    equal = area_reliability(frame, "score", "area", weights=np.full(600, 3.0))
    unlike = area_reliability(frame.assign(w=[1, 3] * 300), "score", "area", weights="w")
    assert equal.icc == pytest.approx(plain.icc)
    assert equal.areas["effective_n"].to_list() == pytest.approx([30] * 20)
    assert unlike.areas["effective_n"].to_list() == pytest.approx([60**2 / (15 + 15 * 9)] * 20)


def test_rows_without_a_score_or_area_are_left_out():
    frame = drawn(np.random.default_rng(6), 20, 30, 0.1)
    frame.loc[:4, "score"] = np.nan
    frame["area"] = frame["area"].astype(float).where(frame.index > 9)
    assert area_reliability(frame, "score", "area").n == 590


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"area": 1}, ["'area'", "two areas or more, found 1"]),
        ({"area": range(60)}, ["'area'", "no area has two answers"]),
        ({"score": lambda f: f["area"] * 2.0}, ["'score'", "does not vary within any area"]),
        ({"score": "high"}, ["'score'", "a score is a number", "'high'"]),
    ],
)
def test_bad_input_is_named(change, words):
    frame = drawn(np.random.default_rng(7), 6, 10, 0.1).assign(**change)
    with pytest.raises(StatisticsError) as caught:
        area_reliability(frame, "score", "area")
    for word in words:
        assert word in str(caught.value)


def test_a_column_that_is_not_there_is_called_what_it_was_to_be():
    frame = drawn(np.random.default_rng(7), 6, 10, 0.1)
    for arguments, words in (
        (("points", "area"), "score 'points'"),
        (("score", "place"), "column of areas 'place'"),
    ):
        with pytest.raises(StatisticsError, match=f"^{words}: no column has this name"):
            area_reliability(frame, *arguments)
    with pytest.raises(StatisticsError, match=r"^column of weights 'w': no column"):
        area_reliability(frame, "score", "area", weights="w")


def test_results_print_and_make_frames(by_age):
    found = area_reliability(by_age, "score", "area")
    assert str(found).startswith("ICC(1) = 0.010 [0.001; 0.027]")
    assert found.to_frame().loc[0, "areas"] == 63


def test_areas_that_do_not_differ_are_not_said_to_take_endless_answers():
    frame = drawn(np.random.default_rng(4), 20, 10, 0.0)
    frame["score"] -= frame.groupby("area")["score"].transform("mean")
    told = str(area_reliability(frame, "score", "area"))
    assert "inf" not in told
    assert "areas do not differ" in told


@pytest.mark.parametrize("score", [0.0, 5.0])
def test_a_code_below_zero_names_no_area(score):
    """Who has -9 for an area lives in none, and is not told apart from who has an empty cell."""
    frame = drawn(np.random.default_rng(2), 20, 10, 0.2)
    more = pd.DataFrame({"score": [score] * 30, "area": [-9] * 30})
    found = area_reliability(pd.concat([frame, more]), "score", "area")
    assert found.icc == area_reliability(frame, "score", "area").icc
    assert "30 without a value of area" in str(found)


def test_the_example_in_the_documentation_runs():
    assert doctest.testmod(levels, optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0
