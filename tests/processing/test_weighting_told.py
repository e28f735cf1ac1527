"""By what answers are weighted in all that leaves a study, and what was told of it before."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from instruments import make_form
from processing import (
    AreasDrawn,
    KnownModel,
    ResidentsDrawn,
    StatisticsError,
    Study,
    StudyTerms,
    area_results,
    build_codebook,
    draw_study,
    evaluate,
    feed,
    kept_told,
    memory_of,
    plan_of,
    public_measures,
    read_study,
    remember,
    study_measures,
    told_before,
    write_drawn_study,
)
from processing.datasets.told_file import chained
from processing.measuring.study_weights import study_weights

SCALE = "tryghed_t1"
PLAN = plan_of(b"primary: [tryghed_t1]\ntreatment: [helhedsplan]\ndraws: 99\n")
BASE = plan_of(b"primary: [tryghed_t1]\ntreatment: [helhedsplan]\ndraws: 99\nweights: base\n")


@pytest.fixture(scope="module")
def drawn():
    """Eight areas, of which wave 1 knew no groups, and wave 2 says that ages have an order."""
    codebook = build_codebook(make_form(["tryghed", "background"], ["da"]), wave_year=2026)
    model = KnownModel.simple({SCALE: codebook.scale(SCALE).columns}, loading=0.75)
    days = ("2022-05-01", "2024-05-01")
    areas = AreasDrawn(8, [2] * 4, invited=90, residents=300, days=days)
    made = draw_study(model, areas, seed=3, residents=ResidentsDrawn())
    first = made.tables[1]
    first["area_group"] = first["area_group"].iloc[:0]
    for wave, ordered in ((1, False), (2, True)):
        table = made.tables[wave]["margins"]
        of_age = table["variable"] == "background_age_band"
        made.tables[wave]["margins"] = table.assign(ordered=of_age & ordered)
    return codebook, made


@pytest.fixture(scope="module")
def whole(drawn, tmp_path_factory):
    codebook, made = drawn
    return write_drawn_study(made, codebook, tmp_path_factory.mktemp("weighting") / "here")


@pytest.fixture(scope="module")
def now(whole):
    """As the study lays down."""
    return study_measures(whole)


@pytest.fixture(scope="module")
def before(whole):
    """As the first wave was weighted when it was alone."""
    return public_measures(first(whole))


@pytest.fixture
def study(whole, tmp_path):
    """A copy of it that nothing was told of yet."""
    shutil.copytree(whole.folder, tmp_path / "here")
    return read_study(tmp_path / "here")


def first(study):
    return Study(study.folder, study.manifest, study.waves[:1])


def with_terms(study, **terms):
    """As if a plan with these terms had been registered before the last wave was frozen."""
    last = study.waves[-1]
    said = {**last.manifest, "terms": terms}
    return Study(study.folder, study.manifest, (*study.waves[:-1], replace(last, manifest=said)))


def means(found, wave=1):
    """Means of afdelinger and of all, which do not change with groups."""
    of = found.measures.means.query("scale == @SCALE and cohort == 'all' and wave == @wave")
    of = of[of["level"].isin(["afdeling", "study"])]
    return of.set_index(["level", "unit"])["mean"].sort_index()


def told_of(table, column="estimate"):
    rows = table[(table["measure"] == "mean") & (table["hidden"] == 0)]
    name = "scale" if "scale" in rows else "name"
    rows = rows[rows[name] == SCALE]
    rows = rows if "cohort" not in rows else rows[rows["cohort"] == "all"]
    return rows.set_index(["level", "unit", "wave"])[column].sort_index()


def test_groups_and_orders_that_come_later_leave_a_told_wave_as_it_was(study, before, now):
    early = first(study)
    assert before.weight == "calibrated within afdeling"
    path = remember(early, feed(early, before), before)
    assert now.weight == "calibrated within boligområde"
    assert np.abs(means(now) - means(before)).max() > 0.1
    with pytest.raises(
        StatisticsError, match="wave 1: it was told in public by weights calibrated"
    ):
        feed(study, now, earlier=told_before(study))

    public = public_measures(study)
    np.testing.assert_allclose(means(public), means(before), rtol=1e-12)
    np.testing.assert_allclose(means(public, 2), means(now, 2), rtol=1e-12)
    assert public.weight.endswith(
        "; wave 1 as told in public before: weights calibrated within afdeling"
    )
    assert kept_told(public, study.codebook, "en").startswith(
        "Weighted as before: wave 1 by register counts within afdelinger, as when it was first told"
    )
    assert kept_told(now, study.codebook, "en") == ""
    memory = told_before(study)
    table = feed(study, public, earlier=memory)
    remember(study, table, public, earlier=memory)
    # Of wave 2 the order of ages is kept with it.
    known = told_before(study).weightings
    assert (known[1].ordered, known[2].ordered) == ((), ("background_age_band",))
    assert {len(areas) for areas in known[2].units.values()} == {3, 2}
    # An effect beside them is of the same means, and explores: the plan does not weight so.
    effects = evaluate(study, PLAN, measured=public_measures(study, PLAN), registered=True)
    assert effects.reweighted
    assert set(effects.effects["kind"]) == {"exploratory"}
    both = feed(study, effects.measures, effects, earlier=told_before(study))
    np.testing.assert_array_equal(told_of(both), told_of(table).reindex(told_of(both).index))
    # A memory of before orders and groups were kept binds by level and adults.
    older = json.loads(path.read_text())["tellings"][0]
    older["weightings"] = [[1, "afdeling", "", []]]
    del older["weighted"], older["chain"]
    older["chain"] = chained("", older)
    path.write_text(json.dumps({"tellings": [older]}))
    for wave in study.waves:
        (wave.folder / "told.json").unlink()
    [known] = told_before(study).weightings.values()
    assert known.like(before.weighed.weightings[1])
    assert not known.like(now.weighed.weightings[1])


def test_a_registered_plan_says_by_what_everything_is_weighted(study, now):
    laid_down = with_terms(study, **BASE.terms.to_dict())
    found = public_measures(laid_down)
    assert found.weight == "base_weight"
    page = area_results(laid_down, found)
    public = feed(laid_down, found)
    confirmed = evaluate(laid_down, BASE, registered=True)
    assert not confirmed.reweighted
    assert "confirmatory" in set(confirmed.effects["kind"])
    beside = feed(laid_down, confirmed.measures, confirmed)
    for table in (public, beside):
        one = told_of(table)
        np.testing.assert_array_equal(one, told_of(page).round().reindex(one.index))
    # Another plan at hand changes no mean in public; its own effects are for those under agreement.
    other = evaluate(laid_down, PLAN, measured=public_measures(laid_down, PLAN), registered=True)
    assert other.reweighted
    np.testing.assert_allclose(means(other.measures), means(found), rtol=1e-12)
    assert not evaluate(laid_down, PLAN, measured=now).reweighted
    assert np.abs(means(now) - means(found)).max() > 0.1


def test_where_no_plan_was_registered_the_first_telling_says_it(study):
    effects = evaluate(study, BASE, measured=public_measures(study, BASE))
    assert effects.measures.weight == "base_weight"
    remember(study, feed(study, effects.measures, effects), effects)
    # Pages that come later, and feeds without the plan, are of the same means.
    np.testing.assert_allclose(means(public_measures(study)), means(effects.measures), rtol=1e-12)
    assert memory_of(study).exists()


def test_adults_are_counted_wave_by_wave_as_they_were_told(study):
    told = study_weights(study, StudyTerms(weights="base")).weightings
    terms = StudyTerms(adults="background_adults", weights="base")
    made = study_weights(study, terms, kept={1: told[1]})
    assert {wave: one.adults for wave, one in made.weightings.items()} == {1: "", 2: terms.adults}
    rows = study.responses(["base_weight", "open_link", "wave", terms.adults])
    plain, heavier = study_weights(study, StudyTerms(weights="base")), study_weights(study, terms)
    of_one = rows["wave"] == 1
    np.testing.assert_allclose(made.of(rows)[of_one], plain.of(rows)[of_one])
    np.testing.assert_allclose(made.of(rows)[~of_one], heavier.of(rows)[~of_one])
