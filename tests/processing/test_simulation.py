"""Simulated answers: the same for the same seed, and true to the model they are drawn from."""

import doctest

import numpy as np
import pandas as pd
import pytest

from processing.drawing import known_model, simulation
from processing.drawing.known_model import KnownGroup, KnownModel, cut_points
from processing.drawing.simulation import Careless, Holes, simulate
from processing.errors import StatisticsError
from processing.factoring.polychorics import polychoric

SHARES = (0.05, 0.15, 0.4, 0.25, 0.15)


@pytest.fixture
def two_traits():
    return KnownModel(
        loadings={
            "safe": {"s1": 0.8, "s2": 0.7, "s3": 0.6},
            "well": {"w1": 0.5, "w2": 0.9, "w3": 0.7},
        },
        thresholds=dict.fromkeys(["s1", "s2", "s3", "w1", "w2", "w3"], cut_points(SHARES)),
        correlations={("safe", "well"): 0.4},
    )


def test_the_same_seed_gives_the_same_answers_and_another_seed_others(two_traits):
    first, again, other = (simulate(two_traits, 500, seed=seed).frame for seed in (7, 7, 8))
    pd.testing.assert_frame_equal(first, again)
    assert (first != other).any().any()


def test_answers_have_the_shares_and_correlations_of_the_model(two_traits):
    drawn = simulate(two_traits, 200_000, seed=1)
    items = list(two_traits.items)
    shares = drawn.frame["w1"].value_counts(normalize=True).sort_index()
    np.testing.assert_allclose(shares, SHARES, atol=0.005)
    found = polychoric(drawn.frame, items).to_frame()
    np.testing.assert_allclose(found, two_traits.correlation(), atol=0.012)
    np.testing.assert_allclose(np.corrcoef(drawn.truth.traits.T)[0, 1], 0.4, atol=0.01)


def test_areas_hold_the_share_of_variance_that_was_asked_for():
    model = KnownModel.simple({"safe": ["a", "b", "c"]}, area_share=0.1)
    drawn = simulate(model, 50_000, seed=2, areas=1000)
    between = drawn.truth.areas["safe"].var()
    assert drawn.frame["area"].value_counts().eq(50).all()
    assert between == pytest.approx(0.1, rel=0.15)
    assert drawn.truth.traits["safe"].var() == pytest.approx(1, abs=0.03)


def test_areas_may_have_sizes_of_their_own(two_traits):
    drawn = simulate(two_traits, 10, seed=3, areas=[2, 3, 5])
    assert drawn.frame["area"].tolist() == [0, 0, 1, 1, 1, 2, 2, 2, 2, 2]


def test_groups_differ_only_in_what_was_named(two_traits):
    groups = [
        KnownGroup("da", 0.5),
        KnownGroup("ar", 0.5, means={"safe": -0.5}, thresholds={"w1": 1.0}, loadings={"w3": -0.6}),
    ]
    drawn = simulate(two_traits, 100_000, seed=4, groups=groups)
    frame, traits = drawn.frame, drawn.truth.traits.groupby(drawn.frame["group"])
    mean = frame.groupby("group")[["s1", "w1", "w2"]].mean()
    assert (frame["group"] == "da").sum() == 50_000
    assert traits["safe"].mean()["ar"] == pytest.approx(-0.5, abs=0.02)
    assert mean.loc["ar", "s1"] < mean.loc["da", "s1"] - 0.3
    assert mean.loc["ar", "w1"] < mean.loc["da", "w1"] - 0.7
    assert mean.loc["ar", "w2"] == pytest.approx(mean.loc["da", "w2"], abs=0.02)
    together = frame.groupby("group")[["w2", "w3"]].corr()["w3"].xs("w2", level=1)
    assert together["ar"] < 0.15
    assert together["da"] > 0.4


def test_whole_areas_can_be_divided_into_groups(two_traits):
    groups = [KnownGroup("treated", 0.4), KnownGroup("comparison", 0.6)]
    drawn = simulate(two_traits, 1000, seed=5, areas=20, groups=groups, groups_of_areas=True)
    by_area = drawn.frame.groupby("area")["group"].agg(["nunique", "first"])
    assert by_area["nunique"].eq(1).all()
    assert by_area["first"].eq("treated").sum() == 8


