"""A small campaign on paper with keyers of known error rates; benchmarks/campaign.py runs 2 000."""

import sys
from pathlib import Path

import numpy as np
import pytest

from instruments import make_form

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
import campaign
from campaign import Desk, Keyer

from survey.batches import Rules


@pytest.fixture
def desk(database, keys):
    """Four keyers at a desk, from careful to careless."""
    form = make_form(["background"], ["da"])
    rates = (0.002, 0.05, 0.15, 0.25)
    keyers = [Keyer(f"keyer {number}", rate) for number, rate in enumerate(rates)]
    return Desk(database, keys, form, keyers)


def test_settled_data_are_the_truth_except_where_both_erred_alike(desk):
    found = campaign.keyed_twice(desk, 40, np.random.default_rng(3))
    assert found.fields > 400
    assert found.wrong == found.alike > 0
    told = {one.name: one.rate for one in found.quality.keyers}
    assert sorted(told) == [one.name for one in desk.keyers]
    assert all(campaign.covers(found.quality, desk.keyers).values())
    assert told["keyer 3"].rate > told["keyer 0"].rate


def test_a_careless_batch_is_keyed_again_and_a_careful_one_is_not(desk):
    desk.keyers = [desk.keyers[0], desk.keyers[3]]
    rng = np.random.default_rng(4)
    careful, careless = campaign.sampled(desk, 2, Rules(0.5, 0.4), rng, size=12)
    assert (careful[0], careless[0]) == ("accepted", "full")
    assert careless[1] <= 0.02


def test_several_ticks_rankings_months_and_texts_are_settled_as_they_stand(database, keys, kinds):
    keyers = [Keyer(f"keyer {number}", rate) for number, rate in enumerate((0.1, 0.2, 0.3))]
    found = campaign.keyed_twice(Desk(database, keys, kinds, keyers), 12, np.random.default_rng(6))
    confused = {column for one in found.quality.keyers for column, _ in one.confused}
    assert {"kinds_clubs", "kinds_moved", "kinds_wishes", "kinds_story"} <= confused
    assert found.wrong == found.alike


@pytest.mark.parametrize(("rate", "slips"), [(0.005, 0), (0.002, 0.02), (0.002, 0.1)])
def test_intervals_hold_the_known_rate_as_often_as_they_say(rate, slips):
    rng = np.random.default_rng(5)
    told = campaign.coverage(Keyer("drawn", rate, slips), 200, 73, rng, times=400)
    assert [one for one in told if campaign.too_low(one, 400)] == []
    assert not campaign.too_high(told[0], 400)


@pytest.mark.parametrize(
    ("held", "low", "high"), [(0.91, True, False), (0.95, False, False), (1, False, True)]
)
def test_coverage_outside_its_bounds_fails_the_benchmark(held, low, high):
    assert (campaign.too_low(held, 2000), campaign.too_high(held, 2000)) == (low, high)
