import json
import resource
from dataclasses import replace
from functools import partial

import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pyreadstat
import pytest

import processing
from processing import DatasetError, Variable, read_dataset, revoke, score, write_study

# The whole of a dataset in one file: unless asked, what people wrote lies apart.
export = partial(processing.export, texts_apart=False)
LANGUAGES = ["da", "ar", "en"]
LETTERS = {
    -1: "a",
    -2: "b",
    -3: "c",
    -4: "d",
    -5: "e",
    -6: "f",
    -7: "g",
    -8: "h",
    -9: "i",
    -10: "j",
}


@pytest.fixture
def expected(frozen, codebook):
    """The answers and the scores, as any file must give them back."""
    answers = frozen.responses()
    return pd.concat([answers, score(answers, codebook)], axis=1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_spss_reads_every_value_label_and_missing_code_as_they_are(
    frozen, codebook, expected, tmp_path, language
):
    (path,) = export(frozen, "sav", tmp_path / "out", language=language).files
    read, meta = pyreadstat.read_sav(path, user_missing=True)
    assert list(read.columns) == list(expected.columns)
    for variable in codebook.variables:
        name = variable.name
        assert list(read[name]) == list(expected[name]), name
        assert meta.column_names_to_labels[name] == variable.label(language)
        assert meta.variable_measure[name] == variable.measure
        if variable.type == "int16":
            assert meta.variable_value_labels[name] == variable.value_labels(language)
            assert meta.missing_ranges[name] == [{"lo": -10.0, "hi": -1.0}]
    for name in (n for n in expected.columns if n.endswith(("_score", "_headline"))):
        np.testing.assert_array_equal(read[name], expected[name])
    assert meta.file_label == f"prøve, dataset {frozen.hash[:12]}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_stata_reads_every_value_label_and_missing_code_as_they_are(
    frozen, codebook, expected, tmp_path, language
):
    (path,) = export(frozen, "dta", tmp_path / "out", language=language).files
    read, meta = pyreadstat.read_dta(path, user_missing=True)
    for variable in codebook.variables:
        name = variable.name
        assert meta.column_names_to_labels[name] == variable.label(language)
        if variable.type == "int16":
            lettered = [LETTERS.get(value, value) for value in expected[name]]
            assert list(read[name]) == lettered, name
            labels = variable.value_labels(language)
            assert meta.variable_value_labels[name] == {
                LETTERS.get(code, code): label for code, label in labels.items()
            }
        else:
            assert list(read[name]) == list(expected[name]), name
    np.testing.assert_array_equal(read["every_worry_score"], expected["every_worry_score"])


def test_arabic_and_danish_letters_arrive(frozen, tmp_path):
    for format_, reader in (("sav", pyreadstat.read_sav), ("dta", pyreadstat.read_dta)):
        (path,) = export(frozen, format_, tmp_path, language="ar").files
        read, meta = reader(path)
        assert meta.variable_value_labels["every_clubs_1"][1] == "Chosen"
        assert meta.column_names_to_labels["every_clubs_3"] == "الجمعيات: قطف التوت"
        assert {"æøå ÆØÅ é", "مرحبا بكم"} <= set(read["every_comment"])


@pytest.mark.parametrize(
    ("format_", "reader"), [("sav", pyreadstat.read_sav), ("dta", pyreadstat.read_dta)]
)
def test_programs_that_know_missing_codes_take_none_for_an_answer(
    frozen, expected, tmp_path, format_, reader
):
    read, _ = reader(export(frozen, format_, tmp_path).files[0])
    for name in ("every_burglary", "every_satisfied", "every_comment_missing", "mode"):
        assert list(read[name].isna()) == list(expected[name] < 0)


def test_csv_gives_back_every_value_and_a_codebook_beside_it(frozen, codebook, expected, tmp_path):
    path, beside = export(frozen, "csv", tmp_path).files
    read = pd.read_csv(path, keep_default_na=False, dtype={"every_comment": str, "area": str})
    assert list(read.columns) == list(expected.columns)
    for variable in codebook.variables:
        if variable.type == "int16":
            assert list(read[variable.name]) == list(expected[variable.name])
    scores = pd.to_numeric(read["every_worry_score"], errors="coerce")
    np.testing.assert_array_equal(scores, expected["every_worry_score"])
    explained = pd.read_csv(beside, keep_default_na=False, dtype=str)
    assert list(explained["variable"].unique()) == list(expected.columns)
    burglary = explained[explained["variable"] == "every_burglary"]
    assert dict(zip(burglary["code"], burglary["code_label"], strict=True)) == {
        str(code): label
        for code, label in codebook.variable("every_burglary").value_labels("da").items()
    }


