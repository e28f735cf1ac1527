"""What people send that is no scanned sheet, and what hostile people would send."""

import io
import struct
import subprocess
import sys
import types
import zlib

import cv2
import numpy as np
import pypdf
import pytest
from scans import as_pdf, layout_of

from survey.languages import Languages
from survey.models.scans import OUTCOMES
from survey.scanning import reader
from survey.scanning.file_kinds import gathered
from survey.scanning.libraries import LIBRARIES, MissingLibrariesError, needs_libraries
from survey.scanning.reading_room import UnreadableFileError, read_file


@pytest.fixture(scope="module")
def page(background_stock):
    """A good page, as JPEG."""
    filled = background_stock.filled("0000018", 11)
    return filled.scanned(photo=False)[0].jpeg


@pytest.fixture
def reads_file(background_stock):
    """A function that reads a file as the product does, in processes of its own."""

    def reads_file(content):
        return sorted(
            read_file(content, [layout_of(background_stock)]), key=lambda told: told["number"]
        )

    return reads_file


def outcomes(told):
    return [(one["number"], one["outcome"], one.get("problem", "")) for one in told]


def tiff(width, height, strip, bits=1, compression=1, count=1):
    """A TIFF written by hand, of one strip; `count` pages that are all the same."""
    entries = [
        (256, 4, width), (257, 4, height), (258, 3, bits), (259, 3, compression),
        (262, 3, 1), (273, 4, 8), (277, 3, 1), (278, 4, height), (279, 4, len(strip)),
    ]  # fmt: skip
    size = 2 + 12 * len(entries) + 4
    start = 8 + len(strip) + len(strip) % 2
    directories = b""
    for number in range(count):
        following = start + size * (number + 1) if number + 1 < count else 0
        directories += struct.pack("<H", len(entries))
        directories += b"".join(struct.pack("<HHII", tag, kind, 1, v) for tag, kind, v in entries)
        directories += struct.pack("<I", following)
    return b"II*\0" + struct.pack("<I", start) + strip + b"\0" * (len(strip) % 2) + directories


def png(width, height):
    """A PNG of nothing, which costs a few bytes a million dots."""

    def part(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(
            ">I", zlib.crc32(name + content)
        )  # fmt: skip

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(b"\0" * (width + 1)) for _ in range(height)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", rows) + part(b"IEND", b"")


def test_pages_of_every_kind_of_file_are_read(background_stock, reads_file, page):
    picture = cv2.imdecode(np.frombuffer(page, np.uint8), cv2.IMREAD_GRAYSCALE)
    as_png = cv2.imencode(".png", picture)[1].tobytes()
    as_tiff = cv2.imencodemulti(".tiff", [picture, picture])[1].tobytes()
    photographs = gathered([page, as_png])
    kinds = ((page, 1), (as_png, 1), (photographs, 2), (as_tiff, 2), (as_pdf([page] * 3), 3))
    for content, number in kinds:
        told = reads_file(content)
        assert outcomes(told) == [(place, "read", "") for place in range(1, number + 1)]
        assert {(one["serial"], one["page"]) for one in told} == {("0000018", 1)}


def test_a_black_and_white_tiff_as_office_scanners_make_it_is_read(background_stock, reads_file):
    page = background_stock.filled("0000018", 11).pages[0]
    packed = np.packbits(page > 150, axis=1)
    told = reads_file(tiff(page.shape[1], page.shape[0], packed.tobytes()))
    assert outcomes(told) == [(1, "read", "")]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "empty"),
        (b"Dear all, here are the sheets.", "no_picture"),
        (b"PK\x03\x04" + b"\0" * 60, "packed"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 60, "heic"),
        (b"%PDF-1.7\nnothing else", "damaged"),
    ],
)
def test_a_file_that_is_no_picture_is_told_why(reads_file, content, problem):
    with pytest.raises(UnreadableFileError) as told:
        reads_file(content)
    assert told.value.problem == problem


def test_a_pdf_with_a_password_is_told(reads_file, page):
    writer = pypdf.PdfWriter(io.BytesIO(as_pdf([page])))
    writer.encrypt("hemmeligt")
    written = io.BytesIO()
    writer.write(written)
    with pytest.raises(UnreadableFileError) as told:
        reads_file(written.getvalue())
    assert told.value.problem == "password"


def test_a_truncated_file_is_damaged(reads_file, page):
    assert outcomes(reads_file(page[:300])) == [(1, "damaged", "damaged")]
    half = as_pdf([page])[:-2000]
    try:
        told = outcomes(reads_file(half))
    except UnreadableFileError as failure:
        assert failure.problem == "damaged"  # noqa: PT017 - either is told, and nothing is read
    else:
        assert all(outcome != "read" for _, outcome, _ in told)


