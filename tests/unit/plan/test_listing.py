"""The reference's listing for its example cloud, read as text and compared with the plan.

The listing is the peer's plan in the reference's own notation. `ADDED` and `ORDERED` hold what
this project does otherwise; everything else has to be the same, in the same order.
"""

from __future__ import annotations

import re

from cou.kinds import Kind

from ..fakes import example
from .helpers import plan_of

LISTING = """
prepare                ACT(ceph-mon/0, set-noout); backup; archive(1000); purge(before=date)
ceph-mon               PKG*; require-osd-release; CONFIG source; WAIT(model,2400); VERIFY
keystone               PKG*; CHANNEL victoria; WAIT(app,1200); CONFIG openstack-origin; WAIT(model,2400); VERIFY
nova-cloud-controller  PKG*; CHANNEL victoria; WAIT(app,300); CONFIG openstack-origin; WAIT(app,300); VERIFY
mysql-innodb-cluster   PKG*(held); CONFIG source; WAIT(app,2400); VERIFY
hypervisors            ACT(nova-compute/0, disable); PKG*; CONFIG amu=True; CHANNEL victoria; WAIT(app,300); CONFIG openstack-origin; empty?; pause; openstack-upgrade; resume; ACT(nova-compute/0, enable); WAIT(model,2400); VERIFY
ovn-central            NOVA-DONE; PKG*; CONFIG source; WAIT(app,300); VERIFY
neutron-api            NOVA-DONE; PKG*; CHANNEL victoria; WAIT(app,300); CONFIG openstack-origin; WAIT(app,300); VERIFY
ceph-osd               NOVA-DONE; PKG*; CONFIG source; WAIT(app,300); VERIFY
finish                 require-osd-release; ACT(ceph-mon/0, unset-noout)
"""  # noqa: E501 - one line for each part, as in the reference

# What stands in the plan and not in the listing: idleness is a step, a quorum is waited for
# after each unit's packages, and what was switched is put back.
ADDED = {
    "prepare": ["WAIT(model,300)"],
    "ceph-mon": ["WAIT(app,2400)"],
    "mysql-innodb-cluster": ["WAIT(app,2400)"],
    "ovn-central": ["WAIT(app,2400)"],
    "hypervisors": ["PUT-BACK amu", "WAIT(app,2400)"],
}
# The same operations in another order: the application's changes come before its hosts, and a
# host is looked at before it is touched.
ORDERED = {
    "hypervisors": [
        "CONFIG amu=True",
        "CHANNEL victoria",
        "WAIT(app,300)",
        "CONFIG openstack-origin",
        "ACT(nova-compute/0, disable)",
        "empty?",
        "PKG*",
        "pause",
        "openstack-upgrade",
        "resume",
        "ACT(nova-compute/0, enable)",
        "WAIT(model,2400)",
        "VERIFY",
        "PUT-BACK amu",
        "WAIT(app,2400)",
    ]
}


def listed():
    """Return part -> operations, as the reference lists them."""
    parts = [line.split(None, 1) for line in LISTING.strip().splitlines()]
    return {name: re.split(r";\s+", text) for name, text in parts}


def noted(step):
    """Return what a step does, in the reference's notation."""
    params = step.params
    match step.kind:
        case Kind.UPGRADE_PACKAGES:
            return ["PKG*(held)" if params["hold"] else "PKG*"]
        case Kind.REFRESH:
            return [f"CHANNEL {params['channel'].removesuffix('/stable')}"]
        case Kind.SET_CONFIG if params["key"] == "action-managed-upgrade":
            return [f"CONFIG amu={params['value']}"]
        case Kind.SET_CONFIG:
            assert params["value"] == "cloud:focal-victoria"
            return [f"CONFIG {params['key']}"]
        case Kind.WAIT_IDLE:
            scope = "model" if step.target == "model" else "app"
            return [f"WAIT({scope},{step.timeout_s})"]
        case Kind.VERIFY_WORKLOAD:
            return ["VERIFY"]
        case Kind.VERIFY_HYPERVISORS_UPGRADED:
            return ["NOVA-DONE"]
        case Kind.VERIFY_HYPERVISOR_EMPTY:
            return ["empty?"]
        case Kind.UPGRADE_UNIT:
            return list(params["actions"])
        case Kind.SET_COMPUTE_SERVICE:
            return [f"ACT({step.target}, {'enable' if params['enabled'] else 'disable'})"]
        case Kind.SET_NOOUT:
            return [f"ACT({step.target}, {'set' if params['noout'] else 'unset'}-noout)"]
        case Kind.BACKUP_DATABASE:
            return ["backup"]
        case Kind.ARCHIVE_DATA:
            return [f"archive({params['batch-size']})"]
        case Kind.PURGE_DATA:
            assert params["before"] == "2024-01-01"
            return ["purge(before=date)"]
        case Kind.REQUIRE_OSD_RELEASE:
            return ["require-osd-release"]
        case Kind.PUT_BACK:
            return ["PUT-BACK amu"]
        case _:
            return [step.kind.value]


def planned():
    """Return part -> operations of this project's plan; its sections are known by the listing."""
    plan = plan_of(example(), set_noout=True, purge=True, purge_before="2024-01-01")
    found = {}
    for section in plan.root.steps:
        whole = section.id in ("prepare", "hypervisors", "finish")
        for group in [section] if whole else section.steps:
            found[group.id] = [text for step in group.single_steps() for text in noted(step)]
    return found


def without(operations, added):
    """Return operations without those added, each of which has to be there."""
    left = list(operations)
    for one in added:
        left.remove(one)
    return left


def test_the_parts_come_as_listed():
    assert list(planned()) == list(listed())


def test_every_part_has_the_listed_operations_and_those_that_are_told():
    found = planned()
    for part, operations in listed().items():
        ours = without(found[part], ADDED.get(part, ()))
        assert sorted(ours) == sorted(operations), part


def test_the_operations_of_a_part_come_in_the_listed_order_but_for_hosts():
    found = planned()
    for part, operations in listed().items():
        if part in ORDERED:
            assert found[part] == ORDERED[part]
        else:
            assert without(found[part], ADDED.get(part, ())) == operations
