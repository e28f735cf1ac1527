import dataclasses
import datetime as dt
import json
import shutil
import threading
import uuid
from pathlib import Path

import pytest
from forms import QUESTIONNAIRES
from sqlalchemy import select, update

from instruments import load_form
from processing import check, read_study, read_wave
from processing.datasets.completion import Completion
from survey import audit
from survey.analysis_plans import register_plan
from survey.answering import WholeForm, begin, record, submit, submit_whole
from survey.freezing import NotFreezableError, freeze, put_right, standing, supersede
from survey.invitations import report_outcomes
from survey.models import (
    AuditEntry,
    Batch,
    Freeze,
    Invitation,
    Keying,
    Response,
    Sheet,
    Superseded,
    Tombstone,
    Wave,
)
from survey.sealed_answers import PageWrite
from survey.secrets import make_code
from survey.serials import make_serial
from survey.studies import StudyError, find_wave
from survey.withdrawal import UnknownReceiptError, find_answers, withdraw

SAFE = {"mini_home": 4, "mini_stairs": 2, "mini_outside": 5, "mini_afraid": -3}
LIFE = {"mini_moved_in": 2014, "mini_life": 0, "mini_member": 1, "mini_clubs": [1, 3]}


@dataclasses.dataclass
class Study:
    """An open wave in one area, and ways for people to answer in it."""

    database: object
    keys: object
    form: object
    wave_id: int
    area: object
    invitations: list
    data: Path
    day: dt.date

    def answer(self, number, pages, *, finish=True):
        """One person saves pages on a phone; returns the receipt, or nothing when they stop."""
        with self.database.writing() as session:
            wave = session.get_one(Wave, self.wave_id)
            response_id = begin(
                session,
                self.keys,
                uuid.uuid4(),
                wave,
                invitation=self.invitations[number],
                language="da",
                day=self.day,
            ).id
            for page, answers in pages.items():
                write = PageWrite(uuid.uuid4(), page, answers, based_on=99)
                record(
                    session,
                    self.keys,
                    self.form,
                    response_id,
                    write,
                    day=self.day,
                    language="da",
                )
            return submit(session, self.keys, response_id, day=self.day) if finish else None

    def key_in(self, number, answers):
        whole = WholeForm(uuid.uuid4(), answers, "paper", "da", self.day)
        with self.database.writing() as session:
            submit_whole(
                session,
                self.keys,
                self.form,
                session.get_one(Wave, self.wave_id),
                whole,
                invitation=self.invitations[number],
                area_id=self.area.id,
            )

    def close(self):
        with self.database.writing() as session:
            session.get_one(Wave, self.wave_id).status = "closed"

    def freeze(self):
        with self.database.writing() as session:
            wave = session.get_one(Wave, self.wave_id)
            return freeze(session, self.keys, self.form, wave, self.data, actor="bodil").dataset

    def withdraw(self, receipt):
        with self.database.writing() as session:
            response = find_answers(session, self.keys, receipt)
            return withdraw(session, self.keys, self.form, response, self.data, actor="the person")


@pytest.fixture
def asked(database, keys, mini, make, today, tmp_path):
    """A wave with four invited people in one area."""
    study = make.study(key="puls")
    area = make.area(study, key="0667-012")
    wave = make.open_wave(study, mini, number=1)
    invitations = [make.invitation(wave, area, stratum="a")[0] for _ in range(4)]
    return Study(database, keys, mini, wave.id, area, invitations, tmp_path / "data", today)


@pytest.fixture
def answered(asked):
    """One finished on a phone, one broke off, one on paper; the wave is closed."""
    asked.receipt = asked.answer(
        0, {"mini-safe": SAFE, "mini-life": LIFE, "mini-last": {"mini_comment": "Blåbær = ja"}}
    )
    asked.answer(1, {"mini-safe": {"mini_home": 1}}, finish=False)
    # On paper: says no club, and ticks one all the same.
    asked.key_in(2, SAFE | {"mini_member": 2, "mini_clubs": [2], "mini_stairs": -7})
    asked.close()
    return asked


def rows_by_mode(dataset):
    frame = dataset.responses()
    return {(row["mode"], row["status"]): row for row in frame.to_dict("records")}


