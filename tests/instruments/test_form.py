from __future__ import annotations

import json

import pytest

from instruments import (
    DefinitionError,
    InstrumentTexts,
    PinMismatchError,
    UnknownInstrumentError,
    load_form,
    make_form,
)


@pytest.fixture
def form(fixtures):
    return make_form(["routed", "multiple", "single"], ["da"], root=fixtures)


@pytest.fixture
def library_copy(copied):
    """A library that may be changed, with one questionnaire in three languages."""
    return copied("languages").parent.parent


def test_pages_and_columns_stand_in_the_order_asked(form):
    assert [page.key for page in form.pages()] == [
        "routed-first",
        "routed-second",
        "routed-third",
        "multiple-only",
        "single-only",
    ]
    assert form.columns == (
        "routed_children",
        "routed_pets",
        "routed_children_number",
        "routed_dog_walks",
        "routed_tired",
        "multiple_eaten",
        "single_glad",
        "single_calm",
    )
    assert form.page("multiple-only").columns == ("multiple_eaten",)


def test_a_dataset_has_one_variable_an_option(form):
    assert form.variables[5:9] == (
        "routed_dog_walks",
        "routed_tired",
        "multiple_eaten_1",
        "multiple_eaten_2",
    )


def test_a_column_leads_back_to_its_item(form):
    placed = form.item_of("single_glad")

    assert (placed.instrument.name, placed.page.id, placed.item.id) == ("single", "only", "glad")
    with pytest.raises(KeyError):
        form.item_of("single_sad")
    with pytest.raises(KeyError):
        form.page("single-none")


def test_shown_and_hidden_divide_the_columns(form):
    answers = {"routed_children": 0, "routed_pets": [2]}

    assert form.hidden(answers) == {
        "routed_children_number",
        "routed_dog_walks",
        "routed_tired",
    }
    assert set(form.shown(answers)) == set(form.columns) - form.hidden(answers)
    assert form.shown({}) == form.columns


def test_routed_items_are_those_that_some_answer_could_hide(form):
    assert form.routed() == {"routed_children_number", "routed_dog_walks", "routed_tired"}


def test_a_language_is_unreviewed_where_nobody_read_one_of_the_texts(fixtures):
    languages = make_form(["languages"], ["da", "en", "ar"], root=fixtures)
    mixed = make_form(["languages", "single"], ["da"], root=fixtures)

    assert languages.unreviewed_languages() == ("en", "ar")
    assert mixed.unreviewed_languages() == ("da",)


def test_a_page_without_a_shown_item_is_left_out(form):
    answers = {"routed_children": 0, "routed_pets": [2]}

    assert [page.key for page in form.pages_shown(answers)] == [
        "routed-first",
        "multiple-only",
        "single-only",
    ]
    assert form.pages_shown({}) == form.pages()


def test_the_estimate_counts_what_may_be_hidden_by_half(form):
    # 8 + 15 + (8 + 8 + 8) / 2 + 15 + 8 + 8 = 66 seconds
    assert form.estimated_minutes() == 2


def test_a_pin_survives_json_and_brings_the_same_form_back(form, fixtures):
    pin = json.loads(json.dumps(form.pin()))

    assert load_form(pin, root=fixtures) == form
    assert pin["languages"] == ["da"]
    assert [one["name"] for one in pin["instruments"]] == ["routed", "multiple", "single"]


@pytest.mark.parametrize("file", ["definition.yaml", "text.da.yaml", "text.en.yaml"])
def test_a_pinned_file_that_changed_or_is_gone_is_refused(library_copy, file):
    pin = make_form(["languages"], ["en"], root=library_copy).pin()
    path = library_copy / "languages" / "1" / file

    path.write_bytes(path.read_bytes() + b"# ")
    with pytest.raises(PinMismatchError, match="opened with SHA-256") as changed:
        load_form(pin, root=library_copy)
    path.unlink()
    with pytest.raises(PinMismatchError, match="not there") as gone:
        load_form(pin, root=library_copy)

    assert [problem.file for problem in changed.value.problems] == [f"languages/1/{file}"]
    assert [problem.file for problem in gone.value.problems] == [f"languages/1/{file}"]


def test_an_open_wave_is_not_disturbed_by_a_language_that_is_being_added(library_copy):
    form = make_form(["languages"], ["da", "en"], root=library_copy)
    folder = library_copy / "languages" / "1"
    (folder / "text.ar.yaml").write_text("language: [", "utf-8")
    (folder / "text.so.yaml").write_text("half: done", "utf-8")
    (folder / "reviews.yaml").write_text("da: none\nen: {by: Ann, date: 2026-11-02}\n", "utf-8")

    again = load_form(form.pin(), root=library_copy)

    assert again.pin() == form.pin()
    assert again.instruments[0].texts["en"].review.by == "Ann"
    assert sorted(again.instruments[0].texts) == ["da", "en"]


def test_the_language_that_others_fall_back_on_is_pinned_though_it_is_not_offered(library_copy):
    form = make_form(["languages"], ["en"], root=library_copy)
    again = load_form(form.pin(), root=library_copy)
    [instrument] = again.instruments

    assert again.languages == ("en",)
    assert InstrumentTexts(instrument, "en").short(instrument.item("calm")).text == "Rolig"


def test_the_files_of_a_form_are_a_library_of_their_own(form, tmp_path):
    for path, content in form.files().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)

    assert load_form(form.pin(), root=tmp_path) == form


def test_files_hold_only_the_languages_that_the_form_needs(library_copy):
    form = make_form([("languages", 1)], ["en"], root=library_copy)

    assert sorted(form.files()) == [
        "languages/1/definition.yaml",
        "languages/1/reviews.yaml",
        "languages/1/text.da.yaml",
        "languages/1/text.en.yaml",
    ]


def test_a_language_that_an_instrument_lacks_cannot_be_offered(fixtures):
    with pytest.raises(DefinitionError) as refused:
        make_form(["single", "languages", "words"], ["da", "en"], root=fixtures)

    assert [problem.file for problem in refused.value.problems] == ["single/1", "words/1"]


@pytest.mark.parametrize(
    ("names", "languages", "words"),
    [
        (["single", "single"], ["da"], "'single' stands twice"),
        (["single"], [], "at least one language"),
        ([], ["da"], "at least one questionnaire"),
    ],
)
def test_a_form_that_makes_no_sense_is_refused(fixtures, names, languages, words):
    with pytest.raises(DefinitionError, match=words):
        make_form(names, languages, root=fixtures)


def test_every_broken_instrument_of_a_form_is_told_at_once(copied):
    root = copied("single").parent.parent
    copied("words")
    for name in ("single", "words"):
        (root / name / "1" / "definition.yaml").write_text("name: x", "utf-8")

    with pytest.raises(DefinitionError) as refused:
        make_form(["single", "words"], ["da"], root=root)

    assert {problem.file for problem in refused.value.problems} == {
        "single/1/definition.yaml",
        "words/1/definition.yaml",
    }


def test_a_form_of_an_unknown_instrument_is_refused(fixtures):
    with pytest.raises(UnknownInstrumentError, match="Did you mean 'words/1'"):
        make_form(["word"], ["da"], root=fixtures)
