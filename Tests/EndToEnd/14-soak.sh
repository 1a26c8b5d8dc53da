#!/usr/bin/env bash
# One minute of the daemon under blows: see ../../Benchmarks/soak.py.
here=$(cd "$(dirname "$0")" && pwd)
exec python3 "$here/../../Benchmarks/soak.py" --program "${HDSBACKUP:-$here/../../.build/debug/hdsbackup}" --short --idle 10
