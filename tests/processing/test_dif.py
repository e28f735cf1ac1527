"""DIF against MASS 7.3-58 (polr), recovery of planted differences, and bad input."""

import doctest
from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from processing.drawing.known_model import KnownGroup, KnownModel
from processing.drawing.simulation import simulate
from processing.errors import StatisticsError
from processing.traits.dif import DifLimits, dif
from processing.traits.ordinal_logit import fit_ordinal_logit

SCALES = ["agree", "conscientious", "extraversion", "neuroticism", "openness"]
STRICT = DifLimits(mcfadden=0.004, nagelkerke=0.006)
"""Far below the usual limits, so that purification has work to do in these data."""
FIGURES = [
    "chi_uniform",
    "chi_nonuniform",
    "chi",
    "p_uniform",
    "p_nonuniform",
    "p",
    "mcfadden",
    "mcfadden_uniform",
    "nagelkerke",
    "nagelkerke_uniform",
    "slope_change",
]
SIX = list("abcdef")


@pytest.fixture
def personality(bfi_oriented):
    bands = pd.cut(bfi_oriented["age"], [0, 20, 30, 200], labels=[1, 2, 3]).astype(float)
    return bfi_oriented.assign(ageband=bands)


@pytest.fixture
def two_languages():
    """Item b is harder to agree with in Turkish, item e says less there."""
    model = KnownModel.simple({"calm": SIX}, loading=0.75)
    groups = [
        KnownGroup("da", 0.5),
        KnownGroup("tr", 0.5, means={"calm": -0.5}, thresholds={"b": 0.9}, loadings={"e": -0.5}),
    ]
    return simulate(model, 6000, seed=1, groups=groups).frame


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("group", ["gender", "ageband"])
@pytest.mark.parametrize("run", ["plain", "purified"])
def test_every_figure_equals_polr(personality, reference, bfi_scales, scale, group, run):
    told = reference("dif_bfi")[scale][group][run]
    found = dif(personality, bfi_scales[scale], group, purify=run == "purified", limits=STRICT)
    assert found.n == tuple(told["n"].values())
    assert (list(found.flagged), found.rounds) == (told["flagged"], told["rounds"])
    for item in found.items:
        numbers = told["items"][item.item]
        for figure in FIGURES:
            # polr stops when its log-likelihood moves by less than 1e-10 of itself or so.
            assert getattr(item, figure) == pytest.approx(numbers[figure], rel=2e-4, abs=2e-6)
        assert list(item.effects.values()) == pytest.approx(
            list(numbers["effects"].values()), abs=1e-4
        )


@pytest.mark.parametrize(
    ("scale", "run"),
    [
        ("leaders", "plain"),
        ("hostility", "plain"),
        ("hostility", "purified"),
        ("mood", "plain"),
        ("mood", "purified"),
    ],
)
def test_other_data_equal_polr_too(reference, reference_data, scale, run):
    """Eleven items of five points, five of 0 to 4 and nine skewed ones of 0 to 3."""
    told = reference("dif_other")[scale][run]
    if scale == "mood":
        asked = [reference_data(f"phq9_gad7_t{time}").assign(time=time) for time in (1, 2)]
        frame, group = pd.concat(asked, ignore_index=True), "time"
    else:
        frame, group = reference_data("leadership"), "half"
    found = dif(frame, list(told["items"]), group, purify=run == "purified", limits=STRICT)
    assert found.n == tuple(told["n"].values())
    assert (list(found.flagged), found.rounds) == (told["flagged"], told["rounds"])
    for item in found.items:
        numbers = told["items"][item.item]
        for figure in FIGURES:
            assert getattr(item, figure) == pytest.approx(numbers[figure], rel=2e-4, abs=2e-6)
        assert list(item.effects.values()) == pytest.approx(
            list(numbers["effects"].values()), abs=1e-4
        )


def test_planted_differences_are_found_and_no_others(two_languages):
    found = dif(two_languages, SIX, "group").to_frame()
    assert found.index[found["size"] != "negligible"].tolist() == ["b", "e"]
    assert found.loc["b", "effect_tr"] < -1
    assert found.loc["b", "p_uniform"] < 1e-10
    assert found.loc["e", "p_nonuniform"] < 1e-10
    assert found.loc["e", "chi_nonuniform"] > found.loc["e", "chi_uniform"]


def test_purification_takes_what_one_item_did_to_the_others_out_again(two_languages):
    plain, purified = (dif(two_languages, SIX, "group", purify=how) for how in (False, True))
    clean = ["a", "c", "d", "f"]
    before = plain.to_frame().loc[clean, "effect_tr"].abs().mean()
    after = purified.to_frame().loc[clean, "effect_tr"].abs().mean()
    assert after < before / 2
    assert purified.anchors == tuple(clean)
    assert purified.settled


