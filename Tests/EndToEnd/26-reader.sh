#!/usr/bin/env bash
# The independent reader and the program on the same repository: records of migrations, sealed segments of the journal: see 26_reader.py.
here=$(cd "$(dirname "$0")" && pwd)
python=python3
# The reader needs a newer cryptography than some systems have.
[[ -x $here/../../.venv-tests/bin/python ]] && python=$here/../../.venv-tests/bin/python
exec "$python" "$here/26_reader.py"
