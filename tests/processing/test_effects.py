import doctest
import json
from dataclasses import replace
from importlib import import_module
from itertools import combinations, permutations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from processing import (
    StatisticsError,
    breakdown,
    difference_in_differences,
    equivalence,
    false_discovery_rate,
    holm,
    minimum_detectable_effect,
    plan_of,
    staggered_effects,
)
from processing.effects.areas_by_start import lay_out
from processing.effects.cluster_variance import least_squares, variance_of
from processing.effects.headline import STAGGERED, headline
from processing.effects.left_out import cells_and_left_out
from processing.effects.panel import make_panel
from processing.effects.start_cells import mean_of
from processing.effects.wild_bootstrap import wild_bootstrap


@pytest.fixture
def castle(reference_data):
    """Laws that fifty states made in different years, and homicide."""
    frame = reference_data("castle").copy()
    start = frame.effyear.fillna(0)
    frame["y"] = np.log(frame.homicide)
    frame["law"] = ((start > 0) & (frame.year >= start)).astype(int)
    frame["third"] = frame.sid // 3
    return frame


@pytest.fixture
def two_by_two(castle):
    """States that made the law in 2006 or 2007 and those that never did, before and after."""
    start = castle.effyear.fillna(0)
    kept = castle[start.isin([0, 2006, 2007]) & castle.year.isin([2004, 2005, 2008, 2009])].copy()
    kept["law"] = ((kept.effyear.fillna(0) > 0) & (kept.year >= 2008)).astype(int)
    return kept


@pytest.fixture
def organs(reference_data):
    """Organ donors in 27 states over six quarters; California asked in new words from the fourth."""
    frame = reference_data("organ_donations").copy()
    frame["asked"] = ((frame.State == "California") & (frame.Quarter_Num >= 4)).astype(int)
    return frame


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("plain", {}),
        ("weighted", {"weights": "population"}),
        # Clusters of several areas, with covariates: nothing then lies within one area alone.
        (
            "coarse",
            {
                "weights": "population",
                "covariates": ["poverty", "unemployrt"],
                "cluster": "third",
            },
        ),
    ],
)
def test_clustered_variances_and_their_degrees_of_freedom_equal_clubsandwich(
    castle, reference, name, options
):
    fit = least_squares(make_panel(castle, "y", "law", area="state", wave="year", **options))
    expected = reference("effects")[name]
    for kind in ("CR0", "CR2"):
        got = variance_of(fit, kind)
        assert fit.coefficients[0] == pytest.approx(expected[kind]["est"], rel=1e-8)
        assert got.variance**0.5 == pytest.approx(expected[kind]["se"], rel=1e-8)
    assert got.df == pytest.approx(expected["CR2"]["df"], rel=1e-7)


def test_cr1_counts_area_effects_as_estimatr_does_or_leaves_them_out_as_fixest_does(
    castle, reference
):
    fit = least_squares(make_panel(castle, "y", "law", area="state", wave="year"))
    stata = reference("did")["castle_twfe_staggered_unweighted"]
    counted = variance_of(fit, "CR1", count_area_effects=True)
    assert counted.variance**0.5 == pytest.approx(stata["se"], rel=1e-7)
    # Closed form of fixest's "nested": the treatment, ten of eleven years and a constant count.
    plain = variance_of(fit, "CR0").variance
    assert variance_of(fit, "CR1").variance == pytest.approx(plain * 50 / 49 * 549 / 538)


def test_a_difference_in_differences_equals_r(two_by_two, reference):
    effect = difference_in_differences(two_by_two, "y", "law", area="state", wave="year")
    expected = reference("did")["castle_2x2_fe_clubSandwich_CR2"]
    trusted = effect.trusted
    assert effect.estimate == pytest.approx(expected["est"], rel=1e-7)
    assert (trusted.method, trusted.standard_error, trusted.df, trusted.p) == (
        "CR2",
        pytest.approx(expected["se"], rel=1e-7),
        pytest.approx(expected["df"], rel=1e-7),
        pytest.approx(expected["p"], rel=1e-6),
    )
    assert (effect.treated, effect.comparison, effect.areas, effect.waves) == (17, 29, 46, 4)


