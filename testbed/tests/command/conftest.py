"""A testbed in a process of its own, and jubilant to drive it with."""

from __future__ import annotations

import pathlib
import subprocess
from collections.abc import Iterator

import jubilant
import pytest
from juju_testbed.control import lifecycle
from juju_testbed.control.state import State
from juju_testbed.control.world import Settings

TINY = pathlib.Path(__file__).parents[1] / "agent" / "charms" / "tiny"
BUNDLE = """
series: jammy
machines: {"0": {}, "1": {}}
applications:
  nova-compute: {charm: nova-compute, channel: yoga/stable, num_units: 2, to: ["0", "1"]}
  ntp: {charm: ntp, channel: latest/stable}
relations:
- [ntp:juju-info, nova-compute:juju-info]
"""


class Bed:
    """A running testbed."""

    def __init__(self, folder: pathlib.Path):
        self.state = State(folder)
        lifecycle.up(self.state, Settings(profile="fast"))
        self.juju = jubilant.Juju(cli_binary=self.state.juju, wait_timeout=300)

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run the juju command; its output and exit code."""
        return subprocess.run(
            [str(self.state.juju), *arguments],
            capture_output=True,
            text=True,
            input=stdin,
            timeout=300,
        )

    def close(self) -> None:
        """Stop it; nothing may be left."""
        assert lifecycle.down(self.state) == []


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    """A testbed with two hypervisors and the tiny charm, active."""
    made = Bed(tmp_path_factory.mktemp("bed") / "state")
    try:
        bundle = made.state.folder / "log" / "bundle.yaml"
        bundle.write_text(BUNDLE)
        made.juju.deploy(bundle)
        made.juju.deploy(TINY, config={"greeting": "good day"}, to="lxd:0")
        made.juju.wait(lambda status: status.apps["tiny"].units["tiny/0"].is_blocked)
        made.juju.wait(lambda s: jubilant.all_agents_idle(s, "tiny"), successes=2, delay=0.5)
        yield made
    finally:
        made.close()
