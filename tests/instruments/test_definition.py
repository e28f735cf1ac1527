"""What each fixture questionnaire says is what the loader makes of it."""

from __future__ import annotations

import pytest

from instruments import MISSING, Kind


def test_a_single_choice_has_codes_in_the_order_shown_and_reasons_apart(fixture_questionnaire):
    single = fixture_questionnaire("single")
    glad = single.item("glad")

    assert glad.kind is Kind.SINGLE
    assert (glad.responses.codes, glad.responses.apart) == ((1, 2, 3), (-3,))
    assert single.columns(glad) == ("single_glad",)
    assert single.page_of("calm").id == "only"
    assert single.key == "single/1"


def test_a_multiple_choice_has_one_variable_an_option(fixture_questionnaire):
    multiple = fixture_questionnaire("multiple")
    eaten = multiple.item("eaten")

    assert eaten.kind is Kind.MULTIPLE
    assert multiple.column(eaten) == "multiple_eaten"
    assert multiple.columns(eaten) == ("multiple_eaten_1", "multiple_eaten_2", "multiple_eaten_10")


@pytest.mark.parametrize(
    ("item", "kind", "lowest", "highest"),
    [
        ("adults", Kind.NUMBER, 1, 20),
        ("moved_in", Kind.YEAR, 1930, None),
        ("born", Kind.YEAR, 1930, 2000),
        ("satisfied", Kind.RATING, 0, 10),
    ],
)
def test_numbers_years_and_ratings_have_bounds(fixture_questionnaire, item, kind, lowest, highest):
    responses = fixture_questionnaire("numbers").item(item).responses

    assert (responses.kind, responses.lowest, responses.highest) == (kind, lowest, highest)


def test_a_text_has_a_longest_length(fixture_questionnaire):
    assert fixture_questionnaire("words").item("said").responses.longest == 20


def test_a_scale_carries_all_that_scoring_and_reading_it_needs(fixture_questionnaire):
    view, act = fixture_questionnaire("scaled").scales

    assert (view.items, view.reversed, view.least_answered) == (("a", "b", "c"), ("c",), 2)
    assert (view.model, view.score, view.status) == ("reflective", "percent", "candidate")
    assert (view.direction, view.headline_reversed) == ("worry", True)
    assert (view.anchor, view.variants) == ("all_in_all", {"short": ("b",)})
    assert (view.construct, view.literature) == ("A view of things", ("Somebody (1999). Views.",))
    assert (act.model, act.score) == ("formative", "count")


def test_routes_come_in_the_order_asked_with_the_page_s_condition_first(fixture_questionnaire):
    routes = list(fixture_questionnaire("routed").routes())

    assert [item for item, conditions in routes if not conditions] == ["children", "pets"]
    assert {item: set().union(*(c.items() for c in conditions)) for item, conditions in routes} == {
        "children": set(),
        "pets": set(),
        "children_number": {"children"},
        "dog_walks": {"pets"},
        "tired": {"children_number", "dog_walks", "children"},
    }


def test_an_unknown_item_is_no_item(fixture_questionnaire):
    single = fixture_questionnaire("single")

    with pytest.raises(KeyError):
        single.item("sad")
    with pytest.raises(KeyError):
        single.page_of("sad")


def test_every_missing_code_has_a_name_of_its_own():
    assert list(MISSING) == list(range(-1, -11, -1))
    assert len(set(MISSING.values())) == len(MISSING)
