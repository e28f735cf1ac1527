"""Factor analysis against psych 2.2.9, parallel analysis against its own distribution."""

import doctest

import numpy as np
import pandas as pd
import pytest
from factor_analyzer import FactorAnalyzer
from scipy.stats import chisquare

from processing.consistency import hierarchical_omega
from processing.consistency.hierarchical_omega import omega_hierarchical
from processing.consistency.omega_total import omega
from processing.consistency.reliability import of_replicates
from processing.counting.counts import count
from processing.errors import StatisticsError
from processing.factoring import factorability, factors, number_of_factors
from processing.factoring.correlations import Correlations
from processing.factoring.factorability import bartlett, kmo
from processing.factoring.factors import efa
from processing.factoring.factors import efa_of as factors_of
from processing.factoring.number_of_factors import minimum_average_partial, parallel_analysis

SOLUTIONS = [
    ("minres", "oblimin"),
    ("minres", "promax"),
    ("minres", "varimax"),
    ("minres", None),
    ("ml", "oblimin"),
    ("ml", "promax"),
    ("ml", "varimax"),
]


@pytest.fixture
def samples(bfi, bfi_items, bfi_numbers, reference, reference_data):
    """Frame, items, number of factors and psych's figures of two data sets."""
    anxious = reference_data("phq9_gad7_t1")
    return {
        "bfi": (bfi, bfi_items, 5, bfi_numbers["efa"]),
        "phq9_gad7": (anxious, list(anxious), 2, reference("phq9_gad7")["efa"]),
    }


@pytest.fixture
def two_factors():
    """Eight items of two factors that correlate .4, from 4 000 answers."""
    rng = np.random.default_rng(12)
    traits = rng.multivariate_normal([0, 0], [[1, 0.4], [0.4, 1]], size=4000)
    answers = np.repeat(traits, 4, axis=1) * 0.7 + rng.normal(size=(4000, 8)) * 0.7
    return pd.DataFrame(np.digitize(answers, [-1.2, -0.4, 0.4, 1.2]) + 1, columns=list("abcdefgh"))


@pytest.mark.parametrize("sample", ["bfi", "phq9_gad7"])
def test_sampling_adequacy_and_sphericity_equal_psych(samples, sample):
    frame, items, _, told = samples[sample]
    found = kmo(frame, items)
    assert found.overall == pytest.approx(told["kmo_overall"], abs=1e-7)
    assert found.items == pytest.approx(told["kmo_items"], abs=1e-7)
    sphericity = bartlett(frame, items)
    assert sphericity.chi2 == pytest.approx(told["bartlett"]["chisq"], rel=1e-7)
    assert sphericity.df == told["bartlett"]["df"]
    assert sphericity.p < 1e-100


def test_pairwise_correlations_serve_where_rows_are_missing(bfi, bfi_items, bfi_numbers, matrix):
    told = bfi_numbers["efa_pairwise"]
    assert kmo(bfi, bfi_items, "pairwise").overall == pytest.approx(told["kmo"], abs=1e-7)
    found = efa(bfi, 5, bfi_items, "pairwise")
    solution = told["minres_oblimin"]
    np.testing.assert_allclose(
        found.to_frame().iloc[:, :5], matrix(solution["loadings"]), atol=1e-5
    )
    assert found.fit.chi2 == pytest.approx(solution["chi"], rel=1e-5)


