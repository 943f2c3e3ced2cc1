"""The charm through its real dispatch and real hook tools, on the testbed's unit agent."""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from juju_testbed.agent import survivors
from juju_testbed.agent.environment import Surroundings
from juju_testbed.agent.host import AgentHost
from juju_testbed.agent.local import LocalStore
from juju_testbed.agent.places import Places
from juju_testbed.model.entities import Task
from juju_testbed.model.model import Model
from juju_testbed.wire import certificates

from .conftest import TOP

pytestmark = pytest.mark.slow  # each event is a process


class World:
    """A model that holds one unit of cou and nothing else; its controller's port is closed."""

    def __init__(self, folder: Path):
        self.loop = asyncio.new_event_loop()
        self.folder = folder
        self.model = Model("openstack", store=(store := LocalStore()))
        self.model.watch_delay_s = self.model.charm_download_s = self.model.charm_unpack_s = 0.0
        self.model.config["update-status-hook-interval"] = "1h"
        self.mark = str(uuid.uuid4())
        around = Surroundings(
            str(uuid.uuid4()), ("127.0.0.1:1",), certificates.make().ca, "3.6.14", self.mark
        )
        self.host = AgentHost(self.model, Places(folder), around, sys.executable)
        store.attach(self.host)
        self.run(self._deploy(store))

    async def _deploy(self, store: LocalStore) -> None:
        self.model.add_machine("0", "jammy")
        self.model.add_application("cou", store.add(TOP, "jammy"), "jammy")
        self.model.add_unit("cou", "0", settled=False)
        self.model.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Await something; the agent goes on meanwhile."""
        return self.loop.run_until_complete(work)

    def do(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """Call something that needs the running loop."""

        async def inside() -> Any:
            return call(*arguments)

        return self.run(inside())

    def settle(self, true: Callable[[], Any] = lambda: True) -> None:
        """Wait until the unit has started, is idle, and something holds."""
        uniter = self.model.uniters["cou/0"]

        async def wait() -> None:
            deadline = self.loop.time() + 180
            while not (uniter.local.started and uniter.unit.agent.current == "idle" and true()):
                if self.loop.time() > deadline:
                    log = "\n".join(line.message for line in self.model.debug_log)
                    raise AssertionError(f"{uniter.unit.agent} {uniter.unit.workload}\n{log}")
                await asyncio.sleep(0.02)

        self.run(wait())

    def act(self, action: str, **params: Any) -> Task:
        """Run an action to its end."""
        operation = self.do(self.model.enqueue, [("cou/0", action, params)], "admin")
        task = self.model.tasks[operation.tasks[0]]
        self.settle(lambda: task.completed is not None)
        return task

    @property
    def message(self) -> str:
        workload = self.model.units["cou/0"].workload
        return f"{workload.current}: {workload.message}"

    def close(self) -> None:
        """Stop everything, and see that nothing is left."""
        self.run(self.model.stop())
        self.run(self.host.close())
        self.run(asyncio.sleep(0))
        left = survivors.sweep(self.mark, self.folder)
        self.loop.close()
        assert left == []


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def test_a_new_operator_is_led_from_deploy_to_ready(world: World):
    world.settle()
    assert world.message == (
        "blocked: No credentials are set. Run: juju config cou credentials=SECRET-URI"
    )
    content = {"username": "cou", "password": "of-the-user"}
    uri = world.do(world.model.add_secret, "cou-login", content, "admin")
    world.do(world.model.set_config, "cou", {"credentials": uri}, "admin")
    world.settle(lambda: "grant-secret" in world.message)
    assert world.message.startswith("blocked: The credentials are not granted. Run: juju grant-")

    # A grant fires no hook: the next event of any kind, an action too, sees it.
    world.do(world.model.grant_secret, "cou-login", "cou", "admin")
    task = world.act("status")
    assert task.results["state"] == "none"
    assert world.message == "active: ready"

    world.do(world.model.update_secret, "cou-login", {"username": "cou"}, "admin")
    world.settle(lambda: "password" in world.message)
    assert world.message.startswith("blocked: The credentials lack password.")


def test_the_verbs_answer_through_real_hook_tools(world: World):
    world.settle()
    assert world.act("cancel").results["acknowledged"] == "yes"
    assert world.act("cancel", force=True).results["acknowledged"] == "yes"
    assert json.loads(world.act("status", format="json").results["run"])["state"] is None
    refused = world.act("upgrade", until="25:00")
    assert refused.status == "failed"
    assert refused.message.startswith("until='25:00' is not allowed.")
    assert refused.results["code"] == "bad-parameter"
    assert refused.results["return-code"] == 0
    refused = world.act("upgrade")
    assert refused.results["code"] == "credentials-not-set"


def test_the_supervisors_word_reaches_the_charm(world: World):
    world.settle()
    command = "JUJU_DISPATCH_PATH=hooks/run_changed ./dispatch"
    outcome = world.run(world.model.juju_exec("cou/0", command))
    assert outcome.code == 0, outcome
    said = "\n".join(line.message for line in world.model.debug_log)
    assert "Emitting Juju event run_changed." in said
