#!/usr/bin/env bash
# The journal: what is written down, what is found when it is bent, what sites and exports hold: see 19_journal.py.
here=$(cd "$(dirname "$0")" && pwd)
python=python3
# The independent verifier needs a newer cryptography than some systems have.
[[ -x $here/../../.venv-tests/bin/python ]] && python=$here/../../.venv-tests/bin/python
exec "$python" "$here/19_journal.py"
