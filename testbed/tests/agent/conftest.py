"""A model with a real tiny charm in it, on a loop of its own."""

from __future__ import annotations

import asyncio
import json
import pathlib
import shutil
import sys
import uuid
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from juju_testbed.agent import survivors
from juju_testbed.agent.environment import Surroundings
from juju_testbed.agent.host import AgentHost
from juju_testbed.agent.local import LocalStore
from juju_testbed.agent.places import Places
from juju_testbed.model.entities import Task
from juju_testbed.model.model import Model

TINY = pathlib.Path(__file__).parent / "charms" / "tiny"


class World:
    """Runs a model's agents while a test looks at it."""

    def __init__(self, folder: pathlib.Path):
        self.loop = asyncio.new_event_loop()
        self.source = folder / "source"
        shutil.copytree(TINY, self.source)
        self.store = LocalStore()
        self.model = Model("m", store=self.store)
        self.model.watch_delay_s = self.model.charm_download_s = self.model.charm_unpack_s = 0.0
        self.model.config["update-status-hook-interval"] = "1h"
        self.data_dir = folder / "state"
        self.surroundings = Surroundings(
            str(uuid.uuid4()), ("127.0.0.1:17070",), "PEM", "3.6.14", str(uuid.uuid4())
        )
        places = Places(self.data_dir)
        self.host = AgentHost(self.model, places, self.surroundings, sys.executable)
        self.store.attach(self.host)
        self.run(self._build())

    async def _build(self) -> None:
        self.model.add_machine("0", "jammy", zone="zone-1")
        revision = self.store.add(self.source, "jammy")
        self.model.add_application("tiny", revision, "jammy")
        self.model.add_unit("tiny", "0", settled=False)
        self.model.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Await something; the agents go on meanwhile."""
        return self.loop.run_until_complete(work)

    def inside(self, call: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Call something that needs the running loop."""

        async def do() -> Any:
            return call(*arguments, **named)

        return self.run(do())

    def until(self, true: Callable[[], Any], patience_s: float = 300.0) -> Any:
        """Wait until something holds; return what it gave."""

        async def wait() -> Any:
            deadline = self.loop.time() + patience_s
            while not (found := true()):
                if self.loop.time() > deadline:
                    raise AssertionError(self.report())
                await asyncio.sleep(0.02)
            return found

        return self.run(wait())

    def report(self) -> str:
        """Return what a failed wait has to show."""
        units = [f"{u.name} {u.agent} {u.workload}" for u in self.model.units.values()]
        return "\n".join([*units, *(line.message for line in self.model.debug_log)])

    def settle(self, unit: str = "tiny/0") -> None:
        """Wait until a unit has started and is idle."""
        uniter = self.model.uniters[unit]
        self.until(lambda: uniter.local.started and uniter.unit.agent.current == "idle")

    def act(self, action: str, **params: Any) -> Task:
        """Run an action to its end."""
        task = self.begin(action, **params)
        self.until(lambda: task.completed is not None)
        return task

    def begin(self, action: str, **params: Any) -> Task:
        """Enqueue an action."""
        operation = self.model.enqueue([("tiny/0", action, params)], "admin")
        return self.model.tasks[operation.tasks[0]]

    def hooks(self, unit: str = "tiny/0") -> list[str]:
        """Return the hooks that the charm has seen."""
        record = self.host.places.unit(unit).agent / "hooks.json"
        return json.loads(record.read_text()) if record.exists() else []

    def left(self) -> list[int]:
        """Return the processes that hooks have left."""
        found = survivors.find(self.surroundings.testbed, self.data_dir)
        return [pid for pid in found if not survivors.is_zombie(pid)]

    def close(self) -> None:
        """Stop everything."""
        self.run(self.model.stop())
        self.run(self.host.close())
        self.run(asyncio.sleep(0))
        assert survivors.sweep(self.surroundings.testbed, self.data_dir) == []
        self.loop.close()


@pytest.fixture
def world(tmp_path: pathlib.Path) -> Iterator[World]:
    """A model with one unit of the tiny charm, installing."""
    made = World(tmp_path)
    yield made
    made.close()
