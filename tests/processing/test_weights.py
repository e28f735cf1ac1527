"""Weights and weighted means against R's survey 4.1-1, and what stands in their way."""

import doctest

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from processing.datasets.checking import check
from processing.errors import StatisticsError
from processing.measuring import base_weights as base_weights_module
from processing.measuring import collapsing, weighted_means, weights
from processing.measuring.base_weights import base_weights
from processing.measuring.dataset_weights import weigh_dataset
from processing.measuring.study_measures import study_measures
from processing.measuring.weighted_means import weighted_means as means
from processing.measuring.weighting_cells import add_tallies, tally
from processing.measuring.weights import weigh, weigh_cells

TO = 1e-6
# How the schools were weighted: name in the numbers, sample, group, variables, options, and design.
CALIBRATIONS = [
    ("within_linear", "apistrat", {"method": "linear"}, {"strata": "stype"}),
    ("within_raking", "apistrat", {"method": "raking"}, {"strata": "stype"}),
    ("within_logit", "apistrat", {"method": "logit", "bounds": (0.5, 2)}, {"strata": "stype"}),
    ("within_unstratified", "apistrat", {"method": "raking"}, {}),
    ("within_rake", "apistrat", {}, {"strata": "stype", "residuals": "equal"}),
    (
        "linear_bounds",
        "apistrat",
        {"method": "linear", "bounds": (0.66, 1.45)},
        {"strata": "stype"},
    ),
    ("clusters_linear", "apiclus1", {"method": "linear"}, {"cluster": "dnum"}),
    ("clusters_logit", "apiclus1", {"method": "logit", "bounds": (0.5, 3)}, {"cluster": "dnum"}),
    ("clusters_rake", "apiclus1", {}, {"cluster": "dnum", "residuals": "equal"}),
    ("lonely", "apistrat", {"method": "raking"}, {"strata": "cnum"}),
]


@pytest.fixture
def margins(reference):
    """Counts of all Californian schools by each of the variables."""
    counts = reference("survey_api")["margins"]

    def of(*variables):
        return pd.DataFrame(
            [
                {"variable": variable, "category": category, "count": count}
                for variable in variables
                for category, count in counts[variable].items()
            ]
        )

    return of


@pytest.fixture
def within(reference):
    """Counts within each school type, as each area has its own."""
    return pd.DataFrame(
        [
            {"stype": kind, "variable": variable, "category": category, "count": count}
            for kind, variables in reference("weights")["group_margins"].items()
            for variable, counts in variables.items()
            for category, count in counts.items()
        ]
    )


@pytest.fixture
def weighted(margins, within, reference_data):
    def make(name, sample, options):
        frame = reference_data(sample)
        plain = {"base": "pw", "trim": None, "thin": 0} | options
        if name.startswith("within"):
            return frame, weigh(frame, within, group="stype", **plain)
        three = ("stype", "sch.wide", "comp.imp")
        return frame, weigh(
            frame, margins(*(three if name == "linear_bounds" else three[:2])), **plain
        )

    return make


@pytest.mark.parametrize(("name", "sample", "options", "drawn"), CALIBRATIONS)
def test_calibrated_weights_equal_survey(name, sample, options, drawn, weighted, reference):
    frame, found = weighted(name, sample, options)
    told = reference("weights")[name]["weights"]
    told = list(told.values()) if isinstance(told, dict) else told
    np.testing.assert_allclose(found.of(frame), told, rtol=TO)


@pytest.mark.parametrize(("name", "sample", "options", "drawn"), CALIBRATIONS)
def test_means_and_their_errors_equal_survey(name, sample, options, drawn, weighted, reference):
    frame, made = weighted(name, sample, options)
    told = reference("weights")[name]
    found = means(frame, ["api00", "ell"], made, **drawn).frame.set_index("value")
    for at, value in enumerate(("api00", "ell")):
        error = told["se"][value] if isinstance(told["se"], dict) else told["se"][at]
        assert found.loc[value, "mean"] == pytest.approx(told["mean"][value], rel=TO)
        assert found.loc[value, "standard_error"] == pytest.approx(error, rel=TO)


