"""What a study stands on is brought by its coordinator: register counts and the analysis plan."""

import hashlib
import io
import re

import pytest
from inspection import Page
from sqlalchemy import select

from survey.analysis_plans import REGISTERED
from survey.margins import counted
from survey.models import AreaGroup, AuditEntry, Margin, Plan, Wave

pytestmark = pytest.mark.sqlite_file

HEADER = "area,area_group,variable,category,count,ordered\n"
GOOD = HEADER + "".join(f"{{area}},,background_gender,{code},40,no\n" for code in (1, 2))
PLAN = b"primary: [background_gender]\n"


@pytest.fixture
def study(make):
    return make.study(key="puls", title="Bopulsen")


@pytest.fixture
def area(make, study):
    return make.area(study)


@pytest.fixture
def wave(make, study, background):
    return make.open_wave(study, background, number=1)


@pytest.fixture
def karen(employ, study, wave, signed_in):
    """A coordinator of the study, signed in."""
    employ("Karen", (study, "coordinator"))
    return signed_in("Karen")


@pytest.fixture
def counts(wave):
    return f"/coordination/waves/{wave.id}/counts"


@pytest.fixture
def plan(study):
    return f"/coordination/studies/{study.id}/analysis-plan"


def send(client, path, token, text="", file=None, name="tal.csv", **fields):
    data = {"csrf_token": token(client.get(path)), "text": text} | fields
    if file is not None:
        data["file"] = (io.BytesIO(file), name)
    return client.post(path, data=data, content_type="multipart/form-data")


def main(answer):
    return Page(answer.get_data(as_text=True)).all("main")[0].words()


def typed(answer):
    return re.search(
        r"<textarea[^>]*>\n?(.*?)</textarea>", answer.get_data(as_text=True), re.DOTALL
    )[1]


def test_every_fault_of_counts_is_told_at_its_row_and_nothing_is_kept_or_lost(
    database, karen, counts, token, area, study
):
    with database.writing() as session:
        session.add(AreaGroup(study_id=study.id, key="marken", name="Marken"))
    rows = (
        f"{area.key},,background_gender,1,4O,no",
        f"{area.key},marken,background_gender,2,40,no",
        ",,background_gender,2,40,no",
        "0667-999,,background_gender,2,40,maybe",
        f"{area.key},,background_gender,9,40,no",
        f"{area.key},,shoe_size,1,,no",
        f"{area.key},,background_age_band,1,5,no",
        f"{area.key},,background_age_band,1,5,yes",
        f"{area.key},,background_gender,1",
    )
    sent = HEADER + "\n".join(rows) + "\n"
    answer = send(karen, counts, token, file=sent.encode())
    assert answer.status_code == 422
    said = main(answer)
    for fault in (
        "Række 2, count: der står »4O«. Det skal være et helt tal",
        "Række 3: både area og area_group er udfyldt.",
        "Række 4: hverken area eller area_group er udfyldt.",
        "Række 5, area: »0667-999« findes ikke i undersøgelsen.",
        "Række 5, ordered: der står »maybe«.",
        "Række 6, category: »9« er ikke en kode for background_gender. Koderne er 1, 2",
        "Række 7, variable: bølgen spørger ikke om »shoe_size«",
        "Række 7, count: cellen er tom.",
        f"Række 9: {area.key} + background_age_band + 1 står allerede i række 8.",
        "Række 9, ordered: der står yes, og det står anderledes i række 8.",
        "Række 10: der er 4 celler, og overskriften har 6.",
    ):
        assert fault in said
    assert "11 ting skal rettes" in said
    assert typed(answer) == sent
    with database.reading() as session:
        assert session.scalars(select(Margin)).all() == []


def test_pasted_cells_become_the_counts_that_the_wave_is_weighted_to(
    database, karen, counts, token, area, wave
):
    pasted = GOOD.format(area=area.key).replace(",", "\t").replace("\n", "\r\n")
    answer = send(karen, counts, token, pasted)
    assert answer.status_code == 200
    assert "2 rækker er læst: 2 er nye" in main(answer)
    with database.reading() as session:
        assert [vars(one) for one in counted(session, session.get(Wave, wave.id))] == [
            {"variable": "background_gender", "places": 1, "categories": 2, "people": 80}
        ]
        noted = session.scalars(select(AuditEntry).where(AuditEntry.act == "margins loaded")).one()
        assert noted.actor == "Karen"
    assert "Køn background_gender1280" in main(karen.get(counts))
    # As they were loaded they can be taken, corrected, and sent again; what is gone is taken out.
    file = karen.get(f"{counts}.csv").get_data()
    assert file.decode("utf-8-sig").replace("\r\n", "\n") == GOOD.format(area=area.key)
    one = file.replace(b"2,40", b"2,50").splitlines()
    answer = send(karen, counts, token, file=b"\n".join([one[0], one[2]]), replace="1")
    assert "1 rækker er læst: 0 er nye, 1 er rettet, 1 er taget ud" in main(answer)