@pytest.mark.parametrize("format_", ["csv", "xlsx"])
def test_no_text_of_a_respondent_is_a_formula_in_a_spreadsheet(frozen, tmp_path, format_):
    path = export(frozen, format_, tmp_path).files[0]
    if format_ == "csv":
        texts = list(pd.read_csv(path, keep_default_na=False)["every_comment"])
    else:
        sheet = openpyxl.load_workbook(path)["answers"]
        place = [cell.value for cell in sheet[1]].index("every_comment") + 1
        cells = [row[0] for row in sheet.iter_rows(min_row=2, min_col=place, max_col=place)]
        assert {cell.data_type for cell in cells} <= {"s", "n", "inlineStr"}
        texts = [cell.value or "" for cell in cells]
    assert any(text.startswith("'=HYPERLINK") for text in texts)
    assert not any(text.startswith(("=", "+", "-", "@", "\t")) for text in texts)


def test_parquet_carries_labels_with_its_columns(frozen, expected, tmp_path):
    path, _ = export(frozen, "parquet", tmp_path, language="da").files
    pd.testing.assert_frame_equal(pd.read_parquet(path), expected, check_dtype=False)
    about = pq.read_schema(path).field("every_burglary").metadata
    assert about[b"label"].decode() == "Indbrud"
    assert json.loads(about[b"value_labels"])["-3"] == "Det ved jeg ikke"


def test_a_spreadsheet_has_the_answers_the_codebook_and_the_scales(frozen, expected, tmp_path):
    (path,) = export(frozen, "xlsx", tmp_path).files
    book = openpyxl.load_workbook(path, read_only=True)
    rows = [*book["answers"].iter_rows(values_only=True)]
    assert list(rows[0]) == list(expected.columns)
    place = rows[0].index("every_burglary")
    assert [row[place] for row in rows[1:]] == list(expected["every_burglary"])
    codebook_rows = [*book["codebook"].iter_rows(values_only=True)]
    assert ("every_burglary", "5", "Helt enig") in [(r[0], r[10], r[11]) for r in codebook_rows]
    assert [row[0] for row in book["scales"].iter_rows(values_only=True)] == [
        "scale",
        "every_worry",
        "every_part",
    ]


@pytest.mark.parametrize("format_", ["csv", "parquet"])
def test_the_same_dataset_gives_the_same_bytes(frozen, tmp_path, format_):
    one = export(frozen, format_, tmp_path / "one").files
    other = export(frozen, format_, tmp_path / "other").files
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]


@pytest.mark.parametrize("format_", ["csv", "sav", "dta", "parquet", "xlsx"])
def test_a_wave_without_answers_gives_a_file_with_its_columns(
    freeze_wave, make_answers, codebook, tmp_path, format_
):
    empty = freeze_wave(responses=make_answers(3)[:0])
    path = export(empty, format_, tmp_path / "out").files[0]
    readers = {
        "csv": pd.read_csv,
        "sav": lambda p: pyreadstat.read_sav(p)[0],
        "dta": lambda p: pyreadstat.read_dta(p)[0],
        "parquet": pd.read_parquet,
        "xlsx": pd.read_excel,
    }
    read = readers[format_](path)
    assert len(read) == 0
    assert list(read.columns)[: len(codebook.names)] == list(codebook.names)


def test_scores_can_be_left_out(frozen, codebook, tmp_path):
    path = export(frozen, "parquet", tmp_path, scores=False).files[0]
    assert pq.read_schema(path).names == list(codebook.names)


def test_file_names_have_no_blanks_and_no_letters_that_archives_refuse(
    freeze_wave, facts, tmp_path
):
    dataset = freeze_wave("w", facts=replace(facts, study="Grønne vænger / 2026"))
    (path,) = export(dataset, "sav", tmp_path).files
    assert path.name == "Groenne_vaenger_2026_wave1_da.sav"
    with pytest.raises(DatasetError, match=r"Call it min_fil\.sav"):
        export(dataset, "sav", tmp_path / "min fil.sav")
    with pytest.raises(DatasetError, match=r"does not end in \.sav"):
        export(dataset, "sav", tmp_path / "answers.csv")


def test_a_revoked_dataset_says_so_in_its_exports(frozen, tmp_path):
    revoke(frozen.folder, superseded_by="abc123", reason="one withdrawal")
    exported = export(frozen, "csv", tmp_path)
    assert "revoked" in exported.files[0].name
    assert "superseded by abc123" in exported.notes[0]


def test_a_language_without_labels_is_refused_with_those_there_are(frozen, tmp_path):
    with pytest.raises(DatasetError, match=r"'sv'\. Choose da, en, ar"):
        export(frozen, "csv", tmp_path, language="sv")
    with pytest.raises(DatasetError, match=r"no format 'ods'\. Choose csv, sav"):
        export(frozen, "ods", tmp_path)


