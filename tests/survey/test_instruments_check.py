"""`beboerpuls instruments check` lists what nobody has read aloud, and how hard questions are."""

import json
import shutil

from instruments import LIBRARY, find


def test_what_is_not_recorded_is_noted_and_refuses_nothing(shell, tmp_path):
    root = tmp_path / "library"
    shutil.copytree(LIBRARY, root)
    folder = root / "trivsel" / "1" / "audio" / "so"
    folder.mkdir(parents=True)
    (folder / "v1_calm.mp3").write_bytes(b"somebody reads")
    checked = shell.run("instruments", "check", "trivsel", "--library", root)
    assert checked.exit_code == 0
    silent, lacking = [line for line in checked.output.splitlines() if "ecorded" in line]
    assert "trivsel/1/audio: Nothing is recorded in ar, bs, da, en, fa, pl, tr, uk, ur." in silent
    assert "trivsel/1/audio/so: Not recorded: v1_mood, " in lacking
    assert "v1_calm" not in lacking


def test_the_reading_ease_of_every_danish_question_is_told(shell):
    asked = shell.run("instruments", "check", "trivsel", "--json").output
    figures = json.loads(asked)["lix"]["trivsel/1"]
    assert set(figures) == {item.id for item in find("trivsel").items()}
    assert all(0 < figure <= 35 for figure in figures.values())
    lines = shell.run("instruments", "check", "trivsel").output.splitlines()
    told = dict(line.split() for line in lines if line.split()[:1] in ([one] for one in figures))
    assert told == {one: str(round(figure)) for one, figure in figures.items()}
    whole = shell.run("instruments", "check").output
    hardest = max(figures, key=figures.get)
    assert f"LIX of trivsel/1: at most {figures[hardest]:.0f}, in {hardest}." in whole
