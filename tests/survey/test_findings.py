"""What a study's datasets say, on pages and in files: counted as jobs, erased with what they hold."""

import hashlib
import re

import pandas as pd
import pytest
from inspection import Page

from processing import (
    AreasDrawn,
    check,
    erase_rows,
    read_manifest,
    read_study,
    revoke,
    write_derived,
    write_study,
)
from processing.datasets.codebook import write_json
from processing.datasets.folders import manifest_hash
from survey.analysis_plans import register_plan
from survey.findings import FindingsError, count_effects, count_findings, page_of, write_weights
from survey.models import AuditEntry, Job

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
    cell = r'<td class="number"[^>]*>−?[01],\d{3}</td>'
    assert re.search(rf'Bølge: 1, 2</th><td class="number"[^>]*>\d+</td>{cell}{cell}{cell}', drawn)

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
    saved = pd.read_parquet(study.data / "bopuls-findings-measures" / "means.parquet")
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
    for folder in ("findings", "findings-measures"):
        write_derived(read, folder, {"means": pd.DataFrame({"scale": [variant]})}, texts=pages)
    employ("Ib", (made.study, "researcher"))
    ib = signed_in("Ib")
    path = f"/research/studies/{made.study.id}"
    page = ib.get(path).get_data(as_text=True)
    assert "Naboskab og fællesskab uden »" in page
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


def test_a_refused_plan_stays_where_it_was_pasted_with_all_its_faults_in_the_pages_language(
    ib, path, token
):
    wrong = "primary: [nothing]\ntreatment: [helhedplan]\ncomparison: [x-1]\n"
    for plan, faults in (
        (
            wrong,
            ("Skalaen nothing findes ikke", "af arten helhedplan. Den har", "Området x-1, der"),
        ),
        (
            "primary: nothing\nmargin: 0\nsecondary: [strange]\n",
            (
                "primary skal være en liste",
                "mangler treatment",
                "fra 0,01 til 100",
                "Skalaen strange findes ikke",
            ),
        ),
        ("primary: [", ("ikke YAML", "begynder i linje 1", "»primary: [«")),
        ("primary: [a]\n" + "#" * 20_000, ("20.013 tegn",)),
    ):
        answer = send(ib, f"{path}/effects", token, plan=plan, base_weights="1")
        assert answer.status_code == 422
        assert [one for one in faults if one not in main(answer)] == []
        area = re.search(r"<textarea[^>]*>\n?(.*?)</textarea>", answer.text, re.DOTALL)
        assert area[1] == plan
    sent = {"csrf_token": token(ib.get(path)), "plan": wrong}
    answer = ib.post(f"{path}/effects", data=sent, headers={"Accept-Language": "en"})
    assert "The study has no plan of the kind helhedplan" in main(answer)


def registered(study, content):
    """Let the manifests of all waves name a plan, by the bytes of its file."""
    folder = study.data / "bopuls"
    for wave in read_study(folder).waves:
        named = {**wave.manifest, "analysis_plans": [hashlib.sha256(content).hexdigest()]}
        named["hash"] = manifest_hash(named)
        (wave.folder / "manifest.json").write_text(write_json(named))
    write_study(folder, "bopuls", sorted(folder.glob("wave-*")))


def test_the_registered_plan_stands_in_the_form_until_another_is_sent(
    database, ib, path, study, token
):
    with database.writing() as session:
        register_plan(session, study.study, PLAN.encode(), actor="Karen")
    page = ib.get(path).get_data(as_text=True)
    assert f"\n{PLAN}</textarea>" in page
    assert "Den plan, der er registreret, står her" in page
    wrong = send(ib, f"{path}/effects", token, plan="primary: [nothing]\n")
    assert "primary: [nothing]\n</textarea>" in wrong.get_data(as_text=True)


def test_a_plan_that_was_pasted_is_the_registered_one_whatever_its_line_ends(
    ib, path, study, token, database
):
    file = ("\ufeff" + PLAN.replace("\n", "\r\n")).encode()
    registered(study, file)
    for pasted in (PLAN, PLAN.strip(), PLAN.replace("\n", "\r\n") + "\r\n"):
        assert "/staff/jobs/" in send(ib, f"{path}/effects", token, plan=pasted).location
    folder = count_effects("bopuls", study.data, PLAN.strip())
    assert (folder / "plan.yaml").read_bytes() == file
    kinds = pd.read_parquet(folder / "effects.parquet").set_index(["scale", "cohort"]).kind
    assert kinds["tryghed_t1", "all"] == "confirmatory"

    # Another text explores, and that is asked of before anything is computed; each text by itself.
    other, third = PLAN.replace("199", "99"), PLAN.replace("199", "999")
    asked = send(ib, f"{path}/effects", token, plan=other)
    assert asked.status_code == 422
    assert "Ingen registreret plan for undersøgelsen har denne tekst" in main(asked)
    mark = re.search(r'name="explores" value="(\w+)"', asked.text)[1]
    assert send(ib, f"{path}/effects", token, plan=third, explores=mark).status_code == 422
    assert send(ib, f"{path}/effects", token, plan=other, explores=mark).status_code == 303
    with database.reading() as session:
        assert [one.wanted["plan"] for one in session.query(Job).order_by(Job.id)][3:] == [other]


