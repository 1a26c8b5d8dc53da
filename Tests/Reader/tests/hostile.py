"""Records that no writer makes: each is refused, and nothing is made of it."""
import ctypes
import struct
import unittest

from hdsreader import codecs, names, packs, tree
from hdsreader.keys import Ring, Tenant
from hdsreader.problems import Damaged, Foreign, NewerFormat
from hdsreader.wire import Cursor


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def counted(data):
    return varint(len(data)) + data


class Refusing(unittest.TestCase):
    def damaged(self, function, *arguments):
        self.assertRaises(Damaged, function, *arguments)


class TestNumbers(Refusing):
    def test_varint(self):
        for number in (0, 1, 127, 128, 300, 2**64 - 1):
            self.assertEqual(Cursor(varint(number), "").varint(), number)
        for wrong in ("", "80", "8000", "ff00", "ffffffffffffffffff02", "ffffffffffffffffffff01"):
            self.damaged(Cursor(bytes.fromhex(wrong), "").varint)

    def test_zigzag(self):
        for number, spelled in ((0, 0), (-1, 1), (1, 2), (-2, 3), (2**63 - 1, 2**64 - 2), (-2**63, 2**64 - 1)):
            self.assertEqual(Cursor(varint(spelled), "").zigzag(), number)

    def test_others(self):
        self.damaged(Cursor(b"\2\xc3\x28", "").text, 9)
        self.damaged(Cursor(b"\3abc", "").text, 2)
        self.damaged(Cursor(b"\4abc", "").counted, 9)
        self.damaged(Cursor(bytes(8) + struct.pack("<I", 10**9), "").time)
        self.damaged(Cursor(b"\0", "").end)


class TestNames(unittest.TestCase):
    session = "0000000003-" + "ab" * 16

    def test_right(self):
        digest = "cd" * 32
        for form, key in ((names.PackKey, f"packs/cd/{digest}.{self.session}"),
                          (names.PackKey, f"packs/cd/{digest}.{self.session}.255"),
                          (names.CommitKey, f"commits/{'ef' * 16}.{self.session}"),
                          (names.SegmentKey, f"index/{self.session}.0"),
                          (names.SegmentKey, f"index/c{self.session}.4294967295")):
            self.assertEqual(str(form.named(key)), key)

    def test_wrong(self):
        digest = "cd" * 32
        for form, key in ((names.PackKey, f"packs/ab/{digest}.{self.session}"),
                          (names.PackKey, f"packs/cd/{digest}.{self.session}.0"),
                          (names.PackKey, f"packs/cd/{digest}.{self.session}.01"),
                          (names.PackKey, f"packs/cd/{digest}.{self.session}.256"),
                          (names.PackKey, f"packs/cd/{digest.upper()}.{self.session}"),
                          (names.PackKey, f"packs/cd/{digest}.{self.session}\n"),
                          (names.CommitKey, f"commits/{'ef' * 15}.{self.session}"),
                          (names.CommitKey, f"commits/{'ef' * 16}.{self.session[1:]}"),
                          (names.SegmentKey, f"index/{self.session}.00"),
                          (names.SegmentKey, f"index/{self.session}.4294967296"),
                          (names.SegmentKey, f"index/{self.session.replace('0000000003', '9999999999')}.0")):
            self.assertIsNone(form.named(key), key)


def zstd_frame(data):
    """What the library makes of `data`: one frame that states its size."""
    library = ctypes.CDLL("libzstd.so.1")
    library.ZSTD_compress.restype = ctypes.c_size_t
    out = ctypes.create_string_buffer(len(data) + 1000)
    size = library.ZSTD_compress(out, ctypes.c_size_t(len(out)), data, ctypes.c_size_t(len(data)), 3)
    return out.raw[:size]


def frame(codec, filtered, size, payload, zero=0):
    return struct.pack("<BBHI", codec, filtered, zero, size) + payload


