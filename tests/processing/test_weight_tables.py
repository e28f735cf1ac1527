"""Weights' tables, attacked: no count of few answers can be worked out of what they tell."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from processing import DisclosureLimits, attack, weigh, weight_tables
from processing.measuring.published_tables import relations
from processing.telling.weight_tables import _cells

KEYS = ["wave", "unit", "variable", "category"]


@pytest.fixture(scope="module")
def made():
    """Four groups in two waves, by sex and age; in some groups few are of an age, or gave none."""
    rng = np.random.default_rng(6)
    size = 420
    people = pd.DataFrame(
        {
            "wave": rng.integers(1, 3, size),
            "unit": rng.choice(["A", "B", "C", "D"], size, p=[0.4, 0.3, 0.2, 0.1]),
            "sex": rng.choice(["1", "2"], size),
            "age": rng.choice(["1", "2", "3", ""], size, p=[0.5, 0.35, 0.1, 0.05]),
            "base_weight": 1.0,
        }
    )
    counts = pd.concat(
        [
            people[people[name] != ""].groupby(["wave", "unit", name]).size().mul(5).rename("count")
            .reset_index().rename(columns={name: "category"}).assign(variable=name)
            for name in ("sex", "age")
        ]
    )  # fmt: skip
    # Registers count everybody: the same in both variables.
    whole = people.groupby(["wave", "unit"]).size().mul(5).rename("whole").reset_index()
    counts = counts.merge(whole, on=["wave", "unit"])
    total = counts.groupby(["wave", "unit", "variable"])["count"].transform("sum")
    counts = counts.assign(count=counts["count"] * counts["whole"] / total).drop(columns="whole")
    return SimpleNamespace(weights=weigh(people, counts, group=["wave", "unit"], thin=3))


def test_no_count_of_few_is_told_nor_can_be_worked_out(made):
    told = weight_tables(made)
    assert (told.margins.loc[told.margins.hidden == 0, "rows"] >= 5).all()
    hidden = told.margins[told.margins.hidden == 1]
    assert (made.weights.margins["rows"] < 5).any()
    assert hidden[["rows", "base", "gap"]].isna().all(axis=None)
    assert hidden[["count", "weighted"]].notna().all(axis=None)
    cells = _cells(made.weights.margins, made.weights.groups)
    shown = told.margins[told.margins.hidden == 0][KEYS]
    whole = told.whole[told.whole.hidden == 0].assign(unit="all")[KEYS]
    groups = told.groups[told.groups.hidden == 0]
    every = [groups.assign(variable=name, category="all")[KEYS] for name in ("sex", "age")]
    of_waves = cells[(cells.unit == "all") & (cells.category == "all")][KEYS]
    known = pd.MultiIndex.from_frame(pd.concat([shown, whole, *every, of_waves]))
    seen = pd.MultiIndex.from_frame(cells[KEYS]).isin(known)
    parents = {
        "unit": dict.fromkeys("ABCD", "all"),
        "category": dict.fromkeys(set(cells.category) - {"all"}, "all"),
    }
    matrix = relations(cells, KEYS, parents).matrix
    values = np.where(seen, cells["n"], np.nan)
    small = np.flatnonzero(~seen & (cells["n"] < 5).to_numpy())
    assert len(small)
    at, least, greatest = attack(
        matrix, values, np.zeros(len(cells)), np.full(len(cells), np.inf), small
    )
    assert len(at)
    assert (greatest - least).min() >= 5 - 1e-6


def test_every_table_of_weights_says_that_it_is_exploratory_and_keeps_the_studys_limits(made):
    told = weight_tables(made)
    for name, frame in told.frames().items():
        assert set(frame["kind"]) <= {"exploratory"}, name
        assert "kind" in frame
    # What was counted as one tells how many answered, where its row among the margins does.
    [one] = told.collapsed.itertuples()
    row = told.margins[told.margins.category == " + ".join(one.categories)].iloc[0]
    assert (row.hidden, one.rows) == (0, row.rows)
    assert told.frames()["collapsed"].told.iloc[0].endswith(f"({row.rows} answers)")
    stricter = weight_tables(made, DisclosureLimits(mean_n=20, count=20))
    assert stricter.collapsed.rows.isna().all()
    assert stricter.frames()["collapsed"].told.iloc[0].endswith("counted as one")
    assert stricter.margins.loc[stricter.margins.hidden == 0, "rows"].min() >= 20
    assert stricter.groups.loc[stricter.groups.hidden == 0, "rows"].min() >= 20
