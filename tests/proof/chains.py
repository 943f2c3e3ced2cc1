"""One run of a large cloud, killed at every occurrence of every point, one after the other.

A story for each of thousands of occurrences would take hours. Here one run is killed where it
passes an occurrence that it has not been killed at, resumed, killed at the next, and so on to its
end: after a kill a run goes on in the middle of its step, so that the next occurrence is the next
new one. What a kill has made a run jump over is visited by another run. Cancelled, a step ends, so
that each run is cancelled in each step once. An undisturbed run tells what occurs: the n-th time
that a step, or none, passes a name.
"""

from __future__ import annotations

import collections
import contextlib
import contextvars
import dataclasses
import pathlib
import tempfile
from collections.abc import Iterator
from typing import Any

from cou.journal.records import RunState
from cou.work import executor

from tests.simulation import bundles, story
from tests.simulation import world as worlds

from . import harness, ledger
from .harness import How

NONE = "none"  # the step of what lies outside of steps
_step: contextvars.ContextVar[str] = contextvars.ContextVar("step", default=NONE)


@dataclasses.dataclass(frozen=True, order=True)
class Occurrence:
    """The n-th time that a step, or none, passes a named point."""

    step: str
    name: str
    number: int


class Count:
    """Counts what passes, by step: also where several steps are at work at once."""

    def __init__(self) -> None:
        self._counts: collections.Counter[tuple[str, str]] = collections.Counter()

    def passes(self, name: str) -> Occurrence:
        """Return which occurrence of a point this is."""
        step = _step.get()
        self._counts[step, name] += 1
        return Occurrence(step, name, self._counts[step, name])


@contextlib.contextmanager
def _steps_known() -> Iterator[None]:
    """Have each point know whose step it belongs to."""
    one = executor.Executor._one

    async def noted(self: Any, step: Any, group: Any) -> Any:
        before = _step.set(step.id)
        try:
            return await one(self, step, group)
        finally:
            _step.reset(before)

    noted.__qualname__ = one.__qualname__  # one of the engine's tasks, also where it is killed
    executor.Executor._one = noted
    try:
        yield
    finally:
        executor.Executor._one = one


async def _upgrade(home: pathlib.Path, source: str, options: dict[str, Any]) -> Any:
    world = await worlds.build(home, source)
    plan = await world.plan(**options)
    assert not plan.blocking, [problem.seen for problem in plan.blocking]
    return world, plan, world.create(plan)


async def _pass(home: pathlib.Path, source: str, options: dict[str, Any]) -> list[Occurrence]:
    world, _, attempt = await _upgrade(home, source, options)
    count, found = Count(), list[Occurrence]()

    def strikes(name: str) -> bool:
        found.append(count.passes(name))
        return False

    with _steps_known():
        async with story.operator(world):
            ending = await world.work_until(attempt, strikes)
    assert ending.state is RunState.COMPLETED, ending
    return found


def occurrences(source: str, options: dict[str, Any]) -> list[Occurrence]:
    """Return every occurrence that an undisturbed run passes, in order."""
    with tempfile.TemporaryDirectory(dir=worlds.MEMORY) as folder:
        found = worlds.run(_pass(pathlib.Path(folder) / "home", source, options))
    # What is waited for is written for those who look; how often is chance, and decides nothing.
    return [one for one in found if "set-waits" not in one.name]


def large() -> str:
    """Return a bundle of more than 60 applications in three zones."""
    return bundles.large("focal", "ussuri").done()


@dataclasses.dataclass
class Told:
    """What came of a chain: how often it was struck, and what was broken."""

    struck: int
    broken: list[str]


def chain(
    source: str, options: dict[str, Any], wanted: list[Occurrence], how: How = How.KILL
) -> Told:
    """Upgrade a cloud, be struck at each wanted occurrence, go on each time, and be judged.

    An occurrence that no run reaches is a violation.
    """
    told, left = Told(0, []), set(wanted)
    while left and not told.broken:
        with tempfile.TemporaryDirectory(dir=worlds.MEMORY) as folder:
            home = pathlib.Path(folder) / "home"
            links = worlds.run(_chain(home, source, options, left, how))
        told.struck += len(left) - len(links.left)
        told.broken += links.broken
        if links.left == left:
            told.broken += [f"never reached: {one}" for one in sorted(left)]
        left = links.left
    return told


async def _chain(
    home: pathlib.Path,
    source: str,
    options: dict[str, Any],
    wanted: set[Occurrence],
    how: How,
) -> _Links:
    world, plan, attempt = await _upgrade(home, source, options)
    links = _Links(world, plan, set(wanted), how)
    with _steps_known():
        async with story.operator(world):
            while True:
                links.attempt = attempt
                ending = await world.work_until(attempt, links.strikes, as_=links.ends_as)
                links.check(ending)
                if links.broken:
                    return links
                if world.state_of(attempt.run) is RunState.COMPLETED:
                    break
                attempt = world.resume(attempt.run)
    links.broken += harness.once_more(world, attempt.run)
    links.broken += harness.judged(world, plan, attempt.run)
    return links


class _Links:
    """Strikes at whatever is left, and looks at what each strike has left behind."""

    def __init__(self, world: Any, plan: Any, left: set[Occurrence], how: How):
        self.left = left
        self.broken: list[str] = []
        self.attempt: Any = None
        self.ends_as = RunState.KILLED if how is How.FORCE else RunState.INTERRUPTED
        self._world = world
        self._plan = plan
        self._how = how
        self._count = Count()
        self._cancelled: tuple[int, list[str]] | None = None

    def strikes(self, name: str) -> bool:
        """Whether the process ends here; a plain cancel is recorded and ends nothing."""
        occurrence = self._count.passes(name)
        if occurrence not in self.left:
            return False
        if self._how is not How.KILL:
            if self._cancelled is not None:
                return False
            with harness.unobserved():
                running = harness.cancel(self._world, self.attempt, forced=self._how is How.FORCE)
            self._cancelled = len(self._world.model.log.entries), running
        self.left.remove(occurrence)
        return self._how is not How.CANCEL

    def check(self, ending: Any) -> None:
        """Look at what is so after a strike, or at the end."""
        going = ending is None or ending.state in (RunState.COMPLETED, RunState.STOPPED)
        if not going and not self._world.asks(self.attempt.run):
            self.broken.append(f"it ended {ending.state.value}: {ending.error}")
        marks = self._world.marks(self.attempt.run)
        self.broken += ledger.missing(self._world.model, marks)
        if self._how is How.CANCEL and self._cancelled is not None:
            entries, running = self._cancelled
            names = harness.named(self._plan, running)
            self.broken += harness.after_cancel(self._world.model.log.entries[entries:], names)
        self._cancelled = None
