"""Told again: after one more wave, by another plan, by other weights, and with the memory of it lost."""

import json
import shutil
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
    StatisticsError,
    Study,
    ToldBefore,
    area_results,
    attack,
    build_codebook,
    check,
    draw_study,
    evaluate,
    feed,
    join_waves,
    plan_of,
    public_measures,
    read_study,
    remember,
    study_measures,
    told_before,
    write_drawn_study,
    write_feed,
    write_study,
)
from processing.effects.effect_means import effect_coefficients
from processing.measuring.published_tables import relations
from processing.telling.effects_told import cohort_effects_that_tell, effect_sums, told_effects
from processing.telling.places_told import adds_up, places_of
from processing.telling.told_before import ToldEffect

SCALE = "tryghed_t1"
NO_CELLS = pd.DataFrame(
    columns=["measure", "name", "level", "unit", "cohort", "wave", "hidden", "n"]
)
STAYERS = pd.DataFrame({"name": [SCALE], "cohort": ["stayer"], "wave": [2]})
PLAN = plan_of(b"primary: [tryghed_t1]\ntreatment: [helhedsplan]\ndraws: 99\n")


@pytest.fixture(scope="module")
def drawn():
    """Ten areas in three waves, five with a plan from the second on; six answered in one at first."""
    codebook = build_codebook(make_form(["tryghed", "background"], ["da"]), wave_year=2026)
    columns = {SCALE: codebook.scale(SCALE).columns}
    days = ("2022-05-01", "2024-05-01", "2026-05-01")
    areas = AreasDrawn(10, [2] * 5, invited=60, days=days)
    made = draw_study(KnownModel.simple(columns, loading=0.75), areas, seed=11)
    tiny = sorted(made.tables[1]["areas"]["area"])[1]
    for wave in (1, 2):
        rows, counts = made.waves[wave], made.tables[wave]["dispositions"]
        left_out = rows.index[rows.area == tiny][6:]
        made.waves[wave] = rows.drop(left_out).reset_index(drop=True)
        counts.loc[counts.area == tiny, ["started", "finished"]] = 6
    return codebook, made


@pytest.fixture(scope="module")
def whole(drawn, tmp_path_factory):
    codebook, made = drawn
    return write_drawn_study(made, codebook, tmp_path_factory.mktemp("second") / "again")


@pytest.fixture
def study(whole, tmp_path):
    """A copy of it that nothing was told of yet."""
    shutil.copytree(
        whole.folder.parent, tmp_path / "here", ignore=shutil.ignore_patterns("*-told*")
    )
    return read_study(tmp_path / "here" / whole.folder.name)


def first_two(study):
    return Study(study.folder, study.manifest, study.waves[:2])


@pytest.fixture(scope="module")
def before(whole):
    return evaluate(first_two(whole), PLAN)


@pytest.fixture(scope="module")
def after(whole):
    return evaluate(whole, PLAN)


def told(study, evaluation, earlier=None):
    return feed(study, evaluation.measures, evaluation, earlier=earlier)


def effect_shown(table, cohort="all"):
    rows = table[(table.measure == "effect") & (table.cohort == cohort) & (table.scale == SCALE)]
    return bool((rows.hidden == 0).all())


