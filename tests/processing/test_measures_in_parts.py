"""Measures of a dataset that lies in many files: on a cluster, piece by piece, to the same numbers."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from distributed import Client, LocalCluster

from instruments import make_form
from processing import (
    AreasDrawn,
    DisclosureLimits,
    KnownModel,
    PeopleDrawn,
    StatisticsError,
    WaveFacts,
    build_codebook,
    draw_study,
    study_measures,
    study_terms,
    weigh_dataset,
    weighted_means,
    write_drawn_study,
    write_study,
    write_wave,
)
from processing.datasets import dataset as datasets
from processing.measuring.base_design import BaseDesign
from processing.measuring.dataset_weights import dataset_weights


@pytest.fixture(scope="module")
def codebook():
    form = make_form(["tryghed", "background"], ["da", "ar"])
    return build_codebook(form, wave_year=2026)


@pytest.fixture(scope="module")
def study(codebook, tmp_path_factory):
    """Two waves of ten areas in two boligområder with register counts; each wave in four files."""
    columns = {s.name: s.columns for s in codebook.scales if s.id in {"t1", "t4"}}
    model = KnownModel.simple(columns, loading=0.75)
    drawn = draw_study(model, AreasDrawn(10, [2] * 5, invited=120), PeopleDrawn(), seed=3)
    folder, random = tmp_path_factory.mktemp("parts") / "study", np.random.default_rng(3)
    blank = write_drawn_study(drawn, codebook, folder / "plain")
    waves = []
    for wave in blank.waves:
        rows = wave.responses()
        rows["background_gender"] = random.choice([1, 2, -5], len(rows), p=[0.6, 0.37, 0.03])
        rows["background_adults"] = random.choice([1, 2, 3, -5], len(rows))
        rows["base_weight"] = random.choice([1.0, 2.0], len(rows))
        rows = rows.sample(frac=1, random_state=1).assign(
            row_id=[f"{one:032x}" for one in range(len(rows))]
        )
        waves.append(folder / f"wave-{wave.wave}-freeze-1")
        write_wave(
            waves[-1],
            responses=(rows[at : at + 150] for at in range(0, len(rows), 150)),
            tables=_tables(wave, rows),
            codebook=codebook,
            instrument_files={},
            facts=WaveFacts(study="drawn", wave=wave.wave, legal_basis="research"),
        )
    return write_study(folder, "drawn", waves)


def _tables(wave, rows):
    areas = sorted(set(rows.area))
    group = {area: f"B{at % 2}" for at, area in enumerate(areas)}
    kept = {name: wave.table(name) for name in ("areas", "plans", "area_plan", "dispositions")}
    return kept | {
        "area_group": pd.DataFrame(
            {
                "area_group": list(group.values()),
                "name": "Boligområde",
                "level": "boligområde",
                "area": areas,
                "valid_from": None,
                "valid_to": None,
            }
        ),
        "margins": pd.DataFrame(
            {
                "area": None,
                "area_group": ["B0", "B0", "B1", "B1"],
                "variable": "background_gender",
                "category": ["1", "2"] * 2,
                "count": [420, 430, 400, 450],
            }
        ),
    }


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    two = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    folder = tmp_path_factory.mktemp("workers")
    with (
        LocalCluster(**two, local_directory=str(folder)) as workers,
        Client(workers) as client,
        client.get_executor() as executor,
    ):
        yield executor


def test_two_worker_processes_give_the_same_numbers(study, cluster):
    assert len(study.parts) >= 6
    alone, together = study_measures(study), study_measures(study, executor=cluster, tasks=2)
    for name in ("means", "changes", "composition", "languages"):
        one, other = getattr(alone.measures, name), getattr(together.measures, name)
        pd.testing.assert_frame_equal(one, other, rtol=1e-9, atol=1e-9)
    assert (alone.days, alone.weight) == (together.days, "calibrated within boligområde")


def test_small_pieces_give_the_same_numbers_as_large_ones(study, monkeypatch):
    whole = study_measures(study, ["tryghed_t1"]).measures
    for module in ("dataset_parts", "study_measures"):
        monkeypatch.setattr(f"processing.measuring.{module}.ROWS_AT_A_TIME", 37)
    pieces = study_measures(study, ["tryghed_t1"]).measures
    pd.testing.assert_frame_equal(whole.means, pieces.means, rtol=1e-9)
    pd.testing.assert_frame_equal(whole.changes, pieces.changes, rtol=1e-9)


def test_measures_of_a_dataset_are_the_weighted_means_of_its_rows(study):
    """One way by sums, the other by rows: `weighted_means` equals R's svyby after calibrate."""
    found = study_measures(study, ["tryghed_t1"])
    rows = pd.concat(
        [
            batch[["wave", "area"]].assign(
                weight=found.weight_of(batch),
                score=25.0 * (batch[columns].mean(axis=1) - 1),
            )
            for columns in [list(study.codebook.scale("tryghed_t1").columns)]
            for batch in study.batches()
        ],
        ignore_index=True,
    )
    weighed, weights = weigh_dataset(study)
    rows = weighed.assign(score=rows["score"])
    by = weighted_means(rows, ["score"], weights, by=["wave", "area"], strata=["wave", "area"])
    mine = found.measures.means.query("cohort == 'all' and level == 'afdeling'")
    both = mine.merge(by.frame, left_on=["wave", "unit"], right_on=["wave", "area"])
    assert len(both) == 20
    np.testing.assert_allclose(both["mean_x"], both["mean_y"], rtol=1e-9)
    np.testing.assert_allclose(both["standard_error_x"], both["standard_error_y"], rtol=1e-9)
    whole = weighted_means(rows, ["score"], weights, by=["wave"], strata=["wave", "area"]).frame
    every = found.measures.means.query("cohort == 'all' and level == 'study'").sort_values("wave")
    np.testing.assert_allclose(every["standard_error"], whole["standard_error"], rtol=1e-9)


