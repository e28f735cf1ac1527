import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from processing import (
    TABLES,
    DatasetError,
    check,
    erase_rows,
    export,
    made_from,
    read_dataset,
    read_study,
    read_wave,
    revoke,
    score,
    summarise,
    write_derived,
    write_scores,
    write_study,
)
from processing.datasets.columns import answers_table
from processing.datasets.folders import MANIFEST, appearing, seal
from processing.datasets.tables import write_parquet

AREAS = pd.DataFrame(
    {
        "area": ["0667-012", "0667-003"],
        "name": ["Grønnevang", "Åparken"],
        "level": "afdeling",
        "dwellings": [81, None],
        "residents": [None, 140],
        "valid_from": ["2006-01-01", None],
        "valid_to": None,
        "note": ["b", "a"],
    }
)


def bytes_of(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def reseal(folder: Path) -> None:
    """What a forger does who knows how manifests are made."""
    manifest = json.loads((folder / MANIFEST).read_bytes())
    kept = {name: manifest[name] for name in manifest if name not in {"hash", "files", "software"}}
    seal(folder, kept)


def test_what_was_written_is_read(freeze_wave, make_answers, codebook):
    answers = make_answers(1_000)
    dataset = freeze_wave(responses=answers)
    read = read_wave(dataset.folder)
    expected = answers[list(codebook.names)].sort_values("row_id", ignore_index=True)
    pd.testing.assert_frame_equal(read.responses(), expected, check_dtype=False)
    assert read.codebook == codebook
    assert (read.study, read.wave, read.rows) == ("prøve", 1, 1_000)
    assert read.manifest["unreviewed_languages"] == ["ar"]


def test_answers_are_small_integers_without_a_null(frozen, codebook):
    schema = pq.read_schema(frozen.parts[0])
    integers = [name for name in schema.names if str(schema.field(name).type) == "int16"]
    assert set(integers) == {v.name for v in codebook.variables if v.type == "int16"}
    assert all(v.null_count == 0 for v in pq.read_table(frozen.parts[0]).columns)


def test_batches_hold_the_same_rows_a_few_at_a_time(frozen):
    wanted = ["every_burglary", "row_id"]
    batches = [*frozen.batches(wanted, rows=64)]
    assert max(map(len, batches)) == 64
    whole = frozen.responses(wanted)
    assert list(whole.columns) == wanted
    pd.testing.assert_frame_equal(pd.concat(batches, ignore_index=True), whole)


def test_the_same_content_gives_the_same_bytes_in_whatever_order_it_comes(
    freeze_wave, make_answers
):
    answers = make_answers(500)
    one = freeze_wave("one", responses=answers, tables={"areas": AREAS})
    shuffled = answers.sample(frac=1, random_state=7)[[*reversed(answers.columns)]]
    other = freeze_wave("other", responses=shuffled, tables={"areas": AREAS[::-1]})
    assert bytes_of(one.folder) == bytes_of(other.folder)
    assert one.hash == other.hash


def test_another_process_writes_the_same_bytes(freeze_wave, frozen, tmp_path):
    program = """
import sys
from processing import WaveFacts, read_wave, write_wave
old = read_wave(sys.argv[1])
names = WaveFacts.__dataclass_fields__
facts = WaveFacts(**{name: old.manifest[name] for name in names})
tables = {"dispositions": old.table("dispositions")}
print(write_wave(sys.argv[2], responses=old.responses(), tables=tables, codebook=old.codebook,
                 instrument_files=old.instrument_files, facts=facts).hash)
"""
    again = tmp_path / "again"
    environment = {**os.environ, "PYTHONHASHSEED": "12345", "TZ": "Asia/Tokyo"}
    subprocess.run(
        [sys.executable, "-c", program, frozen.folder, again], check=True, env=environment
    )
    assert bytes_of(again) == bytes_of(frozen.folder)


def test_sorted_pieces_give_the_same_bytes_as_one_frame(freeze_wave, make_answers):
    answers = make_answers(300).sort_values("row_id", ignore_index=True)
    whole = freeze_wave("whole", responses=answers)
    pieces = freeze_wave("pieces", responses=iter([answers[:100], answers[100:]]))
    pd.testing.assert_frame_equal(pieces.responses(), whole.responses())
    assert check(pieces.folder) == []
    with pytest.raises(DatasetError, match="sorted by row id"):
        freeze_wave("unsorted", responses=iter([answers[100:], answers[:100]]))


def test_a_wave_without_answers_is_a_dataset_too(freeze_wave, make_answers):
    empty = freeze_wave(responses=make_answers(5)[:0])
    assert (empty.rows, len(empty.responses())) == (0, 0)
    assert check(empty.folder) == []


def test_tables_keep_unknown_counts_and_columns_of_ones_own(freeze_wave):
    areas = freeze_wave(tables={"areas": AREAS}).table("areas")
    assert list(areas["area"]) == ["0667-003", "0667-012"]
    assert list(areas["dwellings"].isna()) == [True, False]
    assert list(areas["note"]) == ["a", "b"]


def test_a_table_that_lacks_a_column_is_refused_by_name(freeze_wave, tmp_path):
    with pytest.raises(DatasetError, match=r"areas: the columns level, dwellings are missing"):
        freeze_wave(tables={"areas": AREAS.drop(columns=["level", "dwellings"])})
    with pytest.raises(DatasetError, match="no dataset has a table named weather"):
        freeze_wave(tables={"weather": AREAS})
    assert not (tmp_path / "wave-1").exists()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: f.drop(columns="every_voted"), "every_voted: the codebook has this column"),
        (lambda f: f.assign(name="Bo"), "name: the codebook has no such column"),
        (lambda f: f.assign(every_voted=7), r"every_voted: codes are 0, 1 .* found 7 \(200 rows\)"),
        (lambda f: f.assign(every_adults=99_999), "every_adults: whole numbers from 1 to 20"),
        (lambda f: f.assign(every_satisfied=2.5), "every_satisfied: whole numbers .* found 2.5"),
        (lambda f: f.assign(every_voted=None), "every_voted: no cell is empty"),
        (lambda f: f.assign(every_voted="ja"), "every_voted: it holds numbers, found 'ja'"),
        (lambda f: f.assign(area=3), "area: it holds text, found 3"),
        (lambda f: f.assign(base_weight=float("inf")), "base_weight: numbers are finite"),
        (lambda f: f.assign(row_id="same"), "row_id: each row has its own id, found 'same'"),
        (
            lambda f: f.assign(every_comment="x", every_comment_missing=-8),
            "every_comment: there is a text where every_comment_missing is 0",
        ),
        (lambda f: f.assign(every_comment="", every_comment_missing=0), "found an empty text"),
    ],
)
def test_answers_that_do_not_fit_the_codebook_are_refused_and_nothing_is_left(
    freeze_wave, make_answers, tmp_path, spoil, message
):
    with pytest.raises(DatasetError, match=message):
        freeze_wave(responses=spoil(make_answers()))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [40_000, 65_533, 32_768])
