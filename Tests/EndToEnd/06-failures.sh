#!/usr/bin/env bash
# Failures of sites, disks and operators: see 06_failures.py.
exec python3 "$(dirname "$0")/06_failures.py"