@pytest.fixture
def long_names(freeze_wave, make_answers, codebook):
    """Names and labels longer than Stata or SPSS can take, alike at their beginnings."""
    stem = "every_stood_for_the_board_of_residents"
    added = [
        Variable(
            f"{stem}_{which}",
            "single",
            "int16",
            "nominal",
            {"da": "å" * 300},
            values={"da": {1: "ø" * 130 + "1", 2: "ø" * 130 + "2"}},
            codes=(1, 2),
            missing=(-8,),
        )
        for which in ("once", "twice")
    ]
    answers = make_answers(20).assign(**{v.name: np.int16(2) for v in added})
    wider = replace(codebook, variables=(*codebook.variables, *added))
    return freeze_wave("long", responses=answers, codebook=wider)


def test_what_stata_cannot_hold_is_shortened_and_told(long_names, tmp_path):
    exported = export(long_names, "dta", tmp_path)
    read, meta = pyreadstat.read_dta(exported.files[0])
    short = [name for name in read.columns if name.startswith("every_stood_for_the_board_")]
    assert len(set(short)) == 2
    assert all(len(name) <= 32 for name in short)
    assert all(set(read[name]) == {2} for name in short)
    assert all(len(meta.column_names_to_labels[name]) == 80 for name in short)
    assert any(f"written as {short[0]}" in note for note in exported.notes)


def test_value_labels_stay_apart_when_spss_shortens_them(long_names, tmp_path):
    exported = export(long_names, "sav", tmp_path)
    _, meta = pyreadstat.read_sav(exported.files[0])
    name = "every_stood_for_the_board_of_residents_once"
    labels = meta.variable_value_labels[name]
    assert labels[1] != labels[2]
    assert all(len(label.encode()) <= 120 for label in labels.values())
    assert len(meta.column_names_to_labels[name].encode()) <= 256
    assert any("its label is longer than the 256" in note for note in exported.notes)


@pytest.mark.parametrize(
    ("format_", "reader", "longest"),
    [("sav", pyreadstat.read_sav, 32_767), ("xlsx", pd.read_excel, 4 * 32_767)],
)
def test_a_text_longer_than_the_format_holds_is_cut_and_told(
    freeze_wave, make_answers, tmp_path, format_, reader, longest
):
    answers = make_answers(3).assign(every_comment="å" * 500_000, every_comment_missing=0)
    exported = export(freeze_wave(responses=answers), format_, tmp_path)
    read = reader(exported.files[0])
    texts = (read[0] if isinstance(read, tuple) else read)["every_comment"]
    assert all(text.endswith("…") and len(text.encode()) <= longest for text in texts)
    assert any("3 texts are longer" in note for note in exported.notes)


@pytest.mark.parametrize("format_", ["sav", "dta", "csv", "xlsx"])
def test_control_characters_do_not_cut_a_text_short(freeze_wave, make_answers, tmp_path, format_):
    answers = make_answers(3).assign(every_comment="før\x00efter\x1b", every_comment_missing=0)
    path = export(freeze_wave(responses=answers), format_, tmp_path).files[0]
    readers = {
        "csv": pd.read_csv,
        "sav": lambda p: pyreadstat.read_sav(p)[0],
        "dta": lambda p: pyreadstat.read_dta(p)[0],
        "xlsx": pd.read_excel,
    }
    assert set(readers[format_](path)["every_comment"]) == {"førefter"}


@pytest.mark.parametrize("format_", ["csv", "sav", "dta", "parquet", "xlsx"])
def test_a_full_disk_leaves_no_half_file_and_says_what_to_do(
    freeze_wave, make_answers, tmp_path, format_
):
    dataset = freeze_wave(responses=make_answers(5_000))
    out = tmp_path / "out"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, before[1]))  # as a disk with no more room
    try:
        with pytest.raises(DatasetError, match="no half file was left"):
            export(dataset, format_, out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not out.exists() or list(out.iterdir()) == []


def test_a_study_exports_all_its_waves(freeze_wave, make_answers, facts, tmp_path):
    second = freeze_wave(
        "wave-2", responses=make_answers(50, 2).assign(wave=2), facts=replace(facts, wave=2)
    )
    write_study(tmp_path, "prøve", [freeze_wave("wave-1").folder, second.folder])
    (path,) = export(read_dataset(tmp_path), "sav", tmp_path / "out").files
    read, _ = pyreadstat.read_sav(path)
    assert path.name == "proeve_da.sav"
    assert read["wave"].value_counts().to_dict() == {1: 200, 2: 50}