def test_a_number_that_would_wrap_into_another_is_refused_whatever_the_codebook_allows(
    freeze_wave, make_answers, codebook, number
):
    wide = tuple(
        replace(v, highest=70_000) if v.name == "every_adults" else v for v in codebook.variables
    )
    with pytest.raises(
        DatasetError, match=f"every_adults: a dataset keeps .* to 32767, found {number}"
    ):
        freeze_wave(
            responses=make_answers().assign(every_adults=number),
            codebook=replace(codebook, variables=wide),
        )


def test_the_largest_number_a_dataset_keeps_comes_back_as_it_was(
    freeze_wave, make_answers, codebook
):
    wide = tuple(
        replace(v, highest=None) if v.name == "every_adults" else v for v in codebook.variables
    )
    written = freeze_wave(
        responses=make_answers().assign(every_adults=32_767),
        codebook=replace(codebook, variables=wide),
    )
    assert set(written.responses(["every_adults"])["every_adults"]) == {32_767}


def test_every_misfit_is_told_at_once(freeze_wave, make_answers):
    spoilt = make_answers().assign(every_voted=7, every_burglary=9, area=3)
    with pytest.raises(DatasetError) as refused:
        freeze_wave(responses=spoilt)
    assert all(name in str(refused.value) for name in ("every_voted", "every_burglary", "area"))


