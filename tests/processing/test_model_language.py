"""The language of measurement models: what it reads, and what it says when it cannot."""

import doctest

import pytest

from processing.errors import StatisticsError
from processing.modelling import model_language as model_language_module
from processing.modelling.model_language import parse_model


def _problems(text):
    with pytest.raises(StatisticsError) as caught:
        parse_model(text)
    return [str(problem) for problem in caught.value.problems]


def test_factors_and_items_keep_the_order_in_which_they_are_named():
    model = parse_model("ro =~ c + a\ntryg =~ b + d")
    assert model.factors == ("ro", "tryg")
    assert model.items == ("c", "a", "b", "d")


@pytest.mark.parametrize(
    "text",
    [
        "f =~ a + b + c",
        "f =~ a +\n  b +\n  c",
        "f =~\n a\n + b\n + c   # the third",
        "f =~ a + b; f =~ c",
        "\n# nothing here\n\n  f=~a+b+c\n",
        # A line that ends in blanks, or as Windows ends it, ends all the same.
        "f =~ a + b + c \ng =~ d + e",
        "f =~ a + b + c\t \r\n g =~ d + e",
    ],
)
def test_the_same_model_may_be_laid_out_in_many_ways(text):
    assert parse_model(text).indicators("f") == ("a", "b", "c")


@pytest.mark.parametrize(
    ("written", "fixed", "free", "label"),
    [
        ("a", None, False, None),
        ("1*a", 1.0, False, None),
        ("-0.5*a", -0.5, False, None),
        ("1e-2 * a", 0.01, False, None),
        ("NA*a", None, True, None),
        ("k*a", None, False, "k"),
        ("k*0.7*a", 0.7, False, "k"),
        ("NA*k*a", None, True, "k"),
    ],
)
def test_a_term_carries_its_value_and_its_label(written, fixed, free, label):
    term = parse_model(f"f =~ b + {written} + c").terms[1]
    assert (term.right, term.fixed, term.free, term.label) == ("a", fixed, free, label)


def test_names_may_be_danish_and_carry_points_and_underscores():
    model = parse_model("nærhed =~ tryg_t1 + æble.v1 + ø2")
    assert model.items == ("tryg_t1", "æble.v1", "ø2")


def test_a_factor_may_measure_by_factors():
    model = parse_model("g =~ f + h\nf =~ a + b\nh =~ c + d")
    assert model.is_hierarchical
    assert model.items == ("a", "b", "c", "d")


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", "model:", "names no factor"),
        ("a ~~ b", "model:", "names no factor"),
        ("y ~ x", "line 1, column 3", "'~' is not part of the model language"),
        ("f =~ a + b\ng := a", "line 2, column 3", "':='"),
        ("f =~ a b", "line 1, column 6", "found 'a b'"),
        ("f =~ a + + b", "line 1, column 8", "a name must follow '+'"),
        ("f =~ a + b +", "line 1, column 12", "a name must follow '+'"),
        ("f =~", "line 1, column 3", "a name must follow '=~'"),
        ("=~ a + b", "line 1, column 1", "begins with a name"),
        ("f =~ 1*2*a + b", "line 1, column 6", "at most one value"),
        ("f =~ k*m*a + b", "line 1, column 6", "one label"),
        ("f =~ 2*3 + b", "line 1, column 6", "found '2 * 3'"),
        ("f =~ a + b\nf =~ a", "line 2, column 6", "already said in line 1, column 6"),
        ("f =~ a + b + c\na ~~ b\nb ~~ a", "line 3, column 6", "already said"),
        ("f =~ f + a", "line 1, column 6", "measured by itself"),
        ("f =~ a + b + c\na ~~ x", "line 2, column 6", "'x' is neither a factor nor an item"),
        ("f =~ a + b + c\na ~~ f", "line 2, column 6", "a factor and an item"),
        ("f =~ a\ng =~ b + c", "line 1, column 6", "has one item"),
        ("f =~ a + b + c\na ~~ -1*a", "line 2, column 9", "'a' is fixed at -1"),
        ("f =~ a + b + c\nf ~~ -.5*f", "line 2, column 10", "a variance cannot be negative"),
        ("f =~ k*1*a + k*2*b + c", "line 1, column 18", "given the value 2 after 1"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text, place, words):
    (problem,) = _problems(text)
    assert place in problem
    assert words in problem


def test_factors_that_measure_each_other_are_both_named():
    first, second = _problems("f =~ g + a\ng =~ f + b")
    assert "line 1, column 6: the factor 'f' is measured by itself" in first
    assert "line 2, column 6: the factor 'g' is measured by itself" in second


def test_a_model_that_is_no_text_is_refused():
    (problem,) = _problems(["f =~ a + b + c"])
    assert "it is a text, got list" in problem


def test_all_problems_are_told_at_once():
    assert len(_problems("f =~ a b\ng ~ h\nk =~ + a\nl =~ c + d")) == 3


def test_one_item_is_enough_when_its_error_is_fixed():
    assert parse_model("f =~ a\na ~~ 0*a\ng =~ b + c").factors == ("f", "g")


def test_the_example_runs():
    assert doctest.testmod(model_language_module).failed == 0
