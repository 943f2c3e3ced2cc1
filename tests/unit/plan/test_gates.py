"""One odd application gets its own problem, no steps, and stops no other."""

from __future__ import annotations

import pytest

from ..fakes import World, example, principal_options
from .helpers import blocking, codes, does, groups, plan_of


def with_odd(**odd):
    world = example()
    world.add(odd.pop("name"), odd.pop("version", ""), **odd)
    return world


ODD = {
    "swift": (
        dict(name="swift-proxy", version="2.25.0", channel="ussuri/stable"),
        "unsupported-charm:swift-proxy",
    ),
    "no-version": (
        dict(name="glance", version="", channel="ussuri/stable", config=principal_options()),
        "unknown-workload-version:glance/0",
    ),
    "debian-version": (
        dict(name="glance", version="20.0~rc1", channel="ussuri/stable"),
        "unknown-workload-version:glance/0",
    ),
    "version-of-no-release": (
        dict(name="glance", version="3.0", channel="ussuri/stable"),
        "unknown-workload-version:glance/0",
    ),
    "ppa": (
        dict(
            name="glance",
            version="20.1.0",
            channel="ussuri/stable",
            config={"openstack-origin": "ppa:x/y"},
        ),
        "unknown-origin:glance",
    ),
    "pocket-suffix": (
        dict(
            name="glance",
            version="20.1.0",
            channel="ussuri/stable",
            config={"openstack-origin": "cloud:focal-ussuri/proposed"},
        ),
        "unknown-origin:glance",
    ),
    "latest-edge": (
        dict(name="glance", version="20.1.0", channel="latest/edge", config=principal_options()),
        "unknown-channel:glance",
    ),
    "subordinate-on-latest-edge": (
        dict(name="cinder-ceph", channel="latest/edge", subordinate_to="keystone"),
        "unknown-channel:cinder-ceph",
    ),
    "channel-based-on-latest-edge": (
        dict(name="designate-bind", version="9.16.1", channel="latest/edge"),
        "unknown-channel:designate-bind",
    ),
    "table-subordinate-on-unknown-track": (
        dict(name="hacluster", channel="9.9/stable", subordinate_to="keystone"),
        "unknown-channel:hacluster",
    ),
    "local": (
        dict(
            name="glance",
            version="20.1.0",
            channel="",
            scheme="local",
            config=principal_options(),
        ),
        "local-charm:glance",
    ),
    "local-subordinate": (
        dict(name="keystone-ldap", channel="", scheme="local", subordinate_to="keystone"),
        "local-charm:keystone-ldap",
    ),
    "origin-ahead": (
        dict(
            name="glance",
            version="20.1.0",
            channel="ussuri/stable",
            config=principal_options("cloud:focal-xena"),
        ),
        "origin-ahead:glance",
    ),
    "channel-ahead": (
        dict(name="glance", version="20.1.0", channel="xena/stable", config=principal_options()),
        "unexpected-channel:glance",
    ),
    "mixed-units": (
        dict(
            name="glance",
            versions=("20.1.0", "21.0.0"),
            units=2,
            channel="ussuri/stable",
            config=principal_options(),
        ),
        "mismatched-units:glance",
    ),
    "deferring": (
        dict(
            name="neutron-gateway",
            version="16.4.2",
            channel="ussuri/stable",
            config={**principal_options(), "enable-auto-restarts": False},
        ),
        "auto-restarts-off:neutron-gateway",
    ),
    "old-dedicated-chassis": (
        dict(
            name="ovn-dedicated-chassis",
            version="20.03.2",
            channel="22.03/stable",
            config={"source": "distro"},
        ),
        "ovn-too-old:ovn-dedicated-chassis/0",
    ),
    "series-without-the-target": (
        dict(
            name="glance",
            version="20.1.0",
            channel="ussuri/stable",
            series="jammy",
            config=principal_options("cloud:jammy-ussuri"),
        ),
        "release-not-on-series:glance",
    ),
    "unit-less": (
        dict(name="glance", units=0, channel="ussuri/stable"),
        "unknown-release:glance",
    ),
    "foreign-track": (
        dict(
            name="ceph-radosgw",
            version="15.2.17",
            channel="quincy/stable",
            config={"source": "distro"},
        ),
        "unexpected-channel:ceph-radosgw",
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_application_has_its_own_problem_and_the_others_their_steps(name):
    odd, expected = ODD[name]
    odd = dict(odd)
    application = odd["name"]
    plan = plan_of(with_odd(**odd))
    assert blocking(plan) == [expected]
    assert not any(
        step.target.partition("/")[0] == application for step in plan.root.single_steps()
    )
    assert does(plan, "control-plane") == does(plan_of(example()), "control-plane")


@pytest.mark.parametrize("name", ODD)
def test_skipping_the_odd_application_makes_the_plan_whole(name):
    odd = dict(ODD[name][0])
    application = odd["name"]
    plan = plan_of(with_odd(**odd), skip_apps=application)
    assert blocking(plan) == []
    assert plan.target == "victoria"


def test_all_problems_are_told_at_once():
    world = example()
    for odd, _ in (ODD["swift"], ODD["local"], ODD["old-dedicated-chassis"]):
        odd = dict(odd)
        world.add(odd.pop("name"), odd.pop("version", ""), **odd)
    assert blocking(plan_of(world)) == [
        "local-charm:glance",
        "ovn-too-old:ovn-dedicated-chassis/0",
        "unsupported-charm:swift-proxy",
    ]


def test_ovn_central_below_the_minimum_is_seen_too():
    world = example()
    world.add("ovn-central", "20.03.2", channel="22.03/stable", config={"source": "distro"})
    assert blocking(plan_of(world)) == ["ovn-too-old:ovn-central/0"]


def test_a_pinned_overlay_is_refused():
    world = example()
    world.options["ovn-chassis"]["enable-version-pinning"] = True
    assert blocking(plan_of(world)) == ["ovn-version-pinned:ovn-chassis"]


def test_units_on_hypervisors_may_differ():
    world = example()
    world.add_core(
        "nova-compute",
        machines="0 1",
        versions=("22.0.0", "21.2.4"),
        actions=world.action_names["nova-compute"],
    )
    plan = plan_of(world)
    assert blocking(plan) == []
    assert "UNIT nova-compute/1 pause>openstack-upgrade>resume" in does(plan)
    assert "UNIT nova-compute/0 pause>openstack-upgrade>resume" not in does(plan)


def test_a_compute_charm_without_the_actions_is_refused():
    world = example()
    world.action_names["nova-compute"] = frozenset(["instance-count"])
    assert blocking(plan_of(world)) == ["no-upgrade-actions:nova-compute"]


def test_nothing_is_done_to_an_application_at_the_target():
    world = example()
    world.add(
        "glance",
        "21.0.0",
        channel="victoria/stable",
        config=principal_options("cloud:focal-victoria"),
    )
    assert "glance" not in groups(plan_of(world), "control-plane")


def test_a_newer_revision_plans_an_application_at_the_target_again():
    world = example()
    world.add(
        "glance",
        "21.0.0",
        channel="victoria/stable",
        newer=True,
        config=principal_options("cloud:focal-victoria"),
    )
    assert does(plan_of(world), "glance") == [
        "PKG glance/0",
        "REFRESH glance victoria/stable",
        "WAIT glance 300",
        "WAIT glance 300",
        "VERIFY glance",
    ]


def test_an_origin_behind_its_workload_pulls_the_application_back_into_the_plan():
    world = example()
    world.add(
        "rabbitmq-server", "3.8.3", channel="3.9/stable", config={"source": "cloud:focal-ussuri"}
    )
    world.add(
        "mysql-router",
        "8.0.39",
        channel="8.0/stable",
        subordinate_to="keystone",
    )
    plan = plan_of(world)
    assert "CONFIG rabbitmq-server source=cloud:focal-victoria" in does(plan)
    assert "mysql-router" not in groups(plan, "subordinates")


def test_another_risk_is_moved_to_stable_and_said():
    world = example()
    world.add("glance", "20.1.0", channel="ussuri/edge", config=principal_options())
    plan = plan_of(world)
    assert "REFRESH glance victoria/stable" in does(plan, "glance")
    assert codes(plan) == ["ceph-without-noout:ceph-mon", "risk-becomes-stable:glance"]


def test_an_unrecognised_application_is_listed_and_left_alone():
    world = World()
    world.add_core("keystone", "17.0.1")
    world.add("memcached", "1.5", channel="latest/stable")
    plan = plan_of(world, backup=False, archive=False)
    assert plan.ignored == ("memcached",)
    waited = {
        name for step in plan.root.single_steps() for name in step.params.get("applications", ())
    }
    assert waited == {"keystone"}


def test_a_workload_that_did_not_follow_its_origin_is_named():
    world = example()
    world.add(
        "glance",
        "20.1.0",
        channel="victoria/stable",
        config=principal_options("cloud:focal-victoria"),
    )
    plan = plan_of(world)
    assert "unexpected-channel:glance" not in codes(plan)
    (problem,) = (one for one in plan.problems if one.code == "workload-behind-origin")
    assert "glance/0" in problem.seen


BEYOND = [
    dict(version="24.0.0", channel="yoga/stable", config=principal_options("cloud:focal-yoga")),
    dict(version="24.0.0", channel="yoga/stable", config={}),
    dict(version="24.0.0", channel="victoria/stable", config=principal_options("")),
]


@pytest.mark.parametrize("odd", BEYOND)
def test_what_is_beyond_the_target_is_never_moved_backwards(odd):
    """A newer revision makes the peer plan it again, down to the target's channel and origin."""
    world = example()
    world.add("glance", newer=True, **odd)
    world.add("keystone-ldap", channel="xena/stable", newer=True, subordinate_to="keystone")
    world.add("ceph-dashboard", channel="quincy/stable", newer=True, subordinate_to="ceph-mon")
    world.add(
        "rabbitmq-server",
        "3.8.3",
        channel="3.9/stable",
        newer=True,
        config={"source": "cloud:focal-yoga"},
    )
    plan = plan_of(world)
    assert blocking(plan) == []
    left_alone = {"glance", "keystone-ldap", "ceph-dashboard", "rabbitmq-server"}
    assert not any(s.target.partition("/")[0] in left_alone for s in plan.root.single_steps())


@pytest.mark.parametrize("group", ["control-plane", "data-plane", "hypervisors"])
def test_a_release_that_cannot_be_told_is_told_in_every_group(group):
    """The target and the order of the planes rest on all applications."""
    world = example()
    done = principal_options("cloud:focal-victoria")
    for name, version in (("keystone", "18.0.0"), ("nova-cloud-controller", "22.0.0")):
        world.add(name, version, channel="victoria/stable", config=done)
    world.add_core("glance", "")
    world.add("swift-storage", "", channel="ussuri/stable")
    plan = plan_of(world, group=group, skip_apps="swift-storage")
    assert "unknown-workload-version:glance/0" in blocking(plan)
    told = codes(plan_of(world, group=group, skip_apps="glance"))
    assert "unknown-workload-version:swift-storage/0" in told


@pytest.mark.parametrize(
    ("version", "problem"),
    [
        ("20.03.2-0ubuntu0.20.04.4", "ovn-too-old:ovn-chassis"),
        ("22.03.3-0ubuntu0.22.04.1", ""),
        ("", "ovn-version-unknown:ovn-chassis"),
    ],
)
def test_the_version_of_ovn_is_read_as_it_comes(version, problem):
    world = example()
    world.add("ovn-chassis", version, channel="22.03/stable", subordinate_to="nova-compute")
    assert [one for one in codes(plan_of(world)) if one.startswith("ovn-")] == [problem] * bool(
        problem
    )


@pytest.mark.parametrize("charm", ["ceph", "horizon", "mysql", "neutron", "nova", "ovn", "swift"])
def test_a_charm_that_is_called_like_a_version_table_is_none_of_ours(charm):
    """Canonical's database charm is called mysql, and its track 8.0 is that of no release."""
    world = example()
    world.add("db", "8.0.39", charm=charm, channel="8.0/stable")
    plan = plan_of(world)
    assert blocking(plan) == []
    assert plan.ignored == ("db",)
