"""Signs of careless answering: closed forms, recovery of who was careless, and bad input."""

import doctest

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from processing.consistency.omega_total import omega
from processing.consistency.reliability import alpha
from processing.drawing.known_model import KnownModel
from processing.drawing.simulation import Careless, simulate
from processing.errors import StatisticsError
from processing.factoring.factors import efa
from processing.factoring.polychorics import polychoric
from processing.judging import quality
from processing.judging.quality import CarelessLimits, careless
from processing.modelling.confirmatory import cfa
from processing.modelling.invariance import invariance
from processing.traits.dif import dif

SCALES = {name: [f"{name}{k}" for k in range(1, 7)] for name in "abcde"}
ITEMS = [item for items in SCALES.values() for item in items]


@pytest.fixture
def drawn():
    """Five traits that do not correlate, and 12 % who did not read."""
    known = KnownModel.simple(SCALES, loading=0.8)
    return simulate(known, 4000, seed=1, careless=Careless(0.04, 0.02, 0.06))


@pytest.fixture
def turned_items():
    return [item for item in ITEMS if item[1] in "246"]


@pytest.fixture
def as_asked(drawn, turned_items):
    """What a careful respondent crosses at reversed items; straight lines stay straight."""
    frame = drawn.frame.copy()
    careful = drawn.truth.careless == ""
    frame.loc[careful, turned_items] = 6 - frame.loc[careful, turned_items]
    return frame


def test_runs_and_spreads_are_those_one_would_count_by_hand():
    rows = [[3, 3, 3, 3, 1], [1, 2, 2, 1, 1], [4, -8, 4, 4, 4], [-8, -8, -8, -8, -8]]
    frame = pd.DataFrame(rows, columns=list("abcde"))
    signs = careless(frame, {"s": list("abcde")}).signs
    assert signs["run"].tolist() == [4, 2, 3, 0]
    assert signs["spread"].iloc[1] == pytest.approx(np.std([1, 2, 2, 1, 1], ddof=1))
    assert np.isnan(signs["spread"].iloc[3])


def test_distances_are_mahalanobis_of_what_was_answered(bfi):
    items = [f"N{k}" for k in range(1, 6)]
    signs = careless(bfi, {"n": items}).signs
    complete = bfi[items].dropna()
    apart = complete - complete.mean()
    inverse = np.linalg.inv(complete.cov())
    expected = np.einsum("ri,ij,rj->r", apart, inverse, apart)
    np.testing.assert_allclose(signs.loc[complete.index, "distance"], expected)
    np.testing.assert_allclose(signs.loc[complete.index, "distance_p"], chi2.sf(expected, 5))
    one = bfi.index[bfi["N1"].isna() & bfi[items[1:]].notna().all(axis=1)][0]
    four = (bfi.loc[one, items[1:]] - complete.mean()[items[1:]]).to_numpy(float)
    shorter = np.linalg.inv(complete.cov().loc[items[1:], items[1:]])
    assert signs.loc[one, "distance"] == pytest.approx(four @ shorter @ four)


def test_even_odd_is_the_stepped_up_correlation_of_half_scales(drawn):
    signs = careless(drawn.frame, SCALES).signs
    row = drawn.frame.iloc[0]
    halves = [[row[SCALES[s][side::2]].mean() for s in SCALES] for side in (0, 1)]
    r = np.corrcoef(*halves)[0, 1]
    assert signs["even_odd"].iloc[0] == pytest.approx(2 * r / (1 + r) if r > 0 else r)


def test_those_who_did_not_read_are_suspected_and_hardly_anyone_else(as_asked, drawn, turned_items):
    found = careless(
        as_asked, SCALES, reversed_items=turned_items, points=5, duration="duration_class"
    )
    share = found.suspected().groupby(drawn.truth.careless).mean()
    assert share["straight"] > 0.7
    assert share["random"] > 0.6
    assert share[""] < 0.05
    assert found.flags["straight"][drawn.truth.careless == "straight"].all()


def test_opposite_items_are_found_and_contradictions_flagged(as_asked, drawn):
    found = careless(as_asked, SCALES, limits=CarelessLimits(opposite=-0.4))
    assert len(found.opposites) >= 10
    assert all(first[0] == second[0] for first, second in found.opposites)
    share = found.flags["contradictory"].groupby(drawn.truth.careless).mean()
    assert share[""] < 0.15
    assert share["random"] > 0.3


def test_every_figure_can_be_had_with_and_without(as_asked, turned_items):
    found = careless(as_asked, SCALES, reversed_items=turned_items, points=5)
    options = {"reversed_items": turned_items[:3], "points": 5}
    everyone = alpha(as_asked, SCALES["a"], **options)
    careful = alpha(found.kept(as_asked, least=1), SCALES["a"], **options)
    assert careful.n < everyone.n == 4000
    assert careful.raw > everyone.raw


