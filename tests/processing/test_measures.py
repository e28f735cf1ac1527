import numpy as np
import pandas as pd
import pytest

from processing import Points, StatisticsError, area_sums, measures, overlap, places, weigh
from processing.measuring.margin_regression import MarginRegression
from processing.measuring.overlap import pseudonyms
from processing.measuring.places import plans_in_force
from processing.measuring.running_sums import Coded, RunningSums
from processing.measuring.spot_keys import SpotKeys


@pytest.fixture
def schools(reference_data):
    """Schools stand for persons, counties for areas, and quarters of the counties for units."""
    frame = reference_data("apistrat").copy()
    county = {name: place for place, name in enumerate(sorted(frame.cname.unique()), start=1)}
    frame["area"], frame["wave"] = frame.cname, 1
    frame["unit"] = (frame.cname.map(county) % 4).astype(str)
    return frame


def test_direct_estimates_equal_r_survey(schools, reference):
    units = schools[["area", "unit", "wave"]].drop_duplicates().assign(level="unit")
    every = units.assign(level="study", unit="study").drop_duplicates()
    sums = area_sums(schools, ["api00"], weight="pw", points={"api00": Points(600, 900)})
    got = measures(sums, pd.concat([units, every])).means
    expected = reference("measures")
    by_unit = got[got.level == "unit"].sort_values("unit")
    assert by_unit["mean"].to_numpy() == pytest.approx(expected["mean"]["mean"], rel=1e-9)
    assert by_unit.standard_error.to_numpy() == pytest.approx(expected["mean"]["se"], rel=1e-9)
    assert by_unit.share_below.to_numpy() == pytest.approx(expected["low"]["mean"], rel=1e-9)
    whole = got[got.level == "study"]
    assert whole[["mean", "standard_error"]].to_numpy()[0] == pytest.approx(expected["whole"])
    # The logit interval stays within 0 and 1 and holds the share.
    assert (by_unit.share_below_low > 0).all()
    assert (by_unit.share_below.between(by_unit.share_below_low, by_unit.share_below_high)).all()


def test_sums_of_pieces_are_those_of_the_whole(study):
    rows = study(areas=6, answers=40)
    whole = area_sums(rows, ["safe"], weight="w")
    pieces = [area_sums(part, ["safe"], weight="w") for _, part in rows.groupby(rows.index % 3)]
    added = pieces[0] + pieces[1] + pieces[2]
    pd.testing.assert_frame_equal(added.frame, whole.frame)


