import numpy as np
import pandas as pd
import pytest

from instruments import make_form
from processing import ScaleEntry, StatisticsError, build_codebook, evidence, score, summarise


def scale(items=4, **given):
    columns = tuple(f"x{number}" for number in range(1, items + 1))
    bounds = dict.fromkeys(columns, (1, 5))
    return ScaleEntry("", "s", **{"columns": columns, "bounds": bounds} | given)


def frame(*rows):
    return pd.DataFrame(rows, columns=[f"x{number}" for number in range(1, len(rows[0]) + 1)])


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ((5, 5, 5, 5), 100),
        ((1, 1, 1, 1), 0),
        ((1, 2, 3, 4), 37.5),
        ((5, 5, 4, -3), 11 / 12 * 100),  # 3 of 4
        ((5, 5, -3, -3), None),  # "don't know" is not an answer
        ((5, 5, 5, -4), 100),  # k = 3, three answered
        ((5, 5, -4, -4), None),  # k = 2, but never fewer than three
        ((5, 5, 5, -2), 100),  # not shown leaves k too
        ((-8, -1, -5, -9), None),
        ((5, 5, np.nan, 5), 100),  # an empty cell is a missing answer
        ((5, 5, np.nan, np.nan), None),
    ],
)
def test_a_score_is_the_mean_of_the_answers_as_percent_of_the_maximum(answers, expected):
    (value,) = score(frame(answers), scale())["s_score"]
    assert np.isnan(value) if expected is None else value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("items", "needed"),
    [(3, 3), (4, 3), (5, 4), (6, 4), (7, 5), (9, 6), (12, 8)],
)
def test_two_thirds_of_the_items_and_never_fewer_than_three_must_be_answered(items, needed):
    rows = [[3] * n + [-8] * (items - n) for n in range(items + 1)]
    scored = score(frame(*rows), scale(items))
    assert list(scored["s_score"].notna()) == [n >= needed for n in range(items + 1)]
    assert list(scored["s_answered"]) == list(range(items + 1))


@pytest.mark.parametrize("apart", range(5))
def test_items_that_do_not_apply_leave_the_number_that_must_be_answered(apart):
    rows = [[-4] * apart + [3] * n + [-8] * (6 - apart - n) for n in range(7 - apart)]
    needed = max(3, -(-2 * (6 - apart) // 3))
    scored = score(frame(*rows), scale(6))["s_score"]
    assert list(scored.notna()) == [n >= needed for n in range(7 - apart)]


def test_a_scale_may_set_its_own_rule():
    scored = score(frame((5, 1, -8, -8), (5, -8, -8, -8)), scale(least_answered=2))["s_score"]
    assert list(scored.fillna(-1)) == [50, -1]


def test_reversed_items_are_turned_before_and_the_headline_after_scoring():
    scored = score(
        frame((5, 5, 5, 1), (1, 1, 1, 5)),
        scale(reversed=("x4",), headline_reversed=True),
    )
    assert list(scored["s_score"]) == [100, 0]
    assert list(scored["s_headline"]) == [0, 100]


def test_items_of_different_length_weigh_the_same():
    mixed = scale(3, bounds={"x1": (1, 5), "x2": (0, 10), "x3": (0, 1)})
    scored = score(frame((5, 0, 1), (2, 5, -8)), mixed)
    assert scored["s_score"].iloc[0] == pytest.approx(200 / 3)
    assert np.isnan(scored["s_score"].iloc[1])


def test_a_formative_count_needs_all_its_items():
    count = scale(
        3, bounds=dict.fromkeys(("x1", "x2", "x3"), (0, 1)), model="formative", score="count"
    )
    scored = score(frame((1, 0, 1), (1, 1, -4), (0, 0, 0)), count)["s_score"]
    assert list(scored.fillna(-1)) == [2, -1, 0]


def test_a_variant_leaves_items_out_and_keeps_the_rule():
    scored = score(
        frame((5, 5, 5, 1), (-8, 5, 5, 5), (-8, -8, 5, 5)),
        scale(variants={"without_last": ("x4",)}),
    )
    assert list(scored["s_without_last_score"].fillna(-1)) == [100, -1, -1]


def test_the_callers_frame_is_not_changed_and_its_index_is_kept():
    answers = frame((1, 2, 3, 4), (5, 5, -3, 1)).set_index(pd.Index(["b", "a"]))
    before = answers.copy(deep=True)
    scored = score(answers, scale(reversed=("x1",)))
    pd.testing.assert_frame_equal(answers, before)
    assert list(scored.index) == ["b", "a"]


@pytest.mark.parametrize("kind", ["int8", "int16", "int64", "float64", "Int16", "Float64"])
def test_every_kind_of_number_gives_the_same_scores(kind):
    answers = frame((1, 2, 3, 4), (5, 5, -3, 1))
    pd.testing.assert_frame_equal(score(answers.astype(kind), scale()), score(answers, scale()))


def test_all_that_stands_in_the_way_is_told_at_once():
    answers = frame((1, 2, 6, 0), (5, 5, 7, 1))
    with pytest.raises(StatisticsError) as refused:
        score(answers, scale())
    assert "'x3' of scale s: codes lie between 1 and 5, found 6 in 2 rows" in str(refused.value)
    assert "'x4' of scale s: codes lie between 1 and 5, found 0 in 1 rows" in str(refused.value)


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (frame((1, 2, 3)), "item 'x4': no column has this name"),
        (frame((1, 2, 3, "fire")), "item 'x4': answers must be whole numbers, found 'fire'"),
        (frame((1, 2, 3, 2.5)), "item 'x4': answers must be whole numbers, found 2.5"),
    ],
)
def test_columns_that_hold_no_answers_are_refused_by_name(answers, message):
    with pytest.raises(StatisticsError, match=message):
        score(answers, scale())


