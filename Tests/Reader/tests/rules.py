"""Records of collection and retention, which the vectors do not have; a descriptor admits the keys that sign them."""
import struct
import unittest

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hdsreader import names
from hdsreader.crypto import hkdf, public_keys, sha256, signing_id
from hdsreader.keys import (CATALOGUE, HOLD as SEALED_HOLD, LAST_ORDINAL, SHEET as SEALED_SHEET, TABLE, Kit, block_context,
                            open_wrap)
from hdsreader.statements import (CONDEMNED, DECIDED, DESCRIPTOR, FORGET, HOLD, LASTING, MAINTAIN, PLACED, RELEASED, SEGMENT, SHEET,
                                  VERIFY, Hold, HoldBody, Statement)

from .hostile import varint
from .support import KIT, Copy, digest, repository, snapshots

MAINTAINER, VERIFIER = b"m" * 32, b"v" * 32   # signing seeds
NOW = 1_900_000_000


def statement(type, body, seed, tenant):
    head = b"HDSBSTMT" + struct.pack("<HHB3x16sI", 1, 1, type, tenant.id, len(body)) + body
    message, id = b"hdsbackup/1 statement" + head, signing_id(public_keys(seed))
    ed25519 = Ed25519PrivateKey.from_private_bytes(hkdf(seed, b"", b"ed25519 seed"))
    ml_dsa = MLDSA65PrivateKey.from_seed_bytes(hkdf(seed, b"", b"ml-dsa-65 seed"))
    signatures = [b"\1" + id + ed25519.sign(message)]
    if type in LASTING:
        signatures.append(b"\2" + id + ml_dsa.sign(message))
    data = head + bytes([len(signatures)]) + b"".join(signatures)
    return data + sha256(data)


def listed(items):
    return varint(len(items)) + b"".join(items)


def session(name):
    return struct.pack("<I", name.generation) + name.random


def time(seconds=NOW):
    return struct.pack("<qI", seconds, 0)


