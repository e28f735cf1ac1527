import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from instruments import make_form
from processing import (
    AreasDrawn,
    KnownModel,
    StatisticsError,
    build_codebook,
    check,
    draw_study,
    evaluate,
    feed,
    incomparable_over_waves,
    join_outcomes,
    kept_incomparable,
    kept_verdicts,
    plan_of,
    study_measures,
    told_before,
    write_derived,
    write_drawn_study,
    write_feed,
)
from processing.telling.rounding import rounded

PLAN = b"primary: [tryghed_t1]\ntreatment: [helhedsplan]\ndraws: 199\n"


@pytest.fixture
def make_study(tmp_path):
    def make(areas, *, seed=1, plans=None, change=None):
        codebook = build_codebook(
            make_form(["tryghed", "background"], ["da", "ar"]), wave_year=2026
        )
        columns = {"tryghed_t1": next(s.columns for s in codebook.scales if s.id == "t1")}
        drawn = draw_study(KnownModel.simple(columns, loading=0.75), areas, seed=seed)
        if change:
            change(drawn)
        return write_drawn_study(drawn, codebook, tmp_path / f"study-{seed}", analysis_plans=plans)

    return make


def test_every_row_carries_what_it_was_made_from_and_how(make_study):
    study = make_study(AreasDrawn(24, [2] * 12), plans={2: [plan_of(PLAN).hash, "another"]})
    found = evaluate(study, plan_of(PLAN))
    table = feed(study, found.measures, found)
    assert set(table.measure) == {"mean", "change", "effect"}
    assert (table.dataset == study.hash).all()
    assert (table.analysis_plan == found.plan.hash).all()
    assert (table.status == "candidate").all()
    assert set(table.year) == {2024, 2026}
    effect = table[(table.measure == "effect") & (table.cohort == "all")].iloc[0]
    # Its n are people, as everywhere else in the table; areas and waves are in the effects' own file.
    people = found.measures.measures.means.query("level == 'afdeling' and cohort == 'all'").n.sum()
    assert (effect.kind, effect.n) == ("confirmatory", people)
    assert effect.analysis_plans == 2  # it is one of two plans that were there in time
    assert effect.method == "difference in differences, two-way fixed effects, CR2"
    shown = table[(table.measure == "mean") & (table.hidden == 0)]
    assert shown[["estimate", "standard_error", "low", "high", "n"]].notna().all(axis=None)


def test_versions_are_those_of_the_rows_waves_and_a_variant_has_no_verdict_of_its_scale(
    tmp_path,
):
    codebook = build_codebook(make_form(["trivsel", "background"], ["da"]), wave_year=2026)
    columns = {"trivsel_v3": next(s.columns for s in codebook.scales if s.id == "v3")}
    drawn = draw_study(KnownModel.simple(columns), AreasDrawn(4, [2] * 2), seed=1)
    study = write_drawn_study(drawn, codebook, tmp_path / "study")
    for wave, version in zip(study.waves, ("1", "2"), strict=True):
        wave.manifest["form"] = [{"name": "trivsel", "version": version}]
    table = feed(study, study_measures(study), statuses={"trivsel_v3": "validated"})
    told = table.groupby(["measure", "wave"]).scale_version.agg(set)
    assert told.to_dict() == {("change", 2): {"1;2"}, ("mean", 1): {"1"}, ("mean", 2): {"2"}}
    assert table.groupby("scale").status.agg(set).to_dict() == {
        "trivsel_v3": {"validated"},
        "trivsel_v3_without_activities": {"candidate"},
    }


def test_no_mean_of_fewer_than_ten_leaves_nor_what_would_give_it_away(make_study):
    study = make_study(AreasDrawn(12, [2] * 6, invited=22))
    measured = study_measures(study, ["tryghed_t1"])
    table = feed(study, measured)
    truth = measured.measures.means.query("cohort == 'all' and level == 'afdeling'")
    keys = ["unit", "wave"]
    means = table.query("measure == 'mean' and level == 'afdeling'").merge(
        truth[[*keys, "n"]], on=keys, suffixes=("", "_true")
    )
    few = means.n_true < 10
    assert few.any()
    assert (means.hidden[few] == 1).all()
    figures = ["estimate", "standard_error", "low", "high", "n", "response_rate"]
    assert means.loc[means.hidden == 1, figures].isna().all(axis=None)
    for wave, part in table.query("measure == 'mean'").groupby("wave"):
        areas = part[part.level == "afdeling"]
        whole = part[(part.level == "study") & (part.cohort == "all")]
        # One hidden area would be the study less the others.
        assert areas.hidden.sum() != 1 or whole.hidden.iloc[0] == 1, wave
    changes = table.query("measure == 'change' and level == 'afdeling'")
    hidden = set(means.unit[means.hidden == 1])
    assert set(changes.unit[changes.hidden == 1]) == hidden


