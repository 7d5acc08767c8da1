#!/bin/sh
# Makes .venv with the pinned libraries: with uv where it works, else with Python's own venv and pip.
# Usage: venv.sh demo|dev|audit   demo: the product and what its demo translates with; dev: that, and what tests need;
# audit: .audit, with what looks the libraries over
# Every byte that is installed is one whose hash is known here: uv.lock has the hashes for uv, requirements/ for pip.
set -eu
cd "$(dirname "$0")/.."
what=${1:-dev}

say() { printf '%s\n' "$*" >&2; }

is_debian_root() {
    [ "$(id -u)" = 0 ] && grep -qs '^ID=debian' /etc/os-release && command -v apt-get >/dev/null 2>&1
}

# The Python of the environment that is there already, else the newest that all libraries have wheels for.
find_python() {
    for name in "$PWD/.venv/bin/python" python3.13 python3.12 python3.11 python3; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
}

# Whether there is less room than any installer needs: venv does not repeat what its pip said of that.
is_nearly_full() { [ "$(df -Pk . | awk 'NR == 2 {print $4}')" -lt 51200 ]; }

# Runs an installer, which says nothing while all is well; else the cause in one sentence, and what to do.
quietly() {
    log=$(mktemp "${TMPDIR:-/tmp}/dragoman-setup.XXXXXX") || {
        say "The set-up could not write to ${TMPDIR:-/tmp}: the disk is full or may not be written to. Make room there, then run make again."
        exit 1
    }
    if "$@" >"$log" 2>&1; then
        rm -f "$log"
        return
    fi
    if grep -qiE 'no space left|disk quota exceeded' "$log" || is_nearly_full; then
        say "The set-up ran out of room on the disk: it needs $room in $PWD. Make room, then run make again."
    elif grep -qi 'read-only file system' "$log"; then
        say "The set-up could not write to $PWD, which is on a read-only disk. Copy the project to a disk that can be written to, and run make there."
    elif grep -qi 'permission denied' "$log"; then
        say "The set-up may not write to $PWD or to the installer's cache. Give them to the user who runs make, then run it again."
    elif grep -qi 'do not match the hashes' "$log"; then
        say "A library that came from the package index is not the one that was pinned: its hash is another one. Nothing of it was installed. Do not work around this: see in the log which one it is, and from which index it came."
    elif grep -qiE 'resolve|resolution|dns error|name or service|connect|timed out|network|proxy|certificate|ssl|404|403|no matching distribution|error sending request' "$log"; then
        say "The set-up could not get the libraries from the package index: no network, no name server, or an index that does not have them. Check the connection (behind a proxy: HTTPS_PROXY; with an index of your own: UV_DEFAULT_INDEX or PIP_INDEX_URL), then run make again."
    else
        say "The set-up failed. The end of what the installer said:"
        tail -n 5 "$log" >&2
    fi
    say "All that the installer said is in $log."
    exit 1
}

case $what in
demo) room="about 450 MB" ;;
dev) room="about 1 GB" ;;
audit) room="about 100 MB" ;;
*)
    say "Usage: .ci/venv.sh demo|dev|audit"
    exit 2
    ;;
esac

# Where PYTHONDONTWRITEBYTECODE is set, compiling our own files at every start costs 0.1 s.
compile_ours() {
    .venv/bin/python -m compileall -q dragoman ingress pipeline notifier ops || true
}

python=$(find_python)
if [ "$what" != audit ] && uv --version >/dev/null 2>&1; then
    # Without a Python of its own uv fetches one. What is there already stays: `dev` may have been here before.
    case $what in
    demo) set -- --inexact --no-default-groups --group demo ;;
    dev) set -- ;;
    esac
    quietly uv sync --quiet --frozen "$@" ${python:+--python "$python"}
    compile_ours
    exit 0
fi
if [ -z "$python" ]; then
    say "Dragoman needs Python 3.11 or newer, and neither python3.13, python3.12, python3.11 nor python3 is one."
    say "Install it (Debian 12: apt-get install python3 python3-venv), or install uv (https://docs.astral.sh/uv/),"
    say "which brings its own Python. Then run make again."
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if is_debian_root; then
        say "Installing python3-venv ..."
        version=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
        # One at a time: tests/install_servers.sh may be at work beside this script.
        quietly flock /var/lock/dragoman-apt apt-get update -q
        DEBIAN_FRONTEND=noninteractive quietly flock /var/lock/dragoman-apt apt-get install -q -y --no-install-recommends "$version-venv"
    else
        say "$python cannot make virtual environments: its module venv or ensurepip is missing."
        say "On Debian and Ubuntu: sudo apt-get install python3-venv. Or install uv. Then run make again."
        exit 1
    fi
fi
venv=.venv
[ "$what" = audit ] && venv=.audit
say "Making $venv with $python (this takes a minute or two; uv would be faster) ..."
[ -x "$venv/bin/python" ] || quietly "$python" -m venv "$venv"
"$venv/bin/python" -m pip --version >/dev/null 2>&1 || quietly "$venv/bin/python" -m ensurepip
pip() { quietly "$venv/bin/python" -m pip "$@" --quiet --disable-pip-version-check; }
if [ "$what" = audit ]; then
    pip install --require-hashes --requirement requirements/audit.txt
    exit 0
fi
# Some libraries come as source: they and the project are made with what was checked before, and nothing is fetched for it.
pip install --require-hashes --requirement requirements/build.txt
pip install --require-hashes --no-build-isolation --requirement "requirements/$what.txt"
pip install --no-deps --no-index --no-build-isolation --editable .
# What only looks around needs no tool to install more: 25 MB less. It comes back with the tests.
if [ "$what" = demo ] && [ ! -e .venv/.ready ]; then pip uninstall --yes setuptools pip; fi
compile_ours
