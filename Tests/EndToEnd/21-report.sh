#!/usr/bin/env bash
# The auditor's report of one tenant: see 21_report.py.
exec python3 "$(dirname "$0")/21_report.py"
