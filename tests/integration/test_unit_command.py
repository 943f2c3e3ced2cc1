"""The command `cou` on the unit: one run, whether an action or a terminal began it."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
from collections.abc import Iterator

import pytest
from cli.terminal import CTRL_C, Terminal

import command as installed

from .ground import PASSWORD, Ground
from .operator import LONGEST_S, Operator

START = "Would you like to start the upgrade? Continue (y/N): "
CANCELLING = "Canceling upgrade... (Press ctrl+c again to stop immediately)"
STOPPED = "charmed-openstack-upgrader has been stopped safely"
NOT_WAITED = "charmed-openstack-upgrader has been terminated without waiting"
LIVE_HINT = "ctrl+c: finish what runs"


class Root:
    """Root on the unit's machine, with the script that the charm installs there."""

    def __init__(self, ground: Ground, folder: pathlib.Path):
        charm = ground.state / "agents" / "unit-cou-0" / "charm"
        self.program = folder / "cou"
        self.program.write_text(installed.script(charm), encoding="utf-8")
        self.program.chmod(0o755)
        tools = ground.state / "tools" / "unit-cou-0"
        self.environment = {
            "PATH": f"{tools}:{os.environ['PATH']}",
            "HOME": str(folder),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
        }
        self._terminals: list[Terminal] = []

    def type(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the command without a terminal."""
        return subprocess.run(
            [str(self.program), *words],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )

    def at_terminal(self, *words: str) -> Terminal:
        """Start the command at a terminal of its own."""
        self._terminals.append(Terminal(words, self.environment, program=[str(self.program)]))
        return self._terminals[-1]

    def close(self) -> None:
        """Let no terminal outlive the test."""
        for terminal in self._terminals:
            terminal.close()


@pytest.fixture
def root(ground: Ground, tmp_path: pathlib.Path) -> Iterator[Root]:
    root = Root(ground, tmp_path)
    yield root
    root.close()


def test_a_plan_shown_by_the_command_is_what_the_action_upgrade_does(
    root: Root, operator: Operator
):
    shown = root.type("plan", "--format", "json")
    assert shown.returncode == 0, shown.stderr
    plan = json.loads(shown.stdout)
    assert operator.run("plan").results["hash"] == plan["hash"]
    started = operator.run("upgrade", f"plan={plan['hash']}")
    assert started.status == "completed", started
    seen = root.type("status", "--format", "json")
    assert json.loads(seen.stdout)["plan"] == operator.journal()["plan"] == plan["hash"]


def test_attach_follows_the_run_of_an_action_and_ctrl_c_drains_it(root: Root, operator: Operator):
    with operator.going():
        terminal = root.at_terminal("attach")
        terminal.until(LIVE_HINT)
        terminal.type(CTRL_C)
        terminal.until(CANCELLING)
    assert terminal.end() == 130
    assert STOPPED in terminal.text
    words = operator.await_rest()
    assert words.startswith("stopped at step "), words
    states = _states(operator.journal())
    assert not states & {"running", "in-doubt", "failed"}


def test_while_an_action_runs_it_upgrade_is_refused_and_cancel_stops_it(
    root: Root, operator: Operator
):
    with operator.going():
        refused = root.type("upgrade", "--auto-approve")
        assert refused.returncode == 1
        assert "cou attach" in refused.stderr
        cancelled = root.type("cancel")
    assert cancelled.returncode == 0
    assert "Nothing further begins" in cancelled.stdout
    assert operator.await_rest().startswith("stopped at step ")
    assert operator.journal()["state"] == "stopped"


@pytest.mark.deep
def test_two_signals_at_an_attached_terminal_stop_without_waiting(root: Root, operator: Operator):
    with operator.going():
        terminal = root.at_terminal("attach")
        terminal.until(LIVE_HINT)
        terminal.type(CTRL_C)
        terminal.until(CANCELLING)
        terminal.type(CTRL_C)
        assert terminal.end() == 130
    assert NOT_WAITED in terminal.text
    assert operator.journal()["state"] == "killed"
    assert operator.ground.processes("cou.work.runner") == []
    operator.watch(lambda current, message: current == "blocked" and "upgrade" in message)


@pytest.mark.deep
def test_a_no_at_a_question_leaves_the_run_to_the_next_upgrade_wherever_it_is_run(
    root: Root, operator: Operator, ground: Ground
):
    operator.come_to_rest()
    terminal = root.at_terminal("upgrade")
    terminal.until(START)
    terminal.type("n\n")
    assert terminal.end() == 0
    assert operator.run("upgrade-step").status == "completed"
    operator.watch(lambda current, message: current == "blocked" and "stopped" in message)
    done = root.type("upgrade", "--auto-approve")
    assert done.returncode == 0, done.stderr
    assert "The upgrade to 'victoria' is complete." in done.stdout
    operator.watch(lambda current, message: message == "upgraded to victoria")
    assert not ground.verdict("victoria").violations
    logs = ground.state / "cou" / "cou-0" / "log"
    assert f"Full execution log: '{logs}/cou-" in done.stdout
    for path in logs.iterdir():
        assert PASSWORD not in path.read_text(encoding="utf-8")


def _states(run: dict[str, object]) -> set[str]:
    found: set[str] = set()
    left: list[dict[str, object]] = [run]
    while left:
        step = left.pop()
        below = step["steps"]
        assert isinstance(below, list)
        left += below
        if not below:
            found.add(str(step["state"]))
    return found