@pytest.mark.parametrize("sample", ["bfi", "phq9_gad7"])
@pytest.mark.parametrize(("extraction", "rotation"), SOLUTIONS)
def test_every_solution_equals_psych(samples, matrix, sample, extraction, rotation):
    frame, items, number, numbers = samples[sample]
    found = efa(frame, number, items, extraction=extraction, rotation=rotation)
    told = numbers["efa"][f"{extraction}_{rotation or 'none'}"]
    np.testing.assert_allclose(found.loadings, matrix(told["loadings"]), atol=1e-5)
    np.testing.assert_allclose(found.communality, list(told["communality"].values()), atol=1e-5)
    if rotation in ("oblimin", "promax"):
        np.testing.assert_allclose(found.phi, matrix(told["phi"]), atol=1e-5)
    else:
        np.testing.assert_array_equal(found.phi, np.eye(number))
    assert found.fit.df == told["dof"]
    assert found.fit.chi2 == pytest.approx(told["chi"], rel=1e-6)
    assert found.fit.objective == pytest.approx(told["objective"], rel=1e-5)
    assert found.fit.tli == pytest.approx(told["tli"], abs=1e-6)
    assert found.fit.rmsea == pytest.approx(told["rmsea"]["RMSEA"], abs=1e-6)
    assert found.fit.rmsea_low == pytest.approx(told["rmsea"]["lower"], abs=1e-6)
    assert found.fit.rmsea_high == pytest.approx(told["rmsea"]["upper"], abs=1e-6)
    assert found.fit.bic == pytest.approx(told["bic"], rel=1e-5)
    assert found.fit.rms_residual == pytest.approx(told["rms_residual"], abs=1e-6)


@pytest.fixture
def others(bfi, bfi_items, reference_data):
    """Other items and other numbers of factors."""
    whole = bfi[bfi_items].dropna()
    return {
        "phq_gad_t2_3": (reference_data("phq9_gad7_t2"), 3),
        "bfi_ne_2": (whole[[*bfi_items[15:20], *bfi_items[10:15]]], 2),
        "neuroticism": (whole[bfi_items[15:20]], 1),
    }


@pytest.mark.parametrize("sample", ["phq_gad_t2_3", "bfi_ne_2"])
@pytest.mark.parametrize("rotation", ["oblimin", "promax", "varimax"])
@pytest.mark.parametrize("extraction", ["minres", "ml"])
def test_other_items_and_numbers_of_factors_equal_psych(
    others, reference, matrix, sample, rotation, extraction
):
    told = reference("reliability")["efa"][sample][f"{extraction}_{rotation}"]
    frame, number = others[sample]
    found = efa(frame, number, extraction=extraction, rotation=rotation)
    np.testing.assert_allclose(found.loadings, matrix(told["loadings"]), atol=1e-5)
    np.testing.assert_allclose(found.phi, told["phi"]["values"], atol=1e-5)
    np.testing.assert_allclose(found.communality, list(told["communality"].values()), atol=1e-5)
    assert found.fit.chi2 == pytest.approx(told["chi"], rel=1e-5)
    assert found.fit.rmsea_low == pytest.approx(told["rmsea"]["lower"], abs=1e-6)


@pytest.mark.parametrize("extraction", ["minres", "ml"])
def test_one_factor_needs_no_rotation(others, reference, extraction):
    told = reference("reliability")["one_factor"][extraction]
    found = efa(others["neuroticism"][0], 1, extraction=extraction)
    np.testing.assert_allclose(found.loadings[:, 0], list(told["loadings"].values()), atol=1e-5)
    assert found.fit.chi2 == pytest.approx(told["chi"], rel=1e-5)


def test_polychoric_factors_equal_psych_on_lavaans_correlations(
    bfi, bfi_items, bfi_numbers, matrix
):
    told = bfi_numbers["efa_polychoric"]["minres_oblimin"]
    found = efa(bfi, 5, bfi_items, correlation="polychoric")
    np.testing.assert_allclose(found.loadings, matrix(told["loadings"]), atol=1e-5)
    np.testing.assert_allclose(found.phi, matrix(told["phi"]), atol=1e-5)
    assert found.fit.chi2 == pytest.approx(told["chi"], rel=1e-6)


@pytest.mark.parametrize("extraction", ["minres", "ml"])
def test_extraction_equals_that_of_factor_analyzer(two_factors, extraction):
    """It minimises the same misfit without being told the slope, so it stops a little earlier."""
    found = efa(two_factors, 2, extraction=extraction, rotation=None)
    engine = FactorAnalyzer(2, rotation=None, method=extraction, is_corr_matrix=True)
    with pytest.warns(FutureWarning, match="force_all_finite"):
        engine.fit(np.corrcoef(two_factors.to_numpy().T))
    np.testing.assert_allclose(np.abs(found.loadings), np.abs(engine.loadings_), atol=2e-4)


