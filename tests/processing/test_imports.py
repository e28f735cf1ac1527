import csv

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from processing import (
    DatasetError,
    ImportRefusedError,
    MapError,
    check,
    import_file,
    read_wave,
    score,
    summarise,
)

EVERY = """
study: prøve
wave: 2
year: 2024
legal_basis: consent
items:
  burglary: {column: indbrud, recode: {slet ikke: "1"}}
  violence: vold
  moved_in: aar
  adults: voksne
  satisfied: tilfreds
  clubs: {columns: {"1": sport, "3": baer}, recode: {x: "1", "": "0"}}
  comment: tekst
missing: {"99": refused, "88": -4}
blank: not_answered
about:
  row_id: loebenummer
  area: omraade
  language: {column: sprog, recode: {Dansk: da}}
  mode: {value: paper}
  helper: hjaelp
  day: dag
  base_weight: vaegt
"""

HEADER = "loebenummer,omraade,sprog,hjaelp,dag,vaegt,indbrud,vold,aar,voksne,tilfreds,sport,baer,tekst,andet"
ROWS = (
    'R2,0667-012,Dansk,none,2024-05-31,1.5,slet ikke,99,1999,2,10,x,,"Hej, du",1',
    "R1,0667-003,Dansk,2,2024-06-01,1,5,88,2024,1,0,,x,,1",
    'R3,0667-012,ar,present,,0,,3.0,,20,7,,,"مرحبا ""x""\nto linjer",1',
)


@pytest.fixture
def imported(tmp_path, fixture_library):
    """Import rows by a map; the folder is `out`."""

    def run(rows=ROWS, plan=EVERY, header=HEADER, instrument="every", encoding="utf-8"):
        (tmp_path / "file.csv").write_text("\n".join([header, *rows]) + "\n", encoding=encoding)
        (tmp_path / "map.yaml").write_text(plan, encoding="utf-8")
        return import_file(
            tmp_path / "file.csv",
            [instrument],
            tmp_path / "map.yaml",
            tmp_path / "out",
            root=fixture_library,
        )

    return run


def changed(row=0, **cells):
    """The rows with some cells changed, by the header's names."""
    names = HEADER.split(",")
    read = [*csv.reader("\n".join(ROWS).splitlines(keepends=True))]
    for name, value in cells.items():
        read[row][names.index(name)] = value
    return [",".join('"' + cell.replace('"', '""') + '"' for cell in one) for one in read]


def test_each_cell_arrives_as_the_map_says(imported):
    result = imported()
    answers = result.dataset.responses().set_index("row_id")
    assert list(answers.index) == ["R1", "R2", "R3"]
    assert list(answers["every_burglary"]) == [5, 1, -8]
    assert list(answers["every_violence"]) == [-4, -5, 3]
    assert list(answers["every_moved_in"]) == [2024, 1999, -8]
    assert list(answers["every_adults"]) == [1, 2, 20]
    assert list(answers["every_satisfied"]) == [0, 10, 7]
    assert list(answers["every_clubs_1"]) == [0, 1, 0]
    assert list(answers["every_clubs_3"]) == [1, 0, 0]
    assert list(answers["every_comment"]) == ["", "Hej, du", 'مرحبا "x"\nto linjer']
    assert list(answers["every_comment_missing"]) == [-8, 0, 0]
    assert result.left_out == ("andet",)


def test_what_the_file_does_not_hold_was_not_asked(imported):
    answers = imported().dataset.responses()
    assert set(answers["every_avoided"]) == {-9}
    assert set(answers["every_clubs_2"]) == {-9}


def test_what_is_known_of_the_answering_arrives_and_the_rest_is_unknown(imported):
    dataset = imported().dataset
    answers = dataset.responses().set_index("row_id")
    assert list(answers["area"]) == ["0667-003", "0667-012", "0667-012"]
    assert list(answers["language"]) == ["da", "da", "ar"]
    assert list(answers["mode"]) == [2, 2, 2]
    assert list(answers["helper"]) == [2, 0, 1]
    assert list(answers["day"]) == ["2024-06-01", "2024-05-31", ""]
    assert list(answers["base_weight"]) == [1.0, 1.5, 0.0]
    assert set(answers["open_link"]) == {-10}
    assert set(answers["wave"]) == {2}
    assert list(dataset.table("areas")["area"]) == ["0667-003", "0667-012"]


def test_an_import_is_a_dataset_like_any_other_and_names_its_source(imported):
    dataset = imported().dataset
    assert check(dataset.folder) == []
    assert dataset.manifest["legal_basis"] == "consent"
    assert dataset.manifest["source"]["file"] == "file.csv"
    assert len(dataset.manifest["source"]["map_sha256"]) == 64
    assert "every/1/definition.yaml" in dataset.instrument_files


