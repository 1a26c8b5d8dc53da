#!/usr/bin/env bash
# Brings the programs that look at the daemon from outside in tests: promtool and Chromium. Run again, it changes nothing.
#
#   scripts/install-observers.sh [promtool|chromium ...]      both when none is named
#
# They are unpacked from Debian's packages below .build-observers/ and not installed: no service appears, no root is
# needed once the lists of packages are there, and removing the folder removes them. A program of the system is taken
# where there is one. Prints nothing but what it does; the programs are .build-observers/bin/{promtool,chromium}.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/packages.sh

place=$PWD/.build-observers
listed=

fail() { printf 'install-observers: %s\n' "$*" >&2; exit 1; }

update_lists() { # once; apt-cache knows no candidate on a fresh machine
    [[ -z $listed ]] || return 0
    as_root apt-get -o DPkg::Lock::Timeout=600 -q update
    listed=yes
}

unpack() { # ROOT PACKAGE... (as the user who runs this: the folder is closed to the one that apt changes to)
    local root=$1 work
    shift
    work=$(mktemp -d "$place/.new-XXXXXX")
    # Packages move on in the archive: lists that are too old name files that are gone.
    if ! (cd "$work" && apt-get -q -o APT::Sandbox::User=root download "$@"); then
        update_lists
        (cd "$work" && apt-get -q -o APT::Sandbox::User=root download "$@")
    fi
    mkdir -p "$work/root"
    for archive in "$work"/*.deb; do dpkg-deb -x "$archive" "$work/root"; done
    rm -rf "$root"
    mv "$work/root" "$root"
    rm -rf "$work"
}

program() { # NAME: writes the file from standard input, whole or not at all
    cat >"$place/bin/.$1"
    chmod 755 "$place/bin/.$1"
    mv "$place/bin/.$1" "$place/bin/$1"
}

runs() { [[ -x $place/bin/$1 ]] && "$place/bin/$1" --version >/dev/null 2>&1; }

bring_promtool() {
    local found
    ! runs promtool || return 0
    if found=$(command -v promtool); then
        printf '#!/bin/sh\nexec "%s" "$@"\n' "$found" | program promtool
        return 0
    fi
    echo "Unpacking promtool below .build-observers"
    unpack "$place/prometheus" prometheus
    printf '#!/bin/sh\nexec "%s" "$@"\n' "$place/prometheus/usr/bin/promtool" | program promtool
    runs promtool || fail "promtool does not start"
}

bring_chromium() {
    local found needed
    ! runs chromium || return 0
    if found=$(command -v chromium || command -v chromium-browser || command -v google-chrome); then
        printf '#!/bin/sh\nexec "%s" "$@"\n' "$found" | program chromium
        return 0
    fi
    echo "Unpacking Chromium and the libraries that this machine lacks below .build-observers"
    plan() { LC_ALL=C apt-get -s install --no-install-recommends chromium 2>/dev/null | awk '/^Inst/ { print $2 }'; }
    needed=$(plan) || needed=
    if [[ -z $needed ]]; then
        update_lists
        needed=$(plan) || needed=
    fi
    [[ -n $needed ]] || fail "there is no package chromium"
    # shellcheck disable=SC2086 # one word a package
    unpack "$place/chromium" $needed
    program chromium <<SH
#!/bin/sh
root='$place/chromium'
libraries=\$root/usr/lib/$(uname -m)-linux-gnu
export LD_LIBRARY_PATH="\$libraries:\$libraries/pulseaudio:\$root/lib/$(uname -m)-linux-gnu\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
export XDG_DATA_DIRS="\$root/usr/share:\${XDG_DATA_DIRS:-/usr/local/share:/usr/share}"
exec "\$root/usr/lib/chromium/chromium" "\$@"
SH
    runs chromium || fail "Chromium does not start"
}

command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
    fail "this is not Debian: put promtool and chromium into PATH and make .build-observers/bin/{promtool,chromium} links to them"
(($#)) || set -- promtool chromium
mkdir -p "$place/bin"
exec 9>"$place/.lock"  # one at a time
command -v flock >/dev/null && flock 9
for observer in "$@"; do
    case $observer in
        promtool | chromium) "bring_$observer" ;;
        *) fail "no observer named '$observer': promtool, chromium" ;;
    esac
done
