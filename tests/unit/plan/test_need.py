"""What comes after what: declared pairs alone overlap, and the rest keeps its order."""

from __future__ import annotations

import itertools

import pytest
from cou.control import remainder
from cou.kinds import Kind
from cou.openstack import overlaps
from cou.options.settings import Settings
from cou.plan.ready_steps import ReadySteps
from cou.plan.step import Part, Step

from ..fakes import COMPUTE_ACTIONS, SERVICE_ACTIONS, World, example
from .helpers import find, plan_of
from .random_clouds import cloud_of

QUORUM = {"vault", "rabbitmq-server", "ceph-mon", "mysql-innodb-cluster", "ovn-central"}


def behind(root):
    """Return for each leaf the ids of all leaves that must be over before it begins."""
    by_id = {step.id: step for step in root.walk()}
    found = {}

    def go(step, waits):
        own = set(waits)
        for name in step.after:
            for leaf in by_id[name].single_steps():
                own |= {leaf.id} | found[leaf.id]
        if step.kind is not Kind.GROUP:
            found[step.id] = own
        for child in step.steps:
            go(child, own)

    go(root, set())
    return found


def free_pairs(plan):
    """Return the pairs of leaves of which neither waits for the other."""
    waits = behind(plan.root)
    leaves = list(plan.root.single_steps())
    return [
        (one, other)
        for one, other in itertools.combinations(leaves, 2)
        if one.id not in waits[other.id]
    ]


@pytest.mark.slow
def test_only_units_of_one_packages_group_declared_charms_and_hosts_are_free():
    """On random clouds; by the table of charms, not by the code that reads it into plans."""
    seen = set()
    for seed in range(150):
        cloud = cloud_of(seed)
        world = cloud.world
        plan = plan_of(world, **cloud.options)
        together = {
            leaf.id: group.id
            for group in plan.root.walk()
            if group.parallel
            for leaf in group.single_steps()
        }
        hosts = {
            leaf.id: group.id
            for group in plan.root.walk()
            if group.params.get("part") == Part.HOST.value
            for leaf in group.single_steps()
        }
        for one, other in free_pairs(plan):
            if one.id in together and together[one.id] == together.get(other.id):
                seen.add("units")
            elif one.id in hosts and other.id in hosts:
                assert hosts[one.id] != hosts[other.id]
                assert cloud.options["non_empty_hypervisors"] == "skip"
                check_hosts(world, one, other)
                seen.add("hosts")
            else:
                check_applications(world, one, other)
                seen.add("applications")
    assert seen == {"units", "hosts", "applications"}


def check_applications(world, one, other):
    here, there = (world.apps[step.id.partition("/")[0]] for step in (one, other))
    assert here.name != there.name
    assert not machines(here) & machines(there), (one.id, other.id)
    assert not {here.charm, there.charm} & QUORUM, (one.id, other.id)
    rows = [row for row in overlaps.declared() if row.covers(here.charm, there.charm)]
    assert rows
    assert all(row.may for row in rows)


def check_hosts(world, one, other):
    here, there = (
        world.apps[step.target.partition("/")[0]].units[step.target].machine
        for step in (one, other)
    )
    assert here != there
    assert world.machines[here] == world.machines[there]
    for app in world.apps.values():
        if app.charm != "nova-compute" and not app.subordinate_to:
            shared = {here, there} <= machines(app)
            assert not shared or (app.charm == "ceph-osd" and world.machines[here])


def machines(app):
    return {unit.machine for unit in app.units.values()}


def test_every_declaration_gives_its_reason_and_names_charms_of_the_catalogue():
    assert all(row.reason.endswith(".") for row in overlaps.declared())
    assert overlaps.may("glance", "cinder")
    assert not overlaps.may("placement", "nova-cloud-controller")
    assert not overlaps.may("nova-cloud-controller", "placement")
    assert not overlaps.may("glance", "keystone")
    assert not overlaps.may("no-such-charm", "glance")


def apis(**homes):
    world = World()
    for name, machine in homes.items():
        world.add_core(
            name,
            {"glance": "20.0.1", "cinder": "16.0.1", "placement": "3.0.0"}[name],
            machines=machine,
            actions=SERVICE_ACTIONS,
        )
    return world


def test_independent_applications_wait_for_nothing_but_what_stands_before_their_section():
    plan = plan_of(apis(glance="1", cinder="2", placement="3"))
    assert {name: find(plan, name).after for name in ("glance", "cinder", "placement")} == {
        "glance": (),
        "cinder": (),
        "placement": (),
    }
    assert find(plan, "control-plane").after == ("prepare",)


def test_applications_that_share_a_machine_come_after_one_another():
    plan = plan_of(apis(glance="1", cinder="1", placement="3"))
    assert find(plan, "glance").after == ("cinder",)
    assert find(plan, "placement").after == ()


