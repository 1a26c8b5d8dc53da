"""Names of objects, as text in keys and as bytes in records: docs/FORMAT.md 2."""
import re
from datetime import UTC, datetime
from typing import NamedTuple

_SESSION = r"(\d{10})-([0-9a-f]{32})"
_U32 = r"(0|[1-9]\d{0,9})"


def _match(pattern, text):
    """Groups of a whole match, or None."""
    found = re.fullmatch(pattern, text, re.ASCII)
    return found and (found.groups() or (text,))


class Session(NamedTuple):
    generation: int
    random: bytes

    @classmethod
    def parse(cls, fields):
        return cls(fields.u32(), fields.id())

    @classmethod
    def named(cls, text):
        parts = _match(_SESSION, text)
        if parts and int(parts[0]) < 1 << 32:
            return cls(int(parts[0]), bytes.fromhex(parts[1]))

    def __str__(self):
        return f"{self.generation:010}-{self.random.hex()}"


class PackKey(NamedTuple):
    digest: bytes
    session: Session
    attempt: int = 0

    @classmethod
    def parse(cls, fields):
        return cls(fields.digest(), Session.parse(fields), fields.u8())

    @classmethod
    def named(cls, key):
        parts = _match(r"packs/([0-9a-f]{2})/(\1[0-9a-f]{62})\.([^.]+)(?:\.([1-9]\d{0,2}))?", key)
        session = parts and Session.named(parts[2])
        if session and int(parts[3] or 0) < 256:
            return cls(bytes.fromhex(parts[1]), session, int(parts[3] or 0))

    def __str__(self):
        digest = self.digest.hex()
        return f"packs/{digest[:2]}/{digest}.{self.session}" + (f".{self.attempt}" if self.attempt else "")


class CommitKey(NamedTuple):
    snapshot: bytes
    session: Session

    @classmethod
    def parse(cls, fields):
        return cls(fields.id(), Session.parse(fields))

    @classmethod
    def named(cls, key):
        parts = _match(r"commits/([0-9a-f]{32})\.(.+)", key)
        session = parts and Session.named(parts[1])
        if session:
            return cls(bytes.fromhex(parts[0]), session)

    def __str__(self):
        return f"commits/{self.snapshot.hex()}.{self.session}"


class SegmentKey(NamedTuple):
    session: Session
    number: int
    merged: bool

    @classmethod
    def parse(cls, fields):
        session, number, merged = Session.parse(fields), fields.u32(), fields.u8()
        if merged > 1:
            raise fields.damaged("a segment neither merged nor not")
        return cls(session, number, bool(merged))

    @classmethod
    def named(cls, key):
        parts = _match(rf"index/(c?)([^.]+)\.{_U32}", key)
        session = parts and Session.named(parts[1])
        if session and int(parts[2]) < 1 << 32:
            return cls(session, int(parts[2]), bool(parts[0]))

    def __str__(self):
        return f"index/{'c' if self.merged else ''}{self.session}.{self.number}"


def number(key, folder):
    """The number in the name of a numbered record, or None."""
    parts = _match(rf"{folder}/(\d{{10}})", key)
    return int(parts[0]) if parts and int(parts[0]) < 1 << 32 else None


def manifest_key(snapshot, digest):
    return f"snapshots/{snapshot.hex()}.{digest.hex()[:32]}"


def is_manifest(key):
    return bool(_match(r"snapshots/[0-9a-f]{32}\.[0-9a-f]{32}", key))


def sheet_key(seconds, random):
    """The key of a sheet of that time and random part."""
    moment = datetime.fromtimestamp(min(max(seconds, 0), 253_402_300_799), UTC)
    return f"sheets/{moment:%Y%m%dT%H%M%SZ}-{random.hex()}"


def is_sheet(key):
    return bool(_match(r"sheets/\d{8}T\d{6}Z-[0-9a-f]{32}", key))


def hold_key(id, released=False):
    return f"holds/{id.hex()}" + (".released" if released else "")


def migration_key(id, number):
    return f"migrations/{id.hex()}.{number:010}"


def is_list(key):
    return bool(_match("lists/[0-9a-f]{64}", key))
