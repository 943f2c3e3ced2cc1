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
    world.add_core("keystone", "17.0.1")
    assert blocking(plan_of(world, group="hypervisors")) == ["no-data-plane:model"]


def only(*charms: str) -> World:
    world = World()
    for name in charms:
        version = {"keystone": "17.0.1", "ceph-osd": "15.2.17"}[name]
        world.add(name, version, channel=track(name), config=principal_options())
    return world


def track(charm: str) -> str:
    return "octopus/stable" if charm == "ceph-osd" else "ussuri/stable"


@pytest.mark.parametrize(
    ("there", "group", "code", "listed"),
    [
        (("keystone",), "data-plane", "no-data-plane", "all, control-plane"),
        (("keystone", "ceph-osd"), "hypervisors", "no-hypervisors", "data-plane"),
        (("ceph-osd",), "control-plane", "no-control-plane", "all, data-plane"),
    ],
)
def test_an_empty_group_is_an_error_that_lists_the_others(there, group, code, listed):
    plan = plan_of(only(*there), group=group)
    assert blocking(plan) == [f"{code}:model"]
    assert listed in plan.blocking[0].remedy
    assert "nothing-to-do:model" not in codes(plan)


def test_a_group_that_is_skipped_whole_says_so():
    world = both("victoria", "ussuri")
    plan = plan_of(world, group="hypervisors", skip_apps="nova-compute")
    assert blocking(plan) == ["no-hypervisors:model"]
    assert "skip-apps" in plan.blocking[0].seen


WRONG = (
    ("machines", "77", "unknown-machine:77", "Choose from the machines of hypervisors: 0."),
    ("machines", "0,77", "unknown-machine:77", "Choose from the machines of hypervisors: 0."),
    (
        "availability_zones",
        "az9",
        "unknown-zone:az9",
        "Choose from the zones of hypervisors: az1.",
    ),
    (
        "skip_apps",
        "keystoen",
        "unknown-skip-app:keystoen",
        "Choose from the applications: keystone, ",
    ),
)


@pytest.mark.parametrize(("option", "value", "problem", "listed"), WRONG)
@pytest.mark.parametrize("standing", [("ussuri", "ussuri"), ("victoria", "ussuri")])
def test_what_is_not_there_is_an_error_that_lists_what_is(
    standing, option, value, problem, listed
):
    world = both(*standing)
    world.machines["0"] = "az1"
    plan = plan_of(world, group="hypervisors", backup=False, **{option: value})
    assert blocking(plan) == [problem]
    assert plan.blocking[0].remedy.startswith(listed)
    assert "nothing-to-do:model" not in codes(plan)


@pytest.mark.parametrize("standing", [("ussuri", "ussuri"), ("victoria", "ussuri")])
def test_a_machine_that_is_there_and_no_hypervisor_is_an_error(standing):
    world = both(*standing)
    elsewhere = next(iter(world.apps["keystone"].units.values())).machine
    plan = plan_of(world, group="hypervisors", machines=elsewhere)
    assert blocking(plan) == [f"not-a-hypervisor:{elsewhere}"]
    assert plan.blocking[0].remedy == "Choose from the machines of hypervisors: 0."


def test_nothing_is_called_done_that_was_not_chosen():
    world = both("victoria", "ussuri")
    world.instances["nova-compute/0"] = "3"
    plan = plan_of(world, group="hypervisors")
    (told,) = [one for one in plan.problems if one.code == "nothing-to-do"]
    assert "nova-compute/0 would still be old" in told.seen


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
    world.add_core("keystone", "")
    assert blocking(plan_of(world)) == [
        "unknown-cloud-release:model",
        "unknown-workload-version:keystone/0",
    ]


def test_a_plan_without_steps_prepares_nothing():
    world = World()
    done = principal_options("cloud:focal-victoria")
    world.add("keystone", "18.0.0", channel="victoria/stable", config=done)
    world.add_core("nova-compute", "21.2.4", machines="0", actions=COMPUTE_ACTIONS)
    world.instances["nova-compute/0"] = "3"
    plan = plan_of(world, group="hypervisors")
    assert plan.root.steps == ()
    assert "hypervisor-not-empty:nova-compute/0" in codes(plan)
