from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.routing import All, AnyOf, Comparison, Not, Operator, hidden
from instruments.shapes import ConditionShape

ITEMS = ["a", "b", "c"]

comparisons = st.one_of(
    st.builds(
        Comparison,
        st.sampled_from(ITEMS),
        st.sampled_from([Operator.IN, Operator.NOT_IN, Operator.INCLUDES]),
        st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True).map(tuple),
    ),
    st.builds(
        Comparison,
        st.sampled_from(ITEMS),
        st.sampled_from([Operator.AT_LEAST, Operator.AT_MOST]),
        st.integers(0, 3).map(lambda bound: (bound,)),
    ),
)
conditions = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.builds(All, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=6,
)
known = st.one_of(st.integers(0, 3), st.lists(st.integers(0, 3), min_size=1, unique=True))
missing = st.sampled_from([None, -1, -3, -4, -5, -8])
answers = st.fixed_dictionaries({item: st.one_of(known, missing) for item in ITEMS})


@pytest.mark.parametrize(
    ("condition", "answer", "truth"),
    [
        (Comparison("a", Operator.IN, (1, 2)), 2, True),
        (Comparison("a", Operator.IN, (1, 2)), 3, False),
        (Comparison("a", Operator.NOT_IN, (1, 2)), 2, False),
        (Comparison("a", Operator.NOT_IN, (1, 2)), 3, True),
        (Comparison("a", Operator.AT_LEAST, (3,)), 3, True),
        (Comparison("a", Operator.AT_LEAST, (3,)), 2, False),
        (Comparison("a", Operator.AT_MOST, (3,)), 3, True),
        (Comparison("a", Operator.AT_MOST, (3,)), 4, False),
        (Comparison("a", Operator.AT_MOST, (0,)), 0, True),
        (Comparison("a", Operator.INCLUDES, (1, 2)), [2, 5], True),
        (Comparison("a", Operator.INCLUDES, (1, 2)), [5], False),
        # A missing code is below every bound, but it is no answer.
        (Comparison("a", Operator.AT_MOST, (3,)), -3, None),
        (Comparison("a", Operator.AT_LEAST, (3,)), -8, None),
        (Comparison("a", Operator.IN, (1,)), -3, None),
        (Comparison("a", Operator.IN, (1,)), None, None),
        (Comparison("a", Operator.INCLUDES, (1,)), -5, None),
        (Comparison("a", Operator.INCLUDES, (1,)), None, None),
        # Named, a missing code is a code like any other.
        (Comparison("a", Operator.NOT_IN, (0, -5)), -5, False),
        (Comparison("a", Operator.IN, (-5,)), -5, True),
        (Comparison("a", Operator.NOT_IN, (0, -5)), -3, None),
        # What was hidden was surely not chosen.
        (Comparison("a", Operator.IN, (1,)), -2, False),
        (Comparison("a", Operator.NOT_IN, (1,)), -2, True),
        (Comparison("a", Operator.AT_LEAST, (1,)), -2, False),
        (Comparison("a", Operator.AT_MOST, (1,)), -2, False),
        (Comparison("a", Operator.INCLUDES, (1,)), -2, False),
    ],
)
def test_a_comparison_is_true_false_or_unknown(condition, answer, truth):
    assert condition.truth({"a": answer}) is truth


@given(conditions, answers)
def test_more_answers_never_turn_a_certain_condition_around(condition, given_answers):
    some = dict.fromkeys(ITEMS)
    before = condition.truth(some)
    for item, answer in given_answers.items():
        some[item] = answer
        after = condition.truth(some)
        assert before is None or after is before
        before = after


@given(conditions, answers)
def test_a_condition_on_known_answers_is_what_two_valued_logic_says(condition, given_answers):
    def two_valued(part):
        match part:
            case All(parts):
                return all(two_valued(one) for one in parts)
            case AnyOf(parts):
                return any(two_valued(one) for one in parts)
            case Not(inner):
                return not two_valued(inner)
        return part.truth(given_answers)

    parts = [condition]
    for part in parts:
        parts.extend(getattr(part, "parts", ()))
        if isinstance(part, Not):
            parts.append(part.part)
    certain = all(p.truth(given_answers) is not None for p in parts if isinstance(p, Comparison))

    assert not certain or condition.truth(given_answers) is two_valued(condition)


@given(conditions, answers)
def test_de_morgan_holds_with_unknowns(condition, given_answers):
    other = Comparison("b", Operator.IN, (1,))
    outside = Not(All((condition, other)))
    inside = AnyOf((Not(condition), Not(other)))

    assert outside.truth(given_answers) is inside.truth(given_answers)


@given(conditions)
def test_a_condition_survives_json(condition):
    data = json.loads(json.dumps(condition.to_data()))

    assert ConditionShape.model_validate(data).condition() == condition


@given(conditions, answers)
def test_an_unanswered_form_hides_nothing(condition, given_answers):
    routes = [(item, ()) for item in ITEMS] + [("d", (condition,))]

    assert hidden(routes, {}) == frozenset()
    assert hidden(routes, given_answers) <= {"d"}


def test_one_no_closes_the_whole_chain_behind_it_though_it_was_answered_before(
    fixture_questionnaire,
):
    routes = list(fixture_questionnaire("routed").routes())
    yes = {"children": 1, "pets": [2], "children_number": 4, "tired": 1}

    assert hidden(routes, yes) == {"dog_walks"}
    assert hidden(routes, {**yes, "children": 0}) == {"children_number", "dog_walks", "tired"}


def test_who_would_rather_not_say_is_spared_the_follow_up_but_who_does_not_know_is_asked(
    fixture_questionnaire,
):
    routes = list(fixture_questionnaire("routed").routes())

    assert "children_number" in hidden(routes, {"children": -5})
    assert "children_number" not in hidden(routes, {"children": -3})
    assert "children_number" not in hidden(routes, {"children": -8})


def test_an_item_that_was_hidden_is_asked_once_it_is_open_again(fixture_questionnaire):
    routes = list(fixture_questionnaire("routed").routes())
    stored = {"children": 1, "pets": [1], "children_number": -2, "dog_walks": -2}

    assert hidden(routes, stored) == frozenset()


def test_a_page_condition_hides_every_item_on_the_page(fixture_questionnaire):
    form = fixture_questionnaire("routed")
    answers = {"children": 1, "pets": [1], "children_number": 1, "dog_walks": 1}

    assert hidden(form.routes(), answers) == {"tired"}