@pytest.mark.parametrize(("name", "sample", "options", "drawn"), CALIBRATIONS)
def test_domains_that_cut_across_groups_equal_survey(
    name, sample, options, drawn, weighted, reference
):
    frame, made = weighted(name, sample, options)
    told = reference("weights")[name]
    for by in ("stype", "awards"):
        found = means(frame, ["api00"], made, by=[by], **drawn).frame.set_index(by)
        found = found.loc[told[by]["name"]]
        np.testing.assert_allclose(found["mean"], told[by]["mean"], rtol=TO)
        np.testing.assert_allclose(found["standard_error"], told[by]["se"], rtol=TO)
    both = pd.DataFrame(told["both"]).set_index(["stype", "awards"]).sort_index()
    found = means(frame, ["api00"], made, by=["stype", "awards"], **drawn).frame
    np.testing.assert_allclose(found["standard_error"], both["se"], rtol=TO)


@pytest.mark.parametrize(
    ("name", "options", "residuals"),
    [
        ("apistrat_raked_nofpc", {}, "equal"),
        ("apistrat_calibrate_raking", {}, "base"),
        ("apistrat_calibrate_linear", {"method": "linear"}, "base"),
        ("apistrat_calibrate_logit_bounds", {"method": "logit", "bounds": (0.66, 1.55)}, "base"),
    ],
)
def test_what_the_earlier_numbers_hold_is_met(
    name, options, residuals, margins, reference, reference_data
):
    frame, told = reference_data("apistrat"), reference("survey_api")[name]
    made = weigh(frame, margins("stype", "sch.wide", "comp.imp"), base="pw", trim=None, **options)
    assert made.deff == pytest.approx(told["weights"]["kish_deff"], rel=TO)
    assert made.effective_n == pytest.approx(told["weights"]["eff_n"], rel=TO)
    found = means(frame, ["api00", "ell"], made, strata="stype", residuals=residuals)
    np.testing.assert_allclose(found.frame["mean"], [*told["mean"].values()], rtol=TO)
    np.testing.assert_allclose(found.frame["standard_error"], [*told["se"].values()], rtol=TO)
    by = means(frame, ["api00"], made, by=["stype"], strata="stype", residuals=residuals)
    np.testing.assert_allclose(by.frame["standard_error"], told["by_stype"]["se"], rtol=TO)


@pytest.mark.parametrize(
    ("name", "sample", "drawn"),
    [
        ("apistrat_base", "apistrat", {"strata": "stype", "population": "fpc"}),
        ("apistrat_nofpc", "apistrat", {"strata": "stype"}),
        ("apiclus1_base", "apiclus1", {"cluster": "dnum", "population": "fpc"}),
        ("apiclus1_nofpc", "apiclus1", {"cluster": "dnum"}),
    ],
)
def test_uncalibrated_means_equal_survey(name, sample, drawn, reference, reference_data):
    told = reference("survey_api")[name]
    found = means(reference_data(sample), ["api00", "ell"], "pw", **drawn)
    assert found.finite_population is ("population" in drawn)
    np.testing.assert_allclose(found.frame["mean"], [*told["mean"].values()], rtol=TO)
    np.testing.assert_allclose(found.frame["standard_error"], [*told["se"].values()], rtol=TO)


def test_raked_means_of_a_finite_population_equal_survey(margins, reference, reference_data):
    frame, told = reference_data("apistrat"), reference("survey_api")["apistrat_raked_fpc"]
    made = weigh(frame, margins("stype", "sch.wide", "comp.imp"), base="pw", trim=None)
    found = means(
        frame, ["api00", "ell"], made, strata="stype", population="fpc", residuals="equal"
    )
    np.testing.assert_allclose(found.frame["standard_error"], [*told["se"].values()], rtol=TO)
    assert "finite-population" in str(found)


@pytest.mark.parametrize(
    ("name", "method"), [("raking", "raking"), ("linear", "linear"), ("wider", "raking")]
)
def test_trimming_equals_survey(name, method, margins, reference, reference_data):
    """`calibrate(bounds.const = TRUE)`, limits wider by tenths until it finds weights."""
    frame, told = reference_data("apistrat"), reference("weights")["trimmed"][name]
    three = margins("stype", "sch.wide", "comp.imp")
    low, high = told["limits"]
    made = weigh(frame, three, base="pw", thin=0, trim=(low, high), method=method)
    np.testing.assert_allclose(made.of(frame), told["weights"], rtol=TO)
    [group] = made.groups.to_dict("records")
    assert group["gap"] < 1e-9
    assert group["high_limit"] == pytest.approx(high * 1.1 ** told["wider"])
    assert group["low_limit"] == pytest.approx(low / 1.1 ** told["wider"])
    assert (group["outside"] > 0) is (told["wider"] > 0) is ("limits are wider" in str(made))
    found = means(frame, ["api00", "ell"], made, strata="stype").frame
    np.testing.assert_allclose(found["mean"], [*told["mean"].values()], rtol=TO)
    np.testing.assert_allclose(found["standard_error"], [*told["se"].values()], rtol=TO)


