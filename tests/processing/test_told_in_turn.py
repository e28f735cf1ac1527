"""The feed and pages one after the other: what either told binds both, and nothing more than that."""

from dataclasses import replace

import numpy as np
import pytest

from instruments import make_form
from processing import (
    AreasDrawn,
    KnownModel,
    Study,
    area_results,
    build_codebook,
    draw_study,
    feed,
    plan_laid_down,
    plan_of,
    planned_effects,
    remember,
    study_measures,
    told_before,
    why_hidden,
    write_drawn_study,
)

SCALE = "tryghed_t1"
INVITED = 120


@pytest.fixture
def make(tmp_path):
    codebook = build_codebook(make_form(["tryghed", "background"], ["da"]), wave_year=2026)
    model = KnownModel.simple({SCALE: codebook.scale(SCALE).columns}, loading=0.75)

    def make(areas, seed, change):
        drawn = draw_study(model, areas, seed=seed)
        change(drawn)
        return write_drawn_study(drawn, codebook, tmp_path / f"study-{seed}")

    return make


def test_effects_that_the_study_is_for_are_told_whoever_tells_first(tmp_path):
    """Of eight areas one had nine answers: beside the effect, others have to be hidden than without."""
    codebook = build_codebook(make_form(["tryghed", "background"], ["da"]), wave_year=2026)
    model = KnownModel.simple({SCALE: codebook.scale(SCALE).columns}, loading=0.75)
    drawn = draw_study(model, AreasDrawn(8, [2] * 4, invited=60), seed=1)
    rows, counts = drawn.waves[2], drawn.tables[2]["dispositions"]
    few = rows["area"].eq("9000-001")
    drawn.waves[2] = rows.drop(rows.index[few][9:]).reset_index(drop=True)
    counts.loc[counts["area"] == "9000-001", ["started", "finished"]] = 9
    plan = plan_of(b"primary: [tryghed_t1]\ntreatment: [helhedsplan]\ndraws: 99\n")
    study = write_drawn_study(drawn, codebook, tmp_path / "study", terms=plan.laid_down())
    assert replace(plan_laid_down(study), draws=99) == plan
    found = study_measures(study)
    planned = planned_effects(study, found)

    def told(table, scale="scale"):
        mine = table[(table["hidden"] == 0) & (table["measure"] == "mean")]
        mine = mine[(mine["level"] == "afdeling") & (mine[scale] == SCALE)]
        return set(zip(mine["unit"], mine["wave"], strict=True))

    def effect_shown(table):
        mine = table[(table["measure"] == "effect") & (table["cohort"] == "all")]
        return bool((mine["hidden"] == 0).all())

    first = feed(study, found, planned)
    assert effect_shown(first)
    # A feed without its plan hides for the effect too, and so do pages.
    plain = feed(study, found, planned=planned)
    pages = area_results(study, found, planned=planned)
    assert told(first) == told(plain) == told(pages, "name")
    assert told(pages, "name") != told(area_results(study, found), "name")
    remember(study, pages, found)
    after = feed(study, found, planned, earlier=told_before(study))
    assert effect_shown(after)
    assert told(after) == told(first)


def _first_wave(study):
    return Study(study.folder, study.manifest, study.waves[:1])


@pytest.mark.parametrize("seed", range(4))
def test_the_response_that_a_feed_told_is_known_when_pages_are_made(make, seed):
    """Three answered in one place of the first wave, and in another of the second."""
    random = np.random.default_rng(seed)
    sizes = {wave: random.integers(11, 30, 6) for wave in (1, 2)}
    sizes[1][0] = sizes[2][random.integers(1, 6)] = 3

    def cut(drawn):
        for wave, rows in drawn.waves.items():
            keys = sorted(drawn.tables[wave]["areas"]["area"])
            kept = dict(zip(keys, sizes[wave], strict=True))
            place = rows.groupby("area").cumcount() < rows["area"].map(kept)
            drawn.waves[wave] = rows[place].reset_index(drop=True)
            counts = drawn.tables[wave]["dispositions"]
            counts["started"] = counts["finished"] = counts["area"].map(kept)

    study = make(AreasDrawn(6, [], invited=INVITED), seed, cut)
    one = _first_wave(study)
    measured = study_measures(one)
    first = feed(one, measured)
    remember(one, first, measured)
    pages = area_results(study, study_measures(study), earlier=told_before(study))
    rates = first.query("measure == 'mean' and cohort == 'all' and level == 'afdeling'")
    rates = rates.dropna(subset=["response_rate"]).drop_duplicates("unit").set_index("unit")
    told = (rates["response_rate"] * INVITED).round().to_dict()
    answered = pages.query("measure == 'answered' and wave == 1 and hidden == 0")
    told |= answered[answered.level == "afdeling"].set_index("unit")["n"].to_dict()
    total = answered[answered.level == "study"]
    # Whoever has both adds them up: with the total told, two places at least are left over.
    assert len(total) == 0 or 6 - len(told) >= 2
    assert "9000-000" not in told


def test_a_total_that_is_new_is_free_where_its_places_are_the_same(make):
    """Plans begin in the second wave, and have a before in the first, which was told without them."""
    study = make(AreasDrawn(10, [2] * 5, invited=80), 9, lambda _: None)
    one = _first_wave(study)
    measured = study_measures(one)
    remember(one, feed(one, measured), measured)
    again = feed(study, study_measures(study), earlier=told_before(study))
    means = again.query("measure == 'mean' and cohort == 'all'")
    assert {("plan", 1), ("plan", 2)} <= set(zip(means.level, means.wave, strict=True))
    assert (means.hidden == 0).all()


def test_pages_of_a_wave_that_nobody_counted_hide_nothing_in_the_feed(make):
    def uncounted(drawn):
        drawn.tables[1]["dispositions"] = drawn.tables[1]["dispositions"].iloc[:0]

    study = make(AreasDrawn(8, [2] * 4), 2, uncounted)
    measured = study_measures(study)
    pages = area_results(study, measured)
    assert set(why_hidden(study, measured, pages).why) == {"uncounted"}
    remember(study, pages, measured)
    assert (feed(study, measured, earlier=told_before(study)).hidden == 0).all()
