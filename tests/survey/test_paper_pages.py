"""The paper desk as pages: receiving, batches, settling, what is missing, quality."""

import re
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from paper import NOW, ON_PAPER

from survey import answering, batches
from survey.fieldwork import crops
from survey.fieldwork.crops import Crop
from survey.freezing import freeze
from survey.models import Batch, Resolution, Sheet, Wave
from survey.retention import delete_key
from survey.sheet_states import became
from survey.verdicts import judge

QUESTIONNAIRES = Path(__file__).parents[1] / "given" / "questionnaires"


@pytest.fixture
def settings(settings):
    return replace(settings, library=QUESTIONNAIRES)


@pytest.fixture
def gerda(employ, paper_wave, signed_in):
    """The browser of somebody who keys and settles."""
    employ("Gerda", (paper_wave.study, "fieldworker"))
    return signed_in("Gerda")


@pytest.fixture
def bodil(employ, paper_wave, signed_in):
    """The coordinator's browser."""
    employ("Bodil", (paper_wave.study, "coordinator"))
    return signed_in("Bodil")


@pytest.fixture
def karen(paper_wave):
    return paper_wave.person("Karen")


@pytest.fixture
def bo(paper_wave):
    return paper_wave.person("Bo")


@pytest.fixture
def send():
    """A function that sends a page's form with these fields filled in."""

    def send(client, page, path, **fields):
        sent = client.get(page).get_data(as_text=True)
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', sent))
        return client.post(path, data=hidden | fields)

    return send


@pytest.fixture
def differing(paper_wave, karen, bo):
    """A sheet keyed by Karen and Bo, who differ in two fields."""
    (sheet,) = paper_wave.sheets(paper_wave.batch(second_keying_share=1), 1)
    paper_wave.key(sheet, karen, text_languages={"mini_comment": "da"})
    changed = {"mini_home": 5, "mini_comment": "مزيد من الضوء"}
    paper_wave.key(sheet, bo, changed, text_languages={"mini_comment": "ar"})
    return sheet


def text(answer):
    return answer.get_data(as_text=True)


# ---- Receiving


def test_sheets_are_received_one_after_another_into_a_new_batch(gerda, paper_wave, send):
    first, second = paper_wave.sheets(paper_wave.batch("Udsendt"), 2)
    send(gerda, "/paper/receive", "/paper/receive", serial=first.serial, name="Modtaget i dag")
    with paper_wave.database.reading() as session:
        pile = session.get_one(Sheet, first.id).batch
    # The code of a sheet's page, as a camera or a hand scanner reads it.
    code = f"BP:{second.serial}:2/6:1A2B3C4D5E"
    send(gerda, "/paper/receive", "/paper/receive", serial=code, batch=str(pile.id))
    page = text(gerda.get("/paper/receive"))
    assert f"Ark {second.serial} er modtaget i Modtaget i dag" in page
    assert [paper_wave.state(one) for one in (first, second)] == ["returned"] * 2


def test_what_cannot_be_received_is_told_with_its_number(gerda, paper_wave, send, make):
    pile = paper_wave.batch()
    (sheet,) = paper_wave.sheets(pile, 1)
    given = {"batch": str(pile.id), "page": "/paper/receive", "path": "/paper/receive"}
    send(gerda, serial=sheet.serial, **given)
    again = send(gerda, serial=sheet.serial, **given)
    assert (again.status_code, "noteret som modtaget af Gerda" in text(again)) == (409, True)
    slip = sheet.serial[:-1] + str((int(sheet.serial[-1]) + 1) % 10)
    wrong = send(gerda, serial=slip, **given)
    assert (wrong.status_code, slip in text(wrong)) == (400, True)
    other = make.study()
    foreign = make.sheet(make.open_wave(other, paper_wave.form), make.area(other))
    refused = send(gerda, serial=foreign.serial, **given)
    assert (refused.status_code, "anden undersøgelse" in text(refused)) == (403, True)
    nowhere = send(gerda, "/paper/receive", "/paper/receive", serial=foreign.serial)
    assert nowhere.status_code == 403


def test_only_the_page_that_reads_codes_may_ask_for_the_camera(gerda, paper_wave):
    assert "camera=(self)" in gerda.get("/paper/receive").headers["Permissions-Policy"]
    assert "camera=()" in gerda.get("/paper/").headers["Permissions-Policy"]


