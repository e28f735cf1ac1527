"""The graded response model against ltm 1.2-0, closed forms and a known truth."""

import doctest
from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from processing.counting.patterns import count_patterns
from processing.drawing.known_model import KnownModel
from processing.drawing.simulation import Careless, Holes, simulate
from processing.errors import StatisticsError
from processing.traits.graded_curves import curves_of
from processing.traits.graded_likelihood import EXACT, Answered, normal_grid, slope_at
from processing.traits.graded_response import graded_response
from processing.traits.local_dependence import local_dependence
from processing.traits.person_fit import person_fit
from processing.traits.trait_scores import reliability_of_scores, trait_scores

SIX = list("abcdef")
PLACES = [("phq9_t1", slice(0, 9)), ("gad7_t1", slice(9, 16))]


@pytest.fixture
def science(reference_data):
    return reference_data("mirt_science")


@pytest.fixture
def lsat(reference_data):
    patterns = reference_data("mirt_lsat6")
    return patterns.loc[patterns.index.repeat(patterns["Freq"])].drop(columns="Freq")


@pytest.fixture
def known():
    """One trait; in logits, the slope of a loading λ is about 1.702 λ / √(1 − λ²)."""
    return KnownModel.simple({"calm": SIX}, loading=0.7, shares=(0.1, 0.2, 0.3, 0.25, 0.15))


def curves_told(told):
    slopes = np.array([item["a"] for item in told["items"].values()])
    thresholds = [np.array(item["b"]) for item in told["items"].values()]
    return curves_of(slopes, [-a * b for a, b in zip(slopes, thresholds, strict=True)])


def test_log_likelihood_and_parameters_equal_ltm(science, reference):
    told = reference("irt_science_lsat6")["grm"]
    found = graded_response(science)
    assert found.loglik == pytest.approx(told["loglik"], abs=1e-3)
    assert found.parameters == told["npar"]
    assert found.aic == pytest.approx(told["aic"], abs=2e-3)
    for item, slope, thresholds in zip(found.items, found.slopes, found.thresholds, strict=True):
        # ltm stopped at a gradient of .0097, which leaves its parameters this far from the maximum.
        assert slope == pytest.approx(told["items"][item]["a"], abs=5e-4)
        np.testing.assert_allclose(thresholds, told["items"][item]["b"], atol=2e-3)


def test_expected_a_posteriori_scores_equal_ltm(science, reference):
    told = reference("irt_science_lsat6")["grm"]
    found = trait_scores(science.head(10), graded_response(science))
    np.testing.assert_allclose(found["eap"], told["eap_first10"], atol=3e-4)
    np.testing.assert_allclose(found["se"], told["eap_se_first10"], atol=3e-4)


@pytest.mark.parametrize(("name", "columns"), PLACES)
def test_our_maximum_is_above_where_ltm_stopped_short(reference, reference_data, name, columns):
    """At ltm's own parameters we find ltm's log-likelihood, but its gradient there was 67 to 119."""
    told = reference("phq9_gad7")[f"grm_{name}"]
    frame = reference_data("phq9_gad7_t1").iloc[:, columns]
    patterns = count_patterns(frame)
    answered = Answered(patterns.answers.T.astype(np.intp), patterns.frequency)
    there = slope_at(answered, curves_told(told), normal_grid(), bend=False)
    assert there.loglik == pytest.approx(told["loglik"], abs=1e-3)
    found = graded_response(frame)
    assert told["max_sc"] > 60
    assert found.loglik > told["loglik"] + 80
    here = slope_at(answered, found.curves, normal_grid(), bend=False)
    assert np.abs(here.gradient).max() < 1e-3


