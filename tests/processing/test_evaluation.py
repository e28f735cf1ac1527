import doctest
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy import stats

from instruments import make_form
from processing import (
    AreasDrawn,
    KnownModel,
    PeopleDrawn,
    StatisticsError,
    Study,
    build_codebook,
    difference_in_differences,
    draw_study,
    evaluate,
    plan_of,
    read_plan,
    study_measures,
    write_drawn_study,
)
from processing.effects import analysis_plan
from processing.effects.evaluation import _adjusted
from processing.effects.headline import by_start, headline
from processing.effects.registration import registration
from processing.effects.told_effect import told_effect
from processing.effects.treatment import of_frame
from processing.telling.report import report
from survey.cli import beboerpuls

SCALES = {
    "tryghed_t1": ["home_night", "stairs", "out_day", "out_dark", "children"],
    "trivsel_v3": ["talk", "name", "favours", "ask", "together", "activities"],
}
PLAN = b"primary: [tryghed_t1]\nsecondary: [trivsel_v3]\ntreatment: [helhedsplan]\ndraws: 199\n"


@pytest.fixture(scope="session")
def form_codebook():
    form = make_form(["tryghed", "trivsel", "background"], ["da", "ar"])
    return build_codebook(form, wave_year=2026)


@pytest.fixture
def model():
    columns = {scale: [f"{scale}_{item}" for item in items] for scale, items in SCALES.items()}
    return KnownModel.simple(columns, loading=0.75, correlation=0.4)


@pytest.fixture
def make_study(form_codebook, model, tmp_path):
    """A drawn study as a frozen dataset."""

    def make(areas, people=None, *, seed=1, plans=None):
        drawn = draw_study(model, areas, people, seed=seed)
        folder = tmp_path / f"drawn-{seed}"
        return write_drawn_study(drawn, form_codebook, folder, analysis_plans=plans), drawn

    return make


def test_an_effect_that_is_there_is_found_and_told_as_the_plan_said(make_study):
    plan = plan_of(PLAN)
    study, _ = make_study(
        AreasDrawn(60, [2] * 30, effects=[0.4]), plans={2: ["another", plan.hash]}
    )
    found = evaluate(study, plan)
    by = found.effects.set_index(["scale", "cohort"])
    primary = by.loc[("tryghed_t1", "all")]
    assert (primary.kind, primary.primary, primary.method) == ("confirmatory", True, "CR2")
    assert (primary.treated, primary.comparison, primary.waves) == (30, 30, 2)
    assert primary.low > 0
    # .4 SD of the trait is .365 of a score, which carries its own noise; over draws its SD is .077.
    assert primary.in_sd == pytest.approx(0.365, abs=3 * 0.077)
    assert by.loc[("trivsel_v3", "all")].kind == "confirmatory"
    assert by.loc[("tryghed_t1", "stayer")].kind == "exploratory"
    assert "cannot be checked" in primary.pre_period
    # Two plans were there in time, and every row says so.
    assert set(found.effects.plans) == {2}
    assert "one of 2 plans registered before data of wave 2" in str(found.registration)
    # Confirmatory is the plan's inference alone: the other methods are checks of robustness.
    methods = found.inferences.query("scale == 'tryghed_t1' and cohort == 'all'")
    assert methods.set_index("method").kind.eq("confirmatory").sum() == 1
    assert methods.set_index("method").kind["CR2"] == "confirmatory"
    assert set(found.trends.kind) == {"exploratory"}
    # By one command: the 90 % interval against the margin, and what could have been found.
    assert primary.low < primary.equivalence_low < primary.equivalence_high < primary.high
    reach = stats.t(primary.df).ppf([0.975, 0.8]).sum()
    assert primary.detectable == pytest.approx(reach * primary.standard_error)
    assert (
        primary.n
        == found.measures.measures.means.query(
            "scale == 'tryghed_t1' and cohort == 'all' and level == 'afdeling'"
        ).n.sum()
    )
    assert "tryghed_t1, all residents" in str(found)


def test_neighbourliness_is_told_with_and_without_taking_part_in_activities(make_study):
    study, _ = make_study(AreasDrawn(24, [2] * 12))
    found = evaluate(study, plan_of(PLAN))
    names = set(found.effects.scale)
    assert {"trivsel_v3", "trivsel_v3_without_activities"} <= names


@pytest.mark.parametrize(
    ("named", "before", "plans"),
    [
        ({}, False, 0),
        # Known before the baseline was frozen, and before that of the second wave before the start.
        ({1: ["p"], 2: ["p"], 3: ["p"], 4: ["p"]}, True, 1),
        ({3: ["p", "q"], 4: ["p", "q", "r"]}, True, 2),
        # Registered when the first wave with treated areas had been looked at.
        ({4: ["p"]}, False, 0),
        # The last wave was frozen first, before there was a plan.
        ({2: ["p"], 3: ["p"]}, False, 0),
    ],
)
def test_a_plan_is_confirmatory_that_came_before_any_data_of_treated_areas(named, before, plans):
    waves = [
        SimpleNamespace(wave=wave, manifest={"analysis_plans": named.get(wave, [])})
        for wave in (1, 2, 3, 4)
    ]
    treated = pd.DataFrame(
        {
            "unit": np.repeat(["a", "b"], 4),
            "wave": [1, 2, 3, 4] * 2,
            "treated": [0, 0, 1, 1] + [0] * 4,
        }
    )
    got = registration(SimpleNamespace(waves=waves), "p", treated)
    assert (got.before, got.plans, got.follow_up) == (before, plans, 3)
    assert ("not registered before data of wave 3" in str(got)) is not before