def narrowest(evaluation, tables, sums):
    """The least width of a mean of few, where all that any table shows and these sums are known."""
    means = evaluation.measures.measures.means
    cells = means[(means.scale == SCALE) & (means.cohort == "all")].reset_index(names="at")
    keys = ["level", "unit", "wave"]
    shown = pd.concat([one[(one.measure == "mean") & (one.cohort == "all")] for one in tables])
    shown = shown.loc[(shown.hidden == 0) & (shown.scale == SCALE), keys].drop_duplicates()
    cells = cells.merge(shown.assign(shown=True), on=keys, how="left")
    cells = cells.assign(place=places_of(cells))
    parents = {"place": adds_up(evaluation.measures.units)}
    matrix = relations(cells, ["place", "wave"], parents).matrix
    size, known = cells.w.to_numpy(), cells.shown.notna().to_numpy()
    named = pd.MultiIndex.from_frame(cells[["unit", "wave"]])
    rows, values = [], []
    for at in sums:
        made = pd.Series(at).reindex(named).fillna(0).to_numpy()
        made = np.where(cells.level == "afdeling", made, 0)
        rows.append(made / size)
        values.append(float(made @ cells["mean"]))
    extra = sparse.csr_matrix(np.array(rows).reshape(-1, len(cells)))
    tied = sparse.bmat([[matrix, None], [extra, -sparse.identity(len(rows))]]).tocsr()
    all_known = np.append(np.where(known, size * cells["mean"], np.nan), values)
    small = np.flatnonzero((cells.n < 10) & ~known)
    assert len(small)
    low, high = np.zeros(len(all_known)), np.append(100 * size, np.full(len(rows), 100.0))
    low[len(cells) :] = -100
    _, least, greatest = attack(tied, all_known, low, high, small)
    return ((greatest - least) / size[small]).min()


def coefficients(evaluation, cohort="all"):
    made = effect_coefficients(evaluation, SCALE, cohort)
    of = evaluation.measures.measures.means.loc[made.index]
    return {
        (unit, int(wave)): value for unit, wave, value in zip(of.unit, of.wave, made, strict=True)
    }


def test_an_effect_after_one_more_wave_is_attacked_with_the_one_before(study, before, after):
    early = first_two(study)
    first = told(early, before)
    assert effect_shown(first)
    remember(early, first, before)
    # Without memory of the effect the second one is told too, and the two solve for what is hidden.
    memory = told_before(study)
    careless = told(study, after, replace(memory, effects=()))
    assert effect_shown(careless)
    both = [coefficients(before), coefficients(after)]
    assert narrowest(after, [first, careless], both) < 1e-6
    # With it further cells are hidden, or the effect.
    second = told(study, after, memory)
    sums = both if effect_shown(second) else both[:1]
    assert narrowest(after, [first, second], sums) >= 20 - 1e-3
    # The same effect told once more is nothing new.
    assert effect_shown(told(early, before, memory))
    # A page of places is counted after an effect was told: it stands beside that too.
    pages = area_results(study, after.measures, earlier=memory).rename(columns={"name": "scale"})
    assert narrowest(after, [first, pages.assign(cohort="all")], both[:1]) >= 20 - 1e-3


def test_another_plans_effect_is_told_where_the_two_give_nothing_away(study, before):
    early = first_two(study)
    first = told(early, before)
    remember(early, first, before)
    memory = told_before(study)
    areas = sorted(set(early.table("areas").area))
    # Compared without the small one's partner it is another sum of the same hidden means.
    partner = first.query("measure == 'mean' and level == 'afdeling' and wave == 2 and hidden == 1")
    others = [area for area in areas[5:] if area not in set(partner.unit)]
    evaluation = evaluate(early, replace(PLAN, hash="another", comparison=tuple(others)))
    second = told(early, evaluation, memory)
    assert not effect_shown(second)
    assert narrowest(evaluation, [first, second], [coefficients(before)]) >= 20 - 1e-3
    # Told it would be found; and where six answers are enough for a mean it is told.
    both = [coefficients(before), coefficients(evaluation)]
    assert narrowest(evaluation, [first, second], both) < 20
    known = ToldBefore(NO_CELLS, told_effects(before, STAYERS.assign(cohort="all")))
    enough = DisclosureLimits(mean_n=6)
    free = feed(early, evaluation.measures, evaluation, limits=enough, earlier=known)
    assert effect_shown(free)
    # The same sum under another plan's name tells nothing that the first did not.
    renamed = replace(before, plan=replace(PLAN, hash="renamed"))
    same = told(early, renamed, memory).query("measure == 'effect'").hidden
    assert same.tolist() == first.query("measure == 'effect'").hidden.tolist()


