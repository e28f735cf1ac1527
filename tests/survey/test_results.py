"""Results back to residents: who may be shown what, and when it is taken down."""

import json
import shutil

import pytest

from processing import AreasDrawn, erase_rows, revoke
from processing.datasets.told_file import chained
from survey import audit
from survey.models import Freeze, OpenedResult, Wave
from survey.result_counts import ResultsError, count_results, figures_of, note_counted, told_last
from survey.result_places import places_of
from survey.results import NotOpenedError, TakenDownError, close_results, open_results, told_results


@pytest.fixture
def counted(evaluated):
    """Twelve areas asked twice, and counted; of the first, four answered in the last wave."""
    return evaluated(few=4)


@pytest.fixture
def opens(database, counted):
    """A function that opens a place of the last wave."""

    def opens(unit, **given):
        with database.writing() as session:
            wave = session.get(Wave, counted.waves[-1].id)
            given = {"level": "afdeling", "actor": "Karen"} | given
            level = given.pop("level")
            return open_results(session, wave, counted.data, level, unit, **given).id

    return opens


def places(database, study):
    with database.reading() as session:
        return places_of(session, session.get(Wave, study.waves[-1].id), study.data)


def test_a_place_of_few_answers_and_one_that_protects_it_cannot_be_opened(database, counted, opens):
    blank = [place for place in places(database, counted) if place.answered is None]
    assert "9000-000" in {place.unit for place in blank}
    assert len(blank) >= 2, "one hidden count is the total less the others"
    # Each with its own reason, and the place it protects by name.
    few = next(place for place in blank if place.unit == "9000-000")
    others = [place for place in blank if place != few]
    assert (few.why, few.protects, few.least) == ("few", (), 10)
    assert {(place.why, place.protects) for place in others} == {("protects", (few.name,))}
    for place in blank:
        why = f"give away {few.name}, where too few answered" if place in others else "under 10"
        with pytest.raises(ResultsError, match=why):
            opens(place.unit)


def test_what_is_opened_tells_its_figures_response_and_language(database, counted, opens):
    number = opens("9000-004", meeting_place=" Fælleshuset ")
    with database.reading() as session:
        told = told_results(session, number, counted.data)
        assert audit.last_entry(session).act == "results opened"
    assert told.languages == ("da", "ar")
    assert told.meeting_place == "Fælleshuset"
    assert [figure.name for figure in told.results.figures] == ["tryghed_t1_out_dark", "tryghed_t1"]
    assert 10 <= told.results.answered <= told.results.invited
    scale = told.results.figures[1]
    assert scale.now.year == 2026
    assert scale.before.year == 2024
    assert scale.moved is not None


def test_all_reasons_against_opening_are_told_at_once(opens):
    with pytest.raises(ResultsError) as told:
        opens("9000-099", figures=["nothing"], note="x" * 501)
    assert len(str(told.value).splitlines()) == 3
    with pytest.raises(ResultsError, match="room for 6"):
        opens("9000-004", figures=["tryghed_t1"] * 7)


def test_a_closed_page_is_as_one_that_never_was_and_keeps_its_number(database, counted, opens):
    number = opens("9000-004")
    with database.writing() as session:
        close_results(session, session.get(OpenedResult, number), actor="Karen")
    for asked in (number, number + 1):
        with database.reading() as session, pytest.raises(NotOpenedError):
            told_results(session, asked, counted.data)
    assert opens("9000-004") == number


def test_a_revoked_dataset_takes_its_pages_down(database, counted, opens):
    number = opens("9000-004")
    with database.writing() as session:
        session.get(Freeze, counted.waves[-1].id).revoked = True
    with database.reading() as session, pytest.raises(TakenDownError):
        told_results(session, number, counted.data)