def test_a_difference_of_means_alone_is_no_dif():
    """Of items that work alike, one in a hundred may seem not to by p, and none by size."""
    model = KnownModel.simple({"calm": SIX}, loading=0.75)
    groups = [KnownGroup("da", 0.5), KnownGroup("tr", 0.5, means={"calm": -1.0})]
    frame = simulate(model, 4000, seed=2, groups=groups).frame
    assert dif(frame, SIX, "group").flagged == ()


def test_the_order_of_rows_and_the_code_of_answers_do_not_matter(two_languages):
    shuffled = two_languages.sample(frac=1, random_state=1)
    shuffled[SIX] = 2 * shuffled[SIX]
    first, second = (dif(frame, SIX, "group").to_frame() for frame in (two_languages, shuffled))
    pd.testing.assert_frame_equal(first, second)


def test_reversing_inside_equals_reversing_before(bfi, personality, bfi_scales):
    inside = dif(bfi, bfi_scales["agree"], "gender", reversed_items=["A1"], points=6)
    assert inside == dif(personality, bfi_scales["agree"], "gender")


def test_rows_that_miss_an_answer_or_the_group_are_left_out(two_languages):
    holed = two_languages.copy()
    holed.loc[:99, "a"] = -8
    holed.loc[100:149, "group"] = None
    found = dif(holed, SIX, "group")
    assert sum(found.n) == 5850


def test_one_threshold_and_one_group_is_a_logistic_regression_with_a_closed_form():
    """Counts of a two-by-two table: the slope is its log odds ratio."""
    counts = np.array([[30.0, 70.0], [60.0, 40.0]])
    found = fit_ordinal_logit(np.array([[0.0], [1.0]]), counts)
    assert found.slopes[0] == pytest.approx(np.log(40 * 30 / (60 * 70)))
    assert found.slope_se[0] == pytest.approx(np.sqrt((1 / counts).sum()))
    assert found.thresholds[0] == pytest.approx(np.log(30 / 70))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"a": lambda f: f["a"].where(f["group"] == "da", 4)},
            ["item 'a' in group 'tr'", "must vary in each group", "all answers are 4"],
        ),
        (
            {"a": lambda f: f["a"].where(f["group"] == "da", -9)},
            ["item 'a' in group 'tr'", "nobody answered it"],
        ),
        (
            # Each item was answered by some, but no row answered all.
            {
                "a": lambda f: f["a"].where((f["group"] == "da") | (f.index % 2 == 0), -9),
                "b": lambda f: f["b"].where((f["group"] == "da") | (f.index % 2 == 1), -9),
            },
            ["group 'tr' of 'group'", "no row answered every item"],
        ),
        ({"group": "da"}, ["'group'", "two groups or more", "['da']"]),
        ({"a": "often"}, ["'a'", "'often'"]),
        ({"a": 2.5}, ["fractions"]),
    ],
)
def test_bad_input_is_named_with_item_and_group(two_languages, change, words):
    with pytest.raises(StatisticsError) as caught:
        dif(two_languages.assign(**change), SIX, "group")
    for word in words:
        assert word in str(caught.value)


def test_two_items_tell_no_score(two_languages):
    with pytest.raises(StatisticsError, match="needs three items"):
        dif(two_languages, ["a", "b"], "group")


def test_reversing_without_points_is_refused(two_languages):
    with pytest.raises(StatisticsError, match="Give points"):
        dif(two_languages, SIX, "group", reversed_items=["a"])


def test_results_print_and_name_the_groups(two_languages):
    text = str(dif(two_languages, SIX, "group"))
    assert "n = 3000 (da) + 3000 (tr)" in text
    assert "large" in text or "moderate" in text


def test_what_chance_would_give_is_negligible_however_low_the_limits(bfi):
    """Halves drawn by chance: every item gains something, and none beyond chance."""
    halves = bfi.assign(half=np.random.default_rng(3).integers(0, 2, size=len(bfi)))
    none = DifLimits(mcfadden=0, nagelkerke=0, large_nagelkerke=0)
    found = dif(halves, ["N1", "N2", "N3", "N4", "N5"], "half", limits=none)
    assert min(item.nagelkerke for item in found.items) > 0
    assert min(item.p for item in found.items) > 0.01
    assert found.flagged == ()


def test_a_group_of_one_score_is_named():
    """Without differences in the score nothing tells an item's slope: this ended in a LinAlgError."""
    high = np.repeat([0, 3], 50)
    odd = np.arange(100) % 2
    late = (np.arange(100) % 50 < 25).astype(int)
    frame = pd.DataFrame({"a": high + odd, "b": high + 1 - odd, "c": late, "d": 1 - late})
    with pytest.raises(StatisticsError, match="item 'a' in group 'x': all rows of the group have"):
        dif(frame.assign(group=np.repeat(["x", "y"], 50)), list("abcd"), "group")


def test_the_example_in_the_documentation_runs():
    module = import_module("processing.traits.dif")
    assert doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0
