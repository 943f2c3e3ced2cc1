"""What an operator types, and reads."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import jubilant

from .ground import Ground

# A whole upgrade takes a minute, all else seconds; the machine that tests may be busy.
LONGEST_S = 1200.0


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came of an action: its task's status (``refused``: there is no task), and results."""

    status: str
    message: str
    results: dict[str, Any]


class Operator:
    """Somebody with a terminal.

    Args:
        ground: where.
    """

    def __init__(self, ground: Ground):
        self.ground = ground
        self.juju = ground.juju

    def type(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Type a `juju` command."""
        verb, *rest = words
        model = ["--model", self.juju.model] if self.juju.model else []
        command = [str(self.juju.cli_binary), verb, *model, *rest]
        return subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_S)

    def run(self, action: str, *parameters: str) -> Answer:
        """Type ``juju run cou/0 …``, with parameters as one types them.

        Where the charm says so, because the processes of the last attempt are still ending, try
        again in a moment.
        """
        deadline = time.monotonic() + LONGEST_S
        while True:
            answer = self.run_once(action, *parameters)
            if answer.results.get("code") != "run-ending" or time.monotonic() > deadline:
                return answer
            time.sleep(0.5)

    def run_once(self, action: str, *parameters: str) -> Answer:
        """Type ``juju run cou/0 …`` and take whatever comes."""
        done = self.type("run", "--wait=5m", "--format=json", "cou/0", action, *parameters)
        if not done.stdout.strip():
            return Answer("refused", done.stderr, {})
        task = next(iter(json.loads(done.stdout).values()))
        return Answer(task["status"], task.get("message", ""), task["results"])

    def is_deployed(self) -> bool:
        """Whether the charm is there: a test may have removed it."""
        return "cou" in self.juju.status().apps

    def unit(self) -> jubilant.statustypes.StatusInfo:
        """Return what `juju status` says of the unit."""
        return self.juju.status().apps["cou"].units["cou/0"].workload_status

    def journal(self) -> dict[str, Any]:
        """Return what ``status format=json`` shows of the run."""
        return json.loads(self.run("status", "format=json").results["run"])

    def state(self) -> str:
        """Return the run's state, or ``none``."""
        return self.run("status").results["state"]

    def watch(self, enough: Callable[[str, str], bool]) -> str:
        """Look at `juju status` until status and message are so; return the message."""
        deadline = time.monotonic() + LONGEST_S
        while True:
            seen = self.unit()
            if enough(seen.current, seen.message):
                return seen.message
            assert time.monotonic() < deadline, f"still {seen.current}: {seen.message}"
            time.sleep(0.3)  # each look is a process of its own

    def await_rest(self) -> str:
        """Wait until `juju status` says that nothing runs any more; return its words."""
        return self.watch(lambda current, _: current in ("active", "blocked"))

    def await_step(self, number: int) -> None:
        """Wait until `juju status` shows a step of this number or more."""

        def reached(current: str, message: str) -> bool:
            assert current == "maintenance", f"{current}: {message}"
            found = re.match(r"step (\d+) of ", message)
            return bool(found) and int(found[1]) >= number

        self.watch(reached)

    def get_going(self) -> None:
        """See to it that a run is going on, whatever was before."""
        seen = self.unit()
        if seen.message.startswith("stopping"):
            self.await_rest()
            seen = self.unit()
        if seen.current == "active":
            assert self.run("plan").status == "completed"
        if seen.current != "maintenance":
            started = self.run("upgrade")
            assert started.status == "completed", started

    @contextlib.contextmanager
    def going(self) -> Iterator[None]:
        """See to it that a run is at its steps, and that it cannot end before the block does.

        Before that it only starts, then looks at the model.
        """
        with self.ground.held():
            self.get_going()
            deadline = time.monotonic() + LONGEST_S
            while not ((seen := self.journal())["state"] == "running" and seen["number"]):
                assert time.monotonic() < deadline, seen["state"]
                if seen["state"] == "completed":  # it was over before it could be held
                    self.get_going()
            yield

    def come_to_rest(self) -> None:
        """See to it that a run is stopped, whatever was before."""
        if self.unit().current == "blocked":
            return
        with self.going():
            assert self.run("cancel").results["acknowledged"] == "yes"
        words = self.await_rest()
        assert words.startswith("stopped at "), words

    def leave_nothing_going(self) -> None:
        """Stop a run that goes on: how far it gets by the next test is the machine's choice."""
        if not self.is_deployed() or self.unit().current != "maintenance":
            return
        with self.ground.held():
            assert self.run("cancel").results["acknowledged"] == "yes"
        self.await_rest()

    def finish(self) -> str:
        """See to it that the run comes to its end; return what `juju status` says then."""
        self.get_going()
        return self.await_rest()
