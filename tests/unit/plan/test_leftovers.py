"""What an earlier run has left, found without its journal, and what undoes it."""

from __future__ import annotations

import json

import pytest
from cou.journal.records import Mark, MarkState
from cou.juju.port import Status
from cou.kinds import Kind
from cou.work import after_removal

from ..fakes import EARLIER, Ceph, example
from .helpers import codes, plan_of

AMU = "action-managed-upgrade"


def left(*marks, state="completed"):
    """Return a cloud on which an earlier run has left these marks."""
    world = example()
    note = {"run": "r1", "holder": "cou/0 of model openstack", "state": state, "marks": marks}
    world.notes["cou-run"] = json.dumps(note)
    return world


def told(plan):
    return {one.subject: one.remedy for one in plan.problems if one.code == "leftover-marks"}


def switched(world):
    """Make everything so that a run can have left."""
    paused = Status(
        "maintenance", "Paused. Use 'resume' action to resume normal service.", EARLIER
    )
    world.add("heat", "14.2.0", channel="ussuri/stable", workload=paused)
    world.ceph["ceph-mon"] = Ceph(flags=("noout",))
    world.disabled.add("nova-compute/0")
    world.held["mysql-innodb-cluster/0"] = ["mysql-server-core-8.0", "of-the-operator"]
    return world


@pytest.mark.parametrize(
    ("mark", "subject", "command"),
    [
        ("compute-service:nova-compute/0", "nova-compute/0", "juju run nova-compute/0 enable"),
        ("paused:heat/0", "heat/0", "juju run heat/0 resume"),
        ("noout:ceph-mon", "ceph-mon", "juju run ceph-mon/0 unset-noout"),
        (
            "held:mysql-innodb-cluster/0",
            "mysql-innodb-cluster/0",
            "juju exec --unit mysql-innodb-cluster/0 -- apt-mark unhold mysql-server-core-8.0.",
        ),
    ],
)
def test_each_mark_is_told_with_what_undoes_it(mark, subject, command):
    found = told(plan_of(switched(left(mark))))
    assert command in found[subject]
    assert "of-the-operator" not in found[subject]


@pytest.mark.parametrize(
    "mark",
    [
        "compute-service:nova-compute/0",
        "paused:keystone/0",
        "noout:ceph-mon",
        f"option:nova-compute:{AMU}",
        "option:keystone:unheard-of",
        "paused:keystone/9",
        "paused:gone/0",
        "held:mysql-innodb-cluster/0",
    ],
)
def test_what_was_put_back_since_is_not_told(mark):
    assert told(plan_of(left(mark))) == {}


def test_a_run_that_was_not_ended_is_named():
    assert "leftover-run:model" in codes(plan_of(left(state="stopped")))
    assert "leftover-run:model" not in codes(plan_of(left(state="completed")))


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"marks": 3}', '{"run": "r", "marks": 3}'])
def test_an_annotation_that_is_not_ours_to_read_harms_nothing(text):
    world = example()
    world.notes["cou-run"] = text
    assert told(plan_of(world)) == {}


def test_an_option_that_a_zone_before_has_left_is_put_back_by_the_last_zone():
    world = left(f"option:nova-compute:{AMU}")
    world.options["nova-compute"][AMU] = True
    plan = plan_of(world)
    sets = [
        s for s in plan.root.single_steps() if s.kind is Kind.SET_CONFIG and s.params["key"] == AMU
    ]
    assert [(s.params["value"], s.params["mark"], s.params["was"]) for s in sets] == [
        ("True", True, "False")
    ]
    backs = [s.params["mark"] for s in plan.root.single_steps() if s.kind is Kind.PUT_BACK]
    assert backs == [f"option:nova-compute:{AMU}"]
    assert told(plan) == {}
    assert "action-managed-upgrade-stays:nova-compute" not in codes(plan)


def test_an_option_that_the_operator_has_set_is_left_alone():
    world = example()
    world.options["nova-compute"][AMU] = True
    plan = plan_of(world)
    assert not [s for s in plan.root.single_steps() if s.kind is Kind.PUT_BACK]
    assert "action-managed-upgrade-stays:nova-compute" in codes(plan)


def test_held_packages_and_unattended_upgrades_are_told():
    world = example()
    world.held["mysql-innodb-cluster/0"] = ["mysql-server-core-8.0"]
    world.add("ceph-radosgw", "15.2.17", channel="octopus/stable", machines="0")
    world.unattended = {"0"}
    found = codes(plan_of(world))
    assert "held-packages:mysql-innodb-cluster/0" in found
    assert "unattended-upgrades:0" in found


def told_by(data, mark=f"option:nova-compute:{AMU}", **more):
    """Return a cloud on which a run has left a mark, with what its step wrote down."""
    world = example()
    note = {"run": "r1", "holder": "cou/0 of model openstack", "state": "abandoned"}
    note |= {"marks": [mark], "data": {mark: data}, **more}
    world.notes["cou-run"] = json.dumps(note)
    return world


def managed(world):
    world.options["nova-compute"][AMU] = True
    return world


@pytest.mark.parametrize(
    ("data", "command"),
    [
        ({"was": "False"}, f"juju config nova-compute {AMU}=False"),
        ({"was": ""}, f"juju config nova-compute --reset {AMU}"),
        ({}, f"juju config nova-compute {AMU}=false"),
        ({"was": ["x"]}, f"juju config nova-compute {AMU}=false"),
        ({"was": "x; reboot"}, f"juju config nova-compute '{AMU}=x; reboot'"),
    ],
)
def test_the_command_is_the_one_that_the_earlier_run_wrote_for_people(data, command):
    plan = plan_of(managed(told_by(data)), group="control-plane")
    assert command in told(plan)["nova-compute"]
    if isinstance(data.get("was"), str):
        id = f"option:nova-compute:{AMU}"
        mark = Mark(id, "option", "nova-compute", data, MarkState.KEPT, "", EARLIER, "")
        (written,) = after_removal.undo_texts([mark]).values()
        assert told(plan)["nova-compute"] == f"{written}."


@pytest.mark.parametrize(
    ("data", "packages"),
    [
        ({"packages": ["mysql-server-core-8.0"]}, "mysql-server-core-8.0"),
        ({"packages": 5}, "mysql-server-core-8.0"),
        ({"packages": ["$(reboot)", 7]}, "mysql-server-core-8.0"),
        ("text", "mysql-server-core-8.0"),
    ],
)
def test_what_other_hands_wrote_into_it_makes_no_other_command(data, packages):
    world = switched(told_by(data, "held:mysql-innodb-cluster/0"))
    command = f"juju exec --unit mysql-innodb-cluster/0 -- apt-mark unhold {packages}."
    assert told(plan_of(world))["mysql-innodb-cluster/0"] == f"Run {command}"


@pytest.mark.parametrize(("unit", "gone"), [("cou/7", True), ("", False)])
def test_nobody_is_sent_to_a_unit_that_is_not_in_the_model_any_more(unit, gone):
    world = told_by({}, state="failed", unit=unit)
    (found,) = (one for one in plan_of(world).problems if one.code == "leftover-run")
    assert ("is not in this model any more" in found.seen) is gone
    assert ("Ask cou/0" in found.remedy) is not gone
