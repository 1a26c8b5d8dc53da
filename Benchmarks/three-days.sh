#!/usr/bin/env bash
# Three working days of a hospital on two sites, one of them emptied in between and levelled again: every
# snapshot is restored from every site and compared with a kept copy of its day by tools that are not ours
# (listing.py: contents by SHA-256, names, modes, owners, times, links, attributes, holes). Prints time, CPU,
# peak memory and bytes stored of each step, and of restic on the same data where RESTIC names it.
#
#   Benchmarks/three-days.sh [MIB]        environment: HDSBACKUP, CORPUS (make/mutate program), RESTIC, PLACE
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
mib=${1:-256}
hds=${HDSBACKUP:-$here/.build/release/hdsbackup}
corpus=${CORPUS:-$here/Tests/Tools/hospital.py}
place=$(mktemp -d "${PLACE:-/dev/shm}/three-days.XXXXXX")
trap 'rm -rf "$place"' EXIT
listing="python3 $here/Tests/Tools/listing.py"
echo phrase > "$place/passphrase"
export HDSBACKUP_PASSPHRASE_FILE=$place/passphrase RESTIC_PASSWORD=phrase RESTIC_REPOSITORY=$place/restic

timed() {
    local label=$1; shift
    /usr/bin/time -o "$place/time" -f '%e s wall, %U + %S s CPU, %M KiB' "$@" > "$place/output" 2>&1 || { cat "$place/output"; exit 1; }
    printf '  %-34s %s\n' "$label" "$(tail -1 "$place/time")"
}

cat > "$place/config.toml" <<TOML
[node]
name = "bench"
state = "$place/state"
keys = "$place/keys"
[site.a]
kind = "file"
path = "$place/a"
[site.b]
kind = "file"
path = "$place/b"
[tenant.chu]
sites = ["a", "b"]
keys_together = "accepted"
[source.dpi]
tenant = "chu"
paths = ["$place/source"]
TOML
run() { local label=$1; shift; timed "hdsbackup $label" "$hds" "$@" --config "$place/config.toml" --no-progress; }

python3 "$corpus" make "$place/source" --mib "$mib" --seed 1
"$hds" init --config "$place/config.toml" --kit-out "$place/kit" > /dev/null
[[ -n ${RESTIC:-} ]] && "$RESTIC" init -q
for day in 1 2 3; do
    ((day > 1)) && python3 "$corpus" mutate "$place/source" --seed "$day"
    $listing "$place/source" > "$place/day-$day.list"
    echo "day $day: $(du -sm --apparent-size "$place/source" | cut -f1) MiB"
    run "backup to two sites" backup
    [[ -n ${RESTIC:-} ]] && timed "restic backup to one" "$RESTIC" backup -q --no-cache "$place/source"
    printf '  stored: a %s MB, b %s MB%s\n' "$(du -sm "$place/a" | cut -f1)" "$(du -sm "$place/b" | cut -f1)" \
        "${RESTIC:+, restic $(du -sm "$place/restic" | cut -f1) MB}"
    if ((day == 2)); then
        rm -rf "$place/b"
        "$hds" init --config "$place/config.toml" > /dev/null
        run "replicate to the emptied site" replicate --to b
    fi
done
run "unchanged backup" backup
run "verify, every byte, both sites" verify --read all
run "verify --open, both sites" verify --read all --open
mapfile -t ids < <("$hds" snapshots --config "$place/config.toml" --json | python3 -c 'import json, sys; [print(s["id"]) for s in json.load(sys.stdin)["snapshots"]]')
for site in a b; do
    for day in 1 2 3; do
        run "restore day $day from $site" restore "${ids[day - 1]}" --site "$site" --to "$place/out"
        $listing "$place/out$place/source" | cmp - "$place/day-$day.list" || { echo "day $day from $site DIFFERS"; exit 1; }
        rm -rf "$place/out"
    done
done
if [[ -n ${RESTIC:-} ]]; then
    timed "restic restore" "$RESTIC" restore latest -q --no-cache --target "$place/out"
    timed "restic check --read-data" "$RESTIC" check -q --no-cache --read-data
fi
echo "every snapshot restored from every site is identical (contents, names, modes, owners, times, links, attributes, holes)"
