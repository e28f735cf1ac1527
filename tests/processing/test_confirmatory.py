"""Factor models against lavaan 0.6-14, and what is said when one cannot be fitted."""

import doctest
import warnings
from itertools import product

import numpy as np
import pandas as pd
import pytest

from processing.errors import StatisticsError
from processing.modelling import confirmatory as confirmatory_module
from processing.modelling.confirmatory import cfa

LAVAAN_NAMES = {
    "parameters": "npar",
    "chi_square": "chisq",
    "df": "df",
    "p": "pvalue",
    "chi_square_scaled": "chisq.scaled",
    "p_scaled": "pvalue.scaled",
    "scaling_factor": "chisq.scaling.factor",
    "baseline_chi_square": "baseline.chisq",
    "baseline_df": "baseline.df",
    "baseline_chi_square_scaled": "baseline.chisq.scaled",
    "cfi": "cfi",
    "tli": "tli",
    "cfi_scaled": "cfi.scaled",
    "tli_scaled": "tli.scaled",
    "cfi_robust": "cfi.robust",
    "tli_robust": "tli.robust",
    "rmsea": "rmsea",
    "rmsea_lower": "rmsea.ci.lower",
    "rmsea_upper": "rmsea.ci.upper",
    "rmsea_p_close": "rmsea.pvalue",
    "rmsea_scaled": "rmsea.scaled",
    "rmsea_scaled_lower": "rmsea.ci.lower.scaled",
    "rmsea_scaled_upper": "rmsea.ci.upper.scaled",
    "rmsea_scaled_p_close": "rmsea.pvalue.scaled",
    "rmsea_robust": "rmsea.robust",
    "rmsea_robust_lower": "rmsea.ci.lower.robust",
    "rmsea_robust_upper": "rmsea.ci.upper.robust",
    "srmr": "srmr",
    "log_likelihood": "logl",
    "aic": "aic",
    "bic": "bic",
    "bic_adjusted": "bic2",
}
PHQ_GAD = (
    "phq =~ " + " + ".join(f"PHQ{k}" for k in range(1, 10)) + "\n"
    "gad =~ " + " + ".join(f"GAD{k}" for k in range(1, 8))
)


@pytest.fixture
def more(reference):
    """Models that the other files leave open."""
    return reference("confirmatory")


@pytest.fixture
def complete(bfi, bfi_items):
    """The people who answered all 25 items, as all models but FIML use them."""
    return bfi[bfi[bfi_items].notna().all(axis=1)]


def assert_fit(fit, expected, rtol=1e-4):
    told = {name: expected[theirs] for name, theirs in LAVAAN_NAMES.items() if theirs in expected}
    known = {name: value for name, value in told.items() if value is not None}
    found = {name: getattr(fit, name) for name in known}
    assert found == pytest.approx(known, rel=rtol, abs=1e-8)


def assert_estimates(fitted, expected, value, se):
    """Estimates and standard errors by (left, operator, right, group), covariances either way."""
    found = {}
    for row in fitted.estimates:
        group = fitted.groups.index(row.group) + 1
        found[row.left, row.operator, row.right, group] = row
        if row.operator == "~~":
            found[row.right, row.operator, row.left, group] = row
    for theirs in expected:
        row = found[theirs["lhs"], theirs["op"], theirs["rhs"], theirs.get("group", 1)]
        assert getattr(row, value) == pytest.approx(theirs["est"], rel=1e-4, abs=2e-6), row
        if theirs.get("se"):
            assert getattr(row, se) == pytest.approx(theirs["se"], rel=1e-4), row


@pytest.mark.parametrize(
    ("data", "estimator", "key"),
    [
        ("bfi", "ML", "cfa_ml"),
        ("bfi", "MLR", "cfa_mlr"),
        ("bfi", "FIML", "cfa_fiml"),
        ("bfi", "WLSMV", "cfa_wlsmv"),
        ("phq9_gad7", "ML", "cfa_ml"),
        ("phq9_gad7", "WLSMV", "cfa_wlsmv"),
    ],
)
def test_fit_and_standardised_solution_equal_lavaan(
    data, estimator, key, reference, reference_data
):
    numbers = reference(data)
    frame = reference_data("bfi" if data == "bfi" else "phq9_gad7_t1")
    fitted = cfa(frame, numbers.get("model", PHQ_GAD), estimator)
    assert fitted.converged
    assert not fitted.doubts
    assert_fit(fitted.fit, numbers[key]["fit"])
    assert_estimates(fitted, numbers[key].get("std", []), "standardised", "standardised_se")
    assert_estimates(fitted, numbers[key].get("par", []), "estimate", "se")


