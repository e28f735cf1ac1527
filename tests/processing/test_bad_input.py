"""Whatever is wrong with answers is told by item, group and rule, by every function alike."""

import numpy as np
import pandas as pd
import pytest

from instruments.checks import LARGEST_SCALED
from processing import (
    GroupedPatterns,
    StatisticsError,
    align,
    alpha,
    bartlett,
    careless,
    categorical_omega,
    cfa,
    correlate,
    count,
    count_patterns,
    dif,
    efa,
    floor_and_ceiling,
    graded_response,
    invariance,
    item_analysis,
    kmo,
    minimum_average_partial,
    omega,
    omega_hierarchical,
    ordinal_alpha,
    parallel_analysis,
    polychoric,
    split_half,
)
from processing.counting.answers import LARGEST_CODE
from processing.counting.counts import span_of

ITEMS = list("abcde")
MODEL = "f =~ a + b + c + d + e"

OF_ITEMS = {
    "alpha": lambda frame: alpha(frame, ITEMS),
    "categorical omega": lambda frame: categorical_omega(frame, ITEMS),
    "efa": lambda frame: efa(frame, 1, ITEMS),
    "graded response": lambda frame: graded_response(frame, ITEMS),
    "item analysis": lambda frame: item_analysis(frame, ITEMS),
    "kmo": lambda frame: kmo(frame, ITEMS),
    "omega": lambda frame: omega(frame, ITEMS),
    "ordinal alpha": lambda frame: ordinal_alpha(frame, ITEMS),
    "parallel analysis": lambda frame: parallel_analysis(frame, ITEMS),
    "polychoric": lambda frame: polychoric(frame, ITEMS),
    "split half": lambda frame: split_half(frame, ITEMS),
}
OF_POINTS = {
    "alpha": lambda frame, **offered: alpha(frame, ITEMS, **offered),
    "dif": lambda frame, **offered: dif(frame, ITEMS, "language", **offered),
    "dif of patterns": lambda frame, **offered: dif(_grouped(frame), ITEMS, "language", **offered),
    "floor and ceiling": lambda frame, **offered: floor_and_ceiling(frame, ITEMS, **offered),
    "floor and ceiling of patterns": lambda frame, **offered: floor_and_ceiling(
        count_patterns(frame, ITEMS), ITEMS, **offered
    ),
    "item analysis": lambda frame, **offered: item_analysis(frame, ITEMS, **offered),
    "omega": lambda frame, **offered: omega(frame, ITEMS, **offered),
    "ordinal alpha": lambda frame, **offered: ordinal_alpha(frame, ITEMS, **offered),
    "polychoric": lambda frame, **offered: polychoric(frame, ITEMS, **offered),
    "split half": lambda frame, **offered: split_half(frame, ITEMS, **offered),
}
OF_CORRELATIONS = {
    "bartlett": lambda frame, **offered: bartlett(frame, ITEMS, **offered),
    "correlate": lambda frame, **offered: correlate(frame, ITEMS, **offered),
    "efa": lambda frame, **offered: efa(frame, 1, ITEMS, **offered),
    "kmo": lambda frame, **offered: kmo(frame, ITEMS, "pairwise", **offered),
    "minimum average partial": lambda frame, **offered: minimum_average_partial(
        frame, ITEMS, **offered
    ),
    "omega hierarchical": lambda frame, **offered: omega_hierarchical(frame, 2, ITEMS, **offered),
    "parallel analysis": lambda frame, **offered: parallel_analysis(frame, ITEMS, **offered),
    "careless": lambda frame, **offered: careless(frame, {"calm": ITEMS}, **offered),
}
OF_MODELS = {
    "align": lambda frame, **offered: align(frame, MODEL, "language", **offered),
    "cfa of parts": lambda frame, **offered: cfa([frame[:200], frame[200:]], MODEL, **offered),
    "cfa of patterns": lambda frame, **offered: cfa(
        _grouped(frame), MODEL, "FIML", "language", **offered
    ),
    "invariance": lambda frame, **offered: invariance(frame, MODEL, "language", **offered),
    "ml": lambda frame, **offered: cfa(frame, MODEL, "ML", **offered),
    "wlsmv": lambda frame, **offered: cfa(frame, MODEL, "WLSMV", **offered),
}
OF_GROUPS = {
    "align": lambda frame: align(frame, MODEL, "language"),
    "dif": lambda frame: dif(frame, ITEMS, "language"),
    "fiml": lambda frame: cfa(frame, MODEL, "FIML", "language"),
    "invariance": lambda frame: invariance(frame, MODEL, "language"),
    "ml": lambda frame: cfa(frame, MODEL, "ML", "language"),
    "mlr": lambda frame: cfa(frame, MODEL, "MLR", "language"),
    "wlsmv": lambda frame: cfa(frame, MODEL, "WLSMV", "language"),
}
ALL = OF_ITEMS | OF_GROUPS
OF_OFFERS = OF_POINTS | OF_MODELS | OF_CORRELATIONS
NORMAL = ["ml", "mlr", "fiml"]
ORDINAL = ["align", "invariance", "wlsmv"]


