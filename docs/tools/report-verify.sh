#!/bin/sh
# Verifies a report with openssl and sha256sum alone (docs/REPORT.md): who signed it, the Ed25519 signature of its manifest, each file against
# its hash, and that no other file is there. The second signature (ML-DSA-65), which openssl 3.0 does not know, is left to the program.
#
#     report-verify.sh KEYS REPORT
#
# KEYS: a folder with <key id>.pub of those who are trusted. REPORT: the folder of the report. Needs OpenSSL 3.
# Exit status: 0 nothing wrong, 2 wrong usage, 4 something is wrong.
set -u
export LC_ALL=C
[ $# -eq 2 ] && [ -d "$1" ] && [ -d "$2" ] || { echo "usage: $0 KEYS REPORT" >&2; exit 2; }
keys=$1 report=$2 wrong=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

bad() { echo "WRONG: $1"; wrong=1; }
end() { [ "$wrong" = 0 ] || exit 4; echo "good: $report, signed by $signer"; exit 0; }

manifest=$report/report.manifest
[ -f "$manifest" ] || { bad "report.manifest is missing"; exit 4; }
[ "$(head -n 1 "$manifest")" = "# hdsbackup/1 report manifest" ] || { bad "report.manifest: not a manifest of a report"; exit 4; }

# The signer: one of those that are trusted, and its key the one of that id.
signer=$(sed -n 's/^# signer \([0-9a-f]\{64\}\)$/\1/p' "$manifest" | head -n 1)
key=$keys/$signer.pub
[ -n "$signer" ] && [ -f "$key" ] || { bad "report.manifest: the key '$signer' is not one of those that are trusted"; exit 4; }
[ "$({ printf 'hdsbackup/1 signing key'; cat "$key"; } | sha256sum | cut -c1-64)" = "$signer" ] || { bad "$key: not the key of that id"; exit 4; }

# SubjectPublicKeyInfo of Ed25519 (RFC 8410): twelve bytes before the key.
{ printf '\060\052\060\005\006\003\053\145\160\003\041\000'; head -c 32 "$key"; } > "$work/key"
openssl pkeyutl -verify -pubin -keyform DER -inkey "$work/key" -rawin -in "$manifest" -sigfile "$report/report.manifest.ed25519" > /dev/null 2>&1 \
    || { bad "report.manifest: its signature is wrong"; exit 4; }

# Nothing but hashes and plain names, so that sha256sum looks at no other place.
if grep -v '^#' "$manifest" | grep -qvE '^[0-9a-f]{64}  [a-z0-9-][a-z0-9.-]*$'; then bad "report.manifest: a line that is no hash and name"; exit 4; fi
(cd "$report" && sha256sum --strict --quiet -c report.manifest) 2> "$work/said" > "$work/failed" || { cat "$work/failed"; bad "a file is not what was signed"; }
ls -A "$report" > "$work/there"
grep -v '^#' "$manifest" | cut -c67- > "$work/signed"
printf '%s\n' report.manifest report.manifest.ed25519 report.manifest.mldsa65 >> "$work/signed"
while IFS= read -r name; do
    grep -qxF -e "$name" "$work/signed" || bad "$name: not part of what was signed"
done < "$work/there"
end
