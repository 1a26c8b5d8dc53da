#!/usr/bin/env bash
# The ledger of transfers, against the bytes at the sites: see 25_transfers.py.
exec python3 "$(dirname "$0")/25_transfers.py"
