from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments import AnswerError, Fault, make_form

FORM = ("single", "multiple", "numbers", "words")


@pytest.fixture(scope="module")
def form(request):
    return make_form(FORM, ["da"], root=request.path.parent / "fixtures")


@pytest.mark.parametrize(
    ("column", "value", "stored"),
    [
        ("single_glad", 2, 2),
        ("single_glad", "2", 2),
        ("single_glad", " 2 ", 2),
        ("single_glad", -3, -3),
        ("single_glad", "-3", -3),
        ("multiple_eaten", [10, 1], [1, 10]),
        ("multiple_eaten", ["2", "2"], [2]),
        ("multiple_eaten", (1,), [1]),
        ("multiple_eaten", ["-5"], -5),
        ("multiple_eaten", -5, -5),
        ("numbers_adults", "20", 20),
        ("numbers_moved_in", 2026, 2026),
        # A phone may write the digits of its own script.
        ("numbers_moved_in", "٢٠١٤", 2014),
        ("numbers_moved_in", "۲۰۱۴", 2014),
        ("numbers_satisfied", 0, 0),
        ("words_said", "Hej", "Hej"),
        ("words_said", "12", "12"),
        ("words_said", "-5", "-5"),
        ("words_said", -5, -5),
        ("words_said", "a\r\nb", "a\nb"),
        ("words_said", "a\x00b\x07", "ab"),
        ("words_said", "\ud83d!", "!"),
        # A mark of writing direction is part of what was written; what turns all that follows is not.
        ("words_said", "\u200fسلام!", "\u200fسلام!"),
        ("words_said", "\u202e123\u2067\u202c", "123"),
        ("words_said", "A\u030a", "Å"),
        # A blank was seen and left.
        ("single_glad", "", -8),
        ("single_glad", None, -8),
        ("multiple_eaten", [], -8),
        ("words_said", "  \n", -8),
        ("words_said", "\x00", -8),
        ("single_glad", -8, -8),
    ],
)
def test_an_answer_is_stored_in_one_form(form, column, value, stored):
    assert form.validate_answer(column, value, year=2026) == stored


@pytest.mark.parametrize(
    ("column", "value", "fault", "rule"),
    [
        ("single_glad", 4, Fault.NOT_AN_OPTION, {"codes": (1, 2, 3)}),
        ("single_glad", -4, Fault.NOT_AN_OPTION, {"codes": (1, 2, 3, -3, -8)}),
        ("single_glad", -2, Fault.NOT_AN_OPTION, {"codes": (1, 2, 3, -3, -8)}),
        ("single_glad", "x", Fault.WRONG_TYPE, {"kind": "single"}),
        ("single_glad", True, Fault.WRONG_TYPE, {"kind": "single"}),
        ("single_glad", 1.0, Fault.WRONG_TYPE, {"kind": "single"}),
        ("single_glad", [1], Fault.WRONG_TYPE, {"kind": "single"}),
        ("single_glad", "9" * 5000, Fault.WRONG_TYPE, {"kind": "single"}),
        ("multiple_eaten", [1, 3], Fault.NOT_AN_OPTION, {"codes": (1, 2, 10)}),
        ("multiple_eaten", [1, -5], Fault.NOT_AN_OPTION, {"codes": (1, 2, 10)}),
        ("multiple_eaten", ["x"], Fault.WRONG_TYPE, {"kind": "multiple"}),
        ("multiple_eaten", 1, Fault.WRONG_TYPE, {"kind": "multiple"}),
        ("multiple_eaten", "1", Fault.WRONG_TYPE, {"kind": "multiple"}),
        ("numbers_adults", 0, Fault.OUT_OF_RANGE, {"lowest": 1, "highest": 20}),
        ("numbers_adults", 21, Fault.OUT_OF_RANGE, {"lowest": 1, "highest": 20}),
        ("numbers_adults", "2.5", Fault.WRONG_TYPE, {"kind": "number"}),
        ("numbers_moved_in", 2206, Fault.OUT_OF_RANGE, {"lowest": 1930, "highest": 2026}),
        ("numbers_born", 2001, Fault.OUT_OF_RANGE, {"lowest": 1930, "highest": 2000}),
        ("numbers_satisfied", 11, Fault.OUT_OF_RANGE, {"lowest": 0, "highest": 10}),
        ("words_said", "x" * 21, Fault.TOO_LONG, {"longest": 20, "length": 21}),
        ("words_said", ["x"], Fault.WRONG_TYPE, {"kind": "text"}),
        ("words_said", 7, Fault.WRONG_TYPE, {"kind": "text"}),
        ("words_sad", "x", Fault.NOT_ON_FORM, {}),
    ],
)
def test_what_cannot_be_an_answer_is_refused_with_rule_and_value(form, column, value, fault, rule):
    with pytest.raises(AnswerError) as refused:
        form.validate_answer(column, value, year=2026)

    assert (refused.value.column, refused.value.fault) == (column, fault)
    assert refused.value.rule == rule
    assert refused.value.received == value