def test_only_the_rows_of_the_wave_are_taken(imported):
    answers = imported(plan=EVERY + 'only: {omraade: "0667-012"}\n').dataset.responses()
    assert list(answers["row_id"]) == ["R2", "R3"]


def test_rows_without_an_id_are_numbered_as_they_stand(imported):
    answers = imported(plan=EVERY.replace("  row_id: loebenummer\n", "")).dataset.responses()
    assert list(answers["row_id"]) == ["1", "2", "3"]
    assert list(answers["every_burglary"]) == [1, 5, -8]


@pytest.mark.parametrize(
    ("cells", "row", "column", "rule", "value"),
    [
        ({"indbrud": "6"}, 2, "indbrud", "codes are 1, 2, 3, 4, 5", "6"),
        ({"indbrud": "-3"}, 2, "indbrud", "a value below zero needs a meaning", "-3"),
        ({"indbrud": "meget"}, 2, "indbrud", "an answer is a whole number", "meget"),
        ({"indbrud": "2.5"}, 2, "indbrud", "an answer is a whole number", "2.5"),
        ({"voksne": "21"}, 2, "voksne", "numbers go from 1 to 20", "21"),
        ({"aar": "2025"}, 2, "aar", "numbers go from 1930 to 2024", "2025"),
        ({"sport": "2"}, 2, "sport", "an option is 1 where it was chosen", "2"),
        ({"tekst": "x" * 501}, 2, "tekst", "a text has at most 500 characters", "x" * 501),
        ({"vaegt": "1,5"}, 2, "vaegt", "a base weight is a number from 0 up", "1,5"),
        ({"dag": "31/5/2024"}, 2, "dag", "a day is written as 2026-05-31", "31/5/2024"),
        ({"hjaelp": "mor"}, 2, "hjaelp", "it is none (0), present (1), helped (2)", "mor"),
        ({"loebenummer": "010203-1234"}, 2, "loebenummer", "it looks like a CPR number", None),
        ({"loebenummer": ""}, 2, "loebenummer", "each row has an id of its own", ""),
        ({"loebenummer": "R1"}, 2, "loebenummer", "each row has an id of its own", "R1"),
    ],
)
def test_what_does_not_fit_is_refused_with_row_column_rule_and_value(
    imported, tmp_path, cells, row, column, rule, value
):
    with pytest.raises(ImportRefusedError) as refused:
        imported(changed(**cells))
    (problem,) = refused.value.problems
    assert (problem.row, problem.column) == (row, column)
    assert rule in problem.rule
    assert value is None or problem.value == value
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file.csv", "map.yaml"]


def test_all_that_does_not_fit_is_told_at_once_with_how_often(imported):
    rows = changed(indbrud="6", vold="7", aar="1800")
    rows[1] = rows[1].replace('"5"', '"6"')
    with pytest.raises(ImportRefusedError) as refused:
        imported(rows)
    assert [(p.row, p.column, p.rows) for p in refused.value.problems] == [
        (2, "aar", 1),
        (2, "indbrud", 2),
        (2, "vold", 1),
    ]
    assert refused.value.cells == 4
    assert "4 cells do not fit (3 listed; a value that several rows hold is listed once)" in str(
        refused.value
    )


def test_one_cell_that_does_not_fit_is_told_as_one(imported):
    with pytest.raises(ImportRefusedError, match="1 cell does not fit, and nothing was written"):
        imported(changed(indbrud="6"))


def test_a_value_that_the_map_itself_gives_is_told_by_its_variable(imported):
    with pytest.raises(ImportRefusedError, match="the map's value of mode"):
        imported(changed(), EVERY.replace("{value: paper}", "{value: fax}"))


def test_a_file_of_a_header_alone_is_refused(imported):
    with pytest.raises(DatasetError, match="it has a header and no rows"):
        imported([])


def test_a_list_of_problems_stays_readable_and_says_how_many_there_are(imported):
    rows = [ROWS[0].replace("R2", f"R{n}").replace("slet ikke", str(n)) for n in range(100, 180)]
    with pytest.raises(ImportRefusedError, match="80 cells do not fit") as refused:
        imported(rows)
    assert str(refused.value).endswith("… and 30 more")
    assert len(str(refused.value).splitlines()) == 52


