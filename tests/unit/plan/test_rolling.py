"""strategy=rolling: unit by unit, the leader first, for principals that can do it."""

from __future__ import annotations

import dataclasses

from cou.kinds import Kind

from ..fakes import SERVICE_ACTIONS, World
from .helpers import codes, does, find, plan_of


def service(name="glance", *, actions=SERVICE_ACTIONS, units=3, leader=1, hacluster=True):
    world = World()
    world.add_core(name, "20.0.1", units=units, actions=actions)
    if hacluster:
        world.add(
            "ha",
            charm="hacluster",
            channel="2.4/stable",
            subordinate_to=name,
            actions=frozenset(["pause", "resume"]),
        )
    app = world.apps[name]
    led = {
        unit.name: unit._replace(leader=unit.name == f"{name}/{leader}")
        for unit in app.units.values()
    }
    world.apps[name] = dataclasses.replace(app, units=led)
    return world


def test_units_go_one_by_one_the_leader_first_with_their_hacluster():
    plan = plan_of(service(), strategy="rolling")
    steps = [s for s in find(plan, "glance").single_steps() if s.kind is Kind.UPGRADE_UNIT]
    assert [step.target for step in steps] == ["glance/1", "glance/0", "glance/2"]
    assert [step.params["hacluster"] for step in steps] == ["ha/1", "ha/0", "ha/2"]


def test_the_steps_are_those_of_the_paused_single_unit():
    assert does(plan_of(service(units=2, leader=0), strategy="rolling"), "glance") == [
        "CONFIG glance action-managed-upgrade=True (mark)",
        "REFRESH glance victoria/stable",
        "WAIT glance 300",
        "CONFIG glance openstack-origin=cloud:focal-victoria",
        "PKG glance/0",
        "UNIT glance/0 pause>openstack-upgrade>resume",
        "WAIT glance 300",
        "PKG glance/1",
        "UNIT glance/1 pause>openstack-upgrade>resume",
        "WAIT glance 300",
        "WAIT glance 300",
        "VERIFY glance",
        "PUT-BACK option:glance:action-managed-upgrade",
        "WAIT glance 300",
    ]


def test_without_hacluster_only_the_unit_is_paused():
    plan = plan_of(service(hacluster=False), strategy="rolling")
    steps = [s for s in find(plan, "glance").single_steps() if s.kind is Kind.UPGRADE_UNIT]
    assert all("hacluster" not in step.params for step in steps)


def test_a_principal_that_cannot_roll_is_named_and_upgraded_together():
    plan = plan_of(service(actions=frozenset(["pause"])), strategy="rolling")
    assert "not-rolling:glance" in codes(plan)
    assert not [s for s in plan.root.single_steps() if s.kind is Kind.UPGRADE_UNIT]
    assert not plan.blocking or "not-rolling:glance" not in [p.code for p in plan.blocking]


def test_one_unit_alone_is_upgraded_as_ever():
    plan = plan_of(service(units=1), strategy="rolling")
    assert does(plan, "glance") == does(plan_of(service(units=1)), "glance")


def test_members_of_a_quorum_keep_their_own_way():
    world = service()
    world.add(
        "rabbitmq-server", "3.9.1", channel="3.9/stable", units=3, config={"source": "distro"}
    )
    rolled, together = plan_of(world, strategy="rolling"), plan_of(world)
    assert does(rolled, "rabbitmq-server") == does(together, "rabbitmq-server")
