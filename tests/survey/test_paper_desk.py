"""Sheets from the printer to a response: received, sampled, keyed twice, settled, judged."""

import contextlib
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from paper import NOW, ON_PAPER
from sqlalchemy import select, text

from instruments import NOT_ANSWERED
from processing import check as check_dataset
from processing import export, open_texts
from survey import (
    answering,
    batches,
    own_batches,
    paper,
    receiving,
    sealed_answers,
    settling,
    verdicts,
)
from survey.freezing import freeze
from survey.keying_quality import quality_of
from survey.models import Batch, Invitation, Keying, KeyingCheck, Resolution, Sheet, Wave
from survey.retention import delete_key
from survey.settling import Decided, Decision
from survey.sheet_states import (
    MistypedSerialError,
    OtherStudyError,
    SheetError,
    VoidSheetError,
    WaveNotKeyedError,
    became,
    hold_sheet,
    story,
)
from survey.verification_record import batches_csv, keyers_csv
from survey.withdrawal import UnknownReceiptError, erasure_number, find_answers, withdraw


@pytest.fixture
def karen(paper_wave):
    return paper_wave.person("Karen")


@pytest.fixture
def bo(paper_wave):
    return paper_wave.person("Bo")


@pytest.fixture
def gerda(paper_wave):
    return paper_wave.person("Gerda")


@pytest.fixture
def twice(paper_wave):
    """A batch in which every sheet is keyed twice."""
    return paper_wave.batch(second_keying_share=1)


@pytest.fixture
def receive(paper_wave):
    """A function that receives a sheet into a batch."""

    def receive(typed, batch, studies=None):
        return paper_wave.do(
            receiving.receive,
            getattr(typed, "serial", typed),
            studies or {paper_wave.study.id},
            batch,
            actor="Karen",
            at=NOW,
        )

    return receive


@pytest.fixture
def settle(paper_wave):
    """A function that settles a sheet: `settle(sheet, person, mini_home=5)`."""

    def settle(sheet, person, id_=None, reason="slip", note="", **values):
        decisions = {column: Decision(value, reason) for column, value in values.items()}
        decided = Decided(id_ or uuid.uuid4(), decisions, NOW, note)
        return paper_wave.do(
            settling.settle_differences,
            paper_wave.keys,
            paper_wave.form,
            sheet.serial,
            person.id,
            {paper_wave.study.id},
            decided,
        )

    return settle


@pytest.fixture
def judge(paper_wave):
    """A function that judges a batch."""

    def judge(batch):
        return paper_wave.do(
            lambda session, pile: verdicts.judge(
                session, paper_wave.keys, paper_wave.form, pile, actor="Bodil"
            ),
            batch,
        )

    return judge


# ---- Receiving


def test_a_sheet_that_comes_back_is_laid_into_its_batch_by_somebody_at_a_time(paper_wave, receive):
    (sheet,) = paper_wave.sheets(paper_wave.batch("Udsendt"), 1)
    pile = paper_wave.batch("Modtaget")
    received = receive(f" {sheet.serial[:4]} {sheet.serial[4:]}", pile)
    assert (received.state, received.batch_id) == ("returned", pile.id)
    with paper_wave.database.reading() as session:
        assert [(e.state, e.actor, e.at) for e in story(session, received)] == [
            ("returned", "Karen", NOW)
        ]


def test_the_same_sheet_twice_is_told_with_when_it_first_came(paper_wave, receive):
    pile = paper_wave.batch()
    (sheet,) = paper_wave.sheets(pile, 1)
    receive(sheet, pile)
    with pytest.raises(receiving.AlreadyBackError) as told:
        receive(sheet, pile)
    assert (told.value.before.actor, told.value.before.at) == ("Karen", NOW)


def test_what_cannot_be_received_changes_nothing(paper_wave, receive, make):
    pile = paper_wave.batch()
    (sheet,) = paper_wave.sheets(pile, 1)
    slip = sheet.serial[:-1] + str((int(sheet.serial[-1]) + 1) % 10)
    with pytest.raises(MistypedSerialError):
        receive(slip, pile)
    with pytest.raises(OtherStudyError):
        receive(sheet, pile, {make.study().id})
    other = make.open_wave(paper_wave.study, paper_wave.form)
    with pytest.raises(receiving.OtherWaveError):
        receive(make.sheet(other, paper_wave.area), pile)
    frozen = make.open_wave(paper_wave.study, paper_wave.form, status="frozen")
    with pytest.raises(WaveNotKeyedError):
        receive(make.sheet(frozen, paper_wave.area), pile)
    assert paper_wave.state(sheet) == "printed"


def test_a_batch_whose_sample_is_drawn_takes_no_more_sheets(paper_wave, receive):
    pile = paper_wave.batch(second_keying_share=0.5)
    paper_wave.sheets(pile, 4, state="returned")
    paper_wave.do(batches.draw, pile, actor="Bodil")
    (late,) = paper_wave.sheets(paper_wave.batch("Udsendt"), 1)
    with pytest.raises(receiving.FixedBatchError):
        receive(late, pile)