class TestFrames(Refusing):
    plain = b"backup " * 100
    packed = zstd_frame(plain)
    lz4 = bytes.fromhex("7062 61636b757020".replace(" ", ""))  # one literal run of seven

    def test_right(self):
        self.assertEqual(codecs.unframe(frame(1, 0, 700, self.packed), 700), self.plain)
        self.assertEqual(codecs.unframe(frame(2, 0, 7, self.lz4), 7), b"backup ")
        self.assertEqual(codecs.unframe(frame(0, 0, 0, b""), 0), b"")

    def test_header(self):
        for wrong in (b"", bytes(7), frame(3, 0, 3, b"abc"), frame(0, 3, 3, b"abc"), frame(0, 0, 3, b"abc", 1),
                      frame(0, 1, 3, b"abc"), frame(0, 0, 2, b"abc"), frame(0, 0, 4, b"abc"), frame(0, 0, 8, bytes(8)),
                      frame(1, 0, 0, zstd_frame(b"")), frame(1, 0, 3, b""), frame(2, 0, 0, b"\0"),
                      frame(0, 0, 2**32 - 1, b"abc")):
            self.damaged(codecs.unframe, wrong, 7)

    def test_zstd(self):
        skippable = bytes.fromhex("502a4d18") + struct.pack("<I", 4) + bytes(4)
        unsized = bytes.fromhex("28b52ffd0058") + struct.pack("<I", 3 << 3 | 1)[:3] + b"abc"
        for size, payload in ((699, self.packed), (701, self.packed), (700, self.packed[:-1]),
                              (700, self.packed + b"\0"), (1400, self.packed * 2), (700, skippable + self.packed),
                              (700, self.packed + skippable), (3, unsized), (4, skippable), (700, b"(\xb5/\xfd"),
                              (700, bytes.fromhex("27b52ffd") + self.packed[4:]),
                              (700, self.packed[:4] + bytes([self.packed[4] | 1]) + self.packed[5:]),
                              (700, self.packed[:4] + bytes([self.packed[4] | 8]) + self.packed[5:])):
            self.damaged(codecs.unframe, frame(1, 0, size, payload), 2000)

    def test_lz4(self):
        for size, payload in ((6, self.lz4), (8, self.lz4), (7, self.lz4 + b"\0"), (7, self.lz4[:-1]),
                              (7, b"\xff" * 9)):
            self.damaged(codecs.unframe, frame(2, 0, size, payload), 2000)


USER, GROUP = b"\0\0\0", b"\1\0\0"


def entry(key=b"a", kind=tree.FOLDER, flags=0, shared=0, rest=b"", user=0, group=1, mode=0o755, nanoseconds=0):
    return (varint(shared) + counted(key) + bytes([kind, flags]) + varint(mode) + varint(user) + varint(group)
            + varint(0) + varint(nanoseconds) + rest)


def file(form, content, size=1, key=b"a"):
    return entry(key, tree.FILE, form << 4, rest=varint(size) + content)


def leaf(*entries, references=(), owners=(USER, GROUP), level=0, version=1, end=b""):
    return (struct.pack("<BBHII", version, level, 0, len(entries), len(references)) + b"".join(references)
            + varint(len(owners)) + b"".join(owners) + b"".join(entries) + end)


def inner(level, *rows):
    """Rows are (id, key, entries, size); keys are spelled in full, so they must begin differently."""
    return (struct.pack("<BBHII", 1, level, 0, len(rows), len(rows)) + b"".join(row[0] for row in rows)
            + b"".join(b"\0" + counted(key) + varint(entries) + varint(size) for _, key, entries, size in rows))


A, B, C = (bytes([number]) * 32 for number in (1, 2, 3))