def test_of_items_with_two_answers_it_is_the_two_parameter_model(lsat, reference):
    told = reference("irt_science_lsat6")["lsat6_2pl"]
    found = graded_response(lsat)
    intercepts, slopes = np.array(told["coef"]["values"]).T
    assert found.loglik == pytest.approx(told["loglik"], abs=1e-3)
    np.testing.assert_allclose(found.slopes, slopes, atol=2e-3)
    np.testing.assert_allclose(found.curves.intercepts[:, 0], intercepts, atol=2e-3)


def test_with_equal_slopes_it_is_the_one_parameter_model(lsat, reference):
    told = reference("irt_science_lsat6")["lsat6_rasch"]
    found = graded_response(lsat, equal_slopes=True)
    intercepts, slopes = np.array(told["coef"]["values"]).T
    assert found.parameters == 6
    assert found.loglik == pytest.approx(told["loglik"], abs=1e-3)
    np.testing.assert_allclose(found.slopes, slopes, atol=1e-3)
    np.testing.assert_allclose(found.curves.intercepts[:, 0], intercepts, atol=1e-3)


def test_standard_errors_are_those_of_numerical_second_derivatives(science):
    found = graded_response(science)
    patterns = count_patterns(science)
    answered = Answered(patterns.answers.T.astype(np.intp) - 1, patterns.frequency)
    step, size = 1e-5, found.curves.slopes.size * 4
    hessian = np.empty((size, size))
    for k in range(size):
        gradients = []
        for side in (step, -step):
            moved = np.column_stack([found.curves.slopes, found.curves.intercepts]).ravel()
            moved[k] += side
            slopes, *_ = moved = moved.reshape(-1, 4).T
            there = slope_at(answered, curves_of(slopes, moved[1:].T), normal_grid(), bend=False)
            gradients.append(there.gradient)
        hessian[k] = (gradients[0] - gradients[1]) / (2 * step)
    np.testing.assert_allclose(found.covariance, np.linalg.inv(-hessian), rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(found.slope_se**2, np.diag(found.covariance)[::4])


def test_a_known_truth_is_recovered_within_its_standard_errors():
    """Answers drawn from the model itself: of slopes and thresholds 95 % lie within 1.96 SE."""
    rng = np.random.default_rng(17)
    slopes, thresholds = np.array([0.8, 1.2, 1.6, 2.0]), np.array([-1.5, -0.3, 0.9])
    held = []
    for _ in range(40):
        theta = rng.normal(size=(1000, 1, 1))
        above = 1 / (1 + np.exp(-slopes[:, None] * (theta - thresholds)))
        frame = pd.DataFrame((rng.random((1000, 4, 1)) < above).sum(axis=2), columns=list("abcd"))
        found = graded_response(frame)
        held += [np.abs(found.slopes - slopes) < 1.96 * found.slope_se]
        held += [
            np.abs(b - thresholds) < 1.96 * se
            for b, se in zip(found.thresholds, found.threshold_se, strict=True)
        ]
    assert 0.92 <= np.concatenate(held).mean() <= 0.98


def test_missing_answers_are_used_as_far_as_they_go(known):
    whole = simulate(known, 20_000, seed=1).frame[SIX]
    holed = simulate(known, 20_000, seed=1, holes=[Holes(-8, 0.3)]).frame[SIX]
    found = graded_response(holed)
    assert found.n == (holed >= 0).any(axis=1).sum()
    np.testing.assert_allclose(found.slopes, graded_response(whole).slopes, atol=0.12)
    scores = trait_scores(pd.DataFrame([[-8] * 6, [5, *[-3] * 5]], columns=SIX), found)
    assert np.isnan(scores.loc[0, "eap"])
    assert scores["answered"].tolist() == [0, 1]
    assert scores.loc[1, "se"] > trait_scores(whole.head(1), found).loc[0, "se"]


def test_many_patterns_give_nearly_the_same_standard_errors_as_few(known):
    """Beyond 4 096 patterns the information is the cross-product of scores."""
    many = graded_response(simulate(known, 16_000, seed=2).frame[SIX])
    few = graded_response(simulate(known, 4000, seed=2).frame[SIX])
    assert many.patterns > 4096 > few.patterns
    np.testing.assert_allclose(few.slope_se / many.slope_se, 2, rtol=0.1)


def test_information_is_that_of_the_logistic_curve(lsat):
    found = graded_response(lsat)
    curve = found.information([-1.0, 0.5])
    a, d = found.slopes, found.curves.intercepts[:, 0]
    p = 1 / (1 + np.exp(-(a * 0.5 + d)))
    np.testing.assert_allclose(curve.iloc[1, :5], a**2 * p * (1 - p))
    np.testing.assert_allclose(curve["se"], 1 / np.sqrt(curve.iloc[:, :5].sum(axis=1)))


def test_scores_are_as_reliable_as_they_correlate_with_the_trait(known):
    drawn = simulate(known, 20_000, seed=3)
    scores = trait_scores(drawn.frame, graded_response(drawn.frame[SIX]))
    r = np.corrcoef(scores["eap"], drawn.truth.traits["calm"])[0, 1]
    assert reliability_of_scores(scores) == pytest.approx(r**2, abs=0.01)


def test_the_callers_frame_and_index_are_kept(science):
    before = science.copy()
    shuffled = science.sample(frac=1, random_state=1)
    model = graded_response(science)
    pd.testing.assert_frame_equal(
        trait_scores(shuffled, model).sort_index(), trait_scores(science, model)
    )
    pd.testing.assert_frame_equal(science, before)


def test_q3_is_the_correlation_of_what_is_left_row_by_row(science):
    model = graded_response(science)
    theta = trait_scores(science, model)["eap"].to_numpy()
    left = science - 1 - model.curves.expected(theta).T
    found = local_dependence(science, model)
    np.testing.assert_allclose(found.q3, left.corr(), atol=1e-12)
    assert -1 / 3 < found.mean < 0


def test_a_pair_that_shares_more_than_the_trait_is_named():
    """Of ten items: with six the pair would draw the trait to itself."""
    ten = [f"i{k}" for k in range(10)]
    model = KnownModel(
        loadings={"calm": dict.fromkeys(ten, 0.7), "echo": {"i0": 0.6, "i1": 0.6}},
        thresholds=dict.fromkeys(ten, (-1.0, 0.0, 1.0)),
    )
    frame = simulate(model, 3000, seed=4).frame[ten]
    ((first, second, q3),) = local_dependence(frame, graded_response(frame)).pairs()
    assert (first, second) == ("i0", "i1")
    assert q3 > 0.37


def test_person_fit_is_nearly_standard_normal_where_the_model_holds():
    rng = np.random.default_rng(5)
    theta, thresholds = rng.normal(size=(3000, 1, 1)), np.array([-1.5, -0.5, 0.5, 1.5])
    above = 1 / (1 + np.exp(-rng.uniform(1, 2, (20, 1)) * (theta - thresholds)))
    frame = pd.DataFrame((rng.random((3000, 20, 1)) < above).sum(axis=2)).add_prefix("i")
    found = person_fit(frame, graded_response(frame))
    assert found["lz_star"].mean() == pytest.approx(0, abs=0.15)
    assert found["lz_star"].std() == pytest.approx(1, abs=0.08)
    assert abs(found["lz_star"].std() - 1) < abs(found["lz"].std() - 1)
    assert 0.03 < found["flagged"].mean() < 0.07


def test_person_fit_finds_those_who_answer_by_chance():
    known = KnownModel.simple({"calm": [f"i{k}" for k in range(20)]}, 0.8)
    drawn = simulate(known, 3000, seed=6, careless=Careless(random=0.1))
    model = graded_response(drawn.frame[list(known.items)])
    flagged = person_fit(drawn.frame, model)["flagged"]
    assert flagged[drawn.truth.careless == "random"].mean() > 0.8
    assert flagged[drawn.truth.careless == ""].mean() < 0.08


def test_person_fit_needs_two_answers(science):
    lone = science.head(2).astype(float)
    lone.iloc[0, 1:] = np.nan
    found = person_fit(lone, graded_response(science))
    assert np.isnan(found["lz_star"].iloc[0])
    assert not found["flagged"].iloc[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"a": 3}, ["'a'", "must vary", "all answers are 3"]),
        ({"a": -8}, ["'a'", "it has no answers"]),
        ({"b": lambda f: f["a"]}, ["'a' and 'b'", "same answer in every row"]),
        ({"c": "often"}, ["'c'", "'often'"]),
    ],
)
def test_bad_items_are_named(known, change, words):
    frame = simulate(known, 300, seed=7).frame[SIX].assign(**change)
    with pytest.raises(StatisticsError) as caught:
        graded_response(frame)
    for word in words:
        assert word in str(caught.value)