# ---- Batches


def test_a_coordinator_sets_rules_hands_out_draws_and_judges(bodil, paper_wave, send, karen, bo):
    pile = paper_wave.batch(second_keying_share=0.5)
    page = f"/paper/batches/{pile.id}"
    empty = text(bodil.get(page))
    # Where nothing is back there is nothing to draw from.
    assert ("tastet eller ej (0)" in empty, f"{page}/draw" in empty) == (True, False)
    sheets = paper_wave.sheets(pile, 4, state="returned")
    wrong = send(bodil, page, f"{page}/rules", share="120", limit="x", confidence="95")
    assert wrong.status_code == 422
    assert "Andelen skal være fra 0 til 100" in text(wrong)
    rules = {"share": "50", "limit": "7,5", "confidence": "95", "settle_rule": "third_person"}
    send(bodil, page, f"{page}/rules", for_study="1", **rules)
    assert batches.batch_rules(paper_wave.batch("Næste")).error_limit == 0.075
    send(bodil, page, f"{page}/keyers", pass1=str(karen.id), pass2=str(bo.id))
    for sheet in sheets[:3]:
        paper_wave.key(sheet, karen)
    # Until it is drawn, the list of batches says that somebody has to.
    assert "Stikprøven skal trækkes" in text(bodil.get("/paper/"))
    assert "tastet eller ej (4)" in text(bodil.get(page))
    paper_wave.sheets(pile, 1)  # is out still, and may never come
    send(bodil, page, f"{page}/draw")
    asked = text(bodil.get(page))
    assert "Intet er ændret. Der er ark, der ikke er kommet tilbage" in asked
    assert "der ventes ikke på det ark, der ikke er kommet tilbage" in asked
    send(bodil, page, f"{page}/draw", complete="1")
    assert "Stikprøven skal trækkes" not in text(bodil.get("/paper/"))
    paper_wave.key(sheets[3], karen)
    with paper_wave.database.reading() as session:
        drawn = [one for one in sheets if session.get_one(Sheet, one.id).second_keying]
    paper_wave.key(drawn[0], bo)
    # One of two is settled, and nothing is said before the other is.
    half = text(bodil.get(page))
    # 385 fields without an error show 7.5 %; of 11 a sheet two can be passed over.
    assert "på 2 ark er for lille til, at bundtet kan blive godkendt" in half
    assert "Det tager 39." in half
    assert ("felter på" in half, f"{page}/judge" in half) == (False, False)
    paper_wave.key(drawn[1], bo)
    standing = text(bodil.get(page))
    # Two sheets of eleven fields without an error: 1 - .05 ** (10 / 22) = 74.4 %.
    assert "0 fejl i 22 felter på 2 ark" in standing
    assert "højst 74,38" in standing
    send(bodil, page, f"{page}/judge")
    assert "Stikprøven viste ikke, at bundtet er inden for grænsen" in text(bodil.get(page))
    assert len(paper_wave.responses()) == 2


@pytest.fixture
def pile(paper_wave, karen, bo):
    """A batch of two whose sample of one is keyed twice alike: to be judged."""
    pile = paper_wave.batch(second_keying_share=0.5, error_limit=0.95)
    sheets = paper_wave.sheets(pile, 2, state="returned")
    for sheet in sheets:
        paper_wave.key(sheet, karen)
    paper_wave.do(batches.draw, pile, actor="Bodil")
    with paper_wave.database.reading() as session:
        drawn = next(one for one in sheets if session.get_one(Sheet, one.id).second_keying)
    paper_wave.key(drawn, bo)
    return pile


def test_a_batch_can_be_seen_after_its_waves_key_is_deleted(bodil, paper_wave, pile, tmp_path):
    with paper_wave.database.writing() as session:
        batch = session.get_one(Batch, pile.id)
        judge(session, paper_wave.keys, paper_wave.form, batch, actor="Bodil")
        wave = session.get_one(Wave, paper_wave.wave.id)
        wave.status = "closed"
        session.flush()
        freeze(session, paper_wave.keys, paper_wave.form, wave, tmp_path, actor="operator")
        delete_key(session, paper_wave.keys, paper_wave.form, wave, actor="operator")
    page = text(bodil.get(f"/paper/batches/{pile.id}"))
    assert "0 fejl i 11 felter på 1 ark" in page


