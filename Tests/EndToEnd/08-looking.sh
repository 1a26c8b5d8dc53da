#!/usr/bin/env bash
# Looking inside snapshots: see 08_looking.py.
exec python3 "$(dirname "$0")/08_looking.py"
