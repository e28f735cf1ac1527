"""The link between code and person, and what is left when it was deleted."""

import dataclasses
import datetime as dt
import uuid

import pytest
from sqlalchemy import func, select

from processing import check
from survey import audit
from survey.answering import begin, record, submit
from survey.freezing import freeze, standing
from survey.models import (
    Addressee,
    AuditEntry,
    Contact,
    Invitation,
    Keying,
    Response,
    Round,
    Scan,
    ScanPage,
    Sheet,
    Wave,
)
from survey.own_answers import NoAnswersError, find_own
from survey.paper import Pass, save_keying
from survey.places import dispositions
from survey.retention import delete_key
from survey.sealed_answers import PageWrite, read
from survey.secrets import make_code
from survey.studies import StudyError
from survey.withdrawal import UnknownReceiptError, find_answers, withdraw

PEOPLE = 12


@dataclasses.dataclass
class Frozen:
    """A frozen wave in which everybody answered, the last of them on paper."""

    database: object
    keys: object
    form: object
    wave_id: int
    data: object
    codes: list
    receipts: list
    serial: str

    def delete_key(self):
        with self.database.writing() as session:
            wave = session.get_one(Wave, self.wave_id)
            return delete_key(session, self.keys, self.form, wave, actor="bodil")

    def withdraw(self, typed):
        with self.database.writing() as session:
            found = find_answers(session, self.keys, typed)
            return withdraw(session, self.keys, self.form, found, self.data, actor="x")

    def dataset(self):
        with self.database.reading() as session:
            found = standing(session, session.get_one(Wave, self.wave_id))
            return self.data / found.folder

    def answers_by_order(self):
        """What stands in the responses, in the order of their invitations."""
        with self.database.reading() as session:
            found = session.scalars(
                select(Response)
                .join(Invitation, Invitation.id == Response.invitation_id)
                .order_by(Invitation.id)
            )
            return [read(self.keys, one).answers.get("mini_moved_in") for one in found]


@pytest.fixture
def frozen_wave(database, keys, mini, make, today, tmp_path):
    """A function that makes a frozen wave of one legal basis."""

    def made(legal_basis, **of_invitations):
        study = make.study(key="puls")
        area = make.area(study)
        wave = make.open_wave(study, mini, number=1, legal_basis=legal_basis)
        codes = [make_code() for _ in range(PEOPLE)]
        people = [
            make.invitation(wave, area, code, stratum="ab"[at % 2], **of_invitations)[0]
            for at, code in enumerate(codes)
        ]
        keyer = make.account(study, "fieldworker")
        sheet = make.sheet(wave, area, invitation_id=people[-1].id)
        receipts = []
        with database.writing() as session:
            session.add(scanned(study, sheet))
            for at, person in enumerate(people):
                key_id, sealed = keys.seal({"code": codes[at]}, person.id, table="contact")
                session.add(Contact(invitation_id=person.id, key_id=key_id, sealed=sealed))
            written_to = Round(
                wave_id=wave.id, number=1, kind="reminder", drawn=today, actor="bodil"
            )
            session.add(written_to)
            session.flush()
            session.add_all(
                Addressee(round_id=written_to.id, invitation_id=person.id) for person in people
            )
            for at, person in enumerate(people[:-1]):
                asked = session.get_one(Wave, wave.id)
                response = begin(
                    session, keys, uuid.uuid4(), asked, invitation=person, language="da", day=today
                )
                answers = {"mini_moved_in": 2000 + at}
                write = PageWrite(uuid.uuid4(), "mini-life", answers, based_on=0)
                record(session, keys, mini, response.id, write, day=today, language="da")
                receipts.append(submit(session, keys, response.id, day=today))
            keyed = Pass(
                uuid.uuid4(),
                {"mini_moved_in": 1999},
                finished=dt.datetime(2026, 11, 22, 9, tzinfo=dt.UTC),
                day=today,
            )
            save_keying(session, keys, mini, sheet.serial, keyer.id, {study.id}, keyed)
            found = session.get_one(Wave, wave.id)
            found.status = "closed"
            session.flush()
            freeze(session, keys, mini, found, tmp_path / "data", actor="bodil")
        data = tmp_path / "data"
        return Frozen(database, keys, mini, wave.id, data, codes, receipts, sheet.serial)

    return made