@pytest.fixture
def residents():
    """Answers in four areas of unlike size; young people and men answered less."""
    rng = np.random.default_rng(3)
    rows = 1200
    return pd.DataFrame(
        {
            "area": rng.choice(["a", "b", "c", "d"], rows, p=[0.5, 0.3, 0.15, 0.05]),
            "gender": rng.choice([1, 2], rows, p=[0.35, 0.65]),
            "age": rng.choice([1, 2, 3, 4, -5], rows, p=[0.08, 0.2, 0.3, 0.37, 0.05]),
            "base_weight": rng.choice([1.0, 2.0, 3.0], rows),
            "score": rng.normal(60, 15, rows),
        }
    )


@pytest.fixture
def counts():
    return pd.DataFrame(
        [
            {"area": area, "variable": variable, "category": str(code), "count": size * share}
            for area, size in (("a", 1000), ("b", 800), ("c", 400), ("d", 200))
            for variable, shares in (
                ("gender", (0.5, 0.5)),
                ("age", (0.2, 0.25, 0.25, 0.3)),
            )
            for code, share in enumerate(shares, 1)
        ]
    )


def test_every_area_is_brought_to_its_own_counts(residents, counts):
    made = weigh(residents, counts, group="area", thin=0, trim=None)
    weight = made.of(residents)
    men = residents[residents["gender"] == 1]
    totals = weight[men.index].groupby(men["area"]).sum()
    assert totals.to_dict() == pytest.approx({"a": 500, "b": 400, "c": 200, "d": 100})
    assert made.to_frame()["gap"].abs().max() < 1e-6


def test_limits_change_the_groups_that_need_them_and_no_others(residents, counts):
    free = weigh(residents, counts, group="area", thin=0, trim=None)
    made = weigh(residents, counts, group="area", thin=0, trim=(0.6, 1.9))
    before = free.of(residents)
    groups = made.groups.set_index("area")
    assert made.widened.tolist() == [True, False, True, False]
    assert groups["gap"].max() < 1e-9
    assert groups["lowest"].to_list() == pytest.approx(groups["low_limit"].to_list(), rel=1e-9)
    assert (groups["highest"] <= groups["high_limit"] * (1 + 1e-9)).all()
    loose = weigh(residents, counts, group="area", thin=0, trim=(0.3, 3.0)).of(residents)
    kept = residents["area"].isin(["b", "d"])
    np.testing.assert_array_equal(loose[kept], before[kept])
    assert (loose[~kept] != before[~kept]).all()


def test_who_gave_no_age_keeps_their_share(residents, counts):
    made = weigh(residents, counts, group="area", thin=0, trim=None)
    weight, base = made.of(residents), residents["base_weight"]
    blank, here = residents["age"] == -5, residents["area"] == "a"
    share = base[blank & here].sum() / base[here].sum()
    assert weight[blank & here].sum() == pytest.approx(1000 * share)
    first = residents["age"] == 1
    assert weight[first & here].sum() == pytest.approx(200 * (1 - share))


def test_thin_categories_are_joined_and_told(residents, counts):
    made = weigh(residents, counts, group="area", thin=12, ordered=["age"])
    told = {(one.group, one.variable): one for one in made.collapsed}
    assert ("d", "age") in told
    assert all(one.rows >= 12 for one in made.collapsed if one.group != "d")
    assert str(told["d", "age"]).startswith("d: age 1 + 2")
    assert "1 + 2" in set(made.margins["category"].str[:5])
    assert "counted as one" in str(made)


def test_parts_of_the_rows_give_the_same_weights(residents, counts):
    columns = ["area", "gender", "age", "base_weight"]
    parts = [residents[:100], residents[100:350], residents[350:]]
    cells = add_tallies(tally(part, columns) for part in parts)
    apart = weigh_cells(cells, counts, group=["area"])
    whole = weigh(residents, counts, group="area")
    for part in parts:
        np.testing.assert_allclose(apart.of(part), whole.of(part), rtol=1e-10)


