"""The coordinator has results counted, opens pages and closes them."""

import re

import pytest
from inspection import Page


@pytest.fixture
def study(evaluated):
    return evaluated(few=4)


@pytest.fixture
def karen(employ, study, signed_in):
    """A coordinator of the study, signed in."""
    employ("Karen", (study.study, "coordinator"))
    return signed_in("Karen")


@pytest.fixture
def path(study):
    return f"/coordination/waves/{study.waves[-1].id}/results"


def send(client, path, token, **fields):
    page = client.get(path.partition("results")[0] + "results")
    return client.post(path, data={"csrf_token": token(page)} | fields)


def text(answer):
    return Page(answer.get_data(as_text=True)).all("main")[0].words()


def test_the_pages_of_chosen_places_are_opened_and_closed_again(karen, app, path, token, study):
    assert path in karen.get(f"/coordination/waves/{study.waves[-1].id}").get_data(as_text=True)
    answer = send(
        karen, path, token, place=["afdeling:9000-004", "afdeling:9000-007"],
        figure=["tryghed_t1"], meeting_day="2027-02-09", meeting_place="Fælleshuset",
    )  # fmt: skip
    assert answer.status_code == 303
    page = karen.get(path)
    assert "2 af de" in text(page)
    number = re.search(r'href="/results/(\d+)"', page.get_data(as_text=True))[1]
    anybody = app.test_client()
    told = text(anybody.get(f"/results/{number}/da"))
    assert "tirsdag den 9. februar 2027" in told
    assert "Fælleshuset" in told
    assert send(karen, f"{path}/{number}/close", token).status_code == 303
    assert anybody.get(f"/results/{number}/da").status_code == 404
    assert "1 af de" in text(karen.get(path))


def test_every_problem_is_told_at_its_field_and_nothing_typed_is_lost(karen, path, token):
    answer = send(karen, path, token, meeting_day="9. februar", note="Vi ses")
    assert answer.status_code == 422
    said = text(answer)
    assert "Vælg mindst ét sted." in said
    assert "Vælg 1 til 6." in said
    assert "»9. februar«" in said
    assert "Vi ses" in answer.get_data(as_text=True)


def test_a_place_that_cannot_be_shown_is_named_apart_and_not_opened_by_force(karen, path, token):
    page = karen.get(path)
    assert 'value="afdeling:9000-000"' not in page.get_data(as_text=True)
    assert "For få har svaret her, færre end 10." in text(page)
    assert re.search(r"ikke må vises. De hører til: \S+", text(page))
    answer = send(
        karen, path, token, place=["afdeling:9000-000"], figure=["tryghed_t1", "tryghed_t9"]
    )  # fmt: skip
    assert answer.status_code == 422
    # In the page's language, with figures by what they are called.
    said = text(answer)
    assert "9000-000 kan ikke vises. For få har svaret her, færre end 10." in said
    assert "intet tal, der hedder tryghed_t9. Vælg blandt: " in said
    assert "Hvor tryg er du udenfor" in said or "mørke" in said
    assert 'id="figures-error"' in answer.get_data(as_text=True)
    for english in ("too few", "Choose", 'lang="en"'):
        assert english not in answer.get_data(as_text=True)


def test_counting_is_a_job(employ, evaluated, signed_in, token, do_jobs):
    study = evaluated(key="other", counted=False)
    employ("Karen", (study.study, "coordinator"))
    karen = signed_in("Karen")
    path = f"/coordination/waves/{study.waves[-1].id}/results"
    said = text(karen.get(path))
    assert "ikke regnet" in said
    assert "ikke registreret nogen analyseplan" in said
    answer = send(karen, f"{path}/count", token)
    assert "/staff/jobs/" in answer.location
    assert do_jobs() == 1
    assert "Færdigt" in text(karen.get(answer.location))
    assert "kan vises" in text(karen.get(path))


def test_a_wave_that_is_not_frozen_has_none(make, employ, signed_in, background):
    study = make.study()
    wave = make.open_wave(study, background)
    employ("Karen", (study, "coordinator"))
    assert "ikke frosset" in text(signed_in("Karen").get(f"/coordination/waves/{wave.id}/results"))


def test_nobody_else_opens_or_closes(employ, make, signed_in, study, path, token):
    employ("Bo", (make.study(), "coordinator"))
    employ("Ib", (study.study, "researcher"))
    for client, known in ((signed_in("Bo"), "/coordination/"), (signed_in("Ib"), "/research/")):
        assert client.get(path).status_code == 403
        sent = {"csrf_token": token(client.get(known))}
        for where in (path, f"{path}/count", f"{path}/1/close"):
            assert client.post(where, data=sent).status_code == 403
