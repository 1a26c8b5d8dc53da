#!/usr/bin/env bash
# The kit and one site in an empty root folder: see 05_bare_machine.py.
exec python3 "$(dirname "$0")/05_bare_machine.py"
