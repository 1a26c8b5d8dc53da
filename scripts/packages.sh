# For the scripts that install Debian packages: to be sourced.

installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

as_root() {
    if ((EUID == 0)); then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else
        echo "Not root, and no sudo. Run as root: $*" >&2
        return 1
    fi
}
