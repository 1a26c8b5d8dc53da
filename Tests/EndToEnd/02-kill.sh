#!/usr/bin/env bash
# kill -9 at random moments and at each named step: see 02_kill.py.
exec python3 "$(dirname "$0")/02_kill.py"
