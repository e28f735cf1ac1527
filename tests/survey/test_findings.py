"""What a study's datasets say, on pages and in files: counted as jobs, erased with what they hold."""

import re

import pandas as pd
import pytest
from inspection import Page

from processing import AreasDrawn, erase_rows, read_study, revoke, write_derived
from survey.findings import FindingsError, count_findings, page_of
from survey.models import AuditEntry

# What is shown and told here is the same on any database.
pytestmark = pytest.mark.sqlite_file

PLAN = "primary: [tryghed_t1]\ntreatment: [helhedsplan]\ndraws: 199\n"


@pytest.fixture
def study(evaluated):
    return evaluated(AreasDrawn(12, [2] * 6, effects=[0.9]), names=["<b>Agerhøj"])


@pytest.fixture
def ib(employ, study, signed_in):
    """A researcher of the study, signed in."""
    employ("Ib", (study.study, "researcher"))
    return signed_in("Ib")


@pytest.fixture
def path(study):
    return f"/research/studies/{study.study.id}"


def main(answer):
    return Page(answer.get_data(as_text=True)).all("main")[0].words()


def send(client, path, token, **fields):
    page = client.get(re.sub(r"/(count|effects)$|/file$", "", path))
    return client.post(path, data={"csrf_token": token(page)} | fields)


def test_from_nothing_to_measures_evidence_effects_and_their_files(
    ib, path, study, token, do_jobs, database
):
    assert path in ib.get("/research/").get_data(as_text=True)
    assert "ikke regnet" in main(ib.get(path))
    assert "/staff/jobs/" in send(ib, f"{path}/count", token).location
    assert do_jobs() == 1
    assert "3 skalaer er regnet" in main(ib.get(path)) or "4 skalaer er regnet" in main(
        ib.get(path)
    )

    measures = ib.get(f"{path}/measures/tryghed_t1")
    assert "Oplevet tryghed: hvordan det står til" in main(measures)
    assert "Siden bølge 1" in main(measures)
    assert "<b>" not in measures.get_data(as_text=True).partition("</header>")[2]
    evidence = ib.get(f"{path}/evidence/tryghed_t1")
    assert "kan den bruges?" in main(evidence)
    assert "Ude i mørke" in main(evidence)
    assert "omega" in main(evidence)
    drawn = evidence.get_data(as_text=True)
    # Omega of everyone and of each group with its interval, the loadings, and each step's cost.
    assert re.search(r"Alle \(n [\d.]+\): 0,\d\d, fra 0,\d\d til 0,\d\d; Sprog: ", drawn)
    assert re.search(r'aria-label="Hjemme om natten: 0,\d\d; ', drawn)
    assert "krav 0,70" in drawn
    cell = r'<td class="number">−?[01],\d{3}</td>'
    assert re.search(rf'Bølge: 1, 2</th><td class="number">\d+</td>{cell}{cell}{cell}', drawn)

    send(ib, f"{path}/effects", token, plan=PLAN.replace("\n", "\r\n"))
    assert do_jobs() == 1
    effects = main(ib.get(f"{path}/effects/study"))
    assert "Flyttede indsatsen" in effects
    assert "ikke planlagt på forhånd" in effects
    # What evidence said of the scales is told with them.
    verdicts = pd.read_parquet(study.data / "bopuls-findings" / "verdicts.parquet")
    passed = verdicts[(verdicts.group == "whole") & (verdicts.verdict == "validated")]
    assert ("Oplevet tryghed" in re.search("Skalaerne (.*?) har endnu", effects)[1]) is (
        "tryghed_t1" not in set(passed.scale)
    )

    taken = send(ib, f"{path}/measures/tryghed_t1/file", token, file="means.csv")
    assert taken.data.startswith(b"scale,level,unit,wave")
    taken = send(ib, f"{path}/evidence/tryghed_t1/file", token, file="pdf")
    assert taken.data.startswith(b"%PDF")
    with database.reading() as session:
        acts = [entry.act for entry in session.query(AuditEntry)]
    assert acts.count("findings downloaded") == 2
    saved = pd.read_parquet(study.data / "bopuls-findings" / "means.parquet")
    assert len(saved)


