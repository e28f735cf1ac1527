"""What psychometrics cost: beside R's psych and lavaan in one run, and in seconds and memory alone.

    python benchmarks/psychometrics.py [--n 1000 100000] [--rows 1000000] [--file-rows 10000000]

30 five-point items in 6 scales. Where Rscript with psych, GPArotation and lavaan is present, every
task is also done there on the same answers, and the ratio is printed; both sides are held to one
core, with one thread for linear algebra, and each is given its quickest of `--repetitions` runs
(ours after one more, not counted). Large counts use every core and are measured alone, each
in a process of its own, whose memory is read from /proc: the highest while counting above what was
held before.

What lavaan prints as more than its fit (modification indices, reliability) is not asked of it;
`invariance` is three models on both sides, but ours brings strict equality and suggestions too.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

import processing as p

HERE = Path(__file__).parent
SCALES = {f"f{s + 1}": [f"i{s * 5 + k + 1:02}" for k in range(5)] for s in range(6)}
ITEMS = [item for items in SCALES.values() for item in items]
MODEL = "\n".join(f"{name} =~ {' + '.join(items)}" for name, items in SCALES.items())

AIMS = {
    "alpha and items": 100,
    "scoring": 100,
    "polychoric": 50,
    "EFA": 30,
    "CFA ML": 10,
    "invariance ML": 10,
    "CFA WLSMV": 50,
}
"""How many times faster than R at N = 100 000; at N = 1 000 no task may be slower."""

SMALL = 10_000
"""Up to so many rows the aim is 1."""

CHUNK = 250_000


def answers_of(rows: int, seed: int) -> pd.DataFrame:
    """Answers to six correlated factors, a group and a weight; one byte an answer."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=rows)
    columns: dict[str, np.ndarray] = {}
    for items in SCALES.values():
        trait = np.sqrt(0.3) * common + np.sqrt(0.7) * rng.normal(size=rows)
        for place, item in enumerate(items):
            loading = 0.55 + 0.07 * place
            y = loading * trait + np.sqrt(1 - loading**2) * rng.normal(size=rows)
            cuts = np.array([-1.4, -0.5, 0.3, 1.2]) + 0.1 * place
            columns[item] = (np.searchsorted(cuts, y) + 1).astype(np.int8)
    frame = pd.DataFrame(columns)
    return frame.assign(group=np.arange(rows) % 2, weight=rng.uniform(0.3, 3, size=rows))


def best(task: Callable[[], object], repetitions: int) -> float:
    """Seconds of the quickest of several runs."""
    seconds = []
    for _ in range(repetitions):
        start = time.perf_counter()
        task()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def tasks(frame: pd.DataFrame) -> Iterator[tuple[str, Callable[[], object]]]:
    """The tasks of psychometrics.R, by the same names."""
    items = frame[ITEMS]
    entries = [
        p.ScaleEntry("", name, tuple(own), dict.fromkeys(own, (1, 5)))
        for name, own in SCALES.items()
    ]

    def consistency() -> None:
        for own in SCALES.values():
            counts = p.count(items, own)
            p.alpha(counts, missing="pairwise")
            p.item_analysis(counts)

    yield "alpha and items", consistency
    yield "scoring", lambda: p.score(items, entries)
    yield "polychoric", lambda: p.polychoric(items)
    yield "EFA", lambda: p.efa(items, 6)
    yield "CFA ML", lambda: p.cfa(items, MODEL, "ML")
    yield "invariance ML", lambda: p.invariance(frame, MODEL, "group", "ML")
    yield "CFA WLSMV", lambda: p.cfa(items, MODEL, "WLSMV")


def compare(rows: int, repetitions: int) -> bool:
    """Print our seconds, R's and their ratio; whether every aim was met."""
    frame = answers_of(rows, seed=1)
    theirs = r_seconds(frame, repetitions) if r_present() else {}
    runs = f"the quickest of {repetitions} runs on both sides"
    if slow_runs(rows, repetitions) != repetitions:
        runs += f", of {slow_runs(rows, repetitions)} for WLSMV in R"
    print(f"\nN = {rows}, one core and one thread each, {runs}")
    print(f"{'':<17}{'ours, s':>9}{'R, s':>10}{'ratio':>8}{'aim':>6}")
    met = True
    for name, task in tasks(frame):
        task()
        ours, aim = best(task, repetitions), AIMS[name] if rows > SMALL else 1
        if name not in theirs:
            print(f"{name:<17}{ours:9.4f}{'-':>10}{'-':>8}{aim:>6}")
            continue
        ratio = theirs[name] / ours
        met &= ratio >= aim
        print(
            f"{name:<17}{ours:9.4f}{theirs[name]:10.3f}{ratio:8.0f}{aim:>6}"
            f"{'' if ratio >= aim else '  missed'}",
            flush=True,
        )
    return met


def r_present() -> bool:
    """Whether the packages can be had here."""
    if not shutil.which("Rscript"):
        return False
    asked = 'for (p in c("psych", "GPArotation", "lavaan")) stopifnot(requireNamespace(p))'
    return (
        subprocess.run(["Rscript", "-e", asked], capture_output=True, check=False).returncode == 0
    )


def slow_runs(rows: int, repetitions: int) -> int:
    """How often R fits WLSMV, which takes it minutes where there are many rows."""
    return 1 if rows > SMALL else repetitions


