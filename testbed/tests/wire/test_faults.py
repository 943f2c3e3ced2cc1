"""Each fault, and what python-libjuju's connection notices of it."""

from __future__ import annotations

import asyncio
import time

import pytest
import websockets
from juju_testbed.command import output
from juju_testbed.control import storm
from juju_testbed.control.faults import FaultError, Faults, faults
from juju_testbed.model.errors import ModelError
from juju_testbed.model.troubles import FOR_EVER
from juju_testbed.wire.breakage import REFUSALS

from .test_server import JujuAPIError, connect, on_the_wire

CLOSED = websockets.ConnectionClosed
PATIENCE_S = 60  # for what comes at once unless the machine is busy
STATUS = {"type": "Client", "request": "FullStatus", "version": 6, "params": {}}


def set_colour(value):
    args = [{"application": "keystone", "config": {"colour": value}}]
    return {
        "type": "Application",
        "request": "SetConfigs",
        "version": 17,
        "params": {"Args": args},
    }


def colour(cloud):
    return cloud.model.application("keystone").config.get("colour")


def with_faults(cloud, test):
    """Serve the cloud, connect, and run a test with its faults and a connection."""

    async def main(server):
        room = Faults(server, cloud.model)
        connection = await connect(server, cloud)
        try:
            return await test(room, connection, server)
        finally:
            await connection.close()
            await room.close()

    return on_the_wire(cloud, main)


async def within(seconds, call):
    return await asyncio.wait_for(call, seconds)


async def eventually(wanted):
    """Wait until something is so; what waits for ever is ended by the test's own limit."""
    while not wanted():
        await asyncio.sleep(0.01)


async def once_served(server, cloud):
    """Connect as soon as the controller accepts."""
    while True:
        try:
            return await connect(server, cloud)
        except Exception as error:
            if "Unable to connect" not in str(error):
                raise


# -- calls ----------------------------------------------------------------------------------

CUT_OFF = {"drop": None, "lose-reply": "blue", "cut": "blue"}


@pytest.mark.parametrize(("kind", "effect"), CUT_OFF.items())
def test_a_cut_connection_fails_the_call_which_may_have_had_its_effect(cloud, kind, effect):
    async def test(room, connection, server):
        await room.call(kind, facade="Application")
        with pytest.raises(CLOSED):
            await within(PATIENCE_S, connection.rpc(set_colour("blue")))

    with_faults(cloud, test)
    assert colour(cloud) == effect


@pytest.mark.parametrize(("kind", "effect"), {"silence": None, "mute": "blue"}.items())
def test_an_answer_that_never_comes_leaves_other_calls_alone(cloud, kind, effect):
    async def test(room, connection, server):
        await room.call(kind, facade="Application")
        with pytest.raises(asyncio.TimeoutError):
            await within(0.3, connection.rpc(set_colour("blue")))
        return await within(PATIENCE_S, connection.rpc(dict(STATUS)))

    assert with_faults(cloud, test)["response"]["applications"]
    assert colour(cloud) == effect


def test_a_request_of_a_lost_connection_takes_effect_later(cloud):
    async def test(room, connection, server):
        await room.call("late", facade="Application", seconds=3600)
        await room.call("late", facade="Application", seconds=0.1)
        with pytest.raises(CLOSED):
            await within(PATIENCE_S, connection.rpc(set_colour("green")))
        before = colour(cloud)
        again = await connect(server, cloud)
        with pytest.raises(CLOSED):
            await within(PATIENCE_S, again.rpc(set_colour("blue")))
        await again.close()
        await eventually(lambda: colour(cloud) == "blue")
        return before

    assert with_faults(cloud, test) is None
    asked = [entry["data"] for entry in cloud.model.log.entries if entry["event"] == "asked"]
    assert len(asked) == 1  # the other is still on its way


def test_a_slow_answer_is_slow_and_right(cloud):
    async def test(room, connection, server):
        await room.call("slow", method="SetConfigs", seconds=0.4)
        begun = time.monotonic()
        await connection.rpc(set_colour("blue"))
        return time.monotonic() - begun

    assert with_faults(cloud, test) >= 0.4
    assert colour(cloud) == "blue"


def test_a_frozen_connection_thaws(cloud):
    async def test(room, connection, server):
        await room.call("freeze", facade="Client", seconds=0.3)
        await connection.rpc(dict(STATUS))
        return await within(PATIENCE_S, connection.rpc(dict(STATUS)))

    assert with_faults(cloud, test)["response"]["model"]


