"""All tables of a place hidden together: one small area costs as few others their page as can be."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from instruments import make_form
from processing import (
    AreasDrawn,
    KnownModel,
    area_results,
    attack,
    build_codebook,
    disclose,
    draw_study,
    study_measures,
    write_drawn_study,
)
from processing.measuring.published_tables import relations
from processing.telling.places_told import adds_up, places_of

DARK = "tryghed_t1_out_dark"
PLACE = ["level", "unit", "wave"]


@pytest.fixture(scope="module")
def codebook():
    return build_codebook(make_form(["tryghed", "background"], ["da"]), wave_year=2026)


@pytest.fixture(scope="module")
def told(codebook, tmp_path_factory):
    """Forty areas, twenty with a plan, of which one has few answers: by how many, and in how many groups."""
    scales = {one.name: one.columns for one in codebook.scales}
    drawn = draw_study(
        KnownModel.simple(scales, loading=0.75), AreasDrawn(40, [2] * 20, invited=60), seed=8
    )

    def tell(few, groups):
        keys = sorted(drawn.tables[2]["areas"]["area"])
        of = pd.DataFrame({"area_group": [f"B{at % groups}" for at in range(40)], "area": keys})
        of = of.assign(name="B", level="boligområde", valid_from=None, valid_to=None)
        rows, tables = {}, {}
        for wave, answers in drawn.waves.items():
            left_out = answers.index[answers.area == keys[3]][few:]
            rows[wave] = answers.drop(left_out).reset_index(drop=True)
            counts = drawn.tables[wave]["dispositions"].copy()
            counts.loc[counts.area == keys[3], ["started", "finished"]] = few
            tables[wave] = {**drawn.tables[wave], "dispositions": counts, "area_group": of}
        study = write_drawn_study(
            replace(drawn, waves=rows, tables=tables),
            codebook,
            tmp_path_factory.mktemp("joint") / "s",
        )
        found = study_measures(study)
        return keys[3], found, area_results(study, found, [DARK])

    return tell


@pytest.mark.parametrize(
    ("few", "groups", "others"),
    [
        (1, 5, 1),
        (3, 5, 1),  # a neighbour in its group and its plan
        (7, 5, 1),  # enough to tell the response of, and no mean
        (3, 20, 3),  # its group's other area has no plan: two of another group go round with them
    ],
)
def test_one_tiny_area_among_forty_costs_as_few_others_their_page_as_can_be(
    few, groups, others, told
):
    tiny, found, table = told(few, groups)
    means = table[(table.measure == "mean") & (table.level == "afdeling") & (table.wave == 2)]
    without = set(means[means.hidden == 1].unit)
    assert tiny in without
    assert len(without) == 1 + others
    # The same ones in all scales, and in how many answered; and no total of any level.
    assert (means[means.unit.isin(without)].hidden == 1).all()
    answered = table[(table.measure == "answered") & (table.wave == 2)]
    silent = set(answered[answered.hidden == 1].unit)
    assert silent == (without if few < 5 else set())
    whole = table[(table.level != "afdeling") & table.measure.isin(["mean", "answered"])]
    assert (whole.hidden == 0).all()
    assert _narrowest_mean(found, table) >= 20 - 1e-3
    if silent:
        assert _narrowest_count(found, table) >= 5 - 1e-6


def _narrowest_mean(found, table):
    """Over all scales at once: the least width, in points, of what a mean of few must lie in."""
    means = found.measures.means
    cells = means[means.cohort == "all"].rename(columns={"scale": "name"})
    shown = table.loc[(table.measure == "mean") & (table.hidden == 0), ["name", *PLACE]]
    cells = cells.merge(shown.assign(shown=True), on=["name", *PLACE], how="left")
    cells = cells.assign(place=places_of(cells))
    matrix = relations(cells, ["name", "place", "wave"], {"place": adds_up(found.units)}).matrix
    size = cells.w.to_numpy()
    known = cells.shown.notna().to_numpy()
    small = np.flatnonzero((cells.n < 10) & ~known)
    assert not ((cells.n < 10) & known).any()
    assert len(small)
    sums = np.where(known, size * cells["mean"], np.nan)
    _, least, greatest = attack(matrix, sums, np.zeros(len(cells)), 100 * size, small)
    return ((greatest - least) / size[small]).min()


def _narrowest_count(found, table):
    """Of how many answered, where the invited are known everywhere."""
    cells = table[table.measure == "answered"].reset_index(drop=True)
    cells = cells.assign(place=places_of(cells))
    matrix = relations(cells, ["place", "wave"], {"place": adds_up(found.units)}).matrix
    known = np.where(cells.hidden == 1, np.nan, cells.n)
    _, least, greatest = attack(matrix, known, np.zeros(len(cells)), cells.invited.to_numpy(float))
    return (greatest - least).min()


def test_what_another_table_hides_hides_others_here_and_is_no_secret_itself():
    cells = pd.DataFrame({"place": list("abcd"), "n": [4, 60, 20, 30], "mean": [40.0, 55, 60, 50]})
    whole = float((cells.n * cells["mean"]).sum() / cells.n.sum())
    cells.loc[4] = ["all", cells.n.sum(), whole]
    parents = {"place": dict.fromkeys("abcd", "all")}

    def hidden(**marks):
        found = disclose(cells, ["place"], parents, mean="mean", **marks).frame
        return "".join(cells.place[found["mean"].isna()])

    assert hidden() == "ac"
    assert hidden(silent=cells.place == "b") == "ab"
    assert hidden(spare=cells.place == "d") == "ad"
    # What was hidden before stays as uncertain as it was to be.
    assert hidden(before=cells.place == "b") == "ab"


def test_scales_of_one_page_are_hidden_together_and_alone_without_it():
    rng = np.random.default_rng(4)
    areas = [f"a{at}" for at in range(8)]
    cells = pd.DataFrame(
        [(scale, area, 4 if area == "a0" else int(rng.integers(20, 40))) for scale in "xyz" for area in areas],
        columns=["scale", "place", "n"],
    )  # fmt: skip
    whole = cells.groupby("scale", as_index=False)["n"].sum().assign(place="all")
    cells = pd.concat([cells, whole], ignore_index=True)
    parents = {"place": dict.fromkeys(areas, "all")}
    keys = ["scale", "place"]

    def hidden(**how):
        return set(cells.place[disclose(cells, keys, parents, **how).frame["n"].isna()])

    assert len(hidden()) > 2
    assert len(hidden(pages=[["place"]])) == 2


def test_places_that_hide_one_another_are_found_however_many_scales_there_are():
    """Sets that nothing ties together are solved apart, so that all places of a scale are in one."""
    areas = [f"a{at:02}" for at in range(40)]
    group = {area: [f"g{at % 20}", f"p{at // 20}"] for at, area in enumerate(areas)}
    names = [f"s{at}" for at in range(12)]
    places = [*areas, *dict.fromkeys(one for of in group.values() for one in of)]
    cells = pd.DataFrame([(name, at) for name in names for at in places], columns=["s", "place"])
    parents = {"place": group}
    found = relations(cells, ["s", "place"], parents, block=100)
    assert {len(block) for block in found.blocks} == {62}
    assert sorted(np.concatenate(found.blocks)) == [*range(12 * 62)]


def test_a_mean_that_says_what_all_ten_answered_is_hidden_as_a_small_one(codebook, tmp_path):
    scales = {"tryghed_t1": codebook.scale("tryghed_t1").columns}
    areas = AreasDrawn(5, [], invited=60, days=("2022-05-01",))
    drawn = draw_study(KnownModel.simple(scales, loading=0.75), areas, seed=4)
    rows = drawn.waves[1]
    alike, one_other = sorted(rows.area.unique())[:2]
    for area in (alike, one_other):
        rows.loc[rows.area == area, list(scales["tryghed_t1"])] = np.int16(1)
    first = rows.index[rows.area == one_other][0]
    rows.loc[first, scales["tryghed_t1"][0]] = np.int16(2)
    study = write_drawn_study(drawn, codebook, tmp_path / "alike")
    found = study_measures(study)
    table = area_results(study, found)
    means = table[(table.measure == "mean") & (table.name == "tryghed_t1")].set_index("unit")
    assert means.hidden[[alike, one_other]].tolist() == [1, 1]
    cells = found.measures.means.query("scale == 'tryghed_t1' and cohort == 'all'")
    shown = means.hidden.reindex(cells.unit).to_numpy() == 0
    size = cells.w.to_numpy()
    known = np.where(shown, size * cells["mean"], np.nan)
    adds = relations(
        cells.assign(place=places_of(cells)), ["place", "wave"], {"place": adds_up(found.units)}
    )
    at, least, most = attack(adds.matrix, known, np.zeros(len(cells)), 100 * size)
    wide = (most - least) / size[at] * np.maximum(cells.n.to_numpy()[at], 10) / 10
    assert wide.min() >= 20 - 1e-3
