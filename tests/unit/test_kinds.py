"""The kinds of steps: each has its row, its module, and parameters that are checked."""

from __future__ import annotations

import dataclasses
import pathlib

import pytest
from cou import steps
from cou.kinds import ROWS, InDoubt, Kind, actions, is_gate, is_repeated, switching, violation
from cou.plan.step import Step
from cou.steps import performers

MODULES = {path.stem for path in pathlib.Path(steps.__file__).parent.glob("*.py")}


@pytest.mark.parametrize("kind", ROWS, ids=lambda kind: kind.value)
def test_each_kind_has_a_module_that_performs_it(kind):
    assert kind.value.replace("-", "_") in MODULES
    assert performers.performer(kind).__module__ == f"cou.steps.{kind.value.replace('-', '_')}"


def test_each_kind_but_a_group_has_a_row():
    assert set(ROWS) == set(Kind) - {Kind.GROUP}
    assert not is_gate(Kind.GROUP)


def test_no_action_is_known_in_two_ways():
    names = [name for name, _ in actions()]
    assert len(names) == len(set(names))


def test_what_leaves_something_switched_is_put_back_by_an_action_that_may_be_repeated():
    for name, action in actions():
        assert bool(action.switches) == bool(action.back), name
        if action.back:
            assert is_repeated(action.back)
            assert action.in_doubt is InDoubt.REPEATED
            assert switching(name) == action
    assert switching("pause").mark("keystone/0") == "paused:keystone/0"
    assert switching("set-noout").mark("ceph-mon/1") == "noout:ceph-mon"
    assert switching("resume") is None


@pytest.mark.parametrize("name", ["mysqldump", "run-deferred-hooks", "not-known"])
def test_what_is_asked_about_or_not_known_is_not_repeated(name):
    assert not is_repeated(name)


@pytest.mark.parametrize(
    ("params", "wrong"),
    [
        ({"key": "source", "value": "distro", "mark": False}, ""),
        ({"key": "source", "value": "distro", "mark": False, "was": "x"}, ""),
        ({"key": "source", "value": "distro"}, "mark is missing"),
        ({"key": "source", "value": True, "mark": False}, "value is no string"),
        ({"key": "source", "value": "x", "mark": "no"}, "mark is no boolean"),
        ({"key": "s", "value": "x", "mark": False, "odd": 1}, "odd is not known"),
    ],
)
def test_the_parameters_of_a_step_are_those_of_its_row(params, wrong):
    assert violation(Kind.SET_CONFIG, params) == wrong
    step = Step("a", Kind.SET_CONFIG, "a title", target="a", params=params)
    if wrong:
        with pytest.raises(ValueError, match=wrong):
            Step.from_dict(step.to_dict())
    else:
        assert Step.from_dict(step.to_dict()) == step


def test_a_row_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ROWS[Kind.REFRESH].guess_s = 1.0