@pytest.mark.parametrize("weights", ["webb", "rademacher"])
def test_the_wild_bootstrap_equals_another_program_within_its_monte_carlo_error(
    two_by_two, weights
):
    fit = least_squares(make_panel(two_by_two, "y", "law", area="state", wave="year"))
    got = wild_bootstrap(fit, weights=weights, draws=99_999)
    # wildboottest 0.3.2: .379 from 9 999 draws, whose Monte Carlo error is .005.
    assert got.p == pytest.approx(0.379, abs=3 * 0.005)
    assert got.low < fit.coefficients[0] < got.high
    assert wild_bootstrap(fit, weights=weights, draws=999).draws == 999


def test_few_clusters_have_all_their_sign_patterns_tried():
    rows = _study(4, 4, effect=2.0, seed=3)
    fit = least_squares(make_panel(rows, "y", "helped", area="area", wave="wave"))
    got = wild_bootstrap(fit, weights="rademacher")
    assert (got.exact, got.draws) == (True, 2**8)
    by_hand = _bootstrap_by_hand(rows)
    assert got.p == pytest.approx(by_hand, abs=1e-12)


@pytest.mark.parametrize("treated", [1, 2])
def test_clusters_that_can_reject_nothing_bound_nothing(treated):
    """Of five two sign patterns in thirty-two give the data again, more than 5 %."""
    rows = _study(treated, 5 - treated, effect=2.0, seed=4)
    got = wild_bootstrap(
        least_squares(make_panel(rows, "y", "helped", area="area", wave="wave")),
        weights="rademacher",
    )
    assert (got.low, got.high) == (-np.inf, np.inf)
    assert got.p >= 2 / 32


def test_where_areas_move_exactly_alike_there_is_an_estimate_and_no_test():
    rows = _study(8, 9, effect=0.0, seed=3)
    still = rows.assign(y=3.3 + 0.7 * rows.wave + 0.1 * rows.helped)
    effect = difference_in_differences(still, "y", "helped", area="area", wave="wave", sd=0.0)
    assert effect.estimate == pytest.approx(0.1)
    assert (effect.trusted, effect.in_sd) == (None, None)
    assert effect.trust.reason.startswith("No inference is trusted: all clusters of an arm moved")
    wild = next(one for one in effect.inferences if one.method == "wild bootstrap")
    assert np.isnan([wild.p, wild.low, wild.high]).all()
    start = still.assign(start=np.where(still.area < 8, still.wave.max(), 0))
    by_start = staggered_effects(start, "y", "start", area="area", wave="wave").overall.iloc[0]
    assert (by_start.standard_error, by_start.method) == (0, "")


def test_one_treated_area_is_held_against_all_others(organs, reference):
    effect = difference_in_differences(organs, "Rate", "asked", area="State", wave="Quarter_Num")
    expected = reference("did")
    by_name = {one.method: one for one in effect.inferences}
    assert effect.estimate == pytest.approx(expected["organ_donations_twfe"]["est"], rel=1e-6)
    assert by_name["randomisation of coefficients"].p == pytest.approx(
        expected["organ_permutation"]["p_two_sided"], abs=1e-6
    )
    # Twenty-seven assignments are too few, and CR1 would have called this p = .0025.
    assert effect.trusted is None
    assert "No inference is trusted" in effect.trust.reason