def test_a_frozen_wave_is_never_written_over(frozen, freeze_wave):
    before = bytes_of(frozen.folder)
    with pytest.raises(DatasetError, match="never written over"):
        freeze_wave()
    assert bytes_of(frozen.folder) == before


def test_a_full_disk_leaves_nothing_behind(tmp_path):
    program = """
import resource, sys
sys.path.insert(0, sys.argv[2])
from processing import Codebook, DatasetError, WaveFacts, write_wave
from processing.datasets.paradata import PARADATA
import numpy as np, pandas as pd
rows = 20_000
answers = pd.DataFrame({v.name: [f"{n:032x}" for n in np.random.default_rng(1).permutation(rows)]
                        if v.type == "string" else np.ones(rows) for v in PARADATA})
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))  # files grow no further, as on a full disk
try:
    write_wave(sys.argv[1], responses=answers, tables={}, codebook=Codebook(("da",), PARADATA),
               instrument_files={}, facts=WaveFacts("s", 1, "consent"))
except DatasetError as error:
    print(error)
"""
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "wave", root],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "nothing was left behind" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_leaves_no_folder_and_the_next_write_clears_up(tmp_path, freeze_wave):
    program = """
import sys, time
from pathlib import Path
from processing.datasets.folders import appearing
with appearing(Path(sys.argv[1])) as partial:
    (partial / "half.parquet").write_bytes(b"half")
    print("writing", flush=True)
    time.sleep(60)
"""
    folder = tmp_path / "wave-1"
    with subprocess.Popen(
        [sys.executable, "-c", program, folder], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "writing\n"
        process.send_signal(signal.SIGKILL)
    assert not folder.exists()
    freeze_wave("wave-1")
    assert [path.name for path in tmp_path.iterdir()] == ["wave-1"]


def test_two_writers_of_one_folder_do_not_meet(freeze_wave, tmp_path):
    folder = tmp_path / "wave-1"
    with appearing(folder) as partial:
        (partial / "half.parquet").write_bytes(b"half")
        with pytest.raises(DatasetError, match="it is being written already"):
            freeze_wave("wave-1")
    assert [path.name for path in folder.iterdir()] == ["half.parquet"]


def test_a_folder_that_may_not_be_written_to_is_told(freeze_wave, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(DatasetError, match="nothing was left behind"):
        freeze_wave("file/wave-1")


def test_a_sound_dataset_has_no_differences(freeze_wave, make_answers):
    answers = make_answers().assign(area=AREAS["area"].iloc[0])
    assert check(freeze_wave(responses=answers, tables={"areas": AREAS}).folder) == []


def test_any_changed_byte_is_found(frozen):
    for name, content in bytes_of(frozen.folder).items():
        spot = len(content) // 2
        changed = content[:spot] + bytes([content[spot] ^ 1]) + content[spot + 1 :]
        path = frozen.folder / name
        path.write_bytes(changed)
        try:
            differences = check(frozen.folder)
        except DatasetError as error:  # a manifest that is no JSON any more
            differences = [error]
        assert any(name in str(difference) for difference in differences), name
        path.write_bytes(content)
    assert check(frozen.folder) == []


def test_missing_and_added_files_are_told_with_what_to_do(frozen):
    (frozen.folder / "areas.parquet").unlink()
    (frozen.folder / "notes.txt").write_text("mine")
    found = [str(difference) for difference in check(frozen.folder)]
    assert any(text.startswith("areas.parquet: the file is missing") for text in found)
    assert "notes.txt: the file is not part of the dataset. Move it out of the folder." in found


def test_a_resealed_folder_is_still_held_against_its_codebook(frozen, make_answers, codebook):
    table = answers_table(make_answers(150), codebook)
    voted = table.schema.get_field_index("every_voted")
    forged = table.set_column(voted, "every_voted", pa.array([9] * 150, pa.int16()))
    write_parquet(forged, frozen.parts[0])
    reseal(frozen.folder)
    found = " ".join(map(str, check(frozen.folder)))
    assert "every_voted: codes are 0, 1" in found
    assert "it has 150 rows, the manifest says 200" in found


def test_a_manifest_that_was_only_laid_out_anew_is_told(frozen):
    path = frozen.folder / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_bytes())))
    (difference,) = check(frozen.folder)
    assert str(difference) == (
        "manifest.json: it was written over by another program."
        " Do not use this copy: get it from its source again, or freeze the wave anew if it is yours."
    )


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: (f / "plans.parquet").unlink(), "the dataset has no such table"),
        (
            lambda f: pd.DataFrame({"plan": [1]}).to_parquet(f / "plans.parquet"),
            "plans.parquet: the column plan must be string, it is int64",
        ),
        (
            lambda f: pd.DataFrame({"plan": [1]}).to_parquet(f / "responses/part-00000.parquet"),
            "row_id: the codebook has this column",
        ),
        (lambda f: (f / "codebook.json").write_text("{}"), "codebook.json: it cannot be read"),
    ],
)
def test_a_resealed_folder_lacks_nothing_that_a_dataset_has(frozen, spoil, message):
    spoil(frozen.folder)
    reseal(frozen.folder)
    assert any(message in str(difference) for difference in check(frozen.folder))


