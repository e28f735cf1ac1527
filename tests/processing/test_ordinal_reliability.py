"""Ordinal alpha and categorical omega against semTools 0.5-6, their errors against simulation."""

import doctest

import numpy as np
import pandas as pd
import pytest

from processing.consistency import ordinal_reliability
from processing.consistency.ordinal_reliability import categorical_omega, ordinal_alpha
from processing.errors import StatisticsError

SCALES = ["agree", "conscientious", "extraversion", "neuroticism", "openness"]


@pytest.mark.parametrize("scale", SCALES)
def test_both_equal_semtools(bfi, bfi_numbers, bfi_scales, scale):
    told = bfi_numbers["scales"][scale]
    items = bfi_scales[scale]
    turned = [item for item in items if item in bfi_numbers["reverse_keyed"]]
    options = {"reversed_items": turned, "points": 6}
    assert ordinal_alpha(bfi, items, **options).value == pytest.approx(
        told["ordinal_alpha"], abs=1e-7
    )
    found = categorical_omega(bfi, items, **options)
    assert found.value == pytest.approx(told["omega_categorical_green_yang"], abs=1e-6)
    assert found.loadings == pytest.approx(told["cfa_1f_wlsmv_std_loadings"], abs=2e-6)


@pytest.mark.parametrize(("scale", "span"), [("phq9", slice(0, 9)), ("gad7", slice(9, 16))])
def test_skewed_items_with_steep_correlations_equal_semtools(
    reference, reference_data, scale, span
):
    frame = reference_data("phq9_gad7_t2").iloc[:, span]
    told = reference("phq9_gad7")["scales"][f"{scale}_t2"]
    assert ordinal_alpha(frame).value == pytest.approx(told["ordinal_alpha"], abs=1e-7)
    assert categorical_omega(frame).value == pytest.approx(
        told["omega_categorical_green_yang"], abs=1e-6
    )


def test_four_items_of_four_points_equal_semtools(reference, reference_data):
    told = reference("irt_science_lsat6")["scale"]
    found = categorical_omega(reference_data("mirt_science"))
    assert found.value == pytest.approx(told["omega_categorical_green_yang"], abs=1e-6)


def test_intervals_cover_what_many_samples_centre_on():
    """120 samples of 300: the standard errors tell how far the estimates really lie apart."""
    rng = np.random.default_rng(21)
    loadings = np.array([0.5, 0.6, 0.7, 0.8])
    alphas, omegas = [], []
    for _ in range(120):
        trait = rng.normal(size=(300, 1))
        latent = trait * loadings + rng.normal(size=(300, 4)) * np.sqrt(1 - loadings**2)
        frame = pd.DataFrame(np.digitize(latent, [-1, 0, 0.8]) + 1, columns=list("abcd"))
        alphas.append(ordinal_alpha(frame))
        omegas.append(categorical_omega(frame))
    for found in (alphas, omegas):
        spread = np.std([one.value for one in found], ddof=1)
        assert np.mean([one.se for one in found]) == pytest.approx(spread, rel=0.2)
    true = np.outer(loadings, loadings) + np.diag(1 - loadings**2)
    alpha = 4 / 3 * (1 - 4 / true.sum())
    assert np.mean([one.value for one in alphas]) == pytest.approx(alpha, abs=0.01)
    held = [one.interval.low < alpha < one.interval.high for one in alphas]
    assert 0.9 <= np.mean(held) <= 0.99


def test_two_items_have_ordinal_alpha_but_no_omega(bfi):
    assert ordinal_alpha(bfi, ["N1", "N2"]).k == 2
    with pytest.raises(StatisticsError, match="needs three items, got 2"):
        categorical_omega(bfi, ["N1", "N2"])


def test_a_loading_beyond_one_is_named():
    rng = np.random.default_rng(5)
    root = np.linalg.cholesky([[1, 0.9, 0.9], [0.9, 1, 0.65], [0.9, 0.65, 1]])
    latent = rng.normal(size=(3000, 3)) @ root.T
    frame = pd.DataFrame(np.digitize(latent, [-1, 0, 1]) + 1, columns=["a", "b", "c"])
    with pytest.raises(StatisticsError, match=r"'a': its loading is 1.*Heywood"):
        categorical_omega(frame)


def test_results_print_and_become_frames(bfi, bfi_scales):
    found = categorical_omega(bfi, bfi_scales["neuroticism"])
    assert str(found).startswith("categorical omega = 0.839 [")
    assert found.to_frame().loc[0, "n"] == 2694


def test_items_that_have_no_factor_are_told_so():
    """Noise: the search ends nowhere, and once ended in a LinAlgError."""
    rng = np.random.default_rng(0)
    reasons = set()
    for _ in range(20):
        noise = pd.DataFrame(rng.integers(1, 4, size=(60, 4)), columns=list("abcd"))
        try:
            assert 0 <= categorical_omega(noise).value <= 1
        except StatisticsError as error:
            reasons.add(str(error).split(":")[1].split("(")[0][:40])
    assert any("did not converge" in reason for reason in reasons), reasons


def test_the_examples_in_the_documentation_run():
    assert doctest.testmod(ordinal_reliability).failed == 0
