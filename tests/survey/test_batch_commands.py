"""`beboerpuls batches`: what the batch's page does, from a shell."""

from pathlib import Path

import pytest

from survey import batches, paper
from survey.models import Sheet, Wave
from survey.settings import LIBRARY_FOLDER

QUESTIONNAIRES = Path(__file__).parents[1] / "given" / "questionnaires"


def _is(session, wave, status):
    session.get_one(Wave, wave.id).status = status


def _is_void(session, sheet):
    session.get_one(Sheet, sheet.id).state = "void"


def test_commands_set_rules_hand_out_draw_and_judge(commands, paper_wave):
    commands.environ[LIBRARY_FOLDER] = str(QUESTIONNAIRES)
    karen, bo = paper_wave.person("Karen"), paper_wave.person("Bo")
    paper_wave.batch()
    here = (paper_wave.study.key, paper_wave.wave.number)
    of_batch = (*here, "Bundt 14")
    given = ("--twice", 50, "--limit", 95, "--settle", "second_keyer")
    told = commands.json("batches", "rules", *of_batch, *given)
    assert (told["second_keying_share"], told["error_limit"], told["confidence"]) == (
        0.5,
        0.95,
        0.95,
    )
    assert commands.json("batches", "study-rules", here[0], "--twice", 100)["error_limit"] == 0.01
    assert batches.batch_rules(paper_wave.batch("Næste")).second_keying_share == 1
    paper_wave.batch("Skan", second_keying_share=0)
    for wrong, says in (
        (("rules", *of_batch, "--twice", 120), "0 to 100 per cent"),
        (("rules", *here, "Bundt 15", "--twice", 1), "no batch 'Bundt 15'. It has: Bundt 14"),
        (("hand-out", *of_batch, "--pass", 1, "--to", "Ole"), "called 'Ole': Bo, Karen"),
        (("draw", *of_batch), "nothing to draw from"),
        (("draw", *here, "Næste"), "keyed twice as a whole: there is nothing to draw"),
        (("draw", *here, "Skan"), "keyed once as a whole: there is nothing to draw"),
        (("judge", *of_batch), "nothing of it has come back. Receive its sheets"),
    ):
        assert says in " ".join(commands.refused("batches", *wrong).split())
    sheets = paper_wave.sheets(paper_wave.batch(), 2, state="returned")
    assert "no sample is drawn" in " ".join(commands.refused("batches", "judge", *of_batch).split())
    commands.works("batches", "hand-out", *of_batch, "--pass", 1, "--to", "Karen")
    (late,) = paper_wave.sheets(paper_wave.batch(), 1)
    told = " ".join(commands.works("batches", "draw", *of_batch).split())
    assert "Of 2 sheets of Bundt 14 that came back, 1 is keyed twice. 1 sheet did not" in told
    paper_wave.do(_is_void, late)
    assert "is fixed" in commands.refused("batches", "rules", *of_batch, "--limit", 2)
    waits = "1 sheet of its sample to be keyed twice and settled and 2 sheets that came back"
    assert waits in " ".join(commands.refused("batches", "judge", *of_batch).split())
    with pytest.raises(paper.NotHandedToYouError):
        paper_wave.key(sheets[0], bo)
    for sheet in sheets:
        paper_wave.key(sheet, karen)
    with paper_wave.database.reading() as session:
        drawn = next(one for one in sheets if session.get_one(Sheet, one.id).second_keying)
    paper_wave.key(drawn, bo)
    paper_wave.do(_is, paper_wave.wave, "frozen")
    frozen = commands.refused("batches", "judge", *of_batch)
    assert "stays without a verdict" in " ".join(frozen.split())
    paper_wave.do(_is, paper_wave.wave, "open")
    assert commands.json("batches", "judge", *of_batch)["verdict"] == "accepted"
    assert "judged before" in commands.refused("batches", "judge", *of_batch)
    line = commands.json("batches", "list", *here)[0]
    assert (line["batch"], line["settled"], line["verdict"]) == ("Bundt 14", 2, "accepted")
    assert "Bundt 14" in commands.works("batches", "list", *here)
