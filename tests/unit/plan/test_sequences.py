"""The steps of single applications, kind by kind."""

from __future__ import annotations

import pytest
from cou.kinds import Kind
from cou.options.settings import Settings

from ..fakes import World, principal_options
from .helpers import does, find, groups, plan_of


def alone(name, version="", series="focal", base=True, settings=None, **more):
    """Plan one application beside a keystone, which sets the release where `base` is given."""
    world = World(series)
    if base:
        release = {"focal": ("17.0.1", "ussuri"), "jammy": ("21.0.0", "yoga")}[series]
        world.add(
            "keystone", release[0], channel=f"{release[1]}/stable", config=principal_options()
        )
    world.add(name, version, **more)
    return plan_of(world, settings, backup=False, archive=False)


def test_a_subordinate_is_moved_by_its_channel_alone():
    plan = alone("keystone-ldap", channel="ussuri/stable", subordinate_to="keystone")
    assert does(plan, "keystone-ldap") == [
        "REFRESH keystone-ldap victoria/stable",
        "WAIT keystone-ldap 300",
    ]
    assert groups(plan, "subordinates") == ["keystone-ldap"]


def test_a_subordinate_that_is_related_to_nothing_is_one_all_the_same():
    plan = alone("keystone-ldap", channel="ussuri/stable", units=0)
    assert groups(plan, "subordinates") == ["keystone-ldap"]


@pytest.mark.parametrize(
    ("scheme", "channel", "first"),
    [
        ("cs", "stable", "REFRESH keystone-ldap ussuri/stable switch ch:keystone-ldap"),
        ("ch", "latest/stable", "REFRESH keystone-ldap ussuri/stable"),
    ],
)
def test_a_crossgrade_goes_by_the_release_before_the_target(scheme, channel, first):
    plan = alone("keystone-ldap", channel=channel, scheme=scheme, subordinate_to="keystone")
    assert does(plan, "keystone-ldap") == [
        first,
        "WAIT keystone-ldap 300",
        "REFRESH keystone-ldap victoria/stable",
        "WAIT keystone-ldap 300",
    ]


def test_a_crossgrade_from_antelope_on_names_channels_by_the_calendar():
    world = World("jammy")
    origin = principal_options("cloud:jammy-antelope")
    world.add("keystone", "23.0.0", channel="2023.1/stable", config=origin)
    world.add("glance", "26.0.0", channel="latest/stable", config=origin)
    world.add("hacluster", "2.1", channel="latest/stable", subordinate_to="keystone")
    world.add("keystone-ldap", "", channel="latest/stable", subordinate_to="keystone")
    plan = plan_of(world, backup=False, archive=False)
    assert does(plan, "glance")[1:5] == [
        "REFRESH glance 2023.1/stable",
        "WAIT glance 300",
        "REFRESH glance 2023.2/stable",
        "WAIT glance 300",
    ]
    assert does(plan, "hacluster") == ["REFRESH hacluster 2.4/stable", "WAIT hacluster 300"]
    assert does(plan, "keystone-ldap")[::2] == [
        "REFRESH keystone-ldap 2023.1/stable",
        "REFRESH keystone-ldap 2023.2/stable",
    ]


def test_the_newest_revision_comes_before_the_new_channel():
    plan = alone(
        "glance", "20.1.0", channel="ussuri/stable", newer=True, config=principal_options()
    )
    assert does(plan, "glance") == [
        "PKG glance/0",
        "REFRESH glance ussuri/stable",
        "WAIT glance 300",
        "REFRESH glance victoria/stable",
        "WAIT glance 300",
        "CONFIG glance openstack-origin=cloud:focal-victoria",
        "WAIT glance 300",
        "VERIFY glance",
    ]


def test_units_that_depend_on_nothing_upgrade_packages_together():
    plan = alone("glance", "20.1.0", channel="ussuri/stable", units=3, config=principal_options())
    together = find(plan, "glance/packages")
    assert together.parallel
    assert [step.target for step in together.steps] == ["glance/0", "glance/1", "glance/2"]


@pytest.mark.parametrize(
    ("name", "version", "channel"),
    [
        ("mysql-innodb-cluster", "8.0.39", "8.0/stable"),
        ("rabbitmq-server", "3.8.3", "3.9/stable"),
        ("ceph-mon", "15.2.17", "octopus/stable"),
        ("ovn-central", "22.03.3", "22.03/stable"),
        ("vault", "1.7.9", "1.7/stable"),
    ],
)
def test_a_quorum_upgrades_packages_one_unit_at_a_time_and_waits(name, version, channel):
    plan = alone(name, version, channel=channel, units=3, config={"source": "distro"})
    leaves = list(find(plan, name).single_steps())
    assert not any(step.parallel for step in find(plan, name).walk())
    places = [at for at, step in enumerate(leaves) if step.kind is Kind.UPGRADE_PACKAGES]
    assert len(places) == 3
    for place in places:
        after = [step for step in leaves[place + 1 :] if step.kind is not Kind.WAIT_UNSEALED]
        assert (after[0].kind, after[0].target) == (Kind.WAIT_IDLE, name)


