#!/usr/bin/env bash
# Make a charmcraft below .build, for machines without its snap, and print its path.
#
# It needs the system's own Python, and of the package python3-apt its modules, which are nowhere
# else to be had.
set -euo pipefail

cd "$(dirname "$0")/.."
venv=$PWD/.build/charmcraft
ready=$venv/.ready
lock=requirements-pack.txt

if [ ! -e "$ready" ] || [ "$lock" -nt "$ready" ]; then
    scripts/debs.sh charmcraft python3-apt python3-venv
    if ! apt=$(/usr/bin/python3 -c 'import apt_pkg; print(apt_pkg.__file__)' 2>/dev/null); then
        echo "charmcraft needs its snap (snap install charmcraft --classic), or a Python of" \
            "Debian's or Ubuntu's at /usr/bin/python3 with python3-apt" >&2
        exit 1
    fi
    rm -rf "$venv"
    /usr/bin/python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --no-input --quiet --require-hashes -r "$lock" >&2
    site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    cp -r "${apt%/*}"/{apt,aptsources,apt_pkg*,apt_inst*} "$site"
    touch "$ready"
fi
echo "$venv/bin/charmcraft"