def test_without_answers_nothing_is_said_of_items_that_are_alike(known):
    frame = simulate(known, 300, seed=7).frame[SIX]
    with pytest.raises(StatisticsError) as caught:
        graded_response(frame.head(0))
    assert len(caught.value.problems) == len(SIX)
    with pytest.raises(StatisticsError, match="scores: a variance needs two scores, found 1"):
        reliability_of_scores(trait_scores(frame.head(1), graded_response(frame)))


def test_too_few_rows_or_items_are_refused(known):
    frame = simulate(known, 30, seed=8).frame[SIX]
    with pytest.raises(StatisticsError, match="more rows than parameters, got 30 for"):
        graded_response(frame)
    with pytest.raises(StatisticsError, match="needs 3 items, got 2"):
        graded_response(frame, ["a", "b"])


def test_answers_that_the_model_has_not_seen_are_named(science):
    model = graded_response(science)
    with pytest.raises(StatisticsError, match=r"'Work'.*\[1, 2, 3, 4\], found \[7\]"):
        trait_scores(science.assign(Work=7), model)


def test_an_item_that_points_the_other_way_is_told(science):
    found = graded_response(science.assign(Work=5 - science["Work"]))
    assert any("Work" in doubt and "turn it first" in doubt for doubt in found.doubts)
    assert "! slope of Work" in str(found)


