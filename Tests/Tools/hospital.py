#!/usr/bin/env python3
"""Makes a small sample hospital, and later days of it, for tests and demonstrations.

    hospital.py make   DIR --mib 96 --seed 1     the first version, in a new or empty folder
    hospital.py mutate DIR --seed 2              a working day later, in place

The same arguments give the same bytes, names and times (as root, odd/ holds a few more kinds).
What it holds, as a share of --mib:

    imaging/   50 %  CT series that look like DICOM: noisy 16-bit samples over smooth shapes
    scans/     14 %  scanned letters, already compressed
    fhir/      12 %  bulk exports, one JSON object a line
    hl7/        4 %  very many small messages, one a file
    database/  12 %  a heap of 8 KiB pages as PostgreSQL has, and an SQL dump
    vm/         8 %  a sparse disk image, with large holes and with zeros that were written
    odd/             names, kinds, modes and times that break careless programs (oddities.py)
"""
import argparse
import functools
import json
import math
import os
import statistics
import struct

import oddities
from tree import Dice, Tree

FIRST = "Camille Louis Manon Hugo Chloe Nathan Lea Enzo Emma Lucas Ines Gabriel Jade Adam Zoe Noah".split()
LAST = "Martin Bernard Thomas Petit Robert Richard Durand Dubois Moreau Laurent Simon Michel Garcia".split()
PEOPLE = [f"{last}^{first}" for last in LAST for first in FIRST]
DAYS = [f"-{month:02d}-{day:02d}" for month in range(1, 13) for day in range(1, 29)]
GROUPS = [f"{organ:02d}M{number:02d}{level}" for organ in range(1, 29) for number in range(10, 40) for level in range(1, 5)]
CODES = [("718-7", "Hemoglobin", "g/dL"), ("2345-7", "Glucose", "mg/dL"), ("2160-0", "Creatinine", "mg/dL"),
         ("8867-4", "Heart rate", "/min"), ("8480-6", "Systolic blood pressure", "mm[Hg]"), ("29463-7", "Weight", "kg")]
MIB = 1 << 20
SLICE = 512          # samples a side
PAGE = 8192
BLOCK = 4096         # writes of the disk image keep to it, so that holes are where they are meant on any file system
STEP = 2 * MIB       # of the disk image: data, written zeros, then a hole
LABELS = [f"{name}|{code}|{text}".encode() for name in PEOPLE for code, text, _ in CODES]
ROW = struct.Struct("<I8s")
HEAP, DUMP, IMAGE = "database/base/16384/2619", "database/dump.sql", "vm/dpi-test.img"


def field(bits, shift, table):
    """An item of the table by some of the bits: one draw a row is three times as fast as one a field."""
    return table[(bits >> shift) % len(table)]


# Imaging

GAUSS = [statistics.NormalDist().inv_cdf((i + 0.5) / 256) for i in range(256)]


@functools.lru_cache(maxsize=4096)
def sample_tables(level, sigma):
    """Two tables for bytes.translate: uniform random bytes to the low and the high bytes of noisy samples."""
    samples = [min(4095, max(0, round(level + sigma * g))) for g in GAUSS]
    return bytes(s & 255 for s in samples), bytes(s >> 8 for s in samples)