@pytest.mark.parametrize("panel", [0.4, 0.8])
def test_a_changes_standard_error_allows_for_people_who_answered_twice(panel):
    """Recovery: 240 units of four areas, whose lasting differences are as large as people's.

    About the unit's mean what lasts of the areas would count as people's own, and with four in five
    in both waves the variance be half of what it is.
    """
    random, size = np.random.default_rng(2), (960, 30)
    lasting, person = random.normal(0, 16, (960, 1)), random.normal(0, 14, size)
    again = np.broadcast_to(np.arange(30) < 30 * panel, size)
    own = {1: person, 2: np.where(again, person, random.normal(0, 14, size))}
    rows = pd.concat(
        pd.DataFrame(
            {
                "area": np.repeat(np.arange(960), 30).astype(str),
                "wave": wave,
                "w": random.uniform(0.5, 2, 28800),
                "panel": [f"{i}" if same else "" for i, same in enumerate(again.ravel())],
                "safe": (lasting + own[wave] + random.normal(0, 8, size)).ravel(),
            }
        )
        for wave in (1, 2)
    )
    pairs = overlap(rows, ["safe"], person="panel", weight="w")
    units = rows[["area", "wave"]].drop_duplicates()
    fours = units.assign(level="four", unit=units.area.astype(int) // 4)
    got = measures(area_sums(rows, ["safe"], weight="w"), fours, overlap=pairs).changes
    assert (got.pairs == 4 * 30 * panel).all()
    # The SD of a variance of 240 normal draws is 9 % of it.
    assert (got.standard_error**2).mean() == pytest.approx(got.change.var(), rel=0.2)


def test_changes_of_people_who_answered_twice_equal_r_survey(reference_data, reference):
    """Stacked rows, people as clusters and areas as strata: scores that lack and cohorts are domains."""
    first, second = (reference_data(f"phq9_gad7_t{wave}").sum(axis=1) for wave in (1, 2))
    i = np.arange(len(first))
    band = np.floor(first.rank(method="first") / 21).astype(int).astype(str)
    about = {"area": band, "panel": i.astype(str), "cohort": np.where(i % 4, "stayer", "newcomer")}
    waves = [
        pd.DataFrame({**about, "wave": 1, "w": 1.0 + i % 3, "y": first}),
        pd.DataFrame({**about, "wave": 2, "w": 1 + (i % 5) / 2, "y": (first + second) / 2}),
    ]
    for wave in waves:
        wave.loc[(i + wave.wave) % 17 == 0, "y"] = np.nan
    rows = pd.concat(waves, ignore_index=True)
    areas = rows[["area", "wave"]].drop_duplicates()
    half = np.where(areas.area.astype(int) % 2, "odd", "even")
    units = pd.concat(
        areas.assign(level=level, unit=unit)
        for level, unit in (("study", "study"), ("half", half), ("area", areas.area))
    )
    got = measures(
        area_sums(rows, ["y"], weight="w"),
        units,
        overlap=overlap(rows, ["y"], person="panel", weight="w"),
    ).changes
    told = reference("changes")
    for level, cohort, name in (
        ("study", "all", "study"),
        ("half", "all", "half"),
        ("area", "all", "area"),
        ("study", "apart", "cohort"),
    ):
        mine = got[(got.level == level) & ((got.cohort == "all") == (cohort == "all"))]
        keyed = mine.set_index("cohort" if cohort == "apart" else "unit")
        mine = keyed if level == "study" and cohort == "all" else keyed.loc[told[name]["name"]]
        for column, theirs in (("change", "change"), ("standard_error", "se")):
            np.testing.assert_allclose(mine[column], told[name][theirs], rtol=1e-8)
        np.testing.assert_allclose(mine.covariance, told[name]["covariance"], rtol=1e-7, atol=1e-12)


def test_stayers_and_newcomers_are_told_apart_and_together(study):
    rows = study(areas=3, answers=50)
    rows["cohort"] = np.where(np.arange(len(rows)) % 3 == 0, "newcomer", "stayer")
    got = measures(area_sums(rows, ["safe"]), _units(rows)).means
    whole = got.query("level == 'study' and wave == 1").set_index("cohort")
    assert set(whole.index) == {"all", "stayer", "newcomer"}
    assert whole.n["all"] == whole.n["stayer"] + whole.n["newcomer"]
    assert whole["mean"]["all"] == pytest.approx(
        np.average(whole["mean"][["stayer", "newcomer"]], weights=whole.n[["stayer", "newcomer"]])
    )


def test_few_answers_are_shrunk_more_and_reliability_is_the_share_that_stays(study):
    rows = pd.concat(
        [study(areas=8, answers=12), study(areas=8, answers=200, named="big", seed=9)],
        ignore_index=True,
    )
    got = measures(area_sums(rows, ["safe"]), _units(rows)).means
    areas = got.query("level == 'afdeling' and wave == 1 and cohort == 'all'")
    small, big = (areas[areas.unit.str.startswith(n)] for n in ("area", "big"))
    assert small.reliability.max() < big.reliability.min()
    overall = areas["mean"].mean()
    moved = (small.shrunk - overall).abs() < (small["mean"] - overall).abs()
    assert moved.mean() > 0.8
    assert (areas.shrunk_high - areas.shrunk_low).gt(0).all()


def test_a_change_of_answers_that_do_not_vary_has_no_p(study):
    rows = study(areas=2, answers=20)
    rows["safe"] = 50.0 + 5 * rows.wave
    changes = measures(area_sums(rows, ["safe"]), _units(rows)).changes
    assert (changes.standard_error == 0).all()
    assert changes.p.isna().all()


def test_a_shift_in_mode_is_not_read_as_a_change(study):
    rows = study(areas=4, answers=400, effect=0.0)
    random = np.random.default_rng(5)
    paper = random.random(len(rows)) < np.where(rows.wave == 1, 0.2, 0.7)
    rows["mode"] = np.where(paper, "paper", "web")
    rows["safe"] += np.where(paper, -10.0, 0.0)
    got = measures(area_sums(rows, ["safe"]), _units(rows))
    one = got.changes.query("level == 'study' and cohort == 'all'").iloc[0]
    assert one.change < -3.5
    assert abs(one.change_at_first_mix) < 1.6
    shares = got.composition.query("level == 'study' and mode == 'paper'").set_index("wave").share
    assert shares[1] == pytest.approx(0.2, abs=0.03)
    assert shares[2] == pytest.approx(0.7, abs=0.03)


def test_areas_that_merged_and_plans_that_began_are_followed_on_the_waves_days():
    tables = {
        "areas": pd.DataFrame({"area": ["0667-001", "0667-002", "0667-003", "0667-009"]}),
        "area_succession": pd.DataFrame(
            {
                "from_area": ["0667-001", "0667-002"],
                "to_area": ["0667-009", "0667-009"],
                "date": ["2025-01-01"] * 2,
            }
        ),
        "area_plan": pd.DataFrame(
            {
                "area": ["0667-001", "0667-001", "0667-003", "0667-002"],
                "plan": ["A", "B", "B", "C"],
                "valid_from": ["2020-01-01", "2025-06-01", None, "2025-01-01"],
                "valid_to": ["2024-12-31", None, None, None],
            }
        ),
    }
    got = places(tables, {1: "2024-05-01", 2: "2026-05-01"})
    merged = got[(got.level == "afdeling") & (got.unit == "0667-009")]
    assert set(merged[merged.wave == 1].area) == {"0667-001", "0667-002", "0667-009"}
    plans = got[got.level == "plan"].groupby(["unit", "wave"]).area.apply(list).to_dict()
    assert plans == {
        ("A", 1): ["0667-001"],
        ("B", 1): ["0667-003"],
        ("B", 2): ["0667-001", "0667-003"],
        # Not begun yet: the areas that it covers first, before.
        ("C", 1): ["0667-002"],
        ("C", 2): ["0667-002"],
    }
    days = {1: "2024-05-01", 2: "2026-05-01"}
    in_force = plans_in_force(tables["area_plan"], days)
    assert sorted(in_force.itertuples(index=False, name=None)) == [
        (1, "A", "0667-001"),
        (1, "B", "0667-003"),
        (2, "B", "0667-001"),
        (2, "B", "0667-003"),
        (2, "C", "0667-002"),
    ]


def test_the_response_rate_is_finished_of_all_invited(study):
    rows = study(areas=2, answers=20)
    counts = pd.DataFrame(
        {
            "area": ["area0", "area0", "area1"],
            "wave": [1, 1, 1],
            "invited": [50, 30, 20],
            "finished": [15, 5, 20],
        }
    )
    got = measures(area_sums(rows, ["safe"]), _units(rows), dispositions=counts).means
    rates = got[(got.wave == 1) & (got.cohort == "all")].set_index("unit").response_rate
    assert (rates["area0"], rates["area1"], rates["study"]) == (0.25, 1.0, 0.4)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"w": 0.0}, "a weight is not above zero"),
        ({"safe": "high"}, "safe: it holds"),
        ({"safe": np.inf}, "a number without end"),
    ],
)
def test_rows_that_cannot_be_summed_are_refused_in_words(study, change, said):
    with pytest.raises(StatisticsError, match=said):
        area_sums(study(areas=2, answers=3).assign(**change), ["safe"], weight="w")


