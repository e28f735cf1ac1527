"""One browser with a profile of its own, closed or killed and opened again with all that it kept."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time

import pytest
from browsers import ARGUMENTS, PHONE, find_browser


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
        context.close()


def processes(profile):
    """The ids of a browser's processes that name a profile's folder."""
    listed = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True)
    lines = [line.strip().partition(" ") for line in listed.stdout.splitlines()]
    return [int(pid) for pid, _, command in lines if f"--user-data-dir={profile}" in command]


def kill(profile):
    """End a browser at once, as a phone does that wants memory."""
    for _ in range(100):
        for pid in processes(profile):
            # Its helpers too, which do not name the folder: a browser leads a group of its own.
            with contextlib.suppress(ProcessLookupError):
                group = os.getpgid(pid)
                assert group != os.getpgid(0)
                os.killpg(group, signal.SIGKILL)
        if not processes(profile):
            break
        time.sleep(0.05)
    # The lock of a browser that was killed; a real one takes it over after asking.
    for lock in profile.glob("Singleton*"):
        lock.unlink()


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
