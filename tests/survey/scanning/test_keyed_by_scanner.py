"""What the scanner keyed goes on as anybody's first keying does: sampled, keyed again blind, judged."""

from dataclasses import replace
from pathlib import Path

import pytest

from survey import verdicts
from survey.batches import draw
from survey.keying_quality import quality_of
from survey.models import Sheet
from survey.paper import KeyedByOthersError

QUESTIONNAIRES = Path(__file__).parents[2] / "given" / "questionnaires"
pytestmark = pytest.mark.sqlite_file


@pytest.fixture
def settings(settings):
    return replace(settings, library=QUESTIONNAIRES)


def test_the_scanners_batch_is_sampled_before_it_is_keyed_and_judged_by_its_sample(
    paper_wave, employ, signed_in
):
    bo = paper_wave.person("Bo")
    employ("Karen", (paper_wave.study, "fieldworker"))
    pile = paper_wave.batch(second_keying_share=0.5, error_limit=0.8)
    sheets = paper_wave.sheets(pile, 4, state="returned")
    for sheet in sheets:
        paper_wave.scan(sheet)
    paper_wave.do(draw, pile, actor="Bodil")
    with paper_wave.database.reading() as session:
        drawn = {one.id for one in session.query(Sheet).filter_by(second_keying=True)}
    twice = [one for one in sheets if one.id in drawn]
    once = [one for one in sheets if one.id not in drawn]
    assert (len(twice), {paper_wave.state(one) for one in sheets}) == (2, {"keyed_once"})
    # Neither the comment that the scanner's pass holds nor that there is one is told to the second.
    page = signed_in("Karen").get(f"/keying/{twice[0].serial}").get_data(as_text=True)
    assert "Mere lys, tak" not in page
    assert "canner" not in page.partition("<main")[2]
    for sheet in twice:
        paper_wave.key(sheet, bo)
    with pytest.raises(KeyedByOthersError):
        paper_wave.key(once[0], bo)
    args = (paper_wave.keys, paper_wave.form)
    verdict = paper_wave.do(
        lambda session, batch: verdicts.judge(session, *args, batch, actor="Eva"), pile
    )
    assert (verdict.verdict, verdict.sheets, verdict.errors) == ("accepted", 2, 0)
    assert {paper_wave.state(one) for one in sheets} == {"settled"}
    with paper_wave.database.reading() as session:
        quality = quality_of(session, *args, session.merge(paper_wave.wave))
    scanner = next(one for one in quality.keyers if one.name == "scanner")
    assert (scanner.sheets, scanner.rate.fields, scanner.rate.errors) == (4, 22, 0)
    assert 0 == scanner.rate.interval.low < scanner.rate.interval.high < 0.9
