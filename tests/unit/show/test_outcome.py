"""A run that left something out says so, with what to do."""

from __future__ import annotations

import dataclasses

import pytest
from cou.journal.records import StepRecord, StepState
from cou.show import outcome
from cou.wording import IN_DOCUMENTS, text

from ..fakes import example
from ..plan.helpers import plan_of


def records(plan, **skipped):
    """Return every step as done, but for those of these ids, which are skipped with a note."""
    return {
        step.id: StepRecord(
            step.id,
            place,
            StepState.SKIPPED if step.id in skipped else StepState.DONE,
            1,
            None,
            None,
            skipped.get(step.id, ""),
            "",
        )
        for place, step in enumerate(plan.root.single_steps())
    }


def told(plan, **skipped):
    found = outcome.of(plan, records(plan, **skipped))
    return f"upgraded {found.what}{found.exceptions(IN_DOCUMENTS)}"


def filled():
    world = example()
    world.instances["nova-compute/0"] = "5"
    return world


def test_a_whole_cloud_has_no_exceptions():
    assert told(plan_of(example())) == "upgraded to victoria"


def test_hosts_with_instances_and_what_waits_for_them_are_named():
    assert told(plan_of(filled())) == (
        "upgraded to victoria except nova-compute/0 (5 instances), ceph-osd, neutron-api, "
        "ovn-central: empty it, then plan group=data-plane"
    )


def test_a_host_that_filled_up_on_the_way_is_named_as_well():
    plan = plan_of(example())
    found = told(
        plan,
        **{
            "no-zone/nova-compute-0/verify-empty-nova-compute-0": (
                text("note/instances", unit="nova-compute/0", count=2)
            ),
            "no-zone/nova-compute-0/upgrade-packages": "the rest of its group was left out",
            "no-zone/nova-compute-0/upgrade-unit": "the rest of its group was left out",
            "neutron-api/verify-hypervisors-upgraded": "not upgraded",
            "neutron-api/refresh/victoria-stable": "the rest of its group was left out",
        },
    )
    assert found == (
        "upgraded to victoria except nova-compute/0 (2 instances), neutron-api: empty it, then "
        "plan group=data-plane"
    )


def test_a_step_that_an_operator_skipped_is_an_exception():
    found = told(plan_of(example()), **{"keystone/verify-workload": "I looked myself"})
    assert found == "upgraded to victoria except keystone (a step was skipped)"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"group": "control-plane"}, "the control plane to victoria"),
        ({"group": "data-plane"}, "the data plane to victoria"),
        ({"group": "hypervisors"}, "hypervisors to victoria"),
        ({"group": "hypervisors", "machines": "0"}, "hypervisors on 0 to victoria"),
        ({"group": "hypervisors", "availability_zones": "az1"}, "hypervisors in az1 to victoria"),
    ],
)
def test_a_part_of_a_cloud_is_not_called_the_cloud(options, words):
    plan = plan_of(example(), **options)
    assert outcome.of(dataclasses.replace(plan, problems=()), {}).what == words
