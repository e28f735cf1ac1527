"""What may be told in public of each place: the table is attacked, and nothing small is found."""

import numpy as np
import pandas as pd
import pytest
from evaluations import draw, with_few

from processing import (
    AreasDrawn,
    PeopleDrawn,
    StatisticsError,
    Study,
    ToldBefore,
    area_results,
    attack,
    favourable,
    place_results,
    remember,
    study_measures,
    told_before,
    write_drawn_study,
)
from processing.measuring.published_tables import relations
from processing.telling.places_told import adds_up, places_of

DARK = "tryghed_t1_out_dark"
FIGURES = ["estimate", "low", "high", "n"]


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """Twelve areas asked twice, of the first of which four answered; study, measures, table."""
    _, codebook, drawn = draw(
        AreasDrawn(12, [2] * 6),
        PeopleDrawn(),
        questionnaires=("tryghed", "background"),
        languages=("da",),
    )
    study = write_drawn_study(with_few(drawn, 4), codebook, tmp_path_factory.mktemp("few"), "few")
    found = study_measures(study, ["tryghed_t1"])
    return study, found, area_results(study, found, [DARK])


def test_a_place_whose_response_is_hidden_shows_nothing(few):
    table = few[2]
    last = table[(table.wave == 2) & (table.unit == "9000-000")]
    assert len(last) == 4
    assert (last.hidden == 1).all()
    assert table.loc[table.hidden == 1, FIGURES].isna().all(axis=None)
    assert (table.loc[table.measure == "share", "n"].dropna() >= 10).all()


def test_the_hidden_responses_cannot_be_worked_out_by_linear_programs(few):
    _, found, table = few
    cells = table[(table.measure == "answered") & (table.wave == 2)].copy()
    cells["place"] = places_of(cells)
    keys = ["place", "wave"]
    matrix = relations(cells, keys, {"place": adds_up(found.units)}).matrix
    assert matrix.shape[0] > 0
    shown = cells["n"].to_numpy(float)
    assert np.isnan(shown).sum() >= 2
    _, least, greatest = attack(matrix, shown, np.zeros(len(cells)), cells.invited.to_numpy(float))
    assert (greatest - least >= 5).all()


def test_a_share_is_hidden_where_few_stand_on_one_side(few):
    study, _, table = few
    rows = study.responses(["wave", "area", DARK])
    said = rows[rows[DARK] > 0].assign(yes=rows[DARK] >= 4)
    counts = said.groupby(["wave", "area"])["yes"].agg(["sum", "size"])
    one_sided = counts[(counts["sum"] < 5) | (counts["size"] - counts["sum"] < 5)]
    assert len(one_sided)
    shares = table[(table.measure == "share") & (table.level == "afdeling")]
    hidden = shares.set_index(["wave", "unit"])["hidden"]
    assert (hidden.reindex(one_sided.index) == 1).all()
    shown = shares[shares.hidden == 0].iloc[0]
    truth = counts.loc[(shown.wave, shown.unit)]
    assert shown.estimate == pytest.approx(100 * truth["sum"] / truth["size"])
    assert shown.low < shown.estimate < shown.high


def test_where_nearly_everyone_answered_nobody_is_told_so(few):
    study, found, _ = few
    counts = study.table("dispositions")
    assert set(counts.area) == set(found.units.area)
    everyone = counts.assign(
        invited=counts.finished.where(counts.area == "9000-002", counts.invited)
    )
    told = _Instead(study, everyone)
    table = area_results(told, found)
    mine = table[table.unit == "9000-002"]
    assert (mine.hidden == 1).all()


def test_a_place_where_more_finished_than_were_invited_refuses_nothing(few):
    """As datasets of before have it, which counted the open link among those who finished."""
    study, found, _ = few
    counts = study.table("dispositions")
    told = _Instead(
        study, counts.assign(invited=counts.invited.where(counts.area != "9000-002", 1))
    )
    table = area_results(told, found).query("measure == 'answered'")
    assert set(table.unit[table.hidden == 0]) & {"9000-003", "9000-004"}
    by = table.groupby("unit")["hidden"].min()
    assert (by["9000-002"], by["study"]) == (1, 0)


class _Instead:
    """A study with other counts of the invited."""

    def __init__(self, study, dispositions):
        self._study, self._dispositions = study, dispositions

    def __getattr__(self, name):
        return getattr(self._study, name)

    def table(self, name):
        return self._dispositions if name == "dispositions" else self._study.table(name)


