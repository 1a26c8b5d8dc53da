#!/bin/sh
# Verifies the closed segments of a ledger with openssl, sha256sum and od alone (docs/JOURNAL.md, 9): every signature (Ed25519), every byte of every
# segment against the hash that was signed, and that each closing names the one before. It does not read entries, nor open segments,
# nor the second signature (ML-DSA-65) of the operations ledger: journal_verify.py does.
#
#     journal-verify.sh KEYS LEDGER
#
# KEYS: a folder with <key id>.pub of those who are trusted. LEDGER: `operations` or `accesses` of an export. Needs OpenSSL 3.
# Exit status: 0 nothing wrong, 2 wrong usage, 4 something is wrong.
set -u
export LC_ALL=C
[ $# -eq 2 ] && [ -d "$1" ] && [ -d "$2" ] || { echo "usage: $0 KEYS LEDGER" >&2; exit 2; }
keys=$1 ledger=$2 wrong=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

bad() { echo "WRONG: $1"; wrong=1; }
hex() { od -An -v -tx1 | tr -d ' \n'; }                                  # bytes as hexadecimal digits
part() { tail -c +$(($2 + 1)) "$1" | head -c "$3"; }                     # FILE OFFSET COUNT
number() { part "$1" "$2" "$3" | od -An -v -t u"$3" | tr -d ' '; }       # FILE OFFSET SIZE, little-endian, as this machine is
sum() { sha256sum | cut -c1-64; }

# The closing's body (305 bytes) and its Ed25519 signature, by the chain's own key.
signed() { # NAME
    writer=$(part "$work/closing" 17 32 | hex)
    key=$keys/$writer.pub
    [ -f "$key" ] || { bad "$1: the key $writer is not one of those that are trusted"; return 1; }
    [ "$({ printf 'hdsbackup/1 signing key'; cat "$key"; } | sum)" = "$writer" ] || { bad "$key: not the key of that id"; return 1; }
    [ "$(part "$work/closing" 307 32 | hex)" = "$writer" ] || { bad "$1: signed by another key"; return 1; }
    # SubjectPublicKeyInfo of Ed25519 (RFC 8410): twelve bytes before the key.
    { printf '\060\052\060\005\006\003\053\145\160\003\041\000'; head -c 32 "$key"; } > "$work/key"
    { printf 'hdsbackup/1 journal closing'; part "$work/closing" 0 305; } > "$work/message"
    part "$work/closing" 339 64 > "$work/signature"
    openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key" -rawin -in "$work/message" -sigfile "$work/signature" > /dev/null 2>&1 \
        || { bad "$1: its signature is wrong"; return 1; }
}

for chain in "$ledger"/*/; do
    chain=${chain%/}
    [ -d "$chain" ] || continue
    id=${chain##*/} expected=0 previous=$(printf '%064d' 0) entries=0 erased=0
    for file in "$chain"/[0-9]*; do
        [ -f "$file" ] || continue
        name=${file##*/}
        ledger_byte=$(part "$file" 16 1 | hex)
        case $name in
        *.stub)
            # What is left of an erased segment: sixteen bytes, and the frame of the closing.
            [ -f "${file%.stub}" ] && continue
            tail -c +17 "$file" > "$work/frame"
            ;;
        *.*) bad "$name: a second object of that number"; continue ;;
        *)
            # The frame of the closing is the end of the file: 423 bytes, or 3765 with the second signature.
            case $ledger_byte in 01) size=3765 ;; 02) size=423 ;; *) bad "$name: no segment"; expected=$((expected + 1)); continue ;; esac
            tail -c "$size" "$file" > "$work/frame"
            ;;
        esac
        tail -c +13 "$work/frame" > "$work/closing"
        signed "$id/$name" || { expected=$((expected + 1)) previous=; continue; }
        [ "$({ printf 'hdsbackup/1 journal chain'; part "$work/closing" 0 133; } | sum | cut -c1-32)" = "$id" ] || bad "$id/$name: of another chain"
        at=$(number "$work/closing" 133 4)
        [ "$(printf '%010d' "$at")" = "${name%.stub}" ] || bad "$id/$name: its number is $at"
        [ "$at" = "$expected" ] || bad "$id/$name: $expected was expected: segments are missing, or here twice"
        [ -z "$previous" ] || [ "$(part "$work/closing" 153 32 | hex)" = "$previous" ] || bad "$id/$name: does not follow the one before"
        [ "$(number "$work/closing" 137 8)" = "$entries" ] || [ -z "$previous" ] || bad "$id/$name: entries are missing before it"
        entries=$(($(number "$work/closing" 137 8) + $(number "$work/closing" 145 8)))
        case $name in
        *.stub) erased=$((erased + 1)) ;;
        *)
            count=$(number "$work/closing" 217 8)
            [ $((count + size)) = "$(wc -c < "$file")" ] || bad "$id/$name: its length is not what was signed"
            [ "$(head -c "$count" "$file" | sum)" = "$(part "$work/closing" 225 32 | hex)" ] || bad "$id/$name: its entries are not those that were signed"
            ;;
        esac
        previous=$(sum < "$work/message") expected=$((at + 1))
    done
    echo "chain $id: $expected closed segments, $erased of them erased, $entries entries, last closing $previous"
    for record in "$chain"/erasure-*; do
        [ -f "$record" ] && echo "chain $id: ${record##*/} says which were erased and why: see it with journal_verify.py"
    done
done
[ "$wrong" = 0 ] || exit 4