def test_a_known_structure_is_recovered(two_factors):
    found = efa(two_factors, 2, correlation="polychoric")
    true = 0.7 / np.sqrt(0.98)
    np.testing.assert_allclose(found.loadings[:4, 0], true, atol=0.05)
    np.testing.assert_allclose(found.loadings[4:, 0], 0, atol=0.05)
    assert found.phi[0, 1] == pytest.approx(0.4, abs=0.05)
    np.testing.assert_allclose(found.communality, true**2, atol=0.05)
    np.testing.assert_allclose(found.structure[4:, 0], 0.4 * true, atol=0.05)
    assert found.fit.rmsea < 0.02


def test_solutions_do_not_hang_on_the_order_of_the_items(two_factors):
    forth = efa(two_factors, 2)
    back = efa(two_factors[list("hgfedcba")], 2)
    np.testing.assert_allclose(back.loadings, forth.loadings[::-1, ::-1], atol=1e-5)
    np.testing.assert_allclose(back.phi, forth.phi, atol=1e-5)


def test_counts_serve_as_well_as_rows(two_factors):
    counts = count(two_factors)
    assert kmo(counts).overall == pytest.approx(kmo(two_factors).overall, abs=1e-12)
    np.testing.assert_allclose(efa(counts, 2).loadings, efa(two_factors, 2).loadings, atol=1e-7)


@pytest.mark.parametrize("simulated", ["normal", "permuted"])
def test_parallel_analysis_equals_psych_within_its_randomness(
    bfi, bfi_items, bfi_numbers, simulated
):
    """Observed eigenvalues are equal; those of a hundred random samples have the same means."""
    told = bfi_numbers["efa"]["parallel"]
    found = parallel_analysis(bfi, bfi_items, simulated=simulated, iterations=200, seed=1)
    assert found.factors.suggested == told["nfact"]
    assert found.components.suggested == told["ncomp"]
    assert found.components.suggested_by_mean == told["ncomp"]
    np.testing.assert_allclose(found.factors.observed, told["fa_values"], atol=1e-6)
    np.testing.assert_allclose(found.components.observed, told["pc_values"], atol=1e-6)
    np.testing.assert_allclose(found.components.mean, told["pc_sim"], atol=0.005)
    np.testing.assert_allclose(found.factors.mean, told["fa_sim"], atol=0.015)
    assert (found.factors.quantile > found.factors.mean).all()


def test_parallel_analysis_is_the_same_for_the_same_seed(two_factors):
    first, again = (parallel_analysis(two_factors, seed=7) for _ in range(2))
    np.testing.assert_array_equal(first.factors.mean, again.factors.mean)
    assert first.factors.suggested == first.components.suggested == 2


def test_shuffling_needs_rows(two_factors):
    with pytest.raises(StatisticsError, match="shuffled only in complete rows"):
        parallel_analysis(count(two_factors), simulated="permuted")


@pytest.mark.parametrize("sample", ["bfi", "phq9_gad7"])
def test_the_minimum_average_partial_equals_psych(samples, sample):
    frame, items, _, told = samples[sample]
    found = minimum_average_partial(frame, items)
    values = told["map"]["values"]
    np.testing.assert_allclose(found.partials[1 : 1 + len(values)], values, atol=1e-8)
    assert found.suggested == told["map"]["nfactors"]


@pytest.mark.parametrize(
    ("sample", "file"),
    [("leadership", "leadership"), ("leaders", "leadership"), ("mood_later", "phq9_gad7_t2")],
)
def test_the_minimum_average_partial_of_other_data_equals_psych(
    reference, reference_data, sample, file
):
    told = reference("map")[sample]
    found = minimum_average_partial(reference_data(file), told["items"])
    values = told["values"]
    assert found.n == told["n"]
    np.testing.assert_allclose(found.partials[1 : 1 + len(values)], values, atol=1e-8)
    assert found.suggested == told["nfactors"]


