"""The interactive mode, and the way out: `upgrade-step` and `abandon`."""

from __future__ import annotations

from typing import Any

import pytest

from .ground import Ground
from .operator import Operator


def leaves(step: dict[str, Any]) -> list[dict[str, Any]]:
    if not step["steps"]:
        return [step]
    return [leaf for child in step["steps"] for leaf in leaves(child)]


def begun(operator: Operator) -> list[str]:
    """Return the ids of the steps that were ever begun, in the plan's order."""
    run = operator.journal()
    every = [leaf for part in run["steps"] for leaf in leaves(part)]
    return [leaf["id"] for leaf in every if leaf.get("started")]


@pytest.fixture(autouse=True)
def planned(operator: Operator):
    if operator.state() == "none":
        assert operator.run("plan").status == "completed"


def step(operator: Operator, *parameters: str) -> str:
    answer = operator.run("upgrade-step", *parameters)
    assert answer.status == "completed", answer
    return operator.await_rest()


def test_one_single_step_then_it_stops_and_names_the_next(operator: Operator):
    before = begun(operator)
    assert step(operator, "granularity=step").startswith("stopped at step ")
    after = begun(operator)
    assert len(after) == len(before) + 1
    coming = operator.journal()["next"]
    assert coming not in after
    step(operator, "granularity=step", f"expect={coming}")
    assert begun(operator) == [*after, coming]


def test_so_many_steps_as_were_asked_for(operator: Operator):
    before = begun(operator)
    step(operator, "granularity=step", "count=2")
    assert len(begun(operator)) == len(before) + 2


def test_any_other_step_than_the_one_expected_is_refused(ground: Ground, operator: Operator):
    before, changes = begun(operator), ground.changes()
    answer = operator.run("upgrade-step", "expect=keystone/no-such-step")
    words = answer.message or operator.await_rest()
    assert "keystone/no-such-step" in words + operator.journal()["error"]
    assert begun(operator) == before
    assert ground.changes() == changes


def test_one_application_at_a_time(ground: Ground, operator: Operator):
    def refreshed() -> list[str]:
        return [e["application"] for e in ground.changes() if e["event"] == "charm-changed"]

    while not refreshed():
        step(operator)
    assert refreshed() == ["keystone"]
    moved = [e["unit"] for e in ground.changes() if e["event"] == "workload-upgraded"]
    assert set(moved) == {"keystone/0"}


def test_an_abandoned_run_is_over_and_the_cloud_can_be_planned_again(
    ground: Ground, operator: Operator
):
    operator.come_to_rest()
    assert operator.run("abandon").status == "completed"
    words = operator.watch(lambda _, message: message.startswith("abandoned at "))
    assert words.endswith("juju run cou/0 plan")
    assert operator.state() == "abandoned"
    before = ground.changes()
    assert operator.run("abandon").results["code"] == "nothing-to-abandon"
    assert operator.run("upgrade").results["code"] == "no-plan"
    assert ground.changes() == before
    shown = operator.run("plan")
    assert (shown.results["remainder"], shown.results["to"]) == ("no", "victoria")