def test_the_files_say_the_same_as_the_table(make_study):
    study = make_study(AreasDrawn(12, [2] * 6))
    found = evaluate(study, plan_of(PLAN))
    table = feed(study, found.measures, found)
    folder = write_feed(study, table, found)
    assert check(folder) == []
    for read in (
        pyreadstat.read_sav(folder / "feed.sav")[0],
        pyreadstat.read_dta(folder / "feed.dta")[0],
        pd.read_csv(folder / "feed.csv", keep_default_na=False, na_values=[""]),
        pd.read_parquet(folder / "feed.parquet"),
    ):
        assert list(read.columns) == list(table.columns)
        pd.testing.assert_series_equal(read.estimate, table.estimate, check_exact=False)
        assert read.unit.tolist() == table.unit.tolist()
    assert (
        write_feed(study, table, found).joinpath("feed.csv").read_bytes()
        == (folder / "feed.csv").read_bytes()
    )


def test_verdicts_come_from_the_evidence_of_this_very_dataset(make_study):
    study, other = make_study(AreasDrawn(4, [2])), make_study(AreasDrawn(4, [2]), seed=2)
    assert kept_verdicts(study) == {}
    verdicts = pd.DataFrame(
        {
            "scale": ["tryghed_t1", "tryghed_t1"],
            "group": ["whole", "everyone"],
            "verdict": ["usable with care", "validated"],
        }
    )
    kept = write_derived(study, "evidence", {"verdicts": verdicts})
    assert kept_verdicts(study) == {"tryghed_t1": "usable with care"}
    assert kept_incomparable(study) == []
    table = feed(study, study_measures(study, ["tryghed_t1"]), statuses=kept_verdicts(study))
    assert set(table.status) == {"usable with care"}
    shutil.rmtree(kept)
    write_derived(other, "evidence", {"verdicts": verdicts}, kept)
    assert kept_verdicts(study) == {}


def test_register_outcomes_are_laid_beside_by_area_and_year(make_study):
    study = make_study(AreasDrawn(4, [2]))
    table = feed(study, study_measures(study, ["tryghed_t1"]))
    outcomes = pd.DataFrame(
        {
            "area": ["9000-000", "9000-000", "9000-001", "0667-012"],
            "year": [2024, 2026, 2024, 2024],
            "employed": [0.41, 0.44, 0.39, 0.5],
        }
    )
    joined = join_outcomes(table, outcomes)
    assert len(joined.frame) == 3
    assert joined.only_outcomes == ("0667-012 2024",)
    # Of afdelinger the outcomes have some; of plans and the study as a whole they want none.
    assert joined.only_feed[0] == "9000-001 2026"
    assert {one.split()[0] for one in joined.only_feed} <= {f"9000-{at:03}" for at in range(4)}
    assert str(joined).endswith("; only in the outcomes: 0667-012 2024")


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ({"area": ["1"], "employed": [1]}, "outcomes, year: there is no such column"),
        ({"area": [], "year": [], "employed": []}, "there are no rows"),
        ({"area": [667012], "year": [2024]}, "has lost its zero"),
        ({"area": ["a", "a"], "year": [2024, 2024]}, "it comes more than once"),
        ({"area": ["9000-0", "9000-000"], "year": [2024, 2024]}, "writes that area '9000-000'"),
        ({"area": [" 9000-001"], "year": [2024]}, "writes that area '9000-001'"),
        ({"area": ["9000-001", None], "year": [2024, 2024]}, "1 rows have no key"),
        ({"area": ["9000-001"], "year": ["2024/25"]}, "years are whole numbers, got '2024/25'"),
        ({"area": ["9000-001", "b"], "year": [2024.5, "abc"]}, "whole numbers, got 2024.5, 'abc'"),
        ({"area": ["a"], "year": [2024]}, "there is no column but area and year"),
        ({"area": ["a"], "year": [2024], "n": [1]}, "the feed has a column of that name"),
        ({"area": ["a"], "year": [1999], "employed": [1]}, "no area and year is in both"),
    ],
)
def test_outcomes_that_cannot_be_laid_beside_are_refused_in_words(make_study, outcomes, said):
    study = make_study(AreasDrawn(4, [2]))
    table = feed(study, study_measures(study, ["tryghed_t1"]))
    with pytest.raises(StatisticsError, match=said):
        join_outcomes(table, pd.DataFrame(outcomes))


