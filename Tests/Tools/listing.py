#!/usr/bin/env python3
"""Says everything about a folder that a restore has to bring back, so that two folders can be compared.

    listing.py DIR                    one line a path, sorted by raw bytes, relative to DIR ("." is DIR itself)
    listing.py --compare DIR1 DIR2    the differences only

A line is the path, then key=value: kind, mode, uid, gid, mtime in nanoseconds; size, data extents (the rest is
holes) and SHA-256 of files; `link`, the first name of a file that has several in DIR; the target of symbolic
links; the numbers of devices; extended attributes, ACLs among them. Bytes that are not plain ASCII are escaped.

Exit status: 0 all listed, or no difference; 1 differences; 2 wrong usage; 3 something could not be read.
"""
import argparse
import errno
import fnmatch
import hashlib
import os
import resource
import stat
import sys

KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "symlink", stat.S_IFIFO: "fifo",
         stat.S_IFSOCK: "socket", stat.S_IFCHR: "character-device", stat.S_IFBLK: "block-device"}


def escape(raw):
    """Quoted, one line, and the same text never stands for two different names."""
    return repr(raw)[1:]


class Listing:
    """Everything below one folder: {path: {key: value}}, paths as bytes."""

    def __init__(self, root, options):
        self.options = options
        self.entries, self.inodes, self.unread = {}, {}, []
        self.walk(os.open(root, os.O_RDONLY | os.O_DIRECTORY))
        self.name_hard_links()

    def walk(self, root):
        """Goes from folder to folder by descriptor: a path beyond PATH_MAX cannot be opened in one go."""
        self.add(b".", root, b".")
        stack = [(root, b"", self.names(root, b"."))]
        while stack:
            folder, prefix, names = stack[-1]
            if not names:
                os.close(folder)
                stack.pop()
                continue
            name = names.pop()
            path = prefix + name
            if any(fnmatch.fnmatchcase(part, pattern) for pattern in self.options.exclude for part in (path, name)):
                continue
            if self.add(path, folder, name) == "folder":
                try:
                    inside = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
                except OSError as error:
                    self.fail(path, error)
                else:
                    stack.append((inside, path + b"/", self.names(inside, path)))

    def names(self, folder, path):
        try:
            with os.scandir(folder) as found:
                return [os.fsencode(entry.name) for entry in found]
        except OSError as error:
            self.fail(path, error)
            return []

    def fail(self, path, error):
        self.unread.append(path)
        self.entries.setdefault(path, {})["unread"] = errno.errorcode.get(error.errno, str(error.errno))

    def add(self, path, folder, name):
        """Lists one path, and returns its kind."""
        fields = self.entries[path] = {}
        try:
            info = os.stat(name, dir_fd=folder, follow_symlinks=False)
            kind = KINDS.get(stat.S_IFMT(info.st_mode), "unknown")
            fields |= {"kind": kind, "mode": f"{stat.S_IMODE(info.st_mode):04o}"}
            if not self.options.no_owner:
                fields |= {"uid": info.st_uid, "gid": info.st_gid}
            if kind != "folder" or not self.options.no_dir_mtime:
                fields["mtime"] = info.st_mtime_ns
            if kind != "folder" and info.st_nlink > 1:
                self.inodes.setdefault((info.st_dev, info.st_ino), []).append(path)
            if kind == "symlink":
                fields["target"] = escape(os.readlink(name, dir_fd=folder))
            elif kind.endswith("device"):
                fields["device"] = f"{os.major(info.st_rdev)}:{os.minor(info.st_rdev)}"
            fields |= self.attributes(folder, name)
            if kind == "file":
                fields["size"] = info.st_size
                self.add_content(fields, folder, name)
            return kind
        except OSError as error:
            self.fail(path, error)
            return "unread"

    @staticmethod
    def attributes(folder, name):
        """Of the path itself, links too. There is no lgetxattrat: /proc makes a short path of a descriptor."""
        place = b"/proc/self/fd/%d/%s" % (folder, name)
        try:
            found = sorted(os.fsencode(n) for n in os.listxattr(place, follow_symlinks=False))
            return {f"xattr:{escape(n)}": os.getxattr(place, n, follow_symlinks=False).hex() for n in found}
        except OSError as error:
            if error.errno == errno.ENOTSUP:
                return {}
            raise

    def add_content(self, fields, folder, name):
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        with open(file, "rb", buffering=0) as content:
            if not self.options.no_holes:
                fields["data"] = ",".join(f"{start}-{end}" for start, end in data_extents(file, fields["size"])) or "none"
            os.lseek(file, 0, os.SEEK_SET)
            fields["sha256"] = hashlib.file_digest(content, "sha256").hexdigest()

    def name_hard_links(self):
        """Inode numbers differ between two folders; the first of a file's names does not."""
        for paths in self.inodes.values():
            if len(paths) > 1:
                for path in paths:
                    self.entries[path]["link"] = escape(min(paths))

    def lines(self):
        for path in sorted(self.entries):
            yield f"{escape(path)} " + " ".join(f"{key}={value}" for key, value in self.entries[path].items())


def data_extents(file, size):
    """What SEEK_DATA and SEEK_HOLE say is stored, as (start, end)."""
    at = 0
    while at < size:
        try:
            start = os.lseek(file, at, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # a hole up to the end
                return
            raise
        at = os.lseek(file, start, os.SEEK_HOLE)
        yield start, at


def differences(one, two):
    for path in sorted(one.entries.keys() | two.entries.keys()):
        a, b = one.entries.get(path), two.entries.get(path)
        if a is None or b is None:
            yield f"{escape(path)} only in {'the second' if a is None else 'the first'}"
        elif a != b:
            keys = [key for key in {**a, **b} if a.get(key) != b.get(key)]
            yield f"{escape(path)} " + " ".join(f"{key}: {a.get(key, 'none')} -> {b.get(key, 'none')}" for key in keys)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", nargs="+", metavar="DIR")
    parser.add_argument("--compare", action="store_true", help="print how two folders differ")
    parser.add_argument("--no-owner", action="store_true", help="leave out uid and gid")
    parser.add_argument("--no-holes", action="store_true", help="leave out the data extents")
    parser.add_argument("--no-dir-mtime", action="store_true", help="leave out the times of folders")
    parser.add_argument("--exclude", action="append", default=[], type=os.fsencode, metavar="PATTERN",
                        help="leave out paths or names that match, and all below them")
    options = parser.parse_args()
    if len(options.dir) != (2 if options.compare else 1):
        parser.error("--compare takes two folders, a listing one")
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))  # a descriptor a level
    try:
        listings = [Listing(root, options) for root in options.dir]
    except OSError as error:
        parser.error(f"{error.filename}: {error.strerror}")
    out = list(differences(*listings)) if options.compare else listings[0].lines()
    for line in out:
        print(line)
    for listing, root in zip(listings, options.dir):
        for path in listing.unread:
            print(f"listing.py: could not read {escape(path)} of {root}", file=sys.stderr)
    sys.exit(1 if options.compare and out else 3 if any(listing.unread for listing in listings) else 0)


if __name__ == "__main__":
    main()
