"""The covariance of thresholds and polychoric correlations against simulation and closed form."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri

from processing.counting.answers import read_codes
from processing.counting.counts import count
from processing.counting.patterns import count_patterns
from processing.factoring import polychorics
from processing.factoring.bivariate_normal import FAR
from processing.factoring.polychoric_covariance import asymptotic_covariance
from processing.factoring.polychorics import polychoric_of


def _sample(rng, rows, correlation, cuts):
    """Answers of a normal population with known thresholds."""
    latent = rng.multivariate_normal(np.zeros(len(correlation)), correlation, size=rows)
    return pd.DataFrame({f"x{i}": np.digitize(latent[:, i], cut) + 1 for i, cut in enumerate(cuts)})


@pytest.fixture
def known():
    """Three items of three, five and two answers with correlations .5, −.3 and .2."""
    correlation = np.array([[1, 0.5, -0.3], [0.5, 1, 0.2], [-0.3, 0.2, 1]])
    return correlation, [[-0.8, 0.5], [-1.5, -0.5, 0.5, 1.2], [0.4]]


def _covariance(answers):
    counts = count(answers, complete=True)
    found = polychoric_of(counts)
    return found, asymptotic_covariance(found, counts, read_codes(answers, list(answers)))


def _estimates_of_many_samples(rng, answers, samples, rows):
    """(samples, thresholds + correlations) of samples drawn anew from the answers, all at once."""
    patterns = count_patterns(answers)
    shares = patterns.frequency / patterns.frequency.sum()
    drawn = rng.multinomial(rows, shares, size=samples)
    places = patterns.answers - 1
    width = places.max() + 1
    cuts = np.full((samples, 3, width - 1), FAR)
    for item in range(3):
        below = drawn @ (places[item][:, None] <= np.arange(places[item].max()))
        cuts[:, item, : places[item].max()] = ndtri(below / rows)
    pairs = [(0, 1), (0, 2), (1, 2)]
    tables = np.zeros((samples, 3, width * width))
    for pair, (i, j) in enumerate(pairs):
        cell = np.eye(width * width)[places[i] * width + places[j]]
        tables[:, pair] = drawn @ cell
    first, second = np.array(pairs).T
    r = polychorics._most_likely(
        tables.reshape(-1, width, width),
        cuts[:, first].reshape(-1, width - 1),
        cuts[:, second].reshape(-1, width - 1),
    ).reshape(samples, 3)
    thresholds = cuts.reshape(samples, -1)
    return np.hstack([thresholds[:, thresholds[0] < FAR], r])


def test_the_covariance_is_what_repeated_samples_show(known):
    """Of 3 000 samples of 2 000 rows, drawn from 20 000 whose Γ is told."""
    rng = np.random.default_rng(4)
    answers = _sample(rng, 20_000, *known)
    told = _covariance(answers)[1]
    seen = np.cov(_estimates_of_many_samples(rng, answers, 3000, 2000).T) * 2000
    spread = np.sqrt(np.diag(seen))
    np.testing.assert_allclose(
        told / np.outer(spread, spread), seen / np.outer(spread, spread), atol=0.1
    )


def test_the_covariance_of_thresholds_is_that_of_shares(known):
    """For one item Γ has a closed form: shares are multinomial, τ = Φ⁻¹(cumulative share)."""
    answers = _sample(np.random.default_rng(5), 800, *known)
    found, covariance = _covariance(answers)
    below = np.cumsum(answers["x1"].value_counts().sort_index())[:-1] / 800
    height = np.exp(-(found.thresholds[1] ** 2) / 2) / np.sqrt(2 * np.pi)
    shares = np.minimum.outer(below.to_numpy(), below.to_numpy()) - np.outer(below, below)
    np.testing.assert_allclose(covariance[2:6, 2:6], shares / np.outer(height, height), rtol=1e-4)


def test_the_covariance_of_yes_and_no_items_follows_from_that_of_patterns():
    """Two answers an item leave no pair of items a misfit, so that the delta method is exact.

    Γ = J (diag(p) − pp') Jᵀ, J being the slopes of thresholds and correlations in the patterns'
    shares p, here by differences.
    """
    patterns = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)])
    rows = np.array([210, 60, 90, 130, 40, 80, 70, 320])
    answers = pd.DataFrame(np.repeat(patterns, rows, axis=0), columns=["a", "b", "c"])

    def estimates(weights):
        frame = pd.DataFrame(patterns, columns=["a", "b", "c"])
        found = polychoric_of(count(frame, weights=weights))
        return np.concatenate([*found.thresholds, found.pairs()])

    p = rows / rows.sum()
    step = 1e-5 * np.eye(8)
    slopes = np.array([estimates(p + s) - estimates(p - s) for s in step]).T / 2e-5
    expected = slopes @ (np.diag(p) - np.outer(p, p)) @ slopes.T
    np.testing.assert_allclose(_covariance(answers)[1], expected, rtol=1e-4, atol=1e-4)