class Site(Copy):
    """A copy of the vectors with one more descriptor, that admits a maintainer and a verifier of this test's own."""

    def __enter__(self):
        super().__enter__()
        opened = repository()
        self.tenant, self.id, last = opened.tenant, opened.marker.site, opened.descriptor
        wrap, = self.objects("keys")
        authority = open_wrap(wrap.read_bytes(), self.tenant, Kit(KIT.read_text()).key).authority
        actors = [actor for actors in last.actors.values() for actor in actors]
        encoded = [struct.pack("<B16s", actor.role, actor.domain) + actor.public
                   + struct.pack("<qq", actor.begins, actor.until) for actor in actors]
        encoded += [struct.pack("<B16x", role) + public_keys(seed) + struct.pack("<qq", NOW - 10, NOW + 10)
                    for role, seed in ((MAINTAIN, MAINTAINER), (VERIFY, VERIFIER))]
        body = (struct.pack("<I", last.number + 1) + bytes.fromhex(digest(self.objects("descriptor")[-1]))
                + struct.pack("<q", NOW) + last.authority + struct.pack("<QQQ", *last.features)
                + listed([struct.pack("<I", number) + public for number, public in last.epochs.items()])
                + listed([bytes([kind]) + public for kind, public in last.recipients])
                + listed([id + record.commitment + record.before for id, record in last.domains.items()])
                + listed(encoded) + listed(last.sites))
        self.put("descriptor/any-name", statement(DESCRIPTOR, body, authority, self.tenant))
        return self

    def put(self, key, data):
        path = self.prefix / key
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        return sha256(data)

    def keys(self, form, folder):
        return [form.named(self.key(path)) for path in self.objects(folder)]

    def decide(self, generation, commits=(), segments=(), flag=1, seed=MAINTAINER, site=None, at=NOW):
        body = (struct.pack("<I", generation) + (site or self.id) + time(at) + bytes([flag]) + listed([])
                + listed([key.snapshot + session(key.session) for key in commits])
                + listed([session(key.session) + struct.pack("<IB", key.number, key.merged) for key in segments])
                + listed([]))
        self.put(f"decided/{generation:010}", statement(DECIDED, body, seed, self.tenant))

    def forget(self, number, previous, snapshots, at=NOW):
        body = (struct.pack("<I", number) + previous + time(at)
                + listed([bytes.fromhex(id) + manifest + b"\1" for id, manifest in snapshots]))
        return self.put(f"forget/{number:010}", statement(FORGET, body, MAINTAINER, self.tenant))

    def sheet(self, seed=VERIFIER, at=NOW, name=None, share=(0, 1_000_000), flip=False, tail=b"", version=1):
        """A sheet sealed for the catalogue of the first domain."""
        ring = repository().ring
        domain, random = next(iter(ring.domains.values())), b"r" * 16
        part = b"\1" + varint(0) + varint(5) * 3
        text = (bytes([version]) + bytes(16) + varint(3) + b"dpi" + bytes(48) + varint(4) + b"host" + varint(0) + time(at) * 2
                + varint(12) * 2 + listed([varint(5) + b"paris"]) + listed([]) + varint(7) * 2 + struct.pack("<II", *share)
                + b"\1" + part * 4 + varint(0) * 5 + b"\1" + varint(3600) + b"\1")
        block, sealed = self.sealed(domain, SEALED_SHEET, random + bytes(16), text + bytes(-len(text) % 1024))
        sealed[40] ^= flip
        body = domain.id + time(at) + random + block + varint(len(sealed)) + sealed + tail
        self.put(name or names.sheet_key(at, random), statement(SHEET, body, seed, self.tenant))

    def sealed(self, domain, kind, id, text, ordinal=0):
        """A catalogue key block, and what is sealed under it."""
        salt = sha256(id + text)
        derived = hkdf(domain.catalogue, salt, b"catalogue block", block_context(self.tenant.id, domain.id, 0), 64)
        block = struct.pack("<BBHI", CATALOGUE, 0, 72, 0) + salt + derived[32:]
        context = b"hdsbackup/1 blob" + self.tenant.id + domain.id + bytes([kind]) + id + sha256(block) + struct.pack("<I", ordinal)
        return block, bytearray(AESGCM(derived[:32]).encrypt(struct.pack("<I", ordinal) + id[:8], text, context))

    def hold(self, act=PLACED, seed=MAINTAINER, at=NOW, name=None, sealed_as=None, flip=False, tail=b"", version=1, snapshots=(),
             person=b"astreinte", until=0):
        """A hold or a release, for the catalogue of the first domain."""
        domain, id = next(iter(repository().ring.domains.values())), b"h" * 16
        text = (bytes([version]) + struct.pack("<q", until) + varint(len(person)) + person + varint(4) + b"case"
                + listed([bytes.fromhex(snapshot) for snapshot in snapshots]))
        block, sealed = self.sealed(domain, SEALED_HOLD, id + bytes([sealed_as or act]) + bytes(15), text + bytes(-len(text) % 1024))
        sealed[40] ^= flip
        body = id + bytes([act]) + domain.id + time(at) + block + varint(len(sealed)) + sealed + tail
        return self.put(name or names.hold_key(id, act == RELEASED), statement(HOLD, body, seed, self.tenant))

    def merge(self, generation, seed=MAINTAINER):
        """One merged segment in place of all that are there, which go. Returns its name."""
        opened = repository(self.site)
        packs, rows, domains = [], [], set()
        for path in self.objects("index"):
            body, table = opened.read_segment(self.key(path), names.SegmentKey.named(self.key(path)))
            domains.add(body.domain)
            rows += [(id, pack + len(packs), offset, length) for id, pack, offset, length in table.rows]
            packs += table.packs
            path.unlink()
        domain, = domains
        table = (struct.pack("<I", len(packs))
                 + b"".join(pack.digest + session(pack.session) + bytes([pack.attempt]) + writer for pack, writer in packs)
                 + struct.pack("<I", len(rows)) + b"".join(struct.pack("<32sIII", *row) for row in sorted(rows)))
        name = names.SegmentKey(names.Session(generation, b"c" * 16), 0, True)
        block, sealed = self.sealed(opened.ring.domain(domain), TABLE, bytes(32), table, LAST_ORDINAL)
        body = domain + self.id + session(name.session) + struct.pack("<IB", name.number, name.merged) + time() + block + sealed
        self.put(str(name), statement(SEGMENT, body, seed, self.tenant))
        return name

    def ids(self):
        return [line.split()[0] for line in self.run("list").out.splitlines()]

    def manifest(self, number):
        path, = [path for path in self.objects("snapshots") if path.name.startswith(snapshots()[number])]
        return bytes.fromhex(digest(path))


