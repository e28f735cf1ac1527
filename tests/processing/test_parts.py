"""Rows that lie in parts give what the whole frame gives: from files, in a list, on a cluster."""

import doctest

import numpy as np
import pandas as pd
import pytest
from distributed import Client, LocalCluster

from processing.consistency.items import item_analysis
from processing.consistency.omega_total import omega
from processing.consistency.ordinal_reliability import categorical_omega
from processing.consistency.reliability import alpha
from processing.counting import parts as parts_module
from processing.counting.parts import Parts
from processing.counting.patterns import count_patterns
from processing.errors import StatisticsError
from processing.factoring.factorability import kmo
from processing.factoring.factors import efa
from processing.factoring.polychorics import polychoric
from processing.modelling.alignment import align
from processing.modelling.confirmatory import cfa
from processing.modelling.invariance import invariance
from processing.traits.graded_response import graded_response

ITEMS = list("abcdef")
MODEL = "x =~ a + b + c\ny =~ d + e + f"
ESTIMATORS = ["ML", "MLR", "FIML", "WLSMV"]


@pytest.fixture(scope="module")
def whole():
    """2 400 answers to two factors, in two languages, with gaps of two reasons."""
    rng = np.random.default_rng(4)
    common = rng.normal(size=2400)
    traits = 0.6 * common + 0.8 * rng.normal(size=(2, 2400))
    columns = {}
    for place, item in enumerate(ITEMS):
        trait = traits[place // 3]
        cuts = np.array([-1.2, -0.3, 0.5, 1.3]) + 0.05 * place
        columns[item] = np.digitize(0.75 * trait + 0.66 * rng.normal(size=2400), cuts) + 1
    frame = pd.DataFrame(columns)
    gaps = rng.choice([0, -8, -9], size=frame.shape, p=[0.96, 0.02, 0.02])
    frame = frame.mask(gaps < 0, gaps)
    # Sorted, so that the first part knows of one language only and of no low answer.
    return frame.assign(language=np.repeat(["ar", "da"], [900, 1500])).sort_values("a")


@pytest.fixture(scope="module")
def files(whole, tmp_path_factory):
    """The same rows in three Parquet files and one without a row."""
    folder = tmp_path_factory.mktemp("parts")
    named = []
    for place, rows in enumerate(np.split(np.arange(len(whole)), [700, 700, 1600])):
        named.append(folder / f"part{place}.parquet")
        whole.iloc[rows].to_parquet(named[-1])
    return named


@pytest.fixture(scope="module")
def frames(whole):
    return [whole.iloc[:1000], whole.iloc[1000:]]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Two worker processes of dask.distributed."""
    two = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    folder = tmp_path_factory.mktemp("workers")
    with (
        LocalCluster(**two, local_directory=str(folder)) as workers,
        Client(workers) as client,
        client.get_executor() as executor,
    ):
        yield executor


@pytest.fixture(params=["files", "frames", "cluster"])
def parts(request, files, frames):
    """One table in parts, in each of the ways that a table may lie."""
    if request.param == "cluster":
        return Parts(files, request.getfixturevalue("cluster"))
    return files if request.param == "files" else frames


def _numbers(frame):
    return frame.select_dtypes("number").to_numpy(np.float64)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_factor_model_of_parts_equals_that_of_the_frame(whole, parts, estimator):
    told, found = cfa(whole, MODEL, estimator), cfa(parts, MODEL, estimator)
    assert found.n == told.n
    np.testing.assert_allclose(
        _numbers(found.to_frame()), _numbers(told.to_frame()), rtol=1e-5, atol=1e-7
    )
    for measure in ("chi_square", "chi_square_scaled", "cfi", "rmsea", "srmr"):
        assert getattr(found.fit, measure) == pytest.approx(
            getattr(told.fit, measure), rel=1e-5, nan_ok=True
        )


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_invariance_of_parts_equals_that_of_the_frame(whole, parts, estimator):
    told = invariance(whole, MODEL, "language", estimator)
    found = invariance(parts, MODEL, "language", estimator)
    assert found.groups == told.groups == ("ar", "da")
    np.testing.assert_allclose(
        _numbers(found.to_frame()), _numbers(told.to_frame()), rtol=1e-4, atol=1e-6
    )


def test_alignment_of_parts_equals_that_of_the_frame(whole, files):
    told = align(whole, MODEL, "language", "ML").to_frame()
    found = align(files, MODEL, "language", "ML").to_frame()
    np.testing.assert_allclose(_numbers(found), _numbers(told), rtol=1e-5, atol=1e-7)


def test_everything_read_from_counts_takes_parts(whole, parts):
    items = whole[ITEMS]
    assert alpha(parts, ITEMS).raw == alpha(items).raw
    assert alpha(parts, ITEMS, "pairwise").raw == alpha(items, missing="pairwise").raw
    pd.testing.assert_frame_equal(
        item_analysis(parts, ITEMS, "listwise").to_frame(),
        item_analysis(items, missing="listwise").to_frame(),
    )
    assert (polychoric(parts, ITEMS).correlation == polychoric(items).correlation).all()
    assert kmo(parts, ITEMS).overall == pytest.approx(kmo(items).overall, rel=1e-12)
    np.testing.assert_allclose(
        efa(parts, 2, ITEMS).loadings, efa(items, 2).loadings, rtol=1e-6, atol=1e-9
    )


def test_intervals_from_whole_rows_take_parts(whole, parts):
    items = whole[ITEMS]
    told, found = categorical_omega(items), categorical_omega(parts, ITEMS)
    # Products are summed in single precision within a stretch, so stretches show in digit seven.
    assert found.value == pytest.approx(told.value, rel=1e-6)
    assert found.se == pytest.approx(told.se, rel=1e-6)
    turned = {"reversed_items": ["b"], "points": 5}
    turned_told = categorical_omega(
        items.assign(b=items["b"].where(items["b"] < 0, 6 - items["b"]))
    )
    # Turned and turned back: the answers as they were.
    flipped = whole.assign(b=whole["b"].where(whole["b"] < 0, 6 - whole["b"]))
    assert categorical_omega([flipped], ITEMS, **turned).se == pytest.approx(told.se, rel=1e-6)
    assert turned_told.value != pytest.approx(told.value)
    settings = {"method": "bootstrap", "replicates": 50, "seed": 3}
    assert omega(parts, ITEMS, **settings).se == pytest.approx(omega(items, **settings).se)
    assert (count_patterns(parts, ITEMS).frequency == count_patterns(items).frequency).all()


def test_graded_response_takes_pattern_counts_of_parts(whole, parts):
    patterns = count_patterns(parts, ["a", "b", "c"])
    told = graded_response(whole, ["a", "b", "c"])
    assert graded_response(patterns).loglik == pytest.approx(told.loglik, rel=1e-9)


def test_one_path_is_a_table_of_one_part(whole, tmp_path):
    file = tmp_path / "answers.parquet"
    whole.to_parquet(file)
    assert cfa(file, MODEL).fit.chi_square == pytest.approx(cfa(whole, MODEL).fit.chi_square)
    assert alpha(str(file), ITEMS).raw == alpha(whole, ITEMS).raw


def test_all_columns_but_the_weights_are_items_by_default(whole):
    answers = whole[ITEMS].assign(weight=np.linspace(0.5, 2, len(whole)))
    halves = [answers.iloc[:900], answers.iloc[900:]]
    told = alpha(answers, weights="weight")
    assert alpha(halves, weights="weight").raw == pytest.approx(told.raw, rel=1e-12)
    assert alpha(halves, weights="weight").k == len(ITEMS)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([], "there is nothing to count"),
        (7, "a data frame is needed, got int"),
        ([7], "a data frame is needed, got int"),
        ((frame for frame in ()), "a generator can be gone through once"),
        ([pd.DataFrame({"a": [1, 2]})], "column 'b': a frame has none of this name"),
    ],
)
def test_what_is_no_table_in_parts_is_refused(table, message):
    with pytest.raises(StatisticsError, match=message):
        cfa(table, "x =~ a + b + c")


def test_one_frame_alone_is_no_list_of_parts(whole):
    with pytest.raises(StatisticsError, match="Put brackets around the only part"):
        Parts(whole)


def test_weights_of_parts_are_a_column(frames):
    with pytest.raises(StatisticsError, match=r"weights: .*have their weights in a column"):
        alpha(frames, ITEMS, weights=[1.0, 2.0])


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_faults_of_parts_name_item_and_group_as_those_of_a_frame(whole, estimator):
    constant = whole.assign(b=whole["b"].where(whole["language"] == "da", 3))
    with pytest.raises(StatisticsError) as told:
        cfa(constant, MODEL, estimator, "language")
    with pytest.raises(StatisticsError) as found:
        cfa([constant.head(900), constant.tail(1500)], MODEL, estimator, "language")
    assert found.value.problems == told.value.problems
    assert "'b' in group 'ar'" in str(found.value)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_twins_in_parts_are_named(whole, estimator):
    twins = whole.assign(c=whole["b"])
    with pytest.raises(StatisticsError, match="items 'b' and 'c'"):
        cfa([twins.head(900), twins.tail(1500)], MODEL, estimator)


def test_an_empty_category_in_a_group_of_parts_is_named(whole):
    rare = whole.assign(d=whole["d"].mask((whole["language"] == "ar") & (whole["d"] == 5), 4))
    with pytest.raises(StatisticsError, match="'d' in group 'ar': nobody answered 5"):
        cfa([rare.head(900), rare.tail(1500)], MODEL, "WLSMV", "language")


def test_fractions_in_parts_are_refused(whole):
    measured = whole.assign(a=whole["a"] + 0.5)
    with pytest.raises(StatisticsError, match="must hold codes, and an item has fractions"):
        cfa([measured], MODEL)


def test_a_table_in_parts_of_one_group_cannot_be_compared(whole):
    with pytest.raises(StatisticsError, match="needs two groups or more"):
        cfa([whole[whole["language"] == "da"]], MODEL, "ML", "language")


def test_the_examples_in_the_documentation_run():
    assert doctest.testmod(parts_module).failed == 0
