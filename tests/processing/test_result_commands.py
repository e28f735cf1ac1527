"""`beboerpuls report` and `feed` as they are called."""

import json
import re
import resource
import shutil

import pandas as pd
import pytest
from evaluations import draw, with_few

from processing import (
    AreasDrawn,
    PeopleDrawn,
    read_study,
    remember,
    study_measures,
    told_before,
    write_derived,
    write_drawn_study,
)

PLAN = "primary: [tryghed_t1]\ntreatment: [helhedsplan]\ndraws: 199\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    _, codebook, drawn = draw(
        AreasDrawn(12, [2] * 6),
        PeopleDrawn(),
        questionnaires=("tryghed", "background"),
        languages=("da",),
    )
    place = tmp_path_factory.mktemp("commands") / "bopuls"
    write_drawn_study(with_few(drawn, 4), codebook, place, "bopuls")
    return place


def test_both_reports_are_written_as_page_and_paper(shell, folder, tmp_path):
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN)
    verdicts = {"tryghed_t1": "validated", "tryghed_t2": "usable with care"}
    rows = [{"scale": name, "group": "whole", "verdict": one} for name, one in verdicts.items()]
    write_derived(read_study(folder), "evidence", {"verdicts": pd.DataFrame(rows)})
    for asked in (["--plan", str(plan)], ["--area", "9000-004"]):
        out = tmp_path / f"{asked[0]}.html"
        done = shell.run("report", str(folder), *asked, "--pdf", "--out", str(out))
        assert done.exit_code == 0, done.output
        assert out.read_text("utf-8").startswith("<!doctype html>")
        assert out.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
    area = ("report", str(folder), "--area", "9000-004", "--out")
    assert shell.run(*area, str(out)).exit_code == 0  # an earlier report may be written over
    for taken in (plan, tmp_path / "mine.html"):
        taken.write_text(PLAN)
        assert "with --out" in shell.run(*area, str(taken)).output
        assert taken.read_text() == PLAN
    # A disk that is full leaves the earlier report as it was.
    before, limit = out.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limit[1]))
    try:
        full = shell.run(*area, str(out))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert "nothing was left behind" in full.output
    assert out.read_bytes() == before
    assert not [*tmp_path.glob(".*")]
    nowhere = shell.run(*area, str(tmp_path / "nowhere" / "a.html"))
    assert "there is no such folder" in nowhere.output
    foreign = out.with_suffix(".pdf")
    assert shell.run(*area, str(out), "--pdf").exit_code == 0
    foreign.write_bytes(b"%PDF-1.7 mine")
    assert "no earlier report" in shell.run(*area, str(out), "--pdf").output
    assert foreign.read_bytes() == b"%PDF-1.7 mine"
    said = (tmp_path / "--plan.html").read_text("utf-8")
    [unproven] = re.findall("Skalaerne ([^<]*) har endnu ikke bestået", said)
    assert "Problemer i området" in unproven  # to be used with care is not passed
    assert "Oplevet tryghed" not in unproven


def test_what_an_earlier_telling_hid_stays_hidden_in_a_report(shell, folder, tmp_path):
    out = tmp_path / "a.html"
    shell.run("report", str(folder), "--area", "9000-004", "--out", str(out))
    told = told_before(read_study(folder)).cells
    shown = told[(told["level"] == "afdeling") & (told["wave"] == 2) & (told["hidden"] == 0)]
    unit = shown["unit"].iloc[-1]
    again = tmp_path / "bopuls"
    # As waves are that nothing was told of: a told one is refused without its memory.
    shutil.copytree(folder, again, ignore=shutil.ignore_patterns("told.json"))
    hidden = told["hidden"].where((told["unit"] != unit) | (told["wave"] != 2), 1)
    copied = read_study(again)
    remember(
        copied, told.assign(hidden=hidden), study_measures(copied), earlier=told_before(copied)
    )
    for place, code in ((folder, 0), (again, 2)):
        done = shell.run("report", str(place), "--area", unit, "--out", str(out))
        assert done.exit_code == code, done.output
    assert "nothing of it may be told" in done.output


def test_a_report_of_neither_both_or_a_small_area_is_refused_in_words(shell, folder, tmp_path):
    assert "Give either --plan" in shell.run("report", str(folder)).output
    done = shell.run("report", str(folder), "--area", "9000-000", "--out", str(tmp_path / "a.html"))
    assert done.exit_code
    assert "nothing of it may be told" in done.output
    assert not (tmp_path / "a.html").exists()


