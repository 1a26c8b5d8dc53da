#!/usr/bin/env python3
"""Computes the root of a migration again by docs/MIGRATION.md alone.

    merkle.py LEAVES                     the root over a list of leaves
    merkle.py LEAVES --folder FOLDER     the same, each object of the list hashed again in the tenant's folder of a file site
    merkle.py LEAVES --path NAME         the audit path of one object

LEAVES has a line for each leaf: <sha256> <size> <name>. FOLDER is a site's folder with its prefix, or a copy of it.
Exit status: 0 done; 2 wrong usage; 4 an object is missing or is not what its leaf says.
"""
import argparse
import hashlib
import os
import re
import struct
import sys


def refuse(words):
    print(words, file=sys.stderr)
    sys.exit(2)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def leaf(name, size, content):
    return sha256(b"\0", struct.pack("<H", len(name)), name, struct.pack("<Q", size), content)


def root(hashes):
    """RFC 6962, section 2.1."""
    if not hashes:
        return sha256()
    trees = []
    for value in hashes:
        count = 1
        while trees and trees[-1][0] == count:
            value = sha256(b"\1", trees.pop()[1], value)
            count *= 2
        trees.append((count, value))
    value = trees.pop()[1]
    while trees:
        value = sha256(b"\1", trees.pop()[1], value)
    return value


def path(index, hashes):
    """RFC 6962, section 2.1.1."""
    if len(hashes) < 2:
        return []
    half = 1 << ((len(hashes) - 1).bit_length() - 1)
    if index < half:
        return path(index, hashes[:half]) + [root(hashes[half:])]
    return path(index - half, hashes[half:]) + [root(hashes[:half])]


def read(list_file):
    leaves = []
    with open(list_file, "rb") as lines:
        for number, line in enumerate(lines, 1):
            parts = line.rstrip(b"\n").split(b" ")
            try:
                content, size, name = bytes.fromhex(parts[0].decode()), int(parts[1]), parts[2]
            except (IndexError, ValueError):
                refuse(f"{list_file}:{number}: not <sha256> <size> <name>")
            if len(parts) != 3 or len(content) != 32 or (leaves and leaves[-1][0] >= name):
                refuse(f"{list_file}:{number}: not a leaf, or out of order")
            leaves.append((name, size, content))
    return leaves


SEALED = re.compile(r"(journal/[0-9a-f]{32})/([0-9]{10})\.[0-9a-f]{64}")


def candidates(folder, name):
    """Where the object of a leaf may be. Packs, and sealings of the journal, have suffixes of their site's own."""
    if sealed := SEALED.fullmatch(name):
        place, base = os.path.join(folder, sealed[1]), sealed[2]
        names = sorted(os.listdir(place)) if os.path.isdir(place) else []
        return [os.path.join(place, each) for each in names if re.fullmatch(base + r"(\.[0-9]{1,3})?", each)]
    if not name.startswith("packs/"):
        return [os.path.join(folder, name)]
    digest = name[len("packs/"):]
    place = os.path.join(folder, "packs", digest[:2])
    names = sorted(os.listdir(place)) if os.path.isdir(place) else []
    return [os.path.join(place, each) for each in names if each.startswith(digest + ".")]


def hashed(file_name):
    total, size = hashlib.sha256(), 0
    with open(file_name, "rb") as file:
        while part := file.read(1 << 20):
            total.update(part)
            size += len(part)
    return size, total.digest()


def committed(folder):
    """Names of commits in the slots of the folder: outcome 1, by docs/FORMAT.md, 9.4. Signatures are not checked."""
    found, place = set(), os.path.join(folder, "commits")
    for each in sorted(os.listdir(place)) if os.path.isdir(place) else []:
        with open(os.path.join(place, each), "rb") as file:
            body = file.read()[36:]
        if len(body) > 85 and body[52] == 1:
            found.add(f"commits/{body[:16].hex()}.{body[53:85].hex()}")
    return found


def check(folder, leaves):
    wrong, slots = 0, committed(folder)
    for name, size, content in leaves:
        text = name.decode()
        if text.startswith("commits/"):
            good = text in slots and text.endswith("." + content.hex()) and size == 0
        else:
            good = any(os.path.isfile(each) and hashed(each) == (size, content) for each in candidates(folder, text))
        if not good:
            print(f"wrong or missing: {text}")
            wrong += 1
    return wrong


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("leaves")
    options.add_argument("--folder")
    options.add_argument("--path")
    options = options.parse_args()
    leaves = read(options.leaves)
    hashes = [leaf(*each) for each in leaves]
    if options.path:
        names = [each[0] for each in leaves]
        if options.path.encode() not in names:
            refuse(f"{options.path}: not in the list")
        index = names.index(options.path.encode())
        print(f"leaf {index} of {len(hashes)}: {hashes[index].hex()}")
        for each in path(index, hashes):
            print(each.hex())
    wrong = check(options.folder, leaves) if options.folder else 0
    print(f"root {root(hashes).hex()}")
    print(f"{len(leaves)} leaves, {sum(each[1] for each in leaves)} bytes")
    return 4 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