def test_what_was_hidden_before_stays_hidden(few):
    study, found, table = few
    before = table[table.wave == 1].assign(cohort="all", n=np.nan)
    before.loc[before.unit == "9000-003", "hidden"] = 1
    again = area_results(study, found, [DARK], earlier=ToldBefore(before))
    first = again[(again.wave == 1) & (again.unit == "9000-003")]
    assert (first.hidden == 1).all()
    # A merged area was not told of before: less the large half it would be the small one.
    gone = before[before.unit != "9000-004"]
    merged = area_results(study, found, [DARK], earlier=ToldBefore(gone))
    assert (merged[(merged.wave == 1) & (merged.unit == "9000-004")].hidden == 1).all()
    assert (merged[(merged.wave == 2) & (merged.unit == "9000-004")].hidden == 0).any()


def test_the_favourable_end_is_that_of_the_headline(few):
    codebook = few[0].codebook
    assert favourable(codebook, DARK) == (4, 5)
    assert favourable(codebook, "tryghed_t3_noise") == (1, 2)
    assert favourable(codebook, "tryghed_t4_quarrel") == (1, 2)
    assert favourable(codebook, "tryghed_safe_overall") == (4, 5)
    for item in ("background_moved_in", "nothing"):
        with pytest.raises(StatisticsError, match="no such item of five answers"):
            favourable(codebook, item)


def test_a_place_tells_its_figures_in_the_order_asked_for(few):
    table = few[2]
    told = place_results(table, "afdeling", "9000-004", 2, ["tryghed_t1", DARK])
    assert [(one.kind, one.name) for one in told.figures] == [
        ("mean", "tryghed_t1"),
        ("share", DARK),
    ]
    mean = told.figures[0]
    change = table[(table.measure == "change") & (table.unit == "9000-004")].iloc[0]
    # Whole, about the whole figure, and wide enough: an interval tells no more of it than it does.
    for told_one, low, high in (
        (mean.moved, change.low, change.high),
        (mean.now, mean.now.low, mean.now.high),
    ):
        assert told_one.value == round(told_one.value)
        assert told_one.low <= low <= high <= told_one.high
        assert told_one.high - told_one.value == told_one.value - told_one.low
    assert mean.moved.value == round(change.estimate)
    assert mean.before.year == 2024
    assert mean.everywhere.n > mean.now.n
    assert told.figures[1].moved is None
    nothing = place_results(table, "afdeling", "9000-000", 2)
    assert (nothing.answered, nothing.figures) == (None, ())


def test_the_same_dataset_gives_the_same_table(few):
    study, found, table = few
    pd.testing.assert_frame_equal(area_results(study, found, [DARK]), table)


def test_a_share_that_any_left_is_told_of_no_place_that_holds_them(few, tmp_path):
    """An interval tells the very count: of two it is what those who left between them had said."""
    study, found, table = few
    told_of = Study(tmp_path / "few", study.manifest, study.waves)
    left = (table.wave == 2) & table.unit.isin(["9000-004", "plan", "study"])

    def shares_now():
        again = area_results(study, found, [DARK], earlier=told_before(told_of))
        return again.query("measure == 'share' and wave == 2").set_index("unit").hidden

    def told_with(more):
        told = table.assign(n=table.n.where(~left, table.n + more))
        remember(told_of, told, found, earlier=told_before(told_of))

    before = shares_now()
    assert (
        before == table.query("measure == 'share' and wave == 2").set_index("unit").hidden
    ).all()
    holding = ["9000-004", "plan", "study"]
    others = before.index.difference(holding)
    assert (before[others] == 0).any()
    # All of thirty may have said the same, as one may.
    for more in (30, 1):
        told_with(more)
        again = shares_now()
        assert again[holding].tolist() == [1, 1, 1]
        assert (again[others] == before[others]).all()
    # As many as when it was told last are the same ones, who may be told again.
    told_with(0)
    assert (shares_now() == before).all()


def test_a_plan_that_covers_a_part_of_a_merged_area_is_not_told(few):
    """Its figures less those of its whole areas would be those of the part, which stands nowhere."""
    study, _, _ = few
    told = _Merged(study.folder, study.manifest, study.waves)
    found = study_measures(told, ["tryghed_t1"])
    table = area_results(told, found, [DARK])
    assert (table[table.level == "plan"].hidden == 1).all()
    assert (table[(table.level == "study") & (table.measure == "answered")].hidden == 0).all()
    assert (table[(table.unit == "9000-009") & (table.measure == "share")].hidden == 0).any()


class _Merged(Study):
    """A study two of whose areas became one."""

    def table(self, name):
        table = super().table(name)
        if name != "area_succession":
            return table
        return pd.DataFrame(
            {"wave": [2], "from_area": ["9000-000"], "to_area": ["9000-009"], "date": "2027-01-01"}
        )
