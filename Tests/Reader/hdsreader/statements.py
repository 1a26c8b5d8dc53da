"""Signed statements and their bodies: docs/FORMAT.md 7, 9, 12 and 13, docs/MIGRATION.md 7."""
from typing import NamedTuple

from .crypto import ED25519, ML_DSA_65, PUBLIC_KEYS, SEALING_PUBLIC, SIGNATURE_SIZES, sha256, signature_is_right, \
    signing_id
from .keys import KeyBlock, RUN, CATALOGUE
from .names import CommitKey, PackKey, SegmentKey, Session
from .problems import Damaged, Foreign, NewerFormat, Refused
from .wire import Cursor, Time

(MARKER, DESCRIPTOR, SESSION, MANIFEST, SLOT, CONDEMNED, DECIDED, FORGET, ATTESTED, SEGMENT, SHEET,
 HOLD, MIGRATION) = range(1, 14)
WRITE, MAINTAIN, VERIFY = 1, 2, 3
BACKUP, REPLICATE, COMPACT = 1, 2, 3
COMMIT, ABANDON, FENCE = 1, 2, 3
PLACED, RELEASED = 1, 2
LEAVING, AGREED, PARTLY_DELETED, DELETED, WITHDRAWN = range(1, 6)
ACTS = {LEAVING: "leaving", AGREED: "agreed", PARTLY_DELETED: "partly deleted", DELETED: "deleted", WITHDRAWN: "withdrawn"}
LOCK, STORE_HOLD, STORE_REFUSED = 1, 2, 3      # why an object was not deleted
KIB, MIB = 1 << 10, 1 << 20
LIMITS = {MARKER: 64 * KIB, DESCRIPTOR: 16 * MIB, SESSION: 64 * KIB, MANIFEST: MIB, SLOT: 64 * KIB,
          CONDEMNED: 64 * MIB, DECIDED: 64 * MIB, FORGET: 64 * MIB, ATTESTED: 64 * MIB, SEGMENT: 64 * MIB,
          SHEET: 64 * KIB, HOLD: 64 * KIB, MIGRATION: 16 * MIB}
LASTING = {MARKER, DESCRIPTOR, MANIFEST, FORGET, MIGRATION}
MANY = 1_048_576


def largest(type):
    """The size of the largest object of a type."""
    return LIMITS[type] + 16 * KIB


class Statement(NamedTuple):
    type: int
    body: bytes
    message: bytes       # what is signed
    signatures: list     # (algorithm, signer's id, signature)
    digest: bytes        # SHA-256 of the object

    @classmethod
    def parse(cls, data, type, tenant):
        if len(data) < 69 or len(data) > largest(type) or data[:8] != b"HDSBSTMT":
            raise Damaged("not a statement")
        if sha256(data[:-32]) != data[-32:]:
            raise Damaged("its last digest is wrong")
        fields = Cursor(data[8:-32], "statement")
        if (fields.u16(), fields.u16()) != (1, 1):
            raise NewerFormat("a later version of statement")
        if fields.u8() != type:
            raise Damaged("a statement that does not belong here")
        fields.zeros(3)
        if fields.id() != tenant.id:
            raise Foreign("a statement of another tenant")
        length = fields.u32()
        if length > LIMITS[type]:
            raise fields.damaged("a body longer than it can be")
        body, signatures = fields.take(length), []
        for _ in range(fields.u8()):
            algorithm = fields.u8()
            if algorithm not in SIGNATURE_SIZES:
                raise NewerFormat("a later kind of signature")
            signatures.append((algorithm, fields.digest(), fields.take(SIGNATURE_SIZES[algorithm])))
        fields.end()
        return cls(type, body, b"hdsbackup/1 statement" + data[:36 + length], signatures, sha256(data))

    @property
    def signer(self):
        """The id of the key whose word this claims to be."""
        if not self.signatures:
            raise Refused("nobody signed it")
        return self.signatures[0][1]

    def check(self, public):
        """All needed signatures are by the key `public`."""
        needed = (ED25519, ML_DSA_65) if self.type in LASTING else (ED25519,)
        if len(self.signatures) != len(needed):
            raise Refused("it has a signature more than it needs, or less")
        for algorithm in needed:
            signature = next((s for a, id, s in self.signatures if (a, id) == (algorithm, self.signer)), None)
            if signature is None or self.signer != signing_id(public) or \
                    not signature_is_right(algorithm, public, signature, self.message):
                raise Refused("a signature is wrong or absent")


def cursor(statement, what):
    return Cursor(statement.body, what)


