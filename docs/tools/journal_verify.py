#!/usr/bin/env python3
"""Verifies a ledger of hdsbackup by docs/JOURNAL.md alone: without the program that wrote it, offline, with public keys.

    journal_verify.py --keys FOLDER [--head HEAD]... [--copy LEDGER] [--closings-only] [--entries] [--json] LEDGER...

LEDGER is a folder with a folder for each chain: `operations` or `accesses` of an export or of a node, `journal` of a site.
FOLDER holds public keys, <key id>.pub of 1984 bytes each: get them, or their ids, from somebody whom you trust, not from
the machine that is looked at. HEAD is <chain>:<count>:<hash> as somebody wrote it down. --copy compares with another
copy of the same ledger. --entries prints the entries as JSON, one a line.

It needs Python 3.9 and the package `cryptography` (48 or later for ML-DSA-65; with an earlier one those signatures are
not checked, and it says so). Exit status: 0 nothing wrong; 2 wrong usage; 4 something is wrong; 8 only newer formats.
"""
import argparse
import datetime
import hashlib
import json
import os
import re
import struct
import sys
from typing import NamedTuple, Optional

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
try:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PublicKey
except ImportError:
    MLDSA65PublicKey = None

SEGMENT, STUB, ERASURE = 1, 2, 3
OPERATIONS, ACCESSES = 1, 2
REASONS = {1: "retention", 2: "order", 3: "tenant-end"}
LEDGERS = {OPERATIONS: "operations", ACCESSES: "accesses"}
ED25519, ML_DSA_65 = 1, 2
SIGNATURE = {ED25519: 64, ML_DSA_65: 3309}
NEEDED = {OPERATIONS: (ED25519, ML_DSA_65), ACCESSES: (ED25519,)}
ORIGIN, HEADER, CLOSING = 133, 237, 305
FRAME_HEADER, CHECK, OVERHEAD, LARGEST_BODY, SECTOR = 12, 8, 20, 65536, 512
LARGEST = 64 << 20
KINDS = ("", "backup", "restore", "list", "verification", "restore-test", "policy-decision", "key-use", "configuration",
         "refusal", "erasure", "recovery", "replication", "retention", "collection", "evidence", "export", "migration", "hold",
         "service", "clock", "incident", "review", "transfer")
OUTCOMES = {1: "begun", 2: "done", 3: "partial", 4: "failed", 5: "refused"}
PROGRAMS = {1: "daemon", 2: "command", 3: "site"}
NOTES = {"copy-behind", "erased-here", "torn-tail", "unclosed-tail", "unverifiable-head", "clock-went-back"}
WORD = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")


class Damaged(Exception):
    pass


class Newer(Exception):
    pass


def sha256(*parts):
    total = hashlib.sha256()
    for part in parts:
        total.update(part)
    return total.digest()


def labelled(label, *parts):
    return sha256(b"hdsbackup/1 " + label, *parts)


