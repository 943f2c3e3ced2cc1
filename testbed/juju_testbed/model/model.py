"""A model: what the controller keeps of it, and the agents that live in it."""

from __future__ import annotations

import asyncio
from typing import Any

from .removal import Removal


class Model(Removal):
    """One model. Each concern has its module; this one starts and stops the agents.

    See `state.ModelState` for the data, `applications`, `operations`, `statuses`, `secrets` and
    `removal` for what can be done with it.
    """

    def __init__(self, name: str = "openstack", **settings: Any):
        super().__init__(name, **settings)
        self._restarts: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Start the agent of every unit; needs the running event loop."""
        self.running = True
        for uniter in self.uniters.values():
            uniter.start()

    async def stop(self) -> None:
        """Kill every agent and wait until all are gone."""
        self.running = False
        for work in (*self._restarts, *self.machine_work):
            work.cancel()
        ending = [uniter.kill() for uniter in self.uniters.values()]
        tasks = [
            *self._restarts,
            *self.machine_work,
            *(task for task in ending if task is not None),
        ]
        await asyncio.gather(*tasks, return_exceptions=True)

    def restart_agent(self, unit: str, down_s: float = 0.0) -> None:
        """Kill a unit's agent with what it runs, and start it again after a while.

        A running task ends as ``failed``, "action terminated"; a hook is retried as if it had
        failed; a juju-exec command is aborted.
        """
        self.unit(unit)
        self._again([unit], down_s, reboot=False)

    def reboot(self, machine: str, down_s: float = 0.0) -> None:
        """Reboot a machine with its containers; each unit then runs `start` once.

        A unit whose hook was cut off retries that instead (juju worker/uniter/reboot).
        """
        here = [m for m in self.machines if m == machine or m.startswith(f"{machine}/")]
        units = [unit.name for unit in self.units.values() if unit.machine in here]
        self._again(units, down_s, reboot=True)

    def _again(self, units: list[str], down_s: float, reboot: bool) -> None:
        ending = [self.uniters[name].kill() for name in units]

        async def restart() -> None:
            tasks = [task for task in ending if task is not None]
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.clock.sleep(down_s)
            for name in units:
                uniter = self.uniters.get(name)
                if uniter is None:
                    continue
                in_hook = uniter.local.hook or uniter.local.failed
                if reboot and uniter.local.started and not in_hook:
                    uniter.add_hook("start", {})
                if self.running:
                    uniter.start()

        task = asyncio.get_running_loop().create_task(restart(), name="restart agents")
        self._restarts.add(task)
        task.add_done_callback(self._restarts.discard)
