"""What a scale's evidence costs: in seconds and memory, from a frame and from a dataset's folder.

    python benchmarks/evidence.py [--rows 1000000] [--file-rows 0]

Five five-point items and two columns that divide the rows. The ratio printed is that of a million
rows to two thousand: what reads counts hardly grows with the rows. Memory is the highest resident
size while judging, above what was held before.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

import processing as p

ITEMS = ("a", "b", "c", "d", "e")
SCALE = p.ScaleEntry("home", "calm", ITEMS, dict.fromkeys(ITEMS, (1, 5)))
GROUPS = ("mode", "language")
AIM = 3.0
"""Seconds for all of a scale's evidence, 1 000 000 rows."""

CHUNK = 250_000


def answers_of(rows: int, seed: int) -> pd.DataFrame:
    known = p.KnownModel.simple({"calm": ITEMS}, 0.75)
    frame = p.simulate(known, rows, seed=seed).frame[list(ITEMS)].astype(np.int16)
    rng = np.random.default_rng(seed)
    languages = np.array(["ar", "da"])[rng.integers(0, 2, rows)]
    return frame.assign(mode=rng.integers(1, 3, rows).astype(np.int16), language=languages)


def dataset_of(folder: Path, rows: int) -> p.Dataset:
    variables = [
        p.Variable("row_id", "paradata", "string", "nominal"),
        p.Variable("language", "paradata", "string", "nominal"),
        p.Variable("mode", "paradata", "int16", "nominal", codes=(1, 2)),
        *(
            p.Variable(item, "single", "int16", "ordinal", codes=(1, 2, 3, 4, 5), instrument="home")
            for item in ITEMS
        ),
    ]
    return p.write_wave(
        folder,
        responses=_pieces(rows),
        tables={},
        codebook=p.Codebook(("da", "ar"), tuple(variables), (SCALE,)),
        instrument_files={},
        facts=p.WaveFacts("benchmark", 1, "consent"),
    )


def _pieces(rows: int) -> Iterator[pd.DataFrame]:
    for start in range(0, rows, CHUNK):
        size = min(CHUNK, rows - start)
        names = [f"{row:010d}" for row in range(start, start + size)]
        yield answers_of(size, start + 1).assign(row_id=names)


def resident() -> float:
    """MB held by this process now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


@contextmanager
def watched() -> Iterator[list[float]]:
    """The highest resident memory above that at the start, as the list's one number."""
    before, highest, over = resident(), [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(0.005):
            highest[0] = max(highest[0], resident() - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield highest
    finally:
        over.set()
        watcher.join()


def measured(what: Callable[[], object]) -> tuple[float, float]:
    with watched() as memory:
        start = time.perf_counter()
        what()
        seconds = time.perf_counter() - start
    return seconds, memory[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--file-rows", type=int, default=0)
    asked = parser.parse_args()
    few, many = answers_of(2000, 1), answers_of(asked.rows, 1)
    p.evidence(few, SCALE, groups=GROUPS)  # imports and first calls are not what is measured
    small, _ = measured(lambda: p.evidence(few, SCALE, groups=GROUPS))
    print(f"{'2 000 rows, two groupings':<44}{small:8.2f} s")
    for name, groups in (("everyone", ()), ("two groupings", GROUPS)):
        seconds, memory = measured(partial(p.evidence, many, SCALE, groups=groups))
        said = f"{asked.rows:,} rows, {name}".replace(",", " ")
        print(
            f"{said:<44}{seconds:8.2f} s{memory:8.0f} MB  {AIM / seconds:6.1f} x within {AIM:g} s"
        )
    print(f"{'ratio to 2 000 rows':<44}{seconds / small:8.1f}")
    if not asked.file_rows:
        return

    with tempfile.TemporaryDirectory() as place:
        dataset = dataset_of(Path(place) / "wave-1", asked.file_rows)
        seconds, memory = measured(lambda: p.evidence(dataset, groups=GROUPS))
        said = f"{asked.file_rows:,} rows of a folder".replace(",", " ")
        print(f"{said:<44}{seconds:8.2f} s{memory:8.0f} MB")


if __name__ == "__main__":
    main()
