"""Each kind of object, damaged in each way: the reader says so, and what it brings back is right to the last byte."""
import random
import shutil
import unittest

from .support import VECTORS, Copy, expected_digests, snapshots

FOLDERS = {"pack": "packs", "segment": "index", "manifest": "snapshots", "slot": "commits",
           "descriptor": "descriptor", "key wrap": "keys", "marker": "site", "session": "sessions"}


def flip(at):
    """One bit, at a share of the object's length."""
    def act(path):
        data = bytearray(path.read_bytes())
        data[int(at * (len(data) - 1))] ^= 1 << random.Random(f"{path.name} {at}").randrange(8)
        path.write_bytes(data)
    return act


def truncate(share):
    def act(path):
        data = path.read_bytes()
        path.write_bytes(data[:int(share * (len(data) - 1))])
    return act


def zero(path):
    path.write_bytes(bytes(path.stat().st_size))


def append(path):
    path.write_bytes(path.read_bytes() + b"\0")


DAMAGE = {"flip a bit at the start": flip(0), "flip a bit near the start": flip(0.02),
          "flip a bit in the middle": flip(0.5), "flip a bit near the end": flip(0.97),
          "flip a bit at the end": flip(1), "truncate": truncate(1), "truncate to a half": truncate(0.5),
          "truncate to nothing": truncate(0), "zero": zero, "append": append}


