"""Stories with real processes: a restored testbed over TLS, supervisor and runner, SIGKILL.

A story restores what was so before one step, has the real processes live through it, strikes at
one point, goes on with `upgrade`, and finishes what is left in virtual time, where the same engine
needs a second for it. Then the judge reads the whole log.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import os
import pathlib
import signal
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from typing import Any

from cou.errors import CouError
from cou.journal import FILE, Journal
from cou.journal.records import Limit, RunState
from cou.kinds import Kind
from cou.process import liveness, locks
from cou.process.paths import RunPaths
from juju_testbed.model import frozen

from tests.processes.conftest import Cloud, Operator, is_running
from tests.simulation import world as worlds

from . import harness, ledger
from .chronicle import SETTINGS, Before, Chronicle, Moment, rest
from .harness import How, Violation

_PATIENCE_S = 300.0
_STEP = Limit("step", 1)
# Longer than any request of the dead runner can be on its way; its sending is dated back by it.
_REQUEST_S = 600.0


class Restored(Cloud):
    """A served testbed that goes on from where it was frozen; `data` is what it ended as."""

    def __init__(self, data: bytes):
        self.data = data
        super().__init__("")

    def deploy(self) -> Any:
        """Return the controller that was frozen."""
        return frozen.thaw(self.data, datetime.datetime.now(datetime.timezone.utc))

    async def end(self) -> None:
        """Freeze it again, at rest."""
        await rest(self.model)
        self.data = frozen.freeze(self.controller)


@dataclasses.dataclass
class Site:
    """An operator before one step, and a log of the points that the processes pass."""

    cloud: Restored
    operator: Operator
    before: Before
    log: pathlib.Path
    broken: list[str] = dataclasses.field(default_factory=list)
    journal: bytes = b""

    def passed(self) -> list[str]:
        """Return the points passed so far, as ``program:name#number``."""
        return self.log.read_text().splitlines() if self.log.exists() else []

    def finish(self) -> RunState:
        """Wait until the run has ended, and its processes with it."""
        return self.operator.finish()

    def upgrade(self, limit: Limit = _STEP) -> None:
        """Go on; while the processes of the last attempt are ending, try again."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                self.operator.upgrade(limit=limit)
            except CouError as error:
                ending = error.code in ("run-going-on", "run-ending")
                if not ending or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def let_requests_die(self) -> None:
        """Have no request of the dead runner on its way any more: as if that long had passed."""
        db = sqlite3.connect(self.operator.place.home / FILE, isolation_level=None)
        rows = db.execute("select id, result from operation where verdict is null").fetchall()
        for number, text in rows:
            sent = json.loads(text)
            sent["sent"] -= _REQUEST_S
            db.execute("update operation set result = ? where id = ?", (json.dumps(sent), number))
        db.close()

    def check_ledger(self) -> None:
        """Whatever is switched now has a mark."""
        view = self.operator.control.view()
        marks = view.marks if view is not None else ()
        self.broken += ledger.missing(self.cloud.model, marks)


@contextlib.contextmanager
def site(before: Before) -> Iterator[Site]:
    """Restore everything as it was before a step; end all processes afterwards."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        place = RunPaths(folder / "home", folder / "run")
        place.make()
        if before.journal:
            (place.home / FILE).write_bytes(before.journal)
        cloud = Restored(before.controller)
        operator = Operator(place, cloud)
        one = Site(cloud, operator, before, folder / "points")
        try:
            yield one
        finally:
            operator.control.force()
            operator.await_that(lambda: not operator.at_work())
            cloud.stop()
            one.journal = _whole(place)


def _whole(place: RunPaths) -> bytes:
    """Return the journal with what its log holds; a cancel of this process still has it open."""
    Journal(place.home).close()  # not one that is damaged or mixed
    db = sqlite3.connect(place.home / FILE, isolation_level=None)
    try:
        assert db.execute("pragma wal_checkpoint(truncate)").fetchone()[0] == 0
        return (place.home / FILE).read_bytes()
    finally:
        db.close()


@contextlib.contextmanager
def struck(one: Site, at: str, *, hold: bool = False) -> Iterator[None]:
    """Have the processes that are started now end, or be held, where they pass a point."""
    given = {"COU_CRASH_AT": at, "COU_CRASH_LOG": str(one.log)}
    if hold:
        given["COU_CRASH_HOW"] = "hold"
    os.environ.update(given)
    try:
        yield
    finally:
        for key in given:
            del os.environ[key]


def story(book: Chronicle, moment: Moment, how: How, program: str = "runner") -> list[Violation]:
    """Live through one story with real processes; return what was broken."""
    at = f"{program}:{moment.point.name}#{moment.point.number}"
    try:
        with site(book.before[moment.at]) as one:
            _live(one, moment, how, at)
        broken = one.broken or judged(book, one)
    except AssertionError as error:
        broken = [f"{error}"]
    except CouError as error:
        broken = [f"{error.code}: {error}"]
    return [Violation(moment.point, how, what) for what in broken]


