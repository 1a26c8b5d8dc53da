#!/usr/bin/env bash
# Collection, retention and holds beside writers that sleep, die and lie: see 16_collection.py.
here=$(cd "$(dirname "$0")" && pwd)
python=python3
# The independent reader needs a newer cryptography than some systems have.
[[ -x $here/../../.venv-tests/bin/python ]] && python=$here/../../.venv-tests/bin/python
exec "$python" "$here/16_collection.py"