def test_every_answer_arrives_in_the_dataset_with_its_reason_when_there_is_none(answered):
    rows = rows_by_mode(answered.freeze())
    finished, broken_off, paper = rows[1, 1], rows[1, 2], rows[2, 1]
    assert {name: finished[name] for name in SAFE} == SAFE
    assert (finished["mini_clubs_1"], finished["mini_clubs_2"]) == (1, 0)
    assert (finished["mini_comment"], finished["mini_comment_missing"]) == ("Blåbær = ja", 0)
    assert finished["mini_adults"] == -8  # seen and left blank
    assert finished["mini_club_glad"] == -1  # its page was never saved
    assert (broken_off["mini_home"], broken_off["mini_stairs"]) == (1, -8)
    assert (broken_off["mini_life"], broken_off["mini_comment_missing"]) == (-1, -1)
    assert (paper["mini_stairs"], paper["mini_comment_missing"]) == (-7, -8)


def test_what_was_given_against_the_routing_is_not_shown_and_kept_raw(answered):
    paper = rows_by_mode(answered.freeze())[2, 1]
    assert [paper[f"mini_clubs_{code}"] for code in (1, 2, 3)] == [-2, -2, -2]
    assert [paper[f"mini_clubs_{code}_raw"] for code in (1, 2, 3)] == [0, 1, 0]
    assert (paper["mini_club_glad"], paper["mini_club_glad_raw"]) == (-2, -8)


def test_the_folder_checks_out_and_carries_all_that_a_researcher_needs(answered):
    dataset = answered.freeze()
    assert check(dataset.folder) == []
    assert dataset.rows == 3
    assert (dataset.study, dataset.wave) == ("puls", 1)
    assert dataset.manifest["unreviewed_languages"] == ["da", "ar"]
    assert load_form(answered.form.pin(), dataset.folder / "instruments") == answered.form
    [area] = dataset.table("areas").to_dict("records")
    assert area["area"] == "0667-012"
    assert [wave.folder for wave in read_study(answered.data / "puls").waves] == [dataset.folder]


def test_a_review_added_after_opening_changes_no_byte_of_the_dataset(answered, tmp_path):
    before = answered.freeze().manifest
    library = tmp_path / "library"
    shutil.copytree(QUESTIONNAIRES, library)
    (library / "mini/1/reviews.yaml").write_text(
        "da: {by: Ann, date: 2026-11-25}\nar: none\n", encoding="utf-8"
    )
    reviewed = load_form(answered.form.pin(), library)
    assert reviewed.unreviewed_languages() == ("ar",)
    with answered.database.writing() as session:
        wave = session.get_one(Wave, answered.wave_id)
        again = supersede(
            session, answered.keys, reviewed, wave, answered.data, actor="bodil", reason="a test"
        )
    after = again.dataset.manifest
    assert after["unreviewed_languages"] == before["unreviewed_languages"] == ["da", "ar"]
    assert after["files"] == before["files"]
    assert "instruments/mini/1/reviews.yaml" in after["files"]


def test_dispositions_count_everybody_once(answered):
    table = answered.freeze().table("dispositions").set_index("mode")
    assert table.loc["", "invited"] == 4
    assert (table.loc["web", "started"], table.loc["web", "finished"]) == (2, 1)
    assert (table.loc["paper", "started"], table.loc["paper", "finished"]) == (1, 1)


def test_a_form_opened_and_left_unanswered_is_counted_as_started_and_is_no_row(asked):
    asked.answer(0, {"mini-safe": SAFE})
    asked.answer(1, {"mini-safe": {"mini_home": 1}}, finish=False)
    asked.answer(2, {}, finish=False)
    asked.answer(3, {"mini-safe": {}}, finish=False)  # seen and left blank: that is known of it
    asked.close()
    dataset = asked.freeze()
    assert dataset.completion() == Completion(rows=3, complete=1, partial=2, opened=1)
    assert str(dataset.completion()) == (
        "3 responses (1 complete, 2 partial; 1 more opened and left without an answer)"
    )
    assert dataset.manifest["counts"]["opened"] == 1
    assert dataset.table("dispositions")[["invited", "started", "finished"]].sum().tolist() == [
        4,
        4,
        1,
    ]
    assert check(dataset.folder) == []


