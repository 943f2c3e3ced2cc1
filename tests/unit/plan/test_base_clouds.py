"""Whole plans of ordinary clouds: everything has its place, and every release pair a way."""

from __future__ import annotations

import pytest
from cou.kinds import Kind

from ..worlds import openstack_base
from .helpers import blocking, codes, does, groups, plan_of

CONTROL = [
    "rabbitmq-server",
    "ceph-mon",
    "keystone",
    "ceph-radosgw",
    "cinder",
    "glance",
    "placement",
    "nova-cloud-controller",
    "openstack-dashboard",
    "mysql-innodb-cluster",
]


@pytest.mark.parametrize(
    ("series", "release", "target"),
    [("focal", "ussuri", "victoria"), ("focal", "victoria", "wallaby"), ("jammy", "yoga", "zed")],
)
@pytest.mark.parametrize("store", [False, True], ids=["by-channel", "latest-stable"])
def test_every_application_of_a_base_cloud_has_its_place(series, release, target, store):
    plan = plan_of(openstack_base(series, release, store=store), set_noout=True)
    assert (plan.origin, plan.target) == (release, target)
    assert blocking(plan) == []
    assert plan.ignored == ("ntp",)
    control = groups(plan, "control-plane")
    # vault has no origin, and its 1.7 is that of every release of focal; on jammy it moves to 1.8.
    assert control == (["vault", *CONTROL] if series == "jammy" else CONTROL)
    assert groups(plan, "hypervisors") == ["no-zone"]
    assert groups(plan, "data-plane") == ["ovn-central", "neutron-api", "ceph-osd"]
    subordinates = groups(plan, "subordinates")
    assert "cinder-ceph" in subordinates
    assert "neutron-api-plugin-ovn" in subordinates
    assert ("keystone-mysql-router" in subordinates) is store


def test_a_base_cloud_on_jammy_moves_every_track_that_has_a_newer_one():
    plan = plan_of(openstack_base("jammy", "yoga"))
    channels = {
        step.target: step.params["channel"]
        for step in plan.root.single_steps()
        if step.kind is Kind.REFRESH
    }
    assert channels["vault"] == "1.8/stable"
    assert channels["ovn-central"] == channels["ovn-chassis"] == "22.09/stable"
    assert channels["keystone"] == "zed/stable"
    assert "mysql-innodb-cluster" not in channels
    assert "ceph-mon" not in channels


def test_all_three_hosts_of_a_base_cloud_go_one_after_the_other():
    plan = plan_of(openstack_base("focal", "ussuri"))
    units = [line for line in does(plan, "no-zone") if line.startswith(("DISABLE", "ENABLE"))]
    assert units == [
        f"{word} nova-compute/{number}" for number in range(3) for word in ("DISABLE", "ENABLE")
    ]


def test_what_is_in_containers_on_hypervisors_is_control_plane():
    plan = plan_of(openstack_base("focal", "ussuri"), group="control-plane")
    assert groups(plan, "control-plane") == CONTROL
    assert codes(plan) == ["ceph-without-noout:ceph-mon"]
