"""Stories of a journal put back: the run goes on, its journal is a copy from some instants before.

The run is killed at a point. Then copies of its journal are put back one after the other, the
oldest first, and the run is resumed with each. One that is refused has sent nothing, so the next
one meets the same cloud. The first that is taken is the one that knows least: its run is finished,
and the testbed's log says whether anything was sent twice.
"""

from __future__ import annotations

import dataclasses
import pathlib
import shutil
import sqlite3
import tempfile
from typing import Any

from cou.errors import CouError
from cou.journal import FILE
from cou.journal.records import RunState

from tests.simulation import world as worlds

from . import harness
from .harness import Point

SENDS = ("enqueue", "refresh", "set-config")


@dataclasses.dataclass(frozen=True)
class Window:
    """The points around one operation: from before its intent to after its verdict."""

    points: tuple[Point, ...]

    @property
    def kind(self) -> str:
        """The kind of the step that makes it, and how it is sent."""
        sent = next(p.name for p in self.points if p.name.split("/")[1] in SENDS)
        return f"{self.points[0].kind} {sent.split('/')[1]}"


def windows(points: list[Point]) -> list[Window]:
    """Return the windows of a run, in order."""
    found: list[Window] = []
    for begin, point in enumerate(points):
        if point.name == "journal/intend/before":
            end = next(
                index
                for index in range(begin, len(points))
                if points[index].name == "journal/record-verdict/after"
            )
            found.append(Window(tuple(p for p in points[begin : end + 1] if _tells(p))))
    return found


def _tells(point: Point) -> bool:
    return "set-waits" not in point.name


class Copies:
    """Copies of a journal as it was at some points."""

    def __init__(self, home: pathlib.Path, folder: pathlib.Path, at: tuple[Point, ...]):
        self._home = home
        self._folder = folder
        self._at = set(at)
        self.taken: list[tuple[Point, pathlib.Path]] = []

    def look(self, watch: harness.Watch) -> None:
        """Take a copy if this is one of the points."""
        if watch.passed and watch.passed[-1] in self._at:
            self.take(watch.passed[-1])

    def take(self, point: Point) -> pathlib.Path:
        """Take a copy now."""
        path = self._folder / f"{len(self.taken)}.sqlite"
        kept = sqlite3.connect(self._home / FILE)
        kept.execute("vacuum into ?", (str(path),))
        kept.close()
        self.taken.append((point, path))
        return path


def put_back(world: Any, copy: pathlib.Path) -> None:
    """Restore the unit's machine from a snapshot: its journal is as it was."""
    for path in world.home.iterdir():
        path.unlink()
    shutil.copy(copy, world.home / FILE)


@dataclasses.dataclass
class Told:
    """What was broken in a story, and how many copies were refused before one was taken."""

    broken: list[str]
    refused: int


def story(source: str, before: tuple[Point, ...], at: Point) -> Told:
    """Kill a run at a point, and put back its journal of each of the points before."""
    with tempfile.TemporaryDirectory(dir=worlds.MEMORY) as folder:
        return worlds.run(_story(pathlib.Path(folder), source, before, at))


async def _story(folder: pathlib.Path, source: str, before: tuple[Point, ...], at: Point) -> Told:
    world = await worlds.build(folder / "home", source)
    plan = await world.plan(**harness.OPTIONS)
    attempt = world.create(plan)
    copies = Copies(world.home, folder, before)
    copies.take(Point("begin", 0, ""))
    watch = harness.Watch(at, lambda: None)

    def strikes(_: str) -> bool:
        copies.look(watch)
        return watch.reached

    with watch.installed():
        await world.work_until(attempt, strikes)
    if not watch.reached:
        return Told(["the point was never reached"], 0)
    newest = copies.take(at)
    refused = 0
    for point, copy in copies.taken:
        put_back(world, copy)
        world.bury(attempt)
        entries = len(world.model.log.entries)
        try:
            await world.work(world.resume(attempt.run))
        except CouError as error:
            refused += 1
            asked = [e for e in world.model.log.entries[entries:] if e["event"] == "asked"]
            if error.code != "journal-old" or asked or copy == newest:
                return Told([f"{point}: {error.code}: {error}; asked: {asked}"], refused)
            continue
        break
    broken = await _finish(world, attempt.run)
    return Told(broken + harness.judged(world, plan, attempt.run), refused)


async def _finish(world: Any, run: str) -> list[str]:
    if world.state_of(run) is RunState.COMPLETED:
        return harness.once_more(world, run)
    return await harness.finish(world, run)
