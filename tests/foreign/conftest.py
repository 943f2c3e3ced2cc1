"""A testbed in a process of its own, for clients that nobody here wrote."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest
from juju_testbed.control import lifecycle
from juju_testbed.control.state import State
from juju_testbed.control.world import Settings

TINY = pathlib.Path(__file__).parents[2] / "testbed" / "tests" / "agent" / "charms" / "tiny"
BUNDLE = """
series: jammy
machines: {"0": {}, "1": {}}
applications:
  nova-compute: {charm: nova-compute, channel: yoga/stable, num_units: 2, to: ["0", "1"]}
  ntp: {charm: ntp, channel: latest/stable}
relations:
- [ntp:juju-info, nova-compute:juju-info]
"""


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[State]:
    """An empty testbed; nothing of it is left afterwards."""
    state = State(tmp_path_factory.mktemp("foreign") / "state")
    lifecycle.up(state, Settings(profile="fast"))
    try:
        yield state
    finally:
        assert lifecycle.down(state) == []