def test_why_a_job_failed_stands_on_the_page_of_the_study_with_the_plan_that_was_sent(
    ib, path, study, token, do_jobs
):
    # A treated area to compare with leaves nobody to compare.
    treated = read_study(study.data / "bopuls").table("area_plan")["area"][0]
    plan = PLAN + f"comparison: ['{treated}']\n"
    job = send(ib, f"{path}/effects", token, plan=plan).location
    assert do_jobs() == 1
    write_derived(read_study(study.data / "bopuls"), "findings", {})
    reason = "6 områder får en indsats mellem bølgerne, og 0 gør ikke"
    assert reason in main(ib.get(job))
    assert f'href="{path}"' in ib.get(job).text
    page = ib.get(path)
    assert reason in main(page)
    assert f"comparison: [&#39;{treated}&#39;]" in page.text


def test_base_weights_are_a_choice_where_registers_count(ib, path, study, token, database):
    read = read_study(study.data / "bopuls")
    verdicts = {"verdicts": pd.DataFrame({"group": ["x"], "verdict": ["x"], "scale": ["x"]})}
    write_derived(read, "findings", verdicts)
    write_derived(read, "findings-measures", {}, about={"weight": "calibrated within afdeling"})
    assert "base_weights" not in ib.get(path).text
    for wave in read.waves:
        counted = wave.table("areas")[["area"]].assign(
            area_group=None, variable="background_gender"
        )
        both = [counted.assign(category=code, count=60) for code in ("1", "2")]
        pd.concat(both).to_parquet(wave.folder / "margins.parquet")
    page = ib.get(path)
    assert page.text.count('name="base_weights"') == 2
    assert main(page).count("Tag grundvægte, selv om der er registertal") == 2
    assert "Vægtet til registertallene" in main(page)
    assert "weights/study" not in page.text
    write_weights(read_study(study.data / "bopuls"))
    assert f'href="{path}/weights/study"' in ib.get(path).text
    assert "Kategorier talt som én" in main(ib.get(f"{path}/weights/study"))
    taken = send(ib, f"{path}/weights/study/file", token, file="margins.csv")
    assert b"background_gender" in taken.data
    send(ib, f"{path}/effects", token, plan=PLAN, base_weights="1")
    send(ib, f"{path}/count", token, base_weights="1")
    send(ib, f"{path}/count", token)
    with database.reading() as session:
        asked = [one.wanted for one in session.query(Job).order_by(Job.id)]
    assert asked == [{"plan": PLAN, "base_weights": True}, {"base_weights": True}, {}]
    for base, weight in ((True, "base_weight"), (False, "calibrated within afdeling")):
        folder = count_effects("bopuls", study.data, PLAN, base_weights=base)
        assert read_manifest(folder)["weight"] == weight
        told = (folder / "effects.study.da.html").read_text()
        assert ("--base-weights" in told) is base
    write_derived(read, "findings-measures", {}, about={"weight": "base_weight"})
    assert "Regnet med grundvægte" in main(ib.get(path))


def test_measures_and_effects_are_pages_of_one_disclosure(evaluated):
    """With its effects a study shows fewer places: then on no page more."""
    study = evaluated(AreasDrawn(8, [2] * 4, invited=60), few=6, counted=False, seed=2)
    folder = study.data / "bopuls"

    def hidden(kind, scale):
        return page_of("bopuls", study.data, kind, scale, "da").count("Vises ikke.")

    count_findings("bopuls", study.data)
    alone = hidden("measures", "tryghed_t1")
    count_effects("bopuls", study.data, PLAN)
    beside = hidden("measures", "tryghed_t1")
    assert beside > alone > 0
    assert hidden("effects", "study") == beside
    # Whichever is counted last.
    count_findings("bopuls", study.data)
    assert hidden("measures", "tryghed_t1") == hidden("effects", "study") == beside
    assert check(folder.with_name("bopuls-findings-measures")) == []


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