def test_a_sheet_taken_out_says_why_and_is_neither_keyed_nor_received(paper_wave, receive, karen):
    pile = paper_wave.batch()
    (sheet,) = paper_wave.sheets(pile, 1)
    studies = {paper_wave.study.id}
    paper_wave.do(receiving.take_out, sheet.serial, studies, "vandskadet", actor="Bodil", at=NOW)
    with pytest.raises(VoidSheetError):
        receive(sheet, pile)
    with pytest.raises(VoidSheetError):
        paper_wave.key(sheet, karen)
    with paper_wave.database.reading() as session:
        assert story(session, sheet)[-1].note == "vandskadet"


def test_what_is_missing_is_listed_where_it_was_seen_last(paper_wave, receive, karen, bo, twice):
    printed, returned, once, settled = paper_wave.sheets(twice, 4)
    receive(returned, twice)
    for sheet, people in ((once, [karen]), (settled, [karen, bo])):
        for person in people:
            paper_wave.key(sheet, person)
    with paper_wave.database.reading() as session:
        rows = receiving.missing(session, paper_wave.wave)
        (line,) = receiving.batch_lines(session, paper_wave.wave)
    assert [(one.serial, one.state, one.actor) for one in rows] == [
        (printed.serial, "printed", ""),
        (returned.serial, "returned", "Karen"),
        (once.serial, "keyed_once", "Karen"),
    ]
    assert (line.sheets, line.keyed, line.states["settled"]) == (4, 2, 1)


def test_a_sheet_that_was_scanned_first_is_laid_into_a_batch_once(paper_wave, receive):
    pile, full = paper_wave.batch("Modtaget"), paper_wave.batch("Andet", second_keying_share=0.5)
    scanned, drawn = paper_wave.sheets(paper_wave.batch("Udsendt"), 1) + paper_wave.sheets(full, 1)
    for sheet in (scanned, drawn):
        paper_wave.do(
            lambda session, one: became(
                session, session.merge(one), "returned", actor="Karen", at=NOW, note="scan 3"
            ),
            sheet,
        )
    assert receive(scanned, pile).batch_id == pile.id
    with pytest.raises(receiving.AlreadyBackError):
        receive(scanned, pile)
    paper_wave.do(batches.draw, full, actor="Bodil")
    with pytest.raises(receiving.FixedBatchError):
        receive(drawn, pile)  # it is in a sample


# ---- Rules and samples


def test_a_new_batch_takes_the_studys_rules_and_keeps_them(paper_wave):
    first = paper_wave.batch("Før")
    rules = batches.Rules(0.2, 0.005, 0.9, "second_keyer")
    paper_wave.do(
        lambda session: batches.set_rules(
            session, session.merge(paper_wave.study), rules, actor="Bodil"
        )
    )
    assert batches.batch_rules(paper_wave.batch("Efter")) == rules
    assert batches.batch_rules(first) == batches.Rules()


def test_rules_stand_once_something_is_keyed(paper_wave, karen):
    pile = paper_wave.batch()
    paper_wave.key(paper_wave.sheets(pile, 1)[0], karen)
    with pytest.raises(batches.BatchFixedError):
        paper_wave.do(batches.set_batch_rules, pile, batches.Rules(0.5), actor="Bodil")


def test_the_same_seed_draws_the_same_sheets_and_one_more_moves_no_other_in(paper_wave):
    pile, other = (paper_wave.batch(name, second_keying_share=0.3) for name in "AB")
    sheets = paper_wave.sheets(pile, 20, state="returned")

    def drawn(serials, seed):
        """The sample, had these come back to a batch with that seed."""
        with paper_wave.database.writing() as session:
            batch = session.get_one(Batch, other.id)
            batch.drawn = None
            for one in session.scalars(select(Sheet)):
                one.batch, one.second_keying = session.get_one(Batch, pile.id), None
                if one.serial in serials:
                    one.batch = batch
            session.flush()
            batches.draw(session, batch, actor="Bodil", seed=seed)
            taken = select(Sheet.serial).where(Sheet.second_keying.is_(True))
            return set(session.scalars(taken))

    serials = [one.serial for one in sheets]
    assert len(drawn(serials, 7)) == 6
    assert drawn(serials, 7) == drawn(serials, 7) != drawn(serials, 8)
    for number in range(7, 20):
        before, after = drawn(serials[:number], 7), drawn(serials[: number + 1], 7)
        assert len(before - after) <= 1
        assert len(after - before) <= 1


