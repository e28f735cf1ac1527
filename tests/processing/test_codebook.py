import pytest

from instruments import load_form
from processing import Codebook, ScaleEntry, build_codebook


def test_a_codebook_comes_back_from_its_json_as_it_was(codebook):
    assert Codebook.from_json(codebook.to_json()) == codebook


def test_equal_forms_give_equal_bytes(every_form, codebook, tmp_path):
    for name, content in every_form.files().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    pinned = load_form(every_form.pin(), tmp_path)
    assert build_codebook(pinned, wave_year=2026).to_json() == codebook.to_json()


def test_columns_are_the_paradata_and_then_the_forms_variables_with_reasons_beside_texts(
    every_form, codebook
):
    assert codebook.names[:4] == ("row_id", "wave", "area", "stratum")
    answers = [v.name for v in codebook.items if v.kind != "reason"]
    assert tuple(answers) == every_form.variables
    assert codebook.names[-2:] == ("every_comment", "every_comment_missing")


@pytest.mark.parametrize(
    ("name", "kind", "measure", "codes", "bounds"),
    [
        ("every_burglary", "single", "ordinal", (1, 2, 3, 4, 5), (None, None)),
        ("every_clubs_3", "multiple", "nominal", (0, 1), (None, None)),
        ("every_adults", "number", "scale", (), (1, 20)),
        ("every_moved_in", "year", "scale", (), (1930, 2026)),  # open above: the wave's year
        ("every_satisfied", "rating", "scale", (), (0, 10)),
        ("every_comment_missing", "reason", "nominal", (0,), (None, None)),
    ],
)
def test_each_kind_of_item_says_what_may_stand_in_its_column(
    codebook, name, kind, measure, codes, bounds
):
    variable = codebook.variable(name)
    assert (variable.kind, variable.measure, variable.codes) == (kind, measure, codes)
    assert (variable.lowest, variable.highest) == bounds
    assert variable.missing == tuple(range(-1, -11, -1))


def test_missing_codes_carry_the_words_that_respondents_saw(codebook):
    labels = codebook.variable("every_burglary").value_labels("da")
    assert labels[5] == "Helt enig"
    assert labels[-3] == "Det ved jeg ikke"
    assert labels[-8] == "Ikke besvaret"


def test_a_label_that_a_language_lacks_is_given_in_the_language_the_form_was_written_in(codebook):
    assert codebook.variable("every_burglary").label("ar") == "السرقة"
    assert codebook.variable("every_stood_for_the_board").label("ar") == "Stillet op"
    assert codebook.variable("mode").value_labels("ar")[2] == "Paper"


def test_questions_are_understood_alone(codebook):
    asked = codebook.variable("every_burglary").questions["da"]
    assert asked == "Hvor enig er du i, at du er bekymret for indbrud?"


def test_a_scale_names_columns_and_not_items(codebook):
    worry = codebook.scale("every_worry")
    assert worry.reversed == ("every_at_ease",)
    assert worry.variants == {"indoors": ("every_avoided",)}
    assert worry.anchor == "every_satisfied"
    assert worry.bounds["every_at_ease"] == (1, 5)
    assert codebook.scale("every_part").formative
    with pytest.raises(KeyError):
        codebook.scale("worry")


def test_what_paper_says_against_the_routing_has_a_column_beside_the_item(every_form):
    names = build_codebook(every_form, raw=["every_clubs", "every_burglary"]).names
    assert names[names.index("every_burglary") + 1] == "every_burglary_raw"
    assert [name for name in names if name.startswith("every_clubs")] == [
        "every_clubs_1",
        "every_clubs_1_raw",
        "every_clubs_2",
        "every_clubs_2_raw",
        "every_clubs_3",
        "every_clubs_3_raw",
    ]


def test_a_scale_of_no_instrument_comes_back_from_json():
    calm = ScaleEntry("", "calm", ("a", "b"), {"a": (1, 5), "b": (1, 5)}, reversed=("b",))
    stored = Codebook(languages=("da",), variables=(), scales=(calm,)).to_json()
    assert Codebook.from_json(stored).scales == (calm,)