@pytest.fixture
def frame():
    """600 answers to five items of one trait, half of them in Arabic."""
    rng = np.random.default_rng(1)
    trait = rng.normal(size=600)
    cuts = [-1.3, -0.4, 0.4, 1.3]
    answers = {item: np.digitize(trait + rng.normal(size=600), cuts) + 1 for item in ITEMS}
    return pd.DataFrame(answers).assign(language=np.repeat(["ar", "da"], 300))


def _grouped(frame):
    parts = {name: count_patterns(part, ITEMS) for name, part in frame.groupby("language")}
    return GroupedPatterns("language", parts)


def _told(function, frame):
    with pytest.raises(StatisticsError) as caught:
        ALL[function](frame)
    return str(caught.value)


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"a": 3}, ["item 'a'", "all answers are|every answer is"]),
        ({"b": lambda f: f["a"]}, ["items 'a' and 'b'", "same"]),
        ({"a": lambda f: f["a"].where(f.index != 5, 900)}, ["item 'a'", "-100 and 100", "900"]),
        ({"a": "often"}, ["item 'a'", "must be whole numbers", "'often'"]),
    ],
)
def test_a_faulty_item_is_named_with_its_rule(frame, function, change, words):
    told = _told(function, frame.assign(**change))
    for word in words:
        assert any(way in told for way in word.split("|")), told


@pytest.mark.parametrize("function", OF_OFFERS)
@pytest.mark.parametrize(("points", "outside"), [(3, [4, 5]), ((0, 4), [5]), ((2, 5), [1])])
def test_answers_that_the_scale_does_not_offer_are_named(frame, function, points, outside):
    with pytest.raises(StatisticsError) as caught:
        OF_OFFERS[function](frame, points=points)
    assert f"item 'a': answers must lie between {span_of(points)[0]}" in str(caught.value)
    assert f"found {outside}" in str(caught.value)


@pytest.mark.parametrize("function", OF_POINTS)
def test_a_reversed_item_that_the_scale_has_not_is_named(frame, function):
    with pytest.raises(StatisticsError, match="reversed item 'zz': it is none of the items a, b"):
        OF_POINTS[function](frame, reversed_items=["b", "zz"], points=5)


@pytest.mark.parametrize("function", OF_MODELS)
def test_items_of_one_model_may_offer_different_answers(frame, function):
    """A code that one item does not offer is refused, whatever the others do."""
    offered = dict.fromkeys("abcd", 5) | {"e": (0, 4)}
    with pytest.raises(StatisticsError) as caught:
        OF_MODELS[function](frame, points=offered)
    assert str(caught.value).startswith("item 'e': answers must lie between 0 and 4, found [5]")
    assert "item 'a'" not in str(caught.value)
    with pytest.raises(StatisticsError, match="points of item 'z': it is none of the items a, b"):
        OF_MODELS[function](frame, points={"z": 5})
    OF_MODELS[function](frame, points=offered | {"e": 5})


@pytest.mark.parametrize("function", OF_OFFERS)
@pytest.mark.parametrize("points", [1, (4, 4), (5, 1), (-1, 5), 200, "5", (1, 2, 5)])
def test_points_between_which_nothing_is_offered_are_told(frame, function, points):
    with pytest.raises(StatisticsError, match="points: a scale offers two answers or more"):
        OF_OFFERS[function](frame, points=points)


def test_no_questionnaire_asks_a_scale_in_codes_that_statistics_refuse():
    assert LARGEST_SCALED == LARGEST_CODE


@pytest.mark.parametrize("function", ALL)
def test_an_unknown_item_is_named(frame, function):
    assert "item 'a': no column has this name" in _told(function, frame.drop(columns="a"))


@pytest.mark.parametrize("function", OF_ITEMS)
def test_fewer_rows_than_items_are_told(frame, function):
    rows = frame.iloc[[0, 1, 300]]
    told = _told(function, rows)
    assert "got 3 for 5 items" in told or "item 'b': an item must vary" in told


@pytest.mark.parametrize("function", ["ml", "mlr", *ORDINAL])
def test_fewer_rows_than_items_are_told_by_group(frame, function):
    told = _told(function, frame.iloc[[0, 1, 2, 3, *range(300, 600)]])
    assert "group 'ar'" in told
    assert "found 4" in told


@pytest.mark.parametrize("function", OF_GROUPS)
def test_an_item_that_a_group_never_answered_is_named_with_the_group(frame, function):
    silent = frame.assign(a=frame["a"].mask(frame["language"] == "da", -9))
    assert "item 'a' in group 'da': nobody answered it" in _told(function, silent)


def test_an_item_that_a_group_never_answered_is_named_of_parts_too(frame):
    silent = frame.assign(a=frame["a"].mask(frame["language"] == "da", -9))
    for estimator in ("ML", "MLR", "FIML", "WLSMV"):
        with pytest.raises(StatisticsError, match="'a' in group 'da': nobody answered it"):
            cfa([silent.head(350), silent.tail(250)], MODEL, estimator, "language")


