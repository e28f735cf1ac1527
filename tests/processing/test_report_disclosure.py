"""All that the researchers' report prints, attacked with the places it shows and with the public feed."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from instruments import make_form
from processing import (
    AreasDrawn,
    KnownModel,
    attack,
    build_codebook,
    draw_study,
    evaluate,
    feed,
    plan_of,
    report_document,
    small_cells,
    write_drawn_study,
)
from processing.effects.effect_means import (
    TWO_WAY,
    beside_of,
    coefficients_beside,
    effect_coefficients,
)
from processing.measuring.published_tables import relations
from processing.telling.places_told import adds_up, places_of
from processing.telling.small_cells import EFFECT

SCALE = "tryghed_t1"
PLAN = plan_of(b"primary: [tryghed_t1]\ntreatment: [helhedsplan]\ndraws: 99\n")


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory):
    """Nine areas in four waves, plans from the second and from the third on; few in one of them."""
    codebook = build_codebook(make_form(["tryghed", "background"], ["da"]), wave_year=2026)
    columns = {SCALE: codebook.scale(SCALE).columns}
    days = ("2020-05-01", "2022-05-01", "2024-05-01", "2026-05-01")
    areas = AreasDrawn(9, [2, 2, 2, 3, 3, 3], invited=60, days=days)
    made = draw_study(KnownModel.simple(columns, loading=0.75), areas, seed=5)
    tiny = sorted(made.tables[1]["areas"]["area"])[3]
    for wave in (2, 3):
        rows, counts = made.waves[wave], made.tables[wave]["dispositions"]
        left_out = rows.index[rows.area == tiny][6:]
        made.waves[wave] = rows.drop(left_out).reset_index(drop=True)
        counts.loc[counts.area == tiny, ["started", "finished"]] = 6
    study = write_drawn_study(made, codebook, tmp_path_factory.mktemp("printed") / "s")
    return study, evaluate(study, PLAN)


def narrowest(evaluation, shown, sums):
    means = evaluation.measures.measures.means
    cells = means[(means.scale == SCALE) & (means.cohort == "all")].reset_index(names="at")
    cells = cells.assign(place=places_of(cells))
    key = cells[["level", "unit", "wave"]].itertuples(index=False, name=None)
    known = np.array([(SCALE, level, unit, "all", wave) in shown for level, unit, wave in key])
    parents = {"place": adds_up(evaluation.measures.units)}
    matrix = relations(cells, ["place", "wave"], parents).matrix
    size = cells.w.to_numpy()
    made = np.array([one.reindex(cells["at"]).fillna(0).to_numpy() for one in sums])
    tied = sparse.bmat(
        [[matrix, None], [sparse.csr_matrix(made / size), -sparse.identity(len(sums))]]
    ).tocsr()
    values = made @ cells["mean"].to_numpy()
    sums_known = np.append(np.where(known, size * cells["mean"], np.nan), values)
    low = np.append(np.zeros(len(cells)), np.full(len(sums), -100.0))
    high = np.append(100 * size, np.full(len(sums), 100.0))
    small = np.flatnonzero((cells.n < 10) & ~known)
    assert len(small)
    _, least, greatest = attack(tied, sums_known, low, high, small)
    return ((greatest - least) / size[small]).min()


def test_effects_by_exposure_are_sums_of_means_with_known_coefficients(evaluation):
    _, found = evaluation
    printed = beside_of(found, SCALE)
    made = coefficients_beside(found, SCALE)
    assert set(made) == set(printed)
    assert {what for what, _ in printed} == {"exposure", "years", "two-way"}
    means = found.measures.measures.means["mean"]
    for what, coefficients in made.items():
        assert coefficients @ means.loc[coefficients.index] == pytest.approx(printed[what])


def test_what_a_report_prints_gives_no_small_mean_away_beside_its_places_and_the_feed(evaluation):
    study, found = evaluation
    cells = small_cells(study, found.measures, evaluation=found)
    beside = coefficients_beside(found, SCALE)
    headline = effect_coefficients(found, SCALE)
    # Places and effects are the public feed's, so that two of them tell no more than one.
    table = feed(study, found.measures, found)
    told = table[(table.measure == "mean") & (table.hidden == 0)]
    keys = ["scale", "level", "unit", "cohort", "wave"]
    assert set(told[keys].itertuples(index=False, name=None)) == cells.shown
    effect = table[(table.measure == "effect") & (table.cohort == "all") & (table.scale == SCALE)]
    assert cells.may_tell(SCALE) == bool((effect.hidden == 0).all())
    assert cells.may_tell(SCALE)
    # All of it printed would tell; what is printed does not.
    assert narrowest(found, cells.shown, [headline, *beside.values()]) < 10
    printed = [made for what, made in beside.items() if cells.may_tell(SCALE, "all", what)]
    assert 0 < len(printed) < len(beside)
    assert narrowest(found, cells.shown, [headline, *printed]) >= 20 - 1e-3


def test_a_report_says_what_it_withholds(evaluation):
    study, found = evaluation
    cells = small_cells(study, found.measures, evaluation=found)
    told = str(report_document(study, found, language="en", cells=cells))
    assert "some of these figures would give away a place" in told
    every = {(SCALE, "all", what) for what in (EFFECT, TWO_WAY, *beside_of(found, SCALE))}
    none = type(cells)(cells.shown, cells.limits, frozenset(every))
    bare = str(report_document(study, found, language="en", cells=none))
    # In every part that would tell of it, and none says that there was nothing before.
    assert bare.count("is not shown: with the other figures it would give away") >= 5
    assert "No areas have figures both before and after" not in bare
    # Neither the number nor its interval stands anywhere.
    row = found.effects[(found.effects.scale == SCALE) & (found.effects.cohort == "all")].iloc[0]
    said = f"{abs(row.estimate):.1f}"
    assert said in told
    assert f"'{row.estimate:+.1f}" not in bare.replace("−", "-")
    assert pd.notna(row.low)
