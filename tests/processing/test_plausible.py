"""Plausible values: recovery of a known truth (no outside reference), and Rubin's rules by hand."""

import doctest

import numpy as np
import pandas as pd
import pytest

from processing.drawing.known_model import KnownModel
from processing.drawing.simulation import Holes, simulate
from processing.errors import StatisticsError
from processing.scoring import plausible
from processing.scoring.plausible import combine, imputed, plausible_values
from processing.traits.graded_response import graded_response
from processing.traits.trait_scores import trait_scores

FOUR = list("abcd")


@pytest.fixture
def drawn():
    """Sixty areas that hold a tenth of the trait's variance, and items of middling quality."""
    known = KnownModel.simple({"calm": FOUR}, loading=0.65, area_share=0.1)
    return simulate(known, 3000, seed=1, areas=60)


@pytest.fixture
def model(drawn):
    return graded_response(drawn.frame[FOUR])


def test_draws_have_the_variance_of_the_trait_which_scores_have_not(drawn, model):
    found = plausible_values(drawn.frame, model, "area", seed=1)
    scores = trait_scores(drawn.frame, model)["eap"]
    assert found.traits.var().mean() == pytest.approx(1, abs=0.05)
    assert scores.var() < 0.8


def test_the_variance_between_areas_is_that_of_the_truth(drawn, model):
    population = plausible_values(drawn.frame, model, "area", draws=20, seed=2).population.mean()
    share = population["between"] / (population["between"] + population["within"])
    assert share == pytest.approx(0.1, abs=0.04)


def test_intervals_of_area_means_cover_the_truth(drawn, model):
    found = plausible_values(drawn.frame, model, "area", draws=40, seed=3)
    low, high = np.quantile(found.areas, [0.05, 0.95], axis=1)
    truth = drawn.truth.areas["calm"].to_numpy()
    assert 0.78 <= ((low < truth) & (truth < high)).mean() <= 1


def test_draws_are_right_for_respondents_too(drawn, model):
    found = plausible_values(drawn.frame, model, "area", draws=40, seed=4)
    low, high = np.quantile(found.traits, [0.1, 0.9], axis=1)
    truth = drawn.truth.traits["calm"].to_numpy()
    assert ((low < truth) & (truth < high)).mean() == pytest.approx(0.8, abs=0.05)


def test_the_same_seed_gives_the_same_draws(drawn, model):
    first, again = (plausible_values(drawn.frame, model, draws=2, seed=5) for _ in range(2))
    pd.testing.assert_frame_equal(first.traits, again.traits)
    assert first.areas.empty
    assert "2 plausible values of 3000" in str(first)


def test_uncertain_items_change_with_the_draws(drawn, model):
    sure = plausible_values(drawn.frame, model, draws=3, seed=6, uncertain_items=False)
    unsure = plausible_values(drawn.frame, model, draws=3, seed=6)
    assert all((curves.slopes == model.slopes).all() for curves in sure.curves)
    assert not (unsure.curves[0].slopes == unsure.curves[2].slopes).any()


def test_items_of_one_slope_are_drawn_with_one_slope(drawn):
    model = graded_response(drawn.frame[FOUR], equal_slopes=True)
    found = plausible_values(drawn.frame, model, draws=3, seed=7)
    assert np.ptp(found.curves[2].slopes) == 0
    assert found.curves[1].slopes[0] != found.curves[2].slopes[0]


def test_imputation_takes_out_what_answers_missing_at_random_put_in():
    """Who is high on item a is likelier to miss b: the mean of b over those who answered is too low."""
    known = KnownModel.simple({"calm": FOUR}, loading=0.8)
    whole = simulate(known, 4000, seed=8).frame[FOUR]
    holed = whole.copy()
    missing = np.random.default_rng(8).random(4000) < (whole["a"] - 1) / 5
    holed.loc[missing, "b"] = -8
    model = graded_response(holed)
    drawn = plausible_values(holed, model, draws=5, seed=8)
    means = [filled["b"].mean() for filled in imputed(holed, model, drawn, seed=8)]
    answered = holed.loc[holed["b"] >= 0, "b"].mean()
    assert answered < whole["b"].mean() - 0.15
    assert np.mean(means) == pytest.approx(whole["b"].mean(), abs=0.05)


def test_what_does_not_apply_is_not_imputed():
    known = KnownModel.simple({"calm": FOUR}, loading=0.8)
    frame = simulate(known, 800, seed=9, holes=[Holes(-4, 0.1), Holes(-8, 0.1)]).frame
    model = graded_response(frame, FOUR)
    drawn = plausible_values(frame, model, draws=2, seed=9)
    for filled in imputed(frame, model, drawn, seed=9):
        assert set(np.unique(filled[FOUR])) == {-4, 1, 2, 3, 4, 5}
        assert (filled[FOUR].eq(-4) == frame[FOUR].eq(-4)).all(axis=None)
        answered = frame[FOUR] >= 0
        assert (filled[FOUR].where(answered) == frame[FOUR].where(answered))[answered].all(
            axis=None, skipna=True
        )


def test_plausible_values_of_other_rows_are_refused(drawn, model):
    values = plausible_values(drawn.frame.head(50), model, draws=2, seed=1)
    with pytest.raises(StatisticsError, match="plausible values of 50 rows, the frame has 60"):
        next(imputed(drawn.frame.head(60), model, values, seed=1))


def test_rubins_rules_by_hand():
    found = combine([1.0, 1.2, 1.1], [0.1, 0.2, 0.1])
    within, between = 0.06 / 3, 4 / 3 * 0.01
    assert found.se == pytest.approx(np.sqrt(within + between))
    assert found.missing == pytest.approx(between / (within + between))
    assert found.df == pytest.approx(2 / found.missing**2)
    same = combine([1.0, 1.0], [0.1, 0.1])
    assert (same.missing, same.se) == (0, pytest.approx(0.1))
    assert same.interval.high == pytest.approx(1.196, abs=1e-3)


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        ({"area": 1}, {}, ["'area'", "three or more, found 1"]),
        ({"area": None}, {}, ["'area'", "row 0 has none"]),
        ({"area": lambda f: f["area"].where(f.index != 3, -9)}, {}, ["'area'", "row 3 has none"]),
        ({}, {"draws": 1}, ["draws", "got 1"]),
        ({"a": 9}, {}, ["'a'", "found [9]"]),
    ],
)
def test_bad_input_is_named(drawn, model, change, options, words):
    frame = drawn.frame.assign(**change)
    with pytest.raises(StatisticsError) as caught:
        plausible_values(frame, model, "area", **{"seed": 1, **options})
    for word in words:
        assert word in str(caught.value)


def test_one_draw_cannot_be_combined():
    with pytest.raises(StatisticsError, match="two draws or more"):
        combine([1.0], [0.1])


def test_the_examples_in_the_documentation_run():
    assert doctest.testmod(plausible).failed == 0