def one_of(value, known, what):
    if value not in known:
        raise NewerFormat(f"a later kind of {what}")
    return value


class Marker(NamedTuple):
    site: bytes
    kind: str
    place: str
    created: int

    @classmethod
    def parse(cls, statement):
        fields = cursor(statement, "marker")
        marker = cls(fields.id(), fields.text(16), fields.text(1024), fields.i64())
        fields.end()
        return marker


class DomainRecord(NamedTuple):
    commitment: bytes
    before: bytes


class Actor(NamedTuple):
    role: int
    domain: bytes
    public: bytes
    begins: int
    until: int

    def holds(self, moment):
        return self.begins - 86_400 <= moment and (not self.until or moment <= self.until)


class Descriptor(NamedTuple):
    number: int
    previous: bytes
    created: int
    authority: bytes
    features: tuple      # to read, to write, to collect
    epochs: dict
    recipients: list
    domains: dict
    actors: dict         # signing key's id: list of Actor
    sites: list

    @classmethod
    def parse(cls, statement):
        fields = cursor(statement, "descriptor")
        number, previous, created = fields.u32(), fields.digest(), fields.i64()
        authority, features = fields.take(PUBLIC_KEYS), (fields.u64(), fields.u64(), fields.u64())
        epochs = fields.list_of(1024, lambda: (fields.u32(), fields.take(SEALING_PUBLIC)))
        recipients = fields.list_of(1024, lambda: (one_of(fields.u8(), (1, 2), "recipient"),
                                                   fields.take(SEALING_PUBLIC)))
        domains = fields.list_of(65_536, lambda: (fields.id(), DomainRecord(fields.take(32), fields.id())))
        actors = {}
        for actor in fields.list_of(65_536, lambda: Actor(one_of(fields.u8(), (WRITE, MAINTAIN, VERIFY), "role"),
                                                          fields.id(), fields.take(PUBLIC_KEYS), fields.i64(),
                                                          fields.i64())):
            actors.setdefault(signing_id(actor.public), []).append(actor)
        sites = fields.list_of(1024, fields.id)
        fields.end()
        return cls(number, previous, created, authority, features, dict(epochs), recipients, dict(domains), actors,
                   sites)

    def check_signer(self, statement, roles, moment):
        """The signer has one of `roles`, each (role, domain or None), at that moment, and signed. Returns the actor."""
        for actor in self.actors.get(statement.signer, ()):
            if any(actor.role == role and domain in (None, actor.domain) for role, domain in roles) \
                    and actor.holds(moment):
                statement.check(actor.public)
                return actor
        raise Refused("its signer has no right to say this")


class SessionBody(NamedTuple):
    session: Session
    site: bytes
    snapshot: bytes
    purpose: int
    domain: bytes
    created: Time

    @classmethod
    def parse(cls, statement):
        fields = cursor(statement, "session")
        body = cls(Session.parse(fields), fields.id(), fields.id(),
                   one_of(fields.u8(), (BACKUP, REPLICATE, COMPACT), "purpose"), fields.id(), fields.time())
        fields.end()
        return body


class Slot(NamedTuple):
    key: CommitKey
    site: bytes
    outcome: int
    manifest: bytes
    nonce: bytes
    created: Time

    @classmethod
    def parse(cls, statement):
        fields = cursor(statement, "slot")
        slot = cls(CommitKey.parse(fields), fields.id(), one_of(fields.u8(), (COMMIT, ABANDON, FENCE), "outcome"),
                   fields.digest(), fields.id(), fields.time())
        fields.end()
        if slot.outcome != COMMIT and any(slot.manifest):
            raise fields.damaged("a manifest without a commit")
        return slot


class Condemned(NamedTuple):
    generation: int
    site: bytes
    created: Time
    packs: list
    marked: list
    lists: list

    @classmethod
    def parse(cls, statement):
        fields = cursor(statement, "condemned")
        body = cls(fields.u32(), fields.id(), fields.time(), fields.list_of(MANY, lambda: PackKey.parse(fields)),
                   fields.list_of(MANY, lambda: CommitKey.parse(fields)), fields.list_of(65_536, fields.digest))
        fields.end()
        return body


