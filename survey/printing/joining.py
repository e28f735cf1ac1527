"""Joins sheets, each set as a PDF of its own, to one PDF/UA for a print house.

One document of many sheets would take the typesetter 25 MB a sheet, so that the finished files are
joined instead. The typesetter writes every object plainly, one after the other, and only its files are
read here. Sheets begin on a front page: after an odd number of pages an empty one follows. Each is a
part of one document in the tree of tags, and has a bookmark called by its number. Each keeps its fonts:
which letters they hold, and in which order, depends on the number.
"""

from __future__ import annotations

import hashlib
import re
from array import array
from typing import BinaryIO

_OBJECT = re.compile(rb"(\d+) 0 obj\n")
_OFFSETS = re.compile(rb"(\d{10}) \d{5} ([nf])")
# A string is passed over, so that nothing written in it is taken for what stands outside. Names of
# header cells, which must differ from sheet to sheet, are the strings that look as the typesetter makes them.
_STRING = rb"\((?:[^()\\]|\\.)*\)|<[0-9A-Fa-f\s]+>"
_TOKEN = re.compile(
    rb"(\(U\d+x\d+y\d+\))|" + _STRING + rb"|(\d+) 0 R|/StructParents? (\d+)", re.DOTALL
)
_REFERENCE = re.compile(_STRING + rb"|(\d+) 0 R", re.DOTALL)
_NAMED = re.compile(rb"\((U\d+x\d+y\d+)\)(\d+) 0 R")
_LISTED = re.compile(rb"(\d+) (\d+) 0 R")
_STREAM = b"\nstream\n"


class NotJoinedError(Exception):
    """Not a sheet as the typesetter writes it: nothing was added."""


