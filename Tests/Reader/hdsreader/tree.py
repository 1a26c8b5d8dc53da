"""Pages of the snapshot tree and of long files: docs/FORMAT.md 15."""
from typing import NamedTuple

from .problems import Damaged, NewerFormat, about
from .wire import MAX_U64, Cursor

FILE, FOLDER, SYMLINK, FIFO, SOCKET, CHARACTER, BLOCK = range(1, 8)
NONE, INLINE, BUNDLE, CHUNKS, LIST = range(5)
LEVELS = 8


class Chunk(NamedTuple):
    id: bytes
    length: int


class Content(NamedTuple):
    """Where the data stream of a file is."""
    form: int = NONE
    inline: bytes = b""
    id: bytes = b""          # of the bundle or of the root list page
    offset: int = 0          # in the bundle
    chunks: tuple = ()
    level: int = 0           # of the root list page
    count: int = 0           # of chunks in the list
    length: int = 0


class Owner(NamedTuple):
    kind: int                # 0 user, 1 group
    number: int
    name: bytes


class Entry(NamedTuple):
    key: bytes
    kind: int
    mode: int
    user: Owner
    group: Owner
    seconds: int
    nanoseconds: int
    link_group: int | None = None
    attributes: tuple = ()   # (name, value)
    size: int = 0
    holes: tuple = ()        # (start, end)
    content_hash: bytes | None = None
    content: Content = Content()
    target: bytes = b""
    device: tuple = (0, 0)

    @property
    def path(self):
        return self.key.replace(b"\0", b"/")

    def extents(self):
        """What lies outside the holes, as (start, end)."""
        at = 0
        for start, end in self.holes + ((self.size, self.size),):
            if start > at:
                yield at, start
            at = end


class Row(NamedTuple):
    """What a page says of one a level below it. `entries` are chunks in a list."""
    id: bytes
    key: bytes
    entries: int
    size: int


class Page(NamedTuple):
    level: int
    references: list
    items: list              # entries or chunks on level 0, else rows


def page_header(fields):
    if fields.u8() != 1:
        raise NewerFormat("a later version of page")
    level = fields.u8()
    if level >= LEVELS:
        raise fields.damaged(f"level {level}")
    fields.zeros(2)
    return level, fields.u32()


class FirstUse:
    """A table of which each item is used, for the first time in the order of the table."""

    def __init__(self, items, fields, what):
        if len(set(items)) != len(items):
            raise fields.damaged(f"{what} named twice")
        self.items, self.fields, self.what, self.used = items, fields, what, 0

    def next(self):
        number = self.fields.varint()
        if number > self.used or number >= len(self.items):
            raise self.fields.damaged(f"{self.what} out of order")
        self.used = max(self.used, number + 1)
        return self.items[number]

    def end(self):
        if self.used != len(self.items):
            raise self.fields.damaged(f"{self.what} that is not used")


class Keys:
    """Keys of one page, each spelled by what it shares with the one before."""

    def __init__(self, fields):
        self.fields, self.last = fields, None

    def next(self):
        last, shared = self.last or b"", self.fields.varint(65_536)
        if shared > len(last):
            raise self.fields.damaged("shares more than there is")
        rest = self.fields.counted(65_536)
        key = last[:shared] + rest
        if self.last is not None and key <= last:
            raise self.fields.damaged("keys do not increase")
        if shared < len(last) and rest and last[shared] == rest[0]:
            raise self.fields.damaged("a key is not spelled shortest")
        check_key(key, self.fields)
        self.last = key
        return key


def check_key(key, fields):
    if len(key) > 65_536:
        raise fields.damaged("a key of more than 65,536 bytes")
    for part in key.split(b"\0") if key else ():
        if not 1 <= len(part) <= 255 or b"/" in part or part in (b".", b".."):
            raise fields.damaged(f"a path that must not be: {key!r}")