def test_the_feed_is_laid_beside_outcomes_that_keep_their_zeros(shell, folder, tmp_path):
    outcomes = tmp_path / "register.csv"
    outcomes.write_text("area,year,employed\n9000-004,2026,0.41\n0667-012,2026,0.5\n")
    out = tmp_path / "feed"
    done = shell.run("feed", str(folder), "--outcomes", str(outcomes), "--out", str(out))
    assert done.exit_code == 0, done.output
    joined = pd.read_parquet(tmp_path / "feed-outcomes" / "joined.parquet")
    assert set(joined["unit"]) == {"9000-004"}
    missing = pd.read_parquet(tmp_path / "feed-outcomes" / "missing.parquet")
    assert "0667-012 2026" in set(missing.loc[missing.only_in == "outcomes", "area_year"])
    outcomes.write_text("area,year,employed,employed,n\n9000-004,2026.5,0.41,0.4,1\n")
    done = shell.run("feed", str(folder), "--outcomes", str(outcomes), "--out", str(out))
    assert "outcomes, employed: 2 columns have that name" in done.output
    assert "outcomes, n: the feed has a column of that name" in done.output
    assert "years are whole numbers, got 2026.5" in done.output
    # As a Danish spreadsheet writes it.
    outcomes.write_text("area;year;employed\n9000-004;2026;0,41\n", "utf-8-sig")
    done = shell.run("feed", str(folder), "--outcomes", str(outcomes), "--out", str(out))
    assert f"It lies in {tmp_path / 'feed-outcomes'}" in done.output
    joined = pd.read_parquet(tmp_path / "feed-outcomes" / "joined.parquet")
    assert set(joined["employed"]) == {0.41}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"area;yr\n1;2\n", "there is no such column"),
        ("area,year,kommune\na,2026,Høje\n".encode("latin-1"), "as CSV UTF-8"),
        (b"area,year\n9000-004,2024\n9000-004,2026.5\n", "got 2026.5"),
    ],
)
def test_outcomes_that_cannot_be_laid_beside_are_told_why(shell, folder, tmp_path, content, told):
    outcomes = tmp_path / "register.csv"
    outcomes.write_bytes(content)
    done = shell.run("feed", str(folder), "--outcomes", str(outcomes), "--out", str(tmp_path / "f"))
    assert told in done.output


def test_partners_must_be_partners(shell, folder):
    done = shell.run("feed", str(folder), "--cooperation", str(folder))
    assert done.exit_code
    assert "partners are asked samarbejde alone" in done.output


def test_the_feed_says_whose_it_is_and_no_plan_of_today_loosens_its_limits(shell, folder, tmp_path):
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN + "mean_n: 5\ncount: 3\n")
    outcomes = tmp_path / "register.csv"
    outcomes.write_text("area,year,employed\n9000-004,2026,0.41\n")
    n, names = {}, {"public": "feed", "evaluator": "feed-evaluator"}
    for audience, option in (("public", []), ("evaluator", ["--for-evaluator"])):
        out = tmp_path / audience
        beside = ("--outcomes", str(outcomes), "--out", str(out))
        asked = ("feed", str(folder), "--plan", str(plan), *option, *beside)
        done = shell.run(*asked, "--json")
        assert done.exit_code == 0, done.output
        assert json.loads(done.output)["audience"] == audience
        for place in (out, tmp_path / f"{audience}-outcomes"):
            manifest = json.loads((place / "manifest.json").read_text())
            assert manifest["audience"] == audience
            # Of a name of its own: neither is written over the other.
            assert manifest["name"].startswith(names[audience])
        table = pd.read_parquet(out / "feed.parquet")
        assert set(table.audience) == {audience}
        n[audience] = table.loc[(table.measure == "mean") & (table.hidden == 0), "n"].min()
    assert min(n.values()) >= 10
    # A stricter plan that nobody registered would hide in public for good.
    plan.write_text(PLAN + "mean_n: 400\n")
    asked = ("feed", str(folder), "--plan", str(plan), "--out", str(tmp_path / "public"))
    done = shell.run(*asked)
    assert "stricter thresholds (mean_n, count) are not taken" in done.output
    table = pd.read_parquet(tmp_path / "public" / "feed.parquet")
    assert table.loc[(table.measure == "mean") & (table.hidden == 0), "n"].min() == n["public"]
    refused = shell.run("feed", str(folder), "--plan", str(plan), "--adults", "background_adults")
    assert "With --plan the plan says how to weight" in refused.output
