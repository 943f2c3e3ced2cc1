"""Whole upgrades in virtual time: how long they take, against what the cloud itself needed.

Wall time here is the simulation's: it does not depend on the machine. Durations of the cloud are
those of the testbed's profile ``real``; they are assumed, the ratios are measured.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime
import pathlib
import tempfile
from collections.abc import AsyncIterator, Iterator
from typing import Any

from cou.journal.records import RunState
from cou.kinds import Kind
from cou.operations import observer
from cou.options.settings import Settings
from cou.show import estimate
from juju_testbed import judge

from tests.simulation import bundles, story
from tests.simulation import world as worlds

Span = tuple[float, float]
# Juju runs it every five minutes on every unit, and nothing else runs on its machine meanwhile.
_BY_ITSELF = "update-status"


def upgrade(
    bundle: bundles.Bundle, at_once: int, *, batch: int = 0, **options: Any
) -> dict[str, Any]:
    """Upgrade a cloud in virtual time and return its figures; times in seconds.

    Args:
        bundle: the cloud.
        at_once: `max-parallel`.
        batch: `hypervisor-batch`.
        options: those of the plan.

    Raises:
        RuntimeError: it was not completed, or the judge found something.
    """
    with tempfile.TemporaryDirectory(dir=worlds.MEMORY) as folder:
        return worlds.run(_upgrade(pathlib.Path(folder), bundle, at_once, batch, options))


async def _upgrade(
    home: pathlib.Path,
    bundle: bundles.Bundle,
    at_once: int,
    batch: int,
    options: dict[str, Any],
) -> dict[str, Any]:
    settings = Settings(hypervisor_batch=batch)
    world = await story.cloud(home / "home", bundle, profile="real", settings=settings)
    plan = await world.plan(**{"max-parallel": at_once, **options})
    attempt = world.create(plan)
    first = len(world.model.log.entries)
    loop = asyncio.get_running_loop()
    begun, start = loop.time(), world.clock.now()
    async with story.operator(world), _guesses(world, plan, attempt.run, 600) as guesses:
        with _counted(world) as looked:
            ending = await world.work(attempt)
    wall_s = loop.time() - begun
    wrong = story.judged(world, target=plan.target, at_once=at_once > 1)
    if ending.state is not RunState.COMPLETED or wrong:
        raise RuntimeError(f"{ending}: {wrong}")
    records = world.steps(attempt.run)
    took = {
        one.id: (one.ended - one.started).total_seconds()
        for one in records.values()
        if one.started and one.ended
    }
    path_s = estimate.makespan_s(plan.root, (), lambda s: took[s.id], at_once=at_once)
    endless = estimate.makespan_s(plan.root, (), lambda s: took[s.id], at_once=10_000)
    quiet = [
        (_since(start, records[s.id].started), _since(start, records[s.id].ended))
        for s in plan.root.single_steps()
        if s.kind is Kind.WAIT_IDLE
    ]
    at_work = [
        (begin, end, _machines(world, step.target))
        for step in plan.root.single_steps()
        if (record := records[step.id]).started
        for begin, end in [(_since(start, record.started), _since(start, record.ended))]
    ]
    busy = _busy(world, world.model.log.entries[first:], start, at_work)
    gaps = list(_gaps(busy, wall_s))
    quiet_s = sum(min(10.0, _covered(gap, quiet)) for gap in gaps)
    idle_s = sum(end - begin for begin, end in gaps)
    return {
        "applications": len(world.model.applications),
        "units": len(world.model.units),
        "at-once": at_once,
        "batch": batch,
        "steps": len(took),
        "wall-s": wall_s,
        "path-s": path_s,
        "wall-to-path": wall_s / path_s,
        "path-without-limit-s": endless,
        "cloud-busy-s": wall_s - idle_s,
        "quiet-s": quiet_s,
        "overhead": (idle_s - quiet_s) / wall_s,
        "looks-per-2s": looked["looks"] / wall_s * 2,
        "estimates": _judged(guesses, wall_s),
        "without-service-s": judge.verdict(world.model.log.entries).facts["without-service-s"],
    }


def estimates(bundle: bundles.Bundle, profile: str) -> list[dict[str, Any]]:
    """Upgrade a cloud by two releases; return how good the estimates were each time.

    For the second, it has learnt from the first how long steps take there.

    Raises:
        RuntimeError: one was not completed.
    """
    with tempfile.TemporaryDirectory(dir=worlds.MEMORY) as folder:
        return worlds.run(_estimates(pathlib.Path(folder), bundle, profile))


async def _estimates(
    home: pathlib.Path, bundle: bundles.Bundle, profile: str
) -> list[dict[str, Any]]:
    world = await story.cloud(home / "home", bundle, profile=profile)
    found: list[dict[str, Any]] = []
    every_s = 5 if profile == "demo" else 600
    for learnt in (False, True):
        await asyncio.sleep(3600)  # until the cloud is at rest
        plan = await world.plan()
        attempt = world.create(plan)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        async with story.operator(world), _guesses(world, plan, attempt.run, every_s) as guesses:
            ending = await world.work(attempt)
        if ending.state is not RunState.COMPLETED:
            raise RuntimeError(f"{ending}")
        wall_s = loop.time() - begun
        row = {"profile": profile, "learnt": learnt, "steps": len(list(plan.root.single_steps()))}
        found.append({**row, "wall-s": wall_s, **_judged(guesses, wall_s)})
    return found


@contextlib.contextmanager
def _counted(world: Any) -> Iterator[dict[str, int]]:
    """Count the looks of all waits together, as often as in life: none is passed over."""
    counted = {"looks": 0}
    world.changes = object
    look = observer.Observer._look  # pyright: ignore[reportPrivateUsage]

    async def noted(self: Any) -> None:
        counted["looks"] += 1
        await look(self)

    observer.Observer._look = noted  # pyright: ignore[reportPrivateUsage]
    try:
        yield counted
    finally:
        observer.Observer._look = look  # pyright: ignore[reportPrivateUsage]


@contextlib.asynccontextmanager
async def _guesses(
    world: Any, plan: Any, run: str, every_s: float
) -> AsyncIterator[list[tuple[float, float]]]:
    """Note again and again how long `status` says that it will take."""
    found: list[tuple[float, float]] = []
    begun = asyncio.get_running_loop().time()

    async def note() -> None:
        while True:
            journal = world.journal()
            left_s = estimate.learn(journal).expected(
                plan.root,
                journal.steps(run),
                at_once=plan.options.max_parallel,
                now=world.clock.now(),
            )
            journal.close()
            found.append((asyncio.get_running_loop().time() - begun, left_s))
            await asyncio.sleep(every_s)

    task = asyncio.create_task(note())
    await asyncio.sleep(0)
    try:
        yield found
    finally:
        task.cancel()


def _judged(guesses: list[tuple[float, float]], wall_s: float) -> dict[str, float]:
    """Return by how much the estimates were wrong, as a share of what was really left."""
    half = min(guesses, key=lambda one: abs(one[0] - wall_s / 2))
    return {
        "before": guesses[0][1] / wall_s - 1,
        "half-way": half[1] / (wall_s - half[0]) - 1,
    }


def _machines(world: Any, target: str) -> frozenset[str]:
    """Return the machines that a step's work can be held up on."""
    units = world.model.units.values()
    if target == "model":
        return frozenset(unit.machine for unit in units)
    return frozenset(u.machine for u in units if target in (u.name, u.application))


