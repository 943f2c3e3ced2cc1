#!/usr/bin/env python3
"""Have charmcraft analyse a packed charm; each row is good, or explained here.

analyse.py <packed charm>

CHARMCRAFT  the command to use (default: charmcraft on the path, else scripts/charmcraft.sh)
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
from typing import Any

HERE = pathlib.Path(__file__).parent
GOOD = ("ok", "python", "operator")
# Rows that are not good, with the result that each must have: another one is a surprise.
EXPLAINED = {
    ("framework", "unknown"): "charmcraft looks for venv/ops, where its plugin `charm` puts it; "
    "its plugin `python` makes a whole environment, with ops in venv/lib/python3.*/site-packages",
    ("ops-main-call", "nonapplicable"): "only looked at when the row framework says operator; "
    "`make listing` looks for the call itself",
    ("additional-files", "nonapplicable"): "only looked at while the charm is being packed",
    ("pydeps", "nonapplicable"): "there are no charm libraries",
}


def main(charm: str) -> int:
    """Print a line per row; fail if one is neither good nor explained."""
    found = os.environ.get("CHARMCRAFT") or shutil.which("charmcraft")
    program = found or _run([str(HERE / "charmcraft.sh")]).strip()
    rows: list[dict[str, Any]] = json.loads(_run([program, "analyse", "--format=json", charm]))
    bad = 0
    for row in rows:
        why = EXPLAINED.get((row["name"], row["result"]), "")
        is_good = row["result"] in GOOD
        bad += not is_good and not why
        mark = "good" if is_good else "explained" if why else "BAD"
        text = why or row["text"]
        print(f"{mark:9} {row['name']}: {row['result']}{f' ({text})' if text else ''}")
    missing = {name for name, _ in EXPLAINED} - {row["name"] for row in rows}
    for name in sorted(missing):
        print(f"BAD       {name}: charmcraft has no such row; is the explanation still needed?")
    return 1 if bad or missing or not rows else 0


def _run(command: list[str]) -> str:
    # Where there is none that is its user's alone, charmcraft leaves one in /tmp.
    runtime = os.environ.get("XDG_RUNTIME_DIR") or str(HERE.parent.resolve() / ".build/runtime")
    pathlib.Path(runtime).mkdir(mode=0o700, parents=True, exist_ok=True)
    environment = {**os.environ, "XDG_RUNTIME_DIR": runtime}
    return subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
