"""A folder that is filled the same way each time: names as bytes, and times that follow from the names."""
import os
import random
import zlib

DAY = 86_400
FIRST_DAY = 1_740_787_200   # 2025-03-01: the files of the first version are dated within 180 days of it
LATER_DAYS = 1_759_276_800  # 2025-10-01: the files of working day N are dated N days after it


class Tree:
    """Writes below one folder. Times come from names, so two trees made alike are alike to the nanosecond."""

    def __init__(self, root, day=None):
        """`day` is None for the first version, or the number of the working day that changes it."""
        self.root = os.fsencode(root)
        self.start, self.span = (FIRST_DAY, 180 * DAY) if day is None else (LATER_DAYS + day % 3650 * DAY, DAY)
        self.known, self.touched = set(), set()

    def at(self, path):
        """The whole path, in UTF-8 whatever the locale; surrogates stand for bytes that are not UTF-8."""
        return os.path.join(self.root, path.encode("utf-8", "surrogateescape")) if path else self.root

    def moment(self, path):
        """A time in nanoseconds that depends on the path and the day only."""
        mark = zlib.crc32(path.encode("utf-8", "surrogateescape"))
        return (self.start + mark % self.span) * 10**9 + mark * 2_654_435_761 % 10**9

    def date(self, path, ns=None):
        """Dates the path itself, also when it is a symbolic link."""
        ns = self.moment(path) if ns is None else ns
        os.utime(self.at(path), ns=(ns, ns), follow_symlinks=False)

    def folder(self, path):
        """Makes the folder and those above it; all are dated by `finish`."""
        if path in self.known:
            return
        if path:
            self.folder(os.path.dirname(path))
        if not os.path.isdir(self.at(path)):
            os.mkdir(self.at(path)) if path else os.makedirs(self.root)
            self.touched.add(path)
            self.touch(path)
        self.known.add(path)

    def touch(self, path):
        """Notes that the folder that holds this path changes."""
        if path:
            self.touched.add(os.path.dirname(path))

    def write(self, path, data):
        """Writes a whole file, over what was there."""
        folder = os.path.dirname(path)
        self.folder(folder)
        full = self.at(path)
        if folder not in self.touched and not os.path.lexists(full):
            self.touched.add(folder)
        ns = self.moment(path)
        with open(full, "wb", buffering=0) as file:
            while data:
                data = data[file.write(data):]
            os.utime(file.fileno(), ns=(ns, ns))

    def remove(self, path):
        os.unlink(self.at(path))
        self.touch(path)

    def rename(self, old, new):
        os.rename(self.at(old), self.at(new))
        self.touch(old)
        self.touch(new)

    def names(self, folder):
        """What the folder holds, sorted by bytes: the order of a directory is the file system's own affair."""
        return [os.fsencode(n).decode("utf-8", "surrogateescape") for n in sorted(os.listdir(self.at(folder)))]

    def files(self, folder):
        """The files below a folder of folders of files."""
        return [f"{folder}/{sub}/{name}" for sub in self.names(folder) for name in self.names(f"{folder}/{sub}")]

    def size(self, path):
        return os.lstat(self.at(path)).st_size

    def finish(self):
        """Dates the folders, last: making a file in a folder changes the folder's time."""
        for path in self.touched:
            if os.path.isdir(self.at(path)):
                self.date(path)
        self.touched.clear()


class Dice(random.Random):
    """Seeded randomness with two shorter draws; `randrange` costs three times as much."""

    def below(self, limit):
        return int(self.random() * limit)

    def between(self, low, high):
        """At least `low`, below `high`."""
        return low + int(self.random() * (high - low))