def test_rows_out_of_their_order_are_told(frozen):
    table = pq.read_table(frozen.parts[0])
    write_parquet(table.slice(100).take(list(range(99, -1, -1))), frozen.parts[0])
    reseal(frozen.folder)
    assert any("not sorted by row id" in difference.what for difference in check(frozen.folder))


def test_a_revoked_dataset_says_what_supersedes_it(frozen):
    revoke(frozen.folder, superseded_by="abc123", reason="one withdrawal")
    (difference,) = check(frozen.folder)
    assert "superseded by abc123" in str(difference)
    assert "one withdrawal" in str(difference)
    assert frozen.revoked
    with pytest.raises(DatasetError, match="revoked already"):
        revoke(frozen.folder, superseded_by="def", reason="again")


def test_the_rows_of_a_revoked_dataset_can_be_erased_with_all_that_was_made_of_them(
    frozen, freeze_wave, facts
):
    other = freeze_wave("wave-2", facts=replace(facts, wave=2))
    scores = pd.DataFrame({"row_id": ["a"]})
    made = write_derived(frozen, "scores", {"scores": scores})
    kept = write_derived(other, "scores", {"scores": scores})
    with pytest.raises(DatasetError, match="a standing dataset keeps its rows"):
        erase_rows(frozen.folder)
    revoke(frozen.folder, superseded_by="abc123", reason="one withdrawal")
    erase_rows(frozen.folder)
    erase_rows(frozen.folder)  # a second time, as after a cut-off, does no harm
    assert not made.exists()
    assert kept.exists()
    assert [difference.file for difference in check(frozen.folder)] == ["revoked.json"]
    assert len(read_wave(frozen.folder).table("areas")) == 0
    for use in (frozen.responses, lambda: [*frozen.batches()]):
        with pytest.raises(DatasetError, match="revoked and its rows are erased"):
            use()


def test_scores_of_a_whole_study_go_with_the_rows_of_any_of_its_waves(
    freeze_wave, make_answers, facts, tmp_path
):
    scores = pd.DataFrame({"row_id": ["a"]})
    first = freeze_wave("prøve/wave-1")
    alone = write_derived(
        write_study(tmp_path / "prøve", "prøve", [first.folder]), "old", {"s": scores}
    )
    second = freeze_wave(
        "prøve/wave-2", responses=make_answers(9).assign(wave=2), facts=replace(facts, wave=2)
    )
    both = write_study(tmp_path / "prøve", "prøve", [first.folder, second.folder])
    made = write_derived(both, "scores", {"s": scores})
    later = write_study(tmp_path / "prøve", "prøve", [second.folder])
    kept = write_derived(later, "kept", {"s": scores})
    revoke(first.folder, superseded_by="abc123", reason="one withdrawal")
    erase_rows(first.folder)
    assert not made.exists()
    assert not alone.exists()  # though the study has listed other waves since
    assert kept.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["prøve", "prøve-kept"]


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (None, "this is no dataset"),
        ("{}", "no dataset's manifest"),
        ("[]", "no dataset's manifest"),
        ("æ{", "not readable as JSON"),
    ],
)
def test_a_folder_without_a_proper_manifest_is_no_dataset(tmp_path, manifest, message):
    if manifest is not None:
        (tmp_path / MANIFEST).write_text(manifest)
    with pytest.raises(DatasetError, match=message):
        check(tmp_path)


