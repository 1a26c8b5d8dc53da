#!/usr/bin/env bash
# Builds, then runs every test: Swift, the independent reader in Python, end to end. All of them run even when
# some fail; the last lines say which did.
set -uo pipefail
cd "$(dirname "$0")/.."

failed=()
part() {
    printf '\n== %s\n' "$1"
    "${@:2}" || failed+=("$1")
}

swift build --build-tests || exit 1
part 'Swift tests' swift test --skip-build --disable-xctest --no-parallel

python=python3
[[ -x .venv-tests/bin/python ]] && python=.venv-tests/bin/python
export HDSBACKUP=${HDSBACKUP:-$PWD/.build/debug/hdsbackup}
[[ -e Tests/Reader/test_reader.py ]] && part 'Python reader' "$python" Tests/Reader/test_reader.py
# The demonstration is a test as well: two sites, one lost, restored, compared by diff and a listing.
part 'demonstration' env DEMO_MIB=32 bash Tests/Tools/demo.sh
# Tests/EndToEnd/in-ci names the themes that are known to hold; the others are run by hand until they are.
while read -r theme; do
    [[ -n $theme ]] && part "$theme" bash "Tests/EndToEnd/$theme.sh"
done < Tests/EndToEnd/in-ci

if ((${#failed[@]})); then
    printf '\nFAILED:'
    printf ' [%s]' "${failed[@]}"
    printf '\n'
    exit 1
fi
printf '\nAll tests passed.\n'
