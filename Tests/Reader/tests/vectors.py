"""The vectors in Tests/Vectors/v1 are read, extracted and compared with what they were made from."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
from collections import Counter

import hds_reader
from hdsreader import packs, tree
from hdsreader.codecs import FRAME_HEADER
from hdsreader.keys import DATA, LIST_PAGE, TREE_PAGE

from . import support


def kept_here(folder):
    """Fields of a listing that this file system does not keep."""
    lost, probe = [], os.path.join(folder, "probe")
    with open(probe, "wb") as file:
        file.truncate(1 << 20)
        try:
            os.setxattr(probe, b"user.probe", b"")
        except OSError:
            lost.append("xattr:\\S+")
        try:
            os.lseek(file.fileno(), 0, os.SEEK_DATA)
            lost.append("data")
        except OSError:
            pass
    os.unlink(probe)
    return lost


class TestVectors(unittest.TestCase):
    maxDiff = 4000

    def test_verify(self):
        ran = support.run("verify")
        self.assertEqual((ran.status, ran.problems), (0, []))
        self.assertRegex(ran.out, r"^\d+ objects, 3 snapshots, 0 problems\n$")

    def test_list(self):
        lines = [line.split() for line in support.run("list").out.splitlines()]
        self.assertEqual([line[2] for line in lines], ["files", "files", "dump"])
        for number, line in enumerate(lines):
            self.assertEqual(int(line[3]), len(support.expected_digests(number)))
            self.assertEqual(line[5], "complete")
            if number < 2:
                sizes = re.findall(r" size=(\d+) ", "\n".join(support.expected(number).values()))
                self.assertEqual(int(line[4]), sum(map(int, sizes)))

    def test_ls(self):
        ran = support.run("ls", support.snapshots()[0][:8])
        paths = {line.split(" ", 4)[4].partition(" -> ")[0] for line in ran.out.splitlines()}
        self.assertIn(support.SOURCE + r"/notes/latin-1-\xe9t\xe9.txt", paths)
        self.assertEqual(len([path for path in paths if path.startswith(support.SOURCE)]),
                         len(support.expected(0)))

    def extract(self, number):
        with tempfile.TemporaryDirectory(prefix="hds-reader-") as folder:
            lost = kept_here(folder)
            for field in lost:
                print(f"(this file system keeps no {field}: not compared)", end=" ")
            target = pathlib.Path(folder) / "out"
            ran = support.run("extract", support.snapshots()[number], target)
            found = support.listing(target / support.SOURCE)
        self.assertEqual(ran.status, 0, ran.problems)

        def kept(listing):
            return {path: re.sub(rf" (?:{'|'.join(lost)})=\S+", "", line) if lost else line
                    for path, line in listing.items()}

        self.assertEqual(kept(found), kept(support.expected(number)))

    def test_extract_first(self):
        self.extract(0)

    def test_extract_changed(self):
        self.extract(1)

    def test_extract_command(self):
        with support.Copy() as copy:
            self.assertEqual(copy.extract(2), (0, support.expected_digests(2)))

    def test_program(self):
        """As a program of its own."""
        command = [sys.executable, hds_reader.__file__, "--kit", support.KIT, "--site", support.VECTORS / "site"]
        ran = subprocess.run(command + ["ls", "00000000"], capture_output=True, text=True)
        self.assertEqual((ran.returncode, ran.stdout, ran.stderr), (4, "", "missing: no snapshot 00000000\n"))
        ran = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(ran.returncode, 2)


class TestVectorsCover(unittest.TestCase):
    """The vectors have one of each thing; what else the format allows is in hostile.py."""

    def test_entries(self):
        repository = support.repository()
        entries = [entry for snapshot in repository.snapshots() for entry in repository.entries(snapshot)]
        forms = Counter(entry.content.form for entry in entries if entry.kind == tree.FILE)
        for form in (tree.NONE, tree.BUNDLE, tree.CHUNKS, tree.LIST):
            self.assertIn(form, forms)
        self.assertTrue({tree.FILE, tree.FOLDER, tree.SYMLINK, tree.FIFO} <= {entry.kind for entry in entries})
        self.assertTrue(any(len(entry.content.chunks) > 1 for entry in entries))
        for what in ("link_group", "attributes", "holes", "content_hash"):
            self.assertTrue(any(getattr(entry, what) for entry in entries), what)
        self.assertTrue(any(entry.seconds < 0 for entry in entries))

    def test_frames(self):
        """(kind of blob, codec, filter) of each."""
        repository, found = support.repository(), Counter()
        unframe = packs.unframe

        def spy(frame, limit):
            found[frame[0], frame[1]] += 1
            self.assertGreaterEqual(len(frame), FRAME_HEADER)
            return unframe(frame, limit)

        kinds, levels = Counter(), set()
        packs.unframe = spy
        try:
            for keys in repository.pack_names().values():
                for key in keys:
                    pack = repository.pack(key)
                    for blob in pack.blobs:
                        plain = pack.open(blob)
                        kinds[blob.kind] += 1
                        if blob.kind == TREE_PAGE:
                            levels.add(tree.parse_tree_page(plain).level)
        finally:
            packs.unframe = unframe
        self.assertEqual(set(kinds), {DATA, TREE_PAGE, LIST_PAGE})
        self.assertEqual({codec for codec, _ in found}, {0, 1, 2}, "stored, zstd and lz4")
        self.assertEqual({filtered for _, filtered in found}, {0, 1, 2}, "samples from the first and the second byte")
        self.assertTrue(levels >= {0, 1}, "a tree of more than one page: make the vectors again")

    def test_chain(self):
        self.assertEqual(len(support.repository().chain), 2)
