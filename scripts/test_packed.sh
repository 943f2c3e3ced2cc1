#!/usr/bin/env bash
# Pack this charm and the one before it, and run the tests on them, then the integration tests on
# this one. Takes root, for the machines.
#
#   scripts/test_packed.sh <folder with pytest>
#
#   BEFORE  a commit to refresh from (default: the newest tag, else the last commit but this one
#           that changed what is packed)
set -euo pipefail

cd "$(dirname "$0")/.."
before=${BEFORE:-$(git describe --tags --abbrev=0 2>/dev/null || true)}
if [ -z "$before" ]; then
    before=$(git log -2 --format=%H -- src lib | tail -n 1)
fi
rm -rf .build/this .build/before
name=$(OUT=.build/this scripts/pack.sh | tail -n 1)
REVISION=$before OUT=.build/before scripts/pack.sh >/dev/null
scripts/analyse.py ".build/this/$name"
echo "refreshing from $(git log -1 --format='%h %s' "$before")"
export CHARM=$PWD/.build/this/$name
export CHARM_BEFORE=$PWD/.build/before/$name
"$1/pytest" -q -m packed --durations=0 tests/packed "${@:2}"
# What needs files of the unit, a charm that can be edited or a model of its own is left to others.
export JUJU=machine
exec "$1/pytest" -q -rs tests/integration --ignore tests/integration/test_canary.py \
    --ignore tests/integration/test_unit_command.py \
    --ignore tests/integration/test_beside_a_tiny_charm.py