class TestTreePages(Refusing):
    def test_right(self):
        page = tree.parse_tree_page(leaf(
            entry(b""), entry(b"a", tree.FIFO, 1, rest=varint(9)),
            entry(b"b", tree.SYMLINK, rest=counted(b"/x")),
            entry(b"c", tree.FILE, 0x14, rest=varint(5) + b"\2" + b"\0\1\1\1" + counted(b"abc")),
            entry(b"d", flags=2, rest=b"\2" + counted(b"user.a") + counted(b"") + counted(b"user.b") + counted(b"1")),
            file(tree.BUNDLE, b"\0\7\5", 5, b"e"), file(tree.CHUNKS, b"\3\0\1\1\2\0\1", 4, b"f"),
            file(tree.LIST, b"\2\0" + varint(33) + varint(40), 40, b"g"), references=(A, B, C)))
        self.assertEqual([e.path for e in page.items], [b"", b"a", b"b", b"c", b"d", b"e", b"f", b"g"])
        sparse = page.items[3]
        self.assertEqual((sparse.holes, sparse.content.inline, list(sparse.extents())),
                         (((0, 1), (2, 3)), b"abc", [(1, 2), (3, 5)]))
        self.assertEqual(page.items[6].content.chunks, ((A, 1), (B, 2), (A, 1)))
        self.assertEqual(tree.parse_tree_page(leaf(owners=())).items, [])

    def test_paths(self):
        for key in (b".", b"..", b"a/b", b"/", b"a\0", b"\0a", b"a\0\0b", b"a\0..", b"x" * 256, b"a\0" * 33_000 + b"a"):
            self.damaged(tree.parse_tree_page, leaf(entry(key)))
        self.damaged(tree.parse_tree_page, leaf(entry(b"", tree.FIFO)))
        for second in (entry(b"a"), entry(b"A"), entry(b"", shared=1), entry(b"b", shared=2), entry(b"ab")):
            self.damaged(tree.parse_tree_page, leaf(entry(b"a"), second))
        page = tree.parse_tree_page(leaf(entry(b"a"), entry(b"b", shared=1), entry(b"\0c", shared=2)))
        self.assertEqual([found.path for found in page.items], [b"a", b"ab", b"ab/c"])

    def test_spelling(self):
        for page in (leaf(entry(), version=1, end=b"\0"), leaf(entry())[:-1], leaf(entry(kind=0)), leaf(entry(kind=8)),
                     leaf(entry(flags=0x80)), leaf(entry(flags=1, rest=b"\0")), leaf(entry(flags=4, rest=b"\0")),
                     leaf(entry(flags=0x10)), leaf(entry(mode=0o10000)), leaf(entry(nanoseconds=10**9)),
                     leaf(entry(user=1)), leaf(entry(user=1, group=0)), leaf(entry(group=0)), leaf(entry(group=2)),
                     leaf(entry(), owners=(USER, USER, GROUP)), leaf(entry(), owners=(USER, GROUP, b"\1\1\0")),
                     leaf(entry(), owners=(b"\2\0\0", GROUP)), leaf(entry(), owners=(b"\0\0\1\0", GROUP)),
                     leaf(entry(), owners=(b"\0" + varint(2**32) + b"\0", GROUP)),
                     leaf(entry(), references=(A,)), leaf(entry(kind=tree.FILE, flags=0x50, rest=b"\0"))):
            self.damaged(tree.parse_tree_page, page)
        self.assertRaises(NewerFormat, tree.parse_tree_page, leaf(entry(), version=2))
        self.damaged(tree.parse_tree_page, leaf(entry(), level=8))

    def test_contents(self):
        one = (A,)
        for page in (leaf(file(tree.NONE, b"")), leaf(file(tree.INLINE, counted(b"ab"))),
                     leaf(file(tree.INLINE, counted(b""), 0)), leaf(file(tree.INLINE, counted(bytes(513)), 513)),
                     leaf(file(tree.BUNDLE, b"\0\0\0", 0), references=one),
                     leaf(file(tree.BUNDLE, b"\0" + varint(2**32 - 1) + b"\1"), references=one),
                     leaf(file(tree.BUNDLE, b"\1\0\1"), references=(A, B)),
                     leaf(file(tree.CHUNKS, b"\0", 0)), leaf(file(tree.CHUNKS, b"\1\0\0", 0), references=one),
                     leaf(file(tree.CHUNKS, b"\2\0\1\0\1", 3), references=one),
                     leaf(file(tree.CHUNKS, b"\x21" + b"\0\1" * 33, 33), references=one),
                     leaf(file(tree.LIST, b"\0\0" + varint(32) + varint(40), 40), references=one),
                     leaf(file(tree.LIST, b"\0\0" + varint(41) + varint(40), 40), references=one),
                     leaf(file(tree.LIST, b"\0\x08" + varint(33) + varint(40), 40), references=one),
                     leaf(file(tree.NONE, b"", 2**63)), leaf(file(5, b"", 0))):
            self.damaged(tree.parse_tree_page, page)

    def test_holes_targets_and_attributes(self):
        def sparse(holes, size=4):
            return leaf(entry(b"a", tree.FILE, 4, rest=varint(size) + holes))

        self.assertTrue(tree.parse_tree_page(sparse(b"\1\0\4")))
        for holes in (b"\0", b"\1\0\0", b"\1\1\4", b"\2\0\2\0\2", b"\1\0\5", b"\1\0\3"):
            self.damaged(tree.parse_tree_page, sparse(holes))
        for target in (b"", b"a\0", b"x" * 4096):
            self.damaged(tree.parse_tree_page, leaf(entry(kind=tree.SYMLINK, rest=counted(target))))
        pair = counted(b"user.a") + counted(b"1")
        large = b"".join(counted(b"user.%d" % n) + counted(bytes(65_000)) for n in range(5))
        for attributes in (b"\0", b"\2" + pair + pair, b"\1" + counted(b"") + counted(b"1"), b"\5" + large,
                           b"\1" + counted(b"a\0") + counted(b""), b"\1" + counted(b"a") + counted(bytes(65_537))):
            self.damaged(tree.parse_tree_page, leaf(entry(flags=2, rest=attributes)))

    def walk(self, **pages):
        known = {A: pages.get("a"), B: pages.get("b"), C: pages.get("c")}
        return [found.path for found in tree.TreeWalk(known.__getitem__, C)]

    def test_between_pages(self):
        a, b = leaf(entry(b"a"), entry(b"\0x", shared=1)), leaf(file(tree.INLINE, counted(b"1"), 1, b"b"))
        rows = (A, b"a", 2, 0), (B, b"b", 1, 1)
        self.assertEqual(self.walk(a=a, b=b, c=inner(1, *rows)), [b"a", b"a/x", b"b"])
        for root in (inner(1, rows[0]), inner(2, *rows), inner(1, (A, b"Z", 2, 0), rows[1]),
                     inner(1, (A, b"a", 3, 0), rows[1]), inner(1, rows[0], (B, b"b", 1, 2)),
                     inner(1, (A, b"a", 2, 0), (C, b"b", 1, 1))):
            self.damaged(lambda: self.walk(a=a, b=b, c=root))
        self.damaged(lambda: self.walk(a=leaf(entry(b"a"), entry(b"c")), b=b, c=inner(1, *rows)))
        self.damaged(lambda: self.walk(a=a, b=leaf(owners=()), c=inner(1, *rows)))
        self.damaged(lambda: self.walk(c=inner(1, rows[0], (A, b"b", 0, 0))))

    def test_folders(self):
        self.damaged(lambda: self.walk(c=leaf(entry(b"a\0b"))))
        self.damaged(lambda: self.walk(c=leaf(entry(b"a", tree.FIFO), entry(b"\0b", shared=1))))
        self.damaged(lambda: self.walk(c=leaf(entry(b"a"), entry(b"b\0c"))))