def test_a_pile_keyed_without_being_received_is_sampled_as_a_whole_and_not_by_its_first_sheet(
    paper_wave, receive, karen, bo
):
    pile = paper_wave.batch(second_keying_share=0.3)
    seed = pile.seed
    assert seed is not None
    assert paper_wave.batch("Et andet").seed != seed
    with pytest.raises(batches.NothingBackError):
        paper_wave.do(batches.draw, pile, actor="Bodil")
    *keyed, back, late = paper_wave.sheets(pile, 11)
    for sheet in keyed:
        paper_wave.key(sheet, karen)
    receive(back, pile)
    # Nobody knows yet which are keyed twice; so nobody is told, and nothing is drawn by keying.
    with paper_wave.database.reading() as session:
        assert own_batches.own_batches(session, bo.id, {paper_wave.study.id})[0].second == 0
        assert session.get_one(Batch, pile.id).drawn is None
    with pytest.raises(paper.NotDrawnError):
        paper_wave.key(keyed[0], bo)
    assert paper_wave.do(batches.draw, pile, actor="Bodil") == 3
    with paper_wave.database.reading() as session:
        drawn = [session.get_one(Sheet, one.id).second_keying for one in (*keyed, back)]
        assert session.get_one(Batch, pile.id).seed == seed
        assert (drawn.count(True), session.get_one(Sheet, late.id).second_keying) == (3, None)
    for sheet, twice in zip(keyed, drawn, strict=False):
        with contextlib.nullcontext() if twice else pytest.raises(paper.KeyedByOthersError):
            paper_wave.key(sheet, bo)
    # What comes later is in no sample, and is keyed twice.
    receive(late, pile)
    paper_wave.key(late, karen)
    paper_wave.key(late, bo)
    assert paper_wave.state(late) == "settled"


def test_a_pass_that_was_handed_to_others_is_refused(paper_wave, karen, bo, gerda, twice):
    (sheet,) = paper_wave.sheets(twice, 1)
    paper_wave.do(batches.hand_out, twice, 1, [karen.id, bo.id], actor="Bodil")
    with pytest.raises(paper.NotHandedToYouError):
        paper_wave.key(sheet, gerda)
    paper_wave.do(batches.hand_out, twice, 1, [karen.id, gerda.id], actor="Bodil")
    paper_wave.do(batches.hand_out, twice, 2, [bo.id], actor="Bodil")
    paper_wave.key(sheet, karen)
    # It was hers as much as Karen's: nobody took it from her, it is done.
    with pytest.raises(paper.KeyedByOthersError):
        paper_wave.key(sheet, gerda)
    paper_wave.key(sheet, bo)
    assert paper_wave.state(sheet) == "settled"


def test_what_waits_for_a_keyer_is_exactly_what_they_may_key(paper_wave, karen, bo, receive, twice):
    # Every state that a sheet can be in for Bo, in batches that are sampled, keyed twice or once.
    sampled = paper_wave.batch("Prøven", second_keying_share=0.5)
    once, hers = paper_wave.batch("Én gang"), paper_wave.batch("Karens", second_keying_share=1)
    piles = {one.id: paper_wave.sheets(one, 4) for one in (sampled, twice, once, hers)}
    for sheet in piles[sampled.id][:3]:
        receive(sheet, sampled)
    paper_wave.do(batches.draw, sampled, actor="Bodil", seed=7)
    paper_wave.do(batches.hand_out, hers, 1, [karen.id], actor="Bodil")
    for sheets in piles.values():
        for person, sheet in zip((karen, karen, bo), sheets, strict=False):
            if sheet.batch_id != hers.id or person is karen:
                paper_wave.key(sheet, person)
    receive(piles[twice.id][3], twice)
    studies = {paper_wave.study.id}
    with paper_wave.database.reading() as session:
        for batch_id, sheets in piles.items():
            may = {}
            for sheet in sheets:
                with contextlib.suppress(SheetError):
                    found = paper.sheet_to_key(session, sheet.serial, bo.id, studies)
                    may[sheet.serial] = len(found.keyings) + 1
            _, told = own_batches.sheets_to_key(session, batch_id, bo.id, studies)
            assert {one.serial: one.number for one in told} == may
        own = own_batches.own_batches(session, bo.id, studies)
        assert own_batches.own_batches(session, bo.id, ()) == []
        counts = {one.batch.name: (one.first, one.second, one.away) for one in own}
        twice_drawn = sum(
            session.get_one(Sheet, one.id).second_keying for one in piles[sampled.id][:2]
        )
    assert counts == {
        "Bundt 14": (1, 2, 0),
        "Karens": (0, 2, 0),
        "Prøven": (0, twice_drawn, 1),
        "Én gang": (0, 0, 1),
    }


# ---- Two passes


def test_two_passes_that_agree_are_a_response_with_the_language_of_its_text(
    paper_wave, karen, bo, twice
):
    (sheet,) = paper_wave.sheets(twice, 1)
    first = paper_wave.key(sheet, karen, text_languages={"mini_comment": "ar"})
    # A blank that was keyed equals one that was passed over, and so do two blanks between words.
    again = {"mini_comment": "Mere  lys, tak"}
    paper_wave.key(sheet, bo, again)
    (response,) = paper_wave.responses().values()
    content = sealed_answers.read(paper_wave.keys, response)
    assert (response.id, content.answers) == (first.id, ON_PAPER)
    assert content.text_languages == {"mini_comment": "ar"}
    with paper_wave.database.reading() as session:
        told = [(e.state, e.actor) for e in story(session, sheet)]
        assert session.scalars(select(Resolution)).all() == []
    assert told == [("keyed_once", "Karen"), ("keyed_twice", "Bo"), ("settled", "Bo")]


