"""Records of collection and retention, which the vectors do not have; a descriptor admits the keys that sign them."""
import struct
import unittest

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hdsreader import names
from hdsreader.crypto import hkdf, public_keys, sha256, signing_id
from hdsreader.keys import CATALOGUE, Kit, block_context, open_wrap
from hdsreader.statements import (CONDEMNED, DECIDED, DESCRIPTOR, FORGET, LASTING, MAINTAIN, SHEET, VERIFY)

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
        domain, salt, random = next(iter(ring.domains.values())), b"s" * 32, b"r" * 16
        part = b"\1" + varint(0) + varint(5) * 3
        text = (bytes([version]) + bytes(16) + varint(3) + b"dpi" + bytes(48) + varint(4) + b"host" + varint(0) + time(at) * 2
                + varint(12) * 2 + listed([varint(5) + b"paris"]) + listed([]) + varint(7) * 2 + struct.pack("<II", *share)
                + b"\1" + part * 4 + varint(0) * 5 + b"\1" + varint(3600) + b"\1")
        derived = hkdf(domain.catalogue, salt, b"catalogue block", block_context(self.tenant.id, domain.id, 0), 64)
        block = struct.pack("<BBHI", CATALOGUE, 0, 72, 0) + salt + derived[32:]
        id = random + bytes(16)
        context = b"hdsbackup/1 blob" + self.tenant.id + domain.id + b"\x15" + id + sha256(block) + bytes(4)
        sealed = bytearray(AESGCM(derived[:32]).encrypt(bytes(4) + id[:8], text + bytes(-len(text) % 1024), context))
        sealed[40] ^= flip
        body = domain.id + time(at) + random + block + varint(len(sealed)) + sealed + tail
        self.put(name or names.sheet_key(at, random), statement(SHEET, body, seed, self.tenant))

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

    def test_lists(self):
        with Site() as site:
            site.put(f"lists/{sha256(listed([])).hex()}", listed([]))
            site.put("lists/not-a-name", b"?")
            self.assertEqual(site.run("verify").status, 0)
            site.put(f"lists/{sha256(b'?').hex()}", listed([]))
            self.assertEqual(site.run("verify").status, 4)
