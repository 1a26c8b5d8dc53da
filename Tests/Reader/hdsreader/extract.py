"""Writes a snapshot's entries below a folder: docs/FORMAT.md 16.2, steps 10 to 12."""
import errno
import os
import resource
import stat

from . import tree
from .problems import Damaged, Problem, Usage, about

NODES = {tree.FIFO: stat.S_IFIFO, tree.SOCKET: stat.S_IFSOCK, tree.CHARACTER: stat.S_IFCHR, tree.BLOCK: stat.S_IFBLK}


class Extraction:
    """Folders are held open from the target down to the entry, so no path is looked up through what was restored."""

    def __init__(self, repository, snapshot, target):
        self.repository, self.domain, self.report = repository, snapshot.domain, repository.report
        self.entries = repository.entries(snapshot)
        self.root = os.geteuid() == 0
        self.links = {}      # link group: path of its first name
        self.failed = 0
        os.makedirs(target, exist_ok=True)
        if os.listdir(target):
            raise Usage(f"{target} is not empty")
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))  # a descriptor a level
        self.target = os.open(target, os.O_RDONLY | os.O_DIRECTORY)
        self.open_folders = []   # (entry, descriptor), outermost first

    def run(self):
        """Returns how many entries are missing or incomplete."""
        try:
            with about("the tree"):
                for entry in self.entries:
                    self.add(entry)
        except Problem as problem:
            self.fail(problem)
        self.close_to(b"", everything=True)
        os.close(self.target)
        return self.failed

    def fail(self, problem):
        self.report.add(problem)
        self.failed += 1

    def close_to(self, key, everything=False):
        """Leaves folders that do not hold `key`. What is in them is complete, so their own times can be set."""
        while self.open_folders:
            entry, descriptor = self.open_folders[-1]
            if not everything and (not entry.key or key.startswith(entry.key + b"\0")):
                return
            self.open_folders.pop()
            if entry.key:
                os.close(descriptor)
            above = self.open_folders[-1][1] if self.open_folders else self.target
            self.attempt(entry, lambda: self.finish(entry, above, entry.key.rpartition(b"\0")[2] or b"."))

    def add(self, entry):
        self.close_to(entry.key)
        above, _, name = entry.key.rpartition(b"\0")
        parent, folder = self.open_folders[-1] if self.open_folders else (None, self.target)
        if above and (not parent or parent.key != above):
            self.fail(Usage("its folder could not be made", printable(entry.path)))
        else:
            self.attempt(entry, lambda: self.make(entry, folder, name))

    def attempt(self, entry, act):
        try:
            with about(printable(entry.path)):
                act()
        except OSError as error:
            self.fail(Usage(f"cannot be written: {error.strerror}", printable(entry.path)))
        except Problem as problem:
            self.fail(problem)

    def make(self, entry, folder, name):
        if entry.kind == tree.FOLDER:
            if name:
                os.mkdir(name, 0o700, dir_fd=folder)
            inside = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder) if name else folder
            self.open_folders.append((entry, inside))
            return
        if entry.link_group in self.links:
            self.link(self.links[entry.link_group], folder, name)
            return
        if entry.kind == tree.FILE:
            self.write(entry, folder, name)
        elif entry.kind == tree.SYMLINK:
            os.symlink(entry.target, name, dir_fd=folder)
        elif entry.kind in (tree.CHARACTER, tree.BLOCK) and not self.root:
            self.report.note(f"{printable(entry.path)}: a device, left out without root's rights")
            return
        else:
            os.mknod(name, NODES[entry.kind] | 0o600, os.makedev(*entry.device), dir_fd=folder)
        if entry.link_group is not None:
            self.links[entry.link_group] = entry.key
        self.finish(entry, folder, name)

    def link(self, first, folder, name):
        """Walks from the target, since a path may be longer than the system takes."""
        *above, last = first.split(b"\0")
        place = os.dup(self.target)
        try:
            for part in above:
                inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=place)
                os.close(place)
                place = inner
            os.link(last, name, src_dir_fd=place, dst_dir_fd=folder, follow_symlinks=False)
        finally:
            os.close(place)

    def write(self, entry, folder, name):
        """A file whose content is not right to the last byte does not stay."""
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=folder)
        try:
            os.ftruncate(file, entry.size)
            pieces = Pieces(self.repository.content(self.domain, entry))
            for start, end in entry.extents():
                while start < end:
                    start += write_all(file, pieces.take(end - start), start)
            pieces.end()
        except BaseException:
            os.unlink(name, dir_fd=folder)
            raise
        finally:
            os.close(file)

    def finish(self, entry, folder, name):
        """Owner, mode, attributes, then times."""
        if self.root:
            os.chown(name, entry.user.number, entry.group.number, dir_fd=folder, follow_symlinks=False)
        if entry.kind != tree.SYMLINK:
            os.chmod(name, entry.mode, dir_fd=folder)
        for attribute, value in entry.attributes:
            try:
                os.setxattr(b"/proc/self/fd/%d/%s" % (folder, name), attribute, value, follow_symlinks=False)
            except OSError as error:
                if self.root and error.errno != errno.ENOTSUP:
                    raise
                self.report.note(f"{printable(entry.path)}: attribute {printable(attribute)} left out:"
                                 f" {error.strerror}")
        moment = entry.seconds * 10**9 + entry.nanoseconds
        os.utime(name, ns=(moment, moment), dir_fd=folder, follow_symlinks=False)


class Pieces:
    """A stream of pieces, taken in other pieces."""

    def __init__(self, pieces):
        self.pieces, self.left = iter(pieces), memoryview(b"")

    def take(self, most):
        while not self.left:
            self.left = memoryview(next(self.pieces))
        piece, self.left = self.left[:most], self.left[most:]
        return piece

    def end(self):
        """Nothing is left over, and the checks after the last piece have been made."""
        if self.left or any(self.pieces):
            raise Damaged("the content is too long")


def write_all(file, piece, at):
    done = 0
    while done < len(piece):
        done += os.pwrite(file, piece[done:], at + done)
    return done


def printable(raw):
    """One line, and the same text never stands for two names."""
    return repr(raw)[2:-1]
