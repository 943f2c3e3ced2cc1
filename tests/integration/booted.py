"""The packed charm, with its own virtual environment, on a machine that has a real systemd."""

from __future__ import annotations

import contextlib
import functools
import pathlib
import shutil
import tempfile
from collections.abc import Iterator

from ..systemd.machine import Machine
from ..systemd.site import Site
from .ground import Ground, command_line

# A hook with a Python of the charm's own, in a machine, takes longer: so does the cloud there.
SLOWER = 0.4


class BootedGround(Ground):
    """A testbed whose unit `cou/0` is on a booted machine; ids of processes are those in there."""

    def __init__(self, site: Site):
        super().__init__(site.juju, None, site.charm)
        self._site = site

    def testbed(self, verb: str, *arguments: str) -> str:
        """Run `juju-testbed` where the controller is."""
        return self._site.testbed(verb, *arguments)

    @functools.cached_property
    def _log(self) -> pathlib.Path:
        return self._site.machine.juju / "log" / "operations.jsonl"

    def processes(self, module: str) -> list[int]:
        """Return the ids of the machine's processes that run a module of the engine."""
        inside = _namespace(pathlib.Path(f"/proc/{self._site.machine.leader}"))
        found: list[int] = []
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit() and module.encode() in command_line(entry):
                with contextlib.suppress(OSError):  # it has ended meanwhile
                    if _namespace(entry) == inside:
                        status = (entry / "status").read_text().split("NSpid:")[1]
                        found.append(int(status.splitlines()[0].split()[-1]))
        return found

    def kill(self, pid: int) -> None:
        """Kill a process in the machine.

        Raises:
            ProcessLookupError: it is gone.
        """
        if self._site.machine.run("kill", "-KILL", str(pid), check=False).returncode:
            raise ProcessLookupError(pid)


def _namespace(entry: pathlib.Path) -> str:
    return str((entry / "ns" / "pid").readlink())


@contextlib.contextmanager
def booted_ground(charm: pathlib.Path, scale: float) -> Iterator[Ground]:
    """Boot a machine for a packed charm, with an empty model; all of it ends afterwards."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cou-booted-"))
    site = Site(Machine(folder / "site"), charm)
    try:
        site.boot(f"--scale={scale * SLOWER}")
        yield BootedGround(site)
    finally:
        site.stop()
        shutil.rmtree(folder)