def test_every_row_names_the_plans_that_cover_its_unit_in_the_wave(make_study):
    study = make_study(AreasDrawn(6, [2, 2]))
    table = feed(study, study_measures(study, ["tryghed_t1"])).query("measure == 'mean'")
    plans = table[table.level == "afdeling"].set_index(["unit", "wave"])["plan"]
    # The plan begins in the second wave.
    assert plans[("9000-000", 2)] == "plan"
    assert plans[("9000-000", 1)] == ""
    assert plans[("9000-005", 2)] == ""
    assert (table.loc[table.level == "study", "plan"] == "").all()


def test_an_area_that_merged_is_told_of_by_its_old_key():
    table = pd.DataFrame(
        {
            "measure": "mean",
            "cohort": "all",
            "level": "afdeling",
            "unit": ["0667-003+0667-004", "0667-009"],
            "year": 2026,
            "estimate": [50.0, 60.0],
        }
    )
    outcomes = pd.DataFrame(
        {"area": ["0667-003", "0667-009"], "year": 2026, "employed": [0.4, 0.5]}
    )
    joined = join_outcomes(table, outcomes)
    assert joined.merged == ("0667-003",)
    assert joined.frame["unit"].tolist() == ["0667-009"]
    assert "in the feed as a part of what they merged into: 0667-003" in str(joined)


def test_an_effect_on_few_is_not_told_in_public(make_study):
    def one_newcomer_a_place(drawn):
        for rows in drawn.waves.values():
            rows["background_moved_in"] = np.where(rows.area.duplicated(), 2010, 2025).astype("i2")

    study = make_study(AreasDrawn(6, [2] * 3, invited=90), change=one_newcomer_a_place)
    evaluation = evaluate(study, plan_of(PLAN))
    assert "newcomer" in set(evaluation.effects.cohort)
    told = feed(study, evaluation.measures, evaluation).query("measure == 'effect'")
    hidden = told.set_index("cohort")["hidden"]
    assert (hidden["newcomer"], hidden["stayer"]) == (1, 0)
    assert told.loc[told.cohort == "newcomer", ["estimate", "p", "n"]].isna().all(axis=None)


def test_a_wave_of_which_nobody_knows_who_was_invited_is_told_as_if_none_were_known(make_study):
    def uncounted(drawn):
        drawn.tables[1]["dispositions"] = drawn.tables[1]["dispositions"].iloc[:0]

    study = make_study(AreasDrawn(8, [2] * 4), change=uncounted, seed=2)
    told = feed(study, study_measures(study)).query("measure != 'effect' and cohort == 'all'")
    assert (told.hidden == 0).all()
    assert told.groupby("wave").response_rate.count()[2] > 0


@pytest.fixture
def partners(tmp_path):
    """Project staff and partners of two plans answered samarbejde; of one plan only six."""

    def make(keys):
        codebook = build_codebook(make_form(["samarbejde"], ["da"]), wave_year=2026)
        columns = {scale.name: scale.columns for scale in codebook.scales}
        areas = AreasDrawn(len(keys), [2], invited=40, days=("2026-03-01", "2026-04-01"))
        drawn = draw_study(KnownModel.simple(columns, loading=0.75, correlation=0.3), areas, seed=3)
        renamed = dict(zip(sorted(drawn.tables[1]["areas"]["area"]), keys, strict=True))
        for wave, rows in drawn.waves.items():
            rows["area"] = rows["area"].map(renamed)
            for name, table in drawn.tables[wave].items():
                if "area" in table:
                    drawn.tables[wave][name] = table.assign(area=table["area"].map(renamed))
        return write_drawn_study(drawn, codebook, tmp_path / "partners", "partners")

    return make