def test_effects_of_plans_that_start_apart_equal_the_published_ones(reference_data, reference):
    got = staggered_effects(
        reference_data("mpdta"), "lemp", "first.treat", area="countyreal", wave="year"
    )
    expected = reference("did")["mpdta_att_gt_never_varying_base"]
    for row in got.by_group.itertuples():
        ours = expected[f"{row.start:.0f}_{row.wave:.0f}"]
        assert row.estimate == pytest.approx(ours["att"], rel=1e-6)
        assert row.asymptotic_error == pytest.approx(ours["se_analytic"], rel=1e-6)
    simple, dynamic = got.overall.itertuples()
    assert simple.estimate == pytest.approx(reference("did")["mpdta_simple_att"], rel=1e-6)
    # Callaway & Sant'Anna's own pages on R's did 2.1: four decimals, SEs by bootstrap.
    by_exposure = got.by_exposure.set_index("exposure")
    assert by_exposure.estimate.round(4).loc[[-3, 0, 1, 2, 3]].tolist() == [
        0.0305,
        -0.0199,
        -0.0510,
        -0.1373,
        -0.1008,
    ]
    assert dynamic.estimate == pytest.approx(-0.0772, abs=5e-5)
    assert dynamic.asymptotic_error == pytest.approx(0.0200, abs=0.001)
    assert 1.96 < got.band < 3.2


@pytest.fixture
def counties(reference_data):
    """Every seventh county: groups of 3, 6 and 18 against 45 that never started."""
    frame = reference_data("mpdta")
    frame = frame[frame.countyreal.isin(np.sort(frame.countyreal.unique())[::7])]
    people = np.exp(frame.lpop)
    return frame.assign(people=people, root=np.sqrt(people))


@pytest.mark.parametrize("weights", [None, "root", "people"])
def test_effects_by_start_are_as_sure_as_clubsandwich_tells_of_small_groups(
    weights, counties, reference
):
    """Alike, or by the people in them, of whom the largest have a thousand times the smallest's."""
    keys = {"area": "countyreal", "wave": "year", "weights": weights}
    got = staggered_effects(counties, "lemp", "first.treat", base="universal", draws=0, **keys)
    told = reference("staggered")[weights] if weights else reference("staggered")
    simple, lengths = got.overall.itertuples()
    rows = [(simple, told["simple"]), (lengths, told["lengths"])]
    rows += [(row, told["exposure"][f"{row.exposure}"]) for row in got.by_exposure.itertuples()]
    later = got.by_group[got.by_group.exposure >= 0]
    rows += [(row, told["group"][f"{row.start:.0f}_{row.wave:.0f}"]) for row in later.itertuples()]
    for ours, theirs in rows:
        assert ours.estimate == pytest.approx(theirs["est"], rel=1e-8)
        assert ours.standard_error == pytest.approx(theirs["se"], rel=1e-8)
        assert ours.df == pytest.approx(theirs["df"], rel=1e-8)


def test_variances_and_df_are_exact_where_areas_miss_waves_or_start_alone(counties):
    """Of independent equal errors: the mean of the variances is the variance, by each unit vector."""
    random = np.random.default_rng(2)
    few = counties[(counties["first.treat"] > 0) | (counties.countyreal % 5 == 0)]
    frame = few[random.random(len(few)) > 0.15]
    frame = frame[(frame["first.treat"] != 2006) | (frame.countyreal == frame.countyreal.min())]
    one = counties.loc[counties["first.treat"] == 2006, "countyreal"].iloc[0]
    frame = pd.concat([frame, counties[counties.countyreal == one]]).drop_duplicates()
    keys = {"area": "countyreal", "wave": "year", "weights": "root", "draws": 0}
    panel = lay_out(frame, "lemp", "first.treat", "countyreal", "year", "root")
    seen = np.argwhere(~np.isnan(panel.wide))

    def parts(y):
        """Everything that the variance is a sum of squares of, linear in the outcomes."""
        made = replace(panel, wide=np.where(np.isnan(panel.wide), np.nan, y))
        cells, _ = cells_and_left_out(made, [2004, 2006, 2007], "not yet", "varying", None)
        mean = mean_of(made, [cell for cell in cells if cell.exposure >= 0])
        return mean, np.concatenate([mean.raised, *mean.borrowed.values()])

    columns = []
    for area, wave in seen:
        y = np.zeros(panel.wide.shape)
        y[area, wave] = 1.0
        columns.append((parts(y)[0].estimate, parts(y)[1]))
    loads, matrix = np.array([c[0] for c in columns]), np.array([c[1] for c in columns]).T
    gamma = matrix @ matrix.T
    mean, _ = parts(panel.wide)
    assert len(mean.borrowed) == 1
    assert np.trace(gamma) == pytest.approx((loads**2).sum(), rel=1e-10)
    assert mean.df == pytest.approx(np.trace(gamma) ** 2 / (gamma**2).sum(), rel=1e-10)
    got = staggered_effects(frame, "lemp", "first.treat", against="not yet", **keys).overall.iloc[0]
    assert got.df == mean.df
    assert got.standard_error == pytest.approx(np.sqrt((parts(panel.wide)[1] ** 2).sum()))