def test_what_is_not_there_leads_nowhere_and_a_plan_must_be_there(ib, path, study, token):
    count_findings("bopuls", study.data)
    for wrong in ("measures/nothing", "evidence/..%2Fx", "effects/study", "others/tryghed_t1"):
        assert ib.get(f"{path}/{wrong}").status_code == 404, wrong
    assert ib.get("/research/studies/99").status_code == 404
    answer = send(ib, f"{path}/effects", token, plan=" ")
    assert answer.status_code == 422
    assert "Her hører en analyseplan til" in main(answer)
    file = f"{path}/measures/tryghed_t1/file"
    for wanted in ("", "means", "means.exe", "../manifest.json", "verdicts.csv"):
        assert send(ib, file, token, file=wanted).status_code == 400


def test_a_variant_is_linked_by_its_name_and_has_no_page_of_evidence(evaluated, employ, signed_in):
    made = evaluated(
        AreasDrawn(4, [2] * 2), questionnaires=("trivsel", "background"), counted=False
    )
    read = read_study(made.data / "bopuls")
    variant = "trivsel_v3_without_activities"
    pages = {
        f"{kind}.{scale}.{language}{ending}": "said"
        for kind, scale in (("measures", "trivsel_v3"), ("evidence", "trivsel_v3"), ("measures", variant))
        for language in ("da", "en")
        for ending in (".html", ".title", ".pdf")
    }  # fmt: skip
    write_derived(read, "findings", {"means": pd.DataFrame({"scale": [variant]})}, texts=pages)
    employ("Ib", (made.study, "researcher"))
    ib = signed_in("Ib")
    path = f"/research/studies/{made.study.id}"
    page = ib.get(path).get_data(as_text=True)
    assert "Naboskab og fællesskab uden: " in page
    assert f'href="{path}/measures/{variant}"' in page
    assert f'href="{path}/evidence/{variant}"' not in page
    assert f'href="{path}/evidence/{variant}"' not in ib.get(f"{path}/measures/{variant}").text


def test_findings_of_withdrawn_answers_are_erased_with_them(study):
    count_findings("bopuls", study.data)
    assert "lead" in page_of("bopuls", study.data, "measures", "tryghed_t1", "da")
    first = study.data / "bopuls" / "wave-1-freeze-1"
    revoke(first, superseded_by="another", reason="answers were withdrawn")
    erase_rows(first)
    assert not (study.data / "bopuls-findings").exists()
    with pytest.raises(FindingsError):
        page_of("bopuls", study.data, "measures", "tryghed_t1", "da")


def test_a_plan_that_cannot_be_is_told_on_the_page_of_the_job(ib, path, token, do_jobs):
    location = send(ib, f"{path}/effects".replace("/effects", "/count"), token).location
    assert location
    answer = ib.post(
        f"{path}/effects", data={"csrf_token": token(ib.get(path)), "plan": "primary: nothing"}
    )
    assert do_jobs() == 2
    assert "treatment" in main(ib.get(answer.location))


def test_other_roles_and_other_studies_have_no_business_here(
    employ, make, study, signed_in, path, token
):
    employ("Karen", (study.study, "coordinator"))
    employ("Bo", (make.study(), "researcher"))
    for name, known in (("Karen", "/coordination/"), ("Bo", "/research/")):
        client = signed_in(name)
        sent = {"csrf_token": token(client.get(known))}
        for where in ("", "/measures/tryghed_t1"):
            assert client.get(path + where).status_code == 403
        for where in ("/count", "/effects", "/measures/tryghed_t1/file"):
            assert client.post(path + where, data=sent).status_code == 403
