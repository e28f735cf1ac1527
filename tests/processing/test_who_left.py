"""Places that some left between tellings: whoever has all of them, in turn, finds no mean of few."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from instruments import make_form
from processing import (
    AreasDrawn,
    DisclosureLimits,
    KnownModel,
    ToldBefore,
    area_results,
    build_codebook,
    disclose,
    draw_study,
    feed,
    remember,
    study_measures,
    told_before,
    write_drawn_study,
)
from processing.measuring.earlier_cells import ToldThen
from processing.telling.means_that_tell import tells_of_all, tells_of_who_left
from processing.telling.told_means import change_rows
from processing.telling.told_then import told_of_others

SCALE = "tryghed_t1"
LIMITS = DisclosureLimits()
KEYS = ["level", "unit", "wave"]


@pytest.fixture(scope="module")
def drawn():
    """Four areas of one wave, of whom the last may be in a group of its own with the third."""
    codebook = build_codebook(make_form(["tryghed", "background"], ["da"]), wave_year=2026)
    columns = {SCALE: codebook.scale(SCALE).columns}
    areas = AreasDrawn(4, [], invited=60, days=("2024-05-01",))
    return codebook, draw_study(KnownModel.simple(columns, loading=0.75), areas, seed=11)


@pytest.fixture
def tell(drawn, tmp_path):
    """Tell a study again and again, by the feed and by pages in turn, as people leave its areas."""
    codebook, whole = drawn
    areas = sorted(whole.tables[1]["areas"]["area"])

    def tell(*finished):
        tellings = []
        for turn, sizes in enumerate(finished):
            kept = dict(zip(areas, sizes, strict=True))
            rows, counts = whole.waves[1], whole.tables[1]["dispositions"]
            rows = rows[rows.groupby("area").cumcount() < rows.area.map(kept)]
            n = counts.area.map(kept)
            tables = {**whole.tables[1], "dispositions": counts.assign(started=n, finished=n)}
            now = replace(whole, waves={1: rows.reset_index(drop=True)}, tables={1: tables})
            study = write_drawn_study(now, codebook, tmp_path / f"turn-{turn}" / "s")
            if turn:
                memory = tmp_path / f"turn-{turn - 1}" / "s-told.json"
                (tmp_path / f"turn-{turn}" / "s-told.json").write_bytes(memory.read_bytes())
            found = study_measures(study)
            earlier = told_before(study)
            by = area_results if turn % 2 else feed
            table = by(study, found, earlier=earlier)
            remember(study, table, found, earlier=earlier)
            shown = table[(table.measure == "mean") & (table.hidden == 0)]
            shown = shown.rename(columns={"scale": "name"}).query("name == @SCALE")
            shown = shown if turn % 2 else shown[shown.cohort == "all"]
            means = found.measures.means.query("scale == @SCALE and cohort == 'all'")
            means = means.set_index("unit").loc[[*areas, "study"], ["n", "w", "mean"]]
            # A feed tells beside a mean how many answered, and pages of every place that they may.
            counted = (
                shown if not turn % 2 else table.query("measure == 'answered' and hidden == 0")
            )
            known = {"shown": shown.unit, "counted": counted.unit}
            tellings.append(means.assign(**{of: means.index.isin(at) for of, at in known.items()}))
        return tellings

    return tell


def narrowest(tellings):
    """The least of what is open of a mean of few, as a share of what must be or of what one could have said.

    An attacker knows every weight and all that was shown to the last decimal; who left an area has said
    something from 0 to 100.
    """
    parts = len(tellings[0]) - 1
    size = parts * len(tellings)
    rows, known, less, most = [], [], [], []
    for turn, now in enumerate(tellings):
        sums = (now.w * now["mean"]).to_numpy()
        for at in np.flatnonzero(now.shown):
            row = np.zeros(size)
            row[turn * parts + (at if at < parts else np.arange(parts))] = 1
            rows.append(row)
            known.append(sums[at])
        for at in range(parts if turn else 0):
            row = np.zeros(size)
            row[(turn - 1) * parts + at], row[turn * parts + at] = 1, -1
            left = (tellings[turn - 1].w - now.w).iloc[at]
            less += [row, -row]
            most += [100 * left, 0]
    high = np.concatenate([100 * now.w.to_numpy()[:parts] for now in tellings])
    found = []
    for turn, now in enumerate(tellings):
        assert (now.n[now.shown] >= 10).all()
        for at in np.flatnonzero((now.n < 10).to_numpy()[:parts]):
            ends = []
            for sign in (1, -1):
                goal = np.zeros(size)
                goal[turn * parts + at] = sign
                made = linprog(
                    goal, np.array(less) if less else None, most or None, np.array(rows), known,
                    bounds=np.column_stack([np.zeros(size), high]),
                )  # fmt: skip
                ends.append(sign * made.fun)
            own = 20 * now.w.iloc[at]
            for other in tellings:
                if other.shown.iloc[at]:
                    then = (other.w * other["mean"]).iloc[at]
                    gone = 100 * (other.w - now.w).iloc[at]
                    own = min(own, min(then, 100 * now.w.iloc[at]) - max(then - gone, 0))
            found.append((ends[1] - ends[0]) / own)
    return min(found, default=np.inf)


def narrowest_count(tellings):
    """The least of what is open of a count under five: who knows all counts that were told at any time.

    Nobody comes to those who answered, so that as many as before or fewer are there.
    """
    parts = len(tellings[0]) - 1
    size = parts * len(tellings)
    rows, known, fewer = [], [], []
    for turn, now in enumerate(tellings):
        for at in np.flatnonzero(now.counted):
            row = np.zeros(size)
            row[turn * parts + (at if at < parts else np.arange(parts))] = 1
            rows.append(row)
            known.append(now.n.iloc[at])
        for at in range(parts if turn else 0):
            row = np.zeros(size)
            row[(turn - 1) * parts + at], row[turn * parts + at] = -1, 1
            fewer.append(row)
    found = []
    for turn, now in enumerate(tellings):
        assert (now.n[now.counted] >= 5).all()
        for at in np.flatnonzero((now.n < 5).to_numpy()[:parts]):
            goal = np.eye(size)[turn * parts + at]
            ends = [
                linprog(
                    sign * goal, np.array(fewer) if fewer else None, np.zeros(len(fewer)) if fewer else None,
                    np.array(rows), known, bounds=(0, 60),
                ).fun
                for sign in (1, -1)
            ]  # fmt: skip
            found.append(-ends[1] - ends[0])
    return min(found, default=np.inf)


@pytest.mark.parametrize(
    "finished",
    [
        ([12, 10, 15, 20], [12, 9, 15, 20]),  # a mean that was shown is of too few
        ([12, 10, 15, 20], [12, 4, 14, 20]),  # one left elsewhere too
        ([12, 6, 15, 20], [12, 4, 15, 20], [12, 4, 14, 20]),
        ([9, 4, 20, 17], [8, 1, 20, 17], [8, 1, 20, 17]),  # both of two hidden ones
        # hidden in the second telling, and the total of the first is one of more people in the third
        ([12, 15, 10, 15], [12, 15, 9, 15], [11, 15, 8, 15], [11, 15, 8, 14]),
        ([12, 11, 30, 6], [11, 11, 30, 6], [10, 11, 30, 6], [10, 10, 29, 6]),
    ],
)
def test_no_mean_of_few_is_found_with_all_tellings(finished, tell):
    tellings = tell(*finished)
    assert narrowest(tellings) >= 1 - 1e-3
    assert narrowest_count(tellings) >= 5 - 1e-6
    # Whom nobody left is shown as before: hiding what all know hides nothing.
    for one, other in pairwise(tellings):
        same = (one.n == other.n).to_numpy()[:-1]
        shown = one.shown.to_numpy()[:-1]
        assert other.shown.to_numpy()[:-1][same & shown].all()


@pytest.mark.parametrize("seed", range(3))
def test_nor_where_anybody_may_leave_any_place_at_the_limit(seed, tell):
    random = np.random.default_rng(seed)
    sizes = [random.integers(9, 13, 4)]
    for _ in range(2):
        sizes.append(np.maximum(sizes[-1] - random.binomial(2, 0.3, 4), 1))
    tellings = tell(*sizes)
    assert any((one.n < 10).any() for one in tellings)
    assert narrowest(tellings) >= 1 - 1e-3
    assert narrowest_count(tellings) >= 5 - 1e-6


def cells_of(finished, more):
    """Areas and the whole, told before as `more` says: name -> (n, hidden) in turn."""
    cells = pd.DataFrame({"unit": [*finished], "n": [*finished.values()]})
    cells.loc[len(cells)] = ["all", cells.n.sum()]
    level = np.where(cells.unit == "all", "study", "afdeling")
    cells = cells.assign(level=level, name="a", scale="a", cohort="all", wave=1, place=cells.unit)
    rows = [
        ("share", "a", "study" if unit == "all" else "afdeling", unit, "all", 1, hidden, n, turn)
        for unit, told in more.items()
        for turn, (n, hidden) in enumerate(told)
    ]
    columns = ["measure", "name", "level", "unit", "cohort", "wave", "hidden", "n", "telling"]
    return cells, ToldBefore(pd.DataFrame(rows, columns=columns))


def test_a_share_of_a_new_total_is_not_told_where_some_left_a_part_of_it():
    """What those who left had said is the old total, less the parts as they were, less the new one."""
    places = {"a": ("all", "new"), "b": ("all", "new"), "c": ("all",)}

    def lost(a, b, told):
        cells, earlier = cells_of({"a": a, "b": b, "c": 20}, told)
        cells.loc[len(cells)] = [*"?", a + b, "plan", "a", "a", "all", 1, "new"]
        return cells.place[told_of_others(cells, earlier, places)].tolist()

    shown = {"a": [(12, 0)], "b": [(15, 0)], "c": [(20, 0)], "all": [(47, 0)]}
    assert lost(12, 15, shown) == []
    assert lost(11, 15, shown) == ["a", "all", "new"]
    # Nobody noted how many there are in places that were hidden: it may have been any of them.
    hidden = {**shown, "a": [(np.nan, 1)], "b": [(np.nan, 1)]}
    assert lost(11, 15, hidden) == ["a", "b", "all", "new"]


def test_a_mean_is_not_told_again_that_gives_the_few_who_left_away(drawn):
    codebook, _ = drawn
    few = [(20, 12), (14, 10), (15, 13)]  # eight, four and two within twenty points
    told = [(11, 10), (60, 57), (30, 19)]  # one; three of sixty; eleven
    means = pd.DataFrame(
        {"unit": [f"u{at}" for at in range(6)], "n": [n for _, n in [*few, *told]]}
    )
    means = means.assign(scale=SCALE, level="afdeling", cohort="all", wave=1)
    before = means.assign(measure="mean", name=SCALE, hidden=0, n=[n for n, _ in [*few, *told]])
    hidden = tells_of_who_left(means, ToldBefore(before), codebook, LIMITS)
    assert hidden.tolist() == [True] * 3 + [False] * 3
    # As it was told once it may be told again.
    both = pd.concat([before, before.assign(n=means.n, telling=1)])
    assert not tells_of_who_left(means, ToldBefore(both), codebook, LIMITS).any()
    assert not tells_of_who_left(means, None, codebook, LIMITS).any()


def test_a_change_without_spread_is_what_each_changed_by():
    rows = pd.DataFrame({"scale": "a", "level": "study", "unit": ["x", "y"], "cohort": "all"})
    means = pd.concat([rows.assign(wave=wave, hidden=0) for wave in (1, 2)])
    changes = rows.assign(
        wave=2, wave_1=1, wave_2=2, n_2=20.0, change=25.0, standard_error=[0.0, 2.5], p=0.1
    )
    found = type("Found", (), {"measures": type("Measures", (), {"changes": changes})})
    assert change_rows(found, means).hidden.tolist() == [1, 0]


def test_the_least_step_of_a_variant_and_of_items_that_have_other_answers_than_five(drawn):
    codebook = build_codebook(make_form(["trivsel", "background"], ["da"]), wave_year=2026)
    scale = next(one for one in codebook.scales if one.variants)
    [(variant, left_out)] = scale.variants.items()
    answers = {len(codebook.variable(one).codes) for one in scale.columns}
    assert len(answers) == 1
    step = 100 / (len(scale.columns) - len(left_out)) / (answers.pop() - 1)

    def tells(*steps):
        """Twenty answers, of which these are so many steps from the lowest."""
        answers = step * np.array([*steps, *[0] * (20 - len(steps))])
        mean = {"n": 20, "mean": answers.mean(), "sd": answers.std(ddof=1)}
        means = pd.DataFrame([{**mean, "scale": f"{scale.name}_{variant}"}])
        [found] = tells_of_all(means, codebook, LIMITS)
        return bool(found)

    most = round(100 / step)
    # Nearly all lowest, or in the middle, or lowest but for one who is highest.
    for few in ([1] * 4, [most], [1, 1, most], [4] * 19 + [5], [4] * 16 + [5] * 4):
        assert tells(*few), few
    for many in ([1] * 5, [2] * 5, [1, 1, 1, 1, most], [4] * 15 + [5] * 5, [0, 1, 2, 3, 4] * 4):
        assert not tells(*many), many


def test_two_sums_of_hidden_cells_of_then_and_now_are_known_together():
    """Two hidden means with a known sum are known where a second sum has other weights of them."""
    cells = pd.DataFrame(
        {"place": ["a", "b", "c", "all"], "n": [6, 13, 30, 49], "mean": [60.0, 40, 50, np.nan]}
    )
    cells.loc[3, "mean"] = (cells.n * cells["mean"])[:3].sum() / 49
    parents = {"place": dict.fromkeys("abc", "all")}
    hidden = cells.place.isin(["a", "b"])

    def made(then, **more):
        return disclose(
            cells, ["place"], parents, mean="mean", before=hidden, known=cells.place == "c",
            then=then, **more,
        )  # fmt: skip

    alone = made(None)
    assert alone.frame["mean"].isna().tolist() == [True, True, False, False]
    # An effect was told when seven had answered in the first, and the whole beside all but these two.
    told = {(0, 7.0): 1 / 7, (1, 13.0): 1 / 13}
    then = ToldThen(totals=[[(0, 7.0), (1, 13.0)]], combinations=[told])
    now = pd.Series([1.0, 1.0])
    assert made(None, combinations=[now], worth=[200]).combined == (True,)
    # Now the whole is hidden for them, and what is a sum of the two is told no more.
    again = made(then, combinations=[now], worth=[200])
    assert again.frame["mean"].isna().tolist() == [True, True, False, True]
    assert again.combined == (False,)
