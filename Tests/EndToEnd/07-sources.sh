#!/usr/bin/env bash
# What a source may hold and do: see 07_sources.py.
exec python3 "$(dirname "$0")/07_sources.py"
