"""What a unit's agent runs, when, and what it shows meanwhile; all in virtual time."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from juju_testbed.model.errors import ModelError

# What happens at which second -> what the charm runs. Agents notice after 1 s, hooks take 2 s.
TIMELINES = {
    "a changed value runs config-changed once": (
        {0: lambda w: w.set("glance", colour="blue")},
        ["1 glance/0 config-changed begins", "3 glance/0 config-changed ends"],
    ),
    "equal values run nothing": (
        {0: lambda w: w.set("glance", colour="red", size="1")},
        [],
    ),
    "quick changes fold into one hook": (
        {0: lambda w: w.set("glance", colour="blue"), 0.5: lambda w: w.set("glance", size="2")},
        ["1 glance/0 config-changed begins", "3 glance/0 config-changed ends"],
    ),
    "a change during the hook runs a second one": (
        {0: lambda w: w.set("glance", colour="blue"), 1.5: lambda w: w.set("glance", size="2")},
        [
            "1 glance/0 config-changed begins",
            "3 glance/0 config-changed ends",
            "3 glance/0 config-changed begins",
            "5 glance/0 config-changed ends",
        ],
    ),
    "a relation that changes during its hook runs a second one": (
        {
            0: lambda w: w.model.queue_hook("glance/0", "db-relation-changed"),
            1.5: lambda w: w.model.queue_hook("glance/0", "db-relation-changed"),
            1.7: lambda w: w.model.queue_hook("glance/0", "db-relation-changed"),
        },
        [
            "1 glance/0 db-relation-changed begins",
            "3 glance/0 db-relation-changed ends",
            "3 glance/0 db-relation-changed begins",
            "5 glance/0 db-relation-changed ends",
        ],
    ),
    "a pending action goes before a pending config-changed": (
        {
            0: lambda w: (w.set("glance", colour="blue"), w.act("glance/0", "work", **{"for": 3})),
        },
        [
            "1 glance/0 work begins",
            "4 glance/0 work ends",
            "4 glance/0 config-changed begins",
            "6 glance/0 config-changed ends",
        ],
    ),
    "an action, an option, a relation: in this order, whatever came first": (
        {
            0: lambda w: (
                w.model.queue_hook("glance/0", "db-relation-changed"),
                w.set("glance", colour="blue"),
                w.model.run("sleep 1", ["glance/0"], None, "admin"),
                w.act("glance/0", "quick"),
            ),
        },
        [
            "1 glance/0 sleep 1 begins",
            "2 glance/0 sleep 1 ends",
            "2 glance/0 quick begins",
            "3 glance/0 quick ends",
            "3 glance/0 config-changed begins",
            "5 glance/0 config-changed ends",
            "5 glance/0 db-relation-changed begins",
            "7 glance/0 db-relation-changed ends",
        ],
    ),
    "a secret hook goes before a pending action": (
        {
            0: lambda w: (
                w.act("glance/0", "quick"),
                w.model.queue_hook("glance/0", "secret-changed"),
            ),
        },
        [
            "1 glance/0 secret-changed begins",
            "3 glance/0 secret-changed ends",
            "3 glance/0 quick begins",
            "4 glance/0 quick ends",
        ],
    ),
    "two actions of one unit never overlap, parallel or not": (
        {0: lambda w: (w.act("glance/0", "quick"), w.act("glance/0", "quick"))},
        [
            "1 glance/0 quick begins",
            "2 glance/0 quick ends",
            "2 glance/0 quick begins",
            "3 glance/0 quick ends",
        ],
    ),
    "hooks of units on one machine go one after the other": (
        {0: lambda w: (w.set("keystone", colour="blue"), w.set("nova", colour="blue"))},
        [
            "1 keystone/0 config-changed begins",
            "3 keystone/0 config-changed ends",
            "3 nova/0 config-changed begins",
            "5 nova/0 config-changed ends",
        ],
    ),
    "hooks on different machines overlap": (
        {0: lambda w: (w.set("keystone", colour="blue"), w.set("glance", colour="blue"))},
        [
            "1 keystone/0 config-changed begins",
            "1 glance/0 config-changed begins",
            "3 keystone/0 config-changed ends",
            "3 glance/0 config-changed ends",
        ],
    ),
    "a parallel action does not wait for the machine": (
        {0: lambda w: (w.set("keystone", colour="blue"), w.act("nova/0", "quick"))},
        [
            "1 keystone/0 config-changed begins",
            "1 nova/0 quick begins",
            "2 nova/0 quick ends",
            "3 keystone/0 config-changed ends",
        ],
    ),
    "an action without parallel waits for the machine": (
        {0: lambda w: (w.set("keystone", colour="blue"), w.act("nova/0", "work", **{"for": 1}))},
        [
            "1 keystone/0 config-changed begins",
            "3 keystone/0 config-changed ends",
            "3 nova/0 work begins",
            "4 nova/0 work ends",
        ],
    ),
    "an execution group excludes its like and no hooks": (
        {
            0: lambda w: (
                w.act("keystone/0", "grouped", **{"for": 5}),
                w.act("nova/0", "grouped", **{"for": 1}),
                w.model.add_unit("glance", "0") and w.set("glance", colour="blue"),
            )
        },
        [
            "1 glance/0 config-changed begins",
            "1 glance/1 config-changed begins",
            "1 keystone/0 grouped begins",
            "3 glance/0 config-changed ends",
            "3 glance/1 config-changed ends",
            "6 keystone/0 grouped ends",
            "6 nova/0 grouped begins",
            "7 nova/0 grouped ends",
        ],
    ),
    "a command takes no machine lock": (
        {
            0: lambda w: w.set("keystone", colour="blue"),
            0.2: lambda w: w.model.run("sleep 1", ["nova/0"], None, "admin"),
        },
        [
            "1 keystone/0 config-changed begins",
            "1.2 nova/0 sleep 1 begins",
            "2.2 nova/0 sleep 1 ends",
            "3 keystone/0 config-changed ends",
        ],
    ),
    "a refresh runs upgrade-charm and then config-changed": (
        {0: lambda w: w.refresh("glance", 2)},
        [
            "1 glance/0 upgrade-charm begins",
            "3 glance/0 upgrade-charm ends",
            "3 glance/0 config-changed begins",
            "5 glance/0 config-changed ends",
        ],
    ),
    "not even an action comes between upgrade-charm and config-changed": (
        {0: lambda w: w.refresh("glance", 2), 1.2: lambda w: w.act("glance/0", "quick")},
        [
            "1 glance/0 upgrade-charm begins",
            "3 glance/0 upgrade-charm ends",
            "3 glance/0 config-changed begins",
            "5 glance/0 config-changed ends",
            "5 glance/0 quick begins",
            "6 glance/0 quick ends",
        ],
    ),
    "a refresh to the same revision runs nothing": (
        {0: lambda w: w.refresh("glance", 1)},
        [],
    ),
    "an agent notices nothing before its watchers fire": (
        {
            0: lambda w: setattr(w.model, "watch_delay_s", 7),
            1: lambda w: w.set("glance", size="3"),
        },
        ["8 glance/0 config-changed begins", "10 glance/0 config-changed ends"],
    ),
    "a new unit runs install, leadership, config-changed and start": (
        {0: lambda w: w.model.add_unit("glance", "1", settled=False)},
        [
            "0 glance/1 install begins",
            "2 glance/1 install ends",
            "2 glance/1 leader-settings-changed begins",
            "4 glance/1 leader-settings-changed ends",
            "4 glance/1 config-changed begins",
            "6 glance/1 config-changed ends",
            "6 glance/1 start begins",
            "8 glance/1 start ends",
        ],
    ),
    "a rebooted machine runs start on its units, not on others": (
        {0: lambda w: w.model.reboot("1", down_s=4)},
        ["4 glance/0 start begins", "6 glance/0 start ends"],
    ),
    "a restarted agent runs no hook": (
        {0: lambda w: w.model.restart_agent("glance/0")},
        [],
    ),
}


@pytest.mark.parametrize(("program", "expected"), TIMELINES.values(), ids=TIMELINES)
async def test_the_agent_runs(world, program, expected):
    world.model.start()
    for second, step in program.items():
        await world.until(second)
        step(world)
    await world.until(30)
    await world.model.stop()
    assert world.timeline() == expected


async def test_a_refresh_shows_no_idle_between_its_hooks(world):
    world.model.start()
    world.refresh("glance", 2)
    await world.until(20)
    await world.model.stop()
    assert world.agent_history("glance/0") == [
        "idle",
        "executing running upgrade-charm hook",
        "executing running config-changed hook",
        "idle",
    ]


async def test_the_new_charm_is_registered_before_its_hook_runs(world):
    world.model.charm_download_s, world.model.charm_unpack_s = 5, 3
    seen = []

    world.model.start()
    world.refresh("glance", 2)
    for second in (4, 6, 9):
        await world.until(second)
        unit = world.model.units["glance/0"]
        seen.append((unit.charm_url[-1], unit.agent.current))
    await world.model.stop()
    # Downloading: the old one. Unpacking: the new one, still idle. Then upgrade-charm.
    assert seen == [("1", "idle"), ("2", "idle"), ("2", "executing")]


async def test_actions_are_unknown_while_the_new_charm_is_fetched(world):
    world.model.charm_download_s = 5

    world.model.start()
    world.refresh("glance", 2)
    early = world.act("glance/0", "quick")
    await world.until(6)
    late = world.act("glance/0", "quick")
    await world.until(30)
    await world.model.stop()
    assert (world.task(early).status, world.task(late).status) == ("error", "completed")


async def test_update_status_never_shows_as_executing(world):
    world.model.config["update-status-hook-interval"] = "5m"

    world.model.start()
    await world.until(1000)
    await world.model.stop()
    ran = [line for line in world.timeline() if "glance/0 update-status begins" in line]
    assert 2 <= len(ran) <= 4
    assert world.agent_history("glance/0") == ["idle"]


async def test_an_idle_agent_keeps_its_since(world):
    world.model.start()
    before = world.model.units["glance/0"].agent.since
    await world.until(500)
    await world.model.stop()
    assert before == world.model.units["glance/0"].agent.since


async def test_equal_statuses_fold_into_one_entry_whose_time_moves(world):
    world.model.set_workload("glance/0", "blocked", "vault is sealed")
    first = world.model.units["glance/0"].workload.since
    await world.until(60)
    world.model.set_workload("glance/0", "blocked", "vault is sealed")
    (_, last) = world.model.history("glance/0", "workload")[-1]
    since = world.model.units["glance/0"].workload.since
    assert since == first
    assert (last.message, last.since > first) == ("vault is sealed", True)
    assert len(world.model.history("glance/0", "workload")) == 2


async def test_a_failed_hook_is_retried_after_5_s_doubling(world):
    world.charm.failing["config-changed"] = 3

    world.model.start()
    world.set("glance", colour="blue")
    await world.until(4)
    agent, workload = world.model.shown("glance/0")
    await world.until(100)
    await world.model.stop()
    assert (agent.current, workload.current) == ("idle", "error")
    assert workload.message == 'hook failed: "config-changed"'
    assert workload.data == {"hook": "config-changed"}
    begun = [float(line.split()[0]) for line in world.timeline() if line.endswith("begins")]
    waits = [later - earlier - 2 for earlier, later in itertools.pairwise(begun)]
    assert [round(wait / 5.25) for wait in waits] == [1, 2, 4]
    assert world.model.shown("glance/0")[1].current == "active"


async def test_a_failed_hook_waits_for_the_operator_where_the_model_does_not_retry(world):
    world.charm.failing["config-changed"] = 1
    world.model.config["automatically-retry-hooks"] = False

    world.model.start()
    world.set("glance", colour="blue")
    await world.until(1000)
    untouched = len(world.charm.ran)
    world.model.resolve("glance/0", True, "admin")
    await world.until(1010)
    await world.model.stop()
    assert untouched == 2
    assert world.timeline()[2:] == [
        "1001 glance/0 config-changed begins",
        "1003 glance/0 config-changed ends",
    ]
    with pytest.raises(ModelError, match="is not in an error state"):
        world.model.resolve("glance/0", True, "admin")


async def test_a_resolved_hook_can_be_passed_over(world):
    world.charm.failing["config-changed"] = 1
    world.model.config["automatically-retry-hooks"] = False

    world.model.start()
    world.set("glance", colour="blue")
    await world.until(10)
    world.model.resolve("glance/0", False, "admin")
    await world.until(20)
    await world.model.stop()
    assert len(world.charm.ran) == 2
    assert world.model.units["glance/0"].agent.current == "idle"


async def test_actions_run_in_a_hook_error_and_the_error_stays(world):
    world.charm.failing["config-changed"] = 1
    world.model.config["automatically-retry-hooks"] = False

    world.model.start()
    world.set("glance", colour="blue")
    await world.until(10)
    number = world.act("glance/0", "quick")
    await world.until(20)
    await world.model.stop()
    assert world.task(number).status == "completed"
    assert world.model.shown("glance/0")[1].current == "error"


async def test_a_hook_cut_off_by_an_agent_restart_is_retried(world):
    world.model.start()
    world.set("glance", colour="blue")
    await world.until(2)
    world.model.restart_agent("glance/0", down_s=1)
    await world.until(2.5)
    lost = world.model.shown("glance/0")[0].current
    await world.until(30)
    await world.model.stop()
    assert lost == "lost"
    what = [line.split(maxsplit=2)[2] for line in world.timeline()]
    assert what == [
        "config-changed begins",
        "config-changed killed",
        "config-changed begins",
        "config-changed ends",
    ]
    assert world.model.shown("glance/0")[0].current == "idle"


async def test_a_fault_in_a_charm_shows_as_a_failed_agent(world):
    async def broken(unit, name, context):
        raise LookupError("a bug")

    world.charm.hook = broken
    told = []

    asyncio.get_running_loop().set_exception_handler(lambda _, about: told.append(about))
    world.model.start()
    world.set("glance", colour="blue")
    await world.until(5)
    await world.model.stop()
    assert world.model.units["glance/0"].agent.message == "LookupError: a bug"
    assert [about["message"] for about in told] == ["agent of glance/0 died"]