def test_a_batch_of_a_frozen_wave_is_judged_no_more(bodil, paper_wave, send, pile):
    with paper_wave.database.writing() as session:
        session.get_one(Wave, paper_wave.wave.id).status = "frozen"
    page = f"/paper/batches/{pile.id}"
    send(bodil, page, f"{page}/judge")
    assert "Bølgens data er låst" in text(bodil.get(page))
    assert len(paper_wave.responses()) == 1


def test_a_fieldworker_sees_a_batch_and_decides_nothing(gerda, paper_wave, token):
    pile = paper_wave.batch(second_keying_share=0.5)
    paper_wave.sheets(pile, 2)
    page = gerda.get(f"/paper/batches/{pile.id}")
    assert "<form action" not in text(page).split("</header>")[1]
    for act in ("rules", "keyers", "draw", "judge"):
        sent = {"csrf_token": token(gerda.get("/paper/receive"))}
        assert gerda.post(f"/paper/batches/{pile.id}/{act}", data=sent).status_code == 403


def test_batches_and_waves_of_others_are_not_shown(bodil, make, paper_wave):
    other = make.study()
    wave = make.open_wave(other, paper_wave.form)
    sheet = make.sheet(wave, make.area(other))
    assert bodil.get(f"/paper/batches/{sheet.batch_id}").status_code == 404
    for page in ("missing", "missing.csv", "quality", "quality/keyers.csv", "printed"):
        assert bodil.get(f"/paper/waves/{wave.id}/{page}").status_code == 403
    assert bodil.get(f"/paper/sheets/{sheet.serial}").status_code == 403
    assert sheet.serial not in text(bodil.get("/paper/"))


def test_the_desk_shows_where_sheets_are_and_which_are_missing(bodil, paper_wave, karen, send):
    pile = paper_wave.batch(second_keying_share=1)
    away, once = paper_wave.sheets(pile, 2)
    paper_wave.key(once, karen)
    assert "1 er kommet tilbage og er undervejs. 1 er ude" in re.sub(
        " ark", "", text(bodil.get("/paper/"))
    )
    path = f"/paper/waves/{paper_wave.wave.id}/missing"
    assert away.serial in text(bodil.get(path))
    lines = text(bodil.get(f"{path}.csv")).splitlines()
    assert lines[0] == "serial,batch,area,state,since_utc,by"
    assert lines[2].startswith(f"{once.serial},Bundt 14,{paper_wave.area.key},keyed_once,2026")
    back = paper_wave.sheets(paper_wave.batch("Forkert"), 1, state="returned")[0]
    its = f"/paper/sheets/{back.serial}"
    right = paper_wave.batch("Rigtigt")
    send(bodil, its, f"{its}/batch", batch=str(right.id))
    moved = text(bodil.get(its))
    assert ("Ligger i Rigtigt" in moved, "Flyttet fra Forkert" in moved) == (True, True)
    # Drawn, it stays where it is.
    paper_wave.do(
        lambda session: session.get_one(Sheet, back.id).__setattr__("second_keying", True)
    )
    refused = send(bodil, its, f"{its}/batch", batch=str(pile.id))
    assert refused.status_code == 409
    story = f"/paper/sheets/{away.serial}"
    paper_wave.do(
        lambda session: became(
            session, session.get_one(Sheet, away.id), "printed", actor="Bodil", at=NOW, note="run 7"
        )
    )
    send(bodil, story, f"{story}/take-out", reason="vandskadet")
    assert "Arket er ikke taget ud" in text(bodil.get(story))
    send(bodil, story, f"{story}/take-out", reason="vandskadet", sure="1")
    page = text(bodil.get(story))
    assert "vandskadet" in page
    assert "Trykning nr. 7" in page
    assert paper_wave.state(away) == "void"


# ---- Settling