class JoinedSheets:
    """Writes sheets one after the other to a file that can be written; `close` ends it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._offsets = array("Q", [0])
        self._at = 0
        self._pages: list[int] = []
        # Of each its serial, its first page, and its part of the tree.
        self._sheets: list[tuple[str, int, int]] = []
        self._listed: list[tuple[int, int]] = []  # of the tree's parents: key, object
        self._named: list[tuple[bytes, int]] = []
        self._first: _Sheet | None = None
        self._put(b"%PDF-1.7\n%\x80\x80\x80\x80\n\n")
        self._catalog, self._tree, self._pages_of_all, self._document, self._marks = (
            self._number() for _ in range(5)
        )

    def add(self, serial: str, pdf: bytes) -> None:
        """Add one sheet. Raises NotJoinedError."""
        sheet = _Sheet(pdf)
        self._first = self._first or sheet
        place, keys = len(self._sheets), self._next_key()
        numbers = {sheet.pages_root: self._pages_of_all, sheet.tree: self._document}
        reached = sheet.reached()
        numbers |= {old: self._number() for old in reached}

        def renewed(found: re.Match[bytes]) -> bytes:
            if found[1]:
                return b"(%06d%s" % (place, found[1][1:])
            if found[2]:
                return b"%d 0 R" % numbers[int(found[2])]
            if found[3]:
                return found[0].split(b" ")[0] + b" %d" % (int(found[3]) + keys)
            return found[0]

        for old in reached:
            head, stream = sheet.parts(old)
            if old == sheet.document:
                head = head.replace(b"/S/Document", b"/S/Part", 1)
            self._object(numbers[old], _TOKEN.sub(renewed, head) + stream)
        self._sheets.append((serial, numbers[sheet.pages[0]], numbers[sheet.document]))
        self._listed += [(keys + key, numbers[old]) for key, old in sheet.listed]
        self._named += [(b"%06d%s" % (place, name), numbers[old]) for name, old in sheet.named]
        self._pages += [numbers[old] for old in sheet.pages]
        if len(sheet.pages) % 2:
            self._pages.append(self._number())
            self._object(
                self._pages[-1],
                b"<</Type/Page/Resources<<>>%s/Parent %d 0 R>>" % (sheet.size, self._pages_of_all),
            )

    def close(self) -> None:
        """Write what holds the sheets together. The file itself is left open."""
        first = self._first
        if first is None:
            raise NotJoinedError("no sheet was added")
        kids = b" ".join(b"%d 0 R" % one for one in self._pages)
        pages = b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(self._pages), kids)
        self._object(self._pages_of_all, pages)
        self._write_tree(first)
        self._write_bookmarks()
        info, metadata = self._number(), self._number()
        self._object(info, first.parts(first.info)[0])
        self._object(metadata, _described(first.parts(first.metadata)[1], len(self._pages)))
        catalog = first.parts(first.root)[0]
        for key, number in (
            (b"Pages", self._pages_of_all),
            (b"Metadata", metadata),
            (b"StructTreeRoot", self._tree),
            (b"Outlines", self._marks),
        ):
            catalog = re.sub(rb"/%s \d+ 0 R" % key, b"/%s %d 0 R" % (key, number), catalog)
        self._object(self._catalog, catalog)
        self._write_end(info)

    def _write_tree(self, first: _Sheet) -> None:
        roles = re.search(rb"/RoleMap<<[^<>]*>>", first.parts(first.tree)[0])
        listed = b" ".join(b"%d %d 0 R" % one for one in self._listed)
        named = b"".join(b"(%s)%d 0 R" % one for one in sorted(self._named))
        parts = b" ".join(b"%d 0 R" % part for _, _, part in self._sheets)
        self._object(
            self._tree,
            b"<</Type/StructTreeRoot%s/K[%d 0 R]/ParentTree<</Nums[%s]>>/ParentTreeNextKey %d%s>>"
            % (
                roles[0] if roles else b"",
                self._document,
                listed,
                self._next_key(),
                b"/IDTree<</Names[%s]>>" % named if named else b"",
            ),
        )
        self._object(
            self._document,
            b"<</Type/StructElem/S/Document/P %d 0 R/K[%s]>>" % (self._tree, parts),
        )

    def _write_bookmarks(self) -> None:
        numbers = [self._number() for _ in self._sheets]
        count = len(numbers)
        self._object(
            self._marks,
            b"<</Type/Outlines/First %d 0 R/Last %d 0 R/Count %d>>"
            % (numbers[0], numbers[-1], count),
        )
        for at, (serial, page, _) in enumerate(self._sheets):
            beside = b"/Prev %d 0 R" % numbers[at - 1] if at else b""
            beside += b"/Next %d 0 R" % numbers[at + 1] if at + 1 < count else b""
            self._object(
                numbers[at],
                b"<</Title(%s)/Parent %d 0 R%s/Dest[%d 0 R/Fit]>>"
                % (serial.encode("ascii"), self._marks, beside, page),
            )

    def _write_end(self, info: int) -> None:
        begins, size = self._at, len(self._offsets)
        self._put(b"xref\n0 %d\n0000000000 65535 f\r\n" % size)
        for offset in self._offsets[1:]:
            self._put(b"%010d 00000 n\r\n" % offset)
        name = hashlib.sha256(b" ".join(one.encode() for one, _, _ in self._sheets)).hexdigest()[
            :32
        ]
        self._put(
            b"trailer\n<</Size %d/Root %d 0 R/Info %d 0 R/ID[<%s><%s>]>>\nstartxref\n%d\n%%%%EOF"
            % (size, self._catalog, info, name.encode(), name.encode(), begins)
        )

    def _next_key(self) -> int:
        return self._listed[-1][0] + 1 if self._listed else 0

    def _number(self) -> int:
        self._offsets.append(0)
        return len(self._offsets) - 1

    def _object(self, number: int, content: bytes) -> None:
        self._offsets[number] = self._at
        self._put(b"%d 0 obj\n%s\nendobj\n\n" % (number, content))

    def _put(self, content: bytes) -> None:
        self._file.write(content)
        self._at += len(content)


class _Sheet:
    """The objects of one PDF of the typesetter's, by their numbers."""

    def __init__(self, pdf: bytes) -> None:
        begins = pdf.rfind(b"startxref\n")
        trailer = pdf.rfind(b"trailer\n", 0, begins)
        if min(begins, trailer) < 0:
            raise NotJoinedError("it does not end as a plain PDF does")
        table = int(pdf[begins + 10 : begins + 30].split(b"\n")[0])
        self._pdf = pdf
        self._offsets = [
            int(offset) if kind == b"n" else 0
            for offset, kind in _OFFSETS.findall(pdf, table, trailer)
        ]
        ends = pdf[trailer:begins]
        self.root, self.info = self._named_in(ends, b"Root"), self._named_in(ends, b"Info")
        catalog = self.parts(self.root)[0]
        self.pages_root = self._named_in(catalog, b"Pages")
        self.metadata = self._named_in(catalog, b"Metadata")
        self.tree = self._named_in(catalog, b"StructTreeRoot")
        self.pages = _references(_list(self.parts(self.pages_root)[0], b"Kids"))
        tree = self.parts(self.tree)[0]
        roots = _references(_list(tree, b"K"))
        if len(roots) != 1 or not self.pages:
            raise NotJoinedError("its tags have not one root, or it has no page")
        self.document = roots[0]
        self.listed = [(int(key), int(old)) for key, old in _LISTED.findall(_list(tree, b"Nums"))]
        names = _list(tree, b"Names") if b"/IDTree" in tree else b""
        self.named = [(name, int(old)) for name, old in _NAMED.findall(names)]
        self.size = re.search(rb"/MediaBox\[[^]]*\]", self.parts(self.pages[0])[0])[0]  # type: ignore[index]  # every page has one

    def parts(self, number: int) -> tuple[bytes, bytes]:
        """An object: what is written in it, and its stream with the word before it, if it has one."""
        begins = _OBJECT.match(self._pdf, self._offsets[number])
        if begins is None or int(begins[1]) != number:
            raise NotJoinedError(f"object {number} is not where it is said to be")
        end = self._pdf.index(b"\nendobj", begins.end())
        if number + 1 < len(self._offsets):
            # A stream may hold the word: the next object tells where this one ends.
            end = self._pdf.rindex(b"\nendobj", begins.end(), self._offsets[number + 1])
        head, word, stream = self._pdf[begins.end() : end].partition(_STREAM)
        return head, word + stream

    def reached(self) -> list[int]:
        """What hangs on the pages and the tags, without what holds them together."""
        found = {self.tree, self.pages_root}
        waiting = [*self.pages, self.document, *(old for _, old in self.listed)]
        while waiting:
            number = waiting.pop()
            if number not in found:
                found.add(number)
                waiting += _references(self.parts(number)[0])
        return sorted(found - {self.tree, self.pages_root})

    def _named_in(self, head: bytes, key: bytes) -> int:
        found = re.search(rb"/%s (\d+) 0 R" % key, head)
        if found is None:
            raise NotJoinedError(f"it has no {key.decode()}")
        return int(found[1])


def _references(head: bytes) -> list[int]:
    return [int(found[1]) for found in _REFERENCE.finditer(head) if found[1]]


def _list(head: bytes, key: bytes) -> bytes:
    """What stands in a list in which no other list stands."""
    found = re.search(rb"/%s\[([^]]*)\]" % key, head)
    if found is None:
        raise NotJoinedError(f"it has no list of {key.decode()}")
    return found[1]


def _described(stream: bytes, pages: int) -> bytes:
    """The metadata of one sheet as that of all."""
    xml = stream.removeprefix(_STREAM).removesuffix(b"\nendstream")
    xml = re.sub(rb"(<xmpTPg:NPages>)\d+", rb"\g<1>%d" % pages, xml)
    return b"<</Length %d/Type/Metadata/Subtype/XML>>%s%s\nendstream" % (len(xml), _STREAM, xml)