@functools.lru_cache(maxsize=2)
def anatomy(study, position):
    """The shapes of a slice: for each row, runs of (from, to, low table, high table)."""
    dice = Dice(f"anatomy-{study}")
    cx, cy = dice.uniform(-0.05, 0.05), dice.uniform(-0.05, 0.05)
    a, b = dice.uniform(0.33, 0.44), dice.uniform(0.28, 0.38)
    drift = position * 0.008
    shapes = [  # centre, half axes, level, noise; later ones lie over earlier ones
        (cx, cy, a, b, 960, 8), (cx, cy, a * 0.92, b * 0.9, 1045, 9),
        (cx - a * 0.45, cy - 0.03, a * 0.3 - drift / 4, b * 0.55, 180, 11),
        (cx + a * 0.45, cy - 0.03, a * 0.3, b * 0.55 - drift / 4, 190, 11),
        (cx + 0.02 + drift, cy, 0.08, 0.09, 1090, 9), (cx, cy + b * 0.65, 0.05, 0.05, 1420, 14)]
    rows = []
    for y in range(SLICE):
        v = (y + 0.5) / SLICE - 0.5
        spans = [(0, SLICE, 24, 2)]
        for x0, y0, half_x, half_y, level, sigma in shapes:
            reach = 1 - ((v - y0) / half_y) ** 2
            if reach > 0:
                half = half_x * math.sqrt(reach)
                left, right = (max(0, min(SLICE, int((x0 + s * half + 0.5) * SLICE))) for s in (-1, 1))
                spans.append((left, right, level + round(8 * math.sin(v * 9 + x0 * 20)), sigma))
        cuts = sorted({edge for span in spans for edge in span[:2]})
        row = []
        for left, right in zip(cuts, cuts[1:]):
            level, sigma = next(s[2:] for s in reversed(spans) if s[0] <= left and right <= s[1])
            row.append((y * SLICE + left, y * SLICE + right, *sample_tables(level, sigma)))
        rows.extend(row)
    return rows


