"""What failed after it was sent is not done because a look shows it: `upgrade` alone proves it.

A change that Juju has taken shows at once in the model, long before the hooks that it causes have
ended. So a look proves nothing of a step that has asked before, in whatever round.
"""

from __future__ import annotations

import asyncio
import dataclasses

import pytest
from cou.errors import JujuError
from cou.journal import Journal
from cou.journal.records import RunState, StepState
from cou.juju.client import Client
from cou.kinds import Kind
from cou.options.settings import Settings
from juju_testbed.model.troubles import Mode, Trouble
from juju_testbed.wire.facades.dispatcher import Dispatcher

from . import bundles, story
from . import world as worlds

HASTY = Settings(quiet_period_s=0, hook_error_grace_s=0)
# Kind of the step that fails, the hook that its change causes, and the method by which it is sent.
CHANGES = {
    Kind.REFRESH: ("upgrade-charm", "Application.SetCharm"),
    Kind.SET_CONFIG: ("config-changed", "Application.SetConfigs"),
}
FAILURES = ("hook error", "refused read", "bad reply")


class Failing(worlds.InProcess):
    """Has something go wrong once one step's change is made: hooks, or all looks until mended."""

    def __init__(self, world, step, *, error=None, trouble=None):
        super().__init__(Dispatcher(world.controller, world.model.uuid, worlds.USER))
        self._world, self._step, self.error, self._trouble = world, step, error, trouble
        self._method = CHANGES[step.kind][1]
        self._sent = False

    async def call(self, facade, method, params, *, changes, timeout_s=None):
        where, about = f"{facade}.{method}", str(params)
        if self._sent and where == "Client.FullStatus" and self.error:
            raise self.error
        wanted = self._step.target in about and str(self._step.params.get("key", "")) in about
        if where == self._method and wanted:
            self._sent = True
            if self._trouble:
                self._world.model.troubles.add(self._trouble)
                self._trouble = None
        return await super().call(facade, method, params, changes=changes, timeout_s=timeout_s)


ERRORS = {
    "refused read": lambda: JujuError("permission-denied", "Client.FullStatus: no.", sent=False),
    "bad reply": lambda: JujuError("bad-reply", "Client.FullStatus: no list.", sent=False),
}


