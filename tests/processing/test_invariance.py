"""Invariance against lavaan 0.6-14 and semTools 0.5-6, and against groups whose truth is known."""

import doctest
from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from processing.errors import StatisticsError
from processing.modelling.invariance import invariance
from processing.modelling.modification import equality_indices

FIT_NAMES = {
    "chi_square": "chisq",
    "df": "df",
    "chi_square_scaled": "chisq.scaled",
    "baseline_chi_square": "baseline.chisq",
    "cfi": "cfi",
    "tli": "tli",
    "cfi_scaled": "cfi.scaled",
    "tli_scaled": "tli.scaled",
    "rmsea": "rmsea",
    "rmsea_lower": "rmsea.ci.lower",
    "rmsea_upper": "rmsea.ci.upper",
    "rmsea_scaled": "rmsea.scaled",
    "srmr": "srmr",
    "aic": "aic",
    "bic": "bic",
    "parameters": "npar",
}


@pytest.fixture
def more(reference):
    """Models that the other files leave open."""
    return reference("confirmatory")


@pytest.fixture
def complete(bfi, bfi_items):
    """The people who answered all 25 items."""
    return bfi[bfi[bfi_items].notna().all(axis=1)]


@pytest.fixture
def few(complete):
    """N1 to N3 with two answers, N4 and E1 with three."""
    return complete.assign(
        **{item: (complete[item] > 3) + 1 for item in ("N1", "N2", "N3")},
        **{item: np.digitize(complete[item], [2.5, 4.5]) + 1 for item in ("N4", "E1")},
    )


def assert_fit(fit, expected):
    known = {
        name: expected[theirs]
        for name, theirs in FIT_NAMES.items()
        if expected.get(theirs) is not None
    }
    found = {name: getattr(fit, name) for name in known}
    assert found == pytest.approx(known, rel=1e-4, abs=1e-8)


@pytest.mark.parametrize(
    ("estimator", "numbers"),
    [("ML", "invariance_gender_ml"), ("WLSMV", "invariance_gender_wlsmv_wu_estabrook")],
)
def test_five_factors_by_gender_equal_lavaan(estimator, numbers, bfi_numbers, complete):
    expected = bfi_numbers[numbers]
    result = invariance(complete, bfi_numbers["model"], "gender", estimator)
    steps = {step.name: step for step in result.steps}
    for name, step in steps.items():
        if name in expected:
            assert_fit(step.fit, expected[name])
    for name, delta in expected["deltas"].items():
        step = steps[name.split("_vs_")[0]]
        chi_square = delta.get("scaled_d_chisq", delta.get("d_chisq"))
        assert step.test.chi_square == pytest.approx(chi_square, rel=1e-4)
        assert step.test.df == delta["d_df"]
        assert step.test.p == pytest.approx(delta["p"], rel=1e-3)
        cfi = delta.get("d_cfi_scaled", delta.get("d_cfi"))
        assert step.delta_cfi == pytest.approx(cfi, abs=1e-6)
        rmsea = delta.get("d_rmsea_scaled", delta.get("d_rmsea"))
        assert step.delta_rmsea == pytest.approx(rmsea, abs=1e-6)
        if "d_srmr" in delta:
            assert step.delta_srmr == pytest.approx(delta["d_srmr"], abs=1e-6)


@pytest.mark.parametrize(
    ("estimator", "data", "group", "numbers"),
    [
        ("MLR", "complete", "gender", "groups_mlr"),
        ("FIML", "bfi", "gender", "groups_fiml"),
        ("WLSMV", "complete", "gender", "groups_wlsmv"),
        # Five groups, the smallest of 198.
        ("WLSMV", "complete", "education", "groups_wlsmv_five"),
        # Items of two answers, whose scale waits for equal intercepts, and of three.
        ("WLSMV", "few", "gender", "groups_wlsmv_few"),
    ],
)
def test_two_factors_equal_lavaan(estimator, data, group, numbers, more, request):
    expected = more[numbers]
    frame = request.getfixturevalue(data)
    result = invariance(frame, more["mlr"]["model"], group, estimator)
    assert [step.name for step in result.steps] == list(expected["steps"])
    for step in result.steps:
        assert step.converged
        assert_fit(step.fit, expected["steps"][step.name])
        if step.test:
            theirs = expected["tests"][step.name]
            assert step.test.chi_square == pytest.approx(theirs["chisq"], rel=1e-4)
            assert step.test.df == theirs["df"]