def test_an_error_that_ends_in_a_log_does_not_hold_the_answer(form):
    with pytest.raises(AnswerError) as refused:
        form.validate_answer("words_said", "en hemmelighed om mit liv", year=2026)

    assert str(refused.value) == "words_said: too long (longest 20, length 25)"
    assert "hemmelighed" not in repr(refused.value)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("5/2014", 201405),
        ("05-2014", 201405),
        (" 5 2014 ", 201405),
        ("5.2014", 201405),
        # Without a sign between them; the year's bounds tell which is which.
        ("52014", 201405),
        ("122019", 201912),
        ("201912", 201912),
        ("20195", 201905),
        ("2014-05", 201405),
        (201405, 201405),
        ("٥/٢٠١٤", 201405),
        (-3, -3),
        ("", -8),
    ],
)
def test_a_month_is_read_as_people_write_it(kinds, value, stored):
    assert kinds.validate_answer("kinds_moved", value, year=2026) == stored


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("maj 2014", Fault.WRONG_TYPE),
        ("2014", Fault.WRONG_TYPE),
        ("13/2014", Fault.WRONG_TYPE),
        ("0/2014", Fault.WRONG_TYPE),
        ("5/14", Fault.WRONG_TYPE),
        ("5/1929", Fault.OUT_OF_RANGE),
        ("1/2027", Fault.OUT_OF_RANGE),
        ("-5", Fault.OUT_OF_RANGE),
        (True, Fault.WRONG_TYPE),
        (["5", "2014"], Fault.WRONG_TYPE),
    ],
)
def test_what_is_no_month_within_bounds_is_refused(kinds, value, fault):
    with pytest.raises(AnswerError) as refused:
        kinds.validate_answer("kinds_moved", value, year=2026)
    assert refused.value.fault is fault


@pytest.mark.parametrize(
    ("value", "stored"),
    [(["3", "1"], [3, 1]), ([4], [4]), (["-3"], -3), ([], -8), (None, -8)],
)
def test_a_ranking_keeps_its_order(kinds, value, stored):
    assert kinds.validate_answer("kinds_wishes", value, year=2026) == stored


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ([1, 1], Fault.TWICE),
        ([1, 2, 3, 4], Fault.TOO_MANY),
        ([5], Fault.NOT_AN_OPTION),
        ([1, -3], Fault.NOT_AN_OPTION),
        (1, Fault.WRONG_TYPE),
        (["x"], Fault.WRONG_TYPE),
    ],
)
def test_what_is_no_ranking_is_refused(kinds, value, fault):
    with pytest.raises(AnswerError) as refused:
        kinds.validate_answer("kinds_wishes", value, year=2026)
    assert refused.value.fault is fault


@pytest.mark.parametrize("code", [-3, -4, -5, -6, -7, -8])
def test_a_keyer_may_say_why_paper_holds_no_answer(form, code):
    for column in form.columns:
        assert form.validate_answer(column, code, year=2026, paper=True) == code


@pytest.mark.parametrize("code", [-1, -2, -9, -10])
def test_nobody_may_say_what_only_the_system_knows(form, code):
    for column in form.columns:
        with pytest.raises(AnswerError):
            form.validate_answer(column, code, year=2026, paper=True)


anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner)),
    max_leaves=4,
)


@given(value=anything, column=st.sampled_from(["single_glad", "multiple_eaten", "words_said"]))
def test_anything_at_all_is_stored_or_refused_and_what_is_stored_stays_as_it_is(
    form, value, column
):
    try:
        stored = form.validate_answer(column, value, year=2026)
    except AnswerError:
        return
    assert form.validate_answer(column, stored, year=2026) == stored
