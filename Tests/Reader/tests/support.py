"""The vectors, copies of them, and the reader's commands run on those."""
import contextlib
import functools
import hashlib
import io
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile
from typing import NamedTuple

import hds_reader
from hdsreader.crypto import sha256
from hdsreader.keys import Kit
from hdsreader.problems import Report
from hdsreader.repository import Repository

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = HERE.parent.parent / "Vectors" / "v1"
LISTING = HERE.parent.parent / "Tools" / "listing.py"
KIT = VECTORS / "kit.txt"
PREFIX = Kit(KIT.read_text()).tenant.prefix
SOURCE = "tmp/hds-vectors/files"
DUMP = b"dump"


def repository(site=VECTORS / "site", kit=KIT):
    return Repository(str(site), Kit(kit.read_text()), Report(io.StringIO()))


@functools.cache
def snapshots():
    """Ids of the vectors' snapshots, oldest first: files, files changed, dump."""
    return [snapshot.id.hex() for snapshot in repository().snapshots()]


class Ran(NamedTuple):
    status: int
    out: str
    problems: list


def run(*arguments, site=VECTORS / "site", kit=KIT):
    """A command of the reader, in this process."""
    out, problems = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(problems):
        status = hds_reader.main(["--kit", str(kit), "--site", str(site), *map(str, arguments)])
    return Ran(status, out.getvalue(), problems.getvalue().splitlines())


class Copy:
    """A copy of the vectors' site that may be damaged. Used as `with Copy() as copy`."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="hds-reader-")
        self.root = pathlib.Path(self.folder.name)
        self.site = self.root / "site"
        shutil.copytree(VECTORS / "site", self.site)
        self.prefix = self.site / PREFIX
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def objects(self, folder):
        """Paths of the objects in a folder, in the order of their names; `site` is the marker."""
        place = self.prefix / folder
        return sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]

    def key(self, path):
        return str(path.relative_to(self.prefix))

    def run(self, *arguments, kit=KIT):
        return run(*arguments, site=self.site, kit=kit)

    def extract(self, number):
        """Extracts a snapshot of the vectors. Returns the command's status, and {path: SHA-256} of what came back."""
        target = self.root / f"out-{number}"
        ran = self.run("extract", snapshots()[number], target)
        root = os.fsencode(target / (SOURCE if number < 2 else "."))
        paths = [os.path.join(place, name) for place, _, names in os.walk(root) for name in names]
        found = {listing_path(os.path.relpath(path, root)): digest(path)
                 for path in paths if stat.S_ISREG(os.lstat(path).st_mode)}
        shutil.rmtree(target, ignore_errors=True)
        return ran.status, found


def listing(folder):
    """{path: line} of what is in a folder."""
    lines = subprocess.run([sys.executable, LISTING, "--no-owner", folder], check=True, capture_output=True, text=True)
    return parse_listing(lines.stdout)


def parse_listing(text):
    return {line.partition(" kind=")[0]: line for line in text.splitlines()}


def listing_path(raw):
    """A path as listing.py writes it."""
    return repr(raw)[1:]


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.cache
def expected(number):
    """The listing of what one of the two snapshots of files was made from."""
    return parse_listing((VECTORS / f"files-{number + 1}.listing").read_text())


@functools.cache
def expected_digests(number):
    """{path: SHA-256} of the files of any snapshot."""
    if number == 2:
        return {listing_path(DUMP): (VECTORS / "dump.sha256").read_text().strip()}
    return {path: line.partition(" sha256=")[2].partition(" ")[0] for path, line in expected(number).items()
            if " kind=file " in line}


def resealed(data, change):
    """A statement or wrap with some of its bytes changed and its last digest made right again."""
    body = bytearray(data[:-32])
    change(body)
    return bytes(body) + sha256(body)


def newer(body):
    """The version that stands behind the magic."""
    body[8:10] = b"\x02\0"
