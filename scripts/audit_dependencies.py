#!/usr/bin/env python3
"""Ask for known weaknesses of the packages that the charm is locked to.

    audit_dependencies.py <pip-audit> <lock file>

Fails if there is one. Where the advisory data cannot be reached it says so, loudly, and does not
fail: nothing is known then.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

SKIPPED = "DEPENDENCIES NOT AUDITED"


def verdict(answer: str, error: str) -> tuple[int, list[str]]:
    """Return exit code and lines for what pip-audit said.

    Args:
        answer: its JSON, empty if it came to none.
        error: what it wrote beside.
    """
    try:
        packages: list[dict[str, Any]] = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (error.strip().splitlines() or ["no answer"])[-1]
        return 0, [f"{SKIPPED}: pip-audit came to no answer ({last})"]
    asked = [package for package in packages if "vulns" in package]
    lines = [
        f"{package['name']} {package['version']}: {weakness['id']}"
        f" (mended in {', '.join(weakness['fix_versions']) or 'no version'})"
        for package in asked
        for weakness in package["vulns"]
    ]
    left_out = [package["name"] for package in packages if "vulns" not in package]
    if left_out:
        lines.append(f"{SKIPPED}: nothing is known of {len(left_out)}: {', '.join(left_out)}")
    weak = sum(bool(package["vulns"]) for package in asked)
    lines.append(f"{len(asked)} of {len(packages)} packages audited, {weak} with known weaknesses")
    return int(bool(weak)), lines


def main(program: str, lock: str) -> int:
    """Run pip-audit on a lock file; nothing is installed for it."""
    command = [program, "--disable-pip", "--require-hashes", "--progress-spinner=off"]
    done = subprocess.run(
        [*command, "--format=json", f"--requirement={lock}"], capture_output=True, text=True
    )
    code, lines = verdict(done.stdout, done.stderr)
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