def test_factor_means_equal_lavaan(more, complete):
    result = invariance(complete, more["mlr"]["model"], "gender", "WLSMV")
    theirs = {
        row["lhs"]: row
        for row in more["groups_wlsmv"]["par"]
        if row["op"] == "~1" and row["group"] == 2 and row["lhs"] in {"N", "E"}
    }
    assert {row.left for row in result.factor_means} == set(theirs)
    for row in result.factor_means:
        assert row.estimate == pytest.approx(theirs[row.left]["est"], rel=1e-4)
        assert row.se == pytest.approx(theirs[row.left]["se"], rel=1e-4)


def test_what_letting_go_of_an_equality_gains_equals_lavaan(more, complete):
    """lavTestScore on the scalar model; a marker there, unit variances here: the same model."""
    scalar = invariance(complete, more["mlr"]["model"], "gender", "ML").solutions[2]
    found = {
        (row.left, row.operator, row.right): row.chi_square
        for row in equality_indices(scalar, ("lambda", "nu"))
    }
    for theirs in more["release"]:
        key = (theirs["lhs"], theirs["op"], theirs["rhs"] or "")
        assert found[key] == pytest.approx(theirs["chisq"], rel=1e-4, abs=1e-4)


def _group(rng, rows, *, shift=0.0, loading=0.8, mean=0.0):
    """Five-point answers to a…e; item c is shifted, item d loads otherwise."""
    factor = mean + rng.normal(size=(rows, 1))
    loadings = np.array([0.8, 0.8, 0.8, loading, 0.8])
    response = factor * loadings + 0.6 * rng.normal(size=(rows, 5)) + [0, 0, shift, 0, 0]
    return pd.DataFrame(np.digitize(response, [-1.2, -0.4, 0.4, 1.2]) + 1, columns=list("abcde"))


def _two_groups(seed, rows=1000, **second):
    rng = np.random.default_rng(seed)
    first, other = _group(rng, rows), _group(rng, rows, **second)
    return pd.concat([first.assign(mode="paper"), other.assign(mode="web")], ignore_index=True)


MODEL = "calm =~ a + b + c + d + e"


@pytest.mark.parametrize("estimator", ["ML", "MLR", "WLSMV"])
def test_a_shifted_item_is_found_where_it_shows(estimator):
    result = invariance(_two_groups(1, shift=0.5, mean=0.3), MODEL, "mode", estimator)
    steps = {step.name: step for step in result.steps}
    assert steps["metric"].test.p > 0.01
    assert steps["scalar"].test.p < 1e-6
    assert result.suggestions[0].parameter == "c ~1"
    assert result.suggestions[0].step == "scalar"


def test_a_loading_that_differs_is_found_where_it_shows():
    result = invariance(_two_groups(2, loading=0.3), MODEL, "mode", "WLSMV")
    steps = {step.name: step for step in result.steps}
    assert steps["thresholds"].test.p > 0.01
    assert steps["metric"].test.p < 1e-6
    assert result.suggestions[0].parameter == "calm =~ d"


def test_nothing_is_freed_unless_it_is_asked_for():
    frame = _two_groups(1, shift=0.5, mean=0.3)
    plain = invariance(frame, MODEL, "mode")
    assert plain.free == ()
    partial = invariance(frame, MODEL, "mode", free=[plain.suggestions[0].parameter])
    before, after = (
        next(step for step in result.steps if step.name == "scalar") for result in (plain, partial)
    )
    assert after.fit.df == before.fit.df - 1
    assert after.test.p > 0.01
    assert "Let differ: c ~1" in str(partial)


def test_a_freed_shift_gives_the_factor_mean_back():
    """A shift of half a standard deviation in one item would pass for a difference of the factor."""
    frame = _two_groups(3, rows=3000, shift=0.5, mean=0.3)
    held = invariance(frame, MODEL, "mode").factor_means[0].estimate
    freed = invariance(frame, MODEL, "mode", free=["c ~1"]).factor_means[0].estimate
    assert freed == pytest.approx(0.3, abs=0.06)
    assert held > freed + 0.05


