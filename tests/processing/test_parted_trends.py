"""Effects where trends may have parted: HonestDiD's published numbers, and recovery."""

import numpy as np
import pytest
from scipy import stats

from processing import EventStudy, StatisticsError, parted_trends, staggered_effects
from processing.effects.fixed_length import fixed_length, folded_quantile
from processing.effects.moment_test import MomentTest
from processing.effects.parted_trends import _magnitudes, _Search, _steps

FIRST = np.eye(4)[0]


@pytest.fixture
def told(reference):
    return reference("parted_trends")


@pytest.fixture
def published(told):
    """VAT cuts of French restaurants: four years before, four after."""
    return EventStudy(np.array(told["estimates"]), np.array(told["covariance"]), told["before"])


def test_the_shortest_interval_of_fixed_length_is_the_published_one(published, told):
    # R takes the folded normal's quantile from a million draws and minimises over a grid.
    for bend, low, high in told["smoothness"]:
        found = fixed_length(published, bend, FIRST, 0.95)
        assert found.high - found.low == pytest.approx(high - low, rel=2e-3)
        assert (found.low, found.high) == pytest.approx((low, high), abs=1e-3)


def test_nothing_shorter_is_found_at_random(published):
    """No outside reference: other estimators that a straight trend does not move are longer."""
    best = fixed_length(published, 0.02, FIRST, 0.95)
    random = np.random.default_rng(1)
    waves = np.array([-4, -3, -2, -1, 1, 2, 3, 4])
    for _ in range(200):
        v = best.weights[:4] + random.normal(0, 0.2, 4)
        v[3] += (v @ waves[:4] + 1) / 1.0
        weights = np.concatenate([v, FIRST])
        assert weights @ waves == pytest.approx(0)
        after = [weights @ np.where(waves > 0, np.maximum(waves - at, 0), 0) for at in range(4)]
        before = [weights @ np.where(waves < 0, np.maximum(-waves - at, 0), 0) for at in (1, 2, 3)]
        bias = 0.02 * np.abs([*after, *before]).sum()
        sd = np.sqrt(weights @ published.covariance @ weights)
        assert 2 * sd * folded_quantile(bias / sd, 0.95) > best.high - best.low - 1e-9


def test_the_conditional_test_gives_the_published_intervals(published, told):
    search = _Search(published, FIRST, 0.95, hybrid=False, seed=1)
    # What was published of this test bounds how the trend bends, either way, by at most m a wave.
    bends = np.diff(_steps(published), axis=0)
    for bend, low, high in told["conditional"]:
        found = search.edges(np.concatenate([bends, -bends]), np.full(2 * len(bends), bend))
        assert found == pytest.approx((low, high), abs=1.5e-3)  # a grid of .00076, and its ends


def test_intervals_by_magnitudes_are_the_published_ones(published, told):
    found = parted_trends(published).frame
    for row, (m, low, high) in zip(found.itertuples(), told["magnitudes"], strict=True):
        assert row.m == m
        assert row.low == pytest.approx(low, abs=1.5e-3)
        if high is not None:
            assert row.high == pytest.approx(high, abs=1.5e-3)


def test_the_breakdown_is_where_the_interval_first_holds_zero(published):
    found = parted_trends(published)
    beside = parted_trends(published, bounds=(found.breakdown - 0.02, found.breakdown + 0.02)).frame
    assert beside.low[0] > 0 > beside.low[1]
    bend = parted_trends(published, "smoothness", bounds=(0.0,)).breakdown
    assert fixed_length(published, bend * 0.99, FIRST, 0.95).low > 0
    assert f"from {bend:.2f} of bend a wave" in str(parted_trends(published, "smoothness"))


def test_intervals_hold_the_effect_as_often_as_they_say_where_trends_part_as_allowed():
    """Recovery: trends that go on after the start as they went before it, m = 1."""
    covariance = 0.3 * np.eye(3) + 0.2
    random = np.random.default_rng(20261128)
    true = np.array([-1.5, 1.5, 3.0])  # a drift of 1.5 a wave, and no effect
    first = np.eye(2)[0]
    held = {"magnitudes": 0, "smoothness": 0}
    for _ in range(150):
        study = EventStudy(random.multivariate_normal(true, covariance), covariance, 1)
        search = _Search(study, first, 0.95, hybrid=True, seed=1)
        held["magnitudes"] += any(search.accepts_zero(one) for one in _magnitudes(study, 1.0))
        straight = fixed_length(study, 0.0, first, 0.95)
        held["smoothness"] += straight.low <= 0 <= straight.high
    # 150 draws of 95 %: .897 is three standard errors below.
    assert held["magnitudes"] / 150 >= 0.897
    assert held["smoothness"] / 150 == pytest.approx(0.95, abs=0.053)


def test_without_a_nuisance_the_test_is_that_of_one_mean():
    """Closed form: one inequality is a one-sided z test; the first stage costs a tenth of alpha."""
    plain = MomentTest.of(np.eye(1), np.zeros((1, 0)), alpha=0.05, hybrid=False, seed=1)
    edge = stats.norm.ppf(0.95)
    assert plain.accepts(np.array([[edge - 1e-6], [edge + 1e-6]])).tolist() == [True, False]


def test_a_universal_base_and_the_pretest_equal_r_did(reference_data, told):
    frame, keys = reference_data("mpdta"), {"area": "countyreal", "wave": "year"}
    got = staggered_effects(frame, "lemp", "first.treat", base="universal", **keys)
    late = got.by_group[got.by_group.start == 2007].set_index("wave").estimate
    for wave, estimate in told["mpdta_universal_2007"].items():
        assert late[float(wave)] == pytest.approx(estimate, abs=5e-5)
    study = got.event_study()
    assert (study.before, study.after) == (3, 4)
    np.testing.assert_allclose(
        np.sqrt(np.diag(study.covariance)), got.by_exposure.standard_error, rtol=1e-12
    )
    varying = staggered_effects(frame, "lemp", "first.treat", **keys)
    assert varying.pretest == pytest.approx(told["mpdta_pretest_p"], abs=5e-6)
    with pytest.raises(StatisticsError, match='base="universal"'):
        varying.event_study()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"restriction": "none"}, "restriction: 'none' is none"),
        ({"bounds": (-1.0,)}, "bounds: they are 0 or more"),
        ({"target": np.zeros(4)}, "target: it weights 4 effects"),
        ({"level": 0.3}, "level: from 0.5 to 1"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(published, change, said):
    with pytest.raises(StatisticsError, match=said):
        parted_trends(published, **change)


@pytest.mark.parametrize(
    ("estimates", "covariance", "before", "said"),
    [
        ([1.0, 2.0], np.eye(2), 0, "one wave more before"),
        ([1.0, 2.0], np.eye(2), 2, "2 of 2 estimates"),
        ([1.0, 2.0], np.eye(3), 1, "for 2 estimates"),
        ([1.0, 2.0], np.zeros((2, 2)), 1, "a variance is not above zero"),
    ],
)
def test_an_event_study_that_is_none_is_refused(estimates, covariance, before, said):
    with pytest.raises(StatisticsError, match=said):
        EventStudy(np.array(estimates), covariance, before)


def test_too_many_waves_are_refused_and_say_what_to_leave_out():
    many = EventStudy(np.zeros(30), np.eye(30), 15)
    with pytest.raises(StatisticsError, match="Leave out waves"):
        parted_trends(many)