def test_a_sheet_lists_all_areas_where_only_the_counts_are_missing(karen, counts, area):
    assert "hvor kun antallene mangler" in main(karen.get(counts))
    lines = karen.get(f"{counts}.csv").get_data().decode("utf-8-sig").splitlines()
    assert lines[1] == f"{area.key},,background_gender,1,,no"
    assert lines[-1] == f"{area.key},,background_age_band,7,,yes"


def test_what_is_no_text_of_counts_is_told_and_counts_that_contradict_each_other(
    karen, counts, token, area
):
    for sent, said in (
        ({}, "Vælg en fil, eller sæt teksten ind."),
        ({"file": b"PK\x03\x04", "name": "tal.xlsx"}, "Det er en fil fra Excel."),
        ({"file": b"area", "text": "area"}, "Send kun det ene."),
        ({"file": "område".encode("latin-1")}, "ikke UTF-8 (linje 1)"),
        (
            {"text": "area;antal\n0667-001;3\n"},
            "»antal« er ikke en kolonne her. Kolonnerne er area",
        ),
        ({"text": "area;antal\n0667-001;3\n"}, "kolonnen count mangler"),
        ({"text": HEADER}, "kun overskrifter og ingen rækker"),
        (
            {"text": GOOD.format(area=area.key) + f"{area.key},,background_age_band,1,9,yes\n"},
            "er uenige om, hvor mange der bor der",
        ),
    ):
        answer = send(karen, counts, token, **sent)
        assert answer.status_code == 422
        assert said in main(answer)
    assert typed(answer).startswith(GOOD.format(area=area.key))


def test_a_frozen_waves_counts_are_shown_and_stand(database, karen, counts, token, area, wave):
    page = token(karen.get(counts))
    with database.writing() as session:
        session.get(Wave, wave.id).status = "frozen"
    assert "kan ikke rettes mere" in main(karen.get(counts))
    assert '<form method="post" enctype' not in karen.get(counts).get_data(as_text=True)
    data = {"csrf_token": page, "text": GOOD.format(area=area.key)}
    answer = karen.post(counts, data=data)
    assert answer.status_code == 422
    assert "kan ikke rettes mere" in main(answer)


def test_a_plan_is_registered_once_with_its_hash_and_the_time(
    database, karen, plan, token, study, make, form
):
    make.open_wave(study, form, number=2)
    with database.writing() as session:
        session.add(Plan(study_id=study.id, key="hp", name="HP", kind="helhedsplan"))
    text = "primary: [tryghed_t1]\ntreatment: [helhedsplan]\n"
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    assert "alt, hvad undersøgelsen finder, eksplorativt" in main(karen.get(plan))
    answer = send(karen, plan, token, text.replace("\n", "\r\n"))
    assert answer.status_code == 200
    said = main(answer)
    assert "Planen er registreret." in said
    assert sha256 in said
    with database.reading() as session:
        [entry] = session.scalars(select(AuditEntry).where(AuditEntry.act == REGISTERED))
        assert (entry.actor, entry.detail["sha256"], entry.detail["text"]) == (
            "Karen",
            sha256,
            text,
        )
        assert f"kl. {entry.at:%H:%M} UTC, Karen" in said
    # The same text from a file of Windows, its last line end lost, is the same plan.
    file = text.strip().replace("\n", "\r\n").encode()
    assert "var registreret i forvejen" in main(send(karen, plan, token, file=file))
    assert main(karen.get(plan)).count("SHA-256") == 1


def test_a_plan_with_faults_stays_where_it_was_pasted_with_all_of_them(karen, plan, token):
    wrong = "primary: [tryghed_t1, tryghed_t1]\nmean_n: 2\nfriends: 3\n"
    answer = send(karen, plan, token, wrong)
    assert answer.status_code == 422
    said = main(answer)
    for fault in (
        "står to gange under primary",
        "mangler treatment",
        "mean_n skal ligge",
        "friends",
    ):
        assert fault in said
    assert typed(answer) == wrong
    assert "findes ikke i data" in main(
        send(karen, plan, token, "primary: [nothing_x1]\ntreatment: [helhedsplan]\n")
    )


def test_a_plan_after_a_freeze_is_told_to_explore(database, karen, plan, wave):
    with database.writing() as session:
        session.get(Wave, wave.id).status = "frozen"
    said = main(karen.get(plan))
    assert "Frosset allerede: bølge 1." in said
    assert "er alt eksplorativt" in said


def test_nobody_else_brings_either(employ, make, signed_in, counts, plan, study, wave):
    employ("Bo", (make.study(), "coordinator"))
    employ("Ib", (study, "researcher"))
    for client in (signed_in("Bo"), signed_in("Ib")):
        for path in (counts, f"{counts}.csv", plan):
            assert client.get(path).status_code == 403
