"""Frames: docs/FORMAT.md 14. The decoders are the C libraries libzstd.so.1 and liblz4.so.1."""
import array
import ctypes
import functools
import itertools
import struct
import sys

from .problems import Damaged

DATA_LIMIT, PAGE_LIMIT = 16 << 20, 1 << 20
FRAME_HEADER = 8
STORED, ZSTD, LZ4 = 0, 1, 2


@functools.cache
def zstd():
    library = ctypes.CDLL("libzstd.so.1")
    for name, result, arguments in (
            ("ZSTD_getFrameContentSize", ctypes.c_ulonglong, [ctypes.c_char_p, ctypes.c_size_t]),
            ("ZSTD_findFrameCompressedSize", ctypes.c_size_t, [ctypes.c_char_p, ctypes.c_size_t]),
            ("ZSTD_decompress", ctypes.c_size_t, [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]),
            ("ZSTD_isError", ctypes.c_uint, [ctypes.c_size_t])):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


@functools.cache
def lz4():
    library = ctypes.CDLL("liblz4.so.1")
    library.LZ4_decompress_safe.restype = ctypes.c_int
    library.LZ4_decompress_safe.argtypes = [ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int]
    return library


def decode_zstd(payload, size):
    """One frame, as RFC 8878 3.1.1 has it, that states its content size and needs no dictionary."""
    if payload[:4] != bytes.fromhex("28b52ffd"):
        raise Damaged("not a Zstandard frame")
    # Frame_Header_Descriptor: 7-6 size of the content size, 5 single segment, 4 unused, 3 reserved, 1-0 dictionary
    descriptor = payload[4] if len(payload) > 4 else 0
    if descriptor & 0x0B:
        raise Damaged("the Zstandard frame needs a dictionary or a later decoder")
    if zstd().ZSTD_getFrameContentSize(payload, len(payload)) != size:
        raise Damaged("the Zstandard frame does not state the frame's length")
    if zstd().ZSTD_findFrameCompressedSize(payload, len(payload)) != len(payload):
        raise Damaged("the payload is not one Zstandard frame")
    plain = ctypes.create_string_buffer(size)
    if zstd().ZSTD_decompress(plain, size, payload, len(payload)) != size:
        raise Damaged("the Zstandard frame does not decode")
    return plain.raw


def decode_lz4(payload, size):
    plain = ctypes.create_string_buffer(size)
    if lz4().LZ4_decompress_safe(payload, plain, len(payload), size) != size:
        raise Damaged("the LZ4 block does not decode to its length")
    return plain.raw


@functools.cache
def differences():
    """d for each z: the zigzag of 16-bit numbers, undone."""
    return [(z >> 1) ^ (0xFFFF if z & 1 else 0) for z in range(1 << 16)]


def undo_samples(data, lead):
    """Samples from byte `lead` on were replaced by differences, low bytes before high bytes."""
    count = (len(data) - lead) // 2
    out = bytearray(data)
    out[lead:lead + 2 * count:2] = data[lead:lead + count]
    out[lead + 1:lead + 2 * count:2] = data[lead + count:lead + 2 * count]
    coded = little_endian(array.array("H", bytes(out[lead:lead + 2 * count])))
    sums = array.array("Q", itertools.accumulate(map(differences().__getitem__, coded)))
    wide = little_endian(sums).tobytes()  # samples are the sums modulo 2^16: two bytes of each eight
    out[lead:lead + 2 * count:2] = wide[0::8]
    out[lead + 1:lead + 2 * count:2] = wide[1::8]
    return bytes(out)


def little_endian(numbers):
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def unframe(frame, limit):
    """The plain bytes of a frame, at most `limit`."""
    if len(frame) < FRAME_HEADER:
        raise Damaged("shorter than a frame's header")
    codec, filtered, zero, size = struct.unpack("<BBHI", frame[:FRAME_HEADER])
    payload = frame[FRAME_HEADER:]
    if codec > LZ4 or filtered > 2 or zero or size > limit:
        raise Damaged("the frame's header has values that must not be")
    if codec == STORED:
        if filtered or len(payload) != size:
            raise Damaged("a stored frame's payload is not its length")
        return payload
    if not size or not payload:
        raise Damaged("a compressed frame without content")
    plain = (decode_zstd if codec == ZSTD else decode_lz4)(payload, size)
    return undo_samples(plain, filtered - 1) if filtered else plain
