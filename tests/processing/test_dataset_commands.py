import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
from click.testing import CliRunner

from processing import check, made_from, read_wave, revoke, score
from survey.cli import beboerpuls

HERE = Path(__file__).parent
BFI = [
    str(HERE / "reference" / "data" / "bfi.csv"),
    "--instrument",
    str(HERE / "fixtures" / "library" / "bfi" / "1"),
    "--map",
    str(HERE / "fixtures" / "maps" / "bfi.yaml"),
]


@pytest.fixture
def run():
    """Run `beboerpuls …` and give its result."""

    def run(*arguments):
        result = CliRunner().invoke(beboerpuls, [str(argument) for argument in arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


def test_a_sound_dataset_passes_its_check_and_a_changed_byte_does_not(run, frozen):
    done = run("dataset", "check", frozen.folder)
    assert done.exit_code == 0
    assert done.output == f"Sound: {frozen.completion()}, dataset {frozen.hash}.\n"
    path = frozen.parts[0]
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    done = run("dataset", "check", frozen.folder)
    assert done.exit_code == 1
    assert "responses/part-00000.parquet: its SHA-256 is" in done.output
    told = json.loads(run("dataset", "check", "--json", frozen.folder).output)
    assert told["sound"] is False
    assert told["differences"][0]["file"] == "responses/part-00000.parquet"


def test_a_handful_of_answers_gets_one_line_for_all_scales_without_reliability(
    run, freeze_wave, make_answers
):
    """Whoever tries the way out with two answers must find their scores, not a wall of words."""
    alike = make_answers(9)
    for item in ("burglary", "violence", "avoided", "at_ease"):
        alike[f"every_{item}"] = [1, 2, 3, 4, 1, 2, 3, 4, 1]
    told = [
        run("score", freeze_wave(name, responses=rows).folder).output
        for name, rows in (("one", make_answers(1)), ("alike", alike))
    ]
    [line] = [line for line in told[0].splitlines() if "at least as many rows as items" in line]
    assert line.startswith("every_worry: no alpha or omega: there must be")
    assert "scale of" not in line
    assert "'every_violence' and 'every_avoided': items of a scale must differ" in told[1]
    assert max(map(len, "".join(told).splitlines())) < 400


def test_a_folder_that_is_no_dataset_is_bad_use(run, tmp_path):
    for command in (["dataset", "check"], ["score"], ["export", "--format", "csv"]):
        done = run(*command, tmp_path)
        assert done.exit_code == 2
        assert "this is no dataset" in done.output
        assert run(*command, tmp_path / "nowhere").exit_code == 2


def test_scores_are_printed_with_their_reliability_and_written_beside_the_dataset(run, frozen):
    done = run("score", frozen.folder)
    assert done.exit_code == 0
    assert f"prøve: {frozen.completion()}, unweighted" in done.output
    line = next(line for line in done.output.splitlines() if line.startswith("every_worry "))
    assert len(line.split()) >= 10
    assert "every_part: no alpha or omega: formative" in done.output
    assert "every_worry: without a score, by main reason:" in done.output
    written = frozen.folder.with_name("wave-1-scores")
    assert made_from(written) == frozen.hash
    assert check(written) == []
    scores = pd.read_parquet(written / "scores.parquet")
    expected = score(frozen.responses(), frozen.codebook)
    pd.testing.assert_frame_equal(scores[list(expected.columns)], expected)
    assert list(scores["row_id"]) == list(frozen.responses()["row_id"])
    assert run("dataset", "check", written).output.startswith("Sound: scores made from dataset")


@pytest.mark.parametrize("command", [["score"], ["export", "--format", "csv"]])
def test_no_figure_is_made_from_a_dataset_that_was_changed(run, frozen, tmp_path, command):
    [part] = frozen.parts
    answers = pd.read_parquet(part)
    answers["mode"] = 3
    part.chmod(0o600)
    answers.to_parquet(part)
    done = run(*command, frozen.folder, *(["--out", tmp_path / "out"]))
    assert done.exit_code == 2
    assert "not as it was sealed" in done.output
    assert not (tmp_path / "out").exists()


def test_a_wave_without_answers_has_empty_scores(run, freeze_wave, make_answers):
    empty = freeze_wave(responses=make_answers(3)[:0])
    done = run("score", empty.folder)
    assert done.exit_code == 0
    scores = pd.read_parquet(empty.folder.with_name("wave-1-scores") / "scores.parquet")
    assert len(scores) == 0
    assert "every_worry_score" in scores.columns


def test_scores_as_json_carry_n_interval_version_and_dataset(run, frozen, tmp_path):
    done = run("score", "--json", "--out", tmp_path / "mine", frozen.folder)
    told = json.loads(done.stdout)
    worry = told["scales"][0]
    assert told["dataset"] == frozen.hash
    assert told["weights"] is None
    assert worry["scale"] == "every_worry"
    assert worry["version"] == 1
    assert worry["n"] + sum(worry["missing"].values()) == worry["rows"] == 200
    assert worry["alpha"]["low"] < worry["alpha"]["value"] < worry["alpha"]["high"]
    assert told["scales"][1]["alpha"] is None
    assert (tmp_path / "mine" / "summary.parquet").exists()


@pytest.mark.parametrize("command", [["score"], ["export", "--format", "csv"]])
def test_a_revoked_dataset_is_used_with_a_warning(run, frozen, tmp_path, command):
    revoke(frozen.folder, superseded_by="abc123", reason="one withdrawal")
    done = run(*command, "--out", tmp_path / "out", frozen.folder)
    assert done.exit_code == 0
    assert "superseded by abc123" in done.stderr


def test_an_export_tells_its_files(run, frozen, tmp_path):
    done = run("export", "--format", "sav", "--language", "ar", "--out", tmp_path, frozen.folder)
    assert done.exit_code == 0
    read, _ = pyreadstat.read_sav(tmp_path / "proeve_wave1_ar.sav")
    assert len(read) == 200
    assert str(tmp_path / "proeve_wave1_ar.sav") in done.output
    told = json.loads(
        run("export", "--json", "--format", "csv", "--out", tmp_path, frozen.folder).stdout
    )
    names = ["proeve_wave1_da.csv", "proeve_wave1_da_codebook.csv", "proeve_wave1_da_open_text.csv"]
    assert [Path(path).name for path in told["files"]] == names
    run("export", "--texts-among", "--format", "csv", "--out", tmp_path / "one", frozen.folder)
    assert not list((tmp_path / "one").glob("*open_text*"))
    assert run("export", "--format", "csv", "--language", "sv", frozen.folder).exit_code == 2


def test_an_import_becomes_a_dataset_that_can_be_scored(run, tmp_path):
    done = run("import", *BFI, "--out", tmp_path / "bfi")
    assert done.exit_code == 0
    assert "2800 responses (2800 complete, 0 partial)" in done.output
    assert "Columns not imported: gender, education, age" in done.output
    assert read_wave(tmp_path / "bfi").rows == 2_800
    told = json.loads(run("score", "--json", tmp_path / "bfi").stdout)
    alphas = {scale["scale"]: round(scale["alpha"]["value"], 6) for scale in told["scales"]}
    assert alphas["bfi_agree"] == 0.703756
    assert run("import", *BFI, "--out", tmp_path / "bfi").exit_code == 2


def test_an_import_that_does_not_fit_is_refused_with_exit_code_1(run, tmp_path):
    file = tmp_path / "answers.csv"
    names = [f"{scale}{number}" for scale in "ACENO" for number in range(1, 6)]
    file.write_text(",".join(names) + "\n" + "\n".join([",".join(["7"] * 25)] * 3) + "\n")
    done = run("import", file, *BFI[1:], "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert (
        "row 2, A1: codes are 1, 2, 3, 4, 5, 6; recode others; found '7' (in 3 rows, this is the first)"
        in done.output
    )
    assert not (tmp_path / "out").exists()
    (tmp_path / "map.yaml").write_text("study: s\nitems: {a9: A9}\n")
    done = run("import", file, *BFI[1:3], "--map", tmp_path / "map.yaml", "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert "items.a9: the form has no such item" in done.output
    done = run("import", file, "--instrument", "nothing", *BFI[3:], "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert "There is no questionnaire 'nothing'" in done.output


@pytest.mark.parametrize(
    "command", [["dataset", "check"], ["score"], ["export"], ["import"]], ids=" ".join
)
def test_each_commands_help_ends_with_an_example(run, command):
    done = run(*command, "--help")
    assert done.exit_code == 0
    assert f"Example:\n  beboerpuls {' '.join(command)} " in done.output
    assert done.output.rstrip().splitlines()[-1].startswith("  beboerpuls")


def test_a_folder_is_enough_without_settings_database_or_web(frozen, tmp_path):
    program = """
import sys
from survey.cli import beboerpuls
beboerpuls(["score", sys.argv[1]], standalone_mode=False)
print([name for name in ("flask", "sqlalchemy", "alembic") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program, frozen.folder],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(HERE.parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "every_worry" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
