"""No task of a runner dies unseen: whatever ends one ends the run, with its cause in the journal.

The tasks are found as they are begun, so that one more than is known here fails the first test.
"""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from cou.errors import JournalError
from cou.journal import Journal
from cou.journal.records import RunState
from cou.process.access import Access
from cou.process.heartbeat import HeartbeatSender
from cou.process.paths import RunPaths
from cou.work import runner

from . import bundles, story

ROOMS = ("BackgroundTasks", "Executor", "Lease", "Observer", "Runner")
FOR_EVER = ("Lease.keep", "Observer._look_on", "Runner._watch")
OWNED = (
    "Executor._one",
    "Executor._together",
    "Lease._announce",
    "Lease._look",
    "Lease.release",
    "Lease.await_free",
    "Runner._job",
    "Runner._look_again",
    "Runner._look_last.<locals>.look",
)
BEFORE_A_REQUEST = ("Lease._announce", "Lease._look")
# Those whose early return is none of their answers, and the cause that is recorded then.
RETURNING = (*FOR_EVER, "Executor._one", "Executor._together")


class Tasks:
    """Sees every task that is begun, and ends one of them by itself, a while after."""

    def __init__(self, victim="", how=""):
        self.begun = set()
        self._victim, self._how = victim, how

    def __call__(self, loop, coro, **kwargs):
        name = coro.__qualname__
        if name.startswith(ROOMS):
            self.begun.add(name)
        if name == self._victim:
            self._victim = ""
            coro = self._doomed(coro)
        return asyncio.Task(coro, loop=loop, **kwargs)

    async def _doomed(self, coro):
        inner = asyncio.Task(coro)
        try:
            await asyncio.wait([inner], timeout=0.01)
        finally:
            if not inner.done():
                inner.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await inner
        if self._how == "raises":
            raise ValueError("killed by a test")


class Stage:
    """A runner's whole attempt on the simulated cloud, but for its process."""

    def __init__(self, world, path, monkeypatch):
        self.world = world
        self.place = RunPaths(path, path / "run")
        self.place.make()
        self.access = Access(("x:1",), "", world.model.uuid, "openstack", "cou", "secret")
        monkeypatch.setattr(runner, "open_client", lambda *_, **__: world.client())

    async def attempt(self, attempt):
        """Work on an attempt, and return the run as the journal keeps it."""
        work = runner.run_attempt(
            self.place, attempt.token, HeartbeatSender().beat, lambda: self.access
        )
        await asyncio.wait_for(work, 10 * 3600)
        journal = Journal(self.place.home)
        try:
            assert journal.attempt(attempt.run).ended is not None
            return journal.run(attempt.run)
        finally:
            journal.close()


@contextlib.asynccontextmanager
async def staged(tmp_path, monkeypatch, tasks):
    world = await story.cloud(tmp_path, bundles.base("focal", "ussuri"))
    stage = Stage(world, tmp_path, monkeypatch)
    plan = await world.plan()
    attempt = world.create(plan)
    asyncio.get_running_loop().set_task_factory(tasks)
    yield stage, attempt


@pytest.mark.slow
async def test_the_tasks_of_a_runner_are_those_that_are_killed_here(tmp_path, monkeypatch):
    tasks = Tasks()
    async with staged(tmp_path, monkeypatch, tasks) as (stage, attempt):
        run = await stage.attempt(attempt)
        assert run.state is RunState.COMPLETED, run.error
        assert tasks.begun == {*FOR_EVER, *OWNED}
        assert [one for one in asyncio.all_tasks() if one.get_coro().__qualname__ in OWNED] == []


@pytest.mark.slow
@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("victim", "how"),
    [*((name, "raises") for name in (*FOR_EVER, *OWNED)), *((n, "returns") for n in RETURNING)],
)
async def test_a_task_that_ends_by_itself_ends_the_run_with_a_cause(
    tmp_path, monkeypatch, victim, how
):
    async with staged(tmp_path, monkeypatch, Tasks(victim, how)) as (stage, attempt):
        run = await stage.attempt(attempt)
        assert run.state is RunState.FAILED
        expected = "task-ended" if victim in FOR_EVER or how == "returns" else "runner-broke-off"
        assert run.error.code == expected
        assert ("killed by a test" in run.error.told) is (how == "raises")
        assert run.error.remedy
        # Also where that very task was lost: it is said once more.
        assert '"running"' not in str(stage.world.model.annotations)
        run = await stage.attempt(stage.world.resume(attempt.run))
        if victim in BEFORE_A_REQUEST:  # the intent of a dump stands in the journal by then
            assert run.error.code == "needs-operator"
        else:
            assert run.state is RunState.COMPLETED, run.error


@pytest.mark.sampled(1)
@pytest.mark.slow
@pytest.mark.parametrize("trouble", ["busy", "full"])
async def test_a_journal_that_cannot_be_written_as_the_operator_is_needed_loses_nobody(
    tmp_path, monkeypatch, trouble
):
    """What waits for vault is written down at the next look that finds the journal free."""

    bundle = bundles.base("focal", "ussuri")
    world = await story.cloud(tmp_path, bundle)
    plan = await world.plan()
    attempt = world.create(plan)
    journal = world.journal()
    made = runner.Runner(journal, world.client(), attempt, "cou/0", world.clock, outside=world)
    refused = []
    write = journal._db.write

    @contextlib.contextmanager
    def failing(name, **how):
        if name in ("set-run-state", "set-waits") and len(refused) < 9:
            refused.append(name)
            raise error
        with write(name, **how) as db:
            yield db

    code = {"busy": "journal-busy", "full": "disk-full"}[trouble]
    error = JournalError(code, "It cannot be written.")
    asyncio.get_running_loop().call_later(
        5.0, lambda: monkeypatch.setattr(journal._db, "write", failing)
    )
    ending = await made.work()
    assert ending.state is RunState.COMPLETED, ending
    assert len(refused) == 9
    journal.end_attempt(attempt.token, ending.state, ending.error)
    journal.close()
