"""What 500 sheets cost to print, beside a bare typst page of the same number of boxes.

    python benchmarks/sheets.py [--sheets 500]

Prints the seconds on two threads, the most memory the process ever held, and the ratio of CPU to
the floor: a document with nothing on it but as many empty boxes, set as often by one compiler, with
no tags, text, codes or check. Asserts 90 seconds a core, of two, for 500 sheets of the whole form,
and 400 MB. It is the CPU that is held to the seconds: on a machine that does other things at once the
clock tells of those.
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import typst

from instruments import make_form
from survey.languages import Languages
from survey.printing.content import Asking, sheet_content
from survey.printing.typesetting import Typesetter
from survey.serials import make_serial

FORM = ("tryghed", "trivsel", "beboerdemokrati", "background")
MOST_SECONDS = 90
CORES = 2
MOST_MEGABYTES = 400


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sheets", type=int, default=500)
    parser.add_argument("--language", default="da")
    sheets, language = (parsed := parser.parse_args()).sheets, parsed.language
    asking = Asking("Boligforeningen", "70 20 30 40", "consent", dt.date(2026, 12, 18), 2026)
    content = sheet_content(make_form(FORM, [language]), Languages().words(language), asking)
    typesetter = Typesetter(content)
    boxes, pages = len(typesetter.layout["boxes"]), typesetter.layout["pages"]

    started, worked = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(2) as pool:
        bytes_ = sum(map(len, pool.map(typesetter.sheet, map(make_serial, range(1, sheets + 1)))))
    ours, worked = time.perf_counter() - started, time.process_time() - worked
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    page = f"#for _ in range({boxes // pages}) {{ box(width: 4mm, height: 4mm, stroke: 1pt) }}\n"
    bare = "#sys.inputs.serial\n" + "#pagebreak()\n".join([page] * pages)
    compiler = typst.Compiler()
    started = time.process_time()
    for number in range(sheets):
        compiler.compile(bare.encode(), sys_inputs={"serial": make_serial(number)}, pdf_tags=False)
    floor = time.process_time() - started

    print(f"{sheets} sheets of {pages} pages and {boxes} boxes ({language})")
    print(f"{ours:.1f} s on two threads, {bytes_ / sheets / 1024:.0f} kB a sheet")
    print(f"{megabytes:.0f} MB at most")
    print(f"CPU: ours {worked:.1f} s, bare typst {floor:.1f} s, ratio {worked / floor:.1f}")
    if worked / CORES > MOST_SECONDS * sheets / 500 or megabytes > MOST_MEGABYTES:
        sys.exit(f"More than {MOST_SECONDS} s a core for 500 sheets, or {MOST_MEGABYTES} MB.")


if __name__ == "__main__":
    main()
