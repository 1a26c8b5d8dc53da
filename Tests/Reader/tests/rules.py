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
from hdsreader.problems import Damaged, NewerFormat
from hdsreader.statements import (AGREED, CONDEMNED, DECIDED, DELETED, DESCRIPTOR, FORGET, HOLD, LASTING, LEAVING, LOCK, MAINTAIN, MIGRATION,
                                  PARTLY_DELETED, PLACED, RELEASED, SEGMENT, SHEET, STORE_REFUSED, VERIFY, WITHDRAWN, Hold, HoldBody,
                                  Migration, Statement)
from hdsreader.trust import longest_chain

from .hostile import counted, varint
from .support import KIT, Copy, digest, newer, repository, resealed, snapshots

MAINTAINER, VERIFIER = b"m" * 32, b"v" * 32   # signing seeds
NOW = 1_900_000_000


def statement(type, body, seed, tenant, lasting=None):
    """`lasting`: whether it carries both signatures, if not as its type asks for."""
    head = b"HDSBSTMT" + struct.pack("<HHB3x16sI", 1, 1, type, tenant.id, len(body)) + body
    message, id = b"hdsbackup/1 statement" + head, signing_id(public_keys(seed))
    ed25519 = Ed25519PrivateKey.from_private_bytes(hkdf(seed, b"", b"ed25519 seed"))
    ml_dsa = MLDSA65PrivateKey.from_seed_bytes(hkdf(seed, b"", b"ml-dsa-65 seed"))
    signatures = [b"\1" + id + ed25519.sign(message)]
    if lasting if lasting is not None else type in LASTING:
        signatures.append(b"\2" + id + ml_dsa.sign(message))
    data = head + bytes([len(signatures)]) + b"".join(signatures)
    return data + sha256(data)


def listed(items):
    return varint(len(items)) + b"".join(items)


def session(name):
    return struct.pack("<I", name.generation) + name.random


def time(seconds=NOW):
    return struct.pack("<qI", seconds, 0)


def migration(id=b"g" * 16, number=1, act=LEAVING, left=b"a" * 16, to=b"b" * 16, names=(b"paris", b"lille"), at=NOW, proof=b"\0", samples=(),
              numbers=(0, 0, 0, 0), remnants=(), tail=b""):
    """The body of a record of a migration."""
    return (id + struct.pack("<IB", number, act) + left + to + counted(names[0]) + counted(names[1]) + time(at - 5) + time(at) + proof
            + listed(samples) + struct.pack("<QQQQ", *numbers) + listed(remnants) + tail)


PROOF = b"\1" + b"r" * 32 + struct.pack("<QQQ", 12, 345, 3) + time(NOW - 1)


def sample(good=1, sheet=b"20300101T000000Z-" + b"0" * 32):
    return b"s" * 16 + bytes([good]) + time(NOW - 2) + counted(sheet)


