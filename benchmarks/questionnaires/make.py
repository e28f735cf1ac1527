"""Writes the questionnaire that the benchmarks answer: 30 five-point items and 5 of background.

python benchmarks/questionnaires/make.py
"""

from pathlib import Path

FOLDER = Path(__file__).parent / "bench" / "1"
PAGES = (10, 10, 10)


def definition() -> str:
    lines = [
        "name: bench",
        "version: 1",
        "written_in: da",
        "responses:",
        "  agreement: {kind: single, codes: [1, 2, 3, 4, 5], apart: [-3, -4]}",
        "  background: {kind: single, codes: [1, 2, 3, 4, 5], apart: [-5]}",
        "pages:",
    ]
    item = 0
    for page, size in enumerate(PAGES, start=1):
        lines += [f"  - id: p{page}", "    responses: agreement", "    items:"]
        for _ in range(size):
            item += 1
            lines.append(f"      - {{id: i{item:02}}}")
    lines += ["  - id: background", "    responses: background", "    items:"]
    lines += [f"      - {{id: b{number}}}" for number in range(1, 6)]
    lines.append("scales:")
    for scale in range(6):
        items = ", ".join(f"i{scale * 5 + place:02}" for place in range(1, 6))
        lines.append(
            f"  - {{id: s{scale + 1}, items: [{items}], direction: more,"
            " construct: A scale to measure the cost of}"
        )
    return "\n".join(lines) + "\n"


def text() -> str:
    lines = ["language: da", "title: Prøveskema", "about: Et skema til at måle med.", "pages:"]
    lines += [
        f"  p{page}: {{heading: Hvor enig er du i det her?}}" for page in range(1, len(PAGES) + 1)
    ]
    lines += ["  background: {heading: Om dig}", "items:"]
    lines += [
        f'  i{item:02}: {{question: "Her siger vi noget om dit boligområde, nummer {item}.",'
        f" short: Udsagn {item}}}"
        for item in range(1, sum(PAGES) + 1)
    ]
    lines += [
        f'  b{number}: {{question: "Her spørger vi om dig, nummer {number}.", short: Om dig {number}}}'
        for number in range(1, 6)
    ]
    lines += ["answers:"]
    five = "1: Meget uenig, 2: Uenig, 3: Hverken eller, 4: Enig, 5: Meget enig"
    lines += [
        f"  agreement: {{{five}, -3: Ved ikke, -4: Ikke relevant}}",
        f"  background: {{{five}, -5: Ønsker ikke at svare}}",
        "scales:",
    ]
    lines += [f"  s{scale}: Skala {scale}" for scale in range(1, 7)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "definition.yaml").write_text(definition(), encoding="utf-8")
    (FOLDER / "text.da.yaml").write_text(text(), encoding="utf-8")
    (FOLDER / "reviews.yaml").write_text("da: none\n", encoding="utf-8")
