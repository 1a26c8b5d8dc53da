#!/usr/bin/env bash
# Builds, then runs every test: format, Swift, the independent reader in Python, metrics and alert rules, the demonstration, end to end, units and installing,
# object stores. All of them run even when some fail; the last lines say which did.
set -uo pipefail
cd "$(dirname "$0")/.."

failed=()
part() {
    local began=$SECONDS
    printf '\n== %s\n' "$1"
    "${@:2}" || failed+=("$1")
    printf '== %s: %d s\n' "$1" $((SECONDS - began))
}

part 'format' make --no-print-directory lint
# Cryptography in C is optimised here too: post-quantum signatures take ten times as long without.
swift build --build-tests -Xcc -O2 -Xcxx -O2 || exit 1
swift_tests() { timeout 1500 swift test --skip-build --disable-xctest --no-parallel "$@"; }
part 'Swift tests' swift_tests --skip MaintenanceTests

python=python3
[[ -x .venv-tests/bin/python ]] && python=.venv-tests/bin/python
export HDSBACKUP=${HDSBACKUP:-$PWD/.build/debug/hdsbackup}
part 'Python reader' "$python" Tests/Reader/test_reader.py
part "the auditor's walk" "$python" Tests/Audit/test_audit.py
part 'metrics, rules, Grafana' "$python" Tests/Observability/observability.py
# The demonstration is a test as well: two sites, one lost, restored, compared by diff and a listing.
part 'demonstration' env DEMO_MIB=32 bash Tests/Tools/demo.sh
for theme in Tests/EndToEnd/0[0-9]*.sh Tests/EndToEnd/10*.sh Tests/EndToEnd/1[23459]*.sh Tests/EndToEnd/2[0-9]*.sh; do
    part "$(basename "$theme" .sh)" bash "$theme"
done
# The two long ones of collection side by side: each mostly keeps one core busy.
interleavings=$(mktemp)
swift_tests --filter MaintenanceTests >"$interleavings" 2>&1 &
began=$SECONDS
for theme in Tests/EndToEnd/16*.sh; do part "$(basename "$theme" .sh)" bash "$theme"; done
wait $! || failed+=('Swift tests of maintenance')
printf '\n== Swift tests of maintenance\n'
cat "$interleavings"
rm -f "$interleavings"
printf '== Swift tests of maintenance: %d s, beside 16-collection\n' $((SECONDS - began))
for theme in Tests/EndToEnd/17*.sh; do part "$(basename "$theme" .sh)" bash "$theme"; done
part 'collection model' python3 Tests/Model/check.py --quick
part 'units and installing' python3 Tests/Packaging/units.py
part 'crashes' python3 Tests/Packaging/crash.py
# With real object stores, started here and stopped at the end.
part 'object stores' "$python" Tests/Stores/with_stores.py scripts/run-s3-tests.sh

if ((${#failed[@]})); then
    printf '\nFAILED:'
    printf ' [%s]' "${failed[@]}"
    printf '\n'
    exit 1
fi
printf '\nAll tests passed.\n'
