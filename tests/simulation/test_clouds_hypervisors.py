"""Hypervisors: what is not chosen, not empty, or not reached stays untouched."""

from __future__ import annotations

import asyncio

import pytest
from cou.journal.records import POST_CHECK, Job, MarkState, RunState
from cou.show import outcome
from cou.wording import IN_DOCUMENTS

from . import bundles, story

pytestmark = [pytest.mark.slow, pytest.mark.deep]

ZONES = ("az1", "az2", "az1", "az3")


def cloud(**seeds):
    """Return a small cloud on focal/ussuri with four hypervisors on machines 3 to 6."""
    return bundles.base("focal", "ussuri", zones=ZONES).testbed(**seeds)


def untouched(world, units):
    """Insist that these hypervisors are as they were deployed and were only asked questions."""
    reads = {"instance-count", "list-compute-nodes"}
    for entry in world.model.log.entries:
        if entry["event"] == "asked" and entry["by"] == "cou" and entry["unit"] in units:
            assert entry["data"].get("name") in reads, entry
    for name in units:
        site = story.place(world).site(name)
        assert site.machine.installed == "ussuri"
        assert site.world.compute_enabled
        assert not site.world.paused


async def past_control_plane(path, bundle):
    world = await story.cloud(path, bundle)
    await story.completed(world, group="control-plane")
    return world


async def test_a_canary_host_goes_alone(tmp_path):
    world = await past_control_plane(tmp_path, cloud())
    _, attempt = await story.completed(
        world, group="hypervisors", machines="4", backup=False, archive=False
    )
    assert story.place(world).site("nova-compute/1").machine.installed == "victoria"
    untouched(world, {"nova-compute/0", "nova-compute/2", "nova-compute/3"})
    left = [mark.id for mark in world.marks(attempt.run) if mark.state is not MarkState.PUT_BACK]
    assert left == ["option:nova-compute:action-managed-upgrade"]


async def test_a_zone_goes_alone(tmp_path):
    world = await past_control_plane(tmp_path, cloud())
    await story.completed(
        world, group="hypervisors", availability_zones="az1", backup=False, archive=False
    )
    done = [n for n in range(4) if _at(world, n) == "victoria"]
    assert done == [0, 2]
    untouched(world, {"nova-compute/1", "nova-compute/3"})


def _at(world, number):
    return story.place(world).site(f"nova-compute/{number}").machine.installed


async def test_a_host_with_instances_is_left_out_and_what_needs_it_too(tmp_path):
    """The run ends truthfully; emptied, the host and the rest follow, and nothing is repeated."""

    world = await story.cloud(tmp_path, cloud(instances={"nova-compute/3": 5}))
    plan, attempt = await story.completed(world)
    told = {f"{one.code}:{one.subject}": one.seen for one in plan.problems}
    assert "5 instances" in told["hypervisor-not-empty:nova-compute/3"]
    assert outcome.of(plan, world.steps(attempt.run)).exceptions(IN_DOCUMENTS) == (
        " except nova-compute/3 (5 instances), ceph-osd, neutron-api, ovn-central: "
        "empty it, then plan group=data-plane"
    )
    left_out = {name for name in told if name.startswith("needs-all-hypervisors")}
    assert left_out == {
        f"needs-all-hypervisors:{name}" for name in ("ceph-osd", "neutron-api", "ovn-central")
    }
    untouched(world, {"nova-compute/3"})
    story.place(world).site("nova-compute/3").world.instances = 0
    await story.completed(world, group="data-plane", backup=False, archive=False)
    assert story.judged(world, target="victoria", ordered=False) == []


async def test_hosts_with_instances_go_one_at_a_time_when_chosen(tmp_path):
    world = await story.cloud(tmp_path, cloud(instances={"nova-compute/3": 5}))
    plan, _ = await story.completed(world, non_empty_hypervisors="upgrade")
    told = {f"{one.code}:{one.subject}": one.seen for one in plan.problems}
    assert "5 instances" in told["hypervisor-with-instances:nova-compute/3"]
    assert story.judged(world, target="victoria", backup=True) == []
    down = 0
    for entry in world.model.log.entries:
        down += {"paused": 1, "resumed": -1}.get(entry["event"], 0)
        assert down <= 1