def test_a_frozen_connection_leaves_others_alone(cloud):
    async def test(room, connection, server):
        other = await connect(server, cloud)
        await room.call("freeze", facade="Client", seconds=3600)
        await connection.rpc(dict(STATUS))
        with pytest.raises(asyncio.TimeoutError):
            await within(0.3, connection.rpc(dict(STATUS)))
        reply = await within(PATIENCE_S, other.rpc(dict(STATUS)))
        await other.close()
        await room.disconnect()
        return reply

    assert with_faults(cloud, test)["response"]["model"]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_controller_that_cannot_says_so_with_juju_s_code(cloud, refusal):
    async def test(room, connection, server):
        await room.call("refuse", facade="Application", refusal=refusal)
        with pytest.raises(JujuAPIError) as refused:
            await connection.rpc(set_colour("blue"))
        await connection.rpc(set_colour("green"))
        return refused.value

    error = with_faults(cloud, test)
    assert (error.message, error.error_code) == REFUSALS[refusal]
    assert colour(cloud) == "green"


def workload(reply):
    unit = reply["response"]["applications"]["keystone"]["units"]["keystone/0"]
    return unit["workload-status"]["info"]


@pytest.mark.parametrize(("kind", "told"), {"stale": "Unit is ready", "echo": "one"}.items())
def test_a_status_may_be_an_old_one(cloud, kind, told):
    async def test(room, connection, server):
        shown = []
        for message in ("", "one", "two"):
            if message:
                cloud.model.set_workload("keystone/0", "active", message)
            if message == "two":
                await room.call(kind, facade="Client")
            shown.append(workload(await connection.rpc(dict(STATUS))))
        shown.append(workload(await connection.rpc(dict(STATUS))))
        return shown

    assert with_faults(cloud, test) == ["Unit is ready", "one", told, "two"]


def test_a_fault_strikes_as_often_as_wished_and_only_what_fits(cloud):
    async def test(room, connection, server):
        await room.call("refuse", method="SetConfigs", user="adm*", count=2)
        outcomes = []
        for _ in range(3):
            await connection.rpc(dict(STATUS))
            try:
                await connection.rpc(set_colour("blue"))
                outcomes.append("done")
            except JujuAPIError:
                outcomes.append("refused")
        return outcomes

    assert with_faults(cloud, test) == ["refused", "refused", "done"]


# -- the controller -------------------------------------------------------------------------


def test_a_controller_that_restarts_refuses_and_then_accepts(cloud):
    async def test(room, connection, server):
        await room.restart_controller(3600)
        with pytest.raises(CLOSED):
            await within(PATIENCE_S, connection.rpc(dict(STATUS)))
        with pytest.raises(Exception, match="Unable to connect"):
            await connect(server, cloud)
        await room.restart_controller(0.2)
        again = await once_served(server, cloud)
        reply = await again.rpc(dict(STATUS))
        await again.close()
        return reply

    assert with_faults(cloud, test)["response"]["model"]


def test_a_controller_that_is_away_is_back_when_faults_are_cleared(cloud):
    async def test(room, connection, server):
        await room.restart_controller(0.3)
        await room.clear()
        again = await connect(server, cloud)
        await room.restart_controller(3600)  # and the first one's return does not end this
        await asyncio.sleep(0.5)
        with pytest.raises(Exception, match="Unable to connect"):
            await connect(server, cloud)
        await again.close()

    with_faults(cloud, test)


def test_a_controller_that_moves_is_found_at_its_new_address(cloud):
    async def test(room, connection, server):
        old = server.address
        told = (await room.move_controller())["address"]
        with pytest.raises(CLOSED):
            await within(PATIENCE_S, connection.rpc(dict(STATUS)))
        again = await connect(server, cloud)
        servers = again.info["servers"]
        await again.close()
        return old, told, [f"{one['value']}:{one['port']}" for one in servers[0]]

    old, told, servers = with_faults(cloud, test)
    assert old != told
    assert servers == [told]


def test_one_of_three_controllers_may_go(cloud):
    async def test(room, connection, server):
        first = server.address
        others = [(await room.add_controller())["address"] for _ in range(2)]
        again = await connect(server, cloud)
        told = again.info["servers"]
        await again.close()
        await room.lose_controller(first)
        with pytest.raises(CLOSED):
            await within(PATIENCE_S, connection.rpc(dict(STATUS)))
        rest = await connect(server, cloud)
        reply = await rest.rpc(dict(STATUS))
        await rest.close()
        with pytest.raises(FaultError, match="not one of several"):
            await room.apply("lose-controller", {"address": first})
        return [first, *others], told, reply

    addresses, told, reply = with_faults(cloud, test)
    assert [f"{host[0]['value']}:{host[0]['port']}" for host in told] == addresses
    assert reply["response"]["model"]