def test_nothing_in_the_folder_tells_who_answered_or_when(answered):
    dataset = answered.freeze()
    with answered.database.reading() as session:
        known = {str(response.id) for response in session.scalars(select(Response))}
        known |= {response.id.hex for response in session.scalars(select(Response))}
    known |= {invitation.reference for invitation in answered.invitations}
    written = b"".join(path.read_bytes() for path in dataset.folder.rglob("*") if path.is_file())
    columns = dataset.responses()
    assert not {name for name in known if name.encode() in written}
    assert set(columns["day"]) == {"2026-11-22"}
    assert not columns.map(lambda value: str(value) in known).any().any()


def test_the_same_database_gives_the_same_bytes(answered, tmp_path):
    first = answered.freeze()
    with answered.database.writing() as session:
        session.delete(session.scalars(select(Freeze)).one())
        session.get_one(Wave, answered.wave_id).status = "closed"
    answered.data = tmp_path / "again"
    second = answered.freeze()
    assert second.hash == first.hash
    for path in first.folder.rglob("*"):
        if path.is_file():
            assert (
                path.read_bytes() == (second.folder / path.relative_to(first.folder)).read_bytes()
            )


def test_only_a_closed_wave_can_be_frozen_and_only_once(answered):
    answered.freeze()
    with pytest.raises(NotFreezableError, match="only a closed wave"):
        answered.freeze()


def test_an_open_wave_is_not_frozen(asked):
    with pytest.raises(NotFreezableError, match="beboerpuls wave close puls 1"):
        asked.freeze()
    assert not asked.data.exists()


def test_freezing_is_noted_with_who_did_it(answered):
    dataset = answered.freeze()
    with answered.database.reading() as session:
        [entry] = session.scalars(select(AuditEntry))
        assert (entry.actor, entry.act, entry.detail["dataset"]) == (
            "bodil",
            "wave frozen",
            dataset.hash,
        )
        assert audit.broken_at(session) is None


def test_what_a_cut_off_freeze_left_is_written_over(answered):
    left = answered.data / "puls" / "wave-1-freeze-1"
    left.mkdir(parents=True)
    (left / "manifest.json").write_text("{")
    assert check(answered.freeze().folder) == []


def test_a_disk_that_fails_leaves_no_folder_and_the_wave_closed(answered):
    answered.data.write_text("a file where a folder should be")
    with pytest.raises(OSError, match="data"):
        answered.freeze()
    with answered.database.reading() as session:
        assert session.get_one(Wave, answered.wave_id).status == "closed"
        assert session.scalars(select(Freeze)).all() == []


def test_an_empty_wave_freezes_to_an_empty_dataset(asked):
    asked.close()
    dataset = asked.freeze()
    assert dataset.rows == 0
    assert check(dataset.folder) == []


def test_before_freezing_a_withdrawal_just_erases(answered):
    done = answered.withdraw(answered.receipt)
    assert done.superseding is None
    assert answered.freeze().rows == 2
    with pytest.raises(UnknownReceiptError):
        answered.withdraw(answered.receipt)


def test_after_freezing_a_withdrawal_supersedes_and_the_old_rows_are_gone(answered):
    before = answered.freeze()
    frozen_rows = set(before.responses()["row_id"])
    after = answered.withdraw(answered.receipt).superseding.dataset
    assert (after.rows, after.manifest["supersedes"]) == (2, before.hash)
    assert check(after.folder) == []
    [gone] = frozen_rows - set(after.responses()["row_id"])
    assert read_wave(before.folder).revoked
    assert not (before.folder / "responses").exists()
    [difference] = check(before.folder)
    assert after.hash in difference.what
    assert json.loads((before.folder / "revoked.json").read_text())["superseded_by"] == after.hash
    with answered.database.reading() as session:
        assert session.scalars(select(Tombstone.row_id)).all() == [gone]
        wave = session.get_one(Wave, answered.wave_id)
        assert standing(session, wave).content_hash == after.hash


def test_a_withdrawal_takes_every_copy_and_the_code_with_it(answered, make):
    answered.key_in(0, {"mini_home": 1})
    answered.withdraw(answered.receipt)
    with answered.database.reading() as session:
        assert session.scalars(select(Superseded)).all() == []
        invitation = session.merge(answered.invitations[0])
        session.refresh(invitation)
        assert (invitation.revoked, invitation.outcome) == (True, "withdrawn")