def test_a_second_sum_of_stayers_is_attacked_with_the_first(before):
    """Areas' means of stayers are told nowhere; of two areas two sums with the whole tell both."""
    means = before.measures.measures.means
    limits = DisclosureLimits()
    memory = ToldBefore(NO_CELLS, told_effects(before, STAYERS))
    assert cohort_effects_that_tell(means, before, memory, limits) == set()
    made = coefficients(before, "stayer")
    # All but the small area's: less the first sum, it is that area's.
    small = sorted(before.measures.units.area.unique())[1]
    but_one = {at: value for at, value in made.items() if at != (small, 1)}
    assert len(but_one) == len(made) - 1
    known = ToldEffect(SCALE, "stayer", "another", 2, but_one)
    lost = ToldEffect(SCALE, "stayer", "another", 2, {("merged since", 1): 1.0})
    for effect in (known, lost):
        memory = ToldBefore(NO_CELLS, (effect,))
        assert cohort_effects_that_tell(means, before, memory, limits) == {(SCALE, "stayer")}


def test_an_effect_is_another_sum_where_anybody_left_an_area_since_shown_or_not(before):
    means = before.measures.measures.means
    for cohort in ("all", "stayer"):
        [effect] = told_effects(before, STAYERS.assign(cohort=cohort))
        assert effect_sums(means, before, ToldBefore(NO_CELLS, (effect,)), cohort).told == ()
        at, (n, weight) = next(iter(effect.sizes.items()))
        more = replace(effect, sizes={**effect.sizes, at: (n + 1, weight + 1)})
        [then] = effect_sums(means, before, ToldBefore(NO_CELLS, (more,)), cohort).told
        # It was their mean of then, by its weight; of a cohort how many there are is told nowhere.
        of = {(means.unit[cell], int(means.wave[cell])): (n, by) for (cell, n), by in then.items()}
        assert of[at][0] == (n + 1 if cohort == "all" else n)
        assert of[at][1] == pytest.approx(effect.coefficients[at] / (weight + 1))


def test_what_was_given_away_already_is_said_and_not_passed_over(study, before):
    small = sorted(before.measures.units.area.unique())[1]
    alone = ToldEffect(SCALE, "all", "another", 2, {(small, 1): 1.0})
    with pytest.raises(StatisticsError, match="effects told before: beside effects"):
        told(first_two(study), before, ToldBefore(NO_CELLS, (alone,)))


def test_a_wave_is_told_by_the_weights_it_was_told_by(study, after):
    found = after.measures
    path = write_feed(study, feed(study, found), found)
    memory = told_before(study)
    heavier = study_measures(study, adults="background_adults")
    for tell in (feed, area_results):
        with pytest.raises(StatisticsError, match=r"wave 1: it was told in public by base weights"):
            tell(study, heavier, earlier=memory)
    with pytest.raises(StatisticsError, match="--for-evaluator"):
        remember(study, feed(study, heavier), heavier)
    # Under an agreement nothing is remembered, and nothing refused.
    assert len(feed(study, heavier, audience="evaluator", earlier=memory))
    # A plan that is registered later weights otherwise; in public the first weights stand.
    last = study.waves[-1]
    terms = {**last.manifest, "terms": {"adults": "background_adults"}}
    later = Study(study.folder, study.manifest, (*study.waves[:-1], replace(last, manifest=terms)))
    assert study_measures(later).base.adults == "background_adults"
    said = "base_weight; wave 1, 2, 3 as told in public before: base weights"
    assert public_measures(later).weight == said
    assert path.exists()


