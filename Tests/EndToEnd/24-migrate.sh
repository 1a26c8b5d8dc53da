#!/usr/bin/env bash
# A whole copy moved to another site, with proof, and attacks on that: see 24_migrate.py and 24_migrate_attacks.py.
status=0
for part in 24_migrate 24_migrate_attacks; do python3 "$(dirname "$0")/$part.py" || status=1; done
exit $status