def test_starts_that_are_too_few_for_a_test_have_none(counties):
    got = staggered_effects(counties, "lemp", "first.treat", area="countyreal", wave="year")
    simple = got.overall.iloc[0]
    # Of three counties no test is told, and their start has no part in what is trusted.
    assert simple.method == "CR2"
    few = got.by_group[got.by_group.start == 2004]
    assert (few.method == "").all()
    assert few[["low", "high", "p"]].isna().all(axis=None)
    # Randomised starts agree where CR2 is to be trusted: its p is .0547.
    assert got.randomised.p_t == pytest.approx(simple.p, abs=0.03)


def test_starts_are_randomised_to_the_same_p_as_by_hand():
    """Two early and two late of eight areas: all 420 assignments, each mean and its t written out."""
    y = np.random.default_rng(5).normal(0, 1, (8, 4))
    true = (1, 1, 2, 2, 0, 0, 0, 0)

    def told(starts):
        starts = np.array(starts)
        # An area's part: the sum of its changes since its start; of others that of each group's.
        since = {g: sum(y[:, t] - y[:, g - 1] for t in range(g, 4)) for g in (1, 2)}
        cells = 2 * 3 + 2 * 2
        parts = {1: 2 * since[1], 2: 2 * since[2], 0: 2 * since[1] + 2 * since[2]}
        mean = {g: part[starts == g].mean() / cells for g, part in parts.items()}
        error = sum(
            part[starts == g].var(ddof=1) / (starts == g).sum() for g, part in parts.items()
        )
        estimate = mean[1] + mean[2] - mean[0]
        return abs(estimate), abs(estimate) / np.sqrt(error)

    frame = pd.DataFrame({"area": np.repeat(np.arange(8), 4), "wave": np.tile(range(4), 8)})
    frame = frame.assign(y=y.ravel(), start=frame.area.map(dict(enumerate(true))))
    got = staggered_effects(frame, "y", "start", area="area", wave="wave").randomised
    every = np.array([told(starts) for starts in sorted(set(permutations(true)))])
    assert (got.exact, got.drawn) == (True, len(every)) == (True, 420)
    shares = (every >= np.array(told(true)) * (1 - 1e-9)).mean(axis=0)
    assert [got.p_beta, got.p_t] == pytest.approx(shares)
    assert got.p_t != got.p_beta


def test_covariates_make_comparisons_doubly_robust_as_r_did_has_them(reference_data, reference):
    told = reference("parted_trends")["mpdta_lpop"]
    frame, keys = reference_data("mpdta"), {"area": "countyreal", "wave": "year"}
    got = staggered_effects(frame, "lemp", "first.treat", covariates=["lpop"], **keys)
    assert len(got.by_group) == len(told["att"])
    for row in got.by_group.itertuples():
        assert row.estimate == pytest.approx(
            told["att"][f"{row.start:.0f}_{row.wave:.0f}"], abs=5e-5
        )
    # All variances and covariances before the start are in this.
    assert got.pretest == pytest.approx(told["pretest_p"], abs=5e-6)
    # A category that nobody named, and one that the others add up to, change nothing.
    more = frame.assign(nobody=0.0, twice=2 * frame["lpop"] - 1)
    names = ["nobody", "lpop", "twice"]
    again = staggered_effects(more, "lemp", "first.treat", covariates=names, **keys)
    for column in ("estimate", "standard_error", "df"):
        assert again.by_group[column].to_numpy() == pytest.approx(got.by_group[column].to_numpy())


