import datetime as dt

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from instruments import make_form
from survey import registers, studies
from survey.csv_files import CsvFileError
from survey.models import (
    Area,
    AreaGroup,
    AreaGroupMember,
    AreaPlan,
    AreaStatus,
    AreaSuccession,
    AuditEntry,
    Margin,
    Plan,
    Wave,
)
from survey.places import place_tables
from survey.registers import Loaded
from survey.studies import StudyError, find_study

LOADERS = {
    "areas": registers.load_areas,
    "successions": registers.load_successions,
    "groups": registers.load_groups,
    "statuses": registers.load_statuses,
    "plans": registers.load_plans,
    "area-plans": registers.load_area_plans,
}

# One small file of each kind, in the order they need one another.
FILES = {
    "areas": (
        "area,name,level,dwellings,residents,valid_from,valid_to\n"
        "0667-001,Rugvænget,afdeling,81,160,,\n"
        "0667-002,Kornblomsten,,40,,2012-01-01,2018-12-31\n"
    ),
    "successions": "from_area,to_area,date\n0667-002,0667-001,2019-01-01\n",
    "groups": (
        "area_group,name,level,area,valid_from,valid_to\n"
        "marken,Markerne,,0667-001,2010-01-01,\n"
        "marken,Markerne,,0667-002,2012-01-01,2018-12-31\n"
    ),
    "statuses": "area,status,valid_from,valid_to\n0667-001,udsat område,2020-12-01,2021-11-30\n",
    "plans": "plan,name,kind\nhp1,Helhedsplan Markerne,helhedsplan\n",
    "area-plans": "area,plan,valid_from,valid_to\n0667-001,hp1,2021-01-01,\n",
}
MODELS = {
    "areas": Area,
    "successions": AreaSuccession,
    "groups": AreaGroupMember,
    "statuses": AreaStatus,
    "plans": Plan,
    "area-plans": AreaPlan,
}


@pytest.fixture
def load(database, make, tmp_path):
    """A function that loads a file of some kind into the study `puls`, from its text."""
    make.study(key="puls")

    def load_text(kind, content, **options):
        path = tmp_path / f"{kind}.csv"
        path.write_text(content, encoding="utf-8")
        with database.writing() as session:
            study = find_study(session, "puls")
            return LOADERS[kind](session, study, path, actor="operator", **options)

    return load_text


@pytest.fixture
def loaded(load):
    """The same function, after all files were loaded."""
    for kind, content in FILES.items():
        load(kind, content)
    return load


def counted(database, model):
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(model))


def without_rows(kind, *begun):
    """A kind's file without the rows that begin so."""
    head, *rows = FILES[kind].splitlines(keepends=True)
    return head + "".join(row for row in rows if not row.startswith(begun))


def test_what_was_loaded_wrongly_is_taken_out_by_a_file_that_does_not_name_it(database, loaded):
    gone = {
        "successions": "0667-002",
        "groups": "marken",
        "area-plans": "0667-001",
        "plans": "hp1",
        "statuses": "0667-001",
    }
    for kind, begun in gone.items():
        before = counted(database, MODELS[kind])
        told = loaded(kind, without_rows(kind, begun), replace=True)
        assert told.removed == before
        assert counted(database, MODELS[kind]) == 0
    assert counted(database, AreaGroup) == 0
    loaded("groups", FILES["groups"])
    loaded("successions", FILES["successions"])
    assert loaded("areas", without_rows("areas", "0667-002")).removed == 0
    # An area goes with its memberships and successions, and the other keeps its own.
    assert loaded("areas", without_rows("areas", "0667-002"), replace=True).removed == 1
    assert [counted(database, one) for one in (AreaSuccession, AreaGroupMember)] == [0, 1]


def test_an_area_that_people_were_invited_in_and_a_counted_group_stay(database, loaded, make):
    with database.reading() as session:
        study = find_study(session, "puls")
        area = session.scalars(select(Area).where(Area.key == "0667-002")).one()
        group = session.scalars(select(AreaGroup)).one()
    wave = make.wave(study, number=1)
    make.invitation(wave, area)
    with database.writing() as session:
        count = {"variable": "v", "category": "1", "count": 1}
        session.add(Margin(wave_id=wave.id, area_group_id=group.id, **count))
    with pytest.raises(StudyError, match="Area 0667-002: people were invited there"):
        loaded("areas", without_rows("areas", "0667-002"), replace=True)
    with pytest.raises(StudyError, match="Group marken: register counts are loaded for it"):
        loaded("groups", without_rows("groups", "marken"), replace=True)
    assert counted(database, Area) == 2


def refused(load, kind, content):
    with pytest.raises(CsvFileError) as caught:
        load(kind, content)
    return list(caught.value.problems)


