"""Which other, rankings and months in a frozen dataset, in the researcher's files, and imported."""

import uuid

import pyreadstat
import pytest
from forms import QUESTIONNAIRES

from processing import ImportRefusedError, MapError, check, export, import_file
from survey.answering import WholeForm, submit_whole
from survey.forms import Forms
from survey.freezing import freeze
from survey.models import Wave
from survey.own_answers import own_answers

ON_THE_PHONE = {
    "kinds_spoken": 2,
    "kinds_spoken_other": "Farsi",  # written before another answer was chosen
    "kinds_clubs": [1, 9],
    "kinds_clubs_other": "Brætspil",
    "kinds_moved": 201405,
    "kinds_wishes": [3, 1],
    "kinds_story": "x" * 2000,
}
ON_PAPER = {"kinds_moved": "12/2019", "kinds_wishes": -7, "kinds_story": -6}


@pytest.fixture
def answered(database, keys, kinds, make, today):
    """Somebody answered everything, somebody on paper hardly anything; the wave is closed."""
    study = make.study(key="puls")
    area = make.area(study, key="0667-012")
    wave = make.open_wave(study, kinds, number=1)
    ids = [uuid.uuid4(), uuid.uuid4()]
    invitations = [make.invitation(wave, area)[0] for _ in ids]
    with database.writing() as session:
        given = zip(ids, invitations, ("web", "paper"), (ON_THE_PHONE, ON_PAPER), strict=True)
        for response_id, invitation, mode, answers in given:
            submit_whole(
                session,
                keys,
                kinds,
                session.get_one(Wave, wave.id),
                WholeForm(response_id, answers, mode, "da", today),
                invitation=invitation,
                area_id=area.id,
            )
        session.get_one(Wave, wave.id).status = "closed"
    return wave, ids


@pytest.fixture
def frozen(answered, database, keys, kinds, tmp_path):
    with database.writing() as session:
        wave = session.get_one(Wave, answered[0].id)
        return freeze(session, keys, kinds, wave, tmp_path / "data", actor="bodil").dataset


def test_every_kind_arrives_in_columns_of_its_own(frozen):
    assert check(frozen.folder) == []
    rows = {row["mode"]: row for row in frozen.responses().to_dict("records")}
    phone, paper = rows[1], rows[2]
    assert [phone[f"kinds_wishes_{code}"] for code in (1, 2, 3, 4)] == [2, 0, 1, 0]
    assert [phone[f"kinds_moved_{part}"] for part in ("year", "month")] == [2014, 5]
    assert [phone[f"kinds_clubs_{code}"] for code in (1, 2, 9)] == [1, 0, 1]
    assert (phone["kinds_clubs_other"], phone["kinds_clubs_other_missing"]) == ("Brætspil", 0)
    assert len(phone["kinds_story"]) == 2000
    assert [paper[f"kinds_wishes_{code}"] for code in (1, 2, 3, 4)] == [-7] * 4
    assert [paper[f"kinds_moved_{part}"] for part in ("year", "month")] == [2019, 12]


def test_what_a_route_closed_is_not_shown_and_stands_as_given_beside(frozen):
    (row,) = frozen.responses().query("mode == 1").to_dict("records")
    assert (row["kinds_spoken_other"], row["kinds_spoken_other_missing"]) == ("", -2)
    assert row["kinds_spoken_other_raw"] == "Farsi"


def test_a_researchers_file_says_what_places_and_months_are(frozen, tmp_path):
    path, _ = export(frozen, "sav", tmp_path / "kinds.sav", language="da").files
    frame, said = pyreadstat.read_sav(path, user_missing=True)
    assert said.column_names_to_labels["kinds_wishes_3"] == "Vigtigst: Renere trapper"
    labels = said.variable_value_labels["kinds_wishes_3"]
    expected = {0: "Ikke blandt de valgte", 1: "Nr. 1", 3: "Nr. 3", -7: "Flere krydser"}
    assert {code: labels[code] for code in expected} == expected
    assert said.column_names_to_labels["kinds_moved_month"] == "Flyttet ind: måned"
    assert sorted(frame["kinds_moved_year"]) == [2014, 2019]


def test_own_answers_are_told_in_their_order_and_as_they_were_written(
    answered, database, keys, settings
):
    forms = Forms(QUESTIONNAIRES)
    with database.reading() as session:
        told = own_answers(session, keys, forms, answered[1][0], "da")
    lines = {
        str(line.question): [str(one) for one in line.answers]
        for part in told.parts
        for line in part.lines
    }
    assert lines["Hvad er vigtigst for dig?"] == ["Renere trapper", "Lys"]
    assert lines["Hvornår flyttede du ind?"] == ["5/2014"]
    assert lines["Hvad andet?"] == ["Brætspil"]


MAP = """
study: prøve
wave: 1
year: 2026
legal_basis: consent
items:
  wishes: {columns: {"1": lys, "2": leg, "3": trappe, "4": fest}}
  moved: {columns: {year: aar, month: maaned}}
"""


@pytest.fixture
def imported(tmp_path):
    def run(row, plan=MAP):
        (tmp_path / "file.csv").write_text(f"lys,leg,trappe,fest,aar,maaned\n{row}\n", "utf-8")
        (tmp_path / "map.yaml").write_text(plan, "utf-8")
        return import_file(
            tmp_path / "file.csv",
            ["kinds"],
            tmp_path / "map.yaml",
            tmp_path / "out",
            root=QUESTIONNAIRES,
        )

    return run


def test_rankings_and_months_of_another_system_come_in(imported):
    (row,) = imported("2,0,1,0,2014,5").dataset.responses().to_dict("records")
    assert [row[f"kinds_wishes_{code}"] for code in (1, 2, 3, 4)] == [2, 0, 1, 0]
    assert (row["kinds_moved_year"], row["kinds_moved_month"]) == (2014, 5)


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("1,0,1,0,2014,5", "one option has each place of a ranking"),
        ("4,0,1,0,2014,5", "numbers go from 0 to 3"),
        ("2,0,1,0,2014,13", "numbers go from 1 to 12"),
        ("2,0,1,0,2027,5", "numbers go from 1930 to 2026"),
    ],
)
def test_an_impossible_ranking_or_month_is_refused(imported, row, rule):
    with pytest.raises(ImportRefusedError, match=rule):
        imported(row)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{columns: {year: aar, month: maaned}}", "aar", "a month has two columns, year, month"),
        ("month: maaned", "day: maaned", "there is no such part; there are year, month"),
        ("year: 2026\n", "", "kinds_moved_year can be no later than the wave's year"),
    ],
)
def test_a_map_that_does_not_fit_the_kind_is_refused_by_its_key(imported, old, new, message):
    with pytest.raises(MapError, match=message):
        imported("2,0,1,0,2014,5", MAP.replace(old, new))