@pytest.fixture
def keyed(asked, make):
    """Two sheets of unassigned stock keyed by one person, and one of another study."""
    keyer = make.account()
    stock = [(asked.wave_id, asked.area.id)] * 2
    other = make.study()
    stock.append((make.wave(other).id, make.area(other).id))
    ids = []
    with asked.database.writing() as session:
        for number, (wave_id, area_id) in enumerate(stock):
            batch = Batch(wave_id=wave_id, name=f"Bundt {number}")
            sheet = Sheet(
                serial=make_serial(number + 1), batch=batch, area_id=area_id, language="da"
            )
            key_id, sealed = asked.keys.seal({"values": {}}, number)
            keying = Keying(
                id=uuid.uuid4(),
                sheet=sheet,
                number=1,
                keyer_id=keyer.id,
                finished=dt.datetime.now(dt.UTC),
                key_id=key_id,
                sealed=sealed,
            )
            session.add(keying)
            sheet.state = "settled"
            ids.append(keying.id)
        for keying_id in ids[:2]:
            submit_whole(
                session,
                asked.keys,
                asked.form,
                session.get_one(Wave, asked.wave_id),
                WholeForm(keying_id, SAFE, "paper", "da", asked.day),
                invitation=None,
                area_id=asked.area.id,
            )
    return ids


def test_a_sheet_for_nobody_in_particular_is_of_its_area_and_no_sampled_case(asked, keyed):
    """Nobody knows how likely its writer was to be asked: no weight, and outside the response rate."""
    asked.answer(0, {"mini-safe": SAFE})
    asked.close()
    dataset = asked.freeze()
    rows = dataset.responses(["area", "base_weight", "open_link", "status"])
    assert set(rows["area"]) == {asked.area.key}
    assert sorted(zip(rows["base_weight"], rows["open_link"], strict=True)) == [
        (0, 0), (0, 0), (1, 0),
    ]  # fmt: skip
    counts = dataset.table("dispositions")
    columns = ["invited", "finished", "uninvited_started", "uninvited_finished"]
    assert counts[columns].sum().tolist() == [4, 1, 2, 2]
    labels = dataset.codebook.variable("base_weight").labels
    assert ("0: ikke udvalgt" in labels["da"], "0: not sampled" in labels["en"]) == (True, True)


def test_a_withdrawal_without_an_invitation_takes_its_own_keying_and_no_other(asked, keyed):
    asked.withdraw(asked.keys.receipt(keyed[0]))
    with asked.database.reading() as session:
        assert set(session.scalars(select(Keying.id))) == set(keyed[1:])
        states = session.scalars(select(Sheet.state).order_by(Sheet.serial)).all()
        assert states == ["void", "settled", "settled"]


def test_who_answered_on_paper_withdraws_with_the_number_of_the_sheet(asked, keyed):
    asked.withdraw(f" {make_serial(2)} ")
    with asked.database.reading() as session:
        assert set(session.scalars(select(Keying.id))) == {keyed[0], keyed[2]}
    asked.withdraw(make_serial(3))  # keyed, and no response yet
    with asked.database.reading() as session:
        assert set(session.scalars(select(Keying.id))) == {keyed[0]}
    for serial in (make_serial(2), make_serial(3), make_serial(9)):  # erased, erased, no sheet
        with pytest.raises(UnknownReceiptError):
            asked.withdraw(serial)


def test_a_sheet_of_an_invitation_leads_to_its_response(answered, make):
    invitation = answered.invitations[2]
    with answered.database.writing() as session:
        batch = Batch(wave_id=answered.wave_id, name="Udsendt")
        session.add(
            Sheet(
                serial=make_serial(50),
                batch=batch,
                area_id=answered.area.id,
                invitation_id=invitation.id,
                language="da",
            )
        )
    with answered.database.reading() as session:
        found = find_answers(session, answered.keys, make_serial(50))
        assert found.invitation_id == invitation.id


def test_who_has_no_receipt_withdraws_with_the_code_of_the_letter(answered, make):
    code = make_code()
    with answered.database.writing() as session:
        invitation = session.get_one(Invitation, answered.invitations[1].id)
        invitation.code_hash = answered.keys.code_hash(code)
    answered.withdraw(code)
    assert answered.freeze().rows == 2


