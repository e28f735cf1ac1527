"""What is published, attacked: tables drawn at random, linear programs over all of their relations."""

import doctest

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from processing.errors import StatisticsError
from processing.measuring import disclosure
from processing.measuring.disclosure import disclose
from processing.measuring.disclosure_limits import DisclosureLimits
from processing.measuring.published_tables import relations
from processing.measuring.table_attack import attack

KEYS = ["place", "wave", "language"]


@pytest.fixture
def draw():
    """Areas in groups in a study, by wave and language, with all totals; many cells are small."""

    def make(seed, rate, areas=6, waves=2, languages=("da", "ar", "so"), empty=0.1):
        rng = np.random.default_rng(seed)
        group = {f"area{at}": f"group{at % 2}" for at in range(areas)}
        parents = {
            "place": {**group, **dict.fromkeys(group.values(), "study")},
            "wave": {str(wave): "all" for wave in range(waves)},
            "language": dict.fromkeys(languages, "all"),
        }
        cells = pd.DataFrame(
            [
                (area, str(wave), language)
                for area in group
                for wave in range(waves)
                for language in languages
            ],
            columns=KEYS,
        )
        mean = rate * np.tile([8, 1, 0.4, 0.2][: len(languages)], areas * waves)
        cells["n"] = rng.poisson(mean) * (rng.random(len(cells)) > empty)
        cells["sum"] = [int(rng.integers(0, 101, count).sum()) for count in cells["n"]]
        for key in KEYS:
            level = cells
            while len(level := level[level[key].isin(parents[key])]):
                level = level.assign(**{key: level[key].map(parents[key])})
                level = level.groupby(KEYS, as_index=False).sum()
                cells = pd.concat([cells, level], ignore_index=True).drop_duplicates(KEYS)
        cells["mean"] = cells["sum"] / cells["n"].where(cells["n"] > 0)
        return cells.reset_index(drop=True), parents

    return make


def attacked_counts(cells, parents, shown):
    matrix = relations(cells, KEYS, parents).matrix
    known = shown["n"].astype(float).to_numpy()
    return attack(matrix, known, np.zeros(len(cells)), np.full(len(cells), np.inf))


@pytest.mark.parametrize("rate", [0.3, 1.0, 4.0])
@pytest.mark.parametrize("seed", range(6))
def test_no_hidden_count_can_be_worked_out(seed, rate, draw):
    cells, parents = draw(seed, rate)
    shown = disclose(cells, KEYS, parents).frame
    assert shown["n"].isna().any()
    assert (shown["n"].dropna() >= 5).all()
    _, least, greatest = attacked_counts(cells, parents, shown)
    assert (greatest - least).min() >= 5 - 1e-6


@pytest.mark.parametrize("rate", [0.3, 1.0, 4.0])
@pytest.mark.parametrize("seed", range(6))
def test_no_hidden_mean_can_be_worked_out(seed, rate, draw):
    cells, parents = draw(seed, rate)
    shown = disclose(cells, KEYS, parents, mean="mean").frame
    n = cells["n"].to_numpy(float)
    assert (n[shown["mean"].notna()] >= 10).all()
    assert shown.loc[shown["n"].isna(), "mean"].isna().all()
    sums = np.where(shown["mean"].isna(), np.nan, cells["sum"])
    hidden, least, greatest = attack(
        relations(cells, KEYS, parents).matrix, sums, np.zeros(len(cells)), 100 * n
    )
    bound = 20 * np.minimum(n, 10)[hidden]
    assert (greatest - least - bound).min() >= -1e-4


@pytest.mark.parametrize("seed", range(3))
def test_counts_and_sums_attacked_together_give_nothing_more_away(seed, draw):
    """Every sum lies between 0 and 100 times its count, which ties the two tables."""
    cells, parents = draw(20 + seed, 1.0)
    shown = disclose(cells, KEYS, parents, mean="mean").frame
    matrix = relations(cells, KEYS, parents).matrix
    size = len(cells)
    # A slack a cell: 100·n − sum − slack = 0.
    one = sparse.identity(size)
    tied = sparse.bmat([[matrix, None, None], [None, matrix, None], [100 * one, -one, -one]])
    known = np.concatenate(
        [
            shown["n"].astype(float),
            np.where(shown["mean"].isna(), np.nan, cells["sum"]),
            np.full(size, np.nan),
        ]
    )
    small = np.flatnonzero(shown["n"].isna())
    _, least, greatest = attack(
        tied.tocsr(), known, np.zeros(3 * size), np.full(3 * size, np.inf), small
    )
    assert (greatest - least).min() >= 5 - 1e-6


