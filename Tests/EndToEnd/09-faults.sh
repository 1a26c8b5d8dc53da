#!/usr/bin/env bash
# Sites that fail in the midst of a call, nodes that work at once or twice: see 09_faults.py.
exec python3 "$(dirname "$0")/09_faults.py"