class TestDamage(unittest.TestCase):
    def right(self, copy, case):
        """Every snapshot comes back wholly with status 0, or in part with another one; and nothing of it is wrong."""
        statuses = []
        for number in range(3):
            status, found = copy.extract(number)
            statuses.append(status)
            whole = expected_digests(number)
            if status == 0:
                self.assertEqual(found, whole, case)
            for path, digest in found.items():
                self.assertEqual(digest, whole[path], case)
        return statuses

    def verify(self, copy, status, *words):
        """`verify` ends with this status, and for each text in `words` there is a line that begins with it."""
        ran = copy.run("verify")
        self.assertEqual(ran.status, status, ran.problems)
        for word in words:
            self.assertTrue(any(line.startswith(word) for line in ran.problems), (word, ran.problems))

    def cases(self, kind):
        """Does all damage to the kind's first object, which the first snapshot needs."""
        for name, act in DAMAGE.items():
            with self.subTest(f"{kind}: {name}"), Copy() as copy:
                path = self.first(copy, kind)
                act(path)
                self.verify(copy, 4, f"damaged: {copy.key(path)}")
                statuses = self.right(copy, name)
                if kind in ("session", "segment"):
                    self.assertEqual(statuses, [0, 0, 0])  # nothing that content depends on
                elif kind in ("key wrap", "marker", "descriptor"):
                    self.assertEqual(statuses, [4, 4, 4])
                elif kind == "pack":
                    self.assertIn(statuses[0], (0, 4))     # 0 if only what pads it was hit
                    self.assertEqual(statuses[2], 0)
                else:
                    self.assertEqual((statuses[0], statuses[2]), (4, 0))

    @staticmethod
    def first(copy, kind):
        objects = copy.objects(FOLDERS[kind])
        if kind in ("slot", "manifest"):
            return next(path for path in objects if path.name.startswith(snapshots()[0]))
        if kind in ("pack", "segment", "session"):  # of the first snapshot's session
            slot = next(path for path in copy.objects("commits") if path.name.startswith(snapshots()[0]))
            return next(path for path in objects if slot.name.partition(".")[2] in path.name)
        return objects[0]

    def test_pack(self):
        self.cases("pack")

    def test_segment(self):
        self.cases("segment")

    def test_manifest(self):
        self.cases("manifest")

    def test_slot(self):
        self.cases("slot")

    def test_descriptor(self):
        self.cases("descriptor")

    def test_key_wrap(self):
        self.cases("key wrap")

    def test_marker(self):
        self.cases("marker")

    def test_session(self):
        self.cases("session")

    def test_delete(self):
        words = {"segment": "missing: index/", "descriptor": "missing: descriptor/", "key wrap": "missing: keys/",
                 "slot": "missing: the manifest"}
        for kind in FOLDERS:
            with self.subTest(kind), Copy() as copy:
                path = self.first(copy, kind)
                path.unlink()
                self.verify(copy, 4, words.get(kind, f"missing: {copy.key(path)}"))
                self.right(copy, kind)

    def test_delete_the_last_slot(self):
        """Nothing at a single site shows this, but for what nobody committed."""
        with Copy() as copy:
            next(path for path in copy.objects("commits") if path.name.startswith(snapshots()[2])).unlink()
            self.verify(copy, 0, "note: snapshots/" + snapshots()[2])
            self.assertEqual(self.right(copy, "the last slot"), [0, 0, 4])

    def swap(self, copy, one, other):
        one_data, other_data = one.read_bytes(), other.read_bytes()
        one.write_bytes(other_data)
        other.write_bytes(one_data)

    def test_swap(self):
        """With another valid object of the kind."""
        for kind, status, word in (("pack", 4, "damaged"), ("segment", 4, "refused"), ("manifest", 4, "damaged"),
                                   ("slot", 4, "refused"), ("session", 5, "refused")):
            with self.subTest(kind), Copy() as copy:
                path = self.first(copy, kind)
                other = next(other for other in copy.objects(FOLDERS[kind]) if other.name[-34:] != path.name[-34:])
                self.swap(copy, path, other)
                self.verify(copy, status, *(f"{word}: {copy.key(swapped)}" for swapped in (path, other)))
                self.right(copy, kind)

    def test_swap_descriptors(self):
        """They are found by content, whatever their names."""
        with Copy() as copy:
            self.swap(copy, *copy.objects("descriptor"))
            self.verify(copy, 0)
            self.assertEqual(self.right(copy, "descriptors"), [0, 0, 0])

    def test_swap_with_another_kind(self):
        for kind in FOLDERS:
            with self.subTest(kind), Copy() as copy:
                path, other = self.first(copy, kind), self.first(copy, "slot" if kind != "slot" else "session")
                self.swap(copy, path, other)
                self.verify(copy, 4, f"damaged: {copy.key(path)}")
                self.right(copy, kind)

    def test_swap_with_another_tenant(self):
        foreign = next((VECTORS / "foreign").iterdir())
        for kind in ("descriptor", "key wrap", "marker"):
            with self.subTest(kind), Copy() as copy:
                path = self.first(copy, kind)
                place = foreign / FOLDERS[kind]
                shutil.copy(next((other for other in place.rglob("*") if other.is_file()), place), path)
                ran = copy.run("verify")
                self.assertEqual(ran.status, 5)
                self.assertTrue(any(line.startswith(f"foreign: {copy.key(path)}") for line in ran.problems))
                self.assertEqual(self.right(copy, kind), [5, 5, 5])

    def test_pack_header(self):
        """Every field: a flipped bit in a key block must not pass for a wrong key, nor one in the version for a newer."""
        catalogue, run = 56, 56 + 72
        for at in (0, 8, 10, 12, 16, 32, 48, 50, catalogue, catalogue + 2, catalogue + 4, catalogue + 8, catalogue + 40,
                   run, run + 2, run + 4, run + 8, run + 1000, run + 1128, run + 1160):
            with self.subTest(at=at), Copy() as copy:
                for path in copy.objects("packs"):
                    data = bytearray(path.read_bytes())
                    data[at] ^= 1
                    path.write_bytes(data)
                self.verify(copy, 4)
                ran = copy.run("extract", snapshots()[0], copy.root / "out")
                self.assertEqual((ran.status, {line.split(":")[0] for line in ran.problems if ": packs/" in line}),
                                 (4, {"damaged"}))

    def test_padding(self):
        """All bytes of a pack count, also those that nothing names."""
        with Copy() as copy:
            path = self.first(copy, "pack")
            data = bytearray(path.read_bytes())
            start = data.index(bytes(1000)) + 500
            data[start] = 1
            path.write_bytes(data)
            self.verify(copy, 4, f"damaged: {copy.key(path)}")
            self.assertEqual(self.right(copy, "padding"), [0, 0, 0])