def test_every_connection_can_be_cut(cloud):
    async def test(room, connection, server):
        await room.disconnect()
        with pytest.raises(CLOSED):
            await within(PATIENCE_S, connection.rpc(dict(STATUS)))

    with_faults(cloud, test)


def test_a_migrated_model_redirects_whoever_logs_in(cloud):
    async def test(room, connection, server):
        await room.migrate("192.0.2.7:17070")
        with pytest.raises(Exception) as redirected:  # noqa: PT011 - libjuju has no text for it
            await connect(server, cloud)
        await room.clear()
        again = await connect(server, cloud)
        await again.close()
        return redirected.value

    redirect = with_faults(cloud, test)
    assert type(redirect).__name__ == "JujuRedirectException"
    assert redirect.endpoints[0][0] == "192.0.2.7:17070"


def test_access_that_is_taken_away_is_denied_at_once(cloud):
    async def test(room, connection, server):
        writer = await connect(server, cloud, "write", "write-password")
        await writer.rpc(set_colour("blue"))
        await room.revoke("write", "write")
        with pytest.raises(JujuAPIError, match="permission denied") as refused:
            await writer.rpc(set_colour("green"))
        await room.grant("write", "write")
        await writer.rpc(set_colour("red"))
        await writer.close()
        return refused.value.error_code

    assert with_faults(cloud, test) == "unauthorized access"


def test_a_change_block_stops_changes_and_no_reads(cloud):
    async def test(room, connection, server):
        await room.block(message="not during the fair")
        with pytest.raises(JujuAPIError, match="not during the fair") as refused:
            await connection.rpc(set_colour("blue"))
        await connection.rpc(dict(STATUS))
        await room.unblock()
        await connection.rpc(set_colour("blue"))
        return refused.value.error_code

    assert with_faults(cloud, test) == "operation is blocked"


@pytest.mark.parametrize("seconds", [3600.0, -3600.0])
def test_the_clock_jumps_and_timers_do_not(cloud, seconds):
    async def test(room, connection, server):
        before = await connection.rpc(dict(STATUS))
        begun = time.monotonic()
        waiting = asyncio.ensure_future(cloud.clock.sleep(0.3))
        await room.jump(seconds)
        await waiting
        after = await connection.rpc(dict(STATUS))
        told = [one["response"]["controller-timestamp"] for one in (before, after)]
        return told, time.monotonic() - begun

    told, slept = with_faults(cloud, test)
    first, second = (output.moment(one) for one in told)
    assert abs((second - first).total_seconds() - seconds) < 1000
    assert 0.3 <= slept < 1000  # neither woken by the jump nor held back


# -- charms, agents, other hands ------------------------------------------------------------


async def unit_of(connection, name="keystone/0"):
    application = name.split("/")[0]
    reply = await connection.rpc(dict(STATUS))
    return reply["response"]["applications"][application]["units"].get(name)


async def until(connection, wanted, name="keystone/0"):
    """Poll the status, as clients do, until a unit is as wanted.

    That must be something that stays: what passes may be over before a busy machine looks.
    """
    while True:
        unit = await unit_of(connection, name)
        if wanted(unit):
            return unit
        await asyncio.sleep(0.02)


async def history_of(connection, kind, name="keystone/0"):
    """Return the texts of a unit's status history, oldest first."""
    tag = f"unit-{name.replace('/', '-')}"
    wanted = [{"historyKind": kind, "tag": tag, "filter": {"size": 50}}]
    call = {"type": "Client", "request": "StatusHistory", "version": 6}
    reply = await connection.rpc({**call, "params": {"requests": wanted}})
    return [one["info"] for one in reply["response"]["results"][0]["history"]["statuses"]]


def test_a_hook_that_fails_once_is_retried(fast_cloud):
    async def test(room, connection, server):
        await room.hook("keystone/*", "config-changed")
        await connection.rpc(set_colour("blue"))
        ended = ("keystone/0", "config-changed ends")
        await eventually(lambda: ended in [entry[1:] for entry in fast_cloud.charm.ran])
        await until(connection, lambda u: u["workload-status"]["status"] == "active")
        return await history_of(connection, "juju-unit")

    assert 'hook failed: "config-changed"' in with_faults(fast_cloud, test)


