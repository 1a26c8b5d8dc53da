#!/usr/bin/env bash
# Installs what was built, or takes away exactly what an earlier run installed.
#
#   DESTDIR=/tmp/tree PREFIX=/usr BUILD=.build/release scripts/install.sh install|uninstall
#
# Keys, configuration and state are never touched: nothing is installed below /etc and /var. A Swift runtime that the programs are
# linked with dynamically is put beside them, so that they run where no toolchain is; programs that hold it already bring none.
set -euo pipefail
cd "$(dirname "$0")/.."

programs=(hdsbackup hdsbackupd)
PREFIX=${PREFIX:-/usr}
BUILD=${BUILD:-.build/release}
root=${DESTDIR:-}
# What was installed, with the folders that were not there before: a line each, folders end in a slash.
list=$PREFIX/lib/hdsbackup/installed
tree=  # the new tree, before it is copied

fail() { printf 'install: %s\n' "$*" >&2; exit 1; }
trap '[[ -z $tree ]] || rm -rf "$tree"' EXIT

put() { # MODE FILE PATH: into the new tree
    install -D -m "$1" "$2" "$tree$3"
}

put_unit() { # MODE FILE PATH: with the prefix's paths
    put "$@"
    [[ $PREFIX == /usr ]] || sed -i -E "s#/usr/(bin|lib|share)/#$PREFIX/\1/#g" "$tree$3"
}

put_folder() { # FOLDER PATH: with all that is in it; programs stay programs
    local file
    while IFS= read -r -d '' file; do
        if [[ -x $1/$file ]]; then put 755 "$1/$file" "$2/$file"; else put 644 "$1/$file" "$2/$file"; fi
    done < <(cd "$1" && find . -type f -not -name '*.pyc' -printf '%P\0')
}

put_programs() {
    local name
    for name in "${programs[@]}"; do
        [[ -x $BUILD/$name ]] || fail "no $BUILD/$name: make release"
        put 755 "$BUILD/$name" "$PREFIX/bin/$name"
        # The names of functions stay: a crash is printed as frames. What only a debugger needs goes, three quarters of the file.
        strip --strip-debug "$tree$PREFIX/bin/$name"
    done
}

# The libraries of a program that lie in the toolchain's runtime folder, $runtime.
swift_libraries() { ldd "$1" | awk '$3 ~ /^\// { print $3 }' | xargs realpath | awk -v folder="$runtime/" 'index($0, folder) == 1'; }

# The backtracer is linked with a wish for an executable stack, which it does not use, and which MemoryDenyWriteExecute would refuse
# to its threads. elf(5): in a 64-bit program header, p_type PT_GNU_STACK is 0x6474e551, and p_flags follows; 1 is PF_X.
deny_executable_stack() {
    python3 - "$1" <<'END'
import struct, sys
with open(sys.argv[1], "r+b") as file:
    header = file.read(64)
    offset, size, count = struct.unpack_from("<Q", header, 32)[0], *struct.unpack_from("<HH", header, 54)
    for place in range(offset, offset + size * count, size):
        file.seek(place)
        kind, flags = struct.unpack("<II", file.read(8))
        if kind == 0x6474E551:
            file.seek(place + 4)
            file.write(struct.pack("<I", flags & ~1))
END
}

put_runtime() {
    local runtime libraries=$PREFIX/lib/hdsbackup name library
    runtime=$(ldd "$BUILD/${programs[0]}" | awk '$1 == "libswiftCore.so" { sub("/[^/]*$", "", $3); print $3 }')
    [[ -n $runtime ]] || return 0
    runtime=$(realpath "$runtime")
    command -v patchelf >/dev/null || fail "patchelf is missing: scripts/install-tools.sh"
    # Not where the runtime looks by itself: it would print registers, and the memory that they point at, for whoever starts a
    # program by hand. The daemon's unit names it, with both switched off.
    put 755 "${runtime%/lib/swift/linux}/libexec/swift/linux/swift-backtrace-static" "$libraries/backtrace/swift-backtrace"
    strip --strip-unneeded "$tree$libraries/backtrace/swift-backtrace"
    deny_executable_stack "$tree$libraries/backtrace/swift-backtrace"
    while read -r library; do
        put 644 "$library" "$libraries/${library##*/}"
        strip --strip-unneeded "$tree$libraries/${library##*/}"
    done < <(for name in "${programs[@]}"; do swift_libraries "$BUILD/$name"; done | sort -u)
    for name in "${programs[@]}"; do patchelf --set-rpath '$ORIGIN/../lib/hdsbackup' "$tree$PREFIX/bin/$name"; done
}