def test_a_shuffle_keeps_the_answers_and_gives_every_order_the_same_chance():
    """Of four rows there are 24 orders; each item has its own."""
    codes = np.array([[1, 2, 3, 4], [-9, 0, 100, 0]], dtype=np.int8)
    rng = np.random.default_rng(3)
    drawn = np.array([number_of_factors._permuted(codes, rng) for _ in range(12_000)])
    assert (np.sort(drawn, axis=2) == np.sort(codes, axis=1)).all()
    order = drawn[:, 0] @ [64, 16, 4, 1]
    _, counts = np.unique(order, return_counts=True)
    assert len(counts) == 24
    assert chisquare(counts).pvalue > 0.001
    place = np.argmax(drawn[:, 0] == 4, axis=1) * 4 + np.argmax(drawn[:, 1] == 100, axis=1)
    assert chisquare(np.bincount(place, minlength=16)).pvalue > 0.001
    assert (codes == [[1, 2, 3, 4], [-9, 0, 100, 0]]).all()


def test_hierarchical_omega_equals_psych(bfi_oriented, bfi_items, bfi_numbers, matrix):
    told = bfi_numbers["omega_schmid_leiman_5f"]
    found = omega_hierarchical(bfi_oriented, 5, bfi_items)
    assert found.hierarchical == pytest.approx(told["omega_h"], abs=5e-6)
    assert found.total == pytest.approx(told["omega_total"], abs=1e-6)
    assert found.limit == pytest.approx(told["omega_lim"], abs=5e-6)
    assert found.ecv == pytest.approx(told["ecv"], abs=1e-6)
    solution = matrix(told["schmid"])
    np.testing.assert_allclose(found.general, solution["g"].abs(), atol=1e-5)
    assert set(found.turned) == {row[:-1] for row in solution.index if row.endswith("-")}


@pytest.mark.parametrize("number", [2, 3])
def test_hierarchical_omega_of_few_groups_equals_psych(reference, reference_data, number):
    told = reference("reliability")["omega_hierarchical"][f"phq_gad_t2_{number}"]
    found = omega_hierarchical(reference_data("phq9_gad7_t2"), number)
    assert found.hierarchical == pytest.approx(told["omega_h"], abs=1e-5)
    assert found.total == pytest.approx(told["omega_total"], abs=1e-6)
    assert found.ecv == pytest.approx(told["ecv"], abs=1e-5)


def test_weighted_counts_serve_too(two_factors):
    weights = np.where(np.arange(4000) < 1500, 2.0, 1.0)
    doubled = pd.concat([two_factors, two_factors.iloc[:1500]])
    found = efa(count(two_factors, weights=weights), 2)
    np.testing.assert_allclose(found.loadings, efa(doubled, 2).loadings, atol=1e-6)


def test_hierarchical_omega_has_an_interval_from_rows_drawn_anew(two_factors):
    found = omega_hierarchical(two_factors, 2, replicates=30, seed=1)
    again = omega_hierarchical(two_factors, 2, replicates=30, seed=1)
    assert found.interval == again.interval
    assert found.interval.low < found.hierarchical < found.interval.high
    assert found.interval.high - found.interval.low < 0.1
    assert str(found.interval) in str(found)
    with pytest.raises(StatisticsError, match="drawn anew only from a frame"):
        omega_hierarchical(count(two_factors), 2, replicates=30)


def test_a_group_that_the_general_factor_explains_whole_has_no_loadings(reference, reference_data):
    """psych too ends at the bound there, where the misfit is flat: hence the wider tolerance."""
    told = reference("hierarchical")
    found = omega_hierarchical(reference_data("attitude"), 3)
    assert found.hierarchical == pytest.approx(told["hierarchical"], abs=3e-4)
    assert found.total == pytest.approx(told["total"], abs=1e-6)
    assert found.ecv == pytest.approx(told["ecv"], abs=1e-3)
    np.testing.assert_allclose(found.general, told["general"], atol=1e-3)
    # psych's second group is our third.
    theirs = np.array(told["groups"])[:, [0, 2, 1]]
    np.testing.assert_allclose(np.abs(found.groups), np.abs(theirs), atol=2e-3)
    assert (found.groups[:, 2] == 0).all()
    assert "explains group factor F3 whole" in str(found)