def test_passed_over_and_keyed_as_blank_say_the_same(paper_wave, karen, bo, twice):
    (sheet,) = paper_wave.sheets(twice, 1)
    route = {"mini_member": 2, "mini_clubs": None, "mini_club_glad": None}
    paper_wave.key(sheet, karen, route)
    paper_wave.key(sheet, bo, route | {"mini_clubs": NOT_ANSWERED})
    assert paper_wave.state(sheet) == "settled"


def test_an_answer_against_the_routing_stays_as_the_paper_gives_it(paper_wave, karen, bo, twice):
    (sheet,) = paper_wave.sheets(twice, 1)
    for person in (karen, bo):
        paper_wave.key(sheet, person, {"mini_member": 2})
    (response,) = paper_wave.responses().values()
    assert sealed_answers.read(paper_wave.keys, response).answers["mini_clubs"] == [1, 3]


def test_a_scanned_sheet_is_keyed_second_by_anybody_but_who_decided_for_the_scanner(
    paper_wave, karen, bo, twice
):
    (sheet,) = paper_wave.sheets(twice, 1)
    paper_wave.scan(sheet, decided_by=karen.id, by_person=["mini_stairs"])
    with pytest.raises(paper.KeyedByYouError):
        paper_wave.key(sheet, karen)
    paper_wave.key(sheet, bo)
    assert paper_wave.state(sheet) == "settled"
    (other,) = paper_wave.sheets(twice, 1)
    paper_wave.key(other, karen)
    with pytest.raises(paper.KeyedByOthersError):
        paper_wave.scan(other)  # a scanner is never the second


# ---- Settling


@pytest.fixture
def differing(paper_wave, karen, bo, twice):
    """A sheet keyed by Karen and Bo, who differ in two fields."""
    (sheet,) = paper_wave.sheets(twice, 1)
    paper_wave.key(sheet, karen, text_languages={"mini_comment": "da"})
    changed = {"mini_home": 5, "mini_comment": "Mer ljus, tack"}
    paper_wave.key(sheet, bo, changed, text_languages={"mini_comment": "ar"})
    return sheet


def test_a_third_person_settles_and_nothing_is_overwritten(paper_wave, differing, gerda, settle):
    assert paper_wave.responses() == {}
    with paper_wave.database.reading() as session:
        before = {one.id: one.sealed for one in session.scalars(select(Keying))}
    settle(differing, gerda, mini_home=3, mini_comment="Mer ljus, tack", note="set på arket")
    (response,) = paper_wave.responses().values()
    content = sealed_answers.read(paper_wave.keys, response)
    assert content.answers == ON_PAPER | {"mini_home": 3, "mini_comment": "Mer ljus, tack"}
    assert content.text_languages == {"mini_comment": "ar"}
    with paper_wave.database.reading() as session:
        assert {one.id: one.sealed for one in session.scalars(select(Keying))} == before
        (row,) = session.scalars(select(Resolution))
        kept = paper_wave.keys.open(row.key_id, row.sealed, row.id, table="resolution")
    assert (row.decided_by, row.differences, kept["note"]) == (gerda.id, 2, "set på arket")
    home = {"first": 4, "second": 5, "settled": 3, "reason": "slip"}
    assert kept["fields"]["mini_home"] == home


@pytest.mark.parametrize(
    ("rule", "who", "may"),
    [
        ("third_person", "karen", False),
        ("third_person", "bo", False),
        ("third_person", "gerda", True),
        ("second_keyer", "karen", False),
        ("second_keyer", "bo", True),
        ("second_keyer", "gerda", True),
    ],
)
def test_who_settles_is_the_batchs_rule(paper_wave, karen, bo, gerda, settle, rule, who, may):
    pile = paper_wave.batch(rule, second_keying_share=1, settle_rule=rule)
    (sheet,) = paper_wave.sheets(pile, 1)
    paper_wave.key(sheet, karen)
    paper_wave.key(sheet, bo, {"mini_home": 5})
    person = {"karen": karen, "bo": bo, "gerda": gerda}[who]
    with paper_wave.database.reading() as session:
        (listed,) = settling.waiting(session, person.id, {paper_wave.study.id})
    assert listed.mine is may
    if may:
        settle(sheet, person, mini_home=5)
    else:
        with pytest.raises(settling.KeyedYourselfError):
            settle(sheet, person, mini_home=5)


def test_settling_is_whole_allowed_and_done_once(paper_wave, differing, gerda, settle):
    with pytest.raises(settling.UndecidedError) as undecided:
        settle(differing, gerda, mini_home=4)
    assert undecided.value.columns == ("mini_comment",)
    with pytest.raises(answering.InvalidAnswersError):
        settle(differing, gerda, mini_home=9, mini_comment="x")
    with pytest.raises(ValueError, match="Reasons are"):
        settle(differing, gerda, reason="because", mini_home=4, mini_comment="x")
    assert paper_wave.responses() == {}
    given = {"id_": uuid.uuid4(), "mini_home": 4, "mini_comment": "Mere lys, tak"}
    first = settle(differing, gerda, **given)
    assert settle(differing, gerda, **given).id == first.id  # sent twice
    with pytest.raises(settling.SettledBeforeError):
        settle(differing, gerda, mini_home=5, mini_comment="x")
    assert len(paper_wave.responses()) == 1


