"""What 500 letters cost to set, in three languages each, beside bare typst pages.

    python benchmarks/letters.py [--letters 500]

Prints the seconds on two threads, the most memory the process held, and the ratio of CPU to the
floor: two empty pages, set as often by one compiler, with no tags, text, code or check. Asserts 60
seconds a core, of two, for 500 letters, and 400 MB. It is the CPU that is held to the seconds: on a
machine that does other things at once the clock tells of those.
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import sys
import time

import typst

from survey.contacts import Reached
from survey.languages import Languages
from survey.letters.orders import Written
from survey.letters.printing import set_letters
from survey.letters.rounds import Recipient
from survey.letters.wording import Asking
from survey.secrets import make_code

MOST_SECONDS = 60
CORES = 2
MOST_MEGABYTES = 400
# Nastaliq costs the most to shape.
SPOKEN = (("ar", "so"), ("ur", "tr"), ("fa", "pl"), ("bs", "uk"), ())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--letters", type=int, default=500)
    number = parser.parse_args().letters
    texts = Languages()
    asking = Asking(
        "Boligfonden",
        "Ring 70 20 30 40",
        "consent",
        dt.date(2026, 12, 18),
        12,
        tuple(language.code for language in texts),
        "https://svar.example.dk",
        reminder=False,
    )
    recipients = tuple(
        Recipient(
            place,
            f"R{place:04}",
            "0667-001",
            "Birkevang",
            False,
            Reached(
                make_code(),
                address=f"Birkevang {place}",
                postcode="9000",
                city="Aalborg",
                languages=SPOKEN[place % len(SPOKEN)],
            ),
            False,
        )
        for place in range(number)
    )

    started, worked = time.perf_counter(), time.process_time()
    written = Written(1, 1, "puls-1", asking, recipients)
    size = sum(len(letter.pdf) for letter in set_letters(written, texts, lambda _done, _of: None))
    ours, worked = time.perf_counter() - started, time.process_time() - worked
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    compiler = typst.Compiler()
    started = time.process_time()
    for place in range(number):
        compiler.compile(f"{place}#pagebreak()x".encode(), pdf_tags=False)
    floor = time.process_time() - started

    print(f"{number} letters in up to three languages")
    print(f"{ours:.1f} s on two threads, {size / number / 1024:.0f} kB a letter")
    print(f"{megabytes:.0f} MB at most")
    print(f"CPU: ours {worked:.1f} s, bare typst {floor:.1f} s, ratio {worked / floor:.1f}")
    if worked / CORES > MOST_SECONDS * number / 500 or megabytes > MOST_MEGABYTES:
        sys.exit(f"More than {MOST_SECONDS} s a core for 500 letters, or {MOST_MEGABYTES} MB.")


if __name__ == "__main__":
    main()
