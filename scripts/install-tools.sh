#!/usr/bin/env bash
# Installs what building and testing need and this machine lacks. Run again, it changes nothing.
#
#   scripts/install-tools.sh               for building, `make install` and `make test`
#   scripts/install-tools.sh packaging     and for `make deb` and the test of the package
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/packages.sh

libraries=(libssl-dev libzstd-dev liblz4-dev libsqlite3-dev pkg-config gcc libc6-dev)
# Installing, and the tests of the unit: systemd-analyze and its kin; the programs put beside their runtime. ssh-keygen signs papers in a test; libfaketime gives
# programs another clock in one; pdfinfo and pdftotext look at the PDF of a report.
units=(systemd libseccomp2 util-linux binutils patchelf openssh-client libfaketime poppler-utils)
packaging=(dpkg-dev lintian debootstrap)  # for the package alone
python=(python3 python3-venv)
model=(spin)  # checks the model of the collection protocol
environment=.venv-tests
post_quantum='import cryptography.hazmat.primitives.asymmetric.mlkem'  # the independent reader opens hybrid keys

install_packages() {
    local missing=() package
    for package in "${libraries[@]}" "${units[@]}" "${model[@]}"; do installed "$package" || missing+=("$package"); done
    # A python3 that is not Debian's will do, if it can make environments.
    python3 -c 'import ensurepip, venv' 2>/dev/null ||
        for package in "${python[@]}"; do installed "$package" || missing+=("$package"); done
    ((${#missing[@]})) || return 0
    echo "Installing: ${missing[*]}"
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}

[[ ${1:-} != packaging ]] || units+=("${packaging[@]}")
# For the test of a check that starts a restored cluster. Debian's package makes a cluster of its own and starts it unless it is told not to.
install_postgresql() {
    local settings=/etc/postgresql-common/createcluster.conf
    ! command -v initdb >/dev/null && ! compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || return 0
    echo "Installing: postgresql"
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends postgresql-common
    if ! grep -q '^create_main_cluster' "$settings" 2>/dev/null; then
        echo 'create_main_cluster = false' | as_root tee -a "$settings" >/dev/null
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends postgresql
}

if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
    install_packages
    install_postgresql
else
    echo "This is not Debian. Needed, under the names that your system gives them: ${libraries[*]} ${units[*]} ${python[*]} ${model[*]} postgresql" >&2
fi

if ! python3 -c "$post_quantum" 2>/dev/null && ! "$environment/bin/python" -c "$post_quantum" 2>/dev/null; then
    echo "Making $environment with a Python cryptography library that has ML-KEM"
    python3 -m venv --clear "$environment"
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check 'cryptography>=48'
fi

if ! command -v swift >/dev/null; then
    echo "Swift is missing: install a toolchain, 6.2 or later, and put it in PATH." >&2
    exit 1
fi
