"""Claim: a million answers of 7 000 areas in two waves are scored, weighted and measured in 60 s and 4 GB.

    python benchmarks/evaluation.py [--rows 1000000] [--large 10000000] [--skip-large]

Draws a study of twelve scales with register counts in 1 400 boligområder, a panel, stayers and
newcomers, three modes and two languages; then measures it, each run in a process of its own, and
prints seconds and the highest memory. Beside it: the same on a Dask cluster of two worker processes,
ten times the rows from partitioned Parquet, and R's survey where it is present (raking and one
scale's means by area, from a frame in memory).

Ends with 1 where a bound is not met: 60 s by the clock and 4 GB for a million answers, 4 GB for ten
million, and a cluster's numbers equal to one process's to 1e-9.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from dask.distributed import Client, LocalCluster

import processing as p
from instruments import make_form

AREAS, A_GROUP = 7_000, 5
MARGINS = {"background_gender": 2, "background_age_band": 7, "background_origin": 3}
CHUNK = 250_000
SECONDS, MEMORY, EQUAL = 60.0, 4.0, 1e-9


def codebook() -> p.Codebook:
    form = make_form(["tryghed", "trivsel", "beboerdemokrati", "background"], ["da", "ar"])
    return p.build_codebook(form, wave_year=2026)


def draw(folder: Path, rows: int) -> None:
    """A study of two waves, written a stretch of rows at a time."""
    book = codebook()
    waves = []
    for wave, day in ((1, "2024-05-01"), (2, "2026-05-01")):
        waves.append(folder / f"wave-{wave}-freeze-1")
        p.write_wave(
            waves[-1],
            responses=pieces(book, wave, day, rows // 2),
            tables=tables(rows // 2),
            codebook=book,
            instrument_files={},
            facts=p.WaveFacts(study="national", wave=wave, legal_basis="research"),
        )
    p.write_study(folder, "national", waves)


def keys() -> list[str]:
    return [f"{area // 1000:04}-{area % 1000:03}" for area in range(AREAS)]


def pieces(book: p.Codebook, wave: int, day: str, rows: int) -> Iterator[pd.DataFrame]:
    area_of = np.array(keys(), object)
    effects = np.random.default_rng(7).normal(0, 0.17, AREAS)
    items = {c: scale for scale in book.scales for c in scale.columns}
    for start in range(0, rows, CHUNK):
        size = min(CHUNK, rows - start)
        rng = np.random.default_rng([wave, start])
        person = np.arange(start, start + size)
        area = person * AREAS // rows
        # Three in five answered both waves; what they are like lasts.
        own = np.random.default_rng([3, start]).normal(size=size)
        again = np.random.default_rng([4, start]).random(size) < 0.6
        trait = effects[area] + np.where(again | (wave == 1), own, rng.normal(size=size))
        columns: dict[str, object] = {
            "row_id": [f"{wave:02}{one:010}" for one in person],
            "wave": np.int16(wave),
            "area": area_of[area],
            "base_weight": rng.integers(1, 4, size).astype(float),
            "panel": [f"p{one}" if both else "" for one, both in zip(person, again, strict=True)],
            "mode": rng.choice([1, 2, 3], size, p=[0.6, 0.3, 0.1]),
            "helper": 0,
            "language": rng.choice(["da", "ar"], size, p=[0.8, 0.2]),
            "day": day,
            "status": 1,
            "open_link": 0,
            "background_moved_in": rng.integers(2000, 2026, size),
        }
        for name, count in MARGINS.items():
            columns[name] = rng.integers(1, count + 1, size)
        for name, scale in items.items():
            low, high = scale.bounds[name]
            answer = 0.7 * trait + 0.7 * rng.normal(size=size)
            cut = np.linspace(-1.2, 1.2, high - low)
            columns[name] = low + np.searchsorted(cut, answer)
        yield pd.DataFrame(
            {v.name: columns.get(v.name, blank(v.type)) for v in book.variables}
        ).astype({v.name: np.int16 for v in book.variables if v.type == "int16"})


def blank(kind: str) -> object:
    return {"string": "", "double": -9.0}.get(kind, -9)


def tables(rows: int) -> dict[str, pd.DataFrame]:
    names = keys()
    groups = [f"B{area // A_GROUP:04}" for area in range(AREAS)]
    residents = max(2 * rows // AREAS, 20)
    rng = np.random.default_rng(5)
    margins = []
    for name, count in MARGINS.items():
        shares = rng.dirichlet(np.full(count, 60.0), AREAS // A_GROUP)
        whole = np.floor(shares * residents * A_GROUP).astype(int)
        whole[:, 0] += residents * A_GROUP - whole.sum(axis=1)
        margins.append(
            pd.DataFrame(
                {
                    "area": None,
                    "area_group": np.repeat([f"B{one:04}" for one in range(len(whole))], count),
                    "variable": name,
                    "category": np.tile([str(one) for one in range(1, count + 1)], len(whole)),
                    "count": whole.ravel(),
                }
            )
        )
    treated = names[::40]
    return {
        "areas": pd.DataFrame(
            {"area": names, "name": names, "level": "afdeling", "dwellings": residents // 2,
             "residents": residents, "valid_from": None, "valid_to": None}
        ),
        "area_group": pd.DataFrame(
            {"area_group": groups, "name": groups, "level": "boligområde", "area": names,
             "valid_from": None, "valid_to": None}
        ),
        "plans": pd.DataFrame(
            {"plan": [f"H{i:03}" for i in range(162)], "name": "Helhedsplan", "kind": "helhedsplan"}
        ),
        "area_plan": pd.DataFrame(
            {"area": treated, "plan": [f"H{i % 162:03}" for i in range(len(treated))],
             "valid_from": "2025-01-01", "valid_to": None}
        ),
        "margins": pd.concat(margins, ignore_index=True),
        "dispositions": pd.DataFrame(
            {"area": names, "stratum": "", "mode": "", "invited": residents,
             "started": rows // AREAS, "finished": rows // AREAS, "refused": 0, "unreachable": 0}
        ),
    }  # fmt: skip


def measure(folder: Path, out: Path, workers: int) -> dict[str, float]:
    """Measure a study in this process, or with a Dask cluster of so many worker processes."""
    study = p.read_study(folder)
    start, cpu = time.perf_counter(), time.process_time()
    if workers:
        with (
            LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                dashboard_address=None,
                memory_limit=0,
            ) as cluster,
            Client(cluster) as client,
        ):
            start, cpu = time.perf_counter(), time.process_time()
            found = p.study_measures(study, executor=client.get_executor(), tasks=workers)
    else:
        found = p.study_measures(study)
    told = {
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - cpu,
        "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "rows": study.rows,
        "means": len(found.measures.means),
    }
    found.measures.means.to_parquet(out / f"means-{workers}.parquet")
    found.measures.changes.to_parquet(out / f"changes-{workers}.parquet")
    return told  # fmt: skip


def apart(folder: Path, out: Path, workers: int = 0) -> dict[str, float]:
    """Measure in a process of its own, so that its memory is its own."""
    words = ["--measure", str(folder), "--out", str(out), "--workers", str(workers)]
    done = subprocess.run(
        [sys.executable, __file__, *words], check=True, stdout=subprocess.PIPE, text=True
    )
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def tell(what: str, told: dict[str, float]) -> None:
    print(
        f"{what}: {told['rows']:,.0f} answers, {told['means']:,.0f} means in {told['seconds']:.0f} s"
        f" ({told['cpu']:.0f} s of CPU), {told['gigabytes']:.2f} GB",
        flush=True,
    )


def largest_difference(out: Path, workers: int) -> float:
    """Between one process and a cluster, over all numbers, as a share of 1 + their size."""
    worst = 0.0
    for name in ("means", "changes"):
        one, other = (pd.read_parquet(out / f"{name}-{n}.parquet") for n in (0, workers))
        for column in one.select_dtypes("number"):
            a, b = one[column].to_numpy(float), other[column].to_numpy(float)
            if (np.isnan(a) != np.isnan(b)).any():
                raise SystemExit(f"{name}, {column}: a number is missing on one side")
            worst = max(worst, float(np.nanmax(np.abs(a - b) / (1 + np.abs(a)), initial=0.0)))
    return worst


R_SCRIPT = """
suppressPackageStartupMessages(library(survey))
options(survey.lonely.psu = "adjust")
d <- read.csv("rows.csv", colClasses = c(area = "character", unit = "character"))
m <- read.csv("margins.csv", colClasses = c(unit = "character"))
t <- system.time({
  parts <- lapply(split(d, d$unit), function(g) {
    s <- svydesign(id = ~1, strata = ~area, weights = ~base, data = g)
    mine <- m[m$unit == g$unit[1], ]
    of <- function(v) { x <- mine[mine$variable == v, c("category", "count")]; names(x) <- c(v, "Freq"); x[x[[1]] %in% g[[v]], ] }
    v <- unique(mine$variable)
    made <- rake(s, lapply(v, function(x) as.formula(paste0("~", x))), lapply(v, of), control = list(maxit = 100, epsilon = 1e-6))
    svyby(~score, ~area, made, svymean, na.rm = TRUE)
  })
})[["elapsed"]]
cat(t, nrow(d), "\n")
"""


def beside_r(folder: Path, place: Path) -> None:
    """Raking within boligomraader and one scale's means by area: one wave of every tenth group."""
    if shutil.which("Rscript") is None:
        print("no R here")
        return
    study = p.read_study(folder)
    rows, made = p.weigh_dataset(study.waves[0], trim=None)
    chosen = sorted(set(rows["unit"]))[::10]
    wave = study.waves[0]
    columns = list(wave.codebook.scale("tryghed_t1").columns)
    scores = p.score(wave.responses(columns), [wave.codebook.scale("tryghed_t1")])
    rows = rows.assign(score=scores["tryghed_t1_score"])
    kept = rows[rows["unit"].isin(chosen)]
    kept.to_csv(place / "rows.csv", index=False)
    told = made.margins[made.margins["unit"].isin(chosen)]
    told[["unit", "variable", "category", "count"]].to_csv(place / "margins.csv", index=False)
    done = subprocess.run(
        ["Rscript", "-e", R_SCRIPT], capture_output=True, text=True, cwd=place, check=False
    )
    if done.returncode:
        print("R could not:", done.stderr.strip().splitlines()[-1])
        return
    seconds, count = (float(one) for one in done.stdout.split()[:2])
    whole = seconds * study.rows / count
    print(
        f"R survey: raking and one scale's means by area, {count:,.0f} answers in {seconds:.0f} s;"
        f" {study.rows:,} would take {whole:,.0f} s, and twelve scales more"
    )


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--large", type=int, default=10_000_000)
    options.add_argument("--skip-large", action="store_true")
    options.add_argument("--measure", type=Path)
    options.add_argument("--out", type=Path)
    options.add_argument("--workers", type=int, default=0)
    asked = options.parse_args()
    if asked.measure:
        print(json.dumps(measure(asked.measure, asked.out, asked.workers)))
        return
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        draw(place / "national", asked.rows)
        told = apart(place / "national", place)
        tell("one process", told)
        missed = beyond("seconds", told["seconds"], SECONDS)
        missed += beyond("GB", told["gigabytes"], MEMORY)
        tell("Dask, two workers (memory of the client)", apart(place / "national", place, 2))
        difference = largest_difference(place, 2)
        print(f"  largest difference {difference:.1e}")
        missed += beyond("difference", difference, EQUAL)
        beside_r(place / "national", place)
        if not asked.skip_large:
            shutil.rmtree(place / "national")
            draw(place / "large", asked.large)
            told = apart(place / "large", place)
            tell("one process", told)
            missed += beyond("GB, large", told["gigabytes"], MEMORY)
    print("All bounds are met." if not missed else f"Not met: {'; '.join(missed)}")
    sys.exit(1 if missed else 0)


def beyond(what: str, got: float, bound: float) -> list[str]:
    """The bound in words where it is not met; a number that is none meets nothing."""
    return [] if got <= bound else [f"{what} {got:.3g}, at most {bound:.3g}"]


if __name__ == "__main__":
    main()