class Decided(NamedTuple):
    generation: int
    site: bytes
    created: Time
    names: bool
    doomed: list
    commits: set
    segments: set
    lists: list

    @classmethod
    def parse(cls, statement):
        fields = cursor(statement, "decided")
        generation, site, created, names = fields.u32(), fields.id(), fields.time(), fields.u8()
        if names > 1:
            raise fields.damaged("neither a decision nor an undo")
        body = cls(generation, site, created, bool(names), fields.list_of(MANY, lambda: PackKey.parse(fields)),
                   set(fields.list_of(MANY, lambda: CommitKey.parse(fields))),
                   set(fields.list_of(MANY, lambda: SegmentKey.parse(fields))),
                   fields.list_of(65_536, fields.digest))
        fields.end()
        return body


class Forget(NamedTuple):
    number: int
    previous: bytes
    created: Time
    snapshots: list      # (id, digest of the manifest, reason)

    @classmethod
    def parse(cls, statement):
        fields = cursor(statement, "forget")
        body = cls(fields.u32(), fields.digest(), fields.time(),
                   fields.list_of(MANY, lambda: (fields.id(), fields.digest(), fields.u8())))
        fields.end()
        return body


class Attested(NamedTuple):
    number: int
    created: Time
    packs: list

    @classmethod
    def parse(cls, statement):
        fields = cursor(statement, "attested")
        body = cls(fields.u32(), fields.time(), fields.list_of(MANY, fields.digest))
        fields.end()
        return body


class SegmentBody(NamedTuple):
    domain: bytes
    site: bytes
    key: SegmentKey
    created: Time
    block: KeyBlock
    table: bytes

    @classmethod
    def parse(cls, statement):
        fields = cursor(statement, "segment")
        return cls(fields.id(), fields.id(), SegmentKey.parse(fields), fields.time(), key_block(fields, CATALOGUE),
                   fields.rest())


class SheetBody(NamedTuple):
    domain: bytes
    created: Time
    random: bytes
    block: KeyBlock
    sealed: bytes

    @classmethod
    def parse(cls, statement):
        fields = cursor(statement, "sheet")
        body = cls(fields.id(), fields.time(), fields.id(), key_block(fields, CATALOGUE), fields.counted(49_152))
        fields.end()
        return body


class Part(NamedTuple):
    outcome: int
    reason: str
    compared: int
    differing: int
    changed: int

    @classmethod
    def parse(cls, fields):
        return cls(one_of(fields.u8(), (1, 2, 3), "outcome"), fields.text(64), fields.varint(), fields.varint(),
                   fields.varint())


class Sheet(NamedTuple):
    source: bytes
    source_name: str
    snapshot: bytes
    manifest: bytes
    host: str
    program: str
    started: Time
    finished: Time
    restore_milliseconds: int
    whole_milliseconds: int
    sites: list
    without: list
    files: int
    size: int
    share: tuple         # from, to, in millionths
    complete: bool
    restored: Part
    comparison: Part
    live: Part
    check: Part
    healed: int
    lacking: tuple       # owners, modes, attributes, devices
    promised: int        # seconds, or None
    result: int

    @classmethod
    def parse(cls, text):
        fields = Cursor(text, "sheet")
        if fields.u8() != 1:
            raise NewerFormat("a later version of sheet")

        names = [fields.id(), fields.text(256), fields.id(), fields.digest(), fields.text(256), fields.text(256),
                 fields.time(), fields.time(), fields.varint(), fields.varint(),
                 fields.list_of(255, lambda: fields.text(256)), fields.list_of(255, lambda: fields.text(256)),
                 fields.varint(), fields.varint(), (fields.u32(), fields.u32())]
        first, last = names[-1]
        if not first <= last <= 1_000_000:
            raise fields.damaged("a share beyond the whole")
        parts = [fields.flag(), *(Part.parse(fields) for _ in range(4)), fields.varint(),
                 tuple(fields.varint() for _ in range(4))]
        promised, seconds = fields.flag(), fields.varint()
        return cls(*names, *parts, seconds if promised else None, one_of(fields.u8(), (1, 2, 3), "result"))
        # What follows is padding, and not looked at.


class HoldBody(NamedTuple):
    id: bytes
    act: int
    domain: bytes
    created: Time
    block: KeyBlock
    sealed: bytes

    @classmethod
    def parse(cls, statement):
        fields = cursor(statement, "hold")
        body = cls(fields.id(), one_of(fields.u8(), (PLACED, RELEASED), "act"), fields.id(), fields.time(),
                   key_block(fields, CATALOGUE), fields.counted(49_152))
        fields.end()
        return body

    @property
    def seal_id(self):
        """What the content is sealed under (10.3)."""
        return self.id + bytes([self.act]) + bytes(15)