def test_every_page_that_a_cut_tiff_still_names_is_told(reads_file, page):
    picture = cv2.imdecode(np.frombuffer(page, np.uint8), cv2.IMREAD_GRAYSCALE)
    whole = cv2.imencodemulti(".tiff", [picture] * 3)[1].tobytes()
    assert [one["outcome"] for one in reads_file(whole)] == ["read"] * 3
    told = outcomes(reads_file(whole[: len(whole) // 2]))
    assert [number for number, _, _ in told] == list(range(1, len(told) + 1))
    assert told[-1][1:] == ("damaged", "damaged")


def test_a_page_too_large_hides_none_of_those_after_it(reads_file):
    strip = zlib.compress(b"\0" * 1_000_000)
    told = reads_file(tiff(60_000, 60_000, strip, bits=8, compression=8, count=3))
    assert outcomes(told) == [(number, "damaged", "too_large") for number in (1, 2, 3)]


def test_a_tiff_that_unpacks_into_gigabytes_is_refused(reads_file):
    strip = zlib.compress(b"\0" * 1_000_000)
    told = reads_file(tiff(60_000, 60_000, strip, bits=8, compression=8))
    assert outcomes(told) == [(1, "damaged", "too_large")]


def test_a_pdf_that_unpacks_into_gigabytes_is_one_damaged_page_among_others(reads_file, page):
    """A page of 60 000 by 60 000 dots, packed into a few kilobytes, between two good ones."""
    writer = pypdf.PdfWriter(io.BytesIO(as_pdf([page, page, page])))
    image = writer.pages[1]["/Resources"]["/XObject"].values()
    bomb = next(iter(image)).get_object()
    packed = zlib.compress(b"\0" * 40_000_000, 9)
    name = pypdf.generic.NameObject
    bomb.update(
        {
            name("/Width"): pypdf.generic.NumberObject(60_000),
            name("/Height"): pypdf.generic.NumberObject(60_000),
            name("/BitsPerComponent"): pypdf.generic.NumberObject(8),
            name("/ColorSpace"): name("/DeviceGray"),
            name("/Filter"): name("/FlateDecode"),
        }
    )
    bomb._data = packed
    written = io.BytesIO()
    writer.write(written)
    told = reads_file(written.getvalue())
    assert [one["outcome"] for one in told][::2] == ["read", "read"]
    # The library leaves such a picture out, and nobody must be told that the page is empty.
    assert outcomes(told)[1] == (2, "damaged", "too_large")


def test_a_page_longer_than_any_paper_is_refused(reads_file):
    writer = pypdf.PdfWriter()
    writer.add_blank_page(width=10, height=14_000)
    written = io.BytesIO()
    writer.write(written)
    assert outcomes(reads_file(written.getvalue())) == [(1, "damaged", "no_paper")]


def pdf_of(drawing):
    """A PDF of one page, whose drawing is what `drawing` says, packed."""
    writer = pypdf.PdfWriter()
    page = writer.add_blank_page(width=595, height=842)
    stream = pypdf.generic.StreamObject()
    stream._data = drawing
    stream[pypdf.generic.NameObject("/Filter")] = pypdf.generic.NameObject("/FlateDecode")
    page[pypdf.generic.NameObject("/Contents")] = writer._add_object(stream)
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def spaces(number):
    """So many million blanks, packed."""
    packer = zlib.compressobj(1)
    million = b" " * 1_000_000
    return b"".join(packer.compress(million) for _ in range(number)) + packer.flush()


MEASURED = """
import resource, sys
from survey.scanning.reading_room import read_file
told = [(one["number"], one["outcome"], one.get("problem", ""))
        for one in read_file(sys.stdin.buffer.read(), [], at_once=1)]
print(told, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
"""


@pytest.mark.parametrize(
    ("content", "problem", "most"),
    [
        # Refused unopened: unpacked it would be 200 MB, and half as much again to make it smaller.
        (lambda: png(20_000, 10_000), "too_large", 250_000_000),
        # Nothing sees this one come: without a bound on memory it takes 1.8 GB.
        (lambda: pdf_of(spaces(900)), "too_much", reader.MOST_MEMORY),
    ],
)
def test_a_bomb_takes_so_much_memory_and_no_more(content, problem, most):
    """Measured of the process that opens it, by the system that ran it."""
    measured = subprocess.run(
        [sys.executable, "-c", MEASURED], input=content(), capture_output=True, check=True
    )
    told, _, peak = measured.stdout.decode().strip().rpartition(" ")
    assert told == str([(1, "damaged", problem)])
    assert 50_000_000 < int(peak) < most


def test_what_scanning_needs_is_what_the_extra_installs(pytestconfig):
    setup = (pytestconfig.rootpath / "setup.cfg").read_text()
    extra = setup.partition("\nscanning =\n")[2].partition("\ndev =")[0]
    wanted = [line.strip() for line in extra.splitlines() if not line.strip().startswith("#")]
    assert wanted == list(LIBRARIES.values())


def test_a_missing_library_is_told_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(MissingLibrariesError) as told:
        needs_libraries()
    assert "opencv-python-headless>=5" in str(told.value)
    assert "pip install" in str(told.value)


def test_a_library_that_another_thread_is_importing_is_not_missing(monkeypatch):
    half = types.ModuleType("cv2")
    half.__spec__ = None
    monkeypatch.setitem(sys.modules, "cv2", half)
    needs_libraries()


# What a person is asked to do, in the words that messages use.
DANISH = ("skal ikke gøre noget", "can", "Indtast", "Giv", "Se efter", "Find ud af", "Tag", "vises")


def test_whatever_becomes_of_a_page_is_told_with_what_to_do():
    danish, english = (Languages().words(code) for code in ("da", "en"))
    for outcome in set(OUTCOMES) - {"read"}:
        assert any(verb in danish.plain(f"scans.outcome.{outcome}") for verb in DANISH), outcome
        assert english.plain(f"scans.outcome.{outcome}")
