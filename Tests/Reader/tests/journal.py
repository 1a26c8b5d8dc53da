"""The journal at a site: segments, stubs and erasures made here by docs/JOURNAL.md, sealed to the vectors' key, opened and verified."""
import hashlib
import json
import shutil
import struct
import subprocess
import sys
import unittest

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


from hdsreader import journal
from hdsreader.crypto import HPKE, hkdf, public_keys, sha256, signing_id
from hdsreader.journal import open_sealed_segment
from hdsreader.problems import Damaged, NewerFormat, WrongKey

from .hostile import counted, varint
from .rules import MAINTAINER, NOW, VERIFIER, Site, time
from .support import repository

OPERATIONS, ACCESSES = 1, 2
STRANGER = b"x" * 32
TAIL = struct.pack("<HHB3x", 1, 1, 1)


def labelled(label, *parts):
    return sha256(b"hdsbackup/1 " + label + b"".join(parts))


def signatures(seed, message, ledger):
    id = signing_id(public_keys(seed))
    each = [b"\1" + id + Ed25519PrivateKey.from_private_bytes(hkdf(seed, b"", b"ed25519 seed")).sign(message)]
    if ledger == OPERATIONS:
        each.append(b"\2" + id + MLDSA65PrivateKey.from_seed_bytes(hkdf(seed, b"", b"ml-dsa-65 seed")).sign(message))
    return bytes([len(each)]) + b"".join(each)


def frame(kind, body, check):
    return struct.pack("<B3xII", kind, len(body), len(body) ^ 0xFFFFFFFF) + body + check[:8]


class Chain:
    """Segments one after the other, as a node closes them."""

    def __init__(self, tenant, ledger=ACCESSES, seed=MAINTAINER, random=b"o" * 16):
        self.ledger, self.seed = ledger, seed
        self.origin = bytes([ledger]) + tenant + signing_id(public_keys(seed)) + time(NOW - 9) + random + bytes(56)
        self.id = labelled(b"journal chain", self.origin)[:16]
        self.number = self.first = 0
        self.previous, self.closings = bytes(32), []

    def close(self, *reasons, closed=NOW, seed=None, spoil=b"", flip=False):
        """(segment, stub) of an entry for each reason."""
        head = (b"HDSBJRNL" + TAIL + self.origin + struct.pack("<IQ", self.number, self.first) + self.previous + time(NOW - 8) + b"s" * 32)
        link, data = labelled(b"journal segment", head), head
        for sequence, reason in enumerate(reasons, self.first):
            body = (varint(sequence) + time(NOW - 7) + b"\2\2" + counted(b"host") + b"\2" + b"\0\0" + counted(reason) + b"\0")
            link = labelled(b"journal entry", link, body)
            data += frame(1, body, link)
        closing = (self.origin + struct.pack("<IQQ", self.number, self.first, len(reasons)) + self.previous + link
                   + struct.pack("<Q", len(data)) + sha256(data) + time(NOW - 8) + time(closed) + time(NOW - 7) * 2)
        message = b"hdsbackup/1 journal closing" + closing
        body = closing + signatures(seed or self.seed, message, self.ledger)
        if flip:
            body = body[:-1] + bytes([body[-1] ^ 1])
        self.number, self.first, self.previous, self.link = self.number + 1, self.first + len(reasons), sha256(message), link
        self.closings.append(self.previous)
        end = frame(2, body, sha256(body))
        return data + spoil + end, b"HDSBJRNL" + struct.pack("<HHB3x", 1, 1, 2) + end

    def erase(self, count, reason=2, cutoff=NOW):
        """A record that the first segments were erased."""
        body = (self.origin + struct.pack("<I", 0) + bytes(32) + time(NOW) + bytes([reason]) + time(cutoff) + struct.pack("<Q", 0) + counted(b"ticket-7")
                + struct.pack("<I", 0) + varint(count) + b"".join(self.closings[:count]))
        data = (b"HDSBJRNL" + struct.pack("<HHB3x", 1, 1, 3) + struct.pack("<I", len(body)) + body
                + signatures(self.seed, b"hdsbackup/1 journal erasure" + body, self.ledger))
        return data + sha256(data)

    @property
    def head(self):
        return f"{self.id.hex()}:{self.first}:{self.link.hex()}"


