#!/usr/bin/env python3
"""Starts the stores of the test run, makes their buckets, runs a command, stops them.

    with_stores.py COMMAND [ARGUMENT ...]

Two SeaweedFS and a Ceph site, each with a plain bucket, a versioned and a locked one beside a coordination bucket; JuiceFS and Swift, which
lie about conditions and locks. The command's environment has HDS_STORES, as store.py knows it, and HDS_TEST_S3, the file that
Tests/TestSupport/S3Stores.swift reads: label, endpoint, region, bucket, coordination bucket, lock mode, access key, secret key, CA file.
"""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import store  # noqa: E402

KINDS = {"paris": "seaweedfs", "lille": "seaweedfs", "brest": "ceph", "juice": "juicefs", "swift": "swift"}
TRIED = {"paris": "seaweedfs", "brest": "ceph"}  # by every test of the contract


def lines(site, label):
    for bucket, versions in (("plain", {}), ("agree", {}), ("versioned", {"versioned": True}), ("locked", {"locked": True})):
        site.bucket(f"contract-{bucket}", **versions)
    owner = site.env()
    for kind, coordination, lock in (("plain", "-", "-"), ("versioned", "contract-agree", "-"), ("locked", "contract-agree", "GOVERNANCE")):
        yield " ".join([f"{label}-{kind}", owner["ENDPOINT"], owner["REGION"], f"contract-{kind}", coordination, lock,
                        owner["ACCESS_KEY"], owner["SECRET_KEY"], owner["CA_FILE"] or "-"])


def main(command):
    # Stopped from outside, the stores are stopped as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with store.Stores() as stores, tempfile.NamedTemporaryFile("w", suffix=".stores") as file:
        sites = stores.start_all(KINDS)
        for name, label in TRIED.items():
            file.writelines(line + "\n" for line in lines(sites[name], label))
        file.flush()
        return subprocess.run(command, env={**os.environ, "HDS_STORES": str(stores.root), "HDS_TEST_S3": file.name}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