class TestListPages(Refusing):
    @staticmethod
    def page(level, *rows):
        return struct.pack("<BBHI", 1, level, 0, len(rows)) + b"".join(
            row[0] + (struct.pack("<QQ", *row[1:]) if level else struct.pack("<I", row[1])) for row in rows)

    def walk(self, pages, level, count, length):
        content = tree.Content(tree.LIST, id=C, level=level, count=count, length=length)
        return list(tree.ListWalk(pages.__getitem__, content))

    def test_walk(self):
        below = self.page(0, (A, 3), (B, 4))
        pages = {A: below, B: self.page(0, (A, 1)), C: self.page(1, (A, 7, 2), (B, 1, 1), (A, 7, 2))}
        self.assertEqual(self.walk(pages, 1, 5, 15), [(A, 3), (B, 4), (A, 1), (A, 3), (B, 4)])
        for level, count, length in ((0, 5, 15), (2, 5, 15), (1, 4, 15), (1, 5, 14)):
            self.damaged(self.walk, pages, level, count, length)
        for root in (self.page(1, (A, 7, 2)), self.page(1, (A, 8, 2), (B, 1, 1)), self.page(1, (A, 7, 3), (B, 1, 1)),
                     self.page(1, (A, 7, 8), (B, 1, 1)), self.page(1, (A, 7, 0), (B, 1, 1)), self.page(1),
                     self.page(1, (C, 7, 2), (B, 1, 1))):
            count = sum(row[2] for row in ((A, 7, 2), (B, 1, 1)))
            self.damaged(self.walk, pages | {C: root}, 1, count, 8)
        self.damaged(self.walk, {C: self.page(0, (A, 0), (B, 8))}, 0, 2, 8)
        self.damaged(self.walk, {C: below + b"\0"}, 0, 2, 7)


class TestPacks(Refusing):
    """Headers and trailers; what is sealed is tested with the vectors."""
    ring = Ring(Tenant(bytes(32)))

    def header(self, version=1, suite=1, length=128, tenant=bytes(16), count=1, zero=bytes(6), kind=2, size=72):
        return (b"HDSBPACK" + struct.pack("<HHI", version, suite, length) + tenant + bytes(16)
                + struct.pack("<H", count) + zero + struct.pack("<BBHI", kind, 0, size, 0) + bytes(64))

    def open(self, header, size=packs.STEP):
        data = header.ljust(size, b"\0")
        return packs.Pack(lambda offset, length: data[offset:offset + length], size, self.ring)

    def test_header(self):
        self.assertRaises(NewerFormat, self.open, self.header(version=2))
        self.assertRaises(NewerFormat, self.open, self.header(suite=2))
        self.assertRaises(NewerFormat, self.open, self.header(kind=3))
        self.assertRaises(Foreign, self.open, self.header(tenant=b"x" * 16))
        for wrong in (b"HDSBPACX" + self.header()[8:], self.header(count=0), self.header(count=257),
                      self.header(length=56), self.header(length=129), self.header(length=2**32 - 1),
                      self.header(count=2), self.header(zero=b"\0\0\0\0\0\1"), self.header(size=71),
                      self.header(kind=1), self.header()):
            self.damaged(self.open, wrong)
        for size in (0, packs.STEP - 1, packs.STEP + 1, packs.PACK_LIMIT + packs.STEP):
            self.damaged(self.open, self.header(), size)
