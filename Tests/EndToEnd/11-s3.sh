#!/usr/bin/env bash
# Sites in real S3 stores, which die, stall, lie and are vandalised: see 11_s3.py.
here=$(dirname "$0")
if [[ ${HDS_STORES:-} ]]; then
    exec python3 "$here/11_s3.py"
fi
exec python3 "$here/../Stores/with_stores.py" python3 "$here/11_s3.py"
