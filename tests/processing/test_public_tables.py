"""All that is public of a study, attacked together: feed, pages' results, effects, and a second telling."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from instruments import make_form
from processing import (
    AreasDrawn,
    DatasetError,
    DisclosureLimits,
    KnownModel,
    Study,
    ToldBefore,
    area_results,
    attack,
    build_codebook,
    check,
    disclose,
    draw_study,
    evaluate,
    feed,
    plan_of,
    read_study,
    remember,
    small_cells,
    study_measures,
    told_before,
    write_drawn_study,
    write_feed,
)
from processing.datasets.file_lock import alone_with
from processing.effects.effect_means import effect_coefficients
from processing.measuring.published_tables import relations
from processing.telling.places_told import adds_up, places_of
from processing.telling.remembering import told_in
from processing.telling.rounding import FIFTHS, around

SCALE = "tryghed_t1"
PLAN = plan_of(b"primary: [tryghed_t1]\ntreatment: [helhedsplan]\ndraws: 99\n")
KEYS = ["level", "unit", "wave", "cohort"]
NOTHING = ToldBefore(pd.DataFrame(columns=["measure", "name", *KEYS, "hidden", "n"]))


class Telling:
    """What one telling of a study made public, beside the truth; `cells` has a row a published mean.

    The feed is told first; pages are counted by what it told, as the commands do.
    """

    def __init__(self, study, earlier=None):
        self.study = study
        self.evaluation = evaluate(study, PLAN)
        self.measured = self.evaluation.measures
        self.feed = feed(study, self.measured, self.evaluation, earlier=earlier)
        if earlier is None:
            remember(study, self.feed, self.evaluation)
            earlier = told_before(study)
        self.results = area_results(study, self.measured, earlier=earlier)
        means = self.measured.measures.means
        truth = means[
            (means.scale == SCALE) & ((means.cohort == "all") | (means.level == "study"))
        ].reset_index(names="at")
        by_feed = self.feed.query("measure == 'mean'")[[*KEYS, "hidden"]]
        by_pages = self.results.query("measure == 'mean'").assign(cohort="all")[[*KEYS, "hidden"]]
        cells = truth.merge(by_feed, on=KEYS, how="left")
        cells = cells.merge(by_pages, on=KEYS, how="left", suffixes=("", "_on_pages"))
        # A cell is known where any of the tables shows it.
        cells["shown"] = (cells.hidden == 0) | (cells.hidden_on_pages == 0)
        self.cells = cells.assign(place=places_of(cells))
        parents = {
            "place": adds_up(self.measured.units),
            "cohort": {"stayer": "all", "newcomer": "all"},
        }
        self.matrix = relations(self.cells, ["place", "wave", "cohort"], parents).matrix

    @property
    def effect(self):
        row = self.feed[(self.feed.measure == "effect") & (self.feed.cohort == "all")].iloc[0]
        of = self.evaluation.effects
        whole = of[(of.scale == SCALE) & (of.cohort == "all")].iloc[0]
        made = effect_coefficients(self.evaluation, SCALE)
        return row, whole.estimate, made.reindex(self.cells["at"]).fillna(0).to_numpy()

    def attacked_sums(self, shown, *, effect):
        """Widths, in points, in which each hidden small mean must lie; every weight is known."""
        size = self.cells.w.to_numpy()
        small = np.flatnonzero((self.cells.n < 10) & ~shown)
        sums = np.where(shown, size * self.cells["mean"], np.nan)
        matrix, high = self.matrix, 100 * size
        if effect:
            _, estimate, coefficients = self.effect
            row = sparse.csr_matrix(coefficients / size)
            matrix = sparse.bmat([[matrix, None], [row, sparse.csr_matrix([[-1.0]])]]).tocsr()
            sums, high = np.append(sums, estimate), np.append(high, 100.0)
        low = np.zeros(len(sums))
        _, least, greatest = attack(matrix, sums, low, high, small)
        return (greatest - least) / size[small]


@pytest.fixture(scope="module")
def drawn():
    """Twelve areas in three boligområder, six with a plan; three answered in one, all in another."""
    codebook = build_codebook(make_form(["tryghed", "background"], ["da", "ar"]), wave_year=2026)
    columns = {SCALE: codebook.scale(SCALE).columns}
    areas = AreasDrawn(12, [2] * 6, invited=26)
    made = draw_study(KnownModel.simple(columns, loading=0.75), areas, seed=8)
    for tables in made.tables.values():
        keys = sorted(tables["areas"]["area"])
        tables["area_group"] = pd.DataFrame(
            {"area_group": [f"B{at % 3}" for at in range(len(keys))], "area": keys}
        ).assign(name="Boligområde", level="boligområde", valid_from=None, valid_to=None)
    rows, counts = made.waves[2], made.tables[2]["dispositions"]
    few = rows[rows.area == keys[11]]
    made.waves[2] = rows.drop(index=few.index[3:]).reset_index(drop=True)
    counts.loc[counts.area == keys[11], ["started", "finished"]] = 3
    counts["invited"] = counts.invited.where(counts.area != keys[9], counts.finished + 1)
    return codebook, made


@pytest.fixture(scope="module")
def first(drawn, tmp_path_factory):
    codebook, made = drawn
    return Telling(write_drawn_study(made, codebook, tmp_path_factory.mktemp("told") / "first"))


def test_feed_pages_and_effects_together_give_no_small_mean_away(first):
    cells, shown = first.cells, first.cells.shown.to_numpy()
    assert (cells.n[shown] >= 10).all()
    row, _, _ = first.effect
    widths = first.attacked_sums(shown, effect=row.hidden == 0)
    assert len(widths) > 2
    assert widths.min() >= 20 - 1e-3
    # The attack can win: with nothing hidden but what is small, it does.
    bare = (cells.n >= 10).to_numpy()
    assert first.attacked_sums(bare, effect=True).min() < 1


def test_an_effect_would_give_away_what_areas_alone_do_not(first):
    """Two hidden means with one known sum are one mean with the effect: their coefficients differ."""
    _, estimate, coefficients = first.effect
    assert coefficients @ first.cells["mean"] == pytest.approx(estimate)
    areas = pd.DataFrame({"area": list("abcdef"), "n": 30, "mean": [40.0, 55, 60, 50, 45, 70]})
    whole = pd.DataFrame({"area": ["all"], "n": [180], "mean": [areas["mean"].mean()]})
    cells = pd.concat([areas, whole], ignore_index=True)
    parents = {"area": dict.fromkeys("abcdef", "all")}
    pair = cells.area.isin(["a", "d"])
    alone = disclose(cells, ["area"], parents, mean="mean", before=pair)
    assert alone.frame["mean"].isna().tolist() == pair.tolist()
    effect = pd.Series([1 / 3] * 3 + [-1 / 3] * 3)
    made = disclose(cells, ["area"], parents, mean="mean", before=pair, combinations=[effect])
    assert made.frame["mean"].isna().sum() > 2 or made.combined == (False,)
    # Where nothing else can be hidden any more, the effect is.
    last = disclose(
        cells, ["area"], parents, mean="mean", before=pair, known=~pair, combinations=[effect]
    )
    assert last.frame["mean"].isna().tolist() == pair.tolist()
    assert last.combined == (False,)


def test_no_report_shows_places_that_its_effect_would_give_a_small_one_away_by(drawn, tmp_path):
    codebook, _ = drawn
    columns = {SCALE: codebook.scale(SCALE).columns}
    areas = AreasDrawn(8, [2] * 4, invited=60)
    made = draw_study(KnownModel.simple(columns, loading=0.75), areas, seed=8)
    rows, counts = made.waves[2], made.tables[2]["dispositions"]
    few = sorted(counts.area)[1]
    made.waves[2] = rows.drop(index=rows.index[rows.area == few][6:]).reset_index(drop=True)
    counts.loc[counts.area == few, ["started", "finished"]] = 6
    telling = Telling(write_drawn_study(made, codebook, tmp_path / "few"), earlier=NOTHING)
    cells = telling.cells.assign(scale=SCALE)
    # A plan of today makes what the study laid down no looser.
    loose = DisclosureLimits(mean_n=5, count=3)
    bare, beside = (
        small_cells(telling.study, telling.measured, loose, evaluation).may_show(cells).to_numpy()
        for evaluation in (None, telling.evaluation)
    )
    assert cells.n[bare | beside].min() >= 10
    assert telling.attacked_sums(bare, effect=True).min() < 1e-6
    assert telling.attacked_sums(beside, effect=True).min() >= 20


def test_public_points_are_whole_and_the_evaluators_are_not(first):
    public = first.feed
    points = public.loc[public.hidden == 0, ["estimate", "low", "high"]].to_numpy(float)
    points = points[np.isfinite(points)]
    assert len(points)
    assert (points == points.round()).all()
    study, found = first.study, first.measured
    full = feed(study, found, first.evaluation, audience="evaluator", earlier=told_before(study))
    assert (full.audience == "evaluator").all()
    assert (public.audience == "public").all()
    keys = ["measure", "scale", *KEYS]
    both = full.merge(public, on=keys, suffixes=("", "_public"))
    shown = both[(both.hidden_public == 0) & (both.hidden == 0)]
    # An interval is rounded outwards, and about the rounded estimate.
    bounded = shown[shown.measure == "change"]
    assert (bounded.low_public <= bounded.low).all()
    assert (bounded.high_public >= bounded.high).all()
    assert (full[full.measure == "effect"].hidden == 0).all()
    # Rates of places whose response may not be told are in neither.
    silent = first.results.query("measure == 'answered' and hidden == 1")
    assert len(silent)
    joined = full[full.measure == "mean"].merge(silent[["level", "unit", "wave"]])
    assert joined.response_rate.isna().all()
    paths = [write_feed(study, table, first.evaluation) for table in (public, full)]
    assert [path.name for path in paths] == ["first-feed", "first-feed-evaluator"]
    assert [read_manifest_audience(path) for path in paths] == ["public", "evaluator"]
    assert [check(path) for path in paths] == [[], []]


def read_manifest_audience(folder):
    return json.loads((folder / "manifest.json").read_text())["audience"]


def test_who_was_never_sampled_weighs_nothing_and_nothing_refuses_them(drawn, tmp_path):
    """Sheets for nobody in particular: without a weight, with a score, and of an area."""
    codebook, made = drawn
    rows = made.waves[1]
    asked = rows.base_weight.copy()
    rows.loc[rows.index[:5], "base_weight"] = 0.0
    study = write_drawn_study(made, codebook, tmp_path / "stock")
    rows["base_weight"] = asked
    persons = plan_of(
        b"primary: [tryghed_t1]\ntreatment: [helhedsplan]\ndraws: 99\nunits: persons\n"
    )
    found = evaluate(study, persons)
    assert found.effects.query("cohort == 'all'").rows.iloc[0] == study.rows - 5
    table = area_results(study, found.measures, ["tryghed_t1_out_dark"])
    whole = table.query("level == 'study' and wave == 1 and measure in ['mean', 'share']")
    assert len(whole) == 2
    assert (whole.n <= len(rows) - 5).all()


def test_the_studys_own_limits_hold_in_the_feed_and_on_pages(first):
    last = first.study.waves[-1]
    said = {**last.manifest, "terms": {"mean_n": 14, "count": 7}}
    study = Study(
        first.study.folder,
        first.study.manifest,
        (first.study.waves[0], replace(last, manifest=said)),
    )
    assert first.feed.query("measure == 'mean'").n.min() < 14
    for table in (feed(study, first.measured), area_results(study, first.measured)):
        means = table.query("measure == 'mean' and hidden == 0")
        assert len(means)
        assert means.n.min() >= 14
    assert DisclosureLimits(20, 4).stricter(DisclosureLimits(10, 5)) == DisclosureLimits(20, 5)


def test_who_was_hidden_before_is_hidden_again_and_who_was_shown_protects_nobody():
    """Without memory another partner is hidden, and the sum that remains tells the small cell."""
    parents = {"area": dict.fromkeys("abcd", "all")}

    def table(**counts):
        cells = pd.DataFrame({"area": [*counts], "n": [*counts.values()]})
        return pd.concat([cells, pd.DataFrame({"area": ["all"], "n": [cells.n.sum()]})])

    first = table(a=3, b=12, c=14, d=60).reset_index(drop=True)
    told = disclose(first, ["area"], parents).frame["n"].isna()
    assert first.area[told].tolist() == ["a", "b"]
    # Three of b's took their answers back, five came to c since: c costs less now.
    second = table(a=3, b=13, c=11, d=60).reset_index(drop=True)
    forgot = disclose(second, ["area"], parents).frame["n"].isna()
    assert second.area[forgot].tolist() == ["a", "c"]
    kept = disclose(second, ["area"], parents, before=told, known=~told).frame["n"].isna()
    assert second.area[kept].tolist() == ["a", "b"]


def test_what_was_told_is_kept_without_a_figure_and_outlives_the_tables(
    first, tmp_path, monkeypatch
):
    path = remember(first.study, first.results, first.measured, earlier=told_before(first.study))
    assert path.parent == first.study.folder.parent
    before = told_before(first.study).cells
    # It is the same study by any name.
    (tmp_path / "another").symlink_to(first.study.folder)
    monkeypatch.chdir(first.study.folder)
    for name in (tmp_path / "another", "."):
        pd.testing.assert_frame_equal(told_before(read_study(name)).cells, before)
    again = first.results.assign(hidden=1)
    remember(first.study, again, first.measured, earlier=told_before(first.study))
    pd.testing.assert_frame_equal(told_before(first.study).cells, before)
    assert [*before.columns] == [
        "measure",
        "name",
        "level",
        "unit",
        "cohort",
        "wave",
        "hidden",
        "n",
        "telling",
    ]
    # Of every mean and response it is kept how many answered, hidden or not, and no figure.
    sized = before.measure.isin(["mean", "answered"])
    assert before.n[sized].notna().all()
    assert set(before.measure[before.n.notna()]) <= {"mean", "answered", "share"}
    # What anybody sees of it names nothing that is hidden: no two sizes of a hidden cell are told apart.
    means = first.measured.measures.means
    fewer = means.assign(n=means.n.where(means.n >= 10, means.n - 1))
    of_others = replace(first.measured, measures=replace(first.measured.measures, means=fewer))
    assert told_in(first.results, of_others) == told_in(first.results, first.measured)


_REMEMBER = """
import sys
from processing import read_study, remember, study_measures, told_before
study = read_study(sys.argv[1])
found = study_measures(study)
earlier = told_before(study)
table = earlier.cells.assign(unit=sys.argv[2])
print("begun", flush=True)
remember(study, table, found, earlier=earlier)
"""


def test_what_is_told_at_once_waits_its_turn_and_what_is_refused_is_not_remembered(first, tmp_path):
    path = tmp_path / first.study.folder.name
    shutil.copytree(first.study.folder, path, ignore=shutil.ignore_patterns("told.json"))
    study = read_study(path)
    row = pd.DataFrame(
        [("mean", "t", "afdeling", "a", 1, "all", 1, 20.0)], columns=[*NOTHING.cells.columns]
    )
    told = remember(study, row, first.measured)
    one = told_before(study)
    # Another process waits while this one holds the file.
    with alone_with(told):
        other = subprocess.Popen(
            [sys.executable, "-c", _REMEMBER, str(path), "b"], stdout=subprocess.PIPE, text=True
        )
        assert other.stdout.readline() == "begun\n"
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(0.5)
    assert (other.communicate()[0], other.returncode) == ("", 0)
    assert set(told_before(study).cells.unit) == {"a", "b"}
    # A table that was made before another was told knows nothing of it, whatever either shows.
    for table in (row.assign(hidden=0), row.assign(unit="c")):
        with pytest.raises(DatasetError, match="told since this table was made"):
            remember(study, table, first.measured, earlier=one)
    assert remember(study, row, first.measured) == told  # the very same again
    kept = told.read_bytes()
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine.txt").write_text("mine")
    for place in (taken, study.waves[0].folder / "feed"):
        with pytest.raises(DatasetError):
            write_feed(study, first.feed, first.evaluation, place, earlier=told_before(study))
    assert told.read_bytes() == kept
    write_feed(study, first.feed, first.evaluation, tmp_path / "out", earlier=told_before(study))
    assert told.read_bytes() != kept


_RUN = """
import sys
from dataclasses import replace
from processing import area_results, evaluate, feed, plan_of, read_study, write_derived, write_feed
study = read_study(sys.argv[1])
plan = plan_of(b"primary: [tryghed_t1]\\ntreatment: [helhedsplan]\\ndraws: 99\\n")
found = evaluate(study, plan)
write_feed(study, feed(study, found.measures, found), found, sys.argv[2])
frames = {name: getattr(found.measures.measures, name) for name in ("means", "changes", "languages")}
write_derived(study, "measures", frames, sys.argv[2] + "-measures")
write_derived(study, "results", {"results": area_results(study, found.measures)}, sys.argv[2] + "-results")
"""


def test_two_processes_with_other_hash_seeds_give_the_same_bytes(first, tmp_path):
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", _RUN, str(first.study.folder), str(tmp_path / seed)],
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        for seed in ("1", "2")
    ]
    assert [run.wait() for run in runs] == [0, 0]
    assert read_study(first.study.folder).hash == first.study.hash
    for ending in ("", "-measures", "-results"):
        one, other = (tmp_path / f"{seed}{ending}" for seed in ("1", "2"))
        names = sorted(path.name for path in one.iterdir())
        assert names == sorted(path.name for path in other.iterdir())
        for name in names:
            assert (one / name).read_bytes() == (other / name).read_bytes(), name


def test_a_count_of_few_things_is_protected_within_its_own_range(drawn, tmp_path):
    """Of six acts of taking part a mean is told to a fifth, and hidden ones lie in a fifth of six."""
    _, made = drawn
    codebook = build_codebook(make_form(["beboerdemokrati", "background"], ["da"]), wave_year=2026)
    acts = codebook.scale("beboerdemokrati_b4")
    random = np.random.default_rng(1)
    waves = {
        wave: rows.assign(**{name: random.integers(0, 2, len(rows)) for name in acts.columns})
        for wave, rows in made.waves.items()
    }
    drawn_acts = replace(made, waves=waves)
    study = write_drawn_study(drawn_acts, codebook, tmp_path / "acts")
    measured = study_measures(study, [acts.name])
    table = feed(study, measured).query("measure == 'mean' and hidden == 0")
    assert table.estimate.between(0, 6).all()
    assert table.estimate.nunique() > 3
    assert np.allclose(table.estimate * 5, (table.estimate * 5).round())

    # Whoever left between two tellings is not told by them: more than one count stays possible.
    def in_fifths(mean):
        return around(mean, mean, mean, FIFTHS)[0]

    told = {n: in_fifths(total / n) for n, total in ((12, 35), (11, 33))}
    left = {
        one - other
        for one in range(12 * 6 + 1)
        for other in range(11 * 6 + 1)
        if (in_fifths(one / 12), in_fifths(other / 11)) == (told[12], told[11])
    }
    assert len(left & {*range(7)}) > 2
    truth = measured.measures.means.query("cohort == 'all'")
    cells = truth.merge(table[KEYS].assign(shown=True), on=KEYS, how="left")
    shown = cells.shown.notna().to_numpy()
    cells = cells.assign(place=places_of(cells))
    matrix = relations(cells, ["place", "wave"], {"place": adds_up(measured.units)}).matrix
    size = cells.w.to_numpy()
    small = np.flatnonzero((cells.n < 10) & ~shown)
    sums = np.where(shown, size * cells["mean"], np.nan)
    _, least, greatest = attack(matrix, sums, np.zeros(len(cells)), 6 * size, small)
    assert len(small) > 2
    assert ((greatest - least) / size[small]).min() >= 6 / 5 - 1e-3


def test_effects_of_plans_that_start_apart_are_sums_of_areas_means_too(tmp_path):
    codebook = build_codebook(make_form(["tryghed", "background"], ["da"]), wave_year=2026)
    days = ("2022-05-01", "2024-05-01", "2026-05-01")
    areas = AreasDrawn(14, [2, 2, 2, 3, 3, 3], invited=60, days=days)
    columns = {SCALE: codebook.scale(SCALE).columns}
    made = draw_study(KnownModel.simple(columns, loading=0.75), areas, seed=3)
    found = evaluate(write_drawn_study(made, codebook, tmp_path / "apart"), PLAN)
    effect = found.effects.query("cohort == 'all'").iloc[0]
    assert effect.estimator.startswith("doubly robust")
    coefficients = effect_coefficients(found, SCALE)
    means = found.measures.measures.means.loc[coefficients.index, "mean"]
    assert coefficients @ means == pytest.approx(effect.estimate)
