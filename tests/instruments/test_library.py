from __future__ import annotations

import pytest

from instruments import DefinitionError, InstrumentTexts, find, library, lix, make_form

NAMES = sorted({listed.name for listed in library()})


@pytest.fixture(params=NAMES)
def instrument(request):
    return find(request.param)


def test_no_version_in_the_library_has_a_problem():
    assert {f"{one.name}/{one.version}": one.problems for one in library() if one.problems} == {}


def test_the_library_needs_no_fallback_and_no_warning(instrument):
    assert instrument.warnings == ()


def test_every_danish_question_is_plain_also_when_it_is_read_alone(instrument):
    texts = InstrumentTexts(instrument, "da")
    hard = {item.id: lix(texts.full_question(item).text) for item in instrument.items()}

    assert {name: figure for name, figure in hard.items() if figure > 35} == {}


def test_every_question_is_understood_alone(instrument):
    for language in instrument.texts:
        texts = InstrumentTexts(instrument, language)
        for item in instrument.items():
            question = texts.full_question(item).text
            assert question.endswith(("?", "؟", "."))
            assert "…" not in question


def test_a_page_stacks_at_most_six_items(instrument):
    assert [page.id for page in instrument.pages if len(page.items) > 6] == []


def test_a_page_of_a_scale_is_answered_on_one_response_scale(instrument):
    measured = {one for scale in instrument.scales for one in (*scale.items, scale.anchor)}
    mixed = {
        page.id
        for page in instrument.pages
        if len({item.responses.id for item in page.items}) > 1
        and measured & {item.id for item in page.items}
    }

    assert mixed == set()


def test_life_satisfaction_stands_under_a_heading_of_its_own():
    trivsel = find("trivsel")
    page = trivsel.page_of("life_satisfaction")

    assert [item.id for item in page.items] == ["life_satisfaction"]
    headings = [InstrumentTexts(trivsel, one).heading(page) for one in trivsel.texts]
    assert len({heading.text for heading in headings}) == 10
    assert not any(heading.fallback or "…" in heading.text for heading in headings)


def test_pages_that_a_construct_keeps_short_are_noted_and_refuse_nothing():
    noted = {name: [note.key for note in find(name).notes] for name in NAMES}

    assert noted == {
        "background": ["pages[3].id"],
        "beboerdemokrati": ["pages[4].id"],
        "samarbejde": ["pages[0].id", "pages[3].id"],
        "trivsel": ["pages[1].id"],
        "tryghed": ["pages[3].id", "pages[4].id"],
    }


def test_a_scale_has_at_most_one_reversed_item_and_says_what_it_measures(instrument):
    for scale in instrument.scales:
        assert len(scale.reversed) <= 1
        assert scale.construct
        assert scale.direction
        assert scale.literature
        assert scale.status == "candidate"


def test_every_item_of_a_scale_names_its_facet(instrument):
    scaled = {item for scale in instrument.scales for item in scale.items}

    assert [item.id for item in instrument.items() if item.id in scaled and not item.facet] == []


def test_no_danish_text_says_ensom(instrument):
    assert b"ensom" not in instrument.files["text.da.yaml"].lower()


def test_columns_leave_room_for_the_suffixes_that_files_add(instrument):
    assert [item.id for item in instrument.items() if len(instrument.column(item)) > 27] == []


def test_every_version_and_language_is_published(instrument):
    assert instrument.published
    assert all(text.published for text in instrument.texts.values())


def test_nobody_is_said_to_have_reviewed_a_text_that_nobody_has(instrument):
    assert [text.review for text in instrument.texts.values()] == [None] * len(instrument.texts)


def test_partners_and_residents_are_never_asked_by_one_form():
    assert find("samarbejde").asks == "partners"
    assert {find(name).asks for name in NAMES if name != "samarbejde"} == {"residents"}
    with pytest.raises(DefinitionError, match=r"never merged"):
        make_form(["tryghed", "samarbejde"], ["da"])
    assert make_form(["samarbejde"], ["da", "en"]).asks == "partners"
