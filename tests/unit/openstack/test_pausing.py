"""One meaning of paused, for checks, steps, snapshots and reports."""

from __future__ import annotations

import pathlib
import re

import cou
import pytest
from cou.juju.port import Status
from cou.openstack import workload_status


@pytest.mark.parametrize(
    ("state", "message", "paused"),
    [
        ("maintenance", "Paused. Use 'resume' action to resume normal service.", True),
        ("maintenance", "paused", True),
        ("maintenance", "Waiting for a unit that is paused", False),
        ("blocked", "Services should be paused but these services running: apache2", False),
        ("active", "Paused", False),
        ("active", "Unit is ready", False),
    ],
)
def test_a_unit_is_paused_when_its_status_says_so(state, message, paused):
    assert workload_status.is_paused(Status(state, message)) is paused


def test_nothing_else_reads_it_out_of_a_message():
    package = pathlib.Path(cou.__file__).parent
    reads = re.compile(r"""["'][Pp]aused["'] in |startswith\(["'][Pp]aused""")
    found = [path.name for path in package.rglob("*.py") if reads.search(path.read_text())]
    assert found == ["workload_status.py"]