def test_adults_that_are_not_known_get_the_mean_of_all_pieces_of_their_wave(study):
    rows, _ = weigh_dataset(study, adults="background_adults", trim=None)
    every = study.responses(["wave", "background_adults", "base_weight"])
    for wave, answers in every.groupby("wave"):
        known = answers[answers["background_adults"] >= 1]
        mean = np.average(known["background_adults"], weights=known["base_weight"])
        unknown = answers[answers["background_adults"] < 1]
        assert len(unknown), wave
        expected = unknown["base_weight"] * mean
        np.testing.assert_allclose(rows["base"][unknown.index], expected, rtol=1e-12)


def test_adults_in_the_dwelling_reach_the_measures_calibrated_or_not(study):
    rows, _ = weigh_dataset(study, adults="background_adults")
    found = study_measures(study, ["tryghed_t1"], adults="background_adults")
    weights = [found.weight_of(batch) for batch in study.batches([*found.weighting_columns])]
    np.testing.assert_allclose(pd.concat(weights), rows["weight"], rtol=1e-12)
    plain = study_measures(study, ["tryghed_t1"], adults="background_adults", calibrated=False)
    assert plain.weight == "base_weight × background_adults"
    weights = [plain.weight_of(batch) for batch in study.batches([*plain.weighting_columns])]
    np.testing.assert_allclose(pd.concat(weights), rows["base"], rtol=1e-12)
    totals = rows.groupby("wave")["base"].sum()
    whole = plain.measures.means.query("cohort == 'all' and level == 'study'").set_index("wave")
    np.testing.assert_allclose(whole["w"], totals, rtol=0.2)  # but for who has no score
    with pytest.raises(StatisticsError, match="adults: household: the dataset has no such column"):
        study_measures(study, adults="household")
    for column in ("row_id", "base_weight"):
        with pytest.raises(StatisticsError, match=f"{column}: it is no question of how many"):
            study_measures(study, adults=column)
    # A register may count what adults are told by.
    assert (
        BaseDesign(("background_adults",), "background_adults").needed.count("background_adults")
        == 1
    )
    with pytest.raises(StatisticsError, match=r"level nope.*Choose among afdeling, boligområde"):
        dataset_weights(study, "nope")


