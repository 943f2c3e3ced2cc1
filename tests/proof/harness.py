"""One story per point: run, be killed or cancelled there, resume, finish, be judged.

The simulated cloud and the engine share one process and virtual time, so a story takes a second
and every instant of a run can be visited. After a kill no task of the engine is left, and the
cloud goes on (`World.work_until`).
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import enum
import pathlib
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

from cou import crash
from cou.errors import JournalError
from cou.journal.records import MarkState, RunState, StepState
from cou.work import executor
from juju_testbed import judge

from tests.simulation import world as worlds

from . import ledger

# So that these kinds of steps are in the plan too.
OPTIONS = {"set-noout": True, "purge": True}
ONCE = ("openstack-upgrade", "mysqldump", "pause", "resume", "enable", "disable", "purge-data")


class How(enum.Enum):
    """What happens at the point."""

    KILL = "kill"
    CANCEL = "cancel"
    FORCE = "force"


@dataclasses.dataclass(frozen=True, order=True)
class Point:
    """The n-th time that a named point is passed, and the kind of step then at work."""

    name: str
    number: int
    kind: str = dataclasses.field(compare=False)


@dataclasses.dataclass
class Violation:
    """A promise that was broken at a point."""

    point: Point
    how: How
    what: str


class Watch:
    """Counts points as they are passed and calls `strike` at one of them."""

    def __init__(self, at: Point | None, strike: Callable[[], None]):
        self._at = at
        self._strike = strike
        self._kinds: list[str] = []
        self.counts: collections.Counter[str] = collections.Counter()
        self.passed: list[Point] = []
        self.reached = False

    def observe(self, name: str) -> None:
        """Called by the engine at each point."""
        self.counts[name] += 1
        kind = self._kinds[-1] if self._kinds else "none"
        self.passed.append(Point(name, self.counts[name], kind))
        at = self._at
        if not self.reached and at and (name, self.counts[name]) == (at.name, at.number):
            self.reached = True
            self._strike()

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Watch the engine of this process."""
        one = executor.Executor._one

        async def noted(self_: Any, step: Any, group: Any) -> Any:
            self._kinds.append(step.kind.value)
            try:
                return await one(self_, step, group)
            finally:
                self._kinds.pop()

        executor.Executor._one, crash.observe = noted, self.observe
        try:
            yield
        finally:
            executor.Executor._one, crash.observe = one, None


async def _passed(source: str) -> list[Point]:
    with tempfile.TemporaryDirectory(dir=worlds.MEMORY) as folder:
        world = await worlds.build(pathlib.Path(folder) / "home", source)
        plan = await world.plan(**OPTIONS)
        watch = Watch(None, lambda: None)
        attempt = world.create(plan)
        with watch.installed():
            ending = await world.work(attempt)
        assert ending.state is RunState.COMPLETED, ending
        return watch.passed


def points(source: str) -> list[Point]:
    """Return every point of an undisturbed run, in order."""
    return worlds.run(_passed(source))


def one_of_each(found: list[Point]) -> list[Point]:
    """Return the first of each point for each kind of step.

    What is waited for is written for those who look and decides nothing: one kind will do.
    """
    first: dict[tuple[str, str], Point] = {}
    for point in found:
        kind = "any" if "set-waits" in point.name else point.kind
        first.setdefault((point.name, kind), point)
    return list(first.values())


def story(source: str, point: Point, how: How) -> list[Violation]:
    """Live through one story; return what was broken."""
    with tempfile.TemporaryDirectory(dir=worlds.MEMORY) as folder:
        found = worlds.run(_story(pathlib.Path(folder), source, point, how))
    return [Violation(point, how, what) for what in found]


