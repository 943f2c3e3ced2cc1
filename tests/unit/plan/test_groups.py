"""Groups, targets and the ends of the road."""

from __future__ import annotations

import pytest

from ..fakes import COMPUTE_ACTIONS, World, example, principal_options
from .helpers import blocking, codes, does, groups, plan_of


def both(control, data):
    """A keystone and a nova-compute at releases of focal."""
    versions = {"ussuri": ("17.0.1", "21.2.4"), "victoria": ("18.0.0", "22.1.0")}
    world = World()
    for release, name, at, more in (
        (control, "keystone", 0, {}),
        (data, "nova-compute", 1, {"machines": "0", "actions": COMPUTE_ACTIONS}),
    ):
        origin = "distro" if release == "ussuri" else f"cloud:focal-{release}"
        world.add(
            name,
            versions[release][at],
            channel=f"{release}/stable",
            config=principal_options(origin),
            **more,
        )
    return world


def test_the_control_plane_alone():
    plan = plan_of(example(), group="control-plane", set_noout=True)
    assert [step.id for step in plan.root.steps] == ["prepare", "control-plane"]
    assert not any(line.startswith(("NOOUT", "UNSET")) for line in does(plan))


@pytest.mark.parametrize("group", ["data-plane", "hypervisors"])
def test_the_data_plane_follows_a_control_plane_that_is_ahead(group):
    plan = plan_of(both("victoria", "ussuri"), group=group, backup=False, archive=False)
    assert blocking(plan) == []
    assert (plan.origin, plan.target) == ("ussuri", "victoria")
    assert groups(plan, "hypervisors") == ["no-zone"]


@pytest.mark.parametrize("group", ["data-plane", "hypervisors"])
def test_equal_planes_mean_that_nothing_is_to_do(group):
    plan = plan_of(both("victoria", "victoria"), group=group)
    assert codes(plan) == ["nothing-to-do:model"]
    assert plan.root.steps == ()


def test_a_data_plane_that_is_ahead_waits_for_the_control_plane():
    plan = plan_of(both("ussuri", "victoria"), group="data-plane")
    assert blocking(plan) == ["control-plane-first:model"]
    assert plan.root.steps == ()


def test_a_group_without_members_says_so():
    world = World()
    world.add("keystone", "17.0.1", channel="ussuri/stable", config=principal_options())
    assert blocking(plan_of(world, group="hypervisors")) == ["no-data-plane:model"]


def test_a_finished_control_plane_has_nothing_to_do():
    plan = plan_of(both("victoria", "ussuri"), group="control-plane")
    assert codes(plan) == ["nothing-to-do:model"]
    assert plan.root.steps == ()


def test_one_laggard_sets_the_target_and_is_planned_alone():
    world = World()
    done = principal_options("cloud:focal-wallaby")
    world.add("keystone", "19.0.0", channel="wallaby/stable", config=done)
    world.add("keystone-ldap", channel="ussuri/stable", subordinate_to="keystone")
    plan = plan_of(world, backup=False, archive=False)
    assert (plan.origin, plan.target) == ("ussuri", "victoria")
    assert [step.id for step in plan.root.steps] == ["prepare", "subordinates"]


def test_a_charm_that_needs_a_crossgrade_does_not_set_the_target():
    world = World()
    done = principal_options("cloud:focal-victoria")
    world.add("keystone", "18.0.0", channel="victoria/stable", config=done)
    world.add("keystone-ldap", channel="latest/stable", subordinate_to="keystone")
    assert plan_of(world, backup=False).target == "wallaby"


@pytest.mark.parametrize(
    ("series", "version", "channel", "origin", "code"),
    [
        ("focal", "21.0.0", "yoga/stable", "cloud:focal-yoga", "last-release"),
        ("jammy", "25.0.0", "2024.1/stable", "cloud:jammy-caracal", "last-release"),
        ("bionic", "17.0.0", "ussuri/stable", "cloud:bionic-ussuri", "unsupported-series"),
        ("jammy", "20.0.0", "xena/stable", "cloud:jammy-xena", "unsupported-release"),
    ],
)
def test_the_end_of_the_road_is_explained(series, version, channel, origin, code):
    world = World(series)
    world.add("keystone", version, channel=channel, config=principal_options(origin))
    plan = plan_of(world)
    assert blocking(plan) == [f"{code}:model"]
    assert plan.root.steps == ()


def test_a_model_without_openstack_is_told():
    world = World()
    world.add("postgresql", "14", channel="14/stable")
    plan = plan_of(world)
    assert blocking(plan) == ["no-openstack:model"]
    assert plan.ignored == ("postgresql",)


def test_a_model_whose_release_nobody_tells():
    world = World()
    world.add("keystone", "", channel="ussuri/stable", config=principal_options())
    assert blocking(plan_of(world)) == [
        "unknown-cloud-release:model",
        "unknown-workload-version:keystone/0",
    ]


def test_a_plan_without_steps_prepares_nothing():
    world = World()
    done = principal_options("cloud:focal-victoria")
    world.add("keystone", "18.0.0", channel="victoria/stable", config=done)
    world.add(
        "nova-compute",
        "21.2.4",
        channel="ussuri/stable",
        machines="0",
        config=principal_options(),
        actions=COMPUTE_ACTIONS,
    )
    world.instances["nova-compute/0"] = "3"
    plan = plan_of(world, group="hypervisors")
    assert plan.root.steps == ()
    assert "hypervisor-not-empty:nova-compute/0" in codes(plan)