class Cursor:
    """Little-endian fields, from the first byte to the last."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if count > len(self.data) - self.at:
            raise Damaged("ends early")
        self.at += count
        return bytes(self.data[self.at - count:self.at])

    def number(self, form):
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))[0]

    def u8(self):
        return self.number("B")

    def u32(self):
        return self.number("I")

    def u64(self):
        return self.number("Q")

    def time(self):
        time = (self.number("q"), self.u32())
        if time[1] >= 1_000_000_000:
            raise Damaged("time")
        return time

    def flag(self):
        value = self.u8()
        if value > 1:
            raise Damaged("flag")
        return value == 1

    def varint(self, limit=(1 << 64) - 1):
        value = shift = 0
        while True:
            byte = self.u8()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
            if shift > 63:
                raise Damaged("varint")
        if (byte == 0 and shift) or value > limit:
            raise Damaged("varint")
        return value

    def counted(self, limit):
        return self.take(self.varint(limit))

    def text(self, limit):
        try:
            return self.counted(limit).decode()
        except UnicodeDecodeError:
            raise Damaged("text") from None

    def word(self):
        word = self.text(64)
        if not WORD.match(word):
            raise Damaged("word")
        return word

    def end(self):
        if self.at != len(self.data):
            raise Damaged("bytes left over")


def known(value, names):
    if value not in names:
        raise Newer()
    return value


class Head(NamedTuple):
    chain: bytes
    count: int
    hash: bytes

    @classmethod
    def read(cls, fields):
        return cls(fields.take(16), fields.u64(), fields.take(32))

    @classmethod
    def parse(cls, text):
        chain, count, digest = text.split(":")
        head = cls(bytes.fromhex(chain), int(count), bytes.fromhex(digest))
        if len(head.chain) != 16 or len(head.hash) != 32:
            raise ValueError(text)
        return head

    def __str__(self):
        return f"{self.chain.hex()}:{self.count}:{self.hash.hex()}"


class Origin(NamedTuple):
    id: bytes
    ledger: int
    tenant: bytes
    writer: bytes
    follows: Optional[Head]

    @classmethod
    def read(cls, fields):
        begin = fields.at
        ledger, tenant, writer = known(fields.u8(), LEDGERS), fields.take(16), fields.take(32)
        fields.time()
        fields.take(16)
        head = Head.read(fields)
        id = labelled(b"journal chain", fields.data[begin:fields.at])[:16]
        return cls(id, ledger, tenant, writer, head if any(head.chain + head.hash) or head.count else None)


class Header(NamedTuple):
    origin: Origin
    number: int
    first: int
    previous: bytes
    opened: tuple

    @classmethod
    def parse(cls, data):
        fields = Cursor(data[:HEADER])
        prefix(fields, SEGMENT)
        header = cls(Origin.read(fields), fields.u32(), fields.u64(), fields.take(32), fields.time())
        fields.take(32)
        return header


def prefix(fields, type):
    if fields.take(8) != b"HDSBJRNL":
        raise Damaged("magic")
    if fields.take(4) != b"\1\0\1\0":
        raise Newer()
    found = fields.u8()
    if fields.take(3) != bytes(3):
        raise Damaged("zeros")
    if found not in (SEGMENT, STUB, ERASURE):
        raise Newer()
    if found != type:
        raise Damaged("type")


class Signed:
    """A message, and the signatures under it."""

    def signatures(self, fields, ledger):
        self.signers, self.signed = set(), []
        if fields.u8() != len(NEEDED[ledger]):
            raise Damaged("signatures")
        for algorithm in NEEDED[ledger]:
            if fields.u8() != algorithm:
                raise Damaged("signature")
            self.signers.add(fields.take(32))
            self.signed.append((algorithm, fields.take(SIGNATURE[algorithm])))

    @property
    def signer(self):
        return next(iter(self.signers)) if len(self.signers) == 1 else None

    def is_right(self, public):
        for algorithm, signature in self.signed:
            try:
                if algorithm == ED25519:
                    Ed25519PublicKey.from_public_bytes(public[:32]).verify(signature, self.message)
                elif MLDSA65PublicKey:
                    MLDSA65PublicKey.from_public_bytes(public[32:]).verify(signature, self.message)
            except (InvalidSignature, ValueError):
                return False
        return True


class Closing(Signed):
    def __init__(self, body):
        fields = Cursor(body)
        self.origin = Origin.read(fields)
        self.number, self.first, self.count = fields.u32(), fields.u64(), fields.u64()
        self.previous, self.hash = fields.take(32), fields.take(32)
        self.size, self.content = fields.u64(), fields.take(32)
        self.opened, self.closed, self.earliest, self.latest = (fields.time() for _ in range(4))
        if self.count == 0 or self.first + self.count >= 1 << 64 or self.earliest > self.latest:
            raise Damaged("closing")
        self.body = bytes(body[:CLOSING])
        self.message = b"hdsbackup/1 journal closing" + self.body
        self.signatures(fields, self.origin.ledger)
        fields.end()

    @property
    def end(self):
        return self.first + self.count

    @property
    def digest(self):
        return sha256(self.message)

    @property
    def head(self):
        return Head(self.origin.id, self.end, self.hash)

    @classmethod
    def frame(cls, data):
        frame = frame_at(data, 0)
        if not frame or frame[0] != 2 or len(data) != OVERHEAD + frame[1]:
            raise Damaged("closing")
        body = data[FRAME_HEADER:-CHECK]
        if sha256(body)[:CHECK] != data[-CHECK:]:
            raise Damaged("check")
        return cls(body)

    @classmethod
    def stub(cls, data):
        prefix(Cursor(data[:16]), STUB)
        return cls.frame(data[16:])

    @classmethod
    def at_end(cls, data):
        ledger = Header.parse(data).origin.ledger
        size = OVERHEAD + CLOSING + 1 + sum(33 + SIGNATURE[algorithm] for algorithm in NEEDED[ledger])
        if len(data) - size < HEADER:
            raise Damaged("ends early")
        return cls.frame(data[-size:])


class Erasure(Signed):
    def __init__(self, data):
        if len(data) < 32 or sha256(data[:-32]) != data[-32:]:
            raise Damaged("checksum")
        outer = Cursor(data[:-32])
        prefix(outer, ERASURE)
        body = outer.take(outer.u32())
        fields = Cursor(body)
        self.origin = Origin.read(fields)
        self.number, self.previous, self.created = fields.u32(), fields.take(32), fields.time()
        self.reason = known(fields.u8(), REASONS)
        self.cutoff, self.retention, self.reference = fields.time(), fields.u64(), fields.text(64)
        if self.reference and not WORD.match(self.reference):
            raise Damaged("reference")
        self.first = fields.u32()
        count = fields.varint(1 << 20)
        if count == 0 or self.first + count > 0xFFFFFFFF:
            raise Damaged("segments")
        self.segments = [fields.take(32) for _ in range(count)]
        fields.end()
        self.message = b"hdsbackup/1 journal erasure" + body
        self.signatures(outer, self.origin.ledger)
        outer.end()

    @property
    def end(self):
        return self.first + len(self.segments)

    @property
    def digest(self):
        return sha256(self.message)


def frame_at(data, at):
    """The type and the length of the body of the frame at an offset; None where there is no right header."""
    if at + FRAME_HEADER > len(data):
        return None
    type, zeros, length, turned = struct.unpack_from("<B3sII", data, at)
    if type not in (1, 2) or zeros != bytes(3) or length != turned ^ 0xFFFFFFFF or length > LARGEST_BODY:
        return None
    return type, length


def lacks_sector(data, begin, end):
    while begin < end:
        stop = min((begin // SECTOR + 1) * SECTOR, end)
        if not any(data[begin:stop]):
            return True
        begin = stop
    return False


def is_torn_header(data, at):
    if len(data) - at < FRAME_HEADER:
        return True
    if len(data) - at > OVERHEAD + LARGEST_BODY or not lacks_sector(data, at, at + FRAME_HEADER):
        return False
    for other in range(at + 1, len(data)):
        frame = frame_at(data, other)
        if frame and other + OVERHEAD + frame[1] <= len(data):
            return False
    return True


# Entries

def moment(time):
    try:
        base = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=time[0])
        return f"{base.isoformat(timespec='seconds')}.{time[1]:09}Z"
    except OverflowError:
        return f"{time[0]}s"


def printable(data):
    """docs/JOURNAL.md 8: valid UTF-8 as it is, but control characters and backslashes; every other byte as \\xNN."""
    out = []
    for part in re.split(r"([\udc80-\udcff])", data.decode("utf-8", "surrogateescape")):
        if len(part) == 1 and "\udc80" <= part <= "\udcff":
            out.append(f"\\x{ord(part) - 0xDC00:02x}")
            continue
        for letter in part:
            if letter == "\\":
                out.append("\\\\")
            elif letter < " " or "\x7f" <= letter <= "\x9f":
                # A control character is written by the first of its bytes; the second, alone, is no UTF-8.
                out += [f"\\x{byte:02x}" for byte in letter.encode()]
            else:
                out.append(letter)
    return "".join(out)


def value(fields):
    """(what it shows as, whether it may hold anything about a person)"""
    type = fields.u8()
    if type == 1:
        number = fields.varint()
        return (number >> 1) ^ -(number & 1), False
    if type == 2:
        return fields.word(), False
    if type in (3, 4):
        return fields.take(16 if type == 3 else 32).hex(), False
    if type == 5:
        return moment(fields.time()), False
    if type == 6:
        return fields.text(8192), True
    if type == 7:
        return printable(fields.counted(8192)), True
    raise Newer()


class Entry:
    def __init__(self, body):
        fields = Cursor(body)
        self.sequence, self.time = fields.varint(), fields.time()
        kind, outcome = fields.u8(), fields.u8()
        if kind == 0:
            raise Damaged("kind")
        known(outcome, OUTCOMES)
        shown = {"kind": KINDS[kind] if kind < len(KINDS) else f"kind-{kind}", "outcome": OUTCOMES[outcome], "host": fields.word()}
        shown["program"] = PROGRAMS[known(fields.u8(), PROGRAMS)]
        self.personal = False
        if fields.flag():
            self.personal = True
            shown["user"] = {"uid": fields.u32(), "login": fields.text(256)}
            if fields.flag():
                shown["session"] = {"uid": fields.u32(), "login": fields.text(256)}
        if fields.flag():
            type = fields.word()
            object, free = value(fields)
            shown["object"] = {type: object}
            self.personal |= free
        reason = fields.text(1024)
        if reason:
            shown["reason"] = reason
            self.personal |= not WORD.match(reason)
        details, before = {}, None
        for _ in range(fields.varint(32)):
            name = fields.word()
            if before is not None and not before < name:
                raise Damaged("details")
            before = name
            details[name], free = value(fields)
            self.personal |= free
        if details:
            shown["details"] = details
        fields.end()
        self.shown = shown


# Segments

class Segment:
    """What is in one segment: entries that follow from its header, and what is wrong."""

    def __init__(self, chain, name, data, remembered, show):
        self.chain, self.name, self.data, self.remembered, self.show = chain, name, data, remembered, show
        self.header = self.closing = self.torn = None
        self.count, self.link, self.earliest, self.latest = 0, None, None, None
        self.findings = []
        try:
            self.header = Header.parse(data)
        except (Damaged, Newer) as problem:
            self.findings.append(finding("newer-format" if isinstance(problem, Newer) else "damaged-segment", object=name))
            return
        if self.header.origin.id != chain:
            self.findings.append(finding("foreign", object=name))
            return
        self.walk()

    def find(self, kind, entry=None, count=None, once=False):
        if not (once and any(f["kind"] == kind for f in self.findings)):
            self.findings.append(finding(kind, self.header.number, entry, count=count))

    def recover_closing(self):
        try:
            self.closing = Closing.at_end(self.data)
        except (Damaged, Newer):
            pass

    def walk(self):
        data, header, at = self.data, self.header, HEADER
        self.link = labelled(b"journal segment", data[:HEADER])
        while at < len(data):
            expected = header.first + self.count
            frame = frame_at(data, at)
            if not frame:
                if is_torn_header(data, at):
                    self.torn = len(data) - at
                    return
                self.find("damaged-entries", expected)
                return self.recover_closing()
            type, length = frame
            end = at + OVERHEAD + length
            if end > len(data):
                self.torn = len(data) - at
                return
            body, check, is_last = data[at + FRAME_HEADER:end - CHECK], data[end - CHECK:end], end == len(data)
            if type == 2:
                if not is_last:
                    self.find("damaged-entries", expected)
                    return self.recover_closing()
                if sha256(body)[:CHECK] != check:
                    if lacks_sector(data, at, end):
                        self.torn = len(data) - at
                    else:
                        self.find("damaged-segment")
                    return
                try:
                    self.closing = Closing(body)
                except (Damaged, Newer) as problem:
                    return self.find("newer-format" if isinstance(problem, Newer) else "damaged-segment")
                return self.compare(at)
            link = labelled(b"journal entry", self.link, body)
            matches = link[:CHECK] == check
            if not matches and is_last and lacks_sector(data, at, end):
                self.torn = len(data) - at
                return
            try:
                entry = Entry(body)
            except (Damaged, Newer) as problem:
                kind = "changed-entry" if not matches else "newer-format" if isinstance(problem, Newer) else "damaged-entries"
                self.find(kind, expected)
                return self.recover_closing()
            if not matches or entry.sequence != expected:
                self.name_it(entry.sequence, expected, at)
                return self.recover_closing()
            if header.origin.ledger == OPERATIONS and entry.personal:
                self.find("personal-data", expected, once=True)
            if self.latest is not None and entry.time < self.latest:
                self.find("clock-went-back", expected, once=True)
            self.count, self.link, at = self.count + 1, link, end
            self.earliest = min(self.earliest or entry.time, entry.time)
            self.latest = max(self.latest or entry.time, entry.time)
            head = self.remembered.get(expected + 1)
            if head and head.hash != link:
                self.find("rewritten-chain", expected)
            if self.show:
                self.show(header, entry, link)

    def name_it(self, sequence, expected, at):
        later = []
        while (frame := frame_at(self.data, at)) and frame[0] == 1 and at + OVERHEAD + frame[1] <= len(self.data):
            try:
                later.append(Cursor(self.data[at + FRAME_HEADER:at + FRAME_HEADER + frame[1]]).varint())
            except Damaged:
                pass
            at += OVERHEAD + frame[1]
        if sequence == expected:
            self.find("changed-entry", expected)
        elif sequence < expected:
            moved = expected not in later and any(other < expected for other in later[1:])
            self.find("reordered-entries" if moved else "duplicated-entry", expected)
        elif expected in later:
            self.find("reordered-entries", expected)
        else:
            self.find("removed-entries", expected, sequence - expected)

    def compare(self, end):
        closing, header = self.closing, self.header
        if (closing.origin, closing.number) == (header.origin, header.number) and closing.count != self.count:
            kind = "removed-entries" if closing.count > self.count else "added-entries"
            self.find(kind, closing.first + min(closing.count, self.count), abs(closing.count - self.count))
        elif (closing.body[:ORIGIN], closing.number, closing.first, closing.previous, closing.opened, closing.hash, closing.size,
              closing.content, closing.earliest, closing.latest) != (
                self.data[16:16 + ORIGIN], header.number, header.first, header.previous, header.opened, self.link, end,
                sha256(self.data[:end]), self.earliest, self.latest):
            self.find("rewritten-entries", header.first, self.count)


def finding(kind, segment=None, entry=None, object=None, count=None):
    return {"kind": kind, "segment": segment, "entry": entry, "object": object, "count": count}


# Chains

NAME = re.compile(r"(?:(open)|(new-.*|aside-.*)|erasure-(\d{10})|(\d{10})(?:\.(stub|[1-9]\d{0,2}))?)\Z", re.ASCII | re.DOTALL)


def classify(name):
    """(kind, number)"""
    match = NAME.match(name)
    if not match:
        return "unknown", None
    open, own, erasure, number, suffix = match.groups()
    if open or own:
        return ("open" if open else "own"), None
    if int(erasure or number) > 0xFFFFFFFF or (suffix or "").isdigit() and int(suffix) > 255:
        return "unknown", None
    return ("erasure", int(erasure)) if erasure else ("stub" if suffix == "stub" else "segment", int(number))


class Folder:
    """Where the objects of a ledger are: a folder for each chain."""

    def __init__(self, path):
        self.path = path

    def chains(self):
        return [bytes.fromhex(name) for name in sorted(os.listdir(self.path)) if re.match(r"[0-9a-f]{32}\Z", name)]

    def names(self, chain):
        return sorted(os.listdir(os.path.join(self.path, chain.hex())), key=os.fsencode)

    def read(self, chain, name):
        path = os.path.join(self.path, chain.hex(), name)
        if os.path.islink(path) or not os.path.isfile(path) or os.path.getsize(path) > LARGEST + 16384:
            raise Damaged("file")
        with open(path, "rb") as file:
            return file.read()

    def is_sealed(self, chain, name):
        """Whether it is a segment as sites hold it, for the tenant's restore key alone: its stub is beside it."""
        with open(os.path.join(self.path, chain.hex(), name), "rb") as file:
            return file.read(8) == b"HDSBJSEA"


