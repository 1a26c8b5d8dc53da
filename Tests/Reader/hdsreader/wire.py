"""Numbers, texts and lists as docs/FORMAT.md 1 lays them out."""
import struct
from typing import NamedTuple

from .problems import Damaged

MAX_U64 = (1 << 64) - 1


class Time(NamedTuple):
    seconds: int
    nanoseconds: int


class Cursor:
    """Reads a record from its first byte to its last."""

    def __init__(self, data, what):
        self.data, self.what, self.at = memoryview(data), what, 0

    @property
    def left(self):
        return len(self.data) - self.at

    def damaged(self, reason):
        return Damaged(f"{self.what}: {reason}")

    def take(self, count):
        if count > self.left:
            raise self.damaged("ends early")
        self.at += count
        return bytes(self.data[self.at - count:self.at])

    def rest(self):
        return self.take(self.left)

    def end(self):
        if self.left:
            raise self.damaged(f"{self.left} bytes left over")

    def _number(self, form):
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def u8(self):
        return self._number("<B")

    def flag(self):
        value = self.u8()
        if value > 1:
            raise self.damaged("neither yes nor no")
        return bool(value)

    def u16(self):
        return self._number("<H")

    def u32(self):
        return self._number("<I")

    def u64(self):
        return self._number("<Q")

    def i64(self):
        return self._number("<q")

    def varint(self, limit=MAX_U64, what="number"):
        value = shift = 0
        while True:
            byte = self.u8()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
            if shift > 63:
                raise self.damaged("varint of more than ten bytes")
        if byte == 0 and shift:
            raise self.damaged("varint is not spelled shortest")
        if value > limit:
            raise self.damaged(f"{what} {value} is more than {limit}")
        return value

    def zigzag(self):
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def counted(self, limit, what="length"):
        return self.take(self.varint(limit, what))

    def text(self, limit):
        try:
            return self.counted(limit).decode()
        except UnicodeDecodeError:
            raise self.damaged("text is not UTF-8") from None

    def list_of(self, limit, item):
        return [item() for _ in range(self.varint(limit, "count"))]

    def id(self):
        return self.take(16)

    def digest(self):
        return self.take(32)

    def time(self):
        time = Time(self.i64(), self.u32())
        if time.nanoseconds > 999_999_999:
            raise self.damaged("nanoseconds beyond a second")
        return time

    def zeros(self, count):
        if any(self.take(count)):
            raise self.damaged("bytes that must be zero are not")