def test_without_further_cells_hidden_the_attack_succeeds(draw):
    """The attack itself must be able to win."""
    cells, parents = draw(1, 4.0)
    bare = cells.assign(n=cells["n"].astype("Int64").mask(cells["n"] < 5))
    _, least, greatest = attacked_counts(cells, parents, bare)
    assert (greatest - least).min() < 1e-6


@pytest.mark.parametrize("seed", range(4))
def test_zeros_that_all_know_of_are_shown_and_protect_nothing(seed, draw):
    cells, parents = draw(seed, 1.0, empty=0.5)
    shown = disclose(cells, KEYS, parents, limits=DisclosureLimits(zeros=True)).frame
    assert (shown.loc[cells["n"] == 0, "n"] == 0).all()
    _, least, greatest = attacked_counts(cells, parents, shown)
    assert (greatest - least).min() >= 5 - 1e-6


def test_a_study_may_ask_for_wider_intervals(draw):
    cells, parents = draw(2, 3.0)
    limits = DisclosureLimits(mean_n=20, count=10, count_width=12)
    shown = disclose(cells, KEYS, parents, limits=limits).frame
    assert (shown["n"].dropna() >= 10).all()
    _, least, greatest = attacked_counts(cells, parents, shown)
    assert (greatest - least).min() >= 12 - 1e-6


def test_an_area_in_a_group_and_in_a_plan_is_protected_against_both(draw):
    cells, parents = draw(3, 2.0)
    parents["place"] |= {area: ["group0", "plan"] for area in ("area0", "area2", "area4")}
    parents["place"] |= {"area1": ["group1", "plan"]}
    plan = cells[cells["place"].isin(["area0", "area1", "area2", "area4"])]
    plan = plan.assign(place="plan").groupby(KEYS, as_index=False)[["n", "sum"]].sum()
    both = pd.concat([cells, plan], ignore_index=True)
    shown = disclose(both, KEYS, parents).frame
    _, least, greatest = attacked_counts(both, parents, shown)
    assert (greatest - least).min() >= 5 - 1e-6


def test_the_same_cells_in_another_order_give_the_same_table(draw):
    cells, parents = draw(4, 1.0)
    shuffled = cells.sample(frac=1, random_state=1)
    one = disclose(cells, KEYS, parents, mean="mean").frame
    other = disclose(shuffled, KEYS, parents, mean="mean").frame
    pd.testing.assert_frame_equal(one, other.loc[one.index])


def test_what_leaves_does_not_tell_why_a_cell_is_hidden(draw):
    cells, parents = draw(5, 1.0)
    found = disclose(cells, KEYS, parents, mean="mean")
    assert list(found.to_frame().columns) == list(cells.columns)
    assert set(found.reasons["n_hidden"]) == {"", "few", "protects others"}
    assert found.reasons.loc[found.frame["n"].isna(), "n_width"].min() >= 5 - 1e-6
    assert "hidden to protect them" in str(found)
    assert cells["n"].notna().all()


def test_blocks_solved_apart_withstand_an_attack_on_the_whole(draw):
    cells, parents = draw(6, 1.5, areas=60, waves=1)
    assert len(relations(cells, KEYS, parents).blocks) >= 1
    shown = disclose(cells, KEYS, parents, block=60).frame
    assert len(relations(cells, KEYS, parents, block=60).blocks) > 4
    _, least, greatest = attacked_counts(cells, parents, shown)
    assert (greatest - least).min() >= 5 - 1e-6


def test_everything_wrong_with_a_table_is_told(draw):
    cells, parents = draw(7, 1.0)
    with pytest.raises(StatisticsError, match="these are there twice: area0 × 0 × da"):
        disclose(pd.concat([cells, cells[:1]], ignore_index=True), KEYS, parents)
    with pytest.raises(StatisticsError, match=r"its n is .* and that of its parts"):
        disclose(cells[cells["place"] != "area0"], KEYS, parents)
    with pytest.raises(StatisticsError, match=r"no such column"):
        disclose(cells, [*KEYS, "mode"], parents)
    with pytest.raises(StatisticsError, match="mean_n be at least count"):
        disclose(cells, KEYS, parents, limits=DisclosureLimits(mean_n=3))
    with pytest.raises(StatisticsError, match=r"missing or outside 0\.0 to 50"):
        disclose(cells, KEYS, parents, mean="mean", limits=DisclosureLimits(highest=50.0))


def test_the_example_holds():
    found = doctest.testmod(disclosure)
    assert found.attempted > 0
    assert found.failed == 0