@pytest.mark.parametrize(
    ("numbers", "model", "estimator", "std_lv"),
    [
        # A second-order factor, identified by markers and by unit variances.
        (("second_order", "ml"), "second_order", "ML", False),
        (("second_order", "std_lv"), "second_order", "ML", True),
        (("wlsmv_second_order",), "second_order", "WLSMV", False),
        # Equal loadings, equal residuals, a fixed loading, a fixed and a residual covariance.
        (("bound", "ml"), "bound", "ML", False),
        (("wlsmv_bound",), "wlsmv_bound", "WLSMV", False),
        (("mlr",), "mlr", "MLR", False),
        (("wlsmv",), "mlr", "WLSMV", False),
    ],
)
def test_bound_and_hierarchical_models_equal_lavaan(
    numbers, model, estimator, std_lv, more, complete
):
    expected = more
    for key in numbers:
        expected = expected[key]
    fitted = cfa(complete, more[model]["model"], estimator, std_lv=std_lv)
    assert_fit(fitted.fit, expected["fit"])
    assert_estimates(fitted, expected["par"], "estimate", "se")
    assert_estimates(fitted, expected["std"], "standardised", "standardised_se")


@pytest.mark.parametrize(
    ("estimator", "key", "data"),
    [
        ("ML", "groups_ml", "complete"),
        ("MLR", "groups_mlr", "complete"),
        ("FIML", "groups_fiml", "bfi"),
    ],
)
def test_groups_with_equal_parameters_equal_lavaan(estimator, key, data, more, request):
    frame = request.getfixturevalue(data)
    model = more["mlr"]["model"]
    steps = {
        "configural": (),
        "metric": ("loadings",),
        "scalar": ("loadings", "intercepts"),
        "strict": ("loadings", "intercepts", "residuals"),
    }
    for step, equal in steps.items():
        fitted = cfa(frame, model, estimator, "gender", equal=equal)
        assert_fit(fitted.fit, more[key]["steps"][step])
    scalar = cfa(frame, model, estimator, "gender", equal=steps["scalar"])
    assert_estimates(scalar, more[key]["par"], "estimate", "se")
    assert_estimates(scalar, more[key]["std"], "standardised", "standardised_se")


@pytest.mark.parametrize(
    ("estimator", "group", "numbers"),
    [
        ("ML", None, ("ml_mi",)),
        ("MLR", None, ("mlr", "mi")),
        ("WLSMV", None, ("wlsmv", "mi")),
        ("ML", "gender", ("groups_ml_mi",)),
    ],
)
def test_modification_indices_equal_lavaan(estimator, group, numbers, more, complete):
    expected = more
    for key in numbers:
        expected = expected[key]
    fitted = cfa(complete, more["mlr"]["model"], estimator, group)
    found = {
        (row.left, row.operator, row.right, fitted.groups.index(row.group) + 1): row
        for row in fitted.modification_indices()
    }
    assert next(iter(found.values())).chi_square == pytest.approx(expected[0]["mi"], rel=1e-4)
    for theirs in expected:
        row = found[theirs["lhs"], theirs["op"], theirs["rhs"], theirs.get("group", 1)]
        assert row.chi_square == pytest.approx(theirs["mi"], rel=1e-4)
        assert row.change == pytest.approx(theirs["epc"], rel=1e-4)
        assert row.standardised_change == pytest.approx(theirs["sepc.all"], rel=1e-4)


@pytest.mark.parametrize("estimator", ["ML", "WLSMV"])
def test_reliability_from_the_model_equals_semtools(estimator, more, complete, matrix):
    turned = complete.assign(E1=7 - complete["E1"], E2=7 - complete["E2"])
    theirs = matrix(more["reliability"][estimator.lower()])
    for row in cfa(turned, more["mlr"]["model"], estimator).reliability():
        assert row.omega == pytest.approx(theirs.loc["omega", row.factor], rel=1e-5)
        assert row.average_variance == pytest.approx(theirs.loc["avevar", row.factor], rel=1e-5)


