"""Factor scores against lavaan 0.6-14 and closed forms."""

import doctest
from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from processing.errors import StatisticsError
from processing.modelling.confirmatory import cfa
from processing.scoring.factor_scores import factor_scores

MODEL = "agree =~ A1 + A2 + A3 + A4 + A5\nneuro =~ N1 + N2 + N3 + N4 + N5"
ITEMS = [f"{letter}{k}" for letter in "AN" for k in range(1, 6)]
FACTORS = ["agree", "neuro"]


@pytest.fixture
def told(reference):
    return reference("factor_scores_bfi")


@pytest.fixture
def complete(bfi):
    return bfi.dropna(subset=ITEMS)


@pytest.mark.parametrize("method", ["regression", "bartlett"])
def test_scores_and_standard_errors_equal_lavaan(complete, told, method):
    found = factor_scores(cfa(complete, MODEL), complete, method)
    np.testing.assert_allclose(found[FACTORS].head(10), told[method]["scores"], atol=2e-6)
    errors = found[["agree_se", "neuro_se"]].iloc[0]
    np.testing.assert_allclose(errors, told[method]["se"], rtol=1e-5)


def test_rows_that_miss_answers_are_scored_as_lavaan_does(bfi, told):
    found = factor_scores(cfa(bfi, MODEL, "FIML"), bfi)
    rows = np.array(told["fiml"]["rows"]) - 1
    np.testing.assert_allclose(found[FACTORS].iloc[rows], told["fiml"]["scores"], atol=2e-5)
    np.testing.assert_allclose(found[FACTORS].mean(), told["fiml_mean"], atol=2e-5)
    assert (found["agree_se"].iloc[rows] >= found["agree_se"].min()).all()


def test_a_row_without_answers_has_no_score(complete):
    empty = complete.head(3).astype(float)
    empty.iloc[1] = np.nan
    empty.loc[empty.index[2], ITEMS[:5]] = -8
    fitted = cfa(complete, MODEL)
    assert factor_scores(fitted, empty)["agree"].isna().tolist() == [False, True, False]
    bartlett = factor_scores(fitted, empty, "bartlett")
    assert bartlett["neuro"].isna().tolist() == [False, True, True]


def test_regression_scores_shrink_and_bartletts_are_unbiased():
    rng = np.random.default_rng(1)
    trait = rng.normal(size=20_000)
    frame = pd.DataFrame({name: 0.7 * trait + 0.7 * rng.normal(size=20_000) for name in "abc"})
    fitted = cfa(frame, "f =~ a + b + c", std_lv=True)
    for method, slope in [("regression", 0.75), ("bartlett", 1.0)]:
        scores = factor_scores(fitted, frame, method)
        assert np.polyfit(trait, scores["f"], 1)[0] == pytest.approx(slope, abs=0.02)
        wrong = scores["f"] - trait
        assert wrong.std() == pytest.approx(scores["f_se"].iloc[0], rel=0.03)


@pytest.mark.parametrize(
    ("estimator", "options", "words"),
    [
        ("WLSMV", {}, ["WLSMV", "trait_scores"]),
        ("ML", {"method": "sum"}, ["method", "'sum'"]),
    ],
)
def test_what_cannot_be_scored_is_named(complete, estimator, options, words):
    fitted = cfa(complete, MODEL, estimator)
    with pytest.raises(StatisticsError) as caught:
        factor_scores(fitted, complete, **options)
    for word in words:
        assert word in str(caught.value)


def test_a_model_of_groups_needs_the_column_and_knows_its_groups(complete):
    fitted = cfa(complete, MODEL, group="gender")
    with pytest.raises(StatisticsError, match="Name the column of groups"):
        factor_scores(fitted, complete)
    with pytest.raises(StatisticsError, match="group '3'"):
        factor_scores(fitted, complete.assign(gender=3), group="gender")


def test_groups_are_scored_by_their_own_numbers_as_in_lavaan(complete, told):
    known = complete.dropna(subset=["gender"])
    equal = ("loadings", "intercepts")
    found = factor_scores(cfa(known, MODEL, group="gender", equal=equal), known, group="gender")
    for gender in (1, 2):
        own = found.loc[known["gender"] == gender, FACTORS].head(5)
        np.testing.assert_allclose(own, told["groups"][str(gender)], atol=2e-5)


@pytest.mark.parametrize("method", ["regression", "bartlett"])
def test_a_model_with_a_variance_below_zero_gives_no_scores(method):
    """r12 r13 / r23 > 1: standard errors of zero, or of a root below zero, would be told."""
    root = np.linalg.cholesky(np.array([[1, 0.8, 0.8], [0.8, 1, 0.5], [0.8, 0.5, 1]]))
    noise = np.random.default_rng(3).normal(size=(500, 3))
    white = (noise - noise.mean(axis=0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(noise.T))).T
    frame = pd.DataFrame(white @ root.T, columns=list("abc"))
    with pytest.raises(StatisticsError, match=r"residual variance of a is -0\.279"):
        factor_scores(cfa(frame, "f =~ a + b + c"), frame, method)


def test_the_example_in_the_documentation_runs():
    assert doctest.testmod(import_module("processing.scoring.factor_scores")).failed == 0