def test_all_kinds_of_files_are_loaded_and_noted(database, loaded):
    with database.reading() as session:
        area = session.scalars(select(Area).where(Area.key == "0667-002")).one()
        became = session.scalars(select(AreaSuccession)).one()
        group = session.scalars(select(AreaGroup)).one()
        noted = session.scalars(select(AuditEntry.act)).all()
    assert (area.name, area.level, area.dwellings, area.residents) == (
        "Kornblomsten",
        "afdeling",
        40,
        None,
    )
    assert area.valid_to == dt.date(2018, 12, 31)
    assert became.date == dt.date(2019, 1, 1)
    assert (group.key, group.name, group.level) == ("marken", "Markerne", "boligområde")
    assert len(noted) == len(FILES)
    for kind, model in MODELS.items():
        assert counted(database, model) == FILES[kind].count("\n") - 1


@pytest.mark.parametrize("kind", FILES)
def test_the_same_file_again_changes_nothing(database, loaded, kind):
    before = counted(database, MODELS[kind])
    assert loaded(kind, FILES[kind]) == Loaded(before, added=0, changed=0)
    assert counted(database, MODELS[kind]) == before


def test_a_corrected_file_corrects_and_adds_and_deletes_nothing(database, loaded):
    content = "area,name,dwellings\n0667-001,Rugvænget,82\n0667-003,Havrebakken,12\n"
    assert loaded("areas", content) == Loaded(2, added=1, changed=1)
    with database.reading() as session:
        assert dict(session.execute(select(Area.key, Area.dwellings)).all()) == {
            "0667-001": 82,
            "0667-002": 40,
            "0667-003": 12,
        }


@pytest.mark.parametrize(
    ("kind", "content", "problem"),
    [
        (
            "areas",
            "area,name\nA,Et\nA,To\n",
            "areas.csv, row 3, column area: 'A' stands in row 2 already; leave one of the two.",
        ),
        (
            "areas",
            "area,name,dwellings\nA,Et,-1\n",
            (
                "areas.csv, row 2, column dwellings: '-1' must be a whole number, 0 or more, "
                "in digits alone."
            ),
        ),
        (
            "successions",
            "from_area,to_area,date\n0667-001,0667-001,2020-01-01\n",
            (
                "successions.csv, row 2, column to_area: '0667-001' is the same area; name its "
                "successor."
            ),
        ),
        (
            "groups",
            (
                "area_group,name,area,valid_from\nm,Marken,0667-001,2020-01-01\n"
                "m,Markerne,0667-002,2020-01-01\n"
            ),
            (
                "groups.csv, row 3, column name: 'Markerne' was 'Marken' in row 2; a group has "
                "one name."
            ),
        ),
        (
            "statuses",
            "area,status,valid_from\n0667-009,udsat,2020-12-01\n",
            (
                "statuses.csv, row 2, column area: '0667-009' is not in the study. Load it first "
                "with: beboerpuls study areas"
            ),
        ),
        (
            "area-plans",
            "area,plan,valid_from,valid_to\n0667-001,hp9,2020-12-01,2019-12-01\n",
            (
                "area-plans.csv, row 2, column plan: 'hp9' is not in the study. Load it first "
                "with: beboerpuls study plans"
            ),
        ),
        (
            "area-plans",
            "area,plan,valid_from,valid_to\n0667-001,hp1,2020-12-01,2019-12-01\n",
            (
                "area-plans.csv, row 2, column valid_to: '2019-12-01' is before valid_from, "
                "2020-12-01."
            ),
        ),
    ],
)
def test_a_file_with_a_problem_is_refused_whole(database, loaded, kind, content, problem):
    before = counted(database, MODELS[kind])
    assert problem in refused(loaded, kind, content)
    assert counted(database, MODELS[kind]) == before


def test_one_plan_covers_an_area_once_at_a_time(database, loaded):
    before = counted(database, AreaPlan)
    again = "area,plan,valid_from,valid_to\n0667-001,hp1,2099-01-01,\n0667-001,hp1,2099-05-01,\n"
    assert any(
        one.startswith("area-plans.csv: hp1 covers 0667-001 from 2099-01-01 until further notice")
        for one in refused(loaded, "area-plans", again)
    )
    assert counted(database, AreaPlan) == before


def test_another_studys_areas_are_not_known(make, loaded):
    make.area(make.study(key="other"), key="0001-001")
    said = refused(loaded, "statuses", "area,status,valid_from\n0001-001,udsat,2020-12-01\n")
    assert "is not in the study" in said[0]


@pytest.fixture
def load_margins(database, loaded, make, tmp_path):
    """A function that loads register counts into a planned wave."""
    with database.reading() as session:
        wave_id = make.wave(find_study(session, "puls"), number=1).id

    def load_text(content, **options):
        path = tmp_path / "margins.csv"
        path.write_text(content, encoding="utf-8")
        with database.writing() as session:
            wave = session.get_one(Wave, wave_id)
            return registers.load_margins(session, wave, path, actor="operator", **options)

    return load_text


MARGINS = (
    "area,area_group,variable,category,count\n"
    "0667-001,,background_gender,1,70\n"
    "0667-001,,background_gender,2,75\n"
    ",marken,background_gender,1,70\n"
)


def test_register_counts_are_loaded_and_corrected(database, load_margins):
    assert load_margins(MARGINS) == Loaded(3, added=3, changed=0)
    assert load_margins(MARGINS.replace("75", "76")) == Loaded(3, added=0, changed=1)
    assert counted(database, Margin) == 3


