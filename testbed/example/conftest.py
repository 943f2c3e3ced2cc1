"""A testbed for these tests; with a real Juju this file is not needed."""

from __future__ import annotations

import pathlib
import subprocess
import sys
from collections.abc import Iterator

import jubilant
import pytest


def pytest_configure(config: pytest.Config) -> None:
    for marker in ("integration: drives the juju command", "slow: takes more than a second"):
        config.addinivalue_line("markers", marker)


PROGRAM = pathlib.Path(sys.executable).with_name("juju-testbed")


@pytest.fixture(scope="module")
def juju(tmp_path_factory: pytest.TempPathFactory) -> Iterator[jubilant.Juju]:
    state = tmp_path_factory.mktemp("example") / "state"
    subprocess.run([PROGRAM, "up", "--state", state, "--profile", "fast"], check=True)
    try:
        yield jubilant.Juju(cli_binary=state / "bin" / "juju", wait_timeout=300)
    finally:
        subprocess.run([PROGRAM, "down", "--state", state], check=True)