put_completions() {
    local name shell file
    for name in "${programs[@]}"; do
        for shell in bash:bash-completion/completions/$name zsh:zsh/vendor-completions/_$name fish:fish/vendor_completions.d/$name.fish; do
            file=$tree$PREFIX/share/${shell#*:}
            mkdir -p "${file%/*}"
            # A program without commands of its own may have none.
            timeout 20 "$BUILD/$name" --generate-completion-script "${shell%%:*}" 2>/dev/null | sed '1{/^#!/d}' >"$file" || rm -f "$file"
        done
    done
    [[ -s $tree$PREFIX/share/bash-completion/completions/hdsbackup ]] || fail "hdsbackup gives no completions"
}

put_units() {
    put_unit 644 systemd/hdsbackupd.service "$PREFIX/lib/systemd/system/hdsbackupd.service"
    put_unit 644 systemd/hdsbackup.sysusers "$PREFIX/lib/sysusers.d/hdsbackup.conf"
    put_unit 644 systemd/hdsbackup.tmpfiles "$PREFIX/lib/tmpfiles.d/hdsbackup.conf"
    put_unit 755 systemd/hdsbackup-as-daemon "$PREFIX/sbin/hdsbackup-as-daemon"
}

put_documents() {
    local documents=$PREFIX/share/doc/hdsbackup file
    for file in docs/*.md CHANGELOG.md; do put 644 "$file" "$documents/${file##*/}"; done
    put_folder etc "$documents/examples"
    put_folder systemd/examples "$documents/examples/systemd"
}

put_rules() {
    put_folder etc/policies "$PREFIX/share/hdsbackup/policies"
    put_folder etc/providers "$PREFIX/share/hdsbackup/providers"
    put_folder etc/report "$PREFIX/share/hdsbackup/report"
}

make_tree() {
    tree=$(mktemp -d)
    put_programs
    put_runtime
    put_completions
    put_units
    put_rules
    put_documents
    find "$tree" -type d -exec chmod 755 {} +
}

install_all() {
    local path kept=() new=()
    make_tree
    [[ ! -e $root$list ]] || mapfile -t kept <"$root$list"
    while IFS= read -r path; do
        if [[ -d $tree$path ]]; then
            [[ -d $root$path ]] || { mkdir -p "$root$path"; new+=("$path/"); }
        else
            # Beside the old one and over it, so that a program that runs goes on with the old one.
            install -m "$(stat -c %a "$tree$path")" "$tree$path" "$root$path.new"
            mv -fT "$root$path.new" "$root$path"
            new+=("$path")
        fi
    done < <(find "$tree" -mindepth 1 -printf '/%P\n' | sort)
    # What an older version had and this one has not goes; its folders are still ours to remove one day.
    for path in "${kept[@]}"; do
        if [[ $path == */ ]]; then new+=("$path"); elif [[ ! -e $tree$path && $path != "$list" ]]; then rm -f "$root$path"; fi
    done
    printf '%s\n' "${new[@]}" "$list" | sort -u >"$root$list"
}

uninstall_all() {
    local installed path
    [[ -e $root$list ]] || fail "nothing is installed at ${root:-/}: no $root$list"
    mapfile -t installed < <(sort -r "$root$list")
    for path in "${installed[@]}"; do [[ $path == */ ]] || rm -f "$root$path"; done
    # The innermost first; a folder that holds what is not ours stays.
    for path in "${installed[@]}"; do
        [[ $path != */ ]] || rmdir "$root$path" 2>/dev/null || true
    done
}

case ${1:-} in
    install)
        install_all
        [[ -n $root ]] || echo "Installed. Next: systemd-sysusers && systemd-tmpfiles --create hdsbackup.conf && systemctl daemon-reload"
        ;;
    uninstall) uninstall_all ;;
    *) fail "install or uninstall" ;;
esac
