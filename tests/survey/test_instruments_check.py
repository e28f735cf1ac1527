"""`beboerpuls instruments check` lists what nobody has read aloud."""

import shutil

from instruments import LIBRARY


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