def test_rabbitmq_that_restarts_by_itself_is_switched_for_the_upgrade_and_put_back():
    plan = alone(
        "rabbitmq-server",
        "3.8.3",
        channel="3.8/stable",
        config={"source": "distro", "enable-auto-restarts": True},
    )
    assert does(plan, "rabbitmq-server") == [
        "CONFIG rabbitmq-server enable-auto-restarts=False (mark)",
        "WAIT rabbitmq-server 2400",
        "PKG rabbitmq-server/0",
        "WAIT rabbitmq-server 2400",
        "ACT rabbitmq-server/0 run-deferred-hooks",
        "WAIT rabbitmq-server 2400",
        "REFRESH rabbitmq-server 3.9/stable",
        "WAIT rabbitmq-server 300",
        "CONFIG rabbitmq-server source=cloud:focal-victoria",
        "WAIT rabbitmq-server 2400",
        "ACT rabbitmq-server/0 run-deferred-hooks",
        "WAIT model 2400",
        "VERIFY rabbitmq-server",
        "PUT-BACK option:rabbitmq-server:enable-auto-restarts",
        "WAIT rabbitmq-server 2400",
    ]


def test_rabbitmq_that_defers_already_keeps_its_option():
    plan = alone(
        "rabbitmq-server",
        "3.8.3",
        channel="3.9/stable",
        config={"source": "distro", "enable-auto-restarts": False},
    )
    told = does(plan, "rabbitmq-server")
    assert told.count("ACT rabbitmq-server/0 run-deferred-hooks") == 2
    assert not any("enable-auto-restarts" in line for line in told)


def test_rabbitmq_without_the_option_has_no_deferred_restarts():
    plan = alone("rabbitmq-server", "3.8.3", channel="3.9/stable", config={"source": "distro"})
    assert not any("deferred" in line for line in does(plan, "rabbitmq-server"))


def test_vault_is_waited_for_wherever_it_may_have_sealed_itself():
    plan = alone("vault", "1.7.9", series="jammy", channel="1.7/stable")
    assert does(plan, "vault") == [
        "PKG vault/0",
        "wait-unsealed vault",
        "WAIT vault 2400",
        "REFRESH vault 1.8/stable",
        "wait-unsealed vault",
        "WAIT vault 300",
        "WAIT model 2400",
        "VERIFY vault",
    ]


def test_a_managed_upgrade_is_switched_off_for_the_upgrade_and_put_back():
    config = {**principal_options(), "action-managed-upgrade": True}
    plan = alone("glance", "20.1.0", channel="ussuri/stable", config=config)
    told = does(plan, "glance")
    assert told[1] == "CONFIG glance action-managed-upgrade=False (mark)"
    assert told[-3:] == [
        "VERIFY glance",
        "PUT-BACK option:glance:action-managed-upgrade",
        "WAIT glance 300",
    ]


def test_designate_bind_has_no_origin_and_two_waits():
    plan = alone("designate-bind", "9.16.1", channel="ussuri/stable")
    assert does(plan, "designate-bind") == [
        "PKG designate-bind/0",
        "REFRESH designate-bind victoria/stable",
        "WAIT designate-bind 300",
        "WAIT designate-bind 300",
        "VERIFY designate-bind",
    ]


def test_a_charm_without_a_workload_version_is_waited_for_and_not_verified():
    plan = alone(
        "glance-simplestreams-sync", channel="ussuri/stable", config={"openstack-origin": "distro"}
    )
    assert does(plan, "glance-simplestreams-sync")[-2:] == [
        "CONFIG glance-simplestreams-sync openstack-origin=cloud:focal-victoria",
        "WAIT glance-simplestreams-sync 300",
    ]


def test_octavia_has_a_long_last_wait_of_its_own():
    plan = alone("octavia", "6.2.2", channel="ussuri/stable", config=principal_options())
    assert does(plan, "octavia")[-2] == "WAIT octavia 2400"


def test_timeouts_follow_the_settings():
    settings = Settings(
        standard_idle_timeout_s=11, long_idle_timeout_s=22, refresh_timeout_s=33, quiet_period_s=1
    )
    plan = alone(
        "glance",
        "20.1.0",
        channel="ussuri/stable",
        config=principal_options(),
        settings=settings,
    )
    waits = [step for step in plan.root.single_steps() if step.kind is Kind.WAIT_IDLE]
    assert {step.timeout_s for step in waits} == {11, 22, 33, 1200}
    assert {step.params["quiet"] for step in waits} == {1}


def test_a_mirror_is_used_where_both_settings_are_given():
    settings = Settings(landscape_mirror_uri="http://m", landscape_apt_component="main")
    config = {"openstack-origin": "deb http://m focal-ussuri main"}
    plan = alone("glance", "20.1.0", channel="ussuri/stable", config=config, settings=settings)
    step = find(plan, "glance/set-config/openstack-origin")
    assert step.params["value"] == "deb http://m focal-victoria main"
    assert find(plan, "glance/glance-0/upgrade-packages").params["pocket"] == "focal-victoria"


def test_a_known_issue_stands_at_the_step_that_it_hits():
    world = World("jammy")
    world.add("designate", "14.0.1", channel="yoga/stable", config=principal_options())
    plan = plan_of(world, backup=False, archive=False)
    assert "LP#2114254" in find(plan, "designate/refresh/zed-stable").why


def test_every_step_says_why_it_is_there():
    plan = alone("glance", "20.1.0", channel="ussuri/stable", config=principal_options())
    assert [step.id for step in plan.root.single_steps() if not step.why] == []