def test_areas_without_a_before_and_waves_after_a_plans_end_are_left_out_and_told():
    by = pd.DataFrame(
        [
            (unit, wave, treated, float(treated))
            for unit, row in {
                "always": [1, 1, 1, 1],
                "early": [1, 0, 0, 1],
                "ends": [0, 1, 0, 1],
                "lasts": [0, 0, 1, 1],
                "never": [0, 0, 0, 0],
            }.items()
            for wave, treated in enumerate(row, start=1)
        ],
        columns=["unit", "wave", "treated", "years"],
    )
    got = of_frame(by)
    assert (got.always, got.ended, got.starts) == (("always", "early"), ("ends",), 2)
    kept = got.frame.groupby("unit").agg(waves=("wave", "max"), start=("start", "max"))
    assert kept.to_dict("index") == {
        "ends": {"waves": 2, "start": 2},
        "lasts": {"waves": 4, "start": 3},
        "never": {"waves": 4, "start": 0},
    }


def _growing(starts, *, waves=5, seed=1, slope=4.0):
    """Means of areas whose effect grows by `slope` a wave, with noise of one."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        [
            (f"a{area}", wave, start)
            for area, start in enumerate(starts)
            for wave in range(1, waves + 1)
        ],
        columns=["unit", "wave", "start"],
    )
    on = (frame.start > 0) & (frame.wave >= frame.start)
    since = (frame.wave - frame.start + 1).where(on, 0)
    return frame.assign(
        treated=on.astype(int), years=since.where(on), n=20, weight=10.0,
        y=50 + slope * since + random.normal(0, 1, len(frame)),
    )  # fmt: skip


def test_plans_that_start_apart_are_told_by_start_and_never_by_two_way_effects():
    """Two-way effects take growth of early starters for a fall of late ones: here by a third."""
    means = _growing([2] * 8 + [4] * 8 + [0] * 8)
    plan = plan_of(PLAN)
    one = headline(means, means, plan, covariates=[], shares=[], sd=20.0)
    true = 4 * np.mean([1, 2, 3, 4, 1, 2])
    assert one.told.estimator == "doubly robust, staggered"
    assert one.told.trusted.low < true < one.told.trusted.high
    assert one.told.estimate == pytest.approx(true, abs=0.6)
    assert one.beside.estimator == "two-way fixed effects"
    assert one.beside.estimate < true - 1.5
    told = told_effect(one, plan, "tryghed_t1", "all", before=True, plans=1)
    assert (told["kind"], told["method"], told["treated"]) == ("confirmatory", "CR2", 16)
    # A plan of a method that is not had of starts: another stands in, and confirms nothing.
    other = told_effect(
        one, plan_of(PLAN + b"inference: CR3"), "tryghed_t1", "all", before=True, plans=1
    )
    assert (other["kind"], other["method"]) == ("exploratory", "CR2")
    assert "The plan names CR3, which is not had here" in other["trust"]


def test_plans_that_start_apart_in_few_areas_are_randomised_and_alone_tell_nothing():
    means = _growing([2] * 2 + [3] * 3 + [0] * 9, waves=4)
    one = headline(means, means, plan_of(PLAN), covariates=[], shares=[], sd=20.0)
    assert one.told.trust.method == "randomisation"
    assert one.told.trusted.low < one.told.estimate < one.told.trusted.high
    # No start and no length of exposure has areas enough for a test of its own.
    frame = one.later.to_frame()
    assert (frame.method == "").all()
    assert frame[["low", "high", "p"]].isna().all(axis=None)
    assert np.isnan(told_effect(one, plan_of(PLAN), "t", "all", before=True, plans=1)["pretest"])
    single = _growing([2, 3] + [0] * 4, waves=3)
    alone = headline(single, single, plan_of(PLAN), covariates=[], shares=[], sd=20.0)
    assert (alone.told.trust.method, alone.told.trusted) == ("", None)


def test_an_area_that_starts_alone_varies_as_those_of_other_starts_do():
    means = _growing([2] * 10 + [3] * 10 + [4] + [0] * 20)
    one = headline(means, means, plan_of(PLAN), covariates=[], shares=[], sd=20.0)
    assert one.told.trust.method == "CR2"
    assert "1 area starts alone" in one.told.trust.reason
    row = one.later.overall.iloc[0]
    assert (row.treated, row.alone) == (21, 1)
    assert 20 < row.df < 40
    # Its own effect has that variance too, and no test: one area is none.
    own = one.later.by_group.query("start == 4 and wave == 5").iloc[0]
    wide = means.pivot_table(index="unit", columns="wave", values="y")
    change = (wide[5] - wide[3]).groupby(means.drop_duplicates("unit").set_index("unit").start)
    squares = change.var() * (change.size() - 1)
    lent = squares[[2, 3]].sum() / 18
    assert own.standard_error**2 == pytest.approx(lent + change.var()[0] / 20)
    assert own.method == ""


def test_effects_are_told_by_whole_years_that_plans_have_run():
    """Two waves, and plans that began one, two and three years before the second: three comparisons."""
    means = _growing([2] * 24 + [0] * 10, waves=2)
    begun = means.unit.str[1:].astype(int) % 3 + 1.4
    means["years"] = begun.where(means.treated == 1)
    means["y"] += 3 * means.years.fillna(0)
    one = headline(means, means, plan_of(PLAN), covariates=[], shares=[], sd=20.0)
    change = means.pivot_table(index="unit", columns="wave", values="y").diff(axis=1)[2]
    years = means[means.treated == 1].set_index("unit").years.reindex(change.index)
    for row, k in zip(one.later.by_years.itertuples(), (1, 2, 3), strict=True):
        # Welch's t of the changes, as scipy has it.
        told = stats.ttest_ind(change[years == k + 0.4], change[years.isna()], equal_var=False)
        assert row.years == k
        assert row.estimate / row.standard_error == pytest.approx(told.statistic)
        assert (row.treated, row.comparison, row.method) == (8, 10, "CR2")
        assert row.low < 4 + 3 * (k + 0.4) < row.high


def test_where_starts_cannot_be_compared_two_way_effects_stand_in_without_a_test():
    means = _growing([2] * 8 + [4] * 8 + [0] * 8)
    # A share that is the treatment itself leaves nobody to compare with.
    means["telling"] = (means.start > 0).astype(float)
    one = headline(means, means, plan_of(PLAN), covariates=[], shares=["telling"], sd=20.0)
    assert one.told.trusted is None
    assert "mix late starters with early ones" in one.told.trust.reason
    assert "areas that start in wave 4 (a10, a11," in one.told.trust.reason
    assert "covariates tell them from all others" in one.told.trust.reason
    told = told_effect(one, plan_of(PLAN), "tryghed_t1", "all", before=True, plans=1)
    assert (told["kind"], told["method"]) == ("exploratory", "")


def test_starts_that_nothing_can_be_told_of_are_named_with_the_reason():
    plan = plan_of(PLAN)
    # Every area is treated in the end: from wave 4 on nobody is left to compare with.
    every = _growing([2] * 8 + [3] * 8 + [4] * 2)
    one = headline(every, every, plan, covariates=[], shares=[], sd=20.0)
    told = {(left.start, left.whole): (left.waves, left.why) for left in one.left_out}
    assert told == {
        (2, False): ((4, 5), "nobody"),
        (3, False): ((4, 5), "nobody"),
        (4, True): ((4, 5), "nobody"),
    }
    assert told_effect(one, plan, "t", "all", before=True, plans=1)["left_out"].endswith(
        "Left out: areas that start in wave 4 (a16, a17); no area that was untreated then was seen in the"
        " same waves."
    )
    # One start was not seen in the wave before it, another in one wave alone.
    means = _growing([2] * 8 + [3] * 8 + [4] + [5] + [0] * 8)
    means = means[~((means.unit == "a16") & (means.wave == 3))]
    means = means[~((means.unit == "a17") & (means.wave > 1))]
    seen = headline(means, means, plan, covariates=[], shares=[], sd=20.0)
    assert [(left.start, left.areas, left.whole, left.why) for left in seen.left_out] == [
        (5, ("a17",), True, "unseen"),
        (4, ("a16",), True, "unseen"),
    ]
    assert (
        told_effect(seen, plan, "tryghed_t1", "all", before=True, plans=1)["kind"] == "confirmatory"
    )


def test_a_lone_area_that_covariates_tell_from_all_others_is_named_and_the_rest_explores():
    plan = plan_of(PLAN)
    means = _growing([2] * 10 + [3] * 10 + [4] + [0] * 20)
    share = np.random.default_rng(2).normal(0.5, 0.1, 41)
    share[20] = 0.95
    means["share"] = share[means.unit.str[1:].astype(int)]
    one = headline(means, means, plan, covariates=["share"], shares=["share"], sd=20.0)
    assert [(left.start, left.areas, left.why) for left in one.left_out] == [
        (4, ("a20",), "covariates")
    ]
    row = told_effect(one, plan, "tryghed_t1", "all", before=True, plans=1)
    assert (row["estimator"], row["method"], row["treated"], row["kind"]) == (
        "doubly robust, staggered", "CR2", 20, "exploratory",
    )  # fmt: skip
    assert row["low"] < 4 * np.mean([1, 2, 3, 4, 1, 2, 3]) < row["high"]
    # What is not had of effects by start says why, and too few areas with covariates too.
    assert set(one.withheld) == {
        "CR1", "CR3", "wild bootstrap", "randomisation", "randomisation of coefficients",
    }  # fmt: skip
    assert "where covariates are named" in one.withheld["randomisation"]
    few = means[means.unit.isin([f"a{area}" for area in (0, 1, 2, 10, 11, 12, *range(21, 30))])]
    small = headline(few, few, plan, covariates=["share"], shares=["share"], sd=20.0)
    assert small.told.trust.method == ""
    assert "Starts are not drawn anew where covariates are named" in small.told.trust.reason


def test_lines_leave_out_what_the_effect_does_and_primary_scales_without_p_count():
    by = pd.DataFrame(
        [(unit, wave, int(on), np.nan) for unit, row in
         {"a": "0110", "b": "0011", "c": "0000"}.items() for wave, on in enumerate(map(int, row), 1)],
        columns=["unit", "wave", "treated", "years"],
    )  # fmt: skip
    means = by[["unit", "wave"]].assign(scale="t", mean=50.0)
    means = means[~((means.unit == "b") & (means.wave < 3))]
    told = of_frame(by).arms(means)
    # After its end in wave 4 a is in no line; b was not seen before its start.
    assert told.groupby("unit").wave.apply(list).to_dict() == {"a": [1, 2, 3], "c": [1, 2, 3, 4]}
    assert told.groupby("unit").treated.max().to_dict() == {"a": 1, "c": 0}
    effects = pd.DataFrame(
        {
            "scale": ["tryghed_t1", "trivsel_v1"],
            "cohort": "all",
            "primary": True,
            "p": [0.03, np.nan],
        }
    )
    plan = plan_of(PLAN.replace(b"[tryghed_t1]", b"[tryghed_t1, trivsel_v1, beboerdemokrati_b2]"))
    assert _adjusted(effects, plan).p_adjusted.iloc[0] == pytest.approx(0.09)


def test_areas_weigh_by_their_answers_where_the_plan_says_so_however_plans_start():
    means = _growing([2] * 8 + [4] * 8 + [0] * 8)
    # Those that start early have nine times the answers, and longer exposure.
    means["weight"] = np.where(means.start == 2, 90.0, 10.0)
    equal, answers = (
        by_start(means, plan_of(PLAN + added), []).overall.estimate[0]
        for added in (b"", b"weighting: answers")
    )
    assert equal == pytest.approx(4 * np.mean([1, 2, 3, 4, 1, 2]), abs=0.6)
    assert answers == pytest.approx(4 * np.average([2.5, 1.5], weights=[36, 2]), abs=0.6)


def test_three_treated_areas_get_no_test_that_rejects_too_often(make_study):
    study, _ = make_study(AreasDrawn(24, [2] * 3))
    found = evaluate(study, plan_of(PLAN)).effects
    assert set(found.method) == {"randomisation"}
    assert found.standard_error.isna().all()


def test_persons_and_area_means_tell_the_same_story(make_study):
    study, _ = make_study(AreasDrawn(40, [2] * 20, effects=[0.5]))
    areas = evaluate(study, plan_of(PLAN)).effects.set_index(["scale", "cohort"])
    persons = evaluate(study, plan_of(PLAN + b"units: persons\n")).effects
    persons = persons.set_index(["scale", "cohort"])
    key = ("tryghed_t1", "all")
    # Every area alike, as the plan weights: persons then give the very effect of areas' means.
    assert persons.estimate[key] == pytest.approx(areas.estimate[key], rel=1e-9)
    assert persons.rows[key] > areas.rows[key]
    by_answers = evaluate(study, plan_of(PLAN + b"units: persons\nweighting: answers\n")).effects
    by_answers = by_answers.set_index(["scale", "cohort"])
    assert by_answers.estimate[key] != pytest.approx(areas.estimate[key], rel=1e-3)


def test_plans_that_start_apart_show_their_effect_by_exposure(model, form_codebook, tmp_path):
    days = ["2020-05-01", "2022-05-01", "2024-05-01", "2026-05-01"]
    areas = AreasDrawn(90, [2] * 30 + [3] * 30, days, effects=[0.2, 0.6, 1.0], invited=120)
    drawn, plan = draw_study(model, areas, seed=1), plan_of(PLAN)
    for tables in drawn.tables.values():
        # One area had its plan before the first wave, and another's ended before the last.
        dated = tables["area_plan"].set_index("area")
        dated.loc["9000-000", "valid_from"] = "2019-01-01"
        dated.loc["9000-001", "valid_to"] = "2025-01-01"
        # A third had the same plan long ago, which says nothing of how long this one has run.
        ago = dated.loc[["9000-002"]].assign(valid_from="2008-01-01", valid_to="2012-12-31")
        tables["area_plan"] = pd.concat([ago, dated]).reset_index()
    named = {wave: [plan.hash] for wave in (2, 3, 4)}
    study = write_drawn_study(drawn, form_codebook, tmp_path / "apart", analysis_plans=named)
    evaluated = evaluate(study, plan)
    told = evaluated.effects.query("cohort == 'all'").set_index("scale").loc["tryghed_t1"]
    assert (told.estimator, told.kind) == ("doubly robust, staggered", "confirmatory")
    assert (told.always_treated, told.ended, told.treated) == (1, 1, 59)
    by = evaluated.inferences.query("scale == 'tryghed_t1' and cohort == 'all'")
    assert set(by[by.estimator == "two-way fixed effects"].kind) == {"exploratory"}
    mine = by[by.estimator == told.estimator].set_index("method")
    assert mine.loc[["CR1", "CR3", "wild bootstrap"]].p.isna().all()
    assert mine.loc["CR3"].note.startswith("not for effects by start")
    assert (mine.loc[["CR2", "randomisation"]].note == "").all()
    # The same row stands among the effects by exposure, and nothing else there is confirmatory.
    over = evaluated.staggered.query("kind == 'confirmatory' and scale == 'tryghed_t1'")
    assert over.over.tolist() == ["treated area-waves"]
    assert over[["estimate", "low", "high"]].to_numpy()[0] == pytest.approx(
        told[["estimate", "low", "high"]].to_numpy(float)
    )
    found = evaluated.staggered
    grows = found[(found.scale == "tryghed_t1") & (found.cohort == "all")]
    by_exposure = grows[grows.what == "exposure"].set_index("exposure").estimate
    assert by_exposure[2] > by_exposure[1] > by_exposure[0] > 0
    # On the day itself an anniversary has come: two waves later two years have run, leap or not.
    assert grows[grows.what == "years"].years.tolist() == [0, 2, 4]
    before = grows[(grows.what == "exposure") & (grows.exposure < 0)]
    assert (before.low.lt(0) & before.high.gt(0)).all()
    # Those that start in wave 3 have two waves before: a pre-test, and bounds on parted trends.
    assert told.pretest > 0.001
    parted = evaluated.parted.query("scale == 'tryghed_t1' and restriction == 'magnitudes'")
    assert parted.low.is_monotonic_decreasing
    assert parted.high.is_monotonic_increasing


def test_the_contents_of_answers_that_come_more_from_the_content_are_biased_as_they_were_drawn(
    model,
):
    areas = AreasDrawn(200, [], invited=60)
    even = draw_study(model, areas, PeopleDrawn(), seed=3).waves[1]
    uneven = draw_study(model, areas, PeopleDrawn(response_slope=0.8), seed=3).waves[1]
    items = list(model.items)
    assert uneven[items].to_numpy().mean() > even[items].to_numpy().mean() + 0.2


def test_a_drawn_study_has_the_response_panel_and_modes_it_was_given(model):
    people = PeopleDrawn(response=0.3, panel=0.5, paper=[0.1, 0.6], paper_effect=-0.5)
    drawn = draw_study(model, AreasDrawn(100, [], invited=60), people, seed=4)
    first, second = drawn.waves[1], drawn.waves[2]
    assert len(first) / 6000 == pytest.approx(0.3, abs=0.02)
    assert (second["mode"] == 2).mean() == pytest.approx(0.6, abs=0.03)
    known = second.panel.isin([f"p{one}" for one in range(6000)])
    assert known.mean() == pytest.approx(0.5, abs=0.03)
    items = list(model.items)
    by_mode = second.groupby("mode")[items].mean().mean(axis=1)
    assert by_mode[2] < by_mode[1] - 0.3
    again = draw_study(model, AreasDrawn(100, [], invited=60), people, seed=4)
    pd.testing.assert_frame_equal(again.rows, drawn.rows)


def test_a_panel_that_tires_loses_those_who_answered_before_and_the_unhappy_first(model):
    areas = AreasDrawn(80, [], invited=60)
    faithful = PeopleDrawn(panel=1.0, response=0.5)
    tired = PeopleDrawn(panel=1.0, response=0.5, panel_loss=0.6, panel_loss_slope=-1.0)
    items = list(model.items)

    def again(people):
        first, second = (draw_study(model, areas, people, seed=6).waves[w] for w in (1, 2))
        both = second[second.panel.isin(first.panel)]
        return len(both) / len(first), both[items].to_numpy().mean()

    share, level = again(faithful)
    less, higher = again(tired)
    assert share == pytest.approx(0.5, abs=0.03)
    assert less == pytest.approx(0.5 * 0.41, abs=0.04)  # Of a logistic with slope −1 about .41 stay
    assert higher > level + 0.1


def test_measures_of_a_dataset_know_its_units_response_and_panel(make_study):
    study, drawn = make_study(AreasDrawn(12, [2] * 6, invited=80))
    found = study_measures(study, ["tryghed_t1"])
    means = found.measures.means
    assert set(means.level) == {"afdeling", "plan", "study"}
    assert set(means.cohort) == {"all", "stayer", "newcomer"}
    whole = means.query("level == 'study' and cohort == 'all'").set_index("wave")
    assert whole.response_rate[1] == pytest.approx(len(drawn.waves[1]) / (12 * 80))
    changes = found.measures.changes.query("level == 'study' and cohort == 'all'")
    both = set(drawn.waves[1].panel) & set(drawn.waves[2].panel)
    assert changes.pairs.iloc[0] == len(both)
    # A plan that starts in the second wave has a before: its areas, as they stood.
    plans = found.measures.changes.query("level == 'plan' and cohort == 'all'")
    own = drawn.waves[1][drawn.waves[1].area.isin([f"9000-{area:03}" for area in range(6)])]
    assert plans.n_1.tolist() == [own.tryghed_t1_stairs.ge(0).sum()]
    assert found.days == {1: "2024-05-01", 2: "2026-05-01"}
    assert found.dataset == study.hash


def test_the_same_dataset_and_plan_give_the_same_tables(make_study):
    study, _ = make_study(AreasDrawn(24, [2] * 12))
    # Nor does a later plan of the study change what an earlier one finds.
    said = {**study.waves[1].manifest, "terms": {"adults": "background_adults"}}
    later = Study(
        study.folder, study.manifest, (study.waves[0], replace(study.waves[1], manifest=said))
    )
    one, two = (evaluate(of, plan_of(PLAN)) for of in (study, later))
    assert one.measures.weight == two.measures.weight == "base_weight"
    pd.testing.assert_frame_equal(one.effects, two.effects)
    pd.testing.assert_frame_equal(one.inferences, two.inferences)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (b"primary: [tryghed_t1]", "treatment: it is missing"),
        (b"treatment: [x]\nprimary: []", "primary: a list of names"),
        (b"primary: [a]\ntreatment: [x]\nprimar: 3", "no plan has such a part"),
        (b"primary: [a, a]\ntreatment: [x]", "a stands there twice"),
        (b"primary: [a]\nsecondary: [a]\ntreatment: [x]", "a is primary already"),
        (b"primary: [a]\ntreatment: [x]\nunits: houses", "areas or persons, got 'houses'"),
        (b"primary: [a]\ntreatment: [x]\nlevel: 95", "from 0.5 to 0.999, got 95"),
        (b"primary: [a]\ntreatment: [x]\ncount: 2", "from 3 to 1000, got 2"),
        (b"primary: [a]\ntreatment: [x]\ncount: 20", "mean_n: 10 is below count, 20"),
        (b"primary: [a]\ntreatment: [x]\nmean_n: ten", "mean_n: a number, got 'ten'"),
        (b"primary: [a]\ntreatment: [x]\nmargin: 0", "margin: from 0.01 to 100, got 0"),
        (b"primary: [a]\ntreatment: [x]\ninference: best", "CR2 or CR3 or randomisation"),
        (b"primary: [a]\ntreatment: [x]\ndraws: true", "a number, got True"),
        (b"primary: [a\ntreatment", "line 1: it is not YAML: the bracket .* got 'primary: .a'"),
        (
            b"primary: [a]\ntreatment [x]\n",
            "line 2: .* no colon after the name, got 'treatment .x]'",
        ),
        (b"primary: 'a\n", "line 1: .* a name, a colon and a value were expected"),
        (b"\xff\xfe", "it is not YAML in UTF-8"),
        (b"just words", "it holds no names"),
    ],
)
def test_a_plan_that_is_none_is_refused_with_all_that_is_wrong(plan, said):
    with pytest.raises(StatisticsError, match=said):
        plan_of(plan)


def test_a_plan_that_does_not_fit_its_dataset_is_refused_by_name(make_study, tmp_path):
    study, _ = make_study(AreasDrawn(12, [2] * 6))
    with pytest.raises(StatisticsError, match="scale happiness: the dataset has no such scale"):
        evaluate(study, plan_of(b"primary: [happiness]\ntreatment: [helhedsplan]"))
    with pytest.raises(StatisticsError, match="no area becomes treated by huslejestotte"):
        evaluate(study, plan_of(b"primary: [tryghed_t1]\ntreatment: [huslejestotte]"))
    with pytest.raises(StatisticsError, match="comparison 0001-001: the dataset has no such area"):
        evaluate(study, plan_of(PLAN + b"comparison: [0001-001]\n"))
    with pytest.raises(StatisticsError, match="cannot be read"):
        read_plan(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("added", "said"),
    [
        (b"covariates: [income]", "covariate income: the dataset has no such variable"),
        (b"covariates: [background_moved_in]", "its answers are no categories"),
        (b"covariates: [background_gender]", "background_gender: nobody answered it"),
    ],
)
def test_covariates_that_cannot_be_are_refused_by_name(make_study, added, said):
    study, _ = make_study(AreasDrawn(12, [2] * 6))
    with pytest.raises(StatisticsError, match=said):
        evaluate(study, plan_of(PLAN + added))


def test_two_primary_scales_of_one_questionnaire_are_refused(make_study):
    study, _ = make_study(AreasDrawn(12, [2] * 6))
    two = b"primary: [tryghed_t1, tryghed_t2]\ntreatment: [helhedsplan]\n"
    with pytest.raises(StatisticsError, match="both of the questionnaire tryghed"):
        evaluate(study, plan_of(two))


@pytest.mark.parametrize("units", ["areas", "persons"])
def test_a_shift_in_who_answers_is_taken_out_by_a_covariate(model, form_codebook, tmp_path, units):
    """Men come to answer more where plans are, and men feel safer: no plan moved anybody."""
    drawn = draw_study(model, AreasDrawn(40, [2] * 20, effects=[0.0], invited=90), seed=12)
    random = np.random.default_rng(12)
    treated = set(drawn.tables[1]["area_plan"].area)
    for wave, rows in drawn.waves.items():
        helped = rows.area.isin(treated) & (wave == 2)
        usual = rows.area.map({area: random.uniform(0.1, 0.6) for area in sorted(set(rows.area))})
        men = random.random(len(rows)) < usual + 0.3 * helped
        rows["background_gender"] = np.where(men, 2, 1).astype(np.int16)
        for item in SCALES["tryghed_t1"]:
            moved = rows[f"tryghed_t1_{item}"] + men
            rows[f"tryghed_t1_{item}"] = moved.clip(upper=5).astype(np.int16)
    study = write_drawn_study(drawn, form_codebook, tmp_path / "shift")
    plan = b"primary: [tryghed_t1]\ntreatment: [helhedsplan]\ndraws: 99\nunits: " + units.encode()
    plain, adjusted = (
        evaluate(study, plan_of(plan + added)).effects.query("cohort == 'all'").iloc[0]
        for added in (b"", b"\ncovariates: [background_gender]")
    )
    assert plain.estimate > 4
    assert adjusted.low < 0 < adjusted.high
    assert abs(adjusted.estimate) < plain.estimate / 2


def test_the_method_that_a_plan_names_is_told_where_it_does_not_err(make_study):
    many, _ = make_study(AreasDrawn(24, [2] * 12))
    few, _ = make_study(AreasDrawn(24, [2] * 3), seed=2)
    told = evaluate(many, plan_of(PLAN + b"inference: CR3")).effects
    assert set(told.method) == {"CR3"}
    assert told.standard_error.notna().all()
    refused = evaluate(few, plan_of(PLAN + b"inference: wild bootstrap")).effects
    assert set(refused.method) == {"randomisation"}
    assert "The plan names wild bootstrap, which errs here" in refused.trust.iloc[0]
    assert plan_of(PLAN + b"mean_n: 20\ncount: 8").limits.count == 8


def test_only_the_areas_that_the_plan_compares_with_are_compared_with(make_study):
    study, _ = make_study(AreasDrawn(24, [2] * 8))
    kept = ", ".join(f"9000-{area:03}" for area in range(8, 18))
    found = evaluate(study, plan_of(PLAN + f"comparison: [9000-003, {kept}]\n".encode()))
    assert set(found.effects.comparison) == {10}
    assert set(found.effects.treated) == {8}
    assert found.treatment.named == ("9000-003",)
    with pytest.raises(StatisticsError) as refused:
        evaluate(study, plan_of(PLAN + b"comparison: [9000-003]\n"))
    assert str(refused.value) == (
        "plan, treatment: 8 areas become treated between the waves and 0 do not: where that leaves too"
        " few with answers before and after, in either arm, there is no comparison. Compare with more"
        " areas, or tell changes with beboerpuls measures."
    )


@pytest.mark.parametrize(
    ("areas", "people", "said"),
    [
        (AreasDrawn(0, []), None, "there are no areas"),
        (AreasDrawn(2, [2, 2, 2]), None, "3 starts for 2 areas"),
        (AreasDrawn(2, [1]), None, "a plan starts in wave 2 or later"),
        (AreasDrawn(2, [2]), PeopleDrawn(panel=1.5), "panel: a share"),
        (AreasDrawn(2, [2]), PeopleDrawn(response=0.0), "response: a share"),
        (AreasDrawn(2, [2]), PeopleDrawn(panel_loss=1.0), "panel_loss: a share"),
    ],
)
def test_a_study_that_cannot_be_is_not_drawn(model, areas, people, said):
    with pytest.raises(StatisticsError, match=said):
        draw_study(model, areas, people, seed=1)


def test_the_example_in_the_documentation_runs():
    found = doctest.testmod(analysis_plan)
    assert found.attempted
    assert found.failed == 0


def test_an_effect_of_none_is_within_its_interval_as_often_as_it_says(model):
    """Recovery from answers, not scores: no effect is drawn, and few trusted intervals leave it out."""
    left_out = 0
    for seed in range(60):
        drawn = draw_study(model, AreasDrawn(24, [2] * 12, effects=[0.0], invited=30), seed=seed)
        rows = drawn.rows
        scores = rows[list(model.items)[:5]].mean(axis=1)
        means = scores.groupby([rows.area, rows.wave]).mean().rename("y").reset_index()
        treated = set(drawn.tables[1]["area_plan"].area)
        means["on"] = (means.area.isin(treated) & (means.wave == 2)).astype(int)
        found = difference_in_differences(means, "y", "on", area="area", wave="wave", draws=9)
        assert found.trust.method == "CR2"
        left_out += not found.trusted.low <= 0 <= found.trusted.high
    assert left_out <= 8  # 60 draws at 5 %: nine or more has a chance of .3 %


def test_answers_are_weighted_to_register_counts_where_the_dataset_has_them(
    model, form_codebook, tmp_path
):
    drawn = draw_study(model, AreasDrawn(2, [2], invited=200), seed=5)
    for wave, rows in drawn.waves.items():
        # Women answer twice as often as they live there, and feel safer.
        women = np.arange(len(rows)) % 3 != 0
        rows["background_gender"] = np.where(women, 1, 2).astype(np.int16)
        for column in ("home_night", "stairs", "out_day", "out_dark", "children"):
            rows[f"tryghed_t1_{column}"] = np.where(women, 4, 2).astype(np.int16)
        drawn.tables[wave]["margins"] = pd.DataFrame(
            {
                "area": np.repeat(["9000-000", "9000-001"], 2),
                "area_group": None,
                "variable": "background_gender",
                "category": ["1", "2"] * 2,
                "count": [85, 85, 60, 110],
            }
        )
    study = write_drawn_study(drawn, form_codebook, tmp_path / "weighted")
    found = study_measures(study, ["tryghed_t1"])
    assert found.weight == "calibrated within afdeling"
    means = found.measures.means.query("cohort == 'all' and wave == 1").set_index("unit")["mean"]
    assert means["9000-000"] == pytest.approx((75 + 25) / 2)
    assert means["9000-001"] == pytest.approx((75 * 60 + 25 * 110) / 170)
    plain = study_measures(study, ["tryghed_t1"], calibrated=False)
    assert plain.weight == "base_weight"
    assert plain.measures.means.query("cohort == 'all'")["mean"].min() > 57


def test_weights_that_the_plan_does_not_lay_down_explore_and_say_so(model, form_codebook, tmp_path):
    drawn = draw_study(model, AreasDrawn(12, [2] * 6, invited=20), seed=5)
    keys = drawn.tables[1]["areas"]["area"]
    for wave, rows in drawn.waves.items():
        rows["background_gender"] = (np.arange(len(rows)) % 2 + 1).astype(np.int16)
        counted = pd.DataFrame({"area": keys, "area_group": None, "variable": "background_gender"})
        both = [counted.assign(category=one, count=n) for one, n in (("1", 60), ("2", 110))]
        drawn.tables[wave]["margins"] = pd.concat(both, ignore_index=True)
    text = b"primary: [tryghed_t1]\ntreatment: [helhedsplan]\ndraws: 99\n"
    plan, by_base = plan_of(text), plan_of(text + b"weights: base\n")
    study = write_drawn_study(
        drawn, form_codebook, tmp_path / "by-weights", analysis_plans={2: [plan.hash, by_base.hash]}
    )
    for laid_down, asked, weight, kind in (
        (plan, None, "calibrated within afdeling", "confirmatory"),
        (plan, False, "base_weight", "exploratory"),
        (by_base, None, "base_weight", "confirmatory"),
        (by_base, False, "base_weight", "confirmatory"),
        (by_base, True, "calibrated within afdeling", "exploratory"),
    ):
        found = evaluate(study, laid_down, calibrated=asked)
        primary = found.effects.query("scale == 'tryghed_t1' and cohort == 'all'").iloc[0]
        assert (found.measures.weight, primary.kind) == (weight, kind)
        assert kind in set(found.inferences.kind)
        assert found.reweighted == (kind == "exploratory")
    # By nothing that is made of it can it be taken for what was planned.
    assert set(found.effects.kind) | set(found.inferences.kind) == {"exploratory"}
    page = report(study, found, stylesheet="", language="en")
    assert page.count("other weights than the analysis plan lays down") == 1
    assert "lays down other weights than these" in page
    (tmp_path / "plan.yaml").write_bytes(text)
    for command in ("effects", "feed"):
        words = [command, str(study.folder), "--plan", str(tmp_path / "plan.yaml")]
        said = CliRunner().invoke(beboerpuls, [*words, "--base-weights"]).output
        assert "other weights than the plan lays down, so every effect is exploratory" in said
    told = pd.read_parquet(tmp_path / "by-weights-feed" / "feed.parquet")
    assert set(told.loc[told.measure == "effect", "kind"]) == {"exploratory"}


def test_weights_that_were_asked_for_and_cannot_be_had_are_told(make_study):
    study, _ = make_study(AreasDrawn(4, [2] * 2))
    with pytest.raises(StatisticsError, match="no register counts"):
        study_measures(study, calibrated=True)
