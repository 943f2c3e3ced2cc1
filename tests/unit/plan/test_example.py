"""The example of the reference, operation by operation, with this project's differences."""

from __future__ import annotations

from ..fakes import example
from .helpers import codes, does, find, groups, plan_of


def planned():
    return plan_of(example(), set_noout=True, purge=True, purge_before="2024-01-01")


def test_the_cloud_is_prepared_first():
    assert does(planned(), "prepare") == [
        "WAIT model 300",
        "NOOUT ceph-mon/0",
        "backup-database mysql-innodb-cluster/0",
        "archive nova-cloud-controller/0 1000",
        "purge nova-cloud-controller/0 2024-01-01",
    ]


def test_applications_come_in_the_order_of_the_charm_guide():
    plan = planned()
    assert [step.id for step in plan.root.steps] == [
        "prepare",
        "control-plane",
        "hypervisors",
        "data-plane",
        "finish",
    ]
    assert groups(plan, "control-plane") == [
        "ceph-mon",
        "keystone",
        "nova-cloud-controller",
        "mysql-innodb-cluster",
    ]
    assert groups(plan, "data-plane") == ["ovn-central", "neutron-api", "ceph-osd"]


def test_ceph_mon_aligns_its_osds_and_stays_on_its_track():
    assert does(planned(), "ceph-mon") == [
        "PKG ceph-mon/0",
        "WAIT ceph-mon 2400",
        "require-osd-release ceph-mon/0",
        "CONFIG ceph-mon source=cloud:focal-victoria",
        "WAIT model 2400",
        "VERIFY ceph-mon",
    ]


def test_keystone_gets_its_longer_times():
    assert does(planned(), "keystone") == [
        "PKG keystone/0",
        "REFRESH keystone victoria/stable",
        "WAIT keystone 1200",
        "CONFIG keystone openstack-origin=cloud:focal-victoria",
        "WAIT model 2400",
        "VERIFY keystone",
    ]


def test_an_ordinary_principal():
    assert does(planned(), "nova-cloud-controller") == [
        "PKG nova-cloud-controller/0",
        "REFRESH nova-cloud-controller victoria/stable",
        "WAIT nova-cloud-controller 300",
        "CONFIG nova-cloud-controller openstack-origin=cloud:focal-victoria",
        "WAIT nova-cloud-controller 300",
        "VERIFY nova-cloud-controller",
    ]


def test_the_database_keeps_its_server_package_held():
    assert does(planned(), "mysql-innodb-cluster") == [
        "PKG mysql-innodb-cluster/0 held mysql-server-core-8.0",
        "WAIT mysql-innodb-cluster 2400",
        "CONFIG mysql-innodb-cluster source=cloud:focal-victoria",
        "WAIT mysql-innodb-cluster 2400",
        "VERIFY mysql-innodb-cluster",
    ]


def test_a_hypervisor_is_looked_at_before_it_is_touched():
    assert does(planned(), "hypervisors") == [
        "CONFIG nova-compute action-managed-upgrade=True (mark)",
        "REFRESH nova-compute victoria/stable",
        "WAIT nova-compute 300",
        "CONFIG nova-compute openstack-origin=cloud:focal-victoria",
        "DISABLE nova-compute/0",
        "verify-hypervisor-empty nova-compute/0",
        "PKG nova-compute/0",
        "UNIT nova-compute/0 pause>openstack-upgrade>resume",
        "ENABLE nova-compute/0",
        "WAIT model 2400",
        "VERIFY nova-compute nova-compute/0",
        "PUT-BACK option:nova-compute:action-managed-upgrade",
        "WAIT nova-compute 2400",
    ]


def test_what_needs_all_hypervisors_checks_them_first():
    plan = planned()
    assert does(plan, "ovn-central") == [
        "verify-hypervisors-upgraded model",
        "PKG ovn-central/0",
        "WAIT ovn-central 2400",
        "CONFIG ovn-central source=cloud:focal-victoria",
        "WAIT ovn-central 300",
        "VERIFY ovn-central",
    ]
    assert does(plan, "ceph-osd") == [
        "verify-hypervisors-upgraded model",
        "PKG ceph-osd/0",
        "CONFIG ceph-osd source=cloud:focal-victoria",
        "WAIT ceph-osd 300",
        "VERIFY ceph-osd",
    ]
    check = find(plan, "neutron-api/verify-hypervisors-upgraded")
    assert check.params == {"release": "victoria", "applications": ["nova-compute"]}


def test_ceph_is_finished_last():
    assert does(planned(), "finish") == [
        "require-osd-release ceph-mon/0",
        "UNSET-NOOUT ceph-mon/0",
    ]


def test_the_overlay_charm_that_is_there_already_is_left_out():
    plan = planned()
    assert not any("ovn-chassis" in step.id for step in plan.root.walk())
    assert codes(plan) == []


def test_packages_are_guarded_against_the_pocket_of_the_target():
    step = find(planned(), "keystone/keystone-0/upgrade-packages")
    assert step.params == {"hold": [], "pocket": "focal-updates/victoria"}


def test_the_origin_change_has_the_time_that_upgrades_in_hooks_take():
    step = find(planned(), "nova-cloud-controller/set-config/openstack-origin")
    assert step.timeout_s == 2400
