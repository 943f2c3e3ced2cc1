"""The client against the testbed's controller, over TLS: two readings of Juju that must agree."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from cou.errors import JujuError
from cou.juju.account import Account
from cou.juju.client import Client
from cou.juju.port import ConfigValue, Task, TaskStatus
from cou.juju.transport import LibjujuTransport, Timing
from juju_testbed.model.clock import Clock
from juju_testbed.model.controller import Controller
from juju_testbed.model.model import Model
from juju_testbed.model.simple import SimpleCharm, SimpleStore
from juju_testbed.wire import certificates, server

TIMING = Timing(call_s=60.0, connect_s=60.0, window_s=60.0, pause_s=0.05)
CERTIFICATES = certificates.make()


class World:
    """One application, ``keystone``, on one machine; everything happens sixty times as fast."""

    def __init__(self) -> None:
        clock = Clock(scale=60.0)
        store = SimpleStore(SimpleCharm(clock))
        self.model = Model("openstack", store=store, clock=clock)
        self.controller = Controller(clock=clock)
        self.controller.add_model(self.model)
        self.model.add_machine("0", "jammy", zone="zone1")
        self.model.add_application(
            "keystone", store.resolve("keystone", "1/stable", "jammy", None), "jammy"
        )
        self.model.add_unit("keystone", "0")
        for name, level in (("cou", "admin"), ("writer", "write"), ("reader", "read")):
            self.controller.add_user(name, "pass")
            self.controller.grant(name, level, "openstack")

    def client(self, user: str = "cou", password: str = "pass", uuid: str = "") -> Client:
        return Client(
            LibjujuTransport(
                self.controller.addresses,
                self.controller.ca,
                uuid or self.model.uuid,
                Account(user, password),
                TIMING,
            )
        )


@contextlib.asynccontextmanager
async def served() -> AsyncIterator[World]:
    world = World()
    listener = await server.serve(world.controller, certs=CERTIFICATES)
    world.model.start()
    try:
        yield world
    finally:
        await world.model.stop()
        await listener.close()


async def ended(juju: Client, number: int) -> Task:
    """Wait for a task's end, as the engine does: by looking."""
    for _ in range(200):
        task = (await juju.tasks([number]))[number]
        if task.status.final:
            return task
        await asyncio.sleep(0.02)
    raise AssertionError(f"task {number} did not end")


async def idle(juju: Client) -> None:
    """Wait until the first hooks of a new unit are over."""
    for _ in range(200):
        keystone = (await juju.full_status()).applications["keystone"]
        if keystone.units["keystone/0"].agent.current == "idle":
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the unit does not become idle")


async def test_the_model_is_read():
    async with served() as world:
        juju = world.client()
        model = await juju.full_status()
        await juju.close()
        keystone = model.applications["keystone"]
        assert (model.name, model.uuid) == ("openstack", world.model.uuid)
        assert (keystone.charm, keystone.revision, keystone.channel) == (
            "keystone",
            1,
            "1/stable",
        )
        assert (keystone.base, keystone.series) == ("ubuntu@22.04", "jammy")
        assert keystone.units["keystone/0"].machine == "0"
        assert model.machines["0"].zone == "zone1"


async def test_an_option_is_set_and_its_hook_is_proved_by_the_history():
    async with served() as world:
        juju = world.client()
        await idle(juju)
        before = (await juju.full_status()).controller_time
        await juju.set_config("keystone", {"colour": "blue"})
        options = (await juju.config(["keystone"]))["keystone"]
        assert options["colour"] == ConfigValue("blue", True)
        assert not options["size"].is_set
        for _ in range(200):
            history = (await juju.status_history(["keystone/0"], before))["keystone/0"]
            hooks = [entry for entry in history if "config-changed" in entry.message]
            if hooks:
                break
            await asyncio.sleep(0.02)
        await juju.close()
        assert hooks[0].current == "executing"
        assert hooks[0].since > before


