"""Linear algebra on one core."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController


@contextmanager
def on_one_core() -> Iterator[None]:
    """A context in which linear algebra starts no threads.

    The matrices of factor models are so small that waiting for a second thread takes longer than
    the work, on a busy machine a hundred times longer. And sums that are parted over threads differ
    in their last digit by how many there are: what is written would not be the same bytes everywhere.
    """
    with _controller().limit(limits=1):
        yield


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