def test_rows_without_a_base_weight_get_none(residents, counts):
    residents.loc[:9, "base_weight"] = 0.0
    made = weigh(residents, counts, group="area")
    assert made.of(residents)[:10].isna().all()
    assert made.of(residents)[10:].notna().all()
    assert made.left_out == 10


def test_everything_wrong_with_margins_is_told_at_once_with_names(residents, counts):
    counts.loc[(counts["area"] == "a") & (counts["variable"] == "gender"), "count"] += 100
    lacking = counts[~((counts["variable"] == "age") & (counts["category"] == "4"))]
    without = lacking[lacking["area"] != "d"]
    with pytest.raises(StatisticsError) as stopped:
        weigh(residents, without, group="area")
    told = [str(problem) for problem in stopped.value.problems]
    assert any("margins of a: they contradict each other" in one for one in told)
    assert any("group d" in one and "no margin counts their group" in one for one in told)
    women = (counts["area"] == "a") & (counts["variable"] == "gender") & (counts["category"] == "2")
    with pytest.raises(StatisticsError, match="there is no count of gender = 2"):
        weigh(residents, counts[~women], group="area")
    assert any(one.startswith("age = 4") and "lack the category" in one for one in told)


def test_rounded_totals_are_allowed_for_when_asked(residents, counts):
    counts.loc[(counts["variable"] == "age") & (counts["category"] == "1"), "count"] += 3
    with pytest.raises(StatisticsError, match="contradict"):
        weigh(residents, counts, group="area")
    made = weigh(residents, counts, group="area", tolerance=0.02)
    assert made.groups["population"].tolist() == [1000, 800, 400, 200]


def test_a_category_that_no_register_has_counts_as_no_answer(residents, counts):
    residents.loc[:4, "gender"] = 3
    with pytest.raises(StatisticsError, match=r"gender = 3.*unknowable"):
        weigh(residents, counts, group="area")
    made = weigh(residents, counts, group="area", unknowable={"gender": [3]})
    assert made.of(residents).notna().all()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda m: pd.concat([m, m[:1]]), "counted twice"),
        (lambda m: m.assign(count=m["count"].where(m.index > 0, -1)), "below zero"),
        (lambda m: m.drop(columns="count"), "columns count are missing"),
        (lambda m: m.assign(variable=m["variable"].replace("age", "years")), "no column"),
        (lambda m: m[:0], "there are none"),
    ],
)
def test_a_table_of_margins_that_is_wrong_is_refused(change, rule, residents, counts):
    with pytest.raises(StatisticsError, match=rule):
        weigh(residents, change(counts), group="area")


def test_margins_that_cannot_be_met_are_named(residents, counts):
    with pytest.raises(StatisticsError, match=r"logit cannot meet its margins: "):
        weigh(residents, counts, group="area", method="logit", bounds=(0.9, 1.1), thin=0)
    with pytest.raises(StatisticsError, match="nobody answered"):
        weigh(residents[residents["gender"] == 1], counts, group="area", thin=0)


def test_settings_that_make_no_sense_are_told_together(residents, counts):
    with pytest.raises(StatisticsError) as stopped:
        weigh(residents, counts, group="area", bounds=(2, 3), trim=(1.5, 3), thin=-1)
    assert len(stopped.value.problems) == 4


def test_calibrating_to_a_cause_of_the_score_lessens_the_error(residents, counts):
    residents["score"] += 20 * residents["gender"]
    made = weigh(residents, counts, group="area", trim=None)
    known = means(residents, ["score"], made, strata="area").frame
    frame = residents.assign(weight=made.of(residents))
    unknowing = means(frame, ["score"], "weight", strata="area").frame
    assert known["mean"].item() == pytest.approx(unknowing["mean"].item())
    assert known["standard_error"].item() < 0.9 * unknowing["standard_error"].item()