def test_a_study_is_no_wave_and_a_wave_no_study(study, tmp_path):
    with pytest.raises(DatasetError, match="it holds a study, not a wave's responses"):
        read_wave(tmp_path)
    with pytest.raises(DatasetError, match="it holds a wave, not a study"):
        read_study(tmp_path / "wave-1")


@pytest.fixture
def study(freeze_wave, make_answers, facts, tmp_path):
    def second(seed=2):
        answers = make_answers(100, seed)
        answers["wave"] = 2
        return freeze_wave("wave-2", responses=answers, facts=replace(facts, wave=2))

    first = make_answers()
    first["area"] = first["area"].replace({"ø": "0667-003"})
    waves = [second(), freeze_wave("wave-1", responses=first, tables={"areas": AREAS})]
    return write_study(tmp_path, "prøve", [wave.folder for wave in waves])


def test_a_study_reads_as_one_dataset(study, tmp_path):
    read = read_dataset(tmp_path)
    assert [wave.wave for wave in read.waves] == [1, 2]
    assert read.rows == len(read.responses()) == 300
    assert list(read.table("areas")["wave"]) == [1, 1]
    assert check(tmp_path) == []
    assert read.hash == study.hash


def test_what_a_wave_did_not_ask_is_told_apart_from_what_was_not_answered(
    freeze_wave, make_answers, codebook, facts, tmp_path
):
    kept = [v for v in codebook.variables if v.name != "every_voted"]
    smaller = replace(codebook, variables=tuple(kept))
    answers = make_answers(50).drop(columns="every_voted").assign(wave=2)
    second = freeze_wave(
        "wave-2", responses=answers, codebook=smaller, facts=replace(facts, wave=2)
    )
    study = write_study(tmp_path, "prøve", [freeze_wave("wave-1").folder, second.folder])
    voted = study.responses(["wave", "every_voted"])
    assert set(voted.loc[voted["wave"] == 2, "every_voted"]) == {-9}
    assert 1 in set(voted.loc[voted["wave"] == 1, "every_voted"])


def test_waves_that_code_a_variable_differently_are_not_put_together(
    freeze_wave, make_answers, codebook, facts, tmp_path
):
    turned = tuple(
        replace(v, codes=(0, 1, 2)) if v.name == "every_voted" else v for v in codebook.variables
    )
    second = freeze_wave(
        "wave-2",
        responses=make_answers(50).assign(wave=2),
        codebook=replace(codebook, variables=turned),
        facts=replace(facts, wave=2),
    )
    study = write_study(tmp_path, "prøve", [freeze_wave("wave-1").folder, second.folder])
    with pytest.raises(DatasetError, match="code every_voted differently"):
        study.responses()


def turned_labels(variable):
    """The same codes, with the labels the other way round."""
    labels = {language: variable.value_labels(language) for language in ("da", "ar")}
    turned = {
        language: {code: known[6 - code] for code in range(1, 6)}
        for language, known in labels.items()
    }
    return replace(variable, values=turned)


