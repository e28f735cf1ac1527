"""The Burt table and the pattern counts against plain counting, in parts, and on a cluster."""

import copy
import doctest
import itertools

import numpy as np
import pandas as pd
import pytest
from distributed import Client, LocalCluster
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.counting import burt, counts, patterns
from processing.counting import parts as parts_module
from processing.counting.counts import count, count_parquet
from processing.counting.patterns import count_patterns
from processing.errors import StatisticsError


@pytest.fixture
def holed():
    """Answers with every kind of gap, over more than one stretch of rows."""
    rng = np.random.default_rng(8)
    trait = rng.normal(size=(150_000, 1))
    answers = np.digitize(trait + rng.normal(size=(150_000, 4)), [-1.5, -0.5, 0.5, 1.5]) + 1
    gaps = rng.choice([0, -3, -8, -9], size=answers.shape, p=[0.94, 0.02, 0.02, 0.02])
    return pd.DataFrame(np.where(gaps < 0, gaps, answers), columns=list("abcd"))


@pytest.fixture
def parts(holed, tmp_path):
    """The same rows as three Parquet files."""
    files = []
    for part in range(3):
        files.append(tmp_path / f"part{part}.parquet")
        rows = holed.iloc[part * 50_000 : (part + 1) * 50_000]
        rows.assign(weight=_weights(len(holed))[rows.index]).to_parquet(files[-1])
    return files


def _weights(rows):
    return np.random.default_rng(9).uniform(0.2, 5, size=rows)


def _by_hand(frame, weights):
    """Every pair of categories counted with crosstab."""
    pairs = {}
    for first, second in itertools.product(frame.columns, repeat=2):
        table = pd.DataFrame({"x": frame[first], "y": frame[second], "w": weights})
        pairs[first, second] = table.groupby(["x", "y"])["w"].sum()
    return pairs


@pytest.mark.parametrize("weighted", [False, True])
def test_every_cell_equals_plain_counting(holed, weighted):
    weights = _weights(len(holed)) if weighted else None
    found = count(holed, weights=weights)
    by_hand = _by_hand(holed, weights if weighted else np.ones(len(holed)))
    for (i, first), (j, second) in itertools.product(enumerate(holed), repeat=2):
        block = found.table[found.span(i), found.span(j)]
        cells = pd.MultiIndex.from_product([found.codes[i], found.codes[j]])
        told = by_hand[first, second].reindex(cells, fill_value=0)
        np.testing.assert_allclose(block.ravel(), told, rtol=1e-12, atol=1e-9)


def test_unweighted_counts_are_whole_numbers(holed):
    table = count(holed).table
    assert (table == np.rint(table)).all()
    assert table.min() == 0


@pytest.mark.parametrize("weighted", [False, True])
def test_parts_add_up_to_the_whole(holed, weighted):
    weights = _weights(len(holed))
    whole = count(holed, weights=weights if weighted else None)
    # Sorting makes parts that lack some categories, which the sum must still place rightly.
    order = np.argsort(holed["a"].to_numpy())
    total = None
    for rows in np.array_split(order, 5):
        part = count(holed.iloc[rows], weights=weights[rows] if weighted else None)
        total = part if total is None else total + part
    assert total.codes == whole.codes
    np.testing.assert_allclose(total.table, whole.table, rtol=1e-12)
    assert total.rows == whole.rows
    assert total.weights == pytest.approx(whole.weights, rel=1e-12)


@given(
    rows=st.lists(st.tuples(*[st.integers(-10, 7)] * 3), min_size=1, max_size=40),
    cut=st.integers(0, 40),
)
@settings(deadline=None)
def test_any_two_parts_add_up(rows, cut):
    frame = pd.DataFrame(rows, columns=list("xyz"), dtype="int64")
    total, whole = count(frame.iloc[:cut]) + count(frame.iloc[cut:]), count(frame)
    assert total.codes == whole.codes
    assert (total.table == whole.table).all()
    merged = count_patterns(frame.iloc[:cut]) + count_patterns(frame.iloc[cut:])
    assert (merged.answers == count_patterns(frame).answers).all()
    assert (merged.frequency == count_patterns(frame).frequency).all()


@pytest.mark.parametrize("complete", [False, True])
def test_parquet_files_give_the_table_of_the_frame(holed, parts, complete, monkeypatch):
    monkeypatch.setattr(parts_module, "ROWS_OF_A_FILE", 17_000)
    from_files = count_parquet(parts, list("abcd"), complete=complete)
    whole = count(holed, complete=complete)
    assert from_files.codes == whole.codes
    assert from_files.rows == whole.rows
    assert (from_files.table == whole.table).all()


def test_a_cluster_of_two_workers_gives_the_same_tables(holed, parts, tmp_path):
    two = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with (
        LocalCluster(**two, local_directory=str(tmp_path)) as cluster,
        Client(cluster) as client,
        client.get_executor() as executor,
    ):
        plain = count_parquet(parts, list("abcd"), executor=executor)
        weighted = count_parquet(parts, list("abcd"), weights="weight", executor=executor)
    assert (plain.table == count(holed).table).all()
    expected = count(holed, weights=_weights(len(holed)))
    np.testing.assert_allclose(weighted.table, expected.table, rtol=1e-12)


