"""A whole upgrade by hand on the demo cloud: found good, and every doctored one bad."""

from __future__ import annotations

import copy
import functools

import pytest
from juju_testbed import judge
from juju_testbed.charms import bundle
from juju_testbed.model.virtual import run

pytestmark = pytest.mark.slow

VICTORIA = "cloud:focal-victoria"
SUBORDINATES = {
    "cinder-ceph": "victoria/stable",
    "nova-hacluster": "2.4/stable",
    "neutron-api-plugin-ovn": "victoria/stable",
}
# Name, channel at the target (empty: stays), origin option, in the charm guide's order.
CONTROL_PLANE = [
    ("rabbitmq-server", "3.9/stable", "source"),
    ("ceph-mon", "", "source"),
    ("keystone", "victoria/stable", "openstack-origin"),
    ("ceph-radosgw", "", "source"),
    ("cinder", "victoria/stable", "openstack-origin"),
    ("glance", "victoria/stable", "openstack-origin"),
    ("heat", "victoria/stable", "openstack-origin"),
    ("placement", "victoria/stable", "openstack-origin"),
    ("nova-cloud-controller", "victoria/stable", "openstack-origin"),
    ("openstack-dashboard", "victoria/stable", "openstack-origin"),
    ("mysql-innodb-cluster", "", "source"),
]
LAST = [
    ("ovn-central", "", "source"),
    ("neutron-api", "victoria/stable", "openstack-origin"),
    ("ceph-osd", "", "source"),
]
APT = "apt-get update && apt-get -y dist-upgrade && apt-get -y autoremove"


async def upgrade_by_hand(deployed):
    await deployed.act("mysql-innodb-cluster/0", "mysqldump")
    for application, channel in SUBORDINATES.items():
        deployed.refresh(application, channel)
        await deployed.settle()
    for application, channel, option in CONTROL_PLANE:
        await application_by_hand(deployed, application, channel, option)
    await hypervisors_by_hand(deployed)
    for application, channel, option in LAST:
        await application_by_hand(deployed, application, channel, option)
    await deployed.model.clock.sleep(600)
    deployed.write_snapshot()


async def application_by_hand(deployed, application, channel, option):
    units = [unit.name for unit in deployed.model.units_of(application)]
    rabbit = application == "rabbitmq-server"
    if rabbit:
        deployed.configure(application, enable_auto_restarts="False")
        await deployed.settle()
    for unit in units:
        await deployed.exec(unit, APT)
    if channel:
        deployed.refresh(application, channel)
        await deployed.settle()
    deployed.model.set_config(application, {option: VICTORIA}, "cou")
    await deployed.settle()
    if rabbit:
        for unit in units:
            await deployed.act(unit, "run-deferred-hooks")
        deployed.configure(application, enable_auto_restarts="True")
        await deployed.settle()


async def hypervisors_by_hand(deployed):
    deployed.configure("nova-compute", action_managed_upgrade="True")
    deployed.refresh("nova-compute", "victoria/stable")
    deployed.configure("nova-compute", openstack_origin=VICTORIA)
    await deployed.settle()
    for unit in [unit.name for unit in deployed.model.units_of("nova-compute")]:
        for action in ("disable", "pause", "openstack-upgrade", "resume", "enable"):
            task = await deployed.act(unit, action)
            assert task.status == "completed"
    deployed.configure("nova-compute", action_managed_upgrade="False")
    await deployed.settle()


EXPECTED = {"target": "victoria", "backup": True}


@functools.cache
def clean_log(make):
    """Return the log of an upgrade that was done well; made once, never changed."""

    async def scenario():
        async with make(bundle.DEMO) as deployed:
            await upgrade_by_hand(deployed)
            return deployed.log

    return run(scenario())


@pytest.fixture
def log(cloud):
    return copy.deepcopy(clean_log(cloud))


def at(log, event, **wanted):
    """Return the place of the first entry that fits; `data_x` looks into its data."""
    for place, entry in enumerate(log):
        row = {**entry, **{f"data_{k}": v for k, v in entry["data"].items()}}
        if entry["event"] == event and all(row.get(k) == v for k, v in wanted.items()):
            return place
    raise AssertionError(f"no {event} with {wanted}")


def renumber(log):
    for number, entry in enumerate(log, start=1):
        entry["seq"] = number
    return log


def rules(log, **expected):
    found = judge.verdict(renumber(log), {**EXPECTED, **expected})
    return {violation.rule for violation in found.violations}


def test_an_upgrade_done_well_is_found_good(log):
    found = judge.verdict(log, EXPECTED)
    assert found.violations == ()
    assert found.facts["at-target"] == 34