def test_equal_groups_are_called_different_as_often_as_the_test_says():
    """Of 40 pairs of equal groups about two should fail at .05; eight are beyond chance."""
    failed = {"metric": 0, "scalar": 0}
    for seed in range(40):
        result = invariance(_two_groups(seed, rows=300), MODEL, "mode", "MLR")
        for step in result.steps:
            if step.name in failed:
                failed[step.name] += step.test.p < 0.05
    assert all(count < 8 for count in failed.values()), failed


def test_the_frame_has_a_row_for_each_step():
    frame = invariance(_two_groups(4), MODEL, "mode").to_frame()
    assert frame["step"].tolist() == ["configural", "thresholds", "metric", "scalar", "strict"]
    assert frame["delta_cfi"].isna().tolist() == [True, False, False, False, False]


def test_the_printed_form_says_that_nothing_was_freed():
    text = str(invariance(_two_groups(1, shift=0.5), MODEL, "mode"))
    assert "n = 1000 (paper) + 1000 (web)" in text
    assert "nothing was freed" in text
    assert "scalar: c ~1 in group web" in text


def test_a_second_order_model_can_be_compared(bfi):
    model = "N =~ N1+N2+N3\nE =~ E1+E2+E3\nA =~ A3+A4+A5\ng =~ N+E+A"
    result = invariance(bfi, model, "gender", "ML")
    assert [step.fit.df for step in result.steps] == [48, 56, 64, 73]


def _problem(*arguments, **options):
    with pytest.raises(StatisticsError) as caught:
        invariance(*arguments, **options)
    return str(caught.value)


def test_freeing_what_is_not_held_equal_is_refused():
    words = _problem(_two_groups(4), MODEL, "mode", free=["calm =~ x", "calm ~~ calm"])
    assert "'calm =~ x' is no parameter" in words
    assert "'calm ~~ calm' is no parameter" in words


def test_an_empty_category_is_told_by_item_and_group():
    frame = _two_groups(4)
    frame.loc[(frame["mode"] == "web") & (frame["b"] == 5), "b"] = 4
    assert "item 'b' in group 'web'" in _problem(frame, MODEL, "mode")


def test_a_missing_group_column_is_told():
    told = _problem(_two_groups(4), MODEL, "wave")
    assert "group 'wave': no column has this name. Correct the name of the group" in told


def test_the_example_runs():
    assert doctest.testmod(import_module(invariance.__module__)).failed == 0


def test_steps_that_are_not_nested_are_not_tested(reference_data):
    """Items of two answers free their scales with equal intercepts, here more than these tie."""
    answers = reference_data("leadership")
    items = ["HOSTIL01", "HOSTIL02", "HOSTIL03", "HOSTIL04"]
    binary = answers[items].gt(0).astype(int).assign(half=answers["half"])
    result = invariance(binary, f"host =~ {' + '.join(items)}", "half")
    scalar = next(step for step in result.steps if step.name == "scalar")
    assert scalar.test.df < 0
    assert np.isnan(scalar.test.p)
    told = str(result)
    assert "no test: this model does not lie within the one before, for an item of two" in told
    assert "as its intercept is tied: HOSTIL01, HOSTIL02, HOSTIL03, HOSTIL04\n" in told
    assert "df -" not in str(result)


def test_equal_thresholds_of_three_answers_are_called_the_same_model():
    """Two thresholds are an intercept and a scale: nothing is left to restrict."""
    drawn = _two_groups(1)
    items = [name for name in drawn if name != "mode"]
    cuts = drawn[items].quantile([1 / 3, 2 / 3])
    frame = drawn.assign(
        **{item: np.searchsorted(cuts[item], drawn[item], side="left") for item in items}
    )
    result = invariance(frame, MODEL, "mode")
    configural, thresholds = result.steps[:2]
    assert thresholds.test.df == 0
    assert thresholds.fit.chi_square == pytest.approx(configural.fit.chi_square, abs=1e-3)
    assert "no test: this is the model before in other words" in str(result)
    assert f"{', '.join(items)} (3 answers)" in str(result)
    assert "does not lie within" not in str(result)