def r_seconds(frame: pd.DataFrame, repetitions: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "answers.csv")
        frame.drop(columns="weight").to_csv(file, index=False)
        slow = str(slow_runs(len(frame), repetitions))
        done = subprocess.run(
            ["Rscript", str(HERE / "psychometrics.R"), str(file), str(repetitions), slow],
            capture_output=True,
            text=True,
            check=True,
        )
    lines = (line.split("\t") for line in done.stdout.splitlines())
    return {name: float(seconds) for name, seconds in lines}


def memory(name: str) -> float:
    """Of this process, in MB; VmRSS is held now, VmHWM the most that was held."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(name)


def measured(task: Callable[[], object], repetitions: int) -> tuple[float, float]:
    """Seconds of the quickest run, and the highest memory above what was held before, in MB."""
    # What making the answers left free would otherwise be used again, unseen.
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before = memory("VmRSS")
    return best(task, repetitions), memory("VmHWM") - before


def alone(what: str, rows: int) -> tuple[float, float]:
    """One measurement of large data, in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--alone", what, "--rows", str(rows)],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, megabytes = json.loads(done.stdout)
    return seconds, megabytes


def measure_alone(what: str, rows: int) -> tuple[float, float]:
    few = answers_of(1000, seed=2)
    p.count(few, ITEMS, weights="weight")
    if what == "read files":
        with tempfile.TemporaryDirectory() as folder:
            parts = write_parts(folder, rows)
            p.count_parquet(parts[:1], ITEMS)
            return measured(lambda: p.count_parquet(parts, ITEMS), 1)
    frame = answers_of(rows, seed=3)
    if what == "counts":
        return measured(lambda: p.count(frame, ITEMS), 3)
    if what == "weighted counts":
        return measured(lambda: p.count(frame, ITEMS, weights="weight"), 3)
    if what == "graded response, 12 items":
        return measured(lambda: p.graded_response(frame[ITEMS[:12]]), 3)
    first = SCALES["f1"]
    scale = p.ScaleEntry("", "f1", tuple(first), dict.fromkeys(first, (1, 5)))
    p.evidence(few, scale)
    return measured(lambda: p.evidence(frame, scale), 1)


def write_parts(folder: str, rows: int) -> list[Path]:
    parts = []
    for start in range(0, rows, CHUNK):
        parts.append(Path(folder, f"part{start}.parquet"))
        answers_of(min(CHUNK, rows - start), seed=start)[ITEMS].to_parquet(parts[-1])
    return parts


def large(rows: int, file_rows: int) -> bool:
    """Print seconds and memory of large data; whether every aim was met."""
    print(f"\nLarge data, {os.cpu_count()} cores")
    print(f"{'':<34}{'s':>8}{'aim':>6}{'MB above':>10}{'aim':>6}")
    met = True
    for what, size, aim in (
        ("counts", rows, 0.6 * rows / 1e6),
        ("weighted counts", rows, 1.5 * rows / 1e6),
        ("evidence of a scale", rows, 3.0 * rows / 1e6),
        ("graded response, 12 items", min(rows, 20_000), float("inf")),
        ("read files", file_rows, float("inf")),
    ):
        seconds, above = alone(what, size)
        kept = seconds <= aim and above <= 200
        met &= kept
        print(
            f"{f'{what}, {size} rows':<34}{seconds:8.2f}"
            f"{'-' if aim == float('inf') else f'{aim:.1f}':>6}{above:10.0f}{200:>6}"
            f"{'' if kept else '  missed'}",
            flush=True,
        )
    return met


FIRST_USE = """
import json, sys, time
start = time.perf_counter()
import processing
imported = time.perf_counter() - start
for name in dir(processing):
    getattr(processing, name)
loaded = time.perf_counter() - start
sys.path.insert(0, {here!r})
import psychometrics
longest = 0.0
for _, task in psychometrics.tasks(psychometrics.answers_of(1000, 1)):
    start = time.perf_counter(); task(); first = time.perf_counter() - start
    start = time.perf_counter(); task(); again = time.perf_counter() - start
    longest = max(longest, first - again)
print(json.dumps([imported, loaded, longest]))
"""


def first_use() -> bool:
    """Print what the first call of a fresh process costs; whether the aims were met."""
    program = FIRST_USE.format(here=str(HERE))
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    imported, loaded, longest = json.loads(done.stdout)
    print(
        f"\nimport processing {imported:.2f} s (aim 1), and all its names {loaded:.2f} s;"
        f" longest first use {longest:.2f} s (aim 2)"
    )
    return bool(imported <= 1 and longest <= 2)


def hold_to_one_core() -> None:
    """This process and those that it starts."""
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    threadpool_limits(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--n", type=int, nargs="*", default=[1000, 100_000])
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--file-rows", type=int, default=10_000_000)
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.alone:
        print(json.dumps(measure_alone(asked.alone, asked.rows)))
        return
    kept = [first_use()]
    if asked.rows or asked.file_rows:
        kept.append(large(asked.rows, asked.file_rows))
    hold_to_one_core()
    if not r_present():
        print("\nRscript with psych, GPArotation and lavaan is not here: no ratios")
    kept += [compare(rows, asked.repetitions) for rows in asked.n]
    sys.exit(0 if all(kept) else "\nAn aim was missed")


if __name__ == "__main__":
    main()
