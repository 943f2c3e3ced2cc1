"""How the testbed carries large models: ``python -m benchmarks.testbed_size``.

For each size: deploy so many applications with so many units in process, serve them, and measure
over the wire, with a client of its own in the same process: the status (time and bytes), the time
from an option written to every unit of an application idle again, the first answer of a watcher
of the whole model, calls per second, and memory.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import resource
import ssl
import time
from typing import Any

import websockets.asyncio.client
from juju_testbed.model.clock import Clock
from juju_testbed.model.controller import Controller
from juju_testbed.model.model import Model
from juju_testbed.model.simple import SimpleCharm, SimpleStore
from juju_testbed.wire.server import serve

SIZES = ((20, 200), (200, 2_000), (500, 10_000))
_CALLS = 200


class Wire:
    """A connection that asks one thing after the other."""

    def __init__(self, socket: Any):
        self._socket = socket
        self._number = 0
        self.bytes = 0

    async def ask(
        self, facade: str, version: int, method: str, object_id: str = "", **params: Any
    ) -> dict[str, Any]:
        """Call a method."""
        self._number += 1
        request = {"request-id": self._number, "type": facade, "version": version}
        request["id"] = object_id
        await self._socket.send(json.dumps({**request, "request": method, "params": params}))
        text = await self._socket.recv()
        self.bytes = len(text)
        reply = json.loads(text)
        if "error" in reply:
            raise RuntimeError(reply["error"])
        return reply["response"]


def build(applications: int, units: int) -> Controller:
    """Return a controller with a model of that size; units are spread evenly."""
    clock = Clock()
    store = SimpleStore(SimpleCharm(clock, hook_s=0.01))
    model = Model("big", store=store, clock=clock, config={"update-status-hook-interval": "0s"})
    model.watch_delay_s = 0.0
    for number in range(units):
        model.add_machine(str(number), "jammy")
    names = [f"app-{chr(97 + n // 26 // 26)}{chr(97 + n // 26 % 26)}{chr(97 + n % 26)}"
             for n in range(applications)]  # fmt: skip
    for name in names:
        model.add_application(name, store.resolve(name, "5/stable", "jammy", None), "jammy")
    for number in range(units):
        model.add_unit(names[number % applications], str(number))
    for one, other in itertools.pairwise(names):
        model.relate(f"{one}:db", f"{other}:db")
    controller = Controller(clock=clock)
    controller.add_model(model)
    return controller


async def measure(applications: int, units: int) -> dict[str, float]:
    """Return figures of one size; seconds, megabytes, calls per second."""
    begun = time.perf_counter()
    controller = build(applications, units)
    (model,) = controller.models.values()
    model.start()
    built_s = time.perf_counter() - begun
    server = await serve(controller)
    trust = ssl.create_default_context(cadata=controller.ca)
    url = f"wss://{server.address}/model/{model.uuid}/api"
    async with websockets.asyncio.client.connect(
        url, ssl=trust, server_hostname="localhost", max_size=None, proxy=None
    ) as socket:
        wire = Wire(socket)
        await wire.ask("Admin", 3, "Login", **{"auth-tag": "user-admin",
                       "credentials": "admin-secret", "client-version": "3.6.0"})  # fmt: skip
        await wire.ask("Client", 6, "FullStatus", patterns=[])
        begun = time.perf_counter()
        await wire.ask("Client", 6, "FullStatus", patterns=[])
        status_s, status_mb = time.perf_counter() - begun, wire.bytes / 1e6
        begun = time.perf_counter()
        for _ in range(_CALLS):
            await wire.ask("Application", 17, "Get", application="app-aaa")
        calls = _CALLS / (time.perf_counter() - begun)
        settle_s = await _settle(wire)
        watcher = (await wire.ask("Client", 6, "WatchAll"))["watcher-id"]
        begun = time.perf_counter()
        await wire.ask("AllWatcher", 3, "Next", object_id=watcher)
        watch_s = time.perf_counter() - begun
    await server.close()
    await model.stop()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "applications": applications,
        "units": units,
        "build s": built_s,
        "status s": status_s,
        "status MB": status_mb,
        "calls/s": calls,
        "settle s": settle_s,
        "watch s": watch_s,
        "memory MB": memory,
    }


async def _settle(wire: Wire) -> float:
    """Write an option and wait until all units of its application have run their hook."""
    args = [{"application": "app-aaa", "config": {"colour": "blue"}}]
    begun = time.perf_counter()
    await wire.ask("Application", 17, "SetConfigs", Args=args)
    while True:
        status = await wire.ask("Client", 6, "FullStatus", patterns=["app-aaa"])
        units = status["applications"]["app-aaa"]["units"].values()
        since = [unit["agent-status"]["since"] for unit in units]
        idle = all(unit["agent-status"]["status"] == "idle" for unit in units)
        if idle and len({*since}) == len(since) and time.perf_counter() - begun > 0.05:
            return time.perf_counter() - begun
        await asyncio.sleep(0.02)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", action="append", help="applications,units; all by default")
    given = parser.parse_args().size
    sizes = [tuple(map(int, text.split(","))) for text in given] if given else SIZES
    for number, (applications, units) in enumerate(sizes):
        row = asyncio.run(measure(applications, units))
        if not number:
            print("  ".join(f"{name:>12}" for name in row))
        print("  ".join(f"{value:12.2f}".replace(".00", "") for value in row.values()))


if __name__ == "__main__":
    main()
