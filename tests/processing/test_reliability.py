"""Alpha, omega and item analysis against psych 2.2.9 and lavaan 0.6-14, and against bad input."""

import doctest

import numpy as np
import pandas as pd
import pytest

from processing.consistency import items as items_module
from processing.consistency import omega_total, one_factor, reliability
from processing.consistency.items import item_analysis
from processing.consistency.omega_total import omega
from processing.consistency.reliability import alpha
from processing.counting.counts import count
from processing.errors import StatisticsError

SCALES = ["agree", "conscientious", "extraversion", "neuroticism", "openness"]


@pytest.fixture
def five_answers():
    rng = np.random.default_rng(3)
    trait = rng.normal(3, 1, size=200)
    return pd.DataFrame(
        {item: np.rint(trait + rng.normal(size=200)).clip(1, 5) for item in "abcd"}
    ).astype(int)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("missing", ["pairwise", "listwise"])
def test_alpha_equals_psych(bfi_oriented, bfi_numbers, bfi_scales, scale, missing):
    found = alpha(bfi_oriented, bfi_scales[scale], missing)
    told = bfi_numbers["scales"][scale][missing]
    assert found.n == told["n"]
    assert found.raw == pytest.approx(told["alpha_raw"], abs=1e-7)
    assert found.standardised == pytest.approx(told["alpha_std"], abs=1e-7)
    assert found.average_r == pytest.approx(told["average_r"], abs=1e-7)
    assert found.interval.low == pytest.approx(told["feldt95"]["lower"], abs=1e-7)
    assert found.interval.high == pytest.approx(told["feldt95"]["upper"], abs=1e-7)
    assert found.if_deleted == pytest.approx(told["alpha_if_deleted"], abs=1e-7)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("missing", ["pairwise", "listwise"])
def test_item_statistics_equal_psych(bfi_oriented, bfi_numbers, bfi_scales, scale, missing):
    items = bfi_scales[scale]
    found = item_analysis(bfi_oriented, items, missing).to_frame()
    told = bfi_numbers["scales"][scale][missing]
    for column, name in [
        ("mean", "item_mean"),
        ("sd", "item_sd"),
        ("item_rest", "item_rest_r"),
        ("alpha_if_deleted", "alpha_if_deleted"),
    ]:
        assert found[column].to_dict() == pytest.approx(told[name], abs=1e-6)


@pytest.mark.parametrize("scale", SCALES)
def test_omega_equals_lavaan(bfi_oriented, bfi_numbers, bfi_scales, scale):
    found = omega(bfi_oriented, bfi_scales[scale])
    told = bfi_numbers["scales"][scale]
    assert found.total == pytest.approx(told["omega_total_1f_cfa_ml_listwise"], abs=1e-6)
    assert found.loadings == pytest.approx(told["cfa_1f_std_loadings"], abs=2e-6)
    assert found.n == told["n_complete"]


@pytest.mark.parametrize(
    ("data", "span", "name"),
    [
        ("bfi", slice(15, 20), "neuroticism"),
        ("phq9_gad7_t2", slice(9, 16), "gad7_t2"),
    ],
)
def test_the_interval_of_omega_equals_lavaans_delta_method(
    reference, reference_data, data, span, name
):
    told = reference("reliability")["omega_delta"][name]
    found = omega(reference_data(data).iloc[:, span])
    assert found.se == pytest.approx(told["se"], rel=1e-5)
    assert found.interval.low == pytest.approx(told["lower"], abs=1e-6)
    assert found.interval.high == pytest.approx(told["upper"], abs=1e-6)


def test_scores_of_three_and_nine_point_items_equal_psych_too(reference, reference_data):
    told = reference("phq9_gad7")["scales"]
    for wave in ("t1", "t2"):
        frame = reference_data(f"phq9_gad7_{wave}")
        for scale, items in (("phq9", frame.columns[:9]), ("gad7", frame.columns[9:])):
            numbers = told[f"{scale}_{wave}"]
            assert alpha(frame, list(items)).raw == pytest.approx(
                numbers["listwise"]["alpha_raw"], abs=1e-7
            )
            assert omega(frame, list(items)).total == pytest.approx(
                numbers["omega_total_1f_cfa_ml_listwise"], abs=2e-6
            )


def test_reversing_inside_equals_reversing_before(bfi, bfi_oriented, bfi_scales):
    items = bfi_scales["agree"]
    inside = alpha(bfi, items, reversed_items=["A1"], points=6)
    assert inside == alpha(bfi_oriented, items)
    frames = [
        item_analysis(bfi, items, reversed_items=["A1"], points=6).to_frame(),
        item_analysis(bfi_oriented, items, points=6).to_frame(),
    ]
    pd.testing.assert_frame_equal(*frames)


def test_counts_made_beforehand_give_the_same_figures_as_the_rows(bfi_oriented, bfi_scales):
    items = bfi_scales["neuroticism"]
    everything = count(bfi_oriented, [*items, *bfi_scales["openness"]])
    assert alpha(everything, items, "pairwise") == alpha(bfi_oriented, items, "pairwise")
    assert omega(count(bfi_oriented, items, complete=True)) == omega(bfi_oriented, items)


