#!/usr/bin/env bash
# Disks that become full: see 10_disk_full.py.
exec python3 "$(dirname "$0")/10_disk_full.py"
