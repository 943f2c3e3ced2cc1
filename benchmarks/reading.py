"""Reading a model for a plan: round trips, latency, bytes, memory.

Rounds are counted in virtual time: how long a reading takes over what one call takes there and
back. Against the wire it is measured in real time: the same calls, sent by a bare client that
understands nothing of the answers, over the same TLS connection to the same server.
"""

from __future__ import annotations

import asyncio
import gc
import json
import pathlib
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

import websockets.asyncio.client
from cou.cloud import reading
from cou.juju.client import Client
from cou.juju.transport import Session
from cou.options.options import Options
from cou.options.settings import Settings
from cou.process.access import Access
from cou.process.connection import PLAN_TIMING, open_client
from cou.work import make_plan
from juju_testbed.wire.facades.dispatcher import Dispatcher
from juju_testbed.wire.server import serve

from tests.simulation import bundles
from tests.simulation import world as worlds

OPTIONS = Options.from_dict({"group": "control-plane"})


def bundle(applications: int, units: int) -> dict[str, Any]:
    """Return a cloud of so many API services with so many units in all."""
    made = bundles.Bundle("focal", "ussuri", 1, ())
    for number in range(applications):
        count = units // applications + (number < units % applications)
        made.add(f"glance-{_letters(number)}", charm="glance", units=count)
    return made.done()


def _letters(number: int) -> str:
    return "".join(chr(97 + number // base % 26) for base in (676, 26, 1))


class Recorded(worlds.InProcess):
    """Remembers the calls."""

    def __init__(self, dispatcher: Dispatcher, latency_s: float):
        super().__init__(dispatcher, latency_s)
        self.asked: list[tuple[str, str, Any]] = []

    async def call(self, facade: str, method: str, params: Any, **more: Any) -> Any:
        """Pass a call on."""
        self.asked.append((facade, method, params))
        return await super().call(facade, method, params, **more)


def rounds(applications: int, units: int, latency_ms: int) -> dict[str, Any]:
    """Return how many rounds one reading takes, one after the other, and how many calls."""
    with tempfile.TemporaryDirectory() as folder:
        return worlds.run(_rounds(pathlib.Path(folder), applications, units, latency_ms))


async def _rounds(
    home: pathlib.Path, applications: int, units: int, latency_ms: int
) -> dict[str, Any]:
    world = await worlds.build(home / "home", bundle(applications, units), profile="instant")
    wire = Recorded(Dispatcher(world.controller, world.model.uuid, "cou"), latency_ms / 2000)
    begun = asyncio.get_running_loop().time()
    await reading.read(Client(wire), OPTIONS)
    took_s = asyncio.get_running_loop().time() - begun
    return {
        "applications": applications,
        "units": units,
        "latency-ms": latency_ms,
        "calls": wire.calls,
        "took-ms": took_s * 1000,
        "rounds": took_s * 1000 / latency_ms if latency_ms else None,
    }


def against_wire(applications: int, units: int, times: int = 5) -> dict[str, Any]:
    """Return a plan's time over what server and wire need for the same bytes.

    All of them are in this process and nothing is slept for, so the time that it computes is what
    it takes on a machine of its own; other programs do not disturb it.
    """
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_against_wire(pathlib.Path(folder), applications, units, times))


async def _against_wire(
    home: pathlib.Path, applications: int, units: int, times: int
) -> dict[str, Any]:
    world = await worlds.build(home / "home", bundle(applications, units), profile="instant")
    recorded = Recorded(Dispatcher(world.controller, world.model.uuid, "cou"), 0.0)
    await reading.read(Client(recorded), OPTIONS)
    server = await serve(world.controller)
    access = Access(
        (server.address,), world.controller.ca, world.model.uuid, "openstack", "cou", "secret"
    )
    juju = open_client(access, PLAN_TIMING)
    bare = await _Bare.connect(world, server.address)
    plan_s, wire_s, decoded_s = [], [], []
    try:
        await juju.model_access()  # logged in before the clock runs, as the bare client is
        # What measurements before this one have left is nothing that a collection should look at.
        gc.collect()
        gc.freeze()
        for _ in range(times):
            begun = time.process_time()
            await make_plan.make_plan(juju, Settings(), OPTIONS)
            plan_s.append(time.process_time() - begun)
            begun = time.process_time()
            await bare.replay(recorded)
            wire_s.append(time.process_time() - begun)
            begun = time.process_time()
            for answer in bare.answers:
                json.loads(answer)
            decoded_s.append(time.process_time() - begun)
    finally:
        gc.unfreeze()
        await juju.close()
        await bare.close()
        await server.close()
        await world.model.stop()
    best, least = statistics.median(plan_s), statistics.median(wire_s)
    return {
        "of-pairs": statistics.median(p / w for p, w in zip(plan_s, wire_s, strict=True)),
        "applications": applications,
        "units": units,
        "bytes": bare.bytes // times,
        "plan-s": best,
        "wire-s": least,
        "plan-to-wire": best / least,
        "json-s": statistics.median(decoded_s),
    }


class _Bare:
    """Sends calls and takes answers for what they are: bytes."""

    def __init__(self, socket: Any):
        self._socket = socket
        self.bytes = 0
        self.answers: list[str] = []

    @classmethod
    async def connect(cls, world: worlds.World, address: str) -> _Bare:
        trust = ssl.create_default_context(cadata=world.controller.ca)
        socket = await websockets.asyncio.client.connect(
            f"wss://{address}/model/{world.model.uuid}/api",
            ssl=trust,
            server_hostname="localhost",
            max_size=None,
            proxy=None,
        )
        login = {"auth-tag": "user-cou", "credentials": "secret", "client-version": "3.6.0"}
        request = {"request-id": 1, "type": "Admin", "version": 3, "request": "Login"}
        await socket.send(json.dumps({**request, "params": login}))
        await socket.recv()
        return cls(socket)

    async def replay(self, recorded: Recorded) -> None:
        """Send all that was recorded and wait for as many answers."""
        for number, (facade, method, params) in enumerate(recorded.asked, start=2):
            request = {"request-id": number, "type": facade, "request": method, "params": params}
            version = recorded.facades.get(facade, 0)
            await self._socket.send(json.dumps({**request, "version": version}))
        self.answers = [await self._socket.recv() for _ in recorded.asked]
        self.bytes += sum(map(len, self.answers))

    async def close(self) -> None:
        await self._socket.close()


def planned_mb(applications: int, units: int) -> dict[str, float]:
    """Return the memory that a plan takes, in MB, above what is there with the status as text.

    Only the engine's side counts: the status is read from JSON text, as it comes from the wire.
    """
    with tempfile.TemporaryDirectory() as folder:
        texts = worlds.run(_texts(pathlib.Path(folder), applications, units))
    path = pathlib.Path(tempfile.mkstemp(suffix=".json")[1])
    try:
        path.write_text(json.dumps(texts), encoding="utf-8")
        code = f"from benchmarks import reading; reading.replay({str(path)!r})"
        done = subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=600
        )
    finally:
        path.unlink()
    empty, full = (float(word) for word in done.stdout.split())
    return {"applications": applications, "units": units, "empty-MB": empty, "plan-MB": full}


