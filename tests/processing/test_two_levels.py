"""Two-level factor analysis against lavaan 0.6-14, closed forms and a known truth."""

import doctest
from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from processing.drawing.known_model import KnownModel
from processing.drawing.simulation import simulate
from processing.errors import StatisticsError
from processing.levels.two_levels import two_levels

ITEMS = list("abcde")
ONE = "f =~ a + b + c + d + e"
MODELS = {"one": ONE, "two": f"{ONE}\na ~~ b"}


@pytest.fixture
def areas(reference_data):
    """1 310 answers in 70 areas of 8 to 30, drawn from one factor on both levels."""
    return reference_data("areas_simulated")


@pytest.mark.parametrize("name", ["one", "two"])
def test_likelihood_and_fit_equal_lavaan(areas, reference, name):
    told = reference("two_levels_simulated")[name]["fit"]
    found = two_levels(areas, MODELS[name], "area", between=ONE)
    assert found.fit.log_likelihood == pytest.approx(told["logl"], abs=1e-4)
    assert (found.fit.df, found.fit.parameters) == (told["df"], told["npar"])
    assert found.fit.aic == pytest.approx(told["aic"], abs=1e-3)
    # lavaan's search for free covariances stops .0006 below their maximum, which is half of what
    # its statistics lack.
    assert found.fit.chi_square == pytest.approx(told["chisq"], abs=2e-3)
    assert found.fit.chi_square >= told["chisq"]
    assert found.fit.baseline_chi_square == pytest.approx(told["baseline.chisq"], abs=2e-3)
    assert found.fit.cfi == pytest.approx(told["cfi"], abs=2e-6)
    assert found.fit.rmsea == pytest.approx(told["rmsea"], abs=2e-4)
    assert found.srmr["within"] == pytest.approx(told["srmr_within"], abs=2e-5)
    assert found.srmr["between"] == pytest.approx(told["srmr_between"], abs=1e-3)


@pytest.mark.parametrize("name", ["one", "two"])
def test_estimates_and_standard_errors_equal_lavaan(areas, reference, name):
    told = {
        ({1: "within", 2: "between"}[row["level"]], row["op"], row["lhs"][:1], row["rhs"][:1]): row
        for row in reference("two_levels_simulated")[name]["estimates"]
    }
    found = two_levels(areas, MODELS[name], "area", between=ONE)
    for row in found.estimates:
        numbers = told[row.level, row.operator, row.left, row.right]
        assert row.estimate == pytest.approx(numbers["est"], rel=5e-4, abs=5e-5)
        assert row.se == pytest.approx(numbers["se"], rel=5e-4, abs=5e-5)


def test_intraclass_correlations_equal_lavaan(areas, reference):
    told = reference("two_levels_simulated")["one"]["icc"]
    assert two_levels(areas, ONE, "area").icc == pytest.approx(told, abs=3e-4)


def test_areas_of_one_size_without_restrictions_have_a_closed_form():
    """Three items and one factor a level are saturated: then χ² is zero and ICCs are those of ANOVA."""
    known = KnownModel.simple({"f": list("abc")}, 0.8, area_share=0.2)
    frame = simulate(known, 1500, seed=2, areas=75).frame
    found = two_levels(frame, "f =~ a + b + c", "area")
    assert (found.fit.df, found.fit.chi_square) == (0, pytest.approx(0, abs=1e-6))
    grouped = frame.groupby("area")["a"]
    within = grouped.var().mean()
    between = grouped.mean().var(ddof=0) - within / 20
    assert found.icc["a"] == pytest.approx(between / (between + within), abs=1e-4)


def test_a_known_truth_is_recovered():
    """Loadings on the two levels are alike, and the trait's variance lies between areas by a fifth."""
    known = KnownModel.simple({"f": ITEMS}, 0.8, shares=(0.2,) * 5, area_share=0.2)
    frame = simulate(known, 12_000, seed=3, areas=400).frame
    found = two_levels(frame, ONE, "area").to_frame().set_index(["level", "operator", "right"])
    variances = found["estimate"].loc[[("within", "~~", "f"), ("between", "~~", "f")]]
    assert variances.iloc[1] / variances.sum() == pytest.approx(0.2, abs=0.03)
    loadings = found["estimate"].xs("=~", level="operator").groupby("right").agg(np.ptp)
    assert loadings.max() < 0.1


def test_reliability_is_told_for_each_level(areas):
    within, between = two_levels(areas, ONE, "area").reliability
    assert (within.level, between.level) == ("within", "between")
    pooled = areas[ITEMS] - areas.groupby("area")[ITEMS].transform("mean")
    covariance = pooled.cov().to_numpy()
    alpha = 5 / 4 * (1 - np.trace(covariance) / covariance.sum())
    assert within.alpha == pytest.approx(alpha, abs=1e-3)
    assert within.omega == pytest.approx(within.alpha, abs=0.02)
    assert between.omega > within.omega


def test_rows_that_miss_an_answer_or_an_area_are_left_out(areas):
    holed = areas.copy()
    holed.loc[:4, "a"] = -8
    holed["area"] = holed["area"].astype(float).where(holed.index != 9)
    assert two_levels(holed, ONE, "area").n == len(areas) - 6
    coded = areas.assign(area=areas["area"].where(areas.index > 9, -9))
    assert two_levels(coded, ONE, "area").n == len(areas) - 10


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        ({"area": 1}, {}, ["'area'", "more than 5 areas, found 1"]),
        ({"area": range(1310)}, {}, ["'area'", "too little of differences within"]),
        ({"a": lambda f: f["area"]}, {}, ["'a'", "does not vary within areas"]),
        ({"a": lambda f: f["b"]}, {}, ["singular"]),
        ({}, {"between": "f =~ a + b + c"}, ["between", "same items"]),
        ({}, {"between": "f =~ e + b + c + d + a"}, ["between", "one order", "a, b, c, d, e"]),
    ],
)
def test_bad_input_is_named(areas, change, options, words):
    with pytest.raises(StatisticsError) as caught:
        two_levels(areas.assign(**change), ONE, "area", **options)
    for word in words:
        assert word in str(caught.value)


def test_a_variance_below_zero_is_told_and_results_print(areas):
    moved = areas.assign(e=areas["e"].sample(frac=1, random_state=1).to_numpy())
    found = two_levels(moved, ONE, "area")
    below = [row for row in found.estimates if row.operator == "~~" and row.estimate < 0]
    assert len(found.doubts) == len([row for row in below if row.left == row.right])
    assert str(found).startswith("Two-level factor analysis, ML: n = 1310 in 70 areas")
    assert isinstance(found.to_frame(), pd.DataFrame)


def test_the_printed_form_shows_the_loadings_of_both_levels(areas):
    found = two_levels(areas, ONE, "area")
    for level in ("within", "between"):
        loadings = found.loadings(level)
        (told,) = {
            part.standardised
            for part in found.estimates
            if (part.level, part.operator, part.right) == (level, "=~", "c")
        }
        assert loadings.loc["c", "f"] == told
        assert f"Standardised loadings, {level}" in str(found)
        assert f"c {told:.3f}" in str(found)


def test_the_example_in_the_documentation_runs():
    assert doctest.testmod(import_module("processing.levels.two_levels")).failed == 0