def remnant(key=b"packs/ab/x", size=7, reason=LOCK, until=NOW + 60):
    return counted(key) + struct.pack("<QBq", size, reason, until)


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

    def migrate(self, number=1, act=LEAVING, seed=MAINTAINER, name=None, lasting=None, change=None, id=b"g" * 16, **body):
        """A record of a migration that leaves this site, unless it is said to be another."""
        body = migration(id, number, act, **{"left": self.id} | body)
        data = statement(MIGRATION, body, seed, self.tenant, lasting)
        self.put(name or names.migration_key(id, number), resealed(data, change) if change else data)

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

    def test_longest_chain(self):
        start, a, b, c, d = bytes(32), b"a" * 32, b"b" * 32, b"c" * 32, b"d" * 32
        self.assertEqual(longest_chain({}), [])
        self.assertEqual(longest_chain({start: [a, b], b: [c]}), [b, c])
        for last in ([c, d], [d, c]):
            self.assertEqual(longest_chain({start: [b, a], b: last}), [b, c])
        self.assertEqual(longest_chain({start: [a, b], a: [d], b: [c]}), [b, c])

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

    def test_migrations(self):
        """Maintenance's, with both signatures, under its own name."""
        def flip(place):
            def change(body):
                body[place] ^= 1
            return change

        def doubled(body):
            """A third signature: the first once more."""
            ed25519, ml_dsa = 33 + 64, 33 + 3309
            body[-ed25519 - ml_dsa - 1] = 3
            body += body[-ed25519 - ml_dsa:-ml_dsa]

        other = "migrations/" + b"g".hex() * 16
        for case, status in (({}, 0), ({"seed": VERIFIER}, 5), ({"at": NOW + 11}, 5), ({"at": NOW - 86_411}, 5), ({"name": other + ".0000000002"}, 5),
                             ({"name": other}, 5), ({"name": "migrations/" + b"h".hex() * 16 + ".0000000001"}, 5), ({"lasting": False}, 5),
                             ({"change": doubled}, 5), ({"change": flip(-1)}, 5), ({"change": flip(-3309 - 34)}, 5), ({"change": flip(90)}, 5),
                             ({"change": newer}, 8), ({"change": flip(12)}, 4), ({"act": 6}, 8), ({"act": 0}, 8), ({"number": 0}, 4), ({"tail": b"\0"}, 4)):
            with self.subTest(case), Site() as site:
                site.migrate(**case)
                ran = site.run("verify")
                self.assertEqual(ran.status, status)
                named = [line.split(": ")[1].split("/")[0] for line in ran.problems if not line.startswith("note")]
                self.assertEqual(named, ["migrations"] if status else [])
                self.assertEqual(any("is left" in line for line in ran.problems), not status)    # what is void says nothing
                self.assertEqual(site.ids(), snapshots())          # readers of snapshots pass it over
        with Site() as site:
            site.put("migrations/rubbish", b"?")
            ran = site.run("verify")
            self.assertEqual((ran.status, ran.problems), (4, ["damaged: migrations/rubbish: not a statement"]))

    def parsed(self, **body):
        tenant = repository().tenant
        return Migration.parse(Statement.parse(statement(MIGRATION, migration(**body), MAINTAINER, tenant), MIGRATION, tenant))

    def test_what_a_migration_says(self):
        said = self.parsed(act=PARTLY_DELETED, number=3, proof=PROOF, samples=[sample(), sample(0, b"")], numbers=(9, 8, 7, 6),
                           remnants=[remnant(), remnant(b"site", 0, STORE_REFUSED, 0)], names=("Évry".encode(), b""))
        self.assertEqual(said, (
            b"g" * 16, 3, PARTLY_DELETED, b"a" * 16, b"b" * 16, "Évry", "", (NOW - 5, 0), (NOW, 0), (b"r" * 32, 12, 345, 3, (NOW - 1, 0)),
            [(b"s" * 16, True, (NOW - 2, 0), "20300101T000000Z-" + "0" * 32), (b"s" * 16, False, (NOW - 2, 0), "")],
            9, 8, 7, 6, [("packs/ab/x", 7, LOCK, NOW + 60), ("site", 0, STORE_REFUSED, None)]))

    def test_bounds_of_a_migration(self):
        most = self.parsed(names=(b"n" * 256, b"n" * 256), samples=[sample(1, b"s" * 256)] * 4096, remnants=[remnant()] * 65_535
                           + [remnant(b"k" * 1024)], number=2**32 - 1, numbers=[2**64 - 1] * 4)
        self.assertEqual((len(most.samples), len(most.remnants), most.number), (4096, 65_536, 2**32 - 1))
        for wrong in ({"names": (b"n" * 257, b"")}, {"names": (b"", b"n" * 257)}, {"names": (b"\xff", b"")}, {"proof": b"\2"}, {"proof": PROOF[:-1]},
                      {"proof": PROOF[:-4] + struct.pack("<I", 10**9)}, {"samples": [sample(2)]}, {"samples": [sample(1, b"s" * 257)]},
                      {"samples": [sample()] * 4097}, {"remnants": [remnant(b"k" * 1025)]}, {"remnants": [remnant(b"\xc3")]},
                      {"remnants": [remnant()] * 65_537}, {"remnants": [remnant()[:-1]]}, {"tail": b"\0"}, {"tail": bytes(16 << 20)}):
            with self.subTest({name: value[:40] for name, value in wrong.items()}):
                self.assertRaises(Damaged, self.parsed, **wrong)
        for reason in (0, 4):
            self.assertRaises(NewerFormat, self.parsed, remnants=[remnant(reason=reason)])

    def test_a_site_that_is_left(self):
        """By the last valid record of some migration away from it, if that was not withdrawn, and is not over."""
        first, second = b"g" * 16, b"h" * 16
        last = f"migrations/{second.hex()}.0000000002"
        for left, records in ((None, [{"left": b"a" * 16}]),
                              (f"migrations/{first.hex()}.0000000002: agreed", [{}, {"number": 2, "act": AGREED, "proof": PROOF}]),
                              (None, [{}, {"number": 2, "act": WITHDRAWN}]),
                              (f"migrations/{first.hex()}.0000000003: leaving", [{}, {"number": 2, "act": WITHDRAWN}, {"number": 3}]),
                              (None,
                               [{"number": 9, "act": PARTLY_DELETED}, {"number": 10, "act": DELETED}, {"number": 2, "act": WITHDRAWN}]),
                              (f"{last}: agreed", [{}, {"number": 2, "act": WITHDRAWN}, {"id": second}, {"id": second, "number": 2, "act": AGREED}]),
                              (f"{last}: agreed", [{}, {"id": second, "number": 2, "act": AGREED, "at": NOW + 1}]),
                              (f"migrations/{first.hex()}.0000000001: leaving", [{}, {"number": 2, "act": WITHDRAWN, "seed": VERIFIER}]),
                              (f"migrations/{first.hex()}.0000000001: leaving", [{}, {"number": 2, "act": WITHDRAWN, "left": b"a" * 16}])):
            with self.subTest(records), Site() as site:
                for record in records:
                    site.migrate(**record)
                ran = site.run("verify")
                said = [line for line in ran.problems if "is left" in line]
                self.assertEqual(said, [f"note: this site is left for lille ({b'b'.hex() * 16}), by {left}. What lacks here is no loss"] if left else [])
                self.assertEqual(ran.status, 5 if any("seed" in record for record in records) else 0)

    def test_lists(self):
        with Site() as site:
            site.put(f"lists/{sha256(listed([])).hex()}", listed([]))
            site.put("lists/not-a-name", b"?")
            self.assertEqual(site.run("verify").status, 0)
            site.put(f"lists/{sha256(b'?').hex()}", listed([]))
            self.assertEqual(site.run("verify").status, 4)
