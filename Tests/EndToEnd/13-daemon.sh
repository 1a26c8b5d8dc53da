#!/usr/bin/env bash
# The daemon: schedules, control, signals, alerts, kills: see 13_daemon.py.
exec python3 "$(dirname "$0")/13_daemon.py"
