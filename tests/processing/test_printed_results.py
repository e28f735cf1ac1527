"""What holds numbers prints as words and makes a frame, so that nobody meets raw arrays."""

import doctest

import numpy as np
import pandas as pd
import pytest

from processing.consistency.retest import measurement_error
from processing.counting import patterns as patterns_module
from processing.counting.counts import count
from processing.counting.patterns import GroupedPatterns, count_patterns
from processing.drawing.known_model import KnownModel
from processing.drawing.simulation import Careless, Holes, simulate
from processing.factoring.correlations import correlate
from processing.scoring.plausible import combine


@pytest.fixture
def frame():
    return pd.DataFrame({"a": [2, 1, 2, 2], "b": [3, -8, 3, 1], "w": [1.0, 2.0, 1.0, 0.5]})


def test_counts_tell_how_often_each_code_occurred(frame):
    counts = count(frame, ["a", "b"])
    told = counts.to_frame().set_index(["item", "code"])
    assert told["n"].to_dict() == {
        ("a", 1): 1,
        ("a", 2): 3,
        ("b", -8): 1,
        ("b", 1): 1,
        ("b", 3): 2,
    }
    assert told.loc[("b", 3), "share"] == 0.5
    assert str(counts).startswith("Counts of 4 rows\n")
    assert "array" not in str(counts)
    weighted = count(frame, ["a", "b"], weights="w", complete=True)
    assert weighted.to_frame()["n"].sum() == 2 * 2.5
    assert "sum of weights 2.5, rows with any missing answer left out" in str(weighted)


def test_patterns_tell_the_most_frequent_rows_first(frame):
    patterns = count_patterns(frame, ["a", "b"])
    assert patterns.to_frame().to_numpy().tolist() == [[2, 3, 2], [1, -8, 1], [2, 1, 1]]
    assert str(patterns).startswith("3 different of 4 rows, 2 items\n")
    many = count_patterns(pd.DataFrame({"a": np.arange(12), "b": 1}))
    assert str(many).endswith("… and 2 more")


def test_patterns_by_group_name_their_groups(frame):
    of = {label: count_patterns(frame.iloc[rows], ["a", "b"]) for label, rows in HALVES.items()}
    grouped = GroupedPatterns("half", of)
    assert grouped.to_frame()["half"].tolist() == ["one", "one", "two", "two"]
    assert grouped.to_frame()["n"].sum() == 4
    assert "one: 2 different of 2 rows" in str(grouped)


HALVES = {"one": [0, 1], "two": [2, 3]}


def test_simulated_answers_print_as_what_they_are():
    known = KnownModel.simple({"calm": list("abc")})
    drawn = simulate(
        known, 200, seed=1, areas=10, careless=Careless(straight=0.1), holes=[Holes(-8, 0.2)]
    )
    told = str(drawn)
    careless = int((drawn.truth.careless != "").sum())
    assert f"200 respondents, 3 items, 10 areas, {careless} careless, " in told
    share = (drawn.frame[list("abc")] == -8).to_numpy().mean()
    assert f"{share:.1%} of the answers missing" in told
    assert "array" not in told
    pd.testing.assert_frame_equal(drawn.to_frame(), drawn.frame)


def test_an_error_of_measurement_and_a_combined_estimate_print_and_make_frames():
    error = measurement_error(10, 0.84)
    assert str(error) == "SEM = 4.000, smallest detectable change 11.087 (95% sure)"
    assert error.to_frame().loc[0, "sem"] == pytest.approx(4)
    combined = combine([1.0, 1.2, 1.1], [0.1, 0.1, 0.1])
    told = combined.to_frame().iloc[0]
    assert (told["estimate"], told["se"]) == (combined.estimate, combined.se)
    assert (told["low"], told["high"]) == (combined.interval.low, combined.interval.high)


def test_correlations_print_with_the_names_of_their_items():
    found = correlate(pd.DataFrame({"a": [1, 2, 3, 4], "b": [1, 3, 2, 4]}), None, "listwise")
    assert found.to_frame().loc["a", "b"] == pytest.approx(0.8)
    assert str(found) == "     a    b\na  1.0  0.8\nb  0.8  1.0\nn = 4"


def test_the_examples_run():
    assert doctest.testmod(patterns_module, optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0