def test_counts_say_whether_categories_have_an_order_and_the_dataset_says_it_too(
    database, load_margins
):
    said = MARGINS.replace("count\n", "count,ordered\n").replace("0\n", "0,ja\n")
    said = said.replace("75\n", "75,yes\n")
    load_margins(MARGINS)
    with database.reading() as session:
        wave = session.scalars(select(Wave)).one()
        assert "ordered" not in place_tables(session, wave)["margins"]
    assert load_margins(said) == Loaded(3, added=0, changed=3)
    with database.reading() as session:
        wave = session.scalars(select(Wave)).one()
        assert place_tables(session, wave)["margins"]["ordered"].tolist() == [True] * 3
    with pytest.raises(CsvFileError) as caught:
        load_margins(
            said.replace("75,yes", "75,maybe").replace(
                "marken,background_gender,1,70,ja", "marken,background_gender,1,70,nej"
            )
        )
    rule = "is not as in row 2; categories of background_gender have an order or not."
    assert list(caught.value.problems) == [
        "margins.csv, row 3, column ordered: 'maybe' must be yes or no.",
        f"margins.csv, row 3, column ordered: 'no' {rule}",
        f"margins.csv, row 4, column ordered: 'no' {rule}",
    ]


def test_a_count_belongs_to_one_place(database, load_margins):
    both = "area,area_group,variable,category,count\n0667-001,marken,v,1,1\n,,v,1,1\n"
    with pytest.raises(CsvFileError) as caught:
        load_margins(both)
    assert list(caught.value.problems) == [
        "margins.csv, row 2, column area, area_group: 'both' filled; each row counts one place.",
        "margins.csv, row 3, column area, area_group: 'neither' filled; each row counts one place.",
    ]
    assert counted(database, Margin) == 0


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ("gender,2", "column variable: 'gender' is not asked in this wave"),
        ("background_gender,woman", "column category: 'woman' is no code of background_gender"),
        ("background_words,2", "column variable: 'background_words' is not asked"),
        ("background_activities_99,1", "column variable: 'background_activities_99' is not asked"),
    ],
)
def test_counts_of_what_the_form_does_not_ask_are_refused(load_margins, wrong, problem):
    """Weighting would say so from the frozen dataset, when nothing can be corrected."""
    form = make_form(["background"], ["da"])
    with pytest.raises(CsvFileError) as caught:
        load_margins(MARGINS.replace("background_gender,2", wrong), form=form)
    assert str(caught.value).startswith(f"margins.csv, row 3, {problem}")
    assert load_margins(MARGINS, form=form).added == 3


def test_counts_that_contradict_each_other_are_refused_while_they_can_be_corrected(
    database, load_margins
):
    """Of one place by another variable, of a group and its areas; after freezing nothing helps."""
    ages = "0667-001,,background_age_band,1,999\n"
    with pytest.raises(StudyError) as refused:
        load_margins(MARGINS + ages)
    assert str(refused.value).startswith(
        "margins of 1 0667-001: they contradict each other in how many people there are:"
        " background_age_band 999, background_gender 145. Count the same people in each"
    )
    load_margins(MARGINS)
    with pytest.raises(StudyError, match="background_age_band 999"):
        load_margins(MARGINS.splitlines()[0] + "\n" + ages)
    assert counted(database, Margin) == 3


def test_a_wave_does_not_open_with_counts_that_its_form_does_not_ask(database, load_margins):
    load_margins(MARGINS.replace("background_gender,2,75", "gender,2,70"))

    def open_it():
        with database.writing() as session:
            studies.open_wave(
                session,
                studies.find_wave(session, "puls", 1),
                make_form(["background"], ["da"]),
                today=dt.date(2026, 11, 1),
                accept_unreviewed=["da"],
                actor="operator",
            )

    with pytest.raises(StudyError, match=r"gender = 2: gender is not asked(.|\n)*--replace"):
        open_it()
    assert load_margins(MARGINS, replace=True) == Loaded(3, added=1, changed=0, removed=1)
    assert counted(database, Margin) == 3
    open_it()


def test_a_frozen_waves_counts_stand(database, load_margins):
    with database.writing() as session:
        session.execute(update(Wave).values(status="frozen", opens=dt.date(2026, 11, 1)))
    with pytest.raises(StudyError, match="frozen"):
        load_margins(MARGINS)


@pytest.mark.parametrize("place", ["area", "area_group"])
def test_the_database_holds_one_count_a_place_and_category(database, make, place):
    study = make.study()
    area = make.area(study)
    wave = make.wave(study)
    with database.writing() as session:
        group = AreaGroup(study_id=study.id, key="g", name="G", level="boligområde")
        session.add(group)
        session.flush()
        counts = {"wave_id": wave.id, "variable": "gender", "category": "1", "count": 7}
        counts[f"{place}_id"] = area.id if place == "area" else group.id
        session.add(Margin(**counts))
    with pytest.raises(IntegrityError), database.writing() as session:
        session.add(Margin(**counts))