def chosen(plan, kind):
    """Return a step of a kind with more steps behind it, whose change causes hooks."""
    found = [step for step in plan.root.single_steps() if step.kind is kind]
    return found[len(found) // 2]


def fail_once(world, monkeypatch, step, failure, mode=Mode.FAIL):
    """Have one step fail after its change was sent; return what fails, to be mended."""
    hook = CHANGES[step.kind][0]
    error = ERRORS[failure]() if failure in ERRORS else None
    trouble = Trouble("hook", f"{step.target}/0", hook, mode, 1)
    if error is not None and mode is Mode.FAIL:
        trouble = None
    failing = Failing(world, step, error=error, trouble=trouble)
    monkeypatch.setattr(world, "client", lambda: Client(failing))
    return failing


async def stopped(world, attempt, until):
    """Work until something is so, then cancel; return how it ended."""
    work = asyncio.ensure_future(world.work(attempt))
    while not until() and not work.done():
        await asyncio.sleep(0.1)
    journal = world.journal()
    journal.cancel(attempt.token, "operator")
    journal.close()
    return await work


def ended(world, run, step):
    return world.steps(run)[step.id].state.over


def proved(world, run, step):
    return world.steps(run)[step.id].state is StepState.DONE


async def failed(world, monkeypatch, kind, failure, mode=Mode.FAIL):
    """Return the plan, the step that failed and the attempt."""
    plan = await world.plan()
    step = chosen(plan, kind)
    failing = fail_once(world, monkeypatch, step, failure, mode)
    attempt = world.create(plan)
    ending = await world.work(attempt)
    failing.error = None
    assert ending.state is RunState.FAILED, ending
    assert ending.error.step == step.id
    assert world.steps(attempt.run)[step.id].state is StepState.FAILED
    for unit in world.model.units.values():
        if unit.agent.current == "error":  # as the remedy says
            world.model.resolve(unit.name, retry=True, by=worlds.USER)
            await asyncio.sleep(60)
    return plan, step, attempt


@pytest.mark.sampled(1)
@pytest.mark.slow
@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("kind", CHANGES, ids=lambda kind: kind.value)
async def test_upgrade_alone_finishes_after_a_step_that_failed_once_and_a_stop(
    tmp_path, monkeypatch, kind, failure
):
    world = await story.cloud(tmp_path, bundles.base("focal", "ussuri"), settings=HASTY)
    _, step, attempt = await failed(world, monkeypatch, kind, failure)
    attempt = world.resume(attempt.run)
    ending = await stopped(world, attempt, lambda: ended(world, attempt.run, step))
    assert ending.state is RunState.STOPPED, ending
    assert world.steps(attempt.run)[step.id].state is StepState.DONE
    ending = await world.work(world.resume(attempt.run))
    assert ending.state is RunState.COMPLETED, ending
    assert story.judged(world, target="victoria", backup=True) == []


@pytest.mark.sampled(1)
@pytest.mark.slow
@pytest.mark.parametrize("kind", CHANGES, ids=lambda kind: kind.value)
async def test_a_step_that_has_asked_before_waits_for_the_hooks_although_it_shows_already(
    tmp_path, monkeypatch, kind
):
    """The hooks are held: whoever calls the step over while they are has proved nothing."""

    world = await story.cloud(tmp_path, bundles.base("focal", "ussuri"), settings=HASTY)
    _, step, attempt = await failed(world, monkeypatch, kind, "refused read", Mode.HOLD)
    attempt = world.resume(attempt.run)
    work = asyncio.ensure_future(world.work(attempt))
    await asyncio.sleep(60)
    assert world.steps(attempt.run)[step.id].state is StepState.RUNNING
    world.model.troubles.clear()
    ending = await work
    assert ending.state is RunState.COMPLETED, ending


@pytest.mark.slow
async def test_a_journal_that_holds_a_false_satisfied_refresh_is_looked_at_again(
    tmp_path, monkeypatch
):
    """As versions before this one wrote it, after a failure and the next `upgrade`."""

    world = await story.cloud(tmp_path, bundles.base("focal", "ussuri"), settings=HASTY)
    plan, step, attempt = await failed(world, monkeypatch, Kind.REFRESH, "refused read")
    attempt = world.resume(attempt.run)
    belie(world, attempt, step)
    world.bury(attempt)
    attempt = world.resume(attempt.run)
    ending = await stopped(world, attempt, lambda: proved(world, attempt.run, step))
    assert ending.state is RunState.STOPPED, ending
    ending = await world.work(world.resume(attempt.run))
    assert ending.state is RunState.COMPLETED, ending
    assert plan.target == "victoria"
    assert story.judged(world, target="victoria", backup=True) == []


def belie(world, attempt, step):
    """Write what those versions wrote of a step that had failed in the round before."""
    journal = Journal(world.home, create=False, now=world.clock.now)
    journal.begin_step(attempt.token, step.id)
    note = f"it follows {step.params['channel']} already, newest revision"
    journal.end_step(attempt.token, step.id, StepState.SATISFIED, note=note)
    journal.close()


@pytest.mark.slow
async def test_a_refresh_that_was_so_before_the_run_is_looked_at_by_no_second_step(tmp_path):
    """Else a run that is gone through step by step would never come to its second step."""

    world = await story.cloud(tmp_path, bundles.base("focal", "ussuri"), settings=HASTY)
    plan = await world.plan()
    attempt = world.create(plan)
    step = chosen(plan, Kind.REFRESH)
    world.model.applications[step.target].channel = str(step.params["channel"])
    await story.refresh(world, step.target)
    belie(world, attempt, step)
    world.bury(attempt)
    limit = dataclasses.replace(attempt.limit, granularity="step", count=1)
    attempt = world.resume(attempt.run, limit)
    ending = await world.work(attempt)
    assert ending.state is RunState.STOPPED, ending
    records = world.steps(attempt.run)
    assert records[step.id].state is StepState.SATISFIED
    assert sum(one.state.over for one in records.values()) == 2
    attempt = world.resume(attempt.run)
    ending = await world.work(attempt)
    assert ending.state is RunState.COMPLETED, ending
