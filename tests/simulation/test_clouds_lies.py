"""Charms that say one thing and do another: the engine believes what it sees."""

from __future__ import annotations

import asyncio

import pytest
from cou.journal.records import RunState, StepState

from . import bundles, story
from . import world as worlds

pytestmark = [pytest.mark.slow, pytest.mark.deep]


def lying(**lies):
    """Return a small cloud on focal/ussuri whose units tell these lies."""
    named = {name.replace("_", "-"): units for name, units in lies.items()}
    return bundles.base("focal", "ussuri").testbed(lies=named)


def failed_step(world, attempt):
    """Return the id of the step that failed, with what it saw."""
    found = [
        (name, record.error)
        for name, record in world.steps(attempt.run).items()
        if record.state is StepState.FAILED
    ]
    assert len(found) == 1, found
    return found[0]


async def mended(world, attempt):
    """Run `upgrade` again and insist on the end."""
    attempt = world.resume(attempt.run)
    ending = await world.work(attempt)
    assert ending.state is RunState.COMPLETED, ending.error


async def test_an_action_that_did_nothing_is_seen_and_done_again(tmp_path):
    world = await story.cloud(tmp_path, lying(idle_upgrade={"nova-compute/1": 1}))
    _, attempt, ending = await story.upgrade(world)
    assert ending.state is RunState.FAILED
    step, seen = failed_step(world, attempt)
    assert step.endswith("nova-compute-1/upgrade-unit")
    assert "21.2.4" in seen
    assert "victoria" in seen
    await mended(world, attempt)
    # The dead action stands in the log as one that completed; only that may be told.
    found = story.judged(world, target="victoria", backup=True)
    assert [one for one in found if "openstack-upgrade again" not in one] == []


async def test_a_version_that_comes_late_is_waited_for(tmp_path):
    world = await story.cloud(tmp_path, lying(late_version={"keystone/0": 1, "nova-compute/0": 1}))
    await story.completed(world)
    assert story.judged(world, target="victoria", backup=True) == []


async def test_a_version_that_is_wrong_stops_nobody_else_and_a_refresh_mends_it(tmp_path):
    bundle = lying(wrong_version={"glance/0": "1.0"})
    bundle.testbed(older_revision=["glance"])
    world = await story.cloud(tmp_path, bundle)
    plan = await world.plan()
    assert [f"{one.code}:{one.subject}" for one in plan.blocking] == [
        "unknown-workload-version:glance/0"
    ]
    planned = {step.target.partition("/")[0] for step in plan.root.single_steps()}
    assert "keystone" in planned
    assert "glance" not in planned
    await story.refresh(world, "glance")
    await story.completed(world)
    assert story.judged(world, target="victoria", backup=True) == []


async def test_ceph_daemons_that_do_not_follow_the_origin_are_found(tmp_path):
    bundle = bundles.base("focal", "victoria")
    bundle.testbed(lies={"stale-daemons": {"ceph-osd/1": 1}})
    world = await story.cloud(tmp_path, bundle)
    _, attempt, ending = await story.upgrade(world)
    assert ending.state is RunState.FAILED
    step, seen = failed_step(world, attempt)
    assert step == "finish/ceph-mon/require-osd-release"
    assert "octopus" in seen
    assert "pacific" in seen
    await story.run_command(world, "ceph-osd/1", "systemctl restart ceph-osd")
    await mended(world, attempt)
    assert story.judged(world, target="wallaby", backup=True) == []


async def test_a_resume_that_trips_over_ceilometer_is_helped(tmp_path):
    bundle = lying(ceilometer_resume={"nova-compute/0": 1})
    bundle.beside("ceilometer-agent", "nova-compute", ("nova-ceilometer", "nova-ceilometer"))
    world = await story.cloud(tmp_path, bundle)
    await story.completed(world)
    assert [
        command
        for unit, command in world.store.charm.cloud.commands
        if unit == "nova-compute/0"
        and command.splitlines()[-1] == "systemctl restart ceilometer-agent-compute"
    ]
    assert story.judged(world, target="victoria", backup=True) == []


async def test_a_hook_that_fails_and_passes_when_it_is_retried_fails_nothing(tmp_path):
    world = await story.cloud(tmp_path, lying(failing_hook={"keystone/0": 1}))
    await story.completed(world)
    failed = [e for e in world.model.log.entries if e["event"] == "hook-ended"]
    assert [e["unit"] for e in failed if e["data"]["code"]] == ["keystone/0"]
    assert story.judged(world, target="victoria", backup=True) == []


async def test_a_restart_that_was_left_behind_keeps_restarts_deferred(tmp_path):
    """Switched on again, rabbitmq would restart whenever it likes (LP#2046381)."""

    world = await story.cloud(tmp_path, lying(lost_restart={"rabbitmq-server/1": 2}))
    _, attempt = await story.completed(world)
    kept = {mark.id: mark for mark in world.marks(attempt.run) if mark.state.value == "kept"}
    assert set(kept) == {"option:rabbitmq-server:enable-auto-restarts"}
    assert "rabbitmq-server/1" in kept["option:rabbitmq-server:enable-auto-restarts"].note


async def test_a_model_that_retries_no_hook_is_warned_of_and_its_unit_named(tmp_path):
    """Nothing heals it but the operator: the step fails after the grace and says what to do."""

    world = await story.cloud(tmp_path, lying(failing_hook={"keystone/0": 1}))
    world.model.config["automatically-retry-hooks"] = False
    plan, attempt, ending = await story.upgrade(world)
    assert "hooks-not-retried" in [one.code for one in plan.problems]
    assert ending.state is RunState.FAILED
    assert ending.error.code == "hook-error"
    assert "keystone/0" in ending.error.told
    assert "juju resolved keystone/0" in ending.error.remedy
    world.model.resolve("keystone/0", retry=True, by=worlds.USER)
    await mended(world, attempt)
    assert story.judged(world, target="victoria", backup=True) == []


@pytest.mark.parametrize("retries", [True, False])
async def test_units_that_failed_while_vault_was_sealed_go_on_when_it_is_unsealed(
    tmp_path, retries
):
    """By Juju's next retry, which comes up to five minutes later, or by the operator's."""

    bundle = bundles.base("focal", "ussuri")
    bundle.testbed(seal_on_refresh=True, older_revision=["vault"])
    world = await story.cloud(tmp_path, bundle)
    world.model.config["automatically-retry-hooks"] = retries
    attempt = world.create(await world.plan())
    work = asyncio.create_task(world.work(attempt))
    vault = story.place(world).site("vault/0")
    while not vault.world.sealed:
        await asyncio.sleep(1)
    lost = story.place(world).site("keystone/0").world.lies
    lost["failing-hook"] = 1000
    world.model.queue_hook("keystone/0", "config-changed", {})
    await asyncio.sleep(8 * 3600)
    assert world.model.units["keystone/0"].agent.current == "error"
    assert not work.done()
    lost["failing-hook"] = 0
    async with story.operator(world):
        if not retries:
            await asyncio.sleep(200)
            world.model.resolve("keystone/0", retry=True, by=worlds.USER)
        ending = await work
    assert ending.state is RunState.COMPLETED, ending.error
    assert story.judged(world, target="victoria", backup=True) == []


async def test_a_unit_that_tells_its_version_late_is_made_to_tell_it(tmp_path):
    """Not all models run update-status by themselves, and not soon."""

    def seldom(model):
        model.config["update-status-hook-interval"] = "0s"

    world = await story.cloud(tmp_path, lying(late_version={"keystone/0": 1}), edit=seldom)
    await story.completed(world)
    assert story.judged(world, target="victoria", backup=True) == []
