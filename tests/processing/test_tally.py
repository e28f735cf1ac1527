"""Evidence from counted patterns: the numbers of whole rows, from a folder read piece by piece."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from processing.consistency.ends import floor_and_ceiling
from processing.counting.counts import count
from processing.counting.patterns import GroupedPatterns, count_patterns
from processing.datasets.codebook import Codebook, ScaleEntry, Variable
from processing.datasets.dataset import WaveFacts, write_wave
from processing.datasets.study import write_study
from processing.drawing.known_model import KnownGroup, KnownModel
from processing.drawing.simulation import Careless, simulate
from processing.errors import StatisticsError
from processing.judging.evidence import evidence
from processing.judging.quality import careless, careless_answers
from processing.judging.short_forms import short_forms
from processing.judging.tally import tally
from processing.levels.area_levels import area_reliability, reliability_of_areas
from processing.modelling.confirmatory import cfa
from processing.modelling.invariance import invariance
from processing.scoring.scales import score
from processing.traits.dif import dif
from processing.traits.graded_response import graded_response
from processing.traits.local_dependence import local_dependence

FIVE = list("abcde")
ONE = "calm =~ a + b + c + d + e"


@pytest.fixture(scope="module")
def rows():
    """Two groups, areas, and answers missing for several reasons."""
    groups = [KnownGroup("da", 0.6), KnownGroup("tr", 0.4, thresholds={"b": 0.6})]
    known = KnownModel.simple({"calm": FIVE}, 0.7, area_share=0.03)
    frame = simulate(known, 6000, seed=3, groups=groups, areas=30).frame
    frame = frame.astype(dict.fromkeys(FIVE, int))
    rng = np.random.default_rng(1)
    for item in FIVE:
        frame.loc[rng.uniform(size=len(frame)) < 0.03, item] = -8
    frame.loc[rng.uniform(size=len(frame)) < 0.02, "a"] = -4
    return frame


@pytest.fixture
def patterns(rows):
    return count_patterns(rows[FIVE])


@pytest.fixture
def grouped(rows):
    of = {name: count_patterns(part[FIVE]) for name, part in rows.groupby("group")}
    return GroupedPatterns("group", of)


def scale_of(items=FIVE, **more):
    return ScaleEntry("home", "calm", tuple(items), dict.fromkeys(items, (1, 5)), **more)


def variables_of(items):
    names = ("row_id", "language", "group", "area")
    text = [Variable(name, "paradata", "string", "nominal") for name in names]
    return (
        *text,
        *(
            Variable(
                item,
                "single",
                "int16",
                "ordinal",
                codes=(1, 2, 3, 4, 5),
                missing=(-4, -8),
                instrument="home",
            )
            for item in items
        ),
    )


def wave_of(folder, frame, scales, number=1):
    """A wave's folder, in files of 700 rows."""
    items = list(dict.fromkeys(item for scale in scales for item in scale.columns))
    named = frame[items].assign(
        row_id=[f"{row:05d}" for row in range(len(frame))],
        language="da",
        group=frame.get("group", ""),
        area=frame["area"].astype(str) if "area" in frame else "",
    )
    return write_wave(
        folder,
        responses=(named.iloc[start : start + 700] for start in range(0, len(named), 700)),
        tables={},
        codebook=Codebook(("da",), variables_of(items), tuple(scales)),
        instrument_files={},
        facts=WaveFacts("study", number, "consent"),
    )


@pytest.fixture(scope="module")
def dataset(rows, tmp_path_factory):
    return wave_of(tmp_path_factory.mktemp("study") / "wave-1", rows, [scale_of()])


def numbers(frame):
    return frame.select_dtypes("number").to_numpy(float)


def test_the_burt_table_of_patterns_is_that_of_the_rows(rows, patterns):
    told, found = count(rows[FIVE], complete=True), patterns.counts()
    assert (found.codes, found.rows) == (told.codes, told.rows)
    np.testing.assert_array_equal(found.table, told.table)


@pytest.mark.parametrize("estimator", ["ML", "MLR", "FIML", "WLSMV"])
def test_a_factor_model_of_patterns_is_that_of_the_rows(rows, patterns, estimator):
    told, found = cfa(rows[FIVE], ONE, estimator), cfa(patterns, ONE, estimator)
    assert found.n == told.n
    np.testing.assert_allclose(
        numbers(found.to_frame()), numbers(told.to_frame()), rtol=1e-9, atol=1e-12
    )
    assert found.fit.chi_square == pytest.approx(told.fit.chi_square, rel=1e-9)
    if estimator != "ML":
        assert found.fit.cfi_scaled == pytest.approx(told.fit.cfi_scaled, rel=1e-9, nan_ok=True)


@pytest.mark.parametrize("estimator", ["ML", "WLSMV"])
def test_invariance_of_patterns_is_that_of_the_rows(rows, grouped, estimator):
    told = invariance(rows, ONE, "group", estimator).to_frame()
    found = invariance(grouped, ONE, "group", estimator).to_frame()
    # Of the smaller group there are fewer rows than possible patterns, and so many single rows
    # are added up in single precision.
    np.testing.assert_allclose(numbers(found), numbers(told), rtol=1e-5, atol=1e-7)