async def test_a_host_that_fills_up_meanwhile_is_left_and_the_run_ends(tmp_path):
    world = await story.cloud(tmp_path, cloud())
    plan = await world.plan()
    attempt = world.create(plan)
    work = asyncio.create_task(world.work(attempt))
    await _until(lambda: any(m.kind == "compute-service" for m in world.marks(attempt.run)))
    story.place(world).site("nova-compute/3").world.instances = 2
    ending = await work
    assert ending.state is RunState.COMPLETED, ending.error
    assert _at(world, 3) == "ussuri"
    site = story.place(world).site("nova-compute/3")
    assert site.world.compute_enabled
    assert not site.world.paused
    notes = [record.note for record in world.steps(attempt.run).values()]
    assert any("nova-compute/3 runs instances" in note for note in notes)
    assert outcome.of(plan, world.steps(attempt.run)).exceptions(IN_DOCUMENTS) == (
        " except nova-compute/3 (2 instances), ovn-central, neutron-api, ceph-osd: "
        "empty it, then plan group=data-plane"
    )


async def _until(true, *, within_s=40_000):
    for _ in range(within_s):
        if true():
            return
        await asyncio.sleep(1)
    raise AssertionError("it never came to that")


async def test_a_failed_unit_leaves_the_other_hypervisors_alone(tmp_path):
    seeds = cloud(lies={"failing-upgrade": {"nova-compute/0": 1}})
    world = await story.cloud(tmp_path, seeds)
    _, attempt, ending = await story.upgrade(world)
    assert ending.state is RunState.FAILED
    assert "nova-compute/0" in ending.error.told
    untouched(world, {"nova-compute/1", "nova-compute/2", "nova-compute/3"})
    attempt = world.resume(attempt.run)
    ending = await world.work(attempt)
    assert ending.state is RunState.COMPLETED, ending.error
    assert story.judged(world, target="victoria", backup=True) == []


async def test_an_abandoned_run_leaves_the_other_hypervisors_alone(tmp_path):
    seeds = cloud(lies={"failing-upgrade": {"nova-compute/0": 1}})
    world = await story.cloud(tmp_path, seeds)
    _, attempt, ending = await story.upgrade(world)
    assert ending.state is RunState.FAILED
    attempt = world.resume(attempt.run, job=Job.ABANDON)
    assert (await world.work(attempt)).state is RunState.ABANDONED
    await asyncio.sleep(3600)
    untouched(world, {"nova-compute/1", "nova-compute/2", "nova-compute/3"})
    kept = {m.id: m.note for m in world.marks(attempt.run) if m.state is MarkState.KEPT}
    # The half-upgraded host stays out of service, and the option keeps the others old.
    assert set(kept) == {
        "compute-service:nova-compute/0",
        "paused:nova-compute/0",
        "option:nova-compute:action-managed-upgrade",
    }
    assert all(kept.values())
    told = [f"{one.code}:{one.subject}" for one in (await world.plan()).problems]
    assert told.count("leftover-marks:nova-compute/0") == 2


async def test_services_beside_a_hypervisor_go_with_its_host(tmp_path):
    bundle = cloud()
    apps = bundle.data["applications"]
    apps["glance"].update(num_units=2, to=["3", "lxd:0"])  # one beside nova-compute, one not
    apps["cinder"].update(to=["4"])
    apps["rabbitmq-server"].update(to=["3", "4", "lxd:0"])  # has no openstack-upgrade
    world = await story.cloud(tmp_path, bundle)
    await story.completed(world)
    assert story.judged(world, target="victoria", backup=True, ordered=False) == []


async def test_a_service_and_a_unit_that_were_off_before_stay_off(tmp_path):
    world = await story.cloud(tmp_path, cloud(disabled=["nova-compute/1"]))
    await story.completed(world)
    site = story.place(world).site("nova-compute/1")
    assert site.machine.installed == "victoria"
    assert not site.world.compute_enabled
    assert story.judged(world, target="victoria", backup=True) == []


async def test_a_completed_run_ends_with_a_last_look_for_the_report(tmp_path):
    seeds = cloud(instances={"nova-compute/3": 5}, disabled=["nova-compute/1"])
    world = await story.cloud(tmp_path, seeds)
    _, attempt = await story.completed(world)
    events = [e for e in world.journal().events(attempt.run) if e.what == POST_CHECK]
    assert len(events) == 1
    found = {f"{one['code']}:{one['subject']}" for one in events[0].data["findings"]}
    assert "old-unit:nova-compute/3" in found
    assert "compute-service-disabled:nova-compute/1" in found
    assert "not-recognised:ntp" in found
    assert "old-unit:nova-compute/0" not in found