class TestRules(unittest.TestCase):
    def test_the_new_descriptor(self):
        with Site() as site:
            self.assertEqual(site.run("verify").status, 0)

    def test_forget(self):
        with Site() as site:
            first = site.forget(0, bytes(32), [(snapshots()[0], site.manifest(0))])
            self.assertEqual(site.ids(), snapshots()[1:])
            next(path for path in site.objects("commits") if path.name.startswith(snapshots()[0])).unlink()
            self.assertEqual(site.run("verify").status, 0)
            site.forget(1, bytes(32), [(snapshots()[1], site.manifest(1))])     # breaks the chain: void
            site.forget(2, first, [(snapshots()[2], site.manifest(2))])
            self.assertEqual(site.ids(), snapshots()[1:2])
            self.assertEqual(site.run("verify").status, 5)

    def test_forget_without_a_right(self):
        with Site() as site:
            site.forget(0, bytes(32), [(snapshots()[0], site.manifest(0))], at=NOW + 11)
            self.assertEqual(site.ids(), snapshots())

    def test_forgotten_is_a_pair(self):
        """Another manifest under the id of one that was forgotten is another snapshot."""
        with Site() as site:
            site.forget(1, bytes(32), [(snapshots()[0], site.manifest(1)), (snapshots()[1], site.manifest(1))])
            self.assertEqual(site.ids(), [snapshots()[0], snapshots()[2]])
            self.assertEqual(site.run("extract", snapshots()[0], site.root / "out").status, 0)

    def test_a_forgotten_manifest_in_quarantine(self):
        """Its slot is gone and it is not: nothing to speak of."""
        with Site() as site:
            site.forget(1, bytes(32), [(snapshots()[0], site.manifest(0))])
            next(path for path in site.objects("commits") if path.name.startswith(snapshots()[0])).unlink()
            self.assertEqual(site.run("verify").problems, [])

    def test_decision(self):
        with Site() as site:
            commits, segments = site.keys(names.CommitKey, "commits"), site.keys(names.SegmentKey, "index")
            kept = [key for key in commits if key.snapshot.hex() != snapshots()[0]]
            site.decide(1, kept, segments)
            self.assertEqual(site.ids(), snapshots()[1:])
            self.assertEqual(site.extract(1)[0], 0)
            site.decide(2, flag=0)                       # an undo names nothing, so the first still counts
            self.assertEqual(site.ids(), snapshots()[1:])
            site.decide(3, kept[:1], segments)
            self.assertEqual(site.ids(), [kept[0].snapshot.hex()])

    def test_void_decisions(self):
        for case in ({"seed": VERIFIER}, {"site": bytes(16)}, {"at": NOW + 11}, {"at": NOW - 86_411},
                     {"generation": 0}):
            with self.subTest(case), Site() as site:
                site.decide(**{"generation": 1, **case})
                ran = site.run("list")
                self.assertEqual((ran.status, len(ran.out.splitlines())), (5, 3))

    def test_segments_that_do_not_count(self):
        """Nothing of the index counts; directories of packs give the same."""
        with Site() as site:
            site.decide(1, site.keys(names.CommitKey, "commits"))
            self.assertEqual(site.extract(1)[0], 0)

    def test_merged_segment(self):
        """It counts once a decision names it, and then does for all that it took the place of."""
        with Site() as site:
            commits, name = site.keys(names.CommitKey, "commits"), site.merge(1)
            self.assertEqual(site.run("verify").status, 4)        # nobody named it, and the others are gone
            site.decide(1, commits, [name])
            self.assertEqual(site.run("verify").problems, [])
            self.assertEqual([site.extract(number)[0] for number in range(3)], [0, 0, 0])

    def test_merged_segment_of_a_stranger(self):
        """Void even if it is named: what it listed is found by the packs' own directories."""
        with Site() as site:
            commits, name = site.keys(names.CommitKey, "commits"), site.merge(1, seed=VERIFIER)
            site.decide(1, commits, [name])
            self.assertEqual(site.run("verify").status, 5)
            self.assertEqual(site.extract(1)[0], 0)

    def test_condemned(self):
        with Site() as site:
            body = struct.pack("<I", 1) + site.id + time() + listed([]) + listed([]) + listed([])
            site.put("condemned/0000000001", statement(CONDEMNED, body, MAINTAINER, site.tenant))
            self.assertEqual(site.run("verify").status, 0)
            site.put("condemned/0000000002", statement(CONDEMNED, body, MAINTAINER, site.tenant))
            self.assertEqual(site.run("verify").status, 5)

    def test_sheets(self):
        """Of restore tests: the verifier's, under its own name, opened by the catalogue key."""
        for case, status in (({}, 0), ({"seed": MAINTAINER}, 5), ({"at": NOW + 11}, 5), ({"name": "sheets/other"}, 5),
                             ({"share": (2, 1)}, 4), ({"flip": True}, 4), ({"tail": b"\0"}, 4), ({"version": 2}, 8)):
            with self.subTest(case), Site() as site:
                site.sheet(**case)
                self.assertEqual(site.run("verify").status, status)

    def test_holds(self):
        """Maintenance's, under its own name and act, opened by the catalogue key."""
        for case, status in (({}, 0), ({"act": RELEASED}, 0), ({"seed": VERIFIER}, 5), ({"at": NOW + 11}, 5), ({"name": "holds/other"}, 5),
                             ({"act": RELEASED, "name": "holds/" + b"h".hex() * 16}, 5), ({"sealed_as": RELEASED}, 4), ({"act": 3}, 8),
                             ({"flip": True}, 4), ({"tail": b"\0"}, 4), ({"version": 2}, 8), ({"person": b"p" * 1025}, 4),
                             ({"person": b"\xff"}, 4)):
            with self.subTest(case), Site() as site:
                site.hold(**case)
                self.assertEqual(site.run("verify").status, status)
                self.assertEqual(site.ids(), snapshots())          # readers of snapshots pass it over

    def test_what_a_hold_says(self):
        with Site() as site:
            site.hold(snapshots=snapshots()[:2], until=NOW + 86_400)
            opened = repository(site.site)
            data = (site.prefix / "holds" / (b"h".hex() * 16)).read_bytes()
            body = HoldBody.parse(Statement.parse(data, HOLD, site.tenant))
            said = Hold.parse(opened.ring.open(body.block, body.domain, SEALED_HOLD, body.seal_id, 0, body.sealed))
            self.assertEqual(said, (NOW + 86_400, "astreinte", "case", [bytes.fromhex(id) for id in snapshots()[:2]]))

    def test_lists(self):
        with Site() as site:
            site.put(f"lists/{sha256(listed([])).hex()}", listed([]))
            site.put("lists/not-a-name", b"?")
            self.assertEqual(site.run("verify").status, 0)
            site.put(f"lists/{sha256(b'?').hex()}", listed([]))
            self.assertEqual(site.run("verify").status, 4)