def seal(segment, public, tenant, chain, number, epoch, pad=None, said=None, magic=b"HDSBJSEA", version=1, tail=b""):
    """4.6, with the sender's half of HPKE."""
    shared, ciphertext = MLKEM768PublicKey.from_public_bytes(public[:1184]).encapsulate()
    ephemeral = X25519PrivateKey.from_private_bytes(b"e" * 32)
    point = ephemeral.public_key().public_bytes_raw()
    mixed = shared + ephemeral.exchange(X25519PublicKey.from_public_bytes(public[1184:])) + point + public[1184:]
    context = HPKE(hashlib.sha3_256(mixed + bytes.fromhex("5c2e2f2f5e5c")).digest(), b"hdsbackup/1 journal sealed")
    plain = struct.pack("<I", len(segment) if said is None else said) + segment
    plain += bytes(-len(plain) % 16_384) if pad is None else pad
    sealed = AESGCM(context._key).encrypt(context._nonce, plain, tenant + chain + struct.pack("<II", number, epoch))
    return (magic + struct.pack("<HHI", version, 1, epoch) + ciphertext + point + context.export(b"commitment")
            + struct.pack("<I", len(sealed)) + sealed + tail)


class Ledgers(Site):
    """The vectors' site with a journal."""

    def __enter__(self):
        super().__enter__()
        self.epoch, self.public = max(repository().descriptor.epochs.items())
        return self

    def chain(self, **more):
        return Chain(self.tenant.id, **more)

    def sealed(self, chain, number, segment, **more):
        return seal(segment, self.public, self.tenant.id, chain.id, number, self.epoch, **more)

    def store(self, chain, name, data):
        (self.prefix / "journal").mkdir(exist_ok=True)
        self.put(f"journal/{chain.id.hex()}/{name}", data)

    def bring(self, chain, *reasons, name=None, stub=True, **more):
        """Closes a segment and brings it to the site."""
        number = chain.number
        segment, closing = chain.close(*reasons, **more)
        self.store(chain, name or f"{number:010}", self.sealed(chain, number, segment))
        if stub:
            self.store(chain, f"{number:010}.stub", closing)
        return segment

    def reasons(self, *words):
        """(status, reasons of the entries that are shown, problems that are no notes)"""
        ran = self.run("journal", "--entries", *words)
        return (ran.status, [json.loads(line)["reason"] for line in ran.out.splitlines()],
                [line for line in ran.problems if not line.startswith(("note: ", "chain ", "  "))])


class TestSeal(unittest.TestCase):
    def test_the_seal(self):
        """Each byte of it counts, and so do tenant, chain, number and epoch."""
        opened = repository()
        (epoch, public), tenant, chain = max(opened.descriptor.epochs.items()), opened.tenant.id, b"c" * 16

        def check(data, at=(tenant, chain, 3), epochs=opened.ring.epochs):
            return open_sealed_segment(data, *at, epochs)

        def made(segment=b"segment", number=3, **more):
            return seal(segment, public, tenant, chain, number, epoch, **more)

        right = made()
        self.assertEqual((check(right), check(made(bytes(16_380))), check(made(bytes(16_381)))), (b"segment", bytes(16_380), bytes(16_381)))
        self.assertEqual((len(right) - 1172 - 16, len(made(bytes(16_381))) - 1172 - 16), (16_384, 32_768))
        for at in ((b"t" * 16, chain, 3), (tenant, b"d" * 16, 3), (tenant, chain, 4)):
            self.assertRaises(Damaged, check, right, at)
        for wrong in (made(magic=b"HDSBJSEX"), made(tail=b"\0"), right[:-1], right[:100], b"", made(pad=b""), made(pad=bytes(16_384)),
                      made(pad=b"\1" * (16_384 - 11)), made(said=16_384), made(said=2**32 - 1), made(bytes(10), pad=bytes(2 * 16_384 - 14))):
            self.assertRaises(Damaged, check, wrong)
        self.assertRaises(NewerFormat, check, made(version=2))
        self.assertRaises(WrongKey, check, right, epochs={})
        for place, problem in ((20, WrongKey), (1_140, WrongKey), (1_200, Damaged), (len(right) - 1, Damaged)):
            data = bytearray(right)
            data[place] ^= 1
            self.assertRaises(problem, check, bytes(data))