def test_equal_weights_change_nothing(five_answers):
    weighted = alpha(five_answers, weights=np.full(200, 2.5))
    assert weighted.raw == pytest.approx(alpha(five_answers).raw, abs=1e-12)
    assert weighted.interval.low == pytest.approx(alpha(five_answers).interval.low, abs=1e-12)


def test_a_weight_of_two_counts_like_the_row_twice(five_answers):
    weights = np.where(np.arange(200) < 50, 2.0, 1.0)
    doubled = pd.concat([five_answers, five_answers.iloc[:50]])
    weighted = item_analysis(five_answers, weights=weights)
    np.testing.assert_allclose(weighted.categories, item_analysis(doubled).categories)
    assert alpha(five_answers, weights=weights).raw == pytest.approx(alpha(doubled).raw, abs=1e-12)


def test_missing_answers_are_told_by_reason_and_never_averaged(five_answers):
    holed = five_answers.astype(float)
    holed.loc[:4, "a"] = -8
    holed.loc[5:6, "a"] = -3
    holed.loc[7, "b"] = np.nan
    found = item_analysis(holed, points=5)
    assert found.missing.loc["a"].to_dict() == {-3: 2, -8: 5, -10: 0}
    assert found.missing.loc["b"].to_dict() == {-3: 0, -8: 0, -10: 1}
    assert found.mean[0] == pytest.approx(five_answers["a"].iloc[7:].mean())
    assert item_analysis(holed, missing="listwise").missing.equals(found.missing)


def test_floor_and_ceiling_are_the_ends_that_the_scale_offers(five_answers):
    four_used = five_answers.clip(upper=4)
    found = item_analysis(four_used, points=5).to_frame()
    assert (found["ceiling"] == 0).all()
    assert found["floor"].to_list() == (four_used == 1).mean().to_list()
    np.testing.assert_allclose(item_analysis(four_used, points=5).categories.sum(axis=1), 1)


def test_the_callers_frame_is_left_as_it_was(five_answers):
    before = five_answers.copy()
    alpha(five_answers, reversed_items=["a"], points=5)
    omega(five_answers)
    pd.testing.assert_frame_equal(five_answers, before)


def test_the_interval_of_omega_covers_the_truth_as_often_as_it_says():
    """Of 2 000 samples of normal answers with a known omega, 95 % should hold it."""
    rng = np.random.default_rng(11)
    loadings = np.array([0.5, 0.6, 0.7, 0.8, 0.6])
    truth = loadings.sum() ** 2 / (loadings.sum() ** 2 + (1 - loadings**2).sum())
    root = np.linalg.cholesky(np.outer(loadings, loadings) + np.diag(1 - loadings**2))
    answers = rng.normal(size=(2000, 300, 5)) @ root.T
    centred = answers - answers.mean(axis=1, keepdims=True)
    fit = one_factor.fit_one_factor(np.swapaxes(centred, 1, 2) @ centred / 299)
    error = omega_total._delta_error(fit, 300)
    held = np.abs(omega_total._omega_of(fit) - truth) < 1.96 * error
    assert fit.converged.all()
    assert 0.935 <= held.mean() <= 0.965


@pytest.mark.parametrize(
    ("change", "words"),
    [
        # A question that all answer alike says nothing about people.
        ({"a": 3}, ["'a'", "must vary", "all answers are 3"]),
        # Copied columns happen when exports are merged.
        ({"b": lambda f: f["a"]}, ["'a' and 'b'", "same answer in every row"]),
        (
            {"b": lambda f: f["a"], "c": lambda f: f["a"]},
            ["items 'a', 'b' and 'c': items of a scale must differ", "Leave all but one out"],
        ),
        ({"c": "sometimes"}, ["'c'", "whole numbers", "'sometimes'"]),
        ({"c": 2.5}, ["'c'", "whole numbers", "2.5"]),
        ({"d": 1999}, ["'d'", "between -100 and 100", "1999"]),
        ({"d": -9}, ["at least as many rows as items", "got 0"]),
    ],
)
def test_bad_answers_are_named_with_item_and_rule(five_answers, change, words):
    with pytest.raises(StatisticsError) as caught:
        alpha(five_answers.assign(**change))
    for word in words:
        assert word in str(caught.value)


def test_an_unanswered_item_is_named_when_pairs_are_used(five_answers):
    with pytest.raises(StatisticsError, match="'d': it has no answers"):
        alpha(five_answers.assign(d=-9), missing="pairwise")


def test_two_items_never_asked_together_are_named(five_answers):
    split = five_answers.copy()
    split.loc[:99, "a"] = -9
    split.loc[100:, "b"] = -9
    with pytest.raises(StatisticsError, match="'a' and 'b': two items need two rows"):
        alpha(split, missing="pairwise")


def test_every_problem_is_told_at_once(five_answers):
    with pytest.raises(StatisticsError) as caught:
        alpha(five_answers.assign(a=2, c=4))
    assert [problem.where for problem in caught.value.problems] == ["item 'a'", "item 'c'"]