def test_an_origin_that_changes_twice_is_found(log):
    first = at(log, "config-changed", application="glance", data_key="openstack-origin")
    log.insert(first + 40, copy.deepcopy(log[first]))
    assert "once" in rules(log)


def test_a_second_upgrade_of_a_unit_is_found(log):
    first = at(log, "asked", unit="nova-compute/1", data_name="openstack-upgrade")
    again = copy.deepcopy(log[first])
    again["task"] = 99999
    log.insert(at(log, "resumed", unit="nova-compute/1"), again)
    assert rules(log) == {"once"}


def test_a_second_dump_is_found(log):
    first = at(log, "asked", data_name="mysqldump")
    again = {**copy.deepcopy(log[first]), "task": 99999}
    log.insert(first + 20, again)
    assert rules(log) == {"once"}


def test_a_second_refresh_to_the_same_charm_is_found(log):
    first = at(log, "asked", application="cinder-ceph", data_call="Application.SetCharm")
    log.insert(first + 2, copy.deepcopy(log[first]))
    assert rules(log) == {"once"}


def test_a_compute_service_left_disabled_is_found(log):
    del log[at(log, "compute-service", unit="nova-compute/2", data_enabled=True)]
    assert rules(log) == {"put-back"}


def test_a_unit_left_paused_is_found(log):
    del log[at(log, "resumed", unit="nova-compute/0")]
    assert rules(log) == {"put-back"}


def test_an_option_left_changed_is_found(log):
    del log[at(log, "config-changed", data_key="enable-auto-restarts", data_new=True)]
    assert rules(log) == {"put-back"}


def test_noout_left_set_is_found(log):
    entry = copy.deepcopy(log[at(log, "paused")])
    entry |= {"event": "noout", "application": "ceph-mon", "unit": "ceph-mon/0"}
    log.insert(-1, {**entry, "data": {"set": True}})
    assert rules(log) == {"put-back"}


def moved(log, place, to):
    """Move an entry, with the request just before it if it is the answer to one."""
    count = 2 if log[place - 1]["event"] == "asked" and log[place]["event"] != "asked" else 1
    entries = [log.pop(place) for place in range(place, place - count, -1)]
    for entry in entries:
        log.insert(to, entry)
    return log


def test_keystone_before_rabbit_is_found(log):
    keystone = at(log, "config-changed", application="keystone", data_key="openstack-origin")
    rabbit = at(log, "config-changed", application="rabbitmq-server", data_key="source")
    assert rules(moved(log, keystone, rabbit)) == {"order", "overlap"}


def test_neutron_before_the_hypervisors_are_done_is_found(log):
    neutron = at(log, "config-changed", application="neutron-api", data_key="openstack-origin")
    early = at(log, "workload-upgraded", unit="nova-compute/1")
    assert rules(moved(log, neutron, early)) - {"overlap"} == {"order"}


def test_a_subordinate_after_its_principal_is_found(log):
    plugin = at(log, "charm-changed", application="neutron-api-plugin-ovn")
    assert rules(moved(log, plugin, len(log) - 2)) - {"overlap"} == {"order"}


def test_hypervisors_before_the_control_plane_are_found(log):
    disable = at(log, "asked", unit="nova-compute/0", data_name="disable")
    heat = at(log, "config-changed", application="heat", data_key="openstack-origin")
    assert rules(moved(log, disable, heat)) - {"overlap"} == {"order"}


@pytest.mark.parametrize("cause", ["action-managed-upgrade", "origin"])
def test_hypervisors_upgraded_all_at_once_are_found(log, cause):
    log[at(log, "workload-upgraded", unit="nova-compute/1")]["data"]["cause"] = cause
    assert "order" in rules(log)


def test_an_application_left_behind_is_found(log):
    final = log[-1]["data"]["applications"]["heat"]
    final["channel"] = "ussuri/stable"
    assert rules(log) == {"target"}
    assert rules(log, skip=["heat"]) == set()


def test_a_unit_left_behind_is_found_unless_it_was_meant_to_be(log):
    final = log[-1]["data"]["applications"]["nova-compute"]["units"]["nova-compute/1"]
    final |= {"release": "ussuri", "version": "21.2.4"}
    assert rules(log) == {"target"}
    assert rules(log, behind=["nova-compute/1"]) == set()


def test_osds_that_are_not_required_to_be_what_they_are_are_found(log):
    log[-1]["data"]["clusters"]["ceph-mon"]["require-osd-release"] = "nautilus"
    assert rules(log) == {"target"}


def test_a_log_without_an_end_is_no_proof(log):
    assert rules(log[:-1]) == {"put-back", "target"}
    assert rules(log[:-1], complete=False) == set()


def test_a_missing_dump_is_found(log):
    del log[at(log, "database-dumped")]
    assert rules(log) == {"target"}