def parse_tree_page(data):
    fields = Cursor(data, "tree page")
    level, count = page_header(fields)
    if count > (512 if level else 1024) or level and not count:
        raise fields.damaged(f"{count} items")
    number = fields.u32()
    if number > 32_768 or level and number != count:
        raise fields.damaged(f"{number} references")
    references = [fields.digest() for _ in range(number)]
    table, keys = FirstUse(references, fields, "a reference"), Keys(fields)
    if level:
        items = [Row(id, keys.next(), fields.varint(), fields.varint()) for id in references]
        if not all(row.entries for row in items):
            raise fields.damaged("a row about no entries")
    else:
        owners = FirstUse(fields.list_of(2048, lambda: parse_owner(fields)), fields, "an owner")
        items = [parse_entry(fields, keys, owners, table) for _ in range(count)]
        owners.end()
        table.end()
    fields.end()
    return Page(level, references, items)


def parse_owner(fields):
    owner = Owner(fields.u8(), fields.varint(0xFFFF_FFFF, "uid or gid"), fields.counted(255))
    if owner.kind > 1 or b"\0" in owner.name:
        raise fields.damaged("not an owner")
    return owner


def parse_entry(fields, keys, owners, references):
    key, kind, flags = keys.next(), fields.u8(), fields.u8()
    form = flags >> 4 & 7
    if not FILE <= kind <= BLOCK or flags & 0x80 or form > LIST:
        raise fields.damaged("an entry's kind or flags")
    if kind == FOLDER and flags & 1 or kind != FILE and flags & 0x7C or not key and kind != FOLDER:
        raise fields.damaged("flags that this kind of entry has not")
    mode, user, group = fields.varint(0xFFF, "mode"), owners.next(), owners.next()
    if (user.kind, group.kind) != (0, 1):
        raise fields.damaged("a group for a user, or a user for a group")
    entry = Entry(key, kind, mode, user, group, fields.zigzag(), fields.varint(999_999_999, "nanoseconds"))
    more = {}
    if flags & 1:
        more["link_group"] = fields.varint()
    if flags & 2:
        more["attributes"] = parse_attributes(fields)
    if kind == FILE:
        size = more["size"] = fields.varint((1 << 63) - 1, "size")
        holes = more["holes"] = parse_holes(fields, size) if flags & 4 else ()
        if flags & 8:
            more["content_hash"] = fields.id()
        content = more["content"] = parse_content(fields, form, references)
        if content.length != size - sum(end - start for start, end in holes):
            raise fields.damaged("a file's content is not as long as its size less its holes")
    elif kind == SYMLINK:
        more["target"] = fields.counted(4095)
        if not more["target"] or b"\0" in more["target"]:
            raise fields.damaged("a symbolic link's target")
    elif kind in (CHARACTER, BLOCK):
        more["device"] = (fields.varint(0xFFFF_FFFF, "major"), fields.varint(0xFFFF_FFFF, "minor"))
    return entry._replace(**more)


def parse_attributes(fields):
    found = tuple(fields.list_of(1024, lambda: (fields.counted(255), fields.counted(65_536))))
    names = [name for name, _ in found]
    if not names or any(not name or b"\0" in name for name in names) or any(a >= b for a, b in zip(names, names[1:])):
        raise fields.damaged("names of attributes")
    if sum(len(name) + len(value) for name, value in found) > 262_144:
        raise fields.damaged("attributes of more than 262,144 bytes")
    return found


def parse_holes(fields, size):
    holes, at = [], 0
    for distance, length in fields.list_of(4096, lambda: (fields.varint(size), fields.varint(size))):
        if not length or holes and not distance:
            raise fields.damaged("a hole without length or distance")
        holes.append((at + distance, at + distance + length))
        at = holes[-1][1]
    if not holes or at > size:
        raise fields.damaged("holes beyond the size, or none")
    return tuple(holes)


def parse_content(fields, form, references):
    if form == INLINE:
        inline = fields.counted(512)
        content = Content(form, inline=inline, length=len(inline))
    elif form == BUNDLE:
        content = Content(form, id=references.next(), offset=fields.varint(0xFFFF_FFFF), length=fields.varint())
        if content.offset + content.length > 0xFFFF_FFFF:
            raise fields.damaged("a range beyond any bundle")
    elif form == CHUNKS:
        chunks = tuple(fields.list_of(32, lambda: Chunk(references.next(), fields.varint(0xFFFF_FFFF))))
        if not all(chunk.length for chunk in chunks):
            raise fields.damaged("an empty chunk")
        content = Content(form, chunks=chunks, length=sum(chunk.length for chunk in chunks))
    elif form == LIST:
        content = Content(form, id=references.next(), level=fields.u8(), count=fields.varint(), length=fields.varint())
        if content.level >= LEVELS or not 33 <= content.count <= content.length:
            raise fields.damaged("a list's level or number of chunks")
    else:
        return Content()
    if not content.length:
        raise fields.damaged("content without length")
    return content


