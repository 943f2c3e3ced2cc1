"""A testbed with a cloud and the charm on it; only what an operator has: commands."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parent.parent
PASSWORD = "only-for-the-demo"
_READY_S = 240.0


class Trouble(Exception):
    """The demo cannot go on; the text says why."""


class Stage:
    """A testbed in a folder of its own below the project's ignored ``.testbed``.

    Args:
        name: prefix of the folder.
    """

    def __init__(self, name: str):
        below = ROOT / ".testbed"
        below.mkdir(exist_ok=True)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-", dir=below))
        tools = pathlib.Path(sys.executable).parent  # juju-testbed and cou
        self._testbed = str(tools / "juju-testbed")
        self.environment = {
            **os.environ,
            "JUJU_DATA": str(self.folder / "juju"),
            "JUJU_TESTBED_STATE": str(self.folder),
            "XDG_STATE_HOME": str(self.folder / "state"),  # journals and logs of the command cou
            "HISTFILE": str(self.folder / "history"),
            "PATH": os.pathsep.join(
                [str(self.folder / "bin"), str(tools), os.environ.get("PATH", "")]
            ),
        }
        for name_ in ("JUJU_MODEL", "JUJU_CONTROLLER"):
            self.environment.pop(name_, None)

    def testbed(self, verb: str, *arguments: str) -> str:
        """Run ``juju-testbed``."""
        return self._run([self._testbed, verb, "--state", str(self.folder), *arguments])

    def juju(self, *arguments: str, text: str | None = None) -> str:
        """Run ``juju`` and return what it prints on stdout."""
        return self._run([str(self.folder / "bin" / "juju"), *arguments], text)

    def _run(self, command: list[str], text: str | None = None) -> str:
        done = subprocess.run(
            command, env=self.environment, input=text, capture_output=True, text=True, check=False
        )
        if done.returncode:
            shown = " ".join([pathlib.Path(command[0]).name, *command[1:]])
            raise Trouble(f"{shown} failed: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def status(self) -> dict[str, Any]:
        """Return ``juju status`` as data."""
        return json.loads(self.juju("status", "--format", "json"))

    def start(self) -> None:
        """Start the testbed, with nothing deployed."""
        self.testbed("up", "--profile", "demo", "--zones")

    def deploy(self, bundle: pathlib.Path) -> None:
        """Deploy the bundle or snapshot and the charm, and give that its account.

        Raises:
            Trouble: a command failed; it says what.
        """
        if bundle.suffix == ".json":
            self.testbed("rehearse", str(bundle))
        else:
            self.juju("deploy", str(bundle))
        self.juju("add-user", "cou")
        self.juju("change-user-password", "cou", "--no-prompt", text=f"{PASSWORD}\n")
        self.juju("grant", "cou", "admin", "openstack")
        self.juju("deploy", str(ROOT), "cou", "--config", "quiet-period=0")
        login = self.folder / "login.yaml"
        login.write_text(f"username: cou\npassword: {PASSWORD}\n", encoding="utf-8")
        secret = self.juju("add-secret", "cou-login", f"--file={login}").strip()
        login.unlink()
        self.juju("grant-secret", "cou-login", "cou")
        self.juju("config", "cou", f"credentials={secret}")
        self._await_ready()

    def _await_ready(self) -> None:
        """Wait until the charm has seen its account."""
        deadline = time.monotonic() + _READY_S
        while True:
            seen = self.status()["applications"]["cou"]["units"]["cou/0"]["workload-status"]
            if seen["current"] == "active":
                return
            if time.monotonic() > deadline:
                raise Trouble(f"the charm is not ready: {seen['current']} {seen.get('message')}")
            time.sleep(0.3)

    def clear(self) -> None:
        """Stop the testbed and all it started, and remove the folder."""
        self.testbed("down")
        shutil.rmtree(self.folder)