def _busy(
    world: Any,
    entries: list[dict[str, Any]],
    start: datetime.datetime,
    at_work: list[tuple[float, float, frozenset[str]]],
) -> list[Span]:
    """Return when anything ran in the cloud that a step needed, or had to wait for.

    What Juju does by itself counts while a step works on that very machine.
    """
    begun: dict[tuple[str, str], float] = {}
    spans: list[Span] = []
    for entry in entries:
        kind, _, side = entry["event"].partition("-")
        if kind not in ("hook", "task"):
            continue
        name = str(entry["data"].get("hook") or entry["data"].get("name"))
        at = _since(start, datetime.datetime.fromisoformat(entry["at"]))
        key = (entry["unit"], kind)
        if side == "begun":
            begun[key] = at
        elif key in begun and name == _BY_ITSELF:
            home, since = world.model.units[entry["unit"]].machine, begun.pop(key)
            for begin, end, machines in at_work:
                if home in machines and begin < at and since < end:
                    spans.append((max(since, begin), min(at, end)))
        elif key in begun:
            spans.append((begun.pop(key), at))
    return sorted(spans)


def _gaps(spans: list[Span], wall_s: float) -> Iterator[Span]:
    reached = 0.0
    for begin, end in [*spans, (wall_s, wall_s)]:
        if begin > reached:
            yield reached, begin
        reached = max(reached, end)


def _covered(gap: Span, spans: list[Span]) -> float:
    return sum(max(0.0, min(gap[1], end) - max(gap[0], begin)) for begin, end in spans)


def _since(start: datetime.datetime, at: datetime.datetime | None) -> float:
    return (at - start).total_seconds() if at else 0.0


@dataclasses.dataclass(frozen=True)
class Clouds:
    """The clouds that are measured, by name."""

    small_ha: bundles.Bundle
    large: bundles.Bundle
    zones: bundles.Bundle

    @classmethod
    def make(cls) -> Clouds:
        """Lay them out: two services with HA, more than 60 applications, six hosts in a zone."""
        return cls(
            bundles.two_services("focal", "ussuri"),
            bundles.large("focal", "ussuri"),
            bundles.base("focal", "ussuri", zones=("az1",) * 6),
        )
