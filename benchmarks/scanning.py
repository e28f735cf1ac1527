"""How well and how fast scanned sheets are read: a thousand drawn sheets whose every answer is known.

    python benchmarks/scanning.py [--sheets 1000] [--processes 2] [--tuning]

The sheets are synthetic: invented hands (tests/given/pens.py) on pages that the typesetter printed,
taken by invented scanners and phones (tests/given/scanners.py). No resident's sheet was looked at,
so the figures say how reading stands up to what was drawn, and no more. Thresholds were set on other
seeds than are judged here; `--tuning` takes those. Handwriting, which always goes to a person, is
counted apart.

Asserts: wrong among fields read as sure at most 0.05 %; marks sent to a person at most 2 %; pages
not found at most 0.5 %, and each of them told as such; four pages a second on two cores, by the CPU
that reading takes, since on a machine that does other things at once the clock tells of those.
"""

from __future__ import annotations

import argparse
import collections
import multiprocessing
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "given"))

import cv2
from scanned_sheets import FIRST_JUDGING_SEED, Stock
from scans import grey, layout_of, stock_of

from survey.scanning.opening import Opened
from survey.scanning.pages import PrintedLayout, read_picture
from survey.serials import make_serial

# Questionnaires, language, large print, and how many of a hundred sheets.
STOCKS = (
    (("background",), "da", False, 25),
    (("tryghed",), "da", False, 25),
    (("trivsel",), "ar", False, 15),
    (("beboerdemokrati",), "ur", False, 12),
    (("trivsel",), "en", False, 12),
    (("tryghed",), "pl", False, 7),
    (("tryghed", "trivsel", "beboerdemokrati", "background"), "da", False, 3),
    (("background",), "uk", True, 1),
)
MOST_WRONG, MOST_SENT, MOST_LOST = 0.0005, 0.02, 0.005
LEAST_PAGES_A_SECOND, CORES = 4, 2

_known: dict[int, tuple[Stock, dict[str, PrintedLayout]]] = {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sheets", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--tuning", action="store_true")
    asked = parser.parse_args()
    first = 0 if asked.tuning else FIRST_JUDGING_SEED
    hundred = [place for place, stock in enumerate(STOCKS) for _ in range(stock[3])]
    # In this order each process meets all stocks early, and an early figure is a fair one.
    work = [(hundred[number * 37 % 100], first + number) for number in range(asked.sheets)]
    counts: collections.Counter[str] = collections.Counter()
    reasons: collections.Counter[tuple[str, str]] = collections.Counter()
    began = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(asked.processes, _prepare) as pool:
        for number, (one, why, told) in enumerate(pool.imap_unordered(judged, work), 1):
            counts.update(one)
            reasons.update(why)
            for line in told:
                print(line)
            if number % 100 == 0:
                print(f"-- {number} sheets after {time.monotonic() - began:.0f} s", flush=True)
                _tell(counts)
    for (why, way), count in reasons.most_common():
        print(f"to a person: {count:5} {why}, drawn as {way}")
    sys.exit(0 if _tell(counts) else 1)


def judged(
    work: tuple[int, int],
) -> tuple[collections.Counter[str], collections.Counter[tuple[str, str]], list[str]]:
    """Draw a sheet, scan it, read it, and compare."""
    place, seed = work
    stock, layouts = _stock(place)
    filled = stock.filled(make_serial(seed), seed)
    counts: collections.Counter[str] = collections.Counter(sheets=1)
    why: collections.Counter[tuple[str, str]] = collections.Counter()
    told = []
    for number, taken in enumerate(filled.scanned(), 1):
        began = time.process_time()
        page = read_picture(Opened(number, grey(taken.jpeg)), layouts)
        counts["cpu_us"] += round((time.process_time() - began) * 1e6)
        counts["pages"] += 1
        if page["outcome"] != "read":
            counts["lost"] += 1
            told.append(f"not read: seed {seed} page {number}: {page['outcome']}, {taken.faults}")
            continue
        if (page["serial"], page["page"]) != (filled.serial, number):
            counts["mistaken"] += 1
            continue
        for one in page["readings"]:
            truth = filled.truth[one["column"]]
            if truth.way == "written":
                counts["written"] += 1
                counts["written_sure"] += one["why"] is None
                continue
            counts["fields"] += 1
            value = tuple(one["value"]) if isinstance(one["value"], list) else one["value"]
            if one["why"] is not None:
                counts["sent"] += 1
                why[one["why"], truth.way] += 1
            elif value != truth.value:
                counts["wrong"] += 1
                told.append(
                    f"wrong: seed {seed} {one['column']} {value} for {truth}, {filled.pen}, "
                    f"{filled.style}, {taken.faults}"
                )
    return counts, why, told


def _stock(place: int) -> tuple[Stock, dict[str, PrintedLayout]]:
    if place not in _known:
        names, language, large, _ = STOCKS[place]
        stock = stock_of(names, language, large=large)
        one = layout_of(stock)
        _known[place] = stock, {one.id: PrintedLayout(one.layout, one.blank, one.multiple)}
    return _known[place]


def _prepare() -> None:
    os.environ["OMP_NUM_THREADS"] = "1"
    cv2.setNumThreads(1)


def _tell(counts: collections.Counter[str]) -> bool:
    sure = counts["fields"] - counts["sent"]
    wrong, sent = counts["wrong"] / max(sure, 1), counts["sent"] / max(counts["fields"], 1)
    lost = counts["lost"] / counts["pages"]
    cpu = counts["cpu_us"] / 1e6 / counts["pages"]
    print(f"{counts['sheets']} sheets, {counts['pages']} pages, {counts['fields']} fields of marks")
    print(f"wrong among {sure} read as sure: {counts['wrong']} ({100 * wrong:.3f} %)")
    print(f"sent to a person: {counts['sent']} ({100 * sent:.2f} %)")
    print(f"handwriting: {counts['written']} fields, taken for none: {counts['written_sure']}")
    print(f"pages not read: {counts['lost']} ({100 * lost:.2f} %), taken for another: "
          f"{counts['mistaken']}")  # fmt: skip
    print(f"{1000 * cpu:.0f} ms of CPU a page: {CORES / cpu:.1f} pages a second on two cores")
    return (
        wrong <= MOST_WRONG
        and sent <= MOST_SENT
        and lost <= MOST_LOST
        and not counts["mistaken"]
        and not counts["written_sure"]
        and cpu <= CORES / LEAST_PAGES_A_SECOND
    )


if __name__ == "__main__":
    main()
