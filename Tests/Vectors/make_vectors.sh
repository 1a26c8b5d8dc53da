#!/usr/bin/env bash
# Makes Tests/Vectors/v1 anew with the program: HDSBACKUP=.build/debug/hdsbackup Tests/Vectors/make_vectors.sh
# It works in /tmp/hds-vectors, a name that ends up in the vectors, and which must not exist.
set -euo pipefail
cd "$(dirname "$0")/../.."
program=$(realpath "${HDSBACKUP:-.build/debug/hdsbackup}")
python=python3
[[ -x .venv-tests/bin/python ]] && python=.venv-tests/bin/python
here=Tests/Vectors
work=/tmp/hds-vectors
out=$work/v1
export HDSBACKUP_PASSPHRASE_FILE=$work/passphrase

configure() { # tenant, its sites
    local site list=
    for site in $2; do list+="${list:+, }\"$site\""; done
    printf '[node]\nname = "node"\nstate = "%s/state"\nkeys = "%s/keys"\n' "$work/$1" "$work/$1"
    for site in $2; do printf '[site.%s]\nkind = "file"\npath = "%s"\n' "$site" "$work/$1-$site"; done
    printf '[tenant.%s]\nsites = [%s]\nkeys_together = "accepted"\n' "$1" "$list"
    printf '[source.files]\npaths = ["%s"]\n' "$work/files"
    printf '[source.dump]\ncommand = ["%s", "dump"]\ncompression = "lz4"\n' "$work/source.py"
} >"$work/config.toml"

run() { "$program" "$@" --config "$work/config.toml" --quiet >/dev/null; }

backup_files() { # number of the snapshot
    run backup files
    "$python" Tests/Tools/listing.py --no-owner "$work/files" >"$out/files-$1.listing"
}

make_repositories() {
    mkdir "$work" "$out"
    cp "$here/source.py" "$work/source.py"
    echo 'not secret' >"$work/passphrase"

    # Another tenant: the small objects of its site, to be refused.
    configure foreign main
    run init --kit-out "$work/foreign.txt"
    cp -r "$work/foreign-main" "$out/foreign"

    # A first snapshot under the first descriptor, the others under the second, which admits a second site.
    configure test main
    run init --kit-out "$work/kit.txt"
    "$work/source.py" make "$work/files"
    backup_files 1
    configure test 'main second'
    run init --kit "$work/kit.txt"
    "$work/source.py" change "$work/files"
    backup_files 2
    run backup dump
    "$work/source.py" dump | sha256sum | cut -d ' ' -f 1 >"$out/dump.sha256"

    # Of the second site, too, the small objects only.
    cp -r "$work/test-main" "$out/site"
    cp -r "$work/test-second" "$out/second"
    rm -r "$out"/second/*/packs
    { printf 'TEST KEY, NOT SECRET: made for Tests/Vectors, protects nothing.\n\n' && cat "$work/kit.txt"; } >"$out/kit.txt"
    find "$out" -mindepth 1 -name '.*' -prune -exec rm -r {} +
    chmod -R u+w,go+rX "$out"
    rm -rf "$here/v1"
    cp -r "$out" "$here/v1"
}

[[ ! -e $work ]] || { echo "$work exists" >&2; exit 2; }
trap 'rm -rf "$work"' EXIT
umask 022
# Where pages end depends on random keys: some trees have one page only, which is not enough.
for _ in {1..20}; do
    rm -rf "$work"
    make_repositories
    "$python" Tests/Reader/test_reader.py -k Cover >"$work/covered" && break
done
cat "$work/covered"
du -sh "$here/v1"
