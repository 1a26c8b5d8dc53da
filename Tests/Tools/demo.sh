#!/usr/bin/env bash
# Shows, in about a minute, what the program is for: a small hospital is backed up to two sites, one site is
# lost, and everything comes back from the other, then from a bare machine with the recovery kit alone.
#
#   HDSBACKUP=path   the program (default: .build/release/hdsbackup)
#   DEMO_MIB=96      size of the sample
#   KEEP=1           leaves the folder, to look around or to type the commands again
set -euo pipefail

tools=$(cd "$(dirname "$0")" && pwd -P)
export HDSBACKUP=${HDSBACKUP:-$tools/../../.build/release/hdsbackup}
mib=${DEMO_MIB:-96}
locale=${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}
step='' step_started=0 finished=no
step_names=() step_times=()

# One text for the reader's language: t FRENCH ENGLISH
t() { if [[ $locale == fr* ]]; then printf '%s' "$1"; else printf '%s' "$2"; fi; }

now() { printf '%s' "${EPOCHREALTIME//[.,]/}"; }  # microseconds; the separator is the locale's

seconds() { local tenths=$(($1 / 100000)); printf '%d%s%d s' $((tenths / 10)) "$(t , .)" $((tenths % 10)); }

# A size in binary units, with one decimal.
size() {
    local tenths=$(($1 * 10)) unit=0 units=("$(t o B)" "$(t Kio KiB)" "$(t Mio MiB)" "$(t Gio GiB)" "$(t Tio TiB)")
    while ((tenths >= 10240 && unit < 4)); do tenths=$((tenths / 1024)) unit=$((unit + 1)); done
    if ((unit == 0)); then printf '%d %s' "$1" "${units[0]}"
    else printf '%d%s%d %s' $((tenths / 10)) "$(t , .)" $((tenths % 10)) "${units[unit]}"
    fi
}

bytes_in() { find "$1" -type f -printf '%s\n' | awk '{ sum += $1 } END { printf "%d", sum }'; }
count_in() { find "$1" "${@:2}" -printf x | wc -c; }  # a character a path: names may hold new lines

end_step() {
    [[ -z $step ]] || { step_names+=("$step") step_times+=($(($(now) - step_started))); }
    step=''
}

begin() {
    end_step
    step=$1 step_started=$(now)
    printf '\n== %s\n' "$step"
}

# Prints a command as one would type it, then runs it.
run() {
    printf '$'
    for word in "$@"; do
        if [[ $word =~ ^[A-Za-z0-9_./:@%=+-]+$ ]]; then printf ' %s' "$word"; else printf " '%s'" "$word"; fi
    done
    printf '\n'
    "$@"
}

hdsbackup() { "$HDSBACKUP" "$@"; }

close() {
    local status=$?
    trap - EXIT
    if [[ $finished == no ]]; then
        ((status != 0)) || status=1
        printf '\n%s\n' "=========================================================================="
        printf '%s %s\n' "$(t 'ÉCHEC (FAILED) à l’étape :' 'FAILED at the step:')" "${step:-$(t préparation preparation)}"
        printf '%s %s\n' "$(t 'La dernière commande ci-dessus a rendu le code' 'The last command above exited with status')" "$status."
    fi
    if [[ -n ${work:-} ]]; then
        if [[ ${KEEP:-} == 1 ]]; then
            printf '%s %s\n' "$(t 'Dossier conservé :' 'Folder kept:')" "$work"
        else
            cd /
            chmod -R u+rwX "$work" 2>/dev/null || true  # the sample has folders that one may not write in
            rm -rf "$work" || printf '%s %s\n' "$(t 'Dossier non effacé :' 'Folder not removed:')" "$work"
        fi
    fi
    exit "$status"
}

