"""What holds for every plan, tried on random clouds by properties that know no planner."""

from __future__ import annotations

import collections
import dataclasses
import functools
import json
import os
import pathlib
import subprocess
import sys

import pytest
from cou import texts
from cou.kinds import Kind
from cou.options.settings import Settings
from cou.plan.plan import Plan

from ..fakes import COMPUTE_ACTIONS, example, principal_options
from .helpers import plan_of
from .properties import RULES
from .random_clouds import cloud_of
from .test_rolling import service

ROOT = pathlib.Path(__file__).parents[3]
SEEDS = range(int(os.environ.get("COU_RANDOM_CLOUDS", "400")))


@functools.cache
def _planned(seed):
    cloud = cloud_of(seed)
    return cloud, plan_of(cloud.world, **cloud.options)


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rules_hold_on_random_clouds(rule):
    for seed in SEEDS:
        cloud, plan = _planned(seed)
        try:
            rule(cloud, plan)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error


@pytest.mark.slow
def test_the_same_cloud_gives_the_same_bytes():
    """Also where Juju lists it in another order."""
    for seed in SEEDS[::10]:
        cloud = cloud_of(seed)
        one = plan_of(cloud.world, **cloud.options)
        cloud.world.apps = dict(reversed(cloud.world.apps.items()))
        for name, app in cloud.world.apps.items():
            units = dict(reversed(app.units.items()))
            cloud.world.apps[name] = dataclasses.replace(app, units=units)
        other = plan_of(cloud.world, **cloud.options)
        assert json.dumps(one.to_dict()) == json.dumps(other.to_dict())
        assert one.hash == other.hash


@pytest.mark.slow
def test_another_process_gives_the_same_bytes():
    """Sets of text have another order in each."""
    told = {_in_a_process(hash_seed) for hash_seed in ("1", "2")}
    assert len(told) == 1


def _in_a_process(hash_seed):
    code = (
        "import hashlib, json\n"
        "from tests.unit.plan.helpers import plan_of\n"
        "from tests.unit.plan.random_clouds import cloud_of\n"
        "for seed in range(20):\n"
        "    cloud = cloud_of(seed)\n"
        "    text = json.dumps(plan_of(cloud.world, **cloud.options).to_dict())\n"
        "    print(seed, hashlib.sha256(text.encode()).hexdigest())\n"
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_a_plan_survives_its_json_form():
    for seed in SEEDS[::10]:
        _, plan = _planned(seed)
        assert Plan.from_dict(json.loads(json.dumps(plan.to_dict()))).to_dict() == plan.to_dict()


def test_random_clouds_do_reach_every_kind_of_plan():
    seen = collections.Counter(
        kind for seed in SEEDS for kind in {step.kind for step in _planned(seed)[1].root.walk()}
    )
    rare = {kind.value for kind in Kind if seen[kind] < 10}
    assert rare == set()


def test_random_clouds_do_reach_every_text_of_a_step():
    """Each is in use, and is given what it names: a plan cannot be made otherwise."""
    file = pathlib.Path(texts.__file__).parent / "steps.txt"
    plans = [_planned(seed)[1] for seed in SEEDS]
    two = example()
    two.add("other-mysql", "8.0.39", charm="mysql-innodb-cluster", channel="8.0/stable")
    plans += [
        plan_of(two),
        plan_of(example(), purge=True, purge_before="2026-01-01"),
        plan_of(example(), skip_apps=",".join(example().apps)),
        plan_of(service(), strategy="rolling"),
        *(plan_of(_hypervisors(zone), Settings(hypervisor_batch=1)) for zone in ("az1", "")),
    ]
    steps = [step for plan in plans for step in plan.root.walk()]
    by_restore = {"put-back/by-restore"}
    assert {step.title.key for step in steps} == texts.parse(file.read_text()).keys() - by_restore


def _hypervisors(zone):
    world = example()
    world.machines |= {"1": zone, "2": zone}
    world.add(
        "compute",
        "21.2.4",
        charm="nova-compute",
        channel="ussuri/stable",
        machines="1 2",
        config=principal_options(),
        actions=COMPUTE_ACTIONS,
    )
    return world


def test_what_changes_by_itself_does_not_change_the_hash():
    one, other = example(), example()
    other.disabled.add("nova-compute/0")
    other.add("ntp", "4.2", channel="latest/stable")
    assert plan_of(one).hash == plan_of(other).hash


@pytest.mark.parametrize("options", [{"set_noout": True}, {"archive_batch_size": 5}])
def test_other_options_are_another_plan(options):
    assert plan_of(example()).hash != plan_of(example(), **options).hash


def test_random_clouds_reach_every_release_and_most_of_them_have_something_to_do():
    targets = collections.Counter(_planned(seed)[1].target for seed in SEEDS)
    assert set(targets) >= {"victoria", "wallaby", "xena", "yoga"}
    assert set(targets) >= {"zed", "antelope", "bobcat", "caracal"}
    assert sum(bool(_planned(seed)[1].root.steps) for seed in SEEDS) > 0.6 * len(SEEDS)


def test_the_rules_are_all_there():
    assert len(RULES) >= 24