def test_cooperation_stands_beside_as_moderator_by_plan_and_is_merged_with_nobody(
    make_study, partners
):
    study, other = make_study(AreasDrawn(6, [2, 2])), partners(["plan"])
    found = study_measures(study, ["tryghed_t1"])
    alone = feed(study, found)
    table = feed(study, found, cooperation=other)
    added = table[table.measure == "moderator"]
    pd.testing.assert_frame_equal(table[table.measure != "moderator"], alone, check_dtype=False)
    assert set(added.scale) == {"samarbejde_s1", "samarbejde_s2"}
    assert set(added.level) == {"plan"}
    assert (added.plan == "plan").all()
    assert (added.dataset == other.hash).all()
    shown = added[added.hidden == 0]
    assert len(shown)
    assert (shown.n >= 10).all()
    # A study has one memory, whoever tells of it: partners' own feed hides what moderators hid.
    hidden = table.assign(hidden=np.where(table.measure == "moderator", 1, table.hidden))
    write_feed(study, hidden, found, cooperation=other)
    memory = told_before(other)
    assert set(memory.cells.measure) == {"mean", "answered"}
    assert "moderator" not in set(told_before(study).cells.measure)
    own = feed(other, study_measures(other), earlier=memory)
    means = own[(own.measure == "mean") & (own.level == "afdeling") & (own.cohort == "all")]
    assert len(means) >= len(added)
    assert (means.hidden == 1).all()
    again = feed(study, found, cooperation=other, partners_earlier=memory)
    assert (again[again.measure == "moderator"].hidden == 1).all()
    # A plan of theirs that is registered afterwards weights otherwise, and shuts nothing.
    last = other.waves[-1]
    terms = {"adults": other.codebook.scale("samarbejde_s1").columns[0]}
    laid_down = replace(last, manifest={**last.manifest, "terms": terms})
    later = replace(other, waves=(*other.waves[:-1], laid_down))
    then = {"earlier": told_before(study), "partners_earlier": memory}
    table = feed(study, found, cooperation=later, **then)
    assert write_feed(study, table, found, cooperation=later, **then).exists()


def test_partners_of_a_plan_that_the_study_does_not_have_are_refused(make_study, partners):
    study, other = make_study(AreasDrawn(6, [2, 2])), partners(["unknown"])
    with pytest.raises(StatisticsError, match="cooperation, unknown: its areas are to be"):
        feed(study, study_measures(study, ["tryghed_t1"]), cooperation=other)


def test_a_plan_that_covers_a_part_of_a_merged_area_is_not_told(tmp_path):
    """The plan's mean less its other areas would be that of the part, which stands nowhere."""
    codebook = build_codebook(make_form(["tryghed", "background"], ["da", "ar"]), wave_year=2026)
    columns = {"tryghed_t1": codebook.scale("tryghed_t1").columns}
    drawn = draw_study(
        KnownModel.simple(columns, loading=0.75), AreasDrawn(6, [2, 2, 2], invited=80), seed=4
    )
    for tables in drawn.tables.values():
        tables["area_succession"] = pd.DataFrame(
            {"from_area": ["9000-000"], "to_area": ["9000-005"], "date": ["2027-01-01"]}
        )
    study = write_drawn_study(drawn, codebook, tmp_path / "torn")
    table = feed(study, study_measures(study, ["tryghed_t1"])).query("measure == 'mean'")
    plan = table[table.level == "plan"]
    assert len(plan)
    assert (plan.hidden == 1).all()
    assert (table[(table.level == "study") & (table.cohort == "all")].hidden == 0).all()


def test_what_evidence_warns_to_compare_over_waves_is_what_it_compared():
    compared = pd.DataFrame(
        {
            "scale": ["a", "a", "b", "c", "d"],
            "group": ["wave", "wave", "mode", "wave", "wave"],
            "compared": ["1, 2", "1, 2", "1, 2", "2", "1, 2"],
            "means_comparable": [False, False, False, False, True],
        }
    )
    assert incomparable_over_waves(compared) == ["a"]


def test_errors_and_p_values_say_no_more_than_the_whole_points_beside_them():
    """Of a change and its error to more decimals the change follows, and so what one who left had said."""
    found = pd.DataFrame(
        {
            "measure": ["change", "change", "mean", "effect"],
            "scale": ["t", "t", "t", "count"],
            "estimate": [8.2, 7.8, 50.4, 0.41],
            "standard_error": [3.02, 3.31, np.nan, 0.113],
            "low": [2.0, 1.5, np.nan, 0.18],
            "high": [14.4, 14.1, np.nan, 0.64],
            "p": [0.011, 0.049, np.nan, 0.0004],
            "response_rate": np.nan,
        }
    )
    told = rounded(found, ["count"])
    one, other = (
        row[["estimate", "standard_error", "low", "high", "p"]] for _, row in told[:2].iterrows()
    )
    assert one.equals(other)
    assert one.to_list() == [8, 3.57, 1, 15, 0.05]
    # An error is never told smaller than it was, nor a p value.
    some = found.standard_error.notna()
    assert (told.standard_error[some] >= found.standard_error[some]).all()
    assert told.p.fillna(-1).to_list() == [0.05, 0.05, -1, 0.001]
    assert told.standard_error.isna().to_list() == [False, False, True, False]
