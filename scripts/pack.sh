#!/usr/bin/env bash
# Pack the charm. Prints the name of each file made.
#
# With LXD, charmcraft builds every platform of charmcraft.yaml in containers of its own. Without it
# (or with DESTRUCTIVE=1) the charm is built on this machine and for it: its platform takes the
# place of those in charmcraft.yaml, and the system's own Python is the one that the charm will have.
# Either way a copy of what git knows is packed, and the same commit gives the same bytes.
#
#   CHARMCRAFT  the command to use (default: charmcraft on the path, else scripts/charmcraft.sh)
#   REVISION    a commit to pack instead of the files as they are
#   OUT         the folder for what is made (default: here)
set -euo pipefail

cd "$(dirname "$0")/.."
mkdir -p "${OUT:-.}"
out=$(realpath "${OUT:-.}")
revision=${REVISION:-}
here=0 # on this machine, not in LXD
if [ "${DESTRUCTIVE:-0}" = 1 ] || ! command -v lxc >/dev/null; then
    here=1
    # The first is for a charmcraft of our own, the others for what builds the charm.
    scripts/debs.sh "make pack" python3-apt python3-dev python3-pip python3-venv
fi
charmcraft=${CHARMCRAFT:-$(command -v charmcraft || scripts/charmcraft.sh)}
build=.build/pack
files=(src lib scripts/dispatch LICENSE icon.svg README.md requirements.txt charmcraft.yaml
    actions.yaml config.yaml)

rm -rf "$build"
mkdir -p "$build"
if [ -n "$revision" ]; then
    # An older commit may lack a file.
    git ls-tree -r -z --name-only "$revision" -- "${files[@]}" |
        xargs -0 git archive "$revision" -- | tar -x -C "$build"
else
    git ls-files -z -- "${files[@]}" | xargs -0 cp --parents -t "$build"
fi

pack=("$charmcraft" pack)
path=$PATH
if [ "$here" = 1 ]; then
    # shellcheck source=/dev/null
    . /etc/os-release
    case $(uname -m) in
        x86_64) arch=amd64 ;;
        aarch64) arch=arm64 ;;
        *) arch=$(uname -m) ;;
    esac
    # The platforms end at the next line that is not indented.
    awk -v platform="$ID@$VERSION_ID:$arch" '
        /^platforms:/ { print; print "  " platform ":"; skip = 1; next }
        /^[^ ]/ { skip = 0 }
        !skip { print }
    ' "$build/charmcraft.yaml" >"$build/charmcraft.new"
    mv "$build/charmcraft.new" "$build/charmcraft.yaml"
    pack+=(--destructive-mode)
    path=/usr/sbin:/usr/bin:/sbin:/bin
fi

# Where there is none that is its user's alone, charmcraft makes one in /tmp and leaves it there.
export XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-$PWD/.build/runtime}
mkdir -p -m 700 "$XDG_RUNTIME_DIR"

log=$PWD/.build/pack.log
if ! (cd "$build" && PATH=$path "${pack[@]}") >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    echo "charmcraft failed; all it said is in $log" >&2
    exit 1
fi
date=$(git log -1 --format=%ct "${revision:-HEAD}")
for charm in "$build"/*.charm; do
    /usr/bin/python3 scripts/same_bytes.py "$charm" "$date" "$out/${charm##*/}"
    echo "${charm##*/}"
done
rm -rf "$build"