def test_too_few_rows_are_refused(five_answers):
    with pytest.raises(StatisticsError, match="got 3 for 4 items"):
        alpha(five_answers.head(3))


def test_one_item_is_no_scale(five_answers):
    with pytest.raises(StatisticsError, match="needs two items, got 1"):
        alpha(five_answers, ["a"])


def test_two_items_have_alpha_but_no_omega(five_answers):
    assert np.isnan(list(alpha(five_answers, ["a", "b"]).if_deleted.values())).all()
    with pytest.raises(StatisticsError, match="needs three items, got 2"):
        omega(five_answers, ["a", "b"])


def test_unknown_and_repeated_items_are_refused(five_answers):
    with pytest.raises(StatisticsError, match="'x': no column has this name"):
        alpha(five_answers, ["a", "x"])
    with pytest.raises(StatisticsError, match="'a': it is named more than once"):
        alpha(five_answers, ["a", "a"])


def test_answers_outside_the_points_are_refused(five_answers):
    with pytest.raises(StatisticsError, match=r"between 0 and 3, found \[4, 5\]"):
        alpha(five_answers, points=(0, 3))


def test_reversing_without_points_is_refused(five_answers):
    with pytest.raises(StatisticsError, match="Give points"):
        alpha(five_answers, reversed_items=["a"])


@pytest.mark.parametrize("weight", [0.0, -1.0, np.nan])
def test_weights_must_be_above_zero(five_answers, weight):
    weights = np.ones(200)
    weights[7] = weight
    with pytest.raises(StatisticsError, match=r"above zero.*row 7 \(1 such rows\)"):
        alpha(five_answers, weights=weights)


def test_counts_that_hold_missing_answers_cannot_give_complete_rows(five_answers):
    five_answers.loc[3, "a"] = -8
    with pytest.raises(StatisticsError, match="complete=True"):
        alpha(count(five_answers))


def test_a_sum_among_its_parts_makes_omega_impossible(five_answers):
    with pytest.raises(StatisticsError, match="singular"):
        omega(five_answers.assign(e=five_answers["a"] + five_answers["b"]))


def test_a_heywood_case_is_named():
    """Covariances with r(a,b) r(a,c) / r(b,c) above one leave item a a negative residual."""
    rng = np.random.default_rng(5)
    mixing = np.linalg.cholesky([[1, 0.8, 0.8], [0.8, 1, 0.5], [0.8, 0.5, 1]])
    rows = rng.normal(size=(2000, 3)) @ mixing.T
    found = omega(pd.DataFrame(np.rint(rows * 10 + 50), columns=["a", "b", "c"]).clip(0, 100))
    assert found.heywood == ("a",)
    assert "below zero: a" in str(found)


def test_items_without_a_common_factor_are_told_so():
    """With r(a,b), r(a,c) above and r(b,c) below zero, λ² = r r / r has no real solution."""
    rng = np.random.default_rng(3)
    root = np.linalg.cholesky([[1, 0.3, 0.3], [0.3, 1, -0.3], [0.3, -0.3, 1]])
    rows = rng.normal(size=(1000, 3)) @ root.T
    frame = pd.DataFrame(np.digitize(rows, [-1, 0, 1]) + 1, columns=list("abc"))
    with pytest.raises(StatisticsError, match="did not converge: the factor runs away with"):
        omega(frame)


def test_columns_may_be_named_by_numbers(five_answers):
    numbered = five_answers.set_axis([1, 2, 3, 4], axis=1)
    assert alpha(numbered).raw == alpha(five_answers).raw
    with pytest.raises(StatisticsError, match="scale of 1, 2, 3, 4"):
        alpha(numbered.head(2))


def test_results_print_as_a_line_and_as_a_frame(five_answers):
    assert str(alpha(five_answers)).startswith("alpha = 0.")
    assert alpha(five_answers).to_frame().loc[0, "items"] == 4
    assert omega(five_answers).to_frame().loc[0, "n"] == 200
    assert "item_rest" in str(item_analysis(five_answers))


def test_the_bootstrap_agrees_with_the_delta_method_and_with_itself(bfi, bfi_scales):
    """The answers are not normal, so the two standard errors agree roughly, not exactly."""
    options = {"reversed_items": ["A1"], "points": 6}
    delta = omega(bfi, bfi_scales["agree"], **options)
    drawn = omega(bfi, bfi_scales["agree"], **options, method="bootstrap", seed=4)
    assert drawn.total == delta.total
    assert drawn.se == pytest.approx(delta.se, rel=0.2)
    assert drawn.interval.low < drawn.total < drawn.interval.high
    assert drawn == omega(bfi, bfi_scales["agree"], **options, method="bootstrap", seed=4)


def test_the_bootstrap_needs_rows(five_answers):
    with pytest.raises(StatisticsError, match="cannot be drawn anew from counts"):
        omega(count(five_answers, complete=True), method="bootstrap")


@pytest.mark.parametrize("module", [items_module, omega_total, reliability])
def test_the_examples_in_the_documentation_run(module):
    assert doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0