def test_a_row_of_the_wrong_length_is_told_and_the_rows_after_it_keep_their_numbers(imported):
    with pytest.raises(ImportRefusedError) as refused:
        imported(["R9,too,short", *changed(indbrud="6")])
    assert [(p.row, p.column) for p in refused.value.problems] == [(2, "the row"), (3, "indbrud")]
    assert refused.value.problems[0].value == "3 cells"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("burglary:", "theft:", "items.theft: the form has no such item; it has burglary,"),
        (
            "violence: vold",
            "violence: {kolonne: vold}",
            "items.violence: it must be a column's name",
        ),
        ("violence: vold", "violence: tyveri", "the file has no column 'tyveri'"),
        ('"1": sport', '"9": sport', "items.clubs.columns.9: there is no such option"),
        ("clubs: {columns:", "clubs: {column: a, x:", "a multiple choice has one column an option"),
        ('{"99": refused', '{"99": weigerte', "missing.99: a reason is one of not_reached (-1)"),
        ("wave: 2", "wave: two", "wave: it must be a whole number from 1 to 9999"),
        ("study: prøve", "", "study: a dataset names its study"),
        ("year: 2024", "", "year: every_moved_in can be no later than the wave's year"),
        ("legal_basis: consent", "legal_basis: none", "it must be consent or research"),
        ("  area: omraade", "  cpr: omraade", "about.cpr: there is no such variable"),
        ("blank:", "blanks:", "blanks: there is no such key"),
        ("study: prøve", "study: [", "it is not readable as YAML"),
        ("study: prøve", "study: " + "[" * 3000, "it is not readable as YAML"),
        ("study: prøve", "study: [a]", "study: it must be one text"),
        ("year: 2024", "only: [a]", "only: it must map columns to one value each"),
        ('missing: {"99": refused, "88": -4}', "missing: 99", "missing: it must map values"),
        (
            "violence: vold",
            "violence: {column: vold, other: 1}",
            "items.violence.other: there is no",
        ),
        ("violence: vold", "violence: {column: vold, recode: 1}", "recode: it must map values"),
        ("year: 2024", "only: {uge: '3'}\nyear: 2024", "only.uge: the file has no such column"),
    ],
)
def test_a_map_that_does_not_fit_is_refused_by_its_key(imported, tmp_path, old, new, message):
    with pytest.raises(MapError) as refused:
        imported(plan=EVERY.replace(old, new))
    assert message in str(refused.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ("just words", "it must be a mapping"),
        ("study: s\n", "items: it must map items to columns"),
        ("study: s\nitems: {burglary: indbrud}\nabout: area\n", "about: it must be a mapping"),
    ],
)
def test_a_map_of_another_shape_is_refused(imported, plan, message):
    with pytest.raises(MapError, match=message):
        imported(plan=plan)


def test_every_problem_of_a_map_is_told_at_once(imported):
    plan = EVERY.replace("wave: 2", "wave: two").replace("burglary:", "theft:")
    with pytest.raises(MapError) as refused:
        imported(plan=plan.replace("refused", "nope"))
    assert len(refused.value.problems) == 3


def test_a_file_in_another_encoding_is_told_what_to_do_and_read_when_told(imported, tmp_path):
    rows = [ROWS[0].replace("Hej, du", "Blåbær")]
    with pytest.raises(DatasetError, match="Save the file as UTF-8, or name its encoding"):
        imported(rows, encoding="latin-1")
    answers = imported(rows, encoding="latin-1", plan=EVERY + "encoding: latin-1\n")
    assert list(answers.dataset.responses()["every_comment"]) == ["Blåbær"]


def test_a_danish_spreadsheets_semicolons_are_found_out(imported):
    rows = [";".join(next(csv.reader([ROWS[1]])))]
    answers = imported(rows, header=HEADER.replace(",", ";")).dataset.responses()
    assert list(answers["every_burglary"]) == [5]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("file.csv", "", "it has no header"),
        ("file.csv", "a,a\n1,2\n", "stand in the header more than once"),
        ("file.csv", 'a,b\n"1,2\n', "not readable as CSV"),
        ("file.sav", "not a sav file", "not readable as .sav"),
        ("file.ods", "a", "a .ods cannot be imported"),
    ],
)
def test_a_broken_file_is_refused_in_words(tmp_path, fixture_library, name, content, message):
    (tmp_path / name).write_text(content)
    (tmp_path / "map.yaml").write_text("study: s\nitems: {burglary: a}\n")
    with pytest.raises(DatasetError, match=message):
        import_file(
            tmp_path / name,
            ["every"],
            tmp_path / "map.yaml",
            tmp_path / "out",
            root=fixture_library,
        )
    assert not (tmp_path / "out").exists()


def test_a_file_or_map_that_is_not_there_is_told(tmp_path, fixture_library):
    (tmp_path / "map.yaml").write_text("study: s\nitems: {burglary: a}\n")
    for file, plan in (("no.csv", "map.yaml"), ("no.csv", "no.yaml")):
        with pytest.raises(DatasetError, match=r"no\.(csv|yaml)"):
            import_file(
                tmp_path / file,
                ["every"],
                tmp_path / plan,
                tmp_path / "out",
                root=fixture_library,
            )


