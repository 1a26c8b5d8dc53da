#!/usr/bin/env bash
# The main job, end to end: see 01_main_job.py.
exec python3 "$(dirname "$0")/01_main_job.py"
