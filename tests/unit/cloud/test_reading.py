"""Reading a model: nothing changes, nothing hangs, and what is silent is named."""

from __future__ import annotations

import asyncio
import collections

import pytest
from cou.cloud import cloud, reading
from cou.cloud.names import in_order
from cou.errors import JujuError
from cou.juju.port import Status, TaskStatus
from cou.options.options import Options
from juju_testbed.model import virtual

from ..fakes import Ceph, World, example


def read(world: World, deadline_s: float = 5.0, **options):
    chosen = Options.from_dict({key.replace("_", "-"): value for key, value in options.items()})
    return virtual.run(reading.read(world, chosen, deadline_s=deadline_s))


def test_only_reading_queries_are_made():
    world = example()
    read(world)
    asked = {text for _, text in world.asked}
    assert asked == {
        "instance-count",
        "list-compute-nodes",
        "ceph versions --format json",
        "ceph osd dump --format json",
        "ceph status --format json",
        "ceph osd metadata --format json",
        "apt-mark showhold",
    }


def test_machines_that_principals_share_are_asked_once_for_unattended_upgrades():
    world = example()
    world.add("ceph-radosgw", "15.2.17", channel="octopus/stable", machines="0")
    world.unattended = {"0"}
    found = cloud.build(read(world))
    asked = [unit for unit, text in world.asked if "unattended-upgrades" in text]
    assert asked == ["ceph-radosgw/0"]
    assert found.unattended == {"0"}


def test_what_apt_holds_is_read_where_an_upgrade_holds_something():
    world = example()
    world.held["mysql-innodb-cluster/0"] = ["mysql-server-core-8.0", "linux-image"]
    found = cloud.build(read(world))
    assert found.held == {"mysql-innodb-cluster/0": ("linux-image", "mysql-server-core-8.0")}


def test_hypervisors_are_not_asked_where_only_the_control_plane_is_planned():
    world = example()
    read(world, group="control-plane")
    assert {unit for unit, _ in world.asked} == {"ceph-mon/0", "mysql-innodb-cluster/0"}


def test_options_and_actions_are_read_of_recognised_applications_only():
    world = example()
    world.add("ntp", "4.2", channel="latest/stable")
    found = read(world)
    assert "ntp" not in found.config
    assert "ntp" not in found.actions
    assert cloud.build(found).ignored == ("ntp",)


@pytest.mark.parametrize(("sent", "tries"), [(None, 3), (False, 1)])
def test_a_query_whose_answer_was_lost_is_put_again_and_a_refused_one_is_not(sent, tries):
    world = example()
    asked = []

    async def lost(unit, action, params, enqueue=world.enqueue):
        asked.append((unit, action))
        if asked.count((unit, action)) < 3 and action == "instance-count":
            raise JujuError("connection-lost", "No answer came.", sent=sent)
        return await enqueue(unit, action, params)

    world.enqueue = lost
    found = read(world)
    assert asked.count(("nova-compute/0", "instance-count")) == tries
    missing = {one.subject for one in found.unanswered if one.key == "instance-count"}
    assert missing == (set() if tries == 3 else {"nova-compute/0"})


def test_a_unit_that_does_not_answer_is_named_and_holds_nothing_up():
    world = example()
    world.silent.add("nova-compute/0")
    found = read(world, deadline_s=0.3)
    assert [(one.subject, one.key) for one in found.unanswered] == [
        ("nova-compute/0", "instance-count"),
        ("nova-compute/0", "list-compute-nodes"),
    ]
    assert found.ceph[0].health == "HEALTH_OK"


def test_questions_that_were_not_begun_are_taken_back():
    world = example()
    world.silent.add("nova-compute/0")
    read(world, deadline_s=0.3)
    left = [task for task in world.tasks_made.values() if task.status is TaskStatus.PENDING]
    assert left == []


@pytest.mark.parametrize("call", ["model_config", "model_access"])
def test_a_call_that_never_comes_back_becomes_an_unanswered_question(call):
    world = example()
    world.deaf.add(call)
    found = read(world, deadline_s=0.3)
    assert [one.key for one in found.unanswered] == [call.replace("_", "-")]