def test_what_the_study_laid_down_reaches_its_measures_and_everything_else_explores(
    study, codebook, tmp_path
):
    wave = study.waves[-1]
    terms = {"mean_n": 20, "count": 8, "adults": "background_adults", "ordered": ["mode"]}
    laid_down = write_wave(
        tmp_path / "wave-2-freeze-1",
        responses=wave.responses(),
        tables={name: wave.table(name) for name in ("areas", "dispositions")},
        codebook=codebook,
        instrument_files={},
        facts=WaveFacts(study="drawn", wave=2, legal_basis="research", terms=terms),
    )
    found = study_measures(laid_down, ["tryghed_t1"])
    assert found.weight == "base_weight × background_adults"
    assert (found.terms.limits.mean_n, found.terms.limits.count) == (20, 8)
    assert study_terms(study).limits == DisclosureLimits()
    measured = found.measures
    for frame in (measured.means, measured.composition, measured.languages):
        assert set(frame["kind"]) == {"exploratory"}


def test_weights_of_pieces_are_those_of_the_whole(study):
    made = dataset_weights(study)
    whole, _ = weigh_dataset(study)
    pieces = pd.concat([made.of(b) for b in study.batches([*made.needed], 50)], ignore_index=True)
    np.testing.assert_allclose(pieces, whole["weight"], rtol=1e-12)
    totals = whole.groupby(["wave", "unit"])["weight"].sum()
    np.testing.assert_allclose(totals, 850)


def test_a_wave_without_register_counts_keeps_base_weights_and_that_is_told(
    study, codebook, tmp_path
):
    """A baseline that nobody counted, and a gender that no register keeps."""

    def again(folder, margins):
        waves = []
        for wave in study.waves:
            rows = wave.responses()
            rows.loc[rows.index[:4], "background_gender"] = 3
            waves.append(folder / f"wave-{wave.wave}")
            write_wave(
                waves[-1],
                responses=rows,
                tables=_tables(wave, rows) | margins.get(wave.wave, {}),
                codebook=codebook,
                instrument_files={},
                facts=WaveFacts(study="drawn", wave=wave.wave, legal_basis="research"),
            )
        return write_study(folder, "drawn", waves)

    nothing = {"margins": study.waves[0].table("margins")[:0]}
    half = again(tmp_path / "half", {1: nothing})
    found = study_measures(half, ["tryghed_t1"])
    assert found.weight == (
        "calibrated within boligområde; base weights in wave 1, which nothing counts;"
        " without a register count, and as no answer: background_gender 3"
    )
    plain = study_measures(half, ["tryghed_t1"], calibrated=False)
    whole = study_measures(again(tmp_path / "whole", {}), ["tryghed_t1"])
    figures = ["scale", "level", "unit", "cohort", "n", "mean", "standard_error", "effective_n"]
    for wave, other in ((1, plain), (2, whole)):
        ours, theirs = (
            means.loc[means["wave"] == wave, figures].reset_index(drop=True)
            for means in (found.measures.means, other.measures.means)
        )
        pd.testing.assert_frame_equal(ours, theirs, rtol=1e-9)
    weights = pd.concat(found.weight_of(b) for b in half.batches([*found.weighting_columns]))
    waves = half.responses(["wave"])["wave"].to_numpy()
    means = weights.groupby(waves).mean()
    assert means[1] == pytest.approx(means[2], rel=0.2)  # alike, so that persons weigh alike
    with pytest.raises(StatisticsError, match="background_gender = 3"):
        dataset_weights(half)
    bare = again(tmp_path / "bare", {1: nothing, 2: nothing})
    assert study_measures(bare, ["tryghed_t1"]).weight == "base_weight"


def test_rows_to_leave_out_are_refused_where_their_order_is_lost(study):
    with (
        ThreadPoolExecutor(1) as executor,
        pytest.raises(StatisticsError, match="goes by the rows' order"),
    ):
        study_measures(study, leave_out=np.zeros(study.rows, bool), executor=executor)
    with pytest.raises(StatisticsError, match="3 truths for"):
        study_measures(study, leave_out=np.zeros(3, bool))


def test_only_the_files_asked_for_are_read(study):
    assert datasets.ROWS_A_PART > 150
    some = study.parts[:2]
    assert sum(len(batch) for batch in study.batches(["wave"], parts=some)) == 300
