"""Odd applications beside healthy ones, and a vault that seals itself."""

from __future__ import annotations

import asyncio

import pytest
from cou.journal.records import RunState

from . import bundles, odd_bundles, story

pytestmark = [pytest.mark.slow, pytest.mark.deep]


async def test_odd_applications_are_named_and_the_rest_is_upgraded_without_them(tmp_path):
    bundle = bundles.base("focal", "ussuri")
    bundle.add("swift-proxy")
    bundle.add("memcached", channel="latest/stable")  # not recognised
    bundle.add("placement-odd", charm="placement", channel="xena/stable")
    bundle.add("heat")
    world = await story.cloud(tmp_path, bundle)
    world.model.applications["heat"].config["openstack-origin"] = "ppa:someone/heat"
    plan = await world.plan()
    assert [f"{one.code}:{one.subject}" for one in plan.blocking] == [
        "unexpected-channel:placement-odd",
        "unknown-origin:heat",
        "unsupported-charm:swift-proxy",
    ]
    assert plan.ignored == ("memcached", "ntp")
    odd = "heat,placement-odd,swift-proxy"
    await story.completed(world, skip_apps=odd)
    found = story.judged(world, target="victoria", backup=True, skip=odd.split(","))
    assert found == []
    assert story.place(world).site("heat/0").machine.installed == "ussuri"


@pytest.mark.parametrize("series", ["focal", "jammy"])
async def test_a_sealed_vault_is_waited_for_without_a_deadline(tmp_path, series):
    """An operator who comes back in the morning finds the run.waits_for, and it goes on."""

    release = {"focal": "ussuri", "jammy": "yoga"}[series]
    bundle = bundles.base(series, release)
    bundle.testbed(seal_on_refresh=True, older_revision=["vault"])
    world = await story.cloud(tmp_path, bundle)
    plan = await world.plan()
    attempt = world.create(plan)
    work = asyncio.create_task(world.work(attempt))
    await asyncio.sleep(10 * 3600)  # far beyond every timeout
    run = world.journal().run(attempt.run)
    assert run.state is RunState.WAITING
    assert "vault/0" in run.waits_for
    assert not work.done()
    async with story.operator(world):
        ending = await work
    assert ending.state is RunState.COMPLETED, ending.error
    assert story.judged(world, target=plan.target, backup=True) == []


async def test_newer_revisions_are_taken_before_the_channel_is_left(tmp_path):
    bundle = bundles.base("focal", "ussuri")
    older = ["keystone", "nova-compute", "mysql-innodb-cluster", "cinder-ceph"]
    bundle.testbed(older_revision=older)
    world = await story.cloud(tmp_path, bundle)
    await story.completed(world)
    assert story.judged(world, target="victoria", backup=True) == []
    first = [e for e in world.model.log.entries if e["event"] == "charm-changed"]
    channels = [e["data"]["channel"] for e in first if e["application"] == "keystone"]
    assert channels == ["ussuri/stable", "victoria/stable"]


@pytest.mark.parametrize(
    ("made", "target"),
    [
        (odd_bundles.twofold, "bobcat"),
        (odd_bundles.converged, "wallaby"),
        (odd_bundles.motley, "victoria"),
    ],
)
async def test_clouds_of_odd_shapes_reach_their_release(tmp_path, made, target):
    world = await story.cloud(tmp_path, made())
    async with story.operator(world):
        plan, _ = await story.completed(world)
    assert plan.target == target
    assert story.judged(world, target=target, backup=True) == []


@pytest.mark.parametrize("made", [odd_bundles.twofold, odd_bundles.converged])
async def test_groups_of_an_odd_cloud_one_after_the_other_reach_its_release(tmp_path, made):
    """Hypervisors zone by zone; what reaches beyond a zone comes with the data plane."""

    world = await story.cloud(tmp_path, made())
    async with story.operator(world):
        plan, _ = await story.completed(world, group="control-plane")
        for zone in sorted({m.zone for m in (await status(world)).machines.values()} - {""}):
            await story.completed(
                world, group="hypervisors", availability_zones=zone, backup=False
            )
        _, attempt = await story.completed(world, group="data-plane", backup=False)
    assert [m.id for m in world.marks(attempt.run) if m.state.value != "put-back"] == []
    assert story.judged(world, target=plan.target, ordered=False) == []


async def status(world):
    return await world.client().full_status()


async def test_instances_are_not_upgraded_under_way_by_what_shares_their_machine(tmp_path):
    """APT's sources belong to the machine; the plan says so and stops before it happens."""

    bundle = odd_bundles.converged().testbed(instances={"nova-compute/1": 5})
    world = await story.cloud(tmp_path, bundle)
    plan = await world.plan()
    told = {f"{one.code}:{one.subject}" for one in plan.blocking}
    assert told == {
        f"hypervisor-not-spared:{name}"
        for name in ("ceph-mon", "rabbitmq-server", "mysql-innodb-cluster")
    }
    await story.completed(world, skip_apps="ceph-mon,rabbitmq-server,mysql-innodb-cluster")
    site = story.place(world).site("nova-compute/1")
    assert site.machine.installed == "victoria"
