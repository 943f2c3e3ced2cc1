"""Where a unit agent keeps its things: Juju's tree, below a folder of the testbed's own.

A real agent uses ``/var/lib/juju``, which takes root; everything below it has the same names.
"""

from __future__ import annotations

import dataclasses
import hashlib
import pathlib

# A socket address holds at most 107 bytes; longer ones are shortened by their digest.
LONGEST_ADDRESS = 107


@dataclasses.dataclass(frozen=True)
class Places:
    """The tree below `data_dir`."""

    data_dir: pathlib.Path

    @property
    def tools(self) -> pathlib.Path:
        """Where the one script behind all tools lies, and a folder of links per unit."""
        return self.data_dir / "tools"

    @property
    def archives(self) -> pathlib.Path:
        """Where the revisions of local charms are kept, one folder each."""
        return self.data_dir / "charms"

    def unit(self, name: str) -> UnitPlaces:
        """Return the places of a unit, ``cou/0``."""
        tag = unit_tag(name)
        return UnitPlaces(tag, self.data_dir / "agents" / tag, self.tools / tag)


@dataclasses.dataclass(frozen=True)
class UnitPlaces:
    """The folders of one unit."""

    tag: str
    agent: pathlib.Path
    tools: pathlib.Path

    @property
    def charm(self) -> pathlib.Path:
        """The charm directory, which is also the working directory of its hooks."""
        return self.agent / "charm"

    @property
    def conf(self) -> pathlib.Path:
        """The agent's own configuration."""
        return self.agent / "agent.conf"

    @property
    def run_socket(self) -> pathlib.Path:
        """Where juju-exec asks."""
        return self.agent / "run.socket"

    @property
    def agent_socket(self) -> str:
        """The abstract address (with ``@`` for the null byte) where hook tools ask."""
        address = f"@{self.agent}/agent.socket"
        if len(address.encode()) <= LONGEST_ADDRESS:
            return address
        digest = hashlib.sha256(address.encode()).hexdigest()[:24]
        return f"@juju-testbed/{digest}/agent.socket"


def unit_tag(name: str) -> str:
    """Return the tag of a unit: ``unit-cou-0`` for ``cou/0``."""
    return f"unit-{name.replace('/', '-')}"
