"""Whole clouds, small and large, upgraded to the end with the log of operations as judge."""

from __future__ import annotations

import asyncio

import pytest

from . import bundles, story
from . import world as worlds

pytestmark = pytest.mark.deep

PAIRS = [pytest.param(*pair, id="-".join(pair)) for pair in bundles.PAIRS]


def state(world):
    """Return what of a cloud must be the same at the end, however one got there."""
    whole = story.summary(world)
    for app in whole["applications"].values():
        for unit in app["units"].values():
            for changing in ("agent", "message"):
                unit.pop(changing, None)
    return whole


async def settled(world):
    """Return it after every unit had its update-status: a version is as old as its last hook."""
    await asyncio.sleep(3600)
    return state(world)


@pytest.mark.slow
@pytest.mark.parametrize(("series", "one", "other"), PAIRS)
async def test_a_small_cloud_reaches_every_release(tmp_path, series, one, other):
    world = await story.cloud(tmp_path, bundles.base(series, one))
    async with story.operator(world):
        plan, _ = await story.completed(world)
    assert (plan.origin, plan.target) == (one, other)
    assert story.judged(world, target=other, backup=True) == []


@pytest.mark.slow
@pytest.mark.parametrize(("series", "one", "other"), PAIRS)
async def test_a_large_cloud_reaches_every_release(tmp_path, series, one, other):
    bundle = bundles.large(series, one)
    assert len(bundle.data["applications"]) > 60
    world = await story.cloud(tmp_path, bundle)
    async with story.operator(world):
        plan, _ = await story.completed(world, set_noout=True)
    assert plan.target == other
    assert plan.ignored == ("ceph-rbd-mirror", "ntp")
    assert story.judged(world, target=other, backup=True) == []


@pytest.mark.slow
@pytest.mark.parametrize(("series", "one", "other"), [PAIRS[0], PAIRS[4], PAIRS[6]])
def test_groups_one_after_the_other_end_in_the_same_cloud_as_all(tmp_path, series, one, other):
    """Control plane, hypervisors zone by zone, data plane: the intended practice."""

    def made():
        return bundles.base(series, one, zones=("az1", "az2", "az1"))

    zones = [{"group": "hypervisors", "availability_zones": zone} for zone in ("az1", "az2")]
    parts = [{"group": "control-plane"}, *zones, {"group": "data-plane"}]
    assert ends_alike(tmp_path, made, parts, other)


@pytest.mark.slow
@pytest.mark.parametrize(("series", "one", "other"), [PAIRS[1], PAIRS[5]])
@pytest.mark.parametrize("alone", [True, False])
def test_hypervisors_without_a_filter_end_in_the_same_cloud_as_all(
    tmp_path, series, one, other, alone
):
    """All zones in one plan, and what comes after them alone; or both by `data-plane`."""

    def made():
        bundle = bundles.base(series, one, zones=("az1", "az2", "az1"))
        apps = bundle.data["applications"]
        apps["glance"].update(num_units=2, to=["3", "lxd:0"])  # one beside nova-compute, one not
        apps["rabbitmq-server"].update(to=["3", "4", "lxd:0"])  # goes as a whole
        return bundle

    parts = [{"group": "control-plane"}, {"group": "hypervisors"}, {"group": "data-plane"}]
    assert ends_alike(tmp_path, made, parts if alone else [parts[0], parts[2]], other)


@pytest.mark.slow
def test_groups_of_a_large_cloud_end_in_the_same_cloud_as_all(tmp_path):
    def made():
        return bundles.large("jammy", "zed")

    names = ("az1", "az2", "az3")
    zones = [{"group": "hypervisors", "availability_zones": zone} for zone in names]
    parts = [{"group": "control-plane"}, *zones, {"group": "data-plane"}]
    assert ends_alike(tmp_path, made, parts, "antelope")


def ends_alike(path, made, parts, target):
    """Whether a cloud ends in the same state when it is upgraded at once and in parts.

    Args:
        path: for the journals.
        made: returns the bundle.
        parts: options of the plans that follow each other.
        target: the release that the judge insists on.
    """

    async def upgraded(home, plans):
        world = await story.cloud(path / home, made())
        async with story.operator(world):
            for place, options in enumerate(plans):
                await story.completed(world, backup=place == 0, **options)
        assert story.judged(world, target=target, ordered=len(plans) == 1) == []
        return await settled(world)

    return worlds.run(upgraded("all", [{}])) == worlds.run(upgraded("parts", parts))


@pytest.mark.slow
async def test_a_finished_group_says_so_and_the_next_one_finds_its_work(tmp_path):
    world = await story.cloud(tmp_path, bundles.base("focal", "ussuri"))
    early = await world.plan(group="hypervisors")
    assert not list(early.root.single_steps())
    await story.completed(world, group="control-plane")
    again = await world.plan(group="control-plane")
    assert not list(again.root.single_steps())
    await story.completed(world, group="data-plane")
    again = await world.plan(group="data-plane")
    assert [one.code for one in again.problems if one.code == "nothing-to-do"]
    after = await world.plan()
    assert (after.origin, after.target) == ("victoria", "wallaby")


@pytest.mark.slow
async def test_the_whole_way_of_focal_one_release_after_the_other(tmp_path):
    world = await story.cloud(tmp_path, bundles.base("focal", "ussuri"))
    async with story.operator(world):
        for release in bundles.FOCAL[1:]:
            plan, _ = await story.completed(world)
            assert plan.target == release
    last = await world.plan()
    assert [one.code for one in last.blocking] == ["last-release"]
    assert not list(last.root.single_steps())
    assert story.judged(world, target="yoga", ordered=False) == []
