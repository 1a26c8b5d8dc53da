#!/usr/bin/env bash
# Where bytes may go, and the papers that say so: see 20_sovereignty.py.
exec python3 "$(dirname "$0")/20_sovereignty.py"