def other_option(variable):
    return replace(variable, labels=dict.fromkeys(variable.labels, "En helt anden forening"))


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("every_burglary", turned_labels, r"every_burglary: the code 1 means '.+' in one wave and"),
        ("every_clubs_1", other_option, r"every_clubs_1: it is .* 'En helt anden forening'"),
    ],
)
def test_waves_in_which_a_code_means_something_else_are_not_put_together(
    two_waves, codebook, name, change, message
):
    variables = tuple(change(v) if v.name == name else v for v in codebook.variables)
    with pytest.raises(DatasetError, match=message):
        two_waves(replace(codebook, variables=variables)).responses()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"reversed": ()},
            "every_worry: the scale's reversed is every_at_ease in one wave and none",
        ),
        (
            {"version": 2, "direction": "calm"},
            "every_worry: the scale's direction is .* in one wave and calm in another",
        ),
        ({"least_answered": 2}, "every_worry: the scale's least_answered is None .* 2 in another"),
    ],
)
def test_waves_that_score_a_scale_by_different_rules_are_not_put_together(
    two_waves, codebook, change, message
):
    scales = tuple(replace(s, **change) if s.id == "worry" else s for s in codebook.scales)
    with pytest.raises(DatasetError, match=message):
        two_waves(replace(codebook, scales=scales)).responses()


def test_each_wave_is_scored_by_its_own_version_of_a_scale(two_waves, codebook, tmp_path):
    turned = tuple(
        replace(s, version=2, reversed=(), variants={}) if s.id == "worry" else s
        for s in codebook.scales
    )
    assert codebook.scale("every_worry").reversed
    study = two_waves(replace(codebook, scales=turned))
    name = "every_worry_score"
    by_hand = pd.concat(
        [score(wave.responses(), wave.codebook)[name] for wave in study.waves], ignore_index=True
    )
    assert not by_hand.equals(score(study.responses(), study.codebook)[name])
    summary = summarise(study)
    written = write_scores(study, summary, tmp_path / "scores")
    pd.testing.assert_series_equal(pd.read_parquet(written / "scores.parquet")[name], by_hand)
    (file, *_) = export(study, "parquet", tmp_path / "out").files
    pd.testing.assert_series_equal(pd.read_parquet(file)[name], by_hand)
    worry = next(one for one in summary.scales if one.scale == "every_worry")
    assert (worry.version, worry.mean) == (2, pytest.approx(by_hand.mean()))
    assert worry.alpha is None
    assert worry.without == "its versions ask or turn different items; read each wave for itself"


def test_every_way_in_which_waves_differ_is_told_at_once(two_waves, codebook):
    study = two_waves(
        replace(
            codebook,
            variables=tuple(
                turned_labels(v) if v.name == "every_burglary" else v for v in codebook.variables
            ),
            scales=tuple(replace(s, direction="other") for s in codebook.scales),
        )
    )
    with pytest.raises(DatasetError) as refused:
        _ = study.codebook
    told = str(refused.value)
    assert all(name in told for name in ("every_burglary", "every_worry", "every_part"))


def test_what_only_describes_may_differ_between_waves(two_waves, codebook):
    asked = codebook.variable("every_burglary")
    reasons = {
        language: {**asked.value_labels(language), -8: "Sprunget over"} for language in ("da", "ar")
    }
    study = two_waves(
        replace(
            codebook,
            variables=tuple(
                replace(v, values=reasons, labels={"da": "Indbrud"})
                if v.name == "every_burglary"
                else v
                for v in codebook.variables
            ),
            scales=tuple(replace(s, status="validated") for s in codebook.scales),
        )
    )
    assert study.codebook.variable("every_burglary").label("da") == "Indbrud"
    assert {scale.status for scale in study.codebook.scales} == {"validated"}


@pytest.fixture
def two_waves(freeze_wave, make_answers, facts, tmp_path):
    """A study whose second wave has another codebook than its first."""

    def write(second):
        later = freeze_wave(
            "wave-2",
            responses=make_answers(50).assign(wave=2),
            codebook=second,
            facts=replace(facts, wave=2),
        )
        return write_study(tmp_path, "prøve", [freeze_wave("wave-1").folder, later.folder])

    return write


def test_a_study_notices_a_wave_that_was_exchanged_or_lost(study, tmp_path, freeze_wave):
    shutil.rmtree(tmp_path / "wave-2")
    assert any("no manifest.json" in str(difference) for difference in check(tmp_path))
    freeze_wave("wave-2")
    assert any("the study lists" in str(difference) for difference in check(tmp_path))
    with pytest.raises(DatasetError, match="the study lists"):
        read_dataset(tmp_path)


