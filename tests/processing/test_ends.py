"""Shares at the ends of a scale, counted by hand."""

import doctest

import numpy as np
import pandas as pd
import pytest

from processing.consistency import ends
from processing.consistency.ends import floor_and_ceiling
from processing.errors import StatisticsError


@pytest.fixture
def ten():
    """Ten people: three lowest, one highest, one who left an item out."""
    return pd.DataFrame(
        {
            "a": [1, 1, 1, 5, 2, 3, 4, 1, 5, -8],
            "b": [1, 1, 1, 5, 2, 3, 4, 5, 1, 1],
        }
    )


def test_people_with_every_item_at_one_end_are_counted(ten):
    found = floor_and_ceiling(ten, points=5)
    assert (found.floor, found.ceiling, found.n) == (3 / 9, 1 / 9, 9)
    assert str(found) == "floor 33.3%, ceiling 11.1%, n = 9"
    assert found.to_frame().loc[0, "n"] == 9


def test_a_reversed_item_has_its_ends_turned(ten):
    turned = floor_and_ceiling(ten.assign(b=6 - ten["b"]), reversed_items=["b"], points=5)
    assert turned == floor_and_ceiling(ten, points=5)


def test_an_end_that_nobody_used_is_empty(ten):
    assert floor_and_ceiling(ten, points=(0, 7)).floor == 0
    assert floor_and_ceiling(ten).floor == 3 / 9


def test_items_may_offer_different_answers(ten):
    offered = {"a": (1, 5), "b": (0, 5)}
    found = floor_and_ceiling(ten, points=offered)
    assert (found.floor, found.ceiling) == (0, 1 / 9)
    turned = floor_and_ceiling(ten.assign(b=5 - ten["b"]), reversed_items=["b"], points=offered)
    assert turned == found
    assert floor_and_ceiling(ten, points={"b": (0, 5)}).floor == 0


def test_weights_move_the_shares(ten):
    weights = np.where(ten.index < 3, 2.0, 1.0)
    assert floor_and_ceiling(ten, points=5, weights=weights).floor == pytest.approx(6 / 12)


def test_no_complete_row_is_refused(ten):
    with pytest.raises(StatisticsError, match="no row answered every item"):
        floor_and_ceiling(ten.assign(a=-9))


def test_the_examples_in_the_documentation_run():
    assert doctest.testmod(ends).failed == 0