def test_careless_respondents_are_told_in_the_truth_and_hurry(two_traits):
    careless = Careless(straight=0.1, zigzag=0.05, random=0.1)
    drawn = simulate(two_traits, 20_000, seed=6, careless=careless)
    kinds, items = drawn.truth.careless, drawn.frame[list(two_traits.items)]
    shares = kinds.value_counts(normalize=True)
    assert shares["straight"] == pytest.approx(0.1, abs=0.01)
    assert not np.diff(items[kinds == "straight"], axis=1).any()
    zigzag = items[kinds == "zigzag"].to_numpy()
    assert (np.abs(np.diff(zigzag, axis=1)) == 1).all()
    assert abs(items[kinds == "random"].corr().iloc[0, 1]) < 0.1
    pd.testing.assert_frame_equal(items[kinds == ""], drawn.truth.answers[kinds == ""])
    assert (drawn.frame.loc[kinds != "", "duration_class"] == 1).mean() > 0.7
    assert (drawn.frame.loc[kinds == "", "duration_class"] > 1).all()


def test_missing_answers_keep_their_reason(two_traits):
    holes = [Holes(-1, 0.2), Holes(-3, 0.1, items=("w1",)), Holes(-8, 0.02)]
    items = simulate(two_traits, 20_000, seed=7, holes=holes).frame[list(two_traits.items)]
    broke_off = items.eq(-1)
    assert broke_off.any(axis=1).mean() == pytest.approx(0.2, abs=0.01)
    assert (broke_off.to_numpy() == np.maximum.accumulate(broke_off.to_numpy(), axis=1)).all()
    assert items.eq(-3).drop(columns="w1").sum().sum() == 0
    assert items["w1"].eq(-3).sum() / items["w1"].ne(-1).sum() == pytest.approx(0.1, abs=0.01)
    assert set(np.unique(items)) == {-8, -3, -1, 1, 2, 3, 4, 5}


def test_answers_can_go_missing_by_the_trait_itself(two_traits):
    drawn = simulate(two_traits, 20_000, seed=8, holes=[Holes(-5, 0.1, slope=1.0)])
    silent = drawn.frame["s1"] == -5
    assert drawn.truth.traits["safe"][silent].mean() > 0.4


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"areas": [2, 3]}, ["areas", "together they have 10", "[2, 3]"]),
        ({"groups": [KnownGroup("da", 0.6)]}, ["groups", "add up to one", "0.6"]),
        (
            {"groups": [KnownGroup("da", 1, thresholds={"x": 1})]},
            ["group 'da', item 'x'", "no such item", "s1, s2"],
        ),
        ({"groups": [KnownGroup("da", 1, spreads={"safe": 0})]}, ["factor 'safe'", "above zero"]),
        ({"careless": Careless(straight=0.8, random=0.4)}, ["careless", "[0, 1]"]),
        ({"holes": [Holes(-99, 0.1)]}, ["holes -99", "-10 to -1"]),
        ({"holes": [Holes(-3, 1.0)]}, ["holes -3", "[0, 1)"]),
        ({"rows": 0}, ["rows", "got 0"]),
        ({"groups_of_areas": True}, ["groups_of_areas", "no areas"]),
    ],
)
def test_impossible_wishes_are_refused_by_name(two_traits, change, words):
    with pytest.raises(StatisticsError) as caught:
        simulate(two_traits, **{"rows": 10, "seed": 1, **change})
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"loadings": {"f": {"a": 1.0, "b": 0.5}}}, ["'a'", "explain 1.000"]),
        ({"thresholds": {"a": [0, 0], "b": [0]}}, ["'a'", "must ascend"]),
        ({"thresholds": {"a": [0]}}, ["'b'", "no thresholds"]),
        ({"correlations": {("f", "g"): 0.5}}, ["factor 'g'", "no item loads on it"]),
        ({"area_share": 1.0}, ["area_share", "[0, 1)"]),
    ],
)
def test_impossible_models_are_refused_by_name(change, words):
    possible = {"loadings": {"f": {"a": 0.5, "b": 0.5}}, "thresholds": {"a": [0], "b": [0]}}
    with pytest.raises(StatisticsError) as caught:
        KnownModel(**{**possible, **change})
    for word in words:
        assert word in str(caught.value)


def test_traits_that_cannot_correlate_so_are_refused():
    scales = {name: [f"{name}{i}" for i in range(3)] for name in "fgh"}
    with pytest.raises(StatisticsError, match="not positive definite"):
        KnownModel.simple(scales, correlation=-0.6)


def test_an_answer_without_a_share_is_refused():
    with pytest.raises(StatisticsError, match="share above zero"):
        cut_points([0.5, 0.0, 0.5])


@pytest.mark.parametrize("module", [known_model, simulation])
def test_the_examples_in_the_documentation_run(module):
    assert doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0
