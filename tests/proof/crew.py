"""Several processes that live through stories side by side."""

from __future__ import annotations

import concurrent.futures
import functools
import multiprocessing
import pathlib
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from . import chains, chronicle, real
from .harness import How, Point, Violation

_TOP = str(pathlib.Path(__file__).resolve().parents[2])
Work = tuple[str, Any]
# Before a `How`'s value: with occurrences in a large cloud, in virtual time (`chains`).
VIRTUAL = "virtual-"


@functools.cache
def _book(path: str) -> chronicle.Chronicle:
    return chronicle.read(pathlib.Path(path))


def _do(path: str, work: Work) -> tuple[int, list[Violation]]:
    """Do one piece of work; return how often a process was struck, and what was broken."""
    how, moments = work
    if how.startswith(VIRTUAL):
        strike = How(how.removeprefix(VIRTUAL))
        told = chains.chain(chains.large(), {}, moments, strike)
        point = Point(f"one of {len(moments)} in a large cloud", 1, "any")
        return told.struck, [Violation(point, strike, what) for what in told.broken]
    book = _book(path)
    if how == "chain":
        return real.chain(book, moments)
    return 1, real.story(book, moments, How(how))


def every(
    path: pathlib.Path, work: Sequence[Work], jobs: int
) -> Iterator[tuple[Work, int, list[Violation]]]:
    """Do all work, and yield what came of it as it is done.

    Args:
        path: where the chronicle was kept.
        work: pairs of ``chain`` with all moments of a step, of a `How`'s value with a moment, or
            of `VIRTUAL` and a `How`'s value with occurrences in a large cloud.
        jobs: how many processes.
    """
    do: Callable[[Work], tuple[int, list[Violation]]] = functools.partial(_do, str(path))
    if _TOP not in sys.path:  # pytest imports without it; the crew's processes import by name
        sys.path.append(_TOP)
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(jobs, mp_context=context) as crew:
        asked = {crew.submit(do, one): one for one in work}
        for done in concurrent.futures.as_completed(asked):
            struck, broken = done.result()
            yield asked[done], struck, broken


def by_step(moments: Sequence[chronicle.Moment]) -> list[Work]:
    """Return the moments as chains, one for each step, the longest first."""
    steps: dict[int, list[chronicle.Moment]] = {}
    for moment in moments:
        steps.setdefault(moment.at, []).append(moment)
    return [("chain", one) for one in sorted(steps.values(), key=len, reverse=True)]