def test_steps_of_one_application_come_one_after_the_other():
    steps = find(plan_of(example()), "keystone").steps
    assert [step.after for step in steps[1:]] == [(step.id,) for step in steps[:-1]]
    assert steps[0].after == ()


def zone_of_three():
    """Return a cloud of three hypervisors in one zone."""
    world = World()
    for number in range(3):
        world.machines[str(number)] = "az1"
    world.add_core("nova-compute", "21.2.4", machines="0 1 2", actions=COMPUTE_ACTIONS)
    return world


def hosts_of(zone):
    return [step for step in zone.steps if step.params.get("part") == Part.HOST.value]


def test_hosts_of_a_zone_are_free_and_what_ends_the_zone_waits_for_all_of_them():
    zone = find(plan_of(zone_of_three(), Settings(hypervisor_batch=0)), "az1")
    hosts = hosts_of(zone)
    before = zone.steps[zone.steps.index(hosts[0]) - 1]
    assert [host.after for host in hosts] == [(before.id,)] * 3
    wait = zone.steps[zone.steps.index(hosts[-1]) + 1]
    assert wait.after == tuple(host.id for host in hosts)


def test_hosts_that_may_run_instances_go_one_at_a_time_however_many_may_work_at_once():
    """Which of them run some may change until they are reached, so it holds for all."""
    world = zone_of_three()
    world.instances["nova-compute/1"] = "5"
    plan = plan_of(world, max_parallel=8, non_empty_hypervisors="upgrade")
    hosts = hosts_of(find(plan, "az1"))
    assert len(hosts) == 3
    assert [host.after for host in hosts[1:]] == [(hosts[0].id,), (hosts[1].id,)]


def test_the_order_of_the_plan_is_the_same_whatever_may_overlap():
    one, many = plan_of(example()), plan_of(example(), max_parallel=16)
    assert [step.to_dict() for step in one.root.steps] == [s.to_dict() for s in many.root.steps]


def leaf(name, *after):
    return Step(name, Kind.RUN_ACTION, name, after=after)


def group(name, *steps, after=(), parallel=False):
    return Step(name, Kind.GROUP, name, after=tuple(after), parallel=parallel, steps=steps)


ROOT = group(
    "root",
    group("a", leaf("a1"), leaf("a2", "a1")),
    group("b", leaf("b1"), leaf("b2", "b1")),
    group("c", group("p", leaf("p1"), leaf("p2"), parallel=True), after=("a",)),
    group("d", leaf("d1"), after=("b", "c")),
)


def names(frontier):
    return {strand.id for strand in frontier.ready()}


def test_a_step_may_begin_when_all_that_it_comes_after_is_over():
    frontier = ReadySteps(ROOT, (), by_need=True)
    assert names(frontier) == {"a1", "b1"}
    frontier.over("a1")
    assert names(frontier) == {"a2", "b1"}
    frontier.over("a2")
    assert names(frontier) == {"p", "b1"}
    frontier.over("p1")
    assert names(frontier) == {"p", "b1"}
    for step in ("p2", "b1", "b2"):
        frontier.over(step)
    assert names(frontier) == {"d1"}


def test_what_is_over_already_holds_nothing_up():
    assert names(ReadySteps(ROOT, {"a1", "a2", "b1"}, by_need=True)) == {"b2", "p"}


def test_one_at_a_time_keeps_the_order_of_the_plan():
    frontier = ReadySteps(ROOT, (), by_need=False)
    order = []
    while ready := frontier.ready():
        assert len(ready) == 1
        order += [step.id for step in ready[0].steps]
        for step in ready[0].steps:
            frontier.over(step.id)
    assert order == [step.id for step in ROOT.single_steps()]


def test_a_plan_of_before_there_was_an_order_by_need_is_followed_step_by_step():
    old = group("root", group("a", leaf("a1"), leaf("a2")), group("b", leaf("b1")))
    assert names(ReadySteps(old, (), by_need=True)) == {"a1"}


def test_the_longest_way_comes_first():
    times = {"a1": 1, "a2": 1, "b1": 9, "b2": 9, "p1": 1, "p2": 1, "d1": 1}
    frontier = ReadySteps(ROOT, (), by_need=True, expected_s=lambda step: times[step.id])
    assert [strand.id for strand in frontier.ready()] == ["b1", "a1"]


def test_what_came_after_a_step_that_is_left_out_comes_after_all_before_it():
    chain = group("root", leaf("x"), leaf("y", "x"), leaf("z", "y"))
    kept = group("root", leaf("x"), leaf("z", "y"))
    assert [step.after for step in remainder.without_steps(chain, kept).steps] == [(), ("x",)]
