"""Actions and commands: enqueued once, found again, cancelled."""

from __future__ import annotations

from typing import Any

import pytest
from cou.errors import JujuError
from cou.juju.client import Client
from cou.juju.port import TaskStatus

from .controller import Controller, element_error
from .inprocess import InProcess, ask


def test_an_action_is_enqueued_with_its_parameters_and_gives_its_task_id():
    controller = Controller()
    number = ask(controller, lambda juju: juju.enqueue("nova-compute/12", "disable", {"a": "b"}))
    found = ask(controller, lambda juju: juju.tasks([number]))[number]
    assert (found.unit, found.name, found.parameters) == ("nova-compute/12", "disable", {"a": "b"})
    assert found.status is TaskStatus.PENDING
    assert found.started is None, "a zero time is none"


def test_an_action_that_the_charm_lacks_was_certainly_not_begun():
    with pytest.raises(JujuError) as caught:
        ask(Controller(), lambda juju: juju.enqueue("keystone/0", "no-such", {}))
    assert caught.value.sent is False
    assert "not defined" in caught.value.seen


def test_an_answer_to_a_change_that_cannot_be_read_leaves_it_unknown():
    controller = Controller()
    controller.Action_EnqueueOperation = lambda params: {"actions": [{"action": {"tag": "x"}}]}  # type: ignore[method-assign]
    with pytest.raises(JujuError) as caught:
        ask(controller, lambda juju: juju.enqueue("keystone/0", "pause", {}))
    assert (caught.value.code, caught.value.sent) == ("bad-reply", None)
    assert "Action.EnqueueOperation: actions[0].action.tag" in caught.value.seen


@pytest.mark.parametrize(("seconds", "sent"), [(1.5, 1_500_000_000), (0, None)])
def test_a_commands_time_limit_travels_in_nanoseconds(seconds: float, sent: int | None):
    controller = Controller()
    number = ask(controller, lambda juju: juju.run_command("ceph-mon/0", "ceph -s", seconds))
    (asked,) = controller.asked("Action.Run")
    assert (asked["timeout"], asked["units"], asked["commands"]) == (
        sent,
        ["ceph-mon/0"],
        "ceph -s",
    )
    assert ask(controller, lambda juju: juju.tasks([number]))[number].name == "juju-exec"


def test_tasks_that_juju_does_not_know_are_left_out():
    controller = Controller()
    (number,) = controller.add_operation("pause", ["keystone/0"], output={"return-code": 0})
    found = ask(controller, lambda juju: juju.tasks([number, 999]))
    assert list(found) == [number]
    assert found[number].output == {"return-code": 0}


def test_any_other_error_of_one_task_is_raised():
    controller = Controller()
    denied = element_error("permission denied", "unauthorized access")
    controller.Action_Actions = lambda params: {"results": [denied]}  # type: ignore[method-assign]
    with pytest.raises(JujuError) as caught:
        ask(controller, lambda juju: juju.tasks([1]))
    assert caught.value.code == "permission-denied"
    assert "task 1" in caught.value.seen


def test_a_reply_with_too_few_elements_is_a_bad_reply():
    controller = Controller()
    controller.Action_Actions = lambda params: {"results": []}  # type: ignore[method-assign]
    with pytest.raises(JujuError) as caught:
        ask(controller, lambda juju: juju.tasks([1, 2]))
    assert caught.value.code == "bad-reply"


def test_a_status_that_is_none_of_jujus_is_a_bad_reply():
    controller = Controller()
    (number,) = controller.add_operation("pause", ["keystone/0"], "dreaming")
    with pytest.raises(JujuError) as caught:
        ask(controller, lambda juju: juju.tasks([number]))
    assert "dreaming" in caught.value.seen


def crowd() -> tuple[Controller, list[int]]:
    """Ids from 1 to above 1000, so that their order as text is not theirs as numbers."""
    controller = Controller()
    controller.page_limit = 50
    wanted: list[int] = []
    for at in range(300):
        wanted += controller.add_operation("pause", ["keystone/0"])
        if at % 3 == 0:
            controller.add_operation("pause", ["glance/0"])
            controller.add_operation("resume", ["keystone/0"])
    return controller, wanted


