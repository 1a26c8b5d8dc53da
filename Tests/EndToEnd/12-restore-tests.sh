#!/usr/bin/env bash
# Restore tests and drills: see 12_restore_tests.py.
exec python3 "$(dirname "$0")/12_restore_tests.py"
