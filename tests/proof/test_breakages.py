"""The engine broken on purpose: each time, the proof must notice."""

from __future__ import annotations

import dataclasses
import sqlite3

import pytest
from cou import journal
from cou.journal import rows
from cou.journal.records import StepState
from cou.openstack import charms
from cou.operations import calls
from cou.operations.step_context import StepContext
from cou.plan import ready_steps
from cou.steps import wait_conditions
from cou.steps.context import Wait
from cou.work import executor, lease

from . import harness, small

pytestmark = [pytest.mark.slow, pytest.mark.deep]


def first(name, kind=None):
    found = harness.points(small.BUNDLE)
    return next(p for p in found if p.name == name and kind in (None, p.kind))


def broken_at(name, how, kind=None):
    point = first(name, kind)
    try:
        return harness.story(small.BUNDLE, point, how)
    except Exception as error:  # a broken engine may also fall over: that is noticed too
        return [error]


def test_without_the_fence_steps_begin_after_a_cancel(monkeypatch):
    """The cancel is not asked for, neither when a step begins nor by who drains."""
    attempt = rows.attempt

    def blind(row):
        import dataclasses

        return dataclasses.replace(attempt(row), cancelled=None)

    point = first("journal/begin-step/after", "upgrade-packages")
    monkeypatch.setattr(rows, "attempt", blind)
    assert harness.story(small.BUNDLE, point, harness.How.CANCEL)


def test_an_intent_written_after_the_call_repeats_it(monkeypatch):
    """Whoever dies between call and intent knows nothing of the call."""

    async def forgetful(self, operation, asked, tries=0):
        return await self._dispatch(operation, asked)

    point = first("juju/enqueue/after", "upgrade-unit")
    monkeypatch.setattr(calls.Calls, "_settle", forgetful)
    assert harness.story(small.BUNDLE, point, harness.How.KILL)


def test_without_the_recorded_task_a_finished_action_is_sent_again(monkeypatch):
    """A verdict that is not written makes a resumed step begin anew."""
    latest = calls.Calls.latest

    def forgetful(self, key):
        return None if key == "pause" else latest(self, key)

    monkeypatch.setattr(calls.Calls, "latest", forgetful)
    assert broken_at("journal/record-verdict/after", harness.How.KILL, "upgrade-unit")


def test_without_the_ledger_nothing_is_put_back(monkeypatch):
    async def nothing(self, mark, data):
        return None

    point = first("journal/begin-step/after")
    monkeypatch.setattr(StepContext, "mark", nothing)
    assert harness.story(small.BUNDLE, point, harness.How.KILL)


def test_a_mark_that_is_forgotten_on_the_way_back_is_noticed(monkeypatch):
    async def nothing(self, mark, note="", *, kept=False):
        return None

    point = first("journal/begin-step/after")
    monkeypatch.setattr(StepContext, "unmark", nothing)
    assert harness.story(small.BUNDLE, point, harness.How.KILL)


def test_hooks_that_are_not_waited_for_are_noticed_after_a_cancel(monkeypatch):
    """Without the proof of its hooks a step ends while what it caused still runs."""
    real = wait_conditions.hooks_ended

    def hurried(application, *args, **kwargs):
        wait = real(application, *args, **kwargs)
        return Wait(lambda status, history, look: None, wait.applications, wait.timeout_s)

    point = first("journal/begin-step/after")
    monkeypatch.setattr(wait_conditions, "hooks_ended", hurried)
    monkeypatch.setattr(wait_conditions, "idle", lambda names, **kwargs: hurried_idle(names))
    assert broken_at_point(point, harness.How.KILL)


def hurried_idle(names):
    return Wait(lambda status, history, look: None, tuple(names), 60.0)


def broken_at_point(point, how):
    try:
        return harness.story(small.BUNDLE, point, how)
    except Exception as error:
        return [error]


@pytest.mark.parametrize(
    "after", ["set-config/action-managed-upgrade", "upgrade-unit"], ids=["at once", "after one"]
)
def test_the_managed_option_put_back_early_upgrades_the_others(monkeypatch, after):
    """Put back before the origin changes, or with one unit upgraded: every old unit follows."""
    one = executor.Executor._one

    async def hasty(self, step, group):
        await one(self, step, group)
        if f"nova-compute-0/{after}" in step.id or f"nova-compute/{after}" in step.id:
            await self._held.juju.set_config("nova-compute", {charms.MANAGED_UPGRADE: "False"})

    monkeypatch.setattr(executor.Executor, "_one", hasty)
    broken = harness.story(small.BUNDLE, first("journal/begin-step/after"), harness.How.KILL)
    assert any("nova-compute/1 was upgraded by" in one.what for one in broken), broken


def test_steps_that_are_over_and_run_again_are_noticed(monkeypatch):
    end = journal.Journal.end_step

    def forgetful(self, token, step, state, *, note="", error=""):
        state = StepState.PENDING if state is StepState.DONE and "unit" in step else state
        end(self, token, step, state, note=note, error=error)

    point = first("juju/enqueue/after", "upgrade-unit")
    monkeypatch.setattr(journal.Journal, "end_step", forgetful)
    assert broken_at_point(point, harness.How.KILL)


def test_steps_out_of_order_are_noticed(monkeypatch):
    start = ready_steps.ReadySteps.__init__

    def backwards(self, root, over, **rest):
        turned = dataclasses.replace(root, steps=tuple(reversed(root.steps)))
        start(self, turned if root.id == "upgrade" else root, over, **rest)

    point = first("journal/begin-step/after")
    monkeypatch.setattr(ready_steps.ReadySteps, "__init__", backwards)
    assert broken_at_point(point, harness.How.KILL)


async def test_a_lease_that_is_not_read_lets_two_runs_work(monkeypatch, tmp_path):
    import asyncio

    from tests.simulation import world as worlds

    async def blind(self):
        return None

    monkeypatch.setattr(lease.Lease, "check", blind)

    world = await worlds.build(tmp_path / "home", small.BUNDLE)
    attempt = world.create(await world.plan())
    work = asyncio.create_task(world.work(attempt))
    await asyncio.sleep(10)
    tag = f"model-{world.model.uuid}"
    world.model.set_annotations(tag, {"cou-run": '{"run": "x"}'}, "admin")
    before = len(world.model.log.entries)
    await work
    asked = [e for e in world.model.log.entries[before:] if e["event"] == "asked"]
    assert [e for e in asked if not e["data"]["call"].startswith("Annotations")]


def test_the_journal_is_forced_to_the_disk(tmp_path):
    """Without synchronous=FULL a power cut could undo what was acknowledged."""
    kept = journal.Journal(tmp_path / "home")
    assert kept._db.read("pragma synchronous")[0][0] == 2
    assert kept._db.read("pragma journal_mode")[0][0] == "wal"
    kept.close()
    db = sqlite3.connect(tmp_path / "home" / journal.FILE)
    assert db.execute("pragma integrity_check").fetchone()[0] == "ok"
    db.close()


def test_an_undisturbed_engine_breaks_nothing():
    """So what the tests above notice is the breakage and not the harness."""
    point = first("journal/begin-step/after")
    assert harness.story(small.BUNDLE, point, harness.How.KILL) == []