async def _story(folder: pathlib.Path, source: str, point: Point, how: How) -> list[str]:
    world = await worlds.build(folder / "home", source)
    plan = await world.plan(**OPTIONS)
    attempt = world.create(plan)
    struck: dict[str, Any] = {}

    def strike() -> None:
        struck["log"] = len(world.model.log.entries)
        if how is not How.KILL:
            with unobserved():
                struck["running"] = cancel(world, attempt, forced=how is How.FORCE)

    watch = Watch(point, strike)
    state = RunState.KILLED if how is How.FORCE else RunState.INTERRUPTED
    with watch.installed():
        await world.work_until(
            attempt, lambda name: watch.reached and how is not How.CANCEL, as_=state
        )
    if not watch.reached:
        return ["the point was never reached"]
    broken = ledger.missing(world.model, world.marks(attempt.run))
    if how is How.CANCEL:
        entries = world.model.log.entries[struck["log"] :]
        broken += after_cancel(entries, named(plan, struck["running"]))
    broken += await finish(world, attempt.run)
    return broken + judged(world, plan, attempt.run)


@contextlib.contextmanager
def unobserved() -> Iterator[None]:
    """Pass points as somebody else than the engine."""
    observed, crash.observe = crash.observe, None
    try:
        yield
    finally:
        crash.observe = observed


def cancel(world: Any, attempt: Any, *, forced: bool) -> list[str]:
    """Record an operator's cancel; return the steps that were running."""
    journal = world.journal()
    _, running = journal.cancel(attempt.token, "operator", forced=forced)
    journal.close()
    return running


def named(plan: Any, running: list[str]) -> set[str]:
    """Return the targets of the steps that an acknowledgement named, and their applications."""
    targets = {step.id: step.target for step in plan.root.single_steps()}
    named = {targets[step] for step in running if step in targets}
    return named | {target.split("/")[0] for target in named}


def after_cancel(entries: list[dict[str, Any]], names: set[str]) -> list[str]:
    """After the acknowledgement operations go only to the targets of the steps it named."""
    broken = []
    for entry in entries:
        if entry["event"] != "asked" or entry["by"] != worlds.USER:
            continue
        if str(entry["data"].get("call", "")).startswith("Annotations"):
            continue
        if entry["unit"] not in names and entry["application"] not in names:
            broken.append(f"after the cancel: {entry}")
    return broken


async def finish(world: Any, run: str) -> list[str]:
    """Resume until it is completed, at most a few times; then once more, in vain."""
    for _ in range(4):
        journal = world.journal()
        state = journal.run(run).state
        journal.close()
        if state is RunState.COMPLETED:
            return once_more(world, run)
        ending = await world.work(world.resume(run))
        going = ending.state in (RunState.COMPLETED, RunState.STOPPED)
        if not going and not world.asks(run):
            return [f"resumed, it ended {ending.state.value}: {ending.error}"]
    return ["four resumptions did not complete it"]


def once_more(world: Any, run: str) -> list[str]:
    """Resume a completed run, in vain."""
    try:
        world.resume(run)
    except JournalError:
        return []
    return ["a completed run was resumed"]


def judged(world: Any, plan: Any, run: str) -> list[str]:
    from juju_testbed.charms import snapshot

    snapshot.write(world.store.charm.place, "judge")
    # What the run was asked for in the end: a remainder may have other options than its plan.
    options = world.plan_of(run)["options"]
    expected = {
        "target": plan.target,
        "backup": plan.options.backup,
        "at_once": options["max-parallel"] > 1,
    }
    verdict = judge.verdict(world.model.log.entries, expected)
    broken = [str(violation) for violation in verdict.violations]
    states = {record.state for record in world.steps(run).values()}
    if not states <= {StepState.DONE, StepState.SATISFIED}:
        broken.append(f"steps ended {sorted(state.value for state in states)}")
    left = [mark.id for mark in world.marks(run) if mark.state is not MarkState.PUT_BACK]
    if left:
        broken.append(f"marks left: {left}")
    return broken + _repeated(world)


def _repeated(world: Any) -> list[str]:
    counted: collections.Counter[tuple[str, ...]] = collections.Counter()
    for entry in world.model.log.entries:
        data = entry["data"]
        if entry["event"] == "task-begun" and data["name"] in ONCE:
            counted[data["name"], entry["unit"]] += 1
        elif entry["event"] == "config-changed":
            counted[entry["application"], data["key"], str(data["new"])] += 1
        elif entry["event"] == "charm-changed":
            counted[entry["application"], str(data["new"])] += 1
    return [f"{what} took place {count} times" for what, count in counted.items() if count > 1]
