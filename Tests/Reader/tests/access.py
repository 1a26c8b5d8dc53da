"""Wrong keys, other tenants, newer formats, and valid objects where they do not belong."""
import shutil
import unittest

from hdsreader.crypto import sha256

from .support import KIT, PREFIX, VECTORS, Copy, newer, resealed, run, snapshots
from .values import CODE


def kit_with(folder, pattern, value):
    """The vectors' kit with another value on one of its lines."""
    lines = [f"{pattern} = {value}" if line.startswith(pattern) else line for line in KIT.read_text().splitlines()]
    path = folder / "kit.txt"
    path.write_text("\n".join(lines))
    return path


class TestKits(unittest.TestCase):
    def test_another_code(self):
        with Copy() as copy:
            ran = copy.run("list", kit=kit_with(copy.root, "code", CODE))
            self.assertEqual((ran.status, ran.out), (7, ""))

    def test_not_a_code(self):
        with Copy() as copy:
            self.assertEqual(copy.run("list", kit=kit_with(copy.root, "code", CODE[:-1] + "0")).status, 2)

    def test_another_tenant(self):
        """The site holds other tenants only; then, their objects lie under this tenant's prefix."""
        with Copy() as copy:
            self.assertEqual(copy.run("list", kit=kit_with(copy.root, "fingerprint", "ab" * 32)).status, 5)
            shutil.rmtree(copy.prefix)
            shutil.copytree(next((VECTORS / "foreign").iterdir()), copy.prefix)
            self.assertEqual(copy.run("list").status, 5)

    def test_no_site(self):
        with Copy() as copy:
            self.assertEqual(run("list", site=copy.root / "nowhere").status, 6)
            self.assertEqual(run("list", site=VECTORS / "foreign").status, 5)
            shutil.rmtree(copy.prefix)
            self.assertEqual(copy.run("list").status, 4)

    def test_wraps_of_others(self):
        """A wrap for somebody else, and one that does not open, are in nobody's way."""
        with Copy() as copy:
            wrap, = copy.objects("keys")
            data = wrap.read_bytes()
            for at, name in ((32, "other"), (1168, "vandal")):
                def change(body):
                    body[at] ^= 1
                (wrap.parent / name).write_bytes(resealed(data, change))
            self.assertEqual(copy.run("verify").status, 0)
            wrap.unlink()
            self.assertEqual(copy.run("list").status, 7)


class TestNewerFormats(unittest.TestCase):
    def test_statements_and_wrap(self):
        for folder in ("site", "descriptor", "keys", "commits", "index", "sessions"):
            with self.subTest(folder), Copy() as copy:
                for path in copy.objects(folder):
                    path.write_bytes(resealed(path.read_bytes(), newer))
                ran = copy.run("verify")
                # Without commits and segments, what they are about is missing besides.
                self.assertIn(ran.status, (8, 4) if folder in ("commits", "index", "sessions") else (8,))
                self.assertTrue(any(line.startswith(f"newer format: {folder}") for line in ran.problems), ran.problems)

    def test_list(self):
        with Copy() as copy:
            path = copy.objects("commits")[0]
            path.write_bytes(resealed(path.read_bytes(), newer))
            ran = copy.run("list")
            self.assertEqual((ran.status, len(ran.out.splitlines())), (8, 2))

    def test_an_unknown_signature(self):
        with Copy() as copy:
            def change(body):
                body[36 + int.from_bytes(body[32:36], "little") + 1] = 3
            path = copy.objects("site")[0]
            path.write_bytes(resealed(path.read_bytes(), change))
            self.assertEqual(copy.run("list").status, 8)