def test_replicates_whose_model_is_not_found_are_counted(two_factors):
    """Noise has no factor: some of the rows drawn anew lead nowhere."""
    rng = np.random.default_rng(0)
    noise = pd.DataFrame({item: rng.integers(1, 5, size=12) for item in "abcd"})
    found = omega(noise, method="bootstrap", replicates=300)
    assert "of 300 replicates the model was not found" in str(found)
    assert "replicates" not in str(
        omega(two_factors[list("abcd")], method="bootstrap", replicates=50)
    )


def test_an_interval_needs_replicates():
    with pytest.raises(
        StatisticsError, match="replicates: an interval needs two, and the model was"
    ):
        of_replicates(np.array([0.7]), 300, 0.95)


def test_two_group_factors_share_their_correlation(two_factors):
    found = omega_hierarchical(two_factors, 2)
    phi = efa(two_factors, 2).phi[0, 1]
    loadings = efa(two_factors, 2).loadings
    np.testing.assert_allclose(found.general, loadings.sum(axis=1) * np.sqrt(phi), atol=1e-9)
    assert found.hierarchical < found.total < 1


def test_one_group_factor_has_no_general_one_above(two_factors):
    with pytest.raises(StatisticsError, match="two or more correlated factors"):
        omega_hierarchical(two_factors, 1)
    with pytest.raises(StatisticsError, match="two or more correlated factors"):
        omega_hierarchical(two_factors, 2, rotation="varimax")


@pytest.mark.parametrize("statistic", [kmo, bartlett, parallel_analysis, minimum_average_partial])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"a": 2}, "'a': an item must vary"),
        # Turned round is as bad as copied: the matrix is singular all the same.
        ({"b": lambda f: 6 - f["a"]}, "'a' and 'b': two items must differ"),
        ({"c": lambda f: f["a"] + f["b"]}, "singular"),
        ({"d": "often"}, "'d': answers must be whole numbers"),
        ({"e": -9}, "as many rows as items, got 0"),
    ],
)
def test_bad_answers_are_named(two_factors, statistic, change, words):
    with pytest.raises(StatisticsError, match=words):
        statistic(two_factors.assign(**change))


# Correlations of small and uneven samples. psych 2.2.9, fa(R, k, n.obs, fm = "minres", rotate =
# "none"), from its one start: the sum of squared residuals, and the item of the least uniqueness.
MANY_VALLEYS = {
    "three of six": (
        3,
        86,
        0.0031222969,
        ("b", "c"),
        15,
        [
            0.39663,
            0.53913,
            0.21857,
            0.11074,
            0.26052,
            0.36668,
            0.05719,
            -0.03419,
            0.22477,
            0.22473,
            -0.01825,
            0.27350,
            0.31109,
            0.55841,
            0.41941,
        ],
    ),
    "two of five": (
        2,
        900,
        0.00029560496,
        ("b",),
        10,
        [0.55013, 0.43633, 0.60897, 0.52119, 0.38152, 0.49514, 0.47246, 0.39110, 0.31593, 0.46996],
    ),
}


@pytest.fixture
def many_valleys():
    """Correlations that more factors are asked of than they bear, as `efa_of` takes them."""

    def made(sample):
        factors, n, misfit, heywood, pairs, values = MANY_VALLEYS[sample]
        p = int((1 + np.sqrt(1 + 8 * pairs)) / 2)
        matrix = np.eye(p)
        matrix[np.triu_indices(p, 1)] = values
        matrix = np.maximum(matrix, matrix.T) + np.minimum(matrix, matrix.T) - np.eye(p)
        return Correlations(tuple("abcdef"[:p]), matrix, n), factors, misfit, heywood

    return made


