#!/usr/bin/env bash
# Make a virtual environment with the locked requirements, cou and its testbed.
#
#   scripts/venv.sh <python> <folder>
set -euo pipefail

cd "$(dirname "$0")/.."
python=$1
venv=$2

if ! version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null); then
    echo "$python is not there: install Python 3.10 to 3.13, or set PYTHON" >&2
    exit 1
fi
case $version in
    3.10 | 3.11 | 3.12 | 3.13) ;;
    *)
        echo "Python $version is not supported: set PYTHON to one from 3.10 to 3.13" >&2
        exit 1
        ;;
esac
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    echo "This Python has no venv: install the package python$version-venv" >&2
    exit 1
fi

if ! "$venv/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null |
    grep -qx "$version"; then
    rm -rf "$venv"
    "$python" -m venv "$venv"
fi
pip=("$venv/bin/python" -m pip --no-input --quiet)
"${pip[@]}" install --require-hashes -r requirements-dev.txt
# What these two need is locked above, setuptools too; its remarks on editable packages are noise.
"${pip[@]}" --quiet install --no-deps --no-build-isolation -e . -e ./testbed
