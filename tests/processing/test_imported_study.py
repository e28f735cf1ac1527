"""Two rounds that another system asked, imported with their places, all the way to a report."""

import html
import re
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pyreadstat
import pytest
from click.testing import CliRunner

from instruments import make_form
from processing import (
    AreasDrawn,
    DatasetError,
    ImportRefusedError,
    KnownModel,
    build_codebook,
    check,
    draw_study,
    import_file,
    join_waves,
    read_dataset,
    study_measures,
    write_drawn_study,
)
from processing.datasets.study import _areas_written_otherwise
from survey.cli import beboerpuls

ASKED = ("tryghed", "background")
MAP = """
study: older
wave: {wave}
year: 2026
items: {{{items}}}
about: {{row_id: row_id, area: area, day: day, language: language, panel: panel}}
"""
PLACES = ("areas", "groups", "plans", "area-plans", "margins")


def run(*words):
    result = CliRunner().invoke(beboerpuls, [str(word) for word in words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A drawn study of sixteen areas and two waves, and the same as files of another system."""
    folder = tmp_path_factory.mktemp("other")
    codebook = build_codebook(make_form([*ASKED], ["da"]), wave_year=2026)
    columns = {s.name: s.columns for s in codebook.scales if s.name == "tryghed_t1"}
    model = KnownModel.simple(columns, loading=0.75)
    drawn = draw_study(model, AreasDrawn(16, [2] * 8, effects=[0.6]), seed=2)
    items = [*columns["tryghed_t1"], "background_moved_in", "background_gender"]
    for wave in write_drawn_study(drawn, codebook, folder / "drawn").waves:
        answers = wave.responses().assign(background_gender=lambda rows: rows.index % 2 + 1)
        answers = answers[["row_id", "area", "day", "language", "panel", *items]]
        if wave.wave == 1:
            answers.to_csv(folder / "1.csv", index=False)
        else:
            pyreadstat.write_sav(answers, folder / "2.sav")
        (folder / f"{wave.wave}.yaml").write_text(
            MAP.format(wave=wave.wave, items=", ".join(f"{name}: {name}" for name in items))
        )
        invited = wave.table("dispositions").groupby("area", as_index=False)["invited"].sum()
        invited.to_csv(folder / f"invited-{wave.wave}.csv", index=False)
    for table in ("areas", "plans", "area_plan"):
        frame = wave.table(table).dropna(axis=1, how="all")
        frame.to_csv(folder / f"{table.replace('area_plan', 'area-plans')}.csv", index=False)
    areas = wave.table("areas")["area"]
    group = pd.Series([f"g{row // 4}" for row in range(16)])
    groups = pd.DataFrame({"area_group": group, "name": group, "area": areas})
    groups.assign(valid_from="2000-01-01").to_csv(folder / "groups.csv", index=False)
    margins = pd.DataFrame({"area_group": group.unique(), "variable": "background_gender"})
    both = [margins.assign(category=code, count=count) for code, count in ((1, 300), (2, 200))]
    pd.concat(both).to_csv(folder / "margins.csv", index=False)
    return folder


def importing(files, wave, out, **changed):
    """Import a wave with all its places, some of them from other files."""
    places = {name: files / f"{name}.csv" for name in PLACES}
    places |= {"invited": files / f"invited-{wave}.csv"}
    places |= {name.replace("_", "-"): path for name, path in changed.items()}
    answers = files / ("1.csv" if wave == 1 else "2.sav")
    options = [word for name in ASKED for word in ("--instrument", name)]
    options += [word for name, path in places.items() for word in (f"--{name}", path)]
    return run("import", answers, "--map", files / f"{wave}.yaml", *options, "--out", out)


@pytest.fixture(scope="module")
def older(files, tmp_path_factory):
    """The folder that both waves were imported into, and what joining them said."""
    folder = tmp_path_factory.mktemp("imported") / "older"
    for wave in (1, 2):
        told = importing(files, wave, folder / f"wave-{wave}")
        assert told.exit_code == 0, told.output
        assert f"dataset join {folder}" in told.output
    told = run("dataset", "join", folder)
    assert told.exit_code == 0, told.output
    return folder, told.output


def test_imported_waves_have_the_measures_of_the_study_they_were_exported_from(files, older):
    folder, told = older
    assert "older: 2 waves" in told
    assert check(folder) == []
    imported, drawn = read_dataset(folder), read_dataset(files / "drawn")
    found, known = (
        study_measures(one, ["tryghed_t1"], calibrated=False).measures for one in (imported, drawn)
    )
    keys = ["level", "unit", "wave", "cohort"]
    columns = [*keys, "n", "mean", "standard_error", "response_rate"]
    mine, theirs = (
        one.means[one.means["level"] != "boligområde"][columns].sort_values(keys, ignore_index=True)
        for one in (found, known)
    )
    pd.testing.assert_frame_equal(mine, theirs, check_dtype=False)
    assert mine["response_rate"].notna().any()
    assert set(found.means["level"]) >= {"afdeling", "boligområde", "plan", "study"}
    assert study_measures(imported, ["tryghed_t1"]).weight == "calibrated within boligområde"


def test_imported_waves_reach_weights_effects_and_the_report_by_the_commands_of_any_study(
    older, tmp_path
):
    folder, _ = older
    plan = tmp_path / "plan.yaml"
    plan.write_text("primary: [tryghed_t1]\ntreatment: [helhedsplan]\ndraws: 99\n")
    for command, *words in (
        ("weights", "--out", tmp_path / "weights"),
        ("effects", "--plan", plan, "--out", tmp_path / "effects"),
        ("report", "--plan", plan, "--out", tmp_path / "report.html"),
    ):
        told = run(command, folder, *words)
        assert told.exit_code == 0, told.output
    effects = pd.read_parquet(tmp_path / "effects" / "effects.parquet").iloc[0]
    assert (effects["treated"], effects["comparison"]) == (8, 8)
    assert effects["low"] < 0.6 * 20 < effects["high"]
    assert {"g0", "g3"} <= set(pd.read_parquet(tmp_path / "weights" / "margins.parquet")["unit"])


def test_an_areas_report_claims_of_an_import_only_what_its_answers_tell(older, tmp_path):
    """The form has ten languages, three modes and some forty questions; this wave had seven and a web page."""
    folder, _ = older
    out = tmp_path / "area.html"
    told = run("report", folder, "--area", "g1", "--level", "boligområde", "--out", out)
    assert told.exit_code == 0, told.output
    said = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", out.read_text())).split())
    assert (
        "Der blev spurgt om tryghed, med 7 spørgsmål i alt. Der er svaret på dansk og arabisk. "
        in said
    )
    assert " blev inviteret. Spørgsmål" in said
    for unknown in ("engelsk", "på nettet", "på papir", "voksne fik"):
        assert unknown not in said


def test_faults_of_all_files_are_told_at_once_and_nothing_is_written(files, tmp_path):
    def written(name, text):
        (tmp_path / f"{name}.csv").write_text(text)
        return tmp_path / f"{name}.csv"

    told = importing(
        files,
        1,
        tmp_path / "out",
        areas=written("areas", "area,name,dwellings\n0667-001,A,many\n"),
        plans=written("plans", "plan,name,kind\nhp1,Plan,helhedsplan\n"),
        area_plans=written(
            "periods",
            "area,plan,valid_from\n0667-001,hp2,2020-01-01\n0667-001,hp1,2020-01-01\n"
            "0667-001,hp1,2021-01-01\n",
        ),
        margins=written(
            "counts", "area,variable,category,count\n0667-001,background_gender,77,4\n"
        ),
    )
    assert told.exit_code == 1
    for fault in (
        "areas.csv, row 2, column dwellings: 'many' must be a whole number",
        "periods.csv, row 2, column plan: 'hp2' is not in the study. List it in the file of --plans",
        "periods.csv: hp1 covers 0667-001 from 2020-01-01 until further notice and again from",
        "counts.csv, row 2, column category: '77' is no code of background_gender",
    ):
        assert fault in told.output
    assert not (tmp_path / "out").exists()


def test_answers_places_and_counts_that_do_not_go_together_are_told_in_one_round(files, tmp_path):
    def changed(name, change):
        lines = (files / f"{name}.csv").read_text().splitlines()
        (tmp_path / f"{name}.csv").write_text("\n".join(change(lines)))
        return tmp_path / f"{name}.csv"

    gone, crowded = "9000-002", "9000-005"
    told = importing(
        files,
        1,
        tmp_path / "out",
        areas=changed("areas", lambda lines: [one for one in lines if gone not in one]),
        invited=changed(
            "invited-1",
            lambda lines: [f"{crowded},2" if crowded in one else one for one in lines],
        ),
        margins=changed(
            "margins",
            lambda lines: (
                [one for one in lines if not one.startswith("g1,background_gender,2")]
                + ["g1,background_origin,1,500"]
            ),
        ),
    )
    assert told.exit_code == 1
    for fault in (
        f"area: the areas do not list it; add it to their file, or recode it in the map; found '{gone}'",
        f"invited in {crowded}: no more can finish than were invited",
        f"groups.csv, row 4, column area: '{gone}' is not in the study",
        "invited-1.csv, row 4, column area:",
        "background_gender 300, background_origin 500; there is no count of background_gender = 2",
    ):
        assert fault in told.output
    assert not (tmp_path / "out").exists()


def test_counts_that_contradict_each_other_are_told_before_anything_is_written(files, tmp_path):
    counts = (files / "margins.csv").read_text() + "g0,background_origin,1,7\n"
    (tmp_path / "margins.csv").write_text(counts)
    told = importing(files, 1, tmp_path / "out", margins=tmp_path / "margins.csv")
    assert told.exit_code == 1
    assert "margins.csv: margins of 1 g0" in told.output
    assert "contradict each other" in told.output
    assert not (tmp_path / "out").exists()


def test_answers_of_unlisted_areas_and_more_answers_than_invitations_are_refused_by_row(
    files, tmp_path
):
    areas = pd.read_csv(files / "areas.csv", dtype=str)
    areas.loc[2, "area"] += "\0"
    tables = {
        "areas": areas.iloc[1:].reindex(columns=["area", "name", "level", "dwellings", "residents",
                                                 "valid_from", "valid_to"]),
        "dispositions": pd.DataFrame({"area": [areas["area"][1]], "invited": [2]}),
    }  # fmt: skip
    with pytest.raises(ImportRefusedError) as refused:
        import_file(files / "1.csv", ASKED, files / "1.yaml", tmp_path / "out", tables=tables)
    told = str(refused.value)
    assert (
        f"the areas do not list it; add it to their file, or recode it in the map; found '{areas['area'][0]}'"
        in told
    )
    assert "row 3, area of the areas: a key has no control signs" in told
    assert f"invited in {areas['area'][1]}: no more can finish than were invited" in told
    assert not (tmp_path / "out").exists()


def test_keys_are_held_against_every_wave_before_and_not_only_the_last():
    """The second wave asked elsewhere; the third writes the first one's keys as a spreadsheet does."""
    waves = [
        SimpleNamespace(folder=Path(f"w{at}"), table=lambda _, own=own: pd.DataFrame({"area": own}))
        for at, own in enumerate((["0667-001"], ["0667-002"], ["667-1"]), start=1)
    ]
    [said] = _areas_written_otherwise(waves)
    assert said.startswith("w3: it writes keys of areas otherwise than w1: 667-1 for 0667-001")


def test_waves_that_are_no_study_are_not_joined_and_every_reason_is_told(files, tmp_path):
    with pytest.raises(DatasetError, match="no wave's dataset lies in it"):
        join_waves(tmp_path)
    for wave, said in ((1, "wave: 2"), (2, "wave: 1\n")):
        plan = (files / f"{wave}.yaml").read_text().replace(f"wave: {wave}", said.strip())
        study = "older" if wave == 1 else "other"
        (tmp_path / "map.yaml").write_text(plan.replace("study: older", f"study: {study}"))
        answers = files / "2.sav"
        if wave == 1:  # as a spreadsheet leaves keys
            rows = pd.read_csv(files / "1.csv", dtype=str)
            answers = tmp_path / "1.csv"
            rows.assign(area=rows.area.str.replace("-0+", "-", regex=True)).to_csv(answers)
        import_file(answers, ASKED, tmp_path / "map.yaml", tmp_path / f"w{wave}")
    told = run("dataset", "join", tmp_path)
    assert told.exit_code == 2
    assert "its waves are of several studies: w2 of 'other', w1 of 'older'" in told.output
    assert "wave 2 was answered from" in told.output
    assert "keys of areas otherwise than w2: 9000- for 9000-000, 9000-1 for 9000-001" in told.output
    assert not (tmp_path / "manifest.json").exists()
    assert run("dataset", "join", tmp_path / "w1").exit_code == 2