@pytest.mark.parametrize("state", ["returned", "keyed_once", "keyed_twice"])
def test_a_wave_with_sheets_that_came_back_and_nobody_settled_is_not_frozen(answered, keyed, state):
    with answered.database.writing() as session:
        session.execute(update(Sheet).values(state=state))
    with pytest.raises(
        NotFreezableError, match=r"not settled: \d{7} \(.+\), \d{7} \(.+\)\. Frozen now"
    ):
        answered.freeze()


def test_a_wave_closed_before_the_year_that_somebody_named_can_be_frozen(asked):
    asked.day = dt.date(2027, 1, 2)
    asked.answer(0, {"mini-life": {"mini_moved_in": 2027}})
    with asked.database.writing() as session:
        wave = session.get_one(Wave, asked.wave_id)
        wave.status, wave.closes = "closed", dt.date(2026, 12, 13)
    assert asked.freeze().codebook.variable("mini_moved_in").highest == 2027


def test_a_freeze_cut_off_before_the_database_said_its_word_is_listed_nowhere(answered):
    with answered.database.writing() as session:
        wave = session.get_one(Wave, answered.wave_id)
        freeze(session, answered.keys, answered.form, wave, answered.data, actor="bodil")
        session.rollback()
    assert not (answered.data / "puls" / "manifest.json").exists()
    assert answered.withdraw(answered.receipt).superseding is None
    assert answered.freeze().rows == 2


def test_a_withdrawal_cut_off_before_the_word_leaves_the_dataset_and_the_next_one_acts(answered):
    before = answered.freeze()
    with answered.database.writing() as session:
        response = find_answers(session, answered.keys, answered.receipt)
        withdraw(session, answered.keys, answered.form, response, answered.data, actor="x")
        session.rollback()
    assert check(before.folder) == []
    assert answered.withdraw(answered.receipt).superseding.dataset.rows == 2
    assert read_wave(before.folder).revoked


def test_marks_that_a_cut_off_command_left_unmade_are_made_by_the_next(answered, make):
    before = answered.freeze()
    after = answered.withdraw(answered.receipt).superseding.dataset
    (before.folder / "revoked.json").unlink()
    (answered.data / "puls" / "manifest.json").unlink()
    with answered.database.writing() as session:
        wave = session.get_one(Wave, answered.wave_id)
        put_right(session, wave.study, answered.data)
    assert read_wave(before.folder).revoked
    assert [wave.folder for wave in read_study(answered.data / "puls").waves] == [after.folder]


def test_what_is_reported_while_a_wave_is_frozen_comes_too_late(answered):
    """The freeze has counted what became of everybody, and nothing is counted after it."""
    refused = []

    def report():
        with answered.database.writing() as session:
            wave = find_wave(session, "puls", 1)
            try:
                report_outcomes(
                    session, wave, {answered.invitations[3].reference: "moved"}, actor="bodil"
                )
            except StudyError as error:
                refused.append(str(error))

    reporting = threading.Thread(target=report)
    with answered.database.writing() as session:
        wave = session.get_one(Wave, answered.wave_id)
        freeze(session, answered.keys, answered.form, wave, answered.data, actor="bodil")
        reporting.start()
        reporting.join(0.3)
        assert reporting.is_alive()
    reporting.join(10)
    assert refused == ["Wave 1 is frozen; what became of invitations is counted."]


def test_a_plan_registered_after_the_first_freeze_is_in_no_dataset_that_supersedes(answered):
    early, late = (b"primary: [a]\ntreatment: [x]\nlevel: 0.9", b"primary: [b]\ntreatment: [x]")

    def register(content):
        with answered.database.writing() as session:
            study = session.get_one(Wave, answered.wave_id).study
            return register_plan(session, study, content, actor="bodil").hash

    first = register(early)
    assert answered.freeze().manifest["analysis_plans"] == [first]
    register(late)
    answered.withdraw(answered.receipt)
    [superseding] = (answered.data).rglob("wave-1-freeze-2/manifest.json")
    assert json.loads(superseding.read_text())["analysis_plans"] == [first]