def test_covariates_that_leave_nobody_to_compare_with_are_refused(reference_data):
    frame, keys = reference_data("mpdta"), {"area": "countyreal", "wave": "year"}
    telling = frame.assign(tells=(frame["first.treat"] > 0).astype(float))
    with pytest.raises(StatisticsError, match="nobody resembles them"):
        staggered_effects(telling, "lemp", "first.treat", covariates=["tells"], **keys)
    with pytest.raises(StatisticsError, match="no such column"):
        staggered_effects(frame, "lemp", "first.treat", covariates=["income"], **keys)


def test_areas_that_are_all_treated_in_the_end_are_compared_with_those_not_yet(reference_data):
    frame = reference_data("mpdta")
    treated = frame[frame["first.treat"] > 0]
    with pytest.raises(StatisticsError, match="every area is treated in the end"):
        staggered_effects(treated, "lemp", "first.treat", area="countyreal", wave="year")
    got = staggered_effects(
        treated, "lemp", "first.treat", area="countyreal", wave="year", against="not yet"
    )
    assert got.never_treated == 0
    # Once the last have started there is nobody left to compare with.
    assert got.by_group.wave.max() == 2006


def test_years_that_plans_have_run_are_compared_with_whom_all_else_is():
    frame = pd.DataFrame({"area": np.repeat(np.arange(9), 3), "wave": np.tile([1, 2, 3], 9)})
    frame["start"] = np.repeat([2, 3, 0], 9)
    on = (frame.start > 0) & (frame.wave >= frame.start)
    frame = frame.assign(
        y=np.random.default_rng(1).normal(0, 1, 27), years=(frame.wave - 1.5).where(on)
    )
    one = {"area": "area", "wave": "wave", "years": "years", "draws": 0}
    got = staggered_effects(frame, "y", "start", against="not yet", **one)
    first = got.by_group.query("start == 2 and wave == 2").iloc[0]
    assert (first.comparison, len(got.by_years)) == (6, 2)
    assert got.by_years.comparison.iloc[0] == 6
    assert staggered_effects(frame, "y", "start", **one).by_years.comparison.iloc[0] == 3


def test_more_areas_than_assignments_can_be_counted_for_are_randomised():
    frame = pd.DataFrame({"area": np.repeat(np.arange(1_200), 2), "wave": np.tile([1, 2], 1_200)})
    frame["start"] = np.where(frame.area < 600, 2, 0)
    frame["y"] = np.random.default_rng(1).normal(0, 1, 2_400)
    got = staggered_effects(frame, "y", "start", area="area", wave="wave", draws=19).randomised
    assert (got.assignments, got.drawn, got.exact) == (np.inf, 20, False)


def test_growing_effects_are_recovered_where_two_way_effects_are_biased():
    """Recovery of a known truth: exposure 0, 1, 2, … has effect 1, 2, 3, …"""
    random = np.random.default_rng(11)
    areas = pd.DataFrame({"area": range(300), "start": random.choice([2, 4, 6, 0], 300)})
    frame = areas.merge(pd.DataFrame({"wave": range(1, 8)}), how="cross")
    on = (frame.start > 0) & (frame.wave >= frame.start)
    frame["true"] = np.where(on, frame.wave - frame.start + 1.0, 0.0)
    frame["y"] = frame.area % 7 + frame.wave * 0.5 + frame.true + random.normal(0, 1, len(frame))
    frame["on"] = on.astype(int)
    got = staggered_effects(frame, "y", "start", area="area", wave="wave").by_exposure
    later = got[got.exposure >= 0]
    assert (np.abs(later.estimate - later.exposure - 1) < 4 * later.standard_error).all()
    before = got[got.exposure < 0]
    assert (np.abs(before.estimate) < 4 * before.standard_error).all()
    two_way = least_squares(make_panel(frame, "y", "on", area="area", wave="wave"))
    assert two_way.coefficients[0] < frame.true[on].mean() - 0.3