def test_a_memory_of_before_tellings_were_chained_binds_as_it_did(study, after):
    found = after.measures
    path = remember(study, feed(study, found), found)
    cells = json.loads(path.read_text())["tellings"][0]["cells"]
    cells = [cell for cell in cells if cell[0] != "answered"]
    effect = ["effect", SCALE, "study", PLAN.hash, "all", 2, 0, None]
    path.write_text(json.dumps({"cells": [*cells, effect]}))
    for wave in study.waves:
        (wave.folder / "told.json").unlink()  # nor were waves marked then
    read = told_before(study)
    # A feed tells the response of places with a mean: that is known without a row of its own.
    own, response = (read.cells[(read.cells.measure == "answered") == one] for one in (False, True))
    frame = pd.DataFrame(cells, columns=own.columns[:-1]).assign(telling=0)
    pd.testing.assert_frame_equal(own, frame.astype(own.dtypes))
    assert len(response)
    assert read.effects == (ToldEffect(SCALE, "all", PLAN.hash, 2, {}),)
    remember(study, area_results(study, found, earlier=read), found, earlier=read)
    assert len(told_before(study).chain) == 2


def test_a_memory_that_is_lost_or_changed_is_missed_where_something_public_lies(study, after):
    found = after.measures
    table = feed(study, found)
    folder = write_feed(study, table, found)
    path = study.folder.with_name(f"{study.folder.name}-told.json")
    kept = path.read_bytes()
    said = json.loads(kept)
    assert json.loads((folder / "manifest.json").read_text())["told"] == said["tellings"][0]["told"]
    # Told again it is the same file, and another table is a link that covers the first.
    write_feed(study, table, found)
    assert path.read_bytes() == kept
    results = area_results(study, found, earlier=told_before(study))
    remember(study, results, found, earlier=told_before(study))
    assert len(told_before(study).chain) == 2
    path.unlink()
    with pytest.raises(DatasetError, match=r"does not hold what was told in .*-feed"):
        told_before(study)
    cell = said["tellings"][0]["cells"][0]
    cell[6] = 1 - cell[6]
    path.write_text(json.dumps(said))
    with pytest.raises(DatasetError, match="changed by hand"):
        told_before(study)
    # Where another study's name begins alike, its folder says nothing of this one.
    path.unlink()
    folder.rename(folder.with_name(f"{study.folder.name}-2-feed"))
    with pytest.raises(DatasetError, match="wave-1-freeze-1: something was told of it in public"):
        told_before(study)
    for wave in study.waves:
        (wave.folder / "told.json").unlink()
    assert told_before(study) is None


def test_waves_that_were_told_take_the_memory_along_wherever_they_are_joined(
    study, after, tmp_path
):
    found = after.measures
    path = remember(study, feed(study, found), found)
    known = told_before(study)
    assert check(study.folder) == []
    away = tmp_path / "away" / "joined"
    for wave in study.waves:
        shutil.copytree(wave.folder, away / wave.folder.name)
    with pytest.raises(
        DatasetError, match=f"kept in {path.name}: put that beside joined"
    ) as refused:
        join_waves(away)
    assert str(refused.value).count("something was told of it") == 3
    assert not (away / "manifest.json").exists()
    shutil.copy(path, away.parent)
    joined = join_waves(away)
    assert joined.hash == study.hash
    assert told_before(joined).chain == known.chain
    pd.testing.assert_frame_equal(told_before(joined).cells, known.cells)
    # A folder that got another name is the same study, and is missed without its memory.
    renamed = study.folder.rename(study.folder.with_name("renamed"))
    with pytest.raises(DatasetError, match=f"kept in {path.name}: .* renamed \\(it lies there\\)"):
        told_before(read_study(renamed))
    assert told_before(join_waves(renamed)).chain == known.chain
    # What is told there afterwards is chained to it, and a freeze marks what it lists.
    (renamed / study.waves[0].folder.name / "told.json").unlink()
    write_study(renamed, study.study, [renamed / wave.folder.name for wave in study.waves])
    assert all((renamed / wave.folder.name / "told.json").exists() for wave in study.waves)