class Keys(dict):
    """Public keys by their ids. `rights`, where known: from when and until when each may sign, in seconds; until 0 is no end."""

    def __init__(self, keys=(), rights=()):
        super().__init__(keys)
        self.rights = dict(rights)

    def may_sign(self, id, time):
        begins, until = self.rights.get(id, (None, 0))
        return (begins is None or begins <= time[0]) and (not until or time <= (until, 0))


class Chain:
    def __init__(self, source, id, keys, remembered, heirs, closings_only, show):
        self.source, self.id, self.keys, self.heirs, self.closings_only = source, id, keys, heirs, closings_only
        self.remembered = {head.count: head for head in remembered if head.chain == id}
        self.origin, self.head, self.closed, self.count, self.findings = None, None, None, 0, []
        self.slots, self.closings, self.open, self.erasures, self.erased = {}, {}, None, [], []
        for name in source.names(id):
            self.look(name, show)
        self.follow_erasures()
        self.follow_closings()
        self.follow_open()
        self.recall()

    def find(self, kind, segment=None, entry=None, object=None, count=None):
        self.findings.append(finding(kind, segment, entry, object, count))

    def slot(self, number):
        return self.slots.setdefault(number, {})

    def look(self, name, show):
        kind, number = classify(name)
        if kind == "own" or self.closings_only and kind == "segment" and self.source.is_sealed(self.id, name):
            return
        if kind == "unknown":
            return self.find("strange-object", object=printable(os.fsencode(name)))
        if kind in ("segment", "stub"):
            self.slot(number)
        try:
            data = self.source.read(self.id, name)
            if kind == "erasure":
                self.look_at_erasure(data, number, name)
            elif kind == "stub":
                closing = Closing.stub(data)
                if self.belongs(closing.origin, name):
                    self.take(closing, number, name, False)
            else:
                self.look_at_segment(data, number, name, show)
        except (Damaged, Newer) as problem:
            wrong = "broken-erasure" if kind == "erasure" else "damaged-segment"
            self.find("newer-format" if isinstance(problem, Newer) else wrong, None if kind == "erasure" else number, object=name)

    def belongs(self, origin, name):
        if origin.id != self.id:
            self.find("foreign", object=name)
            return False
        if self.origin is None:
            self.origin = origin
            if origin.writer not in self.keys:
                self.find("unknown-writer")
        return True

    def look_at_segment(self, data, number, name, show):
        segment = Segment(self.id, name, data, self.remembered, show)
        self.findings += segment.findings
        if not segment.header or segment.header.origin.id != self.id or not self.belongs(segment.header.origin, name):
            return
        if number is None and not segment.closing:
            self.open = segment
        elif not segment.closing:
            if not any(f["kind"] == "damaged-segment" for f in segment.findings):
                self.find("truncated-segment", segment.header.number, segment.header.first + segment.count, name)
        else:
            self.take(segment.closing, number, name, True)

    def take(self, closing, number, name, has_content):
        if number is not None and number != closing.number:
            self.find("misplaced-segment", closing.number, object=name)
        slot = self.slot(closing.number)
        if closing.signer != closing.origin.writer or not self.keys.may_sign(closing.signer, closing.closed):
            return self.find("wrong-signer", closing.number, object=name)
        if closing.signer in self.keys and not closing.is_right(self.keys[closing.signer]):
            return self.find("bad-signature", closing.number, object=name)
        if closing.body in slot:
            if has_content and slot[closing.body][1]:
                self.find("duplicated-segment", closing.number, object=name)
            slot[closing.body] = (closing, has_content or slot[closing.body][1])
        else:
            slot[closing.body] = (closing, has_content)

    def look_at_erasure(self, data, number, name):
        erasure = Erasure(data)
        if not self.belongs(erasure.origin, name):
            return
        if erasure.number != number:
            self.find("broken-erasure", object=name)
        elif erasure.signer != erasure.origin.writer and erasure.signer not in self.heirs \
                or not self.keys.may_sign(erasure.signer, erasure.created):
            self.find("wrong-signer", object=name)
        elif erasure.signer not in self.keys and erasure.signer != erasure.origin.writer:
            self.find("unknown-writer", object=name)
        elif erasure.signer in self.keys and not erasure.is_right(self.keys[erasure.signer]):
            self.find("bad-signature", object=name)
        else:
            self.erasures.append(erasure)

    def follow_erasures(self):
        number, previous, begin = 0, bytes(32), 0
        for erasure in sorted(self.erasures, key=lambda each: each.number):
            name = f"erasure-{erasure.number:010}"
            if (erasure.number, erasure.previous, erasure.first) != (number, previous, begin):
                self.find("broken-erasure", erasure.first, object=name)
            allowed = (erasure.created[0] - erasure.retention, erasure.created[1])
            if erasure.cutoff > erasure.created or (erasure.reason == 1 and erasure.cutoff > allowed):
                self.find("erased-too-early", erasure.first, object=name)
            number, previous, begin = erasure.number + 1, erasure.digest, erasure.end
            self.erased.append(erasure)

    def erasure_of(self, number):
        for erasure in self.erased:
            if erasure.first <= number < erasure.end:
                return erasure, erasure.segments[number - erasure.first]
        return None

    def follow_closings(self):
        before, expected = (bytes(32), 0), 0
        for number in sorted(set(self.slots).union(*(range(each.first, each.end) for each in self.erased))):
            if number > expected:
                self.find("missing-segment", expected, count=number - expected)
                before = None
            expected = number + 1
            before = self.follow(number, before)
        if self.closings:
            self.head = self.closed = self.closings[max(self.closings)].head
            self.count = self.head.count

    def follow(self, number, before):
        erased, found = self.erasure_of(number), list(self.slots.get(number, {}).values())
        if not found:
            if number not in self.slots:
                self.find("missing-segment", number, count=1)
            return (erased[1], None) if erased else None
        closing, has_content = found[0]
        if len(found) > 1:
            self.find("fork", number)
            if before:
                closing, has_content = next((each for each in found if each[0].previous == before[0]), found[0])
        self.closings[number] = closing
        if before and (closing.previous != before[0] or before[1] not in (None, closing.first)):
            self.find("broken-chain", number)
        if not erased:
            if not has_content and not self.closings_only:
                self.find("erased-without-record", number)
        elif erased[1] != closing.digest:
            self.find("broken-erasure", number)
        else:
            if has_content:
                self.find("not-erased", number)
            if closing.latest >= erased[0].cutoff:
                self.find("erased-too-early", number)
        return closing.digest, closing.end

    def follow_open(self):
        segment = self.open
        if not segment:
            return
        header, last = segment.header, max(self.closings, default=None)
        if segment.torn:
            self.find("torn-tail", header.number, header.first + segment.count, count=segment.torn)
        expected = max(self.slots) + 1 if self.slots else max((each.end for each in self.erased), default=0)
        if header.number > expected:
            self.find("missing-segment", expected, count=header.number - expected)
        elif header.number < expected:
            self.find("fork", header.number, object="open")
        elif last is not None and last + 1 == header.number:
            if (header.previous, header.first) != (self.closings[last].digest, self.closings[last].end):
                self.find("broken-chain", header.number, object="open")
        elif header.number == 0 and (any(header.previous) or header.first):
            self.find("broken-chain", 0, object="open")
        if segment.count == 0:
            if not segment.findings:
                self.find("truncated-segment", header.number, header.first, "open")
            return
        self.find("unclosed-tail", header.number, header.first, count=segment.count)
        self.count = header.first + segment.count
        self.head = Head(self.id, self.count, segment.link)

    def recall(self):
        for count, head in sorted(self.remembered.items()):
            if count == 0:
                continue
            if count > self.count:
                self.find("truncated-chain", entry=self.count, count=count - self.count)
                continue
            if self.open and count > self.open.header.first:
                continue
            closing = next((each for each in self.closings.values() if each.first < count <= each.end), None)
            if not closing:
                self.find("unverifiable-head", entry=count - 1)
            elif count == closing.end:
                said = any((f["kind"], f["entry"]) == ("rewritten-chain", count - 1) for f in self.findings)
                if head.hash != closing.hash and not said:
                    self.find("rewritten-chain", closing.number, count - 1)
            elif not self.slots[closing.number][closing.body][1]:
                self.find("unverifiable-head", closing.number, count - 1)