def test_differences_are_settled_field_by_field_with_an_input_for_something_else(
    gerda, paper_wave, differing, send, monkeypatch
):
    listed = text(gerda.get("/settling/"))
    assert f"/settling/{differing.serial}" in listed
    path = f"/settling/{differing.serial}"
    # A strip of a grid shows no head above the answers that are apart: they are said beside it.
    monkeypatch.setattr(
        crops, "_FINDERS", [lambda *_: {"mini_home": Crop("/udsnit.jpg", row=True)}]
    )
    page = text(gerda.get(path))
    assert "Boksene uden tal, udad: ved ikke, ikke relevant." in page
    assert "2 forskelle" in page
    assert 'lang="ar" dir="rtl">مزيد من الضوء' in page
    reason = {"reason-mini_home": "unclear", "reason-mini_comment": "slip"}
    halfway = send(gerda, path, path, **{"choice-mini_home": "other"}, **reason)
    assert halfway.status_code == 422
    assert "Skriv, hvad der står på arket" in text(halfway)
    assert "Vælg, hvad der står på arket" in text(halfway)
    refused = {"choice-mini_home": "other", "other-mini_home": "9", "choice-mini_comment": "first"}
    assert "Du skrev 9" in text(send(gerda, path, path, **refused, **reason))
    given = refused | {"other-mini_home": "3", "note": "set på arket"}
    answer = send(gerda, path, path, **given, **reason)
    assert answer.location == "/settling/"
    (response,) = paper_wave.responses().values()
    assert answering.read(paper_wave.keys, response).answers == ON_PAPER | {"mini_home": 3}
    with paper_wave.database.reading() as session:
        row = session.query(Resolution).one()
        kept = paper_wave.keys.open(row.key_id, row.sealed, row.id, table="resolution")
    assert kept["fields"]["mini_home"]["reason"] == "unclear"


def test_a_decision_sent_twice_is_made_once(gerda, paper_wave, differing, send):
    path = f"/settling/{differing.serial}"
    given = {
        "id": str(uuid.uuid4()),
        "choice-mini_home": "-6",
        "choice-mini_comment": "second",
        "reason-mini_home": "slip",
        "reason-mini_comment": "slip",
    }
    page = text(gerda.get(path))
    given["csrf_token"] = re.search(r'csrf_token" value="([^"]+)"', page)[1]
    for _ in range(2):
        assert gerda.post(path, data=given).location == "/settling/"
    (response,) = paper_wave.responses().values()
    content = answering.read(paper_wave.keys, response)
    assert (content.answers["mini_home"], content.text_languages) == (
        -6,
        {"mini_comment": "ar"},
    )
    other = gerda.post(path, data=given | {"id": str(uuid.uuid4())})
    assert (other.status_code, "er afgjort" in text(other)) == (409, True)


def test_who_keyed_a_sheet_is_not_shown_its_differences(employ, paper_wave, signed_in, karen, send):
    pile = paper_wave.batch(second_keying_share=1)
    (sheet,) = paper_wave.sheets(pile, 1)
    ole = employ("Ole", (paper_wave.study, "fieldworker"))
    paper_wave.key(sheet, karen)
    paper_wave.key(sheet, ole, {"mini_home": 5})
    browser = signed_in("Ole")
    refused = browser.get(f"/settling/{sheet.serial}")
    assert (refused.status_code, "4 Tryg" in text(refused)) == (403, False)
    assert "andre skal afgøre" in text(browser.get("/settling/"))


@pytest.mark.parametrize("serial", ["0000014", "0000992"])
def test_a_number_that_leads_nowhere_is_told(gerda, paper_wave, serial):
    assert gerda.get(f"/settling/{serial}").status_code in {400, 404}
    assert gerda.get(f"/paper/sheets/{serial}").status_code in {400, 404}


# ---- Quality


def test_the_record_is_a_page_and_two_files_without_an_answer(
    bodil, gerda, paper_wave, differing, send
):
    path = f"/settling/{differing.serial}"
    choices = {f"choice-{column}": "first" for column in ("mini_home", "mini_comment")}
    reasons = {f"reason-{column}": "slip" for column in ("mini_home", "mini_comment")}
    send(gerda, path, path, **choices, **reasons)
    base = f"/paper/waves/{paper_wave.wave.id}/quality"
    page = text(bodil.get(base))
    assert "Karen" in page
    assert "18,18" in page  # Bo: 2 of 11
    assert "Mere lys" not in page
    lines = text(bodil.get(f"{base}/keyers.csv")).splitlines()
    assert lines[1].startswith("Bo,1,11,11.0,1,11,2,0.18182,")
    assert text(bodil.get(f"{base}/batches.csv")).splitlines()[1].startswith("Bundt 14,1,1,1,0,11,")
    assert bodil.get(f"{base}/answers.csv").status_code == 404
    assert gerda.get(base).status_code == 403
