"""A site that is a folder of files: docs/FORMAT.md 2."""
import os
import re
import stat

from .problems import Foreign, Missing, Unreachable, Damaged

SEGMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}", re.ASCII)


class FileSite:
    """Objects of one tenant. It only reads."""

    def __init__(self, path, prefix):
        self.root = os.path.join(path, prefix)
        try:
            others = os.listdir(path)
        except OSError as error:
            raise Unreachable(f"{path}: {error.strerror}") from None
        if prefix not in others:
            if any(re.fullmatch("[0-9a-f]{32}", name) for name in others):
                raise Foreign(f"{path} holds other tenants only")
            raise Missing(f"nothing of this tenant is in {path}")

    def keys(self, below=""):
        """All keys that begin with the folder `below`, sorted. Symbolic links are not objects."""
        found = []
        for place, folders, names in os.walk(os.path.join(self.root, below), onerror=self._cannot_list):
            folders[:] = [name for name in folders if SEGMENT.fullmatch(name)]
            for name in filter(SEGMENT.fullmatch, names):
                path = os.path.join(place, name)
                if stat.S_ISREG(os.lstat(path).st_mode):
                    found.append(os.path.relpath(path, self.root))
        return sorted(found)

    @staticmethod
    def _cannot_list(error):
        if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
            raise Unreachable(f"{error.filename}: {error.strerror}")

    def _open(self, key):
        try:
            return open(os.path.join(self.root, key), "rb", buffering=0,
                        opener=lambda path, flags: os.open(path, flags | os.O_NOFOLLOW))
        except (FileNotFoundError, NotADirectoryError):
            raise Missing("it is not there", key) from None
        except OSError as error:
            raise Unreachable(error.strerror, key) from None

    def size(self, key):
        with self._open(key) as file:
            return os.fstat(file.fileno()).st_size

    def read(self, key, limit):
        """The whole object, if it is not longer than `limit`."""
        with self._open(key) as file:
            size = os.fstat(file.fileno()).st_size
            if size > limit:
                raise Damaged(f"{size} bytes, more than it can have", key)
            return self._all(file, 0, size, key)

    def read_range(self, key, offset, length):
        with self._open(key) as file:
            return self._all(file, offset, length, key)

    @staticmethod
    def _all(file, offset, length, key):
        out = bytearray()
        while len(out) < length:
            try:
                part = os.pread(file.fileno(), length - len(out), offset + len(out))
            except OSError as error:
                raise Unreachable(error.strerror, key) from None
            if not part:
                raise Damaged("it ends early", key)
            out += part
        return bytes(out)
