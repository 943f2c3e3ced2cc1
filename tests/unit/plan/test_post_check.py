"""The last look says what is not as one would want it, and nothing else."""

from __future__ import annotations

import asyncio

import pytest
from cou.checks import after_run
from cou.cloud import cloud, reading
from cou.juju.port import Status
from cou.options.options import Options

from ..fakes import EARLIER, Ceph, example


def found(world, release="ussuri"):
    seen = asyncio.run(reading.read(world, Options()))
    return [f"{one.code}:{one.subject}" for one in after_run.findings(cloud.build(seen), release)]


def test_a_cloud_that_is_as_it_should_be_has_no_findings():
    assert found(example()) == []


def paused(world):
    message = Status("maintenance", "Paused. Use 'resume' action.", EARLIER)
    world.add("heat", "14.2.0", channel="ussuri/stable", workload=message)


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (paused, "paused-unit:heat/0"),
        (lambda w: w.disabled.add("nova-compute/0"), "compute-service-disabled:nova-compute/0"),
        (lambda w: w.ceph.update({"ceph-mon": Ceph(flags=("noout",))}), "noout-set:ceph-mon"),
        (
            lambda w: w.ceph.update({"ceph-mon": Ceph(releases=("octopus", "pacific"))}),
            "ceph-mixed-versions:ceph-mon",
        ),
        (lambda w: w.add("ntp", "4.2", channel="latest/stable"), "not-recognised:ntp"),
        (lambda w: w.add("glance", "19.0.0", channel="ussuri/stable"), "old-unit:glance/0"),
        (lambda w: w.add("cinder", "", channel="ussuri/stable"), "old-unit:cinder/0"),
    ],
)
def test_each_thing_is_found(change, finding):
    world = example()
    change(world)
    assert found(world) == [finding]


def test_units_that_stayed_behind_are_named():
    assert "old-unit:nova-compute/0" in found(example(), "victoria")
    assert "old-unit:mysql-innodb-cluster/0" not in found(example(), "victoria")
