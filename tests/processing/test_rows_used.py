"""Every result from rows tells how many it rests on, and why the others were left out."""

import numpy as np
import pandas as pd
import pytest

from processing.counting.counts import count
from processing.counting.parts import Parts
from processing.counting.patterns import GroupedPatterns, count_patterns
from processing.counting.rows_used import RowsUsed
from processing.factoring.factors import efa
from processing.levels.area_levels import area_reliability
from processing.levels.two_levels import two_levels
from processing.modelling.alignment import align
from processing.modelling.confirmatory import cfa
from processing.modelling.invariance import invariance
from processing.traits.dif import dif

ITEMS = list("abcd")
MODEL = "calm =~ a + b + c + d"
MISSING = "40 without an answer to every item"
NO_GROUP = "25 without a value of mode"


@pytest.fixture
def frame():
    """600 rows: 30 miss one answer, 10 all, and 25 others have no mode."""
    rng = np.random.default_rng(1)
    calm = rng.normal(size=600)
    values = np.clip(np.rint(3 + calm[:, None] + rng.normal(size=(600, 4))), 1, 5).astype(int)
    values[:30, 1] = -8
    values[30:40] = -1
    modes = pd.Series(np.resize(["paper", "web"], 600)).mask(np.arange(600) >= 575)
    areas = pd.Series(np.arange(600) % 30).astype(object).mask(np.arange(600) >= 575)
    return pd.DataFrame(values, columns=ITEMS).assign(mode=modes, area=areas)


@pytest.mark.parametrize(
    ("estimator", "used", "words"),
    [
        ("ML", 560, MISSING),
        ("WLSMV", 560, MISSING),
        ("FIML", 590, "10 without any answer"),
    ],
)
def test_a_model_tells_which_rows_it_used(frame, estimator, used, words):
    fitted = cfa(frame, MODEL, estimator)
    assert (fitted.rows.used, fitted.rows.given, fitted.rows.missing) == (used, 600, 600 - used)
    assert fitted.rows.share == used / 600
    assert f"Used {used} of 600 rows; left out: {words}" in str(fitted)


def test_rows_of_no_group_are_told_apart_from_missing_answers(frame):
    told = RowsUsed(535, 600, 40, 25, "mode")
    for found in (
        cfa(frame, MODEL, "ML", "mode"),
        invariance(frame, MODEL, "mode", "ML"),
        align(frame, MODEL, "mode", "ML"),
        dif(frame, ITEMS, "mode"),
    ):
        assert found.rows == told
        assert f"Used 535 of 600 rows; left out: {MISSING}, {NO_GROUP}" in str(found)


def test_factors_tell_which_rows_they_used(frame):
    found = efa(frame, 1, ITEMS)
    assert found.rows == RowsUsed(560, 600, 40)
    assert f"Used 560 of 600 rows; left out: {MISSING}" in str(found)
    assert efa(Parts([frame.head(300), frame.tail(300)]), 1, ITEMS).rows == found.rows
    assert efa(frame, 1, ITEMS, "pairwise").rows == RowsUsed(600, 600, 0)
    assert efa(count(frame, ITEMS, complete=True), 1).rows is None


def test_rows_in_parts_tell_the_same_as_one_frame(frame, tmp_path):
    frame.iloc[300:].to_parquet(tmp_path / "half.parquet")
    parts = Parts([frame.iloc[:300], tmp_path / "half.parquet"])
    for group in (None, "mode"):
        assert cfa(parts, MODEL, group=group).rows == cfa(frame, MODEL, group=group).rows


def test_counted_rows_tell_of_what_was_counted(frame):
    assert cfa(count_patterns(frame, ITEMS), MODEL).rows == RowsUsed(560, 600, 40)
    of = {mode: count_patterns(rows, ITEMS) for mode, rows in frame.groupby("mode")}
    grouped = cfa(GroupedPatterns("mode", of), MODEL, group="mode")
    assert grouped.rows == RowsUsed(535, 575, 40, 0, "mode")


def test_levels_tell_which_rows_they_used(frame):
    answered = frame[ITEMS].where(frame[ITEMS] >= 0)
    scored = frame.assign(score=answered.mean(axis=1))
    areas = area_reliability(scored, "score", "area")
    assert areas.rows == RowsUsed(565, 600, 10, 25, "area", "a score")
    assert "10 without a score, 25 without a value of area" in str(areas)
    share = np.random.default_rng(2).normal(size=30)[np.arange(600) % 30]
    shifted = frame.assign(
        **{item: (frame[item] + np.rint(share)).where(frame[item] > 0, -1) for item in ITEMS}
    )
    shifted[ITEMS] = shifted[ITEMS].clip(-1, 8).astype(int)
    lost = int((shifted[ITEMS] < 0).any(axis=1)[:575].sum())
    fitted = two_levels(shifted, MODEL, "area")
    assert fitted.rows == RowsUsed(575 - lost, 600, lost, 25, "area")
    assert f"{lost} without an answer to every item, 25 without a value of area" in str(fitted)


def test_nothing_is_said_where_all_rows_were_used(frame):
    fitted = cfa(frame.iloc[40:], MODEL)
    assert fitted.rows == RowsUsed(560, 560, 0)
    assert "Used" not in str(fitted)


def test_empty_text_is_no_group(bfi):
    """As an empty cell, and as for `evidence`: a file of text has no other way to leave one out."""
    named = bfi.assign(sex=bfi["gender"].map({1: "m", 2: "f"}).where(bfi.index > 99, ""))
    found = dif(named, ["A2", "A3", "A4", "A5"], "sex")
    assert found.groups == ("f", "m")
    assert found.rows.without_group == 100