# Compares a restored folder with the sample: contents by diff, which is no part of this project, and all the
# rest by listing.py. diff cannot compare a pipe, a socket or a device with another: those are listed only.
compare() {
    run diff -r --no-dereference --exclude='*.fifo' --exclude='*.socket' --exclude='*.device' sample "$1"
    printf '$ listing.py %s > %s.list\n' "$1" "$2"
    python3 "$tools/listing.py" "$1" > "$2.list"
    run cmp sample.list "$2.list" || {
        diff sample.list "$2.list" | head -n 20
        exit 1
    }
    printf '%s\n' "$(t 'identiques' 'identical')"
}

trap close EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [[ $HDSBACKUP != */* ]]; then HDSBACKUP=$(command -v "$HDSBACKUP") || HDSBACKUP=/nonexistent; fi
HDSBACKUP=$(realpath -m "$HDSBACKUP")
if [[ ! -x $HDSBACKUP ]]; then
    t 'Programme absent ; le construire par « make release » : ' 'No program; build it with "make release": '
    printf '%s\n' "$HDSBACKUP"
    exit 1
fi
work=$(realpath "$(mktemp -d "${TMPDIR:-/tmp}/hdsbackup-demo.XXXXXX")")
cd "$work"
mkdir machine safe sites
# The restore key's passphrase. A person types it; a demonstration reads it from a file.
(umask 077; od -An -N16 -tx1 /dev/urandom | tr -d ' \n' > safe/passphrase)
export HDSBACKUP_PASSPHRASE_FILE=$work/safe/passphrase

begin "$(t 'Un hôpital d’exemple' 'A sample hospital')"
printf '%s %s\n$ cd %s\n' "$(t 'hdsbackup est ici' 'hdsbackup is here')" "$HDSBACKUP" "$work"
run python3 "$tools/hospital.py" make sample --mib "$mib" --seed 1
files_before=$(count_in sample -type f) bytes_before=$(bytes_in sample)
cat > machine/config.toml <<CONFIG
[node]
name  = "demo"                        # no roles: all of them
state = "$work/machine/state"
keys  = "$work/machine/keys"

[daemon]
listen = ""                           # no dashboard

[site.paris]
kind = "file"
path = "$work/sites/paris"

[site.lille]
kind = "file"
path = "$work/sites/lille"

[tenant.chu-demo]
sites = ["paris", "lille"]
write_quorum = 2                      # a backup succeeds once both sites hold it
keys_together = "accepted"            # one machine holds every key: for a demonstration only

[tenant.chu-demo.policy]
profile = "none"
copies = 2

[source.dpi]
tenant = "chu-demo"
paths = ["$work/sample"]

[source.base]
tenant = "chu-demo"
command = ["cat", "$work/sample/database/dump.sql"]   # pg_dumpall, in a hospital
CONFIG
run cat machine/config.toml

begin "$(t 'Clés, dépôts et kit de secours' 'Keys, repositories and recovery kit')"
run hdsbackup init --config machine/config.toml --kit-out safe/recovery-kit.txt
[[ -s safe/recovery-kit.txt ]]

begin "$(t 'Première sauvegarde' 'First backup')"
run hdsbackup backup --config machine/config.toml
stored_first=$(bytes_in sites/lille)

begin "$(t 'Une journée de travail' 'A working day')"
run python3 "$tools/hospital.py" mutate sample --seed 2
printf '$ listing.py sample > sample.list\n'
python3 "$tools/listing.py" sample > sample.list
files=$(count_in sample -type f) bytes=$(bytes_in sample) paths=$(count_in sample)
special=$(count_in sample -type p,s,b,c)
# The names that diff leaves out are those special files and nothing else.
[[ $(count_in sample \( -name '*.fifo' -o -name '*.socket' -o -name '*.device' \)) == "$special" ]]

begin "$(t 'Deuxième sauvegarde' 'Second backup')"
run hdsbackup backup --config machine/config.toml
stored_paris=$(bytes_in sites/paris) stored_lille=$(bytes_in sites/lille)

begin "$(t 'État' 'Status')"
run hdsbackup snapshots --config machine/config.toml
run hdsbackup status --config machine/config.toml

begin "$(t 'Relecture de chaque octet des deux sites' 'Reading every byte of both sites again')"
run hdsbackup verify --read all --open --config machine/config.toml

begin "$(t 'Le site paris est perdu' 'The site paris is lost')"
run rm -rf sites/paris

begin "$(t 'Restauration depuis lille' 'Restore from lille')"
run hdsbackup restore dpi@latest --to restored --site lille --config machine/config.toml

begin "$(t 'Comparaison avec l’original' 'Comparison with the original')"
compare "restored$work/sample" restored

begin "$(t 'Le site paris est refait' 'The site paris is made again')"
run hdsbackup init --config machine/config.toml
run hdsbackup replicate --to paris --config machine/config.toml
run hdsbackup verify --site paris --read all --config machine/config.toml
stored_again=$(bytes_in sites/paris)

begin "$(t 'Machine neuve : le kit de secours et lille seuls' 'A bare machine: the recovery kit and lille alone')"
run mv machine machine.lost
run mv sites/paris paris.away
run hdsbackup recover --kit safe/recovery-kit.txt --site lille --out new-machine
run hdsbackup restore dpi@latest --to recovered --config new-machine/config.toml
compare "recovered$work/sample" recovered
run mv paris.away sites/paris
run mv machine.lost machine
end_step

finished=yes
line() { printf '  %s\n' "$1"; }
printf '\n%s\n%s\n\n' "==========================================================================" "$(t 'RÉUSSI' 'DONE')"
printf '%s\n' "$(t 'Ce qui a été sauvegardé' 'What was backed up')"
line "$(t "dpi   un dossier : $files fichiers, $(size "$bytes") (la veille : $files_before, $(size "$bytes_before"))" \
    "dpi   a folder: $files files, $(size "$bytes") (the day before: $files_before, $(size "$bytes_before"))")"
line "$(t "base  la sortie d’une commande (un export SQL)" "base  the output of a command (an SQL dump)")"
line "$(t 'deux fois, à une journée de travail d’écart' 'twice, a working day apart')"
printf '%s\n' "$(t 'Où sont les copies' 'Where the copies are')"
line "$(t "paris : $(size "$stored_paris") ; lille : $(size "$stored_lille")" \
    "paris: $(size "$stored_paris"); lille: $(size "$stored_lille")")"
line "$(t "la première sauvegarde a pris $(size "$stored_first") par site, la journée suivante $(size $((stored_lille - stored_first)))" \
    "the first backup took $(size "$stored_first") a site, the day after $(size $((stored_lille - stored_first)))")"
printf '%s\n' "$(t 'Ce qui a été éprouvé' 'What was put to the test')"
line "$(t 'Le site paris a été effacé entièrement. La restauration depuis lille est identique :' \
    'The site paris was deleted wholly. The restore from lille is identical:')"
line "$(t "  contenu, par « diff -r » (sauf $special tubes, sockets et périphériques, qui n’en ont pas)" \
    "  contents, by \"diff -r\" (but for $special pipes, sockets and devices, which have none)")"
line "$(t "  $paths chemins, par « listing.py » et « cmp » : modes, propriétaires, dates à la nanoseconde," \
    "  $paths paths, by \"listing.py\" and \"cmp\": modes, owners, times to the nanosecond,")"
line "$(t '  liens, attributs, ACL, trous, et SHA-256 du contenu' '  links, attributes, ACLs, holes, and SHA-256 of the contents')"
line "$(t "Le site paris a été refait depuis lille ($(size "$stored_again")), puis relu en entier." \
    "The site paris was made again from lille ($(size "$stored_again")), then read wholly.")"
line "$(t 'Sans la machine ni paris, le kit de secours et lille ont rendu les mêmes fichiers, comparés de même.' \
    'Without the machine and paris, the recovery kit and lille gave the same files, compared likewise.')"
printf '%s\n' "$(t 'Durée de chaque étape' 'Time of each step')"
for i in "${!step_names[@]}"; do printf '  %8s  %s\n' "$(seconds "${step_times[i]}")" "${step_names[i]}"; done
