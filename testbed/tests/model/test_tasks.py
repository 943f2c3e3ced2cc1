"""Tasks: their life, cancelling, what they keep; all in virtual time."""

from __future__ import annotations

import asyncio

import pytest
from juju_testbed.model import virtual
from juju_testbed.model.errors import ModelError


def play(world, main):
    async def whole():
        world.model.start()
        result = await main()
        await world.until(200)
        await world.model.stop()
        return result

    return virtual.run(whole())


def events(world, *names):
    return [
        (entry["event"], entry["task"])
        for entry in world.model.log.entries
        if entry["event"] in names
    ]


def test_a_task_ends_with_its_results_and_whole_second_times(world):
    async def main():
        await world.until(0.7)
        return world.act("glance/0", "work")

    task = world.task(play(world, main))
    assert (task.status, task.parameters) == ("completed", {"for": 10})
    assert task.results == {"said": "done", "return-code": 0}
    assert [t.microsecond for t in (task.enqueued, task.started, task.completed)] == [0, 0, 0]
    assert (task.completed - task.started).seconds == 10


def test_action_fail_fails_the_task_with_return_code_0(world):
    async def main():
        return world.act("glance/0", "fails")

    task = world.task(play(world, main))
    assert (task.status, task.message) == ("failed", "as told")
    assert task.results["return-code"] == 0


def test_a_commands_exit_code_is_a_result(world):
    async def main():
        return world.model.run("exit 3", ["glance/0"], None, "admin").tasks[0]

    task = world.task(play(world, main))
    assert (task.name, task.status, task.results["return-code"]) == ("juju-exec", "completed", 3)


def test_a_command_is_ended_by_its_own_timeout(world):
    async def main():
        return world.model.run("sleep 100", ["glance/0"], 5.0, "admin").tasks[0]

    task = world.task(play(world, main))
    assert (task.status, task.message) == ("failed", "command cancelled")
    assert (task.completed - task.started).seconds == 5
    assert world.timeline()[-1] == "6 glance/0 sleep 100 killed"


@pytest.mark.parametrize("command", ["juju-exec -u x/0 date", "sudo juju-run x"])
def test_commands_that_call_juju_exec_are_refused(world, command):
    with pytest.raises(ModelError, match="as an action command"):
        world.model.run(command, ["glance/0"], None, "admin")


def test_a_pending_task_that_is_cancelled_never_begins(world):
    async def main():
        first = world.act("glance/0", "work", **{"for": 20})
        second = world.act("glance/0", "quick")
        await world.until(5)
        return first, second, world.model.cancel(second, "admin")

    first, second, status = play(world, main)
    assert status == "cancelled"
    assert world.task(second).message == "action cancelled via the API"
    assert events(world, "task-begun") == [("task-begun", first)]


def test_a_task_cancelled_while_it_waits_for_the_machine_never_begins(world):
    async def main():
        world.act("keystone/0", "work", **{"for": 20})
        waiting = world.act("nova/0", "work")
        await world.until(5)
        world.model.cancel(waiting, "admin")
        return waiting

    waiting = play(world, main)
    assert ("task-begun", waiting) not in events(world, "task-begun")


def test_a_cancelled_running_action_is_killed_then_aborted_without_results(world):
    async def main():
        number = world.act("glance/0", "work", **{"for": 100})
        await world.until(5)
        return number, world.model.cancel(number, "admin")

    number, status = play(world, main)
    task = world.task(number)
    assert (status, task.status, task.results) == ("aborting", "aborted", {})
    assert world.timeline() == ["1 glance/0 work begins", "6 glance/0 work killed"]
    assert world.charm.killed == ["glance/0"]


def test_a_cancelled_running_command_is_not_told(world):
    async def main():
        number = world.model.run("sleep 30", ["glance/0"], None, "admin").tasks[0]
        await world.until(5)
        world.model.cancel(number, "admin")
        return number

    assert world.task(play(world, main)).status == "aborted"
    assert world.timeline()[-1] == "31 glance/0 sleep 30 ends"


def test_cancelling_what_has_ended_changes_nothing(world):
    async def main():
        number = world.act("glance/0", "quick")
        await world.until(10)
        return world.model.cancel(number, "admin")

    assert play(world, main) == "completed"


