import json

import pandas as pd
import pytest
from click.testing import CliRunner

from instruments import make_form
from processing import (
    AreasDrawn,
    KnownModel,
    build_codebook,
    check,
    draw_study,
    made_from,
    write_drawn_study,
)
from survey.cli import beboerpuls


@pytest.fixture
def run():
    """Run `beboerpuls …` and give its result."""

    def run(*arguments):
        result = CliRunner().invoke(beboerpuls, [str(argument) for argument in arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def drawn(tmp_path):
    """A study's dataset of two waves, twelve areas with a plan and twelve without."""
    codebook = build_codebook(make_form(["tryghed", "background"], ["da", "ar"]), wave_year=2026)
    columns = {s.name: s.columns for s in codebook.scales if s.name in {"tryghed_t1", "tryghed_t4"}}
    model = KnownModel.simple(columns, loading=0.75, correlation=0.3)
    areas = AreasDrawn(24, [2] * 12, effects=[0.4])
    return write_drawn_study(draw_study(model, areas, seed=1), codebook, tmp_path / "drawn")


@pytest.fixture
def plan(tmp_path):
    file = tmp_path / "plan.yaml"
    file.write_text("primary: [tryghed_t1]\ntreatment: [helhedsplan]\ndraws: 199\n")
    return file


def test_measures_are_printed_and_written_with_the_datasets_hash(run, drawn):
    told = run("measures", drawn.folder, "--level", "study")
    assert told.exit_code == 0, told.output
    assert "tryghed_t1" in told.output
    assert "Changes in points" in told.output
    written = drawn.folder.with_name("drawn-measures")
    assert made_from(written) == drawn.hash
    assert check(written) == []
    means = pd.read_parquet(written / "means.parquet")
    assert {"mean", "low", "high", "n", "shrunk", "reliability"} <= set(means)
    again = run("measures", drawn.folder, "--json")
    content = json.loads(again.output)
    assert content["dataset"] == drawn.hash
    assert content["response_rate"].startswith("AAPOR RR1")
    assert len(content["means"]) == len(means)


def test_effects_are_told_as_exploratory_until_their_plan_was_registered(run, drawn, plan):
    told = run("effects", drawn.folder, "--plan", plan)
    assert told.exit_code == 0, told.output
    assert "not registered before data of wave 2 or later were frozen" in told.output
    assert "exploratory, primary" in told.output
    # By one command too: exposure, the 90 % interval and what could have been found.
    assert "By waves since the start" in told.output
    assert "+0 waves" in told.output
    assert all(head in told.output for head in ("90 %", "detectable"))
    assert "cannot be checked" in told.output
    content = json.loads(run("effects", drawn.folder, "--plan", plan, "--json").output)
    assert {row["kind"] for row in content["effects"]} == {"exploratory"}
    written = drawn.folder.with_name("drawn-effects")
    assert (written / "plan.yaml").read_bytes() == plan.read_bytes()
    assert check(written) == []


def test_a_wave_alone_shows_no_effect_and_the_command_says_what_to_give(run, drawn, plan):
    refused = run("effects", drawn.folder / "wave-1-freeze-1", "--plan", plan)
    assert refused.exit_code == 2
    assert "Give the study's folder" in refused.output


def test_a_broken_plan_and_an_unknown_scale_are_refused_in_words(run, drawn, plan):
    plan.write_text("primary: tryghed_t1\nsecondary: [gladness]\n")
    refused = run("effects", drawn.folder, "--plan", plan)
    assert refused.exit_code == 2
    assert "primary: a list of names" in refused.output
    assert "treatment: it is missing" in refused.output
    assert "scale gladness: the dataset has no such scale" in refused.output
    refused = run("measures", drawn.folder, "--scale", "joy")
    assert refused.exit_code == 2
    assert "scale joy: the dataset has no such scale" in refused.output


def test_what_a_study_could_find_is_told_before_it_is_made(run):
    told = run("detect", "--treated", 30, "--comparison", 30, "--answers", 60)
    assert "An effect of 3.3 points (0.17 SD) is found with 80% power" in told.output
    content = json.loads(
        run("detect", "--treated", 10, "--comparison", 10, "--answers", 60, "--json").output
    )
    assert content["effect_sd"] == pytest.approx(0.100333 * (2.100922 + 0.862049), rel=1e-4)
    by_response = run("detect", "--treated", 12, "--comparison", 12, "--invited", 150)
    assert "5.4 points (0.27 SD)" in by_response.output
    assert "30%" in by_response.output
    few = run("detect", "--treated", 2, "--comparison", 4, "--invited", 150, "--json")
    assert json.loads(few.output)["effect_sd"] is None
    both = run("detect", "--treated", 2, "--comparison", 4, "--invited", 150, "--answers", 60)
    assert "Give --invited with --response, or --answers" in both.output
    refused = run(
        "detect", "--treated", 1, "--comparison", "x", "--answers", 0, "--icc", 2, "--power", "0,2"
    )
    assert refused.exit_code == 2
    for fault in (
        "--treated: each arm needs two areas at least, got 1",
        "--comparison: it is a whole number, got 'x'",
        "--answers: it is above zero, got 0",
        "--icc: a share, from 0 to below 1, got 2",
        "--power: from 0.5 to below 1, got 0.2",
    ):
        assert fault in refused.output


def test_a_report_is_one_page_that_needs_nothing_else(run, drawn, plan):
    told = run("report", drawn.folder, "--plan", plan)
    assert told.exit_code == 0, told.output
    page = drawn.folder.with_name("drawn-report.html").read_text("utf-8")
    assert "<link" not in page
    assert "src=" not in page
    assert "beboerpuls report drawn --plan plan.yaml" in page
    refused = run("report", drawn.folder, "--plan", plan, "--out", drawn.folder / "no" / "x.html")
    assert refused.exit_code == 2
    assert "there is no such folder" in refused.output


def test_measures_can_be_had_without_those_who_did_not_read(run, drawn):
    everyone = json.loads(run("measures", drawn.folder, "--json").output)
    readers = json.loads(run("measures", drawn.folder, "--without-careless", "--json").output)

    def answers(content):
        return sum(row["n"] for row in content["means"] if row["level"] == "study")

    assert everyone["left_out"] == 0
    assert readers["left_out"] > 0
    assert answers(readers) < answers(everyone)
    assert readers["written"] == str(drawn.folder.with_name("drawn-measures-without-careless"))
    said = run("measures", drawn.folder, "--without-careless").output
    assert f"Left out: {readers['left_out']} row" in said


def test_the_same_dataset_and_plan_give_the_same_bytes_of_every_table(run, drawn, plan, tmp_path):
    for name, options in (
        ("measures", ()),
        ("effects", ("--plan", plan)),
        ("feed", ("--plan", plan)),
    ):
        once, again = tmp_path / f"{name}-1", tmp_path / f"{name}-2"
        for place in (once, again):
            told = run(name, drawn.folder, *options, "--out", place)
            assert told.exit_code == 0, told.output
        files = sorted(path.name for path in once.iterdir())
        assert files == sorted(path.name for path in again.iterdir())
        assert len(files) >= 3
        for file in files:
            assert (once / file).read_bytes() == (again / file).read_bytes(), f"{name}: {file}"


def test_how_well_weights_meet_the_registers_is_told_on_a_page_and_in_tables(run, tmp_path):
    codebook = build_codebook(make_form(["tryghed", "background"], ["da", "ar"]), wave_year=2026)
    columns = {"tryghed_t1": codebook.scale("tryghed_t1").columns}
    drawn = draw_study(KnownModel.simple(columns), AreasDrawn(2, [2], invited=200), seed=5)
    for wave, rows in drawn.waves.items():
        rows["background_gender"] = [(at % 4 > 0) + 1 for at in range(len(rows))]
        ages = [min(at % 9 + 1, 7) for at in range(len(rows))]
        rows["background_age_band"] = [
            max(age, 2) if at > 20 else age for at, age in enumerate(ages)
        ]
        counts = {
            "background_gender": [85, 85],
            "background_age_band": [20, 30, 30, 30, 30, 20, 10],
        }
        drawn.tables[wave]["margins"] = pd.DataFrame(
            [
                (area, None, variable, str(code), count)
                for area in ("9000-000", "9000-001")
                for variable, told in counts.items()
                for code, count in enumerate(told, 1)
            ],
            columns=["area", "area_group", "variable", "category", "count"],
        )
    study = write_drawn_study(drawn, codebook, tmp_path / "weighted")
    ordered = ("--ordered", "background_age_band")
    told = run("weights", study.folder, "--level", "afdeling", *ordered, "--language", "en")
    assert told.exit_code == 0, told.output
    assert "Weights by raking" in told.output
    joined = len(pd.read_parquet(study.folder.with_name("weighted-weights") / "collapsed.parquet"))
    assert joined
    noun = "category was" if joined == 1 else "categories were"
    assert f" {joined} {noun} counted with others" in told.output
    written = study.folder.with_name("weighted-weights")
    assert check(written) == []
    margins = pd.read_parquet(written / "margins.parquet")
    assert margins["gap"].abs().max() < 1e-3
    page = (written / "weights.html").read_text("utf-8")
    assert "How well the weights meet the registers" in page
    assert page.count("50.0") >= 2  # of men and women, in the registers and weighted
    assert "“Alder: 75 år eller ældre” with 33% of those who answered, against 6%" in page
    assert "all counts in 4 groups are met" in page
    assert "Weights lie between 0.3 and 3.0 times the mean of their group." in page
    assert "Køn: Mand: 75% to 50%" in page  # drawn, and in words
    # The command makes the same page again, and what was joined is told in words.
    assert "--level afdeling --ordered background_age_band --language en" in page
    assert "9000-000, wave 1: Alder, 18-24 år + 25-34 år (" in page
    content = json.loads(run("weights", study.folder, "--level", "afdeling", "--json").output)
    assert content["groups"] == 4
    assert content["effective_n"] == pytest.approx(content["rows"] / content["design_effect"])
    assert "Hvor godt vægtene" in (written / "weights.html").read_text("utf-8")


def test_a_dataset_without_register_counts_has_no_weights_to_tell_of(run, drawn):
    refused = run("weights", drawn.folder)
    assert refused.exit_code == 2
    assert "holds no register counts" in refused.output
