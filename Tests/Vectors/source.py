#!/usr/bin/env python3
"""Makes what the vectors are a backup of: small, the same each time, and one of each thing that a reader must know.

    source.py make DIR      a new folder
    source.py change DIR    a few changes, in place
    source.py dump          what the source that is a command prints
"""
import math
import os
import random
import sys

KIB = 1 << 10
MOMENT = 1_760_000_000 * 10**9     # 2025-10-09
BLOCK = 64 * KIB                   # holes keep to it, so that they are holes on any file system


def lines(seed, count):
    """Text that compresses well, no two parts of which are equal."""
    dice = random.Random(seed)
    return b"".join(b"OBX|%d|NM|718-7^Hemoglobin^LN||%d|g/dL|||||F\r" % (number, dice.randrange(90, 180))
                    for number in range(count))


def samples(count):
    """16-bit samples of a smooth signal."""
    dice = random.Random("samples")
    noise = (dice.choice((0, 0, 0, 0, 0, 0, 0, 1)) for _ in range(count))
    return b"".join(int(2000 + 900 * math.sin(i / 900) + 300 * math.sin(i / 7000) + bit).to_bytes(2, "little")
                    for i, bit in enumerate(noise))


def image(blocks):
    """A disk image of 64 KiB blocks; a hole for each None, and 0 for zeros that were written."""
    return [None if block is None else (b"block %06d " % block * 5_461 if block else b"")[:BLOCK].ljust(BLOCK, b"\0")
            for block in blocks]


class Folder:
    def __init__(self, root):
        self.root, self.clock = os.fsencode(root), MOMENT

    def at(self, path):
        return os.path.join(self.root, path)

    def date(self, path, ns=None):
        self.clock += 86_399_876_543_210
        moment = self.clock if ns is None else ns
        os.utime(self.at(path), ns=(moment, moment), follow_symlinks=False)

    def write(self, path, content, mode=0o640):
        os.makedirs(os.path.dirname(self.at(path)), exist_ok=True)
        with open(self.at(path), "wb") as file:
            file.write(content)
        os.chmod(self.at(path), mode)
        self.date(path)

    def write_blocks(self, path, blocks):
        with open(self.at(path), "wb") as file:
            for number, block in enumerate(blocks):
                if block is not None:
                    file.seek(number * BLOCK)
                    file.write(block)
            file.truncate(len(blocks) * BLOCK)
        os.chmod(self.at(path), 0o600)
        self.date(path)

    def date_folders(self):
        for place, _, _ in os.walk(self.root, topdown=False):
            os.chmod(place, 0o750)
            self.date(place)


def messages(folder, numbers):
    for number in numbers:
        folder.write(b"hl7/%04d.hl7" % number, lines(number, 1 + number * 7 % 40))


def make(folder):
    os.mkdir(folder.root)
    messages(folder, range(160))
    folder.write(b"notes/empty.txt", b"")
    folder.write(b"notes/short.txt", b"Bonjour.\n", 0o4755)
    folder.write(b"notes/latin-1-\xe9t\xe9.txt", b"A name that is not UTF-8.\n")
    folder.write(b"notes/new\nline \\ and \x01.txt", b"A name that has to be escaped.\n")
    folder.write("notes/été.txt".encode(), b"A name in UTF-8.\n" * 40)
    folder.write(b"notes/old.txt", b"From before 1970.\n")
    folder.date(b"notes/old.txt", -86_400 * 10**9 * 400 - 1)
    os.mkdir(folder.at(b"notes/empty"))
    folder.write(b"large/export.hl7", lines("export", 60_000))
    folder.write(b"large/signal.raw", samples(330_000))
    folder.write(b"large/odd-signal.raw", b"!" + samples(300_000)[4000:] + b"!")
    os.makedirs(folder.at(b"vm"))
    folder.write_blocks(b"vm/disk.img", image([*range(1, 20), *[None] * 200, 0, 0, *range(20, 35), *[None] * 20]))
    folder.write_blocks(b"vm/hole.img", image([None] * 3))
    folder.write_blocks(b"vm/island.img", image([None, 77, None]))
    os.makedirs(folder.at(b"links"))
    os.symlink(b"../notes/short.txt", folder.at(b"links/relative"))
    os.symlink(b"/nowhere/\xff", folder.at(b"links/dangling"))
    for path in (b"links/relative", b"links/dangling"):
        folder.date(path)
    for name in (b"links/hard", b"notes/other name"):
        os.link(folder.at(b"notes/short.txt"), folder.at(name))
    os.mkfifo(folder.at(b"links/fifo"), 0o620)
    os.chmod(folder.at(b"links/fifo"), 0o620)
    folder.date(b"links/fifo")
    os.setxattr(folder.at(b"notes/short.txt"), b"user.origin", b"ward 7\0\xff")
    os.setxattr(folder.at(b"notes/short.txt"), b"user.empty", b"")
    os.setxattr(folder.at(b"notes"), b"user.folder", b"yes")
    folder.date_folders()


def change(folder):
    folder.clock += 30 * 86_400 * 10**9
    messages(folder, [3, 160, 161])
    os.unlink(folder.at(b"hl7/0005.hl7"))
    os.rename(folder.at(b"notes/empty.txt"), folder.at(b"notes/still empty.txt"))
    with open(folder.at(b"vm/disk.img"), "r+b") as file:
        file.seek(5 * BLOCK)
        file.write(image([999])[0])
    folder.date(b"vm/disk.img")
    folder.date_folders()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["make", path]:
            make(Folder(path))
        case ["change", path]:
            change(Folder(path))
        case ["dump"]:
            sys.stdout.buffer.writelines(b"%07d%s\n" % (number, b" nothing new" * 16) for number in range(9_000))
        case _:
            sys.exit(__doc__)
