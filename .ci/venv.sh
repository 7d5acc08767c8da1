#!/bin/sh
# Makes .venv with the pinned libraries: with uv where it works, else with Python's own venv and pip.
set -eu
cd "$(dirname "$0")/.."

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

python=$(find_python)
if uv --version >/dev/null 2>&1; then
    # Without a Python of its own uv fetches one.
    exec uv sync --quiet --frozen ${python:+--python "$python"}
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
        flock /var/lock/dragoman-apt apt-get update -q >/dev/null
        DEBIAN_FRONTEND=noninteractive flock /var/lock/dragoman-apt apt-get install -q -y --no-install-recommends "$version-venv" >/dev/null
    else
        say "$python cannot make virtual environments: its module venv or ensurepip is missing."
        say "On Debian and Ubuntu: sudo apt-get install python3-venv. Or install uv. Then run make again."
        exit 1
    fi
fi
say "Making .venv with $python (this takes a minute or two; uv would be faster) ..."
[ -x .venv/bin/python ] || "$python" -m venv .venv
# `pip install --group` came with pip 25.1.
.venv/bin/python -m pip install --quiet --disable-pip-version-check "pip>=25.1"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable . --group dev
