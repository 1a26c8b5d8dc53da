#!/usr/bin/env bash
# Two tenants apart on one machine and the same sites: see 23_tenants.py.
exec python3 "$(dirname "$0")/23_tenants.py"
