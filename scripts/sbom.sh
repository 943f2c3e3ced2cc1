#!/usr/bin/env bash
# Write what the charm is made of, as CycloneDX, from the lock file.
#
#   scripts/sbom.sh <folder with cyclonedx-py> <file>
set -euo pipefail

cd "$(dirname "$0")/.."
mkdir -p "$(dirname "$2")"
"$1/cyclonedx-py" requirements --pyproject pyproject.toml --output-reproducible --validate \
    --spec-version 1.6 --output-format JSON --output-file "$2" requirements.txt
wanted=$(grep -c '^[a-z0-9].*==' requirements.txt)
"$1/python" - "$2" "$wanted" <<'PYTHON'
import json
import sys

bom = json.load(open(sys.argv[1]))
parts = bom["components"]
bare = [
    part["name"]
    for part in parts
    if not any(reference.get("hashes") for reference in part.get("externalReferences", []))
]
print(f"{sys.argv[1]}: {len(parts)} components, {len(parts) - len(bare)} with hashes")
sys.exit(len(parts) != int(sys.argv[2]) or bool(bare))
PYTHON
