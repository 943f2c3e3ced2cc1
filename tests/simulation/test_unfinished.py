"""Ways out of an unfinished run: resolve, restore, other hands, other options."""

from __future__ import annotations

import asyncio

import pytest
import yaml
from cou.control import remainder
from cou.errors import BadInput, JournalError
from cou.journal.records import Job, Limit, MarkState, Resolution, RunState, StepState
from cou.options.options import Options
from cou.plan.plan import canonical
from cou.show import view
from cou.wording import from_json
from juju_testbed.charms import bundle

from . import world as worlds
from .test_whole_run import assert_upgraded, finish

pytestmark = pytest.mark.slow


async def stop_when(world, attempt, reached):
    """Run until something is so, then drain."""
    work = asyncio.create_task(world.work(attempt))
    while not reached():
        assert not work.done(), work.result()
        await asyncio.sleep(0.5)
    journal = world.journal()
    journal.cancel(attempt.token, "operator")
    journal.close()
    return await work


def seen(world):
    journal = world.journal()
    try:
        return view.view_of_journal(journal, alive=False)
    finally:
        journal.close()


def fail_action(world, name, times=1):
    """Make an action of the cloud fail, a number of times."""
    charm = world.store.charm
    real = charm.action
    left = {"times": times}

    async def action(unit, task):
        outcome = await real(unit, task) if task.name != name or not left["times"] else None
        if outcome is None:
            left["times"] -= 1
            from juju_testbed.model.charm import Outcome

            return Outcome(failed=True, message=f"{name} went wrong")
        return outcome

    charm.action = action


async def test_a_failed_step_stops_the_run_with_its_cause_and_is_tried_again(tmp_path):
    world = await worlds.build(tmp_path / "home")
    plan = await world.plan()
    fail_action(world, "openstack-upgrade")
    attempt = world.create(plan)
    ending = await world.work(attempt)
    assert ending.state is RunState.FAILED
    assert "openstack-upgrade went wrong" in ending.error.told
    assert ending.error.remedy
    failed = [k for k, r in world.steps(attempt.run).items() if r.state is StepState.FAILED]
    assert len(failed) == 1
    later = list(world.steps(attempt.run))
    after = later[later.index(failed[0]) + 1 :]
    assert not any(world.steps(attempt.run)[step].started for step in after)
    unit = next(s.target for s in plan.root.single_steps() if s.id == failed[0])
    assert {m.id for m in world.marks(attempt.run) if m.state is MarkState.SET} >= {
        f"paused:{unit}"
    }
    await finish(world, world.resume(attempt.run))
    assert {m.state for m in world.marks(attempt.run)} == {MarkState.PUT_BACK}


async def test_an_operator_declares_a_failed_step_done_and_the_reason_stays(tmp_path):
    world = await worlds.build(tmp_path / "home")
    plan = await world.plan()
    fail_action(world, "mysqldump", times=100)
    attempt = world.create(plan)
    assert (await world.work(attempt)).state is RunState.FAILED
    step = next(k for k, r in world.steps(attempt.run).items() if r.error)
    journal = world.journal()
    journal.resolve_step(attempt.run, step, Resolution.SKIP, "dumped by hand")
    assert "dumped by hand" in journal.step(attempt.run, step).note
    with pytest.raises(JournalError):
        journal.resolve_step(attempt.run, step, Resolution.DONE, "again")
    told = [e.data for e in journal.events(attempt.run) if e.what == "step-resolved"]
    assert told == [{"step": step, "as": "skip", "reason": "dumped by hand"}]
    journal.close()
    await finish(world, world.resume(attempt.run))
    assert world.steps(attempt.run)[step].state is StepState.SKIPPED


async def test_restore_puts_the_marks_back_and_their_steps_are_due_again(tmp_path):
    world = await worlds.build(tmp_path / "home")
    plan = await world.plan()
    attempt = world.create(plan)
    mark = "option:rabbitmq-server:enable-auto-restarts"
    ending = await stop_when(
        world, attempt, lambda: mark in {m.id for m in world.marks(attempt.run)}
    )
    assert ending.state is RunState.STOPPED
    attempt = world.resume(attempt.run, job=Job.RESTORE)
    assert (await world.work(attempt)).state is RunState.STOPPED
    assert {m.state for m in world.marks(attempt.run) if m.id == mark} == {MarkState.PUT_BACK}
    config = world.model.applications["rabbitmq-server"].config
    assert config.get("enable-auto-restarts") in (True, "True")
    due = world.steps(attempt.run)["rabbitmq-server/set-config/enable-auto-restarts"]
    assert due.state is StepState.PENDING
    await finish(world, world.resume(attempt.run))
    assert all(m.state is MarkState.PUT_BACK for m in world.marks(attempt.run))


