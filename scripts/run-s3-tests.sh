#!/usr/bin/env bash
# The tests that need object stores, among those that Tests/Stores/with_stores.py has started: the contract of a site, faults on the way
# there, end to end. Run by run-tests.sh, or by hand: Tests/Stores/with_stores.py scripts/run-s3-tests.sh
set -uo pipefail
cd "$(dirname "$0")/.."
: "${HDS_TEST_S3:?run under Tests/Stores/with_stores.py}"
export HDSBACKUP=${HDSBACKUP:-$PWD/.build/debug/hdsbackup}

status=0
timeout 900 swift test --skip-build --disable-xctest --no-parallel --filter SitesTests || status=1
for theme in Tests/EndToEnd/{11,18,25,27}-*.sh; do bash "$theme" || status=1; done
exit $status
