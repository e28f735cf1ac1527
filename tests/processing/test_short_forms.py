"""Shorter forms: what is lost, by hand and against a known truth."""

import doctest
from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from processing.consistency.omega_total import omega
from processing.drawing.known_model import KnownGroup, KnownModel, cut_points
from processing.drawing.simulation import simulate
from processing.errors import StatisticsError
from processing.judging.short_forms import short_forms

LOADINGS = {"a": 0.85, "b": 0.8, "c": 0.75, "d": 0.55, "e": 0.5, "f": 0.45}
SIX = list(LOADINGS)
CUTS = dict.fromkeys(SIX, cut_points([0.1, 0.2, 0.4, 0.2, 0.1]))


@pytest.fixture
def answers():
    return simulate(KnownModel({"calm": LOADINGS}, CUTS), 4000, seed=1).frame[SIX]


def test_the_items_that_tell_most_are_proposed(answers):
    found = short_forms(answers, SIX, points=5)
    assert found.proposed[2].items == ("a", "b")
    assert found.proposed[3].items == ("a", "b", "c")
    assert len(found.forms) == 15 + 20
    assert found.reliability == pytest.approx(omega(answers).total)


def test_what_is_lost_of_a_persons_score_is_counted_by_hand(answers):
    form = short_forms(answers, SIX, points=5).proposed[3]
    whole = (answers.mean(axis=1) - 1) * 25
    part = (answers[list(form.items)].mean(axis=1) - 1) * 25
    assert form.spread == pytest.approx((part - whole).std())
    assert form.shift == pytest.approx((part - whole).mean())
    assert form.overlap == pytest.approx(np.corrcoef(part, whole)[0, 1])
    assert form.validity < form.overlap


def test_validity_is_what_a_form_asked_apart_would_reach():
    """Two questionnaires of the same person: the short form of one against the whole other."""
    pairs = {f"{item}{time}": loading for time in "12" for item, loading in LOADINGS.items()}
    cuts = dict.fromkeys(pairs, CUTS["a"])
    twice = simulate(KnownModel({"calm": pairs}, cuts), 40_000, seed=2).frame
    first = twice[[f"{item}1" for item in SIX]].set_axis(SIX, axis=1)
    form = short_forms(first, SIX, points=5).proposed[2]
    short = first[list(form.items)].sum(axis=1)
    other = twice[[f"{item}2" for item in SIX]].sum(axis=1)
    assert form.validity == pytest.approx(np.corrcoef(short, other)[0, 1], abs=0.01)


def test_information_adds_up_over_items(answers):
    found = short_forms(answers, SIX, points=5, sizes=[2])
    # Each item stands in five of the fifteen pairs.
    assert sum(form.information for form in found.forms) == pytest.approx(5)


def test_an_item_that_groups_read_differently_is_left_out_of_the_proposal():
    groups = [KnownGroup("da", 0.5), KnownGroup("tr", 0.5, thresholds={"a": 1.2})]
    model = KnownModel({"calm": LOADINGS}, CUTS)
    frame = simulate(model, 4000, seed=3, groups=groups).frame
    found = short_forms(frame, SIX, points=5, group="group")
    assert found.proposed[2].items == ("b", "c")
    assert found.proposed[2].biased == ()
    (with_a,) = (form for form in found.forms if form.items == ("a", "b"))
    assert with_a.biased == ("a",)
    assert with_a.group_shift > 0.2
    blind = short_forms(frame, SIX, points=5).proposed[2]
    assert np.isnan(blind.group_shift)


def test_reversing_inside_equals_reversing_before(answers):
    turned = answers.assign(b=6 - answers["b"])
    inside = short_forms(turned, SIX, points=5, reversed_items=["b"])
    pd.testing.assert_frame_equal(inside.to_frame(), short_forms(answers, SIX, points=5).to_frame())


@pytest.mark.parametrize(
    ("items", "sizes", "words"),
    [
        (SIX[:3], [2], ["four items", "got 3"]),
        (SIX, [6], ["from 2 to 5", "[6]"]),
        (SIX, [1], ["from 2 to 5", "[1]"]),
        (SIX, [], ["from 2 to 5"]),
        ([f"i{k}" for k in range(40)], [3], ["9880 forms", "5000"]),
    ],
)
def test_forms_that_cannot_be_are_refused(answers, items, sizes, words):
    with pytest.raises(StatisticsError) as caught:
        short_forms(answers, items, points=5, sizes=sizes)
    for word in words:
        assert word in str(caught.value)


def test_the_loss_is_stated_in_words(answers):
    text = str(short_forms(answers, SIX, points=5))
    assert "2 items, a, b: keeps" in text
    assert "of the information" in text


def test_the_example_in_the_documentation_runs():
    assert doctest.testmod(import_module("processing.judging.short_forms")).failed == 0