def test_the_interval_covers_the_truth_as_often_as_it_says():
    """A known population of 4 groups: no outside reference, recovery."""
    rng = np.random.default_rng(5)
    size = 8_000
    people = pd.DataFrame({"area": rng.integers(0, 4, size), "sex": rng.integers(1, 3, size)})
    people["age"] = rng.integers(1, 4, size)
    people["score"] = 50 + 6 * people["sex"] + 4 * people["age"] + rng.normal(0, 8, size)
    counts = pd.concat(
        [
            people.groupby(["area", name])
            .size()
            .rename("count")
            .reset_index()
            .rename(columns={name: "category"})
            .assign(variable=name)
            for name in ("sex", "age")
        ]
    )
    chance = 0.02 * people["sex"] * people["age"]
    truth, held = people["score"].mean(), 0
    for _ in range(300):
        drawn = people[rng.random(size) < chance]
        made = weigh(drawn, counts, group="area", base=None, trim=None)
        found = means(drawn, ["score"], made, strata="area").frame.iloc[0]
        held += found["low"] <= truth <= found["high"]
    assert 0.92 <= held / 300 <= 0.98


@pytest.fixture
def frozen_areas(freeze_wave, make_answers, codebook):
    """A wave of three areas, two of them one boligområde with counts of its own or of its areas."""

    def freeze(
        margins, groups=(("bo", "0001-001"), ("bo", "0001-002")), closed=(), known=None, **extra
    ):
        answers = make_answers(300)
        areas = ["0001-001", "0001-002", "0001-003"]
        answers["area"] = np.random.default_rng(1).choice(areas, 300)
        answers["base_weight"] = np.where(np.arange(300) < 5, 0.0, 1.0)
        answers["open_link"] = np.int16(0)
        answers["day"] = "2026-05-01"
        group = pd.DataFrame(groups, columns=["area_group", "area"])
        dated = {"valid_from": "2015-01-01", "valid_to": None}
        return freeze_wave(
            responses=answers,
            tables={
                "areas": pd.DataFrame({"area": [*(known or areas), *closed]}).assign(
                    name="", level="afdeling", dwellings=80, residents=170, **dated
                ),
                "area_group": group.assign(name="", level="boligområde", **dated),
                "margins": pd.DataFrame(
                    margins, columns=["area", "area_group", "variable", "category", "count"]
                ).assign(**extra),
            },
        )

    return freeze


def of_area(area, web, paper, interview):
    return [
        (area, None, "mode", str(code), count)
        for code, count in enumerate((web, paper, interview), 1)
    ]


def test_a_dataset_is_weighted_within_its_boligomraader(frozen_areas):
    dataset = frozen_areas(
        [row for area in ("0001-001", "0001-002", "0001-003") for row in of_area(area, 90, 50, 30)]
    )
    rows, made = weigh_dataset(dataset)
    assert set(rows["unit"]) == {"bo", "0001-003"}
    assert rows["weight"].isna().sum() == 5
    totals = rows.groupby("unit")["weight"].sum().to_dict()
    assert totals == pytest.approx({"bo": 340, "0001-003": 170})
    assert made.groups["gap"].max() < 1e-9


def test_counts_say_themselves_that_their_categories_have_an_order(frozen_areas, tmp_path):
    every = [row for area in AREAS for row in of_area(area, 90, 50, 30)]
    dataset = frozen_areas(every, ordered=True)
    # The middle category is the largest: only without an order are the others joined over it.
    (part,) = dataset.parts
    answers = dataset.responses().assign(mode=np.repeat([1, 2, 3], [30, 240, 30]))
    pq.write_table(pa.Table.from_pandas(answers, pq.read_schema(part), preserve_index=False), part)
    _, ordered = weigh_dataset(dataset, "study", thin=40)
    dataset.table("margins").drop(columns="ordered").to_parquet(dataset.folder / "margins.parquet")
    _, unordered = weigh_dataset(dataset, "study", thin=40)
    assert [one.categories for one in ordered.collapsed] == [("1", "2", "3")]
    assert [one.categories for one in unordered.collapsed] == [("1", "3")]


def test_an_area_that_was_closed_needs_no_counts(frozen_areas):
    """It is still an area of the study, and nobody answers from it."""
    areas = [
        row for area in ("0001-001", "0001-002", "0001-003") for row in of_area(area, 90, 50, 30)
    ]
    _, made = weigh_dataset(frozen_areas(areas, closed=["0001-009"]), "study")
    assert made.groups["population"].tolist() == [510]


def test_answers_from_an_area_that_the_dataset_does_not_know_are_refused(frozen_areas):
    frozen = frozen_areas(of_area("0001-001", 90, 50, 30), known=["0001-001", "0001-002"])
    with pytest.raises(StatisticsError, match="0001-003"):
        weigh_dataset(frozen)


