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
for script in Tests/EndToEnd/*.sh; do
    [[ -e $script ]] && part "$script" bash "$script"
done

if ((${#failed[@]})); then
    printf '\nFAILED:'
    printf ' [%s]' "${failed[@]}"
    printf '\n'
    exit 1
fi
printf '\nAll tests passed.\n'