def chain(book: Chronicle, moments: list[Moment]) -> tuple[int, list[Violation]]:
    """Kill at one moment of a step after the other, each time resumed; then judge.

    Where the step was over before a moment came, it is restored and begun again.

    Args:
        book: the chronicle.
        moments: all of one step, in order.

    Returns:
        How many kills there were, and what was broken.
    """
    kills, left = 0, list(moments)
    while left:
        count, broken = _chained(book, left)
        kills += count
        if broken:
            return kills, [Violation(left[0].point, How.KILL, what) for what in broken]
        left = left[count:]
    return kills, []


def _chained(book: Chronicle, moments: list[Moment]) -> tuple[int, list[str]]:
    """Return how many of the moments were reached in a row, and what was broken."""
    count = 0
    try:
        with site(book.before[moments[0].at]) as one:
            for moment in moments:
                at = f"runner:{moment.point.name}#{moment.point.number}"
                one.log.unlink(missing_ok=True)
                with struck(one, at):
                    one.upgrade()
                state = one.finish()
                if at not in one.passed():
                    break
                count += 1
                one.check_ledger()
                one.let_requests_die()
                if one.broken or state is RunState.COMPLETED:
                    break
            if not count:
                return 0, ["the point was never reached"]
        return count, one.broken or judged(book, one)
    except AssertionError as error:
        return count, [f"{error}"]
    except CouError as error:
        return count, [f"{error.code}: {error}"]


def _live(one: Site, moment: Moment, how: How, at: str) -> None:
    # Within a step nothing limits the run: a cancel that let another step begin would show.
    free = how is How.CANCEL and moment.point.kind != "none"
    with struck(one, at, hold=how is not How.KILL):
        one.upgrade(Limit() if free else _STEP)
    if how is not How.KILL:
        _held(one, how, at)
    state = one.finish()
    if at not in one.passed():
        one.broken.append("the point was never reached")
        return
    wanted = {How.KILL: RunState.INTERRUPTED, How.FORCE: RunState.KILLED}.get(how)
    over = "end-attempt/after" in at  # it was over already
    if wanted is not None and state is not wanted and not over:
        one.broken.append(f"after the {how.value} the run is {state.value}")
    one.check_ledger()
    if state is RunState.COMPLETED:
        return
    one.let_requests_die()
    one.upgrade()
    state = one.finish()
    if state not in (RunState.STOPPED, RunState.COMPLETED) and not _asks(one, moment):
        one.broken.append(f"resumed, it ended {state.value}: {one.operator.log()[-800:]}")


def _asks(one: Site, moment: Moment) -> bool:
    """Whether it rests with a question about a request that may have been lost in this story.

    Between its intent and the answer, and for an action that is not safe to repeat; that Juju has
    no task of it is looked at where the run is finished (`worlds.World.asks`).
    """
    unsent = moment.point.name in ("journal/intend/after", "juju/enqueue/before")
    kinds = (Kind.BACKUP_DATABASE.value, Kind.RUN_ACTION.value)
    return unsent and moment.point.kind in kinds and "needs-operator" in one.operator.log()


def _held(one: Site, how: How, at: str) -> None:
    """Cancel or force while the runner stands still at the point."""
    deadline = time.monotonic() + _PATIENCE_S
    while at not in one.passed():
        if not liveness.is_going(one.operator.place) or time.monotonic() > deadline:
            return
        time.sleep(0.02)
    one.operator.await_point(one.log, at)
    runner = locks.holder(one.operator.place.runner_lock)
    pids = one.operator.pids()
    if how is How.FORCE:
        one.operator.control.force(one.cloud.access())
        left = [pid for pid in pids if is_running(pid)]
        one.broken += [f"after the force process {pid} is left" for pid in left]
        return
    answer = one.operator.control.cancel()
    # Whoever stands still sends nothing: what the log holds now came before the cancel.
    entries = len(one.cloud.model.log.entries)
    os.kill(runner, signal.SIGCONT)
    one.operator.finish()
    named = {step["target"] for step in answer.running}
    names = named | {target.split("/")[0] for target in named}
    one.broken += harness.after_cancel(one.cloud.model.log.entries[entries:], names)


def judged(book: Chronicle, one: Site) -> list[str]:
    """Finish what is left in virtual time, and have the whole log judged."""
    with tempfile.TemporaryDirectory() as name:
        home = pathlib.Path(name)
        (home / FILE).write_bytes(one.journal)
        return worlds.run(_finish(book, one, home))


async def _finish(book: Chronicle, one: Site, home: pathlib.Path) -> list[str]:
    controller = frozen.thaw(one.cloud.data)
    (model,) = controller.models.values()
    model.start()
    clock = worlds.LoopClock(model.clock.now())
    world = worlds.World(model, controller, model.store, clock, SETTINGS, home)
    journal = world.journal()
    run = journal.current().id
    journal.close()
    broken = await harness.finish(world, run)
    return broken + harness.judged(world, book.plan, run)