def parse_list_page(data):
    fields = Cursor(data, "list page")
    level, count = page_header(fields)
    if not 1 <= count <= (512 if level else 2048):
        raise fields.damaged(f"{count} items")
    if level:
        items = []
        for _ in range(count):
            id, size, chunks = fields.digest(), fields.u64(), fields.u64()
            if not 1 <= chunks <= size:
                raise fields.damaged("a row's number of chunks")
            items.append(Row(id, b"", chunks, size))
    else:
        items = [Chunk(fields.digest(), fields.u32()) for _ in range(count)]
        if not all(chunk.length for chunk in items):
            raise fields.damaged("an empty chunk")
    fields.end()
    return Page(level, [item.id for item in items], items)


def check_root(page):
    if page.level and len(page.items) < 2:
        raise Damaged("a root above level 0 with a single row")


class TreeWalk:
    """All entries of a tree in order, with the checks between pages (15.6). `fetch(id)` gives a page's bytes."""

    def __init__(self, fetch, root):
        self.fetch, self.root = fetch, root
        self.last, self.folders = None, []   # the last key; the folders above it, outermost first

    def __iter__(self):
        root = self.page(self.root)
        check_root(root)
        yield from self.visit(root, None)

    def page(self, id):
        with about(f"tree page {id.hex()}"):
            return parse_tree_page(self.fetch(id))

    def visit(self, page, bound):
        """`bound`, if not None, is the key that everything in this page comes before."""
        if page.level == 0:
            for entry in page.items:
                self.check(entry, bound)
                yield entry
            return
        bounds = [row.key for row in page.items[1:]] + [bound]
        for row, bound in zip(page.items, bounds):
            child = self.page(row.id)
            with about(f"tree page {row.id.hex()}"):
                if child.level != page.level - 1 or not child.items or child.items[0].key != row.key:
                    raise Damaged("not the page that its parent announced")
                entries = size = 0
                for entry in self.visit(child, bound):
                    entries, size = entries + 1, size + entry.size
                    yield entry
                if (entries, min(size, MAX_U64)) != (row.entries, row.size):
                    raise Damaged("the sums are not those of its parent")

    def check(self, entry, bound):
        key = entry.key
        if self.last is not None and key <= self.last or bound is not None and key >= bound:
            raise Damaged(f"{key!r} is out of order")
        while self.folders and not key.startswith(self.folders[-1] + b"\0"):
            self.folders.pop()
        parent = key.rpartition(b"\0")[0]
        if parent and (not self.folders or self.folders[-1] != parent):
            raise Damaged(f"the folder of {key!r} is not there")
        if entry.kind == FOLDER and key:
            self.folders.append(key)
        self.last = key


class ListWalk:
    """The chunks of a long file in order, checked likewise."""

    def __init__(self, fetch, content):
        self.fetch, self.content = fetch, content

    def __iter__(self):
        root = Row(self.content.id, b"", self.content.count, self.content.length)
        yield from self.visit(root, self.content.level, True)

    def visit(self, row, level, is_root=False):
        with about(f"list page {row.id.hex()}"):
            page = parse_list_page(self.fetch(row.id))
            if page.level != level:
                raise Damaged("not of the level that was announced")
            if is_root:
                check_root(page)
            sums = self.sums(page)
            if sums != (row.entries, row.size):
                raise Damaged("the sums are not those of its parent")
            for item in page.items:
                if level:
                    yield from self.visit(item, level - 1)
                else:
                    yield item

    @staticmethod
    def sums(page):
        sizes = sum(item.size if page.level else item.length for item in page.items)
        return sum(item.entries if page.level else 1 for item in page.items), sizes
