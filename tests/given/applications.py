"""The running product: keys, settings, the Flask app, a server."""

from __future__ import annotations

import threading

import flask
import pytest
import waitress
from jinja2 import BytecodeCache

import survey
from survey.secrets import make_key_file, read_key_file
from survey.settings import Settings


class Compiled(BytecodeCache):
    """Templates that an application of this process has compiled, by name and by what they say."""

    def __init__(self):
        self.known = {}

    def load_bytecode(self, bucket):
        known = self.known.get((bucket.key, bucket.checksum))
        if known:
            bucket.bytecode_from_string(known)

    def dump_bytecode(self, bucket):
        self.known[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


@pytest.fixture(scope="session", autouse=True)
def compiled_templates():
    """Thousands of applications are made, and compiling took a quarter of what their pages cost."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flask.Flask, "jinja_options", {"bytecode_cache": Compiled()})
        yield


@pytest.fixture(scope="session")
def key_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    make_key_file(path)
    return path


@pytest.fixture(scope="session")
def keys(key_file):
    """The secrets of an installation."""
    return read_key_file(key_file)


@pytest.fixture
def settings(database_url, keys, tmp_path):
    # A test's client and the live server speak plain http.
    return Settings(database=database_url, keys=keys, data=tmp_path / "data", https=False)


@pytest.fixture
def app(settings):
    app = survey.create_app(settings)
    app.testing = True
    yield app
    app.extensions["beboerpuls"].database.engine.dispose()


@pytest.fixture
def live_server(app):
    """The address of the running product, as a browser reaches it."""
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.task_dispatcher.shutdown()
    # The loop's own thread closes the sockets: closed from here, they could be gone between its
    # asking which are open and its waiting for them.
    server.trigger.pull_trigger(lambda: server.asyncore.close_all(server._map))
    thread.join(timeout=10)
    assert not thread.is_alive(), "the server did not stop"