def test_dif_ends_and_q3_of_patterns_are_those_of_the_rows(rows, patterns, grouped):
    told, found = dif(rows, FIVE, "group"), dif(grouped, FIVE, "group")
    np.testing.assert_allclose(numbers(found.to_frame()), numbers(told.to_frame()), rtol=1e-9)
    assert (found.flagged, found.n) == (told.flagged, told.n)
    assert floor_and_ceiling(patterns, points=5) == floor_and_ceiling(rows[FIVE], points=5)
    model = graded_response(rows[FIVE])
    np.testing.assert_allclose(
        local_dependence(patterns, model).q3, local_dependence(rows, model).q3, atol=1e-12
    )


def test_short_forms_of_patterns_are_those_of_the_rows(rows, grouped):
    told = short_forms(rows, FIVE, points=5, group="group").to_frame()
    found = short_forms(grouped, FIVE, points=5).to_frame()
    np.testing.assert_allclose(numbers(found), numbers(told), rtol=1e-9, atol=1e-12)


def test_patterns_that_were_counted_by_another_column_are_refused(grouped):
    with pytest.raises(StatisticsError, match="'mode': these patterns were counted by group"):
        invariance(grouped, ONE, "mode")
    with pytest.raises(StatisticsError, match="item 'f': it was not counted"):
        cfa(grouped.of["da"], ONE + " + f")


def test_areas_added_up_are_the_areas_of_all_rows(rows, dataset):
    scored = score(rows, scale_of()).assign(area=rows["area"].astype(str))
    told = area_reliability(scored, "home_calm_score", "area")
    found = reliability_of_areas(tally(dataset, scale_of(), area="area").areas, "score", "area")
    assert found.icc == pytest.approx(told.icc, rel=1e-9)
    assert found.reliability == pytest.approx(told.reliability, rel=1e-9)
    pd.testing.assert_frame_equal(found.areas, told.areas, check_names=False, rtol=1e-9)


def test_evidence_of_a_folder_is_that_of_its_rows(rows, dataset):
    settings = {"groups": ["group"], "area": "area", "graded": True}
    told = evidence(rows, scale_of(), **settings).to_frame()
    found = evidence(dataset, **settings).to_frame()
    assert (found["outcome"] == told["outcome"]).all()
    np.testing.assert_allclose(found["figure"], told["figure"], rtol=1e-9, atol=1e-9)


def test_careless_flags_of_a_folder_are_those_of_its_rows(tmp_path):
    scales = {name: [f"{name}{k}" for k in range(1, 6)] for name in ("calm", "near", "safe")}
    drawn = simulate(KnownModel.simple(scales), 2100, seed=1, careless=Careless(straight=0.1))
    turned = drawn.frame.assign(calm2=6 - drawn.frame["calm2"])
    entries = [
        replace(scale_of(part), id=name, reversed=("calm2",) if name == "calm" else ())
        for name, part in scales.items()
    ]
    dataset = wave_of(tmp_path / "wave", turned, entries)
    told = careless(
        turned,
        {f"home_{name}": part for name, part in scales.items()},
        reversed_items=["calm2"],
        points=5,
    )
    found = careless_answers(dataset)
    pd.testing.assert_frame_equal(found.flags, told.flags.reset_index(drop=True))
    assert (found.opposites, dict(found.unread)) == (told.opposites, dict(told.unread))
    assert found.signs.empty


def test_each_wave_is_turned_as_its_own_version_says(rows, tmp_path):
    """An item that was worded the other way round in the first wave counts all the same."""
    first, second = rows.iloc[:3000], rows.iloc[3000:]
    opposite = first.assign(b=first["b"].where(first["b"] < 0, 6 - first["b"]))
    waves = [
        wave_of(tmp_path / "wave-1", opposite, [scale_of(reversed=("b",), version=1)]),
        wave_of(tmp_path / "wave-2", second, [scale_of(version=2)], 2),
    ]
    study = write_study(tmp_path, "study", [wave.folder for wave in waves])
    found, told = evidence(study).to_frame(), evidence(rows, scale_of()).to_frame()
    np.testing.assert_allclose(found["figure"], told["figure"], rtol=1e-9)


def test_a_wave_that_asked_other_items_is_left_out_and_named(rows, tmp_path):
    first, second = rows.iloc[:3000], rows.iloc[3000:]
    waves = [
        wave_of(tmp_path / "wave-1", first, [scale_of(FIVE[:4], version=1)]),
        wave_of(tmp_path / "wave-2", second, [scale_of(version=2)], 2),
    ]
    entry = evidence(write_study(tmp_path, "study", [wave.folder for wave in waves]))
    (calm,) = entry.scales
    assert calm.everyone.n == evidence(second, scale_of())[calm.scale].everyone.n
    assert calm.other_versions == (1,)
    assert calm.verdict == "usable with care"
    assert "wave 1 asked another version" in " ".join(calm.care)