class TestPlaces(unittest.TestCase):
    """Statements of the tenant's second site, all validly signed."""

    def test_copied_from_another_site(self):
        for folder in ("commits", "sessions", "index"):
            with self.subTest(folder), Copy() as copy:
                names = [path.name for path in (VECTORS / "second" / PREFIX / folder).iterdir()]
                for name in names:
                    shutil.copy(VECTORS / "second" / PREFIX / folder / name, copy.prefix / folder)
                ran = copy.run("verify")
                self.assertEqual(ran.status, 5)
                self.assertEqual(sorted(line.split(": ")[:2] for line in ran.problems),
                                 sorted(["refused", f"{folder}/{name}"] for name in names))
                self.assertEqual(len(copy.run("list").out.splitlines()), 3)
                self.assertEqual(copy.extract(0)[0], 0)

    def test_commits_of_another_site_alone(self):
        with Copy() as copy:
            shutil.rmtree(copy.prefix / "commits")
            shutil.copytree(VECTORS / "second" / PREFIX / "commits", copy.prefix / "commits")
            ran = copy.run("list")
            self.assertEqual((ran.status, ran.out), (5, ""))

    def test_the_other_sites_marker(self):
        """It is a valid marker, so this is that site; but then nothing here was said about it."""
        with Copy() as copy:
            shutil.copy(VECTORS / "second" / PREFIX / "site", copy.prefix / "site")
            ran = copy.run("list")
            self.assertEqual((ran.status, ran.out), (5, ""))

    def test_rolled_back(self):
        """Without the last descriptor, manifests made under it show that it is gone."""
        with Copy() as copy:
            copy.objects("descriptor")[1].unlink()
            ran = copy.run("list")
            self.assertEqual((ran.status, [line.split()[0] for line in ran.out.splitlines()]), (5, snapshots()[:1]))

    def test_unsigned(self):
        """Statements with a signature by nobody of the descriptor, or with a wrong one."""
        for folder, status in (("site", 5), ("descriptor", 5), ("commits", 5)):
            for at in (1, 40):  # of the first signature: the signer's id, the signature
                with self.subTest(folder=folder, at=at), Copy() as copy:
                    def change(body):
                        body[36 + int.from_bytes(body[32:36], "little") + 1 + at] ^= 1
                    for path in copy.objects(folder):
                        path.write_bytes(resealed(path.read_bytes(), change))
                    ran = copy.run("list")
                    self.assertEqual((ran.status, ran.out), (status, ""))

    def test_without_the_second_signature(self):
        """A marker that Ed25519 alone vouches for."""
        with Copy() as copy:
            path = copy.objects("site")[0]
            data = path.read_bytes()[:-32]
            end = 36 + int.from_bytes(data[32:36], "little")
            data = data[:end] + b"\1" + data[end + 1:end + 1 + 97]
            path.write_bytes(data + sha256(data))
            self.assertEqual(copy.run("list").status, 5)

    def test_index_is_not_needed(self):
        with Copy() as copy:
            shutil.rmtree(copy.prefix / "index")
            self.assertEqual(copy.extract(1)[0], 0)

    def test_a_pack_under_another_name(self):
        """The same hash under another session's name is found as well."""
        with Copy() as copy:
            for path in copy.objects("packs"):
                path.rename(path.with_name(path.name + ".7"))
            self.assertEqual([copy.extract(number)[0] for number in range(3)], [0, 0, 0])
            self.assertEqual(copy.run("verify").status, 4)

    def test_names_that_are_none(self):
        with Copy() as copy:
            for key in ("packs/ab/x", "index/x.0", "commits/x", "snapshots.x", "journal/a", ".tmp/a", "packs/.x"):
                (copy.prefix / key).parent.mkdir(exist_ok=True)
                (copy.prefix / key).write_bytes(b"?")
            (copy.prefix / "commits" / "y").symlink_to("/etc/passwd")
            ran = copy.run("verify")
            self.assertEqual(ran.status, 0)
            self.assertEqual(sorted(ran.problems), [f"note: {key} is not a name of this format"
                                                    for key in ("commits/x", "index/x.0", "packs/ab/x")])

    def test_target_is_not_empty(self):
        with Copy() as copy:
            self.assertEqual(copy.run("extract", snapshots()[0], copy.root).status, 2)
