#!/usr/bin/env bash
# A copy is moved away from a real object store, with locks and versions: see 27_migrate_s3.py.
here=$(cd "$(dirname "$0")" && pwd)
python=python3
# The independent reader needs a newer cryptography than some systems have.
[[ -x $here/../../.venv-tests/bin/python ]] && python=$here/../../.venv-tests/bin/python
if [[ ${HDS_STORES:-} ]]; then
    exec "$python" "$here/27_migrate_s3.py"
fi
exec python3 "$here/../Stores/with_stores.py" "$python" "$here/27_migrate_s3.py"