def ct_slice(dice, study, index):
    """One slice of little-endian 16-bit samples. Neighbours share shapes, never noise."""
    noise = dice.randbytes(SLICE * SLICE)
    low, high = [], []
    for start, end, low_table, high_table in anatomy(study, index // 16):
        run = noise[start:end]
        low.append(run.translate(low_table))
        high.append(run.translate(high_table))
    samples = bytearray(2 * SLICE * SLICE)
    samples[0::2], samples[1::2] = b"".join(low), b"".join(high)
    return bytes(samples)


def dicom_header(study, series, index, patient):
    """Enough for a reader to recognise the format: preamble, magic, a few elements with explicit types."""
    def element(group, number, kind, text):
        raw = text.encode()
        raw += b" " * (len(raw) % 2)
        return struct.pack("<HH2sH", group, number, kind, len(raw)) + raw
    uid = f"1.2.250.1.59.{study}"
    elements = element(8, 0x60, b"CS", "CT") + element(0x10, 0x10, b"PN", patient) + element(0x20, 0xD, b"UI", uid)
    elements += element(0x20, 0xE, b"UI", f"{uid}.{series}") + element(0x20, 0x13, b"IS", str(index))
    pixels = struct.pack("<HH2sHI", 0x7FE0, 0x10, b"OW", 0, 2 * SLICE * SLICE)
    return b"\0" * 128 + b"DICM" + elements + pixels


def add_study(tree, dice, study, slices):
    patient = field(dice.getrandbits(32), 0, PEOPLE)
    for index in range(slices):
        path = f"imaging/study-{study:06d}/series-1/IM{index:05d}.dcm"
        tree.write(path, dicom_header(study, 1, index, patient) + ct_slice(dice, study, index))


# Letters, exports and messages

def scan(dice):
    return b"%PDF-1.7\n" + dice.randbytes(dice.between(40_000, 900_000)) + b"\n%%EOF\n"


OBSERVATION = json.dumps({
    "resourceType": "Observation", "id": "obs-%09d", "status": "final",
    "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]}],
    "code": {"coding": [{"system": "http://loinc.org", "code": "%s", "display": "%s"}], "text": "%s"},
    "subject": {"reference": "Patient/%d"}, "encounter": {"reference": "Encounter/%d"},
    "effectiveDateTime": "%d%sT%02d:%02d:00+01:00",
    "valueQuantity": {"value": 1.5, "unit": "%s", "system": "http://unitsofmeasure.org", "code": "%s"}}).replace("1.5", "%.1f")


def observation(dice, number):
    bits = dice.getrandbits(64)
    code, text, unit = field(bits, 0, CODES)
    patient = (bits >> 8) % 40_000
    return OBSERVATION % (number, code, text, text, patient, patient * 7 + (bits >> 24) % 7,
                          2015 + (bits >> 28) % 11, field(bits, 32, DAYS), (bits >> 42) % 24,
                          (bits >> 47) % 60, 30 + (bits >> 53) % 1000 / 10, unit, unit)


def lines(make, budget):
    """As many lines of make(number) as fill the budget, which is in bytes."""
    out, used = [], 0
    while used < budget:
        line = make(len(out)) + "\n"
        out.append(line)
        used += len(line)
    return "".join(out).encode()


def ndjson(dice, first, budget):
    return lines(lambda n: observation(dice, first + n), budget)


def message(dice, number):
    bits = dice.getrandbits(64)
    segments = [f"MSH|^~\\&|LABO|CHU|DPI|CHU|2025{field(bits, 0, DAYS).replace('-', '')}||ORU^R01|{number:010d}|P|2.5",
                f"PID|1||{(bits >> 10) % 40_000:08d}^^^CHU^PI||{field(bits, 30, PEOPLE)}||19{30 + (bits >> 40) % 69}0101|F"]
    for i in range(2 + (bits >> 50) % 16):
        bits = dice.getrandbits(32)
        code, text, unit = field(bits, 0, CODES)
        segments.append(f"OBX|{i + 1}|NM|{code}^{text}^LN||{30 + (bits >> 8) % 1000 / 10:.1f}|{unit}|||||F")
    return "\r".join(segments).encode()


# Databases and machines

def heap_page(dice, number):
    """A page as bufpage.h lays it out: header, line pointers downwards, rows from the end upwards."""
    noise, at = dice.randbytes(PAGE), 0
    full, upper = PAGE - dice.between(4000, 8000), PAGE
    rows, pointers = [], []
    while upper > full:
        row = ROW.pack(number & 0xFFFFFFFF, noise[at:at + 8]) + field(noise[at] * 8 + noise[at + 1], 0, LABELS)
        row += noise[at + 8:at + 12 + noise[at + 2] % 36]
        row += b"\0" * (-len(row) % 8)
        at += 48
        if upper - len(row) < 24 + 4 * (len(rows) + 1):
            break
        upper -= len(row)
        rows.append(row)
        pointers.append(upper | 1 << 15 | len(row) << 17)
    lower = 24 + 4 * len(rows)
    header = struct.pack("<QHHHHHHI", number * PAGE, 0, 0, lower, upper, PAGE, 0x2004, 0)
    return header + struct.pack(f"<{len(rows)}I", *pointers) + b"\0" * (upper - lower) + b"".join(reversed(rows))


def sql_dump(dice, budget):
    def row(number):
        bits = dice.getrandbits(64)
        return (f"{number + 1}\t{(bits >> 20) % 10**8:08d}\t{1000 + (bits >> 50) % 9000}\t2025{field(bits, 0, DAYS)}\t\\N"
                f"\t{field(bits, 10, GROUPS)}")
    return b"COPY public.sejour (id, ipp, uf, entree, sortie, ghm) FROM stdin;\n" + lines(row, budget) + b"\\.\n"


def disk_image(tree, dice, budget):
    data, zeros = 128 * BLOCK, 16 * BLOCK
    steps = max(2, budget // (data + zeros))
    tree.write(IMAGE, b"")
    with open(tree.at(IMAGE), "r+b") as file:
        for step in range(steps):
            file.seek(step * STEP)
            file.write(dice.randbytes(data) + b"\0" * zeros)
        file.truncate(steps * STEP)  # and so it ends with a hole
    tree.date(IMAGE)


def make(root, mib, seed, deep):
    tree, dice, total = Tree(root), Dice(f"hospital-{seed}"), mib * MIB
    tree.folder("")
    slices, study = max(2, total // (4 * SLICE * SLICE)), 0
    while slices > 0:
        study += 1
        add_study(tree, dice, study, min(slices, 120))
        slices -= 120
    used = number = 0
    while used < total * 0.14:
        data, number = scan(dice), number + 1
        tree.write(f"scans/{number % 97:02d}/courrier-{number:06d}.pdf", data)
        used += len(data)
    for part in range(2):
        tree.write(f"fhir/Observation-{part}.ndjson", ndjson(dice, part * 10**8, int(total * 0.06)))
    used = number = 0
    while used < total * 0.04:
        data, number = message(dice, number), number + 1
        tree.write(f"hl7/2025-{number // 400 % 12 + 1:02d}/{number:010d}.hl7", data)
        used += len(data)
    tree.write(HEAP, b"".join(heap_page(dice, n) for n in range(max(4, int(total * 0.08) // PAGE))))
    tree.write(DUMP, sql_dump(dice, int(total * 0.04)))
    disk_image(tree, dice, int(total * 0.08))
    oddities.add(tree, deep)
    tree.finish()


def mutate(root, day):
    """A working day: a little is added, edited in place, appended, inserted, renamed and removed."""
    tree, dice = Tree(root, day), Dice(f"day-{day}")
    studies = tree.names("imaging")
    slices = sum(len(tree.names(f"imaging/{study}/series-1")) for study in studies)
    tree.rename(f"imaging/{studies[dice.below(len(studies))]}", f"imaging/study-moved-{day}")
    add_study(tree, dice, 900_000 + day, max(2, slices // 20))
    scans = tree.files("scans")
    for path in dice.sample(scans, math.ceil(len(scans) / 100)):
        tree.remove(path)
    for i in range(math.ceil(len(scans) / 50)):
        tree.write(f"scans/nouveau/courrier-{day}-{i:05d}.pdf", scan(dice))
    for name in tree.names("fhir"):
        with open(tree.at(f"fhir/{name}"), "rb") as file:
            data = file.read()
        at = data.find(b"\n", dice.below(len(data) // 2)) + 1
        tree.write(f"fhir/{name}", data[:at] + ndjson(dice, (500 + day) * 10**6, max(4096, len(data) // 200)) + data[at:])
    messages = tree.files("hl7")
    for path in dice.sample(messages, math.ceil(len(messages) / 100)):
        tree.write(path, message(dice, dice.below(10**9)))
    for i in range(math.ceil(len(messages) / 50)):
        tree.write(f"hl7/2026-{day % 12 + 1:02d}/{day:04d}{i:06d}.hl7", message(dice, day * 10**6 + i))
    pages = tree.size(HEAP) // PAGE
    with open(tree.at(HEAP), "r+b") as file:
        for number in dice.sample(range(pages), math.ceil(pages / 50)):
            file.seek(number * PAGE)
            file.write(heap_page(dice, number + day * 10**6))
    with open(tree.at(DUMP), "ab") as file:
        file.write(sql_dump(dice, max(4096, tree.size(DUMP) // 100)))
    with open(tree.at(IMAGE), "r+b") as file:  # into a hole
        file.seek(dice.below(tree.size(IMAGE) // STEP) * STEP + MIB)
        file.write(dice.randbytes(64 * BLOCK))
    for path in (HEAP, DUMP, IMAGE):
        tree.date(path)
    oddities.change(tree, day)
    tree.finish()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("make", "mutate"):
        options = verbs.add_parser(verb)
        options.add_argument("dir")
        options.add_argument("--seed", type=int, default=1)
        if verb == "make":
            options.add_argument("--mib", type=int, default=96)
            options.add_argument("--deep", action="store_true", help="also a path longer than PATH_MAX")
    args = parser.parse_args()
    os.umask(0o022)
    if args.verb == "mutate":
        if not os.path.isdir(os.path.join(args.dir, "imaging")):
            parser.error(f"{args.dir} is no sample hospital")
        mutate(args.dir, args.seed)
    else:
        if args.mib < 1:
            parser.error("--mib must be 1 or more")
        if os.path.lexists(args.dir) and os.listdir(args.dir):
            parser.error(f"{args.dir} is not empty")
        make(args.dir, args.mib, args.seed, args.deep)


if __name__ == "__main__":
    main()
