"""`beboerpuls simulate`: a study whose truth is known, which real commands read as any other."""

from types import SimpleNamespace

import pandas as pd
import pytest
from commands import Commands

from processing import (
    AreasDrawn,
    KnownModel,
    PeopleDrawn,
    ResidentsDrawn,
    StatisticsError,
    dataset_weights,
    draw_study,
    read_study,
    study_measures,
)
from survey.commands.simulate import _take_away

OPTIONS = ("--areas", "6", "--start", "2:2", "--start", "3:1", "--invited", "80")


@pytest.fixture
def run():
    """Run `beboerpuls …`, without a database, and give its result."""
    return Commands({}).run


def test_a_drawn_study_can_be_weighted_and_measured_as_a_real_one(run, tmp_path):
    plan = tmp_path / "plan.yaml"
    plan.write_text("primary: [tryghed_t1]\ntreatment: [helhedsplan]\n", encoding="utf-8")
    folder = tmp_path / "drawn"
    said = run("simulate", folder, *OPTIONS, "--effect", "0.5", "--plan", plan)
    assert said.exit_code == 0, said.output
    assert "answers of invented people in 3 waves" in said.output
    assert run("dataset", "check", folder).exit_code == 0
    study = read_study(folder)
    truth = pd.read_csv(folder / "truth.csv")
    assert truth[truth.effect > 0].groupby("wave").area.nunique().to_dict() == {2: 2, 3: 3}
    assert all(wave.manifest["analysis_plans"] for wave in study.waves)
    # What was asked stands there, by version, and what the plan lays down.
    assert all(wave.manifest["terms"]["count"] == 5 for wave in study.waves)
    asked = {one["name"]: one["version"] for one in study.waves[0].manifest["form"]}
    assert asked["tryghed"] == 1
    assert (
        folder / "wave-1-freeze-1" / "instruments" / "tryghed" / "1" / "definition.yaml"
    ).exists()
    counts = study.table("margins")
    assert set(counts.loc[counts.ordered.eq(True), "variable"]) == {"background_age_band"}
    made = dataset_weights(study, "boligområde")
    assert made.weights.groups["gap"].max() < 1e-9
    assert study_measures(study, ["tryghed_t1"]).weight.startswith("calibrated within boligområde")
    # Equal options and seed give equal bytes, and what lies there is left alone.
    again = tmp_path / "again" / "drawn"
    run("simulate", again, *OPTIONS, "--effect", "0.5", "--plan", plan)
    assert read_study(again).hash == study.hash
    for there, said in ((folder, "holds something already"), (plan, "plan.yaml is a file")):
        refused = run("simulate", there, *OPTIONS)
        assert (refused.exit_code, said in refused.output) == (2, True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--start", "2-3", "--start", "x"), "2-3, x: no wave and number of areas"),
        (("--start", "4:1", "--day", "2024-05-01", "--day", "2026-05-01"), "starts: wave 4 of 2"),
        (("--response", "1.5", "--paper", "2"), "response: a share, got 1.5"),
        (("--paper", "1.5", "--effect", "nan"), "paper: a share, got 1.5"),
        (("--effect", "1e308"), "effects: a number of SD, got 1e+308. Give one of at most 10"),
        (("--day", "2026-05-01", "--day", "2024-05-01"), "each wave is later than the one before"),
        (("--areas", "2"), "12 starts for 2 areas"),
    ],
)
def test_a_study_that_cannot_be_drawn_is_refused_and_leaves_nothing(run, tmp_path, options, said):
    refused = run("simulate", tmp_path / "drawn", *options)
    assert refused.exit_code
    assert said in refused.output
    assert not (tmp_path / "drawn").exists()


def test_a_folder_that_was_there_stays_when_drawing_into_it_fails(tmp_path):
    drawn = SimpleNamespace(waves={1: None, 2: None})
    for was_there in (True, False):
        folder = tmp_path / f"there-{was_there}"
        (folder / "wave-1-freeze-1").mkdir(parents=True)
        (folder / "truth.csv").write_text("area\n")
        _take_away(folder, drawn, was_there=was_there)
        assert folder.exists() == was_there
    # What somebody put there meanwhile is theirs.
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    _take_away(folder, drawn, was_there=False)
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


def test_who_answers_less_and_feels_otherwise_moves_means_until_they_are_weighted():
    """Men answer half as often and feel better: raw means are too low, by about what was drawn."""
    model = KnownModel.simple({"t": ["a", "b", "c"]}, loading=0.8)
    known = ResidentsDrawn(
        shares={"sex": {1: 0.5, 2: 0.5}},
        answer={"sex": {2: -1.5}},
        effect={"sex": {2: 1.0}},
    )
    areas = AreasDrawn(1, [], days=("2026-05-01",), invited=8000, residents=16000)
    people = PeopleDrawn(area_share=0.0)
    drawn = draw_study(model, areas, people, seed=3, residents=known)
    rows = drawn.waves[1]
    counts = drawn.tables[1]["margins"].set_index("category")["count"]
    shares = rows["sex"].value_counts(normalize=True)
    assert shares[2] < 0.35 < counts["2"] / counts.sum()
    by = rows.assign(y=rows[["a", "b", "c"]].mean(axis=1)).groupby("sex").y.mean()
    # A whole SD of the trait, seen through loadings of .8 and answers of SD 1.1.
    assert by[2] - by[1] == pytest.approx(0.8 * 1.07, abs=0.1)


def test_residents_that_cannot_be_are_refused_with_all_that_is_wrong():
    model = KnownModel.simple({"t": ["a", "b", "c"]})
    wrong = ResidentsDrawn(shares={"sex": {1: 0.9}}, answer={"sex": {3: 1.0}}, per_group=0)
    with pytest.raises(StatisticsError) as refused:
        draw_study(model, AreasDrawn(1, []), seed=1, residents=wrong)
    for said in ("do not make one", "code 3 has no share", "per_group is 1 or more"):
        assert said in str(refused.value)