async def test_what_other_hands_changed_is_named_and_stops_only_where_it_matters(tmp_path):
    world = await worlds.build(tmp_path / "home")
    plan = await world.plan()
    attempt = world.create(plan, Limit("application", 3))
    assert (await world.work(attempt)).state is RunState.STOPPED
    world.model.add_unit("placement", world.model.units["placement/0"].machine)
    attempt = world.resume(attempt.run, Limit("application", 1))
    assert (await world.work(attempt)).state is RunState.STOPPED
    journal = world.journal()
    texts = [from_json(e.data["text"]) for e in journal.events(attempt.run) if e.what == "drift"]
    journal.close()
    assert any("placement/3 is new" in text for text in texts)
    world.model.set_config("glance", {"openstack-origin": "cloud:focal-wallaby"}, "admin")
    before = len(world.model.log.entries)
    attempt = world.resume(attempt.run)
    ending = await world.work(attempt)
    assert ending.state is RunState.FAILED
    assert ending.error.code == "drift"
    assert "glance: openstack-origin is 'cloud:focal-wallaby'" in ending.error.told
    asked = [e for e in world.model.log.entries[before:] if e["event"] == "asked"]
    assert {e["data"]["call"] for e in asked if e["by"] == "cou"} <= {"Annotations.Set"}


async def test_more_applications_may_be_skipped_while_their_turn_has_not_come(tmp_path):
    world = await worlds.build(tmp_path / "home")
    plan = await world.plan()
    attempt = world.create(plan, Limit("application", 6))
    assert (await world.work(attempt)).state is RunState.STOPPED
    before = seen(world)
    with pytest.raises(BadInput, match="purge"):
        remainder.replan(before, Options.from_dict({"purge": True}))
    over = [s.target for s in plan.root.single_steps() if before.steps[s.id].state.over]
    done = next(target for target in over if target != "model")
    with pytest.raises(BadInput, match="has begun"):
        remainder.replan(before, Options.from_dict({"skip-apps": done.split("/")[0]}))
    changed = remainder.replan(before, Options.from_dict({"skip-apps": "heat"}))
    assert changed.hash != plan.hash
    assert not any(s.target.split("/")[0] == "heat" for s in changed.root.single_steps())
    journal = world.journal()
    text = canonical(changed.to_dict())
    journal.replace_plan(attempt.run, text, [s.id for s in changed.root.single_steps()])
    journal.close()
    await finish(world, world.resume(attempt.run))
    assert world.model.units["heat/0"].workload_version.startswith("14.")
    assert world.model.units["glance/0"].workload_version.startswith("21.")


async def test_a_hook_error_that_juju_retries_is_waited_out(tmp_path):
    """A failed hook shows as an error for a while; the run fails only after the grace."""

    world = await worlds.build(tmp_path / "home")
    plan = await world.plan()
    charm = world.store.charm
    real = charm.hook
    failed = []

    async def hook(unit, name, context):
        if unit.name == "glance/1" and name == "upgrade-charm" and not failed:
            from juju_testbed.model.charm import Outcome

            failed.append(unit.name)
            return Outcome(code=1, message="boom")
        return await real(unit, name, context)

    charm.hook = hook
    attempt = world.create(plan)
    ending = await world.work(attempt)
    assert failed
    assert ending.state is RunState.COMPLETED, ending
    assert_upgraded(world, plan, attempt.run)


async def test_a_sealed_vault_is_waited_for_without_a_deadline(tmp_path):
    source = yaml.safe_load(bundle.DEMO.read_text())
    source["testbed"] = {**source.get("testbed", {}), "seal-on-refresh": True}
    world = await worlds.build(tmp_path / "home", source)
    plan = await world.plan()
    attempt = world.create(plan)
    vault = world.model.units["vault/0"]
    work = asyncio.create_task(world.work(attempt))
    while "sealed" not in vault.workload.message:
        assert not work.done(), work.result()
        await asyncio.sleep(1)
    await asyncio.sleep(6_000)
    journal = world.journal()
    assert journal.run(attempt.run).state is RunState.WAITING
    assert journal.run(attempt.run).waits_for == "unseal vault/0"
    journal.close()
    assert not work.done()
    for _ in range(3):
        await world.model.juju_exec("vault/0", "vault operator unseal key")
    ending = await work
    assert ending.state is RunState.COMPLETED, ending


async def test_two_runs_on_one_model_keep_each_other_out(tmp_path):
    world = await worlds.build(tmp_path / "home")
    plan = await world.plan()
    attempt = world.create(plan)
    work = asyncio.create_task(world.work(attempt))
    await asyncio.sleep(20)
    other = worlds.dataclasses.replace(world, home=tmp_path / "other")
    ending = await other.work(other.create(plan))
    assert ending.state in (RunState.FAILED, RunState.REFUSED)
    world.journal().cancel(attempt.token, "operator")
    assert (await work).state is RunState.STOPPED


async def test_a_runner_stops_before_its_next_change_when_the_model_is_taken(tmp_path):
    world = await worlds.build(tmp_path / "home")
    plan = await world.plan()
    attempt = world.create(plan)
    work = asyncio.create_task(world.work(attempt))
    await asyncio.sleep(30)
    tag = f"model-{world.model.uuid}"
    world.model.set_annotations(tag, {"cou-run": '{"run": "x", "holder": "y"}'}, "admin")
    ending = await work
    assert ending.state is RunState.FAILED
    assert ending.error.code == "model-held"
