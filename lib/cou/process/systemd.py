"""Asking systemd, through its own commands, each within a time limit."""

from __future__ import annotations

import functools
import logging
import pathlib
import shutil
import subprocess
from collections.abc import Iterable

from ..errors import CouError

logger = logging.getLogger(__name__)

UNIT_FILES = pathlib.Path("/run/systemd/system")
CGROUPS = pathlib.Path("/sys/fs/cgroup")
# Where cgroups are listed: the unified hierarchy, or those that a hybrid or legacy host has.
_HIERARCHIES = ("", "unified", "systemd")
_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
_CALL_S = 8.0


@functools.cache
def tool(name: str) -> str:
    """Return the absolute path of a command.

    Raises:
        CouError: there is none.
    """
    found = shutil.which(name, path=_PATH)
    if found is None:
        raise CouError("tool-missing", name=name)
    return found


def systemctl(*arguments: str) -> str:
    """Run ``systemctl``; return what it prints.

    Raises:
        CouError: it refused, or did not answer in time.
    """
    code, printed, text = _run([tool("systemctl"), "--no-ask-password", *arguments])
    if code != 0:
        raise CouError("systemd", arguments=" ".join(arguments), reason=text)
    return printed


def show(name: str, key: str) -> str:
    """Return a property of a unit; empty where it has none.

    Raises:
        CouError: systemd does not answer.
    """
    return systemctl("show", f"--property={key}", "--value", name).strip()


def try_out(properties: Iterable[str]) -> bool:
    """Return whether systemd can start a program with such properties on this host."""
    given = [f"--property={one}" for one in properties]
    code, _, text = _run([tool("systemd-run"), "--quiet", "--wait", "--collect", *given, "true"])
    if code != 0:
        logger.warning("systemd cannot start a program with %s: %s", ", ".join(given), text)
    return code == 0


def members(group: str, mount: pathlib.Path = CGROUPS) -> set[int]:
    """Return the ids of the processes in a cgroup and below it.

    Args:
        group: the cgroup's path as systemd names it; empty where there is none.
        mount: where the cgroup file systems are mounted.
    """
    found: set[int] = set()
    if not group.strip("/"):  # the root holds everybody's
        return found
    for hierarchy in _HIERARCHIES:
        for path in (mount / hierarchy / group.lstrip("/")).rglob("cgroup.procs"):
            try:
                found.update(int(pid) for pid in path.read_text(encoding="ascii").split())
            except OSError as error:  # it has just gone, mostly
                logger.debug("%s cannot be read: %s", path, error.strerror)
    return found - {0}


def _run(command: list[str]) -> tuple[int, str, str]:
    """Return exit code, output, and what is worth saying if it failed."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_CALL_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return -1, "", f"no answer within {_CALL_S:.0f} s"
    return done.returncode, done.stdout, done.stderr.strip() or f"exit code {done.returncode}"
