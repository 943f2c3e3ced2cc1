"""A plan as people read it, and as programs do."""

from __future__ import annotations

import json
import pathlib

import pytest
from cou.kinds import Kind
from cou.show import plan_text

from ..fakes import Ceph, example
from ..plan.helpers import plan_of
from ..plan.test_groups import both
from ..worlds import openstack_base
from .schema import faults

SCHEMA = pathlib.Path(__file__).parents[3] / "docs" / "reference" / "plan.schema.json"


def test_the_text_reads_like_the_transcript():
    text = plan_text.text(plan_of(openstack_base("focal", "ussuri")))
    lines = text.splitlines()
    assert lines[0] == "Upgrade cloud from 'ussuri' to 'victoria'"
    assert lines[1] == "    Verify that all OpenStack applications are in idle state"
    assert lines[2] == "    Back up MySQL databases"
    at = lines.index("    Upgrade plan for 'keystone' to 'victoria'")
    assert lines[at + 1 : at + 8] == [
        "        Upgrade software packages of 'keystone' from the current APT repositories",
        "            Ψ Upgrade software packages on unit 'keystone/0'",
        "        Upgrade 'keystone' to the new channel: 'victoria/stable'",
        "        Wait for up to 1200s for app 'keystone' to reach the idle state",
        "        Change charm config of 'keystone' 'openstack-origin' to 'cloud:focal-victoria'",
        "        Wait for up to 2400s for model 'openstack' to reach the idle state",
        "        Verify that the workload of 'keystone' has been upgraded",
    ]


def test_the_text_tells_problems_ignored_applications_and_that_there_is_no_way_back():
    world = openstack_base("focal", "ussuri")
    world.add("swift-proxy", "2.25.0", channel="ussuri/stable")
    plan = plan_of(world)
    text = plan_text.text(plan)
    assert "Problems that block the upgrade:\n    unsupported-charm (swift-proxy): " in text
    assert "Warnings:\n    ceph-without-noout (ceph-mon): " in text
    assert "neither upgraded nor waited for: ntp" in text
    assert "cannot be undone" in text
    assert plan.hash in text


def test_what_was_taken_on_is_told_apart():
    world = example()
    world.ceph["ceph-mon"] = Ceph(flags=("noout",))
    text = plan_text.text(plan_of(world, accept="noout-set:ceph-mon"))
    assert "Problems that were taken on:\n    noout-set (ceph-mon): " in text
    assert "block the upgrade" not in text


def test_known_issues_stand_below_their_step():
    lines = plan_text.text(plan_of(example())).splitlines()
    at = next(n for n, line in enumerate(lines) if "Pause, upgrade and resume" in line)
    assert lines[at + 1].lstrip().startswith("! Known issue (LP#1947585)")


def test_an_empty_plan_says_so():
    text = plan_text.text(plan_of(both("victoria", "victoria"), group="hypervisors"))
    assert "There is nothing to do." in text
    assert "0 steps" in text


def test_a_plan_that_is_empty_for_its_problems_names_them_instead():
    text = plan_text.text(plan_of(example(), skip_apps=",".join(example().apps)))
    assert "There is nothing to do." not in text
    assert "Nothing is planned before the problems are solved." in text
    assert "no-openstack (model)" in text
    assert "0 steps" in text


def test_markdown_has_sections_and_the_reason_for_every_step():
    plan = plan_of(example(), set_noout=True)
    text = plan_text.markdown(plan)
    assert text.startswith("# Upgrade cloud from 'ussuri' to 'victoria'\n")
    for heading in ("## Prepare", "## Control plane", "## Hypervisors", "## Finish"):
        assert heading in text
    for leaf in plan.root.single_steps():
        assert leaf.title in text
        assert leaf.why.partition(" Known issue ")[0] in text


def _json(plan):
    return json.loads(json.dumps(plan.to_dict()))


@pytest.mark.parametrize(("series", "release"), [("focal", "ussuri"), ("jammy", "yoga")])
def test_the_json_form_is_that_of_the_published_schema(series, release):
    schema = json.loads(SCHEMA.read_text())
    world = openstack_base(series, release)
    world.add("glance-local", "x", charm="glance", channel="", scheme="local")
    plan = plan_of(world, set_noout=True)
    assert plan.problems
    assert faults(_json(plan), schema, schema) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda plan: plan["steps"][0].update(kind="surprise"),
        lambda plan: plan["steps"][0].update(steps=[]),
        lambda plan: plan["steps"][0]["steps"][0].pop("why"),
        lambda plan: plan["steps"][0]["steps"][0].update(id="Not An Id"),
        lambda plan: plan.update(hash="1234"),
        lambda plan: plan["options"].update(group="some"),
    ],
)
def test_the_published_schema_refuses_what_is_no_plan(damage):
    schema = json.loads(SCHEMA.read_text())
    plan = _json(plan_of(example()))
    damage(plan)
    assert faults(plan, schema, schema) != []


def test_the_published_schema_knows_every_kind_of_step():
    schema = json.loads(SCHEMA.read_text())
    kinds = schema["$defs"]["step"]["properties"]["kind"]["enum"]
    assert set(kinds) == {kind.value for kind in Kind}


def test_the_same_plan_gives_the_same_text():
    one, other = plan_of(example()), plan_of(example())
    assert plan_text.text(one) == plan_text.text(other)
    assert plan_text.markdown(one) == plan_text.markdown(other)


@pytest.mark.parametrize("form", [plan_text.text, plan_text.markdown])
def test_a_plan_of_what_is_not_there_does_not_say_that_nothing_is_to_do(form):
    shown = form(plan_of(example(), group="hypervisors", availability_zones="az9"))
    assert "nothing to do" not in shown
    assert "unknown-zone" in shown
