"""A machine with a real systemd, booted from this one's own files by systemd-nspawn.

Its root is empty but for a read-only /usr; what must outlive a boot is bound in. It shares its
enclosure's network, so an agent in it reaches the testbed's controller on loopback.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import juju_testbed

from .enclosure import Enclosure, children, inner_pid

ROOT = pathlib.Path(__file__).resolve().parents[2]
AGENT = "jujud-machine-0.service"
# A hook goes where it would be: into the machine, and into the cgroup of Juju's agent (Juju writes
# neither KillMode nor Delegate, so a stop kills all that is in it).
ENTER = """\
#!/bin/sh
exec nsenter -t "$(cat {leader})" {spaces} -- /bin/sh -c '
for group in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
    procs=$group/system.slice/{agent}/cgroup.procs
    [ -e "$procs" ] && echo $$ >"$procs" && found=1
done
[ "$found" ] || exit 75
cd "$0" && exec "$@"' "$PWD" "$@"
"""
SPACES = ("-m", "-u", "-i", "-n", "-p", "-C")
BOOT_S = 240


# Folders that the service does not see, or sees empty (ProtectHome, PrivateTmp).
_HIDDEN = ("/root", "/home", "/tmp", "/var/tmp")


class NoMachine(Exception):
    """This machine cannot boot another; the text says why."""


class Machine:
    """One machine in an enclosure; `folder` keeps what is bound in, and must not exist."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.juju, self.cou = folder / "juju", folder / "cou"
        for path in (self.juju, self.cou):
            path.mkdir(parents=True)
        self.enter = folder / "enter"
        self._leader_file = folder / "leader"
        self.enter.write_text(
            ENTER.format(leader=self._leader_file, agent=AGENT, spaces=" ".join(SPACES))
        )
        self.enter.chmod(0o755)
        self._process: subprocess.Popen[bytes] | None = None
        self.leader = 0
        self._enclosure: Enclosure | None = None

    @property
    def enclosure(self) -> Enclosure:
        """What is around it; made when it is first needed."""
        if self._enclosure is None:
            self._enclosure = Enclosure(self.juju)
        return self._enclosure

    def boot(self) -> None:
        """Boot it and wait until it is up; then start what stands for Juju's agent.

        Raises:
            NoMachine: it cannot be done here.
        """
        for what in ("systemd-nspawn", "nsenter", "unshare"):
            if shutil.which(what) is None:
                raise NoMachine(f"there is no {what}: install systemd-container")
        if os.geteuid() != 0:
            raise NoMachine("only root can boot a machine")
        try:
            around = [*self.enclosure.enter_cgroup(), *self.enclosure.enter()]
        except OSError as error:
            raise NoMachine(f"namespaces cannot be made: {error}") from error
        with (self.folder / "console.log").open("ab") as console:
            self._process = subprocess.Popen(
                [*around, *self._command()],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        self._await_boot(self._process)
        self._leader_file.write_text(f"{inner_pid(self.leader, 1)}\n")
        self._start_agent()

    def _command(self) -> list[str]:
        # Debian's `which`, `awk` and others are links that lead there.
        alternatives = pathlib.Path("/etc/alternatives")
        paths = _needed() | ({alternatives} if alternatives.is_dir() else set())
        read_only = [f"--bind-ro={path}" for path in sorted(paths)]
        return [
            "systemd-nspawn",
            "--register=no",
            "--keep-unit",
            "--quiet",
            "--directory=/",
            "--volatile=yes",
            f"--machine=cou-test-{os.getpid()}",
            f"--bind={self.juju}:/var/lib/juju",
            f"--bind={self.cou}:/var/lib/cou",
            # Where the charm installs its command; nothing of this machine is looked for there.
            "--tmpfs=/usr/local/bin",
            *read_only,
            "--boot",
            "systemd.firstboot=off",
            # No more than is needed, whatever is installed here.
            "systemd.unit=basic.target",
        ]

    def _await_boot(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + BOOT_S
        while time.monotonic() < deadline and process.poll() is None:
            nspawn = children(process.pid)
            found = children(nspawn[0]) if nspawn else []
            if found:
                self.leader = found[0]
                state = self.run("systemctl", "is-system-running", check=False).stdout.strip()
                if state in ("running", "degraded"):
                    return
            time.sleep(0.1)
        self.power_off(hard=True)
        log = (self.folder / "console.log").read_text(errors="replace")
        raise NoMachine(f"it does not boot: {log[-1500:]}")

    def _start_agent(self) -> None:
        text = "[Service]\nExecStart=/bin/sleep infinity\nTimeoutSec=300\n"
        self.write(f"/run/systemd/system/{AGENT}", text)
        hidden = [str(path) for path in _needed() if str(path).startswith(_HIDDEN)]
        if hidden:
            # The tests' Python lies where services cannot look; a unit's own does not.
            text = f"[Service]\nProtectHome=tmpfs\nBindReadOnlyPaths={' '.join(hidden)}\n"
            self.write("/run/systemd/system/cou-cou-0.service.d/python.conf", text)
        self.run("systemctl", "daemon-reload")
        self.run("systemctl", "start", AGENT)

    def run(
        self, *command: str, check: bool = True, text: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in it."""
        done = subprocess.run(
            ["nsenter", "-t", str(self.leader), *SPACES, "--", *command],
            input=text,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert not check or done.returncode == 0, (command, done.stdout, done.stderr)
        return done

    def write(self, path: str, text: str) -> None:
        """Write a file in it."""
        self.run("mkdir", "-p", str(pathlib.Path(path).parent))
        self.run("tee", path, text=text)

    def power_off(self, *, hard: bool) -> None:
        """Switch it off: hard is a power cut, else systemd stops every service first."""
        process, self._process = self._process, None
        if process is None:
            return
        if not self.leader:
            process.kill()
        elif hard:
            os.kill(self.leader, signal.SIGKILL)  # its PID 1: nothing in it lives on
        else:
            self.run("systemctl", "poweroff", check=False)
        process.wait(400)
        self.leader = 0

    def close(self) -> None:
        """End it, its enclosure, and all that was started in them."""
        self.power_off(hard=True)
        if self._enclosure is not None:
            self._enclosure.close()
            self._enclosure = None


def _needed() -> set[pathlib.Path]:
    """Return what the agent and the charm need of this machine beside /usr."""
    paths = {
        ROOT,
        pathlib.Path(sys.prefix).resolve(),
        pathlib.Path(sys.prefix),
        pathlib.Path(sys.base_prefix).resolve(),
        pathlib.Path(juju_testbed.__file__).resolve().parents[1],
    }
    outside = {path for path in paths if not path.is_relative_to("/usr")}
    return {
        path for path in outside if not any(o in path.parents for o in outside) and path.exists()
    }
