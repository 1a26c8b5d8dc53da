#!/usr/bin/env bash
# The dashboard in a real browser: see 15_dashboard.py.
exec python3 "$(dirname "$0")/15_dashboard.py"
