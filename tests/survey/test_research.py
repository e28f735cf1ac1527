import datetime as dt
import io
import shutil
import uuid
from dataclasses import replace
from itertools import product
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
from sqlalchemy import select

from processing import FORMATS, WaveFacts, check, read_wave, write_wave
from survey.answering import WholeForm, submit_whole
from survey.freezing import freeze
from survey.models import AuditEntry, Freeze, Response, Wave
from survey.progress import progress_of, without_small
from survey.withdrawal import withdraw

QUESTIONNAIRES = Path(__file__).parents[1] / "given" / "questionnaires"
ANSWERS = {"mini_home": 4, "mini_stairs": -6, "mini_outside": 2, "mini_afraid": 1}


@pytest.fixture
def settings(settings):
    return replace(settings, library=QUESTIONNAIRES)


@pytest.fixture
def study(make):
    return make.study(key="puls")


@pytest.fixture
def wave(make, study, mini):
    return make.open_wave(study, mini, number=1)


@pytest.fixture
def today():
    """The day of the clock, which the page asks."""
    return dt.datetime.now(dt.UTC).date()


@pytest.fixture
def answer(database, keys, mini, make, wave, today):
    """A function by which so many of an area's ten invited people answer, the day before."""

    def answer(area, number, mode="web", day=today - dt.timedelta(days=1)):
        for place in range(10):
            invitation, _ = make.invitation(wave, area)
            if place >= number:
                continue
            with database.writing() as session:
                submit_whole(
                    session,
                    keys,
                    mini,
                    session.get_one(Wave, wave.id),
                    WholeForm(uuid.uuid4(), ANSWERS, mode, "da", day),
                    invitation=invitation,
                    area_id=area.id,
                )

    return answer


@pytest.fixture
def frozen(database, keys, mini, make, study, wave, answer, settings):
    """The wave's dataset, with six answers."""
    answer(make.area(study), 6)
    return frozen_now(database, keys, mini, wave, settings)


def frozen_now(database, keys, mini, wave, settings):
    with database.writing() as session:
        session.get_one(Wave, wave.id).status = "closed"
    with database.writing() as session:
        held = session.get_one(Wave, wave.id)
        freeze(session, keys, mini, held, settings.data, actor="operator")
    with database.reading() as session:
        return session.scalars(select(Freeze)).one()


@pytest.fixture
def rita(employ, study, signed_in):
    """The researcher's browser."""
    employ("Rita", (study, "researcher"))
    return signed_in("Rita")


@pytest.fixture
def take(token):
    """A function that asks for a file as the page does."""

    def take(client, number, file="csv", language="da"):
        sent = {"csrf_token": token(client.get("/keying/")), "file": file, "language": language}
        return client.post(f"/research/datasets/{number}", data=sent, buffered=True)

    return take


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ([30, 12, 7], [30, 12, 7]),
        ([30, 12, 4], [30, None, None]),  # one alone could be worked out from the total
        ([30, 3, 4], [30, None, None]),
        ([30, 0], [None, None]),
        ([0, 0, 30, 40], [None, None, None, 40]),  # two noughts, if the total says no more
        ([2, 2, 30, 40], [None, None, None, 40]),
        ([2, 3, 30, 40], [None, None, 30, 40]),
        ([1, 1, 1], [None, None, None]),
        ([4], [None]),
        ([5], [5]),
        ([], []),
    ],
)
def test_small_counts_and_what_would_give_them_away_are_left_out(counts, told):
    assert without_small(counts) == told


def test_progress_counts_by_area_and_mode(database, make, study, wave, answer, today):
    names = ["Valmuen", "Anemonen", "Kløveren"]
    for name, number, mode in zip(names, (9, 6, 5), ("web", "web", "paper"), strict=True):
        answer(make.area(study, name=name), number, mode)
    with database.reading() as session:
        progress = progress_of(session, wave, today)
    assert (progress.invited, progress.finished) == (30, 20)
    assert dict(progress.modes) == {"web": 15, "paper": 5}
    assert [(one.name, one.finished, one.share) for one in progress.places] == [
        ("Valmuen", 9, 90),
        ("Anemonen", 6, 60),
        ("Kløveren", 5, 50),
    ]


def test_an_answer_is_counted_from_the_day_after_so_that_no_page_tells_its_moment(
    rita, database, make, study, wave, answer, today
):
    area = make.area(study)
    answer(area, 6)
    before = rita.get("/research/").get_data(as_text=True)
    answer(area, 1, day=today)
    after = rita.get("/research/").get_data(as_text=True)
    assert "6 af 10 inviterede har svaret" in before
    assert "6 af 20 inviterede har svaret" in after
    assert "til og med i går" in after
    with database.reading() as session:
        tomorrow = progress_of(session, wave, today + dt.timedelta(days=1))
    assert tomorrow.finished == 7


def test_a_wave_with_few_answers_says_only_that_they_are_few(rita, make, study, answer):
    answer(make.area(study), 4)
    page = rita.get("/research/").get_data(as_text=True)
    assert "Færre end 5 af 10 inviterede har svaret" in page


def test_the_page_names_every_dataset_and_what_is_to_be_known_of_it(rita, frozen):
    page = rita.get("/research/").get_data(as_text=True)
    assert "6 svar" in page
    assert frozen.content_hash[:12] in page
    assert "Ikke læst igennem" in page


