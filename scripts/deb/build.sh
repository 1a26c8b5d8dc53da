#!/usr/bin/env bash
# Makes .build/deb/hdsbackup_<version>_<architecture>.deb of what is built: the tree of `make install`, what it depends on, and
# four small files. Not debhelper: it would need a source package around what is one tree. Same commit, same bytes.
#
#   BUILD=.build/release CHECKOUTS=.build/checkouts LEVEL=1 scripts/deb/build.sh      LEVEL 6: a fifth smaller, in ten times the time
set -euo pipefail
cd "$(dirname "$0")/../.."

export BUILD=${BUILD:-.build/release} PREFIX=/usr
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
CHECKOUTS=${CHECKOUTS:-.build/checkouts}
out=.build/deb
tree=$out/tree
work=$out/work
documents=$tree/usr/share/doc/hdsbackup

# The licences of all that is inside the programs, as their authors wrote them.
write_licences() {
    local folder file
    cat scripts/deb/copyright
    for folder in "$CHECKOUTS"/*/; do
        for file in "$folder"LICENSE* "$folder"NOTICE*; do
            [[ -f $file ]] || continue
            printf '\n==== %s\n\n' "${file#"$CHECKOUTS"/}"
            # Debian has that text once for all, in common-licenses.
            if [[ $file == *LICENSE* ]] && grep -q 'Apache License' "$file"; then echo "Apache License 2.0"; else cat "$file"; fi
        done
    done
}

# dpkg-shlibdeps wants a source package's control file beside it. Libraries of the runtime are ours: nobody else's package has them.
write_dependencies() {
    local programs
    mkdir -p "$work/debian"
    printf 'Source: hdsbackup\n\nPackage: hdsbackup\nArchitecture: any\n' >"$work/debian/control"
    mapfile -t programs < <(find "$PWD/$tree/usr/bin" "$PWD/$tree/usr/lib/hdsbackup" -type f \( -perm -100 -o -name '*.so' \))
    (cd "$work" && dpkg-shlibdeps --ignore-missing-info -O -l"$PWD/../tree/usr/lib/hdsbackup" "${programs[@]}" 2>log) ||
        { cat "$work/log" >&2; return 1; }
}

rm -rf "$tree" "$work"
mkdir -p "$tree"
DESTDIR=$tree scripts/install.sh install
rm "$tree/usr/lib/hdsbackup/installed"  # dpkg has a list of its own

version=$("$BUILD/hdsbackup" --version)
architecture=$(dpkg --print-architecture)
write_licences >"$documents/copyright"
gzip -9n "$documents/CHANGELOG.md"
printf 'hdsbackup (%s) unstable; urgency=medium\n\n  * What changed: CHANGELOG.md.\n\n -- %s  %s\n' "$version" \
    "$(sed -n 's/^Maintainer: //p' scripts/deb/control)" "$(date -uRd "@$SOURCE_DATE_EPOCH")" | gzip -9n >"$documents/changelog.gz"
install -D -m 644 scripts/deb/lintian-overrides "$tree/usr/share/lintian/overrides/hdsbackup"

libraries=$(write_dependencies)
mkdir "$tree/DEBIAN"
install -m 755 scripts/deb/{postinst,prerm,postrm} "$tree/DEBIAN"
(cd "$tree" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@SIZE@/$(du -ks --exclude=DEBIAN "$tree" | cut -f 1)/" \
    -e "s/@LIBRARIES@/${libraries#shlibs:Depends=}/" scripts/deb/control >"$tree/DEBIAN/control"
find "$tree" -exec touch -hd "@$SOURCE_DATE_EPOCH" {} +
package=$out/hdsbackup_${version}_$architecture.deb
dpkg-deb --root-owner-group -Zxz -z"${LEVEL:-1}" -b "$tree" "$package"
rm -rf "$tree" "$work"
echo "$package"