def test_an_area_that_no_table_knows_is_refused_by_name(study):
    rows = study(areas=3, answers=5)
    units = _units(rows)
    with pytest.raises(StatisticsError, match="area area2: 1 areas have answers"):
        measures(area_sums(rows, ["safe"]), units[units.area != "area2"])


def test_one_answer_has_a_mean_and_no_standard_error(study):
    rows = study(areas=1, answers=1)
    got = measures(area_sums(rows, ["safe"]), _units(rows)).means
    assert got["mean"].notna().all()
    assert got.standard_error.isna().all()


@pytest.fixture
def study():
    """Persons' scores in areas over two waves, some persons in both."""

    def make(areas, answers, *, panel=0.0, effect=3.0, named="area", seed=1):
        random = np.random.default_rng(seed)
        parts = []
        for area in range(areas):
            lasting = random.normal(0, 4)
            person = random.normal(0, 14, answers)
            for wave in (1, 2):
                same = np.arange(answers) < panel * answers
                mine = np.where(same | (wave == 1), person, random.normal(0, 14, answers))
                parts.append(
                    pd.DataFrame(
                        {
                            "area": f"{named}{area}",
                            "wave": wave,
                            "w": random.uniform(0.5, 2, answers),
                            "panel": [
                                f"{named}{area}-{i}" if s else f"{named}{area}-{wave}-{i}"
                                for i, s in enumerate(same)
                            ],
                            "safe": 60
                            + lasting
                            + mine
                            + random.normal(0, 8, answers)
                            + effect * (wave - 1),
                        }
                    )
                )
        return pd.concat(parts, ignore_index=True)

    return make


