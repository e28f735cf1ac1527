"""`beboerpuls evidence`: one page that says whether scales may be used, from a folder alone."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from processing import (
    Codebook,
    KnownModel,
    ScaleEntry,
    Variable,
    WaveFacts,
    careless_answers,
    check,
    erase_rows,
    evidence,
    made_from,
    read_wave,
    revoke,
    simulate,
    write_evidence,
    write_study,
    write_wave,
)
from processing.drawing.simulation import Careless
from processing.errors import StatisticsError
from survey.cli import beboerpuls

HERE = Path(__file__).parent
SCALES = {name: tuple(f"{name}{k}" for k in range(1, 6)) for name in ("calm", "near", "safe")}
ITEMS = [item for items in SCALES.values() for item in items]
PARTS = ("went", "voted", "helped")


@pytest.fixture
def run():
    def run(*arguments):
        result = CliRunner().invoke(beboerpuls, ["evidence", *map(str, arguments)])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def codebook():
    texts = [Variable(name, "paradata", "string", "nominal") for name in ("row_id", "language")]
    modes = {"en": {1: "Web", 2: "Paper"}}
    numbers = [
        Variable("wave", "paradata", "int16", "ordinal", lowest=0, highest=9),
        Variable("mode", "paradata", "int16", "nominal", values=modes, codes=(1, 2)),
        Variable("duration_class", "paradata", "int16", "ordinal", lowest=0, highest=5),
        Variable("gender", "single", "int16", "nominal", codes=(1, 2), instrument="about"),
    ]
    five = [
        Variable(item, "single", "int16", "ordinal", codes=(1, 2, 3, 4, 5), instrument="home")
        for item in ITEMS
    ]
    two = [
        Variable(item, "single", "int16", "nominal", codes=(0, 1), instrument="home")
        for item in PARTS
    ]
    scales = [
        ScaleEntry(
            "home",
            name,
            items,
            dict.fromkeys(items, (1, 5)),
            reversed=items[-1:],
            labels={"en": f"All {name}"},
        )
        for name, items in SCALES.items()
    ]
    count = ScaleEntry(
        "home", "part", PARTS, dict.fromkeys(PARTS, (0, 1)), model="formative", score="count"
    )
    return Codebook(("da", "ar"), (*texts, *numbers, *five, *two), (*scales, count))


@pytest.fixture
def dataset(tmp_path, codebook):
    """1 200 answers on three traits, a tenth of them straight lines; all in Danish."""
    known = KnownModel.simple(SCALES, 0.75, correlation=0.3)
    frame = simulate(known, 1200, seed=1, careless=Careless(straight=0.1)).frame
    attentive = frame[ITEMS].min(axis=1) < frame[ITEMS].max(axis=1)
    for items in SCALES.values():
        frame.loc[attentive, items[-1]] = 6 - frame.loc[attentive, items[-1]]
    rng = np.random.default_rng(1)
    parts = {item: rng.integers(0, 2, 1200) for item in PARTS}
    return write_wave(
        tmp_path / "wave-1",
        responses=frame.assign(
            **parts,
            row_id=[f"{row:04d}" for row in range(1200)],
            language="da",
            wave=1,
            mode=np.where(np.arange(1200) < 700, 1, 2),
            gender=np.arange(1200) % 2 + 1,
        ),
        tables={},
        codebook=codebook,
        instrument_files={},
        facts=WaveFacts("study", 1, "consent"),
    )


def test_each_scale_has_a_verdict_its_figures_limits_and_sources(run, dataset):
    done = run(dataset.folder)
    assert done.exit_code == 0, done.output
    assert "study: 1200 answers, unweighted" in done.output
    assert "language da (1200); mode Web (700), Paper (500); wave 1 (1200)" in done.output
    assert "home_calm: ! usable with care" in done.output
    assert "All calm" in done.output
    assert "mode 2 Paper" in done.output
    assert "never tested in ar" in done.output
    assert "home_part: ! usable with care" in done.output
    assert "parts of a count" in done.output
    assert "home: " in done.output
    assert "3 correlated factors, 15 items" in done.output
    assert "[1] " in done.output.partition("Sources of the limits")[2]


def test_evidence_is_written_beside_the_dataset_and_names_it(run, dataset):
    run(dataset.folder)
    written = dataset.folder.with_name("wave-1-evidence")
    assert made_from(written) == dataset.hash
    assert check(written) == []
    told = json.loads((written / "evidence.json").read_text(encoding="utf-8"))
    assert told["dataset"] == dataset.hash
    figures = pd.read_parquet(written / "evidence.parquet")
    assert {"scale", "group", "figure", "limit", "source"} <= set(figures.columns)
    verdicts = pd.read_parquet(written / "verdicts.parquet")
    whole = verdicts[verdicts["group"] == "whole"].set_index("scale")["verdict"]
    assert whole.to_dict() == {scale["scale"]: scale["verdict"] for scale in told["scales"]}
    assert set(pd.read_parquet(written / "comparisons.parquet")["group"]) == {"mode"}
    assert len(pd.read_parquet(written / "questionnaires.parquet"))


def test_equal_datasets_have_equal_evidence_to_the_byte(run, dataset, tmp_path):
    run(dataset.folder, "--out", tmp_path / "one")
    run(dataset.folder, "--out", tmp_path / "two")
    for file in ("evidence.json", "evidence.parquet", "manifest.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_as_json_it_tells_the_same_and_how_many_were_careless(run, dataset):
    told = json.loads(run(dataset.folder, "--json").stdout)
    kept = evidence(dataset, groups=["mode"])
    assert told["scales"] == json.loads(kept.to_json())["scales"]
    assert told["questionnaires"][0]["n"] == 1200
    assert told["careless"]["two or more"] == int(careless_answers(dataset).suspected().sum())
    assert told["left_out"] == 0
    assert told["revoked"] is False
    assert "short_forms" not in told


def test_flagged_rows_are_counted_in_unless_they_are_asked_out(run, dataset):
    signs = careless_answers(dataset)
    flagged = int(signs.suspected().sum())
    assert 20 < flagged < 200
    done = run(dataset.folder)
    assert f"{flagged} rows ({flagged / 1200:.1%}) have two or more signs" in done.output
    assert "all are counted in" in done.output
    without = run(dataset.folder, "--without-careless")
    assert "are left out here" in without.output
    assert f" {1200 - flagged} " in without.output
    beside = {path.name for path in dataset.folder.parent.iterdir()}
    assert {"wave-1-evidence", "wave-1-evidence-without-careless"} <= beside
    kept = evidence(dataset, leave_out=signs.suspected())
    assert kept["home_calm"].everyone.n == 1200 - flagged


def test_more_groups_are_judged_by_the_name_of_their_column(run, dataset):
    told = json.loads(run(dataset.folder, "--by", "gender", "--json").stdout)
    assert [one["group"] for one in told["scales"][0]["comparisons"]] == ["mode", "gender"]
    done = run(dataset.folder, "--by", "sex")
    assert done.exit_code == 2
    assert "column 'sex': no column has this name" in done.output
    done = run(dataset.folder, "--by", "row_id")
    assert done.exit_code == 2
    assert "1200 different values" in done.output


def test_shorter_forms_are_proposed_with_their_loss(run, dataset):
    done = run(dataset.folder, "--short-forms")
    lines = done.output.partition("Shorter forms")[2].splitlines()
    assert any(line.startswith("2 items, calm") and "keeps" in line for line in lines)
    assert any(line.startswith("3 items, calm") and "omega" in line for line in lines)
    assert "home_part: no shorter form: its items are parts of a count" in done.output
    told = json.loads(run(dataset.folder, "--short-forms", "--json").stdout)["short_forms"]
    assert {len(form["items"].split()) for form in told["home_calm"]} == {2, 3}


def test_a_study_gives_its_own_limits(run, dataset, tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text("omega:\n  blocks: 0.99\n", encoding="utf-8")
    told = json.loads(run(dataset.folder, "--thresholds", own, "--json").stdout)
    assert {scale["verdict"] for scale in told["scales"][:3]} == {"not usable"}
    own.write_text("omegga:\n  blocks: 0.99\n", encoding="utf-8")
    done = run(dataset.folder, "--thresholds", own)
    assert done.exit_code == 2
    assert "no limit has this name" in done.output


def test_a_revoked_dataset_says_so_and_an_erased_one_is_refused(run, dataset):
    revoke(dataset.folder, superseded_by="abc123", reason="one withdrawal")
    done = run(dataset.folder)
    assert done.exit_code == 0
    assert "superseded by abc123" in done.stderr
    told = json.loads(run(dataset.folder, "--json").stdout)
    assert told["revoked"] is True
    erase_rows(dataset.folder)
    assert not dataset.folder.with_name("wave-1-evidence").exists()
    done = run(dataset.folder)
    assert done.exit_code == 2
    assert "Traceback" not in done.output
    assert "is revoked" in done.output or "erased" in done.output


def test_a_changed_dataset_and_a_folder_that_is_none_are_refused(run, dataset, tmp_path):
    path = dataset.parts[0]
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    done = run(dataset.folder)
    assert done.exit_code == 2
    assert "not as it was sealed" in done.output
    assert not dataset.folder.with_name("wave-1-evidence").exists()
    (tmp_path / "none").mkdir()
    done = run(tmp_path / "none")
    assert done.exit_code == 2
    assert "this is no dataset" in done.output


def test_a_wave_without_answers_is_not_tested(run, tmp_path, codebook):
    empty = pd.DataFrame({v.name: [] for v in codebook.variables})
    empty = empty.astype(
        {v.name: "str" if v.type == "string" else "int16" for v in codebook.variables}
    )
    nobody = write_wave(
        tmp_path / "empty",
        responses=empty,
        tables={},
        codebook=codebook,
        instrument_files={},
        facts=WaveFacts("study", 1, "consent"),
    )
    done = run(nobody.folder)
    assert done.exit_code == 0
    assert "home_calm: – not tested" in done.output


def test_a_dataset_of_counts_alone_has_no_signs_of_carelessness(run, tmp_path, dataset, codebook):
    parts = Codebook(codebook.languages, codebook.variables, codebook.scales[-1:])
    counts = write_wave(
        tmp_path / "counts",
        responses=dataset.responses(),
        tables={},
        codebook=parts,
        instrument_files={},
        facts=WaveFacts("study", 1, "consent"),
    )
    done = run(counts.folder, "--without-careless")
    assert done.exit_code == 0
    assert "home_part: ! usable with care" in done.output
    assert "careless" not in done.output


def test_evidence_of_another_dataset_is_not_written_beside_this_one(dataset, codebook):
    frame = dataset.responses()
    with pytest.raises(StatisticsError, match="made from dataset none"):
        write_evidence(dataset, evidence(frame, codebook))


def test_imported_answers_are_judged_as_lavaan_would(run, tmp_path, bfi_numbers):
    folder = tmp_path / "bfi"
    done = CliRunner().invoke(
        beboerpuls,
        [
            "import",
            str(HERE / "reference" / "data" / "bfi.csv"),
            "--instrument",
            str(HERE / "fixtures" / "library" / "bfi" / "1"),
            "--map",
            str(HERE / "fixtures" / "maps" / "bfi.yaml"),
            "--out",
            str(folder),
        ],
    )
    assert done.exit_code == 0, done.output
    told = json.loads(run(folder, "--json").stdout)
    verdicts = {scale["scale"]: scale["verdict"] for scale in told["scales"]}
    assert verdicts["bfi_openness"] == "not usable"
    assert verdicts["bfi_conscientious"] == "usable with care"
    (whole,) = told["questionnaires"]
    cfi = next(one["value"] for one in whole["findings"] if one["name"] == "cfi")
    assert cfi == pytest.approx(bfi_numbers["cfa_wlsmv"]["fit"]["cfi.scaled"], rel=1e-4)
    assert read_wave(folder).rows == 2800


def test_the_waves_of_a_study_are_judged_and_compared(run, dataset, tmp_path, codebook):
    answers = dataset.responses()
    write_wave(
        tmp_path / "wave-2",
        responses=answers.assign(wave=2, row_id=[f"b{row:04d}" for row in range(1200)]),
        tables={},
        codebook=codebook,
        instrument_files={},
        facts=WaveFacts("study", 2, "consent"),
    )
    write_study(tmp_path, "study", [tmp_path / "wave-1", tmp_path / "wave-2"])
    told = json.loads(run(tmp_path, "--out", tmp_path.parent / "told", "--json").stdout)
    calm = told["scales"][0]
    assert calm["everyone"]["n"] == 2400
    waves = [group for group in calm["groups"] if group["group"] == "wave"]
    assert [(group["value"], group["n"]) for group in waves] == [("1", 1200), ("2", 1200)]
    over = next(one for one in calm["comparisons"] if one["group"] == "wave")
    assert over["means_comparable"] is True
    assert over["compared"] == ["1", "2"]