def test_counts_that_held_a_withdrawn_answer_are_erased_and_their_pages_down(
    database, counted, opens
):
    number = opens("9000-004")
    # As superseding does: the other wave's rows are gone, and all that was made with them.
    first = counted.data / counted.study.key / "wave-1-freeze-1"
    revoke(first, superseded_by="another", reason="answers were withdrawn")
    erase_rows(first)
    with database.reading() as session, pytest.raises(TakenDownError):
        told_results(session, number, counted.data)
    with pytest.raises(ResultsError, match="replaced"):
        count_results(counted.study.key, counted.data)


def test_what_was_hidden_stays_hidden_though_a_withdrawal_erased_the_counts(database, evaluated):
    study = evaluated(counted=False)
    count_results("bopuls", study.data)
    assert next(p for p in places(database, study) if p.unit == "9000-004").answered
    # As it was told before: hidden then, for it protected another.
    told = study.data / "bopuls-told.json"
    [telling] = json.loads(told.read_text())["tellings"]
    for cell in telling["cells"]:
        cell[6] = int(cell[6] or cell[3] == "9000-004")
    telling["chain"] = chained("", telling)
    told.write_text(json.dumps({"tellings": [telling]}))
    shutil.rmtree(study.data / "bopuls-results")
    count_results("bopuls", study.data)
    assert next(p for p in places(database, study) if p.unit == "9000-004").answered is None
    told.write_text("{")
    with pytest.raises(ResultsError, match="Put the file back as it was"):
        count_results("bopuls", study.data)


def test_a_memory_that_is_shorter_than_the_log_says_is_refused(database, counted):
    with database.writing() as session:
        assert told_last(session, "bopuls") == ""
        note_counted(session, "bopuls", counted.data, actor="Karen")
        note_counted(session, "bopuls", counted.data, actor="Karen")
        entry = audit.last_entry(session)
        assert (entry.number, entry.act, entry.subject) == (1, "results counted", "bopuls")
        known = told_last(session, "bopuls")
    count_results("bopuls", counted.data, known)
    # Deleted with all that was public: the waves' marks tell of it, and without them the log does.
    (counted.data / "bopuls-told.json").unlink()
    shutil.rmtree(counted.data / "bopuls-results")
    with pytest.raises(ResultsError, match="something was told of it in public"):
        count_results("bopuls", counted.data, known)
    for mark in counted.data.glob("bopuls/*/told.json"):
        mark.unlink()
    with pytest.raises(ResultsError, match="does not hold what the log says was told last"):
        count_results("bopuls", counted.data, known)


def test_nothing_is_opened_before_it_is_frozen_and_counted(database, evaluated):
    study = evaluated(few=4, counted=False)
    with database.writing() as session:
        wave = session.get(Wave, study.waves[-1].id)
        with pytest.raises(ResultsError, match="beboerpuls results count bopuls"):
            open_results(session, wave, study.data, "afdeling", "9000-004", actor="Karen")
        wave.status = "closed"
        with pytest.raises(ResultsError, match="beboerpuls wave freeze"):
            open_results(session, wave, study.data, "afdeling", "9000-004", actor="Karen")
        session.rollback()


def test_the_usual_figures_are_offered_first(database, evaluated):
    study = evaluated(AreasDrawn(6, [2, 2]), questionnaires=("tryghed", "trivsel"))
    with database.reading() as session:
        wave = session.get(Wave, study.waves[-1].id)
        first = figures_of(wave, study.data)[:3]
    assert first == ("tryghed_t1_out_dark", "tryghed_t1", "trivsel_v3")


def test_a_share_that_changed_by_a_few_answers_is_told_no_more(database, counted, opens):
    number = opens("9000-004")
    with database.writing() as session:
        row = session.get(OpenedResult, number)
        n = row.told["tryghed_t1_out_dark"]
        # As it was told before one person took their answers back.
        row.told = {"tryghed_t1_out_dark": n + 1}
    opens("9000-004")
    with database.reading() as session:
        row = session.get(OpenedResult, number)
        assert row.figures == ["tryghed_t1"]
        assert row.told == {"tryghed_t1_out_dark": n + 1}
    with pytest.raises(ResultsError, match="none of tryghed_t1_out_dark can be shown"):
        opens("9000-004", figures=["tryghed_t1_out_dark"])