def scanned(study, sheet):
    """A file with one page of a sheet."""
    at = dt.datetime(2026, 11, 22, 9, tzinfo=dt.UTC)
    page = ScanPage(
        id=uuid.uuid4(),
        number=1,
        outcome="read",
        sheet_id=sheet.id,
        key_id="k",
        sealed_readings=b"read",
        sealed_picture=b"picture",
    )
    file = {"size": 1, "digest": "d", "state": "read", "key_id": "k"}
    return Scan(study_id=study.id, actor="bodil", at=at, pages=[page], **file)


@pytest.fixture
def under_consent(frozen_wave):
    return frozen_wave("consent")


@pytest.fixture
def under_research(frozen_wave):
    return frozen_wave("research")


@pytest.mark.parametrize("basis", ["consent", "research"])
def test_no_code_reference_or_contact_leads_to_anybody(frozen_wave, basis):
    wave = frozen_wave(basis)
    with wave.database.reading() as session:
        before = session.execute(select(Invitation.id, Invitation.reference)).all()
        counted = dispositions(session, session.get_one(Wave, wave.wave_id))
    done = wave.delete_key()
    assert (done.invitations, done.contacts) == (PEOPLE, PEOPLE)
    with wave.database.reading() as session:
        after = session.execute(select(Invitation.id, Invitation.reference)).all()
        hashes = set(session.scalars(select(Invitation.code_hash)))
        assert session.scalar(select(func.count()).select_from(Contact)) == 0
        # Who was reminded had not answered: that goes too.
        assert session.scalar(select(func.count()).select_from(Addressee)) == 0
        assert dispositions(session, session.get_one(Wave, wave.wave_id)).equals(counted)
    assert len(after) == PEOPLE
    assert not {one.id for one in before} & {one.id for one in after}
    assert not {one.reference for one in before} & {one.reference for one in after}
    assert not {wave.keys.code_hash(code) for code in wave.codes} & hashes
    with pytest.raises(UnknownReceiptError):
        wave.withdraw(wave.codes[0])


def test_the_order_of_the_list_is_gone_too(under_consent):
    before = under_consent.answers_by_order()
    assert before == [*sorted(before[:-1]), 1999]
    under_consent.delete_key()
    after = under_consent.answers_by_order()
    assert sorted(after) == sorted(before)
    # By chance they come back in one order of 479 million.
    assert after != before


def test_under_consent_receipt_and_sheet_still_take_answers_back(under_consent):
    under_consent.delete_key()
    dispositions = under_consent.dataset() / "dispositions.parquet"
    before = dispositions.read_bytes()
    under_consent.withdraw(under_consent.receipts[3])
    done = under_consent.withdraw(under_consent.serial)
    assert done.superseding.dataset.rows == PEOPLE - 2
    assert check(under_consent.dataset()) == []
    assert before != (under_consent.dataset() / "dispositions.parquet").read_bytes()
    with under_consent.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Keying)) == 0
        page = session.scalars(select(ScanPage)).one()
        assert (page.sealed_readings, page.sealed_picture) == (None, None)


def test_under_research_receipts_and_sheets_lead_nowhere_and_answers_stay(under_research):
    done = under_research.delete_key()
    assert done.receipts == PEOPLE
    with under_research.database.reading() as session:
        for receipt in under_research.receipts:
            with pytest.raises(NoAnswersError):
                find_own(session, under_research.keys, receipt)
        with pytest.raises(UnknownReceiptError):
            find_answers(session, under_research.keys, under_research.serial)
        assert session.scalar(select(func.count()).select_from(Keying)) == 0
        assert session.scalars(select(Sheet.invitation_id)).one() is None
    assert sorted(under_research.answers_by_order()) == [1999, *range(2000, 2000 + PEOPLE - 1)]
    assert check(under_research.dataset()) == []


def test_it_is_noted_once_and_done_once(under_research):
    under_research.delete_key()
    with pytest.raises(StudyError, match="was deleted on"):
        under_research.delete_key()
    with under_research.database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "key deleted")).one()
        assert entry.detail == {"invitations": PEOPLE, "contacts": PEOPLE, "receipts": PEOPLE}
        assert audit.broken_at(session) is None


def test_a_wave_that_is_not_frozen_needs_its_key(database, make, mini, keys):
    wave = make.open_wave(make.study(key="puls"), mini, number=1)
    with database.writing() as session, pytest.raises(StudyError, match="wave freeze puls 1"):
        delete_key(session, keys, mini, session.get_one(Wave, wave.id), actor="bodil")


def test_while_people_are_followed_no_key_is_said_to_be_gone(frozen_wave):
    wave = frozen_wave("research", pseudonym=b"the same person")
    with pytest.raises(StudyError, match="follows 12 people"):
        wave.delete_key()