@pytest.mark.parametrize("function", [score, evidence, summarise])
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"reversed": ("zz",)}, "reversed of scale s: 'zz' is no column of it"),
        ({"variants": {"short": ("x9",)}}, "variant 'short' of scale s: 'x9' is no column of it"),
        ({"bounds": {"x1": (1, 5)}}, "item 'x2' of scale s: it has no bounds"),
        ({"bounds": dict.fromkeys(("x1", "x2", "x3", "x4"), (5, 1))}, "two codes that ascend"),
    ],
)
def test_a_scale_that_contradicts_itself_is_refused_by_all_that_use_it(function, given, words):
    rng = np.random.default_rng(1)
    answers = frame(*rng.integers(1, 6, size=(300, 4)).tolist())
    with pytest.raises(StatisticsError, match=words):
        function(answers, scale(**given))


def test_a_codebook_scores_all_its_scales(frozen, codebook):
    scored = score(frozen.responses(), codebook)
    assert [name for name in scored.columns if name.endswith("_score")] == [
        "every_worry_score",
        "every_worry_indoors_score",
        "every_part_score",
    ]
    assert set(scored["every_part_score"].dropna()) == {0, 1, 2, 3}


def test_scores_equal_those_that_r_gives_for_real_answers(
    bfi, bfi_numbers, fixture_library, matrix
):
    reference = bfi_numbers["scores_half_rule"]
    scales = build_codebook(make_form(["bfi"], ["en"], fixture_library)).scales
    scored = score(bfi.rename(columns=lambda name: f"bfi_{name.lower()}"), scales)
    means = pd.DataFrame({s.id: 1 + scored[f"{s.name}_score"] / 100 * 5 for s in scales})
    expected = matrix(reference["first20"])
    np.testing.assert_allclose(means[:20][expected.columns], expected, rtol=1e-7)
    np.testing.assert_allclose(means.corr(), matrix(reference["cor"]), rtol=1e-6)
    for name in means:
        assert means[name].notna().sum() == reference["n_scored"][name]
        assert means[name].mean() == pytest.approx(reference["mean"][name], rel=1e-7)
        assert means[name].std() == pytest.approx(reference["sd"][name], rel=1e-7)
