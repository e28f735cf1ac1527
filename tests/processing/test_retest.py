"""Intraclass correlations against psych 2.2.9 and measurement error against its formulas."""

import doctest

import numpy as np
import pandas as pd
import pytest

from processing.consistency import retest
from processing.consistency.retest import icc, measurement_error
from processing.errors import StatisticsError


@pytest.fixture
def twice(reference_data):
    """Sum scores of two scales at two times."""
    first, second = reference_data("phq9_gad7_t1"), reference_data("phq9_gad7_t2")
    spans = {"phq9": slice(0, 9), "gad7": slice(9, 16)}
    return {
        scale: pd.DataFrame(
            {"t1": first.iloc[:, span].sum(axis=1), "t2": second.iloc[:, span].sum(axis=1)}
        )
        for scale, span in spans.items()
    }


@pytest.mark.parametrize("scale", ["phq9", "gad7"])
def test_both_correlations_and_their_intervals_equal_psych(twice, reference, scale):
    told = {row["type"]: row for row in reference("phq9_gad7")["test_retest"][scale]["icc"]}
    found = icc(twice[scale])
    for value, interval, kind in (
        (found.agreement, found.agreement_interval, "ICC2"),
        (found.consistency, found.consistency_interval, "ICC3"),
    ):
        assert value == pytest.approx(told[kind]["icc"], abs=1e-7)
        assert interval.low == pytest.approx(told[kind]["lo"], abs=1e-7)
        assert interval.high == pytest.approx(told[kind]["hi"], abs=1e-7)
    assert found.f == pytest.approx(told["ICC3"]["F"], rel=1e-7)


def test_the_example_of_shrout_and_fleiss_comes_out():
    """Six targets and four judges: the published table gives .29 and .71."""
    judges = pd.DataFrame(
        [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    )
    found = icc(judges)
    assert round(found.agreement, 2) == 0.29
    assert round(found.consistency, 2) == 0.71


def test_a_shift_that_all_share_lowers_agreement_only(twice):
    scores = twice["phq9"]
    shifted = icc(scores.assign(t2=scores["t2"] + 5))
    assert shifted.consistency == pytest.approx(icc(scores).consistency, abs=1e-12)
    assert shifted.agreement < icc(scores).agreement
    assert shifted.sdc_agreement > shifted.sdc_consistency


def test_change_of_two_occasions_has_the_known_size(twice):
    """With two occasions SEM (consistency) is the standard deviation of the change over √2."""
    scores = twice["gad7"]
    found = icc(scores)
    change = (scores["t2"] - scores["t1"]).std()
    assert found.sem_consistency == pytest.approx(change / np.sqrt(2))
    assert found.sdc_consistency == pytest.approx(1.959964 * change, rel=1e-6)
    assert found.sdc_of_group(100) == pytest.approx(found.sdc_agreement / 10)


def test_people_without_all_scores_are_left_out(twice):
    scores = twice["gad7"].astype(float)
    scores.loc[0, "t1"] = np.nan
    scores.loc[1, "t2"] = -8
    assert icc(scores) == icc(twice["gad7"].iloc[2:])


def test_measurements_below_zero_are_measurements():
    scores = pd.DataFrame({"t1": [-1.5, 0.2, 1.1, -0.3], "t2": [-1.2, 0.1, 1.4, -0.5]})
    assert icc(scores).n == 4


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ({"t1": [1, 2, 3]}, "two occasions and three people.*got 1 and 3"),
        ({"t1": [1, 2, np.nan], "t2": [1, 2, 3]}, "got 2 and 2"),
        ({"t1": ["a", "b", "c"], "t2": [1, 2, 3]}, "'t1': scores must be numbers"),
        ({"t1": [5, 5, 5], "t2": [5, 5, 5]}, "scores must vary"),
        # The same column twice is no retest.
        ({"t1": [1, 2, 3], "t2": [1, 2, 3]}, "different occasions"),
    ],
)
def test_bad_scores_are_named(scores, words):
    with pytest.raises(StatisticsError, match=words):
        icc(pd.DataFrame(scores))


def test_a_reliability_must_be_a_share():
    with pytest.raises(StatisticsError, match=r"reliability: must lie between 0 and 1, got 1\.2"):
        measurement_error(10, 1.2)
    assert measurement_error(10, 1).sdc == 0


def test_results_print_and_become_frames(twice):
    found = icc(twice["phq9"])
    assert str(found).startswith("ICC(2,1) = 0.767 [0.699; 0.817]")
    assert found.to_frame().loc["ICC(3,1)", "n"] == 403


def test_the_examples_in_the_documentation_run():
    assert doctest.testmod(retest).failed == 0
