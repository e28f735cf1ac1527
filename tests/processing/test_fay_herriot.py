import doctest

import numpy as np
import pytest

from processing import StatisticsError, fay_herriot
from processing.measuring import fay_herriot as fay_herriot_module


@pytest.mark.parametrize("name", ["areas", "counties", "alike"])
def test_the_model_and_its_means_equal_metafor(reference, name):
    expected = reference("fay_herriot")[name]
    got = fay_herriot(expected["y"], expected["d"], expected.get("x") or None)
    assert got.variance == pytest.approx(expected["tau2"], rel=1e-6, abs=1e-9)
    assert got.coefficients == pytest.approx(np.atleast_1d(expected["beta"]), rel=1e-6)
    assert got.standard_errors == pytest.approx(np.atleast_1d(expected["se"]), rel=1e-6)
    assert got.shrunk == pytest.approx(expected["shrunk"], rel=1e-6)
    # metafor leaves out g3, which is in closed form.
    v = got.variance + np.array(expected["d"])
    g3 = np.array(expected["d"]) ** 2 / v**3 * 2 / (1 / v**2).sum()
    assert got.mse - 2 * g3 == pytest.approx(np.array(expected["root_g1_g2"]) ** 2, rel=1e-6)
    assert got.at_bound is (name == "alike")


def test_mean_squared_errors_are_those_of_many_draws():
    """Recovery: the mean of (shrunk − true)² over studies is the mean MSE."""
    random = np.random.default_rng(4)
    d = np.linspace(1, 9, 30)
    squares, mse, direct = [], [], []
    for _ in range(600):
        true = 60 + random.normal(0, 2, 30)
        y = true + random.normal(0, np.sqrt(d))
        got = fay_herriot(y, d)
        squares.append(((got.shrunk - true) ** 2).mean())
        direct.append(((y - true) ** 2).mean())
        mse.append(got.mse.mean())
    assert np.mean(mse) == pytest.approx(np.mean(squares), rel=0.04)
    assert np.mean(squares) < 0.6 * np.mean(direct)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (([60.0, 61.0], [1.0, 0.0]), "area 1: its sampling variance is not above zero"),
        (([60.0, np.nan, 3.0], [1.0, 1.0, 1.0]), "is missing"),
        (([60.0], [1.0]), "1 areas for 1 coefficients"),
        (([60.0, 61.0], [1.0]), "Give one a mean"),
        (([6.0, 6.1, 7.0, 8.0], [1.0] * 4, [[1, 2], [2, 4], [3, 6], [4, 8]]), "said by the others"),
    ],
)
def test_areas_that_cannot_be_shrunk_are_refused_in_words(arguments, said):
    with pytest.raises(StatisticsError, match=said):
        fay_herriot(*arguments)


def test_the_example_in_the_documentation_runs():
    found = doctest.testmod(fay_herriot_module)
    assert found.attempted
    assert found.failed == 0