@pytest.mark.parametrize("sample", MANY_VALLEYS)
def test_of_several_valleys_the_lowest_is_found_as_by_psych(many_valleys, sample):
    found, factors, misfit, heywood = many_valleys(sample)
    fitted = factors_of(found, factors, "minres", "oblimin")
    reproduced = fitted.loadings @ fitted.phi @ fitted.loadings.T
    residual = (found.matrix - reproduced)[np.triu_indices(len(found.items), 1)]
    assert residual @ residual <= misfit * 1.001
    assert fitted.heywood == heywood


@pytest.mark.parametrize(
    ("sample", "objective"), [("three of six", 0.0119519), ("two of five", 0.000859012894)]
)
def test_maximum_likelihood_too_finds_the_lowest_valley(many_valleys, sample, objective):
    """Of the first, psych's one start ends at .0183772."""
    found, factors, _, _ = many_valleys(sample)
    fitted = factors_of(found, factors, "ml", None)
    assert fitted.fit.objective == pytest.approx(objective, rel=1e-3)


def test_the_result_says_that_more_factors_are_asked_for_than_the_items_bear(
    many_valleys, two_factors
):
    found, factors, _, _ = many_valleys("three of six")
    fitted = factors_of(found, factors, "minres", "oblimin")
    assert "3 factors would leave b, c no variance of their own" in str(fitted)
    assert "no degrees of freedom" in str(fitted)
    assert "More factors are asked for than the items bear" in str(fitted)
    assert efa(two_factors, 2).doubts == ()
    assert "!" not in str(efa(two_factors, 2))


def test_hierarchical_omega_carries_the_doubts_of_its_factors(two_factors):
    several = two_factors[list("abefg")]
    doubted = omega_hierarchical(several.assign(b=several["a"].where(several.index % 50 > 0, 3)), 2)
    assert "! Heywood case: 2 factors would leave a" in str(doubted)
    assert omega_hierarchical(two_factors, 2).doubts == ()


@pytest.mark.parametrize("number", [0, 5, 8])
def test_more_factors_than_items_can_tell_apart_are_refused(two_factors, number):
    with pytest.raises(StatisticsError, match="8 items can tell at most 4 factors apart"):
        efa(two_factors, number)


def test_one_factor_and_none_are_counted_as_one_says_them(two_factors):
    one = two_factors[two_factors.columns[:4]]
    assert "parallel analysis: 1 factor, 1 component (" in str(parallel_analysis(one, seed=1))
    assert str(minimum_average_partial(one)).startswith("minimum average partial: 1 factor, ")
    rng = np.random.default_rng(1)
    nothing = pd.DataFrame(rng.integers(1, 6, size=(500, 6)), columns=list("abcdef"))
    assert "no factors" in str(minimum_average_partial(nothing))
    with pytest.raises(StatisticsError, match=r"at most 1 factor apart\. Ask for 1"):
        efa(two_factors[two_factors.columns[:3]], 2)


@pytest.mark.parametrize("number", ["2", 2.0, None])
def test_a_number_of_factors_is_a_whole_number(two_factors, number):
    with pytest.raises(StatisticsError, match="factors: it is a whole number, got"):
        efa(two_factors, number)
    assert efa(two_factors, np.int64(2)).loadings.shape == (8, 2)


def test_results_print_and_become_frames(two_factors):
    assert "RMSEA" in str(efa(two_factors, 2))
    assert efa(two_factors, 2).phi_frame().loc["F1", "F1"] == pytest.approx(1)
    assert kmo(two_factors).to_frame().shape == (8, 1)
    assert bartlett(two_factors).to_frame().loc[0, "df"] == 28
    assert parallel_analysis(two_factors).to_frame().index[0] == 1
    assert minimum_average_partial(two_factors).to_frame().shape == (7, 1)
    assert omega_hierarchical(two_factors, 2).to_frame().columns[0] == "general"
    assert efa(two_factors, 2).heywood == ()


@pytest.mark.parametrize("module", [factorability, factors, hierarchical_omega, number_of_factors])
def test_the_examples_in_the_documentation_run(module):
    assert doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0
