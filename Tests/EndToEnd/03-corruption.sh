#!/usr/bin/env bash
# Every kind of object damaged in every way: see 03_corruption.py.
exec python3 "$(dirname "$0")/03_corruption.py"