def test_a_hook_that_fails_for_ever_stays_in_error_until_it_is_let_go(fast_cloud):
    async def test(room, connection, server):
        await room.hook("keystone/0", "config-changed", count=FOR_EVER)
        await connection.rpc(set_colour("blue"))
        await until(connection, lambda u: u["workload-status"]["status"] == "error")
        await fast_cloud.clock.sleep(40)
        await until(connection, lambda u: u["workload-status"]["status"] == "error")
        ran = list(fast_cloud.charm.ran)
        await room.clear()
        await until(connection, lambda u: u["workload-status"]["status"] == "active")
        return ran

    assert with_faults(fast_cloud, test) == []


async def act(connection, *states):
    """Enqueue an action and return its task's result once that is in one of some states."""
    params = {"actions": [{"receiver": "unit-keystone-0", "name": "quick"}]}
    call = {"type": "Action", "request": "EnqueueOperation", "version": 7, "params": params}
    tag = (await connection.rpc(call))["response"]["actions"][0]["action"]["tag"]
    return await task_in(connection, tag, *states)


async def task_in(connection, tag, *states):
    """Return a task's result once it is in one of some states."""
    call = {"type": "Action", "request": "Actions", "version": 7}
    while True:
        reply = await connection.rpc({**call, "params": {"entities": [{"tag": tag}]}})
        if reply["response"]["results"][0]["status"] in states:
            return reply["response"]["results"][0]


def test_an_action_fails_then_lies_then_works(fast_cloud):
    async def test(room, connection, server):
        await room.action("keystone/0", "quick", "fail")
        await room.action("keystone/0", "quick", "lie")
        results = [await act(connection, "completed", "failed") for _ in range(3)]
        return results, [entry for entry in fast_cloud.charm.ran if entry[2] == "quick begins"]

    results, ran = with_faults(fast_cloud, test)
    assert [one["status"] for one in results] == ["failed", "completed", "completed"]
    assert len(ran) == 1  # the lie did nothing


def test_an_action_is_held_until_the_wishes_are_cleared(fast_cloud):
    def begun():
        return [entry[2] for entry in fast_cloud.charm.ran].count("quick begins")

    async def test(room, connection, server):
        await room.action("keystone/0", "quick", "hold")
        held = await act(connection, "running")
        await fast_cloud.clock.sleep(50)
        before = begun()
        await room.clear()
        ended = await task_in(connection, held["action"]["tag"], "completed", "failed")
        return ended["status"], before, begun()

    assert with_faults(fast_cloud, test) == ("completed", 0, 1)


def test_a_hook_is_held_until_the_wishes_are_cleared(fast_cloud):
    def begun():
        return [entry[1:] for entry in fast_cloud.charm.ran].count(
            ("keystone/0", "config-changed begins")
        )

    async def test(room, connection, server):
        await room.hook("keystone/0", "config-changed", "hold")
        counts = [begun()]
        await connection.rpc(set_colour("blue"))
        await until(connection, lambda u: u["agent-status"]["status"] == "executing")
        await fast_cloud.clock.sleep(50)
        counts.append(begun())
        await room.clear()
        await until(connection, lambda u: u["agent-status"]["status"] == "idle")
        return [*counts, begun()]

    before, held, after = with_faults(fast_cloud, test)
    assert (held - before, after - before) == (0, 1)


def test_an_action_that_hangs_runs_until_it_is_cancelled(fast_cloud):
    async def test(room, connection, server):
        await room.action("keystone/0", "quick", "hang")
        tag = (await act(connection, "running"))["action"]["tag"]
        await fast_cloud.clock.sleep(50)  # the action itself takes one second
        hanging = await task_in(connection, tag, "running", "completed")
        call = {"type": "Action", "version": 7, "params": {"entities": [{"tag": tag}]}}
        await connection.rpc({**call, "request": "Cancel"})
        await task_in(connection, tag, "aborted")
        return hanging["status"]

    assert with_faults(fast_cloud, test) == "running"


def test_a_lost_agent_shows_as_lost_until_it_is_back(fast_cloud):
    async def test(room, connection, server):
        await room.lose_agent("keystone/0")
        lost = await unit_of(connection)
        await room.restart_agent("keystone/0")
        await until(connection, lambda u: u["agent-status"]["status"] == "idle")
        return lost["agent-status"]["status"], lost["workload-status"]["info"]

    assert with_faults(fast_cloud, test) == (
        "lost",
        "agent lost, see 'juju show-status-log keystone/0'",
    )


HERE = {"keystone/0", "glance/0", "ntp/0"}


def test_agents_are_lost_while_their_machine_reboots(fast_cloud):
    async def test(room, connection, server):
        await room.reboot("0", 1e6)
        for unit in HERE:
            await until(connection, lambda u: u["agent-status"]["status"] == "lost", unit)

    with_faults(fast_cloud, test)
    assert fast_cloud.charm.ran == []