class TestJournal(unittest.TestCase):
    def test_nothing(self):
        with Ledgers() as site:
            self.assertEqual(site.run("journal"), (0, "", []))

    def test_two_ledgers_of_two_machines(self):
        """Opened in the order of their chains; listed with numbers and who signed; `verify` passes them over."""
        with Ledgers() as site:
            chains = [site.chain(), site.chain(ledger=OPERATIONS), site.chain(seed=VERIFIER), site.chain(ledger=OPERATIONS, seed=VERIFIER)]
            for chain in chains:
                text = [b"patient-1", b"patient-2"] if chain.ledger == ACCESSES else [b"done", b"more"]
                site.bring(chain, *text)
                site.bring(chain, text[0])
            status, shown, problems = site.reasons("--head", chains[0].head)
            self.assertEqual((status, problems, len(shown)), (0, [], 12))
            for chain in sorted(chains, key=lambda chain: chain.id):
                self.assertEqual(shown[:3], ["patient-1", "patient-2", "patient-1"] if chain.ledger == ACCESSES else ["done", "more", "done"])
                del shown[:3]
            rows = site.run("journal").out
            self.assertEqual((rows.count(" opened entries "), rows.count("(maintain)"), rows.count("(verify)")), (8, 2, 2))
            self.assertIn(f"chain {chains[0].id.hex()} accesses by", rows)
            self.assertEqual(site.run("verify").status, 0)

    def test_an_export(self):
        """Written in clear, it verifies with the tool that knows neither sites nor seals."""
        with Ledgers() as site:
            for chain in (site.chain(), site.chain(ledger=OPERATIONS)):
                segments = [site.bring(chain, b"one"), site.bring(chain, b"two", b"three")]
            target = site.root / "export"
            self.assertEqual(site.run("journal", "--to", target).status, 0)
            self.assertEqual((target / "operations" / chain.id.hex() / "0000000001").read_bytes(), segments[1])
            for folder in ("operations", "accesses"):
                words = [sys.executable, journal.TOOLS / "journal_verify.py", "--keys", target / "keys", target / folder]
                done = subprocess.run(words, capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stderr, done.stdout.count("2 closed segments, 3 entries")), (0, "", 1))
            self.assertEqual(site.run("journal", "--to", target).status, 2)

    def test_names(self):
        """What a crash left is no fault; a stranger's is not in the way, and is told."""
        with Ledgers() as site:
            chain = site.chain()
            segment = site.bring(chain, b"one", stub=False)
            self.assertEqual(site.reasons(), (0, ["one"], []))
            site.store(chain, "0000000000.1", site.sealed(chain, 0, segment))
            self.assertEqual(site.reasons(), (0, ["one"], []))
            site.store(chain, "0000000001", b"rubbish" * 9)
            site.bring(chain, b"two", name="0000000001.1")
            self.assertEqual(site.reasons(), (4, ["one", "two"], [f"damaged: journal/{chain.id.hex()}/0000000001: sealed segment: its magic is wrong"]))
            site.store(chain, "0000000001", site.sealed(chain, 1, b"rubbish, well sealed"))
            self.assertEqual(site.reasons(), (4, ["one", "two"], [f"journal: journal/{chain.id.hex()}: damaged-segment object 0000000001"]))
            site.store(chain, "open", b"?")
            self.assertIn(f"note: journal/{chain.id.hex()}/open is not a name of this format", site.run("journal").problems)

    def wrong(self, bend, *words):
        """What is found after `bend` at a site with three segments of one chain."""
        with Ledgers() as site:
            chain = site.chain()
            segments = [site.bring(chain, reason) for reason in (b"one", b"two", b"three")]
            folder = site.prefix / "journal" / chain.id.hex()
            bend(site, chain, segments, folder)
            status, shown, problems = site.reasons(*words)
            return status, shown, [line.replace(f"journal/{chain.id.hex()}", "*") for line in problems]

    def test_what_is_bent(self):
        def forget(name):
            return lambda site, chain, segments, folder: (folder / name).unlink()

        def forget_both(site, chain, segments, folder):
            (folder / "0000000001").unlink()
            (folder / "0000000001.stub").unlink()

        def change(site, chain, segments, folder):
            data = bytearray(segments[1])
            data[260] ^= 1
            site.store(chain, "0000000001", site.sealed(chain, 1, bytes(data)))

        def other_key(site, chain, segments, folder):
            again = site.chain()
            again.close(b"one")
            segment, stub = again.close(b"other", seed=VERIFIER)
            site.store(chain, "0000000001.1", site.sealed(chain, 1, segment))

        def fork(site, chain, segments, folder):
            again = site.chain()
            again.close(b"one")
            site.store(chain, "0000000001.1", site.sealed(chain, 1, again.close(b"other")[0]))

        def moved(site, chain, segments, folder):
            shutil.copy(folder / "0000000001", folder / "0000000003")

        def added(site, chain, segments, folder):
            again = site.chain()
            again.close(b"one")
            site.store(chain, "0000000001", site.sealed(chain, 1, again.close(b"two", spoil=b"?" * 40)[0]))

        three, gap = ["one", "two", "three"], ["one", "three"]
        for bend, *found in ((forget("0000000001"), 4, gap, ["missing: */0000000001: its stub is here and it is not"]),
                             (forget("0000000001.stub"), 0, three, []),
                             (forget_both, 4, gap, ["journal: *: missing-segment segment 1, count 1"]),
                             (change, 4, gap, ["journal: *: changed-entry segment 1, entry 1"]),
                             (other_key, 4, three, ["journal: *: wrong-signer segment 1, object 0000000001.1"]),
                             (fork, 4, three, ["journal: *: fork segment 1"]),
                             (moved, 4, three, ["damaged: */0000000003: the authentication tag is wrong"]),
                             (added, 4, three, ["journal: *: damaged-entries segment 1, entry 2"])):
            with self.subTest(found):
                self.assertEqual(self.wrong(bend), tuple(found))

    def test_signatures(self):
        """The last byte of the last signature: Ed25519's in accesses, ML-DSA-65's in operations."""
        for ledger in (ACCESSES, OPERATIONS):
            with self.subTest(ledger), Ledgers() as site:
                chain = site.chain(ledger=ledger)
                site.bring(chain, b"one")
                site.bring(chain, b"two", flip=True)
                status, shown, problems = site.reasons()
                self.assertEqual((status, shown), (4, ["one"]))
                self.assertTrue(all("bad-signature segment 1" in line or "missing-segment segment 1" in line for line in problems), problems)
                self.assertEqual(len([line for line in problems if "bad-signature" in line]), 2)     # the segment's, and its stub's

    def test_heads(self):
        with Ledgers() as site:
            chain = site.chain()
            site.bring(chain, b"one")
            right = chain.head
            chain.close(b"two")
            self.assertEqual(site.reasons("--head", right)[0], 0)
            status, _, problems = site.reasons("--head", chain.head)
            self.assertEqual((status, problems), (4, [f"journal: journal/{chain.id.hex()}: truncated-chain entry 1, count 1"]))
            self.assertEqual(site.reasons("--head", "nonsense")[0], 2)

    def test_whose_word(self):
        """A key of the descriptors within its right, or one that was brought; entries of others are not shown."""
        for closed, status in ((NOW + 10, 0), (NOW + 11, 4), (NOW - 86_410, 0), (NOW - 86_411, 4)):
            with self.subTest(closed), Ledgers() as site:
                site.bring(site.chain(), b"one", closed=closed)
                self.assertEqual(site.reasons()[:2], (status, [] if status else ["one"]))
        with Ledgers() as site:
            chain, keys = site.chain(seed=STRANGER), site.root / "keys"
            site.bring(chain, b"one")
            self.assertEqual(site.reasons(), (4, [], [f"journal: journal/{chain.id.hex()}: unknown-writer"]))
            keys.mkdir()
            (keys / (signing_id(public_keys(STRANGER)).hex() + ".pub")).write_bytes(public_keys(STRANGER))
            self.assertEqual(site.reasons("--keys", keys), (0, ["one"], []))
            (keys / ("0" * 64 + ".pub")).write_bytes(public_keys(STRANGER))
            self.assertEqual(site.reasons("--keys", keys)[0], 2)
        with Ledgers() as site:
            site.bring(Chain(b"t" * 16), b"one")
            self.assertEqual(site.reasons()[:2], (5, []))

    def test_erased(self):
        """What was erased is no gap; where a lock still keeps it, it is not shown."""
        with Ledgers() as site:
            chain = site.chain()
            site.bring(chain, b"one")
            site.bring(chain, b"two")
            folder = site.prefix / "journal" / chain.id.hex()
            site.store(chain, "erasure-0000000000", chain.erase(1))
            self.assertEqual(site.reasons(), (0, ["two"], []))
            (folder / "0000000000").unlink()
            self.assertEqual(site.reasons(), (0, ["two"], []))
            self.assertIn("segments 0 to 0 erased 2030-03-17T17:46:40.000000000Z: order ticket-7", site.run("journal").out)
            target = site.root / "export"
            site.run("journal", "--to", target)
            self.assertEqual(sorted(path.name for path in target.glob("accesses/*/*")), ["0000000000.stub", "0000000001", "erasure-0000000000"])
            site.store(chain, "erasure-0000000000", chain.erase(1, cutoff=NOW + 1))
            self.assertEqual(site.reasons()[0], 4)
