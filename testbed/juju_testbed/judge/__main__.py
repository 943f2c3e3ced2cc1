"""``python -m juju_testbed.judge LOG [--expect FILE]``: exit 0 if all is well, 1 if not."""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import sys
from collections.abc import Sequence

from .records import BadLog, Expectations, read
from .verdict import Verdict, verdict


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge a log file and print the verdict; 2 if the files cannot be read."""
    parser = argparse.ArgumentParser(prog="juju_testbed.judge", description=__doc__)
    parser.add_argument("log", type=pathlib.Path, help="log of operations, JSON lines")
    parser.add_argument("--expect", type=pathlib.Path, help="expectations, a JSON object")
    parser.add_argument("--json", action="store_true", help="print the verdict as JSON")
    given = parser.parse_args(arguments)
    try:
        expected = Expectations()
        if given.expect is not None:
            expected = Expectations.of(json.loads(given.expect.read_text(encoding="utf-8")))
        found = verdict(read(given.log), expected)
    except (OSError, json.JSONDecodeError, BadLog) as error:
        print(f"cannot judge: {error}", file=sys.stderr)
        return 2
    try:
        print(_as_json(found) if given.json else _as_text(found), flush=True)
    except BrokenPipeError:  # nobody reads the rest, and the exit code still tells the verdict
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0 if found.good else 1


def _as_text(found: Verdict) -> str:
    lines = [f"{key}: {value}" for key, value in found.facts.items()]
    for one in found.violations:
        where = f" (entry {one.seq})" if one.seq else ""
        lines.append(f"VIOLATION {one.rule}: {one.text}{where}")
    lines.append("verdict: good" if found.good else f"verdict: {len(found.violations)} violations")
    return "\n".join(lines)


def _as_json(found: Verdict) -> str:
    violations = [{"rule": v.rule, "text": v.text, "seq": v.seq} for v in found.violations]
    return json.dumps({"violations": violations, "facts": found.facts}, indent=1, sort_keys=True)


if __name__ == "__main__":
    sys.exit(main())