def test_three_treated_areas_make_the_report_refuse_what_rejects_too_often():
    random = np.random.default_rng(20260101)
    rejected = 0
    for _ in range(300):
        rows = _study(3, 21, effect=0.0, seed=random)
        fit = least_squares(make_panel(rows, "y", "helped", area="area", wave="wave"))
        variance = variance_of(fit, "CR1")
        rejected += abs(fit.coefficients[0]) > 2.069 * variance.variance**0.5
    assert rejected / 300 > 0.10  # at a nominal 5 %: three standard errors above it is .088
    effect = difference_in_differences(rows, "y", "helped", area="area", wave="wave", draws=999)
    assert effect.trust.method == "randomisation"
    assert "3 treated clusters" in effect.trust.reason


def test_the_trusted_interval_covers_the_truth_as_often_as_it_says():
    random = np.random.default_rng(20260102)
    held = 0
    for _ in range(400):
        rows = _study(12, 12, effect=1.5, seed=random)
        fit = least_squares(make_panel(rows, "y", "helped", area="area", wave="wave"))
        variance = variance_of(fit, "CR2")
        held += abs(fit.coefficients[0] - 1.5) < _t(variance.df) * variance.variance**0.5
    assert held / 400 == pytest.approx(0.95, abs=3 * 0.011)


def test_the_randomisation_interval_holds_the_effects_that_are_not_rejected():
    rows = _study(3, 9, effect=4.0, seed=5)
    effect = difference_in_differences(rows, "y", "helped", area="area", wave="wave", draws=999)
    low, high = effect.trusted.low, effect.trusted.high
    assert low < effect.estimate < high
    for moved, inside in ((low - 0.05, False), (low + 0.05, True), (high + 0.05, False)):
        shifted = rows.assign(y=rows.y - moved * rows.helped)
        again = difference_in_differences(
            shifted, "y", "helped", area="area", wave="wave", draws=999
        )
        assert (again.trusted.p > 0.05) is inside


def test_other_areas_are_held_against_by_t_since_their_coefficients_are_not_alike():
    """By hand: three of nine areas of unlike sizes, each of 84 assignments regressed anew."""
    rows = _study(3, 6, effect=1.0, seed=8)
    rows["w"] = np.repeat([1.0, 9, 2, 7, 3, 1, 8, 2, 5], 2)
    found = difference_in_differences(
        rows, "y", "helped", area="area", wave="wave", weights="w", draws=99
    )
    told = []
    for chosen in combinations(range(9), 3):
        other = rows.assign(helped=(rows.area.isin(chosen) & (rows.wave == 2)).astype(int))
        fit = least_squares(make_panel(other, "y", "helped", area="area", wave="wave", weights="w"))
        beta = fit.coefficients[0]
        told.append((abs(beta), abs(beta) / variance_of(fit, "CR1").variance ** 0.5))
    by_beta, by_t = (np.array(told) >= np.array(told[0]) * (1 - 1e-9)).mean(axis=0)
    p = {one.method: one.p for one in found.inferences}
    assert p["randomisation"] == pytest.approx(by_t)
    assert p["randomisation of coefficients"] == pytest.approx(by_beta)
    assert by_t != by_beta


def test_areas_that_tell_nothing_of_the_effect_are_not_counted_for_trust():
    """Of one wave alone there is no change, and what is always treated never changes."""
    rows = _study(17, 20, effect=0.0, seed=3)
    once = rows.area.between(5, 14) | (rows.area == 20)
    rows = rows.assign(once=once)[~once | (rows.wave == 2)]
    rows.loc[rows.area.between(15, 16), "helped"] = 1
    got = difference_in_differences(rows, "y", "helped", area="area", wave="wave", draws=99)
    assert (got.treated, got.comparison, got.silent) == (5, 19, 13)
    assert got.trust.method == "randomisation"
    without = difference_in_differences(
        rows[~rows.once], "y", "helped", area="area", wave="wave", draws=99
    )
    assert got.to_frame().equals(without.to_frame())
    # Persons' covariates leave a trace of such areas, which tells nothing of the effect either.
    people = pd.concat([rows] * 3, ignore_index=True)
    people["x"] = np.random.default_rng(1).normal(size=len(people))
    with_x = difference_in_differences(
        people, "y", "helped", area="area", wave="wave", covariates=["x"], draws=99
    )
    assert (with_x.treated, with_x.comparison) == (5, 19)


