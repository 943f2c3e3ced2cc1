"""Random input for as long as one likes: python -m tests.fuzz --seconds 60 --seed 1.

Prints what was tried, and each failure with the seed that gives it again. The exit code is 1 if
there was one.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback

from .targets import TARGETS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=TARGETS)
    parser.add_argument("--again", help="one seed, as a failure shows it")
    given = parser.parse_args()
    if given.again:
        TARGETS[given.again.partition("/")[0]](random.Random(given.again))
        return 0
    chosen = [given.only] if given.only else list(TARGETS)
    found = {name: attempts(name, given.seed, given.seconds / len(chosen)) for name in chosen}
    print(f"seed {given.seed}, {given.seconds:g} s")
    for name, (tried, failures) in found.items():
        print(f"{name:12} {tried:8} inputs {len(failures):4} failures")
    return 1 if any(failures for _, failures in found.values()) else 0


def attempts(name: str, seed: int, seconds: float) -> tuple[int, set[str]]:
    """Try one door for so long; return how often, and the places where it failed."""
    deadline = time.monotonic() + seconds
    number, failures = 0, set[str]()
    while time.monotonic() < deadline:
        one = f"{name}/{seed}/{number}"
        number += 1
        try:
            TARGETS[name](random.Random(one))
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{type(error).__name__} at {last.filename}:{last.lineno}"
            if where not in failures:
                failures.add(where)
                print(f"{one}: {where}: {str(error)[:200]}", flush=True)
    return number, failures


if __name__ == "__main__":
    sys.exit(main())
