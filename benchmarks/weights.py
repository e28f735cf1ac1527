"""Claims: weighting 100 000 answers takes less time than R's survey; a million answers in 2 800 areas
and waves take seconds; hiding cells grows with the areas, not faster.

    python benchmarks/weights.py            (R with the package survey is used where it is present)
"""

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from processing import disclose, weigh, weighted_means

R_SCRIPT = """
suppressPackageStartupMessages({library(survey); library(jsonlite)})
d <- read.csv("rows.csv"); m <- fromJSON("margins.json")
s <- svydesign(id = ~1, weights = ~base_weight, data = d)
one <- function(v) setNames(data.frame(seq_along(m[[v]]), m[[v]]), c(v, "Freq"))
v <- names(m)
t <- system.time(r <- rake(s, lapply(v, function(x) as.formula(paste0("~", x))), lapply(v, one),
                           control = list(maxit = 200, epsilon = 1e-8)))[["elapsed"]]
cat(toJSON(list(seconds = t, first = unname(weights(r))[1:5]), digits = 10, auto_unbox = TRUE))
"""
SIZES = {"sex": 2, "age": 7, "origin": 3, "household": 4}


def rows(count: int, groups: int, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {name: rng.integers(1, size + 1, count) for name, size in SIZES.items()}
        | {"group": rng.integers(0, groups, count)}
    )
    frame["base_weight"] = rng.choice([1.0, 2.0, 3.0], count)
    frame["score"] = rng.normal(60, 15, count)
    return frame


def margins(frame: pd.DataFrame, seed: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    tables = []
    for name in SIZES:
        table = frame.groupby(["group", name]).size().rename("count").reset_index()
        table["count"] *= rng.uniform(0.8, 1.2, len(table))
        total = table.groupby("group")["count"].transform("sum")
        table["count"] *= 1_000 / total
        tables.append(table.rename(columns={name: "category"}).assign(variable=name))
    return pd.concat(tables)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def beside_r() -> None:
    frame = rows(100_000, 1)
    table = margins(frame)
    ours, made = timed(lambda: weigh(frame, table, trim=None))
    if shutil.which("Rscript") is None:
        print(f"rake 100 000 answers: {ours:.2f} s (no R here)")
        return
    with tempfile.TemporaryDirectory() as folder:
        frame.to_csv(Path(folder, "rows.csv"), index=False)
        counts = {name: table[table["variable"] == name]["count"].tolist() for name in SIZES}
        Path(folder, "margins.json").write_text(json.dumps(counts), encoding="utf-8")
        done = subprocess.run(
            ["Rscript", "-e", R_SCRIPT], check=True, capture_output=True, text=True, cwd=folder
        )
    told = json.loads(done.stdout)
    np.testing.assert_allclose(made.of(frame)[:5], told["first"], rtol=1e-6)
    print(
        f"rake 100 000 answers: {ours:.2f} s, R survey {told['seconds']:.2f} s,"
        f" ratio {told['seconds'] / ours:.1f}, weights equal to 1e-6"
    )


def a_million() -> None:
    frame = rows(1_000_000, 2_800)
    table = margins(frame)
    seconds, made = timed(lambda: weigh(frame, table, group="group"))
    print(f"weigh 1 000 000 answers in 2 800 groups, trimmed: {seconds:.1f} s")
    of, _ = timed(lambda: weighted_means(frame, ["score"], made, by=["group"], strata="group"))
    print(f"their means with calibrated variances: {of:.1f} s")


def hiding(areas: int) -> tuple[float, Any]:
    rng = np.random.default_rng(3)
    groups = {f"a{at}": f"g{at // 5}" for at in range(areas)}
    parents = {
        "area": {**groups, **dict.fromkeys(groups.values(), "study")},
        "wave": {"1": "all", "2": "all"},
    }
    cells = pd.DataFrame([(a, w) for a in groups for w in ("1", "2")], columns=["area", "wave"])
    cells["n"] = rng.poisson(8, len(cells))
    for key in ("area", "area", "wave"):
        above = cells[cells[key].isin(parents[key])]
        above = above.assign(**{key: above[key].map(parents[key])})
        above = above.groupby(["area", "wave"], as_index=False).sum()
        cells = pd.concat([cells, above], ignore_index=True).drop_duplicates(["area", "wave"])
    return timed(lambda: disclose(cells, ["area", "wave"], parents))


def main() -> None:
    beside_r()
    a_million()
    few, _ = hiding(350)
    many, found = hiding(7_000)
    print(f"hide cells of 7 000 areas × 2 waves: {many:.1f} s; 350 areas {few:.2f} s")
    print(f"twenty times the areas take {many / few:.1f} times as long")
    print(found)


if __name__ == "__main__":
    main()
