"""A corner of this machine for one site: its own process ids, network, mounts and cgroup.

Two sites (two people's tests at the same time) would meet otherwise: in the abstract socket of the
unit's agent, in the cgroups that systemd makes, and when a testbed clears up after charms. What
runs in it ends with it, and it ends with who has made it.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import subprocess
import sys
import time

CGROUPS = [pathlib.Path("/sys/fs/cgroup") / name for name in ("", "unified", "systemd")]
# The first process in there: brings loopback up, puts Juju's tree where Juju has it, and reaps
# until nobody holds its standard input any more.
INIT = """
import fcntl, os, select, socket, struct, subprocess, sys
with socket.socket() as any_socket:
    up = struct.pack("16sh14x", b"lo", 0x1 | 0x40)  # IFF_UP, IFF_RUNNING
    fcntl.ioctl(any_socket, 0x8914, up)  # SIOCSIFFLAGS
for command in (
    ["mount", "-t", "tmpfs", "tmpfs", "/var/lib"],
    ["mkdir", "/var/lib/juju"],
    ["mount", "--bind", sys.argv[1], "/var/lib/juju"],
):
    subprocess.run(command, check=True)
print("ready", flush=True)
while not select.select([sys.stdin], [], [], 0.2)[0]:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
"""
UNSHARE = ("unshare", "--net", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc")


class Enclosure:
    """Running from its creation on.

    Args:
        juju: the folder that is ``/var/lib/juju`` in there.

    Raises:
        OSError: it cannot be made here.
    """

    def __init__(self, juju: pathlib.Path):
        self._name = f"cou-test-{juju.parents[1].name}-{juju.parent.name}"
        self._process = subprocess.Popen(
            [*UNSHARE, "--propagation", "private", sys.executable, "-c", INIT, str(juju)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        with self._process.stdout as words:
            if words.readline().strip() != "ready":
                raise OSError(f"unshare ended with {self._process.wait()}")
        self._first = children(self._process.pid)[0]

    def enter(self) -> list[str]:
        """Return what is put before a command to run it in there."""
        return ["nsenter", "-t", str(self._first), "-m", "-n", "-p", "--"]

    def enter_cgroup(self) -> list[str]:
        """Return what is put before a command to run it in a cgroup of the enclosure's own.

        Where it is missing, two systemds would take each other's services for theirs.
        """
        for folder in self._cgroups():
            folder.mkdir(exist_ok=True)
        lists = " ".join(str(folder / "cgroup.procs") for folder in self._cgroups())
        script = f'for list in {lists}; do echo 0 >"$list" || exit 1; done; exec "$@"'
        return ["sh", "-c", script, "sh"]

    def _cgroups(self) -> list[pathlib.Path]:
        return [path / self._name for path in CGROUPS if (path / "cgroup.procs").exists()]

    def close(self) -> None:
        """End everything in there."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.kill()
        self._process.wait(90)
        for top in self._cgroups():
            deadline = time.monotonic() + 180
            while top.exists():
                # A cgroup can be removed once its processes are reaped, the innermost first.
                for folder, _, _ in os.walk(top, topdown=False):
                    with contextlib.suppress(OSError):
                        os.rmdir(folder)
                assert time.monotonic() < deadline, f"{top} is still in use"
                time.sleep(0.05)


def children(pid: int) -> list[int]:
    """Return the ids of a process's children, as seen from outside."""
    try:
        text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:  # it has ended
        return []
    return [int(word) for word in text.split()]


def inner_pid(pid: int, level: int) -> int:
    """Return a process's id in the namespace `level` levels below this one."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("NSpid:"):
            return int(line.split()[1 + level])
    raise AssertionError(f"process {pid} has no NSpid")
