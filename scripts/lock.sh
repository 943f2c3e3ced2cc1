#!/usr/bin/env bash
# Compile requirements*.in into lock files: names, versions and hashes, no address of an index.
#
# The oldest Python supported compiles, so that every version locked runs on it; what only it needs
# has a marker.
#
#   scripts/lock.sh <folder with pip-compile>
set -euo pipefail

cd "$(dirname "$0")/.."
version=$("$1/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
if [ "$version" != 3.10 ]; then
    echo "Lock with Python 3.10, not $version: make distclean, then make lock PYTHON=python3.10" >&2
    exit 1
fi
for name in requirements requirements-dev requirements-pack requirements-audit; do
    CUSTOM_COMPILE_COMMAND="make lock" "$1/pip-compile" --quiet --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
        --strip-extras --allow-unsafe --output-file "$name.txt" "$name.in"
done