def test_a_study_lists_only_its_own_standing_waves(frozen, freeze_wave, tmp_path, facts):
    twin = freeze_wave("twin")
    other = freeze_wave("other", facts=replace(facts, study="another", wave=3))
    revoke(frozen.folder, superseded_by=twin.hash, reason="a withdrawal")
    with pytest.raises(DatasetError) as refused:
        write_study(tmp_path, "prøve", [frozen.folder, twin.folder, other.folder])
    assert "revoked" in str(refused.value)
    assert "wave 1 is listed 2 times" in str(refused.value)
    assert "of the study 'another'" in str(refused.value)
    with pytest.raises(DatasetError, match="lies outside"):
        write_study(tmp_path / "twin", "prøve", [frozen.folder])


def test_what_is_made_from_a_dataset_names_it_and_may_be_made_again(frozen):
    for rows in (3, 2):
        scores = pd.DataFrame({"row_id": list("abc")[:rows], "s": [1.0, 2.0, None][:rows]})
        folder = write_derived(frozen, "scores", {"scores": scores})
    assert folder.name == "wave-1-scores"
    assert made_from(folder) == frozen.hash
    assert len(pq.read_table(folder / "scores.parquet")) == 2
    assert check(folder) == []
    assert [path.name for path in sorted(folder.parent.iterdir())] == ["wave-1", "wave-1-scores"]


def test_nothing_is_written_over_but_an_earlier_one_of_the_same(
    frozen, freeze_wave, facts, tmp_path
):
    frames = {"scores": pd.DataFrame({"row_id": ["a"]})}
    other = freeze_wave("other", facts=replace(facts, study="another"))
    thesis = tmp_path / "thesis"
    (thesis / ".git").mkdir(parents=True)
    (thesis / ".git" / "config").write_text("years of work")
    (tmp_path / "plan.yaml").write_text("primary: []")
    (tmp_path / "link").symlink_to(thesis)
    measures = write_derived(frozen, "measures", frames)
    before = {path: path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file()}
    for place in (thesis, tmp_path / "plan.yaml", tmp_path / "link", measures, tmp_path):
        with pytest.raises(DatasetError, match="Name another folder, or move away what is there"):
            write_derived(frozen, "scores", frames, place)
    for place in (frozen.folder, frozen.folder / "scores"):
        with pytest.raises(DatasetError, match="stays as it was sealed"):
            write_derived(frozen, "scores", frames, place)
    with pytest.raises(DatasetError, match="it holds a wave already"):
        write_derived(frozen, "scores", frames, other.folder)
    assert before == {path: path.read_bytes() for path in before}

    (tmp_path / "empty").mkdir()
    for _ in range(2):
        write_derived(frozen, "scores", frames, tmp_path / "empty")
    with pytest.raises(DatasetError, match="it holds a derived already"):
        write_derived(other, "scores", frames, tmp_path / "empty")
    (tmp_path / "empty" / "notes.txt").write_text("mine")
    with pytest.raises(DatasetError, match=r"put there later \(notes.txt\)"):
        write_derived(frozen, "scores", frames, tmp_path / "empty")


def test_a_manifest_that_is_a_folder_is_told(frozen):
    manifest = frozen.folder / MANIFEST
    manifest.unlink()
    manifest.mkdir()
    with pytest.raises(DatasetError, match="Is a directory, where a file belongs"):
        check(frozen.folder)


def test_only_the_owner_may_look_into_a_dataset(frozen):
    assert frozen.folder.stat().st_mode & 0o077 == 0


def test_every_table_of_a_dataset_is_there_even_when_empty(frozen):
    assert {name: len(frozen.table(name)) for name in TABLES} == dict.fromkeys(TABLES, 0)


@pytest.mark.parametrize("name", ["responses/part-00000.parquet", "areas.parquet"])
def test_a_damaged_file_is_blamed_and_not_the_disk(frozen, tmp_path, name):
    path = frozen.folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    path.chmod(0o600)
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=f"{path.name}: it cannot be read as Parquet"):
        frozen.responses() if name.startswith("responses") else frozen.table("areas")
    if name.startswith("responses"):
        with pytest.raises(DatasetError, match="it cannot be read as Parquet"):
            export(frozen, "csv", tmp_path / "out")
