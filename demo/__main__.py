"""``python -m demo``: the main job from nothing to the verdict; ``--shell`` to play with it."""

from __future__ import annotations

import argparse
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import yaml
from juju_testbed import judge
from juju_testbed.charms.bundle import BundleError

from . import bundles
from .stage import Stage, Trouble

_LONGEST_S = 900.0


class Story:
    """What is typed, and what comes of it.

    Args:
        stage: where it plays.
    """

    def __init__(self, stage: Stage):
        self._stage = stage
        self.target = ""
        self._told = ""

    def tell(self) -> None:
        """Run the whole story.

        Raises:
            Trouble: something did not come as it must.
        """
        plan = yaml.safe_load(self._type("run", "cou/0", "plan"))
        self.target = plan["to"]
        self._type("run", "cou/0", "upgrade")
        total = int(plan["steps"])
        self._await_step(max(3, total // 15))
        self._type("status", "cou")
        self._type("run", "cou/0", "cancel")
        self._await_rest("stopped at")
        self._type("run", "cou/0", "upgrade")
        self._await_step(total // 3)
        self._type("run", "cou/0", "cancel", "force=true")
        self._await_rest("killed at")
        self._type("run", "cou/0", "status")
        self._type("run", "cou/0", "upgrade")
        self._await_rest("upgraded to")
        self._type("status", "cou")

    def _type(self, *arguments: str) -> str:
        _say(f"\n$ juju {' '.join(arguments)}")
        printed = self._stage.juju(*arguments)
        _say(printed.strip())
        if re.match(r"Action id \d+ failed", printed.strip()):
            raise Trouble("the action failed")
        return printed

    def _await_step(self, number: int) -> None:
        """Watch until a step of this number runs."""

        def reached(current: str, message: str) -> bool:
            if current in ("blocked", "active"):
                raise Trouble(f"the run has ended too early: {message}")
            found = re.match(r"step (\d+) of ", message)
            return bool(found) and int(found[1]) >= number

        self._watch(reached)

    def _await_rest(self, begins: str) -> None:
        """Watch until the unit says that nothing runs any more, in these words."""
        self._watch(lambda current, _: current in ("blocked", "active"))
        if not self._told.startswith(begins):
            raise Trouble(f"the run ended otherwise than {begins!r}: {self._told}")

    def _watch(self, enough: Callable[[str, str], bool]) -> None:
        """Show the unit's message as it changes; unseal vault where it waits for its operator."""
        deadline = time.monotonic() + _LONGEST_S
        while True:
            unit = self._stage.status()["applications"]["cou"]["units"]["cou/0"]
            status = unit["workload-status"]
            message = status.get("message", "")
            if message != self._told:
                self._told = message
                _say(f"    cou/0: {message}")
            if enough(status["current"], message):
                return
            if status["current"] == "waiting":
                _say("    (vault is sealed; its operator unseals it)")
                self._stage.testbed("unseal")
            if time.monotonic() > deadline:
                raise Trouble(f"nothing more came within {_LONGEST_S:.0f} s; last: {message}")
            time.sleep(0.3)


def _say(text: str) -> None:
    print(text, flush=True)


def _judge(stage: Stage, target: str) -> bool:
    """Give the verdict from the testbed's log of operations, not from the charm's word."""
    stage.testbed("snapshot")
    path = pathlib.Path(stage.testbed("log", "--path").strip())
    expected = {"target": target, "backup": True}
    verdict = judge.verdict(judge.read(path), expected)
    _say(f"\nVerdict from the log of operations ({path}):")
    for key, value in verdict.facts.items():
        _say(f"  {key}: {value}")
    for violation in verdict.violations:
        _say(f"  VIOLATED: {violation}")
    _say("  All is well." if verdict.good else f"  {len(verdict.violations)} rules were broken.")
    return verdict.good


def _shell(stage: Stage) -> None:
    shell = os.environ.get("SHELL", "/bin/bash")
    _say(
        "\njuju, juju-testbed and the cloud are yours; exit ends them."
        "\nTo begin: juju run cou/0 plan"
        "\nThe tutorial goes on from here: docs/tutorial.md"
    )
    environment = {**stage.environment, "PS1": "(testbed) \\w\\$ "}
    rc = stage.folder / "bashrc"
    rc.write_text("PS1='(testbed) \\w\\$ '\n", encoding="utf-8")
    command = [shell, "--rcfile", str(rc), "-i"] if shell.endswith("bash") else [shell]
    subprocess.run(command, env=environment, check=False)


def main() -> int:
    """Show the main job; 0 only if the verdict is good."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument(
        "--cloud",
        default="",
        help="a bundle, or a snapshot of a model (.json); the demo's own bundle by default",
    )
    parser.add_argument("--shell", action="store_true", help="leave the cloud to a shell")
    given = parser.parse_args()
    # An end asked for by a signal, or by closing the terminal, must still stop the testbed.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda caught, _: sys.exit(128 + caught))
    stage = Stage("shell" if given.shell else "demo")
    try:
        stage.start()
        path, rewritten = bundles.prepare(given.cloud, stage.folder)
        for line in rewritten:
            _say(f"Juju 3 has no Charm Store; rewritten: {line}")
        _say(f"Deploying {path.name} and the charm on a testbed in {stage.folder.name} ...")
        stage.deploy(path)
        if given.shell:
            _shell(stage)
            return 0
        begun = time.monotonic()
        story = Story(stage)
        story.tell()
        good = _judge(stage, story.target)
        _say(f"  {time.monotonic() - begun:.0f} s from the first command to the verdict.")
        return 0 if good else 1
    except (Trouble, BundleError, OSError) as error:
        _say(f"\nThe demo stops: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        with contextlib.suppress(Trouble):
            stage.clear()


if __name__ == "__main__":
    sys.exit(main())