@pytest.mark.parametrize("unit", [1e-4, 1e4])
@pytest.mark.parametrize("estimator", ["ML", "MLR", "FIML"])
def test_what_follows_from_a_model_does_not_hang_on_the_unit(estimator, unit, reference_data):
    """Tests of children in seconds or in days: the same indices, the same reliability and error."""
    model = "v =~ x1 + x2 + x3\nt =~ x4 + x5 + x6\ns =~ x7 + x8 + x9"
    tests = reference_data("holzinger_swineford")[[f"x{k}" for k in range(1, 10)]]
    told = []
    for frame in (tests, tests * unit):
        fitted = cfa(frame, model, estimator)
        indices = {(row.left, row.right): row for row in fitted.modification_indices(0)}
        gains = {key: (row.chi_square, row.standardised_change) for key, row in indices.items()}
        told.append((gains, [(row.omega, row.se) for row in fitted.reliability()]))
    assert len(told[0][0]) == 9 * 2 + 36
    assert told[1][0].keys() == told[0][0].keys()
    for key, gain in told[0][0].items():
        assert told[1][0][key] == pytest.approx(gain, rel=1e-4, abs=1e-4)
    assert np.array(told[1][1]) == pytest.approx(np.array(told[0][1]), rel=1e-5)


def test_the_error_of_omega_is_what_repeated_samples_show():
    """150 samples of 400: the mean standard error against the spread of the estimates."""
    rng = np.random.default_rng(21)
    found = []
    for _ in range(150):
        answers = rng.normal(size=(400, 1)) * [0.8, 0.7, 0.6, 0.5] + rng.normal(size=(400, 4)) * 0.7
        (row,) = cfa(pd.DataFrame(answers, columns=list("abcd")), "f =~ a+b+c+d").reliability()
        found.append((row.omega, row.se))
    omegas, errors = np.array(found).T
    assert errors.mean() == pytest.approx(omegas.std(), rel=0.2)


def test_a_general_factor_is_recovered_and_explains_less_of_the_sum_than_its_parts():
    """Three factors of three items (.8), which load .8, .7 and .6 on a general factor."""
    rng = np.random.default_rng(31)
    general = rng.normal(size=(4000, 1))
    loadings = np.array([0.8, 0.7, 0.6])
    parts = general * loadings + rng.normal(size=(4000, 3)) * np.sqrt(1 - loadings**2)
    answers = 0.8 * np.repeat(parts, 3, axis=1) + 0.6 * rng.normal(size=(4000, 9))
    frame = pd.DataFrame(answers, columns=[f"{part}{k}" for part in "abc" for k in range(3)])
    fitted = cfa(frame, "a =~ a0+a1+a2\nb =~ b0+b1+b2\nc =~ c0+c1+c2\ng =~ a+b+c")
    found = [row.standardised for row in fitted.estimates if row.left == "g" and row.right in "abc"]
    assert found[:3] == pytest.approx(loadings, abs=0.04)
    omegas = {row.factor: row for row in fitted.reliability()}
    assert omegas["g"].omega < min(omegas[part].omega for part in "abc")
    assert len(omegas["g"].items) == 9


def _answers(rng, rows, loadings, correlation=0.3):
    """Continuous answers of two correlated factors with as many items each as loadings."""
    factors = rng.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]], size=rows)
    errors = rng.normal(size=(rows, 2 * len(loadings)))
    spread = np.sqrt(1 - np.square(loadings))
    parts = [factors[:, [k]] * loadings + errors[:, k::2] * spread for k in (0, 1)]
    names = [f"{factor}{k}" for factor, k in product("ab", range(len(loadings)))]
    return pd.DataFrame(np.hstack(parts), columns=names)


@pytest.fixture
def known():
    """2 000 answers to a0…a3 and b0…b3 whose loadings are .8, .7, .6 and .5."""
    return _answers(np.random.default_rng(7), 2000, [0.8, 0.7, 0.6, 0.5])


@pytest.mark.parametrize("estimator", ["ML", "MLR", "FIML", "WLSMV"])
def test_a_known_truth_is_recovered(estimator, known):
    answers = np.digitize(known, [-1, 0, 1]) if estimator == "WLSMV" else known
    frame = pd.DataFrame(answers, columns=known.columns)
    fitted = cfa(frame, "a =~ a0 + a1 + a2 + a3\nb =~ b0 + b1 + b2 + b3", estimator)
    loadings = fitted.loadings()
    assert loadings["a"].iloc[:4].tolist() == pytest.approx([0.8, 0.7, 0.6, 0.5], abs=0.05)
    assert loadings["b"].iloc[4:].tolist() == pytest.approx([0.8, 0.7, 0.6, 0.5], abs=0.05)
    assert fitted.fit.p > 0.001


