#!/usr/bin/env bash
# Fail with one line that names the apt-get install, where a package of Debian's or Ubuntu's is
# missing. Elsewhere nothing is known, and nothing said.
#
#   scripts/debs.sh <for what> <package...>
set -euo pipefail

what=$1
shift
command -v dpkg-query >/dev/null || exit 0
missing=()
for package in "$@"; do
    # Removed but for its configuration, a package is known and has nothing installed.
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
        missing+=("$package")
done
[ ${#missing[@]} = 0 ] && exit 0
echo "$what needs packages that are not installed: sudo apt-get install ${missing[*]}" >&2
exit 1
