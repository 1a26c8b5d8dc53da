#!/usr/bin/env bash
# Brings the programs that look at the daemon from outside in tests: promtool and Chromium; and WeasyPrint, which makes the
# PDF of a report. Run again, it changes nothing.
#
#   scripts/install-observers.sh [promtool|chromium|weasyprint ...]      all when none is named
#
# They are unpacked from Debian's packages below .build-observers/ and not installed: no service appears, no root is
# needed once the lists of packages are there, and removing the folder removes them. A program of the system is taken
# where there is one. Prints nothing but what it does; the programs are .build-observers/bin/{promtool,chromium,weasyprint}.
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

plan() { # PACKAGE: it and what this machine lacks for it
    local needed
    lacking() { LC_ALL=C apt-get -s install --no-install-recommends "$1" 2>/dev/null | awk '/^Inst/ { print $2 }'; }
    needed=$(lacking "$1") || needed=
    if [[ -z $needed ]]; then
        update_lists >&2
        needed=$(lacking "$1") || needed=
    fi
    [[ -n $needed ]] || fail "there is no package $1"
    printf '%s\n' "$needed"
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
    needed=$(plan chromium)
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

bring_weasyprint() {
    local found needed
    ! runs weasyprint || return 0
    if found=$(command -v weasyprint); then
        printf '#!/bin/sh\nexec "%s" "$@"\n' "$found" | program weasyprint
        return 0
    fi
    [[ -x /usr/bin/python3 ]] || fail "WeasyPrint needs Debian's python3"
    echo "Unpacking WeasyPrint and the libraries that this machine lacks below .build-observers"
    # fonttools asks for numerical libraries of 300 MB, which writing a PDF does without.
    needed=$(plan weasyprint | grep -vE -e '-dev$|^lib(blas|lapack|openblas|lbfgsb|gfortran)|^python3-(numpy|scipy|sympy|mpmath|pythran)$|^unicode-data$')
    # shellcheck disable=SC2086 # one word a package
    unpack "$place/weasyprint" $needed
    # Debian's pyphen names the folder of its dictionaries by its whole path.
    for file in "$place"/weasyprint/usr/lib/python3/dist-packages/pyphen/__init__.py; do
        [[ ! -f $file ]] || sed -i "s#/usr/share/hyphen#$place/weasyprint/usr/share/hyphen#" "$file"
    done
    program weasyprint <<SH
#!/bin/sh
root='$place/weasyprint'
export LD_LIBRARY_PATH="\$root/usr/lib/$(uname -m)-linux-gnu\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
export PYTHONPATH="\$root/usr/lib/python3/dist-packages"
exec /usr/bin/python3 -m weasyprint "\$@"
SH
    runs weasyprint || fail "WeasyPrint does not start"
}

command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
    fail "this is not Debian: put promtool, chromium and weasyprint into PATH and make .build-observers/bin/{promtool,chromium,weasyprint} links to them"
(($#)) || set -- promtool chromium weasyprint
mkdir -p "$place/bin"
exec 9>"$place/.lock"  # one at a time
command -v flock >/dev/null && flock 9
for observer in "$@"; do
    case $observer in
        promtool | chromium | weasyprint) "bring_$observer" ;;
        *) fail "no observer named '$observer': promtool, chromium, weasyprint" ;;
    esac
done
