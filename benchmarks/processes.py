"""A runner that only waits, and the way of a cancel and of a force to it.

A testbed is served in a thread of this process; supervisor and runner are real ones. An upgrade in
that cloud takes longer than anything that is measured here.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

from cou.journal.records import RunState
from cou.process import locks
from cou.process.paths import RunPaths
from juju_testbed.charms import bundle, profile
from juju_testbed.charms.store import OpenStackStore
from juju_testbed.model.clock import Clock
from juju_testbed.model.controller import Controller
from juju_testbed.model.model import Model

from tests.processes import conftest as ground

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
# What it is measured beside: a program of as many processes that does nothing but end on a signal.
_WAITS = "import os, signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: os.write(1, b'.'))\n"
_WAITS += "os.write(1, b'r')\nwhile True:\n    signal.pause()\n"
_SIZES = {
    "python": "",
    "websockets": "import asyncio, ssl, websockets.asyncio.client",
    "libjuju": "import juju.client.connection",
}


class _Slow(ground.Cloud):
    """A cloud whose upgrades and hooks take minutes."""

    def deploy(self) -> Any:
        """Return the controller that is to be served."""
        store = OpenStackStore(dataclasses.replace(profile.INSTANT, upgrade=900.0, hook=300.0))
        clock = Clock()
        controller = Controller(clock=clock)
        model = Model("openstack", clock=clock, store=store)
        controller.add_model(model)
        bundle.deploy(model, self._source, store)
        controller.add_user("cou", ground.PASSWORD)
        controller.grant("cou", "admin", "openstack")
        return controller


@contextlib.contextmanager
def _running() -> Iterator[ground.Operator]:
    cloud = _Slow(ground.SMALL)
    with tempfile.TemporaryDirectory() as folder:
        home = pathlib.Path(folder)
        operator = ground.Operator(RunPaths(home / "home", home / "run"), cloud)
        try:
            operator.plan(backup=False)
            yield operator
        finally:
            operator.control.force()
            cloud.stop()


def idle(seconds: float = 40.0) -> dict[str, Any]:
    """Return what a runner takes while it waits for a hook: its share of a core, and memory."""
    with _running() as operator:
        _begin(operator)
        time.sleep(5)
        pid = locks.holder(operator.place.runner_lock) or 0
        before, begun = _cpu_s(pid), time.monotonic()
        time.sleep(seconds)
        share = (_cpu_s(pid) - before) / (time.monotonic() - begun)
        mine = _resident_mb(pid)
        sizes = {f"{name}-MB": _size_mb(code) for name, code in _SIZES.items()}
    return {"share": share, "runner-MB": mine, **sizes, "to-libjuju": mine / sizes["libjuju-MB"]}


def signals(times: int = 5) -> dict[str, Any]:
    """Return what a cancel and a force take, beside a bare signal's way and a bare kill."""
    cancel, force, bare, kill = [], [], [], []
    with _running() as operator:
        for _ in range(times):
            _begin(operator)
            begun = time.perf_counter()
            operator.control.cancel()
            cancel.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            operator.control.force()
            force.append(time.perf_counter() - begun)
            way_s, end_s = _bare()
            bare.append(way_s)
            kill.append(end_s)
    found = {"cancel": cancel, "force": force, "signal": bare, "kill": kill}
    rows = {f"{name}-ms": statistics.median(each) * 1000 for name, each in found.items()}
    return {
        **rows,
        "cancel-to-signal": rows["cancel-ms"] / rows["signal-ms"],
        "force-to-kill": rows["force-ms"] / rows["kill-ms"],
    }


def _begin(operator: ground.Operator) -> None:
    operator.upgrade()
    while not (view := operator.control.view()).running:
        if view.state not in (RunState.STARTING, RunState.RUNNING):
            raise RuntimeError(f"{view.state}: {view.error}: {operator.log()}")
        time.sleep(0.05)


def _bare() -> tuple[float, float]:
    """Return a signal's way to a Python process and back, and the time from a kill to its end."""
    command = [sys.executable, "-c", _WAITS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        begun = time.perf_counter()
        process.send_signal(signal.SIGTERM)
        process.stdout.read(1)
        way_s = time.perf_counter() - begun
        begun = time.perf_counter()
        process.kill()
        process.wait()
        return way_s, time.perf_counter() - begun


def _cpu_s(pid: int) -> float:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
    return sum(map(int, fields.split()[11:13])) * _TICK_S


def _resident_mb(pid: int) -> float:
    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


def _size_mb(code: str) -> float:
    """Return the memory of a Python that has loaded something."""
    ready = f"import warnings; warnings.simplefilter('ignore')\n{code}\n" + _WAITS
    command = [sys.executable, "-c", ready]
    with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        size = _resident_mb(process.pid)
        process.kill()
        return size
