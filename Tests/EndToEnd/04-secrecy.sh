#!/usr/bin/env bash
# Sites learn nothing, nodes cannot read, strangers and old copies are not believed: see 04_secrecy.py.
exec python3 "$(dirname "$0")/04_secrecy.py"