class Hold(NamedTuple):
    until: int           # seconds since 1970, or None
    person: str
    reason: str
    snapshots: list

    @classmethod
    def parse(cls, text):
        fields = Cursor(text, "hold")
        if fields.u8() != 1:
            raise NewerFormat("a later version of hold")
        return cls(fields.i64() or None, fields.text(1024), fields.text(1024), fields.list_of(1024, fields.id))
        # What follows is padding, and not looked at.


class Proof(NamedTuple):
    root: bytes
    leaves: int
    size: int
    snapshots: int
    made: Time

    @classmethod
    def parse(cls, fields):
        return cls(fields.digest(), fields.u64(), fields.u64(), fields.u64(), fields.time())


class Sample(NamedTuple):
    snapshot: bytes
    is_good: bool
    finished: Time
    sheet: str

    @classmethod
    def parse(cls, fields):
        return cls(fields.id(), fields.flag(), fields.time(), fields.text(256))


class Remnant(NamedTuple):
    key: str
    size: int
    reason: int
    until: int           # seconds since 1970, or None

    @classmethod
    def parse(cls, fields):
        return cls(fields.text(1024), fields.u64(), one_of(fields.u8(), (LOCK, STORE_HOLD, STORE_REFUSED), "remnant"),
                   fields.i64() or None)


class Migration(NamedTuple):
    id: bytes
    number: int
    act: int
    left: bytes          # the site *from*
    to: bytes
    left_name: str
    to_name: str
    begun: Time
    created: Time
    proof: Proof         # or None
    samples: list
    deleted: int
    deleted_size: int
    remaining: int
    remaining_size: int
    remnants: list

    @classmethod
    def parse(cls, statement):
        fields = cursor(statement, "migration")
        body = cls(fields.id(), fields.u32(), one_of(fields.u8(), ACTS, "act"), fields.id(), fields.id(), fields.text(256),
                   fields.text(256), fields.time(), fields.time(), Proof.parse(fields) if fields.flag() else None,
                   fields.list_of(4096, lambda: Sample.parse(fields)), fields.u64(), fields.u64(), fields.u64(), fields.u64(),
                   fields.list_of(65_536, lambda: Remnant.parse(fields)))
        fields.end()
        if not body.number:
            raise fields.damaged("it is numbered 0")
        return body


class Manifest(NamedTuple):
    snapshot: bytes
    domain: bytes
    descriptor: int
    outline_block: KeyBlock
    outline: bytes
    labels_block: KeyBlock
    labels: bytes

    @classmethod
    def parse(cls, statement):
        fields = cursor(statement, "manifest")
        body = cls(fields.id(), fields.id(), fields.u32(), key_block(fields, CATALOGUE), fields.counted(524_288),
                   key_block(fields, RUN), fields.counted(524_288))
        fields.end()
        return body


def key_block(fields, kind):
    block = KeyBlock(fields)
    if block.kind != kind:
        raise fields.damaged("a key block of the wrong kind")
    return block


class Head(NamedTuple):
    domain: bytes
    node: bytes
    counter: int
    manifest: bytes


class Outline(NamedTuple):
    source: bytes
    node: bytes
    started: Time
    finished: Time
    complete: bool
    files: int
    folders: int
    others: int
    size: int
    read: int
    stored: int
    unread: int
    root: bytes
    counter: int
    previous: bytes
    heads: list

    @classmethod
    def parse(cls, text):
        fields = Cursor(text, "outline")
        if fields.u8() != 1:
            raise NewerFormat("a later version of outline")
        source, node, started, finished, complete = (fields.id(), fields.digest(), fields.time(), fields.time(),
                                                     fields.u8())
        if complete > 1:
            raise fields.damaged("neither complete nor not")
        outline = cls(source, node, started, finished, bool(complete), *(fields.varint() for _ in range(7)),
                      fields.digest(), fields.u64(), fields.digest(),
                      fields.list_of(4096, lambda: Head(fields.id(), fields.digest(), fields.u64(), fields.digest())))
        fields.end()
        return outline


class Labels(NamedTuple):
    source: str
    node: str
    paths: list
    command: list
    left_out: list
    program: str

    @classmethod
    def parse(cls, text):
        fields = Cursor(text, "labels")
        if fields.u8() != 1:
            raise NewerFormat("a later version of labels")
        return cls(fields.text(256), fields.text(256), fields.list_of(4096, lambda: fields.counted(65_536)),
                   fields.list_of(4096, lambda: fields.text(65_536)),
                   fields.list_of(65_536, lambda: fields.text(65_536)), fields.text(256))
        # What follows is padding, and not looked at.
