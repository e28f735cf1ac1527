import datetime as dt
import hashlib
import json

import pytest
from sqlalchemy import select

from instruments import make_form
from processing import StatisticsError, StudyTerms, read_wave, study_terms
from survey import audit
from survey.analysis_plans import REGISTERED, register_plan, registered_plans
from survey.models import Area, AuditEntry, Plan

PLAN = b"primary: [tryghed_t1]\ntreatment: [helhedsplan]\n"
HASH = hashlib.sha256(PLAN).hexdigest()


def test_a_plan_is_noted_once_with_its_hash_and_who_registered_it(database, make):
    study = make.study(key="puls")
    other = make.study(key="other")
    with database.writing() as session:
        for _ in range(2):
            register_plan(session, study, PLAN, actor="bodil")
    with database.reading() as session:
        [entry] = session.scalars(select(AuditEntry).where(AuditEntry.act == REGISTERED))
        assert (entry.actor, entry.detail["sha256"]) == ("bodil", HASH)
        assert registered_plans(session, study) == (HASH,)
        assert registered_plans(session, other) == ()
        assert audit.broken_at(session) is None


def test_a_plan_with_faults_is_refused_and_not_noted(database, make):
    study = make.study(key="puls")
    with database.writing() as session, pytest.raises(StatisticsError, match="treatment"):
        register_plan(session, study, b"primary: [a]\n", actor="bodil")
    with database.reading() as session:
        assert registered_plans(session, study) == ()


def test_a_wave_names_the_plans_that_were_there_before_it_was_frozen(commands, tmp_path):
    areas = tmp_path / "areas.csv"
    areas.write_text("area,name\n0667-001,Rugvænget\n")
    plan, later = tmp_path / "plan.yaml", tmp_path / "later.yaml"
    content = PLAN + b"mean_n: 20\ncount: 8\nadults: background_adults\n"
    plan.write_bytes(content)
    later.write_bytes(PLAN + b"margin: 3\n")
    commands.works("study", "create", "puls", "--title", "Bopulsen", "--sender", "Fonden")
    commands.works("study", "areas", "puls", areas)
    commands.works("wave", "plan", "puls")
    commands.works(
        *("wave", "open", "puls", 1, "--instrument", "tryghed", "--instrument", "background"),
        *("--language", "da", "--accept-unreviewed", "da"),
    )
    told = commands.json("study", "analysis-plan", "puls", plan)
    sha256 = hashlib.sha256(content).hexdigest()
    # No plans are loaded yet: their kinds are looked at when they are.
    assert "no plans yet" in told.pop("notes")[0]
    assert told == {"study": "puls", "sha256": sha256, "waves_frozen_before": []}
    plans = tmp_path / "plans.csv"
    plans.write_text("plan,name,kind\nhp1,Planen,Helhedsplan\n")
    said = commands.works("study", "plans", "puls", plans)
    assert (
        "Note, the registered analysis plan, treatment helhedsplan: the study has no plan of that kind."
        " Choose among Helhedsplan." in said
    )
    plans.write_text("plan,name,kind\nhp1,Planen,helhedsplan\n")
    assert "Note" not in commands.works("study", "plans", "puls", plans)
    commands.works("wave", "close", "puls", 1, answer="y")
    commands.works("wave", "freeze", "puls", 1)
    said = commands.works("study", "analysis-plan", "puls", later)
    assert "Frozen before it: wave 1. Where areas had begun their plans by then, all stays" in said
    [manifest] = tmp_path.rglob("wave-1-freeze-1/manifest.json")
    named = json.loads(manifest.read_text())
    assert named["analysis_plans"] == [sha256]
    # Day and no time of day: a report of the folder alone can tell it was before the freeze.
    assert [*named["analysis_plan_days"]] == [sha256]
    assert dt.date.fromisoformat(named["analysis_plan_days"][sha256])
    # Its thresholds and how it weights hold for all that is made of the dataset.
    terms = study_terms(read_wave(manifest.parent))
    assert terms == StudyTerms(20, 8, "background_adults")


def test_a_plan_that_names_what_the_study_has_not_is_refused_while_it_can_be_corrected(
    database, make
):
    """Every fault at once: after a freeze a corrected plan is exploratory."""
    study = make.study(key="puls")
    forms = [make_form(["tryghed", "background"], ["da"])]
    content = (
        b"primary: [tryghed_t1, tryghed_t4, tryghed_t11]\ntreatment: [helhedplan]\n"
        b"comparison: [9999-999]\ncovariates: [background_genus]\nordered: [age, row_id]\n"
        b"adults: base_weight\n"
    )
    with database.writing() as session:
        session.add(Plan(study_id=study.id, key="hp", name="HP", kind="helhedsplan"))
        session.add(Area(study_id=study.id, key="0667-001", name="Rugvænget", level="afdeling"))
        session.flush()
        with pytest.raises(StatisticsError) as refused:
            register_plan(session, study, content, forms=forms, actor="bodil")
        assert [problem.where for problem in refused.value.problems] == [
            "plan, scale tryghed_t11",
            "plan, primary",
            "plan, adults base_weight",
            "plan, ordered age",
            "plan, ordered row_id",
            "plan, covariate background_genus",
            "plan, treatment helhedplan",
            "plan, comparison 9999-999",
        ]
        register_plan(session, study, PLAN, forms=forms, actor="bodil")


def test_a_plan_file_that_is_not_there_is_told(commands, tmp_path):
    commands.works("study", "create", "puls", "--title", "Bopulsen", "--sender", "Fonden")
    said = commands.refused("study", "analysis-plan", "puls", tmp_path / "none.yaml")
    assert "cannot be read" in said
