"""What is done for the cloud as a whole, wherever its applications are."""

from __future__ import annotations

from cou.kinds import Kind

from ..fakes import COMPUTE_ACTIONS, Ceph, World
from .helpers import codes, does, plan_of


def shared():
    """Return a cloud that has ceph-mon and nova-cloud-controller on its only hypervisor."""
    world = World()
    world.add_core("nova-compute", "21.2.4", machines="0", actions=COMPUTE_ACTIONS)
    world.add_core(
        "nova-cloud-controller",
        "21.2.4",
        machines="0",
        actions=frozenset(["archive-data", "pause", "resume", "openstack-upgrade"]),
    )
    world.add(
        "ceph-mon", "15.2.17", channel="octopus/stable", machines="0", config={"source": "distro"}
    )
    return world


def test_what_is_on_a_hypervisor_is_prepared_and_checked_too():
    world = shared()
    world.ceph["ceph-mon"] = Ceph(health="HEALTH_ERR")
    plan = plan_of(world, set_noout=True, backup=False)
    assert "archive nova-cloud-controller/0 1000" in does(plan, "prepare")
    assert "NOOUT ceph-mon/0" in does(plan, "prepare")
    assert does(plan, "finish") == ["require-osd-release ceph-mon/0", "UNSET-NOOUT ceph-mon/0"]
    assert "ceph-health-error:ceph-mon" in codes(plan)


def test_noout_is_the_first_change_and_its_end_the_last():
    leaves = list(plan_of(shared(), set_noout=True, backup=False).root.single_steps())
    assert [leaf.kind for leaf in leaves[:2]] == [Kind.WAIT_IDLE, Kind.SET_NOOUT]
    assert leaves[-1].kind is Kind.SET_NOOUT


def test_every_nova_cloud_controller_is_archived_and_none_where_there_is_none():
    world = shared()
    world.add_core(
        "cells", "21.2.4", charm="nova-cloud-controller", actions=frozenset(["archive-data"])
    )
    told = [line for line in does(plan_of(world, backup=False)) if line.startswith("archive")]
    assert told == ["archive cells/0 1000", "archive nova-cloud-controller/0 1000"]
    both = "cells,nova-cloud-controller"
    told = does(plan_of(world, backup=False, skip_apps=both))
    assert not any(line.startswith("archive") for line in told)