async def test_an_action_and_a_command_run_once_and_are_found_again():
    async with served() as world:
        juju = world.client()
        assert await juju.last_task_id("keystone/0", "work") == 0
        action = await juju.enqueue("keystone/0", "work", {"for": 1})
        command = await juju.run_command("keystone/0", "echo hello", 30)
        done, answered = await ended(juju, action), await ended(juju, command)
        assert (done.status, done.name) == (TaskStatus.COMPLETED, "work")
        assert answered.output["return-code"] == 0
        assert "hello" in answered.output["stdout"]
        assert await juju.last_task_id("keystone/0", "work") == action
        (found,) = await juju.tasks_after(["keystone/0"], "juju-exec", 0)
        assert found.id == command
        assert found.parameters["command"] == "echo hello"
        assert await juju.tasks_after(["keystone/0"], "work", action) == ()
        assert await juju.actions(["keystone"]) == {
            "keystone": frozenset({"work", "quick", "grouped", "strict", "fails"})
        }
        await juju.close()


async def test_a_running_action_is_cancelled():
    async with served() as world:
        juju = world.client()
        number = await juju.enqueue("keystone/0", "work", {"for": 10_000})
        answer = (await juju.cancel_tasks([number]))[number]
        assert answer in ("cancelled", "aborting")
        assert (await ended(juju, number)).status in (
            TaskStatus.CANCELLED,
            TaskStatus.ABORTED,
        )
        await juju.close()


async def test_a_refresh_moves_the_revision():
    async with served() as world:
        juju = world.client()
        url = await juju.refresh("keystone", "7/stable")
        assert url.endswith("keystone-7")
        keystone = (await juju.full_status(["keystone"])).applications["keystone"]
        assert (keystone.charm_url, keystone.channel) == (url, "7/stable")
        with pytest.raises(JujuError) as caught:
            await juju.refresh("keystone", "no-such-track/stable")
        assert caught.value.sent is False
        await juju.close()


async def test_annotations_access_and_the_models_options_are_read_and_kept():
    async with served() as world:
        juju = world.client()
        tag = f"model-{world.model.uuid}"
        await juju.set_annotations(tag, {"cou-run": "1"})
        assert await juju.annotations(tag) == {"cou-run": "1"}
        await juju.set_annotations(tag, {"cou-run": ""})
        assert await juju.annotations(tag) == {}
        assert await juju.model_access() == "admin"
        assert (await juju.model_config())["name"] == "openstack"
        await juju.close()


async def test_parameters_that_the_charm_refuses_start_nothing():
    async with served() as world:
        juju = world.client()
        with pytest.raises(JujuError) as caught:
            await juju.enqueue("keystone/0", "strict", {"other": 1})
        assert caught.value.sent is False
        await juju.close()


@pytest.mark.parametrize(
    ("user", "password", "uuid", "code"),
    [
        ("cou", "wrong", "", "login-refused"),
        ("stranger", "pass", "", "login-refused"),
        ("cou", "pass", "00000000-0000-4000-8000-000000000000", "model-gone"),
        ("reader", "pass", "", "permission-denied"),
        ("writer", "pass", "", "permission-denied"),
    ],
)
async def test_an_account_that_may_not_runs_no_command(
    user: str, password: str, uuid: str, code: str
):
    async with served() as world:
        juju = world.client(user, password, uuid)
        with pytest.raises(JujuError) as caught:
            await juju.run_command("keystone/0", "true", 1)
        assert (caught.value.code, caught.value.sent) == (code, False)
        await juju.close()


async def test_a_restart_of_the_controller_is_survived():
    world = World()
    listener = await server.serve(world.controller, certs=CERTIFICATES)
    juju = world.client()
    await juju.full_status()
    await listener.refuse()
    asyncio.get_running_loop().call_later(
        0.3, lambda: tasks.append(asyncio.create_task(listener.accept()))
    )
    tasks: list[asyncio.Task[None]] = []
    assert (await juju.full_status()).name == "openstack"
    await juju.close()
    await asyncio.gather(*tasks)
    await listener.close()
