#!/usr/bin/env bash
# A month in which the certificate of one of three sites ends: see 22_story.py.
exec python3 "$(dirname "$0")/22_story.py"
