"""Known issues: each is shown at the step that it hits, and nowhere else."""

from __future__ import annotations

import pytest
from cou.openstack import charms, known_issues, releases
from cou.openstack.known_issues import Hits

from ..fakes import COMPUTE_ACTIONS, World, example
from ..plan.helpers import plan_of

LISTED = {
    "LP#2068151", "LP#2111793", "LP#2114254", "LP#2111738", "LP#2060751", "LP#2111818",
    "LP#2046381", "LP#1947585", "LP#1929254", "charm guide", "release notes of nova 2023.2",
    # What the charm guide lists of upgrades that can be made
    "LP#1912638", "LP#1825999", "LP#1940043", "charm guide, Ussuri to Victoria",
    "charm guide, 2023.1 to 2023.2", "charm guide, upgrade issues",
}  # fmt: skip


def test_every_listed_issue_has_a_row():
    assert {issue.reference for issue in known_issues.issues()} >= LISTED


def test_every_row_is_of_charms_that_are_recognised():
    for issue in known_issues.issues():
        for charm in issue.charms:
            assert charms.find(charm) is not None, charm


@pytest.mark.parametrize(
    ("charm", "release", "hits", "reference"),
    [
        ("designate", "zed", Hits.CHANNEL, "LP#2114254"),
        ("ceph-dashboard", "bobcat", Hits.CHANNEL, "LP#2111793"),
        ("nova-compute", "wallaby", Hits.RESUME, "LP#1947585"),
        ("ovn-chassis", "victoria", Hits.APPLICATION, "charm guide"),
        ("manila-ganesha", "xena", Hits.REFRESH, "LP#2111818"),
        ("neutron-api", "victoria", Hits.APPLICATION, "Ussuri to Victoria"),
        ("ceph-osd", "bobcat", Hits.ORIGIN, "2023.1 to 2023.2"),
        ("ceph-radosgw", "yoga", Hits.CHANNEL, "upgrade issues"),
    ],
)
def test_an_issue_is_told_where_it_hits(charm, release, hits, reference):
    assert reference in known_issues.note(charm, releases.get(release), hits)


@pytest.mark.parametrize(
    ("charm", "release", "hits"),
    [
        ("designate", "antelope", Hits.CHANNEL),
        ("ceph-dashboard", "zed", Hits.CHANNEL),
        ("neutron-api", "wallaby", Hits.APPLICATION),
        ("ceph-osd", "caracal", Hits.ORIGIN),
        ("ceph-radosgw", "xena", Hits.CHANNEL),
    ],
)
def test_an_issue_of_one_release_is_not_told_at_another(charm, release, hits):
    assert known_issues.note(charm, releases.get(release), hits) == ""


def told(world):
    """Return the reasons in a plan that name known issues, by the id of their step."""
    walk = plan_of(world, backup=False, archive=False).root.walk()
    return {step.id: step.why for step in walk if "Known issue" in step.why}


def test_the_plan_shows_issues_at_its_steps():
    whys = told(example())
    assert any("LP#1947585" in why for name, why in whys.items() if "upgrade-unit" in name)
    assert "LP#1929254" in whys["ceph-mon"]
    assert "Ussuri to Victoria" in whys["neutron-api"]


def test_an_issue_of_a_refresh_stands_at_each_refresh():
    world = World()
    world.add_core("shares", "10.0.0", charm="manila-ganesha", newer=True)  # fmt: skip
    whys = told(world)
    for channel in ("ussuri", "victoria"):
        assert "LP#2111818" in whys[f"shares/refresh/{channel}-stable"]


def test_an_issue_of_what_goes_host_by_host_stands_at_its_first_zone():
    """Hypervisors have no group for each application."""
    world = example()
    world.machines["1"] = "az2"
    world.add_core("nova-compute", "21.2.4", machines="0 1", actions=COMPUTE_ACTIONS)  # fmt: skip
    whys = {name: why for name, why in told(world).items() if "LP#1825999" in why}
    zones = [name for name in whys if name != "nova-cloud-controller"]
    assert len(zones) == 1
    assert "Hosts: nova-compute/0" in whys[zones[0]]
