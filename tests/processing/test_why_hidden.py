"""What coordinators are told of a place that cannot be shown."""

import pandas as pd
import pytest

from instruments import make_form
from processing import (
    AreasDrawn,
    KnownModel,
    ToldBefore,
    area_results,
    build_codebook,
    draw_study,
    study_measures,
    why_hidden,
    write_drawn_study,
)

SCALE = "tryghed_t1"


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Eight areas: three answered in one, all but two in another, in one nobody was invited.

    In the first wave three answered in one alone.
    """
    codebook = build_codebook(make_form(["tryghed", "background"], ["da"]), wave_year=2026)
    columns = {SCALE: codebook.scale(SCALE).columns}
    made = draw_study(
        KnownModel.simple(columns, loading=0.75), AreasDrawn(8, [2] * 4, invited=60), seed=2
    )
    keys = sorted(made.tables[2]["areas"]["area"])
    few, full, uninvited, unscored = keys[:4]
    rows, counts = made.waves[2], made.tables[2]["dispositions"]
    rows = rows.drop(rows.index[rows.area == few][3:])
    rows.loc[rows.index[rows.area == unscored][8:], [*columns[SCALE]]] = -8
    made.waves[2] = rows.reset_index(drop=True)
    counts.loc[counts.area == few, ["started", "finished"]] = 3
    counts.loc[counts.area == full, "invited"] = counts.finished + 2
    made.tables[2]["dispositions"] = counts[counts.area != uninvited]
    rows, counts = made.waves[1], made.tables[1]["dispositions"]
    made.waves[1] = rows.drop(rows.index[rows.area == few][3:]).reset_index(drop=True)
    counts.loc[counts.area == few, ["started", "finished"]] = 3
    study = write_drawn_study(made, codebook, tmp_path_factory.mktemp("why") / "s")
    found = study_measures(study, [SCALE])
    return keys, study, found


def reasons(told, earlier=None, wave=2):
    keys, study, found = told
    table = area_results(study, found, earlier=earlier)
    found = why_hidden(study, found, table, earlier=earlier)
    found = found[(found.wave == wave) & (found.level == "afdeling")].set_index("unit")
    return found.why.reindex(keys).fillna("").tolist(), found.of.to_dict(), table


def test_every_place_without_a_figure_has_its_own_reason(told):
    keys = told[0]
    why, of, table = reasons(told)
    assert why[:4] == ["few", "nearly_all", "nobody_invited", "few_scores"]
    # A place with a figure has no reason.
    shown = table[(table.hidden == 0) & (table.measure == "mean") & (table.wave == 2)]
    assert set(why[4:]) <= {"", "protects"}
    assert {unit for unit, reason in zip(keys, why, strict=True) if not reason} <= set(shown.unit)
    # Where one is small another protects it, and says whom.
    why, of, _ = reasons(told, wave=1)
    protecting = [unit for unit, reason in zip(keys, why, strict=True) if reason == "protects"]
    assert why[0] == "few"
    assert [of[unit] for unit in protecting] == [keys[0]]


def test_what_was_hidden_when_it_was_told_first_says_so(told):
    keys, _, _ = told
    _, _, table = reasons(told)
    unit = next(one for one in keys[4:] if one not in reasons(told)[1])
    before = table.assign(cohort="all")
    before.loc[(before.unit == unit) & (before.wave == 2), "hidden"] = 1
    why, _, _ = reasons(told, ToldBefore(pd.DataFrame(before).assign(n=float("nan"))))
    assert why[keys.index(unit)] == "told_before"


def test_a_place_that_some_left_since_it_was_shown_says_so(told):
    """Beside what was told of fourteen the mean of thirteen less would tell what the few had said."""
    keys, _, _ = told
    why, _, table = reasons(told, wave=1)
    at = next(at for at, reason in enumerate(why) if not reason)
    here = (table.unit == keys[at]) & (table.wave == 1) & table.measure.isin(["mean", "share"])
    n = table[here & (table.measure == "mean")].n.min()
    before = table.assign(cohort="all", n=table.n.where(~here, table.n + n // 8 + 2))
    why, _, _ = reasons(told, ToldBefore(before), wave=1)
    assert why[at] == "left"