def test_an_account_without_admin_still_gets_its_answers_from_actions():
    world = example()
    world.access = "write"
    found = read(world)
    assert found.instances == {"nova-compute/0": 0}
    silent = {one.subject for one in found.unanswered}
    assert silent == {"ceph-mon/0", "mysql-innodb-cluster/0"}
    assert found.ceph[0].health is None


def test_instances_and_compute_services_are_read_per_unit():
    world = example()
    world.instances["nova-compute/0"] = "7"
    world.disabled.add("nova-compute/0")
    found = read(world)
    assert found.instances == {"nova-compute/0": 7}
    assert found.compute_services == {"nova-compute/0": False}


def test_a_count_that_is_no_number_is_no_answer():
    world = example()
    world.instances["nova-compute/0"] = "many"
    found = read(world)
    assert found.instances == {}
    assert "'many'" in found.unanswered[0].seen


def test_ceph_tells_versions_flags_health_and_object_stores():
    world = example()
    world.ceph["ceph-mon"] = Ceph(
        releases=("octopus", "pacific"),
        flags=("noout", "sortbitwise"),
        health="HEALTH_WARN",
        checks=("OSDMAP_FLAGS",),
        pgs={"active+clean": 30, "active+clean+scrubbing": 2, "active+undersized": 1},
        filestore=(1,),
    )
    (state,) = read(world).ceph
    assert len(state.overall or ()) == 2
    assert state.flags == ("noout", "sortbitwise")
    assert (state.health, state.checks) == ("HEALTH_WARN", ("OSDMAP_FLAGS",))
    assert state.unclean_pgs == 1
    assert state.filestore_osds == (1,)


def test_the_snapshot_is_the_same_for_the_same_model():
    assert cloud.build(read(example())) == cloud.build(read(example()))


def test_applications_stand_in_the_order_of_their_upgrade():
    world = World()
    for name, charm in [
        ("zz", "nova-compute"),
        ("b-key", "keystone"),
        ("a-key", "keystone"),
        ("vault", "vault"),
        ("mysql", "mysql-innodb-cluster"),
    ]:
        world.add(name, "1", charm=charm)
    order = [app.name for app in cloud.build(read(world)).applications]
    assert order == ["vault", "a-key", "b-key", "zz", "mysql"]


def test_units_are_ordered_by_number():
    world = World()
    world.add("keystone", "17.0.0", units=11)
    (app,) = cloud.build(read(world)).applications
    assert [unit.name for unit in app.units][-2:] == ["keystone/9", "keystone/10"]
    assert in_order(["0/lxd/10", "0/lxd/2", "0"]) == ["0", "0/lxd/2", "0/lxd/10"]


def test_the_machine_of_this_charm_is_known():
    world = example()
    world.add("cou", "", machines="0", workload=Status("active"))
    assert cloud.build(read(world)).cou_machines == {"0": "cou/0"}


@pytest.mark.parametrize(
    ("value", "flag"),
    [(True, True), (False, False), ("True", True), ("false", False), (None, None)],
)
def test_a_flag_is_read_as_boolean_or_text(value, flag):
    world = World()
    world.add("keystone", "17.0.0", config={"action-managed-upgrade": value})
    (app,) = cloud.build(read(world)).applications
    assert app.flag("action-managed-upgrade") is flag


def test_the_status_is_read_once_and_all_else_at_the_same_time():
    """Each call waits until the others of its round have begun; one after the other hangs."""
    rounds = [
        {"config", "actions"},
        {"model_config", "model_access", "annotations", "enqueue"},
    ]
    world = example()
    world.add("other-mon", "15.2.17", charm="ceph-mon", channel="octopus/stable")
    begun = collections.Counter()

    def together(name, all_of_them, call):
        async def held(*args, **more):
            begun[name] += 1
            while not all_of_them <= set(begun):
                await asyncio.sleep(0)
            return await call(*args, **more)

        setattr(world, name, held)

    for names in [{"full_status"}, *rounds]:
        for name in names:
            together(name, names, getattr(world, name))
    assert read(world, deadline_s=5.0).unanswered == ()
    assert {begun[name] for name in begun if name != "enqueue"} == {1}
