#!/usr/bin/env bash
# The package on a Debian 12 that has never seen a Swift toolchain: a minimal one is made, the package installed, a backup taken and
# restored, the package removed and purged. Needs root, debootstrap and the network: says "skipped: …" where one of them is missing.
#
#   Tests/Packaging/deb.sh [PACKAGE]        default: the newest in .build/deb; KEEP=1 leaves the system below /var/tmp
set -euo pipefail
cd "$(dirname "$0")/../.."

skip() { printf 'skipped: %s\n' "$*"; exit 0; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
step() { printf '  %3d s  %s\n' $SECONDS "$*"; }

system=
tidy() {
    [[ -n $system ]] || return 0
    umount "$system/proc" 2>/dev/null || true
    if [[ ${KEEP:-} == 1 ]]; then echo "kept: $system"; else rm -rf --one-file-system "$system"; fi
}
trap tidy EXIT

# The mirror that this machine's own packages come from.
mirror() {
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list 2>/dev/null |
        awk '$1 == "URIs:" && $2 ~ /\/debian\/?$/ { print $2; exit } $1 == "deb" && match($0, /https?:[^ ]*\/debian\/? /) { print substr($0, RSTART, RLENGTH - 1); exit }'
}

inside() { chroot "$system" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
quietly() { "$@" >"$system/log" 2>&1 || { cat "$system/log" >&2; fail "$*"; }; }

make_system() {
    system=$(mktemp -d /var/tmp/hdsbackup-debian-XXXXXX)
    chmod 755 "$system"
    quietly debootstrap --variant=minbase bookworm "$system" "$mirror"
    cp /etc/resolv.conf "$system/etc/resolv.conf"
    mount -t proc proc "$system/proc"
    step "a minimal Debian 12 from $mirror"
}

install_package() {
    cp "$package" "$system/hdsbackup.deb"
    # dpkg leaves it unconfigured, for what it depends on is missing; apt-get brings that.
    inside dpkg -i /hdsbackup.deb >"$system/log" 2>&1 || true
    grep -q 'dependency problems' "$system/log" || fail "a minimal system lacks nothing? $(tail -3 "$system/log")"
    quietly inside apt-get install -f -q -y --no-install-recommends
    [[ $(inside dpkg-query -W -f '${db:Status-Status}' hdsbackup) == installed ]] || fail "the package is not configured"
    step "installed, with what it depends on"
}

check_files() {
    local wanted
    for wanted in /usr/bin/hdsbackup /usr/bin/hdsbackupd /usr/sbin/hdsbackup-as-daemon /lib/systemd/system/hdsbackupd.service \
        /usr/share/bash-completion/completions/hdsbackup /usr/share/doc/hdsbackup/OPERATIONS.md \
        /usr/share/doc/hdsbackup/examples/config.toml.example; do
        [[ -e $system$wanted ]] || fail "no $wanted"
    done
    [[ ! -e $system/etc/hdsbackup/config.toml ]] || fail "the package made a configuration"
    [[ -z $(inside dpkg --verify hdsbackup) ]] || fail "dpkg --verify: $(inside dpkg --verify hdsbackup)"
    [[ $(stat -c '%a %U' "$system/etc/hdsbackup") == '750 root' ]] || fail "/etc/hdsbackup: $(stat -c '%a %U' "$system/etc/hdsbackup")"
    [[ $(inside stat -c '%a %U' /etc/hdsbackup/keys /var/lib/hdsbackup | sort -u) == '700 hdsbackup' ]] || fail "keys or state are not the daemon's"
    [[ -L $system/etc/systemd/system/multi-user.target.wants/hdsbackupd.service ]] || fail "the daemon is not enabled"
    inside systemd-analyze verify hdsbackupd.service || fail "systemd-analyze verify"
    inside systemd-analyze security --offline=true --threshold=20 hdsbackupd.service >"$system/log" || fail "$(tail -1 "$system/log")"
    step "files, owners, unit"
}

# As the daemon would: its user, its capability. The source is root's alone.
back_up_and_restore() {
    inside install -d -o hdsbackup -g hdsbackup /srv/one /srv/two
    inside install -d -m 700 /srv/dpi
    inside cp -a /usr/share/zoneinfo /usr/share/doc /srv/dpi
    inside sh -c 'umask 077; head -c 3000000 /dev/urandom >/srv/dpi/secret; echo "une phrase de passe" >/etc/hdsbackup/passphrase'
    cat >"$system/etc/hdsbackup/config.toml" <<'END'
site   = { one = { kind = "file", path = "/srv/one" }, two = { kind = "file", path = "/srv/two" } }
tenant = { clinic = { sites = ["one", "two"], keys_together = "accepted" } }
source = { dpi = { paths = ["/srv/dpi"] } }
END
    local daemon
    daemon=(inside HDSBACKUP_PASSPHRASE_FILE=/etc/hdsbackup/passphrase hdsbackup-as-daemon)
    quietly "${daemon[@]}" init --kit-out /var/lib/hdsbackup/kit.txt
    quietly "${daemon[@]}" backup
    # A person, as root: owners are given back.
    quietly inside HDSBACKUP_PASSPHRASE_FILE=/etc/hdsbackup/passphrase hdsbackup restore dpi@latest --to /srv/back
    diff -r --no-dereference "$system/srv/dpi" "$system/srv/back/srv/dpi" || fail "the restored folder differs"
    quietly "${daemon[@]}" verify --read all
    step "initialised, backed up, restored, verified"
}

remove_package() {
    quietly inside dpkg -r hdsbackup
    [[ ! -e $system/usr/bin/hdsbackup && ! -e $system/usr/lib/hdsbackup ]] || fail "dpkg -r left programs"
    [[ -e $system/etc/hdsbackup/keys/clinic/node.key ]] || fail "dpkg -r took a key"
    quietly inside dpkg -P hdsbackup
    [[ -e $system/etc/hdsbackup/keys/clinic/node.key && -e $system/etc/hdsbackup/config.toml ]] || fail "dpkg -P took a key or the configuration"
    grep -q 'kept: /etc/hdsbackup/keys' "$system/log" || fail "dpkg -P does not say what it kept"
    # A second life: the same keys are found again, and once nothing is in the folders, purge takes them as well.
    quietly inside dpkg -i /hdsbackup.deb
    quietly inside hdsbackup-as-daemon backup
    inside rm -rf /etc/hdsbackup/keys /etc/hdsbackup/config.toml /etc/hdsbackup/passphrase /var/lib/hdsbackup /srv
    quietly inside dpkg -P hdsbackup
    left=$(cd "$system" && find . -xdev -iname '*hdsbackup*' -not -path './proc/*' -not -path './var/lib/dpkg/*' -not -path './var/log/*' | sort)
    [[ $left == ./hdsbackup.deb ]] || fail "left behind: $left"
    [[ $(inside getent passwd hdsbackup) ]] || fail "the user is gone: its files at sites would have no owner"
    step "removed, purged: the user stays, and what was not the package's"
}

package=${1:-$(ls -t .build/deb/hdsbackup_*.deb 2>/dev/null | head -1)}
[[ -n $package ]] || skip "no package: make deb"
((EUID == 0)) || skip "needs root, for a chroot"
command -v debootstrap >/dev/null || skip "no debootstrap: scripts/install-tools.sh packaging"
mirror=$(mirror) || true
[[ -n $mirror ]] || skip "this machine's apt sources name no Debian mirror"

echo "package $package"
make_system
install_package
check_files
back_up_and_restore
remove_package
echo "passed"