# Ledgers

class Ledger:
    def __init__(self, source, keys, heads, closings_only, show=None):
        ids = source.chains()
        origins = {id: origin for id in ids if (origin := self.peek(source, id))}
        successions = [origin.follows for origin in origins.values() if origin.follows]
        self.findings = []
        self.chains = {id: Chain(source, id, keys, heads + successions, self.heirs(id, origins), closings_only, show)
                       for id in sorted(ids, key=lambda id: (self.depth(id, origins), id))}
        for before in sorted({head.chain for head in successions}):
            ends = [head.count for head in successions if head.chain == before]
            if len(ends) > 1:
                self.find("fork", before, count=len(ends))
            if before not in self.chains:
                self.find("missing-chain", before)
            elif self.chains[before].count > max(ends):
                self.find("extended-after-end", before, max(ends), self.chains[before].count - max(ends))
        begun = set()
        for id in sorted(id for id, origin in origins.items() if not origin.follows):
            # A site has the chains of both ledgers and of several machines side by side.
            kind = (origins[id].ledger, origins[id].tenant, origins[id].writer) if closings_only else None
            if kind in begun:
                self.find("second-beginning", id)
            begun.add(kind)
        for id in sorted({head.chain for head in heads} - set(ids)):
            self.find("missing-chain", id)

    def find(self, kind, chain, entry=None, count=None):
        self.findings.append((chain, finding(kind, entry=entry, count=count)))

    @staticmethod
    def peek(source, id):
        for name in source.names(id):
            kind, _ = classify(name)
            try:
                data = source.read(id, name) if kind in ("open", "segment", "stub") else b""
                origin = Closing.stub(data).origin if kind == "stub" else Header.parse(data).origin
                if origin.id == id:
                    return origin
            except (Damaged, Newer):
                continue
        return None

    @staticmethod
    def depth(id, origins):
        depth, seen = 0, {id}
        while id in origins and origins[id].follows and origins[id].follows.chain not in seen:
            id = origins[id].follows.chain
            seen.add(id)
            depth += 1
        return depth

    @staticmethod
    def heirs(id, origins):
        writers, seen, todo = set(), {id}, [id]
        while todo:
            at = todo.pop()
            for other, origin in origins.items():
                if origin.follows and origin.follows.chain == at and other not in seen:
                    seen.add(other)
                    writers.add(origin.writer)
                    todo.append(other)
        return writers

    def all(self):
        return [(id, each) for id, chain in self.chains.items() for each in chain.findings] + self.findings

    def compare(self, copy):
        """What a copy says against this ledger, and what it lacks."""
        found = []
        for id, other in copy.chains.items():
            if id not in self.chains:
                if other.closings:
                    found.append((id, finding("missing-chain")))
                continue
            own = self.chains[id]
            for number in sorted(set(own.closings) & set(other.closings)):
                if own.closings[number].body != other.closings[number].body:
                    found.append((id, finding("copy-differs", number, own.closings[number].first)))
                    break
            last, theirs = max(own.closings, default=-1), max(other.closings, default=-1)
            if theirs > last:
                count = own.closed.count if own.closed else 0
                found.append((id, finding("truncated-chain", last + 1, count, count=other.closed.count - count)))
            elif last > theirs:
                lacking = [number for number in own.closings if number > theirs]
                found.append((id, finding("copy-behind", min(lacking), count=len(lacking))))
            here, there = (max((each.end for each in chain.erased), default=0) for chain in (own, other))
            if here > there:
                found.append((id, finding("erased-here", there, count=here - there)))
        return found + [(id, finding("copy-behind", min(own.closings), count=len(own.closings)))
                        for id, own in self.chains.items() if own.closings and id not in copy.chains]


