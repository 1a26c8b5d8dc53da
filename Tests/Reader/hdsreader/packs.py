"""Packs and tables of index segments: docs/FORMAT.md 11 and 12."""
import struct
from typing import NamedTuple

from .codecs import DATA_LIMIT, FRAME_HEADER, PAGE_LIMIT, unframe
from .crypto import TAG
from .keys import (CATALOGUE, DATA, DIRECTORY, LAST_ORDINAL, LIST_PAGE, RUN, RUN_BLOCK, TREE_PAGE, KeyBlock)
from .names import PackKey
from .problems import Damaged, Foreign, NewerFormat
from .wire import Cursor

PACK_LIMIT, STEP = 128 << 20, 256 << 10
HEADER, TRAILER, ROW = 56, 16, 52
DIRECTORY_LIMIT = 8 << 20
END = b"HDSBPEND"


class Blob(NamedTuple):
    """A row of a pack's directory."""
    id: bytes
    kind: int
    block: int
    ordinal: int
    offset: int
    length: int
    references: tuple


class Pack:
    """Header and directory of one pack. `read(offset, length)` gives stored bytes."""

    def __init__(self, read, size, ring):
        self.read, self.size, self.ring = read, size, ring
        if not STEP <= size <= PACK_LIMIT or size % STEP:
            raise Damaged("not a whole number of steps")
        self.parse_header()
        self.parse_directory()
        self._rows = {}
        for blob in self.blobs:
            self._rows.setdefault((blob.id, blob.kind), []).append(blob)

    def parse_header(self):
        fields = Cursor(self.read(0, HEADER), "pack header")
        if fields.take(8) != b"HDSBPACK":
            raise Damaged("not a pack")
        if (fields.u16(), fields.u16()) != (1, 1):
            raise NewerFormat("a later version of pack")
        self.header_length, tenant, self.domain, count = fields.u32(), fields.id(), fields.id(), fields.u16()
        if tenant != self.ring.tenant.id:
            raise Foreign("a pack of another tenant")
        fields.zeros(6)
        if not 1 <= count <= 256 or not HEADER < self.header_length <= HEADER + RUN_BLOCK * count:
            raise fields.damaged("the number or length of its key blocks")
        fields = Cursor(self.read(HEADER, self.header_length - HEADER), "pack header")
        self.blocks = [KeyBlock(fields) for _ in range(count)]
        fields.end()
        if self.blocks[0].kind != CATALOGUE:
            raise fields.damaged("key block 0 is not a catalogue block")

    def parse_directory(self):
        fields = Cursor(self.read(self.size - TRAILER, TRAILER), "pack trailer")
        length = fields.u32()
        fields.zeros(4)
        if fields.take(8) != END:
            raise Damaged("the pack has no end")
        self.directory_start = self.size - TRAILER - length
        if not 4 + TAG <= length <= DIRECTORY_LIMIT + TAG or self.directory_start < self.header_length:
            raise Damaged("the length of the directory")
        sealed = self.read(self.directory_start, length)
        text = self.ring.open(self.blocks[0], self.domain, DIRECTORY, bytes(32), LAST_ORDINAL, sealed)
        fields = Cursor(text, "directory")
        count = fields.u32()
        if count > 65_536:
            raise fields.damaged(f"{count} rows")
        rows = [struct.unpack("<32sBBHIIII", fields.take(ROW)) for _ in range(count)]
        self.blobs = []
        for id, kind, zero, block, ordinal, offset, length, references in rows:
            self.check_row(fields, kind, zero, block, offset, length, references)
            named = tuple(fields.digest() for _ in range(references))
            self.blobs.append(Blob(id, kind, block, ordinal, offset, length, named))
        fields.end()

    def check_row(self, fields, kind, zero, block, offset, length, references):
        if kind not in (DATA, TREE_PAGE, LIST_PAGE) or zero or not 0 < block < len(self.blocks):
            raise fields.damaged("a row's kind or key block")
        if self.blocks[block].kind != (CATALOGUE if kind == LIST_PAGE else RUN):
            raise fields.damaged("a row under a key block of the wrong kind")
        if length < FRAME_HEADER + TAG or offset < self.header_length or offset + length > self.directory_start:
            raise fields.damaged("a row that points out of the blobs")
        if references > 262_144 or references and kind != TREE_PAGE:
            raise fields.damaged("a row's references")

    def find(self, id, kind):
        return self._rows.get((id, kind), [])

    def open(self, blob):
        """The plain bytes of a blob, whose keyed hash is its id."""
        sealed = self.read(blob.offset, blob.length)
        frame = self.ring.open(self.blocks[blob.block], self.domain, blob.kind, blob.id, blob.ordinal, sealed)
        plain = unframe(frame, DATA_LIMIT if blob.kind == DATA else PAGE_LIMIT)
        if self.ring.domain(self.domain).content_id(blob.kind, plain) != blob.id:
            raise Damaged("the plain bytes are not those of the id")
        return plain


class Place(NamedTuple):
    """A row of a segment."""
    pack: PackKey
    offset: int
    length: int


class Table:
    """The table of a segment: packs with their writers, and rows."""

    def __init__(self, text):
        fields = Cursor(text, "segment table")
        count = self.count(fields, 262_144)
        self.packs = [(PackKey.parse(fields), fields.digest()) for _ in range(count)]
        count = self.count(fields, 1_048_576)
        self.rows = [struct.unpack("<32sIII", fields.take(44)) for _ in range(count)]
        fields.end()
        order = [(id, pack, offset) for id, pack, offset, _ in self.rows]
        if any(a >= b for a, b in zip(order, order[1:])):
            raise fields.damaged("rows do not increase")
        if any(pack >= len(self.packs) or offset + length > PACK_LIMIT for _, pack, offset, length in self.rows):
            raise fields.damaged("a row that points nowhere")

    @staticmethod
    def count(fields, limit):
        count = fields.u32()
        if count > limit:
            raise fields.damaged(f"a count of {count}")
        return count

    def places(self):
        for id, pack, offset, length in self.rows:
            yield id, Place(self.packs[pack][0], offset, length)
