"""What a scale's evidence costs: in seconds and memory, from a frame and from a dataset's folder.

    python benchmarks/evidence.py [--rows 1000000] [--file-rows 10000000]

Five five-point items and two columns that divide the rows. Memory is the highest resident size
while judging, above what was held before, each figure of one run.
"""

from __future__ import annotations

import argparse
import ctypes
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

import processing as p

ITEMS = ("a", "b", "c", "d", "e")
SCALE = p.ScaleEntry("home", "calm", ITEMS, dict.fromkeys(ITEMS, (1, 5)))
GROUPS = ("mode", "language")
AIM = 3.0
"""Seconds for all of a scale's evidence, 1 000 000 rows."""

ROOM = 200
"""MB above the data, however many rows."""

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


def memory(name: str) -> float:
    """Of this process, in MB; VmRSS is held now, VmHWM the most that was held."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(name)


def measured(what: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and the highest memory above what was held before, in MB."""
    # What making the answers left free would otherwise be used again, unseen.
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before, start = memory("VmRSS"), time.perf_counter()
    what()
    return time.perf_counter() - start, memory("VmHWM") - before


def told(name: str, what: Callable[[], object], rows: int, least: float = AIM) -> bool:
    """Print seconds and memory; whether the aims were met."""
    seconds, above = measured(what)
    said = f"{rows:,} rows{name}".replace(",", " ").replace(";", ",")
    met = seconds <= least and above <= ROOM
    aim = f"{least:.1f}" if least < float("inf") else "-"
    missed = "" if met else "  missed"
    print(f"{said:<48}{seconds:8.2f}{aim:>6}{above:10.0f}{ROOM:>6}{missed}", flush=True)
    return met


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--file-rows", type=int, default=10_000_000)
    asked = parser.parse_args()
    few, many = answers_of(2000, 1), answers_of(asked.rows, 1)
    p.evidence(few, SCALE, groups=GROUPS)  # imports and first calls are not what is measured
    small, _ = measured(lambda: p.evidence(few, SCALE, groups=GROUPS))
    print(f"{'':<48}{'s':>8}{'aim':>6}{'MB above':>10}{'aim':>6}")
    print(f"{'2 000 rows, two groupings':<48}{small:8.2f}")
    aim = AIM * asked.rows / 1e6
    met = [
        told("; everyone", lambda: p.evidence(many, SCALE), asked.rows, aim),
        told("; two groupings", lambda: p.evidence(many, SCALE, groups=GROUPS), asked.rows, aim),
    ]
    if asked.file_rows:
        endless = float("inf")
        with tempfile.TemporaryDirectory() as place:
            dataset = dataset_of(Path(place) / "wave-1", asked.file_rows)
            rows = asked.file_rows
            met += [
                told(" of a folder; everyone", lambda: p.evidence(dataset), rows, endless),
                told(
                    " of a folder; two groupings",
                    lambda: p.evidence(dataset, groups=GROUPS),
                    rows,
                    endless,
                ),
                told(
                    " of a folder; careless signs",
                    lambda: p.careless_answers(dataset).suspected().sum(),
                    rows,
                    endless,
                ),
            ]
    sys.exit(0 if all(met) else "\nAn aim was missed")


if __name__ == "__main__":
    main()
