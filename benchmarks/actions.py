"""Whole actions through the charm's real dispatch, each beside an action of ops that does nothing.

A testbed runs both charms with real hook tools over TLS. What is measured lies in its log: from
the moment that a task is begun to the moment that it has ended. Before every action that is
measured the empty one runs on the unit beside it, so that both meet the same machine.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import pathlib
import signal
import statistics
import tempfile
from collections.abc import Iterator
from typing import Any

from tests.integration import ground as grounds
from tests.integration.operator import Operator

# The world's seconds in one of ours: slow, so that a run is still going on when it is asked.
_SCALE = 0.2
_CHARMCRAFT = """\
name: empty
type: charm
summary: Does nothing
description: An action of ops that does nothing, to measure others by.
base: ubuntu@22.04
platforms: {amd64: {}}
parts: {charm: {plugin: charm, source: .}}
actions:
  nothing: {description: Does nothing., parallel: true, additionalProperties: false}
"""
_CHARM = """\
import ops


class EmptyCharm(ops.CharmBase):
    def __init__(self, framework):
        super().__init__(framework)
        framework.observe(self.on["nothing"].action, self._on_nothing)

    def _on_nothing(self, event):
        pass


if __name__ == "__main__":
    ops.main(EmptyCharm)
"""


def measure(rounds: int = 3) -> list[dict[str, Any]]:
    """Return what actions take in each state of a run, and the empty one beside them."""
    with contextlib.contextmanager(grounds.prepared)(_SCALE) as ground:
        with tempfile.TemporaryDirectory() as folder:
            ground.juju.deploy(_empty(pathlib.Path(folder) / "empty"), base="ubuntu@22.04")
            ground.await_cou(lambda unit: unit.is_active)
        ground.juju.wait(lambda s: s.apps["empty"].units["empty/0"].juju_status.current == "idle")
        bench = _Bench(ground)
        for _ in range(rounds):
            bench.round()
        return bench.rows()


def _empty(folder: pathlib.Path) -> pathlib.Path:
    """Write a charm whose only action does nothing; return its folder."""
    (folder / "src").mkdir(parents=True)
    (folder / "charmcraft.yaml").write_text(_CHARMCRAFT, encoding="utf-8")
    (folder / "src" / "charm.py").write_text(_CHARM, encoding="utf-8")
    return folder


class _Bench:
    """Drives a run through its states and takes the times."""

    def __init__(self, ground: grounds.Ground):
        self._ground = ground
        self._operator = Operator(ground)
        self._took: dict[tuple[str, str], list[tuple[float, float]]] = {}
        self._asked: dict[tuple[str, str], list[float]] = {}

    def rows(self) -> list[dict[str, Any]]:
        """Return one row for each state and action.

        `ratio` is the median of the pairs' ratios; `asked-s` is the part of `action-s` in which
        units of the cloud worked out what they were asked, and is not in the ratio.
        """
        return [
            {
                "state": state,
                "action": action,
                "times": len(pairs),
                "action-s": statistics.median(ours for ours, _ in pairs),
                "empty-s": statistics.median(empty for _, empty in pairs),
                "asked-s": statistics.median(self._asked[state, action]),
                "ratio": statistics.median(
                    (ours - asked) / empty
                    for (ours, empty), asked in zip(pairs, self._asked[state, action], strict=True)
                ),
            }
            for (state, action), pairs in self._took.items()
        ]

    def round(self) -> None:
        """Take a run through every state once."""
        force = ("cancel", "force=true")
        if self._operator.state() == "none":
            self._each("nothing shown", ("status",), ("cancel",), force, ("plan",))
        self._operator.run("plan")
        if self._operator.state() == "planned":
            self._each("planned", ("status",), ("cancel",), force, ("plan",))
        self._take("rests", "upgrade")
        self._operator.watch(lambda current, words: words.startswith("step "))
        self._each("running", ("status",), ("plan",), ("cancel",))
        self._each("draining or stopped", ("status",), ("cancel",))
        self._operator.await_rest()
        self._each("stopped", ("status",), ("cancel",), force)
        self._take("rests", "upgrade")
        self._operator.watch(lambda current, words: words.startswith("step "))
        self._take("running", *force)
        self._each("killed", ("status",), ("cancel",), force)
        self._take("rests", "upgrade")
        self._operator.watch(lambda current, words: words.startswith("step "))
        with self._hung():
            self._each("hung", ("status",), ("cancel",), force)
        self._operator.await_rest()

    @contextlib.contextmanager
    def _hung(self) -> Iterator[None]:
        pids = [
            pid
            for module in ("cou.work.runner", "cou.process.supervisor")
            for pid in self._ground.processes(module)
        ]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def _each(self, state: str, *actions: tuple[str, ...]) -> None:
        for action in actions:
            self._take(state, *action)

    def _take(self, state: str, *action: str) -> None:
        self._ground.juju.run("empty/0", "nothing")
        answer = self._operator.run(*action)
        if answer.status != "completed":
            raise RuntimeError(f"{state}: {action}: {answer}")
        ours, empty = self._newest("cou/0", action[0]), self._newest("empty/0", "nothing")
        key = state, " ".join(action)
        self._took.setdefault(key, []).append((_seconds(*ours), _seconds(*empty)))
        # Only a plan asks units, and none while a run is going on.
        asks = action[0] == "plan" and state != "running"
        self._asked.setdefault(key, []).append(self._asked_s(*ours) if asks else 0.0)

    def _newest(self, unit: str, action: str) -> tuple[datetime.datetime, datetime.datetime]:
        """Return when the newest task of an action began and ended, by the testbed's log."""
        moments = {
            entry["event"]: datetime.datetime.fromisoformat(entry["at"])
            for entry in self._ground.entries()
            if entry["unit"] == unit and entry["data"].get("name") == action
        }
        return moments["task-begun"], moments["task-ended"]

    def _asked_s(self, begun: datetime.datetime, ended: datetime.datetime) -> float:
        """Return for how much of some time a task ran on a unit of the cloud."""
        at = [
            datetime.datetime.fromisoformat(entry["at"])
            for entry in self._ground.entries()
            if entry["event"] in ("task-begun", "task-ended")
            and entry["unit"] not in ("cou/0", "empty/0")
        ]
        within = [one for one in at if begun <= one <= ended]
        return _seconds(min(within), max(within)) if within else 0.0


def _seconds(begun: datetime.datetime, ended: datetime.datetime) -> float:
    """Return how long that was for us; the log has the world's time."""
    return (ended - begun).total_seconds() / _SCALE