def test_two_waves_leave_trends_before_unseen_and_say_so():
    effect = difference_in_differences(
        _study(8, 8, effect=1.0, seed=1), "y", "helped", area="area", wave="wave", draws=99
    )
    assert "cannot be checked" in effect.pre_period
    assert effect.to_frame().trusted.sum() == 1
    assert "cannot be checked" in str(effect)


def test_many_tests_are_adjusted_as_r_does(reference):
    numbers = reference("effects")
    assert holm(numbers["p"]) == pytest.approx(numbers["holm"])
    assert false_discovery_rate(numbers["p"]) == pytest.approx(numbers["bh"])


def test_what_can_be_detected_equals_the_design_papers_numbers():
    """Closed form: areas 10 + 10 and 30 + 30 with ICC .03, 60 answers, stability .7, 80 % power."""
    small = minimum_detectable_effect(10, 10, 60, icc=0.03, normal=True)
    large = minimum_detectable_effect(30, 30, 60, icc=0.03, normal=True)
    assert (round(small.effect, 2), round(large.effect, 2)) == (0.28, 0.16)


def test_what_can_be_detected_is_detected_that_often():
    """Recovery: the power asked for is the share of simulated studies that reject."""
    found = minimum_detectable_effect(12, 12, 60, icc=0.03)
    random = np.random.default_rng(8)
    rejected = 0
    for _ in range(400):
        rows = _study(12, 12, effect=found.effect, seed=random, sd=1.0)
        fit = least_squares(make_panel(rows, "y", "helped", area="area", wave="wave"))
        variance = variance_of(fit, "CR2")
        rejected += abs(fit.coefficients[0]) > _t(variance.df) * variance.variance**0.5
    assert rejected / 400 == pytest.approx(0.8, abs=3 * 0.02)


def test_a_finding_ends_where_trends_part_as_far_as_its_interval_lies_from_zero():
    assert [breakdown(0.5, 3.5), breakdown(-4, -1.5), breakdown(-0.5, 3.5)] == [0.5, 1.5, 0]
    with pytest.raises(ValueError, match="begins at 2"):
        breakdown(2, 1)


def test_a_small_sure_effect_is_equivalent_to_none_and_an_unsure_one_is_not():
    assert equivalence(0.2, 0.5, 40, 2.0).equivalent
    unsure = equivalence(0.2, 2.0, 40, 2.0)
    assert not unsure.equivalent
    assert unsure.high - unsure.low == pytest.approx(2 * 1.6838510 * 2.0)


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        ({"drop": "helped"}, {}, "helped: the frame has no such column"),
        ({"y": "much"}, {}, "y: it holds"),
        ({"wave": 1}, {}, "there is one wave"),
        ({"helped": 0}, {}, "does not change within any area"),
        ({"helped": 2}, {}, "outside 0 to 1"),
        ({"w": 0.0}, {"weights": "w"}, "not above zero"),
        ({"region": [0, 1] * 16}, {"cluster": "region"}, "lies in more than one region"),
        ({"region": 1}, {"cluster": "region"}, "fewer than three clusters"),
    ],
)
def test_a_frame_that_cannot_show_an_effect_is_refused_in_words(change, options, said):
    rows = _study(8, 8, effect=0.0, seed=1)
    rows = rows.drop(columns=change["drop"]) if "drop" in change else rows.assign(**change)
    with pytest.raises(StatisticsError, match=said):
        difference_in_differences(rows, "y", "helped", area="area", wave="wave", **options)