def test_every_newer_task_is_listed_oldest_first_however_many_pages_there_are():
    controller, wanted = crowd()
    after = wanted[120]
    found = ask(controller, lambda juju: juju.tasks_after(["keystone/0"], "pause", after))
    assert [task.id for task in found] == wanted[121:]


def test_the_last_task_is_found_though_juju_sorts_ids_as_text():
    controller, wanted = crowd()
    assert ask(controller, lambda juju: juju.last_task_id("keystone/0", "pause")) == wanted[-1]


def test_there_is_no_last_task_where_there_was_none():
    assert ask(Controller(), lambda juju: juju.last_task_id("keystone/0", "pause")) == 0


def test_a_short_list_costs_one_call():
    controller = Controller()
    controller.add_operation("pause", ["keystone/0", "keystone/1"])
    found = ask(controller, lambda juju: juju.tasks_after(["keystone/1"], "pause", 0))
    assert [task.unit for task in found] == ["keystone/1"]
    assert len(controller.calls) == 1


class Busy(Controller):
    """A controller on which old operations are pruned while somebody lists them."""

    def __init__(self, prunings: int):
        super().__init__()
        self.prunings = prunings

    def Action_ListOperations(self, params: dict[str, Any]) -> dict[str, Any]:
        if params["offset"] and self.prunings:
            self.prunings -= 1
            del self.operations[:5]
        return super().Action_ListOperations(params)


def test_no_task_is_missed_when_the_list_moves_while_it_is_read():
    controller = Busy(prunings=2)
    controller.page_limit = 20
    wanted = [controller.add_operation("pause", ["keystone/0"])[0] for _ in range(90)]
    found = ask(controller, lambda juju: juju.tasks_after(["keystone/0"], "pause", 0))
    assert [task.id for task in found] == wanted[10:]


def test_a_list_that_never_holds_still_is_an_error_and_no_endless_loop():
    controller = Busy(prunings=1000)
    controller.page_limit = 20
    for _ in range(200):
        controller.add_operation("pause", ["keystone/0"])
    with pytest.raises(JujuError) as caught:
        ask(controller, lambda juju: juju.last_task_id("keystone/0", "pause"))
    assert caught.value.code == "try-again"


def test_cancelling_tells_what_became_of_each_task():
    controller = Controller()
    (waiting,) = controller.add_operation("pause", ["keystone/0"], "pending")
    (running,) = controller.add_operation("pause", ["keystone/1"], "running")
    (ended,) = controller.add_operation("pause", ["keystone/1"], "completed")
    found = ask(controller, lambda juju: juju.cancel_tasks([waiting, running, ended, 999]))
    assert [found[number] for number in (waiting, running, ended)] == [
        "cancelled",
        "aborting",
        "completed",
    ]
    assert "not found" in found[999]


async def test_nothing_to_ask_asks_nothing():
    controller = Controller()

    juju = Client(InProcess(controller), pauses_s=())
    assert await juju.tasks([]) == {}
    assert await juju.cancel_tasks([]) == {}
    assert await juju.tasks_after([], "pause", 0) == ()
    assert await juju.actions([]) == {}
    assert controller.calls == []


async def test_what_changes_something_is_marked_as_such():
    transport = InProcess(Controller())
    transport.controller.add_operation("pause", ["keystone/0"])

    juju = Client(transport, pauses_s=())
    await juju.tasks([2])
    await juju.last_task_id("keystone/0", "pause")
    await juju.config(["keystone"])
    await juju.annotations("model-1")
    assert transport.changed == []
    await juju.enqueue("keystone/0", "pause", {})
    await juju.run_command("keystone/0", "true", 1)
    await juju.cancel_tasks([2])
    await juju.set_config("keystone", {})
    await juju.set_annotations("model-1", {"a": "b"})
    assert transport.changed == [
        "Action.EnqueueOperation",
        "Action.Run",
        "Action.Cancel",
        "Application.SetConfigs",
        "Annotations.Set",
    ]