def test_a_running_task_ends_action_terminated_when_its_agent_restarts(world):
    async def main():
        running = world.act("glance/0", "work", **{"for": 50})
        waiting = world.act("glance/0", "quick")
        await world.until(5)
        world.model.restart_agent("glance/0", down_s=3)
        return running, waiting

    running, waiting = play(world, main)
    assert (world.task(running).status, world.task(running).message) == (
        "failed",
        "action terminated",
    )
    assert world.task(waiting).status == "completed"
    ends = [task for event, task in events(world, "task-begun")]
    assert ends == [running, waiting]  # the terminated one is not run again


BAD = {
    "missing parameter": ("strict", {}, '"name" property is missing and required'),
    "unknown parameter": ("strict", {"name": "x", "more": 1}, '"more" is not allowed'),
    "wrong type": ("strict", {"name": 1}, "must be of type string"),
    "truth is no number": ("work", {"for": True}, "must be of type number"),
    "unknown action": ("dance", {}, 'action "dance" not defined'),
}


@pytest.mark.parametrize(("name", "params", "text"), BAD.values(), ids=BAD)
def test_a_bad_request_is_stored_as_an_error_and_never_begins(world, name, params, text):
    async def main():
        return world.model.enqueue([("glance/0", name, params)], "admin")

    operation = play(world, main)
    task = world.task(operation.tasks[0])
    assert task.status == "error"
    assert text in task.message
    assert operation.fail == task.message
    assert world.charm.ran == []
    (asked,) = [entry for entry in world.model.log.entries if entry["event"] == "asked"]
    assert asked["data"]["accepted"] is False


def test_ids_of_operations_and_tasks_come_from_one_counter(world):
    async def main():
        first = world.model.enqueue([("glance/0", "quick", {}), ("nova/0", "quick", {})], "admin")
        second = world.model.run("date", ["glance/0"], None, "admin")
        return first, second

    first, second = play(world, main)
    assert [first.id, *first.tasks, second.id, *second.tasks] == [1, 2, 3, 4, 5]


def test_an_operation_has_the_worst_status_of_its_tasks(world):
    async def main():
        return world.model.enqueue([("glance/0", "fails", {}), ("nova/0", "quick", {})], "admin")

    operation = play(world, main)
    assert world.model.operation_status(operation) == "failed"
    assert operation.completed is not None


def test_task_logs_stop_at_1000_messages_and_at_the_end(world):
    async def main():
        number = world.act("glance/0", "work")
        await world.until(2)
        for index in range(1100):
            world.model.add_task_log(number, str(index))
        return number

    number = play(world, main)
    assert len(world.task(number).log) == 1000
    with pytest.raises(ModelError, match="cannot log"):
        world.model.add_task_log(number, "late")


def test_juju_exec_waits_for_the_running_operation(world):
    async def main():
        world.act("glance/0", "work", **{"for": 10})
        await world.until(3)
        outcome = await world.model.juju_exec("glance/0", "hostname")
        return outcome.stdout, round(world.seconds(), 1)

    assert play(world, main) == ("hostname\n", 11.1)
    assert "executing running commands" in world.agent_history("glance/0")


def test_juju_exec_is_aborted_when_the_agent_goes_down(world):
    async def main():
        call = asyncio.ensure_future(world.model.juju_exec("glance/0", "sleep 60"))
        await world.until(5)
        world.model.restart_agent("glance/0", down_s=2)
        outcome = await call
        return outcome.code, outcome.stderr

    assert play(world, main) == (1, "command execution aborted")


def test_everything_that_changed_is_in_the_log_with_who_asked(world):
    async def main():
        world.model.set_config("glance", {"colour": "blue"}, "cou")
        world.act("glance/0", "quick")

    play(world, main)
    told = [
        (entry["event"], entry["by"], entry["unit"] or entry["application"])
        for entry in world.model.log.entries
    ]
    assert told == [
        ("asked", "cou", "glance"),
        ("config-changed", "cou", "glance"),
        ("asked", "admin", "glance/0"),
        ("task-begun", "admin", "glance/0"),
        ("task-ended", "admin", "glance/0"),
        ("hook-begun", "glance/0", "glance/0"),
        ("hook-ended", "glance/0", "glance/0"),
    ]
    assert [entry["seq"] for entry in world.model.log.entries] == [1, 2, 3, 4, 5, 6, 7]
