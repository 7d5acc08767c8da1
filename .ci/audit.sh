#!/bin/sh
# Looks all pinned libraries up for known vulnerabilities. Ends with 0 if none has one; 1: one has, or not all could be looked up.
set -eu
cd "$(dirname "$0")/.."

log=$(mktemp "${TMPDIR:-/tmp}/dragoman-audit.XXXXXX")
status=0
for part in dev build audit; do
    # --strict: a library that could not be looked up is not one without vulnerabilities.
    if .audit/bin/pip-audit --strict --requirement "requirements/$part.txt" --require-hashes --disable-pip \
        --progress-spinner off 2>"$log"; then
        continue
    fi
    status=1
    if grep -qE 'Max retries|could not be audited|Timeout|Connection|ServiceError' "$log"; then
        echo "The libraries were not all looked up, so this says nothing about their vulnerabilities: the service that knows them" >&2
        echo "(https://pypi.org) could not be asked, or does not know one. Check the network (behind a proxy: HTTPS_PROXY; a" >&2
        echo "mirror of the index may lack this service), then run make audit again. Its last words, of all in $log:" >&2
        tail -n 1 "$log" | cut -c 1-300 >&2
        exit 1
    fi
    cat "$log" >&2
done
rm -f "$log"
[ "$status" = 0 ] && echo "No known vulnerabilities in any pinned library."
exit "$status"