def test_a_file_without_the_item_is_named(parts):
    with pytest.raises(StatisticsError, match=r"'x': the file .*part0.parquet has none"):
        count_parquet(parts, ["a", "x"])
    with pytest.raises(StatisticsError, match="nothing to count"):
        count_parquet([], ["a"])


def test_problems_come_back_whole_from_another_process():
    """A copy takes the same way as a passage between processes."""
    with pytest.raises(StatisticsError) as caught:
        count(pd.DataFrame({"a": ["x"], "b": [1.5]}))
    assert copy.copy(caught.value).problems == caught.value.problems


def test_complete_rows_leave_no_missing_category(holed):
    found = count(holed, complete=True)
    assert found.rows == int((holed >= 0).all(axis=1).sum())
    assert all(code >= 0 for codes in found.codes for code in codes)


def test_moments_equal_those_of_pandas(holed):
    found = count(holed).moments()
    answered = holed.where(holed >= 0)
    np.testing.assert_allclose(found.mean, answered.mean())
    np.testing.assert_allclose(found.covariance, answered.cov(), rtol=1e-9)
    assert found.n[0, 1] == answered[["a", "b"]].dropna().shape[0]


def test_turning_round_equals_counting_the_turned_answers(holed):
    turned = holed.assign(b=(6 - holed["b"]).where(holed["b"] >= 0, holed["b"]))
    found, told = count(holed).turn(["b"], 5), count(turned)
    assert found.codes == told.codes
    assert (found.table == told.table).all()


def test_selecting_equals_counting_only_those(holed):
    found, told = count(holed).select(["d", "a"]), count(holed, ["d", "a"])
    assert found.items == told.items
    assert (found.table == told.table).all()
    with pytest.raises(StatisticsError, match="'x': it was not counted"):
        count(holed).select(["x"])


def test_counts_of_different_items_do_not_add_up(holed):
    with pytest.raises(StatisticsError, match="only counts of the same items"):
        count(holed, ["a", "b"]) + count(holed, ["a", "c"])
    with pytest.raises(StatisticsError, match="only patterns of the same items"):
        count_patterns(holed, ["a", "b"]) + count_patterns(holed, ["a", "c"])


@pytest.mark.parametrize(
    "dtype", ["int8", "int64", "float32", "float64", "Int64", "Float64", "int64[pyarrow]"]
)
def test_every_way_to_store_numbers_gives_the_same_counts(holed, dtype):
    answers = holed.head(1000)
    assert (count(answers.astype(dtype)).table == count(answers).table).all()


@pytest.mark.parametrize("dtype", ["float64", "Int64", "int64[pyarrow]"])
def test_an_empty_cell_is_missing_for_an_unknown_reason(dtype):
    frame = pd.DataFrame({"a": [1, None, 2]}, dtype="float64").astype(dtype)
    assert count(frame).margin(0) == {-10: 1, 1: 1, 2: 1}


@pytest.mark.parametrize("value", [101, -101, -128, 300, 1e12, np.inf])
def test_codes_beyond_one_hundred_are_refused(value):
    with pytest.raises(StatisticsError, match="'a': codes must lie between -100 and 100"):
        count(pd.DataFrame({"a": [1, value]}))


def test_weights_named_as_a_column_are_not_counted_as_an_item(holed):
    frame = holed.head(500).assign(weight=_weights(500))
    found = count(frame, weights="weight")
    assert found.items == ("a", "b", "c", "d")
    assert found.weights == pytest.approx(frame["weight"].sum())
    assert found.effective_rows < 500


def test_no_rows_make_an_empty_table():
    found = count(pd.DataFrame({"a": [], "b": []}, dtype="float64"))
    assert found.table.shape == (0, 0)
    assert found.rows == 0


@pytest.mark.parametrize(
    "items",
    [
        # Few combinations are tabled, many sorted by a number, very many by their bytes.
        ["a", "b"],
        list("abcd") * 3,
        list("abcd") * 10,
    ],
)
def test_patterns_are_counted_however_many_items_there_are(holed, items):
    answers = holed.head(3000)
    wide = pd.DataFrame({f"{item}{i}": answers[item] for i, item in enumerate(items)})
    found = count_patterns(wide)
    told = wide.value_counts()
    assert found.frequency.sum() == found.rows == 3000
    assert len(told) == found.frequency.size
    for pattern, frequency in zip(found.answers.T.tolist(), found.frequency, strict=True):
        assert told[tuple(pattern)] == frequency


def test_pattern_counts_add_up_and_carry_weights(holed):
    weights = _weights(len(holed))
    whole = count_patterns(holed, weights=weights)
    half = len(holed) // 2
    first = count_patterns(holed.iloc[:half], weights=weights[:half])
    total = first + count_patterns(holed.iloc[half:], weights=weights[half:])
    assert (total.answers == whole.answers).all()
    np.testing.assert_allclose(total.frequency, whole.frequency)
    np.testing.assert_allclose(total.squared, whole.squared)
    assert whole.squared.sum() == pytest.approx((weights**2).sum())


def test_resampled_covariances_centre_on_that_of_the_rows(holed):
    answered = holed[(holed >= 0).all(axis=1)].head(2000)
    drawn = count_patterns(answered).resampled_covariances(400, np.random.default_rng(1))
    np.testing.assert_allclose(drawn.mean(axis=0), answered.cov(), atol=0.01)


@pytest.mark.parametrize("module", [burt, counts, patterns])
def test_the_examples_in_the_documentation_run(module):
    assert doctest.testmod(module).failed == 0
