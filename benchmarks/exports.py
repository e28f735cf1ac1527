"""What an export costs: 100 000 × 35 answers beside a bare writer, and a tenth of the rows.

    python benchmarks/exports.py [--rows 100000] [--formats csv sav]

Each figure comes from a process of its own, after its imports: CPU seconds, and the highest memory
over the start. Ours reads a frozen dataset and writes labelled answers with what is known of the
answering and the scores; the floor reads the same answers from Parquet and hands them to
pandas.to_csv or pyreadstat as they are. The exit code is 1 where a limit is broken.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat

from instruments import make_form
from processing import WaveFacts, build_codebook, export, read_wave, write_wave

QUESTIONNAIRES = Path(__file__).parent / "questionnaires"
MOST_CPU = {"csv": 6.0, "sav": 10.0}
MOST_MEGABYTES = {"csv": 100.0}


@dataclass(frozen=True)
class Cost:
    cpu: float
    """Seconds."""
    memory: float
    """Megabytes over the start."""


def main() -> None:
    asked = _arguments()
    if asked.make:
        _make(Path(asked.make), asked.rows)
    elif asked.measure:
        _measure(asked.measure, Path(asked.folder), Path(asked.out))
    else:
        sys.exit(_compare(asked.rows, asked.formats))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument(
        "--formats",
        nargs="+",
        default=["csv", "sav"],
        choices=["csv", "sav", "dta", "parquet", "xlsx"],
    )
    for hidden in ("--make", "--measure", "--folder", "--out"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    return parser.parse_args()


def _compare(rows: int, formats: list[str]) -> int:
    broken = []
    with tempfile.TemporaryDirectory() as scratch:
        for size in (rows, rows // 10):
            _run("--make", f"{scratch}/{size}", "--rows", str(size))
        print(f"{'':22}{'CPU s':>8}{'MB':>8}{'x floor':>9}{'x CPU for 10 x rows':>21}")
        for name in formats:
            small = _cost(f"ours-{name}", scratch, rows // 10)
            ours = _cost(f"ours-{name}", scratch, rows)
            floor = _cost(f"floor-{name}", scratch, rows) if name in MOST_CPU else None
            growth = ours.cpu / small.cpu
            if floor:
                print(f"{f'floor {name}, {rows} rows':22}{floor.cpu:8.2f}{floor.memory:8.0f}")
            print(f"{f'{name}, {rows // 10} rows':22}{small.cpu:8.2f}{small.memory:8.0f}")
            ratio = f"{ours.cpu / floor.cpu:9.2f}" if floor else f"{'':9}"
            print(
                f"{f'{name}, {rows} rows':22}{ours.cpu:8.2f}{ours.memory:8.0f}{ratio}{growth:21.1f}"
            )
            broken += _broken(name, ours, growth)
    for sentence in broken:
        print(sentence)
    return int(bool(broken))


def _broken(name: str, ours: Cost, growth: float) -> list[str]:
    found = []
    if ours.cpu > MOST_CPU.get(name, np.inf):
        found.append(f"{name}: {ours.cpu:.1f} CPU s, at most {MOST_CPU[name]} are allowed.")
    if ours.memory > MOST_MEGABYTES.get(name, np.inf):
        found.append(
            f"{name}: {ours.memory:.0f} MB over the start, at most {MOST_MEGABYTES[name]}."
        )
    if growth > 10.5:  # a twentieth for the clock
        found.append(f"{name}: ten times the rows cost {growth:.1f} times the CPU.")
    return found


def _cost(what: str, scratch: str, rows: int) -> Cost:
    told = _run("--measure", what, "--folder", f"{scratch}/{rows}", "--out", f"{scratch}/out")
    return Cost(**json.loads(told))


def _run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, __file__, *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout


def _make(folder: Path, rows: int) -> None:
    form = make_form(["bench"], ["da"], QUESTIONNAIRES)
    codebook = build_codebook(form)
    rng = np.random.default_rng(20260101)
    answers = pd.DataFrame(
        {
            v.name: rng.choice(np.array([*v.codes, -3, -8], np.int16), rows)
            if v.type == "int16" and v.codes
            else np.ones(rows, np.int16 if v.type == "int16" else np.float64)
            if v.type != "string"
            else np.full(rows, "0667-012", dtype=object)
            for v in codebook.variables
        }
    )
    answers["row_id"] = [f"{number:032x}" for number in rng.permutation(rows)]
    write_wave(
        folder,
        responses=answers,
        tables={},
        codebook=codebook,
        instrument_files=form.files(),
        facts=WaveFacts("bench", 1, "research", form.languages),
    )


def _measure(what: str, folder: Path, out: Path) -> None:
    which, name = what.split("-")
    out.mkdir(exist_ok=True)
    dataset = read_wave(folder)
    names = [v.name for v in dataset.codebook.items]

    def ours() -> None:
        export(dataset, name, out)

    def floor() -> None:
        frame = dataset.responses(names)
        if name == "csv":
            frame.to_csv(out / "floor.csv", index=False)
        else:
            pyreadstat.write_sav(frame, out / "floor.sav")

    cost = _watched(ours if which == "ours" else floor)
    print(json.dumps({"cpu": cost.cpu, "memory": cost.memory}))


def _watched(work: Callable[[], None]) -> Cost:
    Path("/proc/self/clear_refs").write_text("5")  # forget the highest memory so far
    before = _kilobytes("VmRSS")
    started = time.process_time()
    work()
    return Cost(time.process_time() - started, (_kilobytes("VmHWM") - before) / 1024)


def _kilobytes(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1])
    raise RuntimeError(f"/proc/self/status has no {field}: this script needs Linux.")


if __name__ == "__main__":
    main()