def test_a_group_whose_counts_are_not_its_areas_is_refused(frozen_areas):
    group = [(None, "bo", "mode", str(code), 90) for code in (1, 2, 3)]
    areas = [
        row for area in ("0001-001", "0001-002", "0001-003") for row in of_area(area, 90, 50, 30)
    ]
    with pytest.raises(StatisticsError, match="the group has 90 and its areas 180 together"):
        weigh_dataset(frozen_areas([*group, *areas]))


AREAS = ("0001-001", "0001-002", "0001-003")
SHARED = [("bo", "0001-001"), ("bo", "0001-002"), ("by", "0001-002"), ("by", "0001-003")]


def test_boligomraader_that_share_an_area_are_weighted_as_one_by_its_areas_counts(frozen_areas):
    every = [row for area in AREAS for row in of_area(area, 90, 50, 30)]
    rows, made = weigh_dataset(frozen_areas(every, SHARED))
    assert set(rows["unit"]) == {"bo+by"}
    assert made.groups["population"].tolist() == [510]


def test_where_they_alone_are_counted_their_counts_cannot_be_met_and_that_is_told(frozen_areas):
    groups = [(None, group, "mode", str(code), 90) for group in ("bo", "by") for code in (1, 2, 3)]
    shared = frozen_areas(groups, SHARED)
    with pytest.raises(StatisticsError, match=r"bo\+by, wave 1.* would count it twice"):
        weigh_dataset(shared)
    # What is frozen cannot be counted any more, and is measured all the same.
    assert study_measures(shared).weight.startswith("base_weight: register counts of groups")
    with pytest.raises(StatisticsError, match="would count it twice"):
        study_measures(shared, calibrated=True)


def test_counts_that_cover_a_part_of_a_boligomraade_are_named(frozen_areas):
    part = [row for area in ("0001-001", "0001-003") for row in of_area(area, 90, 50, 30)]
    with pytest.raises(StatisticsError) as caught:
        weigh_dataset(frozen_areas(part))
    assert str(caught.value).startswith(
        "margins of bo, wave 1: its register counts cover 1 of 2 areas in which people answered, and"
        " not 0001-002"
    )


def test_what_lies_nowhere_is_told_and_measured_nowhere(freeze_wave, make_answers):
    """An import without days or areas, a wave nobody answered, an area that only a group knows."""
    dated = {"valid_from": "2015-01-01", "valid_to": None}
    here = pd.DataFrame({"area": ["a"]}).assign(
        name="", level="afdeling", dwellings=80, residents=170, **dated
    )
    group = pd.DataFrame({"area": ["a", "b"]}).assign(
        area_group="bo", name="", level="boligområde", **dated
    )
    rows = make_answers(40).assign(area=["a", "b"] * 20, day="2026-05-01")
    rows = rows.assign(base_weight=1.0, open_link=np.int16(0))

    def measured(name, answers):
        dataset = freeze_wave(name, responses=answers, tables={"areas": here, "area_group": group})
        with pytest.raises(StatisticsError) as caught:
            study_measures(dataset)
        return dataset, str(caught.value)

    assert "about: {day: column}" in measured("undated", rows.assign(day=""))[1]
    assert "about: {area: column}" in measured("placeless", rows.assign(area=""))[1]
    assert "nobody answered" in measured("empty", rows[:0])[1]
    dataset, told = measured("strange", rows)
    assert told.startswith("area b: 1 areas have answers but are not among the dataset's areas")
    [difference] = check(dataset.folder)
    assert difference.file == "areas.parquet"
    assert difference.what == "people answered from b, which it does not list"


def test_an_open_link_has_no_base_weight_and_adults_count():
    frame = pd.DataFrame(
        {"base_weight": [1.0, 1.0, 1.0], "open_link": [0, 1, 0], "adults": [2, 3, 9]}
    )
    found = base_weights(frame, adults="adults", most=4)
    assert found.weight.fillna(-1).tolist() == [2, -1, 4]
    assert (found.without, found.capped) == (1, 1)
    assert "2 rows" in str(found)
    with pytest.raises(StatisticsError, match="has no adult"):
        base_weights(frame.assign(adults=0), adults="adults")


@pytest.mark.parametrize("module", [weights, weighted_means, collapsing, base_weights_module])
def test_the_examples_hold(module):
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0
