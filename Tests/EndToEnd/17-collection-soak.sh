#!/usr/bin/env bash
# Two minutes of writers, a replicator and a collector that are killed at random: see ../../Benchmarks/collect_soak.py.
here=$(cd "$(dirname "$0")" && pwd)
python=python3
# The nodes are admitted with the independent reader's primitives, which need a newer cryptography than some systems have.
[[ -x $here/../../.venv-tests/bin/python ]] && python=$here/../../.venv-tests/bin/python
exec "$python" "$here/../../Benchmarks/collect_soak.py" --program "${HDSBACKUP:-$here/../../.build/debug/hdsbackup}" --minutes 2