def test_an_area_that_comes_twice_in_a_wave_or_starts_twice_is_refused(reference_data):
    frame = reference_data("mpdta")
    keys = {"area": "countyreal", "wave": "year"}
    with pytest.raises(StatisticsError, match="more than one row"):
        staggered_effects(pd.concat([frame, frame[:1]]), "lemp", "first.treat", **keys)
    frame = frame.copy()
    frame.loc[frame.index[0], "first.treat"] = 2004
    with pytest.raises(StatisticsError, match="changes over waves"):
        staggered_effects(frame, "lemp", "first.treat", **keys)


@pytest.mark.parametrize("module", ["difference", "detectable", "multiplicity"])
def test_the_examples_in_the_documentation_run(module):
    found = doctest.testmod(import_module(f"processing.effects.{module}"))
    assert found.attempted
    assert found.failed == 0


def test_the_same_seed_gives_the_same_frame():
    rows = _study(3, 12, effect=1.0, seed=2)
    one, two = (
        difference_in_differences(rows, "y", "helped", area="area", wave="wave").to_frame()
        for _ in range(2)
    )
    assert json.dumps(one.to_dict("records")) == json.dumps(two.to_dict("records"))


def _study(treated, others, *, effect, seed, sd=10.0, icc=0.03, stability=0.7, answers=60):
    """Area means in two waves, on a scale whose persons have this SD."""
    random = np.random.default_rng(seed)
    areas = treated + others
    lasting = random.normal(0, np.sqrt(icc * stability), areas)
    waves = [
        lasting
        + random.normal(0, np.sqrt(icc * (1 - stability)), areas)
        + random.normal(0, np.sqrt((1 - icc) / answers), areas)
        for _ in range(2)
    ]
    frame = pd.DataFrame(
        {"area": np.repeat(np.arange(areas), 2), "wave": np.tile([1, 2], areas), "w": 1.0}
    )
    frame["helped"] = ((frame.area < treated) & (frame.wave == 2)).astype(int)
    frame["y"] = 50 + sd * np.column_stack(waves).ravel() + effect * frame.helped
    return frame


def _t(df):
    return stats.t(df).ppf(0.975)


def _bootstrap_by_hand(rows):
    """The same test written out: every sign pattern, each regression anew."""
    panel = make_panel(rows, "y", "helped", area="area", wave="wave")
    fit = least_squares(panel)
    others = panel.design[:, 1:]
    rest = panel.response - others @ np.linalg.lstsq(others, panel.response, rcond=None)[0]
    clusters = np.repeat(np.arange(panel.size), np.diff(panel.bounds))

    def t_of(response):
        beta = np.linalg.lstsq(panel.design, response, rcond=None)[0]
        left = response - panel.design @ beta
        scores = panel.sums(panel.design * left[:, None]) @ fit.bread[0]
        return abs(beta[0]) / np.sqrt((scores**2).sum())

    observed = t_of(panel.response)
    hits = [
        t_of(rest * np.array([(bits >> g & 1) * 2 - 1 for g in range(panel.size)])[clusters])
        >= observed * (1 - 1e-9)
        for bits in range(2**panel.size)
    ]
    return np.mean(hits)


def test_starts_that_lack_are_not_told_of_an_effect_that_is_not_made_by_start():
    """One start, and none of its areas seen in the last wave: the two-way effect is of the others."""
    rows = pd.DataFrame(
        [
            (f"a{area:02}", wave, float(area % 5 + wave * (area < 6)), area < 6 and wave > 1)
            for area in range(12)
            for wave in (1, 2, 3)
            if wave < 3 or area >= 6
        ],
        columns=["unit", "wave", "y", "treated"],
    ).assign(weight=1.0, years=0.0)
    rows = rows.assign(treated=rows["treated"].astype(int))
    rows["start"] = rows["unit"].isin(rows.loc[rows["treated"] == 1, "unit"]) * 2.0
    plan = plan_of(b"primary: [a]\ntreatment: [b]\ndraws: 99\n")
    told = headline(rows, rows, plan, covariates=(), shares=(), sd=1.0)
    assert told.told.estimator != STAGGERED
    assert told.later.left_out
    assert told.left_out == ()
