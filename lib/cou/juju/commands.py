"""Commands that an operator types at the ``juju`` client."""

from __future__ import annotations

import shlex


def fetch(unit: str, path: str, into: str) -> str:
    """Return the command that copies a file of a unit to where it is typed.

    The path is quoted twice, since ssh hands its words to a shell on the unit. Without
    ``--pty=false`` Juju makes a terminal there when it is typed at one, and a terminal turns the
    line feeds in a dump into two bytes each (juju: cmd/juju/ssh/ssh.go).
    """
    source = shlex.quote(shlex.quote(path))
    return f"juju ssh --pty=false {unit} sudo cat {source} > {shlex.quote(into)}"