def load_keys(folder):
    """Public keys of a folder. Raises ValueError for a file that is not what its name says."""
    keys = Keys()
    for name in sorted(os.listdir(folder)):
        if name.endswith(".pub"):
            with open(os.path.join(folder, name), "rb") as file:
                public = file.read(1985)
            id = sha256(b"hdsbackup/1 signing key", public)
            if len(public) != 1984 or id.hex() != name[:-4]:
                raise ValueError(f"{folder}/{name}: not the public key of that id")
            keys[id] = public
    return keys


def entry_line(header, entry, link):
    tenant = header.origin.tenant
    line = {"chain": header.origin.id.hex(), "ledger": LEDGERS[header.origin.ledger], "tenant": tenant.hex() if any(tenant) else None,
            "segment": header.number, "sequence": entry.sequence, "time": moment(entry.time), **entry.shown, "link": link.hex()}
    return json.dumps(line, separators=(",", ":"))


def show_entry(header, entry, link):
    print(entry_line(header, entry, link))


def place_of(found):
    """Where in a chain something was found, in words."""
    return ", ".join(f"{key} {found[key]}" for key in ("segment", "entry", "object", "count") if found[key] is not None)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ledgers", nargs="+", metavar="LEDGER")
    parser.add_argument("--keys", required=True)
    parser.add_argument("--head", action="append", default=[], type=Head.parse)
    parser.add_argument("--copy")
    parser.add_argument("--closings-only", action="store_true", help="entries are sealed or elsewhere: closings are what there is")
    parser.add_argument("--entries", action="store_true")
    parser.add_argument("--json", action="store_true", help="one object a line for each ledger: its heads and what was found")
    options = parser.parse_args()
    try:
        keys, kinds = load_keys(options.keys), set()
    except ValueError as wrong:
        sys.exit(str(wrong))
    if not MLDSA65PublicKey:
        print("ML-DSA-65 signatures are not checked: the package cryptography is older than 48", file=sys.stderr)
    for folder in options.ledgers:
        ledger = Ledger(Folder(folder), keys, options.head, options.closings_only, show_entry if options.entries else None)
        found = ledger.all()
        if options.copy:
            copy = Ledger(Folder(options.copy), keys, [], True)
            found += ledger.compare(copy) + [each for each in copy.all() if each[1]["kind"] not in NOTES]
        kinds |= {each["kind"] for _, each in found} - NOTES
        if options.json:
            print(json.dumps({"ledger": folder, "heads": [str(chain.head) for chain in ledger.chains.values() if chain.head],
                              "found": [{"chain": id.hex(), **each} for id, each in found]}))
            continue
        out = sys.stderr if options.entries else sys.stdout
        for id, chain in ledger.chains.items():
            print(f"chain {id.hex()}: {len(chain.closings)} closed segments, {chain.count} entries, head {chain.head}", file=out)
            for erasure in chain.erased:
                print(f"  segments {erasure.first} to {erasure.end - 1} erased {moment(erasure.created)}: "
                      f"{REASONS[erasure.reason]} {erasure.reference}", file=out)
        for id, each in found:
            print(f"{'note' if each['kind'] in NOTES else 'WRONG'}: {id.hex()[:8]} {each['kind']} {place_of(each)}", file=out)
    return 0 if not kinds else 8 if kinds == {"newer-format"} else 4


if __name__ == "__main__":
    sys.exit(main())