@pytest.mark.parametrize("answer", [1, 3, 5])
def test_one_answer_to_a_whole_form_with_reversed_items_is_enough(answer, turned_items):
    """Without spread no other sign can be read, and such a row is near the mean of all."""
    known = KnownModel.simple({name: SCALES[name] for name in "abcd"})
    frame = simulate(known, 1000, seed=2).frame
    turned = [item for item in turned_items if item in frame]
    frame[turned] = 6 - frame[turned]
    frame.iloc[:30, frame.columns.get_indexer(known.items)] = answer
    scales = {name: SCALES[name] for name in "abcd"}
    found = careless(frame, scales, reversed_items=turned, points=5)
    assert found.flags["unvaried"].tolist() == [True] * 30 + [False] * 970
    for least in (1, 2, 3):
        assert found.suspected(least)[:30].all()
    assert len(found.kept(frame)) <= 970
    # Nine alike are too few to tell, as is an end throughout of items that point one way.
    frame.loc[0, [*known.items][9:]] = -1
    frame.loc[1, turned] = -1
    again = careless(frame, scales, reversed_items=turned, points=5)
    assert again.flags["unvaried"].tolist() == [False, answer == 3] + [True] * 28 + [False] * 970


def test_a_middle_answer_to_all_of_several_scales_is_enough_and_an_end_is_not(drawn):
    """Who is content with everything has no higher answer to give; nobody is so even-handed."""
    frame = drawn.frame.copy()
    frame.loc[:29, ITEMS] = 3
    frame.loc[30:59, ITEMS] = 5
    frame.loc[60, ITEMS] = 3
    frame.loc[60, [*SCALES["c"], *SCALES["d"], *SCALES["e"]]] = -1
    for points in (None, 5, dict.fromkeys(ITEMS, (1, 5))):
        found = careless(frame, SCALES, points=points)
        assert found.flags["unvaried"][:61].tolist() == [True] * 30 + [False] * 31
        assert found.suspected()[:30].all()
        assert not found.suspected()[30:61].any()
    two = {name: SCALES[name] for name in "ab"}
    told = careless(frame, two, points=5)
    assert "may be meant" in told.unread["line"]
    assert not told.flags["unvaried"].any()


def test_nothing_is_removed_and_the_frame_stays_as_it_was(as_asked):
    before = as_asked.copy()
    found = careless(as_asked, SCALES)
    pd.testing.assert_frame_equal(as_asked, before)
    assert found.flags.index.equals(as_asked.index)


def test_what_cannot_be_read_says_why(drawn):
    found = careless(drawn.frame, {"a": SCALES["a"]})
    assert set(found.unread) == {"even_odd", "antonym", "duration", "line"}
    assert "three scales" in str(found)
    assert not found.flags["inconsistent"].any()
    singular = drawn.frame.assign(a2=drawn.frame["a1"])
    assert "singular" in careless(singular, SCALES).unread["distance"]


def test_an_unknown_time_is_not_a_short_one(drawn):
    frame = drawn.frame.assign(duration_class=0)
    assert not careless(frame, SCALES, duration="duration_class").flags["fast"].any()


@pytest.mark.parametrize(
    ("scales", "options", "words"),
    [
        ({"a": ["a1", "x"]}, {}, ["'x'", "no column"]),
        ({"a": ["a1"]}, {}, ["two items or more", "['a1']"]),
        ({"a": ["a1", "a2"]}, {"reversed_items": ["a1"]}, ["Give points"]),
        (
            {"a": ["a1", "a2"]},
            {"reversed_items": ["b1"], "points": 5},
            ["reversed item 'b1': it is none of the items a1, a2"],
        ),
        (
            {"a": ["a1", "a2"]},
            {"points": 4},
            ["item 'a1': answers must lie between 1 and 4", "[5]"],
        ),
        ({"a": ["a1", "a2"]}, {"points": (5, 1)}, ["points: a scale offers two answers or more"]),
        (
            {"a": ["a1", "a2"]},
            {"reversed_items": ["a1"], "points": {"a2": 5}},
            ["reversed item 'a1': turning an item round needs the answers that it offers"],
        ),
        ({"a": ["a1", "a2"]}, {"duration": "text"}, ["'text'", "'quick'"]),
    ],
)
def test_bad_input_is_named(drawn, scales, options, words):
    with pytest.raises(StatisticsError) as caught:
        careless(drawn.frame.assign(text="quick"), scales, **options)
    for word in words:
        assert word in str(caught.value)


def test_every_figure_can_be_had_with_and_without_suspected_rows(as_asked, turned_items):
    """As docs/statistics.md says: whatever takes a frame takes the rows that are left."""
    signs = careless(as_asked, SCALES, reversed_items=turned_items, points=5)
    upright = as_asked.assign(
        **{item: 6 - as_asked[item] for item in turned_items}, half=np.arange(4000) % 2
    )
    rest = signs.kept(upright)
    assert len(rest) == 4000 - int(signs.suspected().sum()) < 4000
    pd.testing.assert_frame_equal(rest, upright[~signs.suspected()])
    one = f"f =~ {' + '.join(SCALES['a'])}"
    figures = {
        "alpha": lambda rows: alpha(rows, SCALES["a"]).raw,
        "omega": lambda rows: omega(rows, SCALES["a"]).total,
        "efa": lambda rows: efa(rows, 1, SCALES["a"]).to_frame().iloc[0, 0],
        "cfa": lambda rows: cfa(rows, one).fit.srmr,
        "invariance": lambda rows: invariance(rows, one, "half").steps[0].fit.srmr,
        "dif": lambda rows: dif(rows, SCALES["a"], "half").items[0].chi,
        "polychoric": lambda rows: polychoric(rows, SCALES["a"]).correlation[0, 1],
    }
    for name, figure in figures.items():
        with_all, without = figure(upright), figure(rest)
        assert np.isfinite([with_all, without]).all(), name
        assert with_all != without, name


def test_the_example_in_the_documentation_runs():
    assert doctest.testmod(quality, optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0
