"""Polychoric correlations against lavaan and psych, and a known truth."""

import doctest

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal

from processing.counting.counts import count
from processing.errors import StatisticsError
from processing.factoring import bivariate_normal, polychorics
from processing.factoring.bivariate_normal import FAR, probability
from processing.factoring.polychorics import polychoric


def _sample(rng, rows, correlation, cuts):
    """Answers of a normal population with known thresholds."""
    latent = rng.multivariate_normal(np.zeros(len(correlation)), correlation, size=rows)
    return pd.DataFrame({f"x{i}": np.digitize(latent[:, i], cut) + 1 for i, cut in enumerate(cuts)})


@pytest.fixture
def known():
    """Three items of three, five and two answers with correlations .5, −.3 and .2."""
    correlation = np.array([[1, 0.5, -0.3], [0.5, 1, 0.2], [-0.3, 0.2, 1]])
    return correlation, [[-0.8, 0.5], [-1.5, -0.5, 0.5, 1.2], [0.4]]


def test_correlations_and_thresholds_equal_lavaan(bfi, bfi_numbers, bfi_items, matrix):
    found = polychoric(bfi, bfi_items)
    told = bfi_numbers["polychoric_lavaan_listwise"]
    np.testing.assert_allclose(found.to_frame(), matrix(told["rho"]), atol=2e-7)
    np.testing.assert_allclose(
        found.thresholds_frame()["threshold"], list(told["thresholds"].values()), atol=2e-7
    )
    assert found.n == 2436


def test_correlations_are_near_those_of_psych(bfi, bfi_numbers, bfi_items, matrix):
    """Psych's optimiser stops earlier: it is known to differ from lavaan by 2e-5."""
    told = matrix(bfi_numbers["polychoric_psych_default_pairwise"]["rho"])
    np.testing.assert_allclose(polychoric(bfi, bfi_items, "pairwise").correlation, told, atol=3e-5)


@pytest.mark.parametrize("wave", ["t1", "t2"])
@pytest.mark.parametrize("scale", ["phq9", "gad7"])
def test_four_point_items_with_steep_correlations_equal_lavaan(
    reference, reference_data, matrix, scale, wave
):
    told = matrix(
        reference("phq9_gad7")["scales"][f"{scale}_{wave}"]["polychoric_two_step_listwise"]
    )
    found = polychoric(reference_data(f"phq9_gad7_{wave}"), list(told.index))
    np.testing.assert_allclose(found.to_frame(), told, atol=1e-6)


@pytest.fixture
def coarse(bfi, bfi_items):
    """Small samples: rare answers, pairs of two answers with empty cells, items of unequal length."""
    whole = bfi[bfi_items].dropna()
    small = whole.head(150)
    cut = {"E3": (small["E3"] > 3).astype(int), "E4": np.digitize(small["E4"], [3, 5])}
    return {
        "small": small[["C1", "C2", "C3", "C4", "C5"]],
        "binary": (whole.head(60)[["O1", "O2", "O3", "O4", "O5"]] > 2).astype(int),
        "mixed": small[["E1", "E2"]].assign(**cut),
    }


@pytest.mark.parametrize("sample", ["small", "binary", "mixed"])
def test_small_and_coarse_samples_equal_lavaan(coarse, reference, matrix, sample):
    told = reference("reliability")[f"polychoric_{sample}"]
    found = polychoric(coarse[sample])
    np.testing.assert_allclose(found.correlation, matrix(told["rho"]), atol=1e-7)
    np.testing.assert_allclose(
        np.concatenate(found.thresholds), list(told["thresholds"].values()), atol=1e-8
    )


def test_the_binary_sample_holds_tables_with_an_empty_cell(reference):
    assert reference("reliability")["polychoric_binary"]["tables_with_one_empty_cell"] == 3


def test_a_known_truth_is_recovered(known):
    correlation, cuts = known
    found = polychoric(_sample(np.random.default_rng(2), 100_000, correlation, cuts))
    np.testing.assert_allclose(found.correlation, correlation, atol=0.012)
    for thresholds, cut in zip(found.thresholds, cuts, strict=True):
        np.testing.assert_allclose(thresholds, cut, atol=0.02)


def test_counts_give_what_the_rows_give(bfi, bfi_scales):
    items = bfi_scales["openness"]
    counts = count(bfi, items, complete=True)
    assert (polychoric(counts).correlation == polychoric(bfi, items).correlation).all()


def test_turning_an_item_round_turns_the_signs(bfi, bfi_scales):
    items = bfi_scales["agree"]
    plain = polychoric(bfi, items).correlation
    turned = polychoric(bfi, items, reversed_items=["A1"], points=6).correlation
    np.testing.assert_allclose(turned[0, 1:], -plain[0, 1:], atol=1e-9)
    np.testing.assert_allclose(turned[1:, 1:], plain[1:, 1:], atol=1e-9)


def test_a_weight_of_two_counts_like_the_row_twice(known):
    answers = _sample(np.random.default_rng(3), 500, *known)
    weights = np.where(np.arange(500) < 200, 2.0, 1.0)
    doubled = pd.concat([answers, answers.iloc[:200]])
    np.testing.assert_allclose(
        polychoric(answers, weights=weights).correlation,
        polychoric(doubled).correlation,
        atol=1e-9,
    )


@pytest.mark.parametrize("r", [-0.999, -0.95, -0.9, -0.3, 0.0, 0.5, 0.89, 0.91, 0.99])
def test_the_bivariate_normal_equals_scipy(r):
    x, y = np.random.default_rng(9).normal(size=(2, 30))
    x[0] = y[1] = x[2] = y[2] = 0
    x[3] = y[4] = FAR
    told = [multivariate_normal.cdf(xy, cov=[[1, r], [r, 1]]) for xy in zip(x, y, strict=True)]
    np.testing.assert_allclose(probability(x, y, np.full(30, r)), told, atol=1e-12)


def test_a_two_by_two_table_with_an_empty_cell_gets_half_a_row_and_keeps_its_margins():
    answers = pd.DataFrame([(1, 1)] * 30 + [(1, 2)] * 10 + [(2, 2)] * 20, columns=["a", "b"])
    moved = np.array([[29.5, 10.5], [0.5, 19.5]])
    weights = moved.ravel()
    told = polychoric(
        pd.DataFrame([(1, 1), (1, 2), (2, 1), (2, 2)], columns=["a", "b"]), weights=weights
    )
    assert polychoric(answers).correlation[0, 1] == pytest.approx(told.correlation[0, 1], abs=1e-9)
    assert 0 < polychoric(answers).correlation[0, 1] < 0.999


def test_answers_on_one_diagonal_have_no_polychoric_correlation():
    opposite = pd.DataFrame({"a": [1, 1, 2, 2, 3, 3], "b": [3, 3, 2, 2, 1, 1]})
    with pytest.raises(StatisticsError, match=r"'a' and 'b': .*one diagonal"):
        polychoric(opposite)


def test_a_constant_item_is_named():
    with pytest.raises(StatisticsError, match="'b': an item must vary"):
        polychoric(pd.DataFrame({"a": [1, 2, 3], "b": [2, 2, 2]}))


def test_results_print_as_a_matrix(known):
    found = polychoric(_sample(np.random.default_rng(3), 500, *known))
    assert "n = 500" in str(found)
    assert found.thresholds_frame()["up_to"].to_list() == [1, 2, 1, 2, 3, 4, 1]


@pytest.mark.parametrize("module", [bivariate_normal, polychorics])
def test_the_examples_in_the_documentation_run(module):
    assert doctest.testmod(module).failed == 0