def test_intervals_of_loadings_cover_the_truth_as_often_as_they_say():
    """200 samples of 300: 95 % intervals around four loadings each hold in 90 to 99 of 100."""
    rng = np.random.default_rng(11)
    truth = np.array([0.8, 0.7, 0.6, 0.5])
    held = []
    for _ in range(200):
        factor, errors = rng.normal(size=(300, 1)), rng.normal(size=(300, 4))
        answers = pd.DataFrame(
            factor * truth + errors * np.sqrt(1 - truth**2), columns=list("abcd")
        )
        rows = [row for row in cfa(answers, "f =~ a + b + c + d").estimates if row.operator == "=~"]
        held.append(
            [
                abs(row.standardised - true) < 1.96 * row.standardised_se
                for row, true in zip(rows, truth, strict=True)
            ]
        )
    covered = np.mean(held, axis=0)
    assert ((covered > 0.90) & (covered < 0.99)).all(), covered


def test_a_label_shares_a_fixed_value(complete):
    """The first loading is a marker, so that all of its label are one."""
    labelled = cfa(complete, "A =~ k*A2 + k*A3 + A5 + A4")
    written = cfa(complete, "A =~ A2 + 1*A3 + A5 + A4")
    pd.testing.assert_frame_equal(labelled.fit.to_frame(), written.fit.to_frame())


def test_the_caller_s_frame_is_left_as_it_was(known):
    before = known.copy()
    cfa(known, "a =~ a0 + a1 + a2 + a3")
    pd.testing.assert_frame_equal(known, before)


def test_negative_codes_are_missing_like_empty_cells(complete):
    coded = complete.copy()
    coded.iloc[:50, 0] = -8
    empty = complete.copy()
    empty.iloc[:50, 0] = np.nan
    model = "A =~ A1 + A2 + A3 + A4"
    pd.testing.assert_frame_equal(
        cfa(coded, model).fit.to_frame(), cfa(empty, model).fit.to_frame()
    )
    assert cfa(coded, model).n == (len(complete) - 50,)


def test_measurements_may_be_negative(known):
    assert (known["a0"] < 0).any()
    assert cfa(known, "a =~ a0 + a1 + a2 + a3").n == (2000,)


def test_the_printed_form_reads_like_a_paragraph(complete, more):
    text = str(cfa(complete, more["mlr"]["model"], "WLSMV"))
    assert "n = 2436, 10 items, 2 factors" in text
    assert "(scaled)" in text
    assert "r(N, E) = " in text


def test_loadings_of_factors_on_a_higher_factor_are_shown_too(complete):
    """Among the items' loadings, where a reader looks for them."""
    lower = [f"{name} =~ {name}1 + {name}2 + {name}3" for name in "NEC"]
    fitted = cfa(complete, "\n".join([*lower, "high =~ N + E + C"]))
    told = {part.right: part.standardised for part in fitted.estimates if part.left == "high"}
    loadings = fitted.loadings()
    assert [*loadings.index[-3:]] == ["N", "E", "C"]
    for name in "NEC":
        assert loadings.loc[name, "high"] == told[name] != 0
        assert f"{told[name]:.3f}" in str(fitted)
    assert [*cfa(complete, lower[0]).loadings().index] == ["N1", "N2", "N3"]


def test_one_factor_is_not_called_factors(complete):
    assert "3 items, 1 factor\n" in str(cfa(complete, "N =~ N1 + N2 + N3"))


def test_a_frame_has_a_row_for_each_parameter_and_group(complete, more):
    fitted = cfa(complete, more["mlr"]["model"], "ML", "gender")
    frame = fitted.to_frame()
    assert len(frame) == len(fitted.estimates)
    assert set(frame["group"]) == {"1", "2"}


def test_a_heywood_case_is_told_in_words():
    """Correlations that no factor with positive residual variances can make: r12 r13 / r23 > 1."""
    covariance = np.array([[1, 0.8, 0.8], [0.8, 1, 0.5], [0.8, 0.5, 1]])
    root = np.linalg.cholesky(covariance)
    rng = np.random.default_rng(3)
    noise = rng.normal(size=(500, 3))
    white = (noise - noise.mean(axis=0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(noise.T))).T
    fitted = cfa(pd.DataFrame(white @ root.T, columns=list("abc")), "f =~ a + b + c")
    (doubt,) = fitted.doubts
    assert "Heywood case" in doubt
    assert "residual variance of a is -0.279" in doubt
    assert doubt in str(fitted)