def test_results_print_and_make_frames(science):
    found = graded_response(science)
    assert str(found).startswith("graded response model: log-likelihood -1608.87")
    assert found.to_frame().columns.tolist() == ["slope", "slope_se", "b1", "b2", "b3"]
    assert "mean Q3" in str(local_dependence(science, found))


def test_many_patterns_lead_to_the_maximum_although_the_model_does_not_hold():
    """Two traits in one model: the patterns' scores do not tell how the likelihood bends."""
    items = {"calm": [f"a{k}" for k in range(4)], "near": [f"b{k}" for k in range(4)]}
    frame = simulate(KnownModel.simple(items, 0.75), 12_000, seed=3).frame
    patterns = count_patterns(frame[[*items["calm"], *items["near"]]])
    fitted = graded_response(patterns)
    assert len(patterns.frequency) > EXACT
    answered = Answered(fitted.places(patterns.answers), patterns.frequency)
    at = slope_at(answered, fitted.curves, normal_grid(), bend=False)
    assert fitted.converged
    assert at.loglik == pytest.approx(fitted.loglik, rel=1e-12)
    # What a further step would gain if the trait were known: of a like size to what it would.
    used = np.diag(at.complete) > 0
    information = at.complete[np.ix_(used, used)]
    assert at.gradient[used] @ np.linalg.solve(information, at.gradient[used]) < 1e-8


@pytest.mark.parametrize(
    "module",
    [
        "graded_response",
        "trait_scores",
        "local_dependence",
        "person_fit",
    ],
)
def test_the_examples_in_the_documentation_run(module):
    found = import_module(f"processing.traits.{module}")
    assert doctest.testmod(found, optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0