def test_a_sheet_with_nothing_to_settle_is_told_so(paper_wave, karen, gerda, settle, twice):
    (sheet,) = paper_wave.sheets(twice, 1)
    paper_wave.key(sheet, karen)
    with pytest.raises(settling.NotKeyedTwiceError):
        settle(sheet, gerda, mini_home=5)


def test_two_people_settling_at_once_make_one_decision(paper_wave, differing, gerda, settle):
    together, told = threading.Barrier(2), []
    others = [gerda, paper_wave.person("Ole")]

    def decide(person):
        together.wait()
        try:
            settle(differing, person, mini_home=4, mini_comment="x")
            told.append("settled")
        except settling.SettledBeforeError:
            told.append("before")

    threads = [threading.Thread(target=decide, args=[person]) for person in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["before", "settled"]
    assert len(paper_wave.responses()) == 1


# ---- Verdicts


@pytest.fixture
def sampled(paper_wave, karen, bo):
    """A function that keys a batch of ten, five drawn, Karen wrong in so many of the drawn."""

    def sampled(wrong, limit):
        pile = paper_wave.batch(second_keying_share=0.5, error_limit=limit)
        sheets = paper_wave.sheets(pile, 10, state="returned")
        paper_wave.do(batches.draw, pile, actor="Bodil", seed=5)
        with paper_wave.database.reading() as session:
            drawn = [one for one in sheets if session.get_one(Sheet, one.id).second_keying]
        for sheet in sheets:
            slip = sheet in drawn[:wrong]
            paper_wave.key(sheet, karen, {"mini_home": 2} if slip else {})
        for sheet in drawn:
            paper_wave.key(sheet, bo)
        return pile, sheets, drawn

    return sampled


def test_a_batch_within_its_limit_is_accepted_and_becomes_responses(paper_wave, sampled, judge):
    pile, sheets, _ = sampled(wrong=0, limit=0.43)
    assert len(paper_wave.responses()) == 5  # the drawn ones agreed
    verdict = judge(pile)
    # 55 fields without an error, and one sheet may hold ten: 1 - .05 ** (10 / 55).
    assert (verdict.verdict, verdict.sheets, verdict.fields, verdict.errors) == (
        "accepted",
        5,
        55,
        0,
    )
    assert verdict.upper == pytest.approx(1 - 0.05 ** (10 / 55))
    assert {paper_wave.state(one) for one in sheets} == {"settled"}
    assert len(paper_wave.responses()) == 10
    with pytest.raises(verdicts.JudgedBeforeError):
        judge(pile)


def test_a_batch_over_its_limit_is_keyed_again_as_a_whole(
    paper_wave, sampled, judge, settle, gerda, bo
):
    pile, sheets, drawn = sampled(wrong=1, limit=0.1)
    with pytest.raises(verdicts.NotReadyError) as waits:
        judge(pile)
    # Nothing is said of four sheets while the fifth may still change it.
    standing = waits.value.standing
    assert (standing.unsettled, standing.rate, standing.verdict) == (1, None, None)
    settle(drawn[0], gerda, mini_home=4)
    # One of 55 is 1.8 %, within the limit; its bound is not, and that is what counts.
    verdict = judge(pile)
    assert (verdict.verdict, verdict.errors) == ("full", 1)
    assert verdict.upper > 0.1 > verdict.errors / verdict.fields
    rest = [one for one in sheets if one not in drawn]
    assert {paper_wave.state(one) for one in rest} == {"keyed_once"}
    for sheet in rest:
        paper_wave.key(sheet, bo)
    assert {paper_wave.state(one) for one in sheets} == {"settled"}


@pytest.fixture
def standing(paper_wave):
    """A function that says how a batch stands."""

    def standing(pile):
        return paper_wave.do(verdicts.standing_of, pile)

    return standing


def test_a_batch_is_judged_when_its_whole_sample_is_settled_and_all_that_came_back_is_keyed(
    paper_wave, receive, karen, bo, judge, standing
):
    pile = paper_wave.batch(second_keying_share=0.5, error_limit=0.8)
    sheets = paper_wave.sheets(pile, 4)
    for sheet in sheets[:3]:
        receive(sheet, pile)
    paper_wave.do(batches.draw, pile, actor="Bodil", seed=1)
    with paper_wave.database.reading() as session:
        drawn = [one for one in sheets if session.get_one(Sheet, one.id).second_keying]
    now = standing(pile)
    assert (now.back, now.away, now.drawn, now.unsettled) == (3, 1, 2, 2)
    for sheet in drawn:
        paper_wave.key(sheet, karen)
    paper_wave.key(drawn[0], bo)
    assert (standing(pile).unsettled, standing(pile).rate) == (1, None)
    paper_wave.key(drawn[1], bo)
    assert standing(pile).rate is not None
    with pytest.raises(verdicts.NotReadyError):
        judge(pile)  # one that came back is not keyed
    paper_wave.key(next(one for one in sheets[:3] if one not in drawn), karen)
    assert judge(pile).verdict == "accepted"
    receive(sheets[3], pile)
    for person in (karen, bo):
        paper_wave.key(sheets[3], person)
    assert paper_wave.state(sheets[3]) == "settled"


def test_what_is_taken_out_or_back_betters_no_rate(
    paper_wave, sampled, settle, gerda, judge, standing, tmp_path
):
    pile, _, drawn = sampled(wrong=2, limit=0.5)
    studies = {paper_wave.study.id}
    out = {"actor": "Bodil", "at": NOW}
    with pytest.raises(receiving.KeyedTwiceError):
        paper_wave.do(receiving.take_out, drawn[0].serial, studies, "grim", **out)
    settle(drawn[0], gerda, mini_home=4)
    for sheet in drawn[:2]:  # one settled, and one that still differs
        with paper_wave.database.writing() as session:
            found = find_answers(session, paper_wave.keys, sheet.serial)
            withdraw(session, paper_wave.keys, paper_wave.form, found, tmp_path, actor="operator")
    assert [paper_wave.state(one) for one in drawn[:2]] == ["void", "void"]
    now = standing(pile)
    assert (now.rate.errors, now.rate.fields, now.left_out) == (2, 55, 0)
    assert judge(pile).errors == 2


def test_a_sample_of_which_nothing_can_be_told_accepts_nothing(
    paper_wave, karen, bo, judge, standing
):
    pile = paper_wave.batch(second_keying_share=0.5, error_limit=0.5)
    sheets = paper_wave.sheets(pile, 2, state="returned")
    paper_wave.do(batches.draw, pile, actor="Bodil", seed=1)
    with paper_wave.database.reading() as session:
        sheets.sort(key=lambda one: not session.get_one(Sheet, one.id).second_keying)
    lost, other = sheets
    studies = {paper_wave.study.id}
    paper_wave.do(receiving.take_out, lost.serial, studies, "væk", actor="Bodil", at=NOW)
    paper_wave.key(other, karen)
    assert (standing(pile).left_out, standing(pile).rate) == (1, None)
    verdict = judge(pile)
    assert (verdict.verdict, verdict.sheets, verdict.upper) == ("full", 0, 1)
    paper_wave.key(other, bo)
    assert paper_wave.state(other) == "settled"


# ---- Quality


@pytest.fixture
def quality(paper_wave):
    """A function that makes the wave's verification record."""

    def quality():
        with paper_wave.database.reading() as session:
            wave = session.merge(paper_wave.wave)
            return quality_of(session, paper_wave.keys, paper_wave.form, wave)

    return quality


def rates(record):
    return {one.name: (one.sheets, one.rate.errors, one.rate.fields) for one in record.keyers}


@pytest.mark.parametrize("counted", [True, False])
def test_answers_taken_back_mend_no_keyers_rate(
    paper_wave, twice, karen, bo, gerda, settle, quality, tmp_path, counted
):
    sheets = paper_wave.sheets(twice, 3)
    for sheet, slips in zip(sheets, ({"mini_home": 2}, {}, {"mini_life": 3}), strict=True):
        paper_wave.key(sheet, karen, slips)
        paper_wave.key(sheet, bo)
    settle(sheets[0], gerda, mini_home=4)
    if not counted:  # settled by a version that kept no counts
        paper_wave.do(lambda session: session.query(KeyingCheck).delete())
    assert rates(quality()) == {"Bo": (3, 0, 22), "Karen": (3, 1, 22)}
    for sheet in sheets:
        with paper_wave.database.writing() as session:
            found = find_answers(session, paper_wave.keys, sheet.serial)
            args = (session, paper_wave.keys, paper_wave.form, found, tmp_path)
            withdraw(*args, actor="operator")
    # Of the one that was not settled nobody knows who erred in its one difference: it is both's.
    assert rates(quality()) == {"Bo": (3, 1, 33), "Karen": (3, 2, 33)}
    with paper_wave.database.reading() as session:
        assert session.query(Keying).count() == 0


@pytest.mark.parametrize("counted", [True, False])
def test_the_deletion_of_a_waves_key_mends_no_keyers_rate_either(
    paper_wave, make, twice, karen, bo, gerda, settle, quality, counted
):
    (sheet,) = paper_wave.sheets(twice, 1)
    paper_wave.key(sheet, karen, {"mini_home": 2})
    paper_wave.key(sheet, bo)
    settle(sheet, gerda, mini_home=4)
    if not counted:
        paper_wave.do(lambda session: session.query(KeyingCheck).delete())
    before = rates(quality())
    with paper_wave.database.writing() as session:
        wave = session.get_one(Wave, paper_wave.wave.id)
        wave.status, wave.legal_basis = "frozen", "research"
        session.flush()
        delete_key(session, paper_wave.keys, paper_wave.form, wave, actor="operator")
    assert rates(quality()) == before == {"Bo": (1, 0, 11), "Karen": (1, 1, 11)}


def test_as_many_errorless_sheets_as_a_rule_needs_are_accepted_by_the_shortest_route(
    paper_wave, karen, bo, judge
):
    pile = paper_wave.batch(second_keying_share=0.5, error_limit=0.45)
    with paper_wave.database.reading() as session:
        needed = verdicts.sheets_needed(session.get_one(Batch, pile.id), paper_wave.form)
    assert needed == verdicts.Needed(least=5, enough=6)
    sheets = paper_wave.sheets(pile, 2 * needed.enough, state="returned")
    short = {"mini_member": 2, "mini_clubs": None, "mini_club_glad": None}
    for sheet in sheets:
        paper_wave.key(sheet, karen, short)
    paper_wave.do(batches.draw, pile, actor="Bodil")
    for sheet in sheets:
        with contextlib.suppress(paper.KeyedByOthersError):
            paper_wave.key(sheet, bo, short)
    verdict = judge(pile)
    assert (verdict.verdict, verdict.sheets) == ("accepted", needed.enough)


def test_a_sample_settled_before_errors_were_counted_is_counted_when_it_is_judged(
    paper_wave, sampled, settle, gerda, judge, standing
):
    pile, _, drawn = sampled(wrong=1, limit=0.9)
    settle(drawn[0], gerda, mini_home=4)
    paper_wave.do(lambda session: session.query(KeyingCheck).delete())
    paper_wave.do(
        lambda session: session.query(Sheet).update(
            {"checked_fields": None, "checked_errors": None}
        )
    )
    now = standing(pile)
    assert (now.ready, now.uncounted, now.left_out, now.rate, now.verdict) == (
        True,
        5,
        0,
        None,
        None,
    )
    verdict = judge(pile)
    assert (verdict.errors, verdict.fields, verdict.verdict) == (1, 55, "accepted")


def test_the_record_tells_speed_errors_and_agreement(
    paper_wave, differing, karen, gerda, settle, bo
):
    settle(differing, gerda, mini_home=4, mini_comment="Mere lys, tak")
    with paper_wave.database.reading() as session:
        wave = session.merge(paper_wave.wave)
        quality = quality_of(session, paper_wave.keys, paper_wave.form, wave)
    by_bo, by_karen = quality.keyers
    assert (by_bo.name, by_bo.per_minute, by_bo.rate.errors, by_bo.rate.fields) == (
        "Bo",
        11.0,
        2,
        11,
    )
    assert by_bo.confused == (("mini_comment", 1), ("mini_home", 1))
    assert (by_karen.rate.errors, by_karen.rate.interval.low) == (0, 0)
    (pile,) = quality.batches
    assert (pile.twice, pile.differing, pile.agreement.agreement) == (1, 1, 9 / 11)
    assert keyers_csv(quality).splitlines()[1].startswith("Bo,1,11,11.0,1,11,2,0.18182,")
    assert batches_csv(quality).splitlines()[1].startswith("Bundt 14,1,1,1,0,11,0.81818,")
    # A name is guarded from being run by a spreadsheet; a number below zero stays a number.
    below = replace(pile, name="=1+1", agreement=replace(pile.agreement, kappa=-0.2))
    assert ",0.81818,-0.2," in batches_csv(replace(quality, batches=(below,)))
    assert "'=1+1," in batches_csv(replace(quality, batches=(below,)))


def test_what_a_person_decided_for_the_scanner_is_that_persons(
    paper_wave, karen, bo, gerda, settle, twice
):
    (sheet,) = paper_wave.sheets(twice, 1)
    paper_wave.scan(sheet, {"mini_stairs": 2}, decided_by=karen.id, by_person=["mini_stairs"])
    paper_wave.key(sheet, bo)
    settle(sheet, gerda, mini_stairs=-6)
    with paper_wave.database.reading() as session:
        wave = session.merge(paper_wave.wave)
        quality = quality_of(session, paper_wave.keys, paper_wave.form, wave)
    rates = {one.name: (one.rate.errors, one.rate.fields) for one in quality.keyers}
    assert rates == {"scanner": (0, 10), "Karen": (1, 1), "Bo": (0, 11)}


def test_the_record_names_no_answer(paper_wave, differing, gerda, settle):
    settle(differing, gerda, mini_home=4, mini_comment="hemmelig")
    with paper_wave.database.reading() as session:
        wave = session.merge(paper_wave.wave)
        quality = quality_of(session, paper_wave.keys, paper_wave.form, wave)
    assert "hemmelig" not in keyers_csv(quality) + batches_csv(quality)
    assert "tack" not in keyers_csv(quality) + batches_csv(quality)


# ---- Into the dataset


def test_a_settled_sheet_reaches_the_dataset_with_its_text_apart_and_in_its_language(
    paper_wave, differing, gerda, settle, tmp_path
):
    settle(differing, gerda, mini_home=4, mini_comment="Mer ljus, tack")
    with paper_wave.database.writing() as session:
        wave = session.get_one(type(paper_wave.wave), paper_wave.wave.id)
        wave.status = "closed"
        session.flush()
        frozen = freeze(session, paper_wave.keys, paper_wave.form, wave, tmp_path, actor="operator")
    (told,) = open_texts(frozen.dataset).to_dict("records")
    assert (told["variable"], told["language"], told["text"]) == (
        "mini_comment",
        "ar",
        "Mer ljus, tack",
    )
    exported = export(frozen.dataset, "csv", tmp_path / "files")
    answers, _, texts = (path.read_text(encoding="utf-8") for path in exported.files)
    assert "ljus" not in answers
    assert "mini_comment_missing" in answers
    assert texts.splitlines() == [
        "row_id,variable,language,text",
        f'{told["row_id"]},mini_comment,ar,"Mer ljus, tack"',
    ]
    assert check_dataset(frozen.dataset.folder) == []
    # No time of the work stands in the dataset.
    names = frozen.dataset.codebook.names
    assert not [name for name in names if "started" in name or "finished" in name]


def test_a_withdrawal_takes_the_settling_with_it_and_the_languages_of_texts(
    paper_wave, differing, gerda, settle, tmp_path
):
    settle(differing, gerda, mini_home=4, mini_comment="Mer ljus, tack")
    keys, form = paper_wave.keys, paper_wave.form
    with paper_wave.database.writing() as session:
        wave = session.get_one(type(paper_wave.wave), paper_wave.wave.id)
        wave.status = "closed"
        session.flush()
        first = freeze(session, keys, form, wave, tmp_path, actor="operator").dataset
    with paper_wave.database.writing() as session:
        response = find_answers(session, keys, differing.serial)
        withdraw(session, keys, form, response, tmp_path, actor="operator")
    with paper_wave.database.reading() as session:
        assert session.scalars(select(Resolution)).all() == []
        assert session.scalars(select(Keying)).all() == []
        assert story(session, differing)[-1].note == "answers withdrawn"
    assert not (first.folder / "text_languages").exists()
    assert {one.file for one in check_dataset(first.folder)} == {"revoked.json"}


def test_a_sheet_that_is_keyed_and_not_settled_is_withdrawn_by_its_number(
    paper_wave, karen, twice, make, tmp_path
):
    invitation, _ = make.invitation(paper_wave.wave, paper_wave.area)
    (sheet,) = paper_wave.sheets(twice, 1, invitation_id=invitation.id)
    keying = paper_wave.key(sheet, karen)
    keys, form = paper_wave.keys, paper_wave.form
    with paper_wave.database.writing() as session:
        found = find_answers(session, keys, sheet.serial)
        done = withdraw(session, keys, form, found, tmp_path, actor="operator")
    assert done.number == erasure_number(keys, keying.id)
    with paper_wave.database.reading() as session:
        assert session.scalars(select(Keying)).all() == []
        assert session.get_one(Invitation, invitation.id).outcome == "withdrawn"
        with pytest.raises(UnknownReceiptError):
            find_answers(session, keys, sheet.serial)
    assert paper_wave.state(sheet) == "void"


# ---- Two at once


@pytest.fixture
def beside(paper_wave):
    """A function that acts in a second thread while a transaction is open; returns its future."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with ThreadPoolExecutor(1) as pool:

        def beside(act):
            acting = pool.submit(act)
            engine = paper_wave.database.engine
            # Until it waits for a lock; SQLite lets one writer in at a time anyway.
            while engine.dialect.name == "postgresql" and not acting.done():
                with engine.connect() as connection:
                    if connection.scalar(waiting):
                        break
            return acting

        yield beside


def test_a_scan_and_a_draw_at_once_wait_for_each_other_in_one_order(paper_wave, beside):
    pile = paper_wave.batch(second_keying_share=0.5)
    sheet, _ = paper_wave.sheets(pile, 2, state="returned")
    with paper_wave.database.writing() as session:
        # As a scan does: the sheet first, and its keying when its last page is read.
        hold_sheet(session, sheet.serial, {paper_wave.study.id})
        acting = beside(lambda: paper_wave.do(batches.draw, pile, actor="Bodil"))
        given = (session, paper_wave.keys, paper_wave.form, sheet.serial, {paper_wave.study.id})
        paper.save_scanned(*given, paper_wave.a_pass())
    assert acting.result() == 1
    assert paper_wave.state(sheet) == "keyed_once"
    with paper_wave.database.reading() as session:  # of what the scan had keyed, too
        assert session.get_one(Sheet, sheet.id).second_keying is not None


def test_a_sheet_laid_into_another_batch_while_it_is_keyed_is_keyed_under_that_one(
    paper_wave, karen, beside
):
    (sheet,) = paper_wave.sheets(paper_wave.batch("Udsendt"), 1)
    pile = paper_wave.batch("Modtaget", second_keying_share=0.5)
    studies = {paper_wave.study.id}
    with paper_wave.database.writing() as session:
        into = session.get_one(type(pile), pile.id)
        receiving.receive(session, sheet.serial, studies, into, actor="Gerda", at=NOW)
        acting = beside(lambda: paper_wave.key(sheet, karen))
        session.flush()
    assert acting.result().number == 1
    assert paper_wave.state(sheet) == "keyed_once"  # and no response at once, as "Udsendt" has it
    assert paper_wave.responses() == {}