@pytest.mark.parametrize("function", OF_GROUPS)
def test_an_item_that_is_constant_in_a_group_is_named_with_the_group(frame, function):
    flat = frame.assign(a=frame["a"].mask(frame["language"] == "da", 3))
    assert "item 'a' in group 'da'" in _told(function, flat)


@pytest.mark.parametrize("function", ORDINAL)
def test_an_answer_that_a_group_never_gave_is_named_with_item_and_group(frame, function):
    rare = frame.assign(a=frame["a"].mask((frame["language"] == "da") & (frame["a"] == 5), 4))
    assert "item 'a' in group 'da': nobody answered 5" in _told(function, rare)


@pytest.mark.parametrize("function", ["efa", "kmo", "omega", "parallel analysis", *NORMAL])
def test_an_item_that_is_a_sum_of_others_makes_a_matrix_singular(frame, function):
    told = _told(function, frame.assign(e=frame["a"] + frame["b"]))
    assert "singular" in told
    assert "a, b, c, d, e" in told or "group 'ar'" in told


@pytest.mark.parametrize("function", [*NORMAL, *ORDINAL])
def test_items_of_which_one_is_a_sum_of_others_are_named_with_the_group(frame, function):
    told = _told(function, frame.assign(e=frame["a"] + frame["b"]))
    assert "items 'a', 'b', 'e' in group 'ar': the covariance matrix is singular" in told


@pytest.mark.parametrize("function", OF_GROUPS)
@pytest.mark.parametrize(
    ("wrong", "rule"), [(900, "must lie between -100 and 100"), ("often", "must be whole numbers")]
)
def test_answers_that_are_none_are_named_with_the_group(frame, function, wrong, rule):
    answers = frame["a"].astype(object if wrong == "often" else int)
    told = _told(function, frame.assign(a=answers.where(frame.index != 500, wrong)))
    assert f"item 'a' in group 'da': {'answers' if wrong == 'often' else 'codes'} {rule}" in told
    if wrong == 900:
        assert "group 'ar'" not in told


def test_alignment_names_an_item_of_which_nothing_is_left(frame):
    told = _told("align", frame.assign(e=(frame["a"] + frame["b"]).clip(3, 9)))
    assert "item 'e' in group" in told
    assert "Heywood case" in told


@pytest.mark.parametrize("function", OF_ITEMS)
def test_a_file_that_is_not_parquet_is_named(frame, function, tmp_path):
    path = tmp_path / "answers.csv"
    frame.to_csv(path)
    with pytest.raises(
        StatisticsError, match=r"answers.csv': it is not a Parquet file\. .*read_csv"
    ):
        OF_ITEMS[function](str(path))


@pytest.mark.parametrize("function", OF_ITEMS)
def test_a_file_that_is_not_there_is_named(function, tmp_path):
    with pytest.raises(StatisticsError, match=r"gone\.parquet': there is no such file"):
        OF_ITEMS[function](tmp_path / "gone.parquet")


@pytest.mark.parametrize("function", OF_ITEMS)
@pytest.mark.parametrize("wrong", [{"a": [1, 2, 3]}, pd.Series([1, 2, 3]), 7, [1, 2]])
def test_what_is_no_table_is_told_by_its_kind(function, wrong):
    kind = "int" if isinstance(wrong, list) else type(wrong).__name__
    with pytest.raises(StatisticsError, match=f"a data frame is needed, got {kind}"):
        OF_ITEMS[function](wrong)


@pytest.mark.parametrize("wrong", [{"a": [1, 2, 3]}, "answers.csv"])
def test_statistics_that_need_a_frame_say_so(wrong):
    for statistic in (floor_and_ceiling, count):
        with pytest.raises(StatisticsError, match="a data frame is needed, got"):
            statistic(wrong, ITEMS)
    with pytest.raises(StatisticsError, match="a data frame is needed, got"):
        dif(wrong, ITEMS, "language")


@pytest.mark.parametrize("statistic", [alpha, item_analysis, polychoric, floor_and_ceiling])
@pytest.mark.parametrize("weight", [0.0, -1.0, np.nan])
def test_weights_that_are_not_above_zero_are_told_with_their_row(frame, statistic, weight):
    weights = np.ones(600)
    weights[7] = weight
    with pytest.raises(StatisticsError, match=rf"must be above zero, found {weight:g} in row 7"):
        statistic(frame[ITEMS], weights=weights)


@pytest.mark.parametrize("estimator", ["ML", "MLR", "FIML", "WLSMV"])
def test_a_factor_of_one_item_is_named(frame, estimator):
    with pytest.raises(StatisticsError, match="the factor 'g' has one item"):
        cfa(frame, "f =~ a + b + c\ng =~ d", estimator)


@pytest.mark.parametrize("estimator", ["ML", "MLR", "FIML", "WLSMV"])
def test_every_unknown_item_of_a_model_is_named(frame, estimator):
    with pytest.raises(StatisticsError, match=r"(?s)item 'x'.*item 'y'"):
        cfa(frame, "f =~ a + x + y", estimator)
