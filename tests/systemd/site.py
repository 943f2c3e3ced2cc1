"""A small cloud on a testbed, with the charm's unit on a machine that has a real systemd."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import jubilant
from juju_testbed import judge

from .. import hold
from .machine import AGENT, ROOT, Machine

BUNDLE = pathlib.Path(__file__).with_name("bundle.yaml")
PASSWORD = "not-for-any-log-0816"
SERVICE = "cou-cou-0.service"
TELL = "cou-cou-0-tell.service"
RUN = "/run/cou/cou-0"
LIVE = ("starting", "running", "waiting", "draining")
# A whole upgrade takes a minute, all else seconds; the machine that tests may be busy.
LONGEST_S = 1200


class Site:
    """What an operator has: the commands, and root on the unit's machine.

    Args:
        machine: not booted yet.
        charm: what is deployed: the project's folder, or a packed charm.
    """

    def __init__(self, machine: Machine, charm: pathlib.Path = ROOT):
        self.machine = machine
        self.charm = charm
        self.testbed_program = str(pathlib.Path(sys.executable).with_name("juju-testbed"))
        self._is_up = False
        self.juju = jubilant.Juju(cli_binary=machine.folder / "juju-command")

    def start(self) -> None:
        """Boot the machine, start the testbed, deploy cloud and charm."""
        self.boot("--zones")
        self._deploy()

    def boot(self, *options: str) -> None:
        """Boot the machine and start the testbed, with options of its own."""
        self.machine.boot()
        self._is_up = True
        self.testbed("up", "--profile", "demo", "--enter", str(self.machine.enter), *options)
        program = self.machine.folder / "juju-command"
        inside = shlex.join([*self.machine.enclosure.enter(), "/var/lib/juju/bin/juju"])
        program.write_text(f'#!/bin/sh\nexec {inside} "$@"\n')
        program.chmod(0o755)

    def _deploy(self) -> None:
        juju = self.juju
        # What nobody else has told the charm, it is not to learn from this.
        juju.model_config({"update-status-hook-interval": "60m"})
        juju.deploy(BUNDLE)
        juju.cli("add-user", "cou", include_model=False)
        given = {"include_model": False, "stdin": f"{PASSWORD}\n"}
        juju.cli("change-user-password", "cou", "--no-prompt", **given)
        juju.cli("grant", "cou", "admin", "openstack", include_model=False)
        juju.deploy(self.charm, "cou", config={"quiet-period": 0})
        uri = juju.add_secret("cou-login", {"username": "cou", "password": PASSWORD})
        juju.grant_secret("cou-login", "cou")
        juju.config("cou", {"credentials": uri})
        self.await_status("active", "ready")

    def stop(self) -> None:
        """End the machine and the testbed, and all they have started."""
        try:
            self.machine.power_off(hard=True)
            if self._is_up:
                self.testbed("down")
        finally:
            self.machine.close()

    def testbed(self, verb: str, *arguments: str) -> str:
        """Run ``juju-testbed`` where the controller is."""
        command = [self.testbed_program, verb, "--state", "/var/lib/juju", *arguments]
        return _run([*self.machine.enclosure.enter(), *command])

    def act(self, action: str, **parameters: Any) -> dict[str, Any]:
        """Run an action; return its results.

        Where the charm says so, because the processes of the last attempt are still ending, try
        again in a moment.
        """
        deadline = time.monotonic() + LONGEST_S
        while True:
            try:
                return self.juju.run("cou/0", action, parameters, wait=LONGEST_S).results
            except jubilant.TaskError as error:
                ending = error.task.results.get("code") == "run-ending"
                if not ending or time.monotonic() > deadline:
                    raise
            time.sleep(0.5)

    def plan_and_upgrade(self) -> dict[str, Any]:
        """Show the plan and start it."""
        return self.act("upgrade", plan=self.act("plan")["hash"])

    @contextlib.contextmanager
    def going(self) -> Iterator[dict[str, Any]]:
        """Begin an upgrade that is in its middle when the block begins and cannot end in it.

        Yields what `upgrade` has answered.
        """
        with hold.held(self.testbed, hold.REFRESHES):
            answer = self.plan_and_upgrade()
            self.await_steps(1)
            with hold.held(self.testbed):
                yield answer

    def seen(self) -> dict[str, Any]:
        """Return the run as the action `status` shows it."""
        return json.loads(self.act("status", format="json")["run"])

    def await_run(self, *states: str) -> dict[str, Any]:
        """Wait until the run is in one of some states."""
        deadline = time.monotonic() + LONGEST_S
        while (seen := self.seen())["state"] not in states:
            assert time.monotonic() < deadline, (seen["state"], seen["error"], self.log())
            time.sleep(0.8)
        return seen

    def await_steps(self, count: int) -> None:
        """Wait until so many steps are done."""
        deadline = time.monotonic() + LONGEST_S
        while (seen := self.seen())["number"] <= count:
            assert time.monotonic() < deadline, (seen["state"], self.log())
            assert seen["state"] in LIVE, (seen["state"], seen["error"], self.log())
            time.sleep(0.8)

    def finish(self) -> None:
        """Let the run go to its end; it must be the upgrade, with nothing done twice."""
        self.await_run("completed")
        self.testbed("snapshot")
        entries = judge.read(self.machine.juju / "log" / "operations.jsonl")
        verdict = judge.verdict(entries, {"target": "victoria", "backup": True})
        assert not verdict.violations, verdict.violations

    def await_status(self, status: str, words: str, longest_s: float = LONGEST_S) -> None:
        """Wait until `juju status` says so of the unit."""
        deadline = time.monotonic() + longest_s
        while True:
            shown = self.juju.status().apps["cou"].units["cou/0"].workload_status
            if shown.current == status and words in shown.message:
                return
            assert time.monotonic() < deadline, (shown.current, shown.message, self.log())
            time.sleep(0.8)

    def service(self, key: str = "ActiveState", name: str = SERVICE) -> str:
        """Return a property of the service, or of one that belongs to it."""
        return self.machine.run("systemctl", "show", "-P", key, name).stdout.strip()

    def is_at_work(self, name: str) -> bool:
        """Tell whether a service is anything but over, or is about to be."""
        about_to_be = self.service("Job", name) not in ("", "0")
        return about_to_be or self.service(name=name) not in ("inactive", "failed")

    def pids(self) -> list[int]:
        """Return the ids, in the machine, of what is in the service's cgroup."""
        group = self.service("ControlGroup")
        if not group:
            return []
        script = (
            f"lists=$(find /sys/fs/cgroup -path '*{group}/cgroup.procs') || exit\n"
            "for list in $lists; do [ ! -e $list ] || cat $list || [ ! -e $list ] || exit; done"
        )
        found = {int(pid) for pid in self.machine.run("sh", "-c", script).stdout.split()}
        assert 0 not in found, "a process from outside of the machine"
        return sorted(found)

    def stray(self) -> int:
        """Put a process into the service's cgroup that is nobody's child there; return its id."""
        group = self.service("ControlGroup")
        lists = f"$(find /sys/fs/cgroup -path '*{group}/cgroup.procs')"
        inner = f"for list in {lists}; do echo $$ >$list; done; echo $$; exec sleep 1000 >&-"
        script = 'setsid sh -c "$0" <&- 2>&- &'
        done = self.machine.run("sh", "-c", script, inner)
        return int(done.stdout)

    def modules(self) -> str:
        """Return the command lines of all processes in the machine."""
        return self.machine.run("sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '").stdout

    def exists(self, path: str) -> bool:
        """Tell whether a file is in the machine."""
        return self.machine.run("test", "-e", path, check=False).returncode == 0

    def restart_agent(self, down_s: float = 2.0) -> None:
        """Stop the agent's service, with everything in its cgroup, and start it again."""
        self.testbed("restart-agent", "cou/0", "--down", str(down_s))
        self.machine.run("systemctl", "stop", AGENT)
        self.machine.run("systemctl", "start", AGENT)

    def reboot(self, *, hard: bool) -> None:
        """Reboot the machine; Juju then fires `start`."""
        number = self.juju.status().apps["cou"].units["cou/0"].machine
        self.machine.power_off(hard=hard)
        self.machine.boot()
        self.testbed("reboot", number)

    def log(self) -> str:
        """Return the logs of all runs, and what systemd says of the service."""
        logs = [*self.machine.cou.glob("*/log/*.log"), self.machine.juju / "log" / "testbed.log"]
        parts = [path.read_text() for path in logs if path.exists()]
        if self.machine.leader:
            journal = self.machine.run(
                "journalctl", "--no-pager", "-n", "60", "-u", "cou-cou-0*", check=False
            )
            parts.append(journal.stdout)
        return "\n".join(part[-4000:] for part in parts)


def _run(command: list[str]) -> str:
    environment = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout
