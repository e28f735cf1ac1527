"""One browser with a profile of its own, closed or killed and opened again with all that it kept."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest
from browsers import ARGUMENTS, PHONE, find_browser
from playwright.sync_api import Error


@pytest.fixture
def profile(tmp_path):
    return tmp_path / "profile"


@pytest.fixture
def open_phone(browser, server, profile):
    """A function that opens the one phone there is, with all that it kept from before."""
    contexts = []

    def open_it():
        context = browser.browser_type.launch_persistent_context(
            profile,
            executable_path=find_browser(),
            args=list(ARGUMENTS),
            base_url=server.address,
            locale="da-DK",
            viewport=PHONE,
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        return context.pages[0]

    yield open_it
    for context in contexts:
        # One whose browser was killed is closed, whether or not that was noticed before.
        try:
            context.close()
        except Error as error:
            if "has been closed" not in str(error):
                raise


def groups_of(profile):
    """The process groups of the browser that runs in a profile's folder: it leads one of its own."""
    named = f"--user-data-dir={profile}"
    return {group for group, _, command in _running() if named in command}


def kill(profile):
    """End a browser at once with all its helpers, as a phone does that wants memory."""
    groups = groups_of(profile)
    assert groups, f"no browser runs in {profile}"
    assert os.getpgid(0) not in groups
    for group in groups:
        os.killpg(group, signal.SIGKILL)
    for _ in range(200):
        left = [one for one in _running() if one[0] in groups]
        if not left:
            break
        time.sleep(0.05)
    else:
        raise AssertionError(f"not killed: {left}")
    # The lock of a browser that was killed; a real one takes it over after asking.
    for lock in profile.glob("Singleton*"):
        lock.unlink()


def _running():
    """Group, state and command of every process that is not dead: one that nobody has buried runs no more."""
    listed = subprocess.run(
        ["ps", "-ww", "-eo", "pgid,stat,args"], capture_output=True, text=True, check=True
    )
    rows = [line.split(maxsplit=2) for line in listed.stdout.splitlines()[1:]]
    return [(int(pgid), stat, args) for pgid, stat, args in rows if not stat.startswith("Z")]


def found_on_disk(profile, *secrets):
    """Every file of a profile that holds one of these in the clear, in either of two encodings."""
    forms = [(word, word.encode(how)) for word in secrets for how in ("utf-8", "utf-16-le")]
    return [
        f"{path.relative_to(profile)}: {word}"
        for path in profile.rglob("*")
        if path.is_file() and not path.is_symlink()
        for word, form in forms
        if form in path.read_bytes()
    ]
