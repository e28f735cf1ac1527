import threading

import pytest

from survey.key_binding import bind_keys
from survey.secrets import KeyFileError, make_key_file


def test_a_database_is_bound_to_the_keys_it_was_begun_with(database, keys, tmp_path):
    bind_keys(database, keys)
    bind_keys(database, keys)
    others = make_key_file(tmp_path / "others")
    with pytest.raises(KeyFileError, match="not the one that this database was begun with"):
        bind_keys(database, others)
    bind_keys(database, keys)


def test_workers_that_start_together_bind_the_database_once(database, keys):
    ready = threading.Barrier(4)
    failures = []

    def start():
        ready.wait()
        try:
            bind_keys(database, keys)
        except Exception as failure:  # noqa: BLE001 - whatever it is, it would stop a worker
            failures.append(failure)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