def test_every_file_can_be_taken_in_every_language(rita, frozen, take):
    for file, language in product([*FORMATS, "codebook"], ["da", "ar"]):
        answer = take(rita, frozen.id, file, language)
        assert answer.status_code == 200, file
        assert answer.headers["Content-Disposition"].startswith("attachment; filename=puls_wave1_")
        assert len(answer.get_data()) == answer.content_length > 100


def test_a_file_that_was_taken_opens_with_its_labels_and_reasons(rita, frozen, take, tmp_path):
    path = tmp_path / "taken.sav"
    path.write_bytes(take(rita, frozen.id, "sav", "da").get_data())
    frame, labels = pyreadstat.read_sav(path, user_missing=True)
    assert len(frame) == 6
    assert set(frame["mini_stairs"]) == {-6}
    assert labels.variable_value_labels["mini_home"][4] == "Enig"


def test_scores_can_be_taken_alone(rita, frozen, take):
    answer = take(rita, frozen.id, "scores")
    scores = pd.read_csv(io.BytesIO(answer.get_data()))
    assert list(scores.columns)[:2] == ["row_id", "mini_s_score"]
    assert len(scores) == 6


def test_who_took_which_file_stands_in_the_log(rita, frozen, take, database):
    take(rita, frozen.id, "xlsx", "ar")
    with database.reading() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc())).first()
    assert (entry.actor, entry.act, entry.subject) == ("Rita", "dataset downloaded", "puls wave 1")
    assert entry.detail == {"dataset": frozen.content_hash, "file": "xlsx", "language": "ar"}


@pytest.mark.parametrize(
    ("file", "language", "status"), [("exe", "da", 400), ("", "da", 400), ("csv", "xx", 404)]
)
def test_a_file_that_there_is_not_is_neither_sent_nor_logged(
    rita, frozen, take, database, file, language, status
):
    assert take(rita, frozen.id, file, language).status_code == status
    with database.reading() as session:
        acts = session.scalars(select(AuditEntry.act)).all()
    assert "dataset downloaded" not in acts


def test_a_dataset_that_there_is_not_is_not_found(rita, frozen, take):
    assert take(rita, 99).status_code == 404


def test_a_revoked_dataset_is_marked_and_not_handed_out(
    rita, frozen, take, database, keys, mini, settings
):
    with database.writing() as session:
        response = session.scalars(select(Response)).first()
        withdraw(session, keys, mini, response, settings.data, actor="operator")
    assert "Trukket tilbage" in rita.get("/research/").get_data(as_text=True)
    answer = take(rita, frozen.id)
    assert answer.status_code == 410
    assert "trukket tilbage" in answer.get_data(as_text=True)


def test_a_dataset_with_a_changed_byte_is_not_handed_out(rita, frozen, take, settings):
    part = next((settings.data / frozen.folder).glob("responses/*.parquet"))
    changed = bytearray(part.read_bytes())
    changed[len(changed) // 2] ^= 1
    part.chmod(0o600)
    part.write_bytes(changed)
    assert take(rita, frozen.id).status_code == 409


def test_a_dataset_that_was_changed_and_sealed_anew_is_neither_handed_out_nor_logged(
    rita, frozen, take, database, settings
):
    old = read_wave(settings.data / frozen.folder)
    names = WaveFacts.__dataclass_fields__
    forged = {
        "responses": old.responses().assign(mini_home=1),
        "tables": {"areas": old.table("areas")},
        "codebook": old.codebook,
        "instrument_files": old.instrument_files,
        "facts": WaveFacts(**{name: old.manifest[name] for name in names}),
    }
    shutil.rmtree(old.folder)
    write_wave(old.folder, **forged)
    assert check(old.folder) == []
    assert take(rita, frozen.id).status_code == 409
    with database.reading() as session:
        assert "dataset downloaded" not in session.scalars(select(AuditEntry.act)).all()


def test_a_dataset_whose_folder_is_gone_is_told_on_the_page_and_when_asked_for(
    rita, frozen, take, settings
):
    (settings.data / frozen.folder).rename(settings.data / "elsewhere")
    assert "mappe mangler" in rita.get("/research/").get_data(as_text=True)
    assert take(rita, frozen.id).status_code == 404


def test_another_studys_data_are_not_shown_and_not_handed_out(
    employ, make, signed_in, frozen, take
):
    employ("Otto", (make.study(), "researcher"))
    otto = signed_in("Otto")
    assert frozen.content_hash[:12] not in otto.get("/research/").get_data(as_text=True)
    assert take(otto, frozen.id).status_code == 403


def test_a_coordinator_follows_the_answers_and_takes_no_data(
    employ, study, signed_in, frozen, take
):
    employ("Conny", (study, "coordinator"))
    conny = signed_in("Conny")
    page = conny.get("/research/").get_data(as_text=True)
    assert "6 af 10 inviterede har svaret" in page
    assert frozen.content_hash[:12] not in page
    assert take(conny, frozen.id).status_code == 403


def test_nobody_takes_data_without_signing_in(client, frozen, token):
    sent = {"csrf_token": token(client.get("/staff/sign-in")), "file": "csv", "language": "da"}
    answer = client.post(f"/research/datasets/{frozen.id}", data=sent)
    assert answer.location.startswith("/staff/sign-in")