def _units(rows):
    areas = rows[["area"]].drop_duplicates()
    return places({"areas": areas}, {1: "2024-05-01", 2: "2026-05-01"})


@pytest.mark.parametrize("calibrated", [False, True])
def test_areas_groups_and_cohorts_equal_r_survey_before_and_after_calibration(
    calibrated, reference_data, reference
):
    """Some have no score and cohorts cut across areas: they are domains, and strata stay whole."""
    rows, weights, margins = _schools_of_types(reference_data("apistrat"), reference)
    made = weigh(rows, margins, group="stype", base="pw", trim=None, thin=0)
    rows["w"] = made.of(rows) if calibrated else rows["pw"]
    sums = _running(rows, made if calibrated else None)
    got = measures(sums.area_sums(), weights, margins=sums.margins).means
    told = reference("area_means")["calibrated" if calibrated else "plain"]
    for level, cohort, name in (
        ("afdeling", "all", "area"),
        ("group", "all", "group"),
        ("group", "apart", "cohort"),
        ("afdeling", "apart", "small"),
    ):
        mine = got[(got.level == level) & ((got.cohort == "all") == (cohort == "all"))]
        awards = mine.cohort.map({"stayer": " Yes", "newcomer": " No", "all": ""})
        mine = mine.assign(name=mine.unit + awards).set_index("name").loc[told[name]["name"]]
        np.testing.assert_allclose(mine["mean"], told[name]["mean"], rtol=1e-9)
        known = (mine.n > 1).to_numpy()
        np.testing.assert_allclose(
            mine.standard_error[known], np.array(told[name]["se"])[known], rtol=1e-6, atol=1e-9
        )
    whole = got[(got.level == "study") & (got.cohort == "all")].iloc[0]
    assert whole.standard_error == pytest.approx(told["study"]["se"], rel=1e-6)


def test_who_is_followed_by_name_in_pieces_is_paired_as_in_the_whole(study):
    rows = study(areas=4, answers=30, panel=0.5)
    rows["cohort"] = np.where(np.arange(len(rows)) % 2, "stayer", "newcomer")
    whole = overlap(rows, ["safe"], person="panel", weight="w")
    sums = [
        _running(part.assign(score=part.safe), None, sorted(set(rows.area)))
        for _, part in rows.groupby(rows.index % 3)
    ]
    pieces = (sums[0] + sums[1] + sums[2]).overlap().assign(scale="safe")
    keys = ["area_1", "area_2", "cohort"]
    both = whole.merge(pieces, on=["scale", "wave_1", "wave_2", *keys], suffixes=("", "_too"))
    assert len(both) == len(whole) == len(pieces)
    np.testing.assert_allclose(both.s11, both.s11_too)
    assert both.pairs.sum() == 4 * 15