async def _texts(home: pathlib.Path, applications: int, units: int) -> dict[str, str]:
    world = await worlds.build(home / "home", bundle(applications, units), profile="instant")
    wire = Recorded(Dispatcher(world.controller, world.model.uuid, "cou"), 0.0)
    answers: dict[str, str] = {"uuid": world.model.uuid}
    call = wire.call

    async def kept(facade: str, method: str, params: Any, **more: Any) -> Any:
        reply = await call(facade, method, params, **more)
        answers[f"{facade}.{method}"] = json.dumps(reply)
        return reply

    wire.call = kept
    await reading.read(Client(wire), OPTIONS)
    answers["facades"] = json.dumps(dict(wire.facades))
    return answers


class _Replayed:
    """A transport that answers from text, parsed at each call as from a wire."""

    def __init__(self, texts: dict[str, str]):
        self._texts = texts
        self.facades = json.loads(texts["facades"])

    async def session(self) -> Session:
        return Session(self._texts["uuid"], "admin", "", self.facades)

    async def call(self, facade: str, method: str, params: Any, **more: Any) -> Any:
        return json.loads(self._texts[f"{facade}.{method}"])

    async def close(self) -> None:
        pass


def replay(path: str) -> None:
    """Plan from recorded answers; print the process's most memory before and after, in MB."""
    before = _most_mb()
    texts = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    client = Client(_Replayed(texts))
    asyncio.run(make_plan.make_plan(client, Settings(), OPTIONS))
    print(before, _most_mb())


def _most_mb() -> float:
    """Return the most memory that this process had; `getrusage` would count its parent's too."""
    text = pathlib.Path("/proc/self/status").read_text(encoding="utf-8")
    return int(text.split("VmHWM:")[1].split()[0]) / 1024
