#!/usr/bin/env bash
# Makes the signatures of this folder anew with minisign(1) and ssh-keygen(1): new TEST KEYS, thrown away at the end.
# Needed only when the document changes; what is committed is frozen.
set -euo pipefail
cd "$(dirname "$0")"
keys=$(mktemp -d)
trap 'rm -rf "$keys"' EXIT
document=ev-hds-test.json

for who in alice bruno mallory; do
    minisign -G -W -f -p "$keys/$who.pub" -s "$keys/$who.key" -c "TEST KEY of $who, hdsbackup" >/dev/null
    cp "$keys/$who.pub" "$who.minisign.pub"
done
for who in alice bruno carole; do
    ssh-keygen -q -t ed25519 -N '' -C "TEST KEY of $who, hdsbackup" -f "$keys/$who-ssh"
    cp "$keys/$who-ssh.pub" "$who.ssh.pub"
done
ssh-keygen -q -t ecdsa -N '' -C 'TEST KEY, ecdsa, hdsbackup' -f "$keys/ecdsa-ssh"

# who, name of the signature, options of minisign -S
mini() { minisign -S -s "$keys/$1.key" -x "$2" -m "$document" -t "test: $2" -c 'signature by a TEST KEY' "${@:3}" >/dev/null; }
mini alice alice.prehashed.minisig
mini alice alice.legacy.minisig -l
mini bruno bruno.legacy.minisig -l
mini mallory mallory.prehashed.minisig

# who, namespace, hash, name of the signature
ssh_sign() { ssh-keygen -q -Y sign -f "$keys/$1-ssh" -n "$2" -O "hashalg=$3" <"$document" >"$4" 2>/dev/null; }
ssh_sign alice hdsbackup-evidence sha512 alice.sha512.sig
ssh_sign bruno hdsbackup-evidence sha256 bruno.sha256.sig
ssh_sign carole hdsbackup-evidence sha512 carole.sha512.sig
ssh_sign carole file sha512 carole.other-namespace.sig
ssh_sign ecdsa hdsbackup-evidence sha512 ecdsa.sig
