"""``python -m tests.proof``: every occurrence of every point.

First those of a small cloud, with real processes: each story begins in a testbed restored to what
was so before the step of its point. Then those of a large cloud, in virtual time (`chains`). The
exit code is 1 on any violation; a point that was never reached is one.
"""

from __future__ import annotations

import argparse
import collections
import pathlib
import sys
import tempfile
import time

from . import chains, chronicle, crew
from .harness import How, Violation

# Into how many chains the occurrences of a large cloud are dealt, for each way to end a run.
_PARTS = 20


def main() -> int:
    """Visit every point, or a share of them; print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", default="1/1", help="k/n: every n-th story, from the k-th on")
    parser.add_argument("--jobs", type=int, default=2, help="processes side by side")
    parser.add_argument("--how", choices=[how.value for how in How], help="only this")
    given = parser.parse_args()
    first, of = (int(part) for part in given.share.split("/"))
    if not 1 <= first <= of:
        parser.error(f"--share {given.share} is not k/n with k from 1 to n")
    hows = [given.how] if given.how else [how.value for how in How]
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "book"
        real, large = _real(path, hows), _large(hows)
        work = real[first - 1 :: of] + large[first - 1 :: of]
        struck, broken = _live(path, work, given.jobs)
    told = ", ".join(f"{count} {how}s" for how, count in sorted(struck.items()))
    print(
        f"share {given.share}: {told}, {len(broken)} violations, {time.monotonic() - begun:.0f} s",
        flush=True,
    )
    return 1 if broken else 0


def _real(path: pathlib.Path, hows: list[str]) -> list[crew.Work]:
    book = chronicle.keep(path)
    names = {moment.point.name for moment in book.moments}
    print(
        f"{len(names)} named points, {len(book.moments)} occurrences in {len(book.before)} steps "
        f"with real processes: {len(book.moments) * len(hows)} stories",
        flush=True,
    )
    return [(how, moment) for moment in book.moments for how in hows]


def _large(hows: list[str]) -> list[crew.Work]:
    found = chains.occurrences(chains.large(), {})
    steps = len({one.step for one in found if one.step != chains.NONE})
    print(
        f"{len({one.name for one in found})} named points, {len(found)} occurrences in {steps} "
        f"steps of a large cloud in virtual time: {_PARTS * len(hows)} chains",
        flush=True,
    )
    return [(crew.VIRTUAL + how, found[part::_PARTS]) for part in range(_PARTS) for how in hows]


def _live(
    path: pathlib.Path, work: list[crew.Work], jobs: int
) -> tuple[collections.Counter[str], list[Violation]]:
    broken: list[Violation] = []
    struck = collections.Counter[str]()
    for number, ((how, _), times, found) in enumerate(crew.every(path, work, jobs), 1):
        struck[how] += times
        for one in found:
            print(f"VIOLATION: {one.how.value} at {one.point}: {one.what}", flush=True)
        broken += found
        if number % 50 == 0:
            print(f"{number} of {len(work)}, {len(broken)} violations", flush=True)
    return struck, broken


if __name__ == "__main__":
    sys.exit(main())