def test_the_finite_population_narrows_what_describes_and_nothing_else(study):
    rows = study(areas=3, answers=40)
    sums, units = area_sums(rows, ["safe"], weight="w"), _units(rows)
    homes = pd.DataFrame({"area": ["area0", "area1", "area2"], "population": [50.0, 400.0, 40.0]})
    got = measures(sums, units, population=homes)
    without = measures(sums, units)
    here = got.means.query("cohort == 'all' and wave == 1 and level == 'afdeling'").set_index(
        "unit"
    )
    half, usual = (here.here_high - here.here_low) / 2, (here.high - here.low) / 2
    assert half.to_numpy() == pytest.approx(usual * np.sqrt([0.2, 0.9, 0.0]), abs=1e-9)
    assert without.means.here_low.isna().all()
    pd.testing.assert_frame_equal(got.changes, without.changes)


def test_a_shift_in_language_is_not_read_as_a_change(study):
    rows = study(areas=4, answers=400, effect=0.0)
    other = np.random.default_rng(6).random(len(rows)) < np.where(rows.wave == 1, 0.1, 0.5)
    rows["language"] = np.where(other, "ar", "da")
    rows["safe"] += np.where(other, -12.0, 0.0)
    got = measures(area_sums(rows, ["safe"]), _units(rows))
    one = got.changes.query("level == 'study' and cohort == 'all'").iloc[0]
    assert one.change < -3
    assert abs(one.change_at_first_languages) < 1.8
    assert np.isnan(one.change_at_first_mix)
    shares = got.languages.query("level == 'study' and language == 'ar'").set_index("wave").share
    assert shares[2] == pytest.approx(0.5, abs=0.04)


def test_stayers_changes_know_which_of_them_answered_twice(study):
    rows = study(areas=3, answers=60, panel=0.5)
    rows["cohort"] = np.where(rows.panel.str.count("-") == 1, "stayer", "newcomer")
    pairs = overlap(rows, ["safe"], person="panel", weight="w")
    got = measures(area_sums(rows, ["safe"], weight="w"), _units(rows), overlap=pairs).changes
    by = got.query("level == 'study'").set_index("cohort")
    assert by.pairs["stayer"] == by.pairs["all"] == 90
    assert by.pairs["newcomer"] == 0
    assert by.covariance["stayer"] > 0 == by.covariance["newcomer"]


def _schools_of_types(frame, reference):
    """Schools by type, in four areas of each; awards tell cohorts apart, and some have no score."""
    rows = frame.assign(
        area=frame.stype + (frame.cnum % 4).astype(str),
        wave=1,
        cohort=np.where(frame.awards == "Yes", "stayer", "newcomer"),
        score=np.where(frame.enroll % 11 == 0, np.nan, frame.api00 / 10),
    )
    areas = rows[["area", "stype", "wave"]].drop_duplicates()
    units = pd.concat(
        [
            areas.assign(level="afdeling", unit=areas.area),
            areas.assign(level="group", unit=areas.stype),
            areas.assign(level="study", unit="study"),
        ]
    )
    margins = pd.DataFrame(
        [
            {"stype": kind, "variable": variable, "category": category, "count": count}
            for kind, variables in reference("weights")["group_margins"].items()
            for variable, counts in variables.items()
            for category, count in counts.items()
        ]
    )
    return rows, units[["level", "unit", "wave", "area"]], margins


def _running(rows, weights, areas=None):
    keys = SpotKeys(
        pd.Index(areas or sorted(set(rows.area))), pd.Index([1, 2]), pd.Index(["", "da"])
    )
    sums = RunningSums(
        keys, ["score"], [Points()], MarginRegression.of(weights) if weights else None
    )
    nothing = np.zeros(len(rows), np.intp)
    sums.add(
        Coded(
            spot=keys.spot_of(rows),
            cohort=keys.cohorts.get_indexer(pd.Index(rows.cohort)),
            mode=nothing,
            language=nothing,
            cell=weights.cell_of(rows) if weights else None,
            w=rows.w.to_numpy(),
            person=pseudonyms(rows["panel"] if "panel" in rows else pd.Series("", rows.index)),
            scores=rows[["score"]].to_numpy().T,
        )
    )
    return sums