def test_a_search_that_does_not_end_gives_no_estimates():
    """A factor of two items that have nothing to do with anything has no best solution."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(rng.normal(size=(60, 5)), columns=list("abcde"))
    frame["b"] = frame["a"] + 0.1 * frame["b"]
    fitted = cfa(frame, "f =~ c + d\ng =~ a + b + e\nf ~~ 0.9*g")
    assert not fitted.converged
    assert "did not converge" in fitted.doubts[0]
    assert np.isnan(fitted.fit.chi_square)
    assert all(np.isnan(row.se) for row in fitted.estimates)
    for question in (fitted.reliability, fitted.modification_indices, fitted.residuals):
        with pytest.raises(StatisticsError, match="model: the search did not converge"):
            question()


def _problem(frame, model, *arguments, **options):
    with pytest.raises(StatisticsError) as caught:
        cfa(frame, model, *arguments, **options)
    return str(caught.value)


@pytest.mark.parametrize("estimator", ["ML", "FIML", "WLSMV"])
def test_a_constant_item_is_named(estimator, complete):
    frame = complete.assign(A2=3)
    words = _problem(frame, "A =~ A1 + A2 + A3 + A4", estimator)
    assert "'A2'" in words
    assert "every answer is" in words


@pytest.mark.parametrize("estimator", ["ML", "FIML", "WLSMV"])
def test_two_items_that_are_the_same_are_named(estimator, complete):
    words = _problem(complete.assign(A2=complete["A1"]), "A =~ A1 + A2 + A3 + A4", estimator)
    assert "'A1'" in words
    assert "'A2'" in words


@pytest.mark.parametrize("estimator", ["ML", "WLSMV"])
def test_fewer_rows_than_items_are_problem(estimator, complete):
    words = _problem(complete.head(4), "A =~ A1 + A2 + A3 + A4 + A5", estimator)
    assert "found 4" in words


@pytest.mark.parametrize("estimator", ["ML", "FIML", "WLSMV"])
def test_too_few_rows_are_told_before_items_that_are_alike_by_chance(estimator):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.integers(1, 3, size=(5, 8)), columns=list("abcdefgh"))
    for rows in (frame, [frame.head(2), frame.tail(3)]):
        message = _problem(rows, "s =~ a + b + c + d + e + g + h", estimator)
        assert "7 items need more than 7 rows" in message
        assert "found 5" in message
        assert "same answer twice" not in message


@pytest.mark.parametrize("estimator", ["ML", "FIML"])
def test_a_matrix_without_an_inverse_is_laid_to_few_rows_where_there_are_few(estimator):
    """Thirteen rows of eight items, of which nobody meant one to be a sum of others."""
    drawn = pd.DataFrame(
        np.random.default_rng(2).integers(1, 4, size=(13, 8)), columns=list("abcdefgh")
    )
    drawn["h"] = drawn["a"] + drawn["b"] - drawn["c"] + 3
    message = _problem(drawn, "s =~ a + b + c + d + e + g + h", estimator)
    assert "13 rows are likely too few for 7 items" in message


def test_a_pair_with_no_correlation_of_its_own_is_named_without_a_warning():
    """Of few rows: their cross-table holds one diagonal, and nothing bends the likelihood."""
    told = (
        "11111111 11111111 22221221 22222221 21221121 33131122 33322321 11111111 11122121 33333221"
        " 23323322 33333331 31231121 33333323 21121212 21221221 21121211 21321221 11111111 22232221"
    )
    names = [f"v{k}" for k in range(1, 9)]
    frame = pd.DataFrame([[int(code) for code in row] for row in told.split()], columns=names)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        message = _problem(frame, "f =~ v1 + v2 + v3 + v4 + v5\ng =~ v6 + v7 + v8", "WLSMV")
    assert "leave only one diagonal" in message


def test_a_sum_of_other_items_is_problem(complete):
    frame = complete.assign(A5=complete["A1"] + complete["A2"] + complete["A3"])
    assert "singular" in _problem(frame, "A =~ A1 + A2 + A3 + A5")


@pytest.mark.parametrize("estimator", ["ML", "FIML", "WLSMV"])
def test_all_missing_in_a_group_is_refused_by_name(estimator, bfi):
    frame = bfi.copy()
    frame.loc[frame["gender"] == 2, "A1"] = np.nan
    words = _problem(frame, "A =~ A1 + A2 + A3 + A4", estimator, "gender")
    assert "'2'" in words


def test_an_empty_category_in_one_group_is_refused_by_name(complete):
    frame = complete[(complete["gender"] == 1) | (complete["A1"] != 6)]
    words = _problem(frame, "A =~ A1 + A2 + A3 + A4", "WLSMV", "gender")
    assert "item 'A1' in group '2'" in words
    assert "nobody answered 6" in words


def test_unknown_items_are_named_together(complete):
    words = _problem(complete, "A =~ A1 + A9 + A3 + B1")
    assert "'A9'" in words
    assert "'B1'" in words


def test_text_is_refused_by_item(complete):
    words = _problem(complete.assign(A2="agree"), "A =~ A1 + A2 + A3 + A4", "WLSMV")
    assert "'A2'" in words
    assert "'agree'" in words


def test_fractions_are_not_ordered_categories(known):
    assert "WLSMV is for ordered categories" in _problem(known, "a =~ a0 + a1 + a2", "WLSMV")


@pytest.mark.parametrize(
    "model",
    [
        "f =~ A1 + A2",
        "f =~ A1 + A2 + A3\nA1 ~~ A2",
        "g =~ f + h\nf =~ A1 + A2 + A3\nh =~ C1 + C2 + C3",
        "f =~ NA*A1 + A2 + A3 + A4",
    ],
)
def test_a_model_that_is_not_identified_is_problem(model, complete):
    assert "not identified" in _problem(complete, model)


def test_the_loose_parameters_of_a_model_that_is_not_identified_are_named(complete):
    words = _problem(complete, "f =~ NA*A1 + A2 + A3 + A4")
    assert "f ~~ f" in words
    assert "f =~ A1" in words


def test_unknown_estimators_and_equalities_are_told_with_what_is_offered(complete):
    assert "ML, MLR, FIML, WLSMV" in _problem(complete, "A =~ A1 + A2 + A3", "GLS")
    words = _problem(complete, "A =~ A1 + A2 + A3", "ML", "gender", equal=["means"])
    assert "means" in words


def test_further_questions_are_answered_in_frames_and_in_print(complete, more):
    fitted = cfa(complete, more["mlr"]["model"])
    indices, reliability = fitted.modification_indices(), fitted.reliability()
    assert indices.to_frame()["chi_square"].is_monotonic_decreasing
    assert len(indices.to_frame()) == len(indices)
    assert "N1" in str(indices)
    assert reliability.to_frame()["factor"].tolist() == ["N", "E"]
    assert "omega" in str(reliability)
    assert "No further parameter" in str(fitted.modification_indices(least=1e9))
    (residual,) = fitted.residuals()
    assert np.diag(residual) == pytest.approx(np.zeros(10))


def test_groups_may_be_named_by_numbers_and_words(complete):
    frame = complete.assign(wave=complete["gender"].map({1: 1, 2: "second"}).astype(object))
    assert cfa(frame, "A =~ A1 + A2 + A3 + A4", "ML", "wave").groups == ("1", "second")


def test_a_saturated_model_has_nothing_to_test(complete):
    fit = cfa(complete, "A =~ A1 + A2 + A3", "WLSMV").fit
    assert fit.df == 0
    assert np.isnan(fit.p)
    assert (fit.cfi, fit.rmsea) == (1, 0)


def test_a_group_column_of_one_value_is_problem(complete):
    frame = complete.assign(wave=1)
    assert "found [1]" in _problem(frame, "A =~ A1 + A2 + A3", "ML", "wave")


def test_items_that_were_never_asked_of_the_same_people_are_told(known):
    """Planned missingness: lavaan warns of 0 % coverage and goes on."""
    half = np.arange(len(known)) < len(known) // 2
    frame = known.assign(a0=known["a0"].where(half), a1=known["a1"].mask(half))
    fitted = cfa(frame, "a =~ a0 + a1 + a2 + a3", "FIML")
    (doubt,) = fitted.doubts
    assert doubt.startswith("a0 and a1 were never answered by the same people")
    assert np.isnan(fitted.fit.cfi_robust)
    assert fitted.loadings()["a"].tolist() == pytest.approx([0.8, 0.7, 0.6, 0.5], abs=0.07)


def test_codes_for_missing_answers_among_measurements_are_told(known):
    frame = known.assign(a0=known["a0"].abs().where(np.arange(len(known)) > 20, -9))
    (doubt,) = cfa(frame, "a =~ a0 + a1 + a2 + a3").doubts
    assert doubt.startswith("a0 holds 21 whole numbers from -9 to -9 among measurements")
    assert not cfa(known, "a =~ a0 + a1 + a2 + a3").doubts


def test_the_example_runs():
    assert doctest.testmod(confirmatory_module).failed == 0