def test_a_rebooted_machine_runs_start_again(fast_cloud):
    async def test(room, connection, server):
        await room.reboot("0", 5)
        # They take turns on the machine, so that one is idle before the next has begun.
        await eventually(lambda: len(fast_cloud.charm.ran) >= 2 * len(HERE))
        for unit in HERE:
            await until(connection, lambda u: u["agent-status"]["status"] == "idle", unit)

    with_faults(fast_cloud, test)
    ran = sorted(entry[1:] for entry in fast_cloud.charm.ran)
    assert ran == sorted((unit, f"start {what}") for unit in HERE for what in ("begins", "ends"))


def test_units_come_and_go_and_the_leader_changes(fast_cloud):
    async def test(room, connection, server):
        added = (await room.add_unit("glance"))["unit"]
        await room.leader(added)
        led = await until(connection, lambda u: u and u["leader"], added)
        await until(connection, lambda u: u["agent-status"]["status"] == "idle", added)
        await room.remove_unit("glance/0")
        await until(connection, lambda u: u is None, "glance/0")
        return added, led["leader"]

    assert with_faults(fast_cloud, test) == ("glance/1", True)


def test_someone_else_configures_and_refreshes_under_a_name_of_their_own(fast_cloud):
    async def test(room, connection, server):
        await room.configure("keystone", "colour", "pink", by="someone")
        await room.refresh("keystone", "7/stable")
        reply = await connection.rpc(dict(STATUS))
        return reply["response"]["applications"]["keystone"]["charm-channel"]

    assert with_faults(fast_cloud, test) == "7/stable"
    assert colour(fast_cloud) == "pink"
    asked = [one for one in fast_cloud.model.log.entries if one["by"] == "someone"]
    assert {one["data"]["call"] for one in asked if one["event"] == "asked"} == {
        "Application.SetConfigs",
        "Application.SetCharm",
    }


# -- by name and by seed --------------------------------------------------------------------

WRONG = {
    "no fault": ("rain", {}, "no fault 'rain'"),
    "no option": ("hook", {"colour": "red"}, "no option 'colour'"),
    "missing": ("leader", {}, "'unit' is missing"),
    "no kind": ("call", {"kind": "rain"}, "not one of drop"),
    "no number": ("jump", {"seconds": "soon"}, "could not convert"),
}


@pytest.mark.parametrize(("name", "options", "text"), WRONG.values(), ids=WRONG)
def test_a_wrong_wish_is_refused_and_says_what_is_allowed(cloud, name, options, text):
    async def test(room, connection, server):
        with pytest.raises(FaultError, match=text):
            await room.apply(name, options)
        with pytest.raises(ModelError, match='unit "no/0" not found'):
            await room.apply("leader", {"unit": "no/0"})

    with_faults(cloud, test)


def test_options_come_as_texts_too(cloud):
    async def test(room, connection, server):
        await room.apply("call", {"kind": "drop", "count": "3", "seconds": "0.5"})
        return room.breakage.rules

    (rule,) = with_faults(cloud, test)
    assert (rule.left, rule.seconds) == (3, 0.5)


def test_a_seed_draws_the_same_faults_and_every_one_exists():
    units = ["keystone/0", "glance/0"]
    drawn = storm.draw(7, 40, 60.0, units)
    assert drawn == storm.draw(7, 40, 60.0, list(reversed(units)))
    assert drawn != storm.draw(8, 40, 60.0, units)
    assert {gust.name for gust in drawn} <= set(faults())
    assert [gust.after for gust in drawn] == sorted(gust.after for gust in drawn)


def test_after_a_storm_the_model_is_served_as_before(fast_cloud):
    async def test(room, connection, server):
        gusts = storm.draw(3, 12, 1.0, list(fast_cloud.model.units))
        await storm.blow(room, fast_cloud.model, gusts)
        await room.clear()
        again = await connect(server, fast_cloud)
        reply = await again.rpc(dict(STATUS))
        await again.close()
        return len(gusts), sorted(reply["response"]["applications"])

    assert with_faults(fast_cloud, test) == (12, ["glance", "keystone", "ntp"])


def test_a_storm_that_is_cleared_strikes_no_more(cloud):
    async def test(room, connection, server):
        gusts = [storm.Gust(0.3, "disconnect", {})]
        room.come(storm.blow(room, cloud.model, gusts))
        await room.clear()
        await asyncio.sleep(0.8)
        return await connection.rpc(dict(STATUS))

    assert with_faults(cloud, test)["response"]["applications"]