def test_questionnaires_without_a_common_language_are_imported_one_by_one(
    tmp_path, fixture_library
):
    (tmp_path / "map.yaml").write_text("study: s\nitems: {burglary: a}\n")
    with pytest.raises(DatasetError, match="no language in common"):
        import_file(
            tmp_path / "no.csv",
            ["every", "bfi"],
            tmp_path / "map.yaml",
            tmp_path / "out",
            root=fixture_library,
        )


def test_an_existing_folder_is_not_touched(imported, tmp_path):
    imported()
    with pytest.raises(DatasetError, match="never written over"):
        imported()
    assert check(tmp_path / "out") == []


def test_hostile_texts_are_kept_as_texts_and_a_megabyte_is_refused(imported):
    hostile = "=cmd|' /C calc'!A0 <script>\u202etxt\x07"
    stored = imported(changed(tekst=hostile)).dataset.responses()["every_comment"]
    assert "=cmd|' /C calc'!A0 <script>txt" in set(stored)


def test_a_text_of_a_megabyte_is_refused_and_shown_short(imported):
    with pytest.raises(ImportRefusedError) as refused:
        imported(changed(tekst="å" * 1_000_000))
    assert len(str(refused.value)) < 500


# --- real people's answers ----------------------------------------------------------------------


@pytest.fixture
def real(tmp_path, fixture_library, request):
    """A reference file as a dataset: its name, the ending it is read from."""
    here = request.path.parent

    def run(instrument, data, ending):
        source = here / "reference" / "data" / f"{data}.csv"
        if ending == "sav":
            pyreadstat.write_sav(pd.read_csv(source), tmp_path / f"{data}.sav")
            source = tmp_path / f"{data}.sav"
        return import_file(
            source,
            [instrument],
            here / "fixtures" / "maps" / f"{instrument}.yaml",
            tmp_path / ending,
            root=fixture_library,
        ).dataset

    return run


@pytest.mark.parametrize("ending", ["csv", "sav"])
def test_real_personality_answers_give_the_scores_alphas_and_omegas_that_r_gives(
    real, bfi_numbers, ending
):
    dataset = real("bfi", "bfi", ending)
    assert dataset.rows == 2_800
    reference = bfi_numbers["scores_half_rule"]
    for scale in summarise(dataset).scales:
        name = scale.scale.removeprefix("bfi_")
        listwise = bfi_numbers["scales"][name]["listwise"]
        omega = bfi_numbers["scales"][name]["omega_total_1f_cfa_ml_listwise"]
        assert scale.n == reference["n_scored"][name]
        assert 1 + scale.mean / 100 * 5 == pytest.approx(reference["mean"][name], rel=1e-7)
        assert scale.sd / 100 * 5 == pytest.approx(reference["sd"][name], rel=1e-7)
        assert scale.alpha.raw == pytest.approx(listwise["alpha_raw"], abs=1e-6)
        assert scale.omega.total == pytest.approx(omega, abs=1e-5)


def test_blanks_of_the_real_file_are_missing_for_an_unknown_reason_and_nothing_else(real, bfi):
    answers = real("bfi", "bfi", "csv").responses()
    for item in ("A1", "N5", "O3"):
        np.testing.assert_array_equal(answers[f"bfi_{item.lower()}"], bfi[item].fillna(-10))


def test_real_answers_on_depression_and_anxiety_give_rs_alphas_and_omegas(real, reference):
    expected = reference("phq9_gad7")["scales"]
    of = {scale.scale: scale for scale in summarise(real("mood", "phq9_gad7_t1", "csv")).scales}
    for name, known in (("mood_depression", "phq9_t1"), ("mood_anxiety", "gad7_t1")):
        alpha, omega = of[name].alpha.raw, of[name].omega.total
        assert of[name].n == expected[known]["n_complete"]
        assert alpha == pytest.approx(expected[known]["listwise"]["alpha_raw"], abs=1e-6)
        assert omega == pytest.approx(expected[known]["omega_total_1f_cfa_ml_listwise"], abs=1e-5)


def test_csv_and_sav_of_the_same_answers_give_the_same_answers(real):
    one = real("bfi", "bfi", "csv").responses()
    other = real("bfi", "bfi", "sav").responses()
    pd.testing.assert_frame_equal(one, other)


def test_an_import_is_read_and_scored_without_the_library(real):
    dataset = read_wave(real("mood", "phq9_gad7_t1", "csv").folder)
    scores = score(dataset.responses(), dataset.codebook)
    assert scores["mood_anxiety_score"].between(0, 100).all()
